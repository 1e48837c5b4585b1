"""How hard the notes are struck: the level of the loud moments, whatever there is between them."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from livesing.audio.loudness import loudness_db
from livesing.audio.pulse import SILENCE_DB


class AttackLevel:
    """Level in LUFS that is passed in a tenth of the time, the highest of the last steps.

    A mean level falls when notes become short or rare, though they are struck as hard as before; this one
    does not. From the K-weighted power of each 10 ms, smoothed over three.
    """

    SMOOTH = 3
    SHARE = 0.9
    STEPS = 4
    """Of 500 ms: slow music has a note in every two seconds."""

    def __init__(self) -> None:
        self._past: NDArray[np.float64] = np.zeros(self.SMOOTH - 1)
        self._levels: deque[float] = deque(maxlen=self.STEPS)

    def push(self, powers: NDArray[np.float64]) -> float:
        """powers: [n] mean squares of a step, n > 0. SILENCE_DB at least."""
        stream = np.concatenate((self._past, powers))
        self._past = stream[len(powers) :]
        smooth = np.convolve(stream, np.full(self.SMOOTH, 1.0 / self.SMOOTH), "valid")
        self._levels.append(max(_quantile(smooth, self.SHARE), 0.0))
        return max(loudness_db(max(self._levels)), SILENCE_DB)


def _quantile(values: NDArray[np.float64], share: float) -> float:
    """numpy.quantile of one row, at a tenth of the cost of a call."""
    place = share * (len(values) - 1)
    below = min(int(place), max(len(values) - 2, 0))
    ordered = np.sort(values).tolist()
    low, high = ordered[below], ordered[min(below + 1, len(values) - 1)]
    return float(low + (high - low) * (place - below))
