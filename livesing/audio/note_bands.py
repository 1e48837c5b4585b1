"""What note onsets are found in: how loud each semitone is, beside the loudest and beside itself.

A bowed note or a sung one begins without a stroke; that there is a new pitch is all there is to hear. Bands
of a semitone tell new pitches apart, where wide bands tell strokes only.
"""

from __future__ import annotations

import math

import numpy as np

from livesing.audio.framing import Floats

LOWEST_HZ, HIGHEST_HZ = 110.0, 9000.0
"""Overtones tell of the notes below."""
PER_OCTAVE = 12
BANDS = int(PER_OCTAVE * math.log2(HIGHEST_HZ / LOWEST_HZ)) + 1
MEMORY_S = 10.0
"""Time constant with which what was loudest is forgotten."""
FAINTEST = 1e-30
"""Mean square, -300 dB: a loudest band under it is nothing. A file that was packed begins with the faintest
of sounds, and they are to count for the same at any gain."""
OWN_SHARE = 0.5
"""Of a band's own loudest level, in the exponent: whitening by half, after Stowell & Plumbley (2007), so that
a soft voice counts beside a loud one, and the noise beside it hardly."""
OWN_RANGE = 1e-3
"""Amplitude under which a band's own loudest does not count, as a share of the loudest band: -60 dB."""
GAIN = 100.0
"""Of the logarithm: what lies 40 dB under the loudest is halfway out of sight."""


def filters(window: int, rate: float) -> Floats:
    """[window / 2 + 1, BANDS] weights of the bins: triangles a semitone to each side, or one bin at least."""
    width = rate / window
    hz = np.arange(window // 2 + 1) * width
    centres = LOWEST_HZ * 2.0 ** (np.arange(BANDS) / PER_OCTAVE)
    halves = np.maximum(centres * (2.0 ** (1.0 / PER_OCTAVE) - 1.0), width)
    weights: Floats = np.maximum(0.0, 1.0 - np.abs(hz[:, None] - centres) / halves).astype(np.float32)
    return weights


class NoteBands:
    """Spectra to levels of semitone bands, about 0..1, the same at any gain. Owned by one thread."""

    AT_ONCE = 64
    """Frames that are brought down to the loudest before them in one pass."""

    def __init__(self, window: int, rate: float, hop_s: float, faintest: float = FAINTEST) -> None:
        """`faintest`: mean square of the loudest band under which there is no music."""
        weights = filters(window, rate)
        self._octaves: list[tuple[slice, slice, Floats]] = []
        """Of each octave the bins, the bands, and the weights that are not 0."""
        for first in range(0, BANDS, PER_OCTAVE):
            bands = slice(first, min(first + PER_OCTAVE, BANDS))
            heard = np.flatnonzero(weights[:, bands].any(axis=1))
            bins = slice(int(heard[0]), int(heard[-1]) + 1)
            self._octaves.append((bins, bands, weights[bins, bands].copy()))
        self._worth: Floats = np.exp(np.arange(self.AT_ONCE + 1) * (-hop_s / MEMORY_S)).astype(np.float32)
        """What is left of a level after so many frames."""
        self._least = math.sqrt(faintest)
        self._loudest = np.float32(self._least)
        self._own: Floats = np.full(BANDS, OWN_RANGE, dtype=np.float32)

    def push(self, powers: Floats) -> Floats:
        """powers: [n, window / 2 + 1] mean squares of successive frames, as bands.Spectrum gives them.
        Returns [n, BANDS]."""
        levels: Floats = np.empty((len(powers), BANDS), dtype=np.float32)
        for bins, bands, weights in self._octaves:
            levels[:, bands] = np.dot(powers[:, bins], weights)
        np.sqrt(levels, out=levels)
        for first in range(0, len(levels), self.AT_ONCE):
            self._even(levels[first : first + self.AT_ONCE])
        levels *= np.float32(GAIN)
        np.log1p(levels, out=levels)
        levels *= np.float32(1.0 / math.log1p(GAIN))
        return levels

    def _even(self, rows: Floats) -> None:
        """Amplitudes become shares of the loudest band of the last seconds, by half of their own loudest."""
        worth = self._worth[1 : len(rows) + 1, None]
        loudest = self._peaks(self._loudest, rows.max(axis=1, keepdims=True), worth)
        np.maximum(loudest, self._least, out=loudest)
        rows /= loudest
        own = self._peaks(self._own, rows, worth)
        np.maximum(own, OWN_RANGE, out=own)
        self._loudest, self._own = loudest[-1, 0], own[-1].copy()
        rows /= own**OWN_SHARE

    @staticmethod
    def _peaks(before: Floats | np.float32, rows: Floats, worth: Floats) -> Floats:
        """The highest so far, each as far as it is not forgotten yet: compared as of the first row."""
        peaks = rows / worth
        np.maximum(peaks[0], before, out=peaks[0])
        np.maximum.accumulate(peaks, axis=0, out=peaks)
        peaks *= worth
        return peaks
