"""Enamel poured on canvas on the floor: threads, thin where the arm was fast, pools where it turned."""

from dataclasses import replace

import numpy as np

from livesing.train.styles import colour
from livesing.train.styles.canvas import Brush, Canvas
from livesing.train.styles.fields import SIDE, Array, fbm
from livesing.train.styles.ground import weave

POURED = Brush(
    hair=5.0, streak=0.0, blend=0.5, furrow=0.0, rim=0.25, dry=0.0, ragged=0.12, level=0.15, pickup=0.0
)
STAIN = Brush(
    hair=4.0, streak=0.03, blend=0.4, furrow=0.1, rim=0.1, dry=0.35, ragged=1.0, thick=0.3, pickup=0.2
)
LAYERS = (
    # colour and the one that streaks it, throws, half width at rest, speed, splashes, thickness
    ("2c3f4a 4a6470", 4, 7.0, 0.8, 40, 0.9),
    ("16120f 2a2320", 8, 6.6, 0.9, 110, 1.3),
    ("8c1a14 b83222", 4, 5.6, 0.9, 60, 1.4),
    ("9aa2a4 c6cccb", 4, 4.4, 1.0, 60, 1.3),
    ("16120f 241d1a", 6, 4.8, 1.1, 140, 1.6),
    ("e9e2d2 fbf7ec", 5, 4.2, 1.1, 120, 1.7),
    ("d08a1c ecb23a", 2, 3.8, 1.0, 50, 1.6),
    ("b3241a d8442c", 3, 4.2, 1.1, 60, 1.8),
    ("100d0c 1f1917", 3, 4.0, 1.3, 120, 1.9),
    ("e9e2d2 fbf7ec", 1, 3.0, 1.3, 50, 1.8),
)


def _throw(rng: np.random.Generator, speed: float, points: int = 620) -> tuple[Array, Array]:
    """An arm's path over the canvas, [points, 2] in 0..1 and a little beyond, and its speed (mean 1)."""
    t = np.linspace(0, 1, points)
    path = rng.uniform(0.1, 0.9, 2) + 0.3 * (t[:, None] - 0.5) * rng.normal(0, 1, 2)
    for k in range(1, 9):
        phase, size = rng.uniform(0, 2 * np.pi, 2), rng.normal(0, 1, 2) * 0.34 / k**0.80
        path = path + size * np.sin(2 * np.pi * k * t[:, None] * speed + phase)
    velocity = np.hypot(*np.gradient(path, axis=0).T)
    return path.astype(np.float32), velocity / velocity.mean()


def _pour(canvas: Canvas, tubes: Array, path: Array, half: Array, thick: float) -> None:
    """A thread along `path`, `half` [n] wide in units, laid piece by piece."""
    brush = replace(POURED, thick=thick)
    for start in range(0, len(path) - 2, 26):
        piece = slice(start, start + 28)
        first, second = tubes
        canvas.stroke(path[piece], half[piece], first, brush, second)


def _splash(canvas: Canvas, tubes: Array, at: Array, way: float, size: float, thick: float) -> None:
    """A drop, round or with a tail the way it flew."""
    rng = canvas.rng
    tail = size * rng.exponential(0.8) / SIDE
    t = np.linspace(0, 1, 5)
    spine = at + t[:, None] * max(tail, 0.2 / SIDE) * np.array([np.cos(way), np.sin(way)])
    brush = replace(POURED, thick=thick, rim=0.45)
    canvas.stroke(
        spine.astype(np.float32), (size * (1 - 0.75 * t)).astype(np.float32) + 0.3, tubes[0], brush, tubes[1]
    )


def paint(size: int, rng: np.random.Generator) -> Array:
    """The painting, [size, size, 3] sRGB 0..1."""
    linen = weave(size, rng, 4.5)
    tint = np.clip(0.5 + 0.22 * fbm(size, rng, 240, 4), 0, 1)
    ground = colour.scale("7d6a50 a08a68 bda988", tint) * (1 + 0.04 * linen[..., None])
    canvas = Canvas(np.clip(ground, 0, 1), rng, 0.2 * linen)
    for codes in ("3a4c52 586a6c", "5a2018 7a342a", "1d1a18 3a332e", "8a8c86 a8a89e"):  # thin stains first
        for _ in range(10):
            at, way = rng.uniform(0, 1, 2), rng.uniform(0, 2 * np.pi)
            t = np.linspace(-1, 1, 12)[:, None]
            bend = rng.normal(0, 0.05)
            spine = (
                at
                + t * 0.11 * np.array([np.cos(way), np.sin(way)])
                + t**2 * bend * np.array([-np.sin(way), np.cos(way)])
            )
            first, second = colour.pigments(codes)
            canvas.stroke(
                spine.astype(np.float32), rng.uniform(9, 24) * (1.1 - t[:, 0] ** 2), first, STAIN, second
            )
    for codes, throws, rest, speed, splashes, thick in LAYERS:
        tubes = colour.pigments(codes)
        for _ in range(throws):
            path, velocity = _throw(rng, speed)
            pulse = 1 + 0.30 * np.sin(np.cumsum(rng.normal(0.35, 0.15, len(path))))
            half = rest * np.clip(1.25 / (0.35 + velocity), 0.42, 2.3) * pulse * rng.uniform(0.7, 1.25)
            # Fast, the thread breaks into beads.
            broken = velocity * (1 + 0.4 * np.sin(np.arange(len(path)) * 0.21)) > 2.6
            begin = 0
            for cut in [*np.flatnonzero(np.diff(broken.astype(int))), len(path)]:
                if cut - begin > 6 and not broken[(begin + cut) // 2]:
                    ends = np.minimum(np.arange(cut - begin), np.arange(cut - begin)[::-1])
                    _pour(
                        canvas,
                        tubes,
                        path[begin:cut],
                        (half[begin:cut] * np.clip(0.35 + ends / 9, 0, 1)).astype(np.float32),
                        thick,
                    )
                begin = cut
            for k in np.flatnonzero((velocity < 0.30) & (rng.uniform(0, 1, len(path)) < 0.12)):
                _splash(
                    canvas,
                    tubes,
                    path[k] + rng.normal(0, 0.004, 2),
                    rng.uniform(0, 6.3),
                    rest * rng.uniform(1.2, 2.6),
                    thick * 1.2,
                )
            way = np.arctan2(*np.gradient(path, axis=0)[:, ::-1].T)
            for k in rng.integers(0, len(path), splashes // throws + 3):
                fling = way[k] + rng.normal(0, 0.5)
                far = rng.exponential(0.022)
                at = path[k] + far * np.array([np.cos(fling), np.sin(fling)]) + rng.normal(0, 0.006, 2)
                _splash(canvas, tubes, at, fling, rest * rng.gamma(1.4, 0.32) + 0.5, thick)
    return colour.enrich(canvas.lit(depth=0.95, gloss=0.30, soften=1.0, ambient=0.03), 1.03, 1.05)
