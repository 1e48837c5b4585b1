"""`livesing features`: the paper's audio features of a sound file, for training and for other programs."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, BinaryIO, cast
from zipfile import ZipFile

import numpy as np

from livesing.audio.framing import Floats
from livesing.audio.paper import FEATURES, PaperFeatures, file_features
from livesing.audio.slow import FRAMES, STEP_S
from livesing.audio.sound_file import SoundFile
from livesing.audio.source import BLOCK
from livesing.audio.steps import Blocks
from livesing.errors import SourceError
from livesing.whole_file import whole_file

FILE_BLOCK = 1 << 15
ROW = FRAMES * FEATURES
"""9156 values: 21 frames after one another, of 40 MFCC, 384 tempogram, 12 CENS each."""


def features(path: Path, output: Path, *, stream: bool = False, predicted: bool = True) -> None:
    """Write `x` (N, 9156) float32 and `t` (N,) seconds to the .npz file `output`.

    Row i is of the 500 ms that end at t[i] = .5 (i + 1); N counts the whole 500 ms of the sound, of its mean
    over channels. As librosa has them of the whole file, or `stream`: as the live show hears them, block by
    block, with the onset strength `predicted` or not. Rows pass through a file beside `output`, so memory is
    constant (50 MB in all, whether a minute or an hour long); an output appears whole or not at all.

    Raises SourceError for what is no sound file or shorter than 500 ms, LivesingError where nothing can be
    written.
    """
    sound = SoundFile(path)
    try:
        rows = _stream(sound, predicted) if stream else file_features(lambda: _from_start(sound), sound.rate)
        write(rows, output, path.name)
    finally:
        sound.close()


def mono_blocks(sound: SoundFile, size: int) -> Iterator[Floats]:
    """What is left of a sound, [n] each, n about `size`: the mean over its channels."""
    while (block := sound.read(size)) is not None:
        with np.errstate(invalid="ignore", over="ignore"):  # infinite samples are cleaned later
            yield block.mean(axis=1, dtype=np.float32)


def _from_start(sound: SoundFile) -> Blocks:
    sound.rewind()
    return mono_blocks(sound, FILE_BLOCK)


def _stream(sound: SoundFile, predicted: bool) -> Iterator[Floats]:
    paper = PaperFeatures(sound.rate, predicted=predicted)
    for block in mono_blocks(sound, BLOCK):
        yield from paper.push(block)
    yield from paper.finish()


def write(rows: Iterable[Floats], output: Path, name: str) -> None:
    """Write rows of [21, 436] as `x` and `t`. Raises SourceError, about the sound `name`, without any."""
    body = output.with_name(f".{output.name}.rows")
    try:
        with whole_file(output) as partial:
            count = 0
            with body.open("wb") as file:
                for row in rows:
                    file.write(row.astype("<f4").tobytes())
                    count += 1
            if not count:
                raise SourceError(f"{name} is shorter than the {STEP_S} s that one row of features takes")
            _pack(body, count, partial)
    finally:
        body.unlink(missing_ok=True)


class _Onwards:
    """A file that is only ever written onwards, as a pipe has to be, and as /dev/null does not admit."""

    def __init__(self, file: BinaryIO) -> None:
        self.write, self.flush = file.write, file.flush


def _pack(body: Path, count: int, output: Path) -> None:
    """The .npz of `count` rows whose bytes are in `body`, as numpy.savez writes it, but piece by piece."""
    times = STEP_S * np.arange(1, count + 1)
    header = {"descr": "<f4", "fortran_order": False, "shape": (count, ROW)}
    with output.open("wb") as file, ZipFile(cast(IO[bytes], _Onwards(file)), "w") as archive:
        with archive.open("x.npy", "w", force_zip64=True) as entry, body.open("rb") as rest:
            np.lib.format.write_array_header_1_0(entry, header)
            shutil.copyfileobj(rest, entry, 1 << 20)
        with archive.open("t.npy", "w") as entry:
            np.lib.format.write_array(entry, times)
