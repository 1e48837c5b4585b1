"""The analysis thread: sound in, Pulse every block and Mood every 500 ms out.

Owner: the Listener thread. Period: a few milliseconds, less than a block. What may block it: nothing but
Python's lock. When it dies, the supervisor starts a new one on the same source; the picture goes on
with the last Pulse and Mood, and the running normaliser is handed over.
"""

import logging
import threading

import numpy as np

from livesing.audio.fast import FastPath
from livesing.audio.pulse import PULSE_SIZE, Pulse
from livesing.audio.slow import SlowPath
from livesing.audio.source import BLOCK, Source
from livesing.clock import now as clock_now
from livesing.mailbox import Mailbox
from livesing.sentiment.cue_estimator import CueEstimator
from livesing.sentiment.mood import MOOD_SIZE, Mood

log = logging.getLogger(__name__)

POLL = 0.005
"""Seconds between looks at the Ring: less than half a block at 48 kHz."""
MOST = 16 * BLOCK
"""Samples taken at once when catching up after a stall."""


def pulse_box(*, shared: bool = False) -> Mailbox:
    """A mailbox for a Pulse as its row of float64."""
    return Mailbox(np.dtype(("f8", PULSE_SIZE)), shared=shared)


def mood_box(*, shared: bool = False) -> Mailbox:
    """A mailbox for a Mood as its row of float64."""
    return Mailbox(np.dtype(("f8", MOOD_SIZE)), shared=shared)


class Listener(threading.Thread):
    """Reads a source's Ring, and publishes what it hears into two mailboxes."""

    def __init__(
        self, source: Source, pulses: Mailbox, moods: Mailbox, estimator: CueEstimator | None = None
    ) -> None:
        super().__init__(name="listener", daemon=True)
        self.pulses = pulses
        self.moods = moods
        self.estimator = estimator or CueEstimator()
        self.stamp = clock_now()
        """Clock time of the last look at the Ring; its age is this thread's age."""
        self._source = source
        self._done = threading.Event()

    def hear(self, source: Source) -> None:
        """Go over to another source, at the next look; its rate and channels may differ."""
        self._source = source

    def stop(self) -> None:
        """End within a period."""
        self._done.set()

    def run(self) -> None:
        while not self._done.is_set():
            self._follow(self._source)

    def _follow(self, source: Source) -> None:
        """Analyse one source until there is another or the thread is to end."""
        ring = source.ring
        reader = ring.reader()
        fast, slow = FastPath(source.rate), SlowPath(source.rate)
        while self._source is source and not self._done.wait(POLL):
            self.stamp = clock_now()
            stamp = ring.stamp
            if ring.written == reader.position:
                continue
            first, block = reader.read(MOST)
            mono = block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)
            pulse: Pulse = fast.push(mono, stamp, first)
            self.pulses.put(pulse, stamp)
            for cues in slow.push(mono):
                mood: Mood = self.estimator.update(cues)
                self.moods.put(mood._replace(time=stamp), stamp)
