"""A picture painted in the style of another."""

import argparse
from pathlib import Path

from livesing import __version__, words
from livesing.commands.parser import Commands
from livesing.errors import UsageError


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    style = commands.add_parser(
        "style",
        parents=[common],
        help="a picture painted in the style of another (Linux)",
        description="The style pass of the show on a still picture of any size.",
    )
    style.add_argument("image", metavar="IMAGE", type=Path)
    style.add_argument("style", metavar="STYLE", help="a picture, or the name of a style of livesing's own")
    style.add_argument("-o", "--output", metavar="OUT", type=Path, required=True)
    style.add_argument("--strength", metavar="0..1", type=words.share, default=1.0)
    style.add_argument(
        "--paint", metavar="0..1", type=words.share, default=0.6, help="how thick strokes are laid"
    )
    style.add_argument("--grain", metavar="0..1", type=words.share, default=0.5, help="size of their patches")
    style.add_argument("--tier", choices=("shader", "deep"), default="shader")
    style.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from livesing.style_still import still

    words.check_folder(options.output)
    if options.tier == "deep":
        raise UsageError(f"the deep tier is not in version {__version__} yet")
    settings = {"strength": options.strength, "paint": options.paint, "grain": options.grain, "follow": 1.0}
    still(options.image, options.style, options.output, settings)
