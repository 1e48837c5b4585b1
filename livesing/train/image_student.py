"""The network of the image estimator: inverted residuals (Sandler et al. 2018), taught block by block.

Every block ends in the channels of one of the teacher's maps, standardised, and learns to give what the
teacher gives there; so a block can also be fed with the teacher's map instead of that of the block before
it, and learns its own part from the first step. Strides 2, 4, 8, 16 and 32; any picture from 64 x 64.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from livesing.train.image_names import TEMPERATURES
from livesing.train.image_teacher import LEVELS, TAPS

STEM = 32
WIDENING = 6
POOLED = 1024
HIDDEN = 256
"""Of the layer between the summary and the feelings."""
EARLY = 3
"""Levels down to stride 4: simple, and the dearest to compute."""


class Layer(nn.Sequential):
    """Filter, norm and ReLU6."""

    def __init__(self, inner: int, outer: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        # The teacher pads at the right and below only, where it halves: this keeps the two grids aligned.
        padding = [nn.ZeroPad2d((0, 1, 0, 1))] if stride == 2 else []
        convolution = nn.Conv2d(
            inner, outer, kernel, stride, kernel // 2 if stride == 1 else 0, groups=groups, bias=False
        )
        super().__init__(*padding, convolution, nn.BatchNorm2d(outer), nn.ReLU6())
        self.slow_in_16_bits = stride == 2 and groups > 1

    def forward(self, x: Tensor) -> Tensor:
        if self.slow_in_16_bits and x.dtype == torch.bfloat16:
            with torch.autocast("cpu", enabled=False):
                return super().forward(x.float())
        return super().forward(x)


class Block(nn.Module):
    """Widen, filter every channel, narrow; around a shortcut where nothing changes size."""

    def __init__(self, inner: int, outer: int, stride: int, widening: int) -> None:
        super().__init__()
        wide = inner * widening
        self.inner = nn.Sequential(Layer(inner, wide, 1), Layer(wide, wide, 3, stride, wide))
        self.project = nn.Conv2d(wide, outer, 1, bias=False)
        self.norm = nn.BatchNorm2d(outer)
        whole = inner == outer and stride == 1
        self.shortcut = nn.Parameter(torch.ones(outer, 1, 1)) if whole else None
        if whole:
            nn.init.constant_(self.norm.weight, 0.3)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(self.project(self.inner(x)))
        return y if self.shortcut is None else y + self.shortcut * x


class Seen(NamedTuple):
    """What the student sees in pictures [B, 3, H, W]: the maps of LEVELS, standardised, and a summary."""

    maps: list[Tensor]  # [B, 16, H/2, W/2], [B, 24, H/4, W/4], ... [B, 320, H/32, W/32]
    pooled: Tensor  # [B, POOLED]


class Student(nn.Module):
    """The backbone: pictures [B, 3, H, W] in -1..1 -> Seen."""

    def __init__(self, widening: int = WIDENING) -> None:
        super().__init__()
        first = LEVELS[0][1]
        stem = nn.Sequential(
            Layer(3, STEM, 3, 2), Layer(STEM, STEM, 3, 1, STEM),
            nn.Conv2d(STEM, first, 1, bias=False), nn.BatchNorm2d(first),
        )  # fmt: skip
        blocks = [
            Block(inner, outer, before // side, widening)
            for (before, inner), (side, outer) in pairwise(LEVELS)
        ]
        self.levels = nn.ModuleList([stem, *blocks])
        self.last = Layer(LEVELS[-1][1], POOLED, 1)
        self.pooled_norm = nn.BatchNorm1d(POOLED)

    def forward(self, pictures: Tensor) -> Seen:
        return self.onward(pictures, 0)

    def onward(
        self, x: Tensor, begin: int, given: Sequence[Tensor] = (), forced: Tensor | None = None
    ) -> Seen:
        """From the map in front of level `begin` -> Seen, with the maps from there on.

        `given` are the teacher's maps of all levels; where `forced` [B, levels] is true, the level after one
        sees it instead.
        """
        maps = []
        for level in range(begin, len(self.levels)):
            x = self.levels[level](x)
            maps.append(x)
            if forced is not None:
                x = torch.where(forced[:, level, None, None, None], given[level].to(x.dtype), x)
        return Seen(maps, self.summary(x))

    def apart(self, pictures: Tensor, given: Sequence[Tensor], counts: Sequence[int]) -> Seen:
        """Every level fed with the teacher's map before it, of the first so many pictures."""
        inputs = [pictures, *given]
        maps = [level(x[:count]) for level, x, count in zip(self.levels, inputs, counts, strict=False)]
        return Seen(maps, self.summary(given[-1]))

    def summary(self, x: Tensor) -> Tensor:
        pooled: Tensor = self.pooled_norm(self.last(x).mean((2, 3)))
        return pooled


class Lessons(nn.Module):
    """From the summary to the teacher's pooled features and its scores, and to the feelings of what it
    names."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Linear(POOLED, TAPS[-2][2])
        self.scores = nn.Linear(POOLED, TAPS[-1][2])
        self.feelings = nn.Sequential(
            nn.Linear(POOLED, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 2 * len(TEMPERATURES))
        )
        for linear in (self.features, self.scores, self.feelings[2]):
            nn.init.zeros_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, seen: Seen) -> list[Tensor]:
        """In the order of TAPS, and the feelings."""
        return [*seen.maps, self.features(seen.pooled), self.scores(seen.pooled), self.feelings(seen.pooled)]
