"""The instruments of the demo piece: additive, subtractive and FM tones and a drum kit, in numpy.

An instrument's `wave` is the free-running sound of one pitch; `Instrument` says how it is shaped
and where it goes. Everything is deterministic: noise comes from fixed seeds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from livesing.audio.demo_drums import DRUMS, RATE, Wave, noise_sweep

# The last argument is brightness, 0..1, from the velocity of the note.
Voice = Callable[[float, int, float], Wave]


@dataclass(frozen=True, slots=True)
class Instrument:
    """How an instrument sounds and where it goes in the mix."""

    voice: Voice  # (frequency in Hz, frames, brightness) -> (2, frames) or (frames,) float32
    gain: float = 1.0  # linear, on top of the note's velocity
    attack_s: float = 0.002
    release_s: float = 0.08  # rings on this long after the note's end
    ring_s: float = 0.0  # not 0: struck, sounds at most this long, whatever the note's length
    send: float = 0.2  # share that goes to the reverb
    duck: float = 0.0  # how far the kick drum pushes it down, 0..1
    pitched: bool = True
    shaped: bool = False  # the wave follows the length of the note (a riser), it is never cut
    tiers: int = 1  # how many brightnesses are told apart


def damped_partials(
    frequency: np.ndarray, amplitude: np.ndarray, decay: np.ndarray, phase: np.ndarray, frames: int
) -> Wave:
    """Sum of exponentially damped sinusoids: a cos(2 pi f t + phase) exp(-decay t).

    Each argument is (K,): Hz, linear, 1/s, radians. Returns (frames,) float32. With
    t = block + offset the exponential is a product of two short ones, so that the whole sum is one
    matrix product instead of K * frames cosines.
    """
    block = 512
    rotation = (-decay + 2j * np.pi * frequency) / RATE  # (K,)
    blocks = -(-frames // block)
    coarse = np.exp(np.outer(np.arange(blocks) * block, rotation))  # (blocks, K)
    coarse *= amplitude * np.exp(1j * phase)
    fine = np.exp(np.outer(rotation, np.arange(block)))  # (K, block)
    left = np.concatenate([coarse.real, -coarse.imag], axis=1).astype(np.float32)
    right = np.concatenate([fine.real, fine.imag], axis=0).astype(np.float32)
    return np.asarray((left @ right).reshape(-1)[:frames])


def harmonics(phase: np.ndarray, amplitude: np.ndarray) -> Wave:
    """Sum of a_k sin(k phase), k = 1..K, for a phase that moves freely (vibrato, glides).

    `phase` (frames,) radians, `amplitude` (K,); Clenshaw's recurrence, so that each harmonic costs
    two multiplications and no sine.
    """
    turns = _turns(phase / (2 * np.pi))
    double_cosine = 2 * np.cos(turns)
    this, last = np.zeros_like(turns), np.zeros_like(turns)
    for weight in amplitude[::-1]:
        # b_k = a_k + 2 cos(phase) b_{k+1} - b_{k+2}, in the room of b_{k+2}
        np.subtract(np.float32(weight), last, out=last)
        last += double_cosine * this
        this, last = last, this
    return np.asarray(this * np.sin(turns))


def _harmonic_numbers(frequency: float, highest_hz: float, most: int) -> np.ndarray:
    count = int(min(most, max(1.0, min(highest_hz, 15000.0) // frequency)))
    return np.arange(1, count + 1, dtype=float)


def _low_pass(frequency: np.ndarray, cutoff_hz: float, order: int = 4) -> np.ndarray:
    """Magnitude of a Butterworth low-pass."""
    return 1.0 / np.sqrt(1.0 + (frequency / cutoff_hz) ** order)


def _ensemble(
    frequency: float,
    frames: int,
    _brightness: float,
    *,
    cutoff_hz: float,
    detune_cents: float,
    players: int,
    decay: float = 0.0,
    damping: float = 0.0,
    slope: float = 1.0,
) -> Wave:
    """Saw-like tone of several detuned players, other players on the left than on the right.

    `slope` is the fall of the harmonics before the low-pass (1 = saw), `decay` in 1/s the fall of
    the whole tone, `damping` the extra fall of each harmonic above the first, which closes the
    filter as the note goes on.
    """
    k = _harmonic_numbers(frequency, 3.0 * cutoff_hz, 32)
    level = k**-slope * _low_pass(k * frequency, cutoff_hz) / np.sqrt(players)
    sides = []
    for side in range(2):
        random = np.random.default_rng([side, int(frequency * 8)])
        cents = np.linspace(-detune_cents, detune_cents, players) + random.normal(0, 1.0, players)
        ratio = 2.0 ** (cents / 1200.0)
        sides.append(
            damped_partials(
                np.outer(ratio, k).ravel() * frequency,
                np.tile(level, players),
                np.tile(decay + damping * (k - 1), players),
                random.uniform(0, 2 * np.pi, players * k.size),
                frames,
            )
        )
    left, right = sides
    # Each side hears half of the other: wide, yet it survives being summed to mono.
    return np.float32(0.87) * np.stack([left + 0.45 * right, right + 0.45 * left])


def _piano(frequency: float, frames: int, brightness: float) -> Wave:
    """Felt piano: stiff strings (f_k = k f sqrt(1 + B k^2)), two a note, beating slowly."""
    k = _harmonic_numbers(frequency, 7000.0, 18)
    stretched = k * frequency * np.sqrt(1.0 + 3e-4 * (frequency / 220.0) * k**2)
    level = k ** (-1.9 + 0.7 * brightness) * _low_pass(stretched, 900.0 + 2600.0 * brightness, 2)
    level *= 0.35 + np.abs(np.sin(np.pi * k / 8.0))  # the hammer strikes at an eighth
    decay = 0.55 * (frequency / 220.0) ** 0.55 * (1.0 + 0.28 * (k - 1))
    sides = []
    for cents in (-0.7, 0.8):  # a string for each side, and one common to both
        ratio = 2.0 ** (cents / 1200.0)
        sides.append(
            damped_partials(
                np.concatenate([stretched, stretched * ratio]),
                np.concatenate([level, 0.6 * level]),
                np.concatenate([decay, 0.6 * decay]),
                np.full(2 * k.size, -np.pi / 2),
                frames,
            )
        )
    return np.stack(sides)


def _pluck(frequency: float, frames: int, brightness: float) -> Wave:
    """Between harp and kalimba: few harmonics, the higher the shorter, and a wooden tick."""
    k = _harmonic_numbers(frequency, 9000.0, 12)
    level = k ** (-1.5 + 0.5 * brightness)
    decay = 2.2 * (frequency / 440.0) ** 0.4 * (1.0 + 0.75 * (k - 1))
    tick_hz = min(frequency * 5.4, 7000.0)
    return damped_partials(
        np.append(k * frequency, tick_hz),
        np.append(level, 0.3),
        np.append(decay, 60.0),
        np.full(k.size + 1, -np.pi / 2),
        frames,
    )


def _bell(frequency: float, frames: int, _brightness: float) -> Wave:
    """FM bell (ratio 3.5, falling index: Chowning 1973), a sine below to give it a body."""
    t = np.arange(frames) / RATE
    index = (1.1 * np.exp(-2.8 * t)).astype(np.float32)
    fall = np.exp(-1.5 * t).astype(np.float32)
    sides = []
    for ratio in (1.0, 1.0012):
        carrier = _turns(frequency * ratio * t)
        modulator = _turns(3.5 * frequency * ratio * t)
        tone = np.sin(carrier + index * np.sin(modulator)) + np.float32(0.3) * np.sin(carrier)
        sides.append(tone * fall)
    return np.stack(sides)


def _turns(cycles: np.ndarray) -> Wave:
    """Radians of a phase in cycles, wrapped first: float32 has too few digits for a long one."""
    return (2 * np.pi * (cycles - np.floor(cycles))).astype(np.float32)


def _vibrato_phase(frequency: float, frames: int, depth_cents: float, rate_hz: float) -> np.ndarray:
    """Phase of a tone whose vibrato sets in after the attack."""
    t = np.arange(frames) / RATE
    depth = np.log(2) / 1200.0 * depth_cents * np.clip((t - 0.18) / 0.5, 0.0, 1.0)
    bend = depth * np.sin(2 * np.pi * rate_hz * t)
    return np.asarray(2 * np.pi * np.cumsum(frequency * (1.0 + bend)) / RATE)


def _flute(frequency: float, frames: int, brightness: float) -> Wave:
    """Breathy flute: four harmonics, a late vibrato, noise around the pitch."""
    level = np.array([1.0, 0.32 + 0.15 * brightness, 0.16, 0.05, 0.02])
    tone = harmonics(_vibrato_phase(frequency, frames, 14.0, 5.1), level)
    breath = noise_sweep(frames, frequency * 2.0, frequency * 2.0, 0.35, seed=int(frequency))
    return np.asarray(tone + 0.05 * breath)


def _cello(frequency: float, frames: int, brightness: float) -> Wave:
    """Bowed string: saw through body resonances near 240, 480 and 1100 Hz, with vibrato."""
    k = _harmonic_numbers(frequency, 4500.0, 24)
    hz = k * frequency
    body = sum(
        weight * np.exp(-(np.log2(hz / centre) ** 2) / 0.18)
        for centre, weight in ((240.0, 1.0), (480.0, 0.8), (1100.0, 0.45))
    )
    level = (0.25 + body) / k * _low_pass(hz, 1100.0 + 1500.0 * brightness)
    left = harmonics(_vibrato_phase(frequency * 0.9988, frames, 17.0, 5.0), level)
    right = harmonics(_vibrato_phase(frequency * 1.0012, frames, 15.0, 5.4), level)
    return np.stack([0.8 * left + 0.5 * right, 0.5 * left + 0.8 * right])


def _bass(frequency: float, frames: int, _brightness: float) -> Wave:
    """Plucked synthesiser bass: a saw whose filter shuts quickly, over a steady sine."""
    k = _harmonic_numbers(frequency, 2600.0, 30)
    level = 0.7 / k * _low_pass(k * frequency, 1300.0)
    level[0] = 1.0
    tone = damped_partials(k * frequency, level, 1.5 + 1.15 * (k - 1), np.full(k.size, -np.pi / 2), frames)
    return np.tanh(1.4 * tone)


def _soft_bass(frequency: float, frames: int, _brightness: float, *, decay: float) -> Wave:
    """Round bass: the fundamental and three weak harmonics, so that small speakers hear it too."""
    k = np.arange(1, 5, dtype=float)
    level = np.array([1.0, 0.35, 0.16, 0.06])
    return damped_partials(k * frequency, level, decay * (1 + 0.8 * (k - 1)), np.full(4, -np.pi / 2), frames)


def _wind(frequency: float, frames: int, _brightness: float) -> Wave:
    """Air that swells and dies: two bands of noise, one for each side."""
    swell = np.sin(np.pi * np.linspace(0.0, 1.0, frames)) ** 2
    sides = [
        noise_sweep(frames, frequency * a, frequency * b, 0.5, seed=s)
        for s, a, b in ((11, 2.0, 3.6), (12, 3.4, 2.2))
    ]
    return np.stack(sides) * swell.astype(np.float32)


def _tones() -> dict[str, Instrument]:
    pad = partial(_ensemble, cutoff_hz=900.0, detune_cents=7.0, players=3, slope=1.3)
    strings = partial(_ensemble, cutoff_hz=620.0, detune_cents=11.0, players=3)
    saw_pad = partial(_ensemble, cutoff_hz=2600.0, detune_cents=13.0, players=3)
    drone = partial(_ensemble, cutoff_hz=240.0, detune_cents=5.0, players=2)
    saw = partial(_ensemble, detune_cents=12.0)
    return {
        "pad": Instrument(pad, 0.027, 1.1, 1.9, send=0.5, duck=0.3),
        "strings": Instrument(strings, 0.05, 0.7, 1.4, send=0.45),
        "saw_pad": Instrument(saw_pad, 0.055, 0.35, 0.9, send=0.4, duck=0.75),
        "drone": Instrument(drone, 0.085, 0.6, 1.2, send=0.2),
        "sub": Instrument(partial(_soft_bass, decay=0.12), 0.075, 0.5, 1.2, send=0.15),
        "piano": Instrument(_piano, 0.09, 0.004, 0.6, send=0.42, tiers=3),
        "low_piano": Instrument(_piano, 0.1, 0.004, 1.4, send=0.5),
        "pluck": Instrument(_pluck, 0.27, 0.001, 0.5, 1.8, send=0.3, tiers=3),
        "bell": Instrument(_bell, 0.085, 0.002, 0.9, 3.2, send=0.6),
        "flute": Instrument(_flute, 0.12, 0.045, 0.14, send=0.35),
        "cello": Instrument(_cello, 0.125, 0.12, 0.3, send=0.45, tiers=3),
        "ostinato": Instrument(
            partial(saw, cutoff_hz=700.0, players=2, decay=5.0, damping=3.0),
            0.26,
            0.003,
            0.1,
            0.6,
            send=0.25,
        ),
        "round_bass": Instrument(partial(_soft_bass, decay=1.3), 0.17, 0.006, 0.12, send=0.08),
        "bass": Instrument(_bass, 0.25, 0.003, 0.05, send=0.02, duck=0.55),
        "saw_pluck": Instrument(
            partial(saw, cutoff_hz=4500.0, players=2, decay=5.0, damping=1.6),
            0.16,
            0.002,
            0.05,
            0.7,
            send=0.28,
            duck=0.45,
        ),
        "stab": Instrument(
            partial(saw, cutoff_hz=3200.0, players=3, decay=4.0, damping=0.9),
            0.18,
            0.003,
            0.12,
            0.8,
            send=0.25,
            duck=0.4,
        ),
        "lead": Instrument(
            partial(saw, cutoff_hz=3600.0, players=3, decay=0.6, damping=0.15),
            0.185,
            0.012,
            0.16,
            send=0.3,
            duck=0.2,
        ),
        "wind": Instrument(_wind, 0.1, 0.5, 0.5, send=0.4, shaped=True),
    }


def _struck(wave: Callable[[float, int], Wave], frequency: float, frames: int, _brightness: float) -> Wave:
    return wave(frequency, frames)


def _drums() -> dict[str, Instrument]:
    return {
        name: Instrument(
            partial(_struck, drum.wave),
            drum.gain,
            attack_s=0.0007,
            release_s=drum.release_s,
            ring_s=drum.ring_s,
            send=drum.send,
            pitched=drum.tuned,
            shaped=not drum.ring_s,
        )
        for name, drum in DRUMS.items()
    }


INSTRUMENTS: dict[str, Instrument] = {**_tones(), **_drums()}
"""Every instrument a score may name."""


def frequency_hz(pitch: int) -> float:
    """Equal temperament, A4 = MIDI 69 = 440 Hz."""
    return float(440.0 * 2.0 ** ((pitch - 69) / 12.0))
