"""Whether the chords of the last seconds are major or minor, whatever the key.

A key takes some seconds to hear, and relative keys share nearly all of their notes; the third of the chord
that sounds is there at once. The two err on different music, so the mood listens to both.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

MAJOR_TRIAD, MINOR_TRIAD = (0, 4, 7), (0, 3, 7)
TEMPERATURE = 0.15
"""Of the softmax over the 24 correlations."""
FULL = 0.5
"""Difference of the probabilities that counts as clear: plain triads on a piano reach it."""


def _templates() -> Doubles:
    """[24, 12]: the major triads from C up, then the minor ones, centred and of unit length."""
    triads = np.zeros((24, 12))
    for row in range(24):
        triad = MAJOR_TRIAD if row < 12 else MINOR_TRIAD
        triads[row, [(row + step) % 12 for step in triad]] = 1.0
    centred = triads - triads.mean(axis=1, keepdims=True)
    templates: Doubles = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    return templates


_TEMPLATES = _templates()


class ChordMode:
    """-1 minor chords .. 1 major chords, over some 2 s, from the chroma of single frames."""

    MEMORY_S = 2.0

    def __init__(self) -> None:
        self._chroma: Doubles = np.zeros(12)

    def push(self, chromas: Iterable[Doubles], dt: float) -> float:
        """chromas: [12] each, C first, not negative, `dt` seconds apart, as LeakyChroma.push returns them.
        0 where there is no chord to be heard."""
        keep = math.exp(-dt / self.MEMORY_S)
        for chroma in chromas:
            self._chroma += (chroma - self._chroma) * (1.0 - keep)
        even = np.sqrt(self._chroma)
        centred = even - np.add.reduce(even) / even.size
        length = math.sqrt(np.dot(centred, centred))
        if length < 1e-6:
            return 0.0
        correlation = _TEMPLATES @ (centred / length)
        best = float(correlation.max())
        likelihood = np.exp((correlation - best) / TEMPERATURE)
        major = float(likelihood[:12].sum() / likelihood.sum())
        clear = max(best, 0.0)
        return min(max((2.0 * major - 1.0) * clear / FULL, -1.0), 1.0)
