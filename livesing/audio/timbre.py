"""Timbre: how the spectra of 500 ms change from frame to frame, and where their power lies."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from livesing.audio.bands import Spectrum, log_band_edges
from livesing.audio.framing import Floats

SILENT_SHAPE = {"centroid_hz": 0.0, "flatness": 0.0, "rolloff_hz": 0.0, "entropy": 0.0}


class Timbre:
    """From windows to the powers of their spectra, and from those to cues. Owned by one thread."""

    LOWEST_HZ, HIGHEST_HZ = 60.0, 10_000.0
    FLUX_BANDS = 32
    FLUX_GAIN = 1000.0
    LEAST_RISE = 0.3
    """Of a band's logarithm within a frame, 1.3 dB: an ensemble's held tones beat by as much."""
    FAINTEST_BAND = 1e-10
    """Mean square, -100 dB: a loudest band under it is no music."""
    RELEASE = 0.95
    """Per step; the reference of the flux forgets with a time constant of 10 s."""
    ROLLOFF = 0.85

    def __init__(self, window: int, rate: float, sampled_at: float) -> None:
        """window: samples at `rate`, of sound that was sampled at `sampled_at` Hz."""
        # Sound that was sampled at 8 kHz has nothing above 4 kHz, only the resampler's floor.
        top_hz = min(0.46 * sampled_at, self.HIGHEST_HZ)
        edges = log_band_edges(rate, window, self.LOWEST_HZ, top_hz, self.FLUX_BANDS)
        self._spectrum = Spectrum(window, edges)
        self.powers = self._spectrum.powers
        self._heard = slice(edges[0], edges[-1])
        self._hz: NDArray[np.floating] = np.arange(edges[0], edges[-1]) * (rate / window)
        self._reference = 0.0
        self._last_bands: Floats = np.zeros((1, len(edges) - 1), dtype=np.float32)

    def flux(self, powers: Floats) -> float:
        """powers: [n, bins] of the frames of a step. Mean over frames and bands of the rise of
        ln(1 + FLUX_GAIN * P / P_ref) beyond LEAST_RISE, P_ref the loudest band of the last seconds."""
        bands = self._spectrum.bands(powers)
        self._reference = max(self._reference * self.RELEASE, float(bands.max()), self.FAINTEST_BAND)
        levels = np.concatenate((self._last_bands, bands))
        self._last_bands = bands[-1:]
        levels *= np.float32(self.FLUX_GAIN / self._reference)
        np.log1p(levels, out=levels)
        rises = levels[1:] - levels[:-1]
        rises -= np.float32(self.LEAST_RISE)
        return float(np.maximum(rises, 0.0).sum()) / rises.size

    def shape(self, powers: Floats) -> dict[str, float]:
        """powers: [n, bins] of the frames of a step, with sound in them. Where their power lies, by the
        names of Cues."""
        heard = powers[:, self._heard]
        magnitude = np.sqrt(heard).sum(axis=0).astype(np.float64)
        share = heard.sum(axis=0).astype(np.float64)
        share /= max(float(share.sum()), 1e-30)
        share += 1e-15
        logs, upto = np.log(share), np.cumsum(share)
        place = min(int(np.searchsorted(upto, self.ROLLOFF * upto[-1])), share.size - 1)
        return {
            "centroid_hz": float(np.dot(self._hz, magnitude)) / max(float(magnitude.sum()), 1e-30),
            "flatness": math.exp(float(logs.sum()) / share.size) / (float(upto[-1]) / share.size),
            "rolloff_hz": float(self._hz[place]),
            "entropy": min(max(-float(np.dot(share, logs)) / math.log(share.size), 0.0), 1.0),
        }
