"""Labels: a CSV that is only added to, read strictly, and never loses what was saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from livesing.errors import LivesingError, UsageError
from livesing.train.labels import COLUMNS, FILE, Label, Labels, Passage, Picture

HEAD = ",".join(COLUMNS) + "\n"
A, B = Passage("demo", 12.0, 6.0), Passage("songs/a, b.flac", 1.5, 6.0)
PICTURE = Picture((417,), 120345)


def test_what_is_added_is_there_again(tmp_path: Path) -> None:
    labels = Labels(tmp_path / "new")
    labels.add(Label(A, PICTURE, "embedded"))
    labels.add(Label(B, None, "embedded"))
    labels.add(Label(B, Picture((3, 999), 0), "embedded"))
    again = Labels(tmp_path / "new")
    assert again.standing == labels.standing
    assert [label.passage for label in again.picks] == [A, B]


def test_undo_takes_back_the_last_and_deletes_nothing(tmp_path: Path) -> None:
    labels = Labels(tmp_path)
    labels.add(Label(A, PICTURE, "embedded"))
    labels.add(Label(B, None, "embedded"))
    before = labels.path.read_bytes()
    assert labels.undo() == Label(B, None, "embedded")
    assert labels.path.read_bytes().startswith(before)
    assert labels.undo() == Label(A, PICTURE, "embedded")
    assert labels.undo() is None
    assert Labels(tmp_path).standing == []
    labels.add(Label(B, PICTURE, "embedded"))
    assert Labels(tmp_path).picks == [Label(B, PICTURE, "embedded")]


def test_every_row_only_adds(tmp_path: Path) -> None:
    labels, before = Labels(tmp_path), b""
    for number in range(20):
        labels.add(Label(A._replace(start_s=float(number)), PICTURE, "embedded"))
        now = labels.path.read_bytes()
        assert now.startswith(before) and now.count(b"\n") == number + 2
        before = now


def test_two_sittings_at_once_lose_nothing(tmp_path: Path) -> None:
    one, other = Labels(tmp_path), Labels(tmp_path)
    one.add(Label(A, PICTURE, "embedded"))
    other.add(Label(B, PICTURE, "embedded"))
    assert [label.passage for label in Labels(tmp_path).picks] == [A, B]


def test_an_editor_that_leaves_the_last_line_open(tmp_path: Path) -> None:
    labels = Labels(tmp_path)
    labels.add(Label(A, PICTURE, "embedded"))
    labels.path.write_bytes(labels.path.read_bytes().rstrip(b"\n"))
    Labels(tmp_path).add(Label(B, PICTURE, "embedded"))
    assert [label.passage for label in Labels(tmp_path).picks] == [A, B]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "first line"),
        ("file,start\n", 1, "first line"),
        (HEAD + "pick,demo,1,6,3,4\n", 2, "6 fields"),
        (HEAD + "pick,demo,1,6,3,4,embedded\nlove,demo,1,6,3,4,embedded\n", 3, "'love'"),
        (HEAD + "pick,demo,soon,6,3,4,embedded\n", 2, "start_s"),
        (HEAD + "pick,demo,-1,6,3,4,embedded\n", 2, "start_s"),
        (HEAD + "pick,demo,nan,6,3,4,embedded\n", 2, "start_s"),
        (HEAD + "pick,demo,1,0,3,4,embedded\n", 2, "seconds"),
        (HEAD + "pick,demo,1,6,1000,4,embedded\n", 2, "class"),
        (HEAD + "pick,demo,1,6,3.5,4,embedded\n", 2, "class"),
        (HEAD + "pick,demo,1,6,,4,embedded\n", 2, "class"),
        (HEAD + "pick,demo,1,6,3,-4,embedded\n", 2, "z_seed"),
        (HEAD + "pick,demo,1,6,3,99999999999,embedded\n", 2, "z_seed"),
        (HEAD + "pick,,1,6,3,4,embedded\n", 2, "sound file"),
        (HEAD + "pick,demo,1,6,3,4,\n", 2, "generator"),
        (HEAD + 'undo,,,,,,embedded\npick,"demo,1,6,3,4,embedded\n', 3, ""),
    ],
)
def test_a_broken_csv_is_refused_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(UsageError, match=rf"{FILE}:{line}: .*{words}") as caught:
        Labels(tmp_path)
    assert "\n" not in str(caught.value)
    assert (tmp_path / FILE).read_text() == text


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=f"{FILE}:1: "):
        Labels(tmp_path)


def test_what_cannot_be_saved_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    labels = Labels(tmp_path / "file" / "inside")
    with pytest.raises(LivesingError, match="cannot be written"):
        labels.add(Label(A, PICTURE, "embedded"))
    assert labels.standing == []


def test_a_picture_is_its_numbers() -> None:
    picture = Picture((3, 5), 77)
    assert picture.mixture()[[3, 5]].tolist() == [0.5, 0.5] and picture.mixture().sum() == 1
    np.testing.assert_array_equal(picture.z(), Picture((9,), 77).z())
    assert not np.allclose(picture.z(), Picture((9,), 78).z())
