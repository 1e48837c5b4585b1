"""How much of a style is painted: each rung costs more than the one before and looks better."""

from enum import IntEnum


class Rung(IntEnum):
    """Look-ups of textures at each pixel in brackets."""

    OFF = 0
    """The dream in its own colours [1]."""
    COLOUR = 1
    """One map of colour for all of the picture [1]."""
    BANDS = 2
    """A map for each band of detail [5]."""
    BRUSH = 3
    """And the style's own strokes, where the dream has less detail [18, with 12 more while styles change]."""
    FOLLOW = 4
    """And strokes that turn with the dream's contours [33, with 24 more while styles change]."""
