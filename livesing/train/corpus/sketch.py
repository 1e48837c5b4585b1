"""A score as sound by a few lines of numpy: rough, the same everywhere, without a soundfont."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from livesing.audio.demo_drums import DRUMS, RATE
from livesing.audio.framing import Floats
from livesing.audio.synth import damped_partials, frequency_hz
from livesing.train.corpus import drums
from livesing.train.corpus.score import Note, Part, Score

__all__ = ["RATE", "sketch"]


class Timbre(NamedTuple):
    """attack_s and release_s; partials: how many; slope: their amplitudes are k^-slope; decay: of the first
    one, 1/s; damping: the share of it that each further one adds."""

    attack_s: float
    release_s: float
    partials: int
    slope: float
    decay: float
    damping: float


STRUCK = Timbre(0.003, 0.12, 14, 1.5, 1.2, 0.35)
PLUCKED = Timbre(0.002, 0.10, 12, 1.2, 2.5, 0.6)
BELL = Timbre(0.002, 0.4, 6, 1.0, 1.5, 0.8)
BOWED = Timbre(0.045, 0.12, 14, 1.3, 0.0, 0.0)
BLOWN = Timbre(0.03, 0.06, 8, 1.6, 0.0, 0.0)
PIPES = Timbre(0.02, 0.10, 6, 0.8, 0.0, 0.0)
REED = Timbre(0.005, 0.03, 20, 1.0, 0.0, 0.0)
PAD = Timbre(0.09, 0.3, 8, 1.4, 0.0, 0.0)
LOW = Timbre(0.006, 0.05, 6, 1.4, 0.8, 0.5)

FAMILIES: tuple[tuple[range, Timbre], ...] = (
    (range(8), STRUCK), (range(8, 16), BELL), (range(16, 24), PIPES), (range(24, 29), PLUCKED),
    (range(29, 32), REED), (range(32, 40), LOW), (range(40, 45), BOWED), (range(45, 48), PLUCKED),
    (range(48, 56), BOWED), (range(56, 80), BLOWN), (range(80, 88), REED), (range(88, 104), PAD),
    (range(104, 128), PLUCKED),
)  # fmt: skip
"""General MIDI programs."""

KIT: Mapping[int, str] = {
    drums.KICK: "kick", drums.SNARE: "snare", drums.RIM: "snap", drums.CLAP: "clap", drums.CLOSED: "hat",
    drums.OPEN: "open_hat", drums.RIDE: "hat", drums.CRASH: "cymbal", drums.TOM: "tom", drums.LOW_TOM: "tom",
    drums.SHAKER: "shaker", drums.CONGA: "tom",
}  # fmt: skip
"""Of the demo piece's kit."""

LEVEL, KIT_LEVEL = 0.12, 0.35
HIGHEST_HZ = 12_000.0
BRIGHTER = 0.8
"""What a note struck as hard as can be takes off the slope of its partials, beside one hardly touched."""
TIERS = 4


@lru_cache(maxsize=4096)
def _tone(timbre: Timbre, pitch: int, tier: int, frames: int) -> Floats:
    """[frames] of a note that is not yet shaped."""
    hz = frequency_hz(pitch)
    count = max(1, min(timbre.partials, int(HIGHEST_HZ / hz)))
    k = np.arange(1, count + 1, dtype=float)
    amplitude = k ** -(timbre.slope + BRIGHTER * (0.5 - (tier + 0.5) / TIERS))
    amplitude /= np.sqrt(np.sum(amplitude**2))
    decay = timbre.decay * (hz / 260.0) ** 0.5 * (1.0 + timbre.damping * (k - 1))
    # Partials that begin together would make a click; golden angles spread them.
    phase = 2.4 * k**2 + 0.7 * pitch
    return damped_partials(k * hz, amplitude, decay, phase, frames)


def _shaped(timbre: Timbre, note: Note) -> Floats:
    held = max(int(note.duration_s * RATE), 1)
    release = int(timbre.release_s * RATE)
    tier = min(note.velocity * TIERS // 128, TIERS - 1)
    # Rounded up, so that equal notes are made once.
    frames = -(-(held + release) // 4096) * 4096
    sound = _tone(timbre, note.pitch, tier, frames)[: held + release].copy()
    # A short note is struck or bowed as quickly as it has to be.
    rise = min(int(timbre.attack_s * RATE), max(held // 3, 1))
    sound[:rise] *= np.linspace(0.0, 1.0, rise, dtype=np.float32)
    sound[held:] *= np.linspace(1.0, 0.0, release, dtype=np.float32) ** 2
    return sound


@lru_cache(maxsize=256)
def _hit(name: str, pitch: int) -> Floats:
    drum = DRUMS[name]
    frames = int((drum.ring_s or 0.3) * RATE)
    wave = np.atleast_2d(drum.wave(frequency_hz(pitch), frames))
    return np.asarray(wave.mean(axis=0) * drum.gain, np.float32)


def sketch(score: Score) -> Floats:
    """[n] mono samples at RATE, full scale +-1, as loud as it was played, dry."""
    sound: Floats = np.zeros(round(score.seconds * RATE), dtype=np.float32)
    for part in score.parts:
        for note in part.notes:
            wave = _played(part, note)
            first = int(note.start_s * RATE)
            part_of_it = wave[: max(0, sound.size - first)]
            level = (note.velocity / 100.0) ** 1.7 * part.volume / 100.0
            sound[first : first + part_of_it.size] += np.float32(level) * part_of_it
    return np.clip(sound, -1.0, 1.0)


def _played(part: Part, note: Note) -> Floats:
    if part.drums:
        name = KIT.get(note.pitch)
        return np.zeros(0, np.float32) if name is None else np.float32(KIT_LEVEL) * _hit(name, note.pitch)
    timbre = next(timbre for programs, timbre in FAMILIES if part.program in programs)
    return np.float32(LEVEL) * _shaped(timbre, note)
