"""Numbered training data: what is missing is made, what is there stays, trouble is one line."""

import argparse
from pathlib import Path

import pytest

from livesing.errors import UsageError
from livesing.train.missing import make_missing, part


def test_what_is_missing_is_made_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "new"
    made: list[int] = []

    def make(number: int) -> None:
        if number == 5:
            raise UsageError("no five")
        made.append(number)
        (folder / str(number)).touch()

    def run(numbers: range) -> int:
        return make_missing(numbers, lambda number: folder / str(number), make)

    assert run(range(4)[part("2/2")]) == 0 and made == [1, 3]
    assert run(range(3, 8)) == 2 and made == [1, 3, 4]
    assert capsys.readouterr().err.endswith("\r2 of 5\nno five\n")
    assert run(range(4)) == 0 and sorted(made) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "a/b", "1/0", "-1/2"])
def test_bad_parts(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        part(text)
