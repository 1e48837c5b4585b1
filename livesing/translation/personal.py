"""A translator of one's own: from what the music sounds like to the pictures that somebody picked for such
music.

TräumerAI's transfer (Jeong, Doh & Kwon 2021, arXiv 2102.04680) in the latent space of the generator:

    w = 2 sigma tanh(W e + b) + mu

e is the embedding of the last 3 s (audio/embedding.py), in standard units of the passages that were labelled.
What w is depends on the form, which the file names:

    w         StyleGAN2's own w; any of it is asked for as numbers of its classes, which are places in w
    latents   (the vector by which the generator knows a class, z); of the classes that were picked, those
              that lie nearest to the vector are dreamt
    classes   (a logit for each class that was picked, z)

mu and sigma are the statistics of the space, or of what was picked, so w never leaves the region of it. How w
moves in time is the latent path's business: 3, 2 and .3 s by layer. `livesing train personal` makes the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from livesing.array_file import Arrays, check_shapes, read_arrays, write_arrays
from livesing.audio.embedding import SIZE, VERSION
from livesing.errors import TranslatorError, WeightsError
from livesing.translation.network import softmax
from livesing.translation.translator import CLASSES, LATENT, Felt, Translation

KIND = "personal"
LIMIT = 3.0
"""Standard deviations: what is further from all that was labelled counts as that far."""
FITTED_AT = 0.1
"""The temperature at which the classes come out as likely as they were fitted; the show's is lower, which
favours the likeliest."""
SLACK = 1e-3
"""Of sums of numbers that were rounded to float32."""
Shapes = dict[str, tuple[int | None, ...]]


@dataclass(frozen=True)
class Transfer:
    """2 sigma tanh(e W + b) + mu, for e [..., E] -> [..., D]."""

    weight: np.ndarray  # [E, D]
    bias: np.ndarray  # [D]
    sigma: np.ndarray  # [D]
    mu: np.ndarray  # [D]

    def __call__(self, e: np.ndarray) -> np.ndarray:
        return 2 * self.sigma * np.tanh(e @ self.weight + self.bias) + self.mu


class Head(Protocol):
    """What a form does with an embedding in standard units, [E]."""

    def translate(self, standard: np.ndarray, temperature: float) -> Translation: ...

    def arrays(self) -> Arrays: ...


@dataclass(frozen=True)
class ClassHead:
    """The form `classes`."""

    classes: np.ndarray
    """[K] int, the classes that the labels show, rising."""
    logits: Transfer
    """To [K]."""
    z: Transfer
    """To [128]."""
    form = "classes"

    def translate(self, standard: np.ndarray, temperature: float) -> Translation:
        # Only what the music says is sharpened: else the class that was picked most would always win.
        told = (self.logits(standard) - self.logits.mu) * FITTED_AT
        shares = softmax(told + self.logits.mu * temperature, temperature)
        return Translation(_spread(self.classes, shares), self.z(standard).astype(np.float32))

    def arrays(self) -> Arrays:
        return {
            "classes": self.classes.astype(np.int32),
            **_flat("logits", self.logits),
            **_flat("z", self.z),
        }

    @classmethod
    def of(cls, arrays: Arrays) -> "ClassHead":
        return cls(arrays["classes"].astype(np.int64), _transfer(arrays, "logits"), _transfer(arrays, "z"))

    @staticmethod
    def shapes(arrays: Arrays) -> Shapes:
        count = _length(arrays, "classes")
        return {"classes": (count,), **_transfer_shapes("logits", count), **_transfer_shapes("z", LATENT)}


@dataclass(frozen=True)
class PlaceHead:
    """The form `latents`."""

    classes: np.ndarray
    """[K] int, the classes that the labels show, rising."""
    vectors: np.ndarray
    """[K, C] by which the generator knows them, in its standard deviations."""
    w: Transfer
    """To [C + 128]."""
    form = "latents"

    def translate(self, standard: np.ndarray, temperature: float) -> Translation:
        w = self.w(standard)
        away = np.abs(self.vectors - w[: self.vectors.shape[1]]).mean(axis=1)
        shares = softmax(-away, temperature)
        return Translation(_spread(self.classes, shares), w[self.vectors.shape[1] :].astype(np.float32))

    def arrays(self) -> Arrays:
        return {"classes": self.classes.astype(np.int32), "vectors": self.vectors, **_flat("w", self.w)}

    @classmethod
    def of(cls, arrays: Arrays) -> "PlaceHead":
        return cls(arrays["classes"].astype(np.int64), arrays["vectors"], _transfer(arrays, "w"))

    @staticmethod
    def shapes(arrays: Arrays) -> Shapes:
        vectors = arrays.get("vectors", np.zeros((0, 0)))
        wide = vectors.shape[1] if vectors.ndim == 2 else 0
        count = _length(arrays, "classes")
        return {"classes": (count,), "vectors": (count, wide), **_transfer_shapes("w", wide + LATENT)}


@dataclass(frozen=True)
class StyleHead:
    """The form `w`."""

    w: Transfer
    """To StyleGAN2's w, from its average, before truncation."""
    matrix: np.ndarray
    """[w, 1000] from w to class numbers."""
    start: np.ndarray
    """[1000]: the class numbers of w = 0. They sum to 1, those of a row of the matrix to 0."""
    z: np.ndarray
    """[128] about which the dream wanders."""
    form = "w"

    def translate(self, standard: np.ndarray, temperature: float) -> Translation:
        """Whatever the temperature: there is nothing to choose from."""
        numbers = self.w(standard) @ self.matrix + self.start
        return Translation(numbers.astype(np.float32), self.z.astype(np.float32))

    def arrays(self) -> Arrays:
        return {"matrix": self.matrix, "start": self.start, "z": self.z, **_flat("w", self.w)}

    @classmethod
    def of(cls, arrays: Arrays) -> "StyleHead":
        return cls(_transfer(arrays, "w"), *(arrays[name].astype(np.float64) for name in _STYLE))

    @staticmethod
    def shapes(arrays: Arrays) -> Shapes:
        wide = _length(arrays, "matrix")
        own: Shapes = {"matrix": (wide, CLASSES), "start": (CLASSES,), "z": (LATENT,)}
        return {**own, **_transfer_shapes("w", wide)}


_STYLE = ("matrix", "start", "z")
_FORMS: Mapping[str, type[ClassHead] | type[PlaceHead] | type[StyleHead]] = {
    head.form: head for head in (ClassHead, PlaceHead, StyleHead)
}


@dataclass(frozen=True)
class PersonalTranslator:
    """What a file of somebody's own holds; made for one generator and one version of the embedding."""

    generator: str
    mean: np.ndarray
    """[E] of the embeddings of the labelled passages."""
    scale: np.ndarray
    """[E] 1 / their standard deviation."""
    head: ClassHead | PlaceHead | StyleHead

    def standard(self, e: np.ndarray) -> np.ndarray:
        """Embeddings [..., E] in standard units; silence (all zero) is the middle."""
        standard = np.clip((e - self.mean) * self.scale, -LIMIT, LIMIT)
        return np.where(np.any(e != 0, axis=-1, keepdims=True), standard, 0)

    def translate(self, felt: Felt, temperature: float) -> Translation:
        """Where nobody tells what the music sounds like, the middle of what was picked."""
        e = np.zeros(SIZE) if felt.embedding is None else np.asarray(felt.embedding, np.float64)
        return self.head.translate(self.standard(e), temperature)

    def save(self, path: Path, notes: Mapping[str, str] | None = None) -> None:
        """Write the file, whole or not at all."""
        arrays: Arrays = {"mean": self.mean, "scale": self.scale, **self.head.arrays()}
        floats = {
            name: array.astype(np.float32) if array.dtype.kind == "f" else array
            for name, array in arrays.items()
        }
        own = {"kind": KIND, "form": self.head.form, "generator": self.generator, "embedding": VERSION}
        write_arrays(path, floats, {**(notes or {}), **own})


def load(path: Path, generator: str) -> PersonalTranslator:
    """Raises TranslatorError, in one line, for a file that is missing or broken, was made for another
    generator or heard by another version of the embedding."""
    try:
        arrays, notes = read_arrays(path)
        form = _FORMS.get(notes.get("form", ClassHead.form))
        if notes.get("kind") != KIND or form is None:
            raise TranslatorError(f"{path.name} holds no personal translator that this version knows")
        made_for, heard_by = notes.get("generator", "?"), notes.get("embedding", "?")
        if heard_by != VERSION:
            raise TranslatorError(
                f"{path.name} was made with version {heard_by} of the embedding, and here it is {VERSION}: "
                "make it anew with 'livesing train personal'"
            )
        if made_for != generator:
            raise TranslatorError(
                f"{path.name} was made for the generator {made_for}, and this is {generator}"
            )
        check_shapes(path, arrays, {"mean": (SIZE,), "scale": (SIZE,), **form.shapes(arrays)})
    except WeightsError as error:
        raise TranslatorError(str(error)) from None
    if form is StyleHead:
        _check_numbers(path, arrays, generator)
    else:
        _check_classes(path, arrays["classes"])
    mean, scale = (arrays[name].astype(np.float64) for name in ("mean", "scale"))
    return PersonalTranslator(made_for, mean, scale, form.of(arrays))


def _check_classes(path: Path, classes: np.ndarray) -> None:
    fits = classes.dtype.kind == "i" and len(classes) > 0 and classes[0] >= 0 and classes[-1] < CLASSES
    if not fits or (np.diff(classes) <= 0).any():
        raise TranslatorError(f"{path.name}: its classes are no rising numbers from 0 to {CLASSES - 1}")


def _check_numbers(path: Path, arrays: Arrays, generator: str) -> None:
    if generator != "stylegan2":
        raise TranslatorError(f"{path.name}: only StyleGAN2 has a w, not {generator}")
    if abs(arrays["start"].sum() - 1) > SLACK or np.abs(arrays["matrix"].sum(axis=1)).max(initial=0) > SLACK:
        raise TranslatorError(f"{path.name}: its class numbers do not sum to 1")


def _spread(classes: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """[K] shares of some classes -> [1000]."""
    whole = np.zeros(CLASSES, np.float32)
    whole[classes] = shares
    return whole


def _flat(name: str, transfer: Transfer) -> Arrays:
    return {f"{name}.{part}": array for part, array in vars(transfer).items()}


def _transfer(arrays: Arrays, name: str) -> Transfer:
    parts = ("weight", "bias", "sigma", "mu")
    return Transfer(*(arrays[f"{name}.{part}"].astype(np.float64) for part in parts))


def _transfer_shapes(name: str, width: int) -> Shapes:
    return {
        f"{name}.weight": (SIZE, width),
        **{f"{name}.{part}": (width,) for part in ("bias", "sigma", "mu")},
    }


def _length(arrays: Arrays, name: str) -> int:
    return len(arrays[name]) if name in arrays and arrays[name].ndim else 0
