"""Renders the corpus: `python -m livesing.train.corpus FOLDER [--pieces N] [--part K/N]`."""

import argparse
import sys
from pathlib import Path

from livesing.train.corpus.compose import compose
from livesing.train.corpus.factors import draw
from livesing.train.corpus.folder import save
from livesing.train.corpus.render import RATE, SOUNDFONT, render
from livesing.train.missing import make_missing, part


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m livesing.train.corpus",
        description="Composes and renders pieces of music whose feeling is known; goes on where it stopped.",
    )
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    parser.add_argument("--pieces", metavar="N", type=int, default=720)
    parser.add_argument(
        "--part", metavar="K/N", type=part, default="1/1", help="one of N processes that share the work"
    )
    parser.add_argument("--soundfont", metavar="FILE", type=Path, default=SOUNDFONT)
    options = parser.parse_args()

    def make(seed: int) -> None:
        piece = compose(draw(seed))
        save(piece, render(piece, options.soundfont), RATE, options.folder)

    return make_missing(
        range(options.pieces)[options.part], lambda seed: Path(options.folder / f"{seed:05d}.json"), make
    )


if __name__ == "__main__":
    sys.exit(main())
