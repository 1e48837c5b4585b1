"""The view of the plane that a picture of a given size shows: grids, up-sampling and blur matrices.

The embedded generator draws on an endless plane whose visible part is always 2 units high and
2 * width / height wide, so a wider picture shows more of the plane instead of squeezing it. Fields
are evaluated on a coarse grid over that view and up-sampled by cubic B-splines (C2, so that light
on them shows no facets of the grid). Everything that depends on the size is an array made here and
handed to the network as an input: one ONNX file serves every size, and changing it is cheap.

Up-sampling is a banded matrix product. It is cut into tiles of rows, so that each tile multiplies
only the few grid rows under it: about eight times less work than the dense product.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

GRID_ROWS = 88  # coarse samples over the height of the view
MARGIN = 2  # more samples outside the view on each side, which splines at its edge need
BLUR_ROWS = 36  # samples over the height for the wide blur (ambient shade and bloom)
BLUR_SIGMA = 0.075  # width of that blur, in plane units (the view is 2 high)
TILES = 8  # preferred number of tiles along an axis

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class View:
    """What the network needs to know of a picture's size (w = tile size, s = support, T tiles).

    The field order is the order of the network's inputs after z and classes.
    """

    grid_x: Floats  # [gw, 1] plane coordinate of the coarse columns, rightwards from -aspect
    grid_y: Floats  # [1, gh] plane coordinate of the coarse rows, downwards from -1
    index_x: Indices  # [Tx * sx] grid column under every tap of every tile
    weight_x: Floats  # [Tx, w, sx] B-spline weights, Tx * w = width
    index_y: Indices  # [Ty * sy]
    weight_y: Floats  # [Ty, h, sy], Ty * h = height
    shrink_y: Floats  # [bh, height] Gaussian average of rows
    shrink_x: Floats  # [width, bw]
    grow_y: Floats  # [height, bh] linear interpolation back
    grow_x: Floats  # [bw, width]
    texel: Floats  # [1] height of a pixel in plane units

    @property
    def width(self) -> int:
        return int(self.grow_x.shape[1])

    @property
    def height(self) -> int:
        return int(self.grow_y.shape[0])

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Input name -> array, in the order of the network's inputs."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def view(width: int, height: int) -> View:
    """The view for a picture of `width` x `height` pixels (each at least 16, else ValueError)."""
    if width < 16 or height < 16:
        raise ValueError(f"picture size {width}x{height}: both sides must be at least 16 pixels")
    aspect = width / height
    columns = max(8, round(GRID_ROWS * aspect))
    index_x, weight_x = _tiled_bspline(columns, width)
    index_y, weight_y = _tiled_bspline(GRID_ROWS, height)
    blur_columns = max(4, round(BLUR_ROWS * aspect))
    shrink_x, grow_x = _blur(width, blur_columns, aspect)
    shrink_y, grow_y = _blur(height, BLUR_ROWS, 1.0)
    return View(
        grid_x=_centres(columns, aspect, MARGIN)[:, None],
        grid_y=_centres(GRID_ROWS, 1.0, MARGIN)[None, :],
        index_x=index_x,
        weight_x=weight_x,
        index_y=index_y,
        weight_y=weight_y,
        shrink_y=shrink_y,
        shrink_x=np.ascontiguousarray(shrink_x.T),
        grow_y=grow_y,
        grow_x=np.ascontiguousarray(grow_x.T),
        texel=np.asarray([2.0 / height], np.float32),
    )


def _centres(count: int, half_extent: float, margin: int = 0) -> Floats:
    """Centres of `count` equal cells over +-half_extent, and of `margin` more on either side."""
    cell = np.arange(-margin, count + margin)
    return (((cell + 0.5) / count * 2 - 1) * half_extent).astype(np.float32)


def _tiled_bspline(samples: int, pixels: int) -> tuple[Indices, Floats]:
    """Cubic B-spline up-sampling from `samples` cells and their margin to `pixels`, as tiles.

    Returns the source index of every tap [T * s] and the weights [T, pixels / T, s].
    """
    tiles = min((t for t in range(1, 65) if pixels % t == 0), key=lambda t: (abs(t - TILES), t))
    size = pixels // tiles
    position = (np.arange(pixels) + 0.5) * samples / pixels - 0.5 + MARGIN
    base = np.floor(position).astype(np.int64)
    f = position - base
    taps = np.stack([(1 - f) ** 3, 3 * f**3 - 6 * f**2 + 4, -3 * f**3 + 3 * f**2 + 3 * f + 1, f**3], axis=1)
    taps /= 6.0
    first = base[::size] - 1  # leftmost source of every tile
    last = base[size - 1 :: size] + 2
    support = int((last - first).max()) + 1
    weight = np.zeros((tiles, size, support), np.float32)
    pixel = np.arange(pixels)
    for tap in range(4):
        column = base - 1 + tap - first[pixel // size]
        weight[pixel // size, pixel % size, column] += taps[:, tap].astype(np.float32)
    # a tile may have spare taps of weight 0 beyond the grid
    index = np.minimum(first[:, None] + np.arange(support), samples + 2 * MARGIN - 1)
    return index.reshape(-1), weight


def _blur(pixels: int, samples: int, half_extent: float) -> tuple[Floats, Floats]:
    """Gaussian average [samples, pixels] and linear interpolation back [pixels, samples]."""
    fine = _centres(pixels, half_extent).astype(np.float64)
    coarse = _centres(samples, half_extent).astype(np.float64)
    shrink = np.exp(-0.5 * ((coarse[:, None] - fine[None]) / BLUR_SIGMA) ** 2)
    shrink[shrink < 1e-4] = 0.0  # no denormal numbers: they cost ten times the time
    shrink /= shrink.sum(1, keepdims=True)
    position = np.clip((np.arange(pixels) + 0.5) * samples / pixels - 0.5, 0, samples - 1)
    base = np.minimum(np.floor(position).astype(np.int64), samples - 2)
    grow = np.zeros((pixels, samples))
    grow[np.arange(pixels), base] = 1 - (position - base)
    grow[np.arange(pixels), base + 1] += position - base
    return shrink.astype(np.float32), grow.astype(np.float32)
