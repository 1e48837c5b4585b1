"""The network of the image estimator: a small convolutional net of our own, taught stage by stage.

It has five stages. Each ends in the channels of one of the teacher's feature maps, standardised, and learns
to give what the teacher gives there; so a stage can also be fed with the teacher's map instead of that of
the stage before it, and learns its own part from the first step. Its blocks are a 5x5 filter per channel,
then two 1x1 layers with a ReLU between, around a shortcut: few operators, cheap on a CPU. Strides 8, 16, 16,
32, 32; any picture from 64 x 64.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from livesing.train.image_names import TEMPERATURES
from livesing.train.image_teacher import TAPS

STEM = (16, 48)
POOLED = 640
BLOCKS = (1, 3, 3, 3, 4, 1)
"""In the stem, in the stages at strides 8, 16, 16 and 32, and in the summary."""


class Block(nn.Module):
    """x + project(relu(expand(filter(x))))."""

    def __init__(self, width: int, widening: int) -> None:
        super().__init__()
        self.filter = nn.Conv2d(width, width, 5, padding=2, groups=width, bias=False)
        self.filter_norm = nn.BatchNorm2d(width)
        self.expand = nn.Conv2d(width, width * widening, 1)
        self.project = nn.Conv2d(width * widening, width, 1, bias=False)
        self.project_norm = nn.BatchNorm2d(width)
        nn.init.constant_(self.project_norm.weight, 0.1)  # begins near the identity

    def forward(self, x: Tensor) -> Tensor:
        inner = torch.relu(self.expand(self.filter_norm(self.filter(x))))
        return x + self.project_norm(self.project(inner))


def _layer(inner: int, outer: int, kernel: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(inner, outer, kernel, stride, kernel // 2 if stride == 1 else 0, bias=False)
    # The teacher pads at the right and below only, where it halves: this keeps the two grids aligned.
    padding = [] if stride == 1 else [nn.ZeroPad2d((0, 1, 0, 1))]
    return nn.Sequential(*padding, convolution, nn.BatchNorm2d(outer), nn.ReLU())


def _stage(
    inner: int, width: int, depth: int, widening: int, outer: int, kernel: int, stride: int
) -> nn.Sequential:
    """Into `width` channels, blocks there, and out to the teacher's channels."""
    blocks = [Block(width, widening) for _ in range(depth)]
    return nn.Sequential(_layer(inner, width, kernel, stride), *blocks, nn.Conv2d(width, outer, 1))


class Seen(NamedTuple):
    """What the student sees in pictures [B, 3, H, W]: standardised maps as the teacher's, and a summary."""

    maps: list[Tensor]  # [B, 32, H/8, W/8], [B, 64, H/16, W/16], [B, 96, H/16, W/16], [B, 160, H/32, W/32]
    pooled: Tensor  # [B, 640]


class Student(nn.Module):
    """The backbone: pictures [B, 3, H, W] in -1..1 -> Seen."""

    def __init__(self, blocks: Sequence[int] = BLOCKS) -> None:
        super().__init__()
        fine, early, middle, late = (tap[2] for tap in TAPS[:4])
        stem = [Block(STEM[1], 2) for _ in range(blocks[0])]
        self.stem = nn.Sequential(_layer(3, STEM[0], 3, 2), _layer(STEM[0], STEM[1], 3, 2), *stem)
        self.stages = nn.ModuleList(
            [
                _stage(STEM[1], 64, blocks[1], 3, fine, 3, 2),
                _stage(fine, 128, blocks[2], 3, early, 3, 2),
                _stage(early, 128, blocks[3], 3, middle, 1, 1),
                _stage(middle, 192, blocks[4], 4, late, 3, 2),
            ]
        )
        self.summary = nn.Sequential(
            _layer(late, 192, 1, 1), *(Block(192, 4) for _ in range(blocks[5])), _layer(192, POOLED, 1, 1)
        )
        self.pooled_norm = nn.BatchNorm1d(POOLED)

    def forward(self, pictures: Tensor, given: Sequence[Tensor] = (), forced: Tensor | None = None) -> Seen:
        """`given` are the teacher's maps; where `forced` [B, 4] is true, the stage after one sees it
        instead."""
        x = self.stem(pictures)
        maps = []
        for level, stage in enumerate(self.stages):
            x = stage(x)
            maps.append(x)
            if forced is not None:
                x = torch.where(forced[:, level, None, None, None], given[level].to(x.dtype), x)
        return Seen(maps, self.pooled_norm(self.summary(x).mean((2, 3))))


class Lessons(nn.Module):
    """Linear maps from the summary to the teacher's pooled features, its scores, and the feelings of what
    it names."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Linear(POOLED, TAPS[4][2])
        self.scores = nn.Linear(POOLED, TAPS[5][2])
        self.feelings = nn.Linear(POOLED, 2 * len(TEMPERATURES))
        for linear in (self.features, self.scores, self.feelings):
            nn.init.zeros_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, seen: Seen) -> list[Tensor]:
        """In the order of TAPS, and the feelings."""
        return [*seen.maps, self.features(seen.pooled), self.scores(seen.pooled), self.feelings(seen.pooled)]
