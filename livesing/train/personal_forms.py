"""The three forms of a personal translator: what each fits, and how far its guesses are from what was picked.

Each form is told which classes were picked and what the generator's latent space is, and knows then how to
make a head of standard embeddings and pairs, and what to compare.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np

from livesing.train.latent_space import ClassSpace, StyleSpace
from livesing.train.personal_fit import (
    Doubles,
    Ints,
    Pairs,
    Split,
    class_transfer,
    l1_transfer,
)
from livesing.translation.network import softmax
from livesing.translation.personal import FITTED_AT, ClassHead, PlaceHead, StyleHead
from livesing.translation.translator import CLASSES, LATENT

Guesses = Mapping[str, Doubles]
"""By name: [n, D] what is expected, or what was picked."""
SHARES = "class shares"


class Form(Protocol):
    """One way to fit pairs; heads are its own."""

    def fit(self, x: Doubles, pairs: Pairs, splits: list[Split]) -> ClassHead | PlaceHead | StyleHead:
        """x [n, E] standard."""
        ...

    def expected(self, head: ClassHead | PlaceHead | StyleHead, x: Doubles) -> Guesses: ...

    def picked(self, pairs: Pairs) -> Guesses: ...


class ClassForm(NamedTuple):
    """Classes by cross-entropy, z by L1 about the mean of what was picked."""

    classes: Ints
    """[K] that were picked, rising."""
    vectors: Doubles
    """[K, C] by which the generator knows them."""
    likeness: Doubles
    """[K, K] from `likeness_of`."""

    def fit(self, x: Doubles, pairs: Pairs, splits: list[Split]) -> ClassHead:
        logits = class_transfer(x, pairs.shares[:, self.classes], self.likeness, splits)
        mu, sigma = pairs.z.mean(axis=0), np.maximum(pairs.z.std(axis=0), 1e-6)
        return ClassHead(self.classes, logits, l1_transfer(x, pairs.z, mu, sigma, splits))

    def expected(self, head: ClassHead | PlaceHead | StyleHead, x: Doubles) -> Guesses:
        assert isinstance(head, ClassHead)
        shares = softmax(head.logits(x), 1.0)
        return {SHARES: shares, "class vector": shares @ self.vectors, "z": head.z(x)}

    def picked(self, pairs: Pairs) -> Guesses:
        return _picked(pairs, self.classes, self.vectors)


class PlaceForm(NamedTuple):
    """The class's vector and z together by L1, within the space's own mean and deviation."""

    classes: Ints
    vectors: Doubles
    """[K, C] in the generator's standard deviations over all its classes."""

    def fit(self, x: Doubles, pairs: Pairs, splits: list[Split]) -> PlaceHead:
        w = np.concatenate([pairs.shares[:, self.classes] @ self.vectors, pairs.z], axis=1)
        width = self.vectors.shape[1] + LATENT
        return PlaceHead(
            self.classes, self.vectors, l1_transfer(x, w, np.zeros(width), np.ones(width), splits)
        )

    def expected(self, head: ClassHead | PlaceHead | StyleHead, x: Doubles) -> Guesses:
        assert isinstance(head, PlaceHead)
        w, width = head.w(x), self.vectors.shape[1]
        away = np.abs(self.vectors - w[:, None, :width]).mean(axis=2)
        return {
            SHARES: softmax(-away, FITTED_AT),
            "class vector": w[:, :width],
            "z": w[:, width:],
        }

    def picked(self, pairs: Pairs) -> Guesses:
        return _picked(pairs, self.classes, self.vectors)


class StyleForm(NamedTuple):
    """StyleGAN2's w by L1, within its mean and deviation."""

    space: StyleSpace

    def fit(self, x: Doubles, pairs: Pairs, splits: list[Split]) -> StyleHead:
        w = self.space.places(pairs.shares, pairs.z)
        transfer = l1_transfer(x, w, self.space.mu, self.space.sigma, splits)
        middle = pairs.z.mean(axis=0)
        return StyleHead(transfer, *self.space.mixer(middle), middle)

    def expected(self, head: ClassHead | PlaceHead | StyleHead, x: Doubles) -> Guesses:
        assert isinstance(head, StyleHead)
        return {"w": head.w(x) / self.space.sigma}

    def picked(self, pairs: Pairs) -> Guesses:
        return {"w": self.space.places(pairs.shares, pairs.z) / self.space.sigma}


def _picked(pairs: Pairs, classes: Ints, vectors: Doubles) -> Guesses:
    shares = pairs.shares[:, classes]
    return {SHARES: shares, "class vector": shares @ vectors, "z": pairs.z}


def picked_classes(pairs: Pairs) -> Ints:
    """[K] rising."""
    return np.flatnonzero(pairs.shares.any(axis=0))


def place_form(pairs: Pairs, space: ClassSpace) -> PlaceForm:
    classes = picked_classes(pairs)
    return PlaceForm(classes, space.places(np.eye(CLASSES)[classes]))
