"""A MIDI input by part of its name, through python-rtmidi (the extra [midi]): ALSA or JACK, CoreMIDI,
Windows MM."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from livesing.clock import now as clock_now
from livesing.errors import ClockError

log = logging.getLogger(__name__)

CLIENT = "livesing"
LOOK_S = 1.0
"""Seconds between two looks at whether the port is still there."""
MISSING = "MIDI clock needs python-rtmidi: pip install 'livesing[midi]'"


def inputs() -> list[str]:
    """Names of the MIDI inputs that there are. Raises ClockError where MIDI cannot be had."""
    client = _client()
    try:
        return list(client.get_ports())
    finally:
        client.delete()


class MidiPort:
    """An open input. `heard(bytes, time)` is called with each message and the clock time of its arrival, s,
    on the driver's thread; time-code, sysex and active sensing are left out."""

    def __init__(self, part: str, heard: Callable[[bytes, float], None]) -> None:
        """Open the first input whose name holds `part`, upper and lower case alike. Raises ClockError, which
        names the inputs that there are."""
        self._heard = heard
        self._client = _client()
        try:
            names = self._client.get_ports()
            found = [number for number, name in enumerate(names) if part.casefold() in name.casefold()]
            if not found:
                there = "there are: " + ", ".join(names) if names else "there is none at all"
                raise ClockError(f"there is no MIDI input {part!r}; {there}")
            self.name: str = names[found[0]]
            self._client.ignore_types(sysex=True, timing=False, active_sense=True)
            self._client.set_callback(self._on_message)
            self._client.open_port(found[0], name="clock in")
        except (OSError, ValueError, RuntimeError) as error:  # what rtmidi's own errors derive from
            self._client.delete()
            raise ClockError(f"the MIDI input {part!r} cannot be opened: {error}") from None
        except ClockError:
            self._client.delete()
            raise
        self._looked, self._there = clock_now(), True

    def alive(self, now: float) -> bool:
        """Whether the port is still there; the drivers do not tell when one has gone."""
        if now - self._looked >= LOOK_S:
            self._looked = now
            self._there = self.name in self._client.get_ports()
        return self._there

    def close(self) -> None:
        """Nothing is heard any more when this returns."""
        self._client.cancel_callback()
        self._client.close_port()
        self._client.delete()

    def _on_message(self, event: tuple[list[int], float], _data: Any) -> None:
        now = clock_now()
        try:
            self._heard(bytes(event[0]), now)
        except Exception:  # it must not reach the driver's thread
            log.exception("a MIDI message could not be taken")


def _client() -> Any:
    """A client of the system's MIDI: on Linux of ALSA's sequencer, or of JACK where the kernel has none."""
    try:
        import rtmidi
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError)
        raise ClockError(MISSING if missing else f"python-rtmidi cannot be loaded: {error}") from None
    api = rtmidi.API_UNSPECIFIED
    if sys.platform == "linux" and not os.path.exists("/dev/snd/seq"):
        api = rtmidi.API_UNIX_JACK
    try:
        with _silence():
            return rtmidi.MidiIn(api, name=CLIENT)
    except (OSError, RuntimeError) as error:
        raise ClockError(f"there is no MIDI on this machine ({error})") from None


@contextmanager
def _silence() -> Iterator[None]:
    """ALSA and JACK write to stderr by themselves when they are not there; errors come as exceptions, too."""
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # there is no stderr
        yield
        return
    try:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
