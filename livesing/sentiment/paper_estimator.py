"""The paper's own network: 9156 features of 500 ms -> 256 sigmoids -> valence and arousal.

deepsing (Passalis & Doropoulos 2019, 2.1): trained with an input dropout of .5 on the features of single
half seconds. This one was trained on music composed by code (paper.md beside it names data, terms and
scores), since the paper's weights are lost. Features are z-scored by the corpus' statistics: a live show
has no whole song to take them from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livesing.array_file import Arrays, check_shapes, read_arrays
from livesing.errors import WeightsError
from livesing.sentiment.feeling import Glide, Heard, held, sigmoid
from livesing.sentiment.mood import Mood
from livesing.sentiment.sound_check import Statistic

WEIGHTS = Path(__file__).with_name("paper.safetensors")
FEATURES, HIDDEN = 9156, 256
Z_LIMIT = 4.0
"""Features beyond it are taken for it: what is that unusual was not in the corpus."""
TRUST = 0.7
"""Confidence on music like the corpus'."""


class PaperNetwork:
    """features [n, 9156] -> (valence, arousal) [n, 2] in standard units of the corpus."""

    SHAPES: dict[str, tuple[int | None, ...]] = {
        "mean": (FEATURES,),
        "scale": (FEATURES,),
        "hidden.weight": (HIDDEN, FEATURES),
        "hidden.step": (HIDDEN,),
        "hidden.bias": (HIDDEN,),
        "output.weight": (2, HIDDEN),
        "output.bias": (2,),
    }
    """hidden.weight in steps of hidden.step, as bytes: a quarter of the size, and the same answers to 1 %."""

    def __init__(self, arrays: Arrays) -> None:
        """arrays: as in SHAPES; scale is 1 / standard deviation."""
        self._mean = arrays["mean"].astype(np.float32)
        self._scale = arrays["scale"].astype(np.float32)
        step = arrays["hidden.step"].astype(np.float32)
        self._hidden = np.ascontiguousarray(arrays["hidden.weight"].astype(np.float32) * step[:, None])
        self._hidden_bias = arrays["hidden.bias"].astype(np.float32)
        self._output = arrays["output.weight"].astype(np.float32)
        self._output_bias = arrays["output.bias"].astype(np.float32)

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> PaperNetwork:
        """WeightsError for a file that is missing, damaged or of another network."""
        arrays, _ = read_arrays(path)
        check_shapes(path, arrays, cls.SHAPES)
        return cls(arrays)

    def standard(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """[n, 9156] -> z-scores within +-Z_LIMIT; what is not finite is usual."""
        z = (np.asarray(features, np.float32) - self._mean) * self._scale
        return np.clip(np.nan_to_num(z, nan=0.0), -Z_LIMIT, Z_LIMIT)

    def __call__(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        z = self.standard(features)
        hidden = sigmoid(z @ self._hidden.T + self._hidden_bias)
        answer: NDArray[np.float32] = hidden @ self._output.T + self._output_bias
        return answer


def quantised(weight: NDArray[np.floating]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """[rows, n] -> bytes [rows, n], and the step of each row."""
    step = np.maximum(np.abs(weight).max(axis=1) / 127.0, 1e-12).astype(np.float32)
    return np.round(weight / step[:, None]).astype(np.int8), step


class PaperEstimator:
    """Heard.features in, Mood out, every 500 ms."""

    hears = "features"

    def __init__(self, network: PaperNetwork | None = None) -> None:
        """network: the one that ships if left out."""
        self._network = network or PaperNetwork.load()
        self._glide = Glide()

    def calibrate(self, heard: Mapping[str, Statistic]) -> None:
        """Its statistics are part of its weights."""

    def feel(self, heard: Heard, dt: float = 0.5, now: float | None = None) -> Mood:
        """See feeling.Estimator. WeightsError where features are missing or of another length."""
        time = heard.cues.time_s if now is None else now
        if heard.cues.silent:
            return self._glide.calm(dt, time)
        features = np.zeros(0) if heard.features is None else heard.features
        if features.size != FEATURES:
            raise WeightsError(f"the paper's network needs {FEATURES} features, not {features.size}")
        row = np.reshape(features, (1, FEATURES))
        valence, arousal = (float(value) for value in self._network(row)[0])
        # Far from everything it was trained on, the network guesses.
        strange = float(np.mean(np.abs(self._network.standard(row)) >= Z_LIMIT))
        confidence = TRUST * math.exp(-strange / 0.05)
        return self._glide.toward(held(valence), held(arousal), confidence, dt, time)
