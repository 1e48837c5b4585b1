"""The colours of a look in time: palettes that fade into one another, over frames whose colours change."""

from collections.abc import Mapping

import numpy as np

from livesing.style import palette
from livesing.style.bands import APART
from livesing.style.palette import AffineColour
from livesing.style.transport import Spread, spread

SETTLE = 0.5
"""Seconds after a fade in which the map is still worked out anew at every frame."""


def grade(turn: float, params: Mapping[str, float]) -> AffineColour:
    """Light and hue of a look alone; `turn` is the hue's, in turns."""
    return palette.grade(
        params["light.brightness"], params["light.contrast"], params["light.saturation"], turn
    )


class Grading:
    """Works out the colour map of each displayed frame; owned by the render thread."""

    def __init__(self) -> None:
        self._from: Spread | None = None
        self._to: Spread | None = None
        self._start = -1e9
        self._length = 1.0
        self._seen_at: float | None = None
        self._cached: tuple[Spread, AffineColour] | None = None
        self._frame: Spread | None = None

    def recolour(self, colours: Spread | None, now: float, seconds: float) -> None:
        """Go over to another palette within `seconds`; None leaves the picture's own colours."""
        self._from = self._palette(self._frame, now)
        self._to = colours
        self._start, self._length = now, max(seconds, 1e-3)

    def see(self, thumb: np.ndarray, now: float) -> None:
        """Take in a new generated frame, small: [..., 3] sRGB 0..1."""
        dt = 0.0 if self._seen_at is None else now - self._seen_at
        if self._frame is not None and 0 < dt < APART:
            return
        self._seen_at = now
        self._frame = palette.smooth(self._frame, spread(thumb), dt)

    def colour(self, now: float, turn: float, params: Mapping[str, float]) -> AffineColour:
        """The map for a displayed frame: towards the palette by `style.strength`, then graded by `light.*`.

        `turn` is the hue's, in turns.
        """
        return grade(turn, params).after(self._styled(params["style.strength"], now))

    def _styled(self, strength: float, now: float) -> AffineColour:
        frame = self._frame
        target = self._palette(frame, now)
        if frame is None or target is None or strength == 0:
            return palette.IDENTITY
        if self._cached is None or self._cached[0] is not frame or now < self._start + self._length + SETTLE:
            self._cached = frame, palette.monge(frame, target)
        return palette.blend(palette.IDENTITY, self._cached[1], strength)

    def _palette(self, frame: Spread | None, now: float) -> Spread | None:
        """The palette at `now`, on its way from one to the next; None where it is the frame's own."""
        way = min(max((now - self._start) / self._length, 0.0), 1.0)
        before, after = self._from or frame, self._to or frame
        if before is None or after is None or (self._to is None and (way == 1.0 or self._from is None)):
            return None
        mean = before.mean + (after.mean - before.mean) * way
        return Spread(mean, before.covariance + (after.covariance - before.covariance) * way)
