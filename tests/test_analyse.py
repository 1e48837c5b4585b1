"""`livesing analyse`: a row every half second, the same in a stream, and nothing half-written."""

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sounds import drum_loop

from livesing.cli import main

RATE = 44100


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.wav"
    soundfile.write(path, drum_loop(RATE, 14.0, 120)[0], RATE)
    return path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_a_row_per_half_second(song: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert main(["analyse", str(song), "-o", str(out)]) == 0
    found = rows(out)
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
    assert len(found) in (27, 28)
    for row in found:
        assert all(np.isfinite(float(row[name])) for name in columns if name not in ("key", "mode"))
        assert row["mode"] in ("major", "minor", "")


def test_the_stream_agrees_with_the_file(song: Path, tmp_path: Path) -> None:
    whole, stream = tmp_path / "whole.csv", tmp_path / "stream.csv"
    assert main(["analyse", str(song), "-o", str(whole)]) == 0
    assert main(["analyse", str(song), "--stream", "-o", str(stream)]) == 0
    assert rows(whole) == rows(stream)


def test_beats_of_a_loop(song: Path, tmp_path: Path) -> None:
    beats = tmp_path / "beats.txt"
    assert main(["analyse", str(song), "-o", str(tmp_path / "x.csv"), "--beats", str(beats)]) == 0
    times = np.array([float(line) for line in beats.read_text().split()])
    settled = np.diff(times[times > 8])
    assert np.median(settled) == pytest.approx(0.5, rel=0.04)


def test_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    assert main(["analyse", str(tmp_path / "bad.wav"), "-o", str(tmp_path / "out.csv")]) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.wav"]
