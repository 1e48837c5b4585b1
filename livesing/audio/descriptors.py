"""openSMILE's low-level descriptors of the ComParE sets, as far as a few lines of numpy reproduce them.

Frames of 20 ms every 10 ms at 44.1 kHz (60 ms for the zero crossings), smoothed over three frames, their
regression deltas over five; mean and standard deviation over the last second, every 500 ms. After Schuller et
al. (2013), "The INTERSPEECH 2013 computational paralinguistics challenge", and the configuration that comes
with openSMILE. What has to do with a voice's pitch (F0, jitter, shimmer, HNR), the RASTA-filtered bands and
the spectral harmonicity do not reproduce and are left out.

Measured against openSMILE (ComParE_2016) on five pieces of recorded music: r of every column at least .99,
of nine in ten over .9999. In digital silence openSMILE's entropy leaps.
"""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from livesing.audio.framing import Floats, check_rate, clean

Doubles = NDArray[np.float64]

RATE = 44_100
FRAME, HOP, FFT = 882, 441, 1024
LONG_FRAME = 2646
MEL_BANDS = 26
MFCCS = 14
LIFTER = 22.0
WINDOW_FRAMES, STEP_FRAMES = 100, 50
AROUND = 3
"""Frames on each side that the smoothing and the deltas see: 30 ms."""
AUDITORY_SCALE, SLOPE_SCALE = 1.67, 515.0
"""openSMILE's own scales, measured."""
FAINTEST = 1e-12
BANDS_HZ = ((250.0, 650.0), (1000.0, 4000.0))
ROLL_OFFS = (0.25, 0.50, 0.75, 0.90)

DESCRIPTORS = (
    "audspec_lengthL1norm", "pcm_RMSenergy", "pcm_zcr", "pcm_fftMag_fband250-650",
    "pcm_fftMag_fband1000-4000", "pcm_fftMag_spectralRollOff25.0", "pcm_fftMag_spectralRollOff50.0",
    "pcm_fftMag_spectralRollOff75.0", "pcm_fftMag_spectralRollOff90.0", "pcm_fftMag_spectralFlux",
    "pcm_fftMag_spectralCentroid", "pcm_fftMag_spectralEntropy", "pcm_fftMag_spectralVariance",
    "pcm_fftMag_spectralSkewness", "pcm_fftMag_spectralKurtosis", "pcm_fftMag_spectralSlope",
    "pcm_fftMag_psySharpness",
    *(f"pcm_fftMag_mfcc[{order}]" for order in range(1, MFCCS + 1)),
)  # fmt: skip


def mel(hz: Doubles | float) -> Doubles:
    """HTK's mel scale."""
    return np.asarray(1127.0 * np.log1p(np.asarray(hz) / 700.0))


def mel_bands() -> Doubles:
    """[26, 513] triangles of height 1 between 20 and 8000 Hz."""
    edges = np.linspace(mel(20.0), mel(8000.0), MEL_BANDS + 2)
    place = mel(np.arange(FFT // 2 + 1) * RATE / FFT)
    rising = (place - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - place) / np.diff(edges)[1:, None]
    return np.asarray(np.clip(np.minimum(rising, falling), 0.0, None))


def equal_loudness() -> Doubles:
    """[26] weights of the bands, Hermansky's (1990) approximation."""
    centres = np.linspace(mel(20.0), mel(8000.0), MEL_BANDS + 2)[1:-1]
    hz = 700.0 * np.expm1(centres / 1127.0)
    w2 = (2.0 * np.pi * hz) ** 2
    return np.asarray((w2 + 56.8e6) * w2**2 / ((w2 + 6.3e6) ** 2 * (w2 + 0.38e9)))


def band_weights(hz: Doubles, low: float, high: float) -> Doubles:
    """[n] how far each bin counts in a band: wholly inside, by the share of its gap at the edges."""
    gap = hz[1]
    return np.asarray(np.clip(np.minimum((hz - low) / gap, (high - hz) / gap) + 1.0, 0.0, 1.0))


def zero_crossings(frames: Doubles) -> Doubles:
    """[n, samples] -> [n] changes of sign for each sample. Like in openSMILE, a sample of exactly 0 is one
    unless the wave only touches it."""
    before, here, after = frames[:, :-2], frames[:, 1:-1], frames[:, 2:]
    return np.mean((before * here < 0.0) | ((here == 0.0) & (before * after <= 0.0)), axis=1)


class FrameDescriptors:
    """Frames to descriptors; of the past it knows the last spectrum, for the flux."""

    def __init__(self) -> None:
        self._window = np.hamming(FRAME)
        self._mel = mel_bands().T
        self._loudness = equal_loudness()
        orders = np.arange(1, MFCCS + 1)[:, None]
        cosines = np.cos(np.pi / MEL_BANDS * orders * (np.arange(MEL_BANDS) + 0.5))
        lifter = 1.0 + LIFTER / 2.0 * np.sin(np.pi * orders / LIFTER)
        self._cosines = (np.sqrt(2.0 / MEL_BANDS) * lifter * cosines).T
        self._hz = np.arange(FFT // 2 + 1) * RATE / FFT
        self._bands = np.stack([band_weights(self._hz, low, high) for low, high in BANDS_HZ], axis=1)
        bark = 13.0 * np.arctan(0.00076 * self._hz) + 3.5 * np.arctan((self._hz / 7500.0) ** 2)
        # Aures' sharpness: critical bands over 15 Bark count more.
        self._sharpness = 0.11 * bark * np.where(bark <= 15.0, 1.0, 0.066 * np.exp(0.171 * bark))
        self._last: Doubles | None = None

    def describe(self, frames: Doubles, long_frames: Doubles) -> Doubles:
        """frames: [n, 882]; long_frames: [n, 2646], both beginning together. [n, len(DESCRIPTORS)]."""
        magnitude = np.abs(np.fft.rfft(frames * self._window, FFT, axis=1))
        magnitude[:, 0] = 0.0  # openSMILE leaves out what lies at 0 Hz
        power = magnitude**2
        bands = power @ self._mel
        auditory = AUDITORY_SCALE * np.mean((bands * self._loudness) ** 0.33, axis=1)
        rms = np.sqrt(np.mean(frames**2, axis=1))
        crossings = zero_crossings(long_frames)
        # As if samples were integers of 16 bits, and the logarithm never negative.
        logs = np.log(np.maximum(bands * 32767.0**2, 1.0))
        return np.column_stack(
            (auditory, rms, crossings, self._spectral(magnitude, power), logs @ self._cosines)
        )

    def _spectral(self, magnitude: Doubles, power: Doubles) -> Doubles:
        """[n, 513] each -> [n, 14], from the two bands to the sharpness."""
        hz = self._hz
        columns = list((power @ self._bands / hz.size).T)
        cumulative = np.cumsum(power, axis=1)
        total = cumulative[:, -1]
        for part in ROLL_OFFS:
            reached = np.sum(cumulative < part * total[:, None], axis=1)
            columns.append(hz[np.minimum(reached, hz.size - 1)])
        before = magnitude[:1] if self._last is None else self._last
        rise = np.diff(np.concatenate((before, magnitude)), axis=0)
        self._last = magnitude[-1:]
        share = power / (total[:, None] + FAINTEST)
        centroid = share @ hz
        away = hz - centroid[:, None]
        variance = np.sum(share * away**2, axis=1)
        deviation = np.sqrt(variance) + 1e-9
        slope = hz - hz.mean()
        columns += [
            np.sqrt(np.mean(rise**2, axis=1)),
            centroid,
            -np.sum(share * np.log2(share + FAINTEST), axis=1),
            variance,
            np.sum(share * away**3, axis=1) / deviation**3,
            np.sum(share * away**4, axis=1) / deviation**4,
            SLOPE_SCALE * (power @ slope) / (slope @ slope),
            share @ self._sharpness,
        ]
        return np.stack(columns, axis=1)


def columns() -> tuple[str, ...]:
    """Names of the numbers of a row, as openSMILE and DEAM spell them."""
    spelled = [
        name.replace("[", f"{suffix}[") if "[" in name else name + suffix
        for suffix in ("_sma", "_sma_de")
        for name in DESCRIPTORS
    ]
    return tuple(f"{name}_{statistic}" for statistic in ("amean", "stddev") for name in spelled)


class DescriptorPath:
    """Rows of sound, pushed in blocks of any size and rate: one row per 500 ms, over the last second.

    The first row comes after one second and a few frames. Owned by one thread; constant memory.
    """

    def __init__(self, rate: int) -> None:
        """rate: samples per second, 8000..192000. ValueError outside of that."""
        check_rate(rate)
        self._resampler = soxr.ResampleStream(rate, RATE, 1, dtype="float32", quality="HQ")
        self._frames = FrameDescriptors()
        self._waiting: Floats = np.zeros(0, dtype=np.float32)
        self._raw: Doubles = np.zeros((0, len(DESCRIPTORS)))
        self._done: Doubles = np.zeros((0, 2 * len(DESCRIPTORS)))

    def push(self, block: NDArray[np.floating]) -> list[Doubles]:
        """block: [n] mono samples, full scale +-1. Returns the rows [len(columns())] that became complete."""
        samples, _ = clean(block)
        if not samples.size:
            return []
        self._waiting = np.concatenate((self._waiting, self._resampler.resample_chunk(samples)))
        count = (self._waiting.size - LONG_FRAME) // HOP + 1
        if count < STEP_FRAMES // 2:
            return []  # a few frames at a time cost more than many at once
        starts = HOP * np.arange(count)[:, None]
        sound = self._waiting.astype(np.float64)
        new = self._frames.describe(sound[starts + np.arange(FRAME)], sound[starts + np.arange(LONG_FRAME)])
        self._waiting = self._waiting[count * HOP :]
        self._raw = np.concatenate((self._raw, new))
        return self._rows()

    def _rows(self) -> list[Doubles]:
        if len(self._raw) <= 2 * AROUND:
            return []
        smooth = (self._raw[:-2] + self._raw[1:-1] + self._raw[2:]) / 3.0
        delta = (smooth[3:-1] - smooth[1:-3] + 2.0 * (smooth[4:] - smooth[:-4])) / 10.0
        self._done = np.concatenate((self._done, np.column_stack((smooth[2:-2], delta))))
        self._raw = self._raw[len(delta) :]
        rows = []
        while len(self._done) >= WINDOW_FRAMES:
            window = self._done[:WINDOW_FRAMES]
            rows.append(np.concatenate((window.mean(axis=0), window.std(axis=0))))
            self._done = self._done[STEP_FRAMES:]
        return rows
