"""Preset: what a look is, and the folder of them that is watched while the show runs.

A preset is a TOML file: a title, a palette of colours, and values for any parameter of the table that
belongs to looks, in tables named after their groups:

    title = "Ember"
    about = "Coals in the dark"
    [palette]
    colours = ["#120405", "#7a1a0a", "#ff8a2b", "#ffe3a8"]
    [light]
    pulse = 0.5

A parameter that is not named takes its default. An unknown key is a warning; a value that does not fit
refuses the file, and the look that is on goes on.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from livesing.errors import ParamError, PresetError
from livesing.params import INDEX, TABLE, check

LOOK_PARAMS = tuple(param for param in TABLE if param.look)
_GROUPS = {param.name.split(".")[0] for param in LOOK_PARAMS}
_TEXTS = ("title", "about")
MOST_COLOURS = 12
LARGEST_FILE = 64 * 1024


@dataclass(frozen=True)
class Preset:
    """One look, checked."""

    name: str
    """The file's stem without a leading number: `2-ember.toml` is `ember`."""
    title: str
    values: Mapping[str, float]
    """A value for every parameter with `look`, by name."""
    palette: tuple[tuple[float, float, float], ...] = ()
    """Colours as sRGB 0..1; none leaves the picture's own."""
    about: str = ""
    warnings: tuple[str, ...] = field(default=(), compare=False)
    """Unknown keys, each as `file:line: text`."""


def load(path: Path) -> Preset:
    """Read and check one preset file.

    Raises PresetError, with file and line, when it cannot be read, is no TOML, or holds a bad value.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise PresetError(f"{path.name}:1: larger than {LARGEST_FILE // 1024} KiB, so hardly a preset")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PresetError(f"{path.name}:1: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise PresetError(f"{path.name}:1: is not UTF-8 text") from None
    return parse(text, path.name)


def parse(text: str, file: str) -> Preset:
    """Check the text of a preset; `file` names it in messages. Raises PresetError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason = str(error)
        at = re.search(r"\(at line (\d+), column \d+\)|\(at end of document\)", reason)
        line = int(at[1]) if at and at[1] else text.count("\n") + 1
        reason = reason[: at.start()].rstrip() if at else reason
        raise PresetError(f"{file}:{line}: {reason}") from None
    return _Reader(text, file, document).preset()


class _Reader:
    """Walks one document; knows the file's name and text so that it can name lines."""

    def __init__(self, text: str, file: str, document: dict[str, Any]) -> None:
        self.text = text
        self.file = file
        self.document = document
        self.warnings: list[str] = []

    def preset(self) -> Preset:
        values = {param.name: param.default for param in LOOK_PARAMS}
        palette: tuple[tuple[float, float, float], ...] = ()
        texts = {"title": _stem(self.file).replace("-", " ").capitalize(), "about": ""}
        for key, content in self.document.items():
            if key in _TEXTS:
                if not isinstance(content, str):
                    raise self.refusal(key, "", f"{key} is a text in quotes")
                texts[key] = content
            elif key == "palette":
                palette = self.palette(content)
            elif key in _GROUPS:
                if not isinstance(content, dict):
                    raise self.refusal(key, "", f"{key} is a table: write [{key}]")
                for name, value in content.items():
                    self.value(key, name, value, values)
            else:
                self.warn(key, "", f"unknown key {key!r}")
        return Preset(_stem(self.file), texts["title"], values, palette, texts["about"], tuple(self.warnings))

    def value(self, group: str, name: str, value: Any, values: dict[str, float]) -> None:
        full = f"{group}.{name}"
        if full not in values:
            self.warn(group, name, f"unknown parameter {full!r}")
            return
        param = TABLE[INDEX[full]]
        if param.kind == "bool" and not isinstance(value, bool):
            raise self.refusal(group, name, f"{full} is true or false, not {value!r}")
        if param.kind != "bool" and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise self.refusal(group, name, f"{full} is a number, not {value!r}")
        if param.kind == "int" and value != int(value):
            raise self.refusal(group, name, f"{full} is a whole number, not {value!r}")
        try:
            values[full] = check(param, value)
        except ParamError as error:
            raise self.refusal(group, name, str(error)) from None
        if values[full] != value:
            span = f"{param.low:g} to {param.high:g}"
            raise self.refusal(group, name, f"{full} goes from {span}, not {value!r}")

    def palette(self, content: Any) -> tuple[tuple[float, float, float], ...]:
        if not isinstance(content, dict):
            raise self.refusal("palette", "", "palette is a table: write [palette]")
        for name in content.keys() - {"colours"}:
            self.warn("palette", name, f"unknown key 'palette.{name}'")
        colours = content.get("colours", [])
        if not isinstance(colours, list) or not all(
            isinstance(colour, str) and re.fullmatch(r"#[0-9a-fA-F]{6}", colour) for colour in colours
        ):
            raise self.refusal("palette", "colours", 'palette.colours is a list like ["#102030", "#ffe0a0"]')
        if colours and not 2 <= len(colours) <= MOST_COLOURS:
            raise self.refusal("palette", "colours", f"palette.colours takes 2 to {MOST_COLOURS} colours")
        rgb = [[int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)] for colour in colours]
        return tuple((r, g, b) for r, g, b in rgb)

    def warn(self, group: str, name: str, reason: str) -> None:
        self.warnings.append(f"{self.file}:{self.line_of(group, name)}: {reason}")

    def refusal(self, group: str, name: str, reason: str) -> PresetError:
        return PresetError(f"{self.file}:{self.line_of(group, name)}: {reason}")

    def line_of(self, group: str, name: str) -> int:
        """The line on which `group.name` (or the top-level key `group`) is given; tomllib does not tell."""
        table = ""
        found = 1
        for number, line in enumerate(self.text.splitlines(), 1):
            header = re.match(r"\s*\[\s*([\w-]+)\s*\]", line)
            if header:
                table = header[1]
                if table == group:
                    found = number
                    if not name:
                        return number
                continue
            key = re.match(r"""\s*["']?([\w-]+)["']?\s*(?:\.\s*["']?([\w-]+)["']?\s*)?=""", line)
            if not key:
                continue
            path = tuple(part for part in (table, key[1], key[2]) if part)
            if path == ((group, name) if name else (group,)) or (not name and path[:1] == (group,)):
                return number
            if name and path == (group,) and re.search(rf"\b{re.escape(name)}\b\s*=", line):
                return number  # an inline table
        return found


def _stem(file: str) -> str:
    return re.sub(r"^\d+[-_ ]", "", Path(file).stem)


def files(folder: Path) -> list[Path]:
    """The preset files of a folder in the order of the keys 1 to 9: by file name."""
    return sorted(path for path in folder.glob("*.toml") if path.is_file())


class PresetFolder:
    """The presets of a folder as they were when last good, in order, re-read when a file changes.

    Owned by one thread, which calls `poll` now and then; `presets` is replaced as a whole, so other
    threads may read it at any time.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.presets: tuple[Preset, ...] = ()
        self._stamps: dict[Path, tuple[int, int]] = {}
        self._good: dict[Path, Preset] = {}

    def poll(self) -> tuple[list[Preset], list[str]]:
        """Look at the folder -> (presets that are new or changed, messages about refusals and warnings).

        A file that has become bad keeps its last good state; a file that is gone leaves the list.
        """
        changed: list[Preset] = []
        messages: list[str] = []
        stamps: dict[Path, tuple[int, int]] = {}
        for path in files(self.folder):
            try:
                status = path.stat()
            except OSError:
                continue  # removed between listing and looking
            stamps[path] = (status.st_mtime_ns, status.st_size)
            if self._stamps.get(path) == stamps[path]:
                continue
            try:
                preset = load(path)
            except PresetError as error:
                messages.append(f"{error}; refused, the look goes on")
                continue
            messages.extend(preset.warnings)
            if self._good.get(path) != preset:
                changed.append(preset)
            self._good[path] = preset
        self._stamps = stamps
        self._good = {path: self._good[path] for path in sorted(stamps) if path in self._good}
        self.presets = tuple(self._good.values())
        return changed, messages

    def find(self, name: str) -> Preset:
        """The preset of that name, or by its number from 1. Raises PresetError naming those there are."""
        for number, preset in enumerate(self.presets, 1):
            if name.lower() in (preset.name.lower(), preset.title.lower(), str(number)):
                return preset
        known = ", ".join(preset.name for preset in self.presets) or "none"
        raise PresetError(f"there is no preset {name!r}; there are: {known}")
