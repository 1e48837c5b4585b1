"""The drum kit and the effects of the demo piece: struck tones and shaped noise.

Also holds the rate and the noise generator that the tonal instruments share.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE = 44100
"""Frames a second of everything the demo piece renders."""

Wave = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Drum:
    """One sound of the kit."""

    wave: Callable[[float, int], Wave]  # (frequency in Hz, frames) -> (frames,) or (2, frames)
    gain: float
    ring_s: float = 0.0  # length of the stroke; 0 = as long as the note (risers)
    send: float = 0.08  # share that goes to the reverb
    release_s: float = 0.02
    tuned: bool = False


def noise_sweep(frames: int, start_hz: float, end_hz: float, width_octaves: float, *, seed: int) -> Wave:
    """Noise in a band that glides from `start_hz` to `end_hz`, unit RMS, (frames,) float32.

    The band is a Gaussian in log frequency, drawn in short overlapping spectra.
    """
    size = 2048
    hop = size // 2
    count = frames // hop + 2
    random = np.random.default_rng(seed)
    window = np.sin(np.pi * (np.arange(size) + 0.5) / size).astype(np.float32)
    spectra = np.fft.rfft(random.standard_normal((count, size), dtype=np.float32) * window)
    centre = np.log2(start_hz) + np.linspace(0.0, 1.0, count) * np.log2(end_hz / start_hz)
    bins = np.log2(np.maximum(np.fft.rfftfreq(size, 1 / RATE), 1.0))
    distance = ((bins - centre[:, None]) / width_octaves).astype(np.float32)  # (count, size/2+1)
    band = np.exp(-0.5 * distance**2)
    band[:, 0] = 0.0
    band /= np.sqrt(np.mean(band**2, axis=1, keepdims=True)) + np.float32(1e-9)
    grains = np.fft.irfft(spectra * band, axis=1) * window  # (count, size)
    total = np.zeros((count + 1) * hop, dtype=np.float32)
    total[: count * hop] += grains[:, :hop].reshape(-1)
    total[hop:] += grains[:, hop:].reshape(-1)
    return total[hop : hop + frames]


def shaped_noise(frames: int, low_hz: float, high_hz: float, *, seed: int) -> Wave:
    """Noise between two gentle edges (second order), unit RMS, (frames,) float32."""
    random = np.random.default_rng(seed)
    size = 1 << (frames - 1).bit_length()  # lengths with large prime factors are slow
    spectrum = np.fft.rfft(random.standard_normal(size, dtype=np.float32))
    hz = np.maximum(np.fft.rfftfreq(size, 1 / RATE), 1.0)
    spectrum *= 1.0 / ((1.0 + (low_hz / hz) ** 4) * (1.0 + (hz / high_hz) ** 4)) ** 0.5
    spectrum[0] = 0.0
    wave = np.fft.irfft(spectrum, size)[:frames]
    return np.asarray(wave / np.sqrt(np.mean(wave**2)), dtype=np.float32)


def _seconds(frames: int) -> np.ndarray:
    return np.arange(frames) / RATE


def _without_rumble(wave: np.ndarray, lowest_hz: float = 28.0) -> Wave:
    """Causal second-order high-pass, so that a pitch sweep leaves no offset behind.

    Not a zero-phase one: what that rings ahead of the stroke would be cut off to a click.
    """
    size = 2 << (wave.size - 1).bit_length()  # room for the ringing, so that it does not wrap round
    spectrum = np.fft.rfft(wave, size)
    hz = np.fft.rfftfreq(size, 1 / RATE)
    spectrum *= (1j * hz / (1j * hz + lowest_hz)) ** 2
    return np.fft.irfft(spectrum, size)[: wave.size].astype(np.float32)


def _membrane(
    frames: int, rest_hz: float, drop_hz: float, drop_s: float, decay: float, drive: float
) -> np.ndarray:
    """A sine whose pitch falls to `rest_hz` as its level decays: kick drum and toms."""
    t = _seconds(frames)
    phase = 2 * np.pi * np.cumsum(rest_hz + drop_hz * np.exp(-t / drop_s)) / RATE
    fade_in = np.clip(t / 0.0015, 0.0, 1.0)
    return np.asarray(np.tanh(drive * np.sin(phase) * np.exp(-decay * t)) * fade_in)


def _kick(_frequency: float, frames: int) -> Wave:
    t = _seconds(frames)
    body = _membrane(frames, 49.0, 190.0, 0.028, 7.5, 2.0)
    click = shaped_noise(frames, 1500.0, 7000.0, seed=1) * np.exp(-t * 320.0)
    return _without_rumble(body + 0.16 * click)


def _soft_kick(_frequency: float, frames: int) -> Wave:
    return _without_rumble(_membrane(frames, 52.0, 60.0, 0.03, 10.0, 1.0))


def _heart(_frequency: float, frames: int) -> Wave:
    return _without_rumble(_membrane(frames, 44.0, 26.0, 0.05, 8.5, 1.2))


def _tom(frequency: float, frames: int) -> Wave:
    t = _seconds(frames)
    skin = shaped_noise(frames, 200.0, 1800.0, seed=2) * np.exp(-t * 45.0)
    return _without_rumble(_membrane(frames, frequency, frequency, 0.03, 9.0, 1.4) + 0.12 * skin)


def _snare(_frequency: float, frames: int) -> Wave:
    t = _seconds(frames)
    tone = np.sin(2 * np.pi * 186.0 * t) + 0.6 * np.sin(2 * np.pi * 331.0 * t)
    wires = shaped_noise(frames, 900.0, 9000.0, seed=3) * np.exp(-t * 22.0)
    return _without_rumble(0.5 * tone * np.exp(-t * 28.0) + 0.42 * wires)


def _clap(_frequency: float, frames: int) -> Wave:
    """Several hands a few milliseconds apart, then the room; different noise on each side."""
    t = _seconds(frames)
    bursts = sum(np.exp(-(t - at) * 300.0) * (t >= at) for at in (0.0, 0.009, 0.019))
    level = 0.45 * bursts + np.exp(-(t - 0.026) * 21.0) * (t >= 0.026)
    return np.stack([shaped_noise(frames, 800.0, 5200.0, seed=s) * level for s in (4, 5)]).astype(np.float32)


def _snap(_frequency: float, frames: int) -> Wave:
    t = _seconds(frames)
    level = np.exp(-t * 55.0) * np.clip(t / 0.001, 0.0, 1.0)
    return (shaped_noise(frames, 1600.0, 4200.0, seed=6) * level).astype(np.float32)


def _metal(frames: int, decay: float, seed: int, brilliance: float) -> Wave:
    """Inharmonic partials up high and air around them: hats and cymbals, both sides different."""
    t = _seconds(frames)
    random = np.random.default_rng(seed)
    sides = []
    for side in range(2):
        partials = random.uniform(4200.0, 11500.0, 14)
        ring = np.sin(2 * np.pi * np.outer(partials, t).astype(np.float32)).mean(axis=0)
        air = shaped_noise(frames, brilliance, 13000.0, seed=100 * seed + side)
        sides.append((ring + 0.3 * air) * np.exp(-decay * t))
    # Half of it common to both sides keeps it in the middle of a mono room.
    left, right = sides
    return np.stack([left + 0.4 * right, right + 0.4 * left]).astype(np.float32)


def _hat(_frequency: float, frames: int) -> Wave:
    return _metal(frames, 62.0, 7, 6500.0)


def _open_hat(_frequency: float, frames: int) -> Wave:
    return _metal(frames, 13.0, 8, 6000.0)


def _cymbal(_frequency: float, frames: int) -> Wave:
    t = _seconds(frames)
    wash = np.stack([shaped_noise(frames, 2600.0, 12000.0, seed=s) for s in (15, 16)])
    return (_metal(frames, 2.2, 9, 4500.0) + 0.3 * wash * np.exp(-2.6 * t)).astype(np.float32)


def _shaker(_frequency: float, frames: int) -> Wave:
    t = _seconds(frames)
    level = np.clip(t / 0.018, 0.0, 1.0) * np.exp(-np.maximum(t - 0.018, 0.0) * 48.0)
    return (shaped_noise(frames, 4500.0, 11000.0, seed=10) * level).astype(np.float32)


def _impact(_frequency: float, frames: int) -> Wave:
    """The blow that opens a section: a deep drop, a burst of noise, a long tail."""
    t = _seconds(frames)
    boom = _membrane(frames, 38.0, 70.0, 0.12, 1.9, 1.5)
    burst = [shaped_noise(frames, 120.0, 4500.0, seed=s) * np.exp(-t * 5.0) for s in (13, 14)]
    return np.stack([_without_rumble(boom + 0.3 * side) for side in burst])


def _riser(_frequency: float, frames: int) -> Wave:
    """Noise that climbs four octaves and grows: it announces what comes."""
    growth = np.linspace(0.0, 1.0, frames) ** 2.2
    sides = [noise_sweep(frames, 350.0, 5600.0, 0.45, seed=s) for s in (17, 18)]
    return (np.stack(sides) * growth).astype(np.float32)


def _reverse(_frequency: float, frames: int) -> Wave:
    """A cymbal played backwards."""
    return np.ascontiguousarray(_cymbal(0.0, frames)[:, ::-1])


DRUMS: dict[str, Drum] = {
    "kick": Drum(_kick, 0.5, 0.5, 0.02),
    "soft_kick": Drum(_soft_kick, 0.55, 0.4, 0.06),
    "heart": Drum(_heart, 0.6, 0.6, 0.2),
    "tom": Drum(_tom, 0.36, 0.5, 0.2, tuned=True),
    "snare": Drum(_snare, 0.38, 0.3, 0.18),
    "clap": Drum(_clap, 0.21, 0.35, 0.2),
    "snap": Drum(_snap, 0.22, 0.25, 0.3),
    "hat": Drum(_hat, 0.8, 0.12, 0.04),
    "open_hat": Drum(_open_hat, 0.5, 0.3, 0.08),
    "cymbal": Drum(_cymbal, 0.29, 2.4, 0.3, 0.4),
    "shaker": Drum(_shaker, 0.11, 0.16, 0.12),
    "impact": Drum(_impact, 0.4, 3.0, 0.45, 0.5),
    "riser": Drum(_riser, 0.1, 0.0, 0.35, 0.05),
    "reverse": Drum(_reverse, 0.15, 0.0, 0.35, 0.02),
}
"""The kit; a name is an instrument of the score."""
