"""Rated photographs in a folder: OASIS as it is published, or any table with the same columns.

The table is a CSV with `Valence_mean` and `Arousal_mean`, and names each picture by `file` or by `Theme`
("Dog 12": then the picture is `Dog 12.jpg` or the like), in the folder or in `images`. OASIS (Kurdi, Lozano &
Banaji 2017) is rated from 1 to 7.
"""

import csv
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from livesing.errors import UsageError

RATINGS = ("Valence_mean", "Arousal_mean")
TABLES = ("labels.csv", "OASIS.csv", "oasis.csv")
PLACES = ("", "images", "Images")
ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")
"""Also in capitals."""
FEWEST = 20


class RatedPictures(NamedTuple):
    """Files, their themes, and their mean ratings [N, 2] (valence, arousal) in the table's own units."""

    files: list[Path]
    themes: list[str]
    ratings: NDArray[np.float64]

    @property
    def centre(self) -> NDArray[np.float64]:
        """Mean rating, [2]: the zero of the standard units."""
        return self.ratings.mean(0)

    @property
    def deviation(self) -> NDArray[np.float64]:
        """Standard deviation of the ratings over the pictures, [2]: the unit of the standard units."""
        return self.ratings.std(0)

    @property
    def standard(self) -> NDArray[np.float64]:
        """The ratings as z-scores, [N, 2]."""
        return (self.ratings - self.centre) / self.deviation


def theme_of(name: str) -> str:
    """What a picture shows: "Sad face 12" -> "sad face". Pictures of a theme are alike, so they go
    together."""
    return re.sub(r"[\s_\-]*\d+$", "", name.strip()).lower()


def read_rated(folder: Path) -> RatedPictures:
    """The rated pictures below `folder`. Raises UsageError, naming the file and line, for what does not
    fit."""
    table = _table(folder)
    files, themes, ratings = [], [], []
    for line, row in _rows(table):
        place, named = f"{table}:{line}", (row.get("file") or "").strip()
        name = (row.get("Theme") or Path(named).stem).strip()
        files.append(_picture(folder, [named] if named else [name + ending for ending in ENDINGS], place))
        themes.append(theme_of(name))
        ratings.append([_number(row, column, place) for column in RATINGS])
    if len(files) < FEWEST:
        raise UsageError(f"{table} has {len(files)} pictures; {FEWEST} are the least that can be learnt from")
    array = np.array(ratings)
    if (array.std(0) == 0).any():
        raise UsageError(f"all pictures of {table} have the same rating: there is nothing to learn")
    return RatedPictures(files, themes, array)


def _rows(table: Path) -> list[tuple[int, dict[str, str]]]:
    """The table's rows by their lines."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]
            for needed in RATINGS:
                if needed not in columns:
                    raise UsageError(f"{table} has no column {needed}")
            if not {"file", "Theme"} & set(columns):
                raise UsageError(f"{table} has neither a column file nor a column Theme")
            return [(reader.line_num, row) for row in reader]
    except OSError as error:
        raise UsageError(f"cannot read {table}: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{table} is no table of ratings: {error}") from None


def _table(folder: Path) -> Path:
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}")
    for name in TABLES:
        if (folder / name).is_file():
            return folder / name
    others = sorted(folder.glob("*.csv"))
    if len(others) != 1:
        raise UsageError(f"{folder} has no {TABLES[0]} or {TABLES[1]} with the ratings")
    return others[0]


def _picture(folder: Path, names: Sequence[str], place: str) -> Path:
    """The first of the names that is there, nowhere but below the folder."""
    for below in PLACES:
        for name in names:
            stem, ending = os.path.splitext(name)
            for path in (folder / below / name, folder / below / f"{stem}{ending.upper()}"):
                if stem and path.is_file() and path.resolve().is_relative_to(folder.resolve()):
                    return path
    raise UsageError(f"{place}: there is no picture {names[0]!r} in {folder} or its images folder")


def _number(row: Mapping[str, str], column: str, place: str) -> float:
    try:
        value = float(row[column])
    except (TypeError, ValueError) as error:
        raise UsageError(f"{place}: {column} is {row[column]!r}, not a number") from error
    if not np.isfinite(value):
        raise UsageError(f"{place}: {column} is {row[column]!r}, not a number")
    return value


def split_by_theme(themes: Sequence[str], parts: int, seed: int) -> NDArray[np.int64]:
    """A part 0..parts-1 for every picture, the same for a whole theme; parts of about the same size.

    Raises UsageError where there are fewer themes than parts.
    """
    names = sorted(set(themes))
    if len(names) < parts:
        raise UsageError(
            f"{len(names)} themes cannot be split into {parts} parts: the scores would mean nothing"
        )
    counts = {name: themes.count(name) for name in names}
    shuffled = [names[i] for i in np.random.default_rng(seed).permutation(len(names))]
    sizes, part = [0] * parts, {}
    for name in shuffled:
        part[name] = int(np.argmin(sizes))
        sizes[part[name]] += counts[name]
    return np.array([part[name] for name in themes])
