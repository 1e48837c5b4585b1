"""The passages that are labelled: which there are in some sound files, and what they sound like to the
embedding.

A passage is 6 s of a file, heard with the 6 s before it, as the show would have heard it by then.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from livesing.audio.embedding import Embedding, EmbeddingPath
from livesing.audio.named_sound import DEMO, demo_piece, is_demo
from livesing.audio.slow import SlowPath
from livesing.audio.sound_file import SoundFile
from livesing.errors import SourceError, UsageError
from livesing.train.labels import Passage

PASSAGE_S = 6.0
LEAD_S = 6.0
ENOUGH, MOST = 150, 300
"""Passages: where the music is short they overlap until there are enough; where it is long they are
spread."""
CLOSEST_S = 1.5
"""Between the beginnings of two."""
ROWS = 3
"""Embeddings kept of a passage: means over its thirds, of 2 s each."""
SETTLE_S = 1.0
"""Of a passage that still sounds like what was before it: left out of the first row."""
PIECE_S = 0.5
"""Heard at once, so that a window can be drawn meanwhile."""
ENDINGS = {".wav", ".flac", ".mp3", ".ogg", ".opus", ".aif", ".aiff", ".m4a", ".caf", ".au", ".w64"}


class Passages(NamedTuple):
    """All that can be asked about, in an order in which the first few already tell the music's range."""

    passages: tuple[Passage, ...]
    left_out: tuple[str, ...]
    """What could not be read, a line each."""


def file_of(name: str, folder: Path) -> Path:
    """Where the sound of a label lies. The demo piece is rendered if it was not yet."""
    return demo_piece() if name == DEMO else folder / name


def name_of(path: Path, folder: Path) -> str:
    """As labels name it: from `folder` on where it lies within, else in full."""
    if is_demo(path):
        return DEMO
    whole = path.resolve()
    inside = whole.is_relative_to(folder.resolve())
    return (whole.relative_to(folder.resolve()) if inside else whole).as_posix()


def sound_files(named: Sequence[Path]) -> list[Path]:
    """The files named, and those with a sound file's ending in the folders named, whatever their depth.

    `demo` stands for the demo piece. Raises UsageError for what is not there, and where there is no sound
    file at all.
    """
    found: list[Path] = []
    for path in named:
        if path.is_dir():
            inside = (file for file in path.rglob("*") if file.suffix.lower() in ENDINGS and file.is_file())
            found += sorted(inside)
        elif path.is_file() or is_demo(path):
            found.append(path)
        else:
            raise UsageError(f"there is no file or folder {str(path)!r}")
    if not found:
        raise UsageError(f"there is no sound file in {', '.join(str(path) for path in named)}")
    return list(dict.fromkeys(found))


def passages_of(named: Sequence[Path], folder: Path, seed: int) -> Passages:
    """Of files and folders; of the demo piece where none is named. Raises UsageError where there is none."""
    sources = [(name_of(path, folder), path) for path in sound_files(named or [Path(DEMO)])]
    lengths: dict[str, float] = {}
    left_out = []
    for name, path in sources:
        try:
            sound = SoundFile(path)
        except SourceError as error:
            left_out.append(str(error))
            continue
        lengths[name] = sound.seconds
        sound.close()
    starts = {name: length - PASSAGE_S for name, length in lengths.items() if length >= PASSAGE_S}
    left_out += [f"{name} is shorter than {PASSAGE_S:g} s" for name in lengths.keys() - starts.keys()]
    if not starts:
        raise UsageError(f"there is no passage of {PASSAGE_S:g} s: {'; '.join(left_out)}")
    room = sum(starts.values())
    step = max(min(PASSAGE_S, room / ENOUGH), room / MOST, CLOSEST_S)
    found = [
        Passage(name, round(number * step, 3), PASSAGE_S)
        for name, last in starts.items()
        for number in range(int(last / step + 1e-9) + 1)
    ]
    random.Random(seed).shuffle(found)
    return Passages(tuple(found[: 2 * MOST]), tuple(left_out))


def hear(passage: Passage, path: Path) -> Iterator[NDArray[np.float32] | None]:
    """Hears a passage bit by bit: None while it is at it, at last [ROWS, E]. SourceError for what is no
    sound."""
    sound = SoundFile(path)
    try:
        lead = min(LEAD_S, passage.start_s)
        sound.skip(passage.start_s - lead)
        slow, embedding = SlowPath(sound.rate), EmbeddingPath(sound.rate)
        wanted = round((lead + passage.seconds) * sound.rate)
        heard, rows = 0, list[Embedding]()
        while heard < wanted:
            block = sound.read(min(round(PIECE_S * sound.rate), wanted - heard))
            if block is None:
                break
            heard += len(block)
            mono = block.mean(axis=1, dtype=np.float32)
            rows += embedding.push(mono, slow.push(mono))
            yield None
        rows += embedding.finish(slow.finish())
    finally:
        sound.close()
    inside = [row for row in rows if row.time_s > lead + SETTLE_S + 1e-3]
    if len(inside) < ROWS:
        raise SourceError(f"{path.name} ends before {passage.start_s + passage.seconds:.1f} s")
    yield np.array([np.mean([row.values for row in part], axis=0) for part in _thirds(inside)], np.float32)


def _thirds(rows: list[Embedding]) -> list[list[Embedding]]:
    edges = np.linspace(0, len(rows), ROWS + 1).round().astype(int)
    return [rows[first:last] for first, last in pairwise(edges)]


def sound_of(passage: Passage, path: Path) -> tuple[NDArray[np.float32], int]:
    """([n, channels] samples, rate) to play. SourceError for what is no sound."""
    sound = SoundFile(path)
    try:
        sound.skip(passage.start_s)
        wanted, blocks = round(passage.seconds * sound.rate), []
        while wanted > 0 and (block := sound.read(wanted)) is not None:
            blocks.append(block[:wanted])
            wanted -= len(block)
    finally:
        sound.close()
    if not blocks:
        raise SourceError(f"{path.name} ends before {passage.start_s:.1f} s")
    return np.concatenate(blocks), sound.rate


def share_sound(one: Passage, other: Passage) -> bool:
    """Whether the two overlap."""
    later = max(one.start_s, other.start_s)
    return one.file == other.file and later < min(one.start_s + one.seconds, other.start_s + other.seconds)
