"""One generated frame, or a walk through latent space."""

import argparse
from pathlib import Path

from livesing import words
from livesing.commands import options as shared
from livesing.commands.parser import Commands
from livesing.errors import UsageError


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    dream = commands.add_parser(
        "dream",
        parents=[common],
        help="one generated frame, or a walk",
        description="One frame as PNG, or with --walk a film through latent space.",
    )
    dream.add_argument("-o", "--output", metavar="OUT", type=Path, required=True)
    shared.add_generator(dream)
    what = dream.add_mutually_exclusive_group()
    what.add_argument("--class", dest="number", metavar="N", type=int, help="one class, 0 to 999")
    what.add_argument(
        "--mood", metavar="V,A", type=words.mood, help="through the translator: valence,arousal in z-scores"
    )
    dream.add_argument(
        "--translator", metavar="T", default="views",
        help="of --mood: views or dictionary (the seed chooses the view), or a .tsv or .safetensors file",
    )  # fmt: skip
    dream.add_argument("--seed", metavar="N", type=words.seed, default=0)
    dream.add_argument("--size", metavar="WxH", type=words.size, help="else 1024x576, or the network's own")
    dream.add_argument("--walk", metavar="SECONDS", type=words.positive, help="a film of this length")
    dream.add_argument("--fps", metavar="N", type=words.rate, default=30.0, help="of the film (default 30)")
    dream.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from livesing.dream import film, still, wish
    from livesing.generation.engine_open import check_generator

    check_generator(options.generator)
    if options.number is not None and not 0 <= options.number < 1000:
        raise UsageError(f"--class goes from 0 to 999, not {options.number}")
    words.check_folder(options.output)
    asked = wish(
        options.number, options.mood, options.seed, generator=options.generator, translator=options.translator
    )
    generator = shared.open_generator(options, options.size or (1024, 576))
    size = options.size or generator.size
    if options.walk is not None:
        film(options.output, asked, options.seed, generator, size, options.walk, options.fps)
    else:
        still(options.output, asked, generator, size)
