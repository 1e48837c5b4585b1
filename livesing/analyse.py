"""`livesing analyse`: what the show would feel at every half second of a file."""

import csv
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import numpy as np

from livesing.audio.downmix import Downmix
from livesing.audio.fast import FastPath
from livesing.audio.framing import clean
from livesing.audio.key import KEY_NAMES, USUAL_PROFILES
from livesing.audio.second_tempo import SecondTempo
from livesing.audio.slow import Cues
from livesing.audio.sound_file import SoundFile
from livesing.audio.source import BLOCK
from livesing.hearing import estimator_of, moods_of
from livesing.sentiment.mood import Mood
from livesing.whole_file import whole_file

COLUMNS = (
    "time_s", "valence", "arousal", "confidence", "key", "mode", "bpm", "onset_rate", "loudness_db",
)  # fmt: skip
FILE_BLOCK = 1 << 15


def analyse(
    path: Path,
    output: Path | None,
    *,
    stream: bool = False,
    beats: Path | None = None,
    feeling: str = "cues",
    profiles: str = USUAL_PROFILES,
) -> None:
    """Write a row per 500 ms to `output` (or the terminal), and the beats to `beats`; their tempo, and
    aubio's as a second opinion, are told on stderr.

    `stream` takes the file in the live show's blocks; `feeling` names the estimator, one of
    sentiment.feeling.FEELINGS; `profiles` those of the keys, one of audio.key.PROFILES. Raises SourceError
    for what is no sound file; nothing is written then, and an output appears whole or not at all.
    """
    estimator = estimator_of(feeling)
    sound = SoundFile(path)
    size = BLOCK if stream else FILE_BLOCK
    with _output(output) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for cues, mood in moods_of(_mono_blocks(sound, size), sound.rate, estimator, profiles):
            writer.writerow(_row(cues, mood))
    if beats is not None:
        sound.rewind()
        second = SecondTempo(sound.rate)
        with _output(beats) as file:
            heard = beat_times(FastPath(sound.rate), _heard_too(second, _mono_blocks(sound, size)))
            times = list(heard)
            file.writelines(f"{time:.3f}\n" for time in times)
        if len(times) > 2:
            bpm = 60.0 / float(np.median(np.diff(times)))
            print(f"tempo {bpm:.1f}, at the end {second.bpm:.1f} by aubio", file=sys.stderr)
    sound.close()


def _heard_too(second: SecondTempo, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    for block in blocks:
        second.push(clean(block)[0])
        yield block


def _mono_blocks(sound: SoundFile, size: int) -> Iterator[np.ndarray]:
    downmix = Downmix(sound.rate, sound.channels)
    while (block := sound.read(size)) is not None:
        yield downmix.push(block)


def beat_times(fast: FastPath, blocks: Iterable[np.ndarray]) -> Iterator[float]:
    """Times, in seconds of the file, of the beats as the fast path counts them."""
    counted = 0.0
    for block in blocks:
        for start in range(0, len(block), BLOCK):
            pulse = fast.push(block[start : start + BLOCK], 0.0)
            if pulse.beats > counted and pulse.bpm > 0:
                ago = pulse.beat_phase * 60 / pulse.bpm
                yield max((pulse.sample + 1) / fast.rate - ago, 0.0)
            counted = pulse.beats


def _row(cues: Cues, mood: Mood) -> list[str]:
    mode = "" if cues.key_confidence == 0 else "major" if cues.mode >= 0 else "minor"
    key = "" if cues.key_confidence == 0 else KEY_NAMES[cues.key]
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
    with whole_file(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        yield file
