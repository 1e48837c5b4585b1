"""Rated music on disk: DEAM's audio and its openSMILE rows.

DEAM (Aljanaki, Yang & Soleymani 2017): listeners moved valence and arousal continuously, and are behind the
music. A row of sound is therefore paired with the rating that comes LAG_S later; within-song movements
are close to noise all the same.
"""

from __future__ import annotations

import csv
import math
import re
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from livesing.errors import UsageError

LAG_S = (1.0, 1.5)
"""Seconds that ratings of valence, of arousal lag behind: best at .5 to 1 s, and at 1.5 to 2 s."""
ANNOTATIONS = Path("annotations", "annotations averaged per song", "dynamic (per second annotations)")


class RatedRows(NamedTuple):
    """x: [n, columns] rows of features; ratings: [n, 2] valence, arousal, -1..1, shifted by their lag;
    song: [n] numbers; columns: names."""

    x: NDArray[np.floating]
    ratings: NDArray[np.float64]
    song: NDArray[np.int64]
    columns: tuple[str, ...]


class RatedSong(NamedTuple):
    """A song and the ratings [n, 2] of the half seconds that end at times_s [n]; NaN where there is none."""

    song: int
    audio: Path
    times_s: NDArray[np.float64]
    ratings: NDArray[np.float64]


def without_lag(times_s: NDArray[np.floating], ratings: NDArray[np.floating]) -> NDArray[np.float64]:
    """Ratings [n, 2] of one song at rising times [n] -> what was rated LAG_S later; the last one stands for
    the rest."""
    columns = [np.interp(times_s + lag, times_s, ratings[:, axis]) for axis, lag in enumerate(LAG_S)]
    return np.stack(columns, axis=1)


def read_feature_rows(path: Path) -> RatedRows:
    """An archive of DEAM's openSMILE rows: X [n, columns] in z-scores, mean and std [columns], valence and
    arousal [n] in -1..1, song [n], t_ms [n], columns [columns]. UsageError for anything else."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UsageError(f"{str(path)!r} is no archive of feature rows: {error}") from None
    missing = {"X", "mean", "std", "valence", "arousal", "song", "t_ms", "columns"} - arrays.keys()
    if missing:
        raise UsageError(f"{str(path)!r} has no {', '.join(sorted(missing))}")
    count, width = np.shape(arrays["X"])[:2] if np.ndim(arrays["X"]) == 2 else (0, 0)
    per_row = all(np.shape(arrays[name]) == (count,) for name in ("valence", "arousal", "song", "t_ms"))
    per_column = all(np.shape(arrays[name]) == (width,) for name in ("mean", "std", "columns"))
    if not (count and width and per_row and per_column):
        raise UsageError(f"the arrays of {str(path)!r} do not fit together")
    order = np.lexsort((arrays["t_ms"], arrays["song"]))
    song = arrays["song"][order].astype(np.int64)
    raw = arrays["X"][order].astype(np.float64) * arrays["std"] + arrays["mean"]
    ratings = np.stack([arrays["valence"], arrays["arousal"]], axis=1)[order].astype(np.float64)
    if not (np.isfinite(raw).all() and np.isfinite(ratings).all()):
        raise UsageError(f"{str(path)!r} holds numbers that are not finite")
    for number in np.unique(song):
        rows = song == number
        ratings[rows] = without_lag(arrays["t_ms"][order][rows] / 1000.0, ratings[rows])
    return RatedRows(raw, ratings, song, tuple(str(name) for name in arrays["columns"]))


def read_deam(folder: Path) -> list[RatedSong]:
    """The songs of DEAM's layout: `MEMD_audio/<song_id>.mp3` and, under ANNOTATIONS, valence.csv and
    arousal.csv with song_id, sample_15000ms, sample_15500ms, ...; other columns say nothing. Songs without
    sound or without both ratings are left out, and their number is told; UsageError where none is left or a
    table cannot be read."""
    audio = folder / "MEMD_audio"
    if not audio.is_dir():
        raise UsageError(f"there is no folder MEMD_audio in {str(folder)!r}")
    valence, arousal = (
        _read_ratings(folder / ANNOTATIONS / f"{axis}.csv") for axis in ("valence", "arousal")
    )
    songs = []
    named = sorted(valence.keys() | arousal.keys())
    for song in named:
        file = audio / f"{song}.mp3"
        both = sorted(valence.get(song, {}).keys() & arousal.get(song, {}).keys())
        if not file.is_file() or not both:
            continue
        rated = np.array([(valence[song][ms], arousal[song][ms]) for ms in both])
        times_s = np.array(both) / 1000.0
        songs.append(RatedSong(song, file, times_s, without_lag(times_s, rated)))
    if not songs:
        raise UsageError(f"no song of {str(folder)!r} has both sound and ratings")
    if silent := len(named) - len(songs):
        print(f"left out: {silent} songs that lack sound or one of the ratings", file=sys.stderr)
    return songs


def _read_ratings(path: Path) -> dict[int, dict[int, float]]:
    """{song: {ms: rating}}; songs differ in length, and what lies behind a song's end is empty."""
    ratings: dict[int, dict[int, float]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, skipinitialspace=True)
            head = [name.strip() for name in next(reader, [])]
            if not head or head[0] != "song_id":
                raise UsageError(f"{str(path)!r} does not begin with the column song_id")
            times = [_milliseconds(name) for name in head[1:]]
            if not any(ms is not None for ms in times):
                raise UsageError(f"{str(path)!r} has no column like sample_15000ms")
            for row in reader:
                if row:
                    cells = zip(times, row[1:], strict=False)
                    told = {ms: _rating(text) for ms, text in cells if ms is not None}
                    ratings[int(row[0])] = {ms: each for ms, each in told.items() if math.isfinite(each)}
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}") from None
    except (ValueError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{str(path)!r} is no table of ratings: {error}") from None
    return ratings


def _rating(text: str) -> float:
    """Of a cell; NaN where it is empty."""
    return float(text) if text.strip() else math.nan


def _milliseconds(name: str) -> int | None:
    """When the sound ended that a column rates; None for a column of something else."""
    found = re.fullmatch(r"sample_(\d+)ms", name)
    return int(found[1]) if found else None
