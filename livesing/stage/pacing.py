"""When to draw the next frame, and at which rate: pure functions of what was measured.

Deadlines are absolute (`deadline += period`): sleeping for `period - work` would add up every error. A frame
that comes late skips whole periods, so the show drops frames instead of lagging behind the music.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

LATE = 1.5
"""A frame later than this many periods after the one before counts as late."""

SLACK = 0.75
"""Periods by which a deadline may be past and still be kept."""


class Deadline(NamedTuple):
    """The next frame's time and how many periods were given up to reach it."""

    time: float
    skipped: int


def next_deadline(deadline: float, period: float, now: float) -> Deadline:
    """The deadline after `deadline`: seconds in, seconds out.

    One that is past by less than SLACK periods is kept, and the frame drawn at once: it comes a little
    late, and the one after it on time again. Further behind, whole periods are given up.
    """
    following = deadline + period
    behind = now - following
    if behind <= SLACK * period:
        return Deadline(following, 0)
    skipped = int(behind / period + 1 - SLACK)
    return Deadline(following + skipped * period, skipped)


@dataclass(frozen=True)
class Ladder:
    """A rate that steps down when a machine cannot hold it, and carefully tries again.

    A rung is left downwards when more than `tolerance` of the frames were late in `strikes` windows in a
    row, and upwards after `patience` seconds without trouble; each step down doubles the patience, so that
    a machine between two rungs settles on the lower one.
    """

    rungs: Sequence[float]
    """Rates in frames per second, best first."""
    rung: int = 0
    patience: float = 30.0
    since: float = 0.0
    """When the present rung was entered or last had trouble, in seconds."""
    tolerance: float = 0.10
    strikes: int = 2
    struck: int = 0
    longest_patience: float = 1800.0

    @property
    def rate(self) -> float:
        return self.rungs[self.rung]

    def judge(self, now: float, frames: int, late: int) -> "Ladder":
        """The ladder after a window of `frames`, `late` of them late, that ended at `now`."""
        trouble = frames > 0 and late / frames > self.tolerance
        struck = self.struck + 1 if trouble else 0
        if struck >= self.strikes and self.rung + 1 < len(self.rungs):
            patience = min(self.patience * 2, self.longest_patience)
            return replace(self, rung=self.rung + 1, patience=patience, since=now, struck=0)
        if trouble:
            return replace(self, since=now, struck=struck)
        if self.rung > 0 and now - self.since >= self.patience:
            return replace(self, rung=self.rung - 1, since=now, struck=0)
        return replace(self, struck=0)


PHASE_SECONDS = 3.0
"""Time constant with which the moment of presenting moves forward again after frames that took long."""
LATEST_PHASE = 1.0
"""A frame is held back until at most this share of its period."""


class Pacer:
    """Turns a wished rate into waits; the loop sleeps and tells when frames were presented.

    Where swaps wait for the display at the wished rate, the display paces and the pacer only keeps the loop
    from spinning. Some drivers promise that and do not keep it: when frames come too fast, the pacer goes
    over to deadlines of its own.
    """

    TRIAL = 60

    def __init__(self, rate: float, refresh: float = 0.0) -> None:
        self.refresh = refresh
        self.skipped = 0
        self._deadline: float | None = None
        self._presented: float | None = None
        self._phase = 0.0  # from the deadline to the moment of presenting, in seconds
        self._swaps_wait = refresh > 0
        self._intervals: list[float] = []
        self.rate = rate

    @property
    def period(self) -> float:
        return 1.0 / self.rate

    @property
    def display_paced(self) -> bool:
        """Whether the display's own swaps set the pace."""
        return self._swaps_wait and abs(self.rate - self.refresh) < 0.05 * self.refresh

    def wait(self, now: float) -> float:
        """Seconds to sleep before drawing the next frame."""
        if self.display_paced:
            self._deadline = None
            return 0.0
        if self._deadline is None:
            self._deadline = now
            return 0.0
        self._deadline, skipped = next_deadline(self._deadline, self.period, now)
        self.skipped += skipped
        return max(0.0, self._deadline - now)

    def hold(self, now: float) -> float:
        """Seconds to hold a drawn frame back before it is presented.

        Frames take unevenly long to draw. Presented as soon as they are done, they would come unevenly; held
        until the time that nearly all of them are done by, they come evenly, for a few milliseconds of delay.
        Where the display paces, it does this itself.
        """
        if self.display_paced or self._deadline is None:
            return 0.0
        drawn = min(max(now - self._deadline, 0.0), LATEST_PHASE * self.period)
        self._phase = max(drawn, self._phase + (drawn - self._phase) * self.period / PHASE_SECONDS)
        return max(0.0, self._deadline + self._phase - now)

    def presented(self, now: float) -> float | None:
        """A frame was presented -> seconds since the one before, None for the first."""
        before, self._presented = self._presented, now
        if before is None:
            return None
        if self.display_paced:
            self._watch_swaps(now - before, now)
        return now - before

    def _watch_swaps(self, interval: float, now: float) -> None:
        self._intervals.append(interval)
        if len(self._intervals) == self.TRIAL:
            if sorted(self._intervals)[self.TRIAL // 2] < 0.8 / self.refresh:
                self._swaps_wait, self._deadline = False, now
            self._intervals.clear()
