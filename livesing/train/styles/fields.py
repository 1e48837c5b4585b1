"""Smooth random fields and what is done with them: the material of every painting.

A field is a float32 array [size, size]. Lengths are in units of 1/768 of the picture's side, so that a
painting keeps its proportions at every size (what chance does in it differs); places are 0..1 from the top
left corner.
"""

from functools import lru_cache

import numpy as np

SIDE = 768
"""Units along the picture's side."""

Array = np.ndarray


@lru_cache(maxsize=256)
def _weave(size: int, cells: int) -> Array:
    """[size, cells + 3], cubic B-spline weights of a lattice with `cells` cells along `size` pixels."""
    place = (np.arange(size) + 0.5) / size * cells
    first = np.floor(place).astype(int)
    t = place - first
    cubic = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
    weights = np.zeros((size, cells + 3), np.float32)
    for k, weight in enumerate(cubic):
        weights[np.arange(size), first + k] = weight / 6
    return weights


def noise(
    size: int, rng: np.random.Generator, cell: float | tuple[float, float], tiles: bool = False
) -> Array:
    """Smooth noise of mean about 0 and standard deviation about 1. `cell`: units down and across between the
    points of its lattice; no less than two pixels. With `tiles` its edges fit together."""
    down, across = cell if isinstance(cell, tuple) else (cell, cell)
    rows, columns = (max(1, round(min(SIDE / max(c, 1e-3), size / 2))) for c in (down, across))
    points = rng.standard_normal((rows + 3, columns + 3), dtype=np.float32)
    if tiles:
        points[rows:], points[:, columns:] = points[:3], points[:, :3]
        points[rows:, columns:] = points[:3, :3]
    a, b = _weave(size, rows), _weave(size, columns)
    # The spline averages its points: give back the variance it takes.
    gain = 1 / np.sqrt(np.square(a).sum(1).mean() * np.square(b).sum(1).mean())
    return (a @ points @ b.T) * gain


def fbm(
    size: int,
    rng: np.random.Generator,
    cell: float | tuple[float, float],
    octaves: int = 5,
    gain: float = 0.5,
) -> Array:
    """Octaves of noise, each half as wide and `gain` as strong as the one before; standard deviation 1."""
    down, across = cell if isinstance(cell, tuple) else (cell, cell)
    total, power = np.zeros((size, size), np.float32), 0.0
    for k in range(octaves):
        if k and min(down, across) / 2**k < 2 * SIDE / size:
            break  # finer than pixels
        total += gain**k * noise(size, rng, (down / 2**k, across / 2**k))
        power += gain ** (2 * k)
    return total / np.float32(np.sqrt(power))


def ridged(size: int, rng: np.random.Generator, cell: float | tuple[float, float], octaves: int = 5) -> Array:
    """Octaves with sharp crests, 0..1: veins, cracks, the crowns of clouds."""
    down, across = cell if isinstance(cell, tuple) else (cell, cell)
    total, power = np.zeros((size, size), np.float32), 0.0
    for k in range(octaves):
        layer = 1 - np.minimum(np.abs(noise(size, rng, (down / 2**k, across / 2**k))), 2) / 2
        total += 0.5**k * layer**2
        power += 0.5**k
    return total / np.float32(power)


@lru_cache(maxsize=64)
def _gauss(size: int, sigma: float) -> Array:
    """[size, size] matrix that blurs along one axis; the edge is not darkened."""
    at = np.arange(size, dtype=np.float32)
    weights = np.exp(-0.5 * ((at[:, None] - at) / sigma) ** 2)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def blur(field: Array, radius: float | tuple[float, float]) -> Array:
    """Gaussian blur of [h, w] or [h, w, c]; `radius`, its standard deviation in units, down and across."""
    down, across = radius if isinstance(radius, tuple) else (radius, radius)
    height, width = field.shape[:2]
    unit = height / SIDE
    field = field.astype(np.float32)
    if down * unit > 0.2:
        field = np.tensordot(_gauss(height, round(down * unit, 3)), field, (1, 0))
    if across * unit > 0.2:
        field = np.moveaxis(np.tensordot(_gauss(width, round(across * unit, 3)), field, (1, 1)), 0, 1)
    return np.ascontiguousarray(field)


def sample(field: Array, x: Array, y: Array) -> Array:
    """`field` [h, w] or [h, w, c] at places x, y (0..1; beyond, the edge goes on), bilinear."""
    height, width = field.shape[:2]
    column = np.clip(np.asarray(x, np.float32) * width - 0.5, 0, width - 1.001)
    row = np.clip(np.asarray(y, np.float32) * height - 0.5, 0, height - 1.001)
    i, j = row.astype(np.intp), column.astype(np.intp)
    fy, fx = row - i, column - j
    if field.ndim == 3:
        fy, fx = fy[..., None], fx[..., None]
    top = field[i, j] * (1 - fx) + field[i, j + 1] * fx
    low = field[i + 1, j] * (1 - fx) + field[i + 1, j + 1] * fx
    return top * (1 - fy) + low * fy


def places(size: int) -> tuple[Array, Array]:
    """x and y of every pixel, [size, size] each in 0..1."""
    line = ((np.arange(size) + 0.5) / size).astype(np.float32)
    x, y = np.meshgrid(line, line)
    return x, y


def warp(field: Array, dx: Array, dy: Array) -> Array:
    """`field` with every point taken from (dx, dy) units away."""
    x, y = places(field.shape[0])
    return sample(field, x + dx / SIDE, y + dy / SIDE)


def smooth(low: float | Array, high: float | Array, value: Array) -> Array:
    """Smoothstep: 0 below `low`, 1 above `high`; reversed if low > high."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def line(size: int, rng: np.random.Generator, cell: float, octaves: int = 5, gain: float = 0.5) -> Array:
    """[size], octaves of noise along a line: the outline of a hill. Standard deviation about 1."""
    total, power = np.zeros(size, np.float32), 0.0
    for k in range(octaves):
        cells = max(1, round(min(SIDE / cell * 2**k, size / 2)))
        points = rng.standard_normal(max(1, round(SIDE / cell * 2**k)) + 3, dtype=np.float32)[: cells + 3]
        total += gain**k * (_weave(size, cells) @ points) * 1.45
        power += gain ** (2 * k)
    return total / np.float32(np.sqrt(power))


def slopes(field: Array) -> tuple[Array, Array]:
    """Rises across and down, per unit of length."""
    down, across = np.gradient(field.astype(np.float32))
    unit = field.shape[0] / SIDE
    return across * unit, down * unit
