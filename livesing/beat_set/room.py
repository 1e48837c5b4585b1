"""What happens to music on its way to a microphone: filters, a room, noises, a limiter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from livesing.beat_set.drum_sounds import RATE, Random, Wave, band_noise

Sound = NDArray[np.float32]


def reverberated(sound: Sound, random: Random, decay_s: float, share: float) -> Sound:
    """Through a room whose tail dies away with time constant decay_s; share: of the wet sound."""
    t = np.arange(round(5 * decay_s * RATE)) / RATE
    tail = random.standard_normal(t.size) * np.exp(-t / decay_s)
    tail /= np.sqrt(np.sum(tail**2))
    size = 1 << int(np.ceil(np.log2(sound.size + tail.size)))
    wet = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(tail, size), size)[: sound.size]
    return np.asarray(sound * (1.0 - share) + share * wet, dtype=np.float32)


def low_passed(sound: Sound, cutoff_hz: float) -> Sound:
    size = 1 << (sound.size + RATE).bit_length()  # a second of silence keeps the end out of the beginning
    shape = 1.0 / np.sqrt(1.0 + (np.fft.rfftfreq(size, 1 / RATE) / cutoff_hz) ** 6)
    filtered = np.fft.irfft(np.fft.rfft(sound, size) * shape, size)[: sound.size]
    return np.asarray(filtered, dtype=np.float32)


def high_passed(sound: Sound, cutoff_hz: float) -> Sound:
    return np.asarray(sound - low_passed(sound, cutoff_hz), dtype=np.float32)


def swept(sound: Sound, start_s: float, end_s: float, lowest_hz: float = 250.0) -> Sound:
    """A low-pass closes from start_s to the middle and opens again until end_s."""
    cutoffs = np.geomspace(lowest_hz, 16_000.0, 6)
    t = np.arange(sound.size) / RATE
    middle, half = (start_s + end_s) / 2.0, (end_s - start_s) / 2.0
    openness = np.clip(np.abs(t - middle) / half, 0.0, 1.0) * (cutoffs.size - 1)
    out = np.zeros(sound.size, dtype=np.float32)
    for number, cutoff in enumerate(cutoffs):
        weight = np.clip(1.0 - np.abs(openness - number), 0.0, 1.0).astype(np.float32)
        out += weight * (sound if number == cutoffs.size - 1 else low_passed(sound, float(cutoff)))
    return out


def pumped(sound: Sound, kicks_s: list[float], depth: float, back_s: float = 0.22) -> Sound:
    """Pushed down by every kick, as a side-chained compressor does."""
    gain = np.ones(sound.size, dtype=np.float32)
    shape = (1.0 - depth * np.exp(-np.arange(round(3 * back_s * RATE)) / RATE / back_s)).astype(np.float32)
    for time_s in kicks_s:
        first = round(time_s * RATE)
        if 0 <= first < sound.size:
            part = gain[first : first + shape.size]
            np.minimum(part, shape[: part.size], out=part)
    return sound * gain


def limited(sound: Sound, drive: float) -> Sound:
    """A soft clipper; drive > 1 makes it loud and dense."""
    peak = float(np.abs(sound).max()) + 1e-9
    return np.asarray(np.tanh(sound * (drive / peak)), dtype=np.float32)


def compressed(sound: Sound, ratio: float) -> Sound:
    """Levels the loudness: the slow envelope (some 150 ms) is raised to 1 / ratio."""
    hop = RATE // 50
    frames = -(-sound.size // hop)
    padded = np.zeros(frames * hop, dtype=np.float32)
    padded[: sound.size] = sound
    level = np.sqrt((padded.reshape(frames, hop) ** 2).mean(axis=1)) + 1e-4
    level = np.convolve(np.pad(level, 4, mode="edge"), np.full(9, 1 / 9), mode="valid")
    gain = (level / level.max()) ** (1.0 / ratio - 1.0)
    gain = np.minimum(gain, 8.0)
    return np.asarray(
        sound * np.interp(np.arange(sound.size) / hop, np.arange(frames), gain), dtype=np.float32
    )


def crowd(random: Random, size: int) -> Sound:
    """A babble of voices with shouts, whistles and scattered clapping, RMS about 1."""
    t = np.arange(size) / RATE
    babble = band_noise(random, size / RATE, 250, 2500)[:size]
    syllables = np.arange(0.0, t[-1] + 1.0, 0.15)
    slow = np.interp(t, syllables, random.uniform(0.4, 1.0, syllables.size))
    out = (babble * slow).astype(np.float32)
    for _ in range(int(t[-1] * 6)):
        first = int(random.integers(0, max(size - 9000, 1)))
        length = int(random.integers(600, 8000))
        shape = np.hanning(length) if length > 2500 else np.exp(-np.arange(length) / 350.0)
        burst = band_noise(random, length / RATE, 500, 5000)[:length] * shape * random.uniform(0.3, 1.6)
        out[first : first + burst.size] += burst.astype(np.float32)
    return np.asarray(out / np.sqrt(np.mean(out**2)), dtype=np.float32)


def hiss(random: Random, size: int) -> Sound:
    return np.asarray(band_noise(random, size / RATE, 40, 12_000)[:size], dtype=np.float32)


def with_noise(sound: Sound, noise: Wave, snr_db: float) -> Sound:
    """noise of RMS 1, snr_db under the sound's own RMS."""
    rms = float(np.sqrt(np.mean(sound**2)))
    return np.asarray(sound + noise[: sound.size] * (rms * 10 ** (-snr_db / 20)), dtype=np.float32)
