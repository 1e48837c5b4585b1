"""The cue estimator: valence and arousal from a few musical cues, by fixed weights.

Listeners' judgements of expressed emotion are close to additive in the musical cues (Eerola, Friberg &
Bresin 2013). Mode drives valence, with clear harmony and a lively, articulate rhythm behind it and noise
against it; the rate of attacks drives arousal, with loudness, articulation and brightness behind it (Ilie &
Thompson 2006, Gomez & Danuser 2007, Battcock & Schutz 2019). Register is left out: on valence it is disputed.

The published order of effects gives the weights to begin with. A ridge regression then moved them a little,
never over zero, on a corpus of music composed by code, heard by the live slow path: how well a cue can be
heard is part of what it is worth. `livesing train cues` makes them, cue_weights.py reads them. No listener's
ratings are involved.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from livesing.audio.slow import Cues
from livesing.sentiment.cue_weights import read_cue_weights
from livesing.sentiment.feeling import Glide, Heard
from livesing.sentiment.mood import Mood
from livesing.sentiment.normaliser import Prior, RunningNormaliser
from livesing.sentiment.sound_check import Statistic, calibrated


class Movable(NamedTuple):
    """memory_s: time constant of the adaptation, s; reach: see Prior."""

    memory_s: float
    reach: float


WEIGHTS = read_cue_weights()
"""Those that ship: weights, and what is usual over half seconds of the composed corpus."""

# How far each cue's statistics may move in an evening. Mode is absolute: an evening in minor stays an evening
# in minor. The level depends on the input gain most of all, so it may move furthest, up to 24 dB.
MOVES = {
    "mode": Movable(math.inf, 0.0),
    "chord_mode": Movable(math.inf, 0.0),
    "key_clarity": Movable(math.inf, 0.0),
    "onset_rate": Movable(600.0, 0.5),
    "attack_level": Movable(240.0, 4.0),
    "flux": Movable(600.0, 0.5),
    "articulation": Movable(600.0, 0.5),
    "entropy": Movable(600.0, 0.5),
    "flatness": Movable(600.0, 0.5),
}
PRIORS = {name: Prior(*WEIGHTS.usual[name], *moves) for name, moves in MOVES.items()}
"""By the names of cue_values."""
MODES = ("mode", "chord_mode")
USUAL_MODES = {name: PRIORS[name].mean for name in MODES}

SQUASH = 2.2
"""A z-score further out than this counts for hardly more: one cue alone does not decide."""
OPEN = ("attack_level",)
"""Of these it counts for less, but never for nothing: whatever the gain, softer is calmer."""

CHECK_TRUST = {"attack_level": 1.0, "flatness": 0.5, "entropy": 0.5, "flux": 0.5, "onset_rate": 0.25}
"""How far half a minute of sound check is believed: the level is the room's and the desk's, the colour
half the room's and half the song's, the pace the song's own, the mode the music's alone."""

# The rule gives standard units for usual music. What a night of other music makes of them is followed
# slowly and not far: arousal may find another middle, valence only another width, so that sad music
# stays sad however long it lasts.
MOOD_PRIORS = {
    "valence": Prior(0.0, 1.0, memory_s=900.0, reach=0.0, stretch=1.3),
    "arousal": Prior(0.0, 1.0, memory_s=900.0, reach=0.5, stretch=1.3),
}


def cue_values(cues: Cues, usual_modes: Mapping[str, float] = USUAL_MODES) -> dict[str, float]:
    """The cues on the scales on which they are close to normal:

    mode, chord_mode, key_clarity, entropy as they are; onset_rate as log2 (1/s + 0.5); attack_level in LUFS;
    flux and articulation as square roots; flatness as natural logarithm.

    Where nothing has a pitch there is no mode: it counts as the usual one.
    """
    pitched = _share(cues.key_confidence)
    return {
        "mode": cues.mode + (1.0 - pitched) * usual_modes["mode"],
        "chord_mode": cues.chord_mode + (1.0 - pitched) * usual_modes["chord_mode"],
        "key_clarity": cues.key_confidence,
        "onset_rate": math.log2(max(cues.onset_rate, 0.0) + 0.5),
        "attack_level": cues.attack_db,
        "flux": math.sqrt(max(cues.flux, 0.0)),
        "articulation": math.sqrt(max(cues.articulation, 0.0)),
        "entropy": cues.entropy,
        "flatness": math.log(max(cues.flatness, 1e-6)),
    }


def squashed(z: NDArray[np.floating], names: Sequence[str]) -> NDArray[np.float64]:
    """z: [..., names] z-scores, pressed together beyond SQUASH."""
    pressed = np.tanh(z / SQUASH)
    for place, name in enumerate(names):
        if name in OPEN:
            pressed[..., place] = np.arcsinh(z[..., place] / SQUASH)
    return np.asarray(SQUASH * pressed)


class CueEstimator:
    """Cues in, Mood out, every 500 ms, gliding as feeling.Glide says.

    In silence the normalisers stand still; they also stand still in the hush between two pieces, which is
    far under the music before it. Valence needs something to judge by: of sound with neither pitch nor
    attacks, such as noise, it is 0.
    """

    hears = ""
    HUSH_DB = 30.0
    """What lies further than this under the loudest of the last minutes adapts nothing."""
    FORGET_DB_PER_S = 0.2
    """So music that has become softer by 20 dB counts after 100 s at the latest."""

    def __init__(self, normaliser: RunningNormaliser | None = None) -> None:
        """normaliser: over the cues of PRIORS, for instance from a saved state; a new one if
        left out."""
        self.normaliser = normaliser or RunningNormaliser(PRIORS)
        self.scale = RunningNormaliser(MOOD_PRIORS)
        """Of valence and arousal themselves."""
        self._loudest_db = -math.inf
        self._glide = Glide()

    def calibrate(self, heard: Mapping[str, Statistic]) -> None:
        """Start anew from what a sound check heard; the mood glides there."""
        self.normaliser = RunningNormaliser(calibrated(PRIORS, heard, CHECK_TRUST))

    def feel(self, heard: Heard, dt: float = 0.5, now: float | None = None) -> Mood:
        """See feeling.Estimator."""
        return self.update(heard.cues, dt, now)

    def update(self, cues: Cues, dt: float = 0.5, now: float | None = None) -> Mood:
        """cues: of the `dt` seconds that just passed. now: what Mood.time becomes, on the
        caller's clock; cues.time_s if left out."""
        time = cues.time_s if now is None else now
        if cues.silent:
            return self._glide.calm(dt, time)
        valence, arousal = self._judge(cues, self._lasting(cues, dt))
        return self._glide.toward(valence, arousal, 0.4 + 0.6 * _share(cues.key_confidence), dt, time)

    def _lasting(self, cues: Cues, dt: float) -> float:
        """The seconds for which these cues count towards what is usual: none in a hush."""
        level = cues.rms_db if math.isfinite(cues.rms_db) else -math.inf
        self._loudest_db = max(self._loudest_db - self.FORGET_DB_PER_S * dt, min(level, 0.0))
        return dt if level > self._loudest_db - self.HUSH_DB else 0.0

    def _judge(self, cues: Cues, dt: float) -> tuple[float, float]:
        """Valence and arousal of these cues alone; adapts by `dt` seconds."""
        values = self.normaliser.push(cue_values(cues), dt)
        z = dict(zip(values, squashed(np.array(list(values.values())), tuple(values)).tolist(), strict=True))
        valence = sum(w * z[name] for name, w in WEIGHTS.valence.items()) / WEIGHTS.valence_scale
        arousal = sum(w * z[name] for name, w in WEIGHTS.arousal.items()) / WEIGHTS.arousal_scale
        evidence = max(_share(cues.key_confidence), _share(cues.onset_rate))
        scaled = self.scale.push({"valence": valence * evidence, "arousal": arousal}, dt)
        return scaled["valence"], scaled["arousal"]


def _share(value: float) -> float:
    """Within 0..1; a value that is not finite counts as 0."""
    return min(max(value, 0.0), 1.0) if math.isfinite(value) else 0.0


def follow(cues: Iterable[Cues], estimator: CueEstimator | None = None) -> Iterator[tuple[Cues, Mood]]:
    """Cues and Mood of a whole sound, a pair per 500 ms, as the live path would have felt it."""
    estimator = estimator or CueEstimator()
    for step in cues:
        yield step, estimator.update(step)
