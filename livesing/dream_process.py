"""The main process's side of the generator process: start it, watch its heartbeat, give it orders, end it."""

import multiprocessing
import threading
from multiprocessing.process import BaseProcess

from livesing import dreamer
from livesing.clock import now as clock_now
from livesing.dreamer import DreamBoxes

START_GRACE = 30.0
"""Seconds that a new process has until its first heartbeat."""
SILENT_AFTER = 5.0
"""Seconds without a heartbeat after which it counts as hung."""


class DreamProcess:
    """One generator process at a time; its mailboxes outlive it. Used by the supervisor and the show."""

    def __init__(self, boxes: DreamBoxes, seed: int = 0) -> None:
        self.boxes = boxes
        self._seed = seed
        self._process: BaseProcess | None = None
        self._started = 0.0
        self._closing = False
        # The show gives orders, the supervisor too when it starts a process; a mailbox has one writer.
        self._lock = threading.Lock()
        self._orders = (*dreamer.SIZES[0], 25.0)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start a process of its own by spawn, so it shares no state of this one but the mailboxes."""
        self._send(quit=False)
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=dreamer.run, args=(self.boxes, self._seed), name="livesing dreamer")
        process.daemon = True
        self._started = clock_now()
        process.start()
        self._process = process

    def order(self, width: int, height: int, fps: float) -> None:
        """Ask for frames of this size at most this often."""
        if (width, height, fps) != self._orders:
            self._orders = (width, height, fps)
            self._send(quit=False)

    def alive(self, now: float) -> bool:
        """Running, with a fresh heartbeat; a new process has START_GRACE to give its first."""
        if self._closing:
            return True
        if self._process is None or not self._process.is_alive():
            return False
        beat = self.boxes.heartbeat.get()
        if beat is None or beat.stamp < self._started:
            return now - self._started < START_GRACE
        return now - beat.stamp < SILENT_AFTER

    def restart(self) -> str:
        """End what is left of it and start anew."""
        code = self._end()
        self.start()
        return (
            "the generator process hung and was started anew"
            if code is None
            else (f"the generator process ended ({_ending(code)}) and was started anew")
        )

    def close(self) -> None:
        """Ask it to quit; after a second it is ended."""
        self._closing = True
        self._send(quit=True)
        if self._process is not None:
            self._process.join(timeout=1.0)
        self._end()

    def _end(self) -> int | None:
        """Make sure that it is gone -> its exit code, None if it had to be killed."""
        process, self._process = self._process, None
        if process is None:
            return 0
        code = process.exitcode
        if code is None:
            process.kill()
            process.join(timeout=2.0)
        return code

    def _send(self, *, quit: bool) -> None:
        with self._lock, self.boxes.orders.slot(clock_now()) as orders:
            orders["width"], orders["height"], orders["fps"] = self._orders
            orders["quit"] = quit


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
