"""Framing: a stream of blocks of any size, cleaned and cut into overlapping windows of one size.

Whatever analyses sound here works on fixed hops, so that its results do not depend on how the
stream was cut into blocks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000
"""Hz that are analysed."""

SAMPLE_LIMIT = 8.0
"""Samples are held within +-8 (18 dB over full scale), so that no square overflows."""


def check_rate(rate: int) -> None:
    """Raises ValueError for a sample rate, in Hz, that is not analysed."""
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise ValueError(f"sample rate {rate} Hz is not within {LOWEST_RATE}..{HIGHEST_RATE}")


def clean(block: NDArray[np.floating]) -> tuple[Floats, int]:
    """Make a block safe to analyse: NaN and infinity become 0, the rest stays within +-8.

    block: [n] samples, any float type. Returns ([n] float32, number of samples that were not
    finite). The given array is never written to.
    """
    if block.dtype == np.float32:
        samples = np.ascontiguousarray(block)
    else:
        with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite, which is caught
            samples = np.ascontiguousarray(block, dtype=np.float32)
    if samples.ndim != 1:
        raise ValueError(f"a block is mono, [n], not {list(samples.shape)}")
    # One pass in the usual case: NaN and infinity fail this comparison too.
    if samples.size == 0 or (np.abs(samples).max() <= SAMPLE_LIMIT):
        return samples, 0
    finite = np.isfinite(samples)
    bad = samples.size - int(np.count_nonzero(finite))
    samples = np.where(finite, samples, np.float32(0.0))
    return np.clip(samples, -SAMPLE_LIMIT, SAMPLE_LIMIT), bad


class Framer:
    """Cuts a stream into windows of `window` samples, one every `hop` samples.

    The stream is preceded by silence, so the first window is complete after the first hop, and a
    window holds past samples only: window k ends at sample (k + 1) * hop.
    """

    def __init__(self, window: int, hop: int) -> None:
        if not 1 <= hop <= window:
            raise ValueError(f"need 1 <= hop <= window, got hop {hop}, window {window}")
        self.window = window
        self.hop = hop
        self._kept: Floats = np.zeros(window - hop, dtype=np.float32)

    @property
    def pending(self) -> int:
        """Samples that wait for their hop to be complete, 0..hop-1."""
        return self._kept.size - (self.window - self.hop)

    def push(self, block: Floats) -> Floats:
        """block: [n] float32. Returns [frames, window], oldest first: a view, not to be written."""
        stream = np.concatenate((self._kept, block))
        frames = (stream.size - self.window) // self.hop + 1
        if frames <= 0:
            self._kept = stream
            return np.empty((0, self.window), dtype=np.float32)
        self._kept = stream[frames * self.hop :].copy()
        # The same view as sliding_window_view's, at a tenth of its cost per call.
        strides = (self.hop * stream.itemsize, stream.itemsize)
        return np.ndarray((frames, self.window), np.float32, stream, 0, strides)
