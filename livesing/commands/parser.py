"""argparse in the house's way: an error is one line, and raised."""

import argparse
from typing import Any

from livesing.errors import UsageError

Commands = Any
"""What `add_subparsers` gives; argparse's own class for it is private."""


class Parser(argparse.ArgumentParser):
    """argparse prints its usage above an error; one line is enough."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise UsageError(f"{message} (see '{self.prog} --help')")
