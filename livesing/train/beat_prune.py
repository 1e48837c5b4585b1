"""Makes the beat network smaller: units of its first layer that others can stand in for are taken out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from livesing.audio.framing import Floats

RIDGE = 1e-5
"""Of the mean power of the units."""
LEAST = 1e-3
"""Least weight of a unit of the second layer, as a share of the greatest."""
BEAT, DOWNBEAT, TEMPO = 3.0, 2.0, 0.35
"""What an output counts, when it is judged how well the second layer is kept."""


def pruned(arrays: dict[str, Floats], inputs: NDArray[np.floating], units: int) -> dict[str, Floats]:
    """The network with `units` in its first layer.

    arrays: of three layers, as BeatNet takes them; inputs: [n, INPUTS] steps of music. One after the other
    the unit goes without which the rest, by least squares, does best at what the second layer got before
    (optimal brain surgeon, Hassibi & Stork 1993, on a layer that is linear). ValueError where there are no
    more units than that.
    """
    if not 0 < units < len(arrays["0.weight"]):
        raise ValueError(f"{len(arrays['0.weight'])} units cannot be pruned to {units}")
    standard = (inputs.astype(np.float32) - arrays["mean"]) * arrays["scale"]
    heard = np.maximum(standard @ arrays["0.weight"].T + arrays["0.bias"], 0.0)
    sums = heard @ arrays["1.weight"].T
    counts = np.full(len(arrays["2.weight"]), TEMPO)
    counts[:2] = BEAT, DOWNBEAT
    used = (sums + arrays["1.bias"] > 0).mean(axis=0)
    weight = np.sqrt(np.square(arrays["2.weight"] * counts[:, None]).sum(axis=0) * used)
    weight = np.maximum(weight, LEAST * weight.max())
    # The last column is the bias, which stays.
    columns = np.concatenate((heard, np.ones((len(heard), 1), np.float32)), axis=1).astype(np.float64)
    gram = columns.T @ columns / len(columns)
    gram[np.diag_indices(len(gram))] += RIDGE * np.trace(gram) / len(gram)
    inverse = np.linalg.inv(gram)
    fit = inverse @ (columns.T @ (sums * weight) / len(columns))
    kept = np.arange(len(gram))
    while len(kept) - 1 > units:
        loss = np.square(fit).sum(axis=1) / np.diag(inverse)
        loss[-1] = np.inf
        gone = int(loss.argmin())
        column = inverse[:, gone] / inverse[gone, gone]
        rest = np.arange(len(kept)) != gone
        fit = (fit - np.outer(column, fit[gone]))[rest]
        inverse = (inverse - np.outer(column, inverse[gone]))[np.ix_(rest, rest)]
        kept = kept[rest]
    first = kept[:-1]
    return arrays | {
        "0.weight": arrays["0.weight"][first],
        "0.bias": arrays["0.bias"][first],
        "1.weight": (fit[:-1].T / weight[:, None]).astype(np.float32),
        "1.bias": (arrays["1.bias"] + fit[-1] / weight).astype(np.float32),
    }
