"""A sound file's feeling over time, as a table."""

import argparse
from pathlib import Path

from livesing import words
from livesing.audio.key import PROFILES, USUAL_PROFILES
from livesing.commands.parser import Commands


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    analyse = commands.add_parser(
        "analyse",
        parents=[common],
        help="valence and arousal of a sound file, as CSV",
        description="A row per 500 ms; valence and arousal are z-scores.",
    )
    analyse.add_argument("audio", metavar="AUDIO", type=Path, help=words.SOUND)
    analyse.add_argument(
        "-o", "--output", metavar="OUT.csv", type=Path, help="a file instead of the terminal"
    )
    analyse.add_argument("--stream", action="store_true", help="run the live code block by block")
    analyse.add_argument(
        "--beats",
        metavar="FILE",
        type=Path,
        help="write the beats, a time in seconds a line; their tempo, and aubio's, are told",
    )
    analyse.add_argument(
        "--feeling", metavar="NAME", default="cues", help="who feels: cues (default), paper or deam"
    )
    analyse.add_argument(
        "--key-profiles",
        metavar="NAME",
        choices=tuple(PROFILES),
        default=USUAL_PROFILES,
        help="of what keys are made: albrecht-shanahan (default) or krumhansl-kessler",
    )
    analyse.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from livesing.analyse import analyse

    for path in (options.output, options.beats):
        words.check_folder(path, options.audio)
    words.check_apart(options.output, options.beats)
    analyse(
        options.audio,
        options.output,
        stream=options.stream,
        beats=options.beats,
        feeling=options.feeling,
        profiles=options.key_profiles,
    )
