"""Optimal transport between normal distributions: how colours, or a band of detail, take on a style's spread.

The Monge map is the gentlest linear map that turns one covariance into another:

    T = C^-1/2 (C^1/2 S C^1/2)^1/2 C^-1/2,    y = T (x - mu_c) + mu_s

(Pitie & Kokaram 2007, "The linear Monge-Kantorovitch linear colour mapping for example-based colour
transfer"). It whitens with C and colours with S as the whitening-colouring transform of neural style
transfer does (Li et al. 2017), and of all maps that do, it is the one that moves colours least: channels do
not swap, nothing flickers.
"""

from typing import NamedTuple

import numpy as np


class Spread(NamedTuple):
    """How colours are distributed."""

    mean: np.ndarray
    """[3]"""
    covariance: np.ndarray
    """[3, 3], symmetric"""


def spread(colours: np.ndarray) -> Spread:
    """Mean and covariance of colours [..., 3]."""
    flat = colours.reshape(-1, 3).astype(np.float64)
    centred = flat - flat.mean(axis=0)
    return Spread(flat.mean(axis=0), centred.T @ centred / len(flat))


def root(matrix: np.ndarray) -> np.ndarray:
    """The symmetric square root of positive matrices [..., n, n]."""
    values, vectors = _eigen(matrix)
    return _composed(np.sqrt(np.maximum(values, 0)), vectors)


def ridged(covariance: np.ndarray, share: float | np.ndarray, least: float = 1e-9) -> np.ndarray:
    """Covariances [..., n, n] with `share` of their mean variance added to every direction, so that what is
    flat, or varies in some directions only, can be inverted. `least`: the variance added at least."""
    size = covariance.shape[-1]
    variance = np.trace(covariance, axis1=-2, axis2=-1) / size
    return covariance + (share * variance + least)[..., None, None] * np.eye(size)


def monge(source: np.ndarray, target: np.ndarray, most_gain: float | np.ndarray) -> np.ndarray:
    """The Monge maps from covariances to covariances, [..., n, n], always finite.

    `source` must be invertible (`ridged`). In directions in which a map would amplify by more than
    `most_gain`, it amplifies by that: what is nearly flat is not blown up into its own noise, and what a
    picture has much of goes where it should, though it may have no colour beside its light.
    """
    values, vectors = _eigen(source)
    deviations = np.sqrt(np.maximum(values, 1e-30))
    inner, inverse = _composed(deviations, vectors), _composed(1 / deviations, vectors)
    maps = inverse @ root(inner @ target @ inner) @ inverse
    gains, directions = _eigen(maps)
    return _composed(np.clip(gains, 0.0, np.asarray(most_gain)[..., None]), directions)


def _eigen(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values [..., n], rising, and vectors [..., n, n] of symmetric matrices."""
    values, vectors = np.linalg.eigh((matrix + np.swapaxes(matrix, -1, -2)) / 2)
    return values, vectors


def _composed(values: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """The matrices with these eigenvalues and eigenvectors."""
    return (vectors * values[..., None, :]) @ np.swapaxes(vectors, -1, -2)
