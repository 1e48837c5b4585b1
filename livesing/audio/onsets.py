"""Note onsets, by aubio: surer than the flux gate's hits, and some 50 ms later; good for a rate."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from livesing.audio.framing import Floats, Framer


class NoteOnsets:
    """Counts note onsets, the same at any gain.

    Each hop of about 12 ms is brought to the level of the loudest of the last seconds before aubio
    hears it, whose memory is long: a few hops at another level would change what it finds a minute
    later. What is too faint to be music is not counted.

    count  onsets so far
    """

    LOUD_RMS = 0.1
    RELEASE_S = 10.0
    FAINTEST_RMS = 10.0 ** (-66 / 20)
    """No onset under it: the hiss of an input."""
    NOTHING_RMS = 10.0 ** (-140 / 20)
    """The dust of resamplers: what has never been louder is not brought to any level."""
    STEEPEST = 2.0
    """Most that the gain falls by within a hop."""
    RANGE_DB = 40.0
    """An onset this far under the loudest is none."""

    def __init__(self, rate: float, memory_s: float) -> None:
        """memory_s: how far back `rate` looks."""
        import aubio  # here, so that importing this module stays cheap

        # A power of two near 12 ms, where aubio is at its best (512 at 44.1 and 48 kHz).
        hop = 2 ** round(math.log2(rate * 0.0125))
        # Modified Kullback-Leibler: on fast tonal music the default (high-frequency content) misses half
        # of the notes, the plain spectral flux hears notes in a steady tone.
        self._onset = aubio.onset("mkl", 2 * hop, hop, int(rate))
        self._onset.set_silence(20.0 * math.log10(self.LOUD_RMS) - self.RANGE_DB)
        self._framer = Framer(hop, hop)
        self._ramp = (np.arange(hop, dtype=np.float32) + 1.0) / hop
        self._release = math.exp(-hop / rate / self.RELEASE_S)
        self._loudest = 0.0
        self._gain = math.inf
        self._rate = rate
        self._memory = memory_s * rate
        self._places: deque[int] = deque()
        self._now = 0
        self.count = 0

    def push(self, block: Floats) -> None:
        """block: [n] float32, clean."""
        for frame in self._framer.push(block):
            self._now += frame.size
            rms = math.sqrt(float(np.dot(frame, frame)) / frame.size)
            self._loudest = max(self._loudest * self._release, rms, self.NOTHING_RMS)
            gain = self.LOUD_RMS / self._loudest
            # A slope and no step: a step of the gain would be an onset itself. What is much louder than
            # all before is one anyway.
            before = min(self._gain, self.STEEPEST * gain)
            self._gain = gain if self._loudest > self.NOTHING_RMS else math.inf
            levelled = frame * (before + (gain - before) * self._ramp)
            # aubio always finds an onset where the stream begins.
            begins = bool(self._onset(levelled)[0]) and rms > self.FAINTEST_RMS
            if begins and self._now > 2 * frame.size:
                self.count += 1
                self._places.append(self._now)
            while self._places and self._places[0] <= self._now - self._memory:
                self._places.popleft()

    @property
    def per_second(self) -> float:
        """Onsets per second over the last `memory_s` seconds."""
        heard = min(max(self._now, self._rate), self._memory) / self._rate
        return len(self._places) / heard
