"""The heads of the image estimator: from what the student sees to ratings, and to how abstract a picture is.

Ratings are the mean of two heads. One is a Gaussian process through the rated photographs on the student's
own features. The other is linear and learns from thousands of unrated pictures what the same process on the
*teacher's* features says of them. The student's net is frozen and knows no ratings, so cross-validation of
the heads is honest.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from livesing.train.image_data import split_by_theme
from livesing.train.image_distil import to_student
from livesing.train.image_names import feelings_of_scores
from livesing.train.image_process import TEACHER_WEIGHTS, RatingProcess, fit, teacher_features
from livesing.train.image_served import LinearHead, groups_of
from livesing.train.image_teacher import Teacher

Floats = NDArray[np.float32]
Features = list[Floats]
"""A group of features an entry, arrays [N, F]."""

BATCH = 32
STUDENT_WEIGHTS = (0.5, 0.5, 0.3)
"""Of the groups late, pooled and feelings in the student's kernel."""
PROCESS_SHARE = 0.5
RIDGE = 300.0
GATE_RIDGE = 300.0
CROSS_SEEDS = (10, 11, 12)


class Heads(NamedTuple):
    process: RatingProcess
    ridge: LinearHead

    def rate(self, features: Features) -> NDArray[np.float64]:
        linear = np.concatenate(features, 1) @ self.ridge.weight + self.ridge.bias
        return (PROCESS_SHARE * self.process.rate(features) + (1 - PROCESS_SHARE) * linear).astype(np.float64)


class Evidence(NamedTuple):
    """What the heads are made of: features of the rated photographs and of more pictures, by student and
    teacher."""

    student: Features
    teacher: Features
    more_student: Features
    more_teacher: Features


def student_sees(net: torch.nn.ModuleList, pictures: NDArray[np.uint8]) -> Features:
    """The student's groups of features for uint8 pictures [N, SIDE, SIDE, 3]."""
    net.eval()
    parts = []
    with torch.inference_mode():
        for i in range(0, len(pictures), BATCH):
            x = to_student(torch.from_numpy(np.ascontiguousarray(pictures[i : i + BATCH])))
            parts.append(groups_of(net[0], net[1], x))
    return [torch.cat(group).numpy() for group in zip(*parts, strict=True)]


def teacher_sees(teacher: Teacher, feelings: Floats, pictures: NDArray[np.uint8]) -> Features:
    """The teacher's groups of features, averaged over each picture and its mirror image."""
    both = []
    for some in (pictures, np.ascontiguousarray(pictures[:, :, ::-1])):
        taps = teacher(some)
        both.append(teacher_features(taps, feelings_of_scores(taps[5].reshape(len(some), -1), feelings)))
    return [(one + other) / 2 for one, other in zip(*both, strict=True)]


def rows(features: Features, picked: NDArray[np.generic]) -> Features:
    return [group[picked] for group in features]


class RidgeSolver:
    """Linear regression on standardised features with a penalty: factored once, for many targets."""

    def __init__(self, features: Features, penalty: float) -> None:
        x = np.concatenate(features, 1).astype(np.float64)
        self.mean, self.deviation = x.mean(0), x.std(0) + 1e-6
        z = (x - self.mean) / self.deviation
        self.solve = np.linalg.solve(z.T @ z + penalty * np.eye(z.shape[1]), z.T)

    def head(self, targets: NDArray[np.floating]) -> LinearHead:
        """The head for targets [N, R]."""
        centre = targets.mean(0)
        weight = (self.solve @ (targets - centre)) / self.deviation[:, None]
        return LinearHead(weight.astype(np.float32), (centre - self.mean @ weight).astype(np.float32))


def fit_heads(
    evidence: Evidence, ratings: NDArray[np.float64], picked: NDArray[np.generic], solver: RidgeSolver
) -> Heads:
    """Heads from the ratings [N, 2] of the photographs that are `picked`."""
    process = fit(rows(evidence.student, picked), STUDENT_WEIGHTS, ratings[picked])
    guide = fit(rows(evidence.teacher, picked), TEACHER_WEIGHTS, ratings[picked])
    return Heads(process, solver.head(guide.rate(evidence.more_teacher)))


def cross_validated(
    evidence: Evidence, ratings: NDArray[np.float64], themes: Sequence[str], folds: int, solver: RidgeSolver
) -> dict[str, NDArray[np.float64]]:
    """Predictions for every photograph by heads that know no rating of its theme, averaged over three splits.

    By what predicts: "student" is what ships, "process" and "linear" its parts, "teacher" the process on the
    teacher's own features, which the student can at best come near.
    """
    sums = {name: np.zeros_like(ratings) for name in ("student", "process", "linear", "teacher")}
    for seed in CROSS_SEEDS:
        parts = split_by_theme(themes, folds, seed)
        for part in range(folds):
            out, known = np.flatnonzero(parts == part), np.flatnonzero(parts != part)
            heads = fit_heads(evidence, ratings, known, solver)
            guide = fit(rows(evidence.teacher, known), TEACHER_WEIGHTS, ratings[known])
            features = rows(evidence.student, out)
            sums["student"][out] += heads.rate(features)
            sums["process"][out] += heads.process.rate(features)
            sums["linear"][out] += np.concatenate(features, 1) @ heads.ridge.weight + heads.ridge.bias
            sums["teacher"][out] += guide.rate(rows(evidence.teacher, out))
    return {name: total / len(CROSS_SEEDS) for name, total in sums.items()}


def fit_gate(photographs: Features, abstract: Features) -> LinearHead:
    """A logistic regression between photographs (0) and abstract pictures (1), both counting alike."""
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
    weight = w[:-1] / deviation
    return LinearHead(weight[:, None].astype(np.float32), np.array([w[-1] - mean @ weight], np.float32))
