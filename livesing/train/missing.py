"""Making a numbered set of training data: what is there already stays, so a run that was stopped goes on."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from livesing.errors import LivesingError


def make_missing(numbers: Sequence[int], file_of: Callable[[int], Path], make: Callable[[int], None]) -> int:
    """Call `make` for each of the numbers whose file is not there, and show how far it is -> exit code: 0, or
    2 with one line on stderr where it cannot go on. `make` must write the file whole or not at all."""
    try:
        for done, number in enumerate(numbers, 1):
            file = file_of(number)
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                make(number)
            print(f"\r{done} of {len(numbers)}", end="", file=sys.stderr, flush=True)
    except (LivesingError, OSError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 2
    print(file=sys.stderr)
    return 0


def part(text: str) -> slice:
    """`2/3`, one of 3 processes that share the work -> every third, from the second on."""
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise argparse.ArgumentTypeError(f"{text!r} is no K/N like 2/3")
    return slice(int(number) - 1, None, int(count))
