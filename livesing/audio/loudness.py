"""Loudness by ITU-R BS.1770-4: K-weighting and the momentary loudness of 400 ms."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from livesing.audio.framing import Floats, Framer
from livesing.audio.levels import to_db

LOUDNESS_OFFSET_DB = -0.691
"""Loudness in LUFS is this plus 10 log10 of the K-weighted mean square: a full-scale sine of 997 Hz in
one channel reads -3.01."""

MOMENTARY_S = 0.4

Biquad = tuple[float, float, float, float, float]
"""b0, b1, b2, a1, a2, with a0 = 1."""


def k_weighting(rate: float) -> tuple[Biquad, Biquad]:
    """The two filters of BS.1770-4, annex 1, for any rate in Hz: the shelf of the head, the high-pass.

    The standard tables them for 48 kHz only. They are bilinear transforms of analogue filters, whose
    frequencies, quality and gain the tables determine; at 48 kHz this gives the tables back. The shelf
    lies so high that at 8 kHz it reads 0.2 dB less.
    """
    k = math.tan(math.pi * 1681.974450955533 / rate)
    quality, gain = 0.7071752369554196, 10.0 ** (3.999843853973347 / 20.0)
    middle = gain**0.4996667741545416
    whole = 1.0 + k / quality + k * k
    shelf = (
        (gain + middle * k / quality + k * k) / whole,
        2.0 * (k * k - gain) / whole,
        (gain - middle * k / quality + k * k) / whole,
        2.0 * (k * k - 1.0) / whole,
        (1.0 - k / quality + k * k) / whole,
    )
    k = math.tan(math.pi * 38.13547087602444 / rate)
    quality = 0.5003270373238773
    whole = 1.0 + k / quality + k * k
    # The tables' high-pass passes 0.04 dB more than all; so does ours, at every rate.
    top = 1.0049948987146884 / whole
    high_pass = (top, -2.0 * top, top, 2.0 * (k * k - 1.0) / whole, (1.0 - k / quality + k * k) / whole)
    return shelf, high_pass


class KWeighted:
    """Mean squares of K-weighted sound, one for every 10 ms, at the sound's own rate.

    What lies above the slow path's 10 kHz counts here too: cymbals are loud.
    """

    PER_S = 100

    def __init__(self, rate: int) -> None:
        import aubio  # here, so that importing this module stays cheap

        self.hop = rate // self.PER_S
        """Samples per mean square."""
        self._framer = Framer(self.hop, self.hop)
        self._filters = [aubio.digital_filter(3) for _ in range(2)]
        for each, biquad in zip(self._filters, k_weighting(rate), strict=True):
            each.set_biquad(*biquad)

    def push(self, block: Floats) -> NDArray[np.float64]:
        """block: [n] float32, clean. Returns the mean squares that became complete, [m]."""
        shelf, high_pass = self._filters
        frames = self._framer.push(block)
        weighted = np.empty(frames.shape, dtype=np.float32)
        for row, frame in zip(weighted, frames, strict=True):
            row[:] = high_pass(shelf(frame))  # aubio gives the same array each time
        return np.einsum("ij,ij->i", weighted, weighted, dtype=np.float64) / self.hop


def loudness_db(mean_square: float) -> float:
    """LUFS of a K-weighted mean square; the floor of silence is SILENCE_DB + LOUDNESS_OFFSET_DB."""
    return LOUDNESS_OFFSET_DB + to_db(mean_square)
