"""Oil: long strokes of a bristle brush that follow the wind, broad, then fine, thick in the light."""

import numpy as np

from livesing.train.styles import colour
from livesing.train.styles.canvas import Brush, Canvas
from livesing.train.styles.fields import SIDE, Array, blur, fbm, line, noise, places, sample, slopes, smooth
from livesing.train.styles.ground import weave
from livesing.train.styles.paths import scatter, trace

LAYERS = (
    # half width, length, gap, paint everywhere?, brush
    (16.0, 140.0, 16.0, True, Brush(hair=3.6, thick=0.8, dry=0.10, blend=0.30, streak=0.04, ragged=0.8)),
    (
        9.0,
        110.0,
        12.0,
        True,
        Brush(hair=2.8, thick=1.6, dry=0.30, blend=0.85, streak=0.075, furrow=0.8, ragged=0.9),
    ),
    (
        5.5,
        70.0,
        10.0,
        False,
        Brush(hair=2.4, thick=2.2, dry=0.34, blend=0.85, streak=0.075, furrow=0.8, ragged=0.9, pickup=0.06),
    ),
)
HORIZON = 0.615
CYPRESSES = (  # foot across, foot and top down, half width, how far the top bends
    (0.868, 0.825, 0.395, 0.052, -0.020),
    (0.790, 0.815, 0.145, 0.070, -0.035),
    (0.715, 0.795, 0.560, 0.036, -0.012),
)


def _wind(size: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """The sky's stream with its eddies: components across and down."""
    x, y = places(size)
    u, v = np.ones_like(x), 0.30 * np.cos(5.0 * x + 0.4)
    for cx, cy, radius, spin in (
        (0.33, 0.25, 0.125, 2.7),
        (0.70, 0.155, 0.085, -2.3),
        (0.93, 0.37, 0.08, 2.2),
    ):
        dx, dy = x - cx, y - cy
        fall = spin * np.exp(-(dx**2 + dy**2) / (2 * radius**2)) / radius
        u, v = u - dy * fall, v + dx * fall
    return u, v + 0.25 * fbm(size, rng, 200, 3)


def _drawn(field: Array, angle: Array, reach: float) -> Array:
    """`field` smeared along `angle` for `reach` units each way."""
    size = field.shape[0]
    x, y = places(size)
    total = field.copy()
    for sign in (-1.0, 1.0):
        px, py = x, y
        for _ in range(8):
            way = sample(np.stack([np.cos(angle), np.sin(angle)], -1), px, py)
            px, py = px + sign * way[..., 0] * reach / 8 / SIDE, py + sign * way[..., 1] * reach / 8 / SIDE
            total += sample(field, px, py)
    return total / 17


def scene(size: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """What is painted: its colours [size, size, 3], the way of strokes, and where fine ones go (0..1)."""
    x, y = places(size)
    u, v = _wind(size, rng)
    angle = np.arctan2(v, u)
    bands = _drawn(fbm(size, rng, (70, 150), 4), angle, 110)
    bands /= bands.std() + 1e-6
    height = np.clip(y / HORIZON + 0.07 * bands, 0, 1)
    sky = colour.scale("173a63 1f5c86 3c8ba3 86bdb4 e9dcae f6c98a", height, (0, 0.25, 0.5, 0.72, 0.9, 1))
    cloud = smooth(
        0.25,
        1.3,
        bands + 0.5 * noise(size, rng, 260) + 0.25 * np.sin(9 * x + 3 * y) - 0.7 * smooth(0.2, 0.0, y),
    )
    lit = colour.scale("8f7d9c d8938a f3c596 fbeecb", np.clip(0.15 + 0.9 * height + 0.12 * bands, 0, 1))
    picture = colour.mix(sky, lit, 0.92 * cloud)
    for cx, cy, radius in ((0.33, 0.25, 0.034), (0.70, 0.155, 0.019)):
        away = np.hypot(x - cx, y - cy) / radius
        rings = colour.scale(
            "fff6cf ffe9a0 f6bd62 f8d894 cfdcb4 8cc0b8", np.clip(away / 3.6 + 0.05 * np.cos(9 * away), 0, 1)
        )
        picture = colour.mix(picture, rings, smooth(4.2, 2.2, away))
    column = np.arange(size)
    fine = 0.35 * cloud
    for base, rise, cell, codes, lean in (
        (0.600, 0.020, 330, "51668f 7b8db0", 0.10),
        (0.650, 0.030, 420, "2f5c78 4f8790 88ab86", -0.12),
        (0.715, 0.024, 520, "2c5a4c 5d8a4c b3ab4f", 0.16),
    ):
        edge = base - rise * line(size, rng, cell, 4, 0.42)
        below = smooth(0.0, 0.004, y - edge[column][None, :])
        depth = np.clip((y - edge[None, :]) * 9 + 0.22 * fbm(size, rng, (26, 120), 3), 0, 1)
        picture = colour.mix(picture, colour.scale(codes, depth), below)
        slope = np.gradient(edge) * size
        angle = np.where(below > 0.5, np.arctan(slope)[None, :] * 0.9 + lean * np.sin(6 * x), angle)
        fine = np.maximum(fine * (1 - below), 0.6 * smooth(0.02, 0.0, np.abs(y - edge[None, :])))
    edge = 0.765 + 0.020 * line(size, rng, 500, 3) + 0.006 * line(size, rng, 22, 2)
    field = smooth(0.0, 0.006, y - edge[None, :])
    near = np.clip((y - edge[None, :]) / 0.24, 0, 1)
    sway = np.sin(7.0 * x + 5.5 * near + 1.3 * noise(size, rng, 200))
    wheat = colour.scale(
        "8a5a26 c4842c e3ac3f f2cf70 faeab0",
        np.clip(0.58 + 0.20 * sway + 0.17 * fbm(size, rng, (70, 18), 3) - 0.15 * near, 0, 1),
    )
    picture = colour.mix(picture, wheat, field)
    angle = np.where(field > 0.5, -1.12 + 0.34 * sway + 0.2 * near, angle)
    fine = np.maximum(fine * (1 - field), field * (0.5 + 0.4 * near))
    for cx, foot, top, wide, bow in CYPRESSES:
        part = np.clip((y - top) / (foot - top), 0, 1)
        outline = (
            wide * part**0.75 * np.maximum(1.02 - part, 0) ** 0.28 * (1 + 0.13 * noise(size, rng, 40)) + 1e-4
        )
        axis = cx + bow * (1 - part) ** 2 + 0.006 * np.sin(9 * part)
        tree = smooth(1.05, 0.85, np.abs(x - axis) / outline) * (y > top) * (y < foot)
        flame = np.clip(0.42 - 0.38 * (x - axis) / outline + 0.26 * noise(size, rng, (90, 16)), 0, 1)
        picture = colour.mix(picture, colour.scale("0f2a2c 1d4436 3e6a3e 8a9350", flame), tree)
        angle = np.where(
            tree > 0.3, -1.55 + 0.28 * (x - axis) / outline + 0.34 * np.sin(11 * part + cx * 40), angle
        )
        fine = np.maximum(fine, 0.9 * smooth(0.05, 0.5, tree))
    return picture, angle, np.clip(fine, 0, 1)


def paint(size: int, rng: np.random.Generator) -> Array:
    """The painting, [size, size, 3] sRGB 0..1."""
    picture, angle, fine = scene(size, rng)
    linen = weave(size, rng)
    ground = np.broadcast_to(colour.pigment("a9683f"), picture.shape) * (1 + 0.05 * linen[..., None])
    canvas = Canvas(ground, rng, 0.35 * linen)
    across, down = slopes(blur(colour.lab(picture)[..., 0], 2.5))
    edges = np.clip(np.hypot(across, down) * 40, 0, 1)
    for half, length, gap, everywhere, brush in LAYERS:
        known = blur(picture, half * 0.45)
        x, y = scatter(rng, gap, size)
        if not everywhere:
            keep = (
                rng.uniform(0, 1, len(x)) < np.maximum(sample(fine, x, y), sample(edges, x, y)) * 0.95 + 0.05
            )
            x, y = x[keep], y[keep]
        n = len(x)
        lengths = length * rng.uniform(0.6, 1.35, n)
        turned = angle + 0.10 * fbm(size, rng, 90, 2)
        spines = trace(turned, x, y, lengths)
        base = sample(known, x, y)
        # A stroke ends where the colour leaves it: nothing crosses an outline.
        along = colour.lab(sample(picture, spines[..., 0], spines[..., 1]))
        middle = spines.shape[1] // 2
        same = np.hypot.reduce(along - along[:, middle : middle + 1], axis=2) < 0.11
        first = colour.vary(base, rng, 0.022, 0.012, 0.10)
        second = colour.vary(base, rng, 0.075, 0.03, 0.25)
        widths = half * rng.uniform(0.75, 1.2, n)
        for k in range(n):
            gone = np.flatnonzero(~same[k])
            low = gone[gone < middle].max(initial=-1) + 1
            high = gone[gone > middle].min(initial=spines.shape[1])
            spine = spines[k, low:high]
            if len(spine) >= 3:
                canvas.stroke(spine, widths[k], first[k], brush, second[k])
    _poppies(canvas, rng)
    return colour.enrich(canvas.lit(depth=0.95, gloss=0.16, soften=0.7), 1.04, 1.08)


def _poppies(canvas: Canvas, rng: np.random.Generator) -> None:
    """Dabs of vermilion in drifts through the wheat, smaller with distance, and a few of the sky's blue."""
    brush = Brush(hair=2.4, thick=2.6, dry=0.05, blend=0.6, streak=0.07, ragged=0.9, pickup=0.1)
    reds, blues = colour.pigments("c93a22 e2572b a82a22 ec7a3c"), colour.pigments("3c6fa6 7aa3c8")
    for _ in range(120):
        near = rng.beta(1.6, 1.5)
        y = 0.795 + 0.21 * near
        x = (
            (0.16 + 0.10 * np.sin(5 * near) + rng.normal(0, 0.07 + 0.05 * near))
            if rng.uniform() < 0.7
            else rng.uniform()
        )
        turn, long = rng.normal(-0.2, 0.5), (1.5 + 3.5 * near) / SIDE
        spine = np.array([x, y]) + np.linspace(-0.5, 0.5, 5)[:, None] * long * np.array(
            [np.cos(turn), np.sin(turn)]
        )
        choice = reds if rng.uniform() < 0.84 else blues
        first, second = choice[rng.integers(0, len(choice), 2)]
        canvas.stroke(
            spine.astype(np.float32), (2.8 + 3.6 * near) * rng.uniform(0.7, 1.2), first, brush, second
        )
