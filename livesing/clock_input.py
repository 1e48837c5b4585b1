"""The clock from outside that `--midi-clock` or `--link` asks for: opened, watched and opened again.

What it says goes into a mailbox, from which the beat desk reads. Only one of the two is there at a time:
whoever has a MIDI clock and Link has them from the same machine.
"""

from livesing.audio.beat_clock import ClockLine
from livesing.beat_desk import clock_box
from livesing.clock import now as clock_now
from livesing.control.link_peer import LinkPeer
from livesing.control.midi_clock import MidiClock
from livesing.control.midi_port import MidiPort

FRESH_S = 2.0
"""Seconds for which the HUD believes the last line."""


class ClockInput:
    """Opened by the main thread, opened again by the supervisor; the mailbox is written by one of MIDI's or
    Link's threads at a time."""

    def __init__(self, midi: str | None = None, *, link: bool = False) -> None:
        """midi: part of a MIDI input's name. With neither there is no clock, and nothing to watch."""
        self.box = clock_box()
        self._midi = midi
        self._link = link
        self._port: MidiPort | None = None
        self._peer: LinkPeer | None = None

    @property
    def wanted(self) -> bool:
        return self._link or self._midi is not None

    def open(self) -> None:
        """Raises ClockError where the package, the machine's MIDI or the port is missing."""
        if self._midi is not None:
            decoder = MidiClock()
            self._port = MidiPort(self._midi, lambda data, time: self._tell(decoder.push(data, time)))
        elif self._link:
            self._peer = LinkPeer(self._tell)
            self._peer.start()

    def alive(self, now: float) -> bool:
        part = self._port or self._peer
        return part is not None and part.alive(now)

    def reopen(self) -> str:
        """Open what was lost again -> what was done. Raises ClockError while it is away."""
        self.close()
        self.open()
        return f"{self._words()} was lost and is there again"

    def row(self) -> tuple[str, str] | None:
        """Label and text for the HUD; None when no clock was asked for."""
        if not self.wanted:
            return None
        letter = self.box.get()
        if letter is None or clock_now() - letter.stamp > FRESH_S:
            return "clock", f"nothing heard, {self._words()}"
        line = ClockLine(*letter.value.tolist())
        known = "" if line.anchored else ", no start yet"
        return "clock", f"{line.bpm:.1f} bpm{known}, {self._words()}"

    def close(self) -> None:
        for part in (self._port, self._peer):
            if part is not None:
                part.close()
        self._port = self._peer = None

    def _words(self) -> str:
        if self._link:
            peers = self._peer.peers if self._peer is not None else 0
            return f"Link, {peers} other{'s' * (peers != 1)}"
        return f"MIDI {self._port.name if self._port is not None else self._midi}"

    def _tell(self, line: ClockLine | None) -> None:
        if line is not None:
            self.box.put(line, line.time)
