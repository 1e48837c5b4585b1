"""What the beat tracker hears: levels of bands and how much they rise, every 20 ms, free of the gain."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from livesing.audio.fourier_bands import FourierBands
from livesing.audio.framing import Floats

STEP_S = 0.02
"""A step of the tracker: two frames."""
FRAMES_PER_STEP = 2
STRIDE = 2
"""Steps that are worked on at once: what costs is the number of calls."""
STRIDE_S = STRIDE * STEP_S
FRAMES = STRIDE * FRAMES_PER_STEP
"""Of a stride."""
FRAMES_PER_WINDOW = 4
"""A window of 40 ms, so that a bin of its spectrum is 25 Hz wide at every sample rate."""

EDGES = (
    2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 18, 22, 27, 33, 40, 48, 58, 71, 86, 104, 127, 154, 187, 227, 276, 335,
    407, 494, 600,
)  # fmt: skip
"""First bin of each band, and the end of the last: 50 Hz to 15 kHz. A DC offset, which a Hann window spreads
over bins 0 and 1, is not heard."""
BANDS = len(EDGES) - 1

TILT = 0.9
"""Bands are weighed by hertz to this power: music falls by some 3 dB an octave, and a cymbal counts too."""
GAIN = 2000.0
RELEASE_S = 4.0
FLOOR_POWER = 1e-15
"""Mean square, -150 dB: what is softer is silence. So far below music that the gain counts nothing."""
STILL = 100.0
"""Of the floor: what is softer than so much of it is no noise either."""
NOTHING = 1e-5
"""Of the loudest: where it has risen so far at once, what was heard before, a line's noise, was nothing."""
RISE = 4.0
"""What is more than that in a stride is at once."""
PAUSE = 1e-6
"""Of the loudest of the last minutes: what is softer than this is a pause."""
LOUDEST_S = 60.0
"""In which it falls by 1/e."""
DUST = np.float32(1e-15)
"""Moves nothing that counts, and keeps what dies away from numbers so small that processors slow down."""
MOST_RATE = 50_000
"""Hz. Sound above is averaged down first; what it aliases lies far above the bands."""


def _tilt() -> Floats:
    edges = np.array(EDGES, dtype=float)
    centre = np.sqrt(edges[1:] * edges[:-1])
    return np.asarray((centre / centre[6]) ** TILT, dtype=np.float32)


class BandPowers:
    """Turns a stream into the tilted powers of BANDS bands, a frame every 10 ms, a stride at a time."""

    def __init__(self, rate: float) -> None:
        """rate: samples per second, 8000..192000."""
        self._thinned = max(1, math.ceil(rate / MOST_RATE))
        hop = max(1, round(rate / self._thinned * STEP_S / FRAMES_PER_STEP))
        window = hop * FRAMES_PER_WINDOW
        self.stride_samples = hop * self._thinned * FRAMES
        edges = [edge for edge in EDGES if edge <= window // 2]
        self._heard = len(edges) - 1
        self._hop, self._window = hop, window
        taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
        # Parseval: 2 * sum over positive bins of |X|^2 / (N * sum w^2) is the mean square.
        self._taper = (taper * math.sqrt(2.0 / (window * float(np.sum(taper**2))))).astype(np.float32)
        self._bands = FourierBands(window, edges, _tilt()[: self._heard])
        self._kept: Floats = np.zeros((window - hop) * self._thinned, dtype=np.float32)
        self.heard: Floats = np.empty((0, hop * FRAMES), dtype=np.float32)
        """[strides, samples] the sound that the last push brought to strides, as averaged down; a view."""

    @property
    def pending(self) -> int:
        """Samples that are heard and not yet part of a stride."""
        return self._kept.size - (self._window - self._hop) * self._thinned

    def push(self, block: Floats) -> Floats:
        """block: [n] float32. [strides, FRAMES, BANDS] mean squares; bands beyond the sound are 0."""
        stream = np.concatenate((self._kept, block))
        past = (self._window - self._hop) * self._thinned
        strides = (stream.size - past) // self.stride_samples
        if not strides:
            self._kept, self.heard = stream, self.heard[:0]
            return np.empty((0, FRAMES, BANDS), dtype=np.float32)
        self._kept = stream[strides * self.stride_samples :].copy()
        if self._thinned > 1:
            heard = stream[: past + strides * self.stride_samples]
            stream = heard.reshape(-1, self._thinned).mean(axis=1)
        # Overlapping frames as a view: stride_tricks' costs ten times as much a call.
        shape, hop = (strides, FRAMES, self._window), self._hop * 4
        frames: Floats = np.ndarray(shape, np.float32, stream, 0, (FRAMES * hop, hop, 4))
        first = self._window - self._hop
        self.heard = stream[first : first + strides * FRAMES * self._hop].reshape(strides, -1)
        powers = np.empty((strides, FRAMES, BANDS), dtype=np.float32)
        if self._heard < BANDS:
            powers[..., self._heard :] = 0.0
        for number in range(strides):  # one by one: the rounding of a product depends on its size
            powers[number, :, : self._heard] = self._bands.powers(frames[number] * self._taper)
        return powers


class Levels:
    """Turns the powers of frames into levels and their rises; of one stream or of several side by side.

    A band of power P has the level ln(1 + GAIN * P / P_ref), P_ref being the loudest frame of the last
    seconds (it falls by 1/e in RELEASE_S): the gain before us changes nothing. Rises are those over a step,
    at least DUST. Where music begins after mere noise, which was the loudest until then, levels begin anew.
    """

    def __init__(self, rises: Floats, floor: float = FLOOR_POWER) -> None:
        """rises [..., FRAMES, BANDS]: where those of the newest stride are put; a dimension for every one of
        several streams, or none. floor: mean square of silence."""
        streams = rises.shape[:-2]
        keep = math.exp(-STEP_S / FRAMES_PER_STEP / RELEASE_S)
        # What the loudest before, the sum of each frame and the least are worth at each frame.
        ago = np.arange(FRAMES)[:, None] - np.arange(-1, FRAMES)
        worth = np.where(ago >= 0, keep ** np.maximum(ago, 0), 0.0)
        self._worth = np.concatenate((worth, np.ones((FRAMES, 1))), axis=1).astype(np.float32)
        self._sums = np.full((*streams, 1, FRAMES + 2), floor, dtype=np.float32)
        self._sums_now = self._sums[..., 0, 1:-1]
        levels = np.zeros((*streams, FRAMES_PER_STEP + FRAMES, BANDS), dtype=np.float32)
        self._levels, self._before = levels[..., FRAMES_PER_STEP:, :], levels[..., :FRAMES, :]
        self._kept, self._last = levels[..., :FRAMES_PER_STEP, :], levels[..., FRAMES:, :]
        self._rises = rises
        self._still = np.float32(STILL * floor)
        self._lately: Floats = np.zeros(streams, dtype=np.float32)
        self.at_ends = levels[..., 2 * FRAMES_PER_STEP - 1 :: FRAMES_PER_STEP, :]
        """[..., STRIDE, BANDS] levels at the end of each step."""

    def push(self, powers: Floats) -> NDArray[np.bool_]:
        """powers: [..., FRAMES, BANDS] of the next stride. [...] whether levels began anew: what was heard
        before was nothing."""
        np.add.reduce(powers, axis=-1, out=self._sums_now)
        loudest = np.maximum.reduce(self._sums * self._worth, axis=-1)  # [..., FRAMES]
        self._sums[..., 0, 0] = now = loudest[..., -1].copy()
        lately, still = self._lately, self._lately <= self._still
        begun = (lately < np.float32(NOTHING) * now) & ~still
        self._lately = np.where(begun | still, now, np.minimum(np.float32(RISE) * lately, now))
        np.divide(np.float32(GAIN), loudest, out=loudest)
        self._kept[...] = self._last
        self._kept[begun] = 0.0
        np.multiply(powers, loudest[..., None], out=self._levels)
        np.log1p(self._levels, out=self._levels)
        np.subtract(self._levels, self._before, out=self._rises)
        np.maximum(self._rises, DUST, out=self._rises)
        return begun


class Pauses:
    """Tells pauses from music by how loud music lately was; of one stream."""

    def __init__(self) -> None:
        self._loudest = 0.0
        self._keep = math.exp(-STRIDE_S / LOUDEST_S)

    def push(self, powers: Floats) -> bool:
        """powers: [FRAMES, BANDS] of the next stride. Whether they are those of a pause."""
        power = float(np.add.reduce(powers, axis=None)) / FRAMES
        self._loudest = max(self._loudest * self._keep, power)
        return power < max(PAUSE * self._loudest, FLOOR_POWER)
