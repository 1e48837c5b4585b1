"""Engines: what runs a generator on this machine."""

import argparse
import os
from pathlib import Path

from livesing import words
from livesing.commands.parser import Commands, Parser
from livesing.errors import UsageError


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    engine = commands.add_parser("engine", help="build, list or clear engines")
    actions = engine.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    building = actions.add_parser(
        "build",
        parents=[common],
        help="build and measure engines for a generator",
        description="Without --engine every kind that this machine can have. May be interrupted.",
    )
    building.add_argument("--generator", metavar="G", required=True)
    building.add_argument("--engine", metavar="E")
    building.add_argument("--weights", metavar="W", type=Path, help="a file or folder")
    building.add_argument("--random-weights", action="store_true", help=argparse.SUPPRESS)
    building.add_argument(
        "--size", metavar="WxH", type=words.size, default=(512, 288), help="of the embedded generator"
    )
    building.add_argument("--threads", metavar="N", type=int, default=max(1, (os.cpu_count() or 2) // 2))
    building.set_defaults(run=_build)
    listing = actions.add_parser("list", parents=[common], help="the engines there are")
    listing.set_defaults(run=_list)
    clearing = actions.add_parser("clear", parents=[common], help="remove them all")
    clearing.set_defaults(run=_clear)


def _build(options: argparse.Namespace) -> None:
    from livesing.engines import build
    from livesing.generation.engine_open import source_for

    if options.threads < 1:
        raise UsageError(f"--threads takes 1 or more, not {options.threads}")
    seed = 0 if options.random_weights else None
    build(source_for(options.generator, options.weights, options.size, seed), options.engine, options.threads)


def _list(options: argparse.Namespace) -> None:
    from livesing.engines import list_engines

    list_engines()


def _clear(options: argparse.Namespace) -> None:
    from livesing.engines import clear

    clear()
