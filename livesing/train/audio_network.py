"""deepsing's recipe for its audio network: Adam at 1e-4 for 30 epochs, then at 1e-5 for 20, input dropout .5.

Everything random comes from the seed and the epoch, and the state is kept after each epoch, so a run that was
stopped goes on as if it had not been.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from livesing.array_file import Arrays
from livesing.sentiment.paper_estimator import HIDDEN, Z_LIMIT, quantised
from livesing.train import checkpoint

Floats = NDArray[np.float32]
SMALLEST_DEVIATION = 1e-3
"""Of a feature that never changes."""


class Recipe(NamedTuple):
    """stages: (learning rate, epochs)."""

    stages: tuple[tuple[float, int], ...] = ((1e-4, 30), (1e-5, 20))
    dropout: float = 0.5
    batch: int = 64

    @classmethod
    def of(cls, epochs: int) -> Recipe:
        """So many epochs, three fifths of them at the faster rate."""
        fast = round(0.6 * epochs)
        return cls(stages=((1e-4, fast), (1e-5, epochs - fast)))

    @property
    def epochs(self) -> int:
        return sum(epochs for _, epochs in self.stages)

    def rate(self, epoch: int) -> float:
        """Learning rate of epoch 0, 1, ..."""
        for rate, epochs in self.stages:
            if epoch < epochs:
                return rate
            epoch -= epochs
        raise ValueError(f"the recipe has {self.epochs} epochs")


def mark_of(*arrays: NDArray[np.generic]) -> int:
    """By which the same data are known again."""
    mark = 0
    for array in arrays:
        mark = zlib.crc32(np.ascontiguousarray(array).view(np.uint8).data, mark)
    return mark


def statistics(x: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """x: [n, features], also float16 -> mean and 1 / standard deviation of each."""
    total, squares = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for first in range(0, len(x), 1024):
        part = x[first : first + 1024].astype(np.float64)
        total += part.sum(axis=0)
        squares += (part**2).sum(axis=0)
    mean = total / len(x)
    deviation = np.sqrt(np.maximum(squares / len(x) - mean**2, 0.0))
    return mean.astype(np.float32), (1.0 / np.maximum(deviation, SMALLEST_DEVIATION)).astype(np.float32)


def network(features: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Dropout(dropout), nn.Linear(features, HIDDEN), nn.Sigmoid(), nn.Linear(HIDDEN, 2))


def train(
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    recipe: Recipe,
    seed: int,
    kept: Path | None,
    tick: Callable[[int], None],
) -> Arrays:
    """x: [n, features] (float16 to save memory), y: [n, 2] -> the arrays of a PaperNetwork.

    kept: where the state is kept between epochs; an earlier state of the same run is gone on from. tick:
    called with the epochs done so far.
    """
    settings = {"net": "paper", "seed": seed, "epochs": recipe.epochs, "data": mark_of(x, y)}
    mean, scale = statistics(x)
    torch.manual_seed(seed)
    net = network(x.shape[1], recipe.dropout)
    optimiser = torch.optim.Adam(net.parameters(), recipe.rate(0))
    first = 0
    if kept is not None and (state := checkpoint.resumed(kept, settings)) is not None:
        net.load_state_dict(state["net"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["epochs"]
    rows, wanted = torch.from_numpy(x), torch.from_numpy(np.asarray(y, np.float32))
    centre, widths = torch.from_numpy(mean), torch.from_numpy(scale)
    tick(first)
    for epoch in range(first, recipe.epochs):
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate(epoch)
        torch.manual_seed(seed * 1000 + epoch)
        net.train()
        for batch in torch.randperm(len(rows)).split(recipe.batch):
            z = ((rows[batch].float() - centre) * widths).clamp(-Z_LIMIT, Z_LIMIT)
            loss = nn.functional.mse_loss(net(z), wanted[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        if kept is not None:
            state = {"net": net.state_dict(), "optimiser": optimiser.state_dict(), "epochs": epoch + 1}
            checkpoint.keep(kept, settings, state)
        tick(epoch + 1)
    return _arrays(net, mean, scale)


def _arrays(net: nn.Sequential, mean: Floats, scale: Floats) -> Arrays:
    weights = {name: tensor.detach().numpy() for name, tensor in net.state_dict().items()}
    steps, step = quantised(weights["1.weight"])
    return {
        "mean": mean,
        "scale": scale,
        "hidden.weight": steps,
        "hidden.step": step,
        "hidden.bias": weights["1.bias"],
        "output.weight": weights["3.weight"],
        "output.bias": weights["3.bias"],
    }
