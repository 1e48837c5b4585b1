"""Harmonic change: how far the harmony has moved, by the tonal centroid of Harte, Sandler & Gasser (2006),
"Detecting harmonic change in musical audio".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

_PITCH_CLASS = np.arange(12)
_CENTROID: Doubles = np.stack(
    [
        radius * wave(angle * _PITCH_CLASS)
        # The circles of fifths, of minor thirds and of major thirds; the last matters half as much.
        for radius, angle in ((1.0, 7 * np.pi / 6), (1.0, 3 * np.pi / 2), (0.5, 2 * np.pi / 3))
        for wave in (np.sin, np.cos)
    ]
)

PITCHLESS = 0.15
"""Tonal share that counts as half a chord, so that the few stray peaks of drums move the centroid little."""


def tonal_centroid(chroma: Doubles) -> Doubles:
    """chroma: [..., 12], C first, its sum the tonal share of the frame, 0..1. Returns [..., 6], of length
    0..1.5."""
    centroid: Doubles = np.dot(chroma, _CENTROID.T) / (chroma.sum(axis=-1, keepdims=True) + PITCHLESS)
    return centroid


class HarmonicChange:
    """Mean distance of the tonal centroids of frames `apart` frames from each other."""

    def __init__(self, apart: int) -> None:
        self._past: Doubles = np.zeros((apart, 6))

    def push(self, chromas: Doubles) -> float:
        """chromas: [n, 12], as LeakyChroma.push returns them. 0..3; the chords of a cadence differ by about
        0.7, those of a held chord by under 0.1. 0 without a frame."""
        if not len(chromas):
            return 0.0
        stream = np.concatenate((self._past, tonal_centroid(chromas)))
        moved = stream[len(self._past) :] - stream[: len(chromas)]
        self._past = stream[len(chromas) :]
        return float(np.sqrt((moved * moved).sum(axis=1)).mean())
