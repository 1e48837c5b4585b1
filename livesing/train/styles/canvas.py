"""Paint on canvas: strokes of a loaded brush that leave colour and thickness, and light on that relief.

A stroke follows a spine. Across it lie the bristles, each with its own load: it streaks the colour, furrows
the paint, and runs dry towards the end. At its sides and its end the paint is pushed up.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from livesing.train.styles.colour import Array, coded, linear
from livesing.train.styles.fields import SIDE, blur, noise, slopes

SHEET = 512
"""Pixels along a sheet of bristle streaks."""


@dataclass(frozen=True)
class Brush:
    """How a stroke lies. Lengths in units (1/768 of the picture's side)."""

    hair: float = 2.2
    """Width of a bristle's streak."""
    streak: float = 0.05
    """How much bristles differ in lightness of paint."""
    blend: float = 0.35
    """How much of the second colour on the brush shows, in streaks."""
    furrow: float = 0.5
    """Depth of the bristles' furrows, of the paint's thickness."""
    rim: float = 0.5
    """Paint pushed up at the sides, of its thickness."""
    dry: float = 0.25
    """0: covers to the end; 1: the bristles run dry soon."""
    ragged: float = 0.5
    """How ragged sides and ends are."""
    thick: float = 1.0
    """Thickness of the paint."""
    level: float = 0.5
    """How much the paint below is flattened."""
    opacity: float = 1.0
    tooth: float = 0.0
    """How much a dry brush catches only on what stands up below."""
    square: bool = False
    """A knife's straight ends instead of a brush's round ones."""
    pickup: float = 0.15
    """Share of the colour below that mixes into the paint."""


class Mark(NamedTuple):
    """The pixels that a stroke touches, [n] each."""

    rows: Array
    columns: Array
    part: Array
    """Way along the stroke, 0..1."""
    across: Array
    """-1..1 from side to side."""
    hair: Array
    """The bristle above the pixel: how much paint it gives, mean 0, standard deviation 1."""
    load: Array
    """The same for the second colour on the brush."""
    cover: Array
    """0..1"""


class Canvas:
    """Colour [size, size, 3] (sRGB) and height of the paint [size, size], in units, both float32."""

    def __init__(self, ground: Array, rng: np.random.Generator, height: Array | None = None) -> None:
        self.size = ground.shape[0]
        self.unit = self.size / SIDE
        self.colour = ground.astype(np.float32).copy()
        self.height = np.zeros((self.size, self.size), np.float32) if height is None else height.copy()
        self.rng = rng
        self._hairs: dict[float, Array] = {}

    def _hair(self, width: float) -> Array:
        """A sheet of bristle streaks, along x: [SHEET, SHEET] at pixel scale, standard deviation 1."""
        if width not in self._hairs:
            cell = max(width * self.unit, 1.8) * SIDE / SHEET
            fine = noise(SHEET, self.rng, (cell, 60 * cell), tiles=True)
            broad = noise(SHEET, self.rng, (3.5 * cell, 40 * cell), tiles=True)
            grain = noise(SHEET, self.rng, (cell, 5 * cell), tiles=True)
            self._hairs[width] = 0.68 * fine + 0.68 * broad + 0.28 * grain
        return self._hairs[width]

    def mark(self, spine: Array, half: Array | float, brush: Brush) -> Mark | None:
        """Where a stroke touches: `spine` [n, 2], x and y in 0..1; `half`, its half width in units or [n]."""
        halves = np.broadcast_to(np.asarray(half, np.float32), len(spine)) * self.unit
        found = footprint(spine * self.size, halves, self.size)
        if found is None:
            return None
        rows, columns, along, across, total, width = found
        hairs, off = self._hair(brush.hair), self.rng.integers(0, SHEET, 2)
        at = across * width + (off[0] + SHEET)  # positive, for the floor
        row = at.astype(np.intp)
        run = (along + (off[1] + SHEET)).astype(np.intp) % SHEET
        low, between = hairs[row % SHEET, run], at - row
        hair = low + (hairs[(row + 1) % SHEET, run] - low) * between
        slow = (along * 0.5 + off[0] + SHEET).astype(np.intp) % SHEET
        load = hairs[(across * width * 0.7 + off[1] + SHEET).astype(np.intp) % SHEET, slow]
        soft = np.minimum(1.6 / np.maximum(width, 1.6), 0.6) + 0.18 * brush.ragged
        # Round ends; each bristle lifts at its own place.
        beyond = np.maximum(np.maximum(-along, along - total) / width + 0.35 * brush.ragged * (hair - 0.4), 0)
        aside = np.abs(across)
        out = np.maximum(aside, 0.3 + beyond) if brush.square else np.hypot(aside, beyond)
        cover = np.clip((1 - out - 0.09 * brush.ragged * (hair + 1)) / soft, 0, 1)
        part = np.clip(along / max(total, 1e-3), 0, 1)
        if brush.dry > 0:
            caught = hair - 3.2 * brush.dry * part + 2.2 - 1.1 * brush.dry
            if brush.tooth > 0:
                here = self.height[rows, columns]
                caught = caught + brush.tooth * (here - here.mean()) / (here.std() + 0.05)
            cover *= np.clip(caught * 0.9 + 0.4, 0, 1)
        return Mark(rows, columns, part, across, hair, load, cover * brush.opacity)

    def stroke(
        self,
        spine: Array,
        half: Array | float,
        colour: Array,
        brush: Brush,
        second: Array | None = None,
    ) -> None:
        """Lay a stroke of paint: `spine` and `half` as for `mark`; `colour` and `second` [3]."""
        mark = self.mark(spine, half, brush)
        if mark is None:
            return
        rows, columns, part, across, hair, load, cover = mark
        below = self.colour[rows, columns]
        paint = np.broadcast_to(colour, below.shape)
        if second is not None:
            paint = paint + (second - colour) * (np.clip(0.5 + 0.6 * load, 0, 1) * brush.blend)[:, None]
        if brush.pickup > 0:
            paint = paint + (below.mean(0) - paint) * brush.pickup
        light = (brush.streak * hair)[:, None]
        paint = np.clip(paint * (1 + light) + 0.25 * light, 0, 1)
        self.colour[rows, columns] = below + (paint - below) * cover[:, None]
        if brush.thick > 0:
            here, aside = self.height[rows, columns], np.abs(across)
            pushed = np.clip((aside - 0.55) / 0.3, 0, 1) * np.clip((1.05 - aside) / 0.2, 0, 1)
            heap = np.clip((part - 0.8) / 0.2, 0, 1)
            lies = brush.thick * (1 + brush.furrow * 0.5 * hair + brush.rim * (pushed + 0.6 * heap))
            floor = here + (here.mean() - here) * brush.level
            self.height[rows, columns] = here + (floor * 0.9 + lies - here) * cover

    def lit(
        self, depth: float = 1.0, gloss: float = 0.12, soften: float = 0.7, ambient: float = 0.0
    ) -> Array:
        """The picture under light from the upper left, [size, size, 3] sRGB."""
        filled = np.maximum(self.height, blur(self.height, 3.0) - 0.6)  # soft paint leaves no pinholes
        return relief(self.colour, filled, depth, gloss, soften, ambient)


def footprint(spine: Array, half: Array, size: int) -> tuple[Array, Array, Array, Array, float, Array] | None:
    """The pixels under a stroke: rows, columns, way along it, place across it (-1..1), length, half widths.

    All in pixels; `spine` [n, 2] as x, y. None when it misses the picture.
    """
    if len(spine) < 2:
        return None
    spine = spine.astype(np.float32)
    reach = float(half.max()) + 1.5
    left, top = np.floor(spine.min(0) - reach).astype(int)
    right, bottom = np.ceil(spine.max(0) + reach).astype(int) + 1
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, size), min(bottom, size)
    if left >= right or top >= bottom:
        return None
    x = np.arange(left, right, dtype=np.float32) + 0.5
    y = np.arange(top, bottom, dtype=np.float32) + 0.5
    squared = (x - spine[:, :1]) ** 2
    down = (y - spine[:, 1:]) ** 2
    if len(spine) * len(y) * len(x) < 400_000:
        distances = down[:, :, None] + squared[:, None, :]
        nearest = distances.argmin(axis=0)
        least = np.take_along_axis(distances, nearest[None], axis=0)[0]
    else:  # too much at once for the cache
        nearest = np.zeros((len(y), len(x)), np.intp)
        least = down[0][:, None] + squared[0]
        for k in range(1, len(spine)):
            distance = down[k][:, None] + squared[k]
            nearest[distance < least] = k
            np.minimum(least, distance, out=least)
    step = np.diff(spine, axis=0)
    steps = np.hypot(*step.T)
    near = least <= reach**2 + (float(steps.max()) / 2) ** 2
    if not near.any():
        return None
    row, column = np.nonzero(near)
    k = nearest[near]
    tangent = np.empty_like(spine)
    tangent[1:-1] = spine[2:] - spine[:-2]
    tangent[0], tangent[-1] = step[0], step[-1]
    tangent /= np.maximum(np.hypot(*tangent.T), 1e-6)[:, None]
    run = np.concatenate([[0], np.cumsum(steps)]).astype(np.float32)
    dx, dy = x[column] - spine[k, 0], y[row] - spine[k, 1]
    along = dx * tangent[k, 0] + dy * tangent[k, 1]
    slope = np.gradient(half.astype(np.float32)) / max(float(steps.mean()), 1e-3)
    width = np.maximum(half[k] + slope[k] * np.clip(along, -6, 6), 0.35)
    across = (dy * tangent[k, 0] - dx * tangent[k, 1]) / width
    inside = np.abs(across) < 1.15
    if not inside.any():
        return None
    row, column, k = row[inside], column[inside], k[inside]
    return (
        row + top,
        column + left,
        (run[k] + along[inside]).astype(np.float32),
        across[inside].astype(np.float32),
        float(run[-1]),
        width[inside].astype(np.float32),
    )


def relief(
    colour: Array,
    height: Array,
    depth: float = 1.0,
    gloss: float = 0.12,
    soften: float = 0.7,
    ambient: float = 0.0,
) -> Array:
    """Light from the upper left on a surface: `colour` [h, w, 3] sRGB, `height` [h, w] in units.

    `gloss`: strength of highlights; `soften`: blur of the surface in units; `ambient`: darkening of hollows.
    """
    surface = blur(height, soften) if soften > 0 else height
    rise = slopes(surface * depth)
    steep = 1 / np.sqrt(1 + (rise[0] ** 2 + rise[1] ** 2) / 1.6)  # cliffs of paint slump: no black pits
    across, down = rise[0] * steep, rise[1] * steep
    normal = 1 / np.sqrt(1 + across**2 + down**2)
    lx, ly, lz = -0.50, -0.56, 0.66
    diffuse = (-across * lx - down * ly + lz) * normal / lz
    light = 0.35 + 0.65 * np.clip(diffuse, 0, 1.9)
    if ambient > 0:
        hollow = blur(surface, 5.0) - surface
        light *= np.clip(1 - ambient * np.maximum(hollow, 0), 0.4, 1)
    hx, hy, hz = -0.274, -0.307, 0.911  # half way between light and eye
    shine = np.clip((-across * hx - down * hy + hz) * normal, 0, 1) ** 40
    flat = hz**40
    shine = np.maximum(shine - flat, 0) * gloss
    return coded(linear(colour) * light[..., None] + shine[..., None])
