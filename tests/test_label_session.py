"""Labelling without its window: what is asked next, what is offered, what a sitting remembers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from livesing.audio.embedding import SIZE
from livesing.errors import SourceError, UsageError
from livesing.generation.embedded import class_moods
from livesing.train import asking
from livesing.train.label_session import GRID, PALETTE, LabelSession, palette
from livesing.train.labels import Labels, Passage
from livesing.train.passages import (
    ENOUGH,
    MOST,
    PASSAGE_S,
    ROWS,
    hear,
    passages_of,
    share_sound,
    sound_files,
    sound_of,
)

RATE = 8_000
CLASSES = tuple(range(100, 120))


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two files of noise of 20 and 15 s, one in a folder, one too short, one that is none."""
    folder = tmp_path_factory.mktemp("songs")
    (folder / "inside").mkdir()
    rng = np.random.default_rng(0)
    for name, seconds in (("a.flac", 20), ("inside/b.wav", 15), ("short.wav", 3)):
        soundfile.write(folder / name, 0.1 * rng.normal(size=(seconds * RATE, 2)), RATE)
    (folder / "broken.mp3").write_bytes(b"no sound at all")
    return folder


def session_of(folder: Path, songs: Path, seed: int = 0) -> LabelSession:
    return LabelSession(Labels(folder), passages_of([songs], folder, seed), "embedded", CLASSES, seed)


# ------------------------------------------------------------------------------------------ what is asked


def test_the_first_questions_are_drawn() -> None:
    e = np.random.default_rng(0).normal(size=(20, 4))
    first = [
        int(asking.worth(e, np.ones(20, bool), np.zeros(0, np.int64), np.zeros((0, 2)), seed).argmax())
        for seed in range(30)
    ]
    assert len(set(first)) > 8


def test_far_from_what_was_answered_is_worth_more_if_others_are_there() -> None:
    crowd = np.random.default_rng(0).normal((4, 0), 0.1, (30, 2))
    e = np.concatenate((crowd, np.array([[0.1, 0], [0, 9]])))
    gained = asking.coverage(e, np.zeros((1, 2)))
    assert gained.argmax() < 30, "where the many are"
    assert gained[31] > gained[30], "far from what is known rather than near it"


def test_of_very_many_passages_some_are_looked_at() -> None:
    e = np.random.default_rng(0).normal(size=(3 * asking.MOST, 3))
    whole = asking.coverage(e[: asking.MOST], e[:4])
    assert np.corrcoef(whole, asking.coverage(e, e[:4])[: asking.MOST])[0, 1] > 0.9


def test_where_the_ensemble_disagrees_is_worth_more() -> None:
    """Two passages equally far from what is known: by one the answers agree, by the other they contradict."""
    rng = np.random.default_rng(0)
    calm, torn = rng.normal((6, 0), 0.05, (12, 2)), rng.normal((-6, 0), 0.05, (12, 2))
    known = np.concatenate((calm, torn))
    answers = np.concatenate((np.ones((12, 3)), rng.choice([-4.0, 4.0], (12, 1)) * np.ones((12, 3))))
    asked = np.array([[6.0, 2.0], [-6.0, 2.0]])
    spread = asking.disagreement(asked, known, answers, rng)
    assert spread[1] > 1.5 * spread[0]


def test_asking_is_deterministic_and_never_repeats() -> None:
    rng = np.random.default_rng(1)
    e, answers = rng.normal(size=(30, 8)), rng.normal(size=(30, 4))
    order: list[int] = []
    for _ in range(30):
        mask = ~np.isin(np.arange(30), order)
        one, again = (asking.worth(e, mask, np.array(order, np.int64), answers[order], 3) for _ in range(2))
        np.testing.assert_array_equal(one, again)
        order.append(int(one.argmax()))
    assert sorted(order) == list(range(30))


def test_active_questions_cover_the_music_sooner_than_chance() -> None:
    """Of many usual passages and a few of their own kind, the rare kinds are asked about as soon as the
    first questions are over."""
    rng = np.random.default_rng(2)
    kinds = np.repeat(np.arange(6), (50, 4, 4, 4, 4, 4))
    e = 6 * rng.normal(size=(6, 10))[kinds] + rng.normal(size=(70, 10))
    order: list[int] = []
    count = asking.FIRST + 5
    for _ in range(count):
        mask = ~np.isin(np.arange(70), order)
        value = asking.worth(e, mask, np.array(order, np.int64), np.eye(6)[kinds[order]], 0)
        order.append(int(value.argmax()))
    by_chance = [len(set(kinds[rng.permutation(70)[:count]])) for _ in range(200)]
    assert len(set(kinds[order])) == 6 > np.mean(by_chance) + 1


# ------------------------------------------------------------------------------------------ passages


def test_files_and_folders(songs: Path) -> None:
    names = {path.name for path in sound_files([songs])}
    assert names == {"a.flac", "b.wav", "short.wav", "broken.mp3"}
    assert sound_files([songs / "a.flac", songs / "a.flac"]) == [songs / "a.flac"]
    with pytest.raises(UsageError, match="no file or folder"):
        sound_files([songs / "nothing"])


def test_passages_lie_within_their_files(songs: Path, tmp_path: Path) -> None:
    found = passages_of([songs], tmp_path, 0)
    ends = {"a.flac": 20.0, "b.wav": 15.0}
    assert {Path(passage.file).name for passage in found.passages} == ends.keys()
    assert all(
        0 <= passage.start_s <= ends[Path(passage.file).name] - PASSAGE_S for passage in found.passages
    )
    assert len(found.left_out) == 2
    assert any("short.wav" in line for line in found.left_out)
    assert passages_of([songs], tmp_path, 0) == found != passages_of([songs], tmp_path, 1)
    inside = passages_of([songs], songs, 0)
    assert {passage.file for passage in inside.passages} == {"a.flac", "inside/b.wav"}


def test_long_music_is_spread_and_short_music_overlaps(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "long.wav", np.zeros(3600 * 100), 8000 // 80)
    soundfile.write(tmp_path / "short.wav", np.zeros(8000), 8000)
    with pytest.raises(UsageError, match=r"short\.wav"):
        passages_of([tmp_path / "short.wav"], tmp_path, 0)
    assert ENOUGH <= len(passages_of([tmp_path / "long.wav"], tmp_path, 0).passages) <= MOST + 1


def test_a_passage_is_heard_bit_by_bit(songs: Path) -> None:
    bits = list(hear(Passage("a.flac", 1.0, 3.0), songs / "a.flac"))
    assert len(bits) == 9 and bits[:-1] == [None] * 8  # 3 s and the 1 before, a half second each
    assert bits[-1] is not None and bits[-1].shape == (ROWS, SIZE) and bits[-1].any()
    with pytest.raises(SourceError, match="ends before"):
        list(hear(Passage("short.wav", 2.5, 6.0), songs / "short.wav"))


def test_the_sound_of_a_passage(songs: Path) -> None:
    sound, rate = sound_of(Passage("a.flac", 2.0, 6.0), songs / "a.flac")
    whole, _ = soundfile.read(songs / "a.flac", dtype="float32")
    assert rate == RATE
    np.testing.assert_array_equal(sound, whole[2 * RATE : 8 * RATE])


def test_which_passages_share_sound() -> None:
    one = Passage("a", 10.0, 6.0)
    assert share_sound(one, Passage("a", 15.9, 6.0)) and share_sound(one, one)
    assert not share_sound(one, Passage("a", 16.0, 6.0))
    assert not share_sound(one, Passage("b", 10.0, 6.0))


# ------------------------------------------------------------------------------------------ a sitting


def test_a_grid_has_nine_different_pictures(songs: Path, tmp_path: Path) -> None:
    session = session_of(tmp_path, songs)
    grids = []
    for _ in range(3):
        grids.append(session.grid)
        session.another()
    for grid in grids:
        assert len({picture.classes for picture in grid}) == GRID
        assert all(picture.classes[0] in CLASSES for picture in grid)
    shown = {picture.classes[0] for grid in grids for picture in grid}
    assert shown == set(CLASSES)  # three grids show all of twenty
    assert session_of(tmp_path, songs).grid == grids[0]


def test_pick_skip_back_and_going_on(songs: Path, tmp_path: Path) -> None:
    session = session_of(tmp_path, songs)
    first, picture = session.passage, session.grid[2]
    session.pick(2)
    second = session.passage
    assert session.picked == 1 and second not in (None, first)
    session.skip()
    assert session.picked == 1 and session.passage not in (None, first, second)
    session.back()
    assert session.passage == second
    session.back()
    assert session.passage == first and session.picked == 0
    session.back()  # nothing is left to take back
    session.another()
    session.pick(0)
    assert session.labels.picks[0].picture != picture
    number = session.number
    session.pick(99)  # there is no such tile
    assert session.number == number
    again = session_of(tmp_path, songs)
    assert again.picked == 1
    assert again.passage != first


def test_all_answered(songs: Path, tmp_path: Path) -> None:
    session = session_of(tmp_path, songs)
    count = len(passages_of([songs], tmp_path, 0).passages)
    for _ in range(count):
        session.pick(0)
    assert session.picked == count and session.passage is None and session.grid == ()
    session.pick(0)
    session.skip()
    session.another()
    assert session.picked == count
    session.back()
    assert session.passage is not None and session.picked == count - 1


def test_hearing_goes_on_between_questions_and_guides_them(songs: Path, tmp_path: Path) -> None:
    session = session_of(tmp_path, songs)
    while not session.heard:
        assert session.listen()
    session.pick(0)
    assert session.passage is not None


def test_a_file_that_vanishes_is_named_and_left_out(songs: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone.wav"
    gone.write_bytes((songs / "inside/b.wav").read_bytes())
    session = LabelSession(Labels(tmp_path), passages_of([gone], tmp_path, 0), "embedded", CLASSES)
    gone.unlink()
    while session.listen():
        pass
    assert session.heard == 0 and any("gone.wav" in note for note in session.notes)


@pytest.mark.parametrize("moods", [None, class_moods()])
def test_the_palette_spans_the_classes(moods: np.ndarray | None) -> None:
    one = palette(moods, 0)
    assert len(set(one)) == PALETTE and one == tuple(sorted(one)) == palette(moods, 0) != palette(moods, 1)
    if moods is not None:
        chosen, usual = moods[list(one)], moods.std(axis=0)
        assert (chosen.std(axis=0) > 1.2 * usual).all()
