"""Muon (Jordan et al. 2024): steps of equal size in every direction of a weight matrix.

The momentum of a layer's gradient, as a matrix [outputs, inputs], is replaced by its nearest matrix with
orthogonal rows or columns, found by five iterations of Newton and Schulz. On a net of convolutions that is
to be learnt in few steps it gains over Adam, which takes each weight by itself. For weights of layers only;
norms and biases stay with Adam.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic iteration: they raise small singular values fastest, and leave all within .7 to 1.2."""
ITERATIONS = 5


def orthogonal(matrix: Tensor) -> Tensor:
    """About the nearest matrix [m, n] with orthogonal rows (or columns), of 16 bits inside."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if tall else matrix).bfloat16()
    x = x / (x.norm() + 1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.T if tall else x).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    """Weights [outputs, inputs, ...] of convolutions and linear layers; `lr` is the size of a step."""

    def __init__(
        self, weights: Iterable[Tensor], lr: float, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        super().__init__(list(weights), {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        """One step from the gradients."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["mean"] = torch.zeros_like(weight)
                mean = state["mean"].mul_(group["momentum"]).add_(weight.grad)
                ahead = (weight.grad + group["momentum"] * mean).flatten(1)
                tall = max(1.0, ahead.shape[0] / ahead.shape[1]) ** 0.5
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.sub_((orthogonal(ahead) * (group["lr"] * tall)).view(weight.shape))
