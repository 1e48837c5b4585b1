"""What is chosen for a piece, and the feeling that published effects give it.

Listeners add up the cues of expressed emotion (Eerola, Friberg & Bresin 2013: mode > tempo > register >
dynamics > articulation > timbre, no interactions). The rate of attacks, loudness and tempo drive arousal;
mode drives valence, and the rate of attacks comes second (Ilie & Thompson 2006, Battcock & Schutz 2019).
Register on valence is disputed and left out. Cues are drawn independently of each other, so that a fast and
loud piece in minor is as usual as a slow and soft one in major.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

MODES: dict[str, float] = {
    "major": 1.0,
    "lydian": 0.9,
    "mixolydian": 0.6,
    "axis": 0.4,
    "blues": 0.1,
    "dorian": -0.4,
    "axis_minor": -0.5,
    "minor": -1.0,
    "harmonic_minor": -1.0,
    "phrygian": -1.0,
}
"""How major a mode sounds, -1..1. The axis modes go round four chords that major and its relative minor
share, and only beginning, bass and melody tell which of the two is meant."""

MODE_SHARES = {
    "major": 0.30, "lydian": 0.03, "mixolydian": 0.06, "axis": 0.10, "blues": 0.03,
    "dorian": 0.05, "axis_minor": 0.08, "minor": 0.17, "harmonic_minor": 0.14, "phrygian": 0.04,
}  # fmt: skip

TEXTURE_SHARES = {
    "piano": 0.30, "strings": 0.07, "chamber": 0.06, "orchestra": 0.08, "choir": 0.05, "band": 0.09,
    "ballad": 0.06, "electronic": 0.07, "ambient": 0.05, "jazz": 0.05, "metal": 0.04, "voice": 0.04,
    "chiptune": 0.02, "drums": 0.02,
}  # fmt: skip


@dataclass(frozen=True)
class Factors:
    """One piece before it is composed."""

    seed: int
    texture: str  # a key of TEXTURE_SHARES
    mode: str  # a key of MODES
    tonic: int  # 0..11, C = 0
    bpm: float  # quarter notes a minute
    density: float  # -1 long notes .. 1 sixteenths
    dynamics: float  # -1 pianissimo .. 1 fortissimo
    articulation: float  # -1 legato .. 1 staccato
    register: float  # -1 low .. 1 high
    brightness: float  # -1 dull .. 1 bright: instruments, equaliser
    dissonance: float  # 0 plain chords .. 1 clusters, tritones, chromatic chords
    seconds: float = 24.0


class Feeling(NamedTuple):
    """What a listener is expected to hear in a piece, in units near one standard deviation."""

    valence: float
    arousal: float


def draw(seed: int, seconds: float = 24.0) -> Factors:
    """The factors of piece number `seed`; its neighbours are independent of it."""
    rng = np.random.default_rng([seed, 1912])
    texture = str(rng.choice(list(TEXTURE_SHARES), p=list(TEXTURE_SHARES.values())))
    mode = str(rng.choice(list(MODE_SHARES), p=list(MODE_SHARES.values())))
    return Factors(
        seed=seed,
        texture=texture,
        mode=mode,
        tonic=int(rng.integers(12)),
        bpm=float(2 ** rng.uniform(math.log2(54.0), math.log2(178.0))),
        density=float(rng.uniform(-1, 1)),
        dynamics=float(rng.uniform(-1, 1)),
        articulation=float(rng.uniform(-1, 1)),
        register=float(rng.uniform(-1, 1)),
        brightness=float(rng.uniform(-1, 1)),
        dissonance=float(max(0.0, rng.uniform(-1.6, 1.0))),
        seconds=seconds,
    )


USUAL_ATTACKS = math.log2(2.6)
ATTACKS_SPREAD = 0.95
"""Octaves: mean and standard deviation of the attack rates of the corpus."""


def feeling(factors: Factors, attack_rate: float, percussion: float, harshness: float) -> Feeling:
    """The additive model.

    attack_rate: 1/s, moments of the score at which something is struck (see score.attack_rate).
    percussion: 0..1, share of drums. harshness: 0..1, distortion and noise of the instruments.
    """
    mode = 0.0 if factors.texture == "drums" else MODES[factors.mode]
    attacks = (math.log2(max(attack_rate, 0.2)) - USUAL_ATTACKS) / ATTACKS_SPREAD
    attacks = min(max(attacks, -2.5), 2.0)
    tempo = (math.log2(factors.bpm) - math.log2(98.0)) / 0.5
    # Uniform in -1..1: a standard deviation of .58.
    dynamics, staccato = factors.dynamics / 0.58, factors.articulation / 0.58
    bright = factors.brightness / 0.58
    valence = (
        0.70 * mode / 0.8
        + 0.25 * attacks
        + 0.10 * tempo
        + 0.15 * staccato
        - 0.05 * dynamics
        + 0.05 * bright
        - 0.45 * factors.dissonance
        - 0.45 * harshness
    )
    arousal = (
        0.50 * attacks
        + 0.15 * tempo
        + 0.42 * dynamics
        + 0.12 * staccato
        + 0.18 * bright
        + 0.35 * percussion
        + 0.55 * harshness
        + 0.15 * factors.dissonance
    )
    return Feeling(valence, arousal)
