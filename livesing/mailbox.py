"""Mailbox: the latest value wins, between threads and between processes.

One writer, any number of readers, three slots, no lock and no queue: a slow reader skips values, it never
lags behind, and it never holds the writer up. A frame, a Pulse, a Mood, a snapshot of Params: each travels
in a mailbox of its own.

How it stays whole: the writer takes the slot after the newest one, marks it empty, fills it, and then marks
it with its sequence number. A reader copies the newest slot and looks at the mark again: if it changed
while copying (the writer came round three times meanwhile), it reads anew.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, NamedTuple

import numpy as np

SLOTS = 3
_MARKS = np.dtype([("newest", "u8"), ("sequence", "u8", SLOTS), ("stamp", "f8", SLOTS)])


class Letter(NamedTuple):
    """A value and what was written on its envelope."""

    sequence: int
    """1 for the first value, one more for each."""
    stamp: float
    """Clock time that the writer gave it, in seconds."""
    value: Any
    """numpy record or array of the mailbox's dtype."""


def _fence() -> None:
    """Keep the processor from moving memory accesses across this point.

    x86 needs none; ARM does. Two rounds of an uncontended lock order what stands before against what
    stands after (a single one would let both drift into its critical section).
    """
    for _ in range(2):
        with _FENCE:
            pass


_FENCE = threading.Lock()


class Mailbox:
    """Room for one value of `dtype` (a structured dtype, or a sub-array such as `np.dtype(("f8", 12))`).

    `shared=True` puts it into anonymous shared memory that survives any reader or writer; hand the mailbox
    to a spawned process as an argument.
    """

    def __init__(self, dtype: Any, *, shared: bool = False) -> None:
        self.dtype = np.dtype(dtype)
        size = _MARKS.itemsize + SLOTS * self.dtype.itemsize
        # RawArray is inherited by spawned children without a name that could be left behind in /dev/shm.
        self._memory: Any = get_context("spawn").RawArray("B", size) if shared else bytearray(size)
        self._map()

    def _map(self) -> None:
        self._marks = np.frombuffer(self._memory, _MARKS, 1)[0]
        base, shape = self.dtype.base, self.dtype.shape
        self._slots = np.frombuffer(self._memory, np.uint8, offset=_MARKS.itemsize)
        self._slots = self._slots.view(base).reshape(SLOTS, *shape)

    def __getstate__(self) -> dict[str, Any]:
        return {"dtype": self.dtype, "_memory": self._memory}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._map()

    @property
    def newest(self) -> int:
        """Sequence number of the newest value; 0 while there is none."""
        return int(self._marks["newest"])

    def put(self, value: Any, stamp: float) -> int:
        """Publish `value` (anything numpy can assign to the dtype); returns its sequence number."""
        with self.slot(stamp) as room:
            room[...] = value
        return self.newest

    @contextmanager
    def slot(self, stamp: float) -> Iterator[np.ndarray]:
        """Fill the next value in place: yields a view of it, publishes it when the block ends.

        When the block raises, nothing is published. Only the one writer may call this.
        """
        sequence = self.newest + 1
        index = sequence % SLOTS
        self._marks["sequence"][index] = 0
        _fence()
        yield self._slots[index : index + 1].reshape(self.dtype.shape)
        self._marks["stamp"][index] = stamp
        _fence()
        self._marks["sequence"][index] = sequence
        _fence()
        self._marks["newest"] = sequence

    def get(self, newer_than: int = 0) -> Letter | None:
        """A copy of the newest value, or None when there is none newer than sequence `newer_than`."""
        while True:
            letter = self.peek(newer_than)
            if letter is None:
                return None
            copy = letter._replace(value=letter.value.copy())
            if self.holds(letter):
                return copy

    def peek(self, newer_than: int = 0) -> Letter | None:
        """Like `get`, but the value is a view into the slot: ask `holds` after using it."""
        while True:
            sequence = self.newest
            if sequence <= newer_than:
                return None
            index = sequence % SLOTS
            _fence()
            if int(self._marks["sequence"][index]) == sequence:
                value = self._slots[index : index + 1].reshape(self.dtype.shape)
                return Letter(sequence, float(self._marks["stamp"][index]), value)

    def holds(self, letter: Letter) -> bool:
        """Whether the slot that `letter` looks into has kept its value until now."""
        _fence()
        return int(self._marks["sequence"][letter.sequence % SLOTS]) == letter.sequence
