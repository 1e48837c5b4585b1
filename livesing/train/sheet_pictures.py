"""Pictures of things, drawn by code, on which styles can be judged: do skies stay skies, and faces faces?"""

from collections.abc import Callable

import numpy as np

Picture = np.ndarray
"""[h, w, 3] float, sRGB 0..1."""


def _smooth(low: float, high: float, value: np.ndarray) -> np.ndarray:
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def _places(width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """x from -w/h to w/h and y from -1 (top) to 1, [h, w]."""
    x = (np.arange(width) + 0.5) / height * 2 - width / height
    y = (np.arange(height) + 0.5) / height * 2 - 1
    return np.meshgrid(x, y)


def _noise(x: np.ndarray, y: np.ndarray, seed: int, octaves: int = 5) -> np.ndarray:
    """Sums of plane waves, an octave finer and weaker each, in about -1..1."""
    rng, total = np.random.default_rng(seed), np.zeros_like(x)
    for octave in range(octaves):
        for _ in range(5):
            angle, phase = rng.uniform(0, 2 * np.pi, 2)
            wave = 2.0**octave * rng.uniform(2, 4)
            total += np.sin(wave * (x * np.cos(angle) + y * np.sin(angle)) + phase) * 0.5**octave / 4
    return total


def _over(picture: Picture, colour: np.ndarray | tuple[float, float, float], part: np.ndarray) -> Picture:
    return picture + (np.asarray(colour) - picture) * part[..., None]


def _ball(
    picture: Picture, x: np.ndarray, y: np.ndarray, at: tuple[float, float], radius: float,
    colour: tuple[float, float, float], stretch: float = 1.0,
) -> Picture:  # fmt: skip
    """A ball lit from the upper left, with its highlight and a soft shadow to the right."""
    u, v = (x - at[0]) / radius, (y - at[1]) / (radius * stretch)
    shadow = np.exp(-((u - 0.7) ** 2 / 1.2 + (v - 1.0) ** 2 / 0.05))
    picture = _over(picture, (0.08, 0.05, 0.07), 0.6 * shadow * (v > 0.2))
    inside = _smooth(1.02, 0.97, np.hypot(u, v))
    z = np.sqrt(np.clip(1 - u * u - v * v, 0, 1))
    light = np.clip(-0.5 * u - 0.6 * v + 0.62 * z, 0, 1)
    shine = np.clip(-0.42 * u - 0.5 * v + 0.76 * z, 0, 1) ** 40
    body = np.asarray(colour) * (0.16 + 0.95 * light[..., None]) + 0.75 * shine[..., None]
    return _over(picture, np.clip(body, 0, 1), inside)


def landscape(width: int, height: int) -> Picture:
    """Hills, a lake and a low sun."""
    x, y = _places(width, height)
    t = (y + 1) / 1.25
    sky = np.stack([0.20 + 0.75 * t, 0.34 + 0.38 * t, 0.62 - 0.12 * t], -1)
    picture = np.clip(sky, 0, 1)
    cloud = _smooth(0.1, 0.9, _noise(0.7 * x, 2.6 * y, 3))
    picture = _over(picture, (0.98, 0.83, 0.70), 0.55 * cloud * _smooth(0.3, -0.6, y))
    picture = _over(picture, (1.0, 0.94, 0.74), _smooth(0.16, 0.13, np.hypot(x - 0.55, y + 0.12)))
    ridges = ((0.02, 0.30, 5, (0.45, 0.42, 0.55)), (0.16, 0.22, 6, (0.28, 0.31, 0.40)))
    for base, high, seed, colour in ridges:
        ridge = base - high * (0.5 + 0.5 * _noise(1.2 * x, 0 * x, seed, 6))
        shade = 1 + 0.25 * _noise(4 * x, 9 * y, seed + 10)
        picture = _over(picture, np.asarray(colour) * shade[..., None], _smooth(-0.006, 0.006, y - ridge))
    water = _smooth(0.27, 0.29, y)
    wave = _noise(3 * x, 40 * y / (0.4 + y.clip(0)), 8, 3)
    lake = np.stack([0.42 + 0.2 * t, 0.40 + 0.1 * t, 0.48 - 0.02 * t], -1) + 0.05 * wave[..., None]
    glint = np.exp(-(((x - 0.55) / 0.16) ** 2)) * _smooth(0.2, 0.9, wave + 0.4)
    picture = _over(_over(picture, lake, water), (1.0, 0.85, 0.6), 0.7 * glint * water)
    for at, tall in ((-1.35, 1.0), (-1.05, 0.72), (1.5, 0.85)):  # firs on the near shore
        top, bottom = 0.62 - tall, 0.75
        part = (y - top) / (bottom - top)
        saw = 0.045 + 0.025 * np.mod(part * 7, 1)
        inside = _smooth(0.01, -0.01, np.abs(x - at) - saw * 4 * part * (part < 1)) * (part > 0) * (part < 1)
        picture = _over(picture, (0.08, 0.13, 0.13), inside)
    shore = 0.72 + 0.05 * _noise(1.5 * x, 0 * x, 12)
    grass = np.stack([0.22 + 0 * x, 0.26 + 0.05 * _noise(20 * x, 9 * y, 13), 0.12 + 0 * x], -1)
    return np.clip(_over(picture, grass, _smooth(-0.01, 0.01, y - shore)), 0, 1)


def still_life(width: int, height: int) -> Picture:
    """Fruit and a jug on a table, lit from a window."""
    x, y = _places(width, height)
    wall = np.stack([0.42 - 0.10 * x, 0.40 - 0.09 * x, 0.36 - 0.05 * x], -1) * (0.85 - 0.15 * y[..., None])
    picture = wall + 0.015 * _noise(5 * x, 5 * y, 2)[..., None]
    grain = 0.05 * np.sin(60 * (y + 0.05 * _noise(1.5 * x, 4 * y, 4)))
    table = np.stack([0.50 + grain, 0.31 + 0.7 * grain, 0.18 + 0.4 * grain], -1) * (1 - 0.12 * x[..., None])
    picture = _over(picture, table, _smooth(0.22, 0.24, y))
    u = np.abs(x + 0.75)
    profile = np.interp(y, [-0.72, -0.62, -0.45, -0.1, 0.25, 0.46], [0.15, 0.12, 0.13, 0.34, 0.33, 0.20])
    inside = _smooth(0.008, -0.008, u - profile) * _smooth(-0.73, -0.715, y) * _smooth(0.47, 0.455, y)
    turned = np.clip((x + 0.75) / profile, -1, 1)
    light = 0.25 + 0.75 * np.clip(0.75 * np.sqrt(1 - turned**2) - 0.6 * turned, 0, 1)
    glaze = (
        np.asarray((0.22, 0.42, 0.55)) * light[..., None]
        + 0.5 * np.exp(-((turned + 0.45) ** 2) / 0.01)[..., None]
    )
    picture = _over(
        picture, (0.1, 0.07, 0.06), 0.55 * np.exp(-(((x + 0.35) / 0.5) ** 2) - ((y - 0.44) / 0.09) ** 2)
    )
    picture = _over(picture, np.clip(glaze, 0, 1), inside)
    picture = _ball(picture, x, y, (0.05, 0.26), 0.25, (0.86, 0.17, 0.12), 0.95)
    picture = _ball(picture, x, y, (1.0, 0.30), 0.28, (0.93, 0.58, 0.12), 0.97)
    picture = _ball(picture, x, y, (0.55, 0.42), 0.24, (0.55, 0.66, 0.16), 0.98)
    return np.clip(picture, 0, 1)


def portrait(width: int, height: int) -> Picture:
    """A face in soft light."""
    x, y = _places(width, height)
    back = np.stack([0.30 - 0.08 * x, 0.36 - 0.06 * x, 0.40 + 0 * x], -1) * (0.9 - 0.2 * y[..., None])
    picture = back + 0.02 * _noise(2 * x, 2 * y, 21)[..., None]
    coat = _smooth(0.02, -0.02, np.abs(x) ** 2.4 * 0.45 + 0.62 - y)
    picture = _over(picture, np.asarray((0.35, 0.10, 0.14)) * (1 - 0.35 * x[..., None]), coat)
    hair = _smooth(0.02, -0.02, np.hypot(x / 0.62, (y + 0.14) / 0.80) - 1)
    strands = 1 + 0.35 * np.sin(70 * np.hypot(x * 1.25, y - 0.9) + 4 * _noise(2 * x, 2 * y, 22))
    picture = _over(picture, np.asarray((0.20, 0.11, 0.06)) * strands[..., None], hair)
    skin = np.asarray((0.93, 0.70, 0.56))
    neck = (
        _smooth(0.01, -0.01, np.abs(x) - 0.19)
        * _smooth(0.3, 0.32, y)
        * _smooth(0.86, 0.80, y + 0.5 * np.abs(x))
    )
    picture = _over(picture, skin * (0.62 - 0.4 * x[..., None]), neck)
    u, v = x / 0.43, (y + 0.02) / 0.62
    face = _smooth(
        0.02, -0.02, np.hypot(u, v * (1 + 0.12 * (v < 0))) - 1 + 0.08 * np.clip(v, 0, 1) * np.abs(u)
    )
    light = np.clip(0.58 - 0.42 * u - 0.18 * v + 0.30 * np.sqrt(np.clip(1 - u * u - v * v, 0, 1)), 0.15, 1.1)
    cheek = np.exp(-(((np.abs(x) - 0.22) / 0.1) ** 2) - ((y - 0.12) / 0.09) ** 2)
    tone = skin * light[..., None] - cheek[..., None] * np.asarray((0.0, 0.10, 0.09))
    nose = (
        np.exp(-(((x - 0.035 - 0.06 * (y + 0.2)) / 0.035) ** 2))
        * _smooth(-0.18, 0.1, y)
        * _smooth(0.16, 0.12, y)
    )
    tone = tone * (1 - 0.32 * nose[..., None])
    picture = _over(picture, np.clip(tone, 0, 1), face)
    fringe = _smooth(0.02, -0.02, y + 0.42 - 0.35 * (x + 0.1) ** 2 - 0.12 * np.sin(4 * x)) * face
    picture = _over(picture, np.asarray((0.24, 0.13, 0.07)) * strands[..., None], fringe)
    for side in (-1, 1):
        ex, ey = x - 0.17 * side, y + 0.10
        white = _smooth(0.012, -0.004, np.hypot(ex / 0.095, (ey + 0.25 * ex * ex) / 0.042) - 1)
        picture = _over(picture, (0.93, 0.91, 0.88), white)
        picture = _over(picture, (0.20, 0.33, 0.36), _smooth(0.042, 0.036, np.hypot(ex, ey)) * white)
        picture = _over(picture, (0.03, 0.03, 0.04), _smooth(0.02, 0.015, np.hypot(ex, ey)))
        picture = _over(picture, (1, 1, 1), _smooth(0.010, 0.006, np.hypot(ex + 0.014, ey + 0.014)))
        lid = np.abs(ey + 0.042 - 0.9 * ex * ex)
        picture = _over(picture, (0.15, 0.08, 0.06), _smooth(0.014, 0.006, lid) * (np.abs(ex) < 0.105))
        brow = np.abs(ey + 0.115 - 0.8 * (ex + 0.02 * side) ** 2)
        picture = _over(
            picture, (0.22, 0.12, 0.07), 0.85 * _smooth(0.026, 0.012, brow) * (np.abs(ex) < 0.125)
        )
    lips = _smooth(0.01, -0.005, np.hypot(x / 0.135, (y - 0.31 + 0.5 * x * x) / 0.045) - 1)
    picture = _over(picture, (0.72, 0.26, 0.27), lips)
    gap = np.abs(y - 0.305 + 0.6 * x * x)
    picture = _over(picture, (0.35, 0.10, 0.12), _smooth(0.010, 0.004, gap) * (np.abs(x) < 0.13))
    return np.clip(picture, 0, 1)


PICTURES: dict[str, Callable[[int, int], Picture]] = {
    "landscape": landscape,
    "still life": still_life,
    "portrait": portrait,
}
