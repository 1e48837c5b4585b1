"""`livesing analyse`: what the show would feel at every half second of a file."""

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import numpy as np

from livesing.audio.fast import FastPath
from livesing.audio.slow import Cues, SlowPath
from livesing.audio.sound_file import SoundFile
from livesing.audio.source import BLOCK
from livesing.sentiment.cue_estimator import CueEstimator
from livesing.sentiment.mood import Mood

COLUMNS = (
    "time_s", "valence", "arousal", "confidence", "key", "mode", "bpm", "onset_rate", "loudness_db",
)  # fmt: skip
KEYS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
FILE_BLOCK = 1 << 15


def analyse(path: Path, output: Path | None, *, stream: bool = False, beats: Path | None = None) -> None:
    """Write a row per 500 ms to `output` (or the terminal), and the beats to `beats`.

    `stream` takes the file in the live show's blocks. Raises SourceError for what is no sound file; nothing
    is written then, and an output appears whole or not at all.
    """
    sound = SoundFile(path)
    slow, fast, estimator = SlowPath(sound.rate), FastPath(sound.rate), CueEstimator()
    times: list[float] = []
    with _output(output) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for block in _mono_blocks(sound, BLOCK if stream else FILE_BLOCK):
            if beats is not None:
                times += _beats(fast, block)
            for cues in slow.push(block):
                writer.writerow(_row(cues, estimator.update(cues)))
        for cues in slow.finish():
            writer.writerow(_row(cues, estimator.update(cues)))
        if beats is not None:
            with _output(beats) as beat_file:
                beat_file.writelines(f"{time:.3f}\n" for time in times)
    sound.close()


def _mono_blocks(sound: SoundFile, size: int) -> Iterator[np.ndarray]:
    while (block := sound.read(size)) is not None:
        yield block.mean(axis=1, dtype=np.float32)


def _beats(fast: FastPath, block: np.ndarray) -> list[float]:
    """Times, in seconds of the file, of the beats that the fast path counts within a block."""
    found = []
    for start in range(0, len(block), BLOCK):
        before = fast.beats
        pulse = fast.push(block[start : start + BLOCK], 0.0)
        if pulse.beats > before and pulse.bpm > 0:
            ago = pulse.beat_phase * 60 / pulse.bpm
            found.append(max((pulse.sample + 1) / fast.rate - ago, 0.0))
    return found


def _row(cues: Cues, mood: Mood) -> list[str]:
    mode = "" if cues.key_confidence == 0 else "major" if cues.mode >= 0 else "minor"
    key = "" if cues.key_confidence == 0 else KEYS[cues.key]
    numbers = (cues.bpm, cues.onset_rate, cues.loudness_db)
    return [
        f"{cues.time_s:.1f}",
        f"{mood.valence:.4f}",
        f"{mood.arousal:.4f}",
        f"{mood.confidence:.3f}",
        key,
        mode,
        *(f"{number:.2f}" for number in numbers),
    ]


@contextmanager
def _output(path: Path | None) -> Iterator[TextIO]:
    """A file that appears when it is complete, or the terminal."""
    if path is None:
        yield sys.stdout
        return
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
