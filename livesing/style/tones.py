"""Tones: how the colours of a mapped picture are spread as the style's are, all three channels together.

A linear map gives a picture the style's mean and covariance, but a dark figure before a bright ground stays
that: the figure is cut off at black, and the ground has hardly any of the style's colours. So colours are
looked at along the axes of several TURNS, and along each a curve takes their quantiles to the style's. What
the curves add is averaged, and so once more: what is alike along enough axes is alike as a whole (sliced
optimal transport: Rabin, Peyre, Delon & Bernot 2011, "Wasserstein barycenter and its application to texture
mixing"). One after the other, turns would match with fewer curves, but colours between two that lie apart
could go beyond both, and edges would have rims. The slopes of curves have bounds, or flat skies would show
their noise and details would vanish.

A curve is a quadratic B-spline over control values at even places, so that it has no kinks.
"""

import numpy as np

SHARES = (np.arange(17) + 0.5) / 17
"""Of the quantiles."""
FLATTEST, STEEPEST = 0.4, 2.2
MOST_GAIN = 1.5
"""By which a curve within these bounds is stretched at most to have the style's spread all the same."""
OUTSIDE = 0.5
"""Slope beyond the outermost quantiles."""
MIDDLE = 0.5
"""The grey that colours are turned about."""
REACH = 1.25
"""Curves are given for -REACH to REACH along an axis; beyond they are level."""
STEPS = 31
"""Control values of a curve, as in `tones.glsl`."""
APART = 2 * REACH / (STEPS - 1)
PLACES = np.linspace(-REACH, REACH, STEPS)
LAYERS = 2
STEP = 1.5
"""By which a layer goes on from where the mean of its axes would take it: one of many axes undershoots. With
more, colours could change their order where curves are flattest."""
SIDE = 21
"""Colours along a side of the shaders' table, from -0.25 to 1.25: as near to each other as control values."""


def _turned(x: float, y: float, z: float) -> np.ndarray:
    """[3, 3], the rotation about an axis by its length in radians (Rodrigues)."""
    angle = float(np.linalg.norm((x, y, z)))
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]]) / angle
    turned: np.ndarray = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return turned


TURNS = np.stack([np.eye(3), _turned(-0.48, -0.14, -1.34), _turned(-0.56, 1.09, -0.69)])
"""[n, 3, 3], rows are axes: the channels themselves, and others that lie between these and each other."""
IDENTITY = np.zeros((LAYERS, len(TURNS), STEPS, 3))


def tones(colours: np.ndarray) -> np.ndarray:
    """Colours [n, 3] -> quantiles along the axes of all turns, [len(SHARES), len(TURNS) * 3]."""
    return _quantiles(_along(colours))


def _along(colours: np.ndarray) -> np.ndarray:
    """[..., 3] -> [..., len(TURNS) * 3]"""
    return (colours - MIDDLE) @ TURNS.reshape(-1, 3).T


def _quantiles(along: np.ndarray) -> np.ndarray:
    ordered = np.sort(np.ascontiguousarray(along.T), axis=1)
    return ordered[:, (SHARES * ordered.shape[1]).astype(int)].T.astype(np.float64)


def curves(colours: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """From colours [n, 3] to what has the style's `tones` -> control values of what is added along each axis,
    [LAYERS, len(TURNS), STEPS, 3]."""
    found = np.empty((LAYERS, STEPS, len(TURNS) * 3))
    for number in range(LAYERS):
        along = _along(colours)
        found[number] = (_curve(_quantiles(along), wanted) - PLACES[:, None]) * (STEP / len(TURNS))
        if number < LAYERS - 1:
            colours = colours + _added(along, found[number])[0] @ TURNS.reshape(-1, 3)
    return found.reshape(LAYERS, STEPS, len(TURNS), 3).swapaxes(1, 2)


def _curve(have: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """From quantiles to quantiles, [len(SHARES), n] both -> [STEPS, n], rising."""
    steps, rises = have[1:] - have[:-1], wanted[1:] - wanted[:-1]
    rises = np.minimum(np.maximum(rises, FLATTEST * steps), STEEPEST * steps)
    values = np.zeros_like(have)
    rises.cumsum(axis=0, out=values[1:])
    values -= values.sum(axis=0) / len(values)
    middle = wanted.sum(axis=0) / len(wanted)
    spreads = np.square(wanted - middle).sum(axis=0), np.square(values).sum(axis=0)
    values *= np.minimum(np.sqrt(spreads[0] / np.maximum(spreads[1], 1e-10)), MOST_GAIN)
    values += middle
    places = PLACES[:, None]
    found = OUTSIDE * (np.minimum(places - have[0], 0.0) + np.maximum(places - have[-1], 0.0))
    # numpy searches in rows that lie together alone, and copies others
    for axis, (x, y) in enumerate(zip(have.T.copy(), values.T.copy(), strict=True)):
        found[:, axis] += np.interp(PLACES, x, y)
    return found


def _added(along: np.ndarray, layer: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values [..., n] along axes and their control values [STEPS, n] -> what is added, and its slopes."""
    at = np.minimum(np.maximum((along + REACH) / APART + 0.5, 1.0), STEPS - 1.001)
    i = at.astype(int)
    t = at - i
    width = layer.shape[1]
    here = i * width + np.arange(width)  # in the layer as it lies: much faster than by two indices
    low, middle, high = (layer.take(here + step) for step in (-width, 0, width))
    rise, bend = middle - low, high - 2 * middle + low
    return 0.5 * (low + middle) + t * (rise + 0.5 * t * bend), (rise + t * bend) / APART


def pieces(curve: np.ndarray) -> np.ndarray:
    """`curves` -> their quadratic pieces as the shader looks them up, [LAYERS * len(TURNS) * 3, STEPS, 4]
    float32: what stands before 1, t and t^2, and 0. The first and the last are no pieces."""
    rows = curve.swapaxes(2, 3).reshape(-1, STEPS)
    low, middle, high = rows[:, :-2], rows[:, 1:-1], rows[:, 2:]
    found = np.zeros((*rows.shape, 4), np.float32)
    found[:, 1:-1, 0] = 0.5 * (low + middle)
    found[:, 1:-1, 1] = middle - low
    found[:, 1:-1, 2] = 0.5 * (high - 2 * middle + low)
    return found


def toned(colours: np.ndarray, curve: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Colours [..., 3] and `curves` -> how they are spread then, in 0..1, and [...], by how much light grows
    there, at most 1: the shaders' way in numpy."""
    grey = np.full(3, 3**-0.5)
    grows = np.broadcast_to(grey, colours.shape)
    axes = TURNS.reshape(-1, 3)
    for layer in curve:
        flat = layer.swapaxes(0, 1).reshape(STEPS, -1)
        added, slopes = _added(_along(colours), flat)
        grows = grows + (grows @ axes.T * slopes) @ axes
        colours = colours + added @ axes
    return np.clip(colours, 0.0, 1.0), np.minimum(grows @ grey, 1.0)
