"""A picture's bands of detail, and how each is distributed: the 33 numbers that the style pass works on.

A picture is taken apart into four bands and a low-pass, by the levels L_k of an average-pool pyramid, each
enlarged bilinearly as a GPU samples its mipmaps:

    b_k = L_k - L_(k+1) for k = 0..3,    and L_4

Level k has HEIGHT / 2^k rows, whatever the picture's size, so that a band is the same in any: a larger
picture begins at a later level of its own (`finest`), and a smaller one has no detail in the first bands.
Colours are sRGB 0..1.
"""

from typing import NamedTuple

import numpy as np

from livesing.style.masking import room
from livesing.style.transport import spread

LEVELS = 5
"""L_0 to L_4: four bands and the low-pass."""
HEIGHT = 512
"""Rows of L_0."""
SECONDS = 0.7
"""Time constant with which a frame's statistics follow. Faster ones would take back what the music does."""
FLATTEST = 1e-5
"""Variance of a picture, at least."""
APART = 0.06
"""Seconds between two generated frames that are measured, at least: at 25 a second every other one."""


def finest(rows: int) -> int:
    """The level of a picture's own pyramid that serves as L_0; below 0 for pictures smaller than HEIGHT."""
    return max(round(float(np.log2(rows / HEIGHT))), 3 - LEVELS)


def halve(level: np.ndarray) -> np.ndarray:
    """[h, w, c] -> [h // 2, w // 2, c], means of two by two; an odd last row or column is left out, as by
    GL."""
    for axis in (0, 1):
        if level.shape[axis] == 1:
            level = level.repeat(2, axis)
    even = level[: level.shape[0] // 2 * 2, : level.shape[1] // 2 * 2]
    return 0.25 * (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2])


def enlarge(level: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bilinear enlargement of [h, w, c] to (rows, columns), edges held, as GL samples a texture."""
    for axis, wanted in enumerate(size):
        have = level.shape[axis]
        at = np.clip((np.arange(wanted) + 0.5) * have / wanted - 0.5, 0, have - 1)
        first = np.minimum(at.astype(int), max(have - 2, 0))
        part = (at - first).astype(level.dtype).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        low, high = level.take(first, axis), level.take(np.minimum(first + 1, have - 1), axis)
        level = low + (high - low) * part
    return level


def bands(picture: np.ndarray) -> list[np.ndarray]:
    """[h, w, 3] float -> b_0 to b_3 and L_4, each [h, w, 3]; they add up to the picture sampled at L_0."""
    size, begin = picture.shape[:2], finest(len(picture))
    levels = [picture]
    for _ in range(begin + LEVELS - 1):
        levels.append(halve(levels[-1]))
    whole = [enlarge(levels[max(begin + k, 0)], size) for k in range(LEVELS)]
    return [whole[k] - whole[k + 1] for k in range(LEVELS - 1)] + [whole[-1]]


class Statistics(NamedTuple):
    """How the bands of a picture are distributed."""

    mean: np.ndarray
    """[3], of the low-pass; a band's own is 0."""
    covariances: np.ndarray
    """[5, 3, 3], of b_0 to b_3 and L_4, each at the texels of its own level."""
    finest: int = 0
    """The level of the picture's own pyramid that serves as L_0; below 0 for one smaller than HEIGHT."""
    low: np.ndarray = np.zeros((0, 3), np.float32)
    """[n, 3], colours of the low-pass: all its texels, or samples of them. None where they are not known."""
    room: float = 1.0
    """For strokes where it is flat, see `masking`."""


def statistics(picture: np.ndarray) -> Statistics:
    """Of a whole picture, [h, w, 3] float."""
    begin = finest(len(picture))
    for _ in range(begin):
        picture = halve(picture)
    measures = [_measure(picture, halve(picture), begin, *place) for place in PLACES]
    covariances = np.mean([measure.covariances for measure in measures], axis=0)
    return Statistics(measures[0].mean, covariances, begin, measures[0].low, room(_variances(picture, begin)))


def _variances(picture: np.ndarray, begin: int) -> np.ndarray:
    """Variances in windows of a texel of the low-pass, [n], as shares of the whole's. `picture` as for
    `_measure`."""
    mean, square = picture, np.square(picture)
    whole = float(picture.reshape(-1, 3).var(axis=0).sum())
    for _ in range(max(-begin, 0), LEVELS - 1):
        mean, square = halve(mean), halve(square)
    return np.maximum(square - mean * mean, 0).sum(axis=2).ravel() / max(whole, FLATTEST)


PLACES = ((0, 0), (1, 1), (0, 1), (1, 0))
"""Row and column within two by two texels."""


def _measure(picture: np.ndarray, half: np.ndarray, begin: int, row: int, column: int) -> Statistics:
    """At one place of every two by two. `picture`: L_0, or a later one where `begin`, its `finest`, is
    below 0, [h, w, 3]; `half`: it halved."""
    covariances = np.zeros((LEVELS, 3, 3))
    level, below = picture, half
    for number in range(max(-begin, 0), LEVELS - 1):
        point = level[min(row, level.shape[0] - 1) :: 2, min(column, level.shape[1] - 1) :: 2]
        shape = np.minimum(point.shape, below.shape)
        band = (point[: shape[0], : shape[1]] - _look_up(below, row, column)[: shape[0], : shape[1]]).reshape(
            -1, 3
        )
        covariances[number] = band.T @ band / len(band)
        level, below = below, halve(below)
    low = spread(level)
    covariances[-1] = low.covariance
    return Statistics(low.mean, covariances, begin, level.reshape(-1, 3))


def _look_up(level: np.ndarray, row: int, column: int) -> np.ndarray:
    """What bilinear sampling of a level finds at the given place of each two by two of the level below it.

    These places lie a quarter of a texel beside the level's own: 9/16, 3/16, 3/16 and 1/16 of four texels.
    """
    for axis, place in enumerate((row, column)):
        quarter = level * level.dtype.type(0.25)
        level = level - quarter
        inner, outer = (slice(1, None), slice(None, -1))[:: 1 if place == 0 else -1]
        edge = slice(0, 1) if place == 0 else slice(-1, None)
        if axis == 0:
            level[inner] += quarter[outer]
            level[edge] += quarter[edge]
        else:
            level[:, inner] += quarter[:, outer]
            level[:, edge] += quarter[:, edge]
    return level
