"""Valence and arousal of the embedded generator's classes, measured on rendered frames.

Colour alone first: Valdez & Mehrabian 1994, standardised over the classes,

    pleasure =  .69 brightness + .22 saturation
    arousal  = -.31 brightness + .60 saturation

with the mean OKLab lightness as brightness and the mean OKLab chroma as saturation. Their patches
were plain; our frames have form too, so arousal gets a term for visual activity,

    activity = .6 edge density + .4 contrast,      arousal += .60 activity

with the mean gradient of lightness per picture height (in logarithm, for it is skewed) and the
standard deviation of lightness, again standardised. Last, each of the two is replaced by the normal
quantile of its rank, so that classes cover the plane as moods in standard units do: about 95 % of
them lie within +-2, evenly spread.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

VALENCE_BRIGHTNESS, VALENCE_SATURATION = 0.69, 0.22
AROUSAL_BRIGHTNESS, AROUSAL_SATURATION = -0.31, 0.60
AROUSAL_ACTIVITY = 0.60
EDGES_IN_ACTIVITY = 0.6
WARM_HUE = np.deg2rad(60.0)  # orange in OKLab


@dataclass(frozen=True)
class FrameMeasures:
    """What a frame looks like, as numbers; arrays over a batch."""

    luminance: Floats  # mean relative luminance, 0..1
    brightness: Floats  # mean OKLab lightness, 0..1
    chroma: Floats  # mean OKLab chroma, 0 to about .3
    warmth: Floats  # chroma-weighted cosine of the hue's distance from orange, -1..1
    contrast: Floats  # standard deviation of OKLab lightness
    edges: Floats  # mean gradient of OKLab lightness, per half a picture height


def measure_frames(image: NDArray[np.float32]) -> FrameMeasures:
    """Measures of gamma-coded sRGB frames [B, 3, H, W] in [-1, 1]."""
    coded = np.clip((np.asarray(image, np.float64) + 1) / 2, 0, 1)
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    red, green, blue = linear[:, 0], linear[:, 1], linear[:, 2]
    long = np.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    mid = np.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = np.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * mid - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * mid + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * mid - 0.8086757660 * short
    chroma = np.hypot(a, b)
    toward_warm = a * np.cos(WARM_HUE) + b * np.sin(WARM_HUE)
    across = np.diff(lightness, axis=2)[:, 1:]
    down = np.diff(lightness, axis=1)[:, :, 1:]
    plane = (1, 2)
    return FrameMeasures(
        luminance=(0.2126 * red + 0.7152 * green + 0.0722 * blue).mean(plane),
        brightness=lightness.mean(plane),
        chroma=chroma.mean(plane),
        warmth=toward_warm.mean(plane) / (chroma.mean(plane) + 1e-6),
        contrast=lightness.std(plane),
        edges=np.hypot(across, down).mean(plane) * image.shape[2] / 2,
    )


def class_moods(measures: FrameMeasures) -> NDArray[np.float32]:
    """(valence, arousal) [N, 2] in standard units, from the measures of N classes."""
    brightness = _standard(measures.brightness)
    saturation = _standard(measures.chroma)
    edges = _standard(np.log(measures.edges + 0.05))
    contrast = _standard(measures.contrast)
    activity = _standard(EDGES_IN_ACTIVITY * edges + (1 - EDGES_IN_ACTIVITY) * contrast)
    valence = VALENCE_BRIGHTNESS * brightness + VALENCE_SATURATION * saturation
    arousal = AROUSAL_BRIGHTNESS * brightness + AROUSAL_SATURATION * saturation + AROUSAL_ACTIVITY * activity
    return np.stack([_rank_gaussian(valence), _rank_gaussian(arousal)], 1).astype(np.float32)


def _standard(values: Floats) -> Floats:
    deviation = values.std()
    return (values - values.mean()) / (deviation if deviation > 0 else 1.0)


def _rank_gaussian(values: Floats) -> Floats:
    """The normal quantile of every value's rank, ties in their order."""
    rank = np.empty(len(values), np.int64)
    rank[np.argsort(values, kind="stable")] = np.arange(len(values))
    normal = NormalDist()
    return np.array([normal.inv_cdf((r + 0.5) / len(values)) for r in rank])
