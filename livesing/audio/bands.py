"""Bands: power per frequency band from short windows.

All powers are mean squares re full scale: a full-scale sine reads 0.5 (-3 dB) in its band.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from livesing.audio.framing import Floats, Framer

FloatArray = NDArray[np.floating]


def log_band_edges(rate: float, window: int, low_hz: float, high_hz: float, bands: int) -> list[int]:
    """First FFT bin of each band, plus the end of the last: log-spaced, at least a bin each.

    Bins 0 and 1 never belong to a band, so a DC offset, which a Hann window spreads over both,
    is not heard. Near low_hz the bins are wider than the bands, and fewer bands come back.
    """
    top = min(high_hz, 0.475 * rate)
    hz = np.geomspace(low_hz, top, bands + 1)
    bins = np.clip(np.round(hz * window / rate).astype(int), 2, window // 2)
    return [int(b) for b in np.unique(bins)]


def hann_of_mean_squares(window: int) -> Floats:
    """[window] a Hann window under which the squares of the bins over 0 Hz add up to the mean square."""
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    # Parseval: 2 * sum over positive bins of |X|^2 / (N * sum w^2) is the mean square.
    scaled: Floats = (taper * np.sqrt(2.0 / (window * np.sum(taper**2)))).astype(np.float32)
    return scaled


class Spectrum:
    """Power spectrum of windows, summed into bands.

    `edges` are FFT bins (see log_band_edges): band b is the bins edges[b] .. edges[b + 1] - 1.
    """

    def __init__(self, window: int, edges: list[int]) -> None:
        self._taper = hann_of_mean_squares(window)
        self._starts = np.array(edges[:-1])
        self._end = edges[-1]

    def powers(self, frames: Floats, out: Floats | None = None) -> Floats:
        """frames: [n, window]. Returns the power of every bin, [n, window // 2 + 1], in `out` if given."""
        spectrum = np.fft.rfft(frames * self._taper).astype(np.complex64, copy=False)
        parts = spectrum.view(np.float32)
        parts *= parts
        return np.asarray(np.add(parts[:, 0::2], parts[:, 1::2], out=out))

    def bands(self, powers: Floats) -> Floats:
        """powers: [n, bins]. Returns [n, bands]."""
        return np.add.reduceat(powers[:, : self._end], self._starts, axis=1)


class BassBank:
    """Power at 30-150 Hz with little delay, once for levels and once for attacks.

    A 10 ms window cannot resolve the bass. So the sound is averaged down to about 3 kHz (what
    aliases into 30-150 Hz is at least 26 dB down) and projected onto a few low frequencies:

    - for levels in a window of 43 ms whose weight lies on its newer half: steady to 1 dB from 30 to
      130 Hz, 26 dB down at 180 Hz;
    - for attacks in one of 24 ms whose weight lies 5 ms back: a kick drum, which begins above its
      band and sinks into it, shows at once (10 dB down at 200 Hz, 20 at 250, 34 at 440).
    """

    PER_HOP = 8
    HOPS = 16
    CENTRES_HZ = (35.0, 50.0, 70.0, 90.0, 110.0, 135.0)
    ATTACK_HOPS = 9
    ATTACK_CENTRES_HZ = (50.0, 80.0, 110.0, 140.0)

    def __init__(self, rate: float, hop: int) -> None:
        if hop % self.PER_HOP:
            raise ValueError(f"hop must be a multiple of {self.PER_HOP}, got {hop}")
        self._decimation = hop // self.PER_HOP
        low_rate = rate / self._decimation
        length = self.PER_HOP * self.HOPS
        self._framer = Framer(length, self.PER_HOP)
        u = (np.arange(length) + 0.5) / length
        v = np.maximum((u - 1.0) * self.HOPS / self.ATTACK_HOPS + 1.0, 0.0)
        steady = _projections(self.CENTRES_HZ, u**3 * (1.0 - u) ** 2, low_rate)
        attack = _projections(self.ATTACK_CENTRES_HZ, v**4 * (1.0 - v), low_rate)
        self._steady = steady.shape[1]
        self._bank: Floats = np.concatenate((steady, attack), axis=1).astype(np.float32)

    def push(self, hops: Floats) -> tuple[Floats, Floats, Floats]:
        """hops: [n, hop], successive, without overlap. Returns [n] each: the power for levels, the power
        for attacks, and the power of the hop itself under some 1.5 kHz, DC included."""
        low = np.add.reduce(hops.reshape(-1, self._decimation), axis=1)
        low *= np.float32(1.0 / self._decimation)
        projected = np.dot(np.ascontiguousarray(self._framer.push(low)), self._bank)
        powers = np.add.reduceat(projected * projected, (0, self._steady), axis=1)
        lows = np.add.reduce((low * low).reshape(-1, self.PER_HOP), axis=1)
        lows *= np.float32(1.0 / self.PER_HOP)
        return powers[:, 0], powers[:, 1], lows


def _projections(centres_hz: tuple[float, ...], weight: FloatArray, rate: float) -> NDArray[np.float64]:
    """[length, 2 * centres]: cosines and sines under a weight, scaled so that the summed squares of a
    full-scale sine of 40-130 Hz are 0.5 on average."""
    seconds = np.arange(weight.size) / rate
    columns = []
    for hz in centres_hz:
        for wave in (np.cos(2 * np.pi * hz * seconds), np.sin(2 * np.pi * hz * seconds)):
            # Without its weighted mean a column is blind to DC.
            columns.append(weight * (wave - np.sum(weight * wave) / np.sum(weight)))
    bank = np.stack(columns, axis=1)
    tones = np.sin(2 * np.pi * np.outer(np.linspace(40.0, 130.0, 46), seconds))
    scaled: NDArray[np.float64] = bank * np.sqrt(0.5 / np.mean(np.sum((tones @ bank) ** 2, axis=1)))
    return scaled
