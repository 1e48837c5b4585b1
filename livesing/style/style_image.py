"""A painting as the style pass needs it: how its bands are distributed, and a brush of its own strokes.

The brush is the most even crop of the painting, as its four bands of detail, recoloured so that each has
the whole painting's covariance. Random patches of it are laid where a picture has less detail than the
painting (by-example noise: Heitz & Neyret 2018, "High-Performance By-Example Noise using a
Histogram-Preserving Blending Operator").
"""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from livesing.errors import StyleError
from livesing.style.bands import HEIGHT, LEVELS, Statistics, bands, halve, statistics
from livesing.style.tones import tones
from livesing.style.transport import Spread, monge, ridged, spread

if TYPE_CHECKING:
    from PIL import Image

BRUSH = 224
"""Rows and columns of the brush."""
RIDGE = 1e-3
MOST_GAIN = 8.0
SEARCH = 32
"""Pixels between the crops that are tried for the brush."""
MOST_PIXELS = 100_000_000
"""A larger picture is refused: it would take gigabytes to open."""


class StyleImage(NamedTuple):
    """What is known of one painting."""

    name: str
    colours: Spread
    """Of the painting as a whole."""
    statistics: Statistics
    tones: np.ndarray
    """[17, len(TURNS) * 3], of its low-pass, see `tones`."""
    energies: np.ndarray
    """[4], mean squared length of each band's colour as the pass samples it: at every pixel, enlarged."""
    brush: np.ndarray
    """[4, BRUSH, BRUSH, 3] float32, b_0 to b_3 of the brush."""
    direction: np.ndarray
    """[2], the brush's own direction as a doubled angle: (mean gx^2 - gy^2, mean 2 gx gy), of length 1; (1,
    0) where it has none."""
    file: Path | None = None
    """Where it was read from."""


def read(path: Path) -> np.ndarray:
    """Any picture file -> [h, w, 3] uint8 sRGB. Raises StyleError."""
    return np.asarray(_open(path))


def load(path: Path) -> np.ndarray:
    """Any picture file -> [h, w, 3] float32 sRGB in 0..1, its shorter side HEIGHT. Raises StyleError."""
    from PIL import Image

    picture = _open(path)
    scale = HEIGHT / min(picture.size)
    size = max(round(picture.width * scale), HEIGHT), max(round(picture.height * scale), HEIGHT)
    return np.asarray(picture.resize(size, Image.Resampling.LANCZOS), np.float32) / 255


def _open(path: Path) -> "Image.Image":
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as file:
            if file.width * file.height > MOST_PIXELS:
                raise StyleError(f"{path.name}: {file.width}x{file.height} is too large")
            return ImageOps.exif_transpose(file).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:  # what Pillow raises
        raise StyleError(f"{path.name} is no picture that can be read ({error})") from None


def style_image(
    picture: np.ndarray, name: str = "", brush_at: tuple[float, float] | None = None
) -> StyleImage:
    """`picture`: [h, w, 3] float in 0..1, at least BRUSH pixels each way, HEIGHT on its shorter side for
    strokes of their own size. `brush_at`: left and top of the brush as shares of the sides; else the most
    even crop. Raises StyleError when it is too small."""
    if min(picture.shape[:2]) < BRUSH:
        raise StyleError(
            f"{name or 'the style'}: {picture.shape[1]}x{picture.shape[0]} is too small for a brush"
        )
    picture = picture.astype(np.float32)
    known = statistics(picture)
    layers = bands(picture)[:-1]
    energies = np.array([float(np.square(band).sum(2).mean()) for band in layers])
    row, column = _most_even(layers)
    if brush_at is not None:
        column, row = (
            min(round(share * side), side - BRUSH)
            for share, side in zip(brush_at, picture.shape[1::-1], strict=True)
        )
    crop = np.stack([band[row : row + BRUSH, column : column + BRUSH] for band in layers])
    brush = np.stack([_recoloured(crop[k], layers[k]) for k in range(LEVELS - 1)]).astype(np.float32)
    return StyleImage(
        name,
        spread(picture),
        known,
        tones(known.low),
        energies,
        brush,
        _direction(brush[1] + brush[2] + brush[3]),
    )


def _most_even(layers: list[np.ndarray]) -> tuple[int, int]:
    """The crop whose quarters differ least in the energy of their bands, and which has about the whole's."""
    energy = np.stack([np.square(band).sum(2) for band in layers])
    pixel = energy.mean((1, 2))
    sums = np.pad(energy, ((0, 0), (1, 0), (1, 0))).cumsum(1).cumsum(2)
    half = BRUSH // 2

    def mean(row: int, column: int, side: int) -> np.ndarray:
        corners = sums[:, row + side, column + side] - sums[:, row, column + side]
        return (corners - sums[:, row + side, column] + sums[:, row, column]) / side**2

    def unevenness(row: int, column: int) -> float:
        quarters = [mean(row + r, column + c, half) for r in (0, half) for c in (0, half)]
        logs = np.log((np.array(quarters) + 0.02 * pixel + 1e-12) / (pixel + 1e-12))
        return float(np.square(logs).mean())

    height, width = energy.shape[1:]
    crops = [
        (r, c) for r in range(0, height - BRUSH + 1, SEARCH) for c in range(0, width - BRUSH + 1, SEARCH)
    ]
    return min(crops, key=lambda crop: unevenness(*crop))


def _recoloured(band: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """A crop's band, [h, w, 3], with the covariance of the whole painting's."""
    flat = band.reshape(-1, 3).astype(np.float64)
    every = whole.reshape(-1, 3).astype(np.float64)
    have, wanted = ridged(flat.T @ flat / len(flat), 1e-2), every.T @ every / len(every)
    flat = flat - flat.mean(axis=0)
    return (flat @ monge(have, wanted, MOST_GAIN).T).reshape(band.shape)


def _direction(detail: np.ndarray) -> np.ndarray:
    """[h, w, 3] -> the direction of its structure tensor."""
    level = halve(halve(detail))
    gx = level[1:-1, 2:] - level[1:-1, :-2]
    gy = level[2:, 1:-1] - level[:-2, 1:-1]
    tensor = np.array([float((gx * gx - gy * gy).sum(2).mean()), float(2 * (gx * gy).sum(2).mean())])
    length = float(np.hypot(*tensor))
    return tensor / length if length > 1e-9 else np.array([1.0, 0.0])
