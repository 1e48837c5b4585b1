"""Where sound comes from: one small interface, and the word on the command line that names one.

A source owns its thread or callback, and does one thing with it: write blocks into its Ring.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from livesing.audio.named_sound import is_demo
from livesing.ring import Ring

BLOCK = 512
"""Samples per block: 10.7 ms at 48 kHz. PulseAudio measures 18-26 ms end to end with it."""


class Source(Protocol):
    """A running sound source."""

    name: str
    """What it is, for the HUD and the report; a device's name finds it again after a hot-plug."""
    rate: int
    """Samples per second."""
    ring: Ring
    overflows: int
    """Blocks that the driver reports as lost."""

    def alive(self, now: float) -> bool:
        """Whether blocks still arrive. Called a few times a second by the supervisor."""
        ...

    def close(self) -> None:
        """Stop and release the device or file; may be called twice."""
        ...


@dataclass(frozen=True)
class Spec:
    """What `--audio` asks for."""

    kind: str
    """`default` (microphone if there is one, else the demo), `demo`, `file` or `device`."""
    path: Path | None = None
    device: str = ""
    """Part of a device's name."""
    channels: tuple[int, ...] = ()
    """Channels counted from 1, as on a mixer; empty takes the first two."""


def parse_spec(text: str | None) -> Spec:
    """Read `--audio`'s word: nothing, `demo`, a path to a file, or `NAME` / `NAME:3,4`.

    `demo` is the built-in piece unless a file of that name is there. A path is what exists as a file. A name
    with a colon is split only where numbers follow it, since device names hold colons of their own ("HDA
    Intel PCH: ALC295 Analog (hw:0,0)").
    """
    if not text:
        return Spec("default")
    if is_demo(Path(text)):
        return Spec("demo")
    if _is_file(text):
        return Spec("file", path=Path(text))
    name, colon, numbers = text.rpartition(":")
    parts = numbers.split(",")
    if colon and name and all(part.strip().isdecimal() for part in parts):
        return Spec("device", device=name, channels=tuple(int(part) for part in parts))
    return Spec("device", device=text)


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:  # longer than any file's name, or in a folder that is closed to us
        return False
