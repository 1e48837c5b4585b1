"""The beat network: from the features of a step to the chance that a beat, and a bar, begins there.

A small recurrent network (a linear layer, two layers of gated recurrent units, Cho et al. 2014) that runs in
numpy, a step at a time. beat_net.md is its model card; `python -m livesing.train.beat_net` makes its weights.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WEIGHTS = Path(__file__).with_name("beat_net.npz")
DELAY_S = 0.03
"""A beat is told this long after it sounds, so that the network sees its attack. Part of the training."""

Floats = NDArray[np.float32]


class GatedUnits:
    """A layer of gated recurrent units, in the form and the order (reset, update, new) that torch has."""

    def __init__(self, into: Floats, back: Floats, into_bias: Floats, back_bias: Floats) -> None:
        """into: [3 H, in]; back: [3 H, H]; biases: [3 H]."""
        size = back.shape[1]
        self._size = size
        # tanh costs less than exp with its sum and division: sigmoid(x) = (1 + tanh(x / 2)) / 2.
        halves = np.repeat(np.float32([0.5, 0.5, 1.0]), size)
        self._into = np.ascontiguousarray(into * halves[:, None])
        self._back = np.ascontiguousarray(back * halves[:, None])
        self._bias = into_bias * halves
        self._bias[: 2 * size] += (back_bias * halves)[: 2 * size]
        self._new_bias = back_bias[2 * size :].copy()
        self._state = np.zeros(size, dtype=np.float32)

    def reset(self) -> None:
        self._state = np.zeros(self._size, dtype=np.float32)

    def step(self, x: Floats) -> Floats:
        """x: [in]. Returns the new state, [H]."""
        size = self._size
        forward = self._into @ x
        forward += self._bias
        back = self._back @ self._state
        gates = np.tanh(forward[: 2 * size] + back[: 2 * size])
        gates += 1.0
        gates *= 0.5
        back = back[2 * size :]
        back += self._new_bias
        back *= gates[:size]
        back += forward[2 * size :]
        new = np.tanh(back)
        # h' = (1 - z) n + z h
        self._state = new + gates[size:] * (self._state - new)
        return self._state


class BeatNet:
    """One stream's network with its memory. `step` is the whole of its use."""

    def __init__(self, path: Path = WEIGHTS) -> None:
        with np.load(path, allow_pickle=False) as file:
            weights = {name: file[name].astype(np.float32) for name in file.files}
        self._in, self._in_bias = weights["inp.weight"], weights["inp.bias"]
        self._out, self._out_bias = weights["out.weight"], weights["out.bias"]
        layers = sum(name.startswith("gru.weight_hh") for name in weights)
        self._layers = [
            GatedUnits(
                *(weights[f"gru.{name}_l{k}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
            )
            for k in range(layers)
        ]

    def reset(self) -> None:
        """Forget what was heard."""
        for layer in self._layers:
            layer.reset()

    def step(self, features: Floats) -> tuple[float, float]:
        """features: [FEATURES]. Returns the log-odds of a beat, and of a bar's first beat, DELAY_S ago."""
        x = self._in @ features
        x += self._in_bias
        np.maximum(x, 0.0, out=x)
        for layer in self._layers:
            x = layer.step(x)
        beat, downbeat = (self._out @ x + self._out_bias).tolist()
        return beat, downbeat
