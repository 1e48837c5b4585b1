"""`livesing features` and `livesing bench features`: what they write, and what they refuse."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr
from sounds import drum_loop, song, white

from livesing.audio.paper import file_features
from livesing.cli import main

RATE = 44_100


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """5.3 s of a band, a little different in either ear."""
    sound = song(RATE, 5.3, minor=False) + drum_loop(RATE, 5.3, 120.0)[0]
    path = tmp_path / "music.wav"
    soundfile.write(path, np.stack((sound, 0.8 * sound), axis=1), RATE, subtype="FLOAT")
    return path


def test_rows_and_times(music: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.npz"
    assert main(["features", str(music), "-o", str(out)]) == 0
    with np.load(out) as found:
        assert set(found) == {"x", "t"}
        x, t = found["x"], found["t"]
    assert x.shape == (10, 9156) and x.dtype == np.float32
    assert t.tolist() == [0.5 * (row + 1) for row in range(10)]
    sound = soundfile.read(music, dtype="float32")[0].mean(axis=1, dtype=np.float32)
    assert np.array_equal(x.reshape(10, 21, 436), list(file_features(lambda: [sound], RATE)))


def test_the_stream_has_the_same_rows_and_other_values(music: Path, tmp_path: Path) -> None:
    found = []
    for words in ([], ["--stream"], ["--stream", "--no-prediction"]):
        assert main(["features", str(music), "-o", str(tmp_path / "out.npz"), *words]) == 0
        with np.load(tmp_path / "out.npz") as file:
            found.append(file["x"].reshape(10, 21, 436))
    whole, predicted, plain = found
    assert np.array_equal(predicted[..., :40], plain[..., :40])
    assert np.array_equal(predicted[..., 424:], plain[..., 424:])
    assert not np.array_equal(predicted[..., 40:424], plain[..., 40:424])
    assert np.corrcoef(predicted.ravel(), whole.ravel())[0, 1] > 0.9


@pytest.mark.parametrize(
    ("rate", "duration_s", "channels"),
    [(44_100, 0.6, 1), (48_000, 0.5, 2), (37_123, 1.3, 1), (8_000, 0.7, 8)],
)
def test_short_files_of_odd_rates_and_channels_have_the_features_of_librosa(
    librosa: Any, tmp_path: Path, rate: int, duration_s: float, channels: int
) -> None:
    sound = song(rate, duration_s, minor=True) + drum_loop(rate, duration_s, 150.0)[0]
    sides = np.stack([np.roll(sound, 7 * side) for side in range(channels)], axis=1)
    soundfile.write(tmp_path / "short.wav", sides, rate, subtype="FLOAT")
    assert main(["features", str(tmp_path / "short.wav"), "-o", str(tmp_path / "out.npz")]) == 0
    with np.load(tmp_path / "out.npz") as found:
        x = found["x"].reshape(-1, 436)
    assert len(x) == 21 * int(2 * duration_s)
    settings = {"y": soxr.resample(sides.mean(axis=1), rate, 21_504), "sr": 21_504, "hop_length": 512}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that the sound is short
        mfcc = librosa.feature.mfcc(n_mfcc=40, **settings).T[: len(x)]
        tempogram = librosa.feature.tempogram(**settings).T[: len(x)]
        cens = librosa.feature.chroma_cens(**settings).T[: len(x)]
    assert np.abs(x[:, :40] - mfcc).max() < 1e-5 * np.abs(mfcc).max()
    assert np.abs(x[:, 40:424] - tempogram).max() < 1e-5
    assert np.corrcoef(x[:, 424:].ravel(), cens.ravel())[0, 1] > 0.999


@pytest.mark.parametrize("duration_s", [0.01, 0.49])
@pytest.mark.parametrize("words", [[], ["--stream"]])
def test_too_short_a_sound_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], duration_s: float, words: list[str]
) -> None:
    soundfile.write(tmp_path / "short.wav", white(RATE, duration_s, -20.0), RATE)
    assert main(["features", str(tmp_path / "short.wav"), "-o", str(tmp_path / "out.npz"), *words]) == 2
    assert (
        capsys.readouterr().err
        == "livesing: short.wav is shorter than the 0.5 s that one row of features takes\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["short.wav"]


def test_nothing_half_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    for words in (
        ["bad.wav", "-o", "out.npz"],
        ["none.wav", "-o", "out.npz"],
        ["bad.wav", "-o", "no/out.npz"],
    ):
        paths = [word if word.startswith("-") else str(tmp_path / word) for word in words]
        assert main(["features", *paths]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.wav"]


def test_what_is_read_is_not_written_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, song(RATE, 0.6, minor=True), RATE)
    before = path.read_bytes()
    for command in ("features", "analyse", "render", "story"):
        assert main([command, str(path), "-o", str(tmp_path / ".." / tmp_path.name / "a.wav")]) == 2
        assert "is what is to be read" in capsys.readouterr().err
    assert path.read_bytes() == before
    assert main(["features", str(path), "-o", "/dev/null"]) == 0  # where nothing can be sought


def test_a_prediction_can_only_be_left_out_of_a_stream(
    music: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["features", str(music), "-o", str(music.parent / "out.npz"), "--no-prediction"]) == 2
    assert "goes with --stream" in capsys.readouterr().err


def test_an_old_output_stays_where_the_new_one_fails(music: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.npz"
    assert main(["features", str(music), "-o", str(out)]) == 0
    before = out.read_bytes()
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    assert main(["features", str(tmp_path / "bad.wav"), "-o", str(out)]) == 2
    assert out.read_bytes() == before


def test_infinite_samples_are_heard_as_silence(tmp_path: Path) -> None:
    sound = np.stack([song(RATE, 2.0, minor=True)] * 2, axis=1)
    sound[20_000:20_010] = np.inf, -np.inf
    sound[30_000] = np.nan
    soundfile.write(tmp_path / "bad.wav", sound, RATE, subtype="FLOAT")
    assert main(["features", str(tmp_path / "bad.wav"), "-o", str(tmp_path / "out.npz")]) == 0
    with np.load(tmp_path / "out.npz") as found:
        assert found["x"].shape == (4, 9156) and np.isfinite(found["x"]).all()


@pytest.mark.usefixtures("librosa")
def test_bench_features_states_time_and_agreement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rate = 22_050
    path = tmp_path / "music.wav"
    soundfile.write(path, song(rate, 11.5, minor=False) + drum_loop(rate, 11.5, 96.0)[0], rate)
    assert main(["bench", "features", "--json", "--audio", str(path)]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["ratio"] == pytest.approx(result["ms_per_hop"] / result["librosa_ms_per_hop"], rel=0.05)
    assert result["ratio"] < 0.2
    cues = result["cues"]
    assert cues["ratio"] == pytest.approx(cues["ms_per_hop"] / result["librosa_ms_per_hop"], rel=0.05)
    assert 0.0 < cues["ms_per_hop"] <= cues["p99_ms"]
    assert result["librosa_hops"] == 4
    assert set(result["correlation"]) == {"mfcc", "tempogram", "cens"}
    for part, value in result["correlation"].items():
        assert result["librosa_correlation"][part] - 0.005 <= value <= 1.0
        assert result["margin"][part] == pytest.approx(value - result["librosa_correlation"][part])
    assert result["file"]["mfcc_error"] < 1e-4 and result["file"]["tempogram_error"] < 1e-4
    assert result["file"]["cens_correlation"] > 0.999
    assert main(["bench", "features", "--audio", str(path), "--seconds", "11"]) == 0
    told = capsys.readouterr().out
    assert "librosa" in told and "cues and feeling" in told


@pytest.mark.usefixtures("librosa")
def test_bench_features_refuses_what_it_cannot_measure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    soundfile.write(tmp_path / "short.wav", white(RATE, 4.0, -20.0), RATE)
    assert main(["bench", "features", "--json", "--audio", str(tmp_path / "short.wav")]) == 2
    assert "10.5 s" in capsys.readouterr().err
    monkeypatch.setitem(__import__("sys").modules, "librosa", None)  # as where it is not installed
    assert main(["bench", "features", "--json"]) == 2
    assert capsys.readouterr().err.startswith("livesing: 'bench features' measures against librosa")
