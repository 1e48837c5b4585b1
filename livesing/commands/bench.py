"""Measurements, each as ratios within one run."""

import argparse
import os
from pathlib import Path

from livesing import __version__, words
from livesing.commands.parser import Commands, Parser
from livesing.errors import UsageError

LATER = ("osc",)
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

    generator = actions.add_parser(
        "generator", parents=[common], help="an engine against the upstream implementation"
    )
    generator.add_argument("--generator", metavar="G", default="embedded")
    generator.add_argument("--engine", metavar="E", default="onnxruntime")
    generator.add_argument("--weights", metavar="W", type=Path, help="a file or folder")
    generator.add_argument("--random-weights", action="store_true", help="measure without weights")
    generator.add_argument(
        "--size", metavar="WxH", type=words.size, default=(512, 288), help="of the embedded generator"
    )
    generator.add_argument("--frames", metavar="N", type=int, help="of each; else for some 20 s")
    generator.add_argument("--threads", metavar="N", type=int, default=1)
    generator.add_argument("--json", action="store_true")
    generator.set_defaults(run=_generator)

    features = actions.add_parser(
        "features", parents=[common], help="the paper's features in a stream against librosa"
    )
    features.add_argument(
        "--audio", metavar="FILE", type=Path, action="append", default=[],
        help="instead of the demo piece ('demo'); more than once for more",
    )  # fmt: skip
    features.add_argument("--seconds", metavar="S", type=words.positive, default=60.0, help="of each file")
    features.add_argument("--json", action="store_true")
    features.set_defaults(run=_features)

    latency = actions.add_parser(
        "latency", parents=[common], help="from a sample to its Pulse, and its frame"
    )
    latency.add_argument("--rate", metavar="HZ", type=int, default=48_000)
    latency.add_argument("--block", metavar="N", type=int, default=512, help="samples (default 512)")
    latency.add_argument("--seconds", metavar="S", type=words.positive, default=10.0, help="of each run")
    latency.add_argument("--no-picture", action="store_true", help="the listener alone")
    latency.add_argument("--json", action="store_true")
    latency.set_defaults(run=_latency)

    beat = actions.add_parser("beat", parents=[common], help="the beat against aubio's on pieces made for it")
    beat.add_argument("--half", choices=("tuning", "kept", "all"), default="all", help="of the pieces")
    beat.add_argument("--pieces", metavar="N", type=int, help="at most so many of each half")
    beat.add_argument(
        "--seed", metavar="N", type=words.seed, default=0, help="other sounds for the same pieces"
    )
    beat.add_argument("--each", action="store_true", help="every piece's scores")
    beat.add_argument("--json", action="store_true")
    beat.set_defaults(run=_beat)

    loop = actions.add_parser(
        "loop", parents=[common], help="whether pictures feel as they were asked to: the closed loop"
    )
    loop.add_argument("--generator", metavar="G", default="embedded")
    loop.add_argument("--weights", metavar="W", type=Path, help="a file or folder")
    loop.add_argument("--engine", metavar="E", help="what runs it; else the fastest that is ready")
    loop.add_argument("--view", metavar="N", type=int, default=0, help="of the translator's (0)")
    loop.add_argument(
        "--audio", metavar="FILE", type=Path, action="append", default=[],
        help="instead of the demo piece ('demo'); more than once for more",
    )  # fmt: skip
    loop.add_argument("--seconds", metavar="S", type=words.positive, default=240.0, help="of each piece")
    loop.add_argument("--one", action="store_true", help="leave the other views out")
    loop.add_argument("--json", action="store_true")
    loop.set_defaults(run=_loop)

    for name in LATER:
        later = actions.add_parser(name, parents=[common], help="not in this version yet")
        later.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
        later.add_argument("--json", action="store_true", help=argparse.SUPPRESS)
        later.set_defaults(run=_later)


def _beat(options: argparse.Namespace) -> None:
    from livesing.bench_beat import bench_beat

    if options.pieces is not None and options.pieces < 1:
        raise UsageError(f"--pieces takes 1 or more, not {options.pieces}")
    bench_beat(
        half=options.half,
        seed=options.seed,
        pieces=options.pieces,
        each=options.each,
        as_json=options.json,
    )


def _loop(options: argparse.Namespace) -> None:
    import logging

    from livesing.bench_loop import bench_loop
    from livesing.closed_loop import SIZE
    from livesing.generation.engine_cache import EngineCache
    from livesing.generation.engine_open import open_ready, source_for

    if not 0 <= options.view < 100:
        raise UsageError(f"--view goes from 0 to 99, not {options.view}")
    size = SIZE if options.generator == "embedded" else None
    source = source_for(options.generator, options.weights, size)
    log = logging.getLogger(__name__)
    threads = min(os.cpu_count() or 1, 4)
    generator = open_ready(source, options.engine, EngineCache(), threads, log.info)
    bench_loop(
        generator, options.audio, view=options.view, seconds=options.seconds, every=not options.one,
        threads=threads, as_json=options.json,
    )  # fmt: skip


def _later(options: argparse.Namespace) -> None:
    raise UsageError(f"'bench {options.what}' is not in version {__version__} yet")


def _render(options: argparse.Namespace) -> None:
    from livesing.bench_render import bench_render

    if options.frames < 1:
        raise UsageError(f"--frames takes 1 or more, not {options.frames}")
    bench_render(options.size, options.frames, headless=options.headless, as_json=options.json)


def _latency(options: argparse.Namespace) -> None:
    from livesing.bench_latency import bench_latency

    if not 8_000 <= options.rate <= 192_000:
        raise UsageError(f"--rate goes from 8000 to 192000, not {options.rate}")
    if not 16 <= options.block <= 8192:
        raise UsageError(f"--block goes from 16 to 8192, not {options.block}")
    if not 2.0 <= options.seconds <= 600.0:
        raise UsageError(f"--seconds goes from 2 to 600, not {options.seconds:g}")
    bench_latency(
        options.rate, options.block, options.seconds, picture=not options.no_picture, as_json=options.json
    )


def _features(options: argparse.Namespace) -> None:
    from livesing.bench_features import bench_features

    bench_features(options.audio, options.seconds, as_json=options.json)


def _generator(options: argparse.Namespace) -> None:
    from livesing.bench_generator import bench_generator
    from livesing.generation.engine_open import source_for

    for word in ("frames", "threads"):
        if (number := getattr(options, word)) is not None and number < 1:
            raise UsageError(f"--{word} takes 1 or more, not {number}")
    seed = 0 if options.random_weights else None
    source = source_for(options.generator, options.weights, options.size, seed)
    bench_generator(source, options.engine, options.frames, threads=options.threads, as_json=options.json)
