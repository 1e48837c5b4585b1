"""A picture painted in the style of another."""

import argparse
from pathlib import Path

from livesing import words
from livesing.commands.parser import Commands
from livesing.errors import UsageError


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    style = commands.add_parser(
        "style",
        parents=[common],
        help="a picture painted in the style of another (Linux)",
        description="The style pass of the show on a still picture of any size, or its deep tier.",
    )
    style.add_argument("image", metavar="IMAGE", type=Path)
    style.add_argument("style", metavar="STYLE", help="a picture, or the name of a style of livesing's own")
    style.add_argument("-o", "--output", metavar="OUT", type=Path, required=True)
    style.add_argument("--strength", metavar="0..1", type=words.share, default=1.0)
    style.add_argument(
        "--paint", metavar="0..1", type=words.share, help="how thick strokes are laid; else as in the show"
    )
    style.add_argument("--grain", metavar="0..1", type=words.share, help="size of their patches; the same")
    style.add_argument(
        "--tier", choices=("shader", "deep"), default="shader",
        help="the style pass (default), or the network, which takes --strength alone",
    )  # fmt: skip
    style.add_argument(
        "--weights", metavar="DIR", type=Path,
        help="VGG-19 or 16x-distilled encoders and decoders of levels 1 to 4; with --tier deep",
    )  # fmt: skip
    style.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from livesing.style_still import USUAL, still

    words.check_folder(options.output)
    if options.weights is not None and options.tier != "deep":
        raise UsageError("--weights belongs to the network: add --tier deep")
    words.check_is_folder(options.weights)
    asked = {name: getattr(options, name) for name in ("strength", "paint", "grain")}
    settings = USUAL | {name: value for name, value in asked.items() if value is not None}
    still(
        options.image, options.style, options.output, settings,
        deep=options.tier == "deep", weights=options.weights,
    )  # fmt: skip
