"""A hand on a running show, for tests: looks at its window, presses its keys, speaks OSC with it."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageGrab
from pythonosc.osc_message_builder import OscMessageBuilder

from livesing.control.osc_packet import decode

SIZE = (640, 360)


def free_port() -> int:
    """A UDP port that nobody has at the moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class StageHand:
    """Works on one show that was started with `--osc port --report report`."""

    process: subprocess.Popen[str]
    display: str
    port: int
    report_path: Path
    env: dict[str, str]
    line: socket.socket = field(init=False)
    state: dict[str, float | str] = field(default_factory=dict)
    """Newest value of every OSC address that the show has sent."""
    said: list[str] = field(default_factory=list)
    """What the show is to have said by its end."""
    lost: list[str] = field(default_factory=list)
    """Parts that were made to fail, by the names of their faults."""

    def __post_init__(self) -> None:
        self.line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.line.bind(("127.0.0.1", 0))

    # -- OSC

    def say(self, address: str, *values: float) -> None:
        """Send one OSC message."""
        builder = OscMessageBuilder(address)
        for value in values:
            builder.add_arg(value)
        self.line.sendto(builder.build().dgram, ("127.0.0.1", self.port))

    def listen(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Take in state for a while; True as soon as `until` holds, False when the time is over."""
        end = time.perf_counter() + seconds
        self.say("/livesing/subscribe")
        asked = time.perf_counter()
        while time.perf_counter() < end:
            if until():
                return True
            if self.process.poll() is not None:
                raise AssertionError(
                    f"the show ended: {self.process.stderr.read() if self.process.stderr else ''}"
                )
            if time.perf_counter() - asked > 1.0:
                self.say("/livesing/subscribe")
                asked = time.perf_counter()
            self.line.settimeout(0.1)
            try:
                packet = self.line.recv(65536)
            except (TimeoutError, ConnectionRefusedError):
                continue
            for message in decode(packet):
                if message.args and message.args[0] is not None:
                    self.state[message.address] = message.args[0]
        return until()

    def figure(self, word: str) -> float:
        """A number of the live state; 0 before it came."""
        return float(self.state.get(f"/livesing/state/{word}", 0.0))

    def wait_for_dream(self, seconds: float = 40) -> None:
        """Until generated frames arrive."""
        assert self.listen(seconds, lambda: self.figure("generator_fps") > 0), "no generated frames"

    # -- the window

    def geometry(self) -> tuple[int, int, int, int]:
        """The window's place on the screen: left, top, right, bottom."""
        for _ in range(100):
            found = self._xdotool("search", "--name", "^livesing$")
            if found.stdout.split():
                window = found.stdout.split()[0]
                lines = self._xdotool("getwindowgeometry", "--shell", window).stdout.splitlines()
                values = dict(line.split("=") for line in lines if "=" in line)
                x, y = int(values["X"]), int(values["Y"])
                return x, y, x + int(values["WIDTH"]), y + int(values["HEIGHT"])
            time.sleep(0.05)
        raise AssertionError("there is no window")

    def look(self) -> np.ndarray:
        """A screenshot of the window, [h, w, 3] float 0..255."""
        shot: Image.Image = ImageGrab.grab(xdisplay=self.display)
        return np.asarray(shot.crop(self.geometry()).convert("RGB"), np.float64)

    def watch(self, shots: int, pause: float) -> np.ndarray:
        """Several screenshots -> [shots, h, w, 3]."""
        pictures = []
        for _ in range(shots):
            pictures.append(self.look())
            time.sleep(pause)
        return np.stack(pictures)

    def press(self, key: str) -> None:
        """Press and release a key, by X's name for it."""
        left, top, right, bottom = self.geometry()
        self._xdotool("mousemove", str((left + right) // 2), str((top + bottom) // 2))
        self._xdotool("key", key)

    def tap(self, key: str, times: int, period_ms: int) -> None:
        """Press a key again and again, evenly."""
        self._xdotool("key", "--delay", str(period_ms), *[key] * times)

    def _xdotool(self, *words: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "DISPLAY": self.display}
        return subprocess.run(
            ["xdotool", *words], env=env, capture_output=True, text=True, check=False, timeout=20
        )

    # -- its processes and its end

    def generator_pid(self) -> int:
        """The process id of the show's generator process."""
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return int(child)
        raise AssertionError("there is no generator process")

    def end(self) -> dict:
        """Ask the show to end as a service manager would -> its report."""
        self.process.send_signal(signal.SIGTERM)
        return self.report()

    def report(self, timeout: float = 30) -> dict:
        """Wait for the show's end -> its report; it must have ended well."""
        _, self.errors = self.process.communicate(timeout=timeout)
        assert self.process.returncode == 0, self.errors
        result: dict = json.loads(self.report_path.read_text())
        return result
