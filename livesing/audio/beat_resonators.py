"""A bank of resonators: how the onsets swing at every tempo, and where in their swing they are now.

Each resonator is a leaky complex oscillator driven by onsets (Large & Kolen 1994, Scheirer 1998 in their
simplest form): a Fourier coefficient of the last few periods. Together they are a causal tempogram that has
kept its phase, from which predominant local pulse (Grosche & Mueller 2011) would sum the strongest; here a
network weighs them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from livesing.audio.beat_features import BANDS, STEP_S
from livesing.audio.framing import Floats

LOWEST_HZ, HIGHEST_HZ, COUNT = 0.5, 8.0, 40
PERIODS = 4.5
"""Of its own that a resonator remembers, until 1/e; as many as neighbours are apart."""
REGIONS = ((0, 5), (5, 17), (17, BANDS))
"""Bands of each driving signal: under 180 Hz, under 1.8 kHz, above."""
FEATURES = 3 * COUNT * len(REGIONS)
LEAST = 0.02
"""Mean magnitude under which a region's swings are not raised to the usual size: nothing swings."""
DUST = np.float32(1e-15)
"""Moves nothing that counts, and keeps what dies away from numbers so small that processors slow down."""

RATES_HZ: NDArray[np.float64] = np.geomspace(LOWEST_HZ, HIGHEST_HZ, COUNT)


def coefficients() -> tuple[NDArray[np.complex64], Floats]:
    """[COUNT] what a resonator is multiplied by in a step, and [COUNT] what it takes of an onset."""
    fall = np.exp(-STEP_S * RATES_HZ / PERIODS)
    turn = fall * np.exp(2j * np.pi * RATES_HZ * STEP_S)
    return turn.astype(np.complex64), np.sqrt(1.0 - fall).astype(np.float32)


class Resonators:
    """The bank of one stream, or of several side by side."""

    def __init__(self, rises: Floats, out: Floats) -> None:
        """rises: [..., 2 BANDS], where the rises of a step are found; out: [..., FEATURES], where the newest
        state is put: by region real and imaginary parts, then magnitudes, each region brought to a mean
        square of about 1. A dimension for every one of several streams, or none."""
        streams = rises.shape[:-1]
        turn, take = coefficients()
        self._turn, self._take = turn, take.astype(np.complex64)
        mean = np.zeros((2 * BANDS, len(REGIONS)), dtype=np.float32)
        for region, (first, last) in enumerate(REGIONS):
            mean[first:last, region] = mean[BANDS + first : BANDS + last, region] = 0.5 / (last - first)
        self._rises, self._mean = rises, mean
        self._swings = np.zeros((*streams, len(REGIONS), COUNT), dtype=np.complex64)
        self._parts = self._swings.view(np.float32)
        regions = out.reshape(*streams, len(REGIONS), 3 * COUNT)
        self._out_parts, self._out_sizes = regions[..., : 2 * COUNT], regions[..., 2 * COUNT :]

    def step(self) -> None:
        """The rises are those of the next step now."""
        swings = self._swings
        swings *= self._turn
        driven = np.dot(self._rises, self._mean)
        driven += DUST
        swings += driven[..., None] * self._take
        sizes = np.abs(swings)
        mean_square = np.add.reduce(sizes * sizes, axis=-1)
        mean_square *= np.float32(1.0 / COUNT)
        scale = np.sqrt(mean_square, out=mean_square)
        scale += np.float32(LEAST)
        np.divide(np.float32(1.0), scale, out=scale)
        np.multiply(self._parts, scale[..., None], out=self._out_parts)
        np.multiply(sizes, scale[..., None], out=self._out_sizes)
