"""The paintings that ship as styles, each made by a program of its own: `python -m livesing.train.styles`.

    fields.py     smooth random fields            colour.py   pigments, mixtures, washes
    canvas.py     strokes, and light on paint     paths.py    where strokes go
    ground.py     canvas, paper, wood             collection.py   painted files and their index

and a module for each medium.

A painter is `paint(size, rng)` -> the picture, [size, size, 3] sRGB 0..1. Numpy is all that they need. The
same seed and size give the same picture on the same machine.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from livesing.train.styles import (
    charcoal,
    drip,
    glass,
    glaze,
    impasto,
    ink,
    mosaic,
    oil,
    pointillism,
    watercolour,
    woodcut,
)


class Style(NamedTuple):
    """A painting, and the feeling that it is meant for."""

    title: str
    medium: str
    valence: float
    """In standard units, as placed by us, -2..2."""
    arousal: float
    seed: int
    """Of the painting that ships, picked by eye."""
    brush: tuple[float, float]
    """Left and top, 0..1, of an even piece of it, BRUSH wide: its strokes without its subject."""
    painter: Callable[[int, np.random.Generator], np.ndarray]


SIDE = 768
"""Pixels along a side of the paintings that ship."""
BRUSH = 7 / 16
"""Side of the even piece, as a share of the painting's: 224 pixels of 512."""

STYLES = {
    "oil": Style("Evening Wind", "oil, long strokes along the wind", 0.3, 0.5, 1, (0.20, 0.10), oil.paint),
    "pointillism": Style(
        "Sails at Sunrise", "oil, dabs of unmixed colour", 1.3, 0.7, 1, (0.06, 0.50), pointillism.paint
    ),
    "ink": Style("Mist on the River", "ink wash on paper", 0.2, -1.2, 2, (0.0, 0.19), ink.paint),
    "woodcut": Style("The Red Storm", "woodcut, four blocks", -1.3, 1.2, 2, (0.50, 0.54), woodcut.paint),
    "impasto": Style("October Blaze", "oil, laid with a knife", 0.9, 1.6, 1, (0.22, 0.12), impasto.paint),
    "watercolour": Style(
        "Lagoon, Early", "watercolour on cold-pressed paper", 1.1, -0.8, 3, (0.28, 0.55), watercolour.paint
    ),
    "mosaic": Style(
        "The Golden Orchard", "mosaic of glass and gold leaf", 1.6, 0.1, 1, (0.44, 0.05), mosaic.paint
    ),
    "charcoal": Style(
        "Winter Moor", "charcoal and chalk on toned paper", -1.3, -0.9, 7, (0.10, 0.02), charcoal.paint
    ),
    "glaze": Style(
        "Northern Lights", "oil, thin glazes on dark canvas", -0.5, -0.2, 1, (0.30, 0.10), glaze.paint
    ),
    "glass": Style("Morning Window", "stained glass and lead", 0.6, 1.0, 4, (0.10, 0.08), glass.paint),
    "drip": Style("Unrest", "enamel, poured and thrown", -0.7, 1.8, 5, (0.37, 0.40), drip.paint),
}
"""By the name of the file. The order is that of the contact sheet."""


def painted(name: str, size: int = SIDE, seed: int | None = None) -> np.ndarray:
    """The style `name`, [size, size, 3] uint8; `seed` is that of the table if none is given."""
    style = STYLES[name]
    picture = style.painter(size, np.random.default_rng(style.seed if seed is None else seed))
    return np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)
