"""Notes, parts, and a tempo that breathes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

DRUM_CHANNEL = 9
CHANNELS = [channel for channel in range(16) if channel != DRUM_CHANNEL]


class Note(NamedTuple):
    """start and duration in s, MIDI pitch 0..127, velocity 1..127."""

    start_s: float
    duration_s: float
    pitch: int
    velocity: int


@dataclass
class Part:
    """One instrument: General MIDI program 0..127, or the drum kit."""

    program: int
    drums: bool = False
    volume: int = 100  # controller 7
    pan: int = 64  # controller 10
    reverb: int = 40  # controller 91
    notes: list[Note] = field(default_factory=list)


@dataclass
class Score:
    """A piece: its parts, and how long it lasts in s."""

    parts: list[Part]
    seconds: float


class Pulse:
    """Beats to seconds. The tempo sways with the phrase, and a little by chance."""

    def __init__(self, bpm: float, beats: int, rubato: float, phrase: int, rng: np.random.Generator) -> None:
        """rubato: 0 a machine .. 1 a romantic pianist. phrase: beats of a phrase."""
        place = np.arange(beats + 8) % phrase / phrase
        # A phrase gathers pace and holds back at its end.
        sway = 0.10 * np.sin(np.pi * place) - 0.14 * np.clip((place - 0.8) / 0.2, 0.0, 1.0)
        drift = np.cumsum(rng.normal(0.0, 0.006, beats + 8))
        drift -= np.linspace(0.0, drift[-1], beats + 8)
        tempo = bpm * (1.0 + rubato * (sway - sway.mean()) + (0.2 + rubato) * drift)
        self._starts = np.concatenate(([0.0], np.cumsum(60.0 / tempo)))

    def seconds(self, beat: float) -> float:
        """Time of a beat from the beginning of the piece."""
        return float(np.interp(beat, np.arange(len(self._starts)), self._starts))


def attacks(score: Score, merge_s: float = 0.045) -> list[tuple[float, float]]:
    """Attacks that a listener can tell apart: (time in s, 0..1 how much it counts), by time. Notes struck
    within merge_s are one, and what is far softer than the loudest counts less."""
    struck = sorted(
        (note.start_s, note.velocity * part.volume / 100.0) for part in score.parts for note in part.notes
    )
    loudest = max((weight for _, weight in struck), default=1.0)
    merged: list[list[float]] = []
    for start, weight in struck:
        if merged and start - merged[-1][0] < merge_s:
            merged[-1][1] = max(merged[-1][1], weight)
        else:
            merged.append([start, weight])
    return [(start, min(1.0, 2.0 * weight / loudest)) for start, weight in merged]


def attack_rate(score: Score, merge_s: float = 0.045) -> float:
    """Attacks per second, see attacks."""
    return sum(counts for _, counts in attacks(score, merge_s)) / score.seconds
