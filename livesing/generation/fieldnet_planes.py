"""FieldNet's work on whole planes: up-sampling, wide blur, gradients. The matrices: plane.py."""

import torch
from torch import Tensor


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
