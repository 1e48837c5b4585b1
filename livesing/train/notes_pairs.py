"""Pairs of lessons whose numbers of onsets are known of each other: a score and the same played otherwise.

Struck again or split, it has more of them; on another instrument, or held for a shorter time, as many. What
the network hears between the two has to be that, whatever it makes of the sound itself. The scores are plain:
tunes and chords as anyone would write them down, on what holds its tones, and on two such at once, or on
strings of which some are plucked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from livesing.audio.framing import Floats
from livesing.audio.slow import SLOW_RATE
from livesing.audio.synth import frequency_hz
from livesing.train.corpus import variants
from livesing.train.corpus.score import Note, Part, Score

PIANOS, STRINGS = (0, 0, 0, 1, 2, 3), (48, 48, 48, 49, 49, 40, 41, 42)
LASTING = (*STRINGS, *STRINGS, 44, 45, 45, 50, 51, 52, 52, 53, 19, 19, 16, 20, 21, 60, 61, 56, 71, 73, 89, 95)
STRUCK = (*PIANOS, 4, 6, 11, 24, 24, 25, 46)
LASTS = 0.7
WAYS = ("again", "again", "again", "other", "other", "other", "short", "short", "split", "split")
PLUCKED, BOWED = (45, 45, 45, 45, 46, 24), (48, 48, 48, 49, 50, 44, 40, 41, 42)
MIXED_WAYS = ("short", "short", "short", "again", "again", "split")
SLOWEST_BPM, FASTEST_BPM = 52.0, 150.0
MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 11)
SPLITS = (12, 7, -5, 2, -2, 4)
"""Semitones to the second half of a note that is split."""


def tune(rng: np.random.Generator, seconds: float) -> Score:
    """A melody, chords, or one over the other, of one or two instruments."""
    beat_s = 60.0 / (SLOWEST_BPM * (FASTEST_BPM / SLOWEST_BPM) ** rng.random())
    steps, tonic = (MAJOR, MINOR)[int(rng.integers(2))], int(rng.integers(55, 67))
    degrees, velocity = rng.integers(0, 7, 4), int(rng.integers(55, 110))
    pattern = str(rng.choice(["none", "held", "held", "halves", "beats", "beats", "eighths", "broken"]))
    sings = pattern == "none" or rng.random() < 0.7
    every, held = float(rng.choice([0.5, 1.0, 1.0, 2.0])), float(rng.uniform(0.7, 1.02))
    line, below = list[Note](), list[Note]()
    pitch = int(rng.integers(4, 11))
    for bar in range(int(seconds / (4.0 * beat_s)) + 1):
        begins_s, degree = 4 * bar * beat_s, int(degrees[bar % 4])
        chord = [_pitch(tonic - 12, steps, degree + third) for third in (0, 2, 4)]
        below += _below(pattern, chord, begins_s, beat_s, held, velocity - 8)
        place = 0.0
        while sings and place < 4.0:
            length = min(every * float(rng.choice([0.5, 1.0, 1.0, 2.0])), 4.0 - place)
            pitch = int(np.clip(pitch + rng.choice([-3, -1, -1, 0, 1, 1, 2]), 0, 16))
            line.append(
                Note(begins_s + place * beat_s, length * beat_s * held, _pitch(tonic, steps, pitch), velocity)
            )
            place += length
    return Score([Part(0, notes=notes) for notes in (line, below) if notes], seconds)


def _pitch(tonic: int, steps: tuple[int, ...], degree: int) -> int:
    return tonic + 12 * (degree // 7) + steps[degree % 7]


def _below(
    pattern: str, chord: list[int], begins_s: float, beat_s: float, held: float, velocity: int
) -> list[Note]:
    """A bar of chords, held, repeated or broken; nothing for a pattern "none"."""
    if pattern == "broken":
        figure = [chord[k] for k in (0, 2, 1, 2)]
        return [
            Note(begins_s + 0.5 * k * beat_s, 0.5 * beat_s * held, figure[k % 4], velocity) for k in range(8)
        ]
    count = {"none": 0, "held": 1, "halves": 2, "beats": 4, "eighths": 8}[pattern]
    return [
        Note(begins_s + 4.0 * k / count * beat_s, 4.0 / count * beat_s * held, pitch, velocity)
        for k in range(count)
        for pitch in chord
    ]


def split(score: Score) -> Score:
    """Twice as many notes: the second half of each is another pitch."""
    parts = []
    for part in score.parts:
        notes = []
        for number, note in enumerate(part.notes):
            half = note.duration_s / 2.0
            move = 0 if part.drums else SPLITS[number % len(SPLITS)]
            notes += [
                note._replace(duration_s=half),
                note._replace(start_s=note.start_s + half, duration_s=half, pitch=note.pitch + move),
            ]
        parts.append(replace(part, notes=notes))
    return Score(parts, score.seconds)


def played_two_ways(score: Score, rng: np.random.Generator, twin: bool, kept: float) -> tuple[Score, bool]:
    """A score as it is, or its twin, by the same draws, and whether that is on another instrument. kept: how
    many pieces keep their own instruments."""
    way = str(rng.choice(WAYS))
    first, second = (int(rng.choice(LASTING if rng.random() < LASTS else STRUCK)) for _ in (0, 1))
    if way == "other" and rng.random() < 0.6:
        first, second = int(rng.choice(PIANOS)), int(rng.choice(STRINGS))
    own, layered, share = rng.random() < kept, rng.random() < 0.25, float(rng.uniform(0.5, 1.05))
    beside = int(rng.choice(LASTING))
    if rng.random() < 0.4:
        score = variants.detached(score, share)
    if way == "other" or not own:
        score = variants.on_program(score, second if way == "other" and twin else first)
    if layered and way != "other":
        # As strings that are plucked and bowed at once.
        score = Score(
            [*score.parts, *variants.on_program(score, beside).parts[: 2 if own else None]], score.seconds
        )
    if way == "again" and twin:
        score = variants.doubled(score)
    if way == "split" and twin:
        score = split(score)
    if way == "short":
        score = variants.detached(score, 0.35 if twin else 1.0)
    return score, way == "other" and twin


def plucked_and_bowed(score: Score, rng: np.random.Generator, twin: bool) -> Score:
    """A score, or its twin by the same draws, for strings some of which are plucked while others are bowed:
    each part by one or the other, or all of them by both. What dies away at once must not hide what lasts."""
    way, both, share = str(rng.choice(MIXED_WAYS)), rng.random() < 0.35, float(rng.uniform(0.4, 1.05))
    turn, detached = int(rng.integers(2)), rng.random() < 0.4
    parts = []
    for place, part in enumerate(part for part in score.parts if not part.drums):
        programs = (int(rng.choice(PLUCKED)), int(rng.choice(BOWED)))
        parts.append(replace(part, program=programs[(place + turn) % 2]))
        if both or len(score.parts) == 1:
            parts.append(replace(part, program=programs[(place + turn + 1) % 2]))
    score = Score(parts, score.seconds)
    if detached:
        score = variants.detached(score, share)
    if way == "short":
        return variants.detached(score, 0.35 if twin else 1.0)
    if not twin:
        return score
    return variants.doubled(score) if way == "again" else split(score)


class Voice(NamedTuple):
    """An oscillator and its envelope. amplitudes: of the harmonics; fall_s: time constant, towards the share
    that is sustained."""

    amplitudes: Floats
    attack_s: float
    fall_s: float
    sustained: float
    release_s: float


TABLE = 2048
HARMONICS, HIGHEST_HZ = 24, 9000.0


def draw_voice(rng: np.random.Generator) -> Voice:
    """Sine, saw, square, triangle or drawbars, struck or swelling."""
    k = np.arange(1, HARMONICS + 1)
    odd = k % 2
    shapes = (
        k == 1,
        1.0 / k,
        odd / k,
        odd / k**2,
        1.0 / k**1.5,
        np.isin(k, (1, 2, 3, 4, 6, 8)) * rng.random(HARMONICS),
    )
    shape = np.asarray(shapes[int(rng.integers(len(shapes)))], np.float32)
    return Voice(
        shape / np.sqrt((shape**2).sum() + 1e-9),
        float(0.002 * 60.0 ** rng.random()),
        float(0.15 * 10.0 ** rng.random()),
        float(rng.choice([0.0, 0.3, 0.7, 1.0, 1.0])),
        float(0.01 * 40.0 ** rng.random()),
    )


def oscillated(score: Score, voice: Voice) -> Floats:
    """[n] samples at SLOW_RATE of a score without drums, as a few lines of code would play it."""
    sound: Floats = np.zeros(round(score.seconds * SLOW_RATE), dtype=np.float32)
    turns = 2.0 * np.pi * np.arange(TABLE) / TABLE
    for note in (note for part in score.parts if not part.drums for note in part.notes):
        hz = frequency_hz(note.pitch)
        count = max(1, min(HARMONICS, int(HIGHEST_HZ / hz)))
        k = np.arange(1, count + 1)
        table = (voice.amplitudes[:count, None] * np.sin(k[:, None] * turns)).sum(axis=0)
        t = np.arange(round((note.duration_s + voice.release_s) * SLOW_RATE)) / SLOW_RATE
        shape = np.minimum(1.0, t / voice.attack_s)
        shape *= voice.sustained + (1.0 - voice.sustained) * np.exp(-t / voice.fall_s)
        shape *= np.clip((note.duration_s + voice.release_s - t) / voice.release_s, 0.0, 1.0)
        wave = table[(t * (hz * TABLE)).astype(np.int64) % TABLE] * shape
        first = round(note.start_s * SLOW_RATE)
        wave = wave[: max(sound.size - first, 0)]
        sound[first : first + wave.size] += (0.1 * (note.velocity / 100.0) ** 1.7 * wave).astype(np.float32)
    return sound
