"""Which two generated frames to show between, and how far: 12 generated frames a second look like 60.

Frames carry the time they were dreamt for. The picture is shown a little behind, just so much that the
frame after the present moment has usually arrived, and crossfades between its neighbours in dream time; so
the motion is as even as the latent path, however unevenly the frames arrive.
"""

from typing import NamedTuple

LONGEST_DELAY = 0.6
"""Seconds; beyond it the picture steps rather than lags."""
SLOW_DOWN = 2.0
"""Time constant, in seconds, with which the delay shrinks when frames arrive sooner."""


class Blend(NamedTuple):
    """Show `older` and `newer` (places in the store of textures) mixed by `mix` 0..1."""

    older: int
    newer: int
    mix: float


class FrameTimeline:
    """Times of the last few frames, each with its place in a store of `size` textures."""

    def __init__(self, size: int = 4) -> None:
        self.size = size
        self.delay = 0.0
        self._frames: list[tuple[float, int]] = []  # (dream time, place), oldest first
        self._next = 0
        self._arrived = 0.0

    def place(self) -> int:
        """Where to upload the next frame: never a place that is being shown."""
        return self._next

    def add(self, stamp: float, now: float) -> None:
        """The frame dreamt for `stamp` was uploaded to `place()` at `now`."""
        if self._frames and stamp <= self._frames[-1][0]:
            self._frames.clear()  # a new generator process with a stamp that does not follow
        if self._frames:
            # Wait for one more frame: its way here, plus the time until it is asked for.
            needed = min((now - stamp) + (stamp - self._frames[-1][0]), LONGEST_DELAY)
            passed = now - self._arrived
            relaxed = self.delay + (needed - self.delay) * min(1.0, passed / SLOW_DOWN)
            self.delay = max(needed, relaxed) if needed > self.delay else relaxed
        self._arrived = now
        self._frames.append((stamp, self._next))
        del self._frames[: -self.size + 1]
        # Further back than the oldest frame kept there is nothing to fade between.
        self.delay = min(self.delay, max(0.0, now - self._frames[0][0]))
        self._next = (self._next + 1) % self.size

    def at(self, now: float) -> Blend | None:
        """What to show at `now`; None before the first frame."""
        if not self._frames:
            return None
        moment = now - self.delay
        for (before, older), (after, newer) in zip(self._frames, self._frames[1:], strict=False):
            if moment < after:
                return Blend(older, newer, min(max((moment - before) / (after - before), 0.0), 1.0))
        last = self._frames[-1][1]
        return Blend(last, last, 0.0)

    def newest(self) -> float | None:
        """The newest frame's dream time."""
        return self._frames[-1][0] if self._frames else None
