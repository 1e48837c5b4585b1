"""When a key was pressed, in a window whose frames come far apart."""

import json
import os
import subprocess
import sys

import numpy as np
from conftest import ROOT, _need

PRESSES = 16
CODE = f"""
import json, subprocess, time
from livesing.clock import now
from livesing.stage.window import WindowSurface

surface = WindowSurface(320, 200)
for _ in range(10):
    surface.swap()
    surface.wait(0.02)
hand = subprocess.Popen(["xdotool", "mousemove", "100", "100", "key", "--delay", "71", *"t" * {PRESSES}])
presses, ends, end = [], [], now() + 20
while now() < end and len(presses) < {PRESSES}:
    time.sleep(0.012)  # a frame is drawn, and nobody looks
    surface.wait(0.045)
    new = surface.poll()
    presses += new
    ends += [now()] * len(new)
hand.wait()
print(json.dumps([[press.key for press in presses], [press.time for press in presses], ends]))
"""


def off_the_line(times: list[float]) -> float:
    """Median distance of evenly spaced events from the straight line through their times, s."""
    number = np.arange(len(times))
    return float(np.median(np.abs(times - np.polyval(np.polyfit(number, times, 1), number))))


def test_a_press_is_told_by_when_it_came_and_not_by_the_frame(xvfb: str) -> None:
    _need("xdotool")
    env = {**os.environ, "DISPLAY": xvfb, "PYTHONPATH": str(ROOT)}
    child = subprocess.run(
        [sys.executable, "-c", CODE], env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert child.returncode == 0, child.stderr
    keys, times, ends = json.loads(child.stdout)
    assert keys == ["t"] * PRESSES
    assert all(time < end for time, end in zip(times, ends, strict=True))
    assert off_the_line(times) < 0.4 * off_the_line(ends)
