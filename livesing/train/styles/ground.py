"""What is painted on: the weave of canvas, the tooth of paper, the fibres of washi, the grain of wood."""

import numpy as np

from livesing.train.styles.fields import SIDE, Array, blur, fbm, noise, places, sample


def weave(size: int, rng: np.random.Generator, thread: float = 5.0) -> Array:
    """Height of linen's weave, about -1..1; `thread` units wide, no less than three pixels."""
    thread = max(thread, 3 * SIDE / size)
    x, y = places(size)
    x = x + noise(size, rng, 60) * 0.9 / SIDE + noise(size, rng, (200, 9)) * 0.5 / SIDE
    y = y + noise(size, rng, 60) * 0.9 / SIDE + noise(size, rng, (9, 200)) * 0.5 / SIDE
    u, v = x * SIDE / thread, y * SIDE / thread
    over = np.sin(np.pi * u) * np.sin(np.pi * v)
    warp, weft = np.abs(np.sin(np.pi * u)) ** 0.7, np.abs(np.sin(np.pi * v)) ** 0.7
    top = np.where(over > 0, warp * (0.6 + 0.4 * weft), weft * (0.6 + 0.4 * warp))
    slub = 0.25 * noise(size, rng, (60, 6)) + 0.25 * noise(size, rng, (6, 60))
    return (2 * top - 1.2 + slub).astype(np.float32)


def tooth(size: int, rng: np.random.Generator, grain: float = 5.0) -> Array:
    """Height of cold-pressed paper: rounded hills between pits, standard deviation about 1."""
    bumps = (
        noise(size, rng, grain) + 0.6 * noise(size, rng, grain * 1.9) + 0.35 * noise(size, rng, grain * 0.55)
    )
    felt = 0.35 * noise(size, rng, (grain * 5, grain * 2))
    surface = bumps + felt
    return ((surface - 0.25 * np.square(surface) + 0.3) / 1.3).astype(np.float32)


def laid(size: int, rng: np.random.Generator, gap: float = 7.0) -> Array:
    """Height of laid paper: fine wires across, chains down, and tooth; about -1..1."""
    _, y = places(size)
    wires = np.sin(2 * np.pi * (y * SIDE + 1.5 * noise(size, rng, 150)) / max(gap, 3 * SIDE / size))
    return (0.45 * wires + 0.6 * tooth(size, rng, 4.0)).astype(np.float32)


def washi(size: int, rng: np.random.Generator, fibres: int = 420) -> Array:
    """Thickness of long-fibred paper: clouds and single fibres, about -1..1."""
    clouds = 0.35 * fbm(size, rng, 40, 4)
    lines = np.zeros((size, size), np.float32)
    for _ in range(fibres):
        start = rng.uniform(0, 1, 2)
        angle, bend = rng.uniform(0, 2 * np.pi), rng.normal(0, 1.2)
        length = rng.uniform(14, 70) / SIDE
        t = np.linspace(0, 1, max(int(length * size), 2))
        way = angle + bend * t
        x = start[0] + np.cumsum(np.cos(way)) * length / len(t)
        y = start[1] + np.cumsum(np.sin(way)) * length / len(t)
        column, row = (x * size).astype(int), (y * size).astype(int)
        inside = (column >= 0) & (column < size) & (row >= 0) & (row < size)
        lines[row[inside], column[inside]] += rng.uniform(0.4, 1.0)
    return clouds + 1.6 * blur(lines, 0.8)


def planks(size: int, rng: np.random.Generator, across: float = 5.0, bend: float = 18.0) -> Array:
    """Height of a side-grain board, years running along x: fine dark lines, a few knots; about -1..1."""
    x, y = places(size)
    y = y + bend / SIDE * noise(size, rng, (160, 420)) + 3 / SIDE * noise(size, rng, (30, 160))
    for _ in range(3):
        kx, ky, radius = rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.9), rng.uniform(0.02, 0.05)
        away = ((x - kx) / 3) ** 2 + (y - ky) ** 2
        y = y + np.sign(y - ky) * radius * np.exp(-away / radius**2 / 1.5)
    years = np.sin(2 * np.pi * y * SIDE / (across * 3.4)) * 0.5 + 0.5
    pores = sample(noise(size, rng, (across * 0.5, 50)), x, y)
    return (years**2 * 1.1 - 0.6 + 0.45 * pores).astype(np.float32)
