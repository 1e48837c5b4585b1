"""`livesing train image --teacher`: the image estimator that ships, from rated photographs and a teacher.

First the student's net learns to see what the teacher sees (image_distil.py), without ratings; a fifth of
the themes is kept from it until its scores on them are known. Then heads learn the ratings (image_heads.py).
What is written:

    image.onnx  the network as it is served       image.safetensors  the net's weights
    image.md    its model card                    report.json, predicted.png
    checkpoint.pt  the distillation so far: the same command goes on from it
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from livesing.generation.embedded import Z_DIM, EmbeddedGenerator
from livesing.generation.worlds import CLASSES
from livesing.sentiment.image_file import read_picture
from livesing.train import image_augment, image_heads, image_weights
from livesing.train import image_report as report
from livesing.train.image_data import RatedPictures, read_rated, split_by_theme
from livesing.train.image_distil import Distillation, Judge, distil
from livesing.train.image_names import read_class_feelings
from livesing.train.image_served import LinearHead, Served, export_onnx
from livesing.train.image_student import Lessons, Student
from livesing.train.image_teacher import KEEN_SIDE, SIDE, Teacher

Bytes = NDArray[np.uint8]

FRAME_SIZE = (256, 144)
MORE = 3000
"""Pictures without ratings that the linear head learns from."""
BLIND_PARTS = 5
"""One of so many parts of the themes is kept from the net in the first phase."""


class Outcome(NamedTuple):
    """The scores of a run by name, and predictions [N, 2] for every photograph, its theme left out."""

    scores: dict[str, report.Scores]
    predicted: NDArray[np.float64]


def train_student(
    oasis: Path,
    teacher_folder: Path,
    output: Path,
    *,
    steps: int,
    folds: int,
    seed: int,
    threads: int,
    fresh: bool,
) -> Outcome:
    """Distil, fit the heads, score, and write the files into `output`.

    Raises UsageError for data or a teacher that do not fit, before anything is written.
    """
    torch.set_num_threads(threads)
    data = read_rated(oasis)
    split_by_theme(data.themes, folds, seed)  # refuses too few themes
    held_out = split_by_theme(data.themes, BLIND_PARTS, seed) == 0
    feelings = read_class_feelings(teacher_folder)
    teacher, keen = (Teacher(teacher_folder, threads, side) for side in (SIDE, KEEN_SIDE))
    photographs = [Image.fromarray(read_picture(path)) for path in data.files]
    frames = generated(seed)
    output.mkdir(parents=True, exist_ok=True)
    checkpoint = output / "checkpoint.pt"
    if fresh:
        checkpoint.unlink(missing_ok=True)
    run = distil(
        Judge(teacher, feelings), photographs, held_out, frames, steps, seed, checkpoint, report.show_progress
    )

    known = [picture for picture, held in zip(photographs, held_out, strict=True) if not held]
    questions = ask(keen, feelings, photographs, known, seed)
    blind = _blind_scores(run, questions, data.standard, held_out)
    evidence = questions.seen_by(run.mean)
    solver = image_heads.RidgeSolver(evidence.more_student, image_heads.RIDGE)
    predicted = image_heads.cross_validated(evidence, data.standard, data.themes, folds, solver)
    scores = {
        "themes without ratings, cross-validated": report.score(predicted["student"], data.standard),
        "themes that the net has not seen either": blind,
        "the same pictures, cross-validated": report.score(
            predicted["student"][held_out], data.standard[held_out]
        ),
        "the teacher itself, cross-validated": report.score(predicted["teacher"], data.standard),
    }
    heads = image_heads.fit_heads(evidence, data.standard, np.arange(len(photographs)), solver)
    gate = _gate(run.mean, photographs, image_augment.plain(frames), seed)
    served = Served(run.mean[0], run.mean[1], heads.process, heads.ridge, gate, image_heads.PROCESS_SHARE)
    export_onnx(served, output / "image.onnx")
    settings = {"steps": steps, "folds": folds, "seed": seed, "pictures": len(photographs)}
    _write(output, run, data, predicted["student"], scores, settings)
    return Outcome(scores, predicted["student"])


def generated(seed: int) -> list[Image.Image]:
    """A frame of every class of the embedded generator: abstract pictures for the net and the gate."""
    rng = np.random.RandomState(seed)
    generator = EmbeddedGenerator(*FRAME_SIZE)
    frames = []
    for number in range(CLASSES):
        z = rng.randn(1, Z_DIM).clip(-2, 2).astype(np.float32)
        classes = np.zeros((1, CLASSES), np.float32)
        classes[0, number] = 1
        frames.append(Image.fromarray(generator.render_rgba(z, classes, None)[:, :, :3].copy()))
    return frames


class Questions(NamedTuple):
    """Pictures for the heads, and the teacher's features of them: the photographs and more."""

    photographs: Bytes  # [N, SIDE, SIDE, 3]
    more: Bytes  # [MORE, SIDE, SIDE, 3]
    teacher: image_heads.Features
    more_teacher: image_heads.Features

    def seen_by(self, net: torch.nn.ModuleList) -> image_heads.Evidence:
        seen, more_seen = (image_heads.student_sees(net, some) for some in (self.photographs, self.more))
        return image_heads.Evidence(seen, self.teacher, more_seen, self.more_teacher)


def ask(
    teacher: Teacher, feelings: NDArray[np.float32], photographs: Sequence[Image.Image],
    sources: Sequence[Image.Image], seed: int,
) -> Questions:  # fmt: skip
    """Ask a teacher of KEEN_SIDE about the photographs and about more pictures, made of `sources`."""
    rng = np.random.default_rng((seed, 1 << 20))
    small: list[Bytes] = []
    answers: list[image_heads.Features] = []
    for _ in range(MORE // 100):
        more = image_augment.batch(sources, [], 100, rng, KEEN_SIDE)
        answers.append(image_heads.teacher_sees(teacher, feelings, more))
        small.append(_shrunk(more))
    large = image_augment.plain(photographs, KEEN_SIDE)
    return Questions(
        image_augment.plain(photographs),
        np.concatenate(small),
        image_heads.teacher_sees(teacher, feelings, large),
        [np.concatenate(group) for group in zip(*answers, strict=True)],
    )


def _shrunk(pictures: Bytes) -> Bytes:
    """Pictures of KEEN_SIDE as they are at SIDE, half of it."""
    half = pictures.reshape(len(pictures), SIDE, 2, SIDE, 2, 3).astype(np.uint16).sum((2, 4))
    return ((half + 2) // 4).astype(np.uint8)


def _blind_scores(
    run: Distillation, questions: Questions, ratings: NDArray[np.float64], held_out: NDArray[np.bool_]
) -> report.Scores:
    """Scores on the themes that the net of the first phase has never seen, by heads that have not either."""
    net = torch.nn.ModuleList([Student(), Lessons()])
    net.load_state_dict(run.blind)
    evidence = questions.seen_by(net)
    solver = image_heads.RidgeSolver(evidence.more_student, image_heads.RIDGE)
    heads = image_heads.fit_heads(evidence, ratings, np.flatnonzero(~held_out), solver)
    return report.score(heads.rate(image_heads.rows(evidence.student, held_out)), ratings[held_out])


def _gate(
    net: torch.nn.ModuleList, photographs: Sequence[Image.Image], frames: Bytes, seed: int
) -> LinearHead:
    """The gate between photographs (whole and cropped) and abstract pictures (generated and drawn), in any
    light."""
    rng = np.random.default_rng((seed, 2 << 20))
    plain = image_augment.plain(photographs)
    crops = np.stack([image_augment.crop(photographs[i % len(photographs)], rng) for i in range(len(frames))])
    drawn = np.stack([image_augment.drawn(rng) for _ in range(len(frames) // 2)])
    real = np.concatenate([plain, image_augment.recoloured(plain, rng), image_augment.recoloured(crops, rng)])
    abstract = np.concatenate(
        [frames, image_augment.recoloured(frames, rng), image_augment.recoloured(drawn, rng)]
    )
    return image_heads.fit_gate(image_heads.student_sees(net, real), image_heads.student_sees(net, abstract))


def _write(
    output: Path, run: Distillation, data: RatedPictures, predicted: NDArray[np.float64],
    scores: dict[str, report.Scores], settings: dict[str, int],
) -> None:  # fmt: skip
    zero, unit = (", ".join(f"{value:.2f}" for value in values) for values in (data.centre, data.deviation))
    image_weights.save(
        output / "image.safetensors", run.mean.state_dict(), {"net": "image_student.Student, Lessons"}
    )
    report.write_report(output / "report.json", scores, settings)
    report.plot(output / "predicted.png", predicted, data.standard, "the image estimator, themes left out")
    size = (output / "image.onnx").stat().st_size / 1e6
    parameters = sum(p.numel() for p in run.mean[0].parameters()) / 1e6
    flags = " ".join(f"--{name} {settings[name]}" for name in ("steps", "folds", "seed"))
    command = f"livesing train image --oasis DIR --teacher DIR {flags}"
    facts = [
        (
            "file",
            f"`image.onnx`, {size:.1f} MB: a convolutional net of {parameters:.1f} M weights, in 16 bits",
        ),
        ("input", f"`pictures` uint8 [N, {SIDE}, {SIDE}, 3], sRGB"),
        ("output", "`ratings` float32 [N, 2] (valence, arousal), `abstract` float32 [N] in 0..1"),
        ("units", f"z-scores: 0 is {zero} and 1 is {unit} on the ratings' scale (valence, arousal)"),
        ("data", f"{len(data.files)} rated photographs of {len(set(data.themes))} themes: {DATA}"),
        ("terms", "those of livesing, GPL-3.0-or-later; the photographs and the teacher are not in the file"),
        ("made by", f"`{command}` (one core: hours)"),
        ("date", date.today().isoformat()),
    ]
    report.write_card(output / "image.md", "the image estimator", facts, scores, HOW)


DATA = (
    "OASIS (Kurdi, Lozano & Banaji 2017), openly published for research; photographs mostly from Pixabay; "
    "and without ratings the frames of the embedded generator"
)
HOW = """
## How it was made

A convolutional net of our own learns to see what a MobileNetV2 sees that was trained on ImageNet
(Apache-2.0; int8 tflite, run at 128 x 128): four of its feature maps, its pooled features, its class
scores, and how the things feel that it names, by a table of our own judgement
(`livesing/train/image_names.py`). It sees crops, mixtures and recolourings of the photographs, frames
of the embedded generator and drawn pictures; no rating is used. Nothing of the teacher's file is in
the net.

Then two heads learn the ratings: a Gaussian process on the net's features, and a linear one that
learns on 3000 unrated pictures what such a process on the teacher's features says of them. Their mean
is the rating. A third head tells abstract pictures from photographs. Whoever serves the net blends its
ratings with terms of colour and form by it (`livesing/sentiment/image.py`).
"""
