"""Translators by name: those that come with livesing, and files beside a preset.

    views         deepsing's network, trained for the generator that runs; `dream.view` chooses which
    dictionary    the classes that feel nearest, by the table that comes with the generator
    FILE          a table of classes (.tsv), or a file of weights whose notes tell what kind of translator it
                  holds (.safetensors)

To add a translator that comes with livesing, give it a line in BUILT_IN; to add a kind of file, one in KINDS.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from livesing.array_file import read_arrays
from livesing.errors import TranslatorError, WeightsError
from livesing.translation import personal
from livesing.translation.class_table import ENDING, load, shipped
from livesing.translation.dictionary import DictionaryTranslator, measured_axes, vocabulary
from livesing.translation.fixed_map import fixed_map
from livesing.translation.network import NetworkTranslator
from livesing.translation.translator import Translator
from livesing.translation.view_file import KIND, read_view, view_path

FILE = ".safetensors"


@dataclass(frozen=True)
class Ground:
    """What a translator may need to know when it is opened."""

    generator: str
    """Name of the generator that it is to serve."""
    moods: np.ndarray
    """[1000, 2] where the generator's classes lie: valence, arousal, z-scores."""
    folder: Path | None = None
    """Of the preset: files are named relative to it."""


def _views(ground: Ground, view: int) -> Translator:
    """The trained view of that number; for a generator without any, the map that needs no training."""
    path = view_path(ground.generator, view)
    return _view(path, ground) if path else NetworkTranslator(fixed_map(ground.moods, view))


def _view(path: Path, ground: Ground) -> Translator:
    view = read_view(path)
    if view.generator != ground.generator:
        raise TranslatorError(f"{path.name} was trained for {view.generator}, not for {ground.generator}")
    return view.translator()


def _dictionary(ground: Ground, view: int) -> Translator:
    path = shipped(ground.generator)
    if path is None:
        raise TranslatorError(f"no dictionary comes with {ground.generator}: name a {ENDING} file")
    words = vocabulary(load(path), view)
    return DictionaryTranslator(words, view=view, axes=measured_axes(ground.generator))


BUILT_IN: Mapping[str, Callable[[Ground, int], Translator]] = {"views": _views, "dictionary": _dictionary}
"""(ground, view) -> translator; raises TranslatorError."""
KINDS: Mapping[str, Callable[[Path, Ground], Translator]] = {
    KIND: _view,
    personal.KIND: lambda path, ground: personal.load(path, ground.generator),
}
"""By the note `kind` of a file of weights: (file, ground) -> translator; raises TranslatorError."""


def open_translator(name: str, ground: Ground, view: int = 0) -> Translator:
    """Raises TranslatorError for a name that nobody has, and for a file that does not serve."""
    if name in BUILT_IN:
        return BUILT_IN[name](ground, view)
    path = (ground.folder or Path()) / name
    if name.endswith(ENDING):
        return DictionaryTranslator(load(path), view=view, axes=measured_axes(ground.generator))
    if not name.endswith(FILE):
        known = ", ".join(BUILT_IN)
        raise TranslatorError(
            f"there is no translator {name!r}; there are: {known}; and {ENDING} and {FILE} files"
        )
    try:
        kind = read_arrays(path)[1].get("kind", "")
    except WeightsError as error:
        raise TranslatorError(str(error)) from None
    if kind not in KINDS:
        raise TranslatorError(f"{name} holds no translator that this version knows")
    return KINDS[kind](path, ground)


def stamp(name: str, ground: Ground) -> tuple[int, int]:
    """Of a file: when it was written, and its size, so that another one of the same name is noticed."""
    if name in BUILT_IN:
        return (0, 0)
    try:
        status = ((ground.folder or Path()) / name).stat()
    except OSError:
        return (0, 0)
    return status.st_mtime_ns, status.st_size
