"""What a translator is: it turns what is felt into what the generator is asked to dream.

There are several, and looks choose; `opening.py` opens them by name. A new one is a class with `translate`,
and a line there.
"""

from typing import NamedTuple, Protocol

import numpy as np

CLASSES = 1000
LATENT = 128


class Felt(NamedTuple):
    """What the music feels like at a moment."""

    valence: float
    """z-score."""
    arousal: float
    """z-score."""
    embedding: np.ndarray | None = None
    """[E] float32, what the last moments sound like; None where nobody tells."""


class Translation(NamedTuple):
    """What the generator is asked to dream."""

    classes: np.ndarray
    """[1000] float32, sums to 1."""
    z: np.ndarray
    """[128] float32, a target for the latent. Its direction counts; the latent path gives it its length."""


class Translator(Protocol):
    """Pure: the same feeling gives the same dream."""

    def translate(self, felt: Felt, temperature: float) -> Translation:
        """`temperature` is the softmax's over classes: towards 0 one class alone, larger blends many."""
        ...
