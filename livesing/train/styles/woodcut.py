"""Woodcut: a black key block and three of colour, cut with a gouge and printed a little out of register."""

import numpy as np

from livesing.train.styles import colour
from livesing.train.styles.canvas import Brush, Canvas, relief
from livesing.train.styles.fields import SIDE, Array, blur, fbm, line, noise, places, sample, smooth, warp
from livesing.train.styles.ground import planks, washi
from livesing.train.styles.paths import comb

GOUGE = Brush(hair=3.0, dry=0.0, ragged=0.25)
SUN = (0.735, 0.255, 0.115)
OUTER, INNER = (0.20, 0.735, 0.470), (0.425, 0.680, 0.315)
"""The breaking wave lies inside one circle and outside another: across, down, radius."""
SWELLS = (
    (0.665, 0.022, 7.0, 1.0),
    (0.735, 0.034, 4.8, 2.6),
    (0.830, 0.050, 3.4, 0.3),
    (0.965, 0.060, 2.5, 3.4),
)
"""Height down, amplitude, crests across and phase of the waves before it."""


class Design:
    """What the blocks say: ink of the key block by tone, the regions, and the way of the cuts."""

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        x, y = places(size)
        sx, sy, radius = SUN
        away = np.hypot(x - sx, y - sy)
        self.sun = away < radius
        around = np.arctan2(y - sy, x - sx)
        self.angle = around + 0.16 * np.sin(9 * away) + 0.05 * fbm(size, rng, 120, 2)
        self.angle = np.where(self.sun, around + np.pi / 2, self.angle)
        rays = 0.5 + 0.5 * np.cos(26 * around + 2 * np.sin(7 * away))
        self.cut = np.clip(1.15 - 1.45 * (away - radius) + 0.35 * (rays - 0.5), 0.16, 1.0)
        self.cut = np.where(self.sun, 1.0, self.cut)
        self.ring = smooth(0.007, 0.004, np.abs(away - radius - 0.008 - 0.002 * noise(size, rng, 30)))
        self.solid = np.zeros((size, size), bool)
        self.foam = np.zeros((size, size), bool)
        self.sea = np.zeros((size, size), bool)
        self._mountains(x, y, size, rng)
        self._breaker(x, y, size, rng)
        self._swells(x, y, size, rng)

    def _mountains(self, x: Array, y: Array, size: int, rng: np.random.Generator) -> None:
        peaks = np.maximum(1 - 1.25 * np.abs(line(size, rng, 150, 3, 0.30)), -0.2)
        far = np.exp(-(((x[0] - 1.0) / 0.20) ** 2)) + 0.45 * np.exp(-(((x[0] - 0.60) / 0.10) ** 2))
        edge = (0.635 - (0.035 + 0.13 * far) * (0.55 + peaks))[None]
        rock = (y > edge) & (x > 0.3)
        side = np.gradient(np.broadcast_to(blur(edge.repeat(size, 0), (0, 6)), (size, size)), axis=1) * size
        face = warp(side, 14 * noise(size, rng, 60) - 90 * (y - edge), 0 * x)
        lit = np.clip(np.where(face < 0, 1.05, 0.16) - 1.6 * (y - edge), 0.05, 0.9)
        side = np.sign(face) * 0.7
        self.angle = np.where(rock, np.arctan2(1.0, side), self.angle)
        self.cut = np.where(rock, lit, self.cut)
        self.solid |= rock
        self.ridge = smooth(0.0032, 0.0018, np.abs(y - edge - 0.009 - 0.002 * noise(size, rng, 20))) * rock
        self.sun &= ~rock
        self.ring = self.ring * ~rock

    def _breaker(self, x: Array, y: Array, size: int, rng: np.random.Generator) -> None:
        wobble = 0.010 * fbm(size, rng, 90, 3)
        outside, inside = (np.hypot(x - c[0], y - c[1]) - c[2] for c in (OUTER, INNER))
        outside = outside + wobble
        body = (outside < 0) & (inside + wobble > 0)
        share = np.clip(-outside / np.maximum(inside - outside, 1e-3), 0, 1)
        cx, cy = (OUTER[k] + (INNER[k] - OUTER[k]) * share for k in (0, 1))
        way = np.arctan2(y - cy, x - cx) + np.pi / 2
        # Foam: along the crest and thick at the tip, its lower edge in fingers.
        arc = np.arctan2(y - OUTER[1], x - OUTER[0])
        tip = np.exp(-(((x - 0.50) / 0.16) ** 2) - ((y - 0.37) / 0.15) ** 2)
        fingers = 0.5 + 0.5 * np.cos(44 * arc + 2.5 * noise(size, rng, 70)) + 0.25 * noise(size, rng, 26)
        reach = (0.024 + 0.070 * tip) * (0.40 + 0.9 * fingers)
        claws = (
            (inside < 0)
            & (inside > -0.085 * tip * np.clip(fingers - 0.15, 0.30, 1.6))
            & (outside < 0.004)
            & (-outside < reach + 0.03)
        )
        foam = (body & (-outside < reach)) | (claws & (x > 0.25))
        tubes = 0.5 + 0.5 * np.cos(34 * share + 1.5 * noise(size, rng, 120))
        self._sea(body | foam, foam, way, np.clip(0.30 + 0.55 * tubes * (0.4 + share), 0.1, 0.95))

    def _swells(self, x: Array, y: Array, size: int, rng: np.random.Generator) -> None:
        for base, rise, crests, phase in SWELLS:
            turn = crests * np.pi * x + phase + 0.5 * noise(size, rng, (600, 140))
            # Sharp crests and round troughs, as a trochoid has them.
            edge = (
                base
                - rise * (1.0 - 1.7 * np.abs(np.sin(turn / 2)) ** 0.8)
                - 0.004 * noise(size, rng, (300, 26))
            )
            below = y - edge
            body = below > 0
            lobes = 0.6 + 0.4 * np.cos(46 * x + 4 * noise(size, rng, 70)) + 0.25 * noise(size, rng, 26)
            foam = body & (
                below
                < rise * 0.75 * np.clip(lobes, 0.12, 2) * (0.35 + 0.65 * np.clip((base - edge) / rise, 0, 1))
            )
            across, down = np.gradient(edge, axis=1), 1.0 / size
            way = np.arctan2(across * np.exp(-below / 0.07), down)
            tone = 0.92 - 0.75 * below / (rise * 2.2) + 0.22 * noise(size, rng, (16, 110))
            self._sea(body, foam, way, np.clip(tone, 0.14, 0.9))

    def _sea(self, body: Array, foam: Array, way: Array, cut: Array) -> None:
        self.angle, self.cut = np.where(body, way, self.angle), np.where(body, cut, self.cut)
        self.solid, self.sea = self.solid & ~body, (self.sea & ~body) | (body & ~foam)
        self.foam, self.sun = (self.foam & ~body) | foam, self.sun & ~body
        self.ring, self.ridge = self.ring * ~body, self.ridge * ~body


def _outlines(design: Design) -> Array:
    """Black edges around foam and sea, 0..1."""
    edge = np.zeros(design.foam.shape, np.float32)
    for mask in (design.foam, design.sea | design.foam):
        soft = blur(mask.astype(np.float32), 1.7)
        edge = np.maximum(edge, smooth(0.16, 0.34, np.minimum(soft, 1 - soft)))
    return edge


def _key(design: Design, rng: np.random.Generator) -> Array:
    """The key block: where it carries ink, 0..1."""
    size = design.angle.shape[0]
    canvas = Canvas(np.zeros((size, size, 3), np.float32), rng)
    gap = 7.0 + 0 * design.cut
    cleared = np.zeros((size, size), np.float32)
    away = (np.cos(design.angle), np.sin(design.angle))
    for spine in comb(design.angle, gap, 100, rng, 5.0, 0.2):
        tone = float(sample(design.cut, *spine[len(spine) // 2]))
        # A cut does not run from one thing into the next.
        here = sample(np.stack([*away, design.cut], -1), spine[:, 0], spine[:, 1])
        middle = here[len(here) // 2]
        same = (np.abs((here[:, :2] * middle[:2]).sum(1)) > 0.75) & (np.abs(here[:, 2] - middle[2]) < 0.42)
        spine = spine[same]
        if len(spine) < 3 or tone < rng.uniform(0, 0.16):
            continue
        t = np.linspace(-1, 1, len(spine))
        half = (0.8 + 3.6 * tone) * (1 - np.abs(t) ** 2.6) * rng.uniform(0.8, 1.15) + 0.3
        mark = canvas.mark(spine, half, GOUGE)
        if mark is not None:
            cleared[mark.rows, mark.columns] = np.maximum(cleared[mark.rows, mark.columns], mark.cover)
    ink = 1 - np.maximum(cleared, design.ridge)
    # Where all is cut away, ridges that the gouge left still take some ink.
    for wide in (design.foam, design.sun):
        ink = np.where(wide, 0.0, ink)
    chatter = np.zeros((size, size), np.float32)
    for spine in comb(design.angle, 15.0, 26, rng, 4.0, 0.3):
        if rng.uniform() < 0.5 and sample(design.foam.astype(np.float32), *spine[len(spine) // 2]) > 0.5:
            mark = canvas.mark(spine, 1.3 * (1 - np.linspace(-1, 1, len(spine)) ** 2) + 0.2, GOUGE)
            if mark is not None:
                chatter[mark.rows, mark.columns] = np.maximum(chatter[mark.rows, mark.columns], mark.cover)
    ink = np.maximum(ink, chatter * design.foam)
    return np.clip(np.maximum(np.maximum(ink, _outlines(design)), design.ring), 0, 1)


def _spray(design: Design, rng: np.random.Generator) -> Array:
    """Drops that the breaking wave throws, cleared from every block, 0..1."""
    size = design.angle.shape[0]
    x, y = places(size)
    drops = np.zeros((size, size), np.float32)
    for _ in range(120):
        turn, far = rng.normal(-1.15, 0.75), rng.gamma(1.6, 0.052)
        cx, cy = 0.485 + far * np.cos(turn) * 1.2, 0.355 + far * np.sin(turn) * 0.9 + 0.3 * far**2
        radius = rng.uniform(1.6, 4.6) * np.exp(-2.2 * far) / SIDE
        rows = slice(max(int((cy - 0.01) * size), 0), max(int((cy + 0.01) * size) + 2, 0))
        columns = slice(max(int((cx - 0.01) * size), 0), max(int((cx + 0.01) * size) + 2, 0))
        distance = np.hypot(x[rows, columns] - cx, y[rows, columns] - cy)
        drops[rows, columns] = np.maximum(
            drops[rows, columns], smooth(radius + 0.7 / size, radius - 0.7 / size, distance)
        )
    return drops * ~design.foam


def paint(size: int, rng: np.random.Generator) -> Array:
    """The print, [size, size, 3] sRGB 0..1."""
    x, y = places(size)
    design = Design(size, rng)
    key, spray = _key(design, rng), _spray(design, rng)
    land = design.sea | design.foam
    sky = ~land & ~design.solid
    away = np.hypot(x - SUN[0], y - SUN[1])
    grain, fibres = planks(size, rng, 5.0), washi(size, rng, 300)
    mottle = fbm(size, rng, 14, 3)
    red = np.where(
        design.sun, 1.0, sky * np.clip(1.0 - 1.3 * smooth(0.28, 0.62, y) - 0.12 * (away < 0.17), 0, 1)
    )
    ochre = (sky & ~design.sun) * np.clip(0.25 + 0.9 * smooth(0.15, 0.6, y), 0, 1) + 0.15 * design.solid
    blue = (
        design.sea * np.clip(0.62 + 0.55 * smooth(0.5, 1.0, y), 0, 1.1)
        + 0.50 * design.solid
        + 0.12 * design.foam * smooth(0.6, 1.0, y)
    )
    layers = []
    for code, block, shift, worn in (
        ("dcae4e", ochre, (2.5, 1.5), 0.10),
        ("c1301c", red, (-3.0, 2.0), 0.13),
        ("417896", blue, (2.8, -2.2), 0.13),
        ("241d1b", key * 1.02, (0.0, 0.0), 0.10),
    ):
        printed = warp(np.asarray(block, np.float32), np.full_like(x, shift[0]), np.full_like(x, shift[1]))
        printed = blur(printed * (1 - spray), 0.5)
        # The board's grain prints; ink lies in small clouds; where pressure fails the paper shows.
        printed *= (
            1
            + worn * (1.1 * grain + 0.5 * mottle)
            - 0.5 * smooth(1.7, 3.0, mottle - 0.5 * grain) * (printed > 0.1)
        )
        layers.append((code, np.clip(printed, 0, 1.25)))
    ragged = 0.0012 * fbm(size, rng, 40, 4)
    frame = smooth(0.022, 0.0245, np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y)) + ragged)
    paper = (
        np.broadcast_to(colour.pigment("efe3c8"), (size, size, 3))
        * (1 - 0.02 * fibres + 0.012 * mottle)[..., None]
    )
    picture = colour.washes(np.clip(paper, 0, 1), [(code, density * frame) for code, density in layers])
    return relief(picture, 0.25 * fibres - 0.8 * blur(key, 0.8) * frame, 0.35, gloss=0.02, soften=0.7)
