"""A piece heard and dreamt under a virtual clock: what `render` draws and what `story` tells.

Time is what the step's number says it is, and each step hears the sound that belongs to it.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from livesing.audio.downmix import Downmix
from livesing.audio.fast import FastPath
from livesing.audio.sound_file import SoundFile
from livesing.dreamer import DreamBoxes, Dreamer
from livesing.generation.engine_open import ServedGenerator
from livesing.hearing import Hearing, estimator_of
from livesing.params import Params
from livesing.preset import Preset
from livesing.translators import choose, hears_sound

ORIGIN = 1000.0
"""The virtual clock's start: far enough from 0 for states that remember an early time."""
FILE_BLOCK = 1 << 14
LONG_AFTER = 60.0
"""Seconds in which every parameter has come to its target."""
DREAM_FPS = 30.0


def dream_number(time: float) -> int:
    """Which dream a moment belongs to, `time` seconds from the beginning.

    A frame's time is a rounded fraction, which may lie a hair before the dream that begins with it.
    """
    return int(time * DREAM_FPS + 1e-6)


class OfflineDream:
    """One piece, the mailboxes, and the dreamer between them; iterate over `heard`, and have it dream."""

    def __init__(
        self, path: Path, *, seed: int = 0, feeling: str = "cues", generator: ServedGenerator | None = None
    ) -> None:
        """Raises LivesingError for a bad file or feeling."""
        estimator = estimator_of(feeling)
        self.sound = SoundFile(path)
        self.boxes = DreamBoxes()
        self.dreamer = Dreamer(self.boxes, seed, generator)
        self._downmix = Downmix(self.sound.rate, self.sound.channels)
        self._fast = FastPath(self.sound.rate)
        self._hearing = Hearing(self.sound.rate, estimator, rhythm=self._fast.rhythm)

    def wear(self, look: Preset, folder: Path) -> None:
        """Dream as in this look, of this folder of presets, when its fade is over."""
        params = Params()
        params.apply(look.values, ORIGIN, 0.0)
        params.drain(ORIGIN)
        self.boxes.params.put(params.drain(ORIGIN + LONG_AFTER).row, ORIGIN)
        choose(self.boxes.translators, look.translator, folder, ORIGIN)

    def heard(self, fps: float, seconds: float | None = None) -> Iterator[tuple[float, np.ndarray]]:
        """Steps of 1 / fps, to the end or for `seconds` -> (seconds from the beginning, the sound
        [n, channels] until the next step, which has just been heard)."""
        rate = self.sound.rate
        number, heard = 0, 0
        rest = np.zeros((0, self.sound.channels), np.float32)
        while seconds is None or number < round(seconds * fps):
            time = number / fps
            until = round((number + 1) / fps * rate)
            while heard + len(rest) < until:
                block = self.sound.read(FILE_BLOCK)
                if block is None:
                    break
                rest = np.concatenate([rest, block])
            sound, rest = rest[: until - heard], rest[until - heard :]
            if not len(sound):
                return
            heard += len(sound)
            self._hear(sound, ORIGIN + time)
            number += 1
            yield time, sound

    def _hear(self, sound: np.ndarray, now: float) -> None:
        mono = self._downmix.push(sound)
        self.boxes.pulses.put(self._fast.push(mono, now), now)
        self._hearing.embeds = hears_sound(self.boxes.translators)
        for _, mood in self._hearing.push(mono):
            self.boxes.moods.put(mood._replace(time=now), now)
        embedded = self._hearing.take_embedding()
        if embedded is not None:
            self.boxes.embeddings.put(embedded.values, now)
