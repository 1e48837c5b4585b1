"""The paintings that looks name, read and measured aside: it takes a third of a second each.

Owner: the StyleLibrary thread. Period: on request. What may block it: disks, and the processor. When it dies,
looks with styles are shown with their palette alone.
"""

import logging
import os
import sys
import threading
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from livesing import assets
from livesing.errors import LivesingError, StyleError
from livesing.preset import Preset
from livesing.sentiment.image import manner_feeling
from livesing.style.style_image import load, style_image
from livesing.style.styling import Placed, Repertoire
from livesing.wishes import StyleWish

log = logging.getLogger(__name__)

KINDS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
BUILT_IN = "built-in"
MOST = 48
"""Paintings of one look: each holds 1.2 MB, and more is not told apart."""
WATCH_PERIOD = 0.2
NICENESS = 10
"""The window and the generator come first, or a dozen paintings would cost them seconds of late frames."""


class Known(NamedTuple):
    """A picture, and what is known of it."""

    path: Path = Path()
    place: tuple[float, float] | None = None
    """Valence and arousal."""
    brush: tuple[float, float] | None = None
    """Left and top of the crop that the strokes are taken from, as shares of the sides; else it is chosen."""


class StyleLibrary(threading.Thread):
    """Reads what is asked for once, and keeps it."""

    def __init__(self, folder: Path) -> None:
        """`folder` is that of the presets: what they name lies beside them, or comes with livesing."""
        super().__init__(name="style library", daemon=True)
        self.folder = folder
        self.message = ""
        """The newest refusal, for the HUD."""
        self._wanted: Preset | None = None
        self._ready: dict[str, tuple[StyleWish, Repertoire]] = {}
        self._images: dict[Path, Placed | None] = {}
        self._done = threading.Event()

    def repertoire(self, preset: Preset) -> Repertoire | None:
        """The styles of a look; None for a look without, and while they are being read."""
        if preset.styles is None:
            return None
        self._wanted = preset
        found = self._ready.get(preset.file)
        return found[1] if found is not None and found[0] == preset.styles else None

    def read(self, preset: Preset) -> Repertoire:
        """Read a look's styles now. What cannot be read is named, and left out."""
        wish = preset.styles or StyleWish(())
        placed: dict[str, list[Placed]] = {}
        for source in wish.sources:
            placed[source] = []
            for path, place, brush in self._files(source, wish):
                found = self._image(path, brush)
                if found is not None and sum(map(len, placed.values())) < MOST:
                    placed[source].append(found if place is None else Placed(found.image, *place))
        styles = tuple(style for some in placed.values() for style in some)
        signs: dict[str, int] = {}
        if wish.signs and all(placed[source] for source in wish.signs.values()):
            signs = {sign: styles.index(placed[source][0]) for sign, source in wish.signs.items()}
        repertoire = Repertoire(styles, signs)
        self._ready = {**self._ready, preset.file: (wish, repertoire)}
        return repertoire

    def stop(self) -> None:
        self._done.set()

    def run(self) -> None:
        from PIL import Image

        if sys.platform == "linux":  # elsewhere a thread has no niceness of its own
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        Image.init()  # now, while the show opens: importing the readers of all formats holds Python's lock
        while not self._done.wait(WATCH_PERIOD):
            wanted = self._wanted
            if wanted is not None and self.repertoire(wanted) is None:
                self.read(wanted)

    def _files(self, source: str, wish: StyleWish) -> list[Known]:
        """The pictures behind a name, with what is known of each."""
        shipped = built_in()
        if source == BUILT_IN:
            return list(shipped.values())
        own = wish.places.get(source)
        if source in shipped:
            known = shipped[source]
            return [known._replace(place=own or known.place)]
        path = self.folder / source
        if path.is_dir():
            index = _index(path)
            files = sorted(file for file in path.iterdir() if file.suffix.lower() in KINDS)
            if not files:
                self._refuse(f"{source}: there are no pictures in this folder")
            found = [index.get(file.stem, Known())._replace(path=file) for file in files]
            return [known._replace(place=own or known.place) for known in found]
        if not path.is_file():
            names = ", ".join(shipped) or "none"
            self._refuse(f"there is no style {source!r}; there are: {names}; and files beside the preset")
            return []
        return [Known(path, own)]

    def _image(self, path: Path, brush: tuple[float, float] | None) -> Placed | None:
        """The style, where its colour and form place it: what it shows is not painted."""
        if path not in self._images:
            try:
                picture = load(path)
                image = style_image(picture, path.stem, brush)._replace(file=path.resolve())
                self._images[path] = Placed(image, *manner_feeling((picture * 255).astype(np.uint8)))
            except StyleError as error:
                self._refuse(str(error))
                self._images[path] = None
        return self._images[path]

    def _refuse(self, reason: str) -> None:
        self.message = reason
        log.warning("%s; left out", reason)


def built_in() -> dict[str, Known]:
    """The styles that come with livesing, by name."""
    try:
        folder = assets.folder("styles")
    except LivesingError:
        return {}
    return {name: row._replace(path=folder / f"{name}.jpg") for name, row in _index(folder).items()}


def _index(folder: Path) -> Mapping[str, Known]:
    """What a folder's `index.toml` says of its pictures, by name, if it has one."""
    path = folder / "index.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return {
            name: Known(
                place=(float(row["valence"]), float(row["arousal"])),
                brush=(float(row["brush"][0]), float(row["brush"][1])) if "brush" in row else None,
            )
            for name, row in content.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, LookupError, TypeError) as error:
        log.warning("%s cannot be read (%s)", path, error)
        return {}
