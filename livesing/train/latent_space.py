"""Where pictures lie in a generator's own latent space, and what its spread is there.

The embedded generator and BigGAN know a class by a vector, and stand at (the class's vector, z). StyleGAN2
stands in its w, where every class and every z lead to places. Vectors and w are in the space's own standard
deviations from its own mean, so that an error of 1 means as much in all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from livesing.generation.engine import Source
from livesing.generation.worlds import class_vectors
from livesing.translation.translator import CLASSES, LATENT

if TYPE_CHECKING:
    from livesing.generation.stylegan2 import StyleGAN2

Doubles = NDArray[np.float64]

DRAWN = 4000
"""Pictures over which w's mean and deviation are taken."""
NEGLIGIBLE = 1e-3
"""Directions of w in which the classes differ by less, as a share of the widest, are left alone."""


class ClassSpace(NamedTuple):
    """Classes as a generator knows them, beside z."""

    vectors: Doubles
    """[1000, C] in standard deviations over the classes."""

    def places(self, shares: Doubles) -> Doubles:
        """Mixtures [n, 1000] -> [n, C]."""
        return shares @ self.vectors


class StyleSpace(NamedTuple):
    """StyleGAN2's w: `away`, how far from the average, before truncation."""

    mu: Doubles
    """[w] the mean of `away` over random classes and z."""
    sigma: Doubles
    """[w] its standard deviation."""
    anchors: Doubles
    """[1000, w] where classes lead."""
    latents: Callable[[Doubles], Doubles]
    """z [n, 128] -> what it adds, [n, w]."""

    def places(self, shares: Doubles, z: Doubles) -> Doubles:
        """Mixtures [n, 1000] and z [n, 128] -> w [n, w]."""
        return shares @ self.anchors + self.latents(z)

    def mixer(self, z: Doubles) -> tuple[Doubles, Doubles]:
        """How to ask for any w while z [128] wanders where it is: (matrix [w, 1000], start [1000]), so that
        w @ matrix + start are class numbers that sum to 1 and lead to w."""
        towards = np.concatenate([self.anchors, np.ones((CLASSES, 1))], axis=1)
        back = np.linalg.pinv(towards, rcond=NEGLIGIBLE)
        matrix = back[:-1] - back[:-1].mean(axis=1, keepdims=True)
        start = back[-1] - self.latents(z[None])[0] @ matrix
        return matrix, start + (1 - start.sum()) / CLASSES


def class_space(source: Source) -> ClassSpace:
    """Of the embedded generator or a BigGAN (which needs torch). Raises WeightsError."""
    if source.generator == "embedded":
        vectors = class_vectors()
    else:
        from livesing.generation.engine_graph import biggan_state

        vectors = biggan_state(source)["embeddings.weight"].T.double().numpy()
    spread = np.maximum(vectors.std(axis=0), 1e-9)
    return ClassSpace((vectors - vectors.mean(axis=0)) / spread)


def style_space(source: Source) -> StyleSpace:
    """Of a StyleGAN2; needs torch. Raises WeightsError."""
    from livesing.generation.engine_graph import graph
    from livesing.generation.stylegan2 import StyleGAN2

    net = graph(source).net
    assert isinstance(net, StyleGAN2)
    return style_space_of(net)


def style_space_of(net: StyleGAN2) -> StyleSpace:
    """Of a network; mean and deviation over DRAWN pictures."""
    import torch

    from livesing.generation.stylegan2 import CLASS_SHARE, Z_SHARE

    def latents(z: Doubles) -> Doubles:
        with torch.inference_mode():
            mapped = net.map(torch.from_numpy(z.astype(np.float32)) @ net.projection)
            away: Doubles = (mapped - net.average).double().numpy()
        return Z_SHARE * away

    anchors = CLASS_SHARE * net.anchors.double().numpy()
    rng = np.random.default_rng(0)
    drawn = anchors[rng.integers(CLASSES, size=DRAWN)] + latents(rng.normal(size=(DRAWN, LATENT)))
    return StyleSpace(drawn.mean(axis=0), np.maximum(drawn.std(axis=0), 1e-9), anchors, latents)
