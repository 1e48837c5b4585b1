"""Fitting the translator's network, 2 -> 64 -> 256 -> classes and z, with torch."""

from dataclasses import replace

import numpy as np
import torch
from torch.nn import functional

from livesing.translation.network import HIDDEN, TEMPERATURE, TranslatorWeights, hidden, softmax
from livesing.translation.translator import LATENT

RATE = 5e-3
DECAY = 1e-4
TREMBLE = 0.5
"""Deviation of the noise on the inputs of the fit, z-scores: classes get regions without islands."""
CRISP = 0.997
"""Share of the strongest class, on average over the plane, at the temperature of the show."""


def fit(
    felt: np.ndarray, classes: np.ndarray, z: np.ndarray, *, steps: int, seed: int, batch: int | None = None,
    tremble: float = TREMBLE,
) -> TranslatorWeights:  # fmt: skip
    """Learn pairs: felt [P, 2] z-scores -> classes [P] and z [P, 128]. Deterministic in the seed.

    The loss is the cross-entropy of the classes, by the softmax at the temperature at which it is used, and
    the squared error of z. `batch` rows a step; None for all of them.
    """
    which, labels = np.unique(classes, return_inverse=True)
    dice = torch.Generator().manual_seed(seed)
    sizes = ((2, HIDDEN[0]), HIDDEN, (HIDDEN[1], len(which)), (HIDDEN[1], LATENT))
    tensors: list[torch.Tensor] = []
    for rows, columns in sizes:
        spread = (2.0 / rows) ** 0.5
        tensors.append((torch.randn(rows, columns, generator=dice) * spread).requires_grad_())
        tensors.append(torch.zeros(columns, requires_grad=True))
    w1, b1, w2, b2, w_classes, b_classes, w_z, b_z = tensors
    with torch.no_grad():
        b1 += torch.empty(HIDDEN[0]).uniform_(-1.5, 1.5, generator=dice)
        w_classes *= TEMPERATURE  # logits begin at about the temperature's size
    inputs = torch.from_numpy(felt.astype(np.float32))
    wanted = torch.from_numpy(z.astype(np.float32))
    numbers = torch.from_numpy(labels.astype(np.int64))
    optimiser = torch.optim.AdamW(tensors, RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps, RATE / 50)
    for _ in range(steps):
        rows_now = torch.randint(len(felt), (batch,), generator=dice) if batch else torch.arange(len(felt))
        noise = tremble * torch.randn(len(rows_now), 2, generator=dice)
        first = torch.relu((inputs[rows_now] + noise) @ w1 + b1)
        last = torch.relu(first @ w2 + b2)
        logits = (last @ w_classes + b_classes) / TEMPERATURE
        loss = functional.cross_entropy(logits, numbers[rows_now])
        loss = loss + functional.mse_loss(last @ w_z + b_z, wanted[rows_now])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    a1, c1, a2, c2, a3, c3, a4, c4 = (tensor.detach().numpy().copy() for tensor in tensors)
    return TranslatorWeights(a1, c1, a2, c2, a3, c3, a4, c4, which)


def crisp(weights: TranslatorWeights, places: np.ndarray, temperature: float) -> TranslatorWeights:
    """The same regions of classes, with borders as wide as CRISP says: the logits are scaled."""
    logits = hidden(places, weights) @ weights.w_classes + weights.b_classes
    low, high = 0.05, 50.0
    for _ in range(40):
        scale = (low * high) ** 0.5
        strongest = softmax(scale * logits, temperature).max(axis=1).mean()
        low, high = (scale, high) if strongest < CRISP else (low, scale)
    scaled = (scale * weights.w_classes).astype(np.float32), (scale * weights.b_classes).astype(np.float32)
    return replace(weights, w_classes=scaled[0], b_classes=scaled[1])
