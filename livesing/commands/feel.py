"""The feeling of pictures."""

import argparse
from pathlib import Path

from livesing.commands.parser import Commands


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    feel = commands.add_parser(
        "feel",
        parents=[common],
        help="valence and arousal of images",
        description="A row per image: path, valence, arousal. Both are z-scores over OASIS, a set of "
        "photographs: 0 is the mean of people's ratings of them, 1 the standard deviation. An image that "
        "cannot be read is left out and named at the end; the exit code is 2 then.",
    )
    feel.add_argument("images", metavar="IMAGE", type=Path, nargs="+")
    form = feel.add_mutually_exclusive_group()
    form.add_argument(
        "--csv", action="store_true", help="path,valence,arousal with a header, instead of a table"
    )
    form.add_argument("--json", action="store_true", help="one JSON object")
    feel.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from livesing.feel import feel

    feel(options.images, "csv" if options.csv else "json" if options.json else "table")
