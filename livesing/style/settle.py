"""How paint settles: the painted picture follows the dream's details slowly, its light and contrast at once.

A style of strong contrast makes much of the dream's noise and of each small change. So what is painted is
mixed with what was painted before, moved along with the picture. Pulses must not be lost in that: what was
painted before is first brought to the mean and the contrast that the dream has now. And where the two differ
by more than MOST, the picture has changed, and the paint with it.
"""

from typing import NamedTuple

import numpy as np

from livesing.style.wct import StyleMaps

SECONDS = 1.0
"""Time constant."""
MOST = 0.25
"""Of a channel, 0..1: further behind the paint never is."""
MOST_GAIN = 1.5
"""By which contrast may change from one displayed frame to the next and still be taken for a pulse."""


class Level(NamedTuple):
    """A picture's light and contrast at one moment."""

    mean: np.ndarray
    """[3]"""
    contrast: float
    """Root of the summed variance of the channels."""

    def towards(self, newer: "Level", part: float) -> "Level":
        """Of two frames mixed in time."""
        contrast = self.contrast + (newer.contrast - self.contrast) * part
        return Level(self.mean + (newer.mean - self.mean) * part, contrast)

    def painted(self, work: StyleMaps) -> "Level":
        """Where the light is when it is painted; the contrast is the dream's own.

        A pulse of the dream's light is never larger in the paint, whatever the map's gain: of a picture that
        was grey, the first colours would flood all of it.
        """
        pulse = self.mean - work.mean
        mapped = work.maps[-1] @ pulse
        most = float(np.linalg.norm(pulse)) / max(float(np.linalg.norm(mapped)), 1e-12)
        return Level(work.style_mean + min(most, 1.0) * mapped, self.contrast)

    def ground(self, work: StyleMaps) -> np.ndarray:
        """[3], the colour for the mean of the frames' statistics, so that `painted` is the mean's."""
        return self.painted(work).mean - work.maps[-1] @ (self.mean - work.mean)

    def gain(self, before: "Level") -> float:
        """By which what was painted before gets the contrast of now."""
        return min(max(self.contrast / before.contrast, 1 / MOST_GAIN), MOST_GAIN)
