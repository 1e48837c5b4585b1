"""Pointillism: small dabs of unmixed colour side by side; the eye mixes them."""

import numpy as np

from livesing.train.styles import colour
from livesing.train.styles.canvas import Brush, Canvas
from livesing.train.styles.fields import SIDE, Array, blur, fbm, line, noise, places, sample, smooth
from livesing.train.styles.ground import weave
from livesing.train.styles.paths import LEAST_GAP, scatter

TUBES = (
    "fdf6e0 fbe9a6 f9d04e f3a93a ea7a33 d8503c e08a86 d9628f b884c0 8a76c4 5a5cb4 3a62b8 3f8fd0 7cbfe2 "
    "5cc3c4 2f9c94 4aa862 93c25a c9d96a 2a4a86 35406e"
)
"""The palette: pure hues, their tints, one white, two darks for shadow."""
DABS = (
    # radius, gap, how freely the tube is chosen (OKLab), share of opposite colours, brush
    (
        7.4,
        9.0,
        0.020,
        0.00,
        Brush(hair=2.4, thick=0.5, dry=0.0, ragged=0.7, blend=0.3, streak=0.03, pickup=0.2),
    ),
    (
        5.0,
        8.8,
        0.035,
        0.05,
        Brush(hair=2.4, thick=0.9, dry=0.0, ragged=0.4, blend=0.2, streak=0.04, pickup=0.0),
    ),
    (
        4.3,
        9.6,
        0.055,
        0.09,
        Brush(hair=2.4, thick=1.2, dry=0.0, ragged=0.4, blend=0.15, streak=0.04, pickup=0.0),
    ),
)
SEA = 0.585
SUN = (0.405, 0.395)
SAILS = ((0.690, 0.640, 0.330, 0.125), (0.205, 0.606, 0.150, 0.058), (0.520, 0.594, 0.072, 0.028))
"""Mast across, foot down, height, width."""


def _over(picture: Array, code: str, mask: Array) -> Array:
    return colour.mix(picture, np.broadcast_to(colour.pigment(code), picture.shape), mask)


def _boats(picture: Array) -> Array:
    x, y = places(picture.shape[0])
    for cx, foot, tall, wide in SAILS:
        up = np.clip((foot - y) / tall, 0, 1)
        belly = 1 + 0.5 * np.sin(np.pi * up)
        in_height = (y < foot - 0.06 * tall) & (y > foot - tall)
        main = (x > cx) & (x < cx + wide * (1 - up) * belly) & in_height
        jib = (x < cx - 0.04 * wide) & (x > cx - 0.62 * wide * (1 - up / 0.84) * belly) & in_height
        turn = np.clip((x - cx) / wide, 0, 1)
        picture = colour.mix(
            picture, colour.scale("f4a24c e06a48 a84a86", np.clip(turn + 0.35 - 0.5 * up, 0, 1)), main * 1.0
        )
        picture = colour.mix(picture, colour.scale("fff2c8 f9d488 ee9f6a", up), jib * 1.0)
        middle = cx + 0.12 * wide
        hull = np.abs(x - middle) < 0.85 * wide - 2.2 * np.maximum(y - foot + 0.05 * tall, 0)
        picture = _over(
            picture, "35406e", (hull & (y > foot - 0.05 * tall) & (y < foot + 0.045 * tall)) * 1.0
        )
    return picture


def scene(size: int, rng: np.random.Generator) -> Array:
    """Sails at sunrise: the colours to be reached, [size, size, 3]."""
    x, y = places(size)
    away = np.hypot(x - SUN[0], y - SUN[1])
    waves = (
        away
        + 0.010 * fbm(size, rng, 160, 3)
        + 0.009 * np.sin(46 * away + 3 * np.arctan2(y - SUN[1], x - SUN[0]))
    )
    sky = colour.scale(
        "fffbe2 fff0a8 fbd068 f6ad62 f0a08e d9a0bc a9a6da 7fb4e0 4f9bd4 3a6fb6",
        np.clip(waves / 0.80, 0, 1),
        (0, 0.055, 0.13, 0.22, 0.32, 0.43, 0.55, 0.68, 0.84, 1),
    )
    picture = _over(sky, "fffdf0", smooth(0.060, 0.050, away))
    for base, rise, cell, codes in (
        (0.545, 0.030, 330, "8f86c8 b79cc8 e3b3b4"),
        (0.572, 0.020, 210, "4a64b0 6f86c0 a9a2c4"),
    ):
        edge = base - rise * line(size, rng, cell, 4, 0.4)
        far = smooth(0, 0.004, y - edge[None]) * (y < SEA + 0.01)
        picture = colour.mix(picture, colour.scale(codes, np.clip((y - edge[None]) / 0.055, 0, 1)), far)
    picture = _boats(picture)
    # The water takes all this upside down, broken by ripples that lengthen toward us.
    depth = np.clip((y - SEA) / (1 - SEA), 0, 1)
    ripple = fbm(size, rng, (9, 70), 3)
    tilt = ripple * (0.003 + 0.022 * depth)
    mirror = sample(
        picture, np.clip(x + 0.6 * tilt, 0, 1), np.clip(2 * SEA - 0.93 * y - 0.07 * SEA - 1.6 * tilt, 0, 1)
    )
    body = colour.scale("8fd8d0 4fb0cc 3579c0 34509c", np.clip(1.15 * depth + 0.12 * ripple, 0, 1))
    water = colour.mix(mirror, body, 0.26 + 0.42 * depth)
    path = np.exp(-(((x - SUN[0]) / (0.030 + 0.075 * depth)) ** 2))
    water = colour.mix(
        water, colour.scale("fff6c0 fbd470 f59a4c", depth), smooth(0.0, 0.8, ripple * 0.5 + 1.7 * path - 0.75)
    )
    picture = _boats(colour.mix(picture, water, smooth(0, 0.003, y - SEA)))
    return _shore(picture, rng)


def _shore(picture: Array, rng: np.random.Generator) -> Array:
    """The near bank in flower, and the pine that frames the bay."""
    size = picture.shape[0]
    x, y = places(size)
    bank = (
        0.905
        + 0.045 * np.sin(4.2 * x + 1.2)
        - 0.11 * smooth(0.55, 1.0, x)
        + 0.006 * line(size, rng, 40, 3)[None]
    )
    near = smooth(0, 0.010, y - bank)
    light = np.clip(0.47 + 0.30 * fbm(size, rng, (36, 90), 3) + 0.25 * np.sin(8 * x), 0, 1)
    picture = colour.mix(picture, colour.scale("34407c 2f6f86 3f9c68 93c25a f0de78", light), near)
    bloom = smooth(0.55, 1.0, fbm(size, rng, 22, 2) + 0.6 * noise(size, rng, 120))
    hues = np.clip(0.5 + 0.45 * noise(size, rng, 110), 0, 1)
    picture = colour.mix(
        picture, colour.scale("f6c04a ef7f48 e0527c c77ac6 fbf0e2", hues), 0.9 * bloom * near
    )
    trunk = 0.925 + 0.035 * np.sin(5.0 * y + 0.4) + 0.030 * (y - 0.4)
    stem = smooth(1.15, 0.85, np.abs(x - trunk) / (0.013 + 0.012 * y)) * (y > 0.16) * (y < 0.9)
    picture = colour.mix(
        picture, colour.scale("e08a5a a0558a 3c3c78", np.clip(0.5 + (x - trunk) * 30, 0, 1)), stem
    )
    crowns = np.full_like(x, -9.0)
    shade = np.zeros_like(x)
    for cx, cy, wide, tall in (
        (0.90, 0.075, 0.20, 0.075),
        (0.765, 0.130, 0.135, 0.042),
        (1.0, 0.190, 0.12, 0.050),
        (0.66, 0.050, 0.11, 0.036),
    ):
        inside = 1 - np.hypot((x - cx) / wide, (y - cy) / tall)
        shade = np.where(inside > crowns, (cy - y) / tall + 0.5 * (cx - x) / wide, shade)
        crowns = np.maximum(crowns, inside)
    leaves = smooth(-0.12, 0.12, crowns + 0.16 * fbm(size, rng, 30, 3))
    sun = np.clip(0.36 - 0.30 * shade + 0.28 * fbm(size, rng, 26, 2), 0, 1)
    return colour.mix(picture, colour.scale("2c3a72 2b6a78 3b9060 8cbc58 f2cf68", sun), leaves)


def _starts(rng: np.random.Generator, gap: float, size: int) -> tuple[Array, Array, Array]:
    """Where dabs go, and how they are turned: in rings around the sun above the sea, in rows below."""
    x, y = scatter(rng, gap, size)
    gap = max(gap, LEAST_GAP * SIDE / size) / SIDE
    radii = np.repeat(
        np.arange(1, int(1.1 / gap)) * gap, [int(2 * np.pi * k) for k in range(1, int(1.1 / gap))]
    )
    turn = rng.uniform(0, 2 * np.pi, len(radii))
    away = radii + rng.normal(0, 0.13 * gap, len(radii))
    ring = np.stack([SUN[0] + away * np.cos(turn), SUN[1] + away * np.sin(turn), turn + np.pi / 2], 1)
    ring = ring[(ring[:, 1] < SEA) & (np.abs(ring[:, :2] - 0.5).max(1) < 0.52)]
    rows = np.stack(
        [x, (np.floor(y / gap) + 0.5) * gap + rng.normal(0, 0.14 * gap, len(x)), np.zeros_like(x)], 1
    )
    every = np.concatenate([ring, rows[rows[:, 1] >= SEA]])[..., :].astype(np.float32)
    every = every[rng.permutation(len(every))]
    return every[:, 0], every[:, 1], every[:, 2]


def _tubes(wanted: Array, rng: np.random.Generator, freedom: float) -> Array:
    """For each colour [n, 3] a tube of the palette: a near one, more rarely a far one."""
    tubes = colour.pigments(TUBES)
    distance = np.linalg.norm(colour.lab(wanted)[:, None] - colour.lab(tubes)[None], axis=2)
    return tubes[(rng.gumbel(size=distance.shape) - distance / freedom).argmax(axis=1)]


def paint(size: int, rng: np.random.Generator) -> Array:
    """The painting, [size, size, 3] sRGB 0..1."""
    picture = colour.enrich(scene(size, rng), 1.04, 1.12)
    linen = weave(size, rng, 4.5)
    ground = np.broadcast_to(colour.pigment("efe0c0"), picture.shape) * (1 + 0.04 * linen[..., None])
    canvas = Canvas(ground, rng, 0.25 * linen)
    for radius, gap, freedom, opposite, brush in DABS:
        x, y, turn = _starts(rng, gap, size)
        n = len(x)
        wanted = sample(blur(picture, radius * 0.25), x, y)
        # Chevreul's contrast: beside a colour, now and then a touch of what is opposite.
        mixed = colour.lab(wanted)
        mixed[rng.uniform(0, 1, n) < opposite, 1:] *= -0.8
        wanted = colour.rgb(mixed)
        # The palette alone would be too coarse: half way back to the true colour.
        first = colour.vary(
            colour.mix(_tubes(wanted, rng, freedom), wanted, np.full(n, 0.45)), rng, 0.02, 0.010
        )
        second = colour.vary(first, rng, 0.06, 0.02)
        turn = turn + rng.normal(0, 0.3, n)
        long = radius * rng.uniform(0.05, 0.40, n) / SIDE
        wide = radius * rng.uniform(0.80, 1.12, n)
        way = np.stack([np.cos(turn), np.sin(turn)], 1) * long[:, None]
        spines = np.stack([x, y], 1)[:, None] + np.linspace(-1, 1, 3)[:, None] * way[:, None]
        for k in range(n):
            canvas.stroke(spines[k], wide[k], first[k], brush, second[k])
    return canvas.lit(depth=0.55, gloss=0.08, soften=0.8)
