"""What the beat tracker hears: levels of bands and how much they rise, every 20 ms, free of the gain."""

from __future__ import annotations

import math

import numpy as np

from livesing.audio.framing import Floats

STEP_S = 0.02
"""A step of the tracker: two frames."""
FRAMES_PER_STEP = 2
FRAMES_PER_WINDOW = 4
"""A window of 40 ms, so that a bin of its spectrum is 25 Hz wide at every sample rate."""

EDGES = (
    2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 18, 22, 27, 33, 40, 48, 58, 71, 86, 104, 127, 154, 187, 227, 276, 335,
    407, 494, 600,
)  # fmt: skip
"""First bin of each band, and the end of the last: 50 Hz to 15 kHz. A DC offset, which a Hann window spreads
over bins 0 and 1, is not heard."""
BANDS = len(EDGES) - 1
FEATURES = 3 * BANDS

TILT = 0.9
"""Bands are weighed by hertz to this power: music falls by some 3 dB an octave, and a cymbal counts too."""
GAIN = 2000.0
RELEASE_S = 4.0
FLOOR_POWER = 1e-7
"""Mean square, -70 dB: what is softer than this is as good as silence."""
MOST_RATE = 50_000
"""Hz. Sound above is averaged down first; what it aliases lies far above the bands."""


def _tilt() -> Floats:
    edges = np.array(EDGES, dtype=float)
    centre = np.sqrt(edges[1:] * edges[:-1])
    return np.asarray((centre / centre[6]) ** TILT, dtype=np.float32)


class BandPowers:
    """Turns a stream into the tilted powers of BANDS bands, a frame every 10 ms, a step of two at a time."""

    def __init__(self, rate: float) -> None:
        """rate: samples per second, 8000..192000."""
        self._thinned = max(1, math.ceil(rate / MOST_RATE))
        hop = max(1, round(rate / self._thinned * STEP_S / FRAMES_PER_STEP))
        window = hop * FRAMES_PER_WINDOW
        self.step_samples = hop * self._thinned * FRAMES_PER_STEP
        edges = [edge for edge in EDGES if edge <= window // 2]
        self._heard = len(edges) - 1
        self._hop, self._window = hop, window
        taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
        # Parseval: 2 * sum over positive bins of |X|^2 / (N * sum w^2) is the mean square.
        self._taper = (taper * math.sqrt(2.0 / (window * float(np.sum(taper**2))))).astype(np.float32)
        # Real and imaginary parts lie side by side: a band's power is the sum of all their squares.
        self._starts, self._end = 2 * np.array(edges[:-1]), edges[-1]
        self._tilt = _tilt()[: self._heard]
        self._kept: Floats = np.zeros((window - hop) * self._thinned, dtype=np.float32)

    @property
    def pending(self) -> int:
        """Samples that are heard and not yet part of a step."""
        return self._kept.size - (self._window - self._hop) * self._thinned

    def push(self, block: Floats) -> Floats:
        """block: [n] float32. [steps, FRAMES_PER_STEP, BANDS] mean squares; bands beyond the sound are 0."""
        stream = np.concatenate((self._kept, block))
        past = (self._window - self._hop) * self._thinned
        steps = (stream.size - past) // self.step_samples
        if not steps:
            self._kept = stream
            return np.empty((0, FRAMES_PER_STEP, BANDS), dtype=np.float32)
        self._kept = stream[steps * self.step_samples :].copy()
        if self._thinned > 1:
            heard = stream[: past + steps * self.step_samples]
            stream = heard.reshape(-1, self._thinned).mean(axis=1)
        # Overlapping frames as a view: stride_tricks' costs ten times as much a call.
        frames: Floats = np.ndarray(
            (steps * FRAMES_PER_STEP, self._window), np.float32, stream, 0, (self._hop * 4, 4)
        )
        spectrum = np.fft.rfft(frames * self._taper)[:, : self._end]
        parts = spectrum.astype(np.complex64, copy=False).view(np.float32)
        powers = np.add.reduceat(parts * parts, self._starts, axis=1)
        powers *= self._tilt
        if self._heard < BANDS:
            powers = np.pad(powers, ((0, 0), (0, BANDS - self._heard)))
        return powers.reshape(steps, FRAMES_PER_STEP, BANDS)


class StepFeatures:
    """Turns the powers of frames into steps of FEATURES numbers; of one stream or of several side by side.

    A band of power P has the level ln(1 + GAIN * P / P_ref), P_ref being the loudest frame of the last
    seconds (it falls by 1/e in RELEASE_S): the gain before us changes nothing. A step holds the rises of the
    levels over 20 ms at its first and at its second frame, and half the levels at its end.
    """

    def __init__(self, out: Floats) -> None:
        """out: [..., FEATURES], where the features of the newest step are found; a dimension for every one of
        several streams, or none."""
        streams = out.shape[:-1]
        keep = math.exp(-STEP_S / FRAMES_PER_STEP / RELEASE_S)
        self._keep = np.float32(keep)
        self._falls = np.array([keep, keep**2], dtype=np.float32)
        self._loudest = np.full((*streams, 1), FLOOR_POWER, dtype=np.float32)
        self._before = np.zeros((*streams, FRAMES_PER_STEP, BANDS), dtype=np.float32)
        self._rises = out[..., : FRAMES_PER_STEP * BANDS].reshape(*streams, FRAMES_PER_STEP, BANDS)
        self._ends = out[..., FRAMES_PER_STEP * BANDS :]

    def step(self, powers: Floats) -> None:
        """powers: [..., FRAMES_PER_STEP, BANDS] of the next step."""
        loudest = np.add.reduce(powers, axis=-1)
        np.maximum(loudest, np.float32(FLOOR_POWER), out=loudest)
        first, second = loudest[..., :1], loudest[..., 1:]
        np.maximum(second, first * self._keep, out=second)
        np.maximum(loudest, self._loudest * self._falls, out=loudest)
        self._loudest[...] = second
        np.divide(np.float32(GAIN), loudest, out=loudest)
        levels = powers * loudest[..., None]
        np.log1p(levels, out=levels)
        np.subtract(levels, self._before, out=self._rises)
        np.maximum(self._rises, np.float32(0.0), out=self._rises)
        np.multiply(levels[..., -1, :], np.float32(0.5), out=self._ends)
        self._before = levels
