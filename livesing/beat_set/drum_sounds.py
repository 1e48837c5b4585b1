"""Drums and cymbals for the pieces of the beat set: made of decaying sines and filtered noise.

A kit is drawn anew for every piece, so that no two have the same drums.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

RATE = 44_100
Wave = NDArray[np.float32]
Random = np.random.Generator


def seconds(duration_s: float) -> NDArray[np.float64]:
    return np.arange(round(duration_s * RATE)) / RATE


def band_noise(random: Random, duration_s: float, low_hz: float, high_hz: float) -> NDArray[np.float64]:
    """Noise between two frequencies with soft edges, RMS 1."""
    size = round(duration_s * RATE)
    spectrum = np.fft.rfft(random.standard_normal(size))
    hz = np.fft.rfftfreq(size, 1 / RATE)
    shape = 1.0 / np.sqrt(1.0 + (hz / high_hz) ** 6)
    if low_hz > 0:
        shape *= (hz / low_hz) ** 3 / np.sqrt(1.0 + (hz / low_hz) ** 6)
    noise = np.fft.irfft(spectrum * shape, size)
    return np.asarray(noise / (np.sqrt(np.mean(noise**2)) + 1e-12))


def _finished(wave: NDArray[np.float64], peak: float = 1.0) -> Wave:
    """Peak-normalised, with an end that does not click."""
    tail = min(441, wave.size // 4)
    wave[-tail:] *= np.linspace(1.0, 0.0, tail)
    return np.asarray(wave * (peak / np.abs(wave).max()), dtype=np.float32)


def _drop(hz: float, sweep: float, sweep_s: float, decay_s: float, duration_s: float) -> NDArray[np.float64]:
    """A sine that falls from hz * (1 + sweep) to hz and dies away."""
    t = seconds(duration_s)
    phase = 2 * np.pi * np.cumsum(hz * (1.0 + sweep * np.exp(-t / sweep_s))) / RATE
    return np.asarray(np.sin(phase) * np.exp(-t / decay_s))


def kick(r: Random, style: str) -> Wave:
    if style == "electronic":
        wave = _drop(r.uniform(42, 58), r.uniform(2, 6), r.uniform(0.012, 0.035), r.uniform(0.1, 0.25), 0.6)
        wave = np.tanh(wave * r.uniform(1.0, 3.5))
        click = r.uniform(0.02, 0.25)
    elif style == "acoustic":
        wave = _drop(r.uniform(55, 80), r.uniform(0.5, 1.5), 0.01, r.uniform(0.06, 0.13), 0.4)
        click = r.uniform(0.15, 0.5)
    else:  # soft: a felt beater, or a kick under a blanket
        wave = _drop(r.uniform(48, 70), r.uniform(0.3, 1.0), 0.015, r.uniform(0.08, 0.15), 0.4)
        click = r.uniform(0.0, 0.08)
    t = seconds(wave.size / RATE)
    wave += click * band_noise(r, wave.size / RATE, 1500, 6000) * np.exp(-t / 0.004) * 0.4
    return _finished(wave)


def snare(r: Random, style: str) -> Wave:
    if style == "soft":  # a brush
        t = seconds(0.25)
        noise = band_noise(r, 0.25, 900, 9000) * np.exp(-t / r.uniform(0.05, 0.09))
        return _finished(noise * np.minimum(t / 0.006, 1.0), 0.7)
    body_hz = r.uniform(165, 230) if style == "electronic" else r.uniform(175, 210)
    duration = 0.45
    t = seconds(duration)
    body = _drop(body_hz, r.uniform(0.1, 0.6), 0.01, r.uniform(0.05, 0.11), duration)
    body += 0.6 * _drop(body_hz * 1.78, 0.2, 0.01, 0.05, duration)
    noise = band_noise(r, duration, 1000, r.uniform(6000, 14000)) * np.exp(-t / r.uniform(0.06, 0.16))
    return _finished(body * r.uniform(0.4, 1.0) + 0.5 * noise)


def clap(r: Random, style: str) -> Wave:
    duration = 0.35
    t = seconds(duration)
    noise = band_noise(r, duration, 700, r.uniform(3500, 9000))
    envelope = 0.7 * np.exp(-t / r.uniform(0.05, 0.12))
    for tap in np.sort(r.uniform(0.0, 0.024, 3)):
        envelope += np.where(t >= tap, np.exp(-(t - tap) / 0.003), 0.0)
    return _finished(noise * envelope)


def _metal(r: Random, duration_s: float, low_hz: float) -> NDArray[np.float64]:
    """Clanging partials with noise above low_hz."""
    t = seconds(duration_s)
    hz = r.uniform(low_hz * 0.7, 14_000, 18)
    tones = np.sin(2 * np.pi * np.outer(hz, t) + r.uniform(0, 6.28, (18, 1))).sum(axis=0) / 3.0
    return np.asarray(0.5 * tones + band_noise(r, duration_s, low_hz, 16_000))


def closed_hat(r: Random, style: str) -> Wave:
    decay = r.uniform(0.015, 0.05)
    duration = min(6 * decay, 0.3)
    return _finished(_metal(r, duration, r.uniform(5000, 8000)) * np.exp(-seconds(duration) / decay))


def open_hat(r: Random, style: str) -> Wave:
    decay = r.uniform(0.1, 0.22)
    return _finished(_metal(r, 0.6, r.uniform(4500, 7500)) * np.exp(-seconds(0.6) / decay))


def ride(r: Random, style: str) -> Wave:
    t = seconds(1.2)
    wave = _metal(r, 1.2, r.uniform(2800, 4500)) * (np.exp(-t / 0.5) * 0.5 + np.exp(-t / 0.012))
    return _finished(wave)


def crash(r: Random, style: str) -> Wave:
    return _finished(_metal(r, 1.8, 1800) * np.exp(-seconds(1.8) / r.uniform(0.5, 0.8)))


def rim(r: Random, style: str) -> Wave:
    wave = _drop(r.uniform(1500, 1900), 0.05, 0.005, 0.012, 0.12)
    return _finished(wave + 0.5 * _drop(r.uniform(430, 520), 0.05, 0.005, 0.015, 0.12))


def clave(r: Random, style: str) -> Wave:
    return _finished(_drop(r.uniform(2200, 2700), 0.0, 0.01, 0.025, 0.2))


def cowbell(r: Random, style: str) -> Wave:
    hz = r.uniform(520, 590)
    wave = np.sign(_drop(hz, 0, 1, 9, 0.35)) + np.sign(_drop(hz * 1.48, 0, 1, 9, 0.35))
    return _finished(wave * np.exp(-seconds(0.35) / 0.07), 0.8)


def shaker(r: Random, style: str) -> Wave:
    t = seconds(0.12)
    swell = np.minimum(t / r.uniform(0.006, 0.03), 1.0) * np.exp(-t / r.uniform(0.02, 0.035))
    return _finished(band_noise(r, 0.12, r.uniform(3500, 6000), 13_000) * swell)


def _skin(r: Random, hz: float, decay_s: float, slap: float) -> Wave:
    duration = 5 * decay_s
    t = seconds(duration)
    wave = _drop(hz, r.uniform(0.05, 0.3), 0.02, decay_s, duration) + 0.4 * _drop(
        hz * 1.6, 0.1, 0.01, decay_s / 2, duration
    )
    return _finished(wave + slap * band_noise(r, duration, 800, 5000) * np.exp(-t / 0.008))


def tom_high(r: Random, style: str) -> Wave:
    return _skin(r, r.uniform(150, 210), 0.14, 0.2)


def tom_low(r: Random, style: str) -> Wave:
    return _skin(r, r.uniform(75, 110), 0.2, 0.2)


def conga_open(r: Random, style: str) -> Wave:
    return _skin(r, r.uniform(190, 260), 0.12, 0.1)


def conga_slap(r: Random, style: str) -> Wave:
    return _skin(r, r.uniform(280, 380), 0.03, 0.8)


def surdo(r: Random, style: str) -> Wave:
    return _skin(r, r.uniform(58, 75), 0.16, 0.05)


def log_drum(r: Random, style: str) -> Wave:
    return _finished(np.tanh(2 * _drop(r.uniform(60, 90), 0.5, 0.03, 0.2, 0.6)))


DRUMS: dict[str, Callable[[Random, str], Wave]] = {
    "kick": kick,
    "snare": snare,
    "clap": clap,
    "hat": closed_hat,
    "open": open_hat,
    "ride": ride,
    "crash": crash,
    "rim": rim,
    "clave": clave,
    "cowbell": cowbell,
    "shaker": shaker,
    "tom_high": tom_high,
    "tom_low": tom_low,
    "conga_open": conga_open,
    "conga_slap": conga_slap,
    "surdo": surdo,
    "log_drum": log_drum,
}

USUAL_LEVEL = {
    "kick": 0.9, "snare": 0.65, "clap": 0.5, "hat": 0.22, "open": 0.25, "ride": 0.2, "crash": 0.35, "rim":
    0.4, "clave": 0.35, "cowbell": 0.25, "shaker": 0.2, "tom_high": 0.5, "tom_low": 0.6, "conga_open": 0.45,
    "conga_slap": 0.4, "surdo": 0.7, "log_drum": 0.7,
}  # fmt: skip
"""Peak of a full stroke in the mix."""
