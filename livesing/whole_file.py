"""Files that are whole or not there: written beside their place, and renamed into it when they are done."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from livesing.errors import LivesingError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Gives the path to write to, beside `path` and with its ending; `path` itself is replaced when the block
    ends well, and left as it was when it does not. What is no plain file, such as /dev/stdout or a pipe, is
    written to as it is.

    Raises LivesingError when the system refuses, in the block or afterwards.
    """
    plain = (path.is_file() or not path.exists()) and not path.absolute().is_relative_to("/dev")
    partial = path.with_name(f".{path.stem}.partial{path.suffix}") if plain else path
    try:
        yield partial
        if plain:
            with partial.open("rb") as file:
                os.fsync(file.fileno())  # or a power cut could leave the name without the content
            partial.replace(path)
    except OSError as error:
        raise LivesingError(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        if plain:
            partial.unlink(missing_ok=True)
