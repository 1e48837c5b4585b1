"""Distillation: the student learns, on pictures without end, to see what the teacher sees.

Every tap of the teacher is a target, standardised by channel over plain photographs; the loss is the mean
squared error, so 1 is ignorance and 1 - loss the explained variance. At first most stages are fed with the
teacher's maps, so that the last ones need not wait until the first have learnt; later all hangs together.
"""

import copy
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from livesing.train import image_augment
from livesing.train.image_muon import Muon
from livesing.train.image_names import feelings_of_scores
from livesing.train.image_student import BLOCKS, Lessons, Student
from livesing.train.image_teacher import SIDE

BATCH = 48
MUON_RATE = 0.05
PEAK_RATE = 2e-3
WIDE_SHARE = 0.1
"""Of that rate for the linear layers on the 512 pooled features."""
DECAY = 0.02
FIRST_PHASE, SECOND_SHARE = 0.55, 0.7
"""The first phase's share of the steps; the second's of the rate."""
AVERAGING = 0.998
"""Of the weights that are kept: a running mean over about 500 steps."""
WEIGHTS = (0.3, 0.5, 1.0, 1.0, 1.0, 1.0, 2.0)
"""Of the taps in the loss, and of the feelings."""
FORCED, FORCED_UNTIL = 0.9, 0.6
"""The chance that a stage is fed by the teacher, at the beginning; it falls to 0 at this share of the
first phase."""
REUSE = 4
"""Every picture is learnt about so often: making and judging one costs as much as learning it."""
POOL = 32
"""Batches that are at hand; a step takes its pictures from all of them."""

Progress = Callable[[int, int, str], None]
Sight = Callable[[NDArray[np.uint8]], list[NDArray[np.float32]]]
"""A teacher: pictures [N, SIDE, SIDE, 3] -> the tensors of TAPS."""


class Scale(NamedTuple):
    """Mean and deviation by channel of each tap over photographs: float32 [1, C, 1, 1]."""

    mean: list[Tensor]
    deviation: list[Tensor]


class Lesson(NamedTuple):
    """Pictures uint8 [N, SIDE, SIDE, 3] and what is to be learnt of them: tensors [N, C, h, w], float16."""

    pictures: Tensor
    taps: list[Tensor]


class Judge:
    """What is to be learnt of a picture: the teacher's taps, and the feelings of what it names. No
    ratings."""

    def __init__(self, teacher: Sight, feelings: NDArray[np.float32]) -> None:
        self.teacher, self.feelings = teacher, feelings

    def __call__(self, pictures: NDArray[np.uint8]) -> Lesson:
        taps = self.teacher(pictures)
        felt = feelings_of_scores(taps[5].reshape(len(pictures), -1), self.feelings)
        maps = [torch.from_numpy(tap).half().permute(0, 3, 1, 2) for tap in (*taps, felt[:, None, None])]
        return Lesson(torch.from_numpy(pictures), maps)


def scale_of(judge: Judge, pictures: NDArray[np.uint8]) -> Scale:
    """The taps' statistics over uint8 pictures [N, SIDE, SIDE, 3]."""
    taps = [tap.float() for tap in judge(pictures).taps]
    deviation = [tap.std((0, 2, 3), keepdim=True) for tap in taps]
    # A channel that hardly moves must not be blown up.
    floor = [0.1 * d.mean() + 1e-6 for d in deviation]
    return Scale(
        [tap.mean((0, 2, 3), keepdim=True) for tap in taps],
        [torch.maximum(d, f) for d, f in zip(deviation, floor, strict=True)],
    )


def standardised(taps: Sequence[Tensor], scale: Scale) -> list[Tensor]:
    """The taps in standard units: maps [N, C, h, w], and vectors [N, C]."""
    targets = [(tap.float() - mean) / deviation for tap, mean, deviation in zip(taps, *scale, strict=True)]
    return [target if target.shape[2] > 1 else target.flatten(1) for target in targets]


def tap_losses(answers: Sequence[Tensor], targets: Sequence[Tensor]) -> list[Tensor]:
    """Mean squared errors in standard units."""
    return [F.mse_loss(answer.float(), target) for answer, target in zip(answers, targets, strict=True)]


def to_student(pictures: Tensor) -> Tensor:
    """uint8 [B, H, W, 3] -> float [B, 3, H, W] in -1..1."""
    return (pictures.permute(0, 3, 1, 2).float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


class Distillation:
    """Student, lessons, their running mean and the optimiser: what a checkpoint holds."""

    def __init__(self, steps: int, seed: int, blocks: Sequence[int] = BLOCKS) -> None:
        torch.manual_seed(seed)
        self.steps, self.seed, self.step = steps, seed, 0
        self.first = round(FIRST_PHASE * steps)
        self.blind: dict[str, Tensor] = {}
        self.net = torch.nn.ModuleList([Student(blocks), Lessons()]).to(memory_format=torch.channels_last)
        self.mean = copy.deepcopy(self.net)
        # Adam's steps are as large for 640 inputs as for one: a wide linear layer would only shiver.
        wide = [layer.weight for layer in (self.net[1].features, self.net[1].scores, self.net[1].feelings)]
        layers = [p for p in self.net.parameters() if p.dim() == 4 and p.shape[1] > 1]
        others = [p for p in self.net.parameters() if not any(p is q for q in (*wide, *layers))]
        groups = [{"params": others, "share": 1.0}, {"params": wide, "share": WIDE_SHARE}]
        self.adam = torch.optim.AdamW(groups, lr=PEAK_RATE, betas=(0.9, 0.98), weight_decay=0.0)
        self.muon = Muon(layers, lr=MUON_RATE, weight_decay=DECAY)

    def rate(self) -> float:
        """The share of the peak rates: in each phase a short rise, then half a cosine down to nothing."""
        second = self.step >= self.first
        begun, length = (self.first, self.steps - self.first) if second else (0, self.first)
        done = (self.step - begun + 1) / max(length, 1)
        rise = min(1.0, done * length / min(100, 1 + length // 10))
        return (SECOND_SHARE if second else 1.0) * rise * 0.5 * (1 + math.cos(math.pi * min(done, 1)))

    def learn(self, lesson: Lesson, scale: Scale) -> list[float]:
        """One step on a batch -> the loss of every tap."""
        rng = np.random.default_rng((self.seed, self.step, 1))
        targets = standardised(lesson.taps, scale)
        chance = FORCED * max(0.0, 1 - self.step / max(FORCED_UNTIL * self.first, 1))
        forced = torch.from_numpy(rng.random((len(lesson.pictures), 4)) < chance)
        for group in self.adam.param_groups:
            group["lr"] = PEAK_RATE * self.rate() * group["share"]
        self.muon.param_groups[0]["lr"] = MUON_RATE * self.rate()
        self.net.train()
        with torch.autocast("cpu", torch.bfloat16):
            answers = self.net[1](self.net[0](to_student(lesson.pictures), targets, forced))
        losses = tap_losses(answers, targets)
        self.net.zero_grad(set_to_none=True)
        sum(weight * loss for weight, loss in zip(WEIGHTS, losses, strict=True)).backward()
        self.adam.step()
        self.muon.step()
        self.step += 1
        self._average()
        if self.step == self.first:
            self.blind = {name: tensor.clone() for name, tensor in self.mean.state_dict().items()}
        return [float(loss.detach()) for loss in losses]

    def _average(self) -> None:
        keep = min(AVERAGING, self.step / (self.step + 10))
        with torch.no_grad():
            for kept, fresh in zip(
                self.mean.state_dict().values(), self.net.state_dict().values(), strict=True
            ):
                if kept.dtype.is_floating_point:
                    kept.lerp_(fresh, 1 - keep)
                else:
                    kept.copy_(fresh)

    def state(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "net": self.net.state_dict(),
            "mean": self.mean.state_dict(),
            "blind": self.blind,
            "adam": self.adam.state_dict(),
            "muon": self.muon.state_dict(),
        }

    def load(self, state: dict[str, Any]) -> None:
        self.step = state["step"]
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["mean"])
        self.blind = state["blind"]
        self.adam.load_state_dict(state["adam"])
        self.muon.load_state_dict(state["muon"])


def explained(net: torch.nn.ModuleList, lesson: Lesson, scale: Scale) -> list[float]:
    """The share of each tap's variance that student and lessons explain on these pictures, 1 at best."""
    net.eval()
    with torch.inference_mode():
        answers = net[1](net[0](to_student(lesson.pictures)))
    return [1 - float(loss) for loss in tap_losses(answers, standardised(lesson.taps, scale))]


def distil(
    judge: Judge,
    photographs: Sequence[Image.Image],
    held_out: NDArray[np.bool_],
    others: Sequence[Image.Image],
    steps: int,
    seed: int,
    checkpoint: Path | None,
    progress: Progress,
    every: int = 200,
    batch: int = BATCH,
    blocks: Sequence[int] = BLOCKS,
) -> Distillation:
    """Train for `steps` batches of `batch` pictures, going on from `checkpoint` if it is there.

    It is written `every` so many steps. `blocks` makes the student small for trials.

    In the first phase the pictures that are `held_out` [N] are not looked at, so that the weights kept from
    its end (`blind`) can be judged on them; the second phase takes all.
    """
    allowed = [photograph for photograph, held in zip(photographs, held_out, strict=True) if not held]
    plain = np.stack([np.asarray(p.resize((SIDE, SIDE), Image.Resampling.BILINEAR)) for p in allowed])
    scale = scale_of(judge, plain)
    run = Distillation(steps, seed, blocks)
    if checkpoint is not None and checkpoint.is_file():
        run.load(torch.load(checkpoint, weights_only=True))
    recent = np.ones(len(WEIGHTS))

    def lesson(number: int) -> Lesson:
        known = allowed if number * REUSE < run.first else photographs
        return judge(image_augment.batch(known, others, batch, np.random.default_rng((seed, number))))

    with ThreadPoolExecutor(1) as ahead:  # the next pictures are made while the student learns these
        number = run.step // REUSE
        pool = [lesson(number)]
        following = ahead.submit(lesson, number + 1)
        while run.step < steps:
            losses = run.learn(_draw(pool, np.random.default_rng((seed, run.step, 2))), scale)
            if run.step // REUSE > number:
                number += 1
                pool = [*pool, following.result()][-POOL:]
                following = ahead.submit(lesson, number + 1)
            recent += (np.array(losses) - recent) * 0.02
            if checkpoint is not None and (run.step % every == 0 or run.step == steps):
                partial = checkpoint.with_suffix(".part")
                torch.save(run.state(), partial)
                partial.replace(checkpoint)
            progress(run.step, steps, " ".join(f"{1 - loss:.3f}" for loss in recent))
    return run


def _draw(pool: Sequence[Lesson], rng: np.random.Generator) -> Lesson:
    """A batch of pictures from all over the pool."""
    size = len(pool[0].pictures)
    places = rng.permutation(len(pool) * size)[:size]
    picked = [(pool[place // size], place % size) for place in places]
    pictures = torch.stack([lesson.pictures[row] for lesson, row in picked])
    taps = [torch.stack([lesson.taps[i][row] for lesson, row in picked]) for i in range(len(pool[0].taps))]
    return Lesson(pictures, taps)
