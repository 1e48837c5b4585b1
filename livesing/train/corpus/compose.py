"""Factors -> a score."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from livesing.train.corpus import drums
from livesing.train.corpus.factors import Factors, Feeling, feeling
from livesing.train.corpus.harmony import PROGRESSIONS, chord, spice
from livesing.train.corpus.players import Bar, Plan
from livesing.train.corpus.score import Part, Pulse, Score, attack_rate
from livesing.train.corpus.textures import HARSH, TEXTURES, Seat, instrument

INTRO_SHARE = 0.3
MODULATING_SHARE = 0.15
TRIPLE_SHARE = 0.2


class Piece(NamedTuple):
    """A composed piece. attack_rate: 1/s. percussion, harshness: 0..1. beats_s: when each beat is; every
    `metre`-th is a downbeat."""

    factors: Factors
    score: Score
    feeling: Feeling
    attack_rate: float
    percussion: float
    harshness: float
    mastered: float
    beats_s: tuple[float, ...]
    metre: int


def compose(factors: Factors) -> Piece:
    """The piece of these factors; the same one every time."""
    rng = np.random.default_rng([factors.seed, 2019])
    texture = TEXTURES[factors.texture]
    beats = (
        3 if rng.random() < TRIPLE_SHARE and factors.texture not in ("electronic", "metal", "drums") else 4
    )
    plan = _plan(factors, beats, texture.rubato, texture.swing, rng)
    seats = texture.choices[int(rng.integers(len(texture.choices)))]
    intro = _intro(factors, len(plan.bars), rng)
    parts = [
        part
        for seat in seats
        if rng.random() < seat.chance and (part := _seated(plan, seat, intro, len(seats))) is not None
    ]
    pattern = str(rng.choice(texture.drums)) if texture.drums else ""
    percussion = 0.0
    if pattern:
        kit = Part(0, drums=True, volume=100 if factors.texture == "drums" else 88)
        drums.play(plan, kit, plan.bars[intro:], pattern, sparse=factors.density < -0.2)
        percussion = drums.PATTERNS[pattern][0] * (0.7 + 0.3 * factors.density)
        parts.append(kit)
    score = Score(parts, factors.seconds)
    heard = [HARSH.get(part.program, 0.0) * min(1.0, part.volume / 100) for part in parts if not part.drums]
    harshness = max(heard, default=0.0)
    rate = attack_rate(score)
    felt = feeling(factors, rate, percussion, harshness)
    beats_s = tuple(plan.pulse.seconds(beat) for beat in range(int(np.ceil(plan.end_beat))))
    return Piece(factors, score, felt, rate, percussion, harshness, texture.mastered, beats_s, beats)


def _plan(factors: Factors, beats: int, rubato: float, swing: float, rng: np.random.Generator) -> Plan:
    progressions = PROGRESSIONS[factors.mode]
    symbols = progressions[int(rng.integers(len(progressions)))].split()
    answer = progressions[int(rng.integers(len(progressions)))].split()
    bar_s = beats * 60.0 / factors.bpm
    count = max(2, int(np.ceil(factors.seconds / bar_s)) + 1)
    # Slow pieces change the chord within the bar, fast ones every other bar.
    hold = 2 if bar_s < 1.6 and rng.random() < 0.6 else 1
    phrase = 8 if bar_s < 2.2 else 4
    tonic, bars = factors.tonic, []
    modulates = count // 2 if rng.random() < MODULATING_SHARE else count + 1
    line: list[str] = []
    while len(line) < count:
        line += answer if (len(line) // phrase) % 3 == 1 else symbols
    step = int(rng.choice([1, 2, 5, 7]))
    for index in range(count):
        here = (tonic + step) % 12 if index >= modulates else tonic
        symbol = line[index // hold]
        bars.append(Bar(index * beats, beats, chord(symbol, here), here, index % phrase / (phrase - 1)))
    spiced = spice([bar.chord for bar in bars], tonic, factors.dissonance, rng)
    for bar, current in zip(bars, spiced, strict=True):
        bar.chord = current
    pulse = Pulse(factors.bpm, count * beats, rubato, phrase * beats, rng)
    end_beat = next(b for b in range(count * beats + 8) if pulse.seconds(b) >= factors.seconds - 0.3)
    loose = 0.004 + 0.016 * rubato
    return Plan(factors, bars, pulse, rng, swing, loose, float(end_beat))


def _intro(factors: Factors, bars: int, rng: np.random.Generator) -> int:
    """Bars in which the late instruments and the drums are still silent."""
    bar_s = factors.seconds / bars
    if factors.texture == "drums" or rng.random() > INTRO_SHARE:
        return 0
    return min(int(rng.choice([2, 4])), max(1, round(7.0 / bar_s)))


def _seated(plan: Plan, seat: Seat, intro: int, seats: int) -> Part | None:
    factors = plan.factors
    program = instrument(seat.programs, factors.brightness, plan.rng)
    part = Part(program, volume=seat.volume, pan=int(plan.rng.integers(34, 95)))
    # A bass stays a bass; the others move by up to ten semitones.
    span = 4.0 if seat.centre < 50 else 10.0
    centre = seat.centre + span * factors.register
    bars = plan.bars if seat.early or seats == 1 else plan.bars[intro:]
    seat.player(plan, part, centre, bars)
    return part if part.notes else None
