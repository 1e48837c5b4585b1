"""`livesing train image --teacher`: the image estimator that ships, from rated photographs and a teacher.

First the student's net learns to see what the teacher sees (image_distil.py), without ratings, from the
photographs and from any other pictures; a fifth of the themes is kept from it, so that its scores on them
tell what to expect of pictures from elsewhere. Then heads learn the ratings (image_heads.py). What is
written:

    image.onnx  the network as it is served       image.safetensors  the net's weights
    image.md    its model card                    report.json, predicted.png
    checkpoint.pt  the distillation so far: the same command goes on from it
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from livesing.sentiment.image import SIDE as SERVED_SIDE
from livesing.sentiment.image import Rating, by_colour
from livesing.sentiment.image_file import read_picture
from livesing.train import image_augment, image_heads
from livesing.train import image_report as report
from livesing.train.image_abstract import generated, painted
from livesing.train.image_augment import Sources
from livesing.train.image_card import Made, write
from livesing.train.image_data import read_rated, split_by_theme
from livesing.train.image_distil import distil, explained, judged
from livesing.train.image_heads import Features, GateSees
from livesing.train.image_names import read_class_feelings
from livesing.train.image_pictures import read_pictures
from livesing.train.image_served import Served, export_onnx
from livesing.train.image_student import Student
from livesing.train.image_teacher import LATE, SIDE, Teacher

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

BLIND_PARTS = 5
"""One of so many parts of the themes is kept from the net."""


class Outcome(NamedTuple):
    """The scores of a run by name, and predictions [N, 2] for every photograph, its theme left out."""

    scores: dict[str, report.Scores]
    predicted: NDArray[np.float64]


def train_student(
    oasis: Path,
    teacher_folder: Path,
    output: Path,
    *,
    pictures: Sequence[Path],
    steps: int,
    folds: int,
    seed: int,
    threads: int,
    fresh: bool,
) -> Outcome:
    """Distil, fit the heads, score, and write the files into `output`.

    `pictures` are folders of pictures without ratings. Raises UsageError for data or a teacher that do not
    fit, before anything is written.
    """
    torch.set_num_threads(threads)
    data = read_rated(oasis)
    split_by_theme(data.themes, folds, seed)  # refuses too few themes
    held_out = split_by_theme(data.themes, BLIND_PARTS, seed) == 0
    feelings = read_class_feelings(teacher_folder)
    teacher, keen = (Teacher(teacher_folder, threads, side) for side in (SIDE, SERVED_SIDE))
    photographs = [Image.fromarray(read_picture(path)) for path in data.files]
    known, unknown = (
        [picture for picture, held in zip(photographs, held_out, strict=True) if held == which]
        for which in (False, True)
    )
    more = read_pictures(pictures)
    frames = generated(seed)
    sources = Sources(known, more.whole, more.cut_outs, frames)
    output.mkdir(parents=True, exist_ok=True)
    checkpoint = output / "checkpoint.pt"
    if fresh:
        checkpoint.unlink(missing_ok=True)
    student = distil(teacher, sources, steps, seed, checkpoint, report.show_progress)
    # How much of the teacher's map LATE it sees: in photographs that it has learnt from, and in others.
    alike = [
        explained(student, judged(teacher, image_augment.plain(some)))[LATE]
        for some in (known[: len(unknown)], unknown)
    ]

    plain = image_augment.plain(photographs, SERVED_SIDE)
    seen = image_heads.student_sees(student, feelings, plain)
    scores = {}
    predictions = []
    for name, features in (("", seen), (", the teacher", image_heads.teacher_sees(keen, feelings, plain))):
        predicted = image_heads.cross_validated(features, data.standard, data.themes, folds)
        scores[f"all themes{name}"] = report.score(predicted, data.standard)
        scores[f"themes that the net has not seen either{name}"] = report.score(
            predicted[held_out], data.standard[held_out]
        )
        predictions.append(predicted)
    process = image_heads.fit_process(seen, data.standard)
    gates = _gates(student, feelings, photographs, seen, frames, seed)
    # as it is served: the gate, too, knows no picture of the theme
    abstract = gates.cross_validated(data.themes, folds)
    served = Rating(predictions[0].astype(np.float32), by_colour(plain), abstract).blend()
    scores["all themes, as served"] = report.score(served, data.standard)
    scores["themes that the net has not seen either, as served"] = report.score(
        served[held_out], data.standard[held_out]
    )
    gate = gates.gate(np.ones(len(photographs), np.bool_))
    export_onnx(Served(student, feelings, process, gate), output / "image.onnx")
    settings = {"steps": steps, "folds": folds, "seed": seed, "others": len(more.whole) + len(more.cut_outs)}
    write(output, Made(student, data, predictions[0], scores, settings, (alike[0], alike[1]), pictures))
    return Outcome(scores, predictions[0])


def _gates(
    student: Student, feelings: Floats, photographs: Sequence[Image.Image], whole: Features,
    frames: Sequence[Image.Image], seed: int,
) -> GateSees:  # fmt: skip
    """For the gate between photographs (whole and cropped) and abstract pictures (generated, painted and
    drawn), in any light; `whole` is what the student sees in the photographs."""
    rng = np.random.default_rng((seed, 2 << 20))
    crops = np.stack([image_augment.crop(picture, rng, SERVED_SIDE) for picture in photographs[::2]])
    paintings = painted(frames, rng)
    shown = [*frames[:: max(1, len(frames) // 250)], *paintings]
    drawn = np.stack([image_augment.drawn(rng, SERVED_SIDE) for _ in range(len(shown) // 4)])
    abstract = image_augment.plain(shown, SERVED_SIDE)
    parts = image_augment.recoloured(crops, rng)
    unreal = np.concatenate([abstract, image_augment.recoloured(np.concatenate([abstract, drawn]), rng)])
    seen = [image_heads.student_sees(student, feelings, some) for some in (parts, unreal)]
    return GateSees(whole, seen[0], np.arange(len(photographs))[::2], seen[1])
