"""What colour and form alone say: the feeling of a picture that shows no thing.

Colour after Valdez & Mehrabian (1994), standardised:

    pleasure =  .69 brightness + .22 saturation
    arousal  = -.31 brightness + .60 saturation

with mean OKLab lightness as brightness, and as saturation the mean OKLab chroma. Their patches were plain. A
picture with form has activity besides, for which arousal gets a term of our own:

    arousal += .60 activity,    activity = .6 edges + .4 contrast

edges being the logarithm of the mean gradient of lightness and contrast its deviation. Each measure counts
in deviations from its mean over photographs, and saturates softly at 2.5 of them. All is continuous in the
picture.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

GRID = 40
"""Rows and columns that the measures are taken on."""
PLEASURE = (0.69, 0.22, 0.0)
AROUSAL = (-0.31, 0.60, 0.60)
"""Weights of brightness, saturation and activity."""
EDGES_IN_ACTIVITY = 0.6
FAINTEST_EDGE = 0.005
SOFT_LIMIT = 2.5


class Look(NamedTuple):
    """What pictures look like, as numbers: arrays [N]."""

    brightness: Floats  # mean OKLab lightness, 0..1
    saturation: Floats  # mean OKLab chroma, 0 to about .3
    edges: Floats  # logarithm of the mean step of lightness between neighbours on the grid
    contrast: Floats  # standard deviation of OKLab lightness


USUAL = Look(*(np.float32(value) for value in (0.545, 0.048, -2.55, 0.173)))  # type: ignore[arg-type]
SPREAD = Look(*(np.float32(value) for value in (0.13, 0.034, 0.38, 0.053)))  # type: ignore[arg-type]
"""Mean and deviation of each measure over photographs (OASIS, rounded)."""


def look(pictures: Floats) -> Look:
    """Measures of pictures [N, GRID, GRID, 3], gamma-coded sRGB in 0..1."""
    coded = np.clip(pictures, 0, 1)
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    red, green, blue = linear[..., 0], linear[..., 1], linear[..., 2]
    # Ottosson's OKLab
    long = np.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    mid = np.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = np.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * mid - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * mid + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * mid - 0.8086757660 * short
    across = np.diff(lightness, axis=2)[:, 1:]
    down = np.diff(lightness, axis=1)[:, :, 1:]
    plane = (1, 2)
    return Look(
        brightness=lightness.mean(plane),
        saturation=np.hypot(a, b).mean(plane),
        edges=np.log(np.hypot(across, down).mean(plane) + FAINTEST_EDGE),
        contrast=lightness.std(plane),
    )


def colour_feeling(seen: Look) -> Floats:
    """(valence, arousal) [N, 2] in standard units."""
    brightness, saturation, edges, contrast = (
        SOFT_LIMIT * np.tanh((value - usual) / (spread * SOFT_LIMIT))
        for value, usual, spread in zip(seen, USUAL, SPREAD, strict=True)
    )
    activity = EDGES_IN_ACTIVITY * edges + (1 - EDGES_IN_ACTIVITY) * contrast
    measures = np.stack([brightness, saturation, activity], 1)
    return (measures @ np.array([PLEASURE, AROUSAL]).T).astype(np.float32)
