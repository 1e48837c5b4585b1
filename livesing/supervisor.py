"""The supervisor: looks four times a second whether everything lives, and brings back what does not.

Owner: the Supervisor thread. Period: 250 ms. What may block it: a restart (opening a device, starting a
process), which is why it is a thread of its own. When it dies, nothing is restarted any more; the picture
goes on.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from livesing.clock import now as clock_now

log = logging.getLogger(__name__)

PERIOD = 0.25
FIRST_DELAY = 0.25
LONGEST_DELAY = 8.0
SETTLED = 10.0
"""Seconds of health after which the next failure counts as a new one."""
MOST_FAULTS = 200


class Fault(NamedTuple):
    """Something that failed and what was done about it."""

    time_s: float
    """Seconds since the show began."""
    name: str
    action: str


@dataclass
class Watch:
    """One part of the show: how to tell that it lives, and how to bring it back."""

    name: str
    alive: Callable[[float], bool]
    """Asked with the clock's time."""
    restart: Callable[[], str]
    """Returns what was done, in a few words; an exception means that it failed and is tried again."""
    restarts: int = 0
    delay: float = FIRST_DELAY
    tried_at: float = -1e9
    last_error: str = field(default="", repr=False)

    def look(self, now: float) -> str | None:
        """Restart if it is dead and the back-off allows -> what happened, or None.

        Each try doubles the wait for the next, up to LONGEST_DELAY, until it has been well for SETTLED.
        """
        try:
            alive = self.alive(now)
        except Exception:  # what cannot even answer is dead
            alive = False
        if alive:
            if now - self.tried_at > SETTLED:
                self.delay = FIRST_DELAY
            self.last_error = ""
            return None
        if now - self.tried_at < self.delay:
            return None
        self.tried_at, self.delay = now, min(self.delay * 2, LONGEST_DELAY)
        try:
            done = self.restart()
        except Exception as error:  # whatever it is, the show goes on and it is tried again
            reason = str(error) or type(error).__name__
            repeated, self.last_error = reason == self.last_error, reason
            return None if repeated else f"cannot be restarted yet: {reason}"
        self.restarts += 1
        return done


class Supervisor(threading.Thread):
    """Watches the parts given to it until stopped; `faults` is its log, newest last, bounded."""

    def __init__(self, watches: list[Watch], began: float) -> None:
        super().__init__(name="supervisor", daemon=True)
        self.watches = watches
        self.faults: list[Fault] = []
        self._began = began
        self._done = threading.Event()

    def stop(self) -> None:
        """End within a period, and only when no restart is under way any more."""
        self._done.set()
        if self.is_alive():
            self.join(timeout=10.0)

    def run(self) -> None:
        while not self._done.wait(PERIOD):
            now = clock_now()
            for watch in self.watches:
                action = watch.look(now)
                if action is not None:
                    self.note(watch.name, action, now)

    def note(self, name: str, action: str, now: float) -> None:
        """Add a fault to the log."""
        log.warning("%s: %s", name, action)
        self.faults = [*self.faults[-MOST_FAULTS + 1 :], Fault(round(now - self._began, 3), name, action)]
