"""Tones: each channel of a mapped picture gets a curve, so that lights and darks are spread as in the style.

A linear map gives a picture the style's mean and covariance, but a dark figure before a bright ground stays
that: the figure is cut off at black, and the ground has hardly any colours. The curve takes the quantiles of
the mapped low-pass to those of the style's (histogram specification: Gonzalez & Woods, "Digital Image
Processing"), within bounds of its slope, or flat skies would show their noise and details would vanish.
"""

import numpy as np

SHARES = (np.arange(17) + 0.5) / 17
"""Of the quantiles."""
FLATTEST, STEEPEST = 0.4, 2.2
MOST_GAIN = 1.5
"""By which a curve within these bounds is stretched at most to have the style's spread all the same."""
OUTSIDE = 0.5
"""Slope beyond the outermost quantiles."""
DOMAIN = (-0.5, 1.5)
"""Tones that a curve is given for; it is level beyond."""
STEPS = 33
"""Places of a curve in DOMAIN, evenly apart."""
IDENTITY = np.repeat(np.linspace(*DOMAIN, STEPS)[:, None], 3, 1)


def tones(colours: np.ndarray) -> np.ndarray:
    """Quantiles of each channel of colours [n, 3] -> [len(SHARES), 3]."""
    ordered = np.sort(np.ascontiguousarray(colours.T), axis=1)
    return ordered[:, (SHARES * ordered.shape[1]).astype(int)].T.astype(np.float64)


def curves(have: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Curves from tones to tones -> values at STEPS places of DOMAIN, [STEPS, 3], rising, in 0..1."""
    steps = np.diff(have, axis=0)
    rises = np.clip(np.diff(wanted, axis=0), FLATTEST * steps, STEEPEST * steps)
    values = np.concatenate([np.zeros((1, 3)), np.cumsum(rises, axis=0)])
    values -= values.mean(axis=0)
    gain = np.minimum(wanted.std(axis=0) / np.maximum(values.std(axis=0), 1e-6), MOST_GAIN)
    values = wanted.mean(axis=0) + gain * values
    places = IDENTITY
    found = OUTSIDE * (np.minimum(places - have[0], 0.0) + np.maximum(places - have[-1], 0.0))
    for channel in range(3):
        found[:, channel] += np.interp(places[:, channel], have[:, channel], values[:, channel])
    return found.clip(0.0, 1.0, out=found)


def slopes(curve: np.ndarray) -> np.ndarray:
    """[STEPS, 3] -> [STEPS], the channels' mean slope at each place."""
    apart = (DOMAIN[1] - DOMAIN[0]) / (STEPS - 1)
    found: np.ndarray = np.gradient(curve.mean(axis=1), apart)
    return found
