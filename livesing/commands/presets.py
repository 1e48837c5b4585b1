"""Looks: the ones there are, and whether a file is one."""

import argparse
import sys
from pathlib import Path

from livesing.commands.parser import Commands, Parser
from livesing.errors import UsageError


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    presets = commands.add_parser("presets", help="list or check looks")
    actions = presets.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    listing = actions.add_parser("list", parents=[common], help="the looks there are")
    listing.add_argument("--presets", metavar="DIR", type=Path, help="of this folder")
    listing.set_defaults(run=_list)
    checking = actions.add_parser("check", parents=[common], help="whether a file is a good preset")
    checking.add_argument("file", metavar="FILE", type=Path)
    checking.set_defaults(run=_check)


def _list(options: argparse.Namespace) -> None:
    from livesing import assets
    from livesing.preset import PresetFolder

    folder = PresetFolder(options.presets or assets.folder("presets"))
    if not folder.folder.is_dir():
        raise UsageError(f"there is no folder {str(folder.folder)!r}")
    _, messages = folder.poll()
    for number, preset in enumerate(folder.presets, 1):
        print(f"{number}  {preset.name:<12} {preset.about or preset.title}")
    for message in messages:
        print(message, file=sys.stderr)


def _check(options: argparse.Namespace) -> None:
    from livesing.preset import load

    preset = load(options.file)
    for warning in preset.warnings:
        print(warning, file=sys.stderr)
    print(f"{options.file.name}: {preset.title!r} is a good preset")
