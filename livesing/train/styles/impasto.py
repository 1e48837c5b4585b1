"""Impasto: slabs of unthinned paint laid and dragged with a knife."""

import numpy as np

from livesing.train.styles import colour
from livesing.train.styles.canvas import Brush, Canvas
from livesing.train.styles.fields import SIDE, Array, blur, fbm, line, places, sample, smooth
from livesing.train.styles.ground import weave
from livesing.train.styles.paths import scatter

SLAB = Brush(
    hair=7.0,
    streak=0.03,
    blend=0.9,
    furrow=0.35,
    rim=0.9,
    dry=0.22,
    ragged=0.7,
    thick=2.6,
    level=0.9,
    square=True,
    tooth=0.5,
    pickup=0.1,
)
TOUCH = Brush(
    hair=5.0,
    streak=0.04,
    blend=0.8,
    furrow=0.35,
    rim=1.0,
    dry=0.12,
    ragged=0.8,
    thick=3.4,
    level=0.7,
    square=True,
    pickup=0.04,
)
DRAG = Brush(
    hair=4.5,
    streak=0.05,
    blend=0.8,
    furrow=0.5,
    rim=0.7,
    dry=0.55,
    ragged=0.9,
    thick=2.4,
    level=0.4,
    square=True,
    tooth=1.1,
    pickup=0.05,
)
BANK = 0.60
BIRCHES = (  # across at the foot, foot down, lean, half width
    (0.150, 0.640, -0.015, 9.0),
    (0.238, 0.655, 0.030, 12.5),
    (0.060, 0.720, 0.035, 19.0),
    (0.640, 0.632, 0.030, 8.0),
    (0.715, 0.655, -0.020, 11.0),
    (0.805, 0.690, 0.045, 16.0),
    (0.965, 0.740, -0.030, 21.0),
    (0.885, 0.645, 0.01, 8.5),
)


def scene(size: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """A birch wood in October above still water: colours [size, size, 3], and how far it is water (0..1)."""
    x, y = places(size)
    light = np.exp(-(((x - 0.46) / 0.17) ** 2) - ((y - 0.30) / 0.30) ** 2)
    sky = colour.scale("3f9fb4 86c8c4 e8e6b4 fff0b0", np.clip(0.15 + 0.55 * y / BANK + 0.5 * light, 0, 1))
    mass = fbm(size, rng, (120, 90), 4)
    wood = smooth(-0.35, 0.45, 0.75 * mass + 2.1 * np.abs(x - 0.46) ** 0.8 - 1.0 * light - 0.05)
    glow = np.clip(0.46 + 0.20 * fbm(size, rng, (60, 50), 3) + 0.34 * light - 0.42 * (y / BANK - 0.55), 0, 1)
    leaves = colour.scale("4a1c34 8e2430 cc3a24 ea6a1f f59a25 fbc83a fff09a", glow)
    picture = colour.mix(sky, leaves, wood)
    under = smooth(BANK - 0.16, BANK - 0.02, y + 0.03 * mass)
    floor = colour.scale(
        "2e2140 6a2440 b23a2a e08a2a", np.clip(0.35 + 0.3 * fbm(size, rng, (30, 90), 3) + 0.3 * light, 0, 1)
    )
    picture = colour.mix(picture, floor, 0.85 * under)
    depth = np.clip((y - BANK) / (1 - BANK), 0, 1)
    ripple = fbm(size, rng, (10, 110), 3)
    shift = ripple * (0.004 + 0.018 * depth)
    mirror = sample(picture, np.clip(x + shift, 0, 1), np.clip(BANK - 0.9 * (y - BANK) - shift, 0, 1))
    body = colour.scale("1c8296 1a668e 123f74", np.clip(depth + 0.1 * ripple, 0, 1))
    water = colour.mix(mirror, body, np.clip(0.16 + 0.34 * depth + 0.10 * ripple, 0, 1))
    shore = (
        BANK
        + 0.02 * line(size, rng, 260, 4)[None]
        + 0.09 * smooth(0.30, 0.0, x)
        + 0.11 * smooth(0.72, 1.0, x)
    )
    wet = smooth(0, 0.01, y - shore)
    bank = colour.scale("3a1c38 8e2c30 d0582a f2a53a", np.clip(0.5 + 0.3 * fbm(size, rng, (30, 60), 3), 0, 1))
    return colour.mix(colour.mix(picture, bank, smooth(BANK - 0.02, BANK, y) * (1 - wet)), water, wet), wet


def _lay(
    canvas: Canvas,
    picture: Array,
    where: Array,
    half: float,
    length: float,
    gap: float,
    brush: Brush,
    turn: tuple[float, float],
    free: tuple[float, float] = (0.03, 0.09),
) -> None:
    """Strokes all over `where` (share of strokes kept, 0..1): `turn`, mean and deviation of their direction;
    `free`, how far the two colours on the knife stray in lightness."""
    rng, size = canvas.rng, canvas.size
    x, y = scatter(rng, gap, size)
    keep = rng.uniform(0, 1, len(x)) < sample(where, x, y)
    x, y = x[keep], y[keep]
    n = len(x)
    known = sample(blur(picture, 0.4 * half), x, y)
    first = colour.vary(known, rng, free[0], 0.018, 0.12)
    second = colour.vary(known, rng, free[1], 0.035, 0.30)
    way = rng.normal(turn[0], turn[1], n) + np.pi * (rng.uniform(0, 1, n) < 0.5)
    long, wide = length * rng.uniform(0.55, 1.3, n) / SIDE, half * rng.uniform(0.7, 1.25, n)
    bend = rng.normal(0, 0.10, n)
    t = np.linspace(-0.5, 0.5, 7)[:, None]
    for k in range(n):
        along, aside = np.array([np.cos(way[k]), np.sin(way[k])]), np.array([-np.sin(way[k]), np.cos(way[k])])
        spine = np.array([x[k], y[k]]) + t * long[k] * along + (t**2 - 0.08) * bend[k] * long[k] * aside
        canvas.stroke(spine, wide[k], first[k], brush, second[k])


def _birches(canvas: Canvas, rng: np.random.Generator) -> None:
    """Trunks in short drags of white and lilac, dark scars across, and their images in the water."""
    for foot, lean, half in (
        (0.375, 0.02, 4.5),
        (0.425, -0.03, 3.6),
        (0.505, 0.012, 4.0),
        (0.560, -0.02, 5.0),
    ):  # far, in the light
        for top in np.arange(0.02, BANK - 0.08, 0.075):
            t = np.linspace(top, top + rng.uniform(0.03, 0.075), 6)
            first, second = colour.vary(colour.pigments("d9b7a8 b08fb4"), rng, 0.04, 0.012)
            canvas.stroke(
                np.stack([foot + lean * (1 - t / BANK) ** 1.3, t], 1),
                half * (0.5 + 0.6 * t),
                first,
                SLAB,
                second,
            )
    for foot, down, lean, half in BIRCHES:
        ys = np.arange(-0.03, down, 0.052)
        for top in ys[rng.permutation(len(ys))]:
            t = np.linspace(top, min(top + 0.075, down), 6)
            x = foot + lean * (1 - t / down) ** 1.3 + 0.004 * np.sin(18 * t + foot * 50)
            thin = half * (0.58 + 0.42 * t / down) * rng.uniform(0.88, 1.12)
            for aside, codes, wide in ((0.35, "7c6a9c 3a2c58", 0.62), (-0.25, "fdf6e6 f3d9c0", 0.66)):
                first, second = colour.vary(colour.pigments(codes), rng, 0.03, 0.012)
                canvas.stroke(np.stack([x + aside * thin / SIDE, t], 1), wide * thin, first, SLAB, second)
        for _ in range(7):
            at = rng.uniform(0.02, down)
            x = foot + lean * (1 - at / down) ** 1.3
            side = np.linspace(-0.9, rng.uniform(-0.1, 0.8), 4) * half / SIDE
            first, second = colour.pigments("2c1c34 5a3a4a")
            canvas.stroke(
                np.stack([x + side, at + 0.2 * side], 1), rng.uniform(1.6, 3.2), first, TOUCH, second
            )
        for k in range(9):
            at = down + 0.015 + 0.034 * k + rng.normal(0, 0.006)
            if rng.uniform() < 0.07 * k:
                continue
            wide = half * rng.uniform(0.8, 1.7) / SIDE
            side = np.linspace(-wide, wide, 6) + foot - 0.4 * lean * k / 9 + rng.normal(0, 0.004)
            first, second = colour.vary(colour.pigments("e9e2e6 9a8fc0"), rng, 0.04, 0.01)
            canvas.stroke(np.stack([side, np.full(6, at)], 1), rng.uniform(3.5, 6.5), first, TOUCH, second)


def paint(size: int, rng: np.random.Generator) -> Array:
    """The painting, [size, size, 3] sRGB 0..1."""
    picture, wet = scene(size, rng)
    x, y = places(size)
    linen = weave(size, rng, 5.5)
    ground = np.broadcast_to(colour.pigment("7a2f2a"), picture.shape) * (1 + 0.06 * linen[..., None])
    canvas = Canvas(ground, rng, 0.5 * linen)
    dry = 1 - wet
    _lay(canvas, picture, dry, 21, 85, 21, SLAB, (-0.9, 0.6))
    _lay(canvas, picture, wet, 17, 120, 18, SLAB, (0.0, 0.06))
    _lay(canvas, picture, dry, 12, 46, 14, SLAB, (-0.8, 0.8), (0.04, 0.12))
    _birches(canvas, rng)
    leafy = dry * smooth(0.02, 0.30, np.abs(x - 0.46) + 0.06 * fbm(size, rng, 60, 3)) * smooth(0.66, 0.45, y)
    bright = colour.enrich(picture, 1.12, 1.3, 0.05)
    _lay(
        canvas,
        bright,
        0.55 * leafy * smooth(-0.3, 0.6, fbm(size, rng, 70, 3)),
        7.5,
        20,
        13,
        TOUCH,
        (-0.7, 0.7),
        (0.06, 0.12),
    )
    vivid = colour.enrich(picture, 1.15, 1.5, 0.04)
    _lay(canvas, vivid, 0.75 * wet, 7.0, 60, 14, DRAG, (0.0, 0.05), (0.05, 0.12))
    _fallen(canvas, rng)
    return colour.enrich(canvas.lit(depth=0.75, gloss=0.22, soften=0.9, ambient=0.03), 1.05, 1.06)


def _fallen(canvas: Canvas, rng: np.random.Generator) -> None:
    """Leaves on the bank and the water, the thickest touches of all."""
    tubes = colour.pigments("f7b52c f08322 e2521f c9302a fbe07a d83a52")
    for _ in range(130):
        drift = rng.choice([0.10, 0.34, 0.70, 0.92])
        y = BANK + 0.40 * rng.beta(1.1, 1.6)
        x = drift + rng.normal(0, 0.09) + 0.25 * (y - BANK)
        far = 0.45 + 1.1 * (y - BANK) / 0.4
        way, long = rng.normal(0, 0.35), 10 * far * rng.uniform(0.3, 1.2) / SIDE
        spine = np.array([x, y]) + np.linspace(-0.5, 0.5, 4)[:, None] * long * np.array(
            [np.cos(way), np.sin(way)]
        )
        first, second = tubes[rng.integers(0, len(tubes), 2)]
        canvas.stroke(spine, 4.8 * far * rng.uniform(0.5, 1.1), first, TOUCH, second)
