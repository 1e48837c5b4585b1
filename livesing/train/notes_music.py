"""Music to learn note onsets from: composed pieces on all kinds of instruments, by several synthesisers, and
the moments at which something begins.

What is learnt must not be one soundfont's strings: a piece is played by fluidsynth with any of the soundfonts
that are there or by the project's own synthesiser, often on other instruments than it was composed for,
detached or repeated, and mostly produced like a record. In some lessons, steady sounds, nothing begins.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soxr

from livesing.audio.framing import Floats
from livesing.audio.slow import SLOW_RATE
from livesing.beat_set.drum_sounds import RATE as MACHINE_RATE
from livesing.train.corpus import variants
from livesing.train.corpus.compose import compose
from livesing.train.corpus.exercises import EXERCISES, exercise
from livesing.train.corpus.factors import draw
from livesing.train.corpus.render import RATE as RENDER_RATE
from livesing.train.corpus.render import SOUNDFONT, played, produce
from livesing.train.corpus.score import Score, attacks
from livesing.train.corpus.sketch import RATE as SKETCH_RATE
from livesing.train.corpus.sketch import sketch
from livesing.train.notes_drums import drum_loop, machine
from livesing.train.notes_pairs import (
    LASTING,
    STRUCK,
    draw_voice,
    oscillated,
    played_two_ways,
    plucked_and_bowed,
    tune,
)

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
REPEATABLE = (
    48, 48, 48, 48, 49, 49, 49, 50, 51, 44, 44, 40, 40, 41, 42, 43, 45, 52, 52, 53, 19, 19, 16, 20, 21, 60,
    61, 56, 57, 68, 71, 73, 75, 89, 91, 95, 0, 0, 4, 11, 24,
)  # fmt: skip
INSTRUMENTS = len({*PROGRAMS, *SOFT, *REPEATABLE, *LASTING, *STRUCK})
COMPOSED, PLAIN, TWINS, BEATS, ALIKE, OTHERWISE = 400, 640, 980, 1780, 2440, 2740
SWELLING, ENSEMBLE, MIXED = 3400, 3700, 4100
"""Lessons of composed music; up to PLAIN exercises follow, then music in every way of playing, then twins,
from BEATS on drum loops and music with a beat, from ALIKE on pairs with as many onsets, and from OTHERWISE
on those of notes_pairs.py, from SWELLING on by oscillators alone, many of which begin slowly, from ENSEMBLE
on composed for ensembles, most with their own instruments, from MIXED on for strings that are plucked and
bowed at once."""
FEW, OWN = 0.2, 0.75
"""Of pieces that keep their instruments."""
SLOWEST_S = 0.25
"""Attack of an oscillator that swells."""
OSCILLATED, PAIRS_SKETCHED, PAIRS_PRODUCED, FIRST_FONT = 0.15, 0.25, 0.3, 0.65
LOOPS, MACHINE, PRODUCED_LOOPS = 0.5, 0.4, 0.35
ENSEMBLES = ("strings", "strings", "orchestra", "orchestra", "choir", "chamber", "piano")
WITH_A_BEAT = ("electronic", "electronic", "electronic", "drums", "chiptune", "metal", "band")
FASTEST = 2.0**0.4


class Lesson(NamedTuple):
    """sound: [n] at SLOW_RATE; attacks: (time in s, how much it counts)."""

    sound: Floats
    attacks: list[tuple[float, float]]


def paired(number: int) -> bool:
    """Whether lessons 2 n and 2 n + 1 are twins."""
    return TWINS <= number < BEATS or number >= ALIKE


def lesson(number: int, soundfonts: tuple[Path, ...] = SOUNDFONTS) -> Lesson:
    """The same one for a number, where the same soundfonts are there: composed pieces up to COMPOSED, then
    plain exercises, then from PLAIN on both in every way of playing. From TWINS on every other lesson is the
    one before with each note struck again: twice as many onsets, and nothing else is different. From BEATS on
    it is drum loops and music with a beat. From ALIKE on every other lesson is the one before on another
    instrument, shorter or longer. UsageError without fluidsynth."""
    twin = paired(number) and number % 2 == 1
    number -= twin
    rng = np.random.default_rng([number, 440])
    there = [font for font in soundfonts if font.is_file()] or [SOUNDFONT]
    if number >= OTHERWISE:
        return _otherwise_played(number, twin, rng, there)
    if number < TWINS and rng.random() < STEADY:
        return Lesson(_steady(rng), [(0.0, 1.0)])
    beat = BEATS <= number < ALIKE
    factors = draw(FIRST_SEED + number, SECONDS * (1.0 if number < PLAIN or beat else FASTEST))
    if beat:
        factors = replace(factors, texture=str(rng.choice(WITH_A_BEAT)))
    piece = compose(factors)
    loop = beat and rng.random() < LOOPS
    score = drum_loop(rng, SECONDS) if loop else _score(piece.score, number, twin, rng)
    if loop and rng.random() < MACHINE:
        sound, rate = machine(score, rng), MACHINE_RATE
    elif rng.random() < SKETCHED:
        sound, rate = sketch(score), SKETCH_RATE
    else:
        sound, rate = played(score, there[int(rng.integers(len(there)))]), RENDER_RATE
    sound = np.asarray(soxr.resample(sound, rate, RENDER_RATE), np.float32)
    if rng.random() < (PRODUCED_LOOPS if loop else PRODUCED):
        sound = produce(sound, piece)
    return Lesson(np.asarray(soxr.resample(sound, RENDER_RATE, SLOW_RATE), np.float32), attacks(score))


def _otherwise_played(number: int, twin: bool, rng: np.random.Generator, there: list[Path]) -> Lesson:
    """One of a pair, see notes_pairs.py."""
    factors = draw(FIRST_SEED + number, SECONDS)
    if rng.random() < 0.6 or number >= ENSEMBLE:
        factors = replace(factors, texture=str(rng.choice(ENSEMBLES)))
    piece = compose(factors)
    swells, ensemble, mixed = SWELLING <= number < ENSEMBLE, number >= ENSEMBLE, number >= MIXED
    drawn, composed, plain = rng.random(), 0.35, 0.5
    if mixed:
        composed, plain = 0.6, 0.7
    elif ensemble or swells:
        composed = float(ensemble)
    score = piece.score if drawn < composed else _plain(rng) if drawn < plain else tune(rng, SECONDS)
    voices, by = [draw_voice(rng) for _ in (0, 1)], rng.random()
    if swells:
        attack_s = float(0.03 * (SLOWEST_S / 0.03) ** rng.random())
        voices, by = [voice._replace(attack_s=max(voice.attack_s, attack_s)) for voice in voices], 0.0
    font = there[0 if rng.random() < FIRST_FONT else -1]
    produced = rng.random() < PAIRS_PRODUCED
    if mixed:
        score, other = plucked_and_bowed(score, rng, twin), False
    else:
        score, other = played_two_ways(score, rng, twin, OWN if ensemble else FEW)
    if by < OSCILLATED and not ensemble and not any(part.drums for part in score.parts):
        return Lesson(oscillated(score, voices[other]), attacks(score))
    if by < PAIRS_SKETCHED:
        sound, rate = sketch(score), SKETCH_RATE
    else:
        sound, rate = played(score, font), RENDER_RATE
    if produced:
        sound = produce(np.asarray(soxr.resample(sound, rate, RENDER_RATE), np.float32), piece)
        rate = RENDER_RATE
    return Lesson(np.asarray(soxr.resample(sound, rate, SLOW_RATE), np.float32), attacks(score))


def _score(composed: Score, number: int, twin: bool, rng: np.random.Generator) -> Score:
    """What is played in a lesson that is no drum loop."""
    if number < PLAIN:
        return _otherwise(composed if number < COMPOSED else _plain(rng), rng, number < COMPOSED)
    if BEATS <= number < ALIKE:
        return Score(composed.parts, SECONDS)
    score = composed if rng.random() < 0.6 else _plain(rng)
    if number < TWINS:
        return _every_way(score, rng)
    if number >= ALIKE:
        return _one_of_two(score, rng, int(twin))
    score = _repeatable(score, rng)
    return variants.doubled(score) if twin else score


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


def _repeatable(score: Score, rng: np.random.Generator) -> Score:
    """Mostly on one instrument whose tones last: what runs together when notes are repeated."""
    if rng.random() < 0.8:
        score = variants.on_program(score, int(rng.choice(REPEATABLE)))
    if rng.random() < 0.4:
        score = variants.detached(score, float(rng.uniform(0.4, 1.05)))
    score = variants.at_tempo(score, float(FASTEST ** rng.uniform(-1.0, 1.0)))
    score = variants.at_velocity(score, float(rng.uniform(0.7, 1.3)))
    return Score(score.parts, SECONDS)


def _one_of_two(score: Score, rng: np.random.Generator, which: int) -> Score:
    """A piece on one of two instruments, which hold its notes for longer or shorter."""
    programs, shares = rng.choice(REPEATABLE + PROGRAMS, 2), rng.uniform(0.3, 1.05, 2)
    score = variants.detached(variants.on_program(score, int(programs[which])), float(shares[which]))
    score = variants.at_tempo(score, float(FASTEST ** rng.uniform(-1.0, 1.0)))
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
