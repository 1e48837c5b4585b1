"""`livesing train personal DIR -o FILE`: a translator of one's own from the pairs that `livesing label`
saved."""

from __future__ import annotations

import sys
import time
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livesing.audio.embedding import SIZE, VERSION
from livesing.errors import SourceError, UsageError
from livesing.generation.embedded import class_moods
from livesing.train.image_report import show_progress
from livesing.train.labels import FILE, Label, Labels, Passage
from livesing.train.passages import file_of, hear, share_sound
from livesing.train.personal_fit import (
    FEWEST,
    FOLDS,
    Errors,
    Pairs,
    cross_validate,
    likeness_of,
    translator_of,
)
from livesing.whole_file import whole_file

STRETCH_S = 24.0
"""Of a file: what is guessed together in cross-validation, where there are too few files to guess whole
ones."""
CLEAR = 2.0
"""Standard errors by which it must be better than the mean to say so: else it may be luck."""


def pairs_of(labels: list[Label], folder: Path) -> tuple[Pairs, NDArray[np.int64]]:
    """The pairs of those labels whose sound can be heard (the others are named), and the classes they show.

    Raises UsageError for labels of several generators, and where fewer than FEWEST are left.
    """
    generators = sorted({label.generator for label in labels})
    if len(generators) > 1:
        raise UsageError(
            f"{folder / FILE} mixes generators ({', '.join(generators)}): label each in its own folder"
        )
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
    if len(kept) < FEWEST:
        raise UsageError(
            f"{len(kept)} pairs in {folder / FILE} are too few: {FEWEST} are the least, 100 are good"
        )
    moods = class_moods() if generators == ["embedded"] else None
    return gather(kept, np.array(rows), moods)


def gather(
    labels: list[Label], heard: NDArray[np.floating], moods: NDArray[np.floating] | None = None
) -> tuple[Pairs, NDArray[np.int64]]:
    """labels [n], each with a picture; heard [n, rows, E]; moods [1000, 2]: where the generator's classes lie
    -> the pairs, and the classes that they show [K]."""
    pictures = [label.picture for label in labels if label.picture is not None]
    shown = np.array([picture.mixture() for picture in pictures], np.float64)
    classes = np.flatnonzero(shown.any(axis=0))
    z = np.array([picture.z() for picture in pictures], np.float64)
    count, rows, _ = heard.shape
    passages = [label.passage for label in labels]
    near = np.array([[share_sound(one, other) for other in passages] for one in passages])
    pairs = Pairs(
        heard.reshape(count * rows, SIZE).astype(np.float64),
        np.repeat(z, rows, axis=0),
        np.repeat(shown[:, classes], rows, axis=0),
        np.repeat(np.arange(count), rows),
        near,
        blocks_of(passages),
        likeness_of(None if moods is None else moods[classes].astype(np.float64), len(classes)),
    )
    return pairs, classes.astype(np.int64)


def blocks_of(passages: list[Passage]) -> NDArray[np.int64]:
    """[n] what is guessed together: whole files where there are enough, else stretches of them."""
    files = sorted({passage.file for passage in passages})
    if len(files) >= 2 * FOLDS:
        return np.array([files.index(passage.file) for passage in passages], np.int64)
    ends = {passage.file: passage.start_s + passage.seconds for passage in sorted(passages)}
    stretch = min(max(sum(ends.values()) / (2 * FOLDS), passages[0].seconds), STRETCH_S)
    marks = [f"{passage.file} {int(passage.start_s / stretch)}" for passage in passages]
    return np.unique(marks, return_inverse=True)[1].astype(np.int64)


def train_personal(folder: Path, output: Path, *, seed: int = 0) -> Errors:
    """Writes `output` and its model card beside it, prints the errors. Raises LivesingError."""
    if not (folder / FILE).is_file():
        raise UsageError(
            f"there are no labels in {str(folder)!r}: make some with 'livesing label -o {folder}'"
        )
    labels = Labels(folder).picks
    if len(labels) < FEWEST:
        raise UsageError(
            f"{len(labels)} pairs in {folder / FILE} are too few: {FEWEST} are the least, 100 are good"
        )
    pairs, classes = pairs_of(labels, folder)
    began = time.process_time()
    errors = cross_validate(pairs, seed)
    translator = translator_of(pairs, classes, labels[0].generator, seed)
    spent = time.process_time() - began
    count = len(pairs.near)
    translator.save(output, {"pairs": str(count), "seed": str(seed)})
    _write_card(output, count, len(classes), labels[0].generator, errors, seed)
    print(f"{count} pairs, {len(classes)} classes of {labels[0].generator}; fitted in {spent:.1f} s")
    print("\n".join(lines_of(errors)))
    return errors


def lines_of(errors: Errors) -> list[str]:
    """What the figures are, and what they mean, a line each."""
    if not np.isfinite(errors).all():
        return ["how well it guesses cannot be told: the passages overlap too much to keep some out"]
    z, classes = errors.z / errors.z_mean, errors.classes / max(errors.classes_mean, 1e-9)
    clear = (("classes", errors.classes_clear), ("z", errors.z_clear))
    learnt = [name for name, gain in clear if gain > CLEAR]
    verdict = (
        f"it guesses {' and '.join(learnt)} better than the mean does"
        if learnt
        else "it guesses no better than the mean: more pairs, or picks that follow the music more, would help"
    )
    return [
        "on pairs it was not fitted to (L1; in brackets: always the mean):",
        f"  classes  {errors.classes:.3f}  ({errors.classes_mean:.3f})  {classes:.2f} x;  "
        f"the likeliest is right {errors.first:.0%} of the time ({errors.first_mean:.0%})",
        f"  z        {errors.z:.3f}  ({errors.z_mean:.3f})  {z:.2f} x",
        verdict,
    ]


def _write_card(output: Path, pairs: int, classes: int, generator: str, errors: Errors, seed: int) -> None:
    text = f"""# Model card: a personal translator

| | | | --- | --- | | file | `{output.name}` | | kind | w = 2 sigma tanh(W e + b) + mu (TräumerAI): embedding
of the last 3 s -> z [128], logits of {classes} classes | | generator | {generator} | | embedding | version
{VERSION} | | data | {pairs} pairs of music and picture, picked by one person with `livesing label` | | made
by | `livesing train personal DIR -o {output.name} --seed {seed}` | | date | {date.today().isoformat()} |

## Scores

L1 errors on pairs that it was not fitted to ({FOLDS} parts, split by song or stretch of one), beside those of
always expecting the mean.

| of | error | the mean's |
| --- | --- | --- |
| class shares, summed (0 to 2) | {errors.classes:.3f} | {errors.classes_mean:.3f} |
| a coordinate of z | {errors.z:.3f} | {errors.z_mean:.3f} |
| the likeliest class is the one picked | {errors.first:.2f} | {errors.first_mean:.2f} |
"""
    with whole_file(output.with_suffix(".md")) as partial:
        partial.write_text(text, encoding="utf-8")
