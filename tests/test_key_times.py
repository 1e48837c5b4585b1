"""When a key was pressed, in a window whose frames come far apart."""

import ctypes.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT

PRESSES = 16
CODE = f"""
import ctypes, json, threading, time
from livesing.clock import now
from livesing.stage.window import WindowSurface

x11, xtst = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXtst.so.6")
x11.XOpenDisplay.restype = ctypes.c_void_p
x11.XStringToKeysym.restype = ctypes.c_ulong
surface = WindowSurface(320, 200)
for _ in range(10):
    surface.swap()
    surface.wait(0.02)
hand = ctypes.c_void_p(x11.XOpenDisplay(None))
code = x11.XKeysymToKeycode(hand, ctypes.c_ulong(x11.XStringToKeysym(b"t")))
xtst.XTestFakeMotionEvent(hand, -1, 100, 100, ctypes.c_ulong(0))
x11.XSync(hand, 0)
sent = []

def press():
    for number in range({PRESSES}):
        time.sleep(0.071)
        sent.append(now())
        xtst.XTestFakeKeyEvent(hand, code, 1, ctypes.c_ulong(0))
        xtst.XTestFakeKeyEvent(hand, code, 0, ctypes.c_ulong(0))
        x11.XFlush(hand)

threading.Thread(target=press).start()
presses, ends, end = [], [], now() + 30
while now() < end and len(presses) < {PRESSES}:
    time.sleep(0.012)  # a frame is drawn, and nobody looks
    surface.wait(0.045)
    new = surface.poll()
    presses += new
    ends += [now()] * len(new)
print(json.dumps([[press.key for press in presses], sent, [press.time for press in presses], ends]))
"""


def test_a_press_is_told_by_when_it_came_and_not_by_the_frame(xvfb: str) -> None:
    if ctypes.util.find_library("Xtst") is None:
        pytest.skip("needs libXtst, which comes with xdotool")
    env = {**os.environ, "DISPLAY": xvfb, "PYTHONPATH": str(ROOT)}
    child = subprocess.run(
        [sys.executable, "-c", CODE], env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert child.returncode == 0, child.stderr
    keys, *times = json.loads(child.stdout)
    assert keys == ["t"] * PRESSES
    sent, told, ends = np.array(times)
    assert (told < ends).all()
    assert np.median(np.abs(told - sent)) < 0.5 * np.median(ends - sent)
