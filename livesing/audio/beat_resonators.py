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

RATES_HZ: NDArray[np.float64] = np.geomspace(LOWEST_HZ, HIGHEST_HZ, COUNT)


def coefficients() -> tuple[NDArray[np.complex64], Floats]:
    """[COUNT] what a resonator is multiplied by in a step, and [COUNT] what it takes of an onset."""
    fall = np.exp(-STEP_S * RATES_HZ / PERIODS)
    turn = fall * np.exp(2j * np.pi * RATES_HZ * STEP_S)
    return turn.astype(np.complex64), np.sqrt(1.0 - fall).astype(np.float32)


class Resonators:
    """The bank of one stream, or of several side by side."""

    def __init__(self, streams: tuple[int, ...] = ()) -> None:
        turn, take = coefficients()
        self._turn, self._take = turn, take
        mean = np.zeros((2 * BANDS, len(REGIONS)), dtype=np.float32)
        for region, (first, last) in enumerate(REGIONS):
            mean[first:last, region] = mean[BANDS + first : BANDS + last, region] = 0.5 / (last - first)
        self._mean = mean
        self._swings = np.zeros((*streams, len(REGIONS), COUNT), dtype=np.complex64)

    def step(self, features: Floats) -> Floats:
        """features: [..., beat_features.FEATURES], of which the rises are used. Returns [..., FEATURES]: by
        region real and imaginary parts, then magnitudes, each region brought to a mean square of about 1."""
        swings = self._swings
        swings *= self._turn
        swings += (features[..., : 2 * BANDS] @ self._mean)[..., None] * self._take
        size = np.abs(swings)
        whole = np.sqrt(np.einsum("...k,...k->...", size, size) / COUNT) + np.float32(LEAST)
        out = np.empty((*swings.shape[:-1], 3 * COUNT), dtype=np.float32)
        scale = (np.float32(1.0) / whole)[..., None]
        np.multiply(swings.view(np.float32), scale, out=out[..., : 2 * COUNT])
        np.multiply(size, scale, out=out[..., 2 * COUNT :])
        return out.reshape(*out.shape[:-2], FEATURES)
