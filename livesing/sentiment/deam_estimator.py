"""The head on DEAM: openSMILE's descriptors as listeners rated them, with mode and the rate of onsets.

DEAM's ratings are for research only, so no weights ship; `livesing train audio --deam-features FILE` makes
them in minutes for whoever may use them. What DEAM's spectral descriptors cannot know, whether the music is
in major and how many notes there are, is added as in the rule of cues. The gain of the input must not move
valence: descriptors that grow with it count as shares of the level, and the level counts for arousal alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livesing.array_file import Arrays, check_shapes, read_arrays
from livesing.errors import WeightsError
from livesing.sentiment.cue_estimator import PRIORS, cue_values
from livesing.sentiment.feeling import Glide, Heard, sigmoid
from livesing.sentiment.mood import Mood
from livesing.sentiment.sound_check import Statistic

HIDDEN = 256
FAINTEST = 1e-4
"""Level below which shares of it say nothing."""
Z_LIMIT = 4.0
HEAD_SHARE = (0.5, 0.7)
"""Of valence, of arousal; the rest is mode and onset rate."""
MODE_IN_VALENCE, ONSETS_IN_VALENCE = 0.55, 0.20
ONSETS_IN_AROUSAL = 0.45
SPREAD = (0.80, 1.05)
"""Standard deviation of the sums, so that they come out in standard units."""
UNTIL_HEARD = 0.3
"""Confidence before the head has heard its first second."""


def gain_free(values: NDArray[np.floating], powers: NDArray[np.floating], level: int) -> NDArray[np.float64]:
    """Descriptors [..., n] as shares of that power [n] of the level which they grow with; `level` is its own
    place, where its natural logarithm stands."""
    loud = np.maximum(np.asarray(values, np.float64)[..., level, None], FAINTEST)
    shares = values / loud**powers
    shares[..., level] = np.log(loud[..., 0])
    return shares


class DeamHead:
    """Descriptors -> (valence, arousal) in standard units of DEAM: the mean of a ridge regression and of a
    network with 256 sigmoids, both over z-scores of what `gain_free` makes of them."""

    SHAPES: dict[str, tuple[int | None, ...]] = {
        "columns": (None,),
        "powers": (None,),
        "level": (1,),
        "mean": (None,),
        "scale": (None,),
        "ridge.weight": (2, None),
        "ridge.bias": (2,),
        "hidden.weight": (HIDDEN, None),
        "hidden.bias": (HIDDEN,),
        "output.weight": (2, HIDDEN),
        "output.bias": (2,),
    }
    """columns: which numbers of a row are used; powers, level: see gain_free, by the order of columns."""

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = {name: array.astype(np.float64) for name, array in arrays.items()}
        self._columns = arrays["columns"].astype(np.int64)
        self._level = int(arrays["level"][0])

    @classmethod
    def load(cls, path: Path) -> DeamHead:
        """WeightsError for a file that is missing, damaged or of something else."""
        arrays, _ = read_arrays(path)
        check_shapes(path, arrays, cls.SHAPES)
        count = arrays["columns"].size
        if not 0 <= arrays["level"][0] < count:
            raise WeightsError(f"the level of {str(path)!r} is none of its {count} columns")
        for name in ("powers", "mean", "scale", "ridge.weight", "hidden.weight"):
            if arrays[name].shape[-1] != count:
                raise WeightsError(f"{name} in {str(path)!r} does not fit its {count} columns")
        return cls(arrays)

    def __call__(self, row: NDArray[np.floating]) -> NDArray[np.float64]:
        """row: [124] -> [2]. A row that is too short is a WeightsError."""
        if self._columns.max(initial=0) >= np.size(row):
            raise WeightsError(f"the head on DEAM needs more descriptors than {np.size(row)}")
        at = self._arrays
        told = gain_free(row[self._columns], at["powers"], self._level)
        z = np.clip(np.nan_to_num((told - at["mean"]) * at["scale"]), -Z_LIMIT, Z_LIMIT)
        hidden = sigmoid(at["hidden.weight"] @ z + at["hidden.bias"])
        network = at["output.weight"] @ hidden + at["output.bias"]
        ridge = at["ridge.weight"] @ z + at["ridge.bias"]
        answer: NDArray[np.float64] = 0.5 * (network + ridge)
        return answer


class DeamEstimator:
    """Heard.cues and Heard.descriptors in, Mood out, every 500 ms."""

    hears = "descriptors"

    def __init__(self, head: DeamHead) -> None:
        self._head = head
        self._glide = Glide()

    def calibrate(self, heard: Mapping[str, Statistic]) -> None:
        """Its statistics are part of its weights."""

    def feel(self, heard: Heard, dt: float = 0.5, now: float | None = None) -> Mood:
        """See feeling.Estimator. Descriptors may be missing in the first second."""
        time = heard.cues.time_s if now is None else now
        if heard.cues.silent:
            return self._glide.calm(dt, time)
        values = cue_values(heard.cues)
        mode, onsets = (_standard(name, values[name]) for name in ("mode", "onset_rate"))
        head = (0.0, 0.0) if heard.descriptors is None else self._head(heard.descriptors).tolist()
        valence = HEAD_SHARE[0] * head[0] + MODE_IN_VALENCE * mode + ONSETS_IN_VALENCE * onsets
        arousal = HEAD_SHARE[1] * head[1] + ONSETS_IN_AROUSAL * onsets
        confidence = UNTIL_HEARD if heard.descriptors is None else 0.5 + 0.5 * heard.cues.key_confidence
        return self._glide.toward(valence / SPREAD[0], arousal / SPREAD[1], confidence, dt, time)


def _standard(name: str, value: float) -> float:
    z = (value - PRIORS[name].mean) / PRIORS[name].std
    return min(max(z, -Z_LIMIT), Z_LIMIT) if math.isfinite(z) else 0.0
