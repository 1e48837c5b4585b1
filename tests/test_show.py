"""The whole show on real parts: sound through a sound server, a window on a screen, OSC through a socket."""

import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import ROOT, PulseServer, RunLivesing, StartLivesing, _need
from stage_hand import SIZE, StageHand, free_port

RATE = 48000
AT_EASE = ("--fps", "12")
"""Where the rate is not what is tested: it leaves the tests beside room."""
Open = Callable[..., StageHand]


@pytest.fixture
def open_show(xvfb: str, start_livesing: StartLivesing, tmp_path: Path) -> Iterator[Open]:
    """`open_show(*args, pulse=None)` -> a hand on a show in a window of 640x360."""
    _need("xdotool")
    hands: list[StageHand] = []

    def start(*args: str | Path, pulse: PulseServer | None = None) -> StageHand:
        port, report = free_port(), tmp_path / "report.json"
        env = {"DISPLAY": xvfb, **(pulse.env if pulse else {})}
        words = ["live", "--windowed", "{}x{}".format(*SIZE), "--osc", str(port), "--report", report, *args]
        hands.append(StageHand(start_livesing(words, env), xvfb, port, report, env))
        return hands[-1]

    yield start
    for hand in hands:
        hand.line.close()


@pytest.fixture(scope="module")
def looks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the presets, to break one on stage."""
    return Path(shutil.copytree(ROOT / "presets", tmp_path_factory.mktemp("stage") / "looks"))


@pytest.fixture(scope="module")
def long_show(
    xvfb: str, start_livesing_once: StartLivesing, demo_piece: Path, looks: Path
) -> Iterator[StageHand]:
    """A hand on one show of the demo piece, which several tests steer one after the other."""
    _need("xdotool")
    port, report = free_port(), looks.parent / "report.json"
    env = {"DISPLAY": xvfb}
    words = ["live", "--windowed", "{}x{}".format(*SIZE), "--osc", str(port), "--report", report]
    words += ["--audio", "demo", "--mute", "--presets", looks, *AT_EASE]
    hand = StageHand(start_livesing_once(words, env), xvfb, port, report, env)
    hand.wait_for_dream()
    yield hand
    hand.line.close()


@pytest.fixture(scope="session")
def drums(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty seconds at 125 BPM, loud: kick on every beat, noise on every other, a bass in between."""
    rng = np.random.default_rng(0)
    beat = round(RATE * 60 / 125)
    t = np.arange(beat) / RATE
    kick = np.sin(2 * np.pi * (45 * t + 6 * (1 - np.exp(-t * 30)))) * np.exp(-t * 9)
    snare = rng.normal(size=beat) * np.exp(-t * 22) * 0.5
    bass = np.sign(np.sin(2 * np.pi * 55 * t)) * 0.15 * (t > 0.24)
    bar = np.concatenate([kick + bass, kick + snare + bass] * 2)
    path = tmp_path_factory.mktemp("sound") / "drums.wav"
    soundfile.write(path, np.tile(bar, 15) * 0.7, RATE)
    return path


def motion(pictures: np.ndarray) -> float:
    """How much a picture changes from one screenshot to the next: mean absolute difference, 0..255."""
    return float(np.abs(np.diff(pictures, axis=0)).mean())


def test_sound_from_the_microphone_moves_the_picture(
    open_show: Open, pulse: PulseServer, drums: Path
) -> None:
    hand = open_show(*AT_EASE, pulse=pulse)
    hand.wait_for_dream()
    pulse.play(drums)
    assert hand.listen(8, lambda: hand.figure("level") > 0.3 and hand.figure("hits") > 4), hand.state
    assert hand.listen(8, lambda: hand.figure("arousal") > -0.5), hand.state
    hand.listen(2)
    loud = hand.watch(20, 0.1)  # some beats
    pulse.hush()
    assert hand.listen(12, lambda: hand.figure("arousal") < -1.0 and hand.figure("level") < 0.05), hand.state
    hand.listen(4)  # the composition follows within seconds
    silent = hand.watch(20, 0.1)
    assert motion(loud) > 1.5 * motion(silent), "loud music moves the picture more than silence"
    assert np.abs(loud.mean(0) - silent.mean(0)).mean() > 4, "and it is another picture"
    assert silent.mean() > 12, "silence is never black"
    assert silent.std(axis=(1, 2, 3)).min() > 6, "nor flat"
    report = hand.end()
    assert report["audio"]["overruns"] == 0
    assert "pulse" in report["audio"]["source"].lower() or "default" in report["audio"]["source"].lower()
    assert report["restarts"] == 0
    assert report["faults"] == []
    assert report["latency_ms"]["p50"] > 0
    assert report["frame_ms"]["p50"] <= report["frame_ms"]["p99"] <= report["frame_ms"]["max"]
    assert report["rss_mb"] < 400


# ------------------------------------------------------------------- one show, steered from first to last


def test_osc_steers_and_tells(long_show: StageHand) -> None:
    hand = long_show
    assert hand.state["/livesing/state/preset"] == "aurora"
    bright = hand.watch(3, 0.1).mean()
    hand.say("/livesing/light/brightness", 0.3)
    assert hand.listen(5, lambda: hand.look().mean() < 0.7 * bright)
    hand.say("/livesing/show/preset", 2)
    assert hand.listen(5, lambda: hand.state["/livesing/state/preset"] == "ember")
    hand.say("/livesing/show/next")
    assert hand.listen(5, lambda: hand.state["/livesing/state/preset"] == "tide")
    for nonsense in (b"", b"/", b"\xff" * 40, b"/livesing/light/*\0\0\0,f\0\0\0\0\0\0"):
        hand.line.sendto(nonsense, ("127.0.0.1", hand.port))
    hand.say("/livesing/light/brightness", float("nan"))
    hand.listen(0.5)
    assert hand.figure("fps") > 0
    assert hand.state["/livesing/state/preset"] == "tide"


def tapped(hand: StageHand) -> bool:
    return hand.state.get("/livesing/state/beat_source") == "tap" and 90 < hand.figure("bpm") < 160


def test_keys_steer(long_show: StageHand) -> None:
    hand = long_show
    hand.press("p")
    assert hand.listen(5, lambda: hand.state.get("/livesing/state/preset") == "aurora"), "panic"
    corner = slice(0, 200), slice(0, 300)
    before = hand.look()[corner]
    hand.press("F1")
    assert hand.listen(5, lambda: np.abs(hand.look()[corner] - before).mean() > 15), "F1 shows the figures"
    hand.press("F1")
    hand.press("b")
    assert hand.listen(5, lambda: hand.look().max() == 0), "B fades to black"
    hand.press("b")
    assert hand.listen(5, lambda: hand.look().mean() > 10), "and back"
    hand.press("space")
    hand.listen(0.7)
    assert motion(hand.watch(3, 0.15)) == 0, "space freezes the picture"
    hand.press("space")
    hand.press("4")
    assert hand.listen(5, lambda: hand.state.get("/livesing/state/preset") == "rose-window")
    hand.press("Right")
    assert hand.listen(5, lambda: hand.state.get("/livesing/state/preset") == "sumi")
    for _ in range(3):  # where the machine stalls, taps come in a heap
        hand.tap("t", 6, 400)
        if hand.listen(3, lambda: tapped(hand)):
            break
    assert tapped(hand), "T taps the beat"
    hand.press("r")
    assert hand.listen(5, lambda: hand.figure("bar_confidence") == 1), "R says where the bar begins"
    hand.say("/livesing/beat/release")
    assert hand.listen(5, lambda: hand.state["/livesing/state/beat_source"] == "tracker")
    hand.press("h")
    assert hand.listen(5, lambda: hand.state.get("/livesing/show/hold") == 1)
    hand.press("p")
    assert hand.listen(5, lambda: hand.state.get("/livesing/state/preset") == "aurora"), "panic"
    assert hand.listen(5, lambda: hand.state.get("/livesing/show/hold") == 0), "panic lets go of everything"
    hand.press("s")
    hand.said.append("sound check: listening for up to 30 s")
    hand.press("f")
    assert hand.listen(5, lambda: hand.geometry() == (0, 0, 1280, 720)), "F fills the screen"
    hand.press("f")
    assert hand.listen(5, lambda: hand.geometry()[3] - hand.geometry()[1] == SIZE[1]), "and leaves it"


def test_a_preset_broken_on_stage_is_refused(long_show: StageHand, looks: Path) -> None:
    hand, first = long_show, sorted(looks.iterdir())[0]
    good = first.read_text()
    first.write_text(good + "\n[hue]\nshift = 7\n")
    before = hand.state["/livesing/state/preset"]
    hand.listen(1.5)
    assert hand.state["/livesing/state/preset"] == before, "the look goes on"
    hand.say("/livesing/show/preset", 1)
    first.write_text(good + "\n[hue]\nshift = 0.4\n")
    assert hand.listen(5, lambda: float(hand.state.get("/livesing/hue/shift", 0)) > 0.39), "reloaded on save"
    line = good.count("\n") + 3
    hand.said.append(f"{first.name}:{line}: hue.shift goes from -0.5 to 0.5")


def test_a_killed_generator_comes_back(long_show: StageHand) -> None:
    hand = long_show
    first = hand.generator_pid()
    os.kill(first, signal.SIGKILL)
    assert motion(hand.watch(4, 0.15)) > 0, "the picture goes on"
    assert hand.listen(15, lambda: _is_another(hand, first)), "a new process is started"
    hand.listen(1)
    hand.state.pop("/livesing/state/generator_fps")
    hand.wait_for_dream()
    hand.lost.append("generator")


def test_escape_ends_it_and_the_report_tells_what_was(long_show: StageHand) -> None:
    hand = long_show
    hand.press("Escape")
    report = hand.report()
    assert report["preset"] == hand.state["/livesing/state/preset"]
    assert report["restarts"] == len(hand.lost)
    assert [fault["name"] for fault in report["faults"]] == hand.lost
    assert report["frame_ms"]["max"] < 1000 * report["seconds"] / 4, "the window never stood still"
    for words in hand.said:
        assert words in hand.errors


def _is_another(hand: StageHand, first: int) -> bool:
    try:
        return hand.generator_pid() != first
    except (AssertionError, FileNotFoundError):
        return False


# ------------------------------------------------------------------------------------------------ others


def test_a_lost_sound_card_does_not_stop_the_show(
    open_show: Open, own_pulse: PulseServer, drums: Path
) -> None:
    hand = open_show("--audio", "pulse", *AT_EASE, pulse=own_pulse)
    own_pulse.play(drums)
    assert hand.listen(30, lambda: hand.figure("hits") > 2)
    own_pulse.stop()
    assert hand.listen(20, lambda: hand.figure("level") < 0.05), "what is not heard is not shown"
    hand.listen(4)  # between two beats it is quiet as well; the fault takes a moment to be noticed
    assert hand.figure("fps") > 0
    faults = hand.end()["faults"]
    assert any(fault["name"] == "audio" for fault in faults)


def test_a_taken_port_costs_only_osc_and_is_taken_over_when_free(open_show: Open, demo_piece: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        hand = open_show("--audio", "demo", "--mute", "--osc", str(port))
        hand.port = port
        hand.geometry()  # the window opens all the same
        assert not hand.listen(2, lambda: bool(hand.state)), "nobody answers"
    assert hand.listen(20, lambda: hand.figure("fps") > 0), "the port is free, and the show has it"
    assert [fault["name"] for fault in hand.end()["faults"]] == ["OSC", "OSC"]
    assert f"OSC: port {port} on 127.0.0.1 is taken" in hand.errors


def test_headless_without_a_display(run_livesing: RunLivesing, drums: Path, tmp_path: Path) -> None:
    import av

    words = ["live", "--audio", drums, "--mute", "--seconds", "2.5", "--report", "r.json"]
    done = run_livesing([*words, "--feeling", "paper"], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    films = list(tmp_path.glob("livesing-*.mp4"))
    assert len(films) == 1
    assert str(films[0]) in done.stderr, "it says where"
    with av.open(str(films[0])) as film:
        assert film.streams.video[0].width == SIZE[0]
        pictures = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
        assert len(pictures) > 10
        assert np.abs(pictures[0].astype(float) - pictures[-1]).mean() > 1
    with av.open(str(films[0])) as film:
        sound = np.concatenate([frame.to_ndarray().ravel() for frame in film.decode(audio=0)])
        assert np.abs(sound).max() > 0.2, "the film has the sound"
        assert abs(len(sound) / 48000 - 2.5) < 1.5


def test_an_unknown_estimator_is_refused(run_livesing: RunLivesing) -> None:
    done = run_livesing(["live", "--headless", "--audio", "demo", "--feeling", "nobody"])
    assert done.returncode == 2
    assert "there is no feeling 'nobody'; there are: cues, paper, deam" in done.stderr


@pytest.mark.parametrize("seconds", [0.6, 1.5])
def test_asked_to_end_while_it_opens_it_ends_in_order(
    seconds: float, start_livesing: StartLivesing, demo_piece: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    words = ["live", "--headless", "--audio", "demo", "--osc", str(free_port()), "--report", report]
    show = start_livesing([*words, "-o", tmp_path / "film.mp4"])
    time.sleep(seconds)
    show.terminate()
    _, errors = show.communicate(timeout=40)
    early = show.returncode == -signal.SIGTERM and not errors  # Python itself was still starting
    assert early or (show.returncode == 0 and "frames" in json.loads(report.read_text())), errors
