"""Looks: the ones there are, and whether a file is one."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from livesing.commands.parser import Commands, Parser
from livesing.errors import UsageError

if TYPE_CHECKING:
    from livesing.preset import PresetFolder


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    presets = commands.add_parser("presets", help="list, check or place looks")
    actions = presets.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    listing = actions.add_parser("list", parents=[common], help="the looks there are")
    listing.add_argument("--presets", metavar="DIR", type=Path, help="of this folder")
    listing.set_defaults(run=_list)
    checking = actions.add_parser("check", parents=[common], help="whether a file is a good preset")
    checking.add_argument("file", metavar="FILE", type=Path)
    checking.set_defaults(run=_check)
    placing = actions.add_parser(
        "place",
        parents=[common],
        help="write into presets where they lie in the plane of feeling",
        description="Paints each look at a middling passage of the demo piece, asks the image estimator "
        "what people would feel, and writes `place = [valence, arousal]` into its file (Linux).",
    )
    placing.add_argument("names", metavar="NAME", nargs="*", help="names or numbers of looks (all)")
    placing.add_argument("--presets", metavar="DIR", type=Path, help="of this folder")
    placing.set_defaults(run=_place)


def _list(options: argparse.Namespace) -> None:
    folder = _folder(options.presets)
    for number, preset in enumerate(folder.presets, 1):
        place = "{:+.1f} {:+.1f}".format(*preset.place) if preset.place else ""
        print(f"{number}  {preset.name:<12} {place:<10} {preset.about or preset.title}")


def _place(options: argparse.Namespace) -> None:
    from livesing.look_places import place_look

    folder = _folder(options.presets)
    chosen = [folder.find(name) for name in options.names] or folder.presets
    for preset in chosen:
        valence, arousal = place_look(folder.folder, preset)
        print(f"{preset.name:<12} {valence:+.2f} {arousal:+.2f}", flush=True)


def _folder(path: Path | None) -> "PresetFolder":
    """The looks of a folder; what is wrong with some is said. Raises UsageError without the folder."""
    from livesing import assets
    from livesing.preset import PresetFolder

    folder = PresetFolder(path or assets.folder("presets"))
    if not folder.folder.is_dir():
        raise UsageError(f"there is no folder {str(folder.folder)!r}")
    _, messages = folder.poll()
    for message in messages:
        print(message, file=sys.stderr)
    return folder


def _check(options: argparse.Namespace) -> None:
    from livesing.preset import load
    from livesing.translation import class_table

    preset = load(options.file)
    for name in (preset.translator.name, preset.translator.second):
        if name.endswith(class_table.ENDING):
            class_table.load(options.file.parent / name)
    for warning in preset.warnings:
        print(warning, file=sys.stderr)
    print(f"{options.file.name}: {preset.title!r} is a good preset")
