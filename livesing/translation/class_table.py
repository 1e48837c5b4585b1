"""Tables of classes: what each class of a generator is called, and what it feels like.

A table is a text file that people edit: a class a line, four fields with tabs between them,

    number  name  valence  arousal

in any order of the classes. Valence and arousal are z-scores: 0 is middling, +-1 usual, +-2 strong. Empty
lines and lines that begin with # are comments; classes that are not named are not dreamt. Anything else
refuses the table.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from livesing.errors import TranslatorError
from livesing.translation.translator import CLASSES

ENDING = ".tsv"
LARGEST_FILE = 1 << 20
FURTHEST = 10.0
"""z-scores beyond +-FURTHEST are slips of the keyboard."""
LONGEST_NAME = 100


@dataclass(frozen=True)
class ClassTable:
    """N classes, in the order of their numbers."""

    numbers: np.ndarray
    """[N] int, 0 to 999, each once."""
    names: tuple[str, ...]
    """[N], none of them empty; two classes may share a name."""
    places: np.ndarray
    """[N, 2] float64: valence, arousal, z-scores."""


def shipped(generator: str) -> Path | None:
    """The table that comes with livesing for this generator, or None where its classes have no names."""
    name = "imagenet" if generator.startswith("biggan") else generator
    path = Path(__file__).with_name(f"{name}.tsv")
    return path if path.is_file() else None


def load(path: Path) -> ClassTable:
    """Read and check a table. Raises TranslatorError for one that is missing, or broken, with its line."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise TranslatorError(
                f"{path.name}:1: larger than {LARGEST_FILE >> 20} MiB, so no table of classes"
            )
        data = path.read_bytes()
    except OSError as error:
        raise TranslatorError(f"{path.name} cannot be read ({error.strerror})") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TranslatorError(f"{path.name}:{line}: is not UTF-8 text") from None
    return parse(text, path.name)


def parse(text: str, file: str) -> ClassTable:
    """Check the text of a table; `file` names it in messages. Raises TranslatorError."""
    rows: dict[int, tuple[str, float, float]] = {}
    lines: dict[int, int] = {}
    for at, line in enumerate(text.split("\n"), 1):
        content = line.rstrip("\r")
        if not content.strip() or content.lstrip().startswith("#"):
            continue
        try:
            number, row = _row(content)
            if number in rows:
                raise ValueError(f"class {number} stands in line {lines[number]} already")
        except ValueError as error:
            raise TranslatorError(f"{file}:{at}: {error}") from None
        rows[number], lines[number] = row, at
    if not rows:
        raise TranslatorError(f"{file}:1: names no class")
    numbers = sorted(rows)
    places = np.array([rows[number][1:] for number in numbers], np.float64)
    return ClassTable(np.array(numbers), tuple(rows[number][0] for number in numbers), places)


def _row(content: str) -> tuple[int, tuple[str, float, float]]:
    """One line -> (number, (name, valence, arousal)). Raises ValueError that says what is wrong."""
    fields = [part.strip() for part in content.split("\t")]
    if len(fields) != 4:
        raise ValueError(f"a row has 4 fields with tabs between them, not {len(fields)}")
    number, name, *place = fields
    if not (number.isascii() and number.isdigit() and len(number) <= 4 and int(number) < CLASSES):
        raise ValueError(f"a class is a whole number from 0 to {CLASSES - 1}, not {number[:20]!r}")
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise ValueError(f"a name is a line of 1 to {LONGEST_NAME} letters")
    return int(number), (name, _score("valence", place[0]), _score("arousal", place[1]))


def _score(axis: str, text: str) -> float:
    try:
        value = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not abs(value) <= FURTHEST:  # catches what is no number, too
        raise ValueError(f"{axis} is a number from {-FURTHEST:g} to {FURTHEST:g}, not {text[:20]!r}")
    return value
