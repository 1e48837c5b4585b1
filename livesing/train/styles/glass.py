"""Stained glass: panes of pot-metal glass in lead, with the morning behind them."""

import numpy as np

from livesing.train.styles import colour
from livesing.train.styles.canvas import relief
from livesing.train.styles.fields import (
    SIDE,
    Array,
    blur,
    fbm,
    line,
    noise,
    places,
    smooth,
    warp,
)

SUN = (0.42, 0.345)
LEAD = 3.3
"""Half the width of a lead came, in units."""


def _cells(x: Array, y: Array, size: int, rng: np.random.Generator, count: int) -> Array:
    """Irregular panes: the nearest of `count` points, [size, size] int."""
    points = rng.uniform(-0.05, 1.05, (count, 2)).astype(np.float32)
    best = np.full((size, size), 9.0, np.float32)
    owner = np.zeros((size, size), np.int32)
    for k, (a, b) in enumerate(points):
        away = (x - a) ** 2 + (y - b) ** 2
        closer = away < best
        best[closer], owner[closer] = away[closer], k
    return owner


def design(size: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """The number of the pane at every place, and its colour before the glass varies, [size, size, 3]."""
    x, y = places(size)
    wave = fbm(size, rng, 260, 2)
    away = np.hypot(x - SUN[0], y - SUN[1]) + 0.004 * wave
    around = np.arctan2(y - SUN[1], x - SUN[0]) / (2 * np.pi) + 0.5
    rings = np.digitize(away, (0.052, 0.105, 0.19, 0.30, 0.43, 0.58, 0.75))
    spokes = np.array([1, 8, 12, 18, 18, 24, 24, 30])[rings]
    swirl = 0.05 * np.sin(7 * away) + 0.5 / np.maximum(spokes, 1) * (rings % 2)
    spoke = np.floor((around + swirl) % 1 * spokes).astype(int)
    pane = rings * 64 + spoke
    tone = np.clip(away / 0.80 + 0.035 * np.cos(2 * np.pi * 3 * around) + 0.03 * ((spoke * 7) % 5 - 2), 0, 1)
    shown = colour.scale(
        "fff6c8 ffe27a ffb836 f58a2a e2553a c23a6a 8a3f9a 4a4cb8 2a64c8",
        tone,
        (0, 0.07, 0.15, 0.25, 0.36, 0.50, 0.64, 0.80, 1),
    )
    split = _cells(x, y, size, rng, 90)
    for number, (base, rise, cell, codes, far, near) in enumerate(
        (
            (0.590, 0.035, 420, "5a3f9e 8a5cc4 3f4aa6 b87ac8", 0.30, 0.16),
            (0.655, 0.050, 460, "1d7a6a 2f9a62 14605e 5ab49a", 0.17, 0.16),
            (0.755, 0.040, 520, "5aa83a a8cc3c 2f8a4a e6c83a", 0.13, 0.13),
        )
    ):
        edge = (base - rise * line(size, rng, cell, 2))[None]
        inside = y > edge
        # Furrows run from a point on the sky line toward us.
        spread = (x - (0.48, 0.62, 0.28)[number]) / (y - edge + far)
        cut = np.floor((1.15, 2.0, 2.0)[number] * spread + 0.15 * wave).astype(int)
        bar = np.floor(np.clip((y - edge) / near, 0, 9) ** 0.8 + 0.25 * np.sin(2.5 * spread + cut)).astype(
            int
        )
        pane = np.where(inside, 1000 * (number + 1) + 500 + bar * 40 + cut, pane)
        tubes = colour.pigments(codes)
        shown = np.where(inside[..., None], tubes[(2 * bar + cut) % 4], shown)
    # A river that comes down from the light.
    t = np.clip((y - 0.60) / 0.40, 0, 1)
    bed = 0.43 + 0.20 * np.sin(2.6 * t + 0.2) * t**0.7 + 0.05 * np.sin(8 * t)
    wide = 0.016 + 0.20 * t**1.5
    side = (x - bed) / wide
    river = (np.abs(side) < 1) & (y > 0.66)
    lane = np.where(y < 0.74, 0, np.floor((side + 1) * 1.5)).astype(int)
    length = np.floor(5.2 * t**0.8 + 0.30 * lane + 0.15 * np.sin(5 * side)).astype(int)
    pane = np.where(river, 9000 + lane * 40 + length, pane)
    water = colour.pigments("8fe0e4 3fb4d8 ffd98a 2a86cc 5fcfd0 ffb85a 1f66b4")
    shown = np.where(river[..., None], water[(lane * 3 + length * 2) % 7], shown)
    # Two cypresses, cut from few panes.
    for k, (cx, top, foot, half) in enumerate(
        ((0.865, 0.275, 0.86, 0.052), (0.765, 0.42, 0.80, 0.038), (0.085, 0.36, 0.80, 0.046))
    ):
        part = np.clip((y - top) / (foot - top), 0, 1)
        outline = half * np.maximum(np.sin(np.pi * part**0.75), 0) ** 0.75 + 1e-4
        tree = (np.abs(x - cx) < outline) & (y > top) & (y < foot)
        leaf = np.floor(part * 6 + 0.9 * np.abs(x - cx) / half).astype(int) * 2 + (x > cx)
        pane = np.where(tree, 11000 + 100 * k + leaf, pane)
        tubes = colour.pigments("0f5a4a 1c7a4c 0a4450 2f8f56")
        shown = np.where(tree[..., None], tubes[(leaf * 3 + leaf // 2) % 4], shown)
    margin = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    along = np.where(np.minimum(x, 1 - x) < np.minimum(y, 1 - y), y, x)
    step = np.floor(along * 15).astype(int)
    frame = margin < 0.042
    pane = np.where(
        frame,
        20000
        + step
        + 100 * (x > 0.5)
        + 200 * (y > 0.5)
        + 400 * (np.minimum(x, 1 - x) < np.minimum(y, 1 - y)),
        pane,
    )
    shown = np.where(frame[..., None], colour.pigments("b8202a 1f3fa0 e8a02a 1f3fa0")[step % 4], shown)
    large = (pane < 1000) & (away > 0.43) | (pane // 1000 == 1)
    return np.where(large, pane + 100000 * (split % 7), pane), shown


def paint(size: int, rng: np.random.Generator) -> Array:
    """The window, [size, size, 3] sRGB 0..1."""
    pane, shown = design(size, rng)
    x, y = places(size)
    _, number = np.unique(pane, return_inverse=True)
    number = number.reshape(size, size)
    n = number.max() + 1
    # Distance from the lead, from blurs of the borders.
    border = np.zeros((size, size), np.float32)
    border[:, 1:] += number[:, 1:] != number[:, :-1]
    border[1:] += number[1:] != number[:-1]
    border = np.minimum(border, 1)
    unit = size / SIDE
    near = blur(border, LEAD * 0.62) * np.maximum(LEAD * unit, 1.0)
    lead = smooth(0.26, 0.46, near + 0.05 * noise(size, rng, 12))
    joint = smooth(0.95, 1.5, blur(border, LEAD * 1.1) * LEAD * unit * 1.2)
    # The glass: every pane its own light, streaks its own way, and seeds.
    counts = np.bincount(number.ravel(), minlength=n)
    flat = colour.lab(shown).reshape(-1, 3)
    mean = np.stack([np.bincount(number.ravel(), flat[:, c], n) for c in range(3)], 1) / counts[:, None]
    mixed = mean.astype(np.float32)[number]  # one sheet of glass a pane
    light, hue = rng.normal(0, 0.050, n)[number], rng.normal(0, 0.022, (n, 2))[number]
    turn = rng.uniform(0, np.pi, n)
    kinds = [
        noise(size, rng, (9, 90)),
        noise(size, rng, (90, 9)),
        fbm(size, rng, 46, 4),
        noise(size, rng, (14, 60)) + 0.5 * noise(size, rng, (7, 40)),
    ]
    streak = np.choose((turn / np.pi * 4).astype(int)[number], kinds)
    streak = warp(streak, 7 * noise(size, rng, 70), 7 * noise(size, rng, 70))
    ripple = fbm(size, rng, 20, 3)
    mixed[..., 0] += light + 0.040 * streak + 0.018 * ripple
    mixed[..., 1:] = (
        mixed[..., 1:] * (1.10 - 0.10 * streak[..., None])
        + hue
        + 0.010 * np.stack([streak, -streak], -1) * rng.normal(0, 1, n)[number][..., None]
    )
    glass = colour.linear(colour.rgb(mixed))
    seeds = np.zeros((size, size), np.float32)
    at = rng.integers(0, size, (500, 2))
    seeds[at[:, 0], at[:, 1]] = rng.uniform(0.5, 1.5, 500)
    bubbles = blur(seeds, 1.1) * 7 - blur(seeds, 2.0) * 9
    away = np.hypot(x - SUN[0], y - SUN[1])
    behind = 0.80 + 0.55 * np.exp(-((away / 0.34) ** 2)) + 0.10 * fbm(size, rng, 300, 2)
    # Toward the lead the glass is thicker with dirt and old paint.
    dirt = 1 - 0.55 * smooth(0.02, 0.30, blur(border, LEAD * 2.2) * LEAD * unit) * np.clip(
        0.8 + 0.3 * fbm(size, rng, 22, 3), 0.2, 1.4
    )
    glass = glass * (behind * dirt * (1 + 0.10 * bubbles))[..., None]
    through = glass * (1 - lead)[..., None]
    # Strong light spreads over the lead.
    spread = blur(through, 3.0) * 0.16 + blur(through, 14.0) * 0.12
    metal = colour.linear(
        colour.scale("141417 2c2c30 4a4a50", np.clip(0.4 + 0.22 * fbm(size, rng, 9, 3) + 0.35 * joint, 0, 1))
    )
    picture = colour.coded(through * 0.96 + spread + metal * lead[..., None])
    came = 3.2 * smooth(0.15, 0.9, near) + 1.2 * joint
    surface = came + 0.30 * (ripple + 0.6 * streak) * (1 - lead)
    return relief(picture, surface, 0.55, gloss=0.16, soften=0.9)
