"""A flash limiter for the light that the pulse drives.

A flash is a pair of opposing changes of relative luminance of at least a tenth (WCAG 2.3.1). The light is a
gain in linear light, so over a white picture its changes are luminance changes, and over any other they are
smaller: what is safe on white is safe. In any second at most three opposing changes of a tenth or more
pass; a further one is cut so that it stays below a tenth.
"""

from collections import deque

CHANGE = 0.095
"""Just under a tenth: rounding to 8 bits must not carry a change over it."""
MOST = 3
WINDOW = 1.05
"""Seconds; a little more than one, since a frame is presented after it was computed."""


class FlashLimiter:
    """Follows the light from frame to frame; owned by the render thread."""

    def __init__(self, light: float = 1.0) -> None:
        self._extreme = light  # the furthest the light has gone in its present direction
        self._direction = 0  # +1 rising, -1 falling, 0 not decided yet
        self._light = light
        self._changes: deque[float] = deque(maxlen=MOST)
        self.limited = 0
        """Frames whose light was cut."""

    def step(self, now: float, light: float) -> float:
        """The light that may be shown at `now` when `light` is wished: a gain, 0 and up."""
        turn = light - self._extreme
        direction = 1 if turn > 0 else -1
        opposing = direction != self._direction and abs(turn) >= CHANGE
        if opposing:
            recent = sum(1 for time in self._changes if now - time < WINDOW)
            if recent >= MOST:
                light = self._extreme + direction * CHANGE * 0.98
                self.limited += 1
            else:
                self._changes.append(now)
                self._direction = direction
                self._extreme = light
        if (light - self._extreme) * self._direction > 0:
            self._extreme = light
        self._light = light
        return light
