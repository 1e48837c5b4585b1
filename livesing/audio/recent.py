"""The newest rows of a stream, by absolute index, in constant memory."""

from __future__ import annotations

import numpy as np

from livesing.audio.framing import Floats


class Recent:
    """Remembers at least the last `keep` rows that were pushed; before the first one all is zero.

    A row is a sample (`width` 0) or a vector of `width` float32. Owned by one thread.
    """

    def __init__(self, keep: int, width: int = 0) -> None:
        self._keep = keep
        self._rows: Floats = np.zeros((2 * keep, width) if width else 2 * keep, dtype=np.float32)
        self._filled = keep
        self.end = 0
        """Rows pushed so far: the index of the next one."""

    def push(self, rows: Floats) -> None:
        """rows: [n] or [n, width], n up to `keep`: the next ones of the stream."""
        if len(rows) > self._keep:
            raise ValueError(f"{len(rows)} rows at once are more than the {self._keep} that are kept")
        if self._filled + len(rows) > len(self._rows):
            self._rows[: self._keep] = self._rows[self._filled - self._keep : self._filled]
            self._filled = self._keep
        self._rows[self._filled : self._filled + len(rows)] = rows
        self._filled += len(rows)
        self.end += len(rows)

    def span(self, first: int, last: int) -> Floats:
        """Rows first..last-1, last at most `end`: a view, not to be written, good until the next push."""
        offset = self._filled - self.end
        if last > self.end or first + offset < 0 or first < self.end - self._keep:
            raise IndexError(f"rows {first}..{last} are not within the last {self._keep} of {self.end}")
        return self._rows[first + offset : max(first, last) + offset]
