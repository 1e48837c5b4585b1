"""A translator of one's own: from what the music sounds like to the pictures that somebody picked for such
music.

TräumerAI's transfer (Jeong, Doh & Kwon 2021, arXiv 2102.04680), in the latent space of the generators here,
which is z [128] and a logit for each of the K classes that the labels show (a StyleGAN2's classes are places
in its w, so mixtures of them span it):

    w = 2 sigma tanh(W e + b) + mu

mu and sigma are the statistics of what was picked, so w never leaves the region of it; e is the embedding of
the last 3 s (audio/embedding.py), in standard units of the passages that were labelled. How w moves in time
is the latent path's business: 3, 2 and .3 s by layer. `livesing train personal` makes the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True)
class Transfer:
    """2 sigma tanh(e W + b) + mu, for e [..., E] -> [..., D]."""

    weight: np.ndarray  # [E, D]
    bias: np.ndarray  # [D]
    sigma: np.ndarray  # [D]
    mu: np.ndarray  # [D]

    def __call__(self, e: np.ndarray) -> np.ndarray:
        return 2 * self.sigma * np.tanh(e @ self.weight + self.bias) + self.mu


@dataclass(frozen=True)
class PersonalTranslator:
    """What a file of somebody's own holds; made for one generator and one version of the embedding."""

    generator: str
    mean: np.ndarray
    """[E] of the embeddings of the labelled passages."""
    scale: np.ndarray
    """[E] 1 / their standard deviation."""
    z: Transfer
    """To [128]."""
    classes: np.ndarray
    """[K] int, the classes that the labels show, rising."""
    logits: Transfer
    """To [K]."""

    def standard(self, e: np.ndarray) -> np.ndarray:
        """Embeddings [..., E] in standard units; silence (all zero) is the middle."""
        standard = np.clip((e - self.mean) * self.scale, -LIMIT, LIMIT)
        return np.where(np.any(e != 0, axis=-1, keepdims=True), standard, 0)

    def translate(self, felt: Felt, temperature: float) -> Translation:
        """Where nobody tells what the music sounds like, the middle of what was picked."""
        e = np.zeros(SIZE) if felt.embedding is None else np.asarray(felt.embedding, np.float64)
        standard = self.standard(e)
        classes = np.zeros(CLASSES, np.float32)
        # Only what the music says is sharpened: else the class that was picked most would always win.
        told = (self.logits(standard) - self.logits.mu) * FITTED_AT
        classes[self.classes] = softmax(told + self.logits.mu * temperature, temperature)
        return Translation(classes, self.z(standard).astype(np.float32))

    def save(self, path: Path, notes: Mapping[str, str] | None = None) -> None:
        """Write the file, whole or not at all."""
        arrays: Arrays = {"mean": self.mean, "scale": self.scale, "classes": self.classes.astype(np.int32)}
        for name, transfer in (("z", self.z), ("logits", self.logits)):
            arrays |= {f"{name}.{part}": array for part, array in vars(transfer).items()}
        floats = {
            name: array.astype(np.float32) if array.dtype.kind == "f" else array
            for name, array in arrays.items()
        }
        own = {"kind": KIND, "generator": self.generator, "embedding": VERSION}
        write_arrays(path, floats, {**(notes or {}), **own})


def load(path: Path, generator: str) -> PersonalTranslator:
    """Raises TranslatorError, in one line, for a file that is missing or broken, was made for another
    generator or heard by another version of the embedding."""
    try:
        arrays, notes = read_arrays(path)
        if notes.get("kind") != KIND:
            raise TranslatorError(f"{path.name} holds no personal translator")
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
        count = len(arrays["classes"]) if "classes" in arrays else 0
        check_shapes(path, arrays, _shapes(count))
    except WeightsError as error:
        raise TranslatorError(str(error)) from None
    classes = arrays["classes"]
    fits = classes.dtype.kind == "i" and count > 0 and classes[0] >= 0 and classes[-1] < CLASSES
    if not fits or (np.diff(classes) <= 0).any():
        raise TranslatorError(f"{path.name}: its classes are no rising numbers from 0 to {CLASSES - 1}")
    transfers = [
        Transfer(*(arrays[f"{name}.{part}"].astype(np.float64) for part in ("weight", "bias", "sigma", "mu")))
        for name in ("z", "logits")
    ]
    mean, scale = (arrays[name].astype(np.float64) for name in ("mean", "scale"))
    return PersonalTranslator(made_for, mean, scale, transfers[0], classes.astype(np.int64), transfers[1])


def _shapes(count: int) -> dict[str, tuple[int | None, ...]]:
    shapes: dict[str, tuple[int | None, ...]] = {"mean": (SIZE,), "scale": (SIZE,), "classes": (count,)}
    for name, width in (("z", LATENT), ("logits", count)):
        shapes[f"{name}.weight"] = (SIZE, width)
        shapes |= {f"{name}.{part}": (width,) for part in ("bias", "sigma", "mu")}
    return shapes
