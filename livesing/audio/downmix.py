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

    Samples that are not finite count as silence in their own channel only. What was decided holds from the
    next hop of HOP samples on, so blocks of any size give the same. Owned by one thread.
    """

    HOP = 512
    MEMORY_S = 1.0
    CANCELLED, RESTORED = 0.25, 0.5

    def __init__(self, rate: int, channels: int) -> None:
        self._step = 1.0 - math.exp(-self.HOP / rate / self.MEMORY_S)
        self._hop: Floats = np.zeros((channels, self.HOP), dtype=np.float32)
        self._filled = 0
        self._powers = [0.0] * channels
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
        if block.size and not np.abs(block).max() <= SAMPLE_LIMIT:
            block = np.where(np.isfinite(block), block, 0.0).clip(-SAMPLE_LIMIT, SAMPLE_LIMIT)
        channels: Floats = np.array(block.T, dtype=np.float32, order="C")
        mixed = _mean(channels)
        begin = 0
        while begin < len(block):
            end = min(begin + self.HOP - self._filled, len(block))
            if self._only is not None:
                mixed[begin:end] = channels[self._only, begin:end]
            self._hop[:, self._filled : self._filled + end - begin] = channels[:, begin:end]
            self._filled += end - begin
            if self._filled == self.HOP:
                self._judge()
                self._filled = 0
            begin = end
        return mixed

    def _judge(self) -> None:
        """A hop is complete: whether its channels cancel."""
        powers = np.vecdot(self._hop, self._hop).tolist()
        mean = _mean(self._hop)
        self._powers = [
            before + (power / self.HOP - before) * self._step
            for before, power in zip(self._powers, powers, strict=True)
        ]
        self._power += (float(np.dot(mean, mean)) / self.HOP - self._power) * self._step
        usual = sum(self._powers) / len(powers)
        left = self._power * len(powers) / max(usual, 1e-30)
        if left < self.CANCELLED and usual > 1e-9:
            self._only = int(np.argmax(self._powers)) if self._only is None else self._only
        elif left > self.RESTORED:
            self._only = None


def _mean(channels: Floats) -> Floats:
    """[channels, n] -> [n]. Channel by channel, which is faster than sample by sample."""
    mean: Floats = np.add.reduce(channels, axis=0)
    mean *= np.float32(1.0 / len(channels))
    return mean
