"""The heads of the image estimator: from what the student sees to ratings, and to how abstract a picture is.

Ratings come from a Gaussian process through the rated photographs. The student's net is frozen and knows no
ratings, so cross-validation of the heads is honest.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from livesing.train.image_data import split_by_theme
from livesing.train.image_distil import to_student
from livesing.train.image_names import feelings_of_scores
from livesing.train.image_process import Kernel, RatingProcess, fit
from livesing.train.image_served import LinearHead, groups_of
from livesing.train.image_student import Student
from livesing.train.image_teacher import LATE, MIDDLE, Teacher

Floats = NDArray[np.float32]
Features = list[Floats]
"""A group of features an entry, arrays [N, F]."""

BATCH = 16
KERNELS = (Kernel(0.2, 0.75), Kernel(0.3, 0.75), Kernel(0.7, 0.55), Kernel(0.4))
"""Of the groups late, middle, scores and feelings."""
GATE_RIDGE = 100.0
GATE_GAIN, GATE_DOUBT = 2.0, 5.0
"""Of the log odds: held in by the ridge they are too faint; and in doubt a picture is a photograph. What a
photograph loses by being taken for an abstract picture is more than what that loses by the reverse."""
CROSS_SEEDS = (10, 11, 12)


def student_sees(student: Student, feelings: Floats, pictures: NDArray[np.uint8]) -> Features:
    """The student's groups of features for uint8 pictures [N, H, W, 3]."""
    parts = []
    table = torch.from_numpy(feelings)
    with torch.inference_mode():
        for i in range(0, len(pictures), BATCH):
            x = to_student(torch.from_numpy(np.ascontiguousarray(pictures[i : i + BATCH])))
            parts.append(groups_of(student, table, x))
    return [torch.cat(group).numpy() for group in zip(*parts, strict=True)]


def teacher_sees(teacher: Teacher, feelings: Floats, pictures: NDArray[np.uint8]) -> Features:
    """The same of the teacher."""
    parts = []
    for i in range(0, len(pictures), BATCH):
        taps = teacher(pictures[i : i + BATCH])
        scores = taps[-1].reshape(len(taps[-1]), -1)
        maps = (taps[level] for level in (LATE, MIDDLE))
        pooled = [np.concatenate([m.mean((1, 2)), m.std((1, 2))], 1) for m in maps]
        parts.append([*pooled, scores, feelings_of_scores(scores, feelings)])
    return [np.concatenate(group) for group in zip(*parts, strict=True)]


def rows(features: Features, picked: NDArray[np.generic]) -> Features:
    return [group[picked] for group in features]


def fit_process(features: Features, ratings: NDArray[np.float64]) -> RatingProcess:
    """The process through rated pictures; ratings [N, 2]."""
    return fit(features, KERNELS, ratings)


def cross_validated(
    features: Features, ratings: NDArray[np.float64], themes: Sequence[str], folds: int
) -> NDArray[np.float64]:
    """Predictions [N, 2] for every photograph by processes that know no rating of its theme, averaged over
    three splits."""
    total = np.zeros_like(ratings)
    for seed in CROSS_SEEDS:
        parts = split_by_theme(themes, folds, seed)
        for part in range(folds):
            out, known = np.flatnonzero(parts == part), np.flatnonzero(parts != part)
            total[out] += fit_process(rows(features, known), ratings[known]).rate(rows(features, out))
    return total / len(CROSS_SEEDS)


def fit_gate(photographs: Features, abstract: Features) -> LinearHead:
    """A logistic regression between photographs (0) and abstract pictures (1), both counting alike; then the
    photographs are given the benefit of the doubt."""
    joint = [np.concatenate(pair) for pair in zip(photographs, abstract, strict=True)]
    x = np.concatenate(joint, 1).astype(np.float64)
    mean, deviation = x.mean(0), x.std(0) + 1e-6
    z = np.concatenate([(x - mean) / deviation, np.ones((len(x), 1))], 1)
    counts = len(photographs[0]), len(abstract[0])
    truth = np.repeat([0.0, 1.0], counts)
    share = np.repeat([len(x) / 2 / count for count in counts], counts)
    penalty = GATE_RIDGE * np.eye(z.shape[1])
    penalty[-1, -1] = 1e-6
    w = np.zeros(z.shape[1])
    for _ in range(20):  # Newton's method
        p = 1 / (1 + np.exp(-np.clip(z @ w, -30, 30)))
        slope = z.T @ (share * (p - truth)) + penalty @ w
        curve = (z * (share * p * (1 - p))[:, None]).T @ z + penalty
        step = np.linalg.solve(curve, slope)
        w -= step
        if np.abs(step).max() < 1e-6:
            break
    weight = GATE_GAIN * w[:-1] / deviation
    bias = GATE_GAIN * w[-1] - GATE_DOUBT - mean @ weight
    return LinearHead(weight[:, None].astype(np.float32), np.array([bias], np.float32))


class GateSees(NamedTuple):
    """What the gate is fitted to: rated photographs, parts of some of them, and abstract pictures."""

    whole: Features
    parts: Features
    of: NDArray[np.intp]
    """Of which photograph each part is."""
    abstract: Features

    def gate(self, known: NDArray[np.bool_]) -> LinearHead:
        """Fitted with these photographs, a mask over them."""
        own = known[self.of]
        pairs = zip(self.whole, self.parts, strict=True)
        return fit_gate([np.concatenate([w[known], p[own]]) for w, p in pairs], self.abstract)

    def cross_validated(self, themes: Sequence[str], folds: int) -> Floats:
        """How abstract every photograph is to gates that know none of its theme, [N]."""
        abstract = np.zeros(len(themes), np.float32)
        parts = split_by_theme(themes, folds, CROSS_SEEDS[0])
        for part in range(folds):
            out = parts == part
            head = self.gate(~out)
            odds = np.concatenate(rows(self.whole, out), 1) @ head.weight + head.bias
            abstract[out] = 1 / (1 + np.exp(-np.clip(odds[:, 0], -30, 30)))
        return abstract
