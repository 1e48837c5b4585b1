"""Glazes: thin transparent strokes over one another on coarse canvas, light dragged dry over dark."""

from dataclasses import replace

import numpy as np

from livesing.train.styles import colour
from livesing.train.styles.canvas import Brush, Canvas
from livesing.train.styles.fields import Array, blur, fbm, line, noise, places, sample, smooth
from livesing.train.styles.ground import weave
from livesing.train.styles.paths import scatter, trace

SHORE = 0.715
ZENITH = (0.42, -0.75)
"""Where the rays of the curtains meet, above the picture."""
GLAZE = Brush(
    hair=3.6,
    streak=0.05,
    blend=0.6,
    furrow=0.6,
    rim=0.2,
    dry=0.28,
    ragged=0.9,
    thick=0.55,
    level=0.3,
    opacity=0.70,
    pickup=0.2,
)
DRY = Brush(
    hair=2.6,
    streak=0.07,
    blend=0.7,
    furrow=0.7,
    rim=0.3,
    dry=0.50,
    ragged=1.0,
    thick=1.0,
    level=0.2,
    opacity=0.85,
    tooth=0.35,
    pickup=0.08,
)
BODY = Brush(
    hair=2.4,
    streak=0.06,
    blend=0.7,
    furrow=0.6,
    rim=0.5,
    dry=0.22,
    ragged=0.9,
    thick=1.8,
    level=0.4,
    pickup=0.06,
)


def _curtain(x: Array, y: Array, foot: Array, tall: Array, rays: Array, dark: Array) -> Array:
    """Light of a curtain whose lower hem is at `foot`, 0..1: sharp below, fading upward along its rays."""
    up = foot - y
    hem = smooth(-0.022, 0.012, up)
    return hem * np.exp(-np.maximum(up, 0) / np.maximum(tall, 0.03)) * np.clip(rays, 0.05, 2) * dark


def scene(size: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Northern lights over a frozen lake: colours [size, size, 3] and the way of the strokes (radians)."""
    x, y = places(size)
    way = np.arctan2(y - ZENITH[1], x - ZENITH[0])
    fan = (way - np.pi / 2) * 2.0  # constant along a ray
    picture = colour.scale(
        "070b1c 0c1836 123052 1a4a62 2a6670", np.clip(y / SHORE + 0.05 * fbm(size, rng, (120, 240), 3), 0, 1)
    )
    rays = sample(
        np.broadcast_to(1 + 0.42 * line(size, rng, 46, 5, 0.62)[None], (size, size)), fan * 0.8 + 0.5, 0 * y
    )
    light: Array = np.zeros((size, size), np.float32)
    violet: Array = np.zeros((size, size), np.float32)
    for base, swing, bend, phase, tall, power in (
        (0.545, 0.075, 1.45, 0.3, 0.26, 1.0),
        (0.395, 0.090, 1.9, 2.3, 0.20, 0.85),
        (0.600, 0.028, 3.0, 1.2, 0.09, 0.55),
    ):
        fold = fan + 0.018 * np.sin(26 * fan + phase * 3) + 0.05 * np.sin(7 * fan + 5 * y + phase)
        foot = (
            base
            + swing * np.sin(2 * np.pi * bend * fold + phase)
            + 0.028 * np.sin(2 * np.pi * 3.7 * bend * fold)
        )
        # Where the curtain is seen edge on, its light adds up.
        edge_on = 0.45 + 0.75 * np.abs(np.cos(2 * np.pi * bend * fold + phase)) ** 2
        glow = power * _curtain(x, y, foot, tall * (0.65 + 0.5 * rays), rays, edge_on)
        light = np.maximum(light, glow) + 0.35 * np.minimum(light, glow)
        up = np.clip((foot - y) / (1.9 * tall), 0, 1)
        violet = np.maximum(violet, smooth(0.25, 0.95, up) * glow)
    hue = np.clip(0.74 * light, 0, 1)
    shine = colour.scale("123052 12606a 1c957a 4cc88a a4ecA0 eef8cc", hue)
    picture = colour.mix(picture, shine, np.clip(1.3 * light, 0, 1) ** 0.9)
    picture = colour.mix(
        picture, np.broadcast_to(colour.pigment("6a45a8"), picture.shape), np.clip(1.9 * violet, 0, 0.72)
    )
    for base, rise, cell, codes in (
        (SHORE - 0.055, 0.040, 300, "10283c 1c4254"),
        (SHORE - 0.020, 0.020, 150, "081824 10303a"),
    ):
        edge = (base - rise * line(size, rng, cell, 5, 0.5))[None]
        far = smooth(0, 0.005, y - edge) * (y < SHORE + 0.01)
        picture = colour.mix(picture, colour.scale(codes, np.clip((y - edge) / 0.08, 0, 1)), far)
    depth = np.clip((y - SHORE) / (1 - SHORE), 0, 1)
    ripple = fbm(size, rng, (14, 130), 3)
    mirror = sample(
        blur(picture, (14, 3)), x + 0.004 * ripple, np.clip(SHORE - 1.25 * (y - SHORE) + 0.010 * ripple, 0, 1)
    )
    ice = colour.mix(
        mirror,
        colour.scale("1a4a58 103044 0a1a30", depth),
        np.clip(0.30 + 0.25 * depth + 0.08 * ripple, 0, 1),
    )
    picture = colour.mix(picture, ice, smooth(0, 0.003, y - SHORE))
    snow_edge = 0.925 + 0.035 * np.sin(5.0 * x + 0.8) - 0.010 * line(size, rng, 120, 3)[None]
    snow = smooth(0, 0.010, y - snow_edge)
    lit = np.clip(0.62 - 4.5 * (y - snow_edge) + 0.16 * fbm(size, rng, (24, 90), 3), 0, 1)
    picture = colour.mix(picture, colour.scale("16284c 2f5a80 6fb0a8 c4ecc8", lit), snow)
    level = 0.05 * noise(size, rng, (90, 200))
    return picture, np.where(
        y < SHORE - 0.01,
        way + 0.05 * noise(size, rng, 120),
        np.where(snow > 0.5, 0.14 * np.cos(5.0 * x + 0.8), level),
    )


def _lay(
    canvas: Canvas,
    picture: Array,
    angle: Array,
    half: float,
    length: float,
    gap: float,
    brush: Brush,
    free: float,
    where: Array | None = None,
) -> None:
    rng, size = canvas.rng, canvas.size
    x, y = scatter(rng, gap, size)
    if where is not None:
        keep = rng.uniform(0, 1, len(x)) < sample(where, x, y)
        x, y = x[keep], y[keep]
    n = len(x)
    spines = trace(angle, x, y, length * rng.uniform(0.5, 1.4, n), 8.0)
    # A long stroke takes its colour from where it runs.
    known = 0.6 * sample(blur(picture, 0.3 * half), x, y) + 0.4 * sample(
        picture, spines[..., 0], spines[..., 1]
    ).mean(1)
    first, second = colour.vary(known, rng, 0.016, 0.010, 0.12), colour.vary(known, rng, free, 0.022, 0.35)
    for k in range(n):
        canvas.stroke(spines[k], half * rng.uniform(0.6, 1.25), first[k], brush, second[k])


def _spruce(canvas: Canvas, cx: float, foot: float, tall: float, codes: str) -> None:
    """A tree of dark dabs hung from a stem, its lit side to the lights."""
    rng = canvas.rng
    dark, blue, lit = colour.pigments(codes)
    stem = np.stack([np.full(8, cx), foot - tall * np.linspace(0, 1, 8)], 1)
    canvas.stroke(
        stem, (2.8 * np.linspace(1, 0.25, 8) * tall / 0.3 + 0.5).astype(np.float32), dark, BODY, blue
    )
    rows = max(6, int(tall / 0.0095))
    for k in range(rows):
        part = (k + rng.uniform(0, 0.6)) / rows
        wide = 0.19 * tall * part**0.85 * rng.uniform(0.65, 1.15) + 0.003
        for hand in (-1, 1):
            t = np.linspace(0, 1, 6)
            spine = np.stack(
                [cx + hand * wide * t, foot - tall * (1 - part * 0.97) + wide * (0.62 * t - 0.22 * t**2)], 1
            )
            first, second = colour.vary(
                np.stack([dark, lit if hand * (0.42 - cx) > 0 and rng.uniform() < 0.4 else blue]),
                rng,
                0.015,
                0.008,
            )
            canvas.stroke(
                spine, ((2.6 + 11.0 * tall * part) * (1.05 - 0.8 * t)).astype(np.float32), first, BODY, second
            )


def paint(size: int, rng: np.random.Generator) -> Array:
    """The painting, [size, size, 3] sRGB 0..1."""
    picture, angle = scene(size, rng)
    _, y = places(size)
    linen = weave(size, rng, 5.5)
    ground = np.broadcast_to(colour.pigment("2c2a34"), picture.shape) * (1 + 0.10 * linen[..., None])
    canvas = Canvas(ground, rng, 0.55 * linen)
    above = smooth(SHORE, SHORE - 0.01, y)
    _lay(canvas, picture, angle, 14, 150, 14, GLAZE, 0.05)
    _lay(canvas, picture, angle, 8, 95, 10, GLAZE, 0.06)
    bright = smooth(0.30, 0.65, colour.lab(picture)[..., 0])
    _lay(
        canvas,
        colour.enrich(picture, 1.06, 1.15, 0.03),
        angle,
        5.0,
        85,
        9,
        DRY,
        0.08,
        np.clip(0.20 + 0.8 * bright, 0, 1) * above,
    )
    _lay(canvas, colour.enrich(picture, 1.08, 1.15, 0.03), angle, 4.5, 60, 9, DRY, 0.07, 0.75 * (1 - above))
    for _ in range(120):
        at = np.array([rng.uniform(0, 1), rng.beta(1, 1.6) * 0.62])
        spot = at + np.array([[-0.0006, 0], [0.0006, 0]])
        star = replace(BODY, opacity=float(rng.uniform(0.35, 0.95)), thick=1.6)
        canvas.stroke(spot.astype(np.float32), 0.7 + rng.gamma(1.3, 0.45), colour.pigment("f4f2dc"), star)
    near, far = "050d16 0e2a36 2c7a66", "0a2230 164450 2c7a6a"
    for cx in rng.permutation(np.linspace(0.0, 1.0, 44)):
        middle = abs(cx - 0.46)
        if rng.uniform() < 0.25 + 1.4 * middle:
            _spruce(
                canvas,
                cx + rng.normal(0, 0.008),
                SHORE + 0.008,
                rng.uniform(0.03, 0.055) + 0.07 * middle,
                far,
            )
    for cx, foot, tall in (
        (0.19, 0.93, 0.235),
        (0.865, 0.925, 0.27),
        (0.105, 0.945, 0.40),
        (0.945, 0.95, 0.46),
        (0.025, 0.97, 0.55),
        (0.79, 0.945, 0.16),
        (0.255, 0.955, 0.13),
    ):
        _spruce(canvas, cx, foot, tall, near)
    return colour.enrich(canvas.lit(depth=0.75, gloss=0.14, soften=1.0), 1.06, 1.06)
