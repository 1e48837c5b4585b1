"""`python -m livesing.train.styles [-o DIR] [NAME...]`: paint the styles that ship, or some of them."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from livesing.errors import LivesingError
from livesing.train.styles import SIDE, STYLES
from livesing.train.styles.collection import paint, read, sheet


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's words, also for `livesing train styles`."""
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"{', '.join(STYLES)} (all)")
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, default=Path("styles"), help="(styles)")
    parser.add_argument("--seed", metavar="N", type=int, help="another painting of the same kind")
    parser.add_argument("--size", metavar="PIXELS", type=int, default=SIDE, help=f"along a side ({SIDE})")
    parser.add_argument("--sheet", metavar="FILE", type=Path, help="a picture of all that were painted")


def run(options: argparse.Namespace) -> None:
    files = paint(options.output, options.names, options.seed, options.size)
    if options.sheet is not None:
        sheet([read(path) for path in files], options.sheet)


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m livesing.train.styles", description=__doc__)
    arguments(parser)
    try:
        run(parser.parse_args(words))
    except LivesingError as error:
        print(f"livesing: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
