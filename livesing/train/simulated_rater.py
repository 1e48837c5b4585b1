"""A rater made of code, to measure what asking and fitting are worth:
`python -m livesing.train.simulated_rater`.

Songs are composed whose feeling is known. The rater answers `livesing label`'s own questions: of nine
pictures it picks the one whose class usually feels nearest to the song's feeling; where none is near enough
it looks at others, twice at most. Translators are fitted to its picks and translate songs of which it
labelled none: the score is Pearson's r between the songs' feeling and that of the classes which are dreamt.
What classes feel like is the generator's table; nothing is drawn, so z is noise here.

Two orders of questions (by worth and by chance) and the losses are compared after so many pairs, over seeds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from livesing.closed_loop import USUAL, agreement
from livesing.generation.embedded import class_moods
from livesing.generation.engine import Source
from livesing.train.asking import Asking, by_chance, worth
from livesing.train.corpus.compose import compose
from livesing.train.corpus.factors import draw
from livesing.train.corpus.sketch import RATE, sketch
from livesing.train.label_session import LabelSession, palette
from livesing.train.labels import Labels, Passage
from livesing.train.passages import Passages, hear, passages_of
from livesing.train.personal import LOSSES, form_of, gather
from livesing.train.personal_fit import Doubles
from livesing.train.personal_score import cross_validate, fitted
from livesing.translation.personal import PersonalTranslator
from livesing.translation.translator import Felt

SECONDS = 20.0
NEAR = 0.8
"""z-scores: a picture farther than that is not picked, if there are others to look at."""
LOOKS = 3
ORDERS: Mapping[str, Asking] = {"worth": worth, "chance": by_chance}
FIRST_SEED = 20_000
"""Of the songs: no model was trained on these."""


class Songs(NamedTuple):
    """What there is to hear."""

    feelings: dict[str, Doubles]
    """[2] by file name, in z-scores over the songs."""
    asked: tuple[Passage, ...]
    """Of one half of the songs."""
    tested: tuple[Passage, ...]
    """One of each of the others."""
    heard: dict[Passage, Doubles]
    """[ROWS, E]."""


class Rater:
    """Knows what classes and songs feel like, in z-scores of the classes and of the songs."""

    def __init__(self, feelings: Mapping[str, Doubles]) -> None:
        self._feelings = feelings
        moods = class_moods().astype(np.float64)
        self._moods = (moods - moods.mean(axis=0)) / moods.std(axis=0)

    def answer(self, session: LabelSession) -> None:
        """Pick for the passage that is asked about."""
        assert session.passage is not None
        wanted = self._feelings[Path(session.passage.file).name]
        for look in range(LOOKS):
            moods = self._moods[[picture.classes[0] for picture in session.grid]]
            away = np.hypot(*(moods - wanted).T)
            if away.min() <= NEAR or look == LOOKS - 1:
                session.pick(int(away.argmin()))
                return
            session.another()

    def dreams(self, translator: PersonalTranslator, rows: Sequence[Doubles]) -> Doubles:
        """What is dreamt to embeddings at the show's temperature, felt: [n, 2]."""
        wishes = [translator.translate(Felt(0, 0, row.astype(np.float32)), USUAL) for row in rows]
        return np.array([wish.classes for wish in wishes], np.float64) @ self._moods


def make_songs(folder: Path, count: int) -> Songs:
    """Compose them, and hear all that can be asked about."""
    raw = {}
    for number in range(count):
        piece = compose(draw(FIRST_SEED + number, SECONDS))
        name = f"{number:03d}.wav"
        soundfile.write(folder / name, np.asarray(sketch(piece.score), np.float32), RATE)
        raw[name] = np.array([piece.feeling.valence, piece.feeling.arousal])
    every = np.array(list(raw.values()))
    feelings = {name: (row - every.mean(axis=0)) / every.std(axis=0) for name, row in raw.items()}
    passages = passages_of([folder], folder, 0).passages
    taught = set(sorted(raw)[::2])
    asked = tuple(passage for passage in passages if passage.file in taught)
    tested = {passage.file: passage for passage in passages if passage.file not in taught}
    needed = [*asked, *tested.values()]
    heard = {}
    for done, passage in enumerate(needed, 1):
        *_, rows = hear(passage, folder / passage.file)
        assert rows is not None
        heard[passage] = rows.astype(np.float64)
        print(f"\r{done} of {len(needed)} passages heard", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return Songs(feelings, asked, tuple(tested.values()), heard)


class Sitting(NamedTuple):
    """What came of one."""

    r: Doubles
    """[stops, losses, 2] valence, arousal, on the songs kept out."""
    errors: Doubles
    """[losses, 3] after the last stop, cross-validated: the error of the class's vector and of z over the
    mean's, and how often the likeliest class is the one picked."""


def sit(rater: Rater, songs: Songs, asking: Asking, stops: Sequence[int], seed: int, folder: Path) -> Sitting:
    """Label half of the songs, and try what is learnt on the others."""
    heard = {passage: songs.heard[passage] for passage in songs.asked}
    labels, classes = Labels(folder), palette(class_moods(), seed)
    session = LabelSession(
        labels, Passages(songs.asked, ()), "embedded", classes, seed, asking=asking, heard=heard
    )
    truth = np.array([songs.feelings[passage.file] for passage in songs.tested])
    r = np.zeros((len(stops), len(LOSSES), 2))
    errors = np.zeros((len(LOSSES), 3))
    for at, stop in enumerate(stops):
        while session.picked < stop:
            rater.answer(session)
        pairs = gather(labels.picks, np.array([songs.heard[label.passage] for label in labels.picks]))
        for which, loss in enumerate(LOSSES):
            form = form_of(Source("embedded"), loss, pairs)
            translator = fitted(pairs, form, "embedded", seed)
            felt = rater.dreams(translator, [songs.heard[passage][-1] for passage in songs.tested])
            r[at, which] = agreement(truth, felt)[:2]
            if stop == stops[-1]:
                validation = cross_validate(pairs, form, seed)
                _, vector, z = (score.error / score.usual for score in validation.scores)
                errors[which] = vector, z, validation.first[0] if validation.first else 0.0
    return Sitting(r, errors)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m livesing.train.simulated_rater",
        description="Measures the order of questions and the losses of personal translators.",
    )
    parser.add_argument("--songs", metavar="N", type=int, default=60)
    parser.add_argument("--pairs", metavar="LIST", default="12,24,48", help="(12,24,48)")
    parser.add_argument("--seeds", metavar="N", type=int, default=5)
    options = parser.parse_args()
    stops = [int(word) for word in options.pairs.split(",")]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        songs = make_songs(folder, options.songs)
        rater = Rater(songs.feelings)
        found: dict[str, list[Sitting]] = {name: [] for name in ORDERS}
        for seed in range(options.seeds):
            for name, asking in ORDERS.items():
                sitting = sit(rater, songs, asking, stops, seed, folder / f"{name}-{seed}")
                found[name].append(sitting)
                print(f"seed {seed}, {name}: r {sitting.r.mean(axis=2).round(3).tolist()}", file=sys.stderr)
    print("r of valence / arousal on songs not labelled (mean of both, standard error over seeds)")
    for at, stop in enumerate(stops):
        for which, loss in enumerate(LOSSES):
            for name, sittings in found.items():
                r = np.array([sitting.r[at, which] for sitting in sittings])
                both, (valence, arousal) = r.mean(axis=1), r.mean(axis=0)
                about = f"{both.mean():.3f} +- {both.std() / np.sqrt(len(both)):.3f}"
                print(f"{stop:4d} pairs, {loss:<10}, by {name:<6}: {valence:+.2f} / {arousal:+.2f} ({about})")
    print("cross-validated: error of the class's vector and of z over the mean's; the likeliest is right")
    for which, loss in enumerate(LOSSES):
        every = [sitting.errors[which] for sittings in found.values() for sitting in sittings]
        vector, z, right = np.mean(every, axis=0)
        print(f"{stops[-1]:4d} pairs, {loss:<10}: {vector:.3f}, {z:.3f}, {right:.0%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
