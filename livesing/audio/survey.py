"""What the features take from the whole sound: its loudest level and its tuning."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np

from livesing.audio.framing import Floats
from livesing.audio.mel import FLOOR_DB, HALF_FFT, MelFrames
from livesing.audio.slow import FRAMES, SLOW_RATE
from livesing.audio.steps import Blocks, Steps
from livesing.audio.tuning import RecentTuning, WholeTuning, find_peaks


class Survey(NamedTuple):
    """Of a whole sound."""

    samples: int
    """At 21504 Hz."""
    loudest_db: float
    """The highest mel level; what is 80 dB below it is raised to that."""
    tuning: float
    """-.5..+.49 of a 36th of an octave."""


class RecentSurvey:
    """Of a stream's past: the loudest level of the last 2 minutes, the tuning of the last 10 s."""

    STEPS = 240

    def __init__(self) -> None:
        self.loudest_db = FLOOR_DB
        self.tuning = 0.0
        self._levels: deque[float] = deque(maxlen=self.STEPS)
        self._recent = RecentTuning(SLOW_RATE)

    def push(self, magnitudes: Floats, edges: Floats, levels: Floats) -> None:
        """A step has come. magnitudes, levels: [n, 1025] and [n, 128] of the frames that became complete with
        it; edges: [4, 1025] of the two at either end of it, cut off there."""
        self._levels.append(float(levels.max()))
        self._recent.push(magnitudes, edges)
        self.loudest_db = max(self._levels)
        self.tuning = self._recent.tuning


class WholeSurvey:
    """A Survey in the making."""

    def __init__(self) -> None:
        self._mel = MelFrames(SLOW_RATE, 2 * FRAMES)
        self._tuning = WholeTuning()
        self._loudest_db = FLOOR_DB
        self._samples = 0

    def push(self, samples: Floats) -> None:
        """samples: [n] the next ones at 21504 Hz, n up to 10752."""
        self._samples += samples.size
        self._hear(samples)

    def finish(self) -> Survey:
        """The sound has ended."""
        self._hear(np.zeros(HALF_FFT, dtype=np.float32))  # the last frames reach beyond the end
        return Survey(self._samples, self._loudest_db, self._tuning.tuning)

    def _hear(self, samples: Floats) -> None:
        magnitudes, levels = self._mel.push(samples)
        if len(levels):
            self._loudest_db = max(self._loudest_db, float(levels.max()))
            self._tuning.push(find_peaks(magnitudes, SLOW_RATE))


def survey_of(blocks: Blocks, rate: int) -> Survey:
    """Hear a whole sound once. blocks: of mono samples at `rate` Hz, 8000..192000."""
    steps, whole = Steps(rate), WholeSurvey()
    for block in blocks:
        for step in steps.push(block):
            whole.push(step)
    for step in steps.finish():
        whole.push(step)
    return whole.finish()
