"""What the performer does to a translation, live: blend two translators and many classes, hold the classes,
keep them from chattering, add noise.

Classes are blended as class vectors, which generators take for mixtures of their embeddings; pictures are
never crossfaded here.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from livesing.translation.translator import LATENT, Felt, Translation, Translator

NEAR = 8.0
"""`dream.blend` mixes in the classes that come out at so many times the temperature."""
NOISE = 3.0
"""At `dream.noise` 1 the noise is so many times as strong as z: .1, the default, is .3 of it."""
LONGEST_Z = float(np.sqrt(LATENT))


def temperature(sharpness: float) -> float:
    """`dream.sharpness` 0..1 as the softmax's temperature: .3 is deepsing's .05."""
    return 0.1 * 0.1**sharpness


class Point(NamedTuple):
    """A place in the plane of feeling, z-scores."""

    valence: float
    arousal: float


def play(held: Point | None, felt: Point, width: float) -> Point:
    """Hysteresis in the plane, as of a gear with play: the held point stays within `width` of what is felt,
    and moves only when it is pulled.

    So a feeling that wobbles by less than twice `width` moves nothing, wherever a border of a class lies.
    """
    if held is None:
        return felt
    away = np.hypot(felt.valence - held.valence, felt.arousal - held.arousal)
    if away <= width:
        return held
    pull = 1.0 - width / away
    return Point(
        held.valence + pull * (felt.valence - held.valence),
        held.arousal + pull * (felt.arousal - held.arousal),
    )


def on_length(z: np.ndarray) -> np.ndarray:
    """z at the length that a normal z has, so that translators and noise mix by their shares."""
    return z * (LONGEST_Z / max(float(np.linalg.norm(z)), 1e-9))


def blended(first: Translation, second: Translation, share: float) -> Translation:
    """`share` 0..1 of the second translation: a mixture of classes, and a z between the two."""
    classes = (1 - share) * first.classes + share * second.classes
    z = on_length((1 - share) * on_length(first.z) + share * on_length(second.z))
    return Translation(classes.astype(np.float32), z.astype(np.float32))


class Steering:
    """What is held from one translation to the next; owned by the dreamer."""

    def __init__(self) -> None:
        self.held: Point | None = None
        self.locked: np.ndarray | None = None
        """[1000], the classes of the last translation. Both may be set, to go on from there."""

    def translate(
        self, felt: Felt, first: Translator, second: Translator | None, params: Mapping[str, float],
        noise: np.ndarray,
    ) -> Translation:  # fmt: skip
        """The translation for what is felt now. `noise` is a truncated normal [128].

        Classes follow the feeling with hysteresis; z follows it as it is.
        """
        self.held = play(self.held, Point(felt.valence, felt.arousal), params["dream.hysteresis"])
        steady = felt._replace(valence=self.held.valence, arousal=self.held.arousal)
        wish = _one(steady, felt, first, params)
        if second is not None and params["dream.mix"] > 0:
            wish = blended(wish, _one(steady, felt, second, params), params["dream.mix"])
        if params["dream.lock"] and self.locked is not None:
            wish = wish._replace(classes=self.locked)
        self.locked = wish.classes
        z = on_length(wish.z) + params["dream.noise"] * NOISE * noise
        return wish._replace(z=z.astype(np.float32))


def _one(steady: Felt, felt: Felt, translator: Translator, params: Mapping[str, float]) -> Translation:
    warmth = temperature(params["dream.sharpness"])
    classes, z = translator.translate(steady, warmth)
    blend = params["dream.blend"]
    if blend > 0:
        near = translator.translate(steady, NEAR * warmth).classes
        classes = (1 - blend) * classes + blend * near
    if (steady.valence, steady.arousal) != (felt.valence, felt.arousal):
        z = translator.translate(felt, warmth).z
    return Translation(classes, z)
