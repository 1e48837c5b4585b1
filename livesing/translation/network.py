"""The translator's network: (valence, arousal) -> class distribution and latent target.

deepsing's shape (Passalis & Doropoulos 2019, section 2.2): 2 -> 64 -> 256 with ReLU, then two heads, 1000
logits for a softmax of low temperature and 128 numbers for z. Inference in numpy: 0.3 million
multiplications every 500 ms need no framework.
"""

from dataclasses import dataclass, field

import numpy as np

from livesing.translation.translator import CLASSES, LATENT, Felt, Translation

HIDDEN = (64, 256)
TEMPERATURE = 0.05


@dataclass(frozen=True)
class TranslatorWeights:
    """All numbers of the network; a layer computes x @ w + b."""

    w1: np.ndarray  # [2, 64]
    b1: np.ndarray  # [64]
    w2: np.ndarray  # [64, 256]
    b2: np.ndarray  # [256]
    w_classes: np.ndarray  # [256, 1000]
    b_classes: np.ndarray  # [1000]
    w_z: np.ndarray  # [256, 128]
    b_z: np.ndarray  # [128]
    which: np.ndarray = field(default_factory=lambda: np.arange(CLASSES))
    """[K] int, the classes of the columns of w_classes [256, K]; the others never come out."""

    def __post_init__(self) -> None:
        count = len(self.which)
        shapes = {"w1": (2, 64), "b1": (64,), "w2": (64, 256), "b2": (256,)}
        shapes |= {
            "w_classes": (256, count),
            "b_classes": (count,),
            "w_z": (256, LATENT),
            "b_z": (LATENT,),
        }
        if self.which.ndim != 1 or not count or len(set(self.which.tolist()) & set(range(CLASSES))) != count:
            raise ValueError(f"translator weight which must name classes below {CLASSES}, each once")
        for name, shape in shapes.items():
            weight = getattr(self, name)
            if weight.shape != shape or not np.isfinite(weight).all():
                raise ValueError(
                    f"translator weight {name} must be finite with shape {shape}, got {weight.shape}"
                )


def hidden(mood: np.ndarray, weights: TranslatorWeights) -> np.ndarray:
    """The last hidden layer for moods [..., 2] -> [..., 256]."""
    first = np.maximum(mood @ weights.w1 + weights.b1, 0)
    return np.maximum(first @ weights.w2 + weights.b2, 0)


def softmax(logits: np.ndarray, temperature: float) -> np.ndarray:
    """exp(logits / temperature), normalised over the last axis, safe for large logits."""
    scaled = (logits - logits.max(axis=-1, keepdims=True)) / temperature
    powers = np.exp(scaled)
    return powers / powers.sum(axis=-1, keepdims=True)


def translate(
    valence: float, arousal: float, weights: TranslatorWeights, temperature: float = TEMPERATURE
) -> Translation:
    """One (valence, arousal) in z-scores -> class distribution and z target.

    `temperature` is the softmax's: towards 0 one class alone, larger blends many.
    """
    features = hidden(np.array([valence, arousal], np.float32), weights)
    logits = features @ weights.w_classes + weights.b_classes
    z = features @ weights.w_z + weights.b_z
    classes = np.zeros(CLASSES, np.float32)
    classes[weights.which] = softmax(logits, temperature)
    return Translation(classes, z.astype(np.float32))


class NetworkTranslator:
    """A translator by the network."""

    def __init__(self, weights: TranslatorWeights, reach: float = np.inf) -> None:
        """`reach`: z-scores beyond +-reach are taken for it, since the network has seen nothing there."""
        self.weights = weights
        self.reach = reach

    def translate(self, felt: Felt, temperature: float) -> Translation:
        valence, arousal = (min(max(part, -self.reach), self.reach) for part in felt[:2])
        return translate(valence, arousal, self.weights, temperature)
