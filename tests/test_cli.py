"""The command line: every command documents itself, and every bad word is one clear line and exit code 2."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from livesing.cli import LATER, main

Run = Callable[..., subprocess.CompletedProcess[str]]
COMMANDS = ("live", "render", "story", "analyse", "dream", "presets", "bench", "doctor")


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """`refused(*words)`: runs the command, which must end with 2 and one line -> that line."""

    def run(*words: str | Path) -> str:
        assert main([str(word) for word in words]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        lines = [line for line in err.splitlines() if line]
        assert len(lines) == 1, err
        assert lines[0].startswith("livesing: ")
        return lines[0]

    return run


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    assert "usage: livesing" in capsys.readouterr().out


@pytest.mark.parametrize("command", LATER)
def test_commands_to_come_say_so(command: str, refused: Callable[..., str]) -> None:
    assert command in refused(command, "whatever")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["sing"], "sing"),
        (["live", "--fps", "many"], "--fps"),
        (["live", "--fps", "0"], "--fps"),
        (["live", "--seconds", "-1"], "--seconds"),
        (["live", "--seconds", "nan"], "--seconds"),
        (["live", "--windowed", "wide"], "wide"),
        (["live", "--windowed", "0x0"], "0x0"),
        (["live", "--osc", "nowhere"], "nowhere"),
        (["live", "--osc", "127.0.0.1:99999"], "99999"),
        (["live", "--headless", "--preset", "nope", "--audio", "demo"], "aurora"),
        (["live", "--presets", "/nowhere/at/all", "--headless", "--audio", "demo"], "/nowhere/at/all"),
        (["live", "--report", "/nowhere/at/all/r.json"], "/nowhere/at/all"),
        (["live", "-o", "x.mp4"], "--headless"),
        (["dream", "-o", "x.xyz"], ".xyz"),
        (["dream", "-o", "x.png", "--class", "1000"], "999"),
        (["dream", "-o", "x.png", "--mood", "happy"], "happy"),
        (["dream", "-o", "x.png", "--mood", "nan,0"], "nan"),
        (["dream", "-o", "x.png", "--generator", "other"], "other"),
        (["dream", "-o", "x.png", "--walk", "1"], ".mp4"),
        (["dream"], "-o"),
        (["dream", "-o", "x.png", "--seed", "-1"], "-1"),
        (["dream", "-o", "x.png", "--mood", "0,0", "--translator", "nobody"], "nobody"),
        (["render", "nowhere.wav", "-o", "x.mp4", "--seed", "-1"], "-1"),
        (["live", "--seed", "one"], "one"),
        (["story", "nowhere.wav", "-o", "x.bmp"], ".png"),
        (["analyse", "nowhere.wav"], "nowhere.wav"),
        (["render", "nowhere.wav", "-o", "x.mp4"], "nowhere.wav"),
        (["presets", "check", "nowhere.toml"], "nowhere.toml:1"),
        (["bench", "nothing"], "nothing"),
        (["bench", "osc", "--json"], "bench osc"),
        (["live", "--venue", "hall"], "no venue 'hall'"),
        (["bench", "render", "--frames", "0"], "--frames"),
    ],
)
def test_bad_words_are_refused_in_one_line(
    words: list[str], part: str, refused: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert part in refused(*words)
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


def test_a_wrong_device_names_those_there_are(run_livesing: Run, pulse: object) -> None:
    env: dict[str, str] = pulse.env  # type: ignore[attr-defined]
    done = run_livesing(["live", "--audio", "Fender Rhodes", "--headless"], env=env)
    assert done.returncode == 2
    assert "'Fender Rhodes'" in done.stderr
    assert "pulse" in done.stderr
    assert "Traceback" not in done.stderr
    done = run_livesing(["live", "--audio", "pulse:77", "--headless"], env=env)
    assert done.returncode == 2
    assert "has channels 1 to" in done.stderr


@pytest.mark.parametrize("content", [b"", b"RIFF", b"this is no music at all" * 100])
@pytest.mark.parametrize("command", ["live", "analyse", "render"])
def test_an_unreadable_sound_file_is_refused(
    command: str, content: bytes, refused: Callable[..., str], tmp_path: Path
) -> None:
    path = tmp_path / "noise.wav"
    path.write_bytes(content)
    words = {
        "live": ["live", "--headless", "--audio"],
        "analyse": ["analyse"],
        "render": ["render", "-o", "x.mp4"],
    }
    assert "noise.wav" in refused(*words[command], path)


def test_a_sound_file_without_samples_is_refused(refused: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    soundfile.write(path, [], 44100)
    assert "holds no sound" in refused("live", "--headless", "--audio", path)


def test_presets_list_and_check(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["presets", "list"]) == 0
    assert "aurora" in capsys.readouterr().out
    good = tmp_path / "good.toml"
    good.write_text("[light]\npulse = 0.2\nmystery = 3\n")
    assert main(["presets", "check", str(good)]) == 0
    out, err = capsys.readouterr()
    assert "good preset" in out
    assert "good.toml:3" in err
    good.write_text("[light]\npulse = 'loud'\n")
    assert main(["presets", "check", str(good)]) == 2
    assert "good.toml:2" in capsys.readouterr().err


def test_a_closed_pipe_is_no_crash(run_livesing: Run, tmp_path: Path) -> None:
    import sys

    import numpy as np

    soundfile.write(tmp_path / "long.wav", np.zeros(8000 * 600), 8000)
    words = f"{sys.executable} -m livesing analyse {tmp_path}/long.wav | head -n 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", words], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("time_s,valence,arousal")
    assert "Traceback" not in done.stderr
