"""Single steps of songs, which the beat network learns from, on disk.

`python -m livesing.train.beat_examples FOLDER [--songs N]` draws songs (beat_sketch.py), changes each at
random and keeps some of its steps; those of the songs that beat_corpus put into FOLDER as well. Steps of one
song are much alike, so few are taken of each of many songs. It goes on where it stopped.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from livesing.audio.framing import Floats
from livesing.train.beat_corpus import SECONDS, Heard
from livesing.train.beat_genres import GENRES, SEQUENCES, Genre
from livesing.train.beat_lessons import lessons, songs_in
from livesing.train.beat_sketch import bank_in, sketched
from livesing.train.beat_timbres import Bank
from livesing.train.corpus.render import SOUNDFONT
from livesing.train.missing import make_missing, part
from livesing.whole_file import whole_file

STEPS = 1000
TAKEN = 48
"""Steps of a song that are learnt from."""
AT_ONCE = 240
"""Songs of a file."""
SIDE_BY_SIDE = 48
"""Songs whose inputs are worked out together."""
SOUNDED_TIMES = 6
"""Songs that were sounded and not sketched count so often, changed each time anew."""


class Examples(NamedTuple):
    """Single steps. inputs [n, INPUTS], tempo [n, tempos] float16; beat, downbeat [n] float32."""

    inputs: NDArray[np.float16]
    beat: Floats
    downbeat: Floats
    tempo: NDArray[np.float16]


def examples(
    songs: list[Heard], r: np.random.Generator, *, steps: int = STEPS, taken: int = TAKEN
) -> Examples:
    """`taken` steps of each song, changed at random."""
    parts: list[tuple[NDArray[np.floating], ...]] = []
    for first in range(0, len(songs), SIDE_BY_SIDE):
        lesson = lessons(songs[first : first + SIDE_BY_SIDE], steps, r)
        for number in range(len(lesson.beat)):
            known = np.flatnonzero(lesson.weight[number])
            at = r.choice(known, min(taken, known.size), replace=False) if known.size else known
            parts.append((
                lesson.inputs[number, at].astype(np.float16),
                lesson.beat[number, at],
                lesson.downbeat[number, at],
                lesson.tempo[number, at].astype(np.float16),
            ))  # fmt: skip
    return Examples(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def drawn_songs(seed: int, number: int, bank: Bank, genres: Mapping[str, Genre] = GENRES) -> list[Heard]:
    """File `number` of AT_ONCE songs; the same every time. Another seed, other songs."""
    first = number * AT_ONCE
    drawing = (np.random.default_rng([seed, k]) for k in range(first, first + AT_ONCE))
    return [sketched(r, bank, SECONDS, genres) for r in drawing]


def save(made: Examples, path: Path) -> None:
    """A file is whole or not there."""
    with whole_file(path) as partial, partial.open("wb") as file:
        np.savez(file, **made._asdict())


def load(paths: Iterable[Path]) -> Examples:
    """All of several files. ValueError where there is none."""
    parts = []
    for path in paths:
        with np.load(path, allow_pickle=False) as file:
            parts.append([file[name] for name in Examples._fields])
    return Examples(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m livesing.train.beat_examples",
        description="Draws songs and keeps the steps of them that the beat network learns from.",
    )
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="that of livesing.train.beat_corpus")
    parser.add_argument("--songs", metavar="N", type=int, default=40_000, help="sketched ones")
    parser.add_argument("--sequences", metavar="N", type=int, default=2_880, help="sketched, and no drums")
    parser.add_argument(
        "--part", metavar="K/N", type=part, default="1/1", help="one of N processes that share the work"
    )
    parser.add_argument("--soundfont", metavar="FILE", type=Path, default=SOUNDFONT)
    options = parser.parse_args()
    bank = cache(partial(bank_in, options.folder, options.soundfont))

    def make_sketched(number: int, seed: int, genres: Mapping[str, Genre]) -> Examples:
        return examples(drawn_songs(seed, number, bank(), genres), np.random.default_rng([seed + 1, number]))

    kinds = {"sketched": (options.songs, 3, GENRES), "without-drums": (options.sequences, 15, SEQUENCES)}
    files: dict[str, Callable[[], Examples]] = {
        f"{kind}-{number:05d}.npz": partial(make_sketched, number, seed, genres)
        for kind, (songs, seed, genres) in kinds.items()
        for number in range(-(-songs // AT_ONCE))
    }
    if sounded := songs_in(options.folder):
        for time in range(SOUNDED_TIMES):
            files[f"sounded-{time}.npz"] = partial(examples, sounded, np.random.default_rng([5, time]))
    names = list(files)

    def path_of(number: int) -> Path:
        return Path(options.folder / "steps" / names[number])

    return make_missing(
        range(len(names))[options.part], path_of, lambda k: save(files[names[k]](), path_of(k))
    )


if __name__ == "__main__":
    sys.exit(main())
