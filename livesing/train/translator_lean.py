"""Latents that lean to a feeling: how z carries valence and arousal, whatever the class.

Deepsing's z carries almost none, since the mean of ten random latents is nearly nothing. But within a class,
what g feels does depend on z, and a linear regression over all classes finds on which directions of it. A z
that leans along them reaches feelings that random latents never come near, and its mean over a sub-cluster
still leans. So samples are drawn leaning, to a share of what their class shall be used for; the class does
the rest.
"""

from typing import NamedTuple

import numpy as np

from livesing.errors import UsageError
from livesing.train.translator_samples import Samples
from livesing.translation.translator import LATENT

RIDGES = np.logspace(-3, 2, 21)
"""Of the regression, as shares of the samples: generalised cross-validation takes one of them."""
STEEPEST = 0.92
"""z leans at most so far: the rest of its length keeps what a view has of its own."""
SHARE = 0.5
"""Of a feeling, what z is to carry, as far as it can."""
EASY = 0.35
"""How much of z a feeling of one deviation may ask for."""


class Lean(NamedTuple):
    """The directions of feeling in z."""

    axes: np.ndarray
    """[2, 128]: a z of |z| = sqrt(128) along unit vector i raises feeling i, and leaves the other."""
    reach: np.ndarray
    """[2] z-scores that all of z along an axis brings, by the regression."""

    @property
    def share(self) -> np.ndarray:
        """[2] of each feeling, what z carries; less than SHARE where it tells little."""
        return np.minimum(SHARE, EASY * self.reach)

    def z(self, toward: np.ndarray, base: np.ndarray) -> np.ndarray:
        """Latents of norm sqrt(128) that bring the feelings `toward` [N, 2], z-scores from the class's own;
        the rest of them lies along `base` [128] or [N, 128]."""
        part = toward / self.reach
        steep = np.linalg.norm(part @ self.axes, axis=1, keepdims=True)
        part = part * np.where(steep > 0, STEEPEST * np.tanh(steep / STEEPEST) / np.maximum(steep, 1e-9), 0)
        leaning = part @ self.axes
        rest = across(base, self.axes)
        rest = rest / np.maximum(np.linalg.norm(rest, axis=-1, keepdims=True), 1e-9)
        length = np.sqrt(1 - (leaning**2).sum(axis=1, keepdims=True))
        return np.sqrt(LATENT) * (leaning + length * rest)


def across(base: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """What of `base` [..., 128] leans to no feeling."""
    spanned = np.linalg.qr(axes.T).Q
    return base - base @ spanned @ spanned.T


def lean_of(samples: Samples, felt: np.ndarray) -> Lean:
    """The directions, from random samples and what is felt of them in z-scores, [N, 2].

    Classes are taken out first: of each sample and its z the mean of its class is subtracted.
    """
    _, place = np.unique(samples.classes, return_inverse=True)
    counts = np.bincount(place)[place]
    own, latents = _within(felt, place)[counts > 1], _within(samples.z, place)[counts > 1]
    slopes = _ridge(latents, own)
    dual = slopes @ np.linalg.inv(slopes.T @ slopes + 1e-12 * np.eye(2))
    axes = (dual / np.maximum(np.linalg.norm(dual, axis=0), 1e-12)).T
    reach = np.sqrt(LATENT) * (axes * slopes.T).sum(axis=1)
    return Lean(axes, np.maximum(reach, 1e-6))


def _ridge(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Slopes [128, 2] of y [N, 2] on x [N, 128], z-scores per unit of z. How far they are drawn to zero is
    chosen by generalised cross-validation, so that where z tells little they are small."""
    if not len(x):
        raise UsageError("there are no two samples of one class: draw more samples")
    left, sizes, right = np.linalg.svd(x, full_matrices=False)
    turned = left.T @ y
    best, slopes = np.inf, np.zeros((x.shape[1], y.shape[1]))
    for ridge in RIDGES * len(x):
        shrink = sizes**2 / (sizes**2 + ridge)
        rest = y - left @ (shrink[:, None] * turned)
        score = float((rest**2).sum()) / (1 - shrink.sum() / len(x)) ** 2
        if score < best:
            best = score
            slopes = right.T @ ((sizes / (sizes**2 + ridge))[:, None] * turned)
    return slopes


def _within(values: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Values [N, D] without the means of their classes, whose numbers from 0 are `place` [N]."""
    sums = np.zeros((place.max() + 1, values.shape[1]))
    np.add.at(sums, place, values)
    return values - (sums / np.bincount(place)[:, None])[place]


def places_of(samples: Samples, felt: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Where each class comes to lie when its z leans to `share` [2] of the place: [1000, 2], NaN where there
    are no samples. A class that feels like m of itself reaches m / (1 - share)."""
    places = np.full((1000, 2), np.nan)
    for number in np.unique(samples.classes):
        places[number] = felt[samples.classes == number].mean(axis=0) / (1 - share)
    return places
