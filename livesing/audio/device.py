"""A microphone or line-in, by sounddevice (PortAudio).

Devices are found by part of their name: an index can point at another device after a hot-plug. When a device
vanishes there is neither an exception nor a flag; the stream only stops being active, and when the sound
server stalls it even stays active while no block comes. So `alive` looks at both.
"""

import atexit
import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from livesing.audio.source import BLOCK
from livesing.errors import SourceError
from livesing.ring import Ring

log = logging.getLogger(__name__)

STALLED_AFTER = 1.0
"""Seconds without a block after which a device counts as gone."""
START_PATIENCE = 6.0
"""Seconds until the first block: PulseAudio takes two to give it."""
PREFERRED_RATE = 48000
CLOSE_PATIENCE = 1.5
"""Seconds that closing a stream may take."""


class Device(NamedTuple):
    """An input device as PortAudio lists it now."""

    number: int
    name: str
    inputs: int
    rate: float
    default: bool


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep ALSA and JACK from writing their start-up chatter to the terminal."""
    if threading.current_thread() is not threading.main_thread():
        yield  # the terminal is the whole process's: other threads' words must not vanish with the chatter
        return
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def portaudio() -> Any:
    """The sounddevice module. Raises SourceError when PortAudio itself is missing."""
    if "sounddevice" in sys.modules:
        return sys.modules["sounddevice"]
    try:
        with _quiet():
            import sounddevice
    except OSError:
        hint = " (Debian, Ubuntu: apt install libportaudio2)" if sys.platform == "linux" else ""
        raise SourceError(f"PortAudio is not installed, so there is no sound device{hint}") from None
    return sounddevice


_stuck = threading.Event()
"""Set once a stream could not be closed: PortAudio must not be ended any more, it would wait for that one."""


def refresh() -> None:
    """Make PortAudio look at the devices anew; its list is frozen at start. No stream may be open.

    Does nothing once a stream is stuck: what was there at the start can still be opened again.
    """
    sd = portaudio()
    if not _stuck.is_set():
        sd._terminate()
        sd._initialize()


def inputs() -> list[Device]:
    """The devices that can record, in PortAudio's order; empty where there is none or no PortAudio."""
    try:
        sd = portaudio()
        listed, default = sd.query_devices(), sd.default.device[0]
    except (SourceError, OSError):
        return []
    except Exception as error:  # sounddevice's own error class is known only after its import
        if type(error).__name__ != "PortAudioError":
            raise
        return []
    return [
        Device(
            index, entry["name"], entry["max_input_channels"], entry["default_samplerate"], index == default
        )
        for index, entry in enumerate(listed)
        if entry["max_input_channels"] > 0
    ]


def find(name: str) -> Device:
    """The input device whose name is `name`, else the first that contains it, whatever the case.

    An empty name finds the system's default. Raises SourceError naming the devices there are.
    """
    devices = inputs()
    wanted = name.strip().lower()
    if not wanted:
        choice = next((device for device in devices if device.default), None)
        if choice is None:
            raise SourceError("there is no microphone or line-in")
        return choice
    matches = [device for device in devices if device.name.lower() == wanted]
    matches += [device for device in devices if wanted in device.name.lower()]
    if not matches:
        known = "; ".join(dict.fromkeys(device.name for device in devices)) or "none"
        raise SourceError(f"no sound input and no file {name!r}; inputs there are: {known}")
    return matches[0]


class DeviceSource:
    """Records from a device into a Ring. PortAudio's own thread runs `_copy`, which only copies."""

    def __init__(self, name: str = "", channels: tuple[int, ...] = ()) -> None:
        """Open and start. Raises SourceError when it is not there, or cannot be opened as asked."""
        device = find(name)
        columns = [channel - 1 for channel in channels] or list(range(min(2, device.inputs)))
        if min(columns) < 0 or max(columns) >= device.inputs:
            asked = ",".join(str(channel) for channel in channels)
            raise SourceError(f"{device.name} has channels 1 to {device.inputs}, not {asked}")
        self.name = device.name
        self.overflows = 0
        self.ring = Ring(channels=len(columns))
        self._columns = columns
        self._closed = False
        self._stream, self.rate = self._open(device, max(columns) + 1)

    def _open(self, device: Device, width: int) -> tuple[Any, int]:
        sd = portaudio()
        failure = ""
        # Most hardware and every sound server takes 48 kHz; what does not, says its own rate.
        for rate in dict.fromkeys((PREFERRED_RATE, round(device.rate))):
            try:
                with _quiet():
                    stream = sd.InputStream(
                        samplerate=rate,
                        blocksize=BLOCK,
                        device=device.number,
                        channels=width,
                        dtype="float32",
                        latency="low",
                        callback=self._copy,
                    )
                    stream.start()
                return stream, rate
            except sd.PortAudioError as error:
                failure = str(error).splitlines()[0]
        raise SourceError(f"{device.name} cannot be opened: {failure}")

    def _copy(self, block: np.ndarray, _frames: int, _time: Any, status: Any) -> None:
        if status.input_overflow:
            self.overflows += 1
        self.ring.write(block[:, self._columns])

    def alive(self, now: float) -> bool:
        patience = STALLED_AFTER if self.ring.written else START_PATIENCE
        return bool(self._stream.active) and now - self.ring.stamp < patience

    def close(self) -> None:
        """Close the stream, or leave it when its driver does not let go.

        When a sound server dies, ALSA's plugin for it can deadlock, and closing waits for it forever. So it
        is closed aside; after CLOSE_PATIENCE the stream is given up, and the show goes on.
        """
        if self._closed:
            return
        self._closed = True
        closer = threading.Thread(target=self._stream.close, name="closer", daemon=True)
        closer.start()
        closer.join(CLOSE_PATIENCE)
        if closer.is_alive() and not _stuck.is_set():
            _stuck.set()
            log.warning("%s does not let go; it is left behind", self.name)
            atexit.unregister(portaudio()._exit_handler)  # it would wait for the stuck stream at the end
