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
FAINTEST = 1e-8
"""Mean square, -80 dB: a loudest band under it is no music."""
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

    def __init__(self, window: int, rate: float, hop_s: float) -> None:
        self._filters = filters(window, rate)
        self._keep = np.float32(math.exp(-hop_s / MEMORY_S))
        self._loudest = np.float32(math.sqrt(FAINTEST))
        self._own = np.full(BANDS, OWN_RANGE, dtype=np.float32)

    def push(self, powers: Floats) -> Floats:
        """powers: [n, window / 2 + 1] mean squares of successive frames, as bands.Spectrum gives them.
        Returns [n, BANDS]."""
        amplitudes = np.sqrt(powers @ self._filters)
        faintest = np.float32(math.sqrt(FAINTEST))
        for row in amplitudes:
            self._loudest = max(self._loudest * self._keep, row.max(), faintest)
            row /= self._loudest
            np.maximum(self._own * self._keep, row, out=self._own)
            np.maximum(self._own, OWN_RANGE, out=self._own)
            row /= self._own**OWN_SHARE
        levels: Floats = np.log1p(GAIN * amplitudes) / np.float32(math.log1p(GAIN))
        return levels
