"""`livesing train personal DIR -o FILE`: a translator of one's own from the pairs that `livesing label`
saved."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from livesing.audio.embedding import SIZE, VERSION
from livesing.closed_loop import ClosedLoop
from livesing.errors import SourceError, UsageError
from livesing.generation.embedded import class_moods
from livesing.generation.engine import Source
from livesing.generation.engine_open import ServedGenerator
from livesing.sentiment.image import ImageEstimator
from livesing.train.image_report import show_progress
from livesing.train.labels import FILE, Label, Labels, Passage
from livesing.train.latent_space import class_space, style_space
from livesing.train.passages import file_of, hear, share_sound
from livesing.train.personal_fit import Doubles, Pairs, likeness_of
from livesing.train.personal_forms import ClassForm, Form, StyleForm, picked_classes, place_form
from livesing.train.personal_score import (
    CLEAR,
    FOLDS,
    MoodScore,
    Validation,
    cross_validate,
    fitted,
    mood_score,
)
from livesing.whole_file import whole_file

FEWEST = 12
"""Pairs; of fewer nothing can be learnt, nor told how well it was."""
STRETCH_S = 24.0
"""Of a file: what is guessed together in cross-validation, where there are too few files to guess whole
ones."""
L1, LIKELIHOOD = "l1", "likelihood"
LOSSES = (LIKELIHOOD, L1)


class Report(NamedTuple):
    """What is said of a translator."""

    validation: Validation
    mood: MoodScore | None
    """None where the generator cannot draw here."""


def pairs_of(labels: list[Label], folder: Path) -> tuple[Pairs, list[Label]]:
    """The pairs of those labels whose sound can be heard (the others are named), and these labels.

    Raises UsageError where fewer than FEWEST are left.
    """
    rows, kept = [], []
    for number, label in enumerate(labels, 1):
        try:
            *_, heard = hear(label.passage, file_of(label.passage.file, folder))
        except SourceError as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        assert heard is not None
        rows.append(heard)
        kept.append(label)
        show_progress(number, len(labels), "passages heard")
    _check_enough(len(kept), folder)
    return gather(kept, np.array(rows)), kept


def _check_enough(count: int, folder: Path) -> None:
    if count < FEWEST:
        raise UsageError(
            f"{count} pairs in {folder / FILE} are too few: {FEWEST} are the least, 100 are good"
        )


def gather(labels: list[Label], heard: NDArray[np.floating]) -> Pairs:
    """labels [n], each with a picture; heard [n, rows, E]."""
    pictures = [label.picture for label in labels if label.picture is not None]
    shares = np.array([picture.mixture() for picture in pictures], np.float64)
    z = np.array([picture.z() for picture in pictures], np.float64)
    count, rows, _ = heard.shape
    passages = [label.passage for label in labels]
    near = np.array([[share_sound(one, other) for other in passages] for one in passages])
    return Pairs(
        heard.reshape(count * rows, SIZE).astype(np.float64),
        np.repeat(shares, rows, axis=0),
        np.repeat(z, rows, axis=0),
        np.repeat(np.arange(count), rows),
        near,
        blocks_of(passages),
    )


def blocks_of(passages: list[Passage]) -> NDArray[np.int64]:
    """[n] what is guessed together: whole files where there are enough, else stretches of them."""
    files = sorted({passage.file for passage in passages})
    if len(files) >= 2 * FOLDS:
        return np.array([files.index(passage.file) for passage in passages], np.int64)
    ends = {passage.file: passage.start_s + passage.seconds for passage in sorted(passages)}
    stretch = min(max(sum(ends.values()) / (2 * FOLDS), passages[0].seconds), STRETCH_S)
    marks = [f"{passage.file} {int(passage.start_s / stretch)}" for passage in passages]
    return np.unique(marks, return_inverse=True)[1].astype(np.int64)


def form_of(source: Source, loss: str, pairs: Pairs) -> Form:
    """What is fitted for a generator; of a StyleGAN2 its w by L1, whatever the loss. Raises WeightsError."""
    if source.generator == "stylegan2":
        return StyleForm(style_space(source))
    places = place_form(pairs, class_space(source))
    return places if loss == L1 else class_form(source.generator, pairs, places.vectors)


def class_form(generator: str, pairs: Pairs, vectors: Doubles) -> ClassForm:
    """vectors [K, C] of the classes that were picked."""
    classes = picked_classes(pairs)
    moods = class_moods()[classes].astype(np.float64) if generator == "embedded" else None
    return ClassForm(classes, vectors, likeness_of(moods, len(classes)))


def labels_of(folder: Path) -> tuple[list[Label], str]:
    """The picks of a folder, and the generator that they are about. Raises UsageError for a folder without,
    with too few or of several generators."""
    if not (folder / FILE).is_file():
        raise UsageError(
            f"there are no labels in {str(folder)!r}: make some with 'livesing label -o {folder}'"
        )
    labels = Labels(folder).picks
    _check_enough(len(labels), folder)
    generators = sorted({label.generator for label in labels})
    if len(generators) > 1:
        raise UsageError(
            f"{folder / FILE} mixes generators ({', '.join(generators)}): label each in its own folder"
        )
    return labels, generators[0]


def train_personal(
    folder: Path,
    output: Path,
    source: Source,
    draws: Callable[[], ServedGenerator | None],
    *,
    loss: str = LIKELIHOOD,
    seed: int = 0,
) -> Report:
    """Writes `output` and its model card beside it, prints the errors.

    source: the generator of the labels, with its weights; draws: opens it, None where nothing here can run
    it, and then moods are not told. Raises LivesingError.
    """
    labels, generator = labels_of(folder)
    pairs, labels = pairs_of(labels, folder)
    form = form_of(source, loss, pairs)
    began = time.process_time()
    validation = cross_validate(pairs, form, seed)
    translator = fitted(pairs, form, generator, seed)
    spent = time.process_time() - began
    mood = None
    if validation.expected and (served := draws()) is not None:
        wishes = [label.picture.wish() for label in labels if label.picture is not None]
        mood = mood_score(ClosedLoop(served, ImageEstimator()), wishes, validation.expected, show_progress)
    report = Report(validation, mood)
    translator.save(output, {"pairs": str(len(labels)), "seed": str(seed)})
    lines = lines_of(report)
    command = f"livesing train personal DIR -o {output.name} --loss {loss} --seed {seed}"
    _write_card(output, len(labels), generator, translator.head.form, command, lines)
    classes = len(picked_classes(pairs))
    print(f"{len(labels)} pairs, {classes} classes of {generator}; fitted in {spent:.1f} s")
    print("\n".join(lines))
    return report


def lines_of(report: Report) -> list[str]:
    """What the figures are, and what they mean, a line each."""
    validation, mood = report
    if not validation.scores:
        return ["how well it guesses cannot be told: the passages overlap too much to keep some out"]
    scores = validation.scores + ((mood.distance,) if mood else ())
    lines = ["on pairs it was not fitted to (L1; in brackets: always the mean):"]
    for score in scores:
        ratio = score.error / max(score.usual, 1e-9)
        line = f"  {score.name:<13} {score.error:.3f}  ({score.usual:.3f})  {ratio:.2f} x"
        if score.name == "mood" and mood:
            line += f"; r {mood.r_valence:+.2f} valence, {mood.r_arousal:+.2f} arousal"
        lines.append(line)
    if validation.first:
        right, usual = validation.first
        lines.append(f"  the likeliest class is the one picked {right:.0%} of the time ({usual:.0%})")
    learnt = [score.name for score in scores if score.clear > CLEAR]
    verdict = f"it guesses {' and '.join(learnt)} better than the mean does"
    if not learnt:
        verdict = (
            "it guesses no better than the mean: more pairs, or picks that follow the music more, may help"
        )
    return [*lines, verdict]


def _write_card(output: Path, pairs: int, generator: str, form: str, command: str, lines: list[str]) -> None:
    scores = "\n".join(f"    {line}" for line in lines)
    text = f"""# Model card: a personal translator

| | |
| --- | --- |
| file | `{output.name}` |
| kind | 2 sigma tanh(W e + b) + mu (TräumerAI), form `{form}`: embedding of the last 3 s -> what is dreamt |
| generator | {generator} |
| embedding | version {VERSION} |
| data | {pairs} pairs of music and picture, picked by one person with `livesing label` |
| made by | `{command}` |
| date | {date.today().isoformat()} |

## Scores

In {FOLDS} parts, split by song or stretch of one. Class shares are summed over the classes (0 to 2); vectors
and w are in the generator's standard deviations, a coordinate; moods are what the image estimator feels of
the pictures, in the standard deviations of those picked.

{scores}
"""
    with whole_file(output.with_suffix(".md")) as partial:
        partial.write_text(text, encoding="utf-8")
