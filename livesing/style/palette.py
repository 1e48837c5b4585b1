"""Colour by optimal transport: recolour the picture so that its colours spread as a palette's do.

The first rung of the whitening-colouring transform: one affine map for the whole picture. The frame's mean
and covariance are measured on a thumbnail and smoothed over time; the palette's are fixed. Colours are sRGB
0..1 throughout.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from livesing.style import transport
from livesing.style.transport import Spread, spread

RIDGE = 2e-3
"""Added to both covariances: a flat picture or a two-colour palette has no inverse without it."""
MOST_GAIN = 4.0
"""Largest 2-norm of T: a nearly flat picture is not blown up into its own noise."""
SECONDS = 1.0
"""Time constant of the frame's statistics; shorter ones would take back what the music does."""


class AffineColour(NamedTuple):
    """y = matrix @ x + offset on sRGB columns."""

    matrix: np.ndarray
    offset: np.ndarray

    def after(self, first: "AffineColour") -> "AffineColour":
        """The map that does `first` and then this one."""
        return AffineColour(self.matrix @ first.matrix, self.matrix @ first.offset + self.offset)


IDENTITY = AffineColour(np.eye(3), np.zeros(3))


def palette_spread(palette: Sequence[tuple[float, float, float]]) -> Spread:
    """The spread of a palette, dark to light, taken as a gradient through its colours.

    Steps between neighbours are filled in, so that two colours make a line and not two points.
    """
    stops = np.array(palette, np.float64)
    places = np.linspace(0, len(stops) - 1, 64)
    return spread(np.stack([np.interp(places, np.arange(len(stops)), stops[:, c]) for c in range(3)], axis=1))


def monge(source: Spread, target: Spread) -> AffineColour:
    """The Monge map from one spread to another; always finite."""
    ridge = RIDGE * np.eye(3)
    matrix = transport.monge(source.covariance + ridge, target.covariance + ridge, MOST_GAIN)
    return AffineColour(matrix, target.mean - matrix @ source.mean)


def blend(first: AffineColour, second: AffineColour, amount: float) -> AffineColour:
    """Between two maps: 0 is the first, 1 the second."""
    return AffineColour(
        first.matrix + (second.matrix - first.matrix) * amount,
        first.offset + (second.offset - first.offset) * amount,
    )


def smooth(before: Spread | None, measured: Spread, dt: float) -> Spread:
    """Statistics that follow a new frame's with SECONDS; `dt` seconds have passed since the last."""
    if before is None:
        return measured
    gain = -float(np.expm1(-dt / SECONDS))
    return Spread(*(old + (new - old) * gain for old, new in zip(before, measured, strict=True)))


LUMA = np.array([0.299, 0.587, 0.114])


def grade(brightness: float, contrast: float, saturation: float, turn: float) -> AffineColour:
    """Brightness, contrast around middle grey, saturation and a turn of hue as one map.

    `turn` is in whole turns around the grey axis; luma is kept by saturation and nearly by the turn.
    """
    grey = np.outer(np.ones(3), LUMA)
    saturate = grey + saturation * (np.eye(3) - grey)
    angle = 2 * np.pi * turn
    axis = np.ones(3) / np.sqrt(3)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    rotate = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross  # Rodrigues
    matrix = brightness * contrast * saturate @ rotate
    return AffineColour(matrix, np.full(3, 0.5 * (1 - contrast) * brightness))
