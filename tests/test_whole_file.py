import os
from pathlib import Path

import pytest

from livesing.errors import LivesingError
from livesing.whole_file import whole_file


def test_it_appears_when_the_block_ends_well(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with whole_file(path) as partial:
        partial.write_text("new")
        assert partial.suffix == ".mp4", "who writes may tell the kind by the ending"
        assert not path.exists()
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("trouble", [RuntimeError, KeyboardInterrupt])
def test_what_was_there_stays_when_it_does_not(tmp_path: Path, trouble: type[BaseException]) -> None:
    path = tmp_path / "venue.json"
    path.write_text("old")

    def fail() -> None:
        with whole_file(path) as partial:
            partial.write_text("half of the n")
            raise trouble

    with pytest.raises(trouble):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_refusal_of_the_system_is_one_line(tmp_path: Path) -> None:
    with (
        pytest.raises(LivesingError, match="cannot be written: No such file"),
        whole_file(tmp_path / "nowhere" / "a.json") as partial,
    ):
        partial.write_text("content")


def test_nothing_written_is_a_refusal_too(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with pytest.raises(LivesingError, match=r"a\.json cannot be written"), whole_file(path):
        pass
    assert not path.exists()


def test_what_is_no_plain_file_is_written_to_and_stays(tmp_path: Path) -> None:
    """As /dev/stdout and /dev/null, which must not be replaced."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with whole_file(pipe) as place:
            place.write_text("content")
        assert os.read(reader, 99) == b"content"
        assert pipe.is_fifo()
        assert list(tmp_path.iterdir()) == [pipe]
    finally:
        os.close(reader)
