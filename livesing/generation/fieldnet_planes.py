"""FieldNet's work on whole planes: up-sampling, wide blur, gradients. The matrices: plane.py."""

import torch
from torch import Tensor

BEADED = 0.06
"""How far from the mean around it a value of a field may be."""


def upsample(
    grids: Tensor, index_x: Tensor, weight_x: Tensor, index_y: Tensor, weight_y: Tensor
) -> list[Tensor]:
    """[B, K, gw, gh] -> K planes [B, H, W] by tiled cubic B-splines (plane.py)."""
    tiles, _, support = weight_x.shape
    columns = grids.index_select(2, index_x).unflatten(2, (tiles, support))
    wide = torch.matmul(weight_x, columns).flatten(2, 3).transpose(2, 3)
    tiles, _, support = weight_y.shape
    return [
        torch.matmul(weight_y, field.index_select(1, index_y).unflatten(1, (tiles, support)))
        .flatten(1, 2)
        for field in wide.unbind(1)
    ]  # fmt: skip


def unbeaded(grids: Tensor) -> Tensor:
    """[B, K, gw, gh] without the waves that are too short for the grid, which would come out as rows of
    beads: where a value is far from the binomial mean around it, the mean takes its place."""
    across = torch.cat([grids[:, :, :1], grids, grids[:, :, -1:]], 2)
    across = across[:, :, :-2] + 2 * grids + across[:, :, 2:]
    around = torch.cat([across[:, :, :, :1], across, across[:, :, :, -1:]], 3)
    away = grids - (around[:, :, :, :-2] + 2 * across + around[:, :, :, 2:]) / 16
    far = away * away
    return grids - away * (far / (far + BEADED * BEADED))


def weighed(grid: Tensor, index: Tensor, weight: Tensor) -> Tensor:
    """[g] along one axis -> [pixels], by the same splines; a coordinate of the grid becomes the pixels'."""
    tiles, _, support = weight.shape
    return torch.matmul(
        weight, grid.index_select(0, index).unflatten(0, (tiles, support))[:, :, None]
    ).flatten()


def fraction(x: Tensor) -> Tensor:
    """What is left above the next whole number below."""
    return x - torch.floor(x)


def shrink(plane: Tensor, blur: tuple[Tensor, ...]) -> Tensor:
    """[B, H, W] averaged by a wide Gaussian, on a small grid [B, bh, bw]."""
    shrink_y, shrink_x, _, _ = blur
    return torch.matmul(torch.matmul(shrink_y, plane), shrink_x)


def grow(small: Tensor, blur: tuple[Tensor, ...]) -> Tensor:
    """The small grid of shrink() back at full size."""
    _, _, grow_y, grow_x = blur
    return torch.matmul(grow_y, torch.matmul(small, grow_x))


def gradient(plane: Tensor) -> tuple[Tensor, Tensor]:
    """Forward differences of [B, H, W] a pixel, in x and in y; beyond the edge it goes straight."""
    right = torch.cat([plane[:, :, 1:], 2 * plane[:, :, -1:] - plane[:, :, -2, None]], 2)
    below = torch.cat([plane[:, 1:], 2 * plane[:, -1:] - plane[:, -2, None]], 1)
    return right - plane, below - plane


def grid_gradient(field: Tensor, step: Tensor) -> tuple[Tensor, Tensor]:
    """Gradient of [B, gw, gh] a plane unit, by central differences of a grid of this step."""
    scale = 0.5 / step
    padded = torch.cat([field[:, :1], field, field[:, -1:]], 1)
    along = (padded[:, 2:] - padded[:, :-2]) * scale
    padded = torch.cat([field[:, :, :1], field, field[:, :, -1:]], 2)
    return along, (padded[:, :, 2:] - padded[:, :, :-2]) * scale
