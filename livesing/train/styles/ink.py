"""Ink wash: brush and black ink on absorbent paper; what is not painted is mist and water."""

from itertools import pairwise

import numpy as np

from livesing.train.styles import colour
from livesing.train.styles.canvas import Brush, Canvas, relief
from livesing.train.styles.fields import SIDE, Array, blur, fbm, line, noise, places, smooth, warp
from livesing.train.styles.ground import tooth, washi

INK = "2b2a2e"
"""At density 1: a warm black, as pine soot gives."""
LEAF = Brush(hair=2.0, dry=0.10, ragged=0.35)
STALK = Brush(hair=2.4, dry=0.42, ragged=0.55)
ROUGH = Brush(hair=2.6, dry=0.62, ragged=0.9, tooth=0.6)


class Sheet:
    """Paper and the ink on it, density [size, size]."""

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.size, self.rng = size, rng
        self.grain = tooth(size, rng, 3.6)
        self.fibres = washi(size, rng)
        self.canvas = Canvas(np.zeros((size, size, 3), np.float32), rng, self.grain)
        self.ink: Array = np.zeros((size, size), np.float32)
        self.wander = [noise(size, rng, cell) for cell in (9, 9, 34, 34)]

    def bleed(self, layer: Array, spread: float) -> Array:
        """A wash that creeps into the paper by about `spread` units and gathers at its edge."""
        a, b, c, d = self.wander
        crept = warp(layer, spread * (0.6 * a + c), spread * (0.6 * b + d))
        return blur(crept, 0.35 * spread) * (1 + 0.05 * self.grain) * (1 + 0.05 * self.fibres)

    def brush(self, spine: Array, half: Array | float, load: float, brush: Brush, fade: float = 0.35) -> None:
        """A stroke of density `load` that pales by `fade` towards its end and is darkest along its sides."""
        mark = self.canvas.mark(np.asarray(spine, np.float32), half, brush)
        if mark is None:
            return
        side = np.exp(-(((np.abs(mark.across) - 0.85) / 0.16) ** 2))
        density = load * (1 - fade * mark.part) * (1 + 0.18 * mark.hair + 0.35 * side + 0.12 * mark.load)
        below = self.ink[mark.rows, mark.columns]
        laid = np.maximum(density, 0) * mark.cover
        self.ink[mark.rows, mark.columns] = np.maximum(below, laid) + 0.45 * np.minimum(below, laid)


def _mountains(sheet: Sheet) -> None:
    """Three ranges, each darker and sharper than the one behind, their feet in mist."""
    size, rng = sheet.size, sheet.rng
    x, y = places(size)
    column = x[0]
    for peaks, base, rough, load, fall, spread in (
        (((0.66, 0.17, 0.15), (0.88, 0.11, 0.12), (0.45, 0.10, 0.17)), 0.40, 0.006, 0.30, 0.16, 5.0),
        (((0.40, 0.27, 0.075), (0.51, 0.17, 0.055), (0.29, 0.13, 0.07)), 0.47, 0.011, 0.62, 0.19, 3.0),
        (((0.12, 0.33, 0.085), (0.02, 0.28, 0.07), (0.23, 0.17, 0.050)), 0.56, 0.013, 1.05, 0.24, 2.0),
    ):
        rise = np.max(
            [high * np.exp(-((np.abs(column - at) / wide) ** 1.7)) for at, high, wide in peaks], axis=0
        )
        edge = (base - rise - rough * line(size, rng, 70, 4, 0.55) * np.minimum(rise * 12 + 0.3, 1))[None]
        below = y - edge
        body = np.exp(-np.maximum(below, 0) / fall) * smooth(0.0, 0.0035, below)
        rim = np.exp(-np.maximum(below, 0) / 0.012) * smooth(0.0, 0.003, below)
        shade = np.clip(1 + 0.55 * fbm(size, rng, (110, 40), 4) - 0.3, 0.12, 2.2)
        mist = smooth(base + 0.10, base - 0.12, y + 0.045 * noise(size, rng, (60, 190)))
        sheet.ink += sheet.bleed(
            load * (0.62 * body * shade + 0.55 * rim * smooth(0.015, 0.07, rise)[None]) * mist, spread
        )
        _creases(sheet, edge[0], rise, base, load)


def _creases(sheet: Sheet, edge: Array, rise: Array, base: float, load: float) -> None:
    """Dry strokes down the flanks: rock."""
    rng, size = sheet.rng, sheet.size
    slope = np.gradient(edge) * size
    for _ in range(int(420 * load)):
        x = rng.uniform(0, 1)
        k = min(int(x * size), size - 1)
        if rise[k] < 0.06:
            continue
        depth = rng.beta(1.0, 2.4) * rise[k] * 0.8
        lean = np.clip(slope[k] * 0.30, -0.7, 0.7) + rng.normal(0, 0.15)
        length = rng.uniform(0.02, 0.085) * (0.6 + load)
        t = np.linspace(0, 1, 9)
        down = edge[k] + depth + t * length
        across = (
            x
            + np.sign(lean) * np.abs(lean) * t * length
            + 0.006 * rng.normal() * np.sin(np.pi * t + rng.uniform(0, 6))
        )
        inside = down > np.interp(across, np.arange(size) / size, edge) + 0.008
        if not inside[:6].all():
            continue
        fade = np.clip((base - 0.02 - down[-1]) / 0.10, 0, 1)
        half = (
            (2.0 + 5.0 * rng.beta(1.2, 2.5)) * (0.5 + 0.5 * load) * np.sin(np.pi * (0.12 + 0.80 * t)) ** 0.7
        )
        sheet.brush(np.stack([across, down], 1), half, load * rng.uniform(0.35, 0.95) * fade, ROUGH, 0.5)


def _bamboo(sheet: Sheet) -> None:
    """Stalks of flying white, dark joints, and leaves in threes, fours and fives."""
    rng = sheet.rng
    for foot, top, bow, half, load, joints in (
        (0.930, 0.985, 0.030, 8.5, 0.42, 6),
        (0.765, 0.845, -0.028, 11.0, 0.95, 5),
        (0.845, 0.800, 0.02, 6.0, 0.62, 6),
    ):
        marks = np.linspace(1.04, -0.06, joints + 1) + rng.normal(0, 0.012, joints + 1)
        for low, high in pairwise(marks):
            t = np.linspace(low - 0.008, high + 0.008, 40)
            along = top + (foot - top) * t + bow * np.sin(np.pi * t)
            swell = 1 + 0.16 * np.abs(np.linspace(-1, 1, 40)) ** 3
            sheet.brush(np.stack([along, t], 1), half * swell, load, STALK, 0.45)
            side, bend = np.linspace(-1, 1, 15), rng.uniform(0.001, 0.005)
            joint = np.stack(
                [along[-1] + side * half * rng.uniform(1.0, 1.3) / SIDE, high + bend * (1 - side**2)], 1
            )
            sheet.brush(joint, half * 0.13 * (1.2 + side**2) + 0.5, min(load * 1.8, 1.6), STALK, 0.3)
    for ax, ay, x, y, turn, number, size, load in (
        (0.960, 0.02, 0.900, 0.060, 0.55, 4, 0.9, 0.45),
        (0.840, 0.02, 0.715, 0.045, 0.35, 3, 0.85, 0.40),
        (0.825, 0.16, 0.690, 0.200, 0.50, 5, 1.15, 1.45),
        (0.825, 0.16, 0.905, 0.225, -0.55, 4, 1.05, 1.30),
        (0.965, 0.28, 0.955, 0.330, 0.15, 4, 1.05, 0.70),
        (0.790, 0.38, 0.665, 0.395, 0.75, 3, 0.95, 0.75),
        (0.790, 0.38, 0.860, 0.425, -0.10, 5, 1.20, 1.50),
        (0.950, 0.52, 0.985, 0.545, -0.25, 4, 1.0, 1.2),
        (0.840, 0.57, 0.905, 0.640, 0.30, 4, 0.95, 0.55),
        (0.770, 0.60, 0.690, 0.620, 0.65, 2, 0.75, 0.95),
    ):
        t = np.linspace(0, 1, 16)
        twig = np.stack([ax + (x - ax) * t, ay + (y - ay) * t - 0.022 * np.sin(np.pi * t)], 1)
        sheet.brush(twig, 1.7 - 0.7 * t, load * 0.8, LEAF, 0)
        fan = np.linspace(-1, 1, number) * (0.30 + 0.13 * number) + rng.normal(0, 0.13, number)
        for lean in fan[rng.permutation(number)]:
            start = rng.uniform(-0.014, 0.006, 2)
            wide = size * rng.uniform(0.70, 1.25) * (1.1 - 0.25 * abs(lean))
            _leaf(
                sheet, x + start[0], y + start[1], np.pi / 2 + turn + lean, wide, load * rng.uniform(0.6, 1.1)
            )


def _leaf(sheet: Sheet, x: float, y: float, turn: float, size: float, load: float) -> None:
    rng = sheet.rng
    t = np.linspace(0, 1, 26)
    way = turn + rng.normal(0, 0.22) * t
    length = 0.150 * size
    spine = np.stack([x + np.cumsum(np.cos(way)) * length / 26, y + np.cumsum(np.sin(way)) * length / 26], 1)
    half = 8.6 * size * np.sin(np.pi * t**0.72) ** 1.25 + 0.45
    sheet.brush(spine, half, load, LEAF, 0.4)


def _boat(sheet: Sheet) -> None:
    """An empty boat, its pole, and what the water gives back of it."""
    t = np.linspace(-1, 1, 24)
    at = np.array([0.33, 0.765])
    hull = np.stack([at[0] + 0.068 * t, at[1] - 0.020 * t**2 - 0.006 * t], 1)
    sheet.brush(hull, 4.2 * (1 - 0.75 * np.abs(t) ** 3) + 0.4, 1.5, LEAF, 0.25)
    inner = np.stack([at[0] + 0.050 * t, at[1] - 0.0105 - 0.013 * t**2], 1)
    sheet.brush(inner, 1.1, 0.8, LEAF, 0.3)
    pole = np.stack([at[0] + np.array([0.030, 0.052, 0.075]), at[1] + np.array([-0.002, -0.055, -0.112])], 1)
    sheet.brush(pole, np.array([1.7, 1.3, 0.8]), 1.3, LEAF, 0.2)
    for k, (down, wide, load) in enumerate(
        ((0.018, 0.060, 0.40), (0.032, 0.044, 0.26), (0.047, 0.066, 0.18))
    ):
        ripple = np.stack([at[0] + 0.012 * k + wide * t, at[1] + down + 0.002 * np.sin(6 * t + k)], 1)
        sheet.brush(ripple, 2.4 * (1 - t**2) + 0.5, load, STALK, 0.2)


def _seal(picture: Array, sheet: Sheet) -> Array:
    """A red stamp, worn; its strokes mean nothing."""
    x, y = places(sheet.size)
    u, v = (x - 0.094) / 0.031, (y - 0.905) / 0.031
    rough = 0.05 * noise(sheet.size, sheet.rng, 7)
    inside = smooth(1.04, 0.96, np.maximum(np.abs(u), np.abs(v)) + rough)
    cut = np.zeros_like(x)
    for a, b, c, d in (
        (-0.7, -0.60, 0.7, -0.60),
        (0.0, -0.60, 0.0, 0.05),
        (-0.6, -0.18, 0.6, -0.18),
        (-0.68, 0.18, 0.68, 0.18),
        (-0.5, 0.18, -0.62, 0.78),
        (0.5, 0.18, 0.62, 0.78),
        (-0.25, 0.48, 0.25, 0.48),
        (0.0, 0.30, 0.0, 0.75),
    ):
        t = np.clip(((u - a) * (c - a) + (v - b) * (d - b)) / ((c - a) ** 2 + (d - b) ** 2), 0, 1)
        cut = np.maximum(
            cut, smooth(0.125, 0.075, np.hypot(u - a - t * (c - a), v - b - t * (d - b)) + rough)
        )
    worn = smooth(-1.9, -1.1, sheet.grain + 0.6 * sheet.fibres)
    red = np.broadcast_to(colour.pigment("b5301f"), picture.shape)
    return colour.mix(picture, red * (0.97 + 0.03 * sheet.grain[..., None]), 0.92 * inside * (1 - cut) * worn)


def paint(size: int, rng: np.random.Generator) -> Array:
    """The painting, [size, size, 3] sRGB 0..1."""
    sheet = Sheet(size, rng)
    x, y = places(size)
    sun = np.hypot(x - 0.60, y - 0.135)
    sky = 0.13 * smooth(0.42, 0.0, y + 0.05 * fbm(size, rng, (70, 200), 4)) + 0.13 * np.exp(
        -(((sun - 0.075) / 0.06) ** 2)
    )
    sheet.ink += sheet.bleed(sky * smooth(0.050, 0.054, sun) * (1 + 0.2 * fbm(size, rng, (90, 200), 2)), 2.0)
    _mountains(sheet)
    for _ in range(16):
        t = np.linspace(-1, 1, 20)
        down, wide = rng.uniform(0.63, 0.97), rng.uniform(0.05, 0.20)
        ripple = np.stack([rng.uniform(0, 0.8) + wide * t, down + 0.002 * np.sin(5 * t + down * 70)], 1)
        sheet.brush(ripple, 3.5 * (1 - t**2) + 0.6, rng.uniform(0.05, 0.16), STALK, 0.2)
    _boat(sheet)
    sheet.ink = 0.75 * sheet.ink + 0.25 * sheet.bleed(sheet.ink, 2.4)
    _bamboo(sheet)
    for bx, by, span in (
        (0.425, 0.205, 0.013),
        (0.452, 0.190, 0.010),
        (0.470, 0.214, 0.009),
        (0.402, 0.226, 0.008),
    ):
        t = np.linspace(-1, 1, 13)
        sheet.brush(
            np.stack([bx + span * t, by - 0.45 * span * np.abs(np.sin(2.4 * t))], 1),
            1.2 * (1.1 - np.abs(t)) + 0.4,
            1.0,
            LEAF,
            0,
        )
    ink = np.clip(sheet.ink, 0, 2.4) * (1 + 0.07 * sheet.grain)
    paper = (
        np.broadcast_to(colour.pigment("efe7d6"), (size, size, 3))
        * (1 + 0.010 * sheet.grain - 0.016 * sheet.fibres + 0.012 * fbm(size, rng, 200, 3))[..., None]
    )
    warm = 0.10 * np.exp(-((sun / 0.16) ** 2)) + 0.55 * sheet.bleed(
        smooth(0.053, 0.049, sun) * smooth(0.24, 0.08, y), 2.0
    )
    picture = colour.washes(
        np.clip(paper, 0, 1), [(INK, ink), ("dc8a5c", warm), ("8fa3ad", 0.35 * np.minimum(ink, 0.5))]
    )
    picture = _seal(picture, sheet)
    return relief(picture, 0.28 * sheet.grain + 0.25 * sheet.fibres, 0.2, gloss=0.0, soften=0.7)
