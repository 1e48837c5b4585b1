"""The network of the image estimator: a small convolutional net of our own, taught stage by stage.

Five stages, at strides 8, 16, 16 and 32 and over the whole picture; each has a lesson, a linear map from its last
layer to what the teacher sees at that depth. Blocks are a 3x3 filter, a ReLU and a 1x1 filter around a shortcut:
few operators, cheap on a CPU. Any picture from 64 x 64 pixels up.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from livesing.train.image_names import TEMPERATURES
from livesing.train.image_teacher import TAPS

STEM = (24, 48)
WIDTHS = (64, 128, 128, 192)
POOLED = 512
BLOCKS = (1, 3, 3, 3, 3, 1)
"""In the stem, in the stages at strides 8, 16, 16 and 32, and in the summary."""
STAGES = 5
DROPOUT = 0.2


class Block(nn.Module):
    """x + narrow(relu(filter(x)))."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.filter = nn.Conv2d(width, inner, 3, padding=1, bias=False)
        self.filter_norm = nn.BatchNorm2d(inner)
        self.narrow = nn.Conv2d(inner, width, 1, bias=False)
        self.narrow_norm = nn.BatchNorm2d(width)
        nn.init.constant_(self.narrow_norm.weight, 0.1)  # begins near the identity

    def forward(self, x: Tensor) -> Tensor:
        return x + self.narrow_norm(self.narrow(torch.relu(self.filter_norm(self.filter(x)))))


def _layer(inner: int, outer: int, kernel: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(inner, outer, kernel, stride, kernel // 2 if stride == 1 else 0, bias=False)
    # The teacher pads at the right and below only, where it halves: this keeps the two grids aligned.
    padding = [] if stride == 1 else [nn.ZeroPad2d((0, 1, 0, 1))]
    return nn.Sequential(*padding, convolution, nn.BatchNorm2d(outer), nn.ReLU())


class Summary(nn.Module):
    """The last stage: a map [B, C, h, w] -> a standardised vector [B, POOLED] of the whole picture."""

    def __init__(self, blocks: int) -> None:
        super().__init__()
        width = WIDTHS[-1]
        self.layers = nn.Sequential(
            *(Block(width, width) for _ in range(blocks)), _layer(width, POOLED, 1, 1)
        )
        self.norm = nn.BatchNorm1d(POOLED)

    def forward(self, x: Tensor) -> Tensor:
        pooled: Tensor = self.norm(self.layers(x).mean((2, 3)))
        return pooled


class Student(nn.Module):
    """The backbone: pictures [B, 3, H, W] in -1..1 -> what each stage sees, four maps and a vector."""

    def __init__(self, blocks: Sequence[int] = BLOCKS) -> None:
        super().__init__()
        stem = [_layer(3, STEM[0], 3, 2), _layer(STEM[0], STEM[1], 3, 2)]
        stem += [Block(STEM[1], 2 * STEM[1]) for _ in range(blocks[0])]
        stages: list[nn.Module] = []
        inner = STEM[1]
        for level, width in enumerate(WIDTHS):
            kernel, stride = (1, 1) if level == 2 else (3, 2)
            widened = 2 * width if level == 0 else width
            layers = [_layer(inner, width, kernel, stride)]
            layers += [Block(width, widened) for _ in range(blocks[level + 1])]
            stages.append(nn.Sequential(*(stem if level == 0 else []), *layers))
            inner = width
        self.stages = nn.ModuleList([*stages, Summary(blocks[-1])])

    def forward(self, pictures: Tensor) -> list[Tensor]:
        seen = []
        x = pictures
        for stage in self.stages:
            x = stage(x)
            seen.append(x)
        return seen


class Lessons(nn.Module):
    """Linear maps from what a stage sees to what the teacher sees, in standard units.

    The last stage has three: to the teacher's pooled features, to its scores, and to the feelings of what it names.
    """

    def __init__(self) -> None:
        super().__init__()
        maps = [nn.Conv2d(width, tap[2], 1) for width, tap in zip(WIDTHS, TAPS[:4], strict=True)]
        self.maps = nn.ModuleList(maps)
        self.dropout = nn.Dropout(DROPOUT)
        sizes = (TAPS[4][2], TAPS[5][2], 2 * len(TEMPERATURES))
        self.vectors = nn.ModuleList(nn.Linear(POOLED, size) for size in sizes)
        for linear in self.vectors:
            nn.init.zeros_(linear.weight)
            nn.init.zeros_(linear.bias)

    def of_stage(self, stage: int, seen: Tensor) -> list[Tensor]:
        """The answers of one stage."""
        if stage < len(self.maps):
            return [self.maps[stage](seen)]
        pooled = self.dropout(seen)
        return [linear(pooled) for linear in self.vectors]

    def forward(self, seen: Sequence[Tensor]) -> list[Tensor]:
        """The answers of all stages, in the order of TAPS, and the feelings."""
        return [answer for stage, x in enumerate(seen) for answer in self.of_stage(stage, x)]
