"""What the embedding's network hears: statistics of the last 3 s, a row every third of a second.

Mel levels relative to the mean of the 3 s, so the gain cancels: how the spectrum lies, how much each band
moves and how fast it rises, how the newest third differs, and at which distances the rises of the whole
spectrum and of the bass repeat.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from livesing.audio.framing import Floats, Framer
from livesing.audio.mel import HALF_FFT, MELS, N_FFT, hann, mel_filters
from livesing.audio.slow import HOP, SLOW_RATE

BANDS = 64
MEMORY_FRAMES = 126
"""3 s."""
NEWEST = 14
BASS_BANDS = 6
"""Up to 250 Hz."""
LAGS = (4, 64)
"""Frames, .1 to 1.5 s, two at a time."""
RHYTHM = (LAGS[1] - LAGS[0]) // 2
STATISTICS = 4 * BANDS + 2 * RHYTHM
FLOOR = 1e-5
"""Powers of bands, relative to the mean: what lies 50 dB under it is not told from nothing."""
FAINTEST = 1e-7
"""Mean square, -70 dB: under it nothing sounds."""


@cache
def band_cosines(count: int) -> NDArray[np.float32]:
    """[BANDS, count] the orthonormal cosines (DCT-II) over the bands, without the constant."""
    angles = np.pi / BANDS * (np.arange(BANDS)[:, None] + 0.5) * np.arange(1, count + 1)
    return np.asarray(np.cos(angles) * np.sqrt(2.0 / BANDS), np.float32)


class Statistics:
    """Steps of 7168 samples at 21504 Hz -> [STATISTICS], or None where nothing has sounded for 3 s.

    Before the first sound there is silence, so the first 3 s are told from less. Owned by one thread.
    """

    def __init__(self) -> None:
        window = hann(N_FFT)
        self._framer = Framer(N_FFT, HOP)
        self._window = window.astype(np.float32)
        pairs = mel_filters(SLOW_RATE).reshape(BANDS, MELS // BANDS, HALF_FFT + 1).mean(axis=1)
        self._filters: Floats = np.ascontiguousarray(pairs.T)
        self._power_scale = 2.0 / (N_FFT * float(np.sum(window**2)))
        self._powers: Floats = np.zeros((MEMORY_FRAMES, BANDS), dtype=np.float32)
        self._squares = np.zeros(MEMORY_FRAMES)
        self._heard = 0

    def push(self, samples: Floats) -> NDArray[np.float32] | None:
        """samples: [7168]."""
        frames = self._framer.push(samples)
        spectrum = np.fft.rfft(frames * self._window, axis=1)
        powers = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        self._powers = np.concatenate((self._powers, powers @ self._filters))[-MEMORY_FRAMES:]
        squares = powers.sum(axis=1, dtype=np.float64) * self._power_scale
        self._squares = np.concatenate((self._squares, squares))[-MEMORY_FRAMES:]
        self._heard = min(self._heard + len(frames), MEMORY_FRAMES)
        known = self._powers[-self._heard :]
        if float(self._squares[-self._heard :].mean()) < FAINTEST:
            return None
        return statistics_of(known)


def statistics_of(powers: Floats) -> NDArray[np.float32]:
    """powers: [n, BANDS] of frames 24 ms apart, n of 14..126, not all zero -> [STATISTICS]."""
    levels = np.log10(powers / powers.mean() + np.float32(FLOOR))
    rise = np.maximum(np.diff(levels, axis=0), 0)
    mean = levels.mean(axis=0)
    rhythms = [_repeats(part.mean(axis=1)) for part in (rise, rise[:, :BASS_BANDS])]
    parts = (mean, levels.std(axis=0), rise.mean(axis=0), levels[-NEWEST:].mean(axis=0) - mean, *rhythms)
    return np.concatenate(parts).astype(np.float32)


def _repeats(envelope: Floats) -> NDArray[np.float64]:
    """[n] -> [RHYTHM] autocorrelation at LAGS, 1 for a perfect repetition."""
    x = envelope - envelope.mean()
    spectrum = np.fft.rfft(x, 2 * MEMORY_FRAMES)
    products = np.fft.irfft(spectrum.real**2 + spectrum.imag**2)[: LAGS[1]]
    shares = products / max(float(products[0]), 1e-12)
    return np.asarray(shares[LAGS[0] :].reshape(RHYTHM, 2).mean(axis=1))
