"""The dictionary translator: the classes whose place in the plane of feeling is nearest to what is felt.

Deepsing's first way (its talk's approach 1): a table says what each class feels like (class_table.py), and
the music's feeling looks up the nearest. Nothing is trained; who knows their pictures better edits the table.

With k > 1 the k nearest are blended by exp(-distance / T). Of each weight that of the (k+1)-th nearest class
is taken away, so that a class comes into the blend, and leaves it, with weight 0: however the feeling moves,
no class jumps in.

A table of a thousand classes is crowded: the nearest would be another at every breath. So of the table that
comes with a generator each view takes its own vocabulary, some dozens of classes that keep a distance from
each other. A table of the user's is taken whole: what stands in it is what is dreamt.

z follows the feeling in a smooth field that keeps its norm,

    z = |z| unit(e + GAIN (valence u + arousal w)),

with unit vectors, e orthogonal to the two others: the same feeling gives the same z, near feelings near ones,
and opposite feelings lean opposite ways. u and w are the directions in which the generator's pictures feel
more pleasant, and wilder, where these were measured (the embedded generator: `python -m
livesing.train.class_dictionary`); otherwise, and e always, they come from the view's number.
"""

from functools import cache
from pathlib import Path

import numpy as np

from livesing.translation.class_table import ClassTable
from livesing.translation.translator import CLASSES, LATENT, Felt, Translation

NEAREST = 8
"""k: so many classes may share a dream; how many do is the temperature's matter."""
WARMTH = 6.0
"""T, in z-scores, for a softmax's temperature of 1: at the usual .025 T is .15, and two classes share."""
SPACING = 0.45
"""z-scores between the classes of a vocabulary: a step of .05 moves under a tenth of the usual shares."""
GAIN = 0.25
"""Of z's lean: a feeling of 2 sd turns z by 27 degrees, which moves the embedded generator's pictures by
about .85 sd; the class does the rest."""
LEAN_LIMIT = 4.0
"""z-scores beyond which z leans no further."""


class DictionaryTranslator:
    """Looks feelings up in a table of classes."""

    def __init__(
        self, table: ClassTable, k: int = NEAREST, view: int = 0, axes: np.ndarray | None = None
    ) -> None:
        """k: 1 or more. axes [2, 128]: how z brings valence and arousal, if that is known.

        Raises ValueError for other shapes."""
        if k < 1 or (axes is not None and (axes.shape != (2, LATENT) or not np.isfinite(axes).all())):
            raise ValueError(f"k must be 1 or more and axes finite [2, {LATENT}]")
        self.table = table
        self.k = k
        self._frame = latent_frame(view, axes)

    def translate(self, felt: Felt, temperature: float) -> Translation:
        """T is WARMTH times `temperature`."""
        place = np.array([felt.valence, felt.arousal])
        near, weights = blend(np.hypot(*(self.table.places - place).T), self.k, WARMTH * temperature)
        classes = np.zeros(CLASSES)
        classes[self.table.numbers[near]] = weights
        return Translation(classes.astype(np.float32), lean(place, self._frame).astype(np.float32))


def blend(distance: np.ndarray, k: int, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest of N classes and their shares, nearest first -> ([<= k] int, [<= k] which sum to 1).

    Shares are exp(-distance / T) less that of the nearest class left out. Equal distances stand in the order
    of the classes.
    """
    order = np.argsort(distance, kind="stable")[: k + 1]
    powers = np.exp((distance[order[0]] - distance[order]) / max(temperature, 1e-6))
    inside = powers[:k]
    if k > 1 and len(powers) > k:
        # All equally near: nothing to tell them apart, so they share alike.
        inside = inside - powers[k] if powers[k] < 1 else inside
    return order[: len(inside)], inside / inside.sum()


def vocabulary(table: ClassTable, view: int, spacing: float = SPACING) -> ClassTable:
    """The classes of a view, of which no two lie within `spacing`: in an order of the view's own, each class
    that has room (Poisson-disc sampling by dart throwing). Each class of the table has one of them near."""
    kept: list[int] = []
    for number in np.random.default_rng((1912_05654, view, 1)).permutation(len(table.numbers)):
        apart = np.hypot(*(table.places[kept] - table.places[number]).T)
        if not (apart < spacing).any():
            kept.append(int(number))
    kept.sort()
    return ClassTable(table.numbers[kept], tuple(table.names[number] for number in kept), table.places[kept])


def latent_frame(view: int, axes: np.ndarray | None) -> np.ndarray:
    """Unit vectors e, u, w [3, 128] of a view, e orthogonal to the two others; u and w lie along `axes`."""
    rng = np.random.default_rng((1912_05654, view))
    base, *others = rng.normal(size=(3, LATENT))
    pair = np.array(others) if axes is None else axes.astype(np.float64)
    spanned = np.linalg.qr(pair.T).Q
    frame = np.stack([base - spanned @ (spanned.T @ base), *pair])
    return frame / np.linalg.norm(frame, axis=1, keepdims=True)


def lean(place: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """z [..., 128], of the length that a normal z has, for places [..., 2] in the plane."""
    limited = np.clip(place, -LEAN_LIMIT, LEAN_LIMIT)
    z = frame[0] + GAIN * (limited @ frame[1:])
    return z * (np.sqrt(LATENT) / np.linalg.norm(z, axis=-1, keepdims=True))


AXES = Path(__file__).with_name("embedded_axes.npy")


@cache
def measured_axes(generator: str) -> np.ndarray | None:
    """How this generator's z brings valence and arousal, [2, 128], where that was measured."""
    return np.load(AXES, allow_pickle=False) if generator == "embedded" else None
