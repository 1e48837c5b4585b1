"""Distillation: the student learns, on pictures without end, to see what the teacher sees.

It begins where least squares put its layers (image_layers.py). Then all hang together and learn by gradient,
so that each makes good the errors of those before. Every tap of the teacher is a target, in standard units by
channel over plain photographs; the loss is the mean squared error, so 1 is ignorance and 1 - loss the
explained variance. No ratings are used.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from livesing.train import checkpoint as checkpoints
from livesing.train import image_augment
from livesing.train.image_augment import Sources
from livesing.train.image_layers import begin
from livesing.train.image_student import WIDENING, Student
from livesing.train.image_teacher import LEVELS, SIDE, Teacher

BATCH = 32
PEAK_RATE = 3e-4
RISE, FALL = 40, 600
"""Steps until that rate is reached, and until it is down to nothing."""
BEGINNERS = 1600
"""Pictures for the least squares."""
MAP_WEIGHT = 0.3
LATE_WEIGHTS = (1.0, 1.0, 1.5, 1.0)
"""Of the last two maps, the pooled features and the scores in the loss; of each other map before."""
WEIGHTS = (*[MAP_WEIGHT] * (len(LEVELS) - 2), *LATE_WEIGHTS)
REUSE = 3
"""Every picture is learnt about so often: making and judging one costs as much as learning it."""
POOL = 24
"""Batches that are at hand; a step takes its pictures from all of them."""

Progress = Callable[[int, int, str], None]
Sight = Callable[[NDArray[np.uint8]], list[NDArray[np.float32]]]
"""A teacher: pictures [N, SIDE, SIDE, 3] -> the tensors of TAPS."""


class Scale(NamedTuple):
    """Mean and deviation by channel of each tap over photographs: float32 [1, C, 1, 1]."""

    mean: list[Tensor]
    deviation: list[Tensor]


class Lesson(NamedTuple):
    """Pictures uint8 [N, SIDE, SIDE, 3] and the teacher's taps of them: tensors [N, C, h, w], float16."""

    pictures: Tensor
    taps: list[Tensor]


def judged(teacher: Sight, pictures: NDArray[np.uint8]) -> Lesson:
    taps = [torch.from_numpy(tap).half().permute(0, 3, 1, 2) for tap in teacher(pictures)]
    return Lesson(torch.from_numpy(pictures), taps)


def scale_of(taps: Sequence[Tensor]) -> Scale:
    """The taps' statistics over the pictures of a lesson."""
    wide = [tap.float() for tap in taps]
    deviation = [tap.std((0, 2, 3), keepdim=True) for tap in wide]
    # A channel that hardly moves must not be blown up.
    floor = [0.1 * d.mean() + 1e-6 for d in deviation]
    return Scale(
        [tap.mean((0, 2, 3), keepdim=True) for tap in wide],
        [torch.maximum(d, f) for d, f in zip(deviation, floor, strict=True)],
    )


def tap_losses(student: Student, lesson: Lesson, scale: Scale) -> list[Tensor]:
    """Mean squared errors in standard units, in the order of TAPS."""
    with torch.autocast("cpu", torch.bfloat16):
        seen = student(to_student(lesson.pictures))
    answers = [*seen.maps, seen.pooled[..., None, None], seen.scores[..., None, None]]
    return [
        ((answer.float() - tap.float()) / deviation).square().mean()
        for answer, tap, deviation in zip(answers, lesson.taps, scale.deviation, strict=True)
    ]


def explained(student: Student, lesson: Lesson) -> list[float]:
    """The share of each tap's variance that the student explains on these pictures, 1 at best."""
    with torch.inference_mode():
        return [1 - float(loss) for loss in tap_losses(student, lesson, scale_of(lesson.taps))]


def to_student(pictures: Tensor) -> Tensor:
    """uint8 [B, H, W, 3] -> float [B, 3, H, W] in -1..1."""
    return (pictures.permute(0, 3, 1, 2).float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


class Distillation:
    """The student and its optimiser: what a checkpoint holds."""

    def __init__(self, seed: int, scale: Scale, widening: int = WIDENING) -> None:
        torch.manual_seed(seed)
        self.scale, self.step = scale, 0
        self.student = Student(widening).to(memory_format=torch.channels_last)
        self.adam = torch.optim.Adam(self.student.parameters(), lr=PEAK_RATE, betas=(0.9, 0.98))

    def rate(self) -> float:
        """A short rise, then half a cosine down to nothing, however many steps are taken of it."""
        rise = min(1.0, (self.step + 1) / RISE)
        return PEAK_RATE * rise * 0.5 * (1 + math.cos(math.pi * min(self.step / FALL, 1.0)))

    def learn(self, lesson: Lesson) -> list[float]:
        """One step on a batch -> the loss of every tap."""
        for group in self.adam.param_groups:
            group["lr"] = self.rate()
        losses = tap_losses(self.student, lesson, self.scale)
        self.adam.zero_grad(set_to_none=True)
        sum(weight * loss for weight, loss in zip(WEIGHTS, losses, strict=True)).backward()
        self.adam.step()
        self.step += 1
        return [float(loss.detach()) for loss in losses]

    def state(self) -> dict[str, Any]:
        return {"step": self.step, "student": self.student.state_dict(), "adam": self.adam.state_dict()}

    def load(self, state: dict[str, Any]) -> None:
        self.step = state["step"]
        self.student.load_state_dict(state["student"])
        self.adam.load_state_dict(state["adam"])


def distil(
    teacher: Teacher,
    sources: Sources,
    steps: int,
    seed: int,
    checkpoint: Path,
    progress: Progress,
    every: int = 50,
    batch: int = BATCH,
    beginners: int = BEGINNERS,
    widening: int = WIDENING,
    side: int = SIDE,
) -> Student:
    """Begin by least squares, then train for `steps` batches of `batch` pictures, going on from `checkpoint`
    if it is there, as if the run had never been stopped. It is written `every` so many steps. `beginners`,
    `widening` and `side` (of the pictures, in pixels) make trials small."""
    plain = judged(teacher, image_augment.plain(sources.known, side))
    run = Distillation(seed, scale_of(plain.taps), widening)
    settings = {
        "net": "student", "seed": seed, "batch": batch, "beginners": beginners, "widening": widening,
        "side": side, "pictures": [len(some) for some in sources],
    }  # fmt: skip
    if (state := checkpoints.resumed(checkpoint, settings)) is not None:
        run.load(state)
    else:
        parts = [image_augment.batch(sources, batch, np.random.default_rng((seed, 1, i)), side)
                 for i in range(beginners // batch)]  # fmt: skip
        begin(run.student, teacher, np.concatenate(parts), seed, progress)
        checkpoints.keep(checkpoint, settings, run.state())
    recent = np.array(explained(run.student, plain))

    def lesson(number: int) -> Lesson:
        rng = np.random.default_rng((seed, 2, number))
        return judged(teacher, image_augment.batch(sources, batch, rng, side))

    pool: list[Lesson] = []
    while run.step < steps:
        newest = run.step // REUSE
        if not pool:  # what would be at hand, had the run never been stopped
            pool = [lesson(number) for number in range(max(0, newest - POOL + 1), newest + 1)]
        elif run.step % REUSE == 0:
            pool = [*pool, lesson(newest)][-POOL:]
        losses = run.learn(_draw(pool, np.random.default_rng((seed, 3, run.step))))
        recent += (1 - np.array(losses) - recent) * 0.05
        if run.step % every == 0 or run.step == steps:
            checkpoints.keep(checkpoint, settings, run.state())
        progress(run.step, steps, " ".join(f"{share:.2f}" for share in recent))
    return run.student


def _draw(pool: Sequence[Lesson], rng: np.random.Generator) -> Lesson:
    """A batch of pictures from all over the pool."""
    size = len(pool[0].pictures)
    places = rng.permutation(len(pool) * size)[:size]
    picked = [(pool[place // size], place % size) for place in places]
    pictures = torch.stack([lesson.pictures[row] for lesson, row in picked])
    taps = [torch.stack([lesson.taps[i][row] for lesson, row in picked]) for i in range(len(pool[0].taps))]
    return Lesson(pictures, taps)
