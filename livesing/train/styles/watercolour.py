"""Watercolour: transparent washes that creep, gather at their edges, bloom, and settle in the pits."""

from collections.abc import Sequence

import numpy as np

from livesing.train.styles import colour
from livesing.train.styles.canvas import Brush, Canvas, relief
from livesing.train.styles.fields import SIDE, Array, blur, fbm, line, noise, places, smooth, warp
from livesing.train.styles.ground import tooth

HORIZON = 0.535
ROUND = Brush(hair=2.4, dry=0.05, ragged=0.35)
SCUMBLE = Brush(hair=3.0, dry=0.75, ragged=0.9, tooth=1.0)


class Sheet:
    """Paper, and the washes that have dried on it: pigment (colour at density 1) and density [size, size]."""

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.size, self.rng = size, rng
        self.grain = tooth(size, rng, 4.6)
        self.settle = 0.5 * self.grain + 0.75 * noise(size, rng, 3.0)
        self.layers: list[tuple[str, Array]] = []
        self.canvas = Canvas(np.zeros((size, size, 3), np.float32), rng, self.grain)

    def wash(
        self,
        pigment: str,
        shape: Array,
        wet: float = 0.3,
        edge: float = 0.9,
        granular: float = 0.16,
        creep: float = 3.0,
    ) -> None:
        """Lay `shape` (density 0..1 and more). `wet`: 0 dry paper, hard edges; 1 it runs. `edge`: pigment
        gathered there. `granular`: how much settles in pits. `creep`: units by which the outline wanders."""
        size, rng = self.size, self.rng
        dx = creep * (fbm(size, rng, 46, 4, 0.6) + 2.2 * wet * noise(size, rng, 60))
        dy = creep * (fbm(size, rng, 46, 4, 0.6) + 2.2 * wet * noise(size, rng, 60))
        laid = blur(warp(shape, dx, dy), 0.45 + 9.0 * wet**2)
        gathered = laid * np.clip(1 - blur(laid, 3.2) / np.maximum(blur(laid, 14) + 0.25, 0.3), 0, 1)
        density = laid * (1 - 0.2 * edge) + edge * (1 - wet) * 1.5 * gathered
        pooled = 1 + 0.20 * fbm(size, rng, (120, 150), 4, 0.42)
        density *= np.clip(pooled, 0.3, 2) * (1 - granular * np.clip(self.settle, -1.6, 1.8))
        self.layers.append((pigment, np.maximum(density, 0)))

    def bloom(self, x0: float, y0: float, radius: float, strength: float, last: int = 1) -> None:
        """Water dropped into the drying wash: it drives the pigment of the `last` washes to a ragged rim."""
        size, rng = self.size, self.rng
        x, y = places(size)
        ragged = 1 + 0.34 * fbm(size, rng, 90, 6, 0.62)
        away = np.hypot((x - x0) / 1.7, y - y0 + 0.25 * (x - x0)) / (radius * np.maximum(ragged, 0.3))
        inside = smooth(1.0, 0.80, away)
        rim = np.exp(-(((away - 1.0) / 0.045) ** 2)) + 0.35 * np.exp(-(np.maximum(away - 1.0, 0) / 0.16)) * (
            away > 1
        )
        change = 1 - strength * inside * (0.55 + 0.45 * away**2) + 0.55 * strength * rim
        for k in range(len(self.layers) - last, len(self.layers)):
            self.layers[k] = self.layers[k][0], self.layers[k][1] * np.maximum(change, 0.05)

    def touch(
        self, pigment: str, strokes: Sequence[tuple[Array, Array | float, float]], brush: Brush = ROUND
    ) -> None:
        """Strokes of one pigment with a round brush, dried together: spine, half width and density each."""
        layer = np.zeros((self.size, self.size), np.float32)
        for spine, half, load in strokes:
            mark = self.canvas.mark(np.asarray(spine, np.float32), half, brush)
            if mark is not None:
                laid = load * mark.cover * (1 + 0.12 * mark.load - 0.25 * mark.part)
                layer[mark.rows, mark.columns] = np.maximum(layer[mark.rows, mark.columns], laid)
        self.wash(pigment, layer, 0.02, 0.8, 0.12, 1.1)

    def spatter(self, pigment: str, x0: float, y0: float, spread: float, drops: int, load: float) -> None:
        size, rng = self.size, self.rng
        x, y = places(size)
        layer = np.zeros((size, size), np.float32)
        for _ in range(drops):
            cx, cy = x0 + rng.normal(0, spread), y0 + rng.normal(0, 0.7 * spread)
            radius = (1.0 + rng.gamma(1.3, 1.5)) / SIDE
            top, left = max(int((cy - 0.02) * size), 0), max(int((cx - 0.02) * size), 0)
            rows, columns = (
                slice(top, max(int((cy + 0.02) * size), 0) + 2),
                slice(left, max(int((cx + 0.02) * size), 0) + 2),
            )
            drop = smooth(
                radius + 0.8 / size,
                radius - 0.8 / size,
                np.hypot(x[rows, columns] - cx, y[rows, columns] - cy),
            )
            layer[rows, columns] = np.maximum(layer[rows, columns], load * rng.uniform(0.5, 1) * drop)
        self.wash(pigment, layer, 0.0, 1.1, 0.1, 0.8)

    def dry(self) -> Array:
        """The picture, [size, size, 3] sRGB 0..1."""
        tint = 1 + 0.006 * self.grain + 0.006 * noise(self.size, self.rng, 220)
        paper = np.clip(
            np.broadcast_to(colour.pigment("faf5ea"), (self.size, self.size, 3)) * tint[..., None], 0, 1
        )
        return relief(colour.washes(paper, self.layers), 0.5 * self.grain, 0.22, gloss=0.0, soften=0.8)


def _town(size: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """The skyline of an island: heights above the horizon along x, [size], as two layers, far and near."""
    x = (np.arange(size) + 0.5) / size
    far = 0.010 + 0.007 * np.floor(2 * (line(size, rng, 36, 2) + 1)) * smooth(0.02, 0.10, x) * smooth(
        0.98, 0.86, x
    )
    near = np.zeros(size)
    for left, right, high in (
        (0.165, 0.235, 0.028),
        (0.225, 0.285, 0.044),
        (0.28, 0.345, 0.032),
        (0.335, 0.40, 0.050),
        (0.395, 0.455, 0.036),
        (0.45, 0.56, 0.046),
        (0.555, 0.60, 0.030),
        (0.60, 0.635, 0.022),
    ):
        near = np.maximum(near, high * ((x > left) & (x < right)))
    for centre, wide, foot, high in (
        (0.482, 0.034, 0.046, 0.058),
        (0.536, 0.019, 0.046, 0.032),
        (0.258, 0.015, 0.044, 0.024),
    ):
        part = np.clip(1 - ((x - centre) / wide) ** 2, 0, 1)
        near = np.maximum(near, (foot + high * np.sqrt(part)) * (part > 0))
        near = np.maximum(near, (foot + high + 0.020) * (np.abs(x - centre) < 0.0035))
    for centre, wide, high, cap in ((0.368, 0.0115, 0.205, 0.042), (0.585, 0.007, 0.105, 0.024)):
        aside = np.abs(x - centre)
        near = np.maximum(near, high * (aside < wide))
        near = np.maximum(near, (high + cap * np.clip(1 - aside / wide, 0, 1)) * (aside < wide * 0.92))
    return far.astype(np.float32), near.astype(np.float32)


def _sky_and_water(sheet: Sheet) -> None:
    size, rng = sheet.size, sheet.rng
    x, y = places(size)
    above = smooth(HORIZON + 0.004, HORIZON - 0.004, y)
    cloud = smooth(0.0, 1.1, fbm(size, rng, (90, 200), 5, 0.55) + 0.3 * np.sin(7 * x + 2))
    high = np.clip(y / HORIZON, 0, 1)
    glow = np.exp(-(((x - 0.66) / 0.30) ** 2) - ((y - 0.44) / 0.17) ** 2)
    sheet.wash("f9cf6e", 0.50 * glow + 0.05, 0.8, 0.1, 0.04, 8)
    sheet.wash(
        "f3a093",
        0.50 * np.exp(-(((high - 0.72) / 0.20) ** 2)) * above * (0.45 + 0.55 * cloud),
        0.7,
        0.2,
        0.08,
        10,
    )
    clear = np.clip(1 - 0.93 * cloud, 0, 1) * np.clip(1 - 1.1 * glow, 0, 1)
    sheet.wash("4a9fd0", (0.80 * (1 - high) ** 1.1 + 0.05) * clear * above, 0.38, 0.6, 0.16, 9)
    sheet.bloom(0.150, 0.165, 0.070, 0.42, 2)
    sheet.bloom(0.830, 0.105, 0.055, 0.45, 2)
    under = smooth(0.55, 1.3, fbm(size, rng, (60, 190), 5, 0.55) + 0.7 * cloud) * above * (1 - high) ** 0.3
    sheet.wash("a9a3cf", 0.42 * under * (1 - 0.7 * glow), 0.30, 0.7, 0.18, 9)
    depth = np.clip((y - HORIZON) / (1 - HORIZON), 0, 1)
    below = 1 - above
    ripple = fbm(size, rng, (9, 120), 3)
    path = np.exp(-(((x - 0.66) / (0.06 + 0.15 * depth)) ** 2))
    spark = smooth(0.35, 1.3, ripple + 1.5 * path * (1 - 0.4 * depth) + 0.30 * sheet.grain - 0.35)
    sheet.wash(
        "f6b98a", 0.45 * below * np.exp(-(((x - 0.66) / 0.24) ** 2)) * (1 - depth) ** 0.8, 0.6, 0.2, 0.05, 6
    )
    sheet.wash("74c6c4", below * (0.16 + 0.55 * depth) * (1 - 0.96 * spark), 0.10, 0.7, 0.14, 2.5)
    bands = smooth(0.0, 1.2, 1.15 * depth + 0.45 * fbm(size, rng, (15, 170), 3) - 0.25)
    sheet.wash("4a94c2", 0.75 * below * bands * (1 - 0.96 * spark), 0.06, 0.9, 0.18, 2.5)
    sheet.wash(
        "4b6fae",
        0.50 * below * smooth(0.55, 1.3, depth + 0.40 * fbm(size, rng, (13, 130), 3)) * (1 - spark),
        0.05,
        1.0,
        0.2,
        2.5,
    )


def _island(sheet: Sheet) -> None:
    size, rng = sheet.size, sheet.rng
    x, y = places(size)
    far, near = _town(size, rng)
    up, down = HORIZON - y, y - HORIZON
    distant = smooth(0.002, -0.002, np.abs(up - far[None] / 2) - far[None] / 2)
    sheet.wash("9d9cc8", 0.55 * distant, 0.12, 0.6, 0.15, 1.5)
    town = smooth(0.0015, -0.0015, np.abs(up - near[None] / 2 + 0.001) - near[None] / 2) * (
        near[None] > 0.001
    )
    warm = np.clip(0.5 + 0.8 * np.sin(23 * x + 1.2 * noise(size, rng, 60)) + 0.3 * noise(size, rng, 40), 0, 1)
    lit = np.clip(0.45 + 5 * up, 0.3, 1)
    sheet.wash("e3966e", 0.78 * town * warm * lit, 0.06, 0.8, 0.09, 1.2)
    sheet.wash("8280b8", 0.75 * town * (1.15 - warm) * (1.1 - 0.35 * lit), 0.06, 0.9, 0.10, 1.2)
    sheet.wash("6a78a8", 0.50 * town * smooth(0.035, 0.0, up), 0.25, 0.3, 0.1, 2)
    # What the water gives back: drawn down, wavering more and more.
    size_x = np.clip(x + 0.010 * fbm(size, rng, (10, 90), 3) * np.sqrt(np.clip(down, 0, 1) * 6), 0, 0.9999)
    image = near[(size_x * size).astype(int)]
    back = (
        smooth(0.006, -0.010, down - 1.15 * image)
        * (down > 0)
        * smooth(0.9, -0.3, fbm(size, rng, (8, 90), 3) - 0.9 + 5 * down)
    )
    sheet.wash("8f8abf", 0.70 * back * np.exp(-down * 4.5), 0.14, 0.7, 0.1, 2.0)
    sheet.wash("dba084", 0.45 * back * warm * np.exp(-down * 5), 0.2, 0.3, 0.15, 2.0)


def _posts(sheet: Sheet) -> None:
    """Mooring posts near us, with their images, and a few dry drags of the brush over the water."""
    rng = sheet.rng
    posts, images, shades = [], [], []
    for cx, top, foot, half in (
        (0.115, 0.575, 0.865, 6.4),
        (0.165, 0.625, 0.890, 7.2),
        (0.070, 0.640, 0.905, 6.0),
        (0.905, 0.600, 0.800, 4.6),
        (0.940, 0.625, 0.815, 4.8),
    ):
        t = np.linspace(0, 1, 14)
        lean = rng.normal(0, 0.010)
        spine = np.stack([cx + lean * t + 0.0015 * np.sin(9 * t), top + (foot - top) * t], 1)
        posts.append((spine, half * (0.85 + 0.15 * t), 0.95))
        shades.append((spine + np.array([0.4 * half / SIDE, 0]), half * 0.5, 1.0))
        for k in range(6):
            at, wide = foot + 0.012 + 0.017 * k, half * rng.uniform(0.9, 2.1 - 0.15 * k) / SIDE
            side = np.linspace(-wide, wide, 6)
            wave = np.stack([cx + lean + side + rng.normal(0, 0.004), at + 0.0015 * np.sin(200 * side)], 1)
            images.append((wave, 3.2 * (1 - 0.08 * k), 0.75 - 0.09 * k))
    sheet.touch("a86a4c", posts)
    sheet.touch("5a5a8c", shades)
    sheet.touch("5f6f9c", images)
    drags = []
    for _ in range(26):
        down = rng.beta(1.5, 1.0)
        at, wide = HORIZON + 0.05 + 0.40 * down, rng.uniform(0.02, 0.05 + 0.10 * down)
        t = np.linspace(-1, 1, 12)
        middle = rng.uniform(0, 1)
        drags.append(
            (
                np.stack([middle + wide * t, at + 0.002 * np.sin(3 * t + at * 90)], 1),
                (2.0 + 4.0 * down) * (1.05 - t**2),
                rng.uniform(0.3, 0.7),
            )
        )
    sheet.touch("3d7cb4", drags, SCUMBLE)


def paint(size: int, rng: np.random.Generator) -> Array:
    """The painting, [size, size, 3] sRGB 0..1."""
    sheet = Sheet(size, rng)
    _sky_and_water(sheet)
    _island(sheet)
    _posts(sheet)
    birds = []
    for cx, cy, span in (
        (0.47, 0.235, 0.016),
        (0.505, 0.215, 0.013),
        (0.53, 0.25, 0.011),
        (0.44, 0.205, 0.010),
        (0.555, 0.225, 0.009),
    ):
        t = np.linspace(-1, 1, 13)
        birds.append(
            (
                np.stack([cx + span * t, cy - 0.4 * span * np.abs(np.sin(2.4 * t))], 1),
                1.3 * (1.1 - np.abs(t)) + 0.4,
                0.9,
            )
        )
    sheet.touch("5a6390", birds)
    sheet.spatter("47a5b0", 0.80, 0.90, 0.10, 34, 0.55)
    sheet.spatter("f08f86", 0.24, 0.93, 0.07, 20, 0.5)
    return sheet.dry()
