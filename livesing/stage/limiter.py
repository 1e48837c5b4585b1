"""A flash limiter for the light that the pulse drives.

A flash is a pair of opposing changes of relative luminance of at least a tenth (WCAG 2.3.1). The light is a
gain in linear light, so over a white picture its changes are luminance changes, and over any other they are
smaller: what is safe on white is safe. In any second at most three opposing changes of a tenth or more
pass; a further one is cut so that it stays below a tenth.
"""

from collections import deque

CHANGE = 0.095
"""Just under a tenth: rounding to 8 bits must not carry a change over it."""
CUT = 0.093
"""How far a change may go that is one too many."""
MOST = 3
WINDOW = 1.05
"""Seconds; a little more than one, since a frame is presented after it was computed."""


class FlashLimiter:
    """Follows the light from frame to frame; owned by the render thread."""

    def __init__(self, light: float = 1.0) -> None:
        # The furthest the light has gone since it turned; both count until the first change is decided.
        self._low = self._high = light
        self._direction = 0  # +1 rising, -1 falling, 0 not decided yet
        self._ends: deque[float] = deque(maxlen=MOST)
        """When each of the latest changes ended, or for the newest: when it last went further."""
        self.limited = 0
        """Frames whose light was cut."""

    def step(self, now: float, light: float) -> float:
        """The light that may be shown at `now` when `light` is wished: a gain, 0 and up."""
        if self._direction <= 0 and light - self._low >= CHANGE:
            light = self._turn(now, 1, light, self._low + CUT)
        elif self._direction >= 0 and self._high - light >= CHANGE:
            light = self._turn(now, -1, light, self._high - CUT)
        elif (light > self._high and self._direction > 0) or (light < self._low and self._direction < 0):
            self._ends[-1] = now  # a long change is one of those in every second that it touches
        self._low = light if self._direction > 0 else min(self._low, light)
        self._high = light if self._direction < 0 else max(self._high, light)
        return light

    def _turn(self, now: float, direction: int, light: float, cut: float) -> float:
        """Turn to `direction` if that is not one change too many -> the light to show."""
        if sum(now - end < WINDOW for end in self._ends) >= MOST:
            self.limited += 1
            return cut
        self._ends.append(now)
        self._direction = direction
        self._low = self._high = light
        return light
