"""Pairs of one score played in two ways, and which of them has to feel happier or more aroused:
`python -m livesing.train.corpus.pairs`.

Every pair differs in one cue and in nothing else, so that the direction is known without asking anyone:
published effects agree on all of these. The pieces are not those that the weights were refined on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from livesing.audio.framing import Floats
from livesing.audio.slow import Cues
from livesing.errors import LivesingError
from livesing.hearing import estimator_of, moods_of
from livesing.sentiment.mood import Mood
from livesing.train.corpus import variants
from livesing.train.corpus.compose import compose
from livesing.train.corpus.exercises import EXERCISES, exercise
from livesing.train.corpus.factors import Factors
from livesing.train.corpus.render import RATE as RENDER_RATE
from livesing.train.corpus.render import SOUNDFONT, played
from livesing.train.corpus.score import Score
from livesing.train.corpus.sketch import RATE as SKETCH_RATE
from livesing.train.corpus.sketch import sketch

PIANO, STRINGS = 0, 48
APART = 0.5
"""Most that arousal may differ by between instruments, in standard deviations."""
TEXTURES = ("piano", "strings", "chamber", "band", "choir", "jazz", "ballad", "orchestra")
FIRST_SEED = 5000
"""Far from those of the corpus."""
SECONDS = 14.0
BLOCK = 1 << 14

Change = Callable[[Score], Score]
Synthesiser = Callable[[Score], tuple[Floats, int]]


class Piece(NamedTuple):
    """name; score in major; tonic: 0..11, C = 0."""

    name: str
    score: Score
    tonic: int


class Contrast(NamedTuple):
    """Two ways to play a score, the first of which has more of `axis`; or as much, where it is "alike"."""

    name: str
    axis: str  # valence, arousal or alike
    above: Change
    below: Change


class Difference(NamedTuple):
    """What a pair differed by, in standard units; passed: whether in the right direction, or little enough.
    heard: both performances' steps, without silence."""

    contrast: str
    piece: str
    valence: float
    arousal: float
    passed: bool
    heard: tuple[list[tuple[Cues, Mood]], list[tuple[Cues, Mood]]]


def pieces(seconds: float = SECONDS) -> list[Piece]:
    """Composed pieces of several textures with nothing extreme about them, and the exercises."""
    made = []
    for number, texture in enumerate(TEXTURES):
        tonic, bpm = 5 * number % 12, 76.0 + 9.0 * number
        factors = Factors(
            FIRST_SEED + number, texture, "major", tonic, bpm, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, seconds
        )
        made.append(Piece(texture, compose(factors).score, tonic))
    for number, name in enumerate(EXERCISES):
        tonic = (7 * number + 2) % 12
        program = (PIANO, STRINGS)[number % 2]
        made.append(Piece(name, exercise(name, program, tonic, 84.0 + 8.0 * number, seconds), tonic))
    return made


def contrasts(piece: Piece) -> list[Contrast]:
    """All that is asked of a piece."""
    as_it_is: Change = lambda score: score  # noqa: E731
    asked = [
        Contrast("major above minor", "valence", as_it_is, partial(variants.to_minor, tonic=piece.tonic)),
        Contrast("faster above slower", "arousal", partial(variants.at_tempo, factor=1.25),
                 partial(variants.at_tempo, factor=0.8)),
        Contrast("louder above softer", "arousal", partial(variants.at_velocity, factor=1.3),
                 partial(variants.at_velocity, factor=0.75)),
        Contrast("denser above sparser", "arousal", variants.doubled, as_it_is),
        Contrast("staccato above legato", "arousal", partial(variants.detached, share=0.35),
                 partial(variants.detached, share=1.0)),
    ]  # fmt: skip
    if not any(part.drums for part in piece.score.parts):
        asked.append(
            Contrast("piano and strings alike", "alike", partial(variants.on_program, program=PIANO),
                     partial(variants.on_program, program=STRINGS))
        )  # fmt: skip
    return asked


def felt(sound: Floats, rate: int) -> list[tuple[Cues, Mood]]:
    """Every half second of a sound that is not silent, by the default estimator from a cold start."""
    blocks = (sound[first : first + BLOCK] for first in range(0, sound.size, BLOCK))
    return [(cues, mood) for cues, mood in moods_of(blocks, rate, estimator_of("cues")) if not cues.silent]


def compare(piece: Piece, contrast: Contrast, synthesiser: Synthesiser) -> Difference:
    """Plays both ways and feels them."""
    heard = [felt(*synthesiser(change(piece.score))) for change in (contrast.above, contrast.below)]
    above, below = (np.mean([mood for _, mood in steps], axis=0) for steps in heard)
    valence, arousal = (float(above[axis] - below[axis]) for axis in (1, 2))
    passed = {"valence": valence > 0.0, "arousal": arousal > 0.0, "alike": abs(arousal) < APART}
    return Difference(
        contrast.name, piece.name, valence, arousal, passed[contrast.axis], (heard[0], heard[1])
    )


def compare_all(synthesiser: Synthesiser, some: list[Piece]) -> Iterator[Difference]:
    """Every contrast of every piece."""
    for piece in some:
        for contrast in contrasts(piece):
            yield compare(piece, contrast, synthesiser)


def synthesiser_of(name: str, soundfont: Path) -> Synthesiser:
    """fluidsynth with a soundfont, or "sketch", the project's own."""
    if name == "sketch":
        return lambda score: (sketch(score), SKETCH_RATE)
    return lambda score: (played(score, soundfont), RENDER_RATE)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m livesing.train.corpus.pairs",
        description="Plays pieces in two ways each and prints what that does to valence and arousal.",
    )
    parser.add_argument("--synth", choices=("fluidsynth", "sketch"), default="fluidsynth")
    parser.add_argument("--soundfont", metavar="FILE", type=Path, default=SOUNDFONT)
    options = parser.parse_args()
    passed = total = 0
    print(f"{'':24}{'':12}valence arousal")
    try:
        for each in compare_all(synthesiser_of(options.synth, options.soundfont), pieces()):
            mark = "" if each.passed else "  NOT AS EXPECTED"
            print(
                f"{each.contrast:24}{each.piece:12}{each.valence:+7.2f} {each.arousal:+7.2f}{mark}",
                flush=True,
            )
            passed, total = passed + each.passed, total + 1
    except LivesingError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{passed} of {total} as expected")
    return 0


if __name__ == "__main__":
    sys.exit(main())
