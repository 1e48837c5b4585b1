"""What was picked for which music: a plain CSV that is only ever added to.

A row is written and synced before the next passage plays, and no row is ever changed or taken out: taking a
pick back adds a row that says so. Pictures are not kept, but the class and the seed of z that make them anew.

    action,file,start_s,seconds,classes,z_seed,generator
    pick,demo,24.000,6.000,417,120345,embedded
    skip,/music/a.flac,6.000,6.000,,,embedded
    undo,,,,,,embedded

`file` is `demo`, or a path, from the CSV's folder on where it is not absolute; `classes` are one number or
several with blanks between, blended in equal parts. `undo` takes back the last pick or skip that stands.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from livesing.errors import LivesingError, UsageError
from livesing.translation.translator import CLASSES, LATENT, Translation

FILE = "labels.csv"
COLUMNS = ("action", "file", "start_s", "seconds", "classes", "z_seed", "generator")
ACTIONS = ("pick", "skip", "undo")
LARGEST_SEED = 2**32 - 1
LONGEST_S = 86_400.0


class Passage(NamedTuple):
    """Seconds of a sound file, or of the demo piece where the file is `demo`."""

    file: str
    start_s: float
    seconds: float


class Picture(NamedTuple):
    """What makes a picture: classes in equal parts, and the seed of its z."""

    classes: tuple[int, ...]
    z_seed: int

    def mixture(self) -> NDArray[np.float32]:
        """[1000], sums to 1."""
        shares = np.zeros(CLASSES, np.float32)
        shares[list(self.classes)] = 1 / len(self.classes)
        return shares

    def z(self) -> NDArray[np.float32]:
        """[128], a normal."""
        return np.random.default_rng(self.z_seed).normal(size=LATENT).astype(np.float32)

    def wish(self) -> Translation:
        """What a generator is asked for."""
        return Translation(self.mixture(), self.z())


class Label(NamedTuple):
    """A row: a picture for a passage, or none where it was skipped."""

    passage: Passage
    picture: Picture | None
    generator: str


class Labels:
    """The labels of a folder: those that stand, in the order in which they were given."""

    def __init__(self, folder: Path) -> None:
        """Reads what is there. Raises UsageError, with the line, for a CSV that is not what this writes."""
        self.path = folder / FILE
        self.standing: list[Label] = []
        if self.path.exists():
            for label in read_rows(self.path):
                self._count(label)

    @property
    def picks(self) -> list[Label]:
        """Those with a picture."""
        return [label for label in self.standing if label.picture is not None]

    def add(self, label: Label) -> None:
        """Write and keep a pick or a skip. Raises LivesingError where it cannot be written."""
        passage, picture = label.passage, label.picture
        words = [passage.file, f"{passage.start_s:.3f}", f"{passage.seconds:.3f}"]
        words += ["", ""] if picture is None else [" ".join(map(str, picture.classes)), str(picture.z_seed)]
        self._append(["skip" if picture is None else "pick", *words, label.generator])
        self._count(label)

    def undo(self) -> Label | None:
        """Take the last one back -> it, or None where there is none. Raises LivesingError."""
        if not self.standing:
            return None
        self._append(["undo", "", "", "", "", "", self.standing[-1].generator])
        return self.standing.pop()

    def _count(self, label: Label | None) -> None:
        if label is not None:
            self.standing.append(label)
        elif self.standing:
            self.standing.pop()

    def _append(self, row: list[str]) -> None:
        """One write at the end, so that what stands there is never touched, and synced: a power cut takes
        nothing that was picked before."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+b") as file:
                size = file.seek(0, os.SEEK_END)
                text = io.StringIO()
                writer = csv.writer(text, lineterminator="\n")
                if size == 0:
                    writer.writerow(COLUMNS)
                else:
                    file.seek(size - 1)
                    if file.read(1) != b"\n":  # an editor left the last line open
                        text.write("\n")
                writer.writerow(row)
                file.write(text.getvalue().encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise LivesingError(f"{self.path} cannot be written: {error.strerror or error}") from None


def read_rows(path: Path) -> Iterable[Label | None]:
    """The rows of a CSV in order; None for an undo. Raises UsageError naming file and line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}:1: is not UTF-8 text") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Label | None] = []
    line = 1
    try:
        if tuple(next(reader, [])) != COLUMNS:
            raise ValueError(f"the first line must be {','.join(COLUMNS)}")
        for row in reader:
            line = reader.line_num
            if row:
                rows.append(_row(row))
    except (ValueError, csv.Error) as error:
        raise UsageError(f"{path}:{max(line, reader.line_num)}: {error}") from None
    return rows


def _row(row: list[str]) -> Label | None:
    """Raises ValueError saying what is wrong."""
    if len(row) != len(COLUMNS):
        raise ValueError(f"has {len(row)} fields and not {len(COLUMNS)}")
    action, file, start, seconds, classes, seed, generator = row
    if action not in ACTIONS:
        raise ValueError(f"{action!r} is none of {', '.join(ACTIONS)}")
    if action == "undo":
        return None
    if not file or "\0" in file:
        raise ValueError("names no sound file")
    if not generator:
        raise ValueError("names no generator")
    passage = Passage(file, _number("start_s", start, 0.0), _number("seconds", seconds, 0.1))
    if action == "skip":
        return Label(passage, None, generator)
    numbers = tuple(_whole("class", word, CLASSES - 1) for word in classes.split())
    if not numbers:
        raise ValueError("a pick needs a class")
    return Label(passage, Picture(numbers, _whole("z_seed", seed, LARGEST_SEED)), generator)


def _number(name: str, word: str, least: float) -> float:
    try:
        value = float(word)
    except ValueError:
        value = float("nan")
    if not least <= value <= LONGEST_S:
        raise ValueError(f"{name} is no number of seconds: {word!r}")
    return value


def _whole(name: str, word: str, most: int) -> int:
    if not (word.isascii() and word.isdigit() and len(word) <= 10 and int(word) <= most):
        raise ValueError(f"{name} is no whole number from 0 to {most}: {word!r}")
    return int(word)
