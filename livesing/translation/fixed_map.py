"""A translator that needs no training: a smooth map of the V/A plane made from where the classes lie.

Every class of a generator has a place in the plane (how its pictures feel). The map sets up stations, a
jittered lattice over the plane; each takes the nearest class that no other has, and a direction for z. The
logits are then radial bumps around the stations, and z turns smoothly between theirs. The network's last
layer is solved for exactly these values by least squares over random hidden features (an extreme
learning machine), so that what runs has the trained translator's shape and takes its place in the show
until one is trained.

Twenty views (seeds) choose other stations, hence other pictures for the same feeling.
"""

import numpy as np

from livesing.translation.network import HIDDEN, TranslatorWeights, hidden
from livesing.translation.translator import CLASSES, LATENT

VIEWS = 20
REACH = 2.4
"""The stations cover [-REACH, REACH] on both axes, in z-scores; beyond it the outermost go on."""
SPACING = 0.8
BUMP = 0.55
"""Width of a station's bump, in z-scores: neighbours overlap, so a step never jumps."""
RIDGE = 1e-4


def _stations(rng: np.random.Generator) -> np.ndarray:
    """A hexagonal lattice with jitter -> [stations, 2] (valence, arousal)."""
    rows = np.arange(-REACH, REACH + 1e-6, SPACING * np.sqrt(3) / 2)
    points = [
        (column + (SPACING / 2 if number % 2 else 0.0), row)
        for number, row in enumerate(rows)
        for column in np.arange(-REACH, REACH + 1e-6, SPACING)
    ]
    return np.array(points) + rng.uniform(-0.15, 0.15, (len(points), 2)) * SPACING


def _classes_for(stations: np.ndarray, moods: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The class of each station: one of the nearest few that are still free -> [stations] int."""
    free = np.ones(len(moods), bool)
    chosen = np.empty(len(stations), int)
    for place in rng.permutation(len(stations)):
        distance = np.hypot(*(moods - stations[place]).T) + np.where(free, 0.0, np.inf)
        near = np.argsort(distance)[:6]
        chosen[place] = rng.choice(near, p=_favour_near(distance[near]))
        free[chosen[place]] = False
    return chosen


def _favour_near(distance: np.ndarray) -> np.ndarray:
    weight = np.exp(-4 * (distance - distance.min()))
    return weight / weight.sum()


def _z_field(plane: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A smooth field of latents of norm sqrt(128): [points, 2] -> [points, 128].

    Low-frequency waves with random directions and phases: as V/A moves by 1, z turns by about 50 degrees.
    """
    directions = rng.normal(0, 0.6, (2, LATENT))
    waves = np.cos(plane @ directions + rng.uniform(0, 2 * np.pi, LATENT))
    return waves * np.sqrt(LATENT) / np.linalg.norm(waves, axis=1, keepdims=True)


def fixed_map(moods: np.ndarray, view: int = 0) -> TranslatorWeights:
    """Weights for a generator whose classes lie at `moods` [1000, 2] (valence, arousal, z-scores).

    The same `view` always gives the same weights. Raises ValueError for another shape.
    """
    if moods.shape != (CLASSES, 2):
        raise ValueError(f"moods must be [{CLASSES}, 2], got {moods.shape}")
    rng = np.random.default_rng(1912_05654 + view)
    # Hinges along random directions with knees spread over the plane, then a random mixture of them.
    angle = rng.uniform(0, 2 * np.pi, HIDDEN[0])
    w1 = np.stack([np.cos(angle), np.sin(angle)])
    b1 = rng.uniform(-1.2, 1.2, HIDDEN[0]) * REACH
    w2 = rng.normal(0, 1 / np.sqrt(HIDDEN[0]), HIDDEN)
    b2 = rng.uniform(-1, 1, HIDDEN[1]) * REACH
    nothing = (
        np.zeros((HIDDEN[1], CLASSES)),
        np.zeros(CLASSES),
        np.zeros((HIDDEN[1], LATENT)),
        np.zeros(LATENT),
    )
    trunk = TranslatorWeights(w1, b1, w2, b2, *nothing)

    axis = np.linspace(-3, 3, 41)
    plane = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    stations = _stations(rng)
    classes = _classes_for(stations, moods, rng)
    apart = ((plane[:, None] - stations[None]) ** 2).sum(-1)
    bumps = -apart / (2 * BUMP**2)
    bumps -= bumps.max(axis=1, keepdims=True)  # only differences count: this keeps the far field small
    targets = np.concatenate([np.clip(bumps, -8, 0), _z_field(plane, rng)], axis=1)

    features = np.c_[hidden(plane, trunk), np.ones(len(plane))]
    gram = features.T @ features + RIDGE * len(plane) * np.eye(features.shape[1])
    solved = np.linalg.solve(gram, features.T @ targets)
    count = len(stations)
    w_classes, b_classes = np.zeros((HIDDEN[1], CLASSES)), np.full(CLASSES, -40.0)
    w_classes[:, classes], b_classes[classes] = solved[:-1, :count], solved[-1, :count]
    # deepsing's temperature of .05 belongs to logits of about unit size.
    scale = 0.05
    weights = (w1, b1, w2, b2, w_classes * scale, b_classes * scale, solved[:-1, count:], solved[-1, count:])
    return TranslatorWeights(*(np.ascontiguousarray(weight, np.float32) for weight in weights))
