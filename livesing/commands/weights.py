"""Other people's weights."""

import argparse
from pathlib import Path

from livesing.commands.parser import Commands, Parser


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    weights = commands.add_parser("weights", help="list, fetch or check weights of generators")
    actions = weights.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    listing = actions.add_parser("list", parents=[common], help="what is known and what is here")
    listing.set_defaults(run=_list)
    getting = actions.add_parser(
        "get",
        parents=[common],
        help="fetch weights",
        description="Asks first; goes on where a fetch broke off; checks what came.",
    )
    getting.add_argument("name", metavar="NAME")
    getting.add_argument("--yes", action="store_true", help="do not ask")
    getting.add_argument("--from", dest="url", metavar="URL", help="from there instead of the usual address")
    getting.set_defaults(run=_get)
    checking = actions.add_parser("check", parents=[common], help="whose weights a file or folder holds")
    checking.add_argument("file", metavar="FILE", type=Path)
    checking.set_defaults(run=_check)


def _list(options: argparse.Namespace) -> None:
    from livesing.weights import list_weights

    list_weights()


def _get(options: argparse.Namespace) -> None:
    from livesing.weights import ask_on_terminal, get

    get(options.name, (lambda words: True) if options.yes else ask_on_terminal, url=options.url)


def _check(options: argparse.Namespace) -> None:
    from livesing.weights import check

    check(options.file)
