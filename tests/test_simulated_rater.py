"""The rater made of code: it picks what suits the songs, and what it picked can be learnt."""

from pathlib import Path

import numpy as np
import pytest

from livesing.audio.embedding import SIZE
from livesing.generation.embedded import class_moods
from livesing.train.asking import worth
from livesing.train.labels import Labels, Passage
from livesing.train.passages import ROWS
from livesing.train.personal import LIKELIHOOD, LOSSES
from livesing.train.simulated_rater import Rater, Songs, sit


@pytest.fixture(scope="module")
def songs() -> Songs:
    """Forty songs whose embedding tells their feeling, but for some noise."""
    rng = np.random.default_rng(0)
    feelings = {f"{number}.wav": rng.normal(size=2) for number in range(40)}
    passages = [Passage(name, 0.0, 6.0) for name in feelings]
    heard = {}
    for passage in passages:
        rows = 0.3 * rng.normal(size=(ROWS, SIZE))
        rows[:, :2] += feelings[passage.file]
        heard[passage] = rows
    return Songs(feelings, tuple(passages[::2]), tuple(passages[1::2]), heard)


def test_picks_suit_the_songs_and_are_learnt(songs: Songs, tmp_path: Path) -> None:
    sitting = sit(Rater(songs.feelings), songs, worth, [16], 0, tmp_path)
    picks = Labels(tmp_path).picks
    assert len(picks) == 16
    moods = np.array([class_moods()[label.picture.classes[0]] for label in picks if label.picture])
    truth = np.array([songs.feelings[label.passage.file] for label in picks])
    assert min(np.corrcoef(moods[:, axis], truth[:, axis])[0, 1] for axis in (0, 1)) > 0.5
    assert sitting.r.shape == (1, len(LOSSES), 2) and sitting.errors.shape == (len(LOSSES), 3)
    assert sitting.r[-1, LOSSES.index(LIKELIHOOD)].mean() > 0.3
