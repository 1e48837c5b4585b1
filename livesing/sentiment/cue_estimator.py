"""The cue estimator: valence and arousal from a few musical cues, by fixed weights.

Listeners' judgements of expressed emotion are close to additive in the musical cues (Eerola,
Friberg & Bresin 2013): mode drives valence, the rate of attacks drives arousal, loudness and
brightness follow. No training data is involved.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from livesing.audio.slow import Cues
from livesing.sentiment.mood import MOOD_LIMIT, Mood
from livesing.sentiment.normaliser import Prior, RunningNormaliser

VALENCE_WEIGHTS = {"mode": 0.6, "onset_rate": 0.3, "zero_crossings": -0.1}
AROUSAL_WEIGHTS = {"rms": 0.4, "onset_rate": 0.5, "flux": 0.3, "centroid": 0.2}

# Means and standard deviations over 500 ms windows of five recordings (string orchestra, celesta and
# orchestra, singer-songwriter, vibraphone quartet, solo trumpet), the six sections of the demo piece
# and twelve synthetic songs (60-170 BPM, half of them minor, with and without drums, soft to loud),
# each stretch of music weighing about the same; rounded. Mode is absolute: an evening in minor stays
# an evening in minor. The level depends on the input gain most of all, so it may move furthest, up
# to 25 dB.
PRIORS = {
    "mode": Prior(0.15, 0.65, memory_s=math.inf, reach=0.0),  # -1..1
    "onset_rate": Prior(4.2, 1.95, memory_s=600.0, reach=0.5),  # 1/s
    "rms": Prior(-21.0, 6.4, memory_s=240.0, reach=4.0),  # dB
    "flux": Prior(0.118, 0.066, memory_s=600.0, reach=0.5),
    "centroid": Prior(10.5, 0.87, memory_s=600.0, reach=0.5),  # log2 Hz
    "zero_crossings": Prior(10.3, 0.80, memory_s=600.0, reach=0.5),  # log2 1/s
}

VALENCE_SCALE = 0.73
AROUSAL_SCALE = 1.08
"""Standard deviations of the weighted sums over the same music: onset rate, level, flux and
centroid rise and fall together (r = 0.45-0.65)."""


def cue_values(cues: Cues) -> dict[str, float]:
    """The cues on the scales on which they are close to normal: frequencies in octaves."""
    return {
        "mode": cues.mode,
        "onset_rate": cues.onset_rate,
        "rms": cues.rms_db,
        "flux": cues.flux,
        "centroid": math.log2(max(cues.centroid_hz, 20.0)),
        "zero_crossings": math.log2(max(cues.zero_crossings, 20.0)),
    }


class CueEstimator:
    """Cues in, Mood out, every 500 ms.

    Smoothed by SMOOTH_S, so that a change in the music shows within about two seconds and the
    mood never jumps. On silence, arousal glides to SILENT_AROUSAL, valence to 0 and confidence
    to 0, and the normaliser stands still.
    """

    SMOOTH_S = 1.2
    CALM_S = 2.0
    SILENT_AROUSAL = -1.5
    TRUST_S = 2.0

    def __init__(self, normaliser: RunningNormaliser | None = None) -> None:
        """normaliser: over the cues of PRIORS, for instance from a saved state; a new one if
        left out."""
        self.normaliser = normaliser or RunningNormaliser(PRIORS)
        self._valence = 0.0
        self._arousal = 0.0
        self._confidence = 0.0

    def update(self, cues: Cues, dt: float = 0.5, now: float | None = None) -> Mood:
        """cues: of the `dt` seconds that just passed. now: what Mood.time becomes, on the
        caller's clock; cues.time_s if left out."""
        if cues.silent:
            valence, arousal, confidence = 0.0, self.SILENT_AROUSAL, 0.0
            time_constant = self.CALM_S
        else:
            z = self.normaliser.push(cue_values(cues), dt)
            valence = sum(w * z[name] for name, w in VALENCE_WEIGHTS.items()) / VALENCE_SCALE
            arousal = sum(w * z[name] for name, w in AROUSAL_WEIGHTS.items()) / AROUSAL_SCALE
            confidence = 0.4 + 0.6 * min(max(_held(cues.key_confidence), 0.0), 1.0)
            time_constant = self.SMOOTH_S
        step = 1.0 - math.exp(-dt / time_constant)
        self._valence += (_held(valence) - self._valence) * step
        self._arousal += (_held(arousal) - self._arousal) * step
        self._confidence += (confidence - self._confidence) * (1.0 - math.exp(-dt / self.TRUST_S))
        time = cues.time_s if now is None else now
        return Mood(time, self._valence, self._arousal, self._confidence)


def _held(value: float) -> float:
    """Within the plane; a value that is not finite counts as unknown, the middle."""
    return min(max(value, -MOOD_LIMIT), MOOD_LIMIT) if math.isfinite(value) else 0.0


def follow(cues: Iterable[Cues], estimator: CueEstimator | None = None) -> Iterator[tuple[Cues, Mood]]:
    """Cues and Mood of a whole sound, a pair per 500 ms, as the live path would have felt it."""
    estimator = estimator or CueEstimator()
    for step in cues:
        yield step, estimator.update(step)
