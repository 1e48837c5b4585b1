"""Words of the command line and what they mean: sizes, rates, moods, addresses, places to write to."""

import argparse
import re
from pathlib import Path

from livesing.errors import UsageError

SOUND = "a sound file, or 'demo' for the built-in piece"
"""What AUDIO is."""


def size(text: str) -> tuple[int, int]:
    """`1280x720` -> (width, height), sides of 16 to 16384."""
    found = re.fullmatch(r"(\d+)[xX](\d+)", text)
    if not found or not all(16 <= int(side) <= 16384 for side in found.groups()):
        raise argparse.ArgumentTypeError(f"{text!r} is no size like 1280x720")
    return int(found[1]), int(found[2])


def positive(text: str) -> float:
    """A finite number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return value


def share(text: str) -> float:
    """A number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 1")
    return value


def rate(text: str) -> float:
    """Frames per second, 1 to 1000."""
    value = positive(text)
    if not 1 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is no rate from 1 to 1000")
    return value


def seed(text: str) -> int:
    """A whole number from 0 on."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 on")
    return int(text)


def numbers(text: str) -> tuple[int, ...]:
    """`3,17,200-210` -> class numbers from 0 to 999, rising, each once."""
    classes: set[int] = set()
    for part in text.split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise argparse.ArgumentTypeError(f"{part!r} is no class like 3, and no range like 200-210")
        classes |= set(range(int(first), int(last if dash else first) + 1)[:1001])
    if not classes or max(classes) > 999:
        raise argparse.ArgumentTypeError(f"{text!r} names no classes from 0 to 999")
    return tuple(sorted(classes))


def mood(text: str) -> tuple[float, float]:
    """`V,A` -> (valence, arousal) in z-scores."""
    try:
        valence, arousal = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no V,A like 0.5,-1") from None
    if not (abs(valence) <= 10 and abs(arousal) <= 10):
        raise argparse.ArgumentTypeError(f"{text!r}: z-scores lie within -10..10")
    return valence, arousal


def address(text: str) -> tuple[str, int]:
    """`HOST:PORT`, or a port alone on this machine."""
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no HOST:PORT")
    return host or "127.0.0.1", int(port)


def check_folder(path: Path | None, read: Path | None = None) -> None:
    """Raises UsageError when a file cannot lie there: no such folder, or it is a folder itself, or the file
    that is `read`."""
    if path is not None and not path.absolute().parent.is_dir():
        raise UsageError(f"there is no folder {str(path.parent)!r} to write {path.name} to")
    if path is not None and path.is_dir():
        raise UsageError(f"{path} is a folder, not a file to write")
    if path is not None and read is not None and path.exists() and read.exists() and path.samefile(read):
        raise UsageError(f"{path} is what is to be read; write to another file")


def check_apart(one: Path | None, other: Path | None) -> None:
    """Raises UsageError when both are the same plain file, which the second output would replace."""
    if one is None or other is None or one.resolve() != other.resolve():
        return
    if one.is_file() or not one.exists():
        raise UsageError(f"{one} cannot take both outputs; write to two files")


def check_is_folder(path: Path | None) -> None:
    """Raises UsageError unless it is a folder, or none was named."""
    if path is not None and not path.is_dir():
        raise UsageError(f"there is no folder {str(path)!r}")
