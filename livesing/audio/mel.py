"""Mel spectra and MFCC, as librosa computes them by default.

A frame is 2048 samples about its centre under a periodic Hann window, one every 512 samples from 0 on;
outside the sound there is silence. 128 bands on Slaney's mel scale lie within 0..rate/2. The arithmetic keeps
librosa's precision step by step (transforms in float64, spectra in float32): in a steady sound a difference
of levels is nothing but rounding.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from livesing.audio.framing import Floats
from livesing.audio.recent import Recent
from livesing.audio.slow import HOP, STEP

N_FFT = 2048
HALF_FFT = N_FFT // 2
MELS = 128
MFCCS = 40
FLOOR_DB = -100.0
FLOOR_POWER = np.float32(1e-10)
"""The same; what is below it is raised to it."""
TOP_DB = 80.0
"""Levels further than this below the loudest one of the whole sound are raised to that."""
FADE = 128
"""Samples, 6 ms."""


def hann(size: int) -> NDArray[np.float64]:
    """[size] periodic Hann window."""
    return 0.5 + 0.5 * np.cos(np.linspace(-np.pi, np.pi, size + 1))[:-1]


def mel_to_hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slaney's scale: 200/3 Hz a mel up to 1 kHz, from there a factor of 6.4 in 27 mels."""
    log_step = np.log(6.4) / 27.0
    return np.where(mels >= 15.0, 1000.0 * np.exp(log_step * (mels - 15.0)), mels * 200.0 / 3.0)


def mel_filters(rate: float) -> Floats:
    """[128, 1025] weights of the bins in each band: triangles of equal area over 0..rate/2."""
    top_mel = 15.0 + np.log(rate / 2000.0) * 27.0 / np.log(6.4)
    edges = mel_to_hz(np.linspace(0.0, top_mel, MELS + 2))
    widths = np.diff(edges)
    ramps = edges[:, None] - np.linspace(0.0, rate / 2.0, HALF_FFT + 1)
    rising = -ramps[:-2] / widths[:-1, None]
    falling = ramps[2:] / widths[1:, None]
    weights = np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)
    weights *= (2.0 / (edges[2:] - edges[:-2]))[:, None]
    return weights


def mfcc_basis() -> Floats:
    """[128, 40] of the orthonormal cosine transform (DCT-II) of the bands."""
    orders = np.arange(MFCCS)
    angles = np.pi / MELS * (np.arange(MELS)[:, None] + 0.5) * orders
    return (np.cos(angles) * np.sqrt(np.where(orders == 0, 1.0, 2.0) / MELS)).astype(np.float32)


def short_window(missing: int) -> NDArray[np.float64]:
    """[2048] window for a frame whose last `missing` samples are still to come: it fades out before them, so
    that the cut does not count as noise, and has the energy of the whole one."""
    window = hann(N_FFT)
    energy = np.sum(window**2)
    window[-missing:] = 0.0
    window[-missing - FADE : -missing] *= np.cos(np.linspace(0.0, np.pi / 2, FADE)) ** 2
    return window * np.sqrt(energy / np.sum(window**2))


class MelFrames:
    """The mel levels of the newest frames of a stream at one rate, by absolute index.

    A frame is complete when 1024 samples after its centre are known. Owned by one thread.
    """

    def __init__(self, rate: float, keep: int) -> None:
        """keep: frames to remember."""
        self._window = hann(N_FFT)
        self._short_window = short_window(HOP)
        self._filters = mel_filters(rate)
        self._sound = Recent(STEP + 2 * N_FFT)
        self._levels = Recent(keep, MELS)

    @property
    def complete(self) -> int:
        """How many frames are complete."""
        return self._levels.end

    def push(self, samples: Floats) -> tuple[Floats, Floats]:
        """samples: [n] the next ones, n up to 10752. Returns ([m, 1025] magnitudes, [m, 128] levels in dB) of
        the m frames that became complete."""
        self._sound.push(samples)
        after = max(self.complete, (self._sound.end - HALF_FFT) // HOP + 1)
        magnitudes = self._magnitudes(self.complete, after, self._window)
        levels = self._levels_of(magnitudes)
        self._levels.push(levels)
        return magnitudes, levels

    def levels(self, first: int, after: int, *, ended: bool) -> Floats:
        """[after - first, 128] dB of frames first..after-1, not raised to TOP_DB below the loudest yet.

        What lies after the present end is silent if the sound has ended there; if it goes on, the frame that
        lacks its last quarter gets a window that is that much shorter.
        """
        known = min(after, self.complete)
        parts = [self._levels.span(min(first, known), known)]
        if after > known:
            window = self._window if ended else self._short_window
            parts.append(self._levels_of(self._magnitudes(max(first, known), after, window)))
        return np.concatenate(parts)

    def edges(self, first: int) -> Floats:
        """[4, 1025] magnitudes of two frames from `first` on, if the sound began at the centre of the first,
        and of the last two, if it ended at the present end, a whole number of hops."""
        begin, end = first * HOP, self._sound.end
        silence = np.zeros(HALF_FFT, dtype=np.float32)
        head = np.concatenate((silence, self._sound.span(begin, begin + HALF_FFT + HOP)))
        tail = np.concatenate((self._sound.span(end - HALF_FFT - HOP, end), silence))
        return self._spectra(np.concatenate([_frames(head), _frames(tail)]), self._window)

    def _magnitudes(self, first: int, after: int, window: NDArray[np.float64]) -> Floats:
        """[after - first, 1025] of frames first..after-1; silence follows the present end."""
        if after <= first:
            return np.empty((0, HALF_FFT + 1), dtype=np.float32)
        begin, end = first * HOP - HALF_FFT, (after - 1) * HOP + HALF_FFT
        silence = np.zeros(max(0, end - self._sound.end), dtype=np.float32)
        sound = np.concatenate((self._sound.span(begin, end - silence.size), silence))
        return self._spectra(_frames(sound), window)

    def _spectra(self, frames: Floats, window: NDArray[np.float64]) -> Floats:
        magnitudes: Floats = np.abs(np.fft.rfft(window * frames, axis=1).astype(np.complex64))
        return magnitudes

    def _levels_of(self, magnitudes: Floats) -> Floats:
        powers = (self._filters @ np.square(magnitudes).T).T
        levels: Floats = np.float32(10.0) * np.log10(np.maximum(FLOOR_POWER, powers))
        return levels


def raised(levels: Floats, loudest_db: float) -> Floats:
    """Levels of at least TOP_DB under the loudest one of the whole sound."""
    return np.maximum(levels, np.float32(loudest_db - TOP_DB))


def _frames(sound: Floats) -> Floats:
    """[2048 + 512 n] samples -> [n + 1, 2048]: a view."""
    return sliding_window_view(sound, N_FFT)[::HOP]


class Mfcc:
    """Mel levels to their first 40 cepstral coefficients."""

    def __init__(self) -> None:
        self._cosines = mfcc_basis()

    def rows(self, levels: Floats) -> Floats:
        """[n, 128] dB, raised -> [n, 40]."""
        coefficients: Floats = levels @ self._cosines
        return coefficients
