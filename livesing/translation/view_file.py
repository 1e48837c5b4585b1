"""A view: a trained translator as a file, and what was measured when it was trained.

A safetensors file of half precision, some 100 kB: the network, with columns for its own classes alone. Its
notes tell for which generator it was trained, the names of its classes, and its scores.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
import platformdirs

from livesing.array_file import check_shapes, read_arrays, write_arrays
from livesing.errors import TranslatorError, WeightsError
from livesing.translation.network import HIDDEN, NetworkTranslator, TranslatorWeights
from livesing.translation.translator import LATENT

KIND = "view"
FOLDER = Path(__file__).with_name("views")
REACH = 2.5
"""z-scores to which views are trained."""
SHAPES: Mapping[str, tuple[int | None, ...]] = {
    "w1": (2, HIDDEN[0]),
    "b1": (HIDDEN[0],),
    "w2": HIDDEN,
    "b2": (HIDDEN[1],),
    "w_classes": (HIDDEN[1], None),
    "b_classes": (None,),
    "w_z": (HIDDEN[1], LATENT),
    "b_z": (LATENT,),
    "which": (None,),
    "statistics": (2, 2),
}


@dataclass(frozen=True)
class ViewFile:
    """One view."""

    weights: TranslatorWeights
    statistics: np.ndarray
    """[2, 2]: mean and deviation of (valence, arousal), as g rates what the generator draws of itself."""
    generator: str
    names: tuple[str, ...]
    """Of the classes, in the order of `weights.which`."""
    scores: Mapping[str, float] = field(default_factory=dict)
    """Of the closed loop."""
    origin: str = ""
    """Tells views apart that were trained otherwise."""

    def translator(self) -> NetworkTranslator:
        """It is exact in float32 from here on."""
        return NetworkTranslator(self.weights, REACH)


def view_path(generator: str, view: int) -> Path | None:
    """Where the view of that number lies: in the package, or where the user's own are kept. None where there
    is none."""
    name = file_name(generator, view)
    for folder in (FOLDER, own_folder()):
        if (folder / name).is_file():
            return folder / name
    return None


def file_name(generator: str, view: int) -> str:
    return f"{generator}-{view:02d}.safetensors"


def untreated_name(generator: str) -> str:
    """Of the network that was fitted without Algorithm 1 to the samples that the views were made from."""
    return f"{generator}-untreated.safetensors"


def own_folder() -> Path:
    """Views that were trained on this machine: LIVESING_VIEWS, or the user's data folder."""
    named = os.environ.get("LIVESING_VIEWS")
    return Path(named) if named else platformdirs.user_data_path("livesing") / "views"


def write_view(path: Path, view: ViewFile) -> None:
    """Whole or not at all."""
    halves = {
        part.name: getattr(view.weights, part.name).astype(np.float16)
        for part in fields(TranslatorWeights)
        if part.name != "which"
    }
    arrays = halves | {
        "which": view.weights.which.astype(np.int32),
        "statistics": view.statistics.astype(np.float32),
    }
    notes = {
        "kind": KIND,
        "generator": view.generator,
        "names": json.dumps(view.names),
        "scores": json.dumps({name: round(float(score), 4) for name, score in view.scores.items()}),
        "origin": view.origin,
    }
    write_arrays(path, arrays, notes)


def read_view(path: Path) -> ViewFile:
    """Raises TranslatorError for a file that is missing, damaged, or of another kind."""
    try:
        arrays, notes = read_arrays(path)
        check_shapes(path, arrays, SHAPES)
        if notes.get("kind") != KIND:
            raise WeightsError(f"{str(path)!r} is no view")
        names, scores = json.loads(notes["names"]), json.loads(notes["scores"])
        statistics = arrays.pop("statistics").astype(np.float64)
        which = arrays.pop("which").astype(np.int64)
        parts = {name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()}
        weights = TranslatorWeights(**parts, which=which)
        if len(names) != len(which) or (statistics[1] <= 0).any():
            raise ValueError("names or statistics do not fit")
        scores = {str(name): float(score) for name, score in scores.items()}
    except WeightsError as error:
        raise TranslatorError(str(error)) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TranslatorError(f"{str(path)!r} is no whole view: {error}") from None
    return ViewFile(weights, statistics, notes["generator"], tuple(map(str, names)), scores, notes["origin"])
