"""What a preset names beside numbers: the paintings whose style is painted, and the translator.

Both may be files beside the preset, and nothing outside its folder: a preset may come from anyone.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from reprlib import repr as short
from typing import Any

from livesing.errors import PresetError

SIGNS = ("positive", "neutral", "negative")
LONGEST_NAME = 200

Refuse = Callable[[str, str, str], PresetError]
"""(key, key below it or "", reason) -> the error to raise, with the line."""
Warn = Callable[[str, str, str], None]


@dataclass(frozen=True)
class StyleWish:
    """The paintings that a look names."""

    sources: tuple[str, ...]
    """Names of styles that come with livesing, or files and folders, relative to the preset's folder."""
    places: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Valence and arousal, z-scores, of the sources that the preset places itself."""
    signs: Mapping[str, str] = field(default_factory=dict)
    """A source for each of SIGNS, or nothing."""


@dataclass(frozen=True)
class TranslatorWish:
    """Who turns feeling into pictures: names of translators that come with livesing, or files beside the
    preset."""

    name: str = "views"
    second: str = ""
    """Blended in by `dream.mix`; empty for none."""


DEFAULT_TRANSLATOR = TranslatorWish()


def read_styles(content: Any, refuse: Refuse) -> StyleWish:
    """The value of `styles`. Raises PresetError."""
    if isinstance(content, str | list):
        names = [content] if isinstance(content, str) else content
        return StyleWish(tuple(_beside("styles", "", name, refuse) for name in names))
    if not isinstance(content, dict) or not content:
        raise refuse("styles", "", "styles is a name, a list of them, or a table like {name = [1, 0]}")
    if content.keys() & set(SIGNS):
        if content.keys() != set(SIGNS):
            raise refuse("styles", "", f"styles by sign needs all of {', '.join(SIGNS)}")
        signs = {sign: _beside("styles", sign, content[sign], refuse) for sign in SIGNS}
        return StyleWish(tuple(dict.fromkeys(signs.values())), signs=signs)
    places = {}
    for name, place in content.items():
        places[_beside("styles", name, name, refuse)] = read_place(place, refuse, "styles", name)
    return StyleWish(tuple(places), places)


def read_place(content: Any, refuse: Refuse, key: str = "place", name: str = "") -> tuple[float, float]:
    """A place in the plane of feeling, (valence, arousal) in z-scores. Raises PresetError."""
    fits = isinstance(content, list) and len(content) == 2
    if not fits or not all(type(number) in (int, float) and -10 <= number <= 10 for number in content):
        full = f"{key}.{name}" if name else key
        raise refuse(key, name, f"{full} is a place like [0.5, -1], not {short(content)}")
    return float(content[0]), float(content[1])


def read_translator(content: Any, refuse: Refuse, warn: Warn) -> TranslatorWish:
    """The table `translator`: `name`, and `with` for a second one; its `mix` is a parameter's value, and read
    as such. Raises PresetError."""
    if not isinstance(content, dict):
        raise refuse("translator", "", "translator is a table: write [translator]")
    named = {"name": TranslatorWish.name, "with": TranslatorWish.second}
    for key, value in content.items():
        if key in named:
            named[key] = _beside("translator", key, value, refuse)
        elif key != "mix":
            warn("translator", key, f"unknown key 'translator.{key}'")
    return TranslatorWish(named["name"], named["with"])


def _beside(key: str, name: str, content: Any, refuse: Refuse) -> str:
    """A name or path that stays inside the preset's folder, on any system."""
    kind = {"styles": "style", "translator": "translator"}[key]
    if not isinstance(content, str) or not content.strip() or len(content) > LONGEST_NAME:
        raise refuse(key, name, f"a {kind} is named by a text in quotes, not {short(content)}")
    parts = re.split(r"[/\\]", content)
    if ".." in parts or parts[0] == "" or ":" in content or "\0" in content:
        raise refuse(key, name, f"{kind} {short(content)} does not lie beside the preset")
    return "/".join(parts)
