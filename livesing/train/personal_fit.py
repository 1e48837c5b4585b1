"""Fitting 2 sigma tanh(W e + b) + mu to pairs of music and pictures.

By L1 as in TräumerAI, or, for classes, by cross-entropy. Weights are shrunk as strongly as cross-validation
within the data asks for: a hundred pairs are few.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from livesing.translation.network import softmax
from livesing.translation.personal import LIMIT, Transfer

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
Split = tuple[NDArray[np.bool_], NDArray[np.bool_]]
"""Rows to learn from, and rows to try it on; [n] each."""

INNER = 3
SHRINKS = (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 10_000.0)
"""Of the weights under L1; with the last only the bias is left, nearly."""
CLASS_SHRINKS = (1.0, 10.0, 100.0, 300.0, 1000.0, 3000.0)
LIKENESS = 3.0
ROUNDS = 4
DESCENTS = 20
SMALLEST_ERROR = 0.05
"""In units of sigma: rows that fit better weigh no more."""
STEPS, FEW_STEPS = 150, 40
"""Of the descent for classes: to the end, and as far as tells which shrinkage is good."""
BOUND = 0.95
"""Of the tanh's range: what lies beyond 1.9 sigma counts as 1.9 sigma for the first guess."""
LOGIT_SIGMA = 1.5
"""Logits stay within 3 of the classes' frequencies: a factor of 20."""


class Pairs(NamedTuple):
    """n rows of sound and what was picked for them.

    e [n, E] embeddings; shares [n, 1000] of classes, rows sum to 1; z [n, 128]; pair [n] the number of the
    pair that a row belongs to (there may be several of one, in the order of time); near [pairs, pairs]
    whether two pairs share sound; block [pairs] what is guessed together: a song, or a stretch of one.
    """

    e: Doubles
    shares: Doubles
    z: Doubles
    pair: Ints
    near: NDArray[np.bool_]
    block: Ints

    def of(self, pairs: NDArray[np.bool_]) -> Pairs:
        """The rows of some pairs; `pairs` says which, [pairs]."""
        rows = pairs[self.pair]
        return self._replace(e=self.e[rows], z=self.z[rows], shares=self.shares[rows], pair=self.pair[rows])


def parts(block: Ints, folds: int, seed: int) -> Ints:
    """[pairs] the part 0..folds-1 of every pair: whole blocks, drawn at random."""
    names, place = np.unique(block, return_inverse=True)
    return np.asarray((np.random.default_rng([seed, 11]).permutation(len(names)) % folds)[place], np.int64)


def learnt_from(near: NDArray[np.bool_], held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """[pairs] which may be learnt from when `held` are to be guessed: those that share no sound with them."""
    return np.asarray(~held & ~near[:, held].any(axis=1))


def inner_splits(pairs: Pairs, seed: int) -> list[Split]:
    """By which shrinkage is chosen."""
    part = parts(pairs.block, INNER, seed + 1)
    splits = []
    for number in range(INNER):
        held = part == number
        learnt, tried = learnt_from(pairs.near, held)[pairs.pair], held[pairs.pair]
        if learnt.any() and tried.any():
            splits.append((learnt, tried))
    return splits


def standardise(e: Doubles) -> tuple[Doubles, Doubles]:
    """[n, E] -> mean and 1 / standard deviation, [E] each; a coordinate that never varies counts nothing."""
    spread = e.std(axis=0)
    return e.mean(axis=0), np.where(spread > 1e-4, 1 / np.maximum(spread, 1e-4), 0.0)


def standard(e: Doubles, mean: Doubles, scale: Doubles) -> Doubles:
    """[n, E] as the translator will have it."""
    return np.clip((e - mean) * scale, -LIMIT, LIMIT)


def least(shrinks: Sequence[float], splits: Sequence[Split], loss: Callable[[float, Split], float]) -> float:
    """The shrinkage of least loss, summed over the splits."""
    sums = [sum(loss(shrink, split) for split in splits) for shrink in shrinks]
    return shrinks[int(np.argmin(sums))]


def l1_transfer(x: Doubles, w: Doubles, mu: Doubles, sigma: Doubles, splits: Sequence[Split]) -> Transfer:
    """x [n, E] standard, w [n, D], mu and sigma [D] -> the transfer of least L1 error, shrunk as `splits` ask
    for."""

    def loss(shrink: float, split: Split) -> float:
        learnt, tried = split
        guess = fit_l1(x[learnt], w[learnt], mu, sigma, shrink, rounds=0)(x[tried])
        return float((np.abs(guess - w[tried]) / sigma).sum())

    return fit_l1(x, w, mu, sigma, least(SHRINKS, splits, loss))


def fit_l1(
    x: Doubles, w: Doubles, mu: Doubles, sigma: Doubles, shrink: float, rounds: int = ROUNDS
) -> Transfer:
    """The transfer of least L1 error plus a ridge of `shrink` on n rows; the bias is free.

    Least squares on the arc tanh, then `rounds` of them anew with each row weighted by 1 / its error, which
    leads to the least L1 error (iteratively reweighted least squares).
    """
    target = np.arctanh(np.clip((w - mu) / (2 * sigma), -BOUND, BOUND))
    ones = np.concatenate((x, np.ones((len(x), 1))), axis=1)
    ridge = np.full(ones.shape[1], shrink)
    ridge[-1] = 1e-6
    solved: Doubles = np.asarray(np.linalg.solve(ones.T @ ones + np.diag(ridge), ones.T @ target))
    for _ in range(rounds):
        bent = np.tanh(ones @ solved)
        # In units of sigma: what an error of the arc tanh does to the output, over the output's own error.
        error = np.abs(2 * bent + (mu - w) / sigma)
        weight = (1 - bent**2) ** 2 / np.maximum(error, SMALLEST_ERROR)
        weight /= weight.mean(axis=0)
        solved = _weighted_ridge(ones, weight, target, ridge, solved)
    return Transfer(solved[:-1], solved[-1], sigma, mu)


def _weighted_ridge(x: Doubles, weight: Doubles, target: Doubles, ridge: Doubles, start: Doubles) -> Doubles:
    """x [n, E], weight and target [n, D], ridge [E] -> [E, D] least squares with weights of its own for each
    column, by conjugate gradients from `start`: a few large products instead of D small systems."""

    def times(solution: Doubles) -> Doubles:
        return np.asarray(x.T @ (weight * (x @ solution)) + ridge[:, None] * solution)

    solved = start.copy()
    rest = x.T @ (weight * target) - times(solved)
    way, left = rest, (rest**2).sum(axis=0)
    for _ in range(DESCENTS):
        pulled = times(way)
        step = left / np.maximum((way * pulled).sum(axis=0), 1e-30)
        solved += step * way
        rest = rest - step * pulled
        now = (rest**2).sum(axis=0)
        way, left = rest + now / np.maximum(left, 1e-30) * way, now
    return solved


def likeness_of(places: Doubles | None, count: int) -> Doubles:
    """[K, K] the root of what classes have in common, by their places in the plane of feeling [K, 2]: what is
    learnt of one class then counts for those near it. Without places none is like another."""
    common = np.eye(count)
    if places is not None and count > 1:
        spread = (places - places.mean(axis=0)) / np.maximum(places.std(axis=0), 1e-6)
        common = common + LIKENESS * spread @ spread.T
    values, vectors = np.linalg.eigh(common)
    return np.asarray((vectors * np.sqrt(values)) @ vectors.T)


def class_transfer(x: Doubles, chosen: Doubles, likeness: Doubles, splits: Sequence[Split]) -> Transfer:
    """x [n, E] standard, chosen [n, K] shares -> logits of least cross-entropy, shrunk as `splits` ask."""

    def loss(shrink: float, split: Split) -> float:
        learnt, tried = split
        told = fit_classes(x[learnt], chosen[learnt], likeness, shrink, FEW_STEPS)
        return -float((chosen[tried] * np.log(softmax(told(x[tried]), 1.0))).sum())

    return fit_classes(x, chosen, likeness, least(CLASS_SHRINKS, splits, loss))


def fit_classes(
    x: Doubles, chosen: Doubles, likeness: Doubles, shrink: float, steps: int = STEPS
) -> Transfer:
    """x [n, E] standard, chosen [n, K] shares, likeness [K, K] -> logits of least cross-entropy for weights
    V likeness, plus shrink / 2n |V|^2."""
    frequency = (chosen.sum(axis=0) + 0.5) / (len(chosen) + 0.5 * chosen.shape[1])
    mu = np.log(frequency)
    sigma = np.full(len(mu), LOGIT_SIGMA)
    weight, bias = np.zeros((x.shape[1], len(mu))), np.zeros(len(mu))
    # Nesterov's descent; the curvature is at most that of the squared spectrum of x, halved by the softmax.
    curvature = 0.5 * (2 * LOGIT_SIGMA) ** 2 * np.linalg.norm(x, 2) ** 2 / len(x)
    curvature = curvature * np.linalg.norm(likeness, 2) ** 2 + shrink / len(x)
    ahead, before = weight, weight
    for step in range(steps):
        bent = np.tanh(x @ (ahead @ likeness) + bias)
        slope = (softmax(2 * sigma * bent + mu, 1.0) - chosen) * 2 * sigma * (1 - bent**2) / len(x)
        weight = ahead - (x.T @ slope @ likeness + shrink / len(x) * ahead) / curvature
        ahead, before = weight + step / (step + 3) * (weight - before), weight
    return Transfer(weight @ likeness, bias, sigma, mu)
