"""The paper's audio features of a sound file."""

import argparse
from pathlib import Path

from livesing import words
from livesing.commands.parser import Commands
from livesing.errors import UsageError


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    features = commands.add_parser(
        "features",
        parents=[common],
        help="the paper's audio features of a sound file",
        description="x (N, 9156) float32, a row per 500 ms: 21 frames of 40 MFCC, 384 tempogram and 12 CENS; "
        "t (N,) the second at which each row's 500 ms end.",
    )
    features.add_argument("audio", metavar="AUDIO", type=Path, help=words.SOUND)
    features.add_argument("-o", "--output", metavar="OUT.npz", type=Path, required=True)
    features.add_argument("--stream", action="store_true", help="as the live code hears them, block by block")
    features.add_argument(
        "--no-prediction",
        action="store_true",
        help="with --stream: the onsets to come as librosa's ramp to 0, not predicted",
    )
    features.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from livesing.features import features

    words.check_folder(options.output, options.audio)
    if options.no_prediction and not options.stream:
        raise UsageError("--no-prediction goes with --stream; a file is known as a whole")
    features(options.audio, options.output, stream=options.stream, predicted=not options.no_prediction)
