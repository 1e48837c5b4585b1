"""Ableton Link: a peer that listens to the session's tempo, beat and bar, through LinkPython-extern (the
extra [link])."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from livesing.audio.beat_clock import SOURCES, ClockLine
from livesing.clock import now as clock_now
from livesing.errors import ClockError

log = logging.getLogger(__name__)

PERIOD = 0.05
"""Seconds from one look at the session to the next."""
MISSING = "Link needs LinkPython-extern: pip install 'livesing[link]'"
QUANTUM = 4
"""Beats of a bar. Link has no meter: each peer says in what it counts."""
UNHEARD_BPM = 120.0
"""What Link wants to begin with; in a session of others it is theirs that counts."""


class LinkPeer(threading.Thread):
    """Joins the Link session of the local network and tells where it is, as long as there is anybody else in
    it. It proposes nothing: neither tempo nor start. (But Link gives whoever joins the tempo of who was there
    first, and before anybody has set one that is UNHEARD_BPM.)

    Owner: whoever constructs it, then `start`s and `close`s it. Period: PERIOD. What may block it: nothing
    but Python's lock; the network is Link's own thread's. If it dies, no line is told any more, and after
    BeatClock.FRESH_S the lead goes back to the tracker.
    """

    def __init__(self, tell: Callable[[ClockLine], None]) -> None:
        """Raises ClockError where the package is not installed."""
        super().__init__(name="link", daemon=True)
        try:
            import link
        except ImportError as error:
            missing = isinstance(error, ModuleNotFoundError)
            raise ClockError(MISSING if missing else f"LinkPython-extern cannot be loaded: {error}") from None
        self.peers = 0
        """Others in the session."""
        self._tell = tell
        self._stamp = clock_now()
        self._done = threading.Event()
        self._link = link.Link(UNHEARD_BPM)
        self._link.enabled = True

    def alive(self, now: float) -> bool:
        return self.is_alive() and now - self._stamp < 2.0

    def close(self) -> None:
        """Leave the session, within a period. May be called again."""
        self._done.set()
        if self.ident is not None:
            self.join(timeout=2.0)
        self._link.enabled = False

    def run(self) -> None:
        while not self._done.wait(PERIOD):
            self._stamp = clock_now()
            self.peers = self._link.numPeers()
            if self.peers:
                self._tell(self._line())

    def _line(self) -> ClockLine:
        before, micros, after = clock_now(), self._link.clock().micros(), clock_now()
        state = self._link.captureSessionState()
        beat = state.beatAtTime(micros, QUANTUM)
        return ClockLine((before + after) / 2, beat, state.tempo(), QUANTUM, 1.0, SOURCES.index("link"))
