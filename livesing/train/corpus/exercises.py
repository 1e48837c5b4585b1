"""Plain pieces of one idea each: what anyone who tests an estimator of feeling would write down first."""

from __future__ import annotations

from collections.abc import Callable

from livesing.train.corpus.score import Note, Part, Score

ONE, FOUR, FIVE, SIX = (0, 4, 7), (5, 9, 12), (7, 11, 14), (9, 12, 16)
TURNS = (
    (ONE, FOUR, FIVE, ONE), (ONE, SIX, FOUR, FIVE), (ONE, FIVE, SIX, FOUR), (ONE, FOUR, ONE, FIVE),
)  # fmt: skip
"""Chords of major, each in semitones over the tonic."""
SCALE = (0, 2, 4, 5, 7, 9, 11, 12)
TUNE = (4, 2, 0, 2, 4, 4, 4, 2, 2, 4, 7, 7, 4, 2, 0, 0)
"""Degrees of a tune, in semitones over the tonic."""
VELOCITY = 80
HELD = 0.9
"""Share of its time that a note sounds."""


def hymn(beat_s: float, tonic: int, bars: int) -> list[Note]:
    """Chords of four beats in close position over their root."""
    notes = []
    for bar in range(bars):
        for step in (*TURNS[0][bar % 4], TURNS[0][bar % 4][0] - 12):
            notes.append(Note(4 * bar * beat_s, 4 * HELD * beat_s, tonic + step, VELOCITY))
    return notes


def chorale(beat_s: float, tonic: int, bars: int) -> list[Note]:
    """A chord a beat, and the root below it once a bar."""
    notes = []
    for bar in range(bars):
        chord = TURNS[1][bar % 4]
        notes.append(Note(4 * bar * beat_s, 4 * HELD * beat_s, tonic + chord[0] - 24, VELOCITY))
        for beat in range(4):
            start = (4 * bar + beat) * beat_s
            notes += [Note(start, HELD * beat_s, tonic + step, VELOCITY - 8) for step in chord]
    return notes


def broken(beat_s: float, tonic: int, bars: int) -> list[Note]:
    """Broken chords in eighths over a held root."""
    notes = []
    for bar in range(bars):
        chord = TURNS[2][bar % 4]
        notes.append(Note(4 * bar * beat_s, 4 * HELD * beat_s, tonic + chord[0] - 12, VELOCITY))
        for eighth in range(8):
            step = (*chord, chord[0] + 12)[(0, 1, 2, 3, 2, 1, 2, 1)[eighth]]
            start = (4 * bar + eighth / 2.0) * beat_s
            notes.append(Note(start, 0.5 * HELD * beat_s, tonic + step, VELOCITY))
    return notes


def tune(beat_s: float, tonic: int, bars: int) -> list[Note]:
    """A tune of quarters over chords of half a bar."""
    notes = []
    for beat in range(4 * bars):
        step = TUNE[beat % len(TUNE)]
        notes.append(Note(beat * beat_s, HELD * beat_s, tonic + 12 + step, VELOCITY + 8))
        if beat % 2 == 0:
            chord = TURNS[3][beat // 4 % 4]
            notes += [
                Note(beat * beat_s, 2 * HELD * beat_s, tonic - 12 + each, VELOCITY - 10) for each in chord
            ]
    return notes


def scale(beat_s: float, tonic: int, bars: int) -> list[Note]:
    """Scales up and down in eighths, nothing else."""
    line = (*SCALE, *SCALE[-2:0:-1])
    return [
        Note(0.5 * number * beat_s, 0.5 * HELD * beat_s, tonic + line[number % len(line)], VELOCITY)
        for number in range(8 * bars)
    ]


EXERCISES: dict[str, Callable[[float, int, int], list[Note]]] = {
    "hymn": hymn,
    "chorale": chorale,
    "broken": broken,
    "tune": tune,
    "scale": scale,
}


def exercise(name: str, program: int, tonic: int, bpm: float, seconds: float) -> Score:
    """One of EXERCISES in major, on one General MIDI instrument. tonic: 0..11, C = 0."""
    beat_s = 60.0 / bpm
    bars = max(1, round(seconds / (4.0 * beat_s)))
    notes = EXERCISES[name](beat_s, 60 + (tonic + 5) % 12 - 5, bars)
    return Score([Part(program, notes=notes)], 4.0 * bars * beat_s)
