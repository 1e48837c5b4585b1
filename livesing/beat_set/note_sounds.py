"""Pitched sounds for the pieces of the beat set: sums of decaying partials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from livesing.beat_set.drum_sounds import RATE, Random, Wave


@dataclass(frozen=True)
class Voice:
    """An instrument.

    partials   how many overtones, at most
    slope      amplitude of overtone k is k ** -slope
    odd        share of the even overtones that is left: 1 all, 0 a clarinet or a square wave
    attack_s   s  time to full level
    decay_s    s  time constant of the fundamental's decay; 0: sustained
    damping    how much faster an overtone decays: 1 / decay_s * (1 + damping * (k - 1))
    release_s  s  after the end of the note
    players    detuned doubles
    detune     cents between them
    vibrato    cents
    stretch    inharmonicity of a stiff string, B in f_k = k f sqrt(1 + B k^2)
    level      peak of a full note in the mix
    """

    partials: int = 12
    slope: float = 1.0
    odd: float = 1.0
    attack_s: float = 0.004
    decay_s: float = 0.0
    damping: float = 0.0
    release_s: float = 0.08
    players: int = 1
    detune: float = 0.0
    vibrato: float = 0.0
    stretch: float = 0.0
    level: float = 0.25


VOICES: dict[str, Voice] = {
    "sub": Voice(partials=2, slope=2.5, attack_s=0.008, decay_s=0.9, level=0.5),
    "saw_bass": Voice(partials=14, slope=1.1, decay_s=0.35, damping=0.5, level=0.4),
    "reese": Voice(partials=10, slope=1.0, attack_s=0.02, players=3, detune=14, level=0.4),
    "finger_bass": Voice(partials=8, slope=1.5, attack_s=0.008, decay_s=0.7, damping=0.6, level=0.45),
    "upright": Voice(partials=7, slope=1.4, attack_s=0.012, decay_s=0.5, damping=0.9, level=0.4),
    "piano": Voice(partials=12, slope=1.25, decay_s=1.1, damping=0.25, stretch=4e-4, players=2, detune=1.5),
    "electric_piano": Voice(partials=6, slope=1.9, decay_s=1.2, damping=0.8, level=0.22),
    "organ": Voice(partials=8, slope=0.9, attack_s=0.012, release_s=0.05, level=0.15),
    "stab": Voice(partials=16, slope=0.9, decay_s=0.18, damping=0.2, players=3, detune=12, level=0.22),
    "pluck": Voice(partials=12, slope=1.0, decay_s=0.25, damping=0.35, level=0.22),
    "guitar": Voice(partials=14, slope=1.0, decay_s=0.9, damping=0.35, level=0.22),
    "distorted": Voice(partials=18, slope=0.6, odd=0.8, decay_s=2.0, players=2, detune=6, level=0.2),
    "harp": Voice(partials=8, slope=1.5, decay_s=0.8, damping=0.7, level=0.25),
    "bell": Voice(partials=5, slope=1.0, decay_s=0.9, damping=0.6, stretch=2e-2, level=0.2),
    "pad": Voice(partials=10, slope=1.2, attack_s=0.35, release_s=0.6, players=3, detune=10, level=0.14),
    "strings": Voice(
        partials=12, slope=1.1, attack_s=0.07, release_s=0.18, players=3, detune=9, vibrato=12, level=0.2
    ),
    "pizzicato": Voice(partials=8, slope=1.5, decay_s=0.16, damping=0.8, level=0.3),
    "flute": Voice(partials=4, slope=1.8, attack_s=0.04, vibrato=15, level=0.2),
    "voice": Voice(partials=14, slope=1.0, attack_s=0.05, vibrato=28, release_s=0.12, level=0.3),
    "brass": Voice(partials=14, slope=0.9, attack_s=0.03, vibrato=8, release_s=0.08, level=0.25),
    "square": Voice(partials=16, slope=1.0, odd=0.0, level=0.15),
    "marimba": Voice(partials=3, slope=1.6, decay_s=0.25, damping=1.5, stretch=0.3, level=0.3),
    "accordion": Voice(partials=12, slope=0.8, attack_s=0.03, players=2, detune=14, level=0.18),
}


def note(voice: Voice, pitch: float, duration_s: float, random: Random) -> Wave:
    """One note. pitch: MIDI number. [n] float32, peak 1."""
    struck = voice.decay_s > 0
    length_s = (
        min(duration_s + voice.release_s, 5 * voice.decay_s) if struck else duration_s + voice.release_s
    )
    t = np.arange(max(64, round(length_s * RATE))) / RATE
    base = 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)
    wave = np.zeros(t.size, dtype=np.complex128)
    for player in range(voice.players):
        cents = (player - (voice.players - 1) / 2.0) * voice.detune + random.normal(0, 0.6)
        hz = base * 2.0 ** (cents / 1200.0)
        turns = hz * t
        if voice.vibrato:
            rate = random.uniform(4.8, 6.2)
            depth = voice.vibrato / 1200.0 * np.log(2.0) * hz / (2 * np.pi * rate)
            turns = turns + depth * np.sin(2 * np.pi * rate * t) * np.minimum(t / 0.25, 1.0)
        wave += _partials(voice, hz, turns, t, random)
    envelope = np.minimum(t / voice.attack_s, 1.0)
    release = max(voice.release_s, 0.01)
    envelope *= np.clip((length_s - t) / release, 0.0, 1.0)
    sound = wave.imag * envelope
    return np.asarray(sound / (np.abs(sound).max() + 1e-9), dtype=np.float32)


def _partials(
    voice: Voice, hz: float, turns: NDArray[np.float64], t: NDArray[np.float64], random: Random
) -> NDArray[np.complex128]:
    total = np.zeros(t.size, dtype=np.complex128)
    if not voice.stretch:
        # Harmonic partials are the powers of one turning number: no cosine for each.
        turning = np.exp(2j * np.pi * turns)
        power = np.ones(t.size, dtype=np.complex128)
    for k in range(1, voice.partials + 1):
        ratio = k * np.sqrt(1.0 + voice.stretch * k * k)
        if not voice.stretch:
            power = power * turning
        if ratio * hz > 0.4 * RATE:
            break
        tone = np.exp(2j * np.pi * ratio * turns) if voice.stretch else power
        amplitude = k**-voice.slope * (voice.odd if k % 2 == 0 else 1.0)
        weight = amplitude * np.exp(1j * random.uniform(0, 2 * np.pi))
        if voice.decay_s > 0:
            total += weight * tone * np.exp(-t * ((1.0 + voice.damping * (k - 1)) / voice.decay_s))
        else:
            total += weight * tone
    return total
