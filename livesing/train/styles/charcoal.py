"""Charcoal: drawn over toned paper, rubbed with the hand, lights lifted out and touched with chalk."""

from itertools import pairwise

import numpy as np

from livesing.train.styles import colour
from livesing.train.styles.canvas import Brush, Canvas, relief
from livesing.train.styles.fields import SIDE, Array, blur, fbm, line, noise, places, ridged, sample, smooth
from livesing.train.styles.ground import laid
from livesing.train.styles.paths import comb, scatter

STICK = Brush(hair=2.6, dry=0.12, ragged=0.8)
POINT = Brush(hair=2.0, dry=0.05, ragged=0.6)
HORIZON = 0.665


class Sheet:
    """Paper; charcoal on it, density [size, size]; chalk on it, 0..1."""

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.size, self.rng = size, rng
        rough = 0.5 * laid(size, rng, 7.0) + 0.75 * noise(size, rng, 3.6) + 0.55 * noise(size, rng, 5.6)
        self.grain = (rough - rough.mean()) / rough.std()
        self.canvas = Canvas(np.zeros((size, size, 3), np.float32), rng, self.grain)
        self.coal = np.zeros((size, size), np.float32)
        self.chalk = np.zeros((size, size), np.float32)

    def caught(self, pressure: float | Array, grain: Array) -> Array:
        """How much the paper's hills take at a pressure 0..1; at 1 the valleys too."""
        return np.clip(1.7 * np.asarray(pressure) - 0.25 + 0.20 * grain, 0, 1)

    def draw(
        self,
        spine: Array,
        half: Array | float,
        pressure: float | Array,
        load: float,
        brush: Brush = STICK,
        chalk: bool = False,
        most: float = 2.4,
    ) -> None:
        """A line of charcoal or chalk; `pressure` one number or along the spine. It adds up to `most`."""
        mark = self.canvas.mark(np.asarray(spine, np.float32), half, brush)
        if mark is None:
            return
        force = np.asarray(pressure, np.float32)
        if force.ndim:
            force = np.interp(mark.part, np.linspace(0, 1, len(force)), force)
        grain = self.grain[mark.rows, mark.columns]
        laid_down = load * mark.cover * self.caught(force + 0.20 * mark.hair + 0.08 * mark.load, grain)
        most = most * np.clip(0.9 + 0.13 * grain, 0.45, 1.35)
        onto = self.chalk if chalk else self.coal
        below = onto[mark.rows, mark.columns]
        onto[mark.rows, mark.columns] = below + laid_down * np.clip(1 - below / most, 0, 1)  # it fills up

    def rub(self, where: Array, along: tuple[float, float] = (4.0, 9.0), keep: float = 0.35) -> None:
        """The hand over it: dust goes into the valleys and is carried `along` (units down and across)."""
        smeared = blur(self.coal, along) * (1 + 0.05 * self.grain)
        self.coal += (keep * self.coal + (1 - keep) * smeared - self.coal) * where

    def lift(self, spine: Array, half: Array | float, share: float) -> None:
        """A kneaded eraser."""
        mark = self.canvas.mark(np.asarray(spine, np.float32), half, STICK)
        if mark is not None:
            self.coal[mark.rows, mark.columns] *= 1 - share * mark.cover * (
                0.8 - 0.12 * self.grain[mark.rows, mark.columns]
            )

    def seen(self) -> Array:
        """The drawing, [size, size, 3] sRGB 0..1."""
        tint = 1 + 0.012 * self.grain + 0.015 * fbm(self.size, self.rng, 120, 3)
        paper = np.clip(
            np.broadcast_to(colour.pigment("d8cfbf"), (self.size, self.size, 3)) * tint[..., None], 0, 1
        )
        picture = colour.washes(paper, [("3d3a36", np.clip(self.coal, 0, 2.6))])
        picture = colour.mix(
            picture,
            np.broadcast_to(colour.pigment("f4efe4"), picture.shape),
            np.clip(self.chalk, 0, 1) * 0.92,
        )
        return relief(picture, 0.3 * self.grain, 0.28, gloss=0.0, soften=0.6)


def tones(size: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """How dark it is to be, 0..1, and the way the hand goes (radians)."""
    x, y = places(size)
    roll = fbm(size, rng, (120, 260), 5, 0.55)
    front = y - 0.27 - 0.24 * (x - 0.5) - 0.05 * roll
    billow = ridged(size, rng, (110, 170), 5)
    billow = (billow - billow.mean()) / billow.std()
    sky = 0.33 + (0.12 * roll - 0.13 * billow) * smooth(0.62, 0.3, y) + 0.30 * np.exp(-((front / 0.12) ** 2))
    sky += 0.22 * smooth(0.16, 0.0, y) - 0.24 * np.exp(-(((front + 0.16) / 0.07) ** 2))
    sky -= 0.62 * np.exp(-(((y - 0.60) / 0.085) ** 2)) * (0.55 + 0.45 * np.cos(4.5 * (x - 0.30)))
    rain = smooth(0.2, 0.9, noise(size, rng, (700, 70))) * smooth(0.28, 0.42, y) * smooth(0.75, 0.45, x)
    sky += 0.16 * rain
    angle = -0.42 + 0.35 * roll * smooth(0.6, 0.3, y) + 0 * x
    angle = np.where(rain * smooth(0.34, 0.44, y) > 0.45, 1.25, angle)
    tone = np.clip(sky, 0.03, 0.95)
    for base, rise, cell, dark, turn in (
        (HORIZON - 0.028, 0.018, 330, 0.42, -0.05),
        (HORIZON + 0.005, 0.012, 200, 0.66, 0.04),
        (0.77, 0.022, 420, 0.84, 0.10),
    ):
        edge = base - rise * line(size, rng, cell, 5, 0.45)[None]
        ground = y > edge
        deep = dark - 0.30 * smooth(0.0, 0.10, y - edge) + 0.13 * fbm(size, rng, (22, 130), 3)
        tone, angle = (
            np.where(ground, np.clip(deep, 0.08, 0.97), tone),
            np.where(ground, turn + 0.1 * noise(size, rng, 120), angle),
        )
    pool = np.hypot((x - 0.33 - 0.25 * (y - 0.83)) / 0.235, (y - 0.835) / 0.040) + 0.14 * noise(
        size, rng, (24, 90)
    )
    water = smooth(1.04, 0.97, pool)
    tone = tone * (1 - water) + water * np.clip(
        0.13 + 0.45 * smooth(0.825, 0.795, y) + 0.06 * noise(size, rng, (8, 120)), 0, 1
    )
    tone = np.maximum(tone, 0.9 * np.exp(-(((pool - 1.06) / 0.06) ** 2)) * (y < 0.84))
    return tone, angle


def _tree(sheet: Sheet, x: float, y: float, way: float, length: float, half: float, depth: int) -> None:
    """A bare tree bent by the wind, from a bough to its twigs."""
    rng = sheet.rng
    t = np.linspace(-0.06, 1, 12)
    bend = rng.normal(0, 0.30) - 0.16
    turns = way + bend * t + 0.10 * np.cumsum(rng.normal(0, 1, 12)) / 3
    px, py = (
        x + (np.cumsum(np.cos(turns)) - 1.6 * np.cos(way)) * length / 12,
        y + (np.cumsum(np.sin(turns)) - 1.6 * np.sin(way)) * length / 12,
    )
    taper = half * (1 - 0.38 * t) + 0.55
    sheet.draw(np.stack([px, py], 1), taper, 0.95 if depth > 2 else 0.80, 1.75 if depth > 1 else 1.15, POINT)
    if depth == 0:
        return
    for at in (5, 8, 11) if depth > 3 else (4, 7, 9, 11):
        side = rng.choice([-1, 1]) if at < 11 else 0.35 * rng.choice([-1, 1])
        if at < 11 and rng.uniform() < 0.18:
            continue
        turn = turns[at] + side * rng.uniform(0.35, 0.85) - 0.05
        _tree(
            sheet,
            px[at],
            py[at],
            turn,
            length * rng.uniform(0.55, 0.80),
            taper[at] * (0.80 if at == 11 else 0.58),
            depth - 1,
        )


def _foreground(sheet: Sheet) -> None:
    """Grass, a broken fence and its wire."""
    rng = sheet.rng
    tops = []
    for k, x in enumerate((0.045, 0.135, 0.235, 0.325, 0.405, 0.470, 0.527)):
        foot, tall = 0.800 - 0.013 * k, 0.125 - 0.0125 * k
        lean = rng.normal(0.012, 0.016)
        t = np.linspace(0, 1, 8)
        spine = np.stack([x + lean * t, foot - tall * t], 1)
        sheet.draw(spine, 3.4 - 0.33 * k, 0.95, 1.8, POINT)
        tops.append((x + 0.8 * lean, foot - 0.8 * tall))
    for (ax, ay), (bx, by) in pairwise(tops):
        t = np.linspace(0, 1, 16)
        sheet.draw(
            np.stack([ax + (bx - ax) * t, ay + (by - ay) * t + 0.016 * 4 * t * (1 - t)], 1),
            0.85,
            0.62,
            1.2,
            POINT,
        )
    for _ in range(430):
        near = rng.beta(1.5, 1.0)
        x, y = rng.uniform(-0.02, 1.02), 0.775 + 0.25 * near
        if abs(x - 0.33) < 0.23 and y < 0.875:
            continue
        t = np.linspace(0, 1, 9)
        tall, lean = (0.018 + 0.065 * near) * rng.uniform(0.4, 1.3), rng.normal(0.45, 0.35)
        spine = np.stack([x + lean * tall * t**1.7, y - tall * t], 1)
        sheet.draw(
            spine, (1.4 + 2.0 * near) * (1.15 - t), rng.uniform(0.5, 0.95), rng.uniform(0.8, 1.7), POINT
        )


def paint(size: int, rng: np.random.Generator) -> Array:
    """The drawing, [size, size, 3] sRGB 0..1."""
    sheet = Sheet(size, rng)
    tone, angle = tones(size, rng)
    _, y = places(size)
    # A broad lay-in with the side of the stick, rubbed; then hatching over it that stays.
    sheet.coal[:] = 0.62 * blur(tone, 2.5) ** 1.5 * (1 + 0.12 * noise(size, rng, (6, 60)))
    for half, gap, length, turn, load in ((13.0, 22.0, 150, 0.0, 0.50), (7.0, 20.0, 100, 0.30, 0.55)):
        sx, sy = scatter(rng, gap, size)
        way = sample(angle, sx, sy) + turn + rng.normal(0, 0.13, len(sx))
        dark = sample(blur(tone, 6), sx, sy)
        for k in range(len(sx)):
            reach = length / SIDE * rng.uniform(0.3, 0.65)
            t = np.linspace(-1, 1, 9)[:, None]
            spine = np.array([sx[k], sy[k]]) + t * reach * np.array([np.cos(way[k]), np.sin(way[k])]) * (
                0.5 if sy[k] > HORIZON else 1
            )
            if dark[k] > 0.10:
                pressure = 0.10 + 0.55 * sample(tone, spine[:, 0], spine[:, 1])
                most = 0.10 + 1.5 * float(dark[k]) ** 1.5
                sheet.draw(spine, half * rng.uniform(0.6, 1.2), pressure, load, most=most)
    sheet.rub(smooth(0.72, 0.55, y) * (0.45 + 0.4 * smooth(-0.5, 0.8, noise(size, rng, 150))))
    for turn, gap, low in ((0.10, 8.5, 0.0), (0.75, 9.5, 0.34)):  # and across, where it is dark
        for spine in comb(angle + turn, gap, 70, rng, 5.0, 0.4):
            force = float(sample(tone, *spine[len(spine) // 2]))
            if force > rng.uniform(low, low + 0.45):
                t = np.linspace(-1, 1, len(spine))
                sheet.draw(
                    spine,
                    1.7 + 1.6 * (1 - t**2),
                    0.25 + 0.5 * force,
                    0.22 + 0.5 * force,
                    POINT,
                    most=0.35 + 2 * force**1.5,
                )
    for _ in range(26):
        cx, cy = rng.uniform(0, 1), 0.595 + rng.normal(0, 0.022)
        t = np.linspace(-1, 1, 9)
        sheet.lift(
            np.stack([cx + 0.08 * t, cy + 0.012 * t], 1),
            rng.uniform(2, 8) * (1.1 - t**2),
            rng.uniform(0.3, 0.8),
        )
    for _ in range(20):
        t = np.linspace(-1, 1, 9)
        cx, cy = (
            rng.normal(0.30, 0.10),
            rng.uniform(0.62, 0.64) if rng.uniform() < 0.4 else rng.uniform(0.825, 0.86),
        )
        sheet.draw(
            np.stack([cx + rng.uniform(0.02, 0.07) * t, cy + 0 * t], 1),
            rng.uniform(1.2, 3.6) * (1.1 - t**2),
            rng.uniform(0.35, 0.7),
            0.8,
            STICK,
            chalk=True,
        )
    _foreground(sheet)
    _tree(sheet, 0.755, 0.815, -1.50, 0.21, 15.0, 5)
    for _ in range(70):  # roots, and shade on the lee side
        t = np.linspace(0, 1, 8)
        aside, down = rng.normal(-0.03, 0.055), rng.uniform(0.802, 0.832)
        spine = np.stack(
            [0.755 + 0.35 * aside + aside * t, down + 0.012 * rng.normal() * t + 0.006 * t**2], 1
        )
        sheet.draw(spine, rng.uniform(1.5, 4.5) * (1.1 - t), 0.5, 0.7, POINT)
    return sheet.seen()
