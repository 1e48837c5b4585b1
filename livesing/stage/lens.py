"""The lens as geometry: a mesh over the target that says, at each corner, where in the picture to look.

Between the corners the graphics card interpolates, so lens, view and warp cost next to nothing a pixel. A
kaleidoscope is exact that way too: within half a segment it is a rotation or a reflection, which is linear,
so no cell of the mesh may cross the border of one.
"""

import numpy as np

GRID = (20, 11)
"""Cells across and down without a kaleidoscope."""
RINGS = 7
STEPS = 2
"""Cells of a kaleidoscope's half segment, outwards and around."""
OFF_CENTRE = 0.28
"""How far beside the picture's centre the mirrors meet, in picture heights; at the centre they would show one
point of it forever."""


def mesh(fold: int, aspect: float) -> np.ndarray:
    """Triangles for a target of `aspect` (width / height) -> [vertices, 4] float32.

    Each vertex is (x, y on the target, 0..1 and beyond; x, y to look at, in picture heights from its centre).
    `fold` is the number of the kaleidoscope's segments; below 2 there is none.
    """
    return _kaleidoscope(fold, aspect) if fold >= 2 else _plain(aspect)


def _plain(aspect: float) -> np.ndarray:
    corner = _cells(*GRID) / GRID
    look = (corner - 0.5) * (aspect, 1.0)
    return np.concatenate([corner, look], axis=1).astype(np.float32)


def _kaleidoscope(fold: int, aspect: float) -> np.ndarray:
    reach = 0.51 * np.hypot(aspect, 1.0)  # past the target's corners
    half = np.pi / fold
    cells = _cells(STEPS, RINGS) / (STEPS, RINGS)  # (angle, radius) within a half segment
    # The chord of an outermost cell runs inside its circle: go out as far as keeps the corners covered.
    radius = cells[:, 1] * reach / np.cos(half / STEPS / 2)
    parts = []
    for number in range(2 * fold):
        angle = (number + cells[:, 0]) * half + np.pi / 2
        mirrored = cells[:, 0] if number % 2 == 0 else 1 - cells[:, 0]
        place = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        folded = mirrored * half
        look = radius[:, None] * np.stack([np.cos(folded), np.sin(folded)], axis=1) - (OFF_CENTRE, 0.0)
        parts.append(np.concatenate([place / (aspect, 1.0) + 0.5, look], axis=1))
    return np.concatenate(parts).astype(np.float32)


def _cells(columns: int, rows: int) -> np.ndarray:
    """Two triangles for each cell of a grid -> [columns * rows * 6, 2] corners counted in cells."""
    y, x = np.mgrid[0:rows, 0:columns]
    origin = np.stack([x, y], axis=-1)[:, :, None]
    triangles = np.array([(0, 0), (1, 0), (0, 1), (0, 1), (1, 0), (1, 1)])
    return (origin + triangles).reshape(-1, 2).astype(np.float64)
