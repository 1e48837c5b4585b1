"""The main process's side of the generator process: start it, watch its heartbeat, give it orders, end it."""

import multiprocessing
import threading
from multiprocessing.process import BaseProcess
from pathlib import Path

from livesing import dreamer
from livesing.clock import now as clock_now
from livesing.dreamer import DreamBoxes
from livesing.engine_room import DreamChoice

START_GRACE = 30.0
"""Seconds that a new process has until its first heartbeat."""
SILENT_AFTER = 5.0
"""Seconds without a heartbeat after which it counts as hung."""
OPENING_GRACE = 60.0
"""The same before it draws, and while it opens an engine: loading a GPU's libraries may hold Python's lock
for long."""
SOON = 60.0
"""A process that ends within so many seconds may well do so again: its engine is left out of the next try."""


class DreamProcess:
    """One generator process at a time; its mailboxes outlive it. Used by the supervisor and the show."""

    def __init__(
        self,
        boxes: DreamBoxes,
        seed: int = 0,
        choice: DreamChoice | None = None,
        style_weights: Path | None = None,
    ) -> None:
        """`style_weights`: a folder of networks for the deep tier, instead of livesing's own."""
        self.boxes = boxes
        self._seed = seed
        self._choice = choice or DreamChoice()
        self._style_weights = style_weights
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
        arguments = (self.boxes, self._seed, self._choice, self._style_weights)
        process = context.Process(target=dreamer.run, args=arguments, name="livesing dreamer")
        process.daemon = True
        self._started = clock_now()
        self.boxes.serving.put((b"", b"starting", 0), self._started)  # until it tells itself
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
        return now - beat.stamp < (OPENING_GRACE if self._opening() else SILENT_AFTER)

    def serving(self) -> str:
        """What generates the pictures, and why not something better."""
        return self._told("words") or "not started"

    def _kind(self) -> str:
        """Of engine at work; empty while none is."""
        return self._told("kind")

    def _opening(self) -> bool:
        """Whether the process may hold its breath: it draws nothing yet, or opens another engine."""
        letter = self.boxes.serving.get()
        return not self._kind() or (letter is not None and bool(letter.value["opening"]))

    def _told(self, field: str) -> str:
        letter = self.boxes.serving.get()
        return "" if letter is None else bytes(letter.value[field]).rstrip(b"\0").decode(errors="ignore")

    def restart(self) -> str:
        """End what is left of it and start anew; with another engine when this one did not last."""
        kind, lasted = self._kind(), clock_now() - self._started
        code = self._end()
        if lasted < SOON:
            self._choice = self._choice.after_fault(kind)
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
