"""Sounds for the tests, made from formulas: tones, chords, songs, drums, noise.

All return [n] float32, mono.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]


def seconds(rate: int, duration_s: float) -> NDArray[np.float64]:
    return np.arange(round(rate * duration_s)) / rate


def sine(rate: int, duration_s: float, hz: float, amplitude: float = 0.3) -> Sound:
    return (amplitude * np.sin(2 * np.pi * hz * seconds(rate, duration_s))).astype(np.float32)


def white(rate: int, duration_s: float, rms_db: float, seed: int = 0) -> Sound:
    noise = np.random.default_rng(seed).standard_normal(round(rate * duration_s))
    return (noise * 10 ** (rms_db / 20)).astype(np.float32)


def silence(rate: int, duration_s: float) -> Sound:
    return np.zeros(round(rate * duration_s), dtype=np.float32)


def add(sound: NDArray[np.floating], part: NDArray[np.floating], first: int) -> None:
    """Mix `part` into `sound` from sample `first` on; what stands out is cut off."""
    part = part[: max(0, sound.size - first)]
    sound[first : first + part.size] += part


def kick(rate: int) -> NDArray[np.float64]:
    t = seconds(rate, 0.25)
    hz = 45.0 + 75.0 * np.exp(-t / 0.03)
    return 0.45 * np.sin(2 * np.pi * np.cumsum(hz) / rate) * np.exp(-t / 0.09)


def rattle(rate: int, decay_s: float, amplitude: float, seed: int) -> NDArray[np.float64]:
    """A burst of noise: snare or hi-hat."""
    t = seconds(rate, 6 * decay_s)
    noise = np.random.default_rng(seed).standard_normal(t.size)
    return amplitude * noise * np.exp(-t / decay_s)


def drum_loop(rate: int, duration_s: float, bpm: float) -> tuple[Sound, NDArray[np.int64]]:
    """Hi-hat on every eighth, kick on one and three, kick and snare on two and four.

    Returns the sound and the sample of every attack; the even ones are beats.
    """
    sound = np.zeros(round(rate * duration_s))
    eighth = 30.0 / bpm * rate
    attacks = np.arange(0.25 * rate, sound.size - 0.1 * rate, eighth).astype(np.int64)
    for index, first in enumerate(attacks):
        add(sound, rattle(rate, 0.015, 0.06, index), first)
        if index % 2 == 0:
            add(sound, kick(rate) * (0.7 if index % 4 else 1.0), first)
        if index % 4 == 2:
            add(sound, rattle(rate, 0.06, 0.13, index), first)
    return sound.astype(np.float32), attacks


def note(rate: int, duration_s: float, pitch: float, brightness: float) -> NDArray[np.float64]:
    """A struck note. pitch: MIDI; brightness: 0..1, how strong the overtones are."""
    t = seconds(rate, duration_s)
    hz = 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)
    partials = [k for k in range(1, 9) if k * hz < 0.45 * rate]
    wave = sum(brightness ** (k - 1) / k * np.sin(2 * np.pi * k * hz * t) for k in partials)
    # Without a release, its end would be heard as a click, and counted as an onset.
    return wave * np.minimum(1.0, t / 0.005) * np.exp(-t / 0.5) * np.minimum(1.0, (duration_s - t) / 0.1)


def song(
    rate: int,
    duration_s: float,
    *,
    minor: bool,
    bpm: float = 96.0,
    gain: float = 0.1,
    key: float = 0.0,
    notes_per_beat: int = 2,
    brightness: float = 0.6,
) -> Sound:
    """Broken chords over I IV V I, or the same with minor I and IV. key: semitones over C."""
    sound = np.zeros(round(rate * duration_s))
    step = 60.0 / bpm / notes_per_beat
    for index in range(int(duration_s / step)):
        chord = index // (4 * notes_per_beat) % 4
        root = 60.0 + key + (0.0, 5.0, 7.0, 0.0)[chord]
        third = 3.0 if minor and chord != 2 else 4.0
        pitch = root + (0.0, third, 7.0, 12.0)[index % 4]
        if index % 4 == 0:
            add(sound, gain * note(rate, 2.0, root - 12.0, brightness), int(index * step * rate))
        add(sound, gain * note(rate, 1.0, pitch, brightness), int(index * step * rate))
    return sound.astype(np.float32)


def cut(sound: Sound, size: int | None, seed: int = 0) -> Iterator[Sound]:
    """The sound in blocks of `size`, or of random sizes 1..8192 for None."""
    rng = np.random.default_rng(seed)
    first = 0
    while first < sound.size:
        last = first + (size if size else int(rng.integers(1, 8193)))
        yield sound[first:last]
        first = last
