"""What the beat tracker hears: levels of bands and how much they rise, every 20 ms, free of the gain."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from livesing.audio.bands import Spectrum
from livesing.audio.framing import Floats, Framer

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

GAIN = 2000.0
RELEASE_S = 4.0
FLOOR_POWER = 1e-7
"""Mean square, -70 dB: what is softer than this is as good as silence."""
MOST_RATE = 50_000
"""Hz. Sound above is averaged down first; what it aliases is far above the bands."""


class BeatFeatures:
    """Turns a stream into steps of FEATURES numbers.

    A band of power P has the level ln(1 + GAIN * P / P_ref), P_ref being the loudest frame of the last
    seconds (it falls by 1/e in RELEASE_S). So the gain before us changes nothing. A step holds the rises of
    the levels over 20 ms at its first and at its second frame, and half the levels at its end.
    """

    def __init__(self, rate: float) -> None:
        self._thinned = max(1, math.ceil(rate / MOST_RATE))
        hop = max(1, round(rate / self._thinned * STEP_S / FRAMES_PER_STEP))
        window = hop * FRAMES_PER_WINDOW
        self.hop = hop * self._thinned
        """Samples a frame."""
        self.step_s = FRAMES_PER_STEP * self.hop / rate
        """What a step lasts; 20 ms but for rounding."""
        edges = [edge for edge in EDGES if edge <= window // 2]
        self._heard = len(edges) - 1
        self._spectrum = Spectrum(window, edges)
        self._framer = Framer(self.hop * FRAMES_PER_WINDOW, self.hop)
        self._keep = math.exp(-self.step_s / FRAMES_PER_STEP / RELEASE_S)
        self._loudest = FLOOR_POWER
        self._levels = np.zeros((FRAMES_PER_STEP, BANDS), dtype=np.float32)
        self._odd: Floats | None = None

    @property
    def pending(self) -> int:
        """Samples that are heard and not yet part of a step."""
        return self._framer.pending + (0 if self._odd is None else self.hop)

    def push(self, block: Floats) -> list[tuple[NDArray[np.float32], float]]:
        """block: [n] float32. Returns for every step that became complete its features [FEATURES] and the
        mean square of its louder frame."""
        frames = self._framer.push(block)
        if not len(frames):
            return []
        if self._thinned > 1:
            frames = frames.reshape(len(frames), -1, self._thinned).mean(axis=2)
        powers = self._spectrum.bands(self._spectrum.powers(frames))
        steps = []
        for band_powers, power in zip(powers, powers.sum(axis=1).tolist(), strict=True):
            step = self._frame(band_powers, power)
            if step is not None:
                steps.append(step)
        return steps

    def _frame(self, powers: Floats, power: float) -> tuple[NDArray[np.float32], float] | None:
        self._loudest = max(self._loudest * self._keep, power, FLOOR_POWER)
        levels = np.zeros(BANDS, dtype=np.float32)
        levels[: self._heard] = np.log1p(powers * np.float32(GAIN / self._loudest))
        if self._odd is None:
            self._odd, self._odd_power = levels, power
            return None
        features = np.empty(FEATURES, dtype=np.float32)
        np.subtract(self._odd, self._levels[0], out=features[:BANDS])
        np.subtract(levels, self._levels[1], out=features[BANDS : 2 * BANDS])
        np.maximum(features[: 2 * BANDS], 0.0, out=features[: 2 * BANDS])
        np.multiply(levels, 0.5, out=features[2 * BANDS :])
        self._levels[0], self._levels[1] = self._odd, levels
        self._odd = None
        return features, max(self._odd_power, power)
