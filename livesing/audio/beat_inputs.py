"""All that the beat network is shown of a step: the newest sound, how it was lately, and how it swings."""

from __future__ import annotations

import math

import numpy as np

from livesing.audio import beat_resonators
from livesing.audio.beat_features import (
    BANDS,
    DUST,
    FLOOR_POWER,
    FRAMES,
    FRAMES_PER_STEP,
    STEP_S,
    STRIDE,
    Levels,
)
from livesing.audio.beat_resonators import Resonators
from livesing.audio.framing import Floats

RECENT = 2
"""Steps before the newest whose rises are shown as well."""
USUAL_S = 3.0
"""1/e of the running mean of levels and rises: what kind of music this is."""
RISES = FRAMES_PER_STEP * BANDS
INPUTS = (RECENT + 1) * RISES + BANDS + 2 * BANDS + beat_resonators.FEATURES + 1


class BeatInputs:
    """Of one stream, or of several side by side.

    [INPUTS] in this order: the rises of the last RECENT steps and of the newest, the levels at its end; what
    rises and levels at a step's end usually are; the resonators; 1, for the bias.
    """

    def __init__(self, streams: tuple[int, ...] = (), floor: float = FLOOR_POWER) -> None:
        """floor: mean square of silence."""
        self._inputs = np.zeros((*streams, STRIDE, INPUTS), dtype=np.float32)
        self._inputs[..., -1] = 1.0
        recent = (RECENT + 1) * RISES
        usual = recent + BANDS
        resonators = usual + 2 * BANDS
        # The rises of a step and of those before it lie side by side, so what a step is shown is a window.
        rises = np.zeros((*streams, (RECENT + STRIDE) * RISES), dtype=np.float32)
        self._newest, self._before = rises[..., STRIDE * RISES :], rises[..., : RECENT * RISES]
        windows = np.lib.stride_tricks.sliding_window_view(rises, recent, axis=-1)
        self._recent, self._windows = self._inputs[..., :recent], windows[..., ::RISES, :]
        new = rises[..., RECENT * RISES :]
        self.rises = new.reshape(*streams, FRAMES, BANDS)
        """[..., FRAMES, BANDS] of the newest stride."""
        self._features = Levels(self.rises, floor)
        self._levels = self._inputs[..., recent:usual]
        self._resonators = Resonators(new.reshape(*streams, STRIDE, RISES), self._inputs[..., resonators:-1])
        # What was usual, and what is heard in every step: what is usual after each.
        keep = math.exp(-STEP_S / USUAL_S)
        ago = np.arange(STRIDE)[:, None] - np.arange(STRIDE)
        shares = np.where(ago >= 0, (1.0 - keep) * keep ** np.maximum(ago, 0), 0.0)
        before = keep ** np.arange(1, STRIDE + 1)[:, None]
        self._shares = np.concatenate((before, shares), axis=1).astype(np.float32)
        self._gathered = np.zeros((*streams, 1 + STRIDE, 2 * BANDS), dtype=np.float32)
        self._heard, self._usual = (
            self._inputs[..., recent - BANDS : usual],
            self._inputs[..., usual:resonators],
        )

    def push(self, powers: Floats) -> Floats:
        """powers: [..., FRAMES, BANDS], from BandPowers. Returns [..., STRIDE, INPUTS], good until the next
        stride."""
        self._before[...] = self._newest
        begun = self._features.push(powers)
        if begun.any():
            for memory in (self._before, self._gathered, self._resonators.swings):
                memory[begun] = 0.0
        self._recent[...] = self._windows
        np.maximum(self._features.at_ends, DUST, out=self._levels)
        self._gathered[..., 1:, :] = self._heard
        np.matmul(self._shares, self._gathered, out=self._usual)
        self._gathered[..., 0, :] = self._usual[..., -1, :]
        self._resonators.push()
        return self._inputs
