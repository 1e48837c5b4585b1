"""Distillation: the student learns, on pictures without end, to see what the teacher sees.

Every tap of the teacher is a target, standardised by channel over plain photographs; the loss is the mean
squared error, so 1 is ignorance and 1 - loss the explained variance. First every block learns by itself, fed
with the teacher's map before it: a small task that needs no other block. Then all hang together, so that each
learns to live with the errors of those before; the early ones, the surest and dearest, rest from there on.
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
from torch import Tensor

from livesing.train import image_augment
from livesing.train.image_augment import Sources
from livesing.train.image_muon import Muon
from livesing.train.image_names import feelings_of_scores
from livesing.train.image_student import EARLY, WIDENING, Lessons, Student
from livesing.train.image_teacher import LEVELS

BATCH = 48
MUON_RATE = 0.05
PEAK_RATE = 2e-3
WIDE_SHARE = 0.1
"""Of that rate for the linear layers on the pooled features."""
DECAY = 0.02
APART, JOINT_SHARE = 0.4, 0.7
"""The share of the steps in which blocks learn by themselves; the share of the rate after that."""
AVERAGING = 0.998
"""Of the weights that are kept: a running mean over about 500 steps."""
MAP_WEIGHT = 0.4
LATE_WEIGHTS = (1.0, 1.0, 1.0, 1.0, 2.0)
"""Of the last two maps, the features, the scores and the feelings in the loss; of each other map before."""
WEIGHTS = (*[MAP_WEIGHT] * (len(LEVELS) - 2), *LATE_WEIGHTS)
COUNTS = tuple({112: 0.125, 56: 0.125, 28: 0.5}.get(side, 1.0) for side, _ in LEVELS)
"""The share of a batch from which a block learns by itself: a large map has many places to learn from."""
FORCED, FORCED_UNTIL = 0.5, 0.4
"""The chance that a block is still fed by the teacher when all hang together; it falls to 0 at this share of
that time."""
REUSE = 4
"""Every picture is learnt about so often: making and judging one costs as much as learning it."""
POOL = 16
"""Batches that are at hand; a step takes its pictures from all of them."""

Progress = Callable[[int, int, str], None]
Sight = Callable[[NDArray[np.uint8]], list[NDArray[np.float32]]]
"""A teacher: pictures [N, SIDE, SIDE, 3] -> the tensors of TAPS."""


class Scale(NamedTuple):
    """Mean and deviation by channel of each tap over photographs: float32 [1, C, 1, 1]."""

    mean: list[Tensor]
    deviation: list[Tensor]


class Lesson(NamedTuple):
    """Pictures uint8 [N, SIDE, SIDE, 3] and what is to be learnt of them: tensors [N, C, h, w], float16.

    Once the early levels rest, their last map [N, C, h, w] stands for the pictures, and only what comes
    behind them is to be learnt.
    """

    pictures: Tensor
    taps: list[Tensor]


class Judge:
    """What is to be learnt of a picture: the teacher's taps, and the feelings of what it names. No
    ratings."""

    def __init__(self, teacher: Sight, feelings: NDArray[np.float32]) -> None:
        self.teacher, self.feelings = teacher, feelings

    def __call__(self, pictures: NDArray[np.uint8]) -> Lesson:
        taps = self.teacher(pictures)
        felt = feelings_of_scores(taps[-1].reshape(len(pictures), -1), self.feelings)
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
    """The taps, or the last ones, in standard units: maps [N, C, h, w], and vectors [N, C]."""
    units = list(zip(*scale, strict=True))[-len(taps) :]
    targets = [(tap.float() - mean) / deviation for tap, (mean, deviation) in zip(taps, units, strict=True)]
    return [target if target.shape[2] > 1 else target.flatten(1) for target in targets]


def tap_losses(answers: Sequence[Tensor], targets: Sequence[Tensor]) -> list[Tensor]:
    """Mean squared errors in standard units."""
    return [F.mse_loss(answer.float(), target) for answer, target in zip(answers, targets, strict=True)]


def to_student(pictures: Tensor) -> Tensor:
    """uint8 [B, H, W, 3] -> float [B, 3, H, W] in -1..1."""
    return (pictures.permute(0, 3, 1, 2).float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


class Distillation:
    """Student, lessons, their running mean and the optimiser: what a checkpoint holds."""

    def __init__(self, steps: int, seed: int, scale: Scale, widening: int = WIDENING) -> None:
        torch.manual_seed(seed)
        self.steps, self.seed, self.scale, self.step = steps, seed, scale, 0
        self.joint = round(APART * steps)
        student = Student(widening)
        for level, block in enumerate(student.levels):
            if level and block.shortcut is not None:  # from the units of one map into those of the next
                block.shortcut.data = (scale.deviation[level - 1] / scale.deviation[level])[0]
        self.net = torch.nn.ModuleList([student, Lessons()]).to(memory_format=torch.channels_last)
        self.mean = copy.deepcopy(self.net)
        # Adam's steps are as large for 1024 inputs as for one: a wide linear layer would only shiver.
        lessons = self.net[1]
        wide = [layer.weight for layer in (lessons.features, lessons.scores, *lessons.feelings[::2])]
        layers = [p for p in self.net.parameters() if p.dim() == 4 and p.shape[1] > 1]
        others = [p for p in self.net.parameters() if not any(p is q for q in (*wide, *layers))]
        groups = [{"params": others, "share": 1.0}, {"params": wide, "share": WIDE_SHARE}]
        self.adam = torch.optim.AdamW(groups, lr=PEAK_RATE, betas=(0.9, 0.98), weight_decay=0.0)
        self.muon = Muon(layers, lr=MUON_RATE, weight_decay=DECAY)

    @property
    def together(self) -> bool:
        return self.step >= self.joint

    def rate(self) -> float:
        """The share of the peak rates: in each phase a short rise, then half a cosine down to nothing."""
        begun, length = (self.joint, self.steps - self.joint) if self.together else (0, self.joint)
        done = (self.step - begun + 1) / max(length, 1)
        rise = min(1.0, done * length / min(100, 1 + length // 10))
        share = JOINT_SHARE if self.together else 1.0
        return share * rise * 0.5 * (1 + math.cos(math.pi * min(done, 1)))

    def learn(self, lesson: Lesson) -> list[float]:
        """One step on a batch -> the loss of every tap."""
        for group in self.adam.param_groups:
            group["lr"] = PEAK_RATE * self.rate() * group["share"]
        self.muon.param_groups[0]["lr"] = MUON_RATE * self.rate()
        self.net.train()
        losses = self._joined(lesson) if self.together else self._apart(lesson)
        self.net.zero_grad(set_to_none=True)
        weights = WEIGHTS[-len(losses) :]
        sum(weight * loss for weight, loss in zip(weights, losses, strict=True)).backward()
        self.adam.step()
        self.muon.step()
        self.step += 1
        self._average()
        if self.step == self.joint:
            self.net.load_state_dict(self.mean.state_dict())
        return [float(loss.detach()) for loss in losses]

    def _apart(self, lesson: Lesson) -> list[Tensor]:
        count = len(lesson.pictures)
        counts = [math.ceil(count * share) for share in COUNTS]
        targets = standardised(lesson.taps, self.scale)
        with torch.autocast("cpu", torch.bfloat16):
            seen = self.net[0].apart(to_student(lesson.pictures), targets[: len(LEVELS)], counts)
            answers = self.net[1](seen)
        wanted = [target[: len(answer)] for answer, target in zip(answers, targets, strict=True)]
        return tap_losses(answers, wanted)

    def _joined(self, lesson: Lesson) -> list[Tensor]:
        rng = np.random.default_rng((self.seed, self.step, 1))
        done = (self.step - self.joint) / max(FORCED_UNTIL * (self.steps - self.joint), 1)
        chances = rng.random((len(lesson.pictures), len(LEVELS)))
        forced = torch.from_numpy(chances < FORCED * max(0.0, 1 - done))
        targets = standardised(lesson.taps, self.scale)
        given = [torch.empty(0)] * EARLY + targets
        early = lesson.pictures.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            answers = self.net[1](self.net[0].onward(early, EARLY, given, forced))
        return tap_losses(answers, targets)

    def begun(self, lesson: Lesson) -> Lesson:
        """The lesson as it is once the early levels rest."""
        x = to_student(lesson.pictures)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            for level in self.mean[0].levels[:EARLY].eval():
                x = level(x)
        return Lesson(x, lesson.taps[EARLY:])

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
            "adam": self.adam.state_dict(),
            "muon": self.muon.state_dict(),
        }

    def load(self, state: dict[str, Any]) -> None:
        self.step = state["step"]
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["mean"])
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
    sources: Sources,
    steps: int,
    seed: int,
    checkpoint: Path | None,
    progress: Progress,
    every: int = 200,
    batch: int = BATCH,
    widening: int = WIDENING,
) -> Distillation:
    """Train for `steps` batches of `batch` pictures, going on from `checkpoint` if it is there.

    It is written `every` so many steps. `widening` makes the student small for trials.
    """
    run = Distillation(steps, seed, scale_of(judge, image_augment.plain(sources.known)), widening)
    if checkpoint is not None and checkpoint.is_file():
        run.load(torch.load(checkpoint, weights_only=True))
    recent = np.zeros(len(WEIGHTS))

    def lesson(number: int) -> Lesson:
        return judge(image_augment.batch(sources, batch, np.random.default_rng((seed, number))))

    with ThreadPoolExecutor(1) as ahead:  # the next pictures are made while the student learns these
        number = run.step // REUSE
        pool = [lesson(number)]
        following = ahead.submit(lesson, number + 1)
        while run.step < steps:
            if run.together:
                pool = [some if len(some.taps) < len(WEIGHTS) else run.begun(some) for some in pool]
            losses = run.learn(_draw(pool, np.random.default_rng((seed, run.step, 2))))
            if run.step // REUSE > number:
                number += 1
                pool = [*pool, following.result()][-POOL:]
                following = ahead.submit(lesson, number + 1)
            recent[-len(losses) :] += (1 - np.array(losses) - recent[-len(losses) :]) * 0.02
            if checkpoint is not None and (run.step % every == 0 or run.step == steps):
                partial = checkpoint.with_suffix(".part")
                torch.save(run.state(), partial)
                partial.replace(checkpoint)
            progress(run.step, steps, " ".join(f"{share:.2f}" for share in recent))
    return run


def _draw(pool: Sequence[Lesson], rng: np.random.Generator) -> Lesson:
    """A batch of pictures from all over the pool."""
    size = len(pool[0].pictures)
    places = rng.permutation(len(pool) * size)[:size]
    picked = [(pool[place // size], place % size) for place in places]
    pictures = torch.stack([lesson.pictures[row] for lesson, row in picked])
    taps = [torch.stack([lesson.taps[i][row] for lesson, row in picked]) for i in range(len(pool[0].taps))]
    return Lesson(pictures, taps)
