"""Downmix: the channels of a source as one, even where a cable turns one of them upside down."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from livesing.audio.framing import SAMPLE_LIMIT, Floats


class Downmix:
    """The mean of the channels, or the loudest of them while the mean cancels.

    Two channels of the same sound with opposite polarity (a miswired balanced cable, a badly made
    stereo effect) sum to nothing. What is left of independent channels is 1 / channels of their mean
    power; when it is under a quarter of that, over a second, the loudest channel is heard alone, until
    it is more than half again.

    Samples that are not finite count as silence in their own channel only. Owned by one thread.
    """

    MEMORY_S = 1.0
    CANCELLED, RESTORED = 0.25, 0.5

    def __init__(self, rate: int, channels: int) -> None:
        self._rate = rate
        self._powers = np.zeros(channels)
        self._power = 0.0
        self._only: int | None = None

    @property
    def cancels(self) -> bool:
        """Whether one channel is heard alone."""
        return self._only is not None

    def push(self, block: NDArray[np.floating]) -> Floats:
        """block: [n, channels] -> [n] float32."""
        if block.shape[1] == 1:
            first: Floats = np.ascontiguousarray(block[:, 0], dtype=np.float32)
            return first
        if not len(block):
            return np.zeros(0, dtype=np.float32)
        if not np.abs(block).max() <= SAMPLE_LIMIT:
            block = np.where(np.isfinite(block), block, 0.0).clip(-SAMPLE_LIMIT, SAMPLE_LIMIT)
        mono: Floats = block.mean(axis=1, dtype=np.float32)
        step = 1.0 - math.exp(-len(block) / self._rate / self.MEMORY_S)
        powers = np.einsum("ij,ij->j", block, block, dtype=np.float64) / len(block)
        self._powers += (powers - self._powers) * step
        self._power += (float(np.dot(mono, mono)) / len(block) - self._power) * step
        left = self._power * self._powers.size / max(float(self._powers.mean()), 1e-30)
        if left < self.CANCELLED and self._powers.mean() > 1e-9:
            loudest = int(np.argmax(self._powers))
            self._only = loudest if self._only is None else self._only
        elif left > self.RESTORED:
            self._only = None
        if self._only is None:
            return mono
        alone: Floats = np.ascontiguousarray(block[:, self._only], dtype=np.float32)
        return alone
