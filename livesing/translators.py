"""The translators that looks choose, opened where the dreams are made.

The look's wish comes to the generator process by a mailbox. A translator that cannot be had is named once,
and the show goes on with its views.
"""

import logging
from pathlib import Path

import numpy as np

from livesing.errors import TranslatorError
from livesing.mailbox import Mailbox
from livesing.translation.class_table import load, shipped
from livesing.translation.opening import FILE, Ground, open_translator, stamp
from livesing.translation.translator import Translator
from livesing.wishes import LONGEST_NAME, TranslatorWish

log = logging.getLogger(__name__)

_NAME, _FOLDER = f"S{4 * LONGEST_NAME}", "S4096"
CHOICE = np.dtype([("name", _NAME), ("second", _NAME), ("folder", _FOLDER)])
"""A look's wish and the folder of presets, in UTF-8."""
DEFAULT = TranslatorWish.name
MOST_KEPT = 40
"""Opened translators; the oldest is let go."""


def choice_box(*, shared: bool = False) -> Mailbox:
    """A mailbox for a look's translator."""
    return Mailbox(CHOICE, shared=shared)


def choose(box: Mailbox, wish: TranslatorWish, folder: Path, now: float) -> None:
    """Put a look's wish into the box."""
    box.put((wish.name.encode(), wish.second.encode(), str(folder.resolve()).encode()), now)


def class_places(generator: str) -> np.ndarray:
    """Where a generator's classes lie, [1000, 2] (valence, arousal) in z-scores.

    BigGAN's by the table of ImageNet's classes, others as the embedded generator's.
    """
    # Imported here: it brings the engine, which the main process does without.
    from livesing.generation.embedded import class_moods

    path = shipped(generator)
    return class_moods() if generator == "embedded" or path is None else load(path).places


def hears_sound(box: Mailbox | None) -> bool:
    """Whether the look's translators may want an embedding of the sound: files may, those that come along do
    not."""
    letter = None if box is None else box.get()
    return letter is not None and any(
        bytes(letter.value[word]).rstrip(b"\0").endswith(FILE.encode()) for word in ("name", "second")
    )


class Translators:
    """Those that are open; owned by the dreamer's loop."""

    def __init__(self, box: Mailbox, generator: str, moods: np.ndarray) -> None:
        """`moods` [1000, 2]: where the generator's classes lie."""
        self.trouble = ""
        """What of the present wish cannot be had, for the HUD; empty when all of it can."""
        self._box = box
        self._generator, self._moods = generator, moods
        self._seen = 0
        self._wish = TranslatorWish()
        self._folder: Path | None = None
        self._open: dict[tuple[object, ...], Translator] = {}
        self._refused: dict[str, tuple[tuple[int, int], str]] = {}

    def present(self, view: int) -> tuple[Translator, Translator | None]:
        """The look's translator, and the second one that it blends in; each in this view."""
        letter = self._box.get(self._seen)
        if letter is not None:
            self._seen = letter.sequence
            name, second, folder = (
                bytes(letter.value[word]).rstrip(b"\0").decode() for word in CHOICE.names or ()
            )
            self._wish, self._folder, self._refused = TranslatorWish(name, second), Path(folder), {}
        first = self._translator(self._wish.name, view)
        second_one = self._translator(self._wish.second, view) if self._wish.second else None
        self.trouble = "; ".join(reason for _, reason in self._refused.values())
        return first, second_one

    def _translator(self, name: str, view: int) -> Translator:
        """The translator of that name; where it cannot be had, the views."""
        ground = Ground(self._generator, self._moods, self._folder)
        written = stamp(name, ground)
        if name in self._refused:
            if self._refused[name][0] == written:
                return self._translator(DEFAULT, view)
            del self._refused[name]  # it is another file now
        key = name, view, written
        if key not in self._open:
            try:
                translator = open_translator(name, ground, view)
            except TranslatorError as error:
                if name == DEFAULT:
                    raise
                reason = f"{error}; {DEFAULT} instead"
                self._refused[name] = written, reason
                log.warning("translator: %s", reason)
                return self._translator(DEFAULT, view)
            if len(self._open) >= MOST_KEPT:
                del self._open[next(iter(self._open))]
            self._open[key] = translator
        return self._open[key]
