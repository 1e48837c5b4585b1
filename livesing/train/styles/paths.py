"""Where strokes go: starts spread over the picture, and lines along a field of directions."""

import numpy as np

from livesing.train.styles.colour import Array
from livesing.train.styles.fields import SIDE, sample

LEAST_GAP = 3.0
"""Pixels between strokes: a small painting is a sketch, with fewer of them."""


def scatter(rng: np.random.Generator, gap: float, size: int, margin: float = 0.03) -> tuple[Array, Array]:
    """Starts in random order, about `gap` units (and LEAST_GAP pixels) apart: x and y in 0..1 or so."""
    gap = max(gap, LEAST_GAP * SIDE / size) / SIDE
    n = int(np.ceil((1 + 2 * margin) / gap))
    row, column = np.divmod(np.arange(n * n), n)
    x = (column + 0.5 * (row % 2) + rng.uniform(-0.42, 0.42, n * n)) * gap - margin
    y = (row + rng.uniform(-0.42, 0.42, n * n)) * gap - margin
    order = rng.permutation(n * n)
    return x[order].astype(np.float32), y[order].astype(np.float32)


def trace(angle: Array, x: Array, y: Array, length: Array, step: float = 6.0) -> Array:
    """Spines along a field of directions [size, size] (radians), all at once: [n, points, 2] in 0..1.

    From each start (0..1) half of `length` (units) both ways. `step` in units.
    """
    field = np.stack([np.cos(angle), np.sin(angle)], axis=-1).astype(np.float32)
    points = max(2, int(np.ceil(float(np.max(length, initial=0.0)) / 2 / step)))
    stride = (np.asarray(length, np.float32) / 2 / points / SIDE)[:, None]
    start = np.stack([x, y], axis=1).astype(np.float32)
    arms = []
    at: Array
    last: Array | None
    for sign in (-1.0, 1.0):
        at, last = start, None
        arm: list[Array] = []
        for _ in range(points):
            way = sample(field, at[:, 0], at[:, 1])
            way /= np.maximum(np.hypot(way[:, 0], way[:, 1]), 1e-6)[:, None]
            if last is not None:  # a direction has no sign of its own where the field jumps
                way = np.where((way * last).sum(1, keepdims=True) < 0, -way, way)
            last = way
            at = at + sign * way * stride
            arm.append(at)
        arms.append(np.stack(arm, axis=1))
    return np.concatenate([arms[0][:, ::-1], start[:, None], arms[1]], axis=1)


def comb(
    angle: Array,
    gap: float | Array,
    length: float,
    rng: np.random.Generator,
    step: float = 6.0,
    least: float = 0.3,
) -> list[Array]:
    """Lines along a field of directions (radians) that keep `gap` units apart (one number or [size, size]).

    They come in the order in which they were laid; each is [n, 2] in 0..1, up to `length` long, and none is
    shorter than `least` of it.

    After Jobard & Lefer 1997, "Creating evenly-spaced streamlines of arbitrary density": a line ends where
    another is near.
    """
    size = angle.shape[0]
    gaps = np.maximum(np.broadcast_to(np.asarray(gap, np.float32), angle.shape), LEAST_GAP * SIDE / size)
    closest = float(gaps.min())
    x, y = scatter(rng, 0.8 * closest, size, 0.02)
    keep = rng.uniform(0, 1, len(x)) < 1.6 * closest / sample(gaps, x, y)
    x, y = x[keep], y[keep]
    spines = trace(angle, x, y, length * rng.uniform(0.55, 1.25, len(x)), step)
    near = sample(gaps, x, y) / SIDE
    cell = closest / SIDE / 2
    cells = int(1.06 / cell) + 2
    taken = np.zeros((cells, cells), np.int32)
    lines = []
    middle = spines.shape[1] // 2
    at = np.clip(((spines + 0.03) / cell).astype(int), 0, cells - 1)
    for k, spine in enumerate(spines):
        free = taken[at[k, :, 1], at[k, :, 0]] == 0
        if not free[middle]:
            continue
        blocked = np.flatnonzero(~free)
        low = blocked[blocked < middle].max(initial=-1) + 1
        high = blocked[blocked > middle].min(initial=len(spine))
        if high - low < max(3, least * len(spine)):
            continue
        lines.append(spine[low:high])
        reach = max(1, round(0.8 * near[k] / cell))
        for column, row in set(map(tuple, at[k, low:high])):
            taken[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1] = 1
    return lines
