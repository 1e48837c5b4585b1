"""Where the beats of a piece are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]


@dataclass(frozen=True)
class TempoMap:
    """The beats of a stretch of music.

    beats    [n] s  times of the beats, rising
    metre    beats in a bar
    pickup   beats before the first bar line, 0..metre-1
    """

    beats: Times
    metre: int
    pickup: int = 0

    @property
    def downbeats(self) -> Times:
        """[m] s: the first beat of every bar."""
        return self.beats[self.pickup :: self.metre]

    def time(self, beat: float | Times) -> Times:
        """s: time of a position in beats, 0 = the first; linear between beats and beyond the last."""
        last = len(self.beats) - 1
        at = np.interp(beat, np.arange(last + 1), self.beats)
        return np.asarray(at + np.maximum(np.asarray(beat) - last, 0.0) * (self.beats[-1] - self.beats[-2]))

    def shifted(self, seconds: float) -> TempoMap:
        return replace(self, beats=self.beats + seconds)


def beat_times(start_s: float, end_s: float, bpm_at: Callable[[float], float]) -> Times:
    """Beats from start_s until end_s; bpm_at tells the tempo at a time after the start, in s."""
    times = [start_s]
    while times[-1] < end_s:
        times.append(times[-1] + 60.0 / bpm_at(times[-1] - start_s))
    return np.array(times[:-1])


def played_beats(
    start_s: float,
    end_s: float,
    bpm: float,
    random: np.random.Generator,
    *,
    drift: float = 0.0,
    wave: float = 0.0,
    wander: float = 0.0,
    rubato: float = 0.0,
) -> Times:
    """Beats as somebody plays them. [n] s.

    drift    change of tempo from the first to the last second, as a share: .08 is 8 % faster at the end
    wave     depth of a slow swell of the tempo, a period of 16 s
    wander   size of a random walk of the tempo with a memory of some 8 beats
    rubato   depth of the lingering at the end of every phrase of 8 beats
    """
    seconds = end_s - start_s
    offset, number = 0.0, 0

    def bpm_at(time_s: float) -> float:
        nonlocal offset, number
        offset = 0.88 * offset + random.normal(0.0, wander * 0.475)
        phrase = (number % 8) / 8.0
        number += 1
        linger = rubato * (0.35 * np.sin(2 * np.pi * phrase) - max(phrase - 0.6, 0.0) / 0.275)
        swell = wave * np.sin(2 * np.pi * time_s / 16.0)
        return float(bpm * (1.0 + drift * time_s / seconds + swell + linger) * (1.0 + offset))

    return beat_times(start_s, end_s, bpm_at)


def swung(position: Times, unit: float, ratio: float) -> Times:
    """Positions in beats with swing: of every pair of `unit` beats the second begins at `ratio` (.5 =
    straight, 2/3 = triplets) of the pair."""
    pair = 2.0 * unit
    whole, part = np.divmod(np.asarray(position, dtype=float) / pair, 1.0)
    bent = np.where(part < 0.5, part * 2.0 * ratio, ratio + (part - 0.5) * 2.0 * (1.0 - ratio))
    return np.asarray((whole + bent) * pair)
