"""What the estimators of feeling have in common: what they hear, how they answer, how they glide.

    cues    additive over a few musical cues, by fixed weights; the default, in cue_estimator.py
    paper   the network of deepsing over its 9156 features, in paper_estimator.py
    deam    trained on the listeners of DEAM by whoever has its terms, in deam_estimator.py

Each takes what was heard in the 500 ms that just passed and gives a Mood; the past only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from livesing.audio.slow import Cues
from livesing.sentiment.mood import MOOD_LIMIT, Mood
from livesing.sentiment.sound_check import Statistic

FEELINGS = ("cues", "paper", "deam")
"""Names of the estimators, as the command line spells them."""


class Heard(NamedTuple):
    """All that an estimator may ask for of 500 ms; what the chosen one does not need is None.

    cues          the musical cues
    features      [9156] the paper's features: 21 frames of MFCC, tempogram, CENS
    descriptors   [124] openSMILE's descriptors of the last second, see audio/descriptors.py
    """

    cues: Cues
    features: NDArray[np.floating] | None = None
    descriptors: NDArray[np.floating] | None = None


class Estimator(Protocol):
    """Feels what was heard, every 500 ms."""

    @property
    def hears(self) -> str:
        """What it needs of Heard besides the cues: "features", "descriptors" or ""."""

    def feel(self, heard: Heard, dt: float = 0.5, now: float | None = None) -> Mood:
        """heard: of the `dt` seconds that just passed. now: what Mood.time becomes, on the caller's
        clock; the time of the cues if left out."""

    def calibrate(self, heard: Mapping[str, Statistic]) -> None:
        """What a sound check heard, by the names of cue_estimator.PRIORS; an estimator whose statistics are
        part of its weights passes it over."""


def held(value: float) -> float:
    """Within the plane; a value that is not finite counts as unknown, the middle."""
    return min(max(value, -MOOD_LIMIT), MOOD_LIMIT) if math.isfinite(value) else 0.0


def sigmoid(x: NDArray[np.floating]) -> NDArray[Any]:
    """1 / (1 + e^-x), without overflow at any x."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x))


class Glide:
    """The mood never jumps: it follows what is felt, and calms in silence.

    Smoothed by SMOOTH_S, so that a change in the music shows within about two seconds. On silence,
    arousal glides to SILENT_AROUSAL, or stays where it is calmer, valence to 0 and confidence to 0.
    """

    SMOOTH_S = 1.2
    CALM_S = 2.0
    SILENT_AROUSAL = -1.5
    TRUST_S = 2.0

    def __init__(self) -> None:
        self._valence = 0.0
        self._arousal = 0.0
        self._confidence = 0.0

    def toward(self, valence: float, arousal: float, confidence: float, dt: float, time: float) -> Mood:
        """What was felt in the last `dt` seconds -> the Mood at `time`. confidence: 0..1."""
        return self._go(valence, arousal, confidence, dt, self.SMOOTH_S, time)

    def calm(self, dt: float, time: float) -> Mood:
        """`dt` seconds of silence."""
        # What dies away between soft notes must not rouse.
        return self._go(0.0, min(self._arousal, self.SILENT_AROUSAL), 0.0, dt, self.CALM_S, time)

    def _go(
        self, valence: float, arousal: float, confidence: float, dt: float, time_constant: float, time: float
    ) -> Mood:
        step = 1.0 - math.exp(-dt / time_constant)
        self._valence += (held(valence) - self._valence) * step
        self._arousal += (held(arousal) - self._arousal) * step
        trust = min(max(held(confidence), 0.0), 1.0)
        self._confidence += (trust - self._confidence) * (1.0 - math.exp(-dt / self.TRUST_S))
        return Mood(time, self._valence, self._arousal, self._confidence)
