"""All that the beat network is shown of a step: the newest sound, how it was lately, and how it swings."""

from __future__ import annotations

import math

import numpy as np

from livesing.audio import beat_features, beat_resonators
from livesing.audio.beat_features import BANDS, STEP_S, StepFeatures
from livesing.audio.beat_resonators import DUST, Resonators
from livesing.audio.framing import Floats

RECENT = 2
"""Steps before the newest whose rises are shown as well."""
USUAL_S = 3.0
"""1/e of the running mean of levels and rises: what kind of music this is."""
INPUTS = beat_features.FEATURES + (RECENT + 1) * 2 * BANDS + beat_resonators.FEATURES


class BeatInputs:
    """Of one stream, or of several side by side."""

    def __init__(self, streams: tuple[int, ...] = ()) -> None:
        features, rises = beat_features.FEATURES, 2 * BANDS
        self._inputs = np.zeros((*streams, INPUTS), dtype=np.float32)
        recent = features + RECENT * rises
        usual = recent + rises
        self._features = StepFeatures(self._inputs[..., :features])
        self._resonators = Resonators(self._inputs[..., :rises], self._inputs[..., usual:])
        self._rises = self._inputs[..., :rises]
        self._recent = self._inputs[..., features:recent]
        self._heard, self._usual = self._inputs[..., BANDS:features], self._inputs[..., recent:usual]
        self._share = np.float32(1.0 - math.exp(-STEP_S / USUAL_S))

    def step(self, powers: Floats) -> Floats:
        """powers: [..., FRAMES_PER_STEP, BANDS], from BandPowers. Returns [..., INPUTS], good until the next
        step: the step's features, the rises of those before it, the usual rises and levels, and the
        resonators."""
        self._recent[..., 2 * BANDS :] = self._recent[..., : -2 * BANDS]
        self._recent[..., : 2 * BANDS] = self._rises
        self._features.step(powers)
        change = self._heard - self._usual
        change += DUST
        change *= self._share
        self._usual += change
        self._resonators.step()
        return self._inputs
