"""`livesing feel`: what people would feel at pictures.

Pictures are rated one by one, and a row is printed as soon as it is known. What cannot be read is left out;
after the last row an error names it, so that the exit code tells.
"""

import csv
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

from livesing.sentiment.image import UNIT, ZERO, ImageEstimator
from livesing.sentiment.image_file import PictureError, read_picture

Form = Literal["table", "csv", "json"]
COLUMNS = ("path", "valence", "arousal")


class Felt(NamedTuple):
    """One picture's feeling in z-scores, or why there is none."""

    path: Path
    valence: float
    arousal: float
    fault: str = ""


def feelings(
    paths: Sequence[Path], rate: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
) -> Iterator[Felt]:
    """The feeling of every picture, in their order."""
    for path in paths:
        try:
            picture = read_picture(path)
        except PictureError as error:
            yield Felt(path, float("nan"), float("nan"), str(error))
            continue
        valence, arousal = rate(picture[None])[0]
        yield Felt(path, float(valence), float(arousal))


def feel(paths: Sequence[Path], form: Form, out: TextIO | None = None) -> None:
    """Print the feelings of pictures. Raises PictureError at the end if some could not be read."""
    out = out or sys.stdout
    felt = feelings(paths, ImageEstimator().rate)
    write = {"table": _table, "csv": _csv, "json": _json}[form]
    faults = write(felt, paths, out)
    if len(faults) == 1:
        raise PictureError(faults[0].fault)
    if faults:
        others = ", ".join(str(fault.path) for fault in faults[1:])
        raise PictureError(f"{faults[0].fault}; nor can {others}")


def _table(felt: Iterator[Felt], paths: Sequence[Path], out: TextIO) -> list[Felt]:
    width = max(len(str(path)) for path in (*paths, Path("path")))
    print(f"{'path':{width}}  valence  arousal", file=out)
    faults = []
    for row in felt:
        if row.fault:
            faults.append(row)
        else:
            print(f"{row.path!s:{width}}  {row.valence:+7.3f}  {row.arousal:+7.3f}", file=out, flush=True)
    return faults


def _csv(felt: Iterator[Felt], paths: Sequence[Path], out: TextIO) -> list[Felt]:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    faults = []
    for row in felt:
        if row.fault:
            faults.append(row)
        else:
            writer.writerow([row.path, f"{row.valence:.4f}", f"{row.arousal:.4f}"])
    return faults


def _json(felt: Iterator[Felt], paths: Sequence[Path], out: TextIO) -> list[Felt]:
    rows = list(felt)
    faults = [row for row in rows if row.fault]
    answer = {
        "unit": "z-scores over the mean ratings of OASIS photographs",
        "zero": dict(zip(COLUMNS[1:], ZERO, strict=True)),
        "one": dict(zip(COLUMNS[1:], UNIT, strict=True)),
        "images": [
            {"path": str(row.path), "valence": round(row.valence, 4), "arousal": round(row.arousal, 4)}
            for row in rows
            if not row.fault
        ],
        "unreadable": [{"path": str(row.path), "why": row.fault} for row in faults],
    }
    print(json.dumps(answer, indent=2), file=out)
    return faults
