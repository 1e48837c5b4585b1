"""What the beat tracker hears: how much the bands of the sound rise, every 20 ms, free of the gain."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from livesing.audio.bands import Spectrum
from livesing.audio.framing import Floats, Framer

STEP_S = 0.02
"""A step of the tracker: two frames of the spectrum."""
FRAMES_PER_WINDOW = 4
"""A window of 40 ms, so that a bin of its spectrum is 25 Hz wide at every sample rate."""

EDGES = (
    2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 18, 22, 27, 33, 40, 48, 58, 71, 86, 104, 127, 154, 187, 227, 276, 335, 407,
    494, 600,
)  # fmt: skip
"""First bin of each fine band, and the end of the last: 50 Hz to 15 kHz. A DC offset, which a Hann window
spreads over bins 0 and 1, is not heard."""
FINE_BANDS = len(EDGES) - 1
REGIONS = ((0, 4), (4, 11), (11, 19), (19, 28))
"""Fine bands of each region: under 150 Hz (kick, bass), under 550 Hz, under 2.6 kHz, and above."""
BANDS = len(REGIONS) + 1
"""Numbers in an onset: one a region, and the whole."""

GAIN = 2000.0
RELEASE_S = 4.0
STRONGEST_S = 6.0
LEAST_STRONG = 0.05
SOFTENING = 0.1
"""Nepers of rise: a band whose strongest onset is about this or less is not raised to full strength."""
FLOOR_POWER = 1e-7
"""Mean square, -70 dB: what is softer than this is as good as silence."""
MOST_RATE = 50_000
"""Hz. Sound above is averaged down first; what that aliases lies far above the bands."""


class BeatOnsets:
    """Turns a stream into a row of BANDS numbers every STEP_S: the strength of onsets, 0 none .. 1 strongest.

    A fine band of power P has the level ln(1 + GAIN * P / P_ref), P_ref being the loudest frame of the last
    seconds (it falls by 1/e in RELEASE_S): the gain before us changes nothing. An onset is the rise of the
    levels over 20 ms, averaged over a region, against the strongest of the last seconds (1/e in STRONGEST_S).
    """

    def __init__(self, rate: float) -> None:
        """rate: samples per second, 8000..192000."""
        self._thinned = max(1, math.ceil(rate / MOST_RATE))
        hop = round(rate / self._thinned * STEP_S / 2.0)
        window = hop * FRAMES_PER_WINDOW
        self.hop = hop * self._thinned
        """Samples a frame, of which a step has two."""
        edges = [edge for edge in EDGES if edge <= window // 2]
        self._heard = len(edges) - 1
        self._spectrum = Spectrum(window, edges)
        self._framer = Framer(self.hop * FRAMES_PER_WINDOW, self.hop)
        self._keep_loudest = math.exp(-0.5 * STEP_S / RELEASE_S)
        self._keep_strongest = np.float32(math.exp(-STEP_S / STRONGEST_S))
        self._loudest = FLOOR_POWER
        self._strongest = np.full(BANDS, LEAST_STRONG, dtype=np.float32)
        self._levels = np.zeros((4, FINE_BANDS), dtype=np.float32)  # of the last four frames
        self._odd = False
        self._power = 0.0
        mean = np.zeros((FINE_BANDS, BANDS), dtype=np.float32)
        for region, (first, last) in enumerate(REGIONS):
            mean[first:last, region] = 1.0 / (last - first)
        mean[:, -1] = 1.0 / FINE_BANDS
        self._mean = mean

    @property
    def pending(self) -> int:
        """Samples that were heard and are not yet part of a step."""
        return self._framer.pending + (self.hop if self._odd else 0)

    def push(self, block: Floats) -> list[tuple[Floats, float]]:
        """block: [n] float32. Returns (onset [BANDS], mean square of its louder frame) of every step that
        became complete."""
        frames = self._framer.push(block)
        if not len(frames):
            return []
        if self._thinned > 1:
            frames = frames.reshape(len(frames), -1, self._thinned).mean(axis=2)
        powers = self._spectrum.bands(self._spectrum.powers(frames))
        steps = []
        for fine, power in zip(powers, powers.sum(axis=1).tolist(), strict=True):
            self._loudest = max(self._loudest * self._keep_loudest, power, FLOOR_POWER)
            self._levels[:-1] = self._levels[1:]
            np.log1p(fine * np.float32(GAIN / self._loudest), out=self._levels[-1, : self._heard])
            if self._odd:
                steps.append((self._onset(), max(self._power, power)))
            self._odd, self._power = not self._odd, power
        return steps

    def _onset(self) -> Floats:
        rises = self._levels[2:] - self._levels[:2]
        strength = (np.maximum(rises, 0.0, out=rises) @ self._mean).max(axis=0)
        np.maximum(self._strongest * self._keep_strongest, strength, out=self._strongest)
        onset: Floats = strength / (self._strongest + np.float32(SOFTENING))
        return onset
