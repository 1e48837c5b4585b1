"""Renders the corpus: `python -m livesing.train.corpus FOLDER [--pieces N] [--part K/N]`."""

import argparse
import sys
from pathlib import Path

from livesing.errors import LivesingError
from livesing.train.corpus.compose import compose
from livesing.train.corpus.factors import draw
from livesing.train.corpus.folder import save
from livesing.train.corpus.render import RATE, SOUNDFONT, render


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m livesing.train.corpus",
        description="Composes and renders pieces of music whose feeling is known; goes on where it stopped.",
    )
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    parser.add_argument("--pieces", metavar="N", type=int, default=700)
    parser.add_argument("--part", metavar="K/N", default="1/1", help="one of N processes that share the work")
    parser.add_argument("--soundfont", metavar="FILE", type=Path, default=SOUNDFONT)
    options = parser.parse_args()
    part, parts = (int(number) for number in options.part.split("/"))
    options.folder.mkdir(parents=True, exist_ok=True)
    try:
        for seed in range(part - 1, options.pieces, parts):
            if not (options.folder / f"{seed:05d}.json").exists():
                piece = compose(draw(seed))
                save(piece, render(piece, options.soundfont), RATE, options.folder)
            print(f"\r{seed + 1} of {options.pieces}", end="", file=sys.stderr, flush=True)
    except LivesingError as error:
        print(f"\n{error}", file=sys.stderr)
        return 2
    print(file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
