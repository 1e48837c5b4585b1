"""Built engines on disk: found by their key, and never trusted before they were checked.

An entry is a folder named after generator, kind and key, with

    engine.SUFFIX    what was built
    reference.npy    the self-test's picture by torch in float32
    engine.json      the key, and the SHA-256 of both

It is written beside, synced and renamed, so it is there whole or not at all. An entry that is cut off, was
changed, or belongs to another machine or version does not count: it is built anew.
"""

import contextlib
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from livesing.errors import EngineError
from livesing.generation.engine import Floats
from livesing.generation.engine_key import digest, file_digest

log = logging.getLogger(__name__)

SIDECAR = "engine.json"
REFERENCE = "reference.npy"
CHOICES = "choices.json"
PARTIAL = ".partial-"
ABANDONED_S = 6 * 3600.0
"""Age of what a build that was killed has left, when the next build clears it away: none takes so long."""


class Built(NamedTuple):
    """An entry that was checked."""

    file: Path
    reference: Floats


class Entry(NamedTuple):
    """An entry as `engine list` shows it."""

    folder: Path
    generator: str
    kind: str
    megabytes: float
    trouble: str
    """Why it will be built anew; empty when it is good."""


def default_folder() -> Path:
    """In the user's cache folder."""
    from platformdirs import user_cache_path

    return user_cache_path("livesing") / "engines"


class EngineCache:
    """The engines in one folder; any number of processes may share it."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or default_folder()
        self._told: set[tuple[Path, str]] = set()

    def find(self, key: Mapping[str, Any]) -> Built | None:
        """The entry of this key if it is there and whole. Says in the log why one does not count."""
        folder = self._place(key)
        if not folder.is_dir():
            return None
        trouble = _trouble(folder, key)
        if trouble:
            if (folder, trouble) not in self._told:
                log.warning("the engine %s is built anew: %s", folder.name, trouble)
            self._told.add((folder, trouble))
            return None
        sidecar = json.loads((folder / SIDECAR).read_text(encoding="utf-8"))
        reference: Floats = np.load(folder / REFERENCE, allow_pickle=False)
        return Built(folder / sidecar["file"], reference.astype(np.float32))

    def store(self, key: Mapping[str, Any], suffix: str, write: Callable[[Path], Floats]) -> Built:
        """Build an entry: `write` fills the file it is given -> the self-test's reference. An interrupted
        one leaves nothing behind.

        Raises EngineError when the folder cannot be written to, and whatever `write` raises.
        """
        place = self._place(key)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._clear_abandoned()
            partial = Path(tempfile.mkdtemp(prefix=f"{PARTIAL}{place.name}-", dir=self.folder))
        except OSError as error:
            raise EngineError(f"{self.folder} cannot be written to: {error.strerror or error}") from None
        try:
            file = partial / f"engine{suffix}"
            reference = write(file)
            np.save(partial / REFERENCE, reference.astype(np.float16))
            sums = {name: file_digest(partial / name) for name in (file.name, REFERENCE)}
            sidecar = {"file": file.name, "sha256": sums, "key": dict(key)}
            (partial / SIDECAR).write_text(json.dumps(sidecar, indent=1, default=list), encoding="utf-8")
            for path in partial.iterdir():
                _sync(path)
            self._put(partial, place)
        except OSError as error:
            raise EngineError(f"{place} cannot be written: {error.strerror or error}") from None
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return Built(place / file.name, reference)

    def _clear_abandoned(self) -> None:
        """Hundreds of megabytes may lie there after a show that ended in the middle of a build."""
        for folder in self.folder.glob(f"{PARTIAL}*/"):
            with contextlib.suppress(OSError):  # another builder may be at it
                if time.time() - folder.stat().st_mtime > ABANDONED_S:
                    shutil.rmtree(folder, ignore_errors=True)

    def drop(self, key: Mapping[str, Any]) -> None:
        """Take an entry away, which proved to be bad."""
        shutil.rmtree(self._place(key), ignore_errors=True)

    def entries(self) -> list[Entry]:
        """All entries, the good and the bad."""
        found = []
        for folder in sorted(self.folder.glob("*/")) if self.folder.is_dir() else []:
            if folder.name.startswith(PARTIAL):
                continue
            generator, _, rest = folder.name.partition("--")
            size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
            trouble = _trouble(folder, None)
            found.append(Entry(folder, generator, rest.partition("--")[0], size / 1e6, trouble))
        return found

    def clear(self) -> tuple[int, float]:
        """Remove all entries, what an interrupted build left, and the choices -> (entries, megabytes)."""
        entries = self.entries()
        for folder in self.folder.glob("*/") if self.folder.is_dir() else []:
            shutil.rmtree(folder, ignore_errors=True)
        (self.folder / CHOICES).unlink(missing_ok=True)
        return len(entries), sum(entry.megabytes for entry in entries)

    def choice(self, facts: Mapping[str, Any]) -> dict[str, float]:
        """The milliseconds by kind that were measured under these facts; empty when none were."""
        chosen = self._choices().get(digest(facts), {})
        good = isinstance(chosen, dict) and all(isinstance(ms, int | float) for ms in chosen.values())
        return dict(chosen) if good else {}

    def choose(self, facts: Mapping[str, Any], milliseconds: Mapping[str, float]) -> None:
        """Remember a measurement. Where that cannot be written it is measured again next time."""
        choices = self._choices() | {digest(facts): dict(milliseconds)}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=PARTIAL, dir=self.folder)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(choices, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.folder / CHOICES)
        except OSError as error:
            log.warning("the choice of an engine cannot be kept: %s", error)

    def _choices(self) -> dict[str, Any]:
        try:
            choices = json.loads((self.folder / CHOICES).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return choices if isinstance(choices, dict) else {}

    def _place(self, key: Mapping[str, Any]) -> Path:
        return self.folder / f"{key['source']['generator']}--{key['kind']}--{digest(key)[:16]}"

    def _put(self, partial: Path, place: Path) -> None:
        """Into its place; what stood there goes. Two builders may meet: then one of theirs stays."""
        for _ in range(3):
            shutil.rmtree(place, ignore_errors=True)
            try:
                partial.rename(place)
                _sync(self.folder)
                return
            except OSError as error:
                failure = error
        raise failure


def _trouble(folder: Path, key: Mapping[str, Any] | None) -> str:
    """What is wrong with an entry; empty when nothing is. Without a key, whether it is whole."""
    try:
        sidecar = json.loads((folder / SIDECAR).read_text(encoding="utf-8"))
        sums, file = sidecar["sha256"], sidecar["file"]
        if set(sums) != {file, REFERENCE} or Path(file).name != file:
            return "its sidecar is damaged"
        stored = json.dumps(sidecar["key"], sort_keys=True)
        if key is not None and stored != json.dumps(dict(key), sort_keys=True, default=list):
            return "it was built for something else"
        for name, wanted in sums.items():
            if not (folder / name).is_file():
                return f"{name} is missing"
            if file_digest(folder / name) != wanted:
                return f"{name} was changed or cut off"
    except (OSError, ValueError, KeyError, TypeError):
        return "its sidecar is missing or damaged"
    return ""


def _sync(path: Path) -> None:
    """To the disk, so that a power cut leaves no entry with holes. Folders cannot be synced on Windows."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
