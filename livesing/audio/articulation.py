"""Articulation: legato or staccato, by how much of the time the sound is down between its notes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


class Articulation:
    """0 legato .. 1 staccato, from the K-weighted power of each 10 ms.

    Power becomes loudness by Stevens' law, exponent 0.3, and is compared with a peak that falls by
    10 dB a second: about what a piano's tone does by itself. The sound is fully up within 3 dB of that
    peak and fully down 23 dB under it; the share of time that it is down, over some 4 s, is the
    articulation. So notes that fill their time read 0 whatever the tempo, notes that fill half of it
    about 0.5, and nothing depends on the gain. What lasts longer than a second is a rest and not
    counted.
    """

    EXPONENT = 0.3
    PEAK_S = 1.5
    UP, DOWN = 0.8, 0.2
    """Loudness as a share of the peak's: -3.2 dB, -23 dB."""
    SMOOTH = 3
    """Hops of 10 ms, so that the periods of a bass note are no gaps."""
    REST_S = 1.0
    MEMORY_S = 4.0

    def __init__(self, hop_s: float) -> None:
        self._hop_s = hop_s
        self._keep = math.exp(-hop_s / self.MEMORY_S)
        self._fall = math.exp(-hop_s / self.PEAK_S)
        self._past = [0.0] * (self.SMOOTH - 1)
        self._peak = 0.0
        self._rest_s = 0.0
        self._down = 0.0
        self._time = 0.0

    def push(self, powers: NDArray[np.float64]) -> float:
        """powers: [n] mean squares, one per hop. Returns the articulation, 0 before any sound."""
        stream = np.array([*self._past, *powers])
        self._past = stream[len(powers) :].tolist()
        smooth = np.convolve(stream, np.full(self.SMOOTH, 1.0 / self.SMOOTH), "valid")
        peak, rest_s, down, time = self._peak, self._rest_s, self._down, self._time
        learn, width = 1.0 - self._keep, self.UP - self.DOWN
        for loudness in (np.maximum(smooth, 0.0) ** self.EXPONENT).tolist():
            peak *= self._fall
            if loudness > peak:
                peak = loudness
            below = (self.UP - loudness / peak) / width if peak > 1e-9 else 0.0
            below = 0.0 if below < 0.0 else 1.0 if below > 1.0 else below
            rest_s = rest_s + self._hop_s if below > 0.5 else 0.0
            if rest_s <= self.REST_S and peak > 1e-9:
                down += (below - down) * learn
                time += (1.0 - time) * learn
        self._peak, self._rest_s, self._down, self._time = peak, rest_s, down, time
        return down / time if time > 1e-9 else 0.0
