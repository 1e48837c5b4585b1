"""Chroma: how much of each pitch class sounds, following the instruments' own tuning."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from livesing.audio.framing import Floats

Doubles = NDArray[np.float64]

A4_HZ = 440.0


class LeakyChroma:
    """Pitch-class energy that forgets: 12 numbers, C first, not normalised.

    Each frame's spectral peaks between 80 Hz and 2 kHz are placed by their interpolated frequency
    and weighted by the square root of their power, so the strongest note does not drown the chord.
    Higher peaks count less: they are mostly overtones, whose fifths and major thirds would make
    everything sound major. The tuning (how far the instruments are from A = 440 Hz, in semitones)
    is the circular mean of the peaks' deviations over a longer time.
    """

    LOW_HZ, HIGH_HZ = 80.0, 2000.0
    HALF_HZ = 600.0
    PEAK_RANGE = 1e-4
    """Peaks 40 dB under the frame's strongest are left out."""

    def __init__(self, window: int, rate: float, memory_s: float, tuning_memory_s: float) -> None:
        self._taper = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)).astype(np.float32)
        self._hz_per_bin = rate / window
        self._first = int(self.LOW_HZ / self._hz_per_bin)
        self._last = int(self.HIGH_HZ / self._hz_per_bin)
        # A sine of -66 dB: its peak is its amplitude times half the sum of the window's weights.
        self._audible = (0.0005 * 0.25 * window) ** 2
        self._memory_s = memory_s
        self._tuning_memory_s = tuning_memory_s
        self._tuning_vector = 0j
        self.chroma: Doubles = np.zeros(12)

    @property
    def tuning(self) -> float:
        """-0.5..0.5 semitones above A = 440 Hz."""
        return math.atan2(self._tuning_vector.imag, self._tuning_vector.real) / (2 * math.pi)

    def push(self, frame: Floats, dt: float) -> None:
        """frame: [window] samples, `dt` seconds after the one before."""
        keep = math.exp(-dt / self._memory_s)
        spectrum = np.fft.rfft(frame * self._taper)[self._first : self._last + 1]
        power = spectrum.real.astype(np.float64) ** 2 + spectrum.imag.astype(np.float64) ** 2
        middle = power[1:-1]
        strongest = float(middle.max())
        if strongest <= self._audible:
            # A pause often parts two pieces: forget four times as fast.
            self.chroma *= keep**4
            return
        self.chroma *= keep
        above = middle > self.PEAK_RANGE * strongest
        peaks = np.flatnonzero(above & (middle > power[:-2]) & (middle >= power[2:])) + 1
        left, centre, right = (np.log(power[peaks + k] + 1e-12) for k in (-1, 0, 1))
        # The peak of the parabola through three log powers.
        offset = 0.5 * (left - right) / (left - 2.0 * centre + right - 1e-9)
        hz = (self._first + peaks + offset) * self._hz_per_bin
        weight = np.sqrt(power[peaks]) / (1.0 + (hz / self.HALF_HZ) ** 2)
        semitone = 12.0 * np.log2(hz / A4_HZ)
        turning = complex(np.sum(weight * np.exp(2j * np.pi * semitone)))
        tuning_keep = math.exp(-dt / self._tuning_memory_s)
        self._tuning_vector = self._tuning_vector * tuning_keep + turning
        pitch = semitone - self.tuning + 9.0  # A is the tenth pitch class
        nearest = np.round(pitch)
        # A peak halfway between two semitones says little about either.
        weight *= np.cos(np.pi * (pitch - nearest)) ** 2
        np.add.at(self.chroma, nearest.astype(int) % 12, weight * (1.0 - keep))
