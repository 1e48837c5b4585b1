"""Measurements, each as ratios within one run."""

import argparse

from livesing import __version__, words
from livesing.commands.parser import Commands, Parser
from livesing.errors import UsageError

LATER = ("generator", "features", "loop", "latency", "osc")
"""Planned, and not in this version."""


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    bench = commands.add_parser("bench", help="measure, as ratios within one run")
    actions = bench.add_subparsers(dest="what", required=True, metavar="WHAT", parser_class=Parser)
    render = actions.add_parser(
        "render", parents=[common], help="the passes of the picture against clear + swap"
    )
    render.add_argument("--size", metavar="WxH", type=words.size, default=(640, 360))
    render.add_argument("--frames", metavar="N", type=int, default=60, help="a pass (default 60)")
    render.add_argument("--headless", action="store_true", help="without a window")
    render.add_argument("--json", action="store_true")
    render.set_defaults(run=_render)

    for name in LATER:
        later = actions.add_parser(name, parents=[common], help="not in this version yet")
        later.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
        later.add_argument("--json", action="store_true", help=argparse.SUPPRESS)
        later.set_defaults(run=_later)


def _later(options: argparse.Namespace) -> None:
    raise UsageError(f"'bench {options.what}' is not in version {__version__} yet")


def _render(options: argparse.Namespace) -> None:
    from livesing.bench_render import bench_render

    if options.frames < 1:
        raise UsageError(f"--frames takes 1 or more, not {options.frames}")
    bench_render(options.size, options.frames, headless=options.headless, as_json=options.json)
