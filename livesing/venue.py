"""Venues: what sound checks heard, by name, in the user's data folder.

A venue is a small JSON file. Beside each cue's statistics stands what was usual for it when they were
taken, so that a later version of livesing, with other scales, still understands them.
"""

import json
import math
import re
import time
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from livesing.errors import LivesingError, UsageError
from livesing.sentiment.normaliser import Prior
from livesing.sentiment.sound_check import Statistic
from livesing.whole_file import whole_file

DEFAULT = "default"
"""The name for a sound check without one."""
FORMAT = 1
NO_NUMBERS = "its statistics are no numbers that could have been heard"


@dataclass(frozen=True)
class Venue:
    """A room, a desk and a gain."""

    name: str
    date: str
    """Of the sound check, YYYY-MM-DD."""
    heard_s: float
    """Seconds of sound that it rests on."""
    cues: Mapping[str, Statistic]
    """In the units of the estimator's cues."""


def folder() -> Path:
    """Where the files lie, or will lie."""
    from platformdirs import user_data_path  # here: most shows have no venue

    return user_data_path("livesing") / "venues"


def names() -> list[str]:
    """The venues there are, sorted."""
    try:
        return sorted(path.stem for path in folder().glob("*.json") if _is_name(path.stem) and path.is_file())
    except OSError:
        return []


def _is_name(name: str) -> bool:
    return re.fullmatch(r"[^\W_][\w .-]{0,59}", name) is not None and not name.endswith((" ", "."))


def check_name(name: str) -> str:
    """The name, an accent being one character with its letter, however it was typed. Raises UsageError for
    one that is no plain file name: 1 to 60 letters, digits, spaces, `.`, `_` or `-`, beginning with a letter
    or digit."""
    composed = unicodedata.normalize("NFC", name)
    if not _is_name(composed):
        raise UsageError(
            f"{name!r} is no name for a venue: at most 60 letters, digits, spaces, - and _, "
            "beginning with a letter or digit"
        )
    return composed


def save(venue: Venue, priors: Mapping[str, Prior]) -> Path:
    """Write it, whole or not at all, in place of one of that name. Raises LivesingError."""
    path = folder() / f"{check_name(venue.name)}.json"
    content = {
        "format": FORMAT,
        "venue": venue.name,
        "date": venue.date,
        "heard_s": round(venue.heard_s, 1),
        "cues": {
            name: {
                "median": heard.median,
                "spread": heard.spread,
                "usual": [priors[name].mean, priors[name].std],
            }
            for name, heard in venue.cues.items()
        },
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LivesingError(f"{path} cannot be written: {error.strerror}") from None
    with whole_file(path) as partial:
        partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path


def load(name: str, priors: Mapping[str, Prior]) -> Venue:
    """The venue `name`, its statistics in the units of `priors`; cues that are not among them are left out.

    Raises UsageError naming those there are when there is none of that name, LivesingError in one line
    when its file is damaged.
    """
    name = check_name(name)
    path = folder() / f"{name}.json"
    if not path.is_file():
        known = ", ".join(names()) or "none yet (`--sound-check --venue NAME` makes one)"
        raise UsageError(f"there is no venue {name!r}; there are: {known}")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"its format is {content['format']}, not {FORMAT}")
        cues = {cue: _rescaled(entry, priors[cue]) for cue, entry in content["cues"].items() if cue in priors}
        heard_s, date = float(content["heard_s"]), str(content["date"])
        if not (0.0 <= heard_s < math.inf and len(date) <= 40 and date.isprintable()):
            raise ValueError("it does not say when and for how long was listened")
        return Venue(name, date, heard_s, cues)
    except OSError as error:
        raise LivesingError(f"the venue {path} cannot be read: {error.strerror}") from None
    except (ArithmeticError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        reason = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        reason = reason.splitlines()[0] if reason else type(error).__name__
        raise LivesingError(f"the venue {path} is damaged: {reason}") from None


def _rescaled(entry: Mapping[str, object], prior: Prior) -> Statistic:
    """From the scale on which a cue was heard to today's. Raises ValueError, KeyError or TypeError."""
    mean, std = (float(number) for number in entry["usual"])  # type: ignore[attr-defined]
    median, spread = float(entry["median"]), float(entry["spread"])  # type: ignore[arg-type]
    if not (all(map(math.isfinite, (mean, std, median, spread))) and std > 0.0 and spread >= 0.0):
        raise ValueError(NO_NUMBERS)
    heard = Statistic(prior.mean + (median - mean) / std * prior.std, spread / std * prior.std)
    if not all(map(math.isfinite, heard)):
        raise ValueError(NO_NUMBERS)
    return heard


def today() -> str:
    """YYYY-MM-DD."""
    return time.strftime("%Y-%m-%d")
