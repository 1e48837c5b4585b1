"""How well a personal translator guesses pairs that it was not fitted to, beside always the mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from livesing.closed_loop import USUAL, ClosedLoop, agreement
from livesing.train.personal_fit import (
    Doubles,
    Ints,
    Pairs,
    inner_splits,
    learnt_from,
    parts,
    standard,
    standardise,
)
from livesing.train.personal_forms import SHARES, Form
from livesing.translation.personal import PersonalTranslator
from livesing.translation.translator import Translation

FOLDS = 5
CLEAR = 2.0
"""Standard errors by which it must be better than the mean to say so: else it may be luck."""


class Score(NamedTuple):
    """An L1 error over pairs, and that of the mean of what was learnt from."""

    name: str
    error: float
    usual: float
    clear: float
    """How far it is better, over pairs: mean gain in its own standard errors. Over CLEAR is no luck."""


class MoodScore(NamedTuple):
    """What g feels of the pictures expected beside those picked, z-scores by the pictures picked."""

    r_valence: float
    r_arousal: float
    distance: Score
    """In the plane; the mean's is from the middle of what was picked."""


class Validation(NamedTuple):
    """What came of pairs that were held out; empty where no pair can be."""

    scores: tuple[Score, ...]
    first: tuple[float, float] | None
    """How often the likeliest class is the one picked, and how often the most frequent class is."""
    expected: dict[int, Translation]
    """By pair: what is dreamt by its end."""


def fitted(pairs: Pairs, form: Form, generator: str, seed: int) -> PersonalTranslator:
    """The translator of some pairs."""
    mean, scale = standardise(pairs.e)
    head = form.fit(standard(pairs.e, mean, scale), pairs, inner_splits(pairs, seed))
    return PersonalTranslator(generator, mean, scale, head)


def cross_validate(pairs: Pairs, form: Form, seed: int, folds: int = FOLDS) -> Validation:
    """Each pair guessed by a fit that knows neither it nor any that shares sound with it."""
    part = parts(pairs.block, folds, seed)
    errors: dict[str, list[Doubles]] = {}
    first, of = list[Doubles](), list[Ints]()
    expected: dict[int, Translation] = {}
    for number in range(folds):
        held = part == number
        learnt, tried = pairs.of(learnt_from(pairs.near, held)), pairs.of(held)
        if not len(learnt.e) or not len(tried.e):
            continue
        one = fitted(learnt, form, "", seed)
        x = standard(tried.e, one.mean, one.scale)
        guessed, truth, usual = form.expected(one.head, x), form.picked(tried), form.picked(learnt)
        for name in truth:
            away = _distances(name, truth[name], guessed[name], usual[name].mean(axis=0))
            errors.setdefault(name, []).append(away)
        if SHARES in truth:
            likely = guessed[SHARES].argmax(axis=1), np.full(len(x), usual[SHARES].mean(axis=0).argmax())
            first.append(np.stack([truth[SHARES][np.arange(len(x)), which] for which in likely], axis=1))
        of.append(tried.pair)
        for row, pair in enumerate(tried.pair.tolist()):  # the last row of a pair stays
            expected[pair] = one.head.translate(x[row], USUAL)
    if not of:
        return Validation((), None, {})
    pair = np.concatenate(of)
    scores = tuple(score_of(name, _by_pair(np.concatenate(rows), pair)) for name, rows in errors.items())
    if not first:
        return Validation(scores, None, expected)
    right, usual_right = _by_pair(np.concatenate(first), pair).mean(axis=0).tolist()
    return Validation(scores, (right, usual_right), expected)


def _distances(name: str, truth: Doubles, *guesses: Doubles) -> Doubles:
    """[n, guesses] L1 errors: shares summed, others a coordinate."""
    size = 1 if name == SHARES else truth.shape[1]
    return np.stack([np.abs(truth - guess).sum(axis=1) / size for guess in guesses], axis=1)


def _by_pair(rows: Doubles, pair: Ints) -> Doubles:
    """Means over the rows of each pair."""
    _, place, count = np.unique(pair, return_inverse=True, return_counts=True)
    return np.stack([np.bincount(place, column) / count for column in rows.T], axis=1)


def score_of(name: str, errors: Doubles) -> Score:
    """errors [pairs, 2]: its own, and the mean's."""
    gains = errors[:, 1] - errors[:, 0]
    clear = float(gains.mean() / max(float(gains.std()) / np.sqrt(len(gains)), 1e-12))
    return Score(name, float(errors[:, 0].mean()), float(errors[:, 1].mean()), clear)


def mood_score(
    loop: ClosedLoop,
    picked: Sequence[Translation],
    expected: dict[int, Translation],
    progress: Callable[[int, int, str], None] = lambda *_: None,
) -> MoodScore:
    """picked: the picture of each pair. Draws them all, and those that are expected."""
    pairs = sorted(expected)
    felt = []
    for number, pair in enumerate(pairs, 1):
        felt.append(loop.rate([loop.still(picked[pair]), loop.still(expected[pair])]))
        progress(number, len(pairs), "pairs felt")
    true, told = np.array(felt).transpose(1, 0, 2)
    middle, spread = true.mean(axis=0), np.maximum(true.std(axis=0), 1e-9)
    true, told = (true - middle) / spread, (told - middle) / spread
    agreed = agreement(true, told)
    away = np.stack([np.hypot(*(true - told).T), np.hypot(*true.T)], axis=1)
    return MoodScore(agreed.r_valence, agreed.r_arousal, score_of("mood", away))
