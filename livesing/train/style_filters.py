"""The deep tier's encoders: filters found by spherical k-means on whitened patches (Coates & Ng 2012,
"Learning Feature Representations with K-means"), level after level."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from livesing.style.deep_torch import CHANNELS, DeepNet, blur_pool
from livesing.train.style_pictures import Crops

PATCHES = 30_000
"""Patches that a level's filters are found on."""
ROUNDS = 25
RIDGE = 0.05
"""Share of the mean variance added before whitening: directions that hold noise alone are not blown up."""
THRESHOLD = 0.1
"""By which a patch must be like a filter, in deviations of that likeness, before the filter answers."""

Floats = NDArray[np.float64]


def find_filters(net: DeepNet, crops: Crops, seed: int) -> None:
    """Sets the encoders of `net`, from level 1 on."""
    rng = np.random.default_rng([seed, 2])
    for level, count in enumerate(CHANNELS, 1):
        patches = _patches(net, crops, level, rng)
        weight, bias = filters(patches, count, rng)
        into = patches.shape[1] // 9
        getattr(net, f"encoder{level}_weight").data = torch.from_numpy(
            weight.reshape(count, into, 3, 3).astype(np.float32)
        )
        getattr(net, f"encoder{level}_bias").data = torch.from_numpy(bias.astype(np.float32))


def filters(patches: Floats, count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Patches [n, d] -> filters [count, d] and biases [count] with answers relu(w p + b) of deviation near 1.

    Whitening is part of the filters: w = centroid C^-1/2, b = -w mean - threshold.
    """
    mean = patches.mean(0)
    centred = patches - mean
    covariance = centred.T @ centred / len(centred)
    values, vectors = np.linalg.eigh(covariance)
    whiten = (vectors / np.sqrt(values + RIDGE * values.mean())) @ vectors.T
    centroids = spherical_kmeans(centred @ whiten, count, rng)
    weight = centroids @ whiten
    deviation = (centred @ weight.T).std(0) + 1e-9
    weight /= deviation[:, None]
    return weight, -weight @ mean - THRESHOLD


def spherical_kmeans(points: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Unit vectors [count, d] to which points are most alike by inner product; each of them answers for some.

    Damped, as Coates & Ng have it: a centroid moves from where it was.
    """
    centroids = rng.normal(size=(count, points.shape[1]))
    centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
    for _ in range(ROUNDS):
        like = points @ centroids.T
        best = like.argmax(1)
        strength = like[np.arange(len(points)), best]
        for number in range(count):
            mine = best == number
            if mine.sum() < 3:  # nobody's: begin again from a point
                centroids[number] = points[rng.integers(len(points))]
            else:
                centroids[number] += strength[mine] @ points[mine]
        centroids /= np.linalg.norm(centroids, axis=1, keepdims=True) + 1e-12
    return centroids


def _patches(net: DeepNet, crops: Crops, level: int, rng: np.random.Generator) -> Floats:
    """[PATCHES, 9 * channels] of what a level is given."""
    each, found = 150, []
    with torch.no_grad():
        for _ in range(PATCHES // (each * 8)):
            x = torch.from_numpy(crops.batch(8, rng))
            if level > 1:
                x = blur_pool(net.encode(x, level - 1))
            columns = F.unfold(x, 3).transpose(1, 2)  # [8, places, 9 * channels]
            for rows in columns:
                found.append(rows[torch.from_numpy(rng.integers(0, len(rows), each))].double().numpy())
    return np.concatenate(found)
