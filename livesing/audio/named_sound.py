"""The file that is meant where a sound file is asked for: `demo` is the built-in piece, unless a file of that
name is there."""

import logging
from pathlib import Path

from livesing.errors import SourceError

DEMO = "demo"

log = logging.getLogger(__name__)


def is_demo(path: Path) -> bool:
    """Whether the demo piece is meant."""
    return str(path) == DEMO and not path.exists()


def named_sound(path: Path) -> Path:
    """`path`, or the demo piece's file. Raises SourceError where that cannot be written."""
    return demo_piece() if is_demo(path) else path


def demo_piece() -> Path:
    """Its file, rendered at first use, in some seconds. Raises SourceError where it cannot be written."""
    from livesing.audio import demo  # it brings all that the piece is composed and played with

    try:
        if demo.cached() is None:
            log.info("rendering the demo piece, once")
        return demo.ensure()
    except OSError as error:
        raise SourceError(f"the demo piece cannot be written: {error}") from None
