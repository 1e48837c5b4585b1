"""The closed loop: a feeling -> translator -> latent path -> generator -> g -> what the picture feels like.

It measures what a translator is for, on what the show would draw: pictures come off the latent path, with
its layers, its wandering and its shell. Feelings that come back are in z-scores by the generator's own
statistics: the mean and deviation of g over pictures of random classes and latents.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from livesing.audio.pulse import Pulse
from livesing.generation.engine_open import ServedGenerator
from livesing.generation.latent_path import NORM, LatentPath
from livesing.params import INDEX, TABLE
from livesing.sentiment.image import ImageEstimator
from livesing.translation.steering import temperature
from livesing.translation.translator import Felt, Translation, Translator

PARAMS = {param.name: param.default for param in TABLE}
USUAL = temperature(TABLE[INDEX["dream.sharpness"]].default)
"""The temperature at which the show plays."""
SIZE = (256, 144)
"""Of the embedded generator's pictures: g rates them as it does those of 512 x 288 (r .999)."""
REACH = 1.5
"""z-scores: grids go over [-REACH, REACH] on both axes."""
STEP = 0.05
"""z-scores: the step after which the picture's movement is measured."""
WALK = 24
"""Steps of a walk."""
AT_ONCE = 32
"""Pictures that g rates at a time."""


class Reached(NamedTuple):
    """What came back for N targets."""

    target: np.ndarray  # [N, 2] valence, arousal, z-scores
    felt: np.ndarray  # [N, 2] the same of the pictures
    top: np.ndarray  # [N] int, the strongest class of each


class Agreement(NamedTuple):
    """How near what came back is to what was asked for."""

    r_valence: float
    r_arousal: float
    mean_distance: float
    """z-scores."""


class ClosedLoop:
    """A generator with the latent path before it and g behind it. Belongs to one thread."""

    def __init__(self, generator: ServedGenerator, estimator: ImageEstimator) -> None:
        self.generator = generator
        self._estimator = estimator

    def picture(self, wish: Translation, seed: int = 0) -> np.ndarray:
        """The picture to which a path of this seed settles on a wish, before it wanders: uint8 [H, W, 3]."""
        z, classes = LatentPath(seed).step(0.0, wish, Pulse.quiet(0.0), PARAMS)
        return self.draw(z, classes)

    def still(self, wish: Translation) -> np.ndarray:
        """The picture of a wish as it is, without the path's wandering: uint8 [H, W, 3]."""
        return still(self.generator, wish)[..., :3]

    def draw(self, z: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """What comes off a latent path as a picture, uint8 [H, W, 3]."""
        return self.generator.render_rgba(z, classes, None)[..., :3].copy()

    def rate(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """g, raw: [N, 2]."""
        return self._estimator.rate(list(pictures)).astype(np.float64)

    def felt(self, wishes: Sequence[Translation], seeds: Sequence[int] | None = None) -> np.ndarray:
        """What g feels of the pictures of some wishes, raw: [N, 2]."""
        seeds = seeds if seeds is not None else range(len(wishes))
        parts = [np.zeros((0, 2))]
        for first in range(0, len(wishes), AT_ONCE):
            some = slice(first, first + AT_ONCE)
            pairs = zip(wishes[some], seeds[some], strict=True)
            parts.append(self.rate([self.picture(wish, seed) for wish, seed in pairs]))
        return np.concatenate(parts)

    def reach(self, translator: Translator, targets: np.ndarray, statistics: np.ndarray) -> Reached:
        """Ask for each of the targets [N, 2] -> what the pictures feel like."""
        wishes = [translator.translate(Felt(*target), USUAL) for target in targets.tolist()]
        felt = (self.felt(wishes) - statistics[0]) / statistics[1]
        return Reached(targets, felt, np.array([int(wish.classes.argmax()) for wish in wishes]))

    def movement(self, translator: Translator, walks: int, seed: int = 0) -> np.ndarray:
        """How far the picture moves when the feeling moves by STEP -> [walks, WALK], the mean absolute
        difference of the pixels, 0 to 255. Measured along straight walks over the plane, the same for the
        same seed."""
        rng = np.random.default_rng(seed)
        moved = []
        for number in range(walks):
            angle, middle = rng.uniform(0, 2 * np.pi), rng.uniform(-REACH, REACH, 2) * 0.7
            along = STEP * (np.arange(WALK + 1) - WALK / 2)
            places = middle + along[:, None] * [np.cos(angle), np.sin(angle)]
            pictures = [
                self.picture(translator.translate(Felt(*place), USUAL), number).astype(np.int16)
                for place in places.tolist()
            ]
            moved.append([float(np.abs(one - other).mean()) for one, other in pairwise(pictures)])
        return np.array(moved)


def still(generator: ServedGenerator, wish: Translation) -> np.ndarray:
    """The picture of a wish when the path stands still on it: uint8 [H, W, 4]."""
    z = wish.z * np.float32(NORM / max(float(np.linalg.norm(wish.z)), 1e-9))
    return np.array(generator.render_rgba(z[None], wish.classes[None], None))


def grid(side: int, reach: float = REACH) -> np.ndarray:
    """`side` x `side` targets over [-reach, reach] on both axes -> [side^2, 2]."""
    axis = np.linspace(-reach, reach, side)
    return np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)


def agreement(target: np.ndarray, felt: np.ndarray) -> Agreement:
    """Pearson's r of each axis, and the mean distance in the plane; arrays [N, 2]."""
    r = [
        float(np.corrcoef(one, other)[0, 1]) if one.std() > 1e-9 and other.std() > 1e-9 else 0.0
        for one, other in zip(target.T, felt.T, strict=True)
    ]
    return Agreement(r[0], r[1], float(np.hypot(*(felt - target).T).mean()))
