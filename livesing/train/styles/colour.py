"""Pigments: names of colours, mixtures of them in OKLab, and light through layers of wash.

Colours are sRGB 0..1 as arrays [..., 3]. OKLab: Ottosson 2020, "A perceptual color space for
image processing".
"""

from collections.abc import Sequence

import numpy as np

Array = np.ndarray

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    np.float32,
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    np.float32,
)
_FROM_LMS = np.linalg.inv(_TO_LMS.astype(np.float64)).astype(np.float32)
_FROM_LAB = np.linalg.inv(_TO_LAB.astype(np.float64)).astype(np.float32)


def linear(coded: Array) -> Array:
    """sRGB as stored -> linear light."""
    coded = np.clip(coded, 0, 1)
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4).astype(np.float32)


def coded(light: Array) -> Array:
    """Linear light -> sRGB as stored."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055).astype(np.float32)


def lab(colour: Array) -> Array:
    """sRGB -> OKLab."""
    return np.cbrt(linear(np.asarray(colour, np.float32)) @ _TO_LMS.T) @ _TO_LAB.T


def rgb(oklab: Array) -> Array:
    """OKLab -> sRGB, clipped."""
    return coded((np.asarray(oklab, np.float32) @ _FROM_LAB.T) ** 3 @ _FROM_LMS.T)


def pigment(code: str) -> Array:
    """'c8702a' -> [3]."""
    return np.array([int(code[k : k + 2], 16) for k in (0, 2, 4)], np.float32) / 255


def pigments(codes: str) -> Array:
    """'c8702a 203040' -> [n, 3]."""
    return np.stack([pigment(code) for code in codes.split()])


def scale(codes: str, at: Array, stops: Sequence[float] | None = None) -> Array:
    """The colour scale through `codes` (as for `pigments`) at every value 0..1, mixed in OKLab, [..., 3]."""
    mixed = lab(pigments(codes))
    where = np.linspace(0, 1, len(mixed)) if stops is None else np.asarray(stops)
    return rgb(np.stack([np.interp(at, where, mixed[:, c]) for c in range(3)], axis=-1))


def mix(first: Array, second: Array, amount: Array | float) -> Array:
    """From `first` to `second` by `amount` [...] or one number."""
    amount = np.asarray(amount, np.float32)
    return first + (second - first) * (amount[..., None] if amount.ndim else amount)


def vary(colours: Array, rng: np.random.Generator, light: float, chroma: float, hue: float = 0.0) -> Array:
    """Each of [n, 3] a little different: standard deviations of lightness, of both chroma axes, and of the
    turn of hue in radians."""
    mixed = lab(colours)
    n = len(mixed)
    turn = rng.normal(0, 1, n) * hue
    a, b = mixed[:, 1].copy(), mixed[:, 2].copy()
    mixed[:, 1] = a * np.cos(turn) - b * np.sin(turn)
    mixed[:, 2] = a * np.sin(turn) + b * np.cos(turn)
    return rgb(mixed + rng.normal(0, 1, (n, 3)).astype(np.float32) * (light, chroma, chroma))


def enrich(picture: Array, light: float = 1.0, chroma: float = 1.0, lift: float = 0.0) -> Array:
    """Contrast around middle lightness, chroma, and a lift of lightness, in OKLab."""
    mixed = lab(picture)
    mixed[..., 0] = (mixed[..., 0] - 0.6) * light + 0.6 + lift
    mixed[..., 1:] *= chroma
    return rgb(mixed)


def washes(paper: Array, layers: Sequence[tuple[str, Array]]) -> Array:
    """Transparent layers on paper [h, w, 3]: each a pigment's colour at density 1 and its density [h, w].

    Beer and Lambert: light goes through a wash of density d as colour^d, in linear light.
    """
    depth = np.zeros_like(paper)
    for code, density in layers:
        absorbed = -np.log(np.maximum(linear(pigment(code)), 2e-3))
        depth += density[..., None] * absorbed
    return coded(linear(paper) * np.exp(-depth))
