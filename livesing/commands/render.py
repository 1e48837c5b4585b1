"""The show of a sound file as a film."""

import argparse
from pathlib import Path

from livesing import words
from livesing.commands.parser import Commands
from livesing.errors import UsageError


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    render = commands.add_parser(
        "render", parents=[common], help="the show of a sound file as a film, frame-exact (Linux)"
    )
    render.add_argument("audio", metavar="AUDIO", type=Path, help=words.SOUND)
    render.add_argument("-o", "--output", metavar="OUT.mp4", type=Path, required=True)
    render.add_argument("--size", metavar="WxH", type=words.size, default=(1280, 720))
    render.add_argument("--fps", metavar="N", type=words.rate, default=30.0)
    render.add_argument("--preset", metavar="P", help="name or number of the look")
    render.add_argument("--seed", metavar="N", type=words.seed, default=0, help="of the dream's wandering")
    render.add_argument(
        "--feeling", metavar="NAME", default="cues", help="who feels: cues (default), paper, deam"
    )
    render.add_argument(
        "--style-weights",
        metavar="DIR",
        type=Path,
        help="VGG-19 or 16x-distilled encoders and decoders for looks with a deep style",
    )
    render.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from livesing.offline import OfflineShow, render

    words.check_folder(options.output, options.audio)
    words.check_is_folder(options.style_weights)
    if options.output.suffix.lower() != ".mp4":
        raise UsageError(f"{options.output.name}: a film is written as .mp4")
    size = options.size[0] - options.size[0] % 2, options.size[1] - options.size[1] % 2
    show = OfflineShow(
        options.audio,
        size=size,
        fps=options.fps,
        preset=options.preset,
        seed=options.seed,
        feeling=options.feeling,
        style_weights=options.style_weights,
    )
    try:
        render(show, options.output)
    finally:
        show.close()
