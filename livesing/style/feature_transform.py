"""Whitening and colouring of a network's features (Li et al. 2017, "Universal Style Transfer via Feature
Transforms"): features take on the mean and covariance that a style's have.

    f' = S^1/2 C^-1/2 (f - mu_c) + mu_s

with symmetric roots on both sides (ZCA): sign and order of eigenvectors cancel, so that the map moves no more
than the statistics do. A Cholesky factor would depend on the order of channels, and flicker.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from livesing.style.transport import ridged, root

RIDGE = 1e-3
"""Share of the mean variance added to the frame's covariance: channels that are silent have no inverse."""


class FeatureStatistics(NamedTuple):
    """How a network's features are distributed over a picture."""

    mean: np.ndarray
    """[C]"""
    covariance: np.ndarray
    """[C, C], symmetric"""

    def towards(self, other: "FeatureStatistics", part: float) -> "FeatureStatistics":
        """Between this one (`part` 0) and the other (1)."""
        return FeatureStatistics(
            self.mean + (other.mean - self.mean) * part,
            self.covariance + (other.covariance - self.covariance) * part,
        )


class FeatureMap(NamedTuple):
    """f' = matrix @ f + offset, on columns of features."""

    matrix: np.ndarray
    """[C, C]"""
    offset: np.ndarray
    """[C]"""


def unchanged(channels: int) -> FeatureMap:
    """The map that leaves features as they are, exactly."""
    return FeatureMap(np.eye(channels), np.zeros(channels))


def feature_statistics(features: np.ndarray) -> FeatureStatistics:
    """Of features [C, ...], one row a channel."""
    flat = features.reshape(len(features), -1).astype(np.float64)
    mean = flat.mean(axis=1)
    centred = flat - mean[:, None]
    return FeatureStatistics(mean, centred @ centred.T / flat.shape[1])


def whiten_colour(
    frame: FeatureStatistics,
    style: FeatureStatistics,
    strength: float = 1.0,
    most_gain: float = math.inf,
) -> FeatureMap:
    """The map from a frame's features to a style's; `strength` 0 is exactly the identity, 1 the whole way.

    No direction is amplified by more than `most_gain`: what moves there would flicker. Always finite, also
    for a frame of one colour.
    """
    channels = len(frame.mean)
    if strength == 0.0:
        return unchanged(channels)
    values, vectors = np.linalg.eigh(ridged(frame.covariance, RIDGE))
    whiten = (vectors / np.sqrt(np.maximum(values, 1e-12))) @ vectors.T
    whole = root(style.covariance) @ whiten
    if most_gain < math.inf:
        left, gains, right = np.linalg.svd(whole)
        whole = (left * np.minimum(gains, most_gain)) @ right
    matrix = strength * whole + (1 - strength) * np.eye(channels)
    return FeatureMap(matrix, strength * (style.mean - whole @ frame.mean))


def between(
    one: Sequence[FeatureStatistics], other: Sequence[FeatureStatistics], part: float
) -> tuple[FeatureStatistics, ...]:
    """The statistics of several levels, between two sets of them."""
    return tuple(a.towards(b, part) for a, b in zip(one, other, strict=True))
