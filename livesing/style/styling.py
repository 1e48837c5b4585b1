"""Which style paints: the one nearest to the music's feeling, and the way from one to the next."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from livesing.style.bands import Statistics
from livesing.style.style_image import StyleImage
from livesing.style.wct import StyleMaps, style_maps

MARGIN = 0.3
"""Standard deviations by which another style must be nearer, so that two do not take turns."""
DWELL = 5.0
"""Seconds that a style stays at least."""
CHANGE = 2.0
"""Seconds that one takes over from another."""
THRESHOLD = 0.5
"""Mean of valence and arousal beyond which it is positive or negative (Passalis & Doropoulos 2019)."""
SIGNS = ("negative", "neutral", "positive")


class Placed(NamedTuple):
    """A style and where it lies in the plane of feeling."""

    image: StyleImage
    valence: float
    arousal: float


class Repertoire(NamedTuple):
    """The styles of a look."""

    styles: tuple[Placed, ...] = ()
    signs: Mapping[str, int] = {}
    """Where a look chooses by the sign of the feeling and not by nearness: the place of the style for each of
    SIGNS."""


def nearest(styles: Sequence[Placed], valence: float, arousal: float, current: int | None) -> int:
    """The place of the style for a feeling; `current` keeps its own unless another is nearer by MARGIN."""
    away = [math.hypot(style.valence - valence, style.arousal - arousal) for style in styles]
    best = min(range(len(away)), key=away.__getitem__)
    if current is not None and current < len(away) and away[current] < away[best] + MARGIN:
        return current
    return best


def sign(valence: float, arousal: float) -> str:
    """Of a feeling, by the paper's thresholds."""
    mean = (valence + arousal) / 2
    return SIGNS[1 + (mean > THRESHOLD) - (mean < -THRESHOLD)]


def arrived(seconds: float) -> float:
    """How far a style has come in so many seconds after the change, 0..1, along a smooth step."""
    part = min(max(seconds / CHANGE, 0.0), 1.0)
    return part * part * (3 - 2 * part)


class Styling:
    """The style that is on, and the one that it takes over from; owned by the render thread."""

    def __init__(self) -> None:
        self.style: StyleImage | None = None
        self._before: StyleImage | None = None
        self._changed = -math.inf
        self._repertoire = Repertoire()
        self._place: int | None = None
        self._cached: tuple[tuple[np.ndarray, StyleImage, float], StyleMaps] | None = None

    def hang(self, repertoire: Repertoire, now: float) -> None:
        """Go over to a look's styles; the choice among them comes with the next step."""
        if repertoire is not self._repertoire:
            self._repertoire, self._place = repertoire, None

    def step(self, now: float, valence: float, arousal: float) -> bool:
        """Choose by the feeling, in z-scores -> whether another style comes in."""
        styles, signs = self._repertoire
        if not styles:
            changed, self.style, self._before = self.style is not None, None, None
            return changed
        if self._place is not None and now - self._changed < DWELL:
            return False
        place = signs[sign(valence, arousal)] if signs else nearest(styles, valence, arousal, self._place)
        if place == self._place:
            return False
        self._place = place
        if styles[place].image is self.style:
            return False
        self._before, self.style, self._changed = self.style, styles[place].image, now
        return True

    def arrived(self, now: float) -> float:
        """How far the style has come in, 0..1, along a smooth step."""
        return 1.0 if self._before is None else arrived(now - self._changed)

    def maps(self, now: float, frame: Statistics | None) -> StyleMaps | None:
        """What the style pass does to frames of these statistics; None without a style or a frame."""
        if self.style is None or frame is None:
            return None
        made_of = frame.covariances, self.style, self.arrived(now)
        if self._cached is None or not _same(made_of, self._cached[0]):
            self._cached = made_of, style_maps(frame, self.style, self._before, made_of[2])
        return self._cached[1]._replace(mean=frame.mean)


def _same(one: tuple[np.ndarray, StyleImage, float], other: tuple[np.ndarray, StyleImage, float]) -> bool:
    """Arrays are compared by identity: they are replaced, never written to."""
    return one[0] is other[0] and one[1] is other[1] and one[2] == other[2]
