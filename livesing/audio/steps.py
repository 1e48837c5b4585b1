"""Steps: a stream at any rate, brought to 21504 Hz and cut into stretches of exactly 500 ms."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import soxr
from numpy.typing import NDArray

from livesing.audio.framing import Floats, check_rate, clean
from livesing.audio.slow import SLOW_RATE, STEP

Blocks = Iterable[NDArray[np.floating]]
"""Mono samples of a sound, in blocks of any size."""


class Steps:
    """Cuts mono sound, pushed in blocks of any size, into steps of 10752 samples at 21504 Hz.

    soxr hands samples out up to 42 ms late (22..192 kHz; 115 ms at 8 kHz), bit by bit the same however the
    stream was cut. Memory is constant. Owned by one thread.
    """

    def __init__(self, rate: int) -> None:
        """rate: samples per second, 8000..192000. ValueError outside of that."""
        check_rate(rate)
        self.rate = rate
        self.bad_samples = 0
        """Samples that were NaN or infinite so far."""
        self._resampler = soxr.ResampleStream(rate, SLOW_RATE, 1, dtype="float32", quality="HQ")
        self._waiting: list[Floats] = []
        self._waiting_size = 0
        self._taken = 0
        self._given = 0

    def push(self, block: NDArray[np.floating]) -> list[Floats]:
        """block: [n] mono samples, full scale +-1. Returns the steps that became complete, [10752] each."""
        samples, bad = clean(block)
        self.bad_samples += bad
        if not samples.size:
            return []
        self._taken += samples.size
        return self._cut(self._resampler.resample_chunk(samples))

    def finish(self) -> list[Floats]:
        """The stream has ended: its last steps, and at the very end what is left, [0..10751]."""
        samples = self._resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True)
        # soxr rounds the number of samples down; a sound of whole steps shall keep its last one.
        whole = -(-self._taken * SLOW_RATE // self.rate)
        missing = max(0, whole - self._given - self._waiting_size - samples.size)
        steps = self._cut(np.concatenate((samples, np.zeros(missing, dtype=np.float32))))
        return [*steps, np.concatenate((*self._waiting, np.zeros(0, dtype=np.float32)))]

    def _cut(self, samples: Floats) -> list[Floats]:
        if samples.size:
            self._waiting.append(samples)
            self._waiting_size += samples.size
        if self._waiting_size < STEP:
            return []
        stream = np.concatenate(self._waiting)
        whole = self._waiting_size // STEP * STEP
        self._waiting = [stream[whole:].copy()]
        self._waiting_size -= whole
        self._given += whole
        return [stream[first : first + STEP] for first in range(0, whole, STEP)]
