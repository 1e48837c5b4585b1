"""Chroma by a constant-Q transform: 7 octaves of 36 bins from C1 on, as librosa computes it by default.

Bin k of an octave is a complex tone under a Hann window, 52 periods long, on 1024 samples about the frame's
centre. Every octave is heard at half the rate of the one above, so one set of kernels does for all.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from livesing.audio.framing import Floats
from livesing.audio.mel import hann
from livesing.audio.octaves import OCTAVES, Octaves
from livesing.audio.slow import HOP, SLOW_RATE
from livesing.audio.tuning import BINS_PER_OCTAVE

WINDOW = 1024
REACH = (WINDOW // 2) << (OCTAVES - 1)
"""Samples of octave 0 that a frame takes in to either side of its centre, for the lowest octave: 1.5 s."""
C1_HZ = 440.0 * 2.0 ** (-45.0 / 12.0)
SPARSITY = 0.01
"""Part of a kernel's spectrum, by magnitude, that librosa leaves out, beginning with the smallest bins."""
GAIN = np.float32(2.0**40)
"""Lifts what is heard: the rounding noise of digital silence is as small as float32 can be."""
CHROMAS = 12


@lru_cache(maxsize=16)
def kernels(tuning: float) -> Floats:
    """[1024, 72] for a tuning in bins: 36 columns of cosines and 36 of sines, lowest bin first.

    Independent of the octave: librosa's gain for a rate halved and its division by the root of a kernel's
    length cancel.
    """
    ratio = 2.0 ** (2.0 / BINS_PER_OCTAVE)
    periods = (ratio + 1.0) / (ratio - 1.0)
    bins = np.arange(BINS_PER_OCTAVE)
    hz = C1_HZ * 2.0 ** (OCTAVES - 1 + (bins + tuning) / BINS_PER_OCTAVE)
    lengths = periods * SLOW_RATE / hz
    tones = np.zeros((BINS_PER_OCTAVE, WINDOW), dtype=np.complex128)
    for tone, length, frequency in zip(tones, lengths, hz, strict=True):
        times = np.arange(-length // 2, length // 2)
        window = hann(times.size)
        first = (WINDOW - times.size) // 2
        turns = frequency / SLOW_RATE * times
        tone[first : first + times.size] = np.exp(2j * np.pi * turns) * window / window.sum()
    tones *= lengths[:, None] / WINDOW
    spectra = np.fft.fft(tones, axis=1)[:, : WINDOW // 2 + 1]
    magnitudes = np.abs(spectra)
    ordered = np.sort(magnitudes, axis=1)
    shares = np.cumsum(ordered / ordered.sum(axis=1, keepdims=True), axis=1)
    least = ordered[bins, np.argmin(shares < SPARSITY, axis=1)]
    spectra[magnitudes < least[:, None]] = 0.0
    # The sum over a frame's spectrum, each bin times the kernel's, is this sum over its samples.
    weights = np.fft.fft(spectra, n=WINDOW, axis=1) / np.sqrt(lengths)[:, None]
    return np.concatenate((weights.real, weights.imag)).T.astype(np.float32)


def chroma(octaves: Octaves, first: int, after: int, tuning: float) -> Floats:
    """[after - first, 12] magnitudes about C, C#, .. B of frames first..after-1, times GAIN."""
    count = after - first
    frames = np.empty((OCTAVES, count, WINDOW), dtype=np.float32)
    for octave in range(OCTAVES):
        hop = HOP >> octave
        begin = first * hop - WINDOW // 2
        span = octaves.span(octave, begin, begin + (count - 1) * hop + WINDOW)
        np.multiply(sliding_window_view(span, WINDOW)[::hop], GAIN, out=frames[octave])
    parts = (frames.reshape(-1, WINDOW) @ kernels(tuning)).reshape(OCTAVES, count, 2, BINS_PER_OCTAVE)
    bins = np.hypot(parts[:, :, 0], parts[:, :, 1]).sum(axis=0)
    # A pitch class is its own bin, the one below and the one above; C is bin 0.
    pitches: Floats = np.roll(bins, 1, axis=1).reshape(count, CHROMAS, -1).sum(axis=2)
    return pitches
