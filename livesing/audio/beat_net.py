"""The beat network: from what is heard in a step to the chance that a beat, and a bar, begins there.

A network of three layers, run in numpy a step at a time. What it needs of the past its inputs have: the
resonators remember some periods of every tempo. beat_net.md is its model card; `python -m
livesing.train.beat_net` makes its weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from livesing.audio.beat_features import STRIDE
from livesing.audio.framing import Floats

WEIGHTS = Path(__file__).with_name("beat_net.npz")
DELAY_S = 0.05
"""A beat is told this long after it sounds, so that the network sees its attack: the end of the step that is
called the beat's. Part of the training."""
BPM_LOW, BPM_HIGH = 46.0, 224.0
TEMPOS: NDArray[np.float64] = np.geomspace(BPM_LOW, BPM_HIGH, 60)
"""Beats per minute that the network tells apart."""
OUTPUTS = 2 + len(TEMPOS)
_ZERO = np.float32(0.0)


class Heard(NamedTuple):
    """Of a stride. beat, downbeat: [STRIDE] log-odds that one was DELAY_S before the end of each step. tempo:
    [len(TEMPOS)] log-probabilities at its end, shifted."""

    beat: list[float]
    downbeat: list[float]
    tempo: Floats


def read_weights(path: Path = WEIGHTS) -> dict[str, Floats]:
    """The arrays of a weights file, as float32. Where there is a "NAME.step" [out], NAME is in such steps."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name].astype(np.float32) for name in file.files}
    steps = {name: arrays.pop(name) for name in list(arrays) if name.endswith(".step")}
    for name, step in steps.items():
        arrays[name.removesuffix(".step")] *= step[:, None]
    return arrays


class BeatNet:
    """Linear layers with rectifiers between them; it has no memory of its own, its inputs have."""

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        """weights: from read_weights(): "mean", "scale" [INPUTS]; "N.weight" [out, in], "N.bias" [out] of
        layer N = 0, 1, ... The last of the inputs has to be 1."""
        count = sum(name.endswith(".weight") for name in weights)
        layers = [(weights[f"{n}.weight"], weights[f"{n}.bias"]) for n in range(count)]
        # The inputs' standardisation is part of the first layer, and biases are weights of what is always 1:
        # the last of the inputs, and of every hidden layer.
        first, bias = layers[0]
        scaled = first * weights["scale"]
        scaled[:, -1] += bias - scaled @ weights["mean"]
        later = [np.concatenate((weight, bias[:, None]), axis=1) for weight, bias in layers[1:]]
        *hidden, self._out = (np.ascontiguousarray(w, dtype=np.float32) for w in (scaled, *later))
        states = [np.ones((len(weight) + 1, STRIDE), dtype=np.float32) for weight in hidden]
        self._hidden = [(weight, state, state[:-1]) for weight, state in zip(hidden, states, strict=True)]

    def judge(self, inputs: Floats) -> Heard:
        """inputs: [STRIDE, INPUTS], from BeatInputs."""
        x = inputs.T
        for weight, state, units in self._hidden:
            np.maximum(np.dot(weight, x, out=units), _ZERO, out=units)
            x = state
        out = np.dot(self._out, x)
        beat, downbeat = out[:2].tolist()
        return Heard(beat, downbeat, out[2:, -1])
