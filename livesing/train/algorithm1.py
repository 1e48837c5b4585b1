"""Deepsing's Algorithm 1: from samples of a generator to the pairs that its translator learns.

(Passalis & Doropoulos 2019, section 2.2.) Many classes feel alike, and one class feels like many things, so a
network that learns from raw samples jumps between them. Instead: cluster what the samples feel like; for
each cluster draw one class, by how often it comes there; keep the samples of these classes; cluster each
class's samples by what they feel like, and put the means in their place.

Everything here is pure and in numpy: arrays in, arrays out, and a generator of random numbers.
"""

from typing import NamedTuple

import numpy as np

ROUNDS = 60
"""Lloyd's iterations, at most."""
TRIES = 6
"""Starts of k-means, of which the tightest counts."""


class Treated(NamedTuple):
    """P pairs to learn from."""

    felt: np.ndarray  # [P, 2] valence, arousal, z-scores
    classes: np.ndarray  # [P] int
    z: np.ndarray  # [P, 128] the means
    nearest: np.ndarray  # [P] int, the sample that feels most like the mean


def standardised(felt: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Raw (valence, arousal) [N, 2] -> (z-scores by their own statistics, these [2, 2]: mean, deviation)."""
    statistics = np.stack([felt.mean(axis=0), np.maximum(felt.std(axis=0), 1e-9)])
    return (felt - statistics[0]) / statistics[1], statistics


def k_means(points: np.ndarray, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Lloyd's algorithm from k-means++ starts -> (labels [N], centres [k, D]), k the smaller of `count` and
    the number of different points. No cluster is empty."""
    count = min(count, len(np.unique(points, axis=0)))
    best: tuple[float, np.ndarray, np.ndarray] | None = None
    for _ in range(TRIES):
        centres = _spread_start(points, count, rng)
        for _ in range(ROUNDS):
            labels = _nearest(points, centres)
            moved = np.array([_centre(points, labels == k, centres[k]) for k in range(count)])
            if np.allclose(moved, centres):
                break
            centres = moved
        labels = _nearest(points, centres)
        within = float(((points - centres[labels]) ** 2).sum())
        full = len(np.unique(labels)) == count
        if best is None or (full and within < best[0]):
            best = within, labels, centres
    assert best is not None
    return best[1], best[2]


def _spread_start(points: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """k-means++: each next centre is drawn by its squared distance from those there are."""
    chosen = [int(rng.integers(len(points)))]
    while len(chosen) < count:
        apart = ((points[:, None] - points[chosen][None]) ** 2).sum(-1).min(axis=1)
        chosen.append(int(rng.choice(len(points), p=apart / apart.sum())))
    return points[chosen].astype(np.float64)


def _nearest(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return ((points[:, None] - centres[None]) ** 2).sum(-1).argmin(axis=1)


def _centre(points: np.ndarray, inside: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    return points[inside].mean(axis=0) if inside.any() else otherwise


def choose_classes(labels: np.ndarray, classes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One class a cluster, drawn by its frequency there -> [k] int, in the order of the clusters.

    No class twice; a cluster whose classes are all taken gets -1.
    """
    chosen: list[int] = []
    for cluster in range(int(labels.max()) + 1):
        names, counts = np.unique(classes[labels == cluster], return_counts=True)
        free = ~np.isin(names, chosen)
        if not free.any():
            chosen.append(-1)
            continue
        shares = counts[free] / counts[free].sum()
        chosen.append(int(rng.choice(names[free], p=shares)))
    return np.array(chosen)


def kept(labels: np.ndarray, classes: np.ndarray, chosen: np.ndarray, *, within_cluster: bool) -> np.ndarray:
    """The samples of the chosen classes -> mask [N]; with `within_cluster` only those in the cluster for
    which their class was drawn."""
    if not within_cluster:
        return np.isin(classes, chosen[chosen >= 0])
    return classes == np.where(chosen >= 0, chosen, -1)[labels]


def treat(
    felt: np.ndarray, classes: np.ndarray, z: np.ndarray, count: int, rng: np.random.Generator
) -> Treated:
    """Cluster each class's samples by what they feel like into `count`, both sides replaced by their means.

    felt [N, 2], classes [N], z [N, 128]. A class with fewer different samples gives fewer pairs.
    """
    rows: list[tuple[np.ndarray, int, np.ndarray, int]] = []
    for number in np.unique(classes):
        mine = np.flatnonzero(classes == number)
        labels, _ = k_means(felt[mine], count, rng)
        for cluster in np.unique(labels):
            members = mine[labels == cluster]
            mean = felt[members].mean(axis=0)
            nearest = members[((felt[members] - mean) ** 2).sum(-1).argmin()]
            rows.append((mean, int(number), z[members].mean(axis=0), int(nearest)))
    means, numbers, latents, nearest_ones = zip(*rows, strict=True)
    return Treated(np.array(means), np.array(numbers), np.array(latents), np.array(nearest_ones))
