"""Ring: where sound meets analysis.

One writer (the audio callback, which only copies), any number of readers by absolute sample index. The
writer never waits: a reader that falls more than the capacity behind loses sound, and the loss is counted. A
reader may wait for the writer.
"""

import threading
from contextlib import suppress

import numpy as np

from livesing.clock import now as clock_now


class Ring:
    """A circular buffer of float32 sound, `capacity` samples (a power of two) by `channels`.

    The writer announces how far it will write, stores the samples, and only then raises the count: a reader
    that sees the count sees the samples, and the announcement tells it after copying whether the writer
    has begun to overwrite them meanwhile.
    """

    def __init__(self, capacity: int = 1 << 17, channels: int = 1) -> None:
        if capacity < 2 or capacity & (capacity - 1):
            raise ValueError(f"capacity must be a power of two, got {capacity}")
        if channels < 1:
            raise ValueError(f"channels must be at least 1, got {channels}")
        self.capacity = capacity
        self.channels = channels
        self.overruns = 0
        """How often a reader had to skip sound that was overwritten before it was read."""
        self.stamp = clock_now()
        """Clock time of the newest write; the supervisor takes its age for the age of the source."""
        self._samples = np.zeros((capacity, channels), np.float32)
        self._written = 0
        self._announced = 0
        self._overruns_lock = threading.Lock()
        self._bells: tuple[threading.Lock, ...] = ()
        """Of the readers that wait: held while there is nothing new, let go of by every write."""

    @property
    def written(self) -> int:
        """Samples written since the start: the absolute index of the next one."""
        return self._written

    def write(self, block: np.ndarray) -> None:
        """Append `block` [n, channels] (or [n] for one channel). Called by one thread only; never blocks."""
        block = block.reshape(-1, self.channels)
        self._announced = self._written + len(block)
        skipped = max(0, len(block) - self.capacity)  # of a block larger than the ring only the end stays
        first = (self._written + skipped) % self.capacity
        tail = block[skipped:]
        upto_end = min(len(tail), self.capacity - first)
        self._samples[first : first + upto_end] = tail[:upto_end]
        self._samples[: len(tail) - upto_end] = tail[upto_end:]
        self._written = self._announced
        self.stamp = clock_now()
        for bell in self._bells:
            with suppress(RuntimeError):  # rung already
                bell.release()

    def read(self, start: int, count: int) -> np.ndarray | None:
        """Copy samples `start` to `start + count` -> [count, channels], or None if any of them is gone.

        Raises ValueError for samples that are not written yet.
        """
        if start < 0 or count < 0 or start + count > self._written:
            raise ValueError(f"samples {start}..{start + count} of {self._written} are not there yet")
        first = start % self.capacity
        upto_end = min(count, self.capacity - first)
        parts = self._samples[first : first + upto_end], self._samples[: count - upto_end]
        block = parts[0].copy() if upto_end == count else np.concatenate(parts)
        return block if self._announced - start <= self.capacity else None

    def reader(self) -> "RingReader":
        """A new reader that begins with the sound to come."""
        return RingReader(self)


class RingReader:
    """One reader's place in a Ring; owned by one thread."""

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self.position = ring.written
        self._bell: threading.Lock | None = None

    def wait(self, seconds: float) -> bool:
        """Until there is something new, at most that long -> whether there is."""
        if self._bell is None:
            self._bell = threading.Lock()
            self.ring._bells += (self._bell,)  # one reader begins to wait at a time
        until = clock_now() + seconds
        while self.ring.written == self.position:
            left = until - clock_now()
            if left <= 0.0:
                return False
            self._bell.acquire(timeout=left)
        return True

    def read(self, most: int) -> tuple[int, np.ndarray]:
        """The next unread samples, at most `most` -> (absolute index of the first, [n, channels]).

        n is 0 when there is nothing new. After an overrun it goes on with the newest half of the ring
        and counts the loss in `ring.overruns`.
        """
        while True:
            count = min(most, self.ring.written - self.position)
            block = self.ring.read(self.position, count)
            if block is not None:
                first, self.position = self.position, self.position + count
                return first, block
            with self.ring._overruns_lock:
                self.ring.overruns += 1
            # Never back: a block larger than half the ring may be announced, but not be there yet.
            self.position = max(self.position, self.ring.written - self.ring.capacity // 2)
