"""Gold mosaic: small cubes of glass and of gold leaf under glass, set by hand in lime, each tilted a little.

The cubes are laid as in Hausner 2001, "Simulating decorative mosaics": a centroidal Voronoi diagram under a
square metric that is turned with the picture's lines, and that keeps off its outlines.
"""

import numpy as np

from livesing.train.styles import colour
from livesing.train.styles.canvas import relief
from livesing.train.styles.fields import SIDE, Array, blur, fbm, noise, places, sample, slopes, smooth
from livesing.train.styles.paths import scatter

CUBE = 11.4
"""Side of a cube in units; no less than five pixels."""
ROUNDS = 9
SUN = (0.315, 0.315)
GOLD = "3a1e08 6f4310 a97220 dba637 f6d576 fff6d2"
FRUIT = ((0.79, 0.115), (0.515, 0.145), (0.905, 0.17), (0.545, 0.545), (0.63, 0.625), (0.90, 0.665))
PALETTES = (
    "c98a2a d9a53a e8bd56",  # 0 gold: its light is worked out apart
    "a8261c c93c22 8c1f1c d9562e",  # 1 vermilion
    "f6ead0 fff7e2 ead7ae",  # 2 marble
    "152f7c 1d3f9c 10245c 2a55b4",  # 3 lapis
    "1c8494 2fa7ac 166a80 5cc4bc",  # 4 turquoise
    "0f5a44 1c7a54 0c4436 3f9a5c",  # 5 emerald
    "6fae4a 9cc458 4f9446 c6d878",  # 6 leaf
    "2c1512 452018 1e0e0d 5c2e20",  # 7 umber
    "e8842c f2a040 d9681e f7bd5c",  # 8 amber
    "a9d8dc d4ecec 84c0cc f2f8f2",  # 9 foam
    "6a2f6a 8a4a86 502456 a86a9c",  # 10 amethyst
)


def _spirals(size: int) -> Array:
    """Distance (0..1 of the side) less half width of a tree whose branches curl."""
    x, y = places(size)
    near = np.full((size, size), 9.0, np.float32)

    def draw(px: Array, py: Array, half: Array) -> None:
        for a, b, h in zip(px, py, half, strict=True):
            np.minimum(near, np.hypot(x - a, y - b) - h, out=near)

    t = np.linspace(0, 1, 46)
    draw(
        0.735 + 0.035 * np.sin(4.2 * t) - 0.02 * t,
        0.80 - 0.46 * t,
        0.034 * (1 - 0.62 * t) + 0.018 * (1 - t) ** 6,
    )
    for bx, by, dx, dy, radius, hand, half in (
        (0.750, 0.60, 0.095, -0.085, 0.070, 1, 0.0120),
        (0.738, 0.52, -0.075, -0.085, 0.074, -1, 0.0125),
        (0.735, 0.45, 0.080, -0.120, 0.078, 1, 0.0120),
        (0.728, 0.38, -0.040, -0.130, 0.074, -1, 0.011),
    ):
        t = np.linspace(0, 1, 24)
        side = np.array([-dy, dx]) / np.hypot(dx, dy) * hand
        draw(bx + dx * t, by + dy * t, half * (1.3 - 0.3 * t))
        # The branch goes on into a spiral around a point at its side.
        cx, cy = bx + dx + radius * side[0], by + dy + radius * side[1]
        t = np.linspace(0, 1, 70)
        angle = np.arctan2(-side[1], -side[0]) + hand * 3.3 * np.pi * t
        reach = radius * (1 - 0.86 * t)
        draw(cx + reach * np.cos(angle), cy + reach * np.sin(angle), half * (1 - 0.35 * t))
    return near


def design(size: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """What is shown: a palette's number for every place, and the direction of the rows (radians)."""
    x, y = places(size)
    away = np.hypot(x - SUN[0], y - SUN[1])
    around = np.arctan2(y - SUN[1], x - SUN[0])
    kind = np.zeros((size, size), np.int8)
    angle = around
    rays = np.cos(24 * around) > np.clip(0.55 + 1.1 * (away - 0.15), 0.5, 1.2)
    kind[rays & (away > 0.165)] = 8
    for radius, which in ((0.178, 7), (0.165, 8), (0.150, 1), (0.128, 0), (0.075, 2), (0.052, 8), (0.030, 1)):
        kind[away < radius] = which
    for top, bow, cx, codes in (
        (0.600, 0.55, 0.12, (10, 3, 10)),
        (0.640, 0.50, 0.80, (5, 6, 5)),
        (0.690, 0.36, 0.26, (6, 5, 6)),
    ):
        edge = top + bow * (x - cx) ** 2
        inside = y > edge
        angle = np.where(inside, np.arctan(2 * bow * (x - cx)), angle)
        stripe = ((y - edge) / 0.030).astype(int)
        for k, which in enumerate(codes):
            kind[inside & (stripe % 3 == k)] = which
        kind[inside & (y - edge < 0.011)] = 2 if codes[0] != 10 else 8
    # Waves like scales, each ringed.
    sea = y > 0.775 + 0.012 * np.sin(11 * x)
    radius = 0.083
    best = np.full((size, size), -1.0, np.float32)
    turn = np.zeros((size, size), np.float32)
    for row in range(7):
        down = y - (0.845 + row * radius * 0.5)
        aside = x - (np.round(x / (2 * radius) - 0.5 * (row % 2)) + 0.5 * (row % 2)) * 2 * radius
        inside = (np.hypot(aside, down) < radius) & sea
        best[inside] = (np.hypot(aside, down) / radius)[inside]
        turn[inside] = np.arctan2(down, aside)[inside]
    kind[sea] = 3
    for low, high, which in (
        (0.86, 1.01, 9),
        (0.66, 0.86, 4),
        (0.46, 0.66, 3),
        (0.30, 0.46, 0),
        (0.0, 0.30, 4),
    ):
        kind[sea & (best >= low) & (best < high)] = which
    angle = np.where(sea, turn + np.pi / 2, angle)
    tree = _spirals(size)
    wood = (tree < 0) & (y < 0.80)
    kind[wood] = 7
    angle_x, angle_y = slopes(blur(tree, 2.0))
    angle = np.where((tree < 0.022) & (y < 0.80), np.arctan2(angle_y, angle_x) + np.pi / 2, angle)
    kind[(tree >= 0) & (tree < 0.0135) & (y < 0.62) & (kind != 7)] = 0
    for cx, cy in FRUIT:
        fruit = np.hypot(x - cx, y - cy)
        kind[(fruit < 0.034) & (tree > 0.004)] = 7
        kind[(fruit < 0.027) & (tree > 0.004)] = 1
        kind[(fruit < 0.012) & (tree > 0.004)] = 8
        angle = np.where(fruit < 0.045, np.arctan2(y - cy, x - cx), angle)
    margin = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    kind[margin < 0.048] = 3
    kind[margin < 0.033] = 1
    kind[margin < 0.017] = 0
    side = np.where(np.minimum(x, 1 - x) < np.minimum(y, 1 - y), np.pi / 2, 0.0)
    return kind, np.where(margin < 0.05, side, angle)


def _nearest(x: Array, y: Array, turn: Array, side: float, size: int) -> tuple[Array, Array, Array]:
    """For every pixel the cube that claims it, its distance, and how much farther the next one is (in pixels,
    under each cube's own square metric). `x`, `y` in pixels."""
    first = np.full((size, size), 1e9, np.float32)
    second = np.full((size, size), 1e9, np.float32)
    owner = np.full((size, size), -1, np.int32)
    reach = int(np.ceil(1.5 * side)) + 1
    for k in range(len(x)):
        left, top = max(int(x[k]) - reach, 0), max(int(y[k]) - reach, 0)
        right, bottom = min(int(x[k]) + reach + 1, size), min(int(y[k]) + reach + 1, size)
        if left >= right or top >= bottom:
            continue
        dx = np.arange(left, right, dtype=np.float32) + 0.5 - x[k]
        dy = (np.arange(top, bottom, dtype=np.float32) + 0.5 - y[k])[:, None]
        c, s = np.cos(turn[k]), np.sin(turn[k])
        u, v = np.abs(dx * c + dy * s), np.abs(dy * c - dx * s)
        distance = np.maximum(u, v) + 0.12 * np.minimum(u, v)
        window = np.s_[top:bottom, left:right]
        a, b, o = first[window], second[window], owner[window]
        closer = distance < a
        np.minimum(b, np.where(closer, a, distance), out=b)
        a[closer] = distance[closer]
        o[closer] = k
    return owner, first, second - first


def paint(size: int, rng: np.random.Generator) -> Array:
    """The mosaic, [size, size, 3] sRGB 0..1."""
    kind, angle = design(size, rng)
    side = max(CUBE * size / SIDE, 5.0)
    x, y = scatter(rng, side * SIDE / size, size, 0.02)
    x, y = x * size, y * size
    lines = np.zeros((size, size), bool)
    lines[:, 1:] |= kind[:, 1:] != kind[:, :-1]
    lines[1:] |= kind[1:] != kind[:-1]
    across, down = places(size)
    field = np.stack([np.cos(4 * angle), np.sin(4 * angle)], -1).astype(
        np.float32
    )  # a square turns by quarters

    def turned() -> Array:
        way = sample(field, x / size, y / size)
        return np.arctan2(way[:, 1], way[:, 0]) / 4

    for _ in range(ROUNDS):
        owner, _, _ = _nearest(x, y, turned(), side, size)
        counted = (owner >= 0) & ~lines
        who = owner[counted]
        weight = np.maximum(np.bincount(who, minlength=len(x)), 1)
        moved = np.bincount(who, minlength=len(x)) > 0
        x = np.where(moved, np.bincount(who, across[counted], len(x)) / weight * size, x)
        y = np.where(moved, np.bincount(who, down[counted], len(y)) / weight * size, y)
    turn = turned() + rng.normal(0, 0.07, len(x))
    owner, distance, gap = _nearest(x, y, turn, side, size)
    return _set_in_lime(x, y, kind, owner, distance, gap, side, size, rng)


def _set_in_lime(
    x: Array,
    y: Array,
    kind: Array,
    owner: Array,
    distance: Array,
    gap: Array,
    side: float,
    size: int,
    rng: np.random.Generator,
) -> Array:
    n = len(x)
    pixel = SIDE / size
    unit = 1 / pixel
    column, row = np.clip(x.astype(int), 0, size - 1), np.clip(y.astype(int), 0, size - 1)
    which = kind[row, column]
    tubes = [colour.pigments(codes) for codes in PALETTES]
    base = np.stack([tubes[k][rng.integers(0, len(tubes[k]))] for k in which])
    base = colour.vary(base, rng, 0.035, 0.012, 0.06)
    tilt = rng.normal(0, 1, (n, 2))
    # Gold is a mirror: what it shows depends on its tilt, and on where the lamp stands.
    lamp = np.exp(-((np.hypot(x / size - SUN[0], y / size - SUN[1]) / 0.36) ** 2))
    sheen = (
        0.53
        + 0.20 * lamp
        + 0.15 * tilt.sum(1) / np.sqrt(2)
        + 0.10 * sample(noise(size, rng, 90), x / size, y / size)
    )
    sheen += 0.32 * (rng.uniform(0, 1, n) < 0.055)
    mirror = colour.vary(colour.scale(GOLD, np.clip(sheen, 0.28, 1)), rng, 0.02, 0.012, 0.08)
    base = np.where((which == 0)[:, None], mirror, base)
    owned = np.maximum(owner, 0)
    across, down = places(size)
    u, v = (across * size - x[owned]) / side, (down * size - y[owned]) / side
    grout = 1.75 * unit * (1 + 0.25 * noise(size, rng, 9))
    cube = smooth(grout - 0.5, grout + 0.9, gap) * smooth(0.74 * side, 0.66 * side, distance) * (owner >= 0)
    picture = base[owned]
    # Inside a cube: a slope of light, streaks of the glass, a paler rim where it was broken.
    slope = (tilt[owned, 0] * u + tilt[owned, 1] * v)[..., None]
    streaks = 0.6 * fbm(size, rng, (9, 5), 2) + 0.5 * noise(size, rng, 4)
    metal = (which == 0)[owned]
    picture = np.clip(
        picture * (1 + 0.13 * slope + (0.045 + 0.05 * metal[..., None]) * streaks[..., None]), 0, 1
    )
    lime = colour.scale("4a3a2c 6e5a44 8c765a", np.clip(0.42 + 0.24 * fbm(size, rng, 16, 4), 0, 1))
    picture = colour.mix(lime, picture, cube)
    lies = cube * (2.2 + 0.5 * rng.normal(0, 1, n)[owned]) + 0.9 * cube * (
        tilt[owned, 0] * u + tilt[owned, 1] * v
    )
    surface = lies + 0.10 * streaks * cube + 0.35 * fbm(size, rng, 8, 3) * (1 - cube) * 0.8
    lit = relief(picture, surface, 0.62, gloss=0.35, soften=1.1, ambient=0.10)
    # Glints: a few cubes throw the lamp straight back.
    flash = (rng.uniform(0, 1, n) < 0.03 + 0.05 * (which == 0)) * rng.uniform(0.4, 1.0, n)
    spot = (
        flash[owned]
        * np.exp(-(((u - 0.12 * tilt[owned, 0]) ** 2 + (v - 0.12 * tilt[owned, 1]) ** 2) / 0.05))
        * cube
    )
    halo = blur(spot, 5.0)
    light = lit + (0.55 * spot + 0.5 * halo)[..., None] * np.array([1.0, 0.93, 0.72], np.float32)
    return np.clip(light, 0, 1).astype(np.float32)
