"""The network of the image estimator: inverted residuals (Sandler et al. 2018), slimmer than the teacher's.

Every block ends in the channels of one of the teacher's maps and learns to give what the teacher gives there,
with fewer channels inside. No norms: the layers begin where least squares put them (image_layers.py). Strides
2, 4, 8, 16 and 32; any picture from 64 x 64.
"""

from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from livesing.train.image_teacher import LEVELS, TAPS

STEM = 32
WIDENING = 5
"""Channels inside a block for one of its input; the teacher has 6."""


class Block(nn.Module):
    """Widen, filter every channel, narrow; around a shortcut where nothing changes size.

    The first one's widening layer is the stem: a 3x3 filter that halves.
    """

    def __init__(self, inner: int, wide: int, outer: int, stride: int, stem: bool = False) -> None:
        super().__init__()
        self.stride, self.stem = stride, stem
        self.widen = nn.Conv2d(inner, wide, 3 if stem else 1, 2 if stem else 1)
        self.filter = nn.Conv2d(wide, wide, 3, stride, 1 if stride == 1 else 0, groups=wide)
        self.narrow = nn.Conv2d(wide, outer, 1)
        self.shortcut = inner == outer and stride == 1

    def widened(self, x: Tensor) -> Tensor:
        return F.relu6(self.widen(halving(x) if self.stem else x))

    def filtered(self, wide: Tensor) -> Tensor:
        if self.stride == 1:
            return F.relu6(self.filter(wide))
        with torch.autocast("cpu", enabled=False):  # in 16 bits torch has no fast way with strides
            return F.relu6(self.filter(halving(wide.float())))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.narrow(self.filtered(self.widened(x)))
        return x + y if self.shortcut else y


def halving(x: Tensor) -> Tensor:
    """Padded as the teacher pads where it halves, at the right and below only: the grids stay aligned."""
    return F.pad(x, (0, 1, 0, 1))


class Seen(NamedTuple):
    """What the student sees in pictures [B, 3, H, W]: the maps of LEVELS, pooled features, class scores."""

    maps: list[Tensor]  # [B, 16, H/2, W/2], [B, 24, H/4, W/4], ... [B, 320, H/32, W/32]
    pooled: Tensor  # [B, 1280]
    scores: Tensor  # [B, 1001]


class Student(nn.Module):
    """The backbone: pictures [B, 3, H, W] in -1..1 -> Seen. Its layers are random until they are begun.

    `widening` and `depth`, in blocks, make it small for trials.
    """

    def __init__(self, widening: int = WIDENING, depth: int = len(LEVELS)) -> None:
        super().__init__()
        self.levels = nn.ModuleList([Block(3, STEM, LEVELS[0][1], 1, stem=True)])
        for (before, inner), (side, outer) in pairwise(LEVELS[:depth]):
            self.levels.append(Block(inner, inner * widening, outer, before // side))
        self.last = nn.Conv2d(LEVELS[depth - 1][1], TAPS[-2][2], 1)
        self.scores = nn.Linear(TAPS[-2][2], TAPS[-1][2])

    def forward(self, pictures: Tensor) -> Seen:
        x, maps = pictures, []
        for level in self.levels:
            x = level(x)
            maps.append(x)
        pooled = F.relu6(self.last(x)).mean((2, 3))
        return Seen(maps, pooled, self.scores(pooled))
