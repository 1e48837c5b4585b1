"""A piece's feeling over time as a figure, with key frames."""

import argparse
from importlib.util import find_spec
from pathlib import Path

from livesing import words
from livesing.commands import options as shared
from livesing.commands.parser import Commands
from livesing.errors import UsageError

ENDINGS = (".png", ".pdf", ".svg")
SIZE = (640, 360)
"""Of the embedded generator's key frames: sharp at 300 dpi."""


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    story = commands.add_parser(
        "story",
        parents=[common],
        help="a figure of a piece's feeling and its key frames",
        description="Valence and arousal over time, the classes that were dreamt, and the frames where the "
        "feeling turns, on the width of an A4 page. Needs the extra [figures].",
    )
    story.add_argument("audio", metavar="AUDIO", type=Path, help=words.SOUND)
    story.add_argument(
        "-o", "--output", metavar="OUT", type=Path, required=True, help="by its ending .png, .pdf or .svg"
    )
    story.add_argument("--preset", metavar="P", help="name or number of the look whose dreams are dreamt")
    story.add_argument("--seed", metavar="N", type=words.seed, default=0, help="of the dream's wandering")
    shared.add_generator(story)
    story.add_argument(
        "--feeling", metavar="NAME", default="cues", help="who feels: cues (default), paper, deam"
    )
    story.add_argument(
        "--dpi", metavar="N", type=words.positive, default=300.0, help="of a PNG (default 300)"
    )
    story.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    words.check_folder(options.output, options.audio)
    if options.output.suffix.lower() not in ENDINGS:
        raise UsageError(f"{options.output.name}: a story is written as {', '.join(ENDINGS)}")
    if not 50 <= options.dpi <= 1200:
        raise UsageError(f"--dpi goes from 50 to 1200, not {options.dpi:g}")
    if find_spec("matplotlib") is None:
        raise UsageError(
            "story draws with matplotlib, which is missing: `make figures`, or the extra [figures]"
        )

    from livesing.audio.sound_file import SoundFile
    from livesing.story import tell
    from livesing.story_figure import draw

    SoundFile(options.audio).close()  # before anything that takes long
    generator = shared.open_generator(options, SIZE)
    story = tell(
        options.audio, generator, preset=options.preset, seed=options.seed, feeling=options.feeling
    )  # fmt: skip
    draw(story, options.output, options.dpi)
