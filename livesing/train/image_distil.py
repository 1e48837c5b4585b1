"""Distillation: the student learns, on pictures made of the photographs, to see what the teacher sees.

Every tap of the teacher is a target, standardised by channel over plain photographs; the loss is the mean squared
error, so 1 is ignorance and 1 - loss the explained variance. The stages learn one after the other, each on what the
finished ones give it: so the early ones, whose every position is a lesson, take many small steps, and none waits for
another. Then all learn together. Until then a part of the themes is held out, so that the net can be judged on
pictures it has never seen; at last all learn together from all pictures.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from livesing.train import image_augment
from livesing.train.image_muon import Muon
from livesing.train.image_names import feelings_of_scores
from livesing.train.image_student import BLOCKS, STAGES, Lessons, Student

POOL = 16000
"""Pictures that are made and judged once and learnt from for many steps; half as many in the last phase."""
JOINT, ALL = STAGES, STAGES + 1
"""Phases after the stages': together without what is held out, together with it."""
SHARES = (0.28, 0.16, 0.16, 0.16, 0.09, 0.09, 0.06)
"""Of the steps, for each phase."""
BATCHES = (8, 16, 16, 24, 48, 24, 24)
MUON_RATE, ADAM_RATE = 0.03, 2e-3
JOINT_SHARE = 0.4
"""Of the rates, when all learn together."""
WIDE_SHARE = 0.1
"""Of Adam's rate for the linear layers on the summary: its steps are as large for 512 inputs as for one."""
DECAY = 0.02

Progress = Callable[[int, int, str], None]
Sight = Callable[[NDArray[np.uint8]], list[NDArray[np.float32]]]
"""A teacher: pictures [N, SIDE, SIDE, 3] -> the tensors of TAPS."""


class Lesson(NamedTuple):
    """Pictures uint8 [N, SIDE, SIDE, 3] and what is to be learnt of them: tensors [N, C, h, w], float16."""

    pictures: Tensor
    taps: list[Tensor]


class Judge:
    """What is to be learnt of a picture: the teacher's taps, and the feelings of what it names. No ratings."""

    def __init__(self, teacher: Sight, feelings: NDArray[np.float32]) -> None:
        self.teacher, self.feelings = teacher, feelings

    def __call__(self, pictures: NDArray[np.uint8]) -> Lesson:
        taps = self.teacher(pictures)
        felt = feelings_of_scores(taps[5].reshape(len(pictures), -1), self.feelings)
        maps = [torch.from_numpy(tap).half().permute(0, 3, 1, 2) for tap in (*taps, felt[:, None, None])]
        return Lesson(torch.from_numpy(pictures), maps)


class Scale(NamedTuple):
    """Mean and deviation by channel of each tap over photographs: float32 [1, C, 1, 1]."""

    mean: list[Tensor]
    deviation: list[Tensor]


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


def standardised(taps: Sequence[Tensor], scale: Scale, rows: Tensor | slice, places: slice) -> list[Tensor]:
    """Some rows of some taps in standard units: maps [N, C, h, w], and vectors [N, C]."""
    chosen = zip(taps[places], scale.mean[places], scale.deviation[places], strict=True)
    targets = [(tap[rows].float() - mean) / deviation for tap, mean, deviation in chosen]
    return [target if target.shape[2] > 1 else target.flatten(1) for target in targets]


def tap_losses(answers: Sequence[Tensor], targets: Sequence[Tensor]) -> list[Tensor]:
    """Mean squared errors in standard units."""
    return [F.mse_loss(answer.float(), target) for answer, target in zip(answers, targets, strict=True)]


def to_student(pictures: Tensor) -> Tensor:
    """uint8 [B, H, W, 3] -> float [B, 3, H, W] in -1..1."""
    return (pictures.permute(0, 3, 1, 2).float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def explained(net: nn.ModuleList, lesson: Lesson, scale: Scale) -> list[float]:
    """The share of each tap's variance that student and lessons explain on these pictures, 1 at best."""
    net.eval()
    with torch.inference_mode():
        answers = net[1](net[0](to_student(lesson.pictures)))
    targets = standardised(lesson.taps, scale, slice(None), slice(None))
    return [1 - float(loss) for loss in tap_losses(answers, targets)]


class Optimisers:
    """Muon for the filters, Adam for the rest; of some modules."""

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        weights = [p for module in modules for p in module.parameters()]
        filters = [p for p in weights if p.dim() == 4]
        wide = [p for p in weights if p.dim() == 2]
        plain = [p for p in weights if p.dim() == 1]
        self.weights = weights
        self.adam = torch.optim.AdamW(
            [{"params": plain, "share": 1.0}, {"params": wide, "share": WIDE_SHARE}],
            lr=ADAM_RATE,
            betas=(0.9, 0.98),
            weight_decay=0.0,
        )
        self.muon = Muon(filters, lr=MUON_RATE, weight_decay=DECAY)

    def step(self, losses: Sequence[Tensor], share: float) -> None:
        """Down the sum of the losses at a share of the peak rates."""
        for group in self.adam.param_groups:
            group["lr"] = ADAM_RATE * share * group["share"]
        self.muon.param_groups[0]["lr"] = MUON_RATE * share
        for weight in self.weights:
            weight.grad = None
        torch.stack(list(losses)).sum().backward()
        self.adam.step()
        self.muon.step()


class Distillation:
    """Where the work stands: phase, step in it, the net (student, lessons), and the net before the last phase."""

    def __init__(self, steps: int, seed: int, blocks: Sequence[int] = BLOCKS) -> None:
        torch.manual_seed(seed)
        self.steps = [max(2, round(share * steps)) for share in SHARES]
        self.net = nn.ModuleList([Student(blocks), Lessons()]).to(memory_format=torch.channels_last)
        self.blind: dict[str, Tensor] = {}
        self.phase = self.step = 0
        self.optimisers = Optimisers(self.taught())

    def taught(self) -> list[nn.Module]:
        """The modules that learn in this phase."""
        student, lessons = self.net
        if self.phase >= JOINT:
            return [student, lessons]
        lesson = lessons.maps[self.phase] if self.phase < len(lessons.maps) else lessons.vectors
        return [student.stages[self.phase], lesson]

    def begin(self, phase: int) -> None:
        self.phase, self.step = phase, 0
        if phase == ALL:
            self.blind = {name: tensor.clone() for name, tensor in self.net.state_dict().items()}
        if phase <= ALL:
            self.optimisers = Optimisers(self.taught())

    def rate(self) -> float:
        """The share of the peak rates: a short rise, then half a cosine down to nothing."""
        length = self.steps[self.phase]
        rise = min(1.0, (self.step + 1) / min(50, 1 + length // 10))
        fall = 0.5 * (1 + math.cos(math.pi * self.step / length))
        return (JOINT_SHARE if self.phase >= JOINT else 1.0) * rise * fall

    def learn(self, inputs: Tensor, pool: Lesson, scale: Scale, rows: Tensor) -> list[float]:
        """One step on some rows of the pool; `inputs` are what the stage sees, or pictures."""
        for module in self.taught():
            module.train()
        first = self.phase in (0, JOINT, ALL)
        x = to_student(inputs[rows]) if first else inputs[rows].contiguous(memory_format=torch.channels_last)
        student, lessons = self.net
        places = slice(0, 7)
        with torch.autocast("cpu", torch.bfloat16):
            if self.phase >= JOINT:
                answers = lessons(student(x))
            else:
                places = slice(self.phase, self.phase + 1) if self.phase < 4 else slice(4, 7)
                answers = lessons.of_stage(self.phase, student.stages[self.phase](x))
        losses = tap_losses(answers, standardised(pool.taps, scale, rows, places))
        self.optimisers.step(losses, self.rate())
        self.step += 1
        return [float(loss.detach()) for loss in losses]

    def state(self) -> dict[str, Any]:
        return {
            "phase": self.phase, "step": self.step, "net": self.net.state_dict(), "blind": self.blind,
            "adam": self.optimisers.adam.state_dict(), "muon": self.optimisers.muon.state_dict(),
        }  # fmt: skip

    def load(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.phase, self.step, self.blind = state["phase"], state["step"], state["blind"]
        if self.phase <= ALL:
            self.optimisers = Optimisers(self.taught())
            self.optimisers.adam.load_state_dict(state["adam"])
            self.optimisers.muon.load_state_dict(state["muon"])


def make_pool(
    judge: Judge, photographs: Sequence[Image.Image], others: Sequence[Image.Image], count: int, seed: int
) -> Lesson:
    """`count` pictures with the teacher's word on them."""
    parts = []
    for number in range(math.ceil(count / 50)):
        rng = np.random.default_rng((seed, number))
        parts.append(judge(image_augment.batch(photographs, others, min(50, count - 50 * number), rng)))
    taps = [torch.cat([part.taps[i] for part in parts]) for i in range(len(parts[0].taps))]
    return Lesson(torch.cat([part.pictures for part in parts]), taps)


def seen_before(student: Student, pictures: Tensor, phase: int) -> Tensor:
    """What the stage of this phase gets: the pictures, or the map of the finished stage before it, in bfloat16."""
    if phase in (0, JOINT, ALL):
        return pictures
    student.eval()
    parts = []
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for i in range(0, len(pictures), 32):
            x = to_student(pictures[i : i + 32])
            for stage in student.stages[:phase]:
                x = stage(x)
            parts.append(x.bfloat16())
    return torch.cat(parts).clone()


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
    count: int = POOL,
    blocks: Sequence[int] = BLOCKS,
) -> Distillation:
    """Train for about `steps` steps in all, going on from `checkpoint` if it is there.

    It is written `every` so many steps. Pictures that are `held_out` [N] are looked at in the last phase alone;
    `blind` holds the weights from before it. `count` pictures are made; `blocks` makes the student small for trials.
    """
    run = Distillation(steps, seed, blocks)
    if checkpoint is not None and checkpoint.is_file():
        run.load(torch.load(checkpoint, weights_only=True))
    known = [photograph for photograph, held in zip(photographs, held_out, strict=True) if not held]
    scale = scale_of(judge, image_augment.plain(known))
    pool: Lesson | None = None
    total = sum(run.steps)
    while run.phase <= ALL:
        if pool is None or (run.phase == ALL and run.step == 0):
            last = run.phase == ALL
            pool = make_pool(judge, photographs if last else known, others, count // 2 if last else count, seed + last)
        inputs = seen_before(run.net[0], pool.pictures, run.phase)
        recent: NDArray[np.float64] | None = None
        while run.step < run.steps[run.phase]:
            rng = np.random.default_rng((seed, run.phase, run.step))
            rows = torch.from_numpy(rng.integers(0, len(pool.pictures), BATCHES[run.phase]))
            losses = np.array(run.learn(inputs, pool, scale, rows))
            recent = losses if recent is None else recent + (losses - recent) * 0.02
            if checkpoint is not None and run.step % every == 0:
                _save(run, checkpoint)
            done = sum(run.steps[: run.phase]) + run.step
            note = " ".join(f"{1 - loss:.3f}" for loss in recent)
            progress(done, total, f"phase {run.phase + 1}: {note}")
        run.begin(run.phase + 1)
        if checkpoint is not None:
            _save(run, checkpoint)
    return run


def _save(run: Distillation, checkpoint: Path) -> None:
    partial = checkpoint.with_suffix(".part")
    torch.save(run.state(), partial)
    partial.replace(checkpoint)
