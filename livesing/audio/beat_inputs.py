"""All that the beat network is shown of a step: the newest sound, how it was lately, and how it swings."""

from __future__ import annotations

import math

import numpy as np

from livesing.audio import beat_features, beat_resonators
from livesing.audio.beat_features import BANDS, STEP_S, StepFeatures
from livesing.audio.beat_resonators import Resonators
from livesing.audio.framing import Floats

RECENT = 2
"""Steps before the newest whose rises are shown as well."""
USUAL_S = 3.0
"""1/e of the running mean of levels and rises: what kind of music this is."""
INPUTS = beat_features.FEATURES + (RECENT + 1) * 2 * BANDS + beat_resonators.FEATURES


class BeatInputs:
    """Of one stream, or of several side by side."""

    def __init__(self, streams: tuple[int, ...] = ()) -> None:
        self._features = StepFeatures(streams)
        self._resonators = Resonators(streams)
        self._recent = np.zeros((*streams, RECENT * 2 * BANDS), dtype=np.float32)
        self._usual = np.zeros((*streams, 2 * BANDS), dtype=np.float32)
        self._share = np.float32(1.0 - math.exp(-STEP_S / USUAL_S))

    def step(self, powers: Floats) -> Floats:
        """powers: [..., FRAMES_PER_STEP, BANDS], from BandPowers. Returns [..., INPUTS]: the step's features,
        the rises of those before it, the usual rises and levels, and the resonators."""
        features = self._features.step(powers)
        usual = self._usual
        usual += (features[..., BANDS:] - usual) * self._share
        swings = self._resonators.step(features)
        inputs = np.concatenate((features, self._recent, usual, swings), axis=-1)
        self._recent[..., 2 * BANDS :] = self._recent[..., : -2 * BANDS]
        self._recent[..., : 2 * BANDS] = features[..., : 2 * BANDS]
        return inputs
