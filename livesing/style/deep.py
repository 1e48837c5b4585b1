"""The deep tier: whitening and colouring of a small auto-encoder's features, at the generator's rate.

From the coarsest level to the finest, a picture is encoded, its features take on the style's statistics, and
are decoded again. What the decoder would lose of the picture anyway is not taken for style: with AE for
encoding and decoding without a change between, a level gives

    y = mix(x + (decode(T encode(x)) - AE(x)), decode(T encode(x)), keep)

and the whole is done on a smaller picture and its change enlarged. Without strength T is the identity, both
terms cancel, and what comes out is what came in, to the bit.

What encodes and decodes is a Cascade (`deep_onnx.py`, `deep_torch.py`); here is what it is told, and what is
remembered from frame to frame.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from livesing.style.feature_transform import (
    FeatureMap,
    FeatureStatistics,
    between,
    unchanged,
    whiten_colour,
)
from livesing.style.styling import arrived

SECONDS = 0.7
"""Time constant with which a frame's statistics follow; see `bands.SECONDS`."""
CHANGE_SECONDS = 0.15
"""The same while one style takes over from another."""
HASTE = 4.0
"""Share of the new by share of the strength by which it changes from frame to frame."""
STYLE_ROWS = 288
"""Rows at which a style's features are measured."""
LOOSE = 0.35
"""Share of the decoder's own picture at full strength: its brushwork, against the frame's finest detail."""
OWN_SHARES: tuple[float, ...] = (0.5, 0.75, 1.0)
"""Of livesing's own network: in full, its coarse filters would give every edge a halo."""
OWN_MOST_GAIN = 1.8
"""With more, a style of hard contrasts flickers when the picture moves."""
ROWS = (216, 144, 96)
"""Rows at which a frame is painted, best first; a slow machine steps down. With more rows fine detail would
flicker when the picture moves."""

Features = tuple[FeatureStatistics, ...]
"""By level, from the coarsest to the finest."""


class Result(NamedTuple):
    """What a cascade makes of a picture."""

    painted: np.ndarray
    """[h, w, 4] uint8"""
    features: Features
    """Of what each level was given."""


class Cascade(Protocol):
    """Encoders and decoders of some levels."""

    channels: tuple[int, ...]
    """By level, from the coarsest to the finest."""
    shares: tuple[float, ...]
    """Of the strength, by level."""
    most_gain: float
    """By which a direction of the features may be amplified."""
    note: str
    """What runs it, in a few words."""

    def run(self, pixels: np.ndarray, rows: int, maps: Sequence[FeatureMap], loose: float) -> Result:
        """Paint a picture, [h, w, 4] uint8, at `rows` rows; `loose` is the decoder's own share."""
        ...


def style_features(cascade: Cascade, picture: np.ndarray) -> Features:
    """Encode a style once. `picture`: [h, w, 3] uint8."""
    still = [unchanged(channels) for channels in cascade.channels]
    return cascade.run(opaque(picture), STYLE_ROWS, still, 0.0).features


def working_size(height: int, width: int, rows: int, multiple: int) -> tuple[int, int]:
    """(rows, columns) near to `rows` with the picture's shape, never larger than it is, both multiples."""
    scale = min(rows / height, 1.0)
    high, wide = (max(round(side * scale / multiple), 1) * multiple for side in (height, width))
    return high, wide


def opaque(picture: np.ndarray) -> np.ndarray:
    """[h, w, 3] uint8 -> [h, w, 4] uint8."""
    pixels = np.full((*picture.shape[:2], 4), 255, np.uint8)
    pixels[..., :3] = picture
    return pixels


class DeepPainter:
    """Paints a stream of frames; remembers their statistics, and the style that comes in."""

    def __init__(self, cascade: Cascade) -> None:
        self.cascade = cascade
        self._frame: Features | None = None
        self._style: Features | None = None
        self._before: Features | None = None
        self._changed = 0.0
        self._strength = 0.0

    @property
    def ready(self) -> bool:
        """Whether there is a style."""
        return self._style is not None

    def hang(self, style: Features, now: float) -> None:
        """Go over to another style, as the style pass does."""
        if style is not self._style:
            self._before = self.style(now)
            self._style, self._changed = style, now

    def style(self, now: float) -> Features | None:
        """The style's statistics at `now`, perhaps on their way from one to the next."""
        if self._style is None or self._before is None:
            return self._style
        part = arrived(now - self._changed)
        if part == 1.0:
            self._before = None
            return self._style
        return between(self._before, self._style, part)

    def paint(self, pixels: np.ndarray, now: float, dt: float, strength: float, rows: int) -> np.ndarray:
        """A frame, [h, w, 4] uint8, `dt` seconds after the one before -> painted, of the same shape."""
        style = self.style(now)
        if style is None or strength <= 0.0:
            return pixels
        if self._frame is None:
            self._frame = self._settle(pixels, style, strength, rows)
        maps = [
            whiten_colour(frame, wanted, strength * share, self.cascade.most_gain)
            for frame, wanted, share in zip(self._frame, style, self.cascade.shares, strict=True)
        ]
        painted, seen = self.cascade.run(pixels, rows, maps, LOOSE * strength)
        self._frame = between(self._frame, seen, self._follow(strength, dt))
        return painted

    def _follow(self, strength: float, dt: float) -> float:
        """Share of the new in the statistics.

        Finer levels see what the coarser ones make of the frame: while strength or style change, theirs do
        too, and must not lag behind, or what is coarser would be done twice.
        """
        moved = abs(strength - self._strength) / max(strength, 0.02)
        self._strength = strength
        seconds = CHANGE_SECONDS if self._before is not None else SECONDS
        return max(-float(np.expm1(-dt / seconds)), min(HASTE * moved, 1.0))

    def forget(self) -> None:
        """The next frame has nothing to do with those before."""
        self._frame = None

    def _settle(self, pixels: np.ndarray, style: Features, strength: float, rows: int) -> Features:
        """The statistics of a first frame: each level sees what the coarser ones make of it."""
        maps = [unchanged(channels) for channels in self.cascade.channels]
        seen = self.cascade.run(pixels, rows, maps, 0.0).features
        for level in range(len(maps) - 1):
            share, most = self.cascade.shares[level], self.cascade.most_gain
            maps[level] = whiten_colour(seen[level], style[level], strength * share, most)
            seen = self.cascade.run(pixels, rows, maps, LOOSE * strength).features
        return seen
