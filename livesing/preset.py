"""Preset: what a look is, and the folder of them that is watched while the show runs.

A preset is a TOML file: a title, a palette of colours, and values for any parameter of the table that
belongs to looks, in tables named after their groups:

    title = "Ember"
    about = "Coals in the dark"
    [palette]
    colours = ["#120405", "#7a1a0a", "#ff8a2b", "#ffe3a8"]
    [light]
    pulse = 0.5

It may name paintings whose style is painted: names of those that come with livesing, "built-in" for all of
them, or files and folders beside it. A table places them in the plane of feeling, or names one for each sign:

    styles = ["charcoal", "my-paintings"]
    styles = { charcoal = [-0.8, -0.6], "my-paintings/sea.jpg" = [0.9, 0.2] }
    styles = { positive = "watercolour", neutral = "charcoal", negative = "woodcut" }

It may name who translates feeling into pictures, and a second translator that `dream.mix` blends in:

    [translator]
    name = "mine.safetensors"
    with = "views"
    mix = 0.3

A parameter that is not named takes its default. An unknown key is a warning; a value that does not fit
refuses the file, and the look that is on goes on.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from reprlib import repr as short
from typing import Any

from livesing.errors import ParamError, PresetError
from livesing.params import INDEX, TABLE, check
from livesing.wishes import (
    DEFAULT_TRANSLATOR,
    StyleWish,
    TranslatorWish,
    read_place,
    read_styles,
    read_translator,
)

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
    styles: StyleWish | None = None
    translator: TranslatorWish = DEFAULT_TRANSLATOR
    place: tuple[float, float] | None = None
    """Valence and arousal of what it shows at a middling passage, z-scores; `livesing presets place`."""
    about: str = ""
    file: str = ""
    """The file's name, which no other in its folder has (names without their number may come twice)."""
    warnings: tuple[str, ...] = field(default=(), compare=False)
    """Unknown keys, each as `file:line: text`."""


def load(path: Path) -> Preset:
    """Read and check one preset file.

    Raises PresetError, with file and line, when it cannot be read, is no TOML, or holds a bad value.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise PresetError(f"{path.name}:1: larger than {LARGEST_FILE // 1024} KiB, so hardly a preset")
        text = path.read_text(encoding="utf-8-sig")
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
        line = min(int(at[1]) if at and at[1] else text.count("\n") + 1, text.rstrip("\n").count("\n") + 1)
        reason = reason[: at.start()].rstrip() if at else reason
        raise PresetError(f"{file}:{line}: {reason}") from None
    except ValueError:  # Python reads no whole number of more than 4300 digits
        number = re.search(r"\d[\d_]{4299}", text)
        line = text.count("\n", 0, number.start()) + 1 if number else 1
        raise PresetError(f"{file}:{line}: a number has too many digits") from None
    except RecursionError:
        raise PresetError(f"{file}:1: is nested too deeply") from None
    return _Reader(text, file, document).preset()


class _Reader:
    """Walks one document; knows the file's name and text so that it can name lines."""

    def __init__(self, text: str, file: str, document: dict[str, Any]) -> None:
        self.text = text
        self.file = file
        self.document = document
        self.warnings: list[str] = []
        self._lines: dict[tuple[str, ...], int] | None = None

    def preset(self) -> Preset:
        values = {param.name: param.default for param in LOOK_PARAMS}
        palette: tuple[tuple[float, float, float], ...] = ()
        styles: StyleWish | None = None
        translator = DEFAULT_TRANSLATOR
        place: tuple[float, float] | None = None
        texts = {"title": _stem(self.file).replace("-", " ").capitalize(), "about": ""}
        for key, content in self.document.items():
            if key in _TEXTS:
                if not isinstance(content, str):
                    raise self.refusal(key, "", f"{key} is a text in quotes")
                texts[key] = content
            elif key == "palette":
                palette = self.palette(content)
            elif key == "place":
                place = read_place(content, self.refusal)
            elif key == "styles":
                styles = read_styles(content, self.refusal)
            elif key == "translator":
                translator = read_translator(content, self.refusal, self.warn)
                if "mix" in content:
                    self.value("dream", "mix", content["mix"], values, ("translator", "mix"))
            elif key in _GROUPS:
                if not isinstance(content, dict):
                    raise self.refusal(key, "", f"{key} is a table: write [{key}]")
                for name, value in content.items():
                    self.value(key, name, value, values)
            else:
                self.warn(key, "", f"unknown key {key!r}")
        name, warnings = _stem(self.file), tuple(self.warnings)
        title, about = texts["title"], texts["about"]
        return Preset(name, title, values, palette, styles, translator, place, about, self.file, warnings)

    def value(
        self, group: str, name: str, value: Any, values: dict[str, float], at: tuple[str, str] | None = None
    ) -> None:
        """Put a parameter's value, which stands under `at` if not under its own name."""
        full = f"{group}.{name}"
        if full not in values:
            self.warn(group, name, f"unknown parameter {full!r}")
            return
        param = TABLE[INDEX[full]]
        group, name = at or (group, name)
        if param.kind == "bool" and not isinstance(value, bool):
            raise self.refusal(group, name, f"{full} is true or false, not {short(value)}")
        if param.kind != "bool" and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise self.refusal(group, name, f"{full} is a number, not {short(value)}")
        try:
            values[full] = check(param, value)
        except ParamError as error:
            raise self.refusal(group, name, str(error)) from None
        if param.kind == "int" and value != int(value):
            raise self.refusal(group, name, f"{full} is a whole number, not {short(value)}")
        if values[full] != value:
            span = f"{param.low:g} to {param.high:g}"
            raise self.refusal(group, name, f"{full} goes from {span}, not {short(value)}")

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
        """The line on which `group.name` (or the top-level key `group`) is given."""
        if self._lines is None:
            self._lines = _lines(self.text)
        return self._lines.get((group, name) if name else (group,), self._lines.get((group,), 1))


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """The line of every top-level key and every key one below it; tomllib does not tell.

    A statement is the shortest run of lines that tomllib takes on its own, so what stands in texts, comments
    and quotes is read as tomllib reads it. `text` must be valid as a whole.
    """
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    statement, begin = "", 0
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        begin = begin if statement else number
        ending = not statement or any(mark in line for mark in ("]", '"""', "'''"))
        statement += line + "\n"
        if not ending:
            continue  # inside a list or a text of several lines
        try:
            content = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue  # it goes on over the next line
        header = statement.lstrip().startswith("[")
        statement = ""
        paths = list(_paths(content))
        if header:
            table = max(paths, key=len)
        else:
            paths = [table + path for path in paths]
        for path in paths:
            lines.setdefault(path[:1], begin)
            lines.setdefault(path[:2], begin)
    return lines


def _paths(content: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """The paths of the keys in `content`, two levels deep."""
    for key, below in content.items():
        yield (key,)
        for name in below if isinstance(below, dict) else ():
            yield (key, name)


def _stem(file: str) -> str:
    return re.sub(r"^\d+[-_ ]", "", Path(file).stem)


def files(folder: Path) -> list[Path]:
    """The preset files of a folder in the order of the keys 1 to 9: by file name."""
    return sorted(path for path in folder.glob("[!.]*.toml") if path.is_file())


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
