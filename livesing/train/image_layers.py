"""A student to begin with: every layer by least squares, from what is seen inside the teacher.

Between two ReLU6 a layer is linear: where a channel of the teacher is neither 0 nor 6, it is a sum over what
the layer sees. So block after block is solved in closed form, at random places of some hundreds of pictures:
which of the teacher's inner channels are needed most for what the block gives (backward elimination), how
they follow from what the student itself has seen so far, and how the block's end follows from them. Errors of
the earlier blocks are made good as far as a linear layer can.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from livesing.train.image_student import Block, Student, halving
from livesing.train.image_teacher import Teacher

BATCH = 8
PLACES = 14
"""In each picture, for every layer."""
MOST = 640
"""Pictures from which the blocks are solved."""
TOP = 5.99
"""From here on a channel is at the top of ReLU6."""
FEWEST = 20
"""A channel that is alive at fewer places stays constant."""
PENALTY = 1e-4
"""Of large weights, as a share of the inputs' mean variance."""

Floats = NDArray[np.float32]
Progress = Callable[[int, int, str], None]


def linear(x: Floats, y: Floats, penalty: float = PENALTY) -> tuple[Floats, Floats]:
    """Least squares: x [n, F], y [n, C] -> weight [C, F], bias [C]."""
    centre, level = x.mean(0, dtype=np.float64), y.mean(0, dtype=np.float64)
    inner = (x - centre).astype(np.float32)
    gram = (inner.T @ inner).astype(np.float64)
    gram += penalty * (np.trace(gram) / len(gram) + 1e-9) * np.eye(len(gram))
    weight = np.linalg.solve(gram, (inner.T @ (y - level).astype(np.float32)).astype(np.float64)).T
    return weight.astype(np.float32), (level - weight @ centre).astype(np.float32)


def through_relu6(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """The same for y = relu6(weight x + bias), from the places where y [n, C] is between."""
    weight, bias = np.zeros((y.shape[1], x.shape[1]), np.float32), y.mean(0)
    for channel in range(y.shape[1]):
        alive = (y[:, channel] > 0) & (y[:, channel] < TOP)
        if alive.sum() >= max(FEWEST, x.shape[1] // 2):
            some = linear(x[alive], y[alive, channel, None])
            weight[channel], bias[channel] = some[0][0], some[1][0]
    return weight, bias


def needed(x: Floats, y: Floats, count: int) -> NDArray[np.intp]:
    """The `count` columns of x [n, F] from which y [n, C] follows best: one after the other goes that is
    missed least (as in optimal brain surgeon: Hassibi & Stork 1993)."""
    inner = (x - x.mean(0)).astype(np.float32)
    target = ((y - y.mean(0)) / (y.std(0) + 1e-6)).astype(np.float32)
    gram = (inner.T @ inner).astype(np.float64)
    inverse = np.linalg.inv(gram + PENALTY * (np.trace(gram) / len(gram) + 1e-9) * np.eye(len(gram)))
    weight = inverse @ (inner.T @ target)
    kept = np.ones(len(gram), np.bool_)
    for _ in range(len(gram) - count):
        loss = np.where(kept, (weight**2).sum(1) / np.diag(inverse), np.inf)
        worst = int(loss.argmin())
        column = inverse[:, worst] / inverse[worst, worst]
        weight -= np.outer(column, weight[worst])
        inverse -= np.outer(column, inverse[worst])
        inverse[worst, worst] = 1.0
        kept[worst] = False
    return np.flatnonzero(kept)


class Places:
    """Random places of the maps of one size in N pictures, PLACES in each."""

    def __init__(self, count: int, side: int, rng: np.random.Generator) -> None:
        self.rows, self.columns = rng.integers(0, side, (2, count, PLACES))

    def of(self, maps: Tensor | NDArray[np.float32], first: int) -> Floats:
        """Of maps [B, C, H, W] of the pictures from `first` on -> [B * PLACES, C]."""
        which = slice(first, first + len(maps))
        picked = np.asarray(maps)[np.arange(len(maps))[:, None], :, self.rows[which], self.columns[which]]
        return picked.reshape(-1, picked.shape[-1]).astype(np.float32)

    def around(self, maps: Tensor, first: int, stride: int) -> Floats:
        """The 3 x 3 places that a filter sees: [B * PLACES, C, 9]."""
        padded = np.asarray(F.pad(maps, (1, 1, 1, 1)) if stride == 1 else halving(maps))
        which, rows = slice(first, first + len(maps)), np.arange(len(maps))[:, None]
        seen = [
            padded[rows, :, self.rows[which] * stride + down, self.columns[which] * stride + across]
            for down in range(3)
            for across in range(3)
        ]
        return np.stack(seen, -1).reshape(-1, maps.shape[1], 9)


def begin(
    student: Student, teacher: Teacher, pictures: NDArray[np.uint8], seed: int, progress: Progress
) -> None:
    """Solve all layers from uint8 pictures [N, SIDE, SIDE, 3]: the scores from all of them, the others from
    the first MOST."""
    some = pictures[:MOST]
    inside, (wide, last) = _inside(teacher, some, np.random.default_rng((seed, 3 << 20)))
    maps = [
        (torch.from_numpy(some[i : i + BATCH]).permute(0, 3, 1, 2).float() / 127.5 - 1).half()
        for i in range(0, len(some), BATCH)
    ]
    with torch.inference_mode():
        for number, (block, seen) in enumerate(zip(student.levels, inside, strict=True)):
            assert isinstance(block, Block)
            _solve(block, maps, *seen)
            maps = [block(x.float()).half() for x in maps]
            progress(number + 1, len(inside) + 1, "blocks by least squares")
        x = np.concatenate([wide.of(m, i * BATCH) for i, m in enumerate(maps)])
        _set(student.last, *through_relu6(x, last))
        pooled, scores = (tap.reshape(len(pictures), -1) for tap in teacher(pictures)[-2:])
        _set(student.scores, *linear(pooled, scores))
        progress(len(inside) + 1, len(inside) + 1, "blocks by least squares")


Seen = tuple[Places, Floats, Places, Floats, Floats]


def _inside(
    teacher: Teacher, pictures: NDArray[np.uint8], rng: np.random.Generator
) -> tuple[list[Seen], tuple[Places, Floats]]:
    """Of every block: places and what is there behind the widening layer; places, and what is there behind
    the filters and at the end. And places in front of the mean, and what is there."""
    places: list[Places] = []
    parts: list[list[Floats]] = []
    for first in range(0, len(pictures), BATCH):
        blocks, pooled = teacher.insides(pictures[first : first + BATCH])
        raws = [*(raw for block in blocks for raw in block), pooled]
        if not places:
            for raw in raws:
                # The filters and the end of a block are seen at the same places.
                alike = len(places) % 3 == 2
                side = raw.numbers.shape[1]
                places.append(places[-1] if alike else Places(len(pictures), side, rng))
            parts = [[] for _ in raws]
        for found, raw, at in zip(parts, raws, places, strict=True):
            which = slice(first, first + len(raw.numbers))
            index = np.arange(len(raw.numbers))[:, None], at.rows[which], at.columns[which]
            found.append(raw.values(*index).reshape(-1, raw.numbers.shape[3]))
    found_all = [np.concatenate(found) for found in parts]
    blocks_seen = [
        (places[i], found_all[i], places[i + 1], found_all[i + 1], found_all[i + 2])
        for i in range(0, len(places) - 1, 3)
    ]
    return blocks_seen, (places[-1], found_all[-1])


def _solve(
    block: Block, maps: Sequence[Tensor], wide: Places, widened: Floats, narrow: Places, filtered: Floats,
    out: Floats,
) -> None:  # fmt: skip
    """The layers of one block, from the student's maps in front of it."""
    picked = needed(filtered, out, block.widen.out_channels)
    starts = range(0, len(maps) * BATCH, BATCH)

    if block.stem:
        pairs = zip(maps, starts, strict=True)
        x = np.concatenate([wide.around(m.float(), i, 2).reshape(-1, 27) for m, i in pairs])
    else:
        x = np.concatenate([wide.of(m, i) for m, i in zip(maps, starts, strict=True)])
    _set(block.widen, *through_relu6(x, widened[:, picked]))

    around = np.concatenate(
        [
            narrow.around(block.widened(m.float()), i, block.stride).astype(np.float16)
            for m, i in zip(maps, starts, strict=True)
        ]
    )
    filters = [
        through_relu6(around[:, i].astype(np.float32), filtered[:, channel, None])
        for i, channel in enumerate(picked)
    ]
    _set(block.filter, *(np.concatenate(some) for some in zip(*filters, strict=True)))

    weight, bias = block.filter.weight.reshape(-1, 9).numpy(), block.filter.bias
    assert bias is not None
    inner = np.empty(around.shape[:2], np.float32)
    for i in range(around.shape[1]):
        inner[:, i] = np.clip(around[:, i].astype(np.float32) @ weight[i] + float(bias[i]), 0, 6)
    if block.shortcut:
        out = out - np.concatenate([narrow.of(m, i) for m, i in zip(maps, starts, strict=True)])
    _set(block.narrow, *linear(inner, out))


def _set(layer: torch.nn.Conv2d | torch.nn.Linear, weight: Floats, bias: Floats) -> None:
    assert layer.bias is not None
    layer.weight.copy_(torch.from_numpy(weight.reshape(layer.weight.shape)))
    layer.bias.copy_(torch.from_numpy(bias))
