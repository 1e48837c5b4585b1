"""Picking pictures that suit the music: pairs for a translator of one's own."""

import argparse
import logging
from pathlib import Path

from livesing import words
from livesing.commands import options as shared
from livesing.commands.parser import Commands
from livesing.errors import UsageError

log = logging.getLogger(__name__)

WINDOW = (1280, 720)
TILE = (384, 216)
"""Of the embedded generator's pictures."""


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    label = commands.add_parser(
        "label",
        parents=[common],
        help="pick pictures that suit the music",
        description="A window plays a passage and shows nine pictures; pick the one that suits it: 1-9 or a "
        "click. Space other pictures, S skip, R play again, Backspace take back, Esc end. Every "
        "pick is saved at once, and the same command goes on where it ended. A hundred are enough for "
        "'livesing train personal'.",
    )
    label.add_argument(
        "audio", metavar="AUDIO", type=Path, nargs="*",
        help="sound files, or folders of them, or 'demo'; without any the demo piece",
    )  # fmt: skip
    label.add_argument(
        "-o", "--output", metavar="DIR", type=Path, required=True, help="where labels.csv goes"
    )
    shared.add_generator(label)
    shared.add_classes(label, "classes to pick from, like 3,17,200-210; else 24 that differ in feeling")
    label.add_argument(
        "--seed", metavar="N", type=words.seed, default=0, help="of the pictures and their order"
    )
    label.add_argument("--windowed", metavar="WxH", type=words.size, default=WINDOW, help="(1280x720)")
    label.add_argument("--mute", action="store_true", help="do not play the passages")
    label.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from livesing.audio.player import Player
    from livesing.generation.embedded import class_moods
    from livesing.generation.engine_open import check_generator
    from livesing.label import LabelWindow
    from livesing.stage.window import TITLE, WindowSurface, start_glfw
    from livesing.train.label_session import LabelSession, palette
    from livesing.train.labels import Labels
    from livesing.train.passages import passages_of

    if len(options.classes) == 1:
        raise UsageError("--classes must name two or more, or there is nothing to pick from")
    check_generator(options.generator)
    if options.output.exists() and not options.output.is_dir():
        raise UsageError(f"{options.output} is a file, not a folder for labels")
    labels = Labels(options.output)
    others = {label.generator for label in labels.standing} - {options.generator}
    if others:
        names = ", ".join(sorted(others))
        raise UsageError(f"{labels.path} is about {names}: label {options.generator} in a folder of its own")
    embedded = options.generator == "embedded"
    start_glfw()  # before anything that takes long: without a display there is nothing to be done
    generator = shared.open_generator(options, TILE)
    passages = passages_of(options.audio, options.output, options.seed)
    for line in passages.left_out:
        log.warning("left out: %s", line)
    classes = options.classes or palette(class_moods() if embedded else None, options.seed)
    session = LabelSession(labels, passages, options.generator, classes, options.seed)
    surface = WindowSurface(*options.windowed, title=f"{TITLE} label")
    player = Player(mute=options.mute)
    try:
        LabelWindow(surface, session, generator, player).run()
    finally:
        player.close()
        surface.close()
    print(f"{session.picked} pairs in {labels.path}")
    if session.picked:
        print(f"next: livesing train personal {options.output} -o mine.safetensors")
