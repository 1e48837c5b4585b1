"""The command line. Every command exits 0 on success and 2 on bad use or bad input, with one clear line."""

import argparse
import logging
import sys
from collections.abc import Sequence

from livesing import __version__
from livesing.commands import (
    analyse,
    bench,
    doctor,
    dream,
    engine,
    features,
    feel,
    label,
    live,
    presets,
    render,
    story,
    style,
    train,
    weights,
)
from livesing.commands.parser import Parser
from livesing.errors import LivesingError, UsageError

COMMANDS = (
    live,
    render,
    story,
    analyse,
    features,
    feel,
    dream,
    style,
    label,
    train,
    presets,
    engine,
    weights,
    bench,
    doctor,
)
"""In the order of `livesing --help`."""
LATER = {
    "looks": "checks of ISF looks",
    "osc": "the OSC reference page and a TouchOSC layout",
}
"""Commands that are planned and not in this version; they say so plainly."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command -> its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = _parser()
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in ("-h", "--help", "--version")):
        arguments.insert(0, "live")  # a bare `livesing` is the show
    try:
        if arguments[0] in LATER:
            raise UsageError(f"'{arguments[0]}' ({LATER[arguments[0]]}) is not in version {__version__} yet")
        options = parser.parse_args(_join_moods(arguments))
        _log(options.verbose)
        options.run(options)
        sys.stdout.flush()
    except LivesingError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has gone: `livesing analyse ... | head`
        sys.stderr.close()
        return 0
    except OSError as error:  # a full disk, a folder that must not be written
        logging.debug("it happened here", exc_info=True)
        return _refuse(f"{error.filename or 'the output'}: {error.strerror or error}")
    return 0


def _refuse(why: str) -> int:
    """One line on stderr, even where a file's name has several -> the exit code."""
    print(f"livesing: {' '.join(why.splitlines())}", file=sys.stderr)
    return 2


def _join_moods(arguments: list[str]) -> list[str]:
    """`--mood -1,0` as `--mood=-1,0`: argparse takes what begins with a dash for an option."""
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] == "--mood":
            joined[-1] += "=" + argument
        else:
            joined.append(argument)
    return joined


def _parser() -> Parser:
    parser = Parser(prog="livesing", description="Live music becomes moving pictures that carry its feeling.")
    parser.add_argument("--version", action="version", version=f"livesing {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--verbose", action="store_true", help="say more")
    for command in COMMANDS:
        command.add(commands, common)
    return parser


class _Stderr(logging.Handler):
    """Writes to what is stderr at the time, also when that was exchanged since."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr, flush=True)


def _log(verbose: bool) -> None:
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="livesing: %(message)s",
        handlers=[_Stderr()],
        force=True,
    )
    for chatty in ("PIL", "libav", "torch", "onnx_ir", "onnxscript"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
