"""Fitting a personal translator to pairs of music and pictures, and how well it then guesses others.

z by L1, as in TräumerAI. Classes by cross-entropy, since L1 on many rare classes has its minimum at none of
them. Both shrink towards the mean as strongly as cross-validation within the data asks for: a hundred pairs
are few.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from livesing.translation.network import softmax
from livesing.translation.personal import LIMIT, PersonalTranslator, Transfer

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]

FEWEST = 12
"""Pairs; of fewer nothing can be learnt, nor told how well it was."""
FOLDS = 5
INNER = 3
SHRINKS = (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 10_000.0)
"""Of the weights of z; the last is nearly the mean."""
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

    e [n, E] embeddings; z [n, 128]; chosen [n, K] shares of classes, rows sum to 1; pair [n] the number of
    the pair that a row belongs to (there may be several of one); near [pairs, pairs] whether two pairs share
    sound;
    block [pairs] what is guessed together: a song, or a stretch of one.
    """

    e: Doubles
    z: Doubles
    chosen: Doubles
    pair: Ints
    near: NDArray[np.bool_]
    block: Ints
    likeness: Doubles
    """[K, K] from `likeness_of`: which classes are alike."""

    def of(self, pairs: NDArray[np.bool_]) -> Pairs:
        """The rows of some pairs; `pairs` says which, [pairs]."""
        rows = pairs[self.pair]
        return self._replace(e=self.e[rows], z=self.z[rows], chosen=self.chosen[rows], pair=self.pair[rows])


class Errors(NamedTuple):
    """Mean L1 errors on pairs that were not learnt from, and those of the mean of what was learnt from."""

    z: float
    """Of a coordinate of z."""
    z_mean: float
    classes: float
    """Sum over classes of |share expected - share picked|, 0..2."""
    classes_mean: float
    first: float
    """How often the likeliest class is the one that was picked."""
    first_mean: float
    """The same for the most frequent class."""
    z_clear: float
    """How far z is better than its mean, over pairs: mean gain in its own standard errors. Over 2 is no
    luck."""
    classes_clear: float
    """The same of classes."""


class Fitted(NamedTuple):
    """In standard units of e."""

    z: Transfer
    logits: Transfer


def parts(block: Ints, folds: int, seed: int) -> Ints:
    """[pairs] the part 0..folds-1 of every pair: whole blocks, drawn at random."""
    names, place = np.unique(block, return_inverse=True)
    return np.asarray((np.random.default_rng([seed, 11]).permutation(len(names)) % folds)[place], np.int64)


def learnt_from(near: NDArray[np.bool_], held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """[pairs] which may be learnt from when `held` are to be guessed: those that share no sound with them."""
    return np.asarray(~held & ~near[:, held].any(axis=1))


def fit_z(x: Doubles, z: Doubles, shrink: float, rounds: int = ROUNDS) -> Transfer:
    """x [n, E] standard, z [n, D] -> the transfer of least L1 error plus a ridge of `shrink` on n rows.

    Least squares on the arc tanh, then `rounds` of them anew with each row weighted by 1 / its error, which
    leads to the least L1 error (iteratively reweighted least squares).
    """
    mu, sigma = z.mean(axis=0), np.maximum(z.std(axis=0), 1e-6)
    target = np.arctanh(np.clip((z - mu) / (2 * sigma), -BOUND, BOUND))
    ones = np.concatenate((x, np.ones((len(x), 1))), axis=1)
    ridge = np.full(ones.shape[1], shrink)
    ridge[-1] = 1e-6  # the bias is free
    solved = np.linalg.solve(ones.T @ ones + np.diag(ridge), ones.T @ target)
    for _ in range(rounds):
        bent = np.tanh(ones @ solved)
        # In units of sigma: what an error of the arc tanh does to the output, over the output's own error.
        error = np.abs(2 * bent + (mu - z) / sigma)
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
        standard = (places - places.mean(axis=0)) / np.maximum(places.std(axis=0), 1e-6)
        common = common + LIKENESS * standard @ standard.T
    values, vectors = np.linalg.eigh(common)
    return np.asarray((vectors * np.sqrt(values)) @ vectors.T)


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


def standardise(e: Doubles) -> tuple[Doubles, Doubles]:
    """[n, E] -> mean and 1 / standard deviation, [E] each; a coordinate that never varies counts nothing."""
    spread = e.std(axis=0)
    return e.mean(axis=0), np.where(spread > 1e-4, 1 / np.maximum(spread, 1e-4), 0.0)


def fit(pairs: Pairs, seed: int) -> tuple[Doubles, Doubles, Fitted]:
    """mean and scale of e, and the transfers, each shrunk as inner cross-validation asks for."""
    mean, scale = standardise(pairs.e)
    x = np.clip((pairs.e - mean) * scale, -LIMIT, LIMIT)
    part = parts(pairs.block, INNER, seed + 1)
    splits = []
    for number in range(INNER):
        held = part == number
        learnt, tried = learnt_from(pairs.near, held)[pairs.pair], held[pairs.pair]
        if learnt.any() and tried.any():
            splits.append((learnt, tried))
    z_error, class_error = np.zeros(len(SHRINKS)), np.zeros(len(CLASS_SHRINKS))
    for learnt, tried in splits:
        for place, shrink in enumerate(SHRINKS):
            guess = fit_z(x[learnt], pairs.z[learnt], shrink, rounds=0)(x[tried])
            z_error[place] += np.abs(guess - pairs.z[tried]).sum()
        for place, shrink in enumerate(CLASS_SHRINKS):
            told = fit_classes(x[learnt], pairs.chosen[learnt], pairs.likeness, shrink, FEW_STEPS)
            likely = softmax(told(x[tried]), 1.0)
            class_error[place] -= float((pairs.chosen[tried] * np.log(likely)).sum())
    z = fit_z(x, pairs.z, SHRINKS[int(z_error.argmin())])
    logits = fit_classes(x, pairs.chosen, pairs.likeness, CLASS_SHRINKS[int(class_error.argmin())])
    return mean, scale, Fitted(z, logits)


def cross_validate(pairs: Pairs, seed: int, folds: int = FOLDS) -> Errors:
    """Each pair guessed by a fit that knows neither it nor any that shares sound with it; NaN where no pair
    can be."""
    part = parts(pairs.block, folds, seed)
    figures, of = [], []
    for number in range(folds):
        held = part == number
        learnt, tried = pairs.of(learnt_from(pairs.near, held)), pairs.of(held)
        if not len(learnt.e) or not len(tried.e):
            continue
        mean, scale, fitted = fit(learnt, seed)
        x = np.clip((tried.e - mean) * scale, -LIMIT, LIMIT)
        likely, usual = softmax(fitted.logits(x), 1.0), learnt.chosen.mean(axis=0)
        everywhere = np.arange(len(x))
        columns = (
            np.abs(fitted.z(x) - tried.z).mean(axis=1),
            np.abs(learnt.z.mean(axis=0) - tried.z).mean(axis=1),
            np.abs(likely - tried.chosen).sum(axis=1),
            np.abs(usual - tried.chosen).sum(axis=1),
            tried.chosen[everywhere, likely.argmax(axis=1)],
            tried.chosen[:, usual.argmax()],
        )
        figures.append(np.stack(columns, axis=1))
        of.append(tried.pair)
    if not figures:
        return Errors(*[float("nan")] * len(Errors._fields))
    return _errors(np.concatenate(figures), np.concatenate(of))


def _errors(figures: Doubles, pair: Ints) -> Errors:
    """figures [n, 6] of rows, in the order of Errors."""
    _, place, count = np.unique(pair, return_inverse=True, return_counts=True)
    of_pairs = np.stack([np.bincount(place, column) / count for column in figures.T], axis=1)
    gains = of_pairs[:, [1, 3]] - of_pairs[:, [0, 2]]
    clear = gains.mean(axis=0) / np.maximum(gains.std(axis=0) / np.sqrt(len(gains)), 1e-12)
    return Errors(*of_pairs.mean(axis=0).tolist(), *clear.tolist())


def translator_of(pairs: Pairs, classes: Ints, generator: str, seed: int) -> PersonalTranslator:
    """classes [K]: what the columns of `chosen` are."""
    mean, scale, fitted = fit(pairs, seed)
    return PersonalTranslator(generator, mean, scale, fitted.z, classes, fitted.logits)
