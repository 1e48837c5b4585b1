"""`livesing analyse`: a row every half second, the same in a stream, and nothing half-written."""

import csv
import re
from contextlib import redirect_stderr
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sounds import drum_loop

from livesing.cli import main

RATE = 44100


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("song") / "song.wav"
    soundfile.write(path, drum_loop(RATE, 10.0, 120)[0], RATE)
    return path


@pytest.fixture(scope="module")
def analysed(song: Path) -> Path:
    """The folder where its rows, out.csv, its beats, beats.txt, and what was told, told.txt, are."""
    words = ["analyse", str(song), "-o", str(song.parent / "out.csv")]
    with (song.parent / "told.txt").open("w") as told, redirect_stderr(told):
        assert main([*words, "--beats", str(song.parent / "beats.txt")]) == 0
    return song.parent


def rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_a_row_per_half_second(analysed: Path) -> None:
    found = rows(analysed / "out.csv")
    columns = [
        "time_s",
        "valence",
        "arousal",
        "confidence",
        "key",
        "mode",
        "bpm",
        "onset_rate",
        "loudness_db",
    ]
    assert list(found[0]) == columns
    assert [float(row["time_s"]) for row in found] == [0.5 * (n + 1) for n in range(len(found))]
    assert len(found) in (19, 20)
    for row in found:
        assert all(np.isfinite(float(row[name])) for name in columns if name not in ("key", "mode"))
        assert row["mode"] in ("major", "minor", "")


def test_the_stream_agrees_with_the_file(song: Path, analysed: Path, tmp_path: Path) -> None:
    assert main(["analyse", str(song), "--stream", "-o", str(tmp_path / "stream.csv")]) == 0
    assert rows(analysed / "out.csv") == rows(tmp_path / "stream.csv")


def test_beats_of_a_loop(analysed: Path) -> None:
    times = np.array([float(line) for line in (analysed / "beats.txt").read_text().split()])
    settled = np.diff(times[times > 5])
    assert np.median(settled) == pytest.approx(0.5, rel=0.04)


def test_the_tempo_of_the_beats_is_told_with_a_second_opinion(analysed: Path) -> None:
    told = (analysed / "told.txt").read_text()
    assert told.count("\n") == 1
    ours, aubios = (float(word) for word in re.findall(r"\d+\.\d", told))
    assert ours == pytest.approx(120.0, rel=0.03)
    assert min(abs(aubios / 120.0 / level - 1.0) for level in (0.5, 1.0, 2.0)) < 0.05


def test_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    assert main(["analyse", str(tmp_path / "bad.wav"), "-o", str(tmp_path / "out.csv")]) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.wav"]


def test_both_outputs_need_files_of_their_own(
    song: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    same = tmp_path / ".." / tmp_path.name / "out"
    assert main(["analyse", str(song), "-o", str(out), "--beats", str(same)]) == 2
    assert "cannot take both outputs" in capsys.readouterr().err
    assert not out.exists()
