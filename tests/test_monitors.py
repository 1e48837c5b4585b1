"""Two monitors, one of which is unplugged and plugged in again while the show is on it."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import StartLivesing, _end
from stage_hand import StageHand, free_port

CONFIGURATION = """
Section "Device"
  Identifier "card"
  Driver "dummy"
  VideoRam 256000
EndSection
Section "Monitor"
  Identifier "monitor"
  HorizSync 5.0-1000.0
  VertRefresh 5.0-200.0
EndSection
Section "Screen"
  Identifier "screen"
  Device "card"
  Monitor "monitor"
  DefaultDepth 24
  SubSection "Display"
    Depth 24
    Virtual 3840 1080
    Modes "1280x720" "1024x768"
  EndSubSection
EndSection
"""
MODE = ["74.50", "1280", "1344", "1472", "1664", "720", "723", "728", "748", "-hsync", "+vsync"]
DISPLAY = ":93"


def xrandr(*words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "DISPLAY": DISPLAY}
    return subprocess.run(
        ["xrandr", *words], env=env, capture_output=True, text=True, check=False, timeout=20
    )


@pytest.fixture
def two_monitors(tmp_path: Path) -> Iterator[str]:
    """An X server with DUMMY0 (1280x720 at 0,0) and DUMMY1 (1280x720 at 1280,0) -> its display."""
    if (
        os.name != "posix"
        or os.geteuid() != 0
        or shutil.which("Xorg") is None
        or shutil.which("xrandr") is None
    ):
        pytest.skip("needs Xorg with the dummy driver, xrandr, and root to start it")
    file = tmp_path / "xorg.conf"
    file.write_text(CONFIGURATION)
    command = ["Xorg", DISPLAY, "-noreset", "-novtswitch", "-sharevts", "-nolisten", "tcp"]
    command += ["-config", str(file), "-logfile", str(tmp_path / "xorg.log")]
    with (tmp_path / "xorg.out").open("w") as out:
        server = subprocess.Popen(command, stdout=out, stderr=out, text=True, start_new_session=True)
    try:
        for _ in range(100):
            if xrandr().returncode == 0:
                break
            time.sleep(0.1)
        xrandr("--newmode", "show", *MODE)
        xrandr("--addmode", "DUMMY1", "show")
        plug()
        if "DUMMY1 connected 1280x720+1280+0" not in xrandr().stdout:
            pytest.skip(f"the dummy driver gives no second monitor: {xrandr().stdout[:300]}")
        yield DISPLAY
    finally:
        _end(server)


def plug() -> None:
    words = ["--output", "DUMMY0", "--mode", "1280x720", "--pos", "0x0"]
    xrandr(*words, "--output", "DUMMY1", "--mode", "show", "--pos", "1280x0")


def becomes(hand: StageHand, place: tuple[int, int, int, int]) -> bool:
    """Whether the window comes to lie there within some seconds."""
    return hand.listen(10, lambda: hand.geometry() == place)


def test_the_show_follows_its_monitor(
    two_monitors: str, start_livesing: StartLivesing, demo_piece: Path, tmp_path: Path
) -> None:
    if shutil.which("xdotool") is None:
        pytest.skip("needs xdotool")
    port, report, env = free_port(), tmp_path / "report.json", {"DISPLAY": two_monitors}
    words = ["live", "--audio", "demo", "--mute", "--osc", str(port), "--report", report, "--fps", "12"]
    words += ["--monitor", "dummy1"]
    hand = StageHand(start_livesing(words, env), two_monitors, port, report, env)
    try:
        assert becomes(hand, (1280, 0, 2560, 720)), "full screen on the monitor that was named"
        xrandr("--output", "DUMMY1", "--off")
        assert hand.listen(10, lambda: hand.geometry()[0] < 1280), "unplugged: a window on what is left"
        plug()
        assert becomes(hand, (1280, 0, 2560, 720)), "plugged in again: back it goes"
        hand.press("m")
        assert becomes(hand, (0, 0, 1280, 720)), "M goes to the next"
        assert hand.listen(5, lambda: hand.figure("fps") > 0), "and tells its rate"
        result = hand.end()
    finally:
        hand.line.close()
    assert result["faults"] == []


def test_a_wrong_monitor_names_those_there_are(
    two_monitors: str, run_livesing: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = run_livesing(
        ["live", "--audio", "demo", "--mute", "--monitor", "Epson"], env={"DISPLAY": two_monitors}
    )
    assert done.returncode == 2
    assert "'Epson'" in done.stderr
    assert "DUMMY0" in done.stderr
    assert "Traceback" not in done.stderr
