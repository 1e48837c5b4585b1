"""Gaussian process regression from groups of features to ratings: what a few hundred rated pictures can
teach.

The kernel is a weighted sum over the groups of exp(-d / (4 reach^2)), d the mean squared difference of two
pictures' features in standard units. The noise is that of the ratings and of all that pictures have beyond
their features. Kernels and noise are the same for every corpus; they were chosen by theme-disjoint
cross-validation on the features of the teacher and of the student.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

NOISE = 0.7
SMALLEST = 0.05
"""A feature's deviation is taken to be at least this share of its group's mean deviation."""


class Kernel(NamedTuple):
    """A group's share of the kernel, and how far apart, in standard units, pictures are alike in it."""

    weight: float
    reach: float = 1.0


class Group(NamedTuple):
    """One kind of features: how it is standardised, the anchors in standard units, its kernel."""

    mean: Floats
    deviation: Floats
    anchors: Floats
    kernel: Kernel

    def likeness(self, z: Floats) -> Doubles:
        """Of pictures' features in standard units, [N, F], with the anchors: [N, anchors]."""
        apart = (z**2).sum(1)[:, None] + (self.anchors**2).sum(1) - 2 * z @ self.anchors.T
        far = 4 * self.kernel.reach**2 * z.shape[1]
        return self.kernel.weight * np.exp(-np.maximum(apart, 0).astype(np.float64) / far)


class RatingProcess(NamedTuple):
    """A fitted process: `rate(features)` with one array [N, F_g] a group -> ratings [N, R]."""

    groups: tuple[Group, ...]
    pull: Floats  # [anchors, R]
    centre: Floats  # [R]

    def rate(self, features: Sequence[NDArray[np.floating]]) -> Floats:
        kernel = sum(
            group.likeness(((array - group.mean) / group.deviation).astype(np.float32))
            for group, array in zip(self.groups, features, strict=True)
        )
        return np.asarray(kernel @ self.pull + self.centre, np.float32)


def fit(
    features: Sequence[NDArray[np.floating]],
    kernels: Sequence[Kernel],
    ratings: Doubles,
    noise: float = NOISE,
) -> RatingProcess:
    """The process through rated pictures: arrays [N, F_g], ratings [N, R] in standard units."""
    groups = []
    for array, kernel in zip(features, kernels, strict=True):
        deviation = array.std(0)
        deviation = np.maximum(deviation, SMALLEST * deviation.mean() + 1e-6)
        mean = array.mean(0)
        anchors = ((array - mean) / deviation).astype(np.float32)
        groups.append(Group(mean.astype(np.float32), deviation.astype(np.float32), anchors, kernel))
    alike = sum(group.likeness(group.anchors) for group in groups)
    centre = ratings.mean(0)
    pull = np.linalg.solve(alike + noise * np.eye(len(ratings)), ratings - centre)
    return RatingProcess(tuple(groups), pull.astype(np.float32), centre.astype(np.float32))
