"""A bank of resonators: how the onsets swing at every tempo, and where in their swing they are now.

Each resonator is a leaky complex oscillator driven by onsets (Large & Kolen 1994, Scheirer 1998 in their
simplest form): a Fourier coefficient of the last few periods. Together they are a causal tempogram that has
kept its phase, from which predominant local pulse (Grosche & Mueller 2011) would sum the strongest; here a
network weighs them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from livesing.audio.beat_features import BANDS, STEP_S, STRIDE
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

    def __init__(self, rises: Floats, out: Floats) -> None:
        """rises: [..., STRIDE, 2 BANDS], where the rises of a stride's steps are found, all at least DUST.
        out: [..., STRIDE, FEATURES], where the states after them are put: by region real and imaginary parts,
        then magnitudes, each region brought to a mean square of about 1. A dimension for every one of several
        streams, or none."""
        turn, take = coefficients()
        self._turn, self._take = turn, take
        mean = np.zeros((2 * BANDS, len(REGIONS)), dtype=np.float32)
        for region, (first, last) in enumerate(REGIONS):
            mean[first:last, region] = mean[BANDS + first : BANDS + last, region] = 0.5 / (last - first)
        self._rises, self._mean = rises, mean
        # As they are put out: parts, then magnitudes.
        self._states = np.zeros((*out.shape[:-1], len(REGIONS), 3 * COUNT), dtype=np.float32)
        self.swings: NDArray[np.complex64] = self._states[..., : 2 * COUNT].view(np.complex64)
        """[..., STRIDE, len(REGIONS), COUNT] the states after each step of the newest stride."""
        self._driven, self._sizes = self._states[..., : 2 * COUNT : 2], self._states[..., 2 * COUNT :]
        self._out = out.reshape(self._states.shape)

    def push(self) -> None:
        """The rises are those of the next stride now."""
        swings, driven, sizes = self.swings, self._driven, self._sizes
        drive = np.dot(self._rises, self._mean)[..., None] * self._take
        for step in range(STRIDE):
            np.multiply(swings[..., step - 1, :, :], self._turn, out=swings[..., step, :, :])
            driven[..., step, :, :] += drive[..., step, :, :]
        np.abs(swings, out=sizes)
        scale = np.vecdot(sizes, sizes)
        np.sqrt(scale, out=scale)
        scale += np.float32(LEAST * math.sqrt(COUNT))
        np.divide(np.float32(math.sqrt(COUNT)), scale, out=scale)
        np.multiply(self._states, scale[..., None], out=self._out)
