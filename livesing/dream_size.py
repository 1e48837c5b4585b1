"""How large the generated frames are asked for: smaller when they come too slowly, larger again when there is
time. An engine with a size of its own shows that by not following, and is then let be."""

from typing import NamedTuple

from livesing.dreamer import SIZES
from livesing.stage.pacing import Ladder

SLOWEST_DREAM = 24.0
"""Generated frames a second under which the frames get smaller."""
PATIENCE = 60.0
"""Seconds without trouble after which larger ones are tried."""
MISSES = 2
"""Looks at frames of another size than was ordered, after which the engine has a size of its own: the first
may have been under way."""

Size = tuple[int, int]


class Seen(NamedTuple):
    """What came of the generator since the last look."""

    rate: float
    """Frames a second."""
    seconds: float
    """What the newest took to generate."""
    size: Size | None
    """Of the newest, (width, height)."""
    engine: str
    """What generates, in words."""


class DreamSize:
    """Which size to order. Time is an argument; `look` every two seconds or so."""

    def __init__(self) -> None:
        self.ordered: Size = SIZES[0]
        self.fixed = False
        """Whether the engine at work keeps a size of its own."""
        self._ladder = Ladder(tuple(range(len(SIZES))), patience=PATIENCE)
        self._misses = 0
        self._engine = ""
        self._told = SIZES[0]

    def look(self, now: float, seen: Seen, least: int = 0) -> str:
        """Decide on `ordered` -> what there is to tell of it, or nothing. `least`: the rung of SIZES that the
        window's own slowness asks for."""
        if seen.engine != self._engine:
            self._engine, self.fixed, self._misses = seen.engine, False, 0
        self._misses = 0 if seen.size == self.ordered else self._misses + 1
        if self._misses >= MISSES and not self.fixed:
            self.fixed = True
            self._ladder = Ladder(self._ladder.rungs, patience=PATIENCE)
        words = ""
        if not self._misses and self.ordered != self._told:
            self._told = self.ordered
            words = "generator at {:.1f} frames a second: now {}x{}".format(seen.rate, *self._told)
        judged = not self.fixed and not self._misses
        slow = judged and seen.seconds > 1 / SLOWEST_DREAM and seen.rate < SLOWEST_DREAM
        if judged:
            self._ladder = self._ladder.judge(now, 1, int(slow))
        self.ordered = SIZES[max(self._ladder.rung, 0 if self.fixed else min(least, len(SIZES) - 1))]
        return words
