"""Options that several commands have: which generator, and how training goes."""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from livesing import words
from livesing.errors import UsageError

if TYPE_CHECKING:
    from livesing.generation.engine_open import ServedGenerator

log = logging.getLogger(__name__)

TRAINING = (
    ("folds", "parts of the cross-validation"),
    ("seed", "of everything that is drawn by chance"),
    ("threads", "of the processor"),
)


def add_generator(parser: argparse.ArgumentParser) -> None:
    """--generator, --weights and --engine, as `open_generator` reads them."""
    names = "embedded (default), biggan-deep-512, stylegan2 ..."
    parser.add_argument("--generator", metavar="G", default="embedded", help=names)
    parser.add_argument(
        "--weights", metavar="W", type=Path, help="file or folder; else those of 'livesing weights get'"
    )
    parser.add_argument("--engine", metavar="E", help="what runs it; else the fastest that is ready")


def open_generator(
    options: argparse.Namespace, size: tuple[int, int], threads: int | None = None
) -> ServedGenerator:
    """The generator that was named; `size` is that of the embedded one's pictures. Threads: half of the cores
    unless told. Raises UsageError, WeightsError, EngineError."""
    from livesing.generation.engine_cache import EngineCache
    from livesing.generation.engine_open import open_ready, source_for

    embedded = options.generator == "embedded"
    source = source_for(options.generator, options.weights, size if embedded else None)
    threads = threads or max(1, (os.cpu_count() or 2) // 2)
    return open_ready(source, options.engine, EngineCache(), threads, log.info)


def add_training(parser: argparse.ArgumentParser, *, fresh: bool = True, **defaults: int) -> None:
    """Those of TRAINING that have a default, and --fresh: else a run goes on where it was stopped."""
    for name, told in TRAINING:
        if name in defaults:
            parser.add_argument(
                f"--{name}", metavar="N", type=int, default=defaults[name], help=f"{told} ({defaults[name]})"
            )
    if fresh:
        parser.add_argument(
            "--fresh", action="store_true", help="do not go on where an earlier run was stopped"
        )


def rated(given: Path | None, option: str, below: str) -> Path:
    """The rated data that were named, else what the folder LIVESING_DATA has of them. UsageError where
    neither was named."""
    if given is not None:
        return given
    folder = os.environ.get("LIVESING_DATA", "")
    if not folder:
        raise UsageError(f"name the rated data by {option}, or a folder with {below} by LIVESING_DATA")
    return Path(folder) / below


def add_classes(parser: argparse.ArgumentParser, told: str) -> None:
    """--classes, a list of numbers; () when it is not given."""
    parser.add_argument("--classes", metavar="LIST", type=words.numbers, default=(), help=told)


def check_least(options: argparse.Namespace, **least: int) -> None:
    """Raises UsageError for a number that was given and is lower."""
    for name, lowest in least.items():
        value = getattr(options, name)
        if value is not None and value < lowest:
            raise UsageError(f"--{name} takes {lowest} or more, not {value}")
