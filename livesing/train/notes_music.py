"""Music to learn note onsets from: composed pieces on all kinds of instruments, by several synthesisers, and
the moments at which something begins.

What is learnt must not be one soundfont's strings: a piece is played by fluidsynth with any of the soundfonts
that are there or by the project's own synthesiser, often on other instruments than it was composed for,
detached or repeated, and mostly produced like a record. In some lessons, steady sounds, nothing begins.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import soxr

from livesing.audio.framing import Floats
from livesing.audio.slow import SLOW_RATE
from livesing.train.corpus import variants
from livesing.train.corpus.compose import compose
from livesing.train.corpus.exercises import EXERCISES, exercise
from livesing.train.corpus.factors import draw
from livesing.train.corpus.render import RATE as RENDER_RATE
from livesing.train.corpus.render import SOUNDFONT, played, produce
from livesing.train.corpus.score import Score, attacks
from livesing.train.corpus.sketch import RATE as SKETCH_RATE
from livesing.train.corpus.sketch import sketch

FIRST_SEED = 20_000
SECONDS = 10.0
SOUNDFONTS = (SOUNDFONT, Path("/usr/share/sounds/sf2/TimGM6mb.sf2"))
"""Debian's fluid-soundfont-gm and timgm6mb-soundfont."""
SKETCHED, STEADY = 0.25, 0.06
OTHER_PROGRAM, DETACHED, DOUBLED, PRODUCED = 0.45, 0.25, 0.15, 0.7
PROGRAMS = (
    0, 0, 4, 6, 11, 16, 19, 21, 24, 25, 27, 29, 40, 41, 42, 44, 45, 46, 48, 48, 48, 49, 49, 50, 51, 52, 53,
    56, 60, 61, 65, 68, 71, 73, 75, 80, 81, 88, 89, 90, 94, 95,
)  # fmt: skip
SOFT = (0, 0, 0, 48, 48, 48, 49, 49, 50, 51, 52, 40, 42, 19, 73, 89)
COMPOSED, PLAIN = 400, 640
"""Lessons of composed music; up to PLAIN exercises follow, and then music in every way of playing."""
FASTEST = 2.0**0.4


class Lesson(NamedTuple):
    """sound: [n] at SLOW_RATE; attacks: (time in s, how much it counts)."""

    sound: Floats
    attacks: list[tuple[float, float]]


def lesson(number: int, soundfonts: tuple[Path, ...] = SOUNDFONTS) -> Lesson:
    """The same one for a number, where the same soundfonts are there: composed pieces up to COMPOSED, then
    plain exercises, then from PLAIN on both in every way of playing. UsageError without fluidsynth."""
    rng = np.random.default_rng([number, 440])
    if rng.random() < STEADY:
        return Lesson(_steady(rng), [(0.0, 1.0)])
    piece = compose(draw(FIRST_SEED + number, SECONDS * (1.0 if number < PLAIN else FASTEST)))
    if number < PLAIN:
        score = _otherwise(piece.score if number < COMPOSED else _plain(rng), rng, number < COMPOSED)
    else:
        score = _every_way(piece.score if rng.random() < 0.6 else _plain(rng), rng)
    there = [font for font in soundfonts if font.is_file()] or [SOUNDFONT]
    if rng.random() < SKETCHED:
        sound, rate = sketch(score), SKETCH_RATE
    else:
        sound, rate = played(score, there[int(rng.integers(len(there)))]), RENDER_RATE
    sound = np.asarray(soxr.resample(sound, rate, RENDER_RATE), np.float32)
    if rng.random() < PRODUCED:
        sound = produce(sound, piece)
    return Lesson(np.asarray(soxr.resample(sound, RENDER_RATE, SLOW_RATE), np.float32), attacks(score))


def _plain(rng: np.random.Generator) -> Score:
    """An exercise on a piano or on what has soft attacks, of any tempo and strength."""
    name = str(rng.choice(list(EXERCISES)))
    tonic, bpm = int(rng.integers(12)), float(45.0 * 2.0 ** rng.uniform(0.0, 1.7))
    score = exercise(name, int(rng.choice(SOFT)), tonic, bpm, SECONDS)
    if rng.random() < 0.4:
        score = variants.to_minor(score, tonic)
    score = variants.at_velocity(score, float(rng.uniform(0.5, 1.4)))
    # Bars do not end where the lesson does.
    return Score(score.parts, SECONDS)


def _otherwise(score: Score, rng: np.random.Generator, other: bool) -> Score:
    if other and rng.random() < OTHER_PROGRAM:
        score = variants.on_program(score, int(rng.choice(PROGRAMS)))
    if rng.random() < DETACHED:
        score = variants.detached(score, float(rng.uniform(0.3, 1.0)))
    if rng.random() < DOUBLED:
        score = variants.doubled(score)
    return score


def _every_way(score: Score, rng: np.random.Generator) -> Score:
    """Short or slurred, repeated or not, faster or slower, mostly on one instrument that is bowed, blown or
    struck: what must not be mistaken for more or fewer notes."""
    if rng.random() < 0.75:
        score = variants.on_program(score, int(rng.choice(SOFT + PROGRAMS)))
    if rng.random() < 0.6:
        score = variants.detached(score, float(rng.uniform(0.25, 1.05)))
    if rng.random() < 0.35:
        score = variants.doubled(score)
    score = variants.at_tempo(score, float(FASTEST ** rng.uniform(-1.0, 1.0)))
    score = variants.at_velocity(score, float(rng.uniform(0.6, 1.3)))
    return Score(score.parts, SECONDS)


def _steady(rng: np.random.Generator) -> Floats:
    """Tones that tremble and noise that hisses: after its beginning nothing begins."""
    t = np.arange(round(SECONDS * SLOW_RATE)) / SLOW_RATE
    sound = rng.standard_normal(t.size) * 10.0 ** rng.uniform(-5.0, -1.5) * (rng.random() < 0.6)
    for _ in range(int(rng.integers(0 if sound.any() else 1, 5))):
        hz, swing = 110.0 * 2.0 ** rng.uniform(0.0, 3.0), rng.uniform(0.0, 0.012)
        speed, depth = rng.uniform(4.0, 7.0), rng.uniform(0.0, 0.3)
        phase = hz * (t + swing * np.sin(2 * np.pi * speed * t) / (2 * np.pi * speed))
        tremble = 1.0 + depth * np.sin(2 * np.pi * speed * t + 1.0)
        for k in range(1, 1 + int(rng.integers(1, 9))):
            sound += 0.1 * tremble / k * np.sin(2 * np.pi * k * phase)
    return np.asarray(sound * np.minimum(1.0, t / 0.05), np.float32)
