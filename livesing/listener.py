"""The analysis thread: sound in, Pulse every block and Mood every 500 ms out.

Owner: the Listener thread. Period: a block, as it comes. What may block it: nothing but
Python's lock. When it dies, the supervisor starts a new one on the same source; the picture goes on
with the last Pulse and Mood, and the estimator with its normalisers, the counts and clocks of the Pulse, who
leads the beat and a sound check under way are handed over.
"""

import logging
import threading
from collections.abc import Callable

import numpy as np

from livesing.audio.downmix import Downmix
from livesing.audio.embedding import SIZE as EMBEDDING_SIZE
from livesing.audio.fast import FastPath
from livesing.audio.framing import clean
from livesing.audio.pulse import PULSE_SIZE, Pulse
from livesing.audio.second_tempo import SecondTempo
from livesing.audio.slow import STEP_S, Cues
from livesing.audio.source import BLOCK, Source
from livesing.beat_desk import BeatDesk
from livesing.clock import now as clock_now
from livesing.hearing import Hearing
from livesing.mailbox import Mailbox
from livesing.sentiment.cue_estimator import PRIORS, CueEstimator, cue_values
from livesing.sentiment.feeling import Estimator
from livesing.sentiment.mood import MOOD_SIZE, Mood
from livesing.sentiment.sound_check import SoundCheck
from livesing.translators import hears_sound

log = logging.getLogger(__name__)

PATIENCE = 0.012
"""Seconds without sound after which the beat goes on alone: longer than a block at 48 kHz."""
MOST = 16 * BLOCK
"""Samples taken at once when catching up after a stall."""
SECOND_S = 2.0
"""Seconds after which nobody wants to know a second opinion on the tempo any more."""
CHECK_PATIENCE = 5.0
"""Seconds after which a sound check ends though its sound has not come: the source has gone."""


def pulse_box(*, shared: bool = False) -> Mailbox:
    """A mailbox for a Pulse as its row of float64."""
    return Mailbox(np.dtype(("f8", PULSE_SIZE)), shared=shared)


def mood_box(*, shared: bool = False) -> Mailbox:
    """A mailbox for a Mood as its row of float64."""
    return Mailbox(np.dtype(("f8", MOOD_SIZE)), shared=shared)


def embedding_box(*, shared: bool = False) -> Mailbox:
    """A mailbox for an embedding's values."""
    return Mailbox(np.dtype(("f4", EMBEDDING_SIZE)), shared=shared)


class Listener(threading.Thread):
    """Reads a source's Ring, and publishes what it hears into mailboxes."""

    def __init__(
        self,
        source: Source,
        pulses: Mailbox,
        moods: Mailbox,
        estimator: Estimator | None = None,
        before: "Listener | None" = None,
        beats: BeatDesk | None = None,
        *,
        embeddings: Mailbox | None = None,
        translators: Mailbox | None = None,
    ) -> None:
        """before: the one that this one replaces, whose estimator, beat and counts are gone on with.
        beats: who leads the beat; else the tracker. embeddings: where they go while the look that
        `translators` tells of has a translator that hears the sound itself."""
        super().__init__(name="listener", daemon=True)
        self.pulses = pulses
        self.moods = moods
        self.embeddings = embeddings
        self._translators = translators
        self.estimator: Estimator = estimator or (before.estimator if before else CueEstimator())
        self.stamp = clock_now()
        """Clock time of the last look at the Ring; its age is this thread's age."""
        self.check: SoundCheck | None = before.check if before else None
        """The sound check under way; it belongs to this thread, others may look at its figures."""
        self.on_checked: Callable[[SoundCheck], None] = before.on_checked if before else lambda check: None
        """Called on this thread when a sound check has ended, after the estimator has learnt from it."""
        self.pulse: Pulse | None = before.pulse if before else None
        """The newest."""
        self.beats: BeatDesk = beats or (before.beats if before else BeatDesk())
        self._second_asked = -SECOND_S
        self._second_bpm = 0.0
        self._asked_s: float | None = None
        self._check_ends: float = before._check_ends if before else 0.0
        self._source = source
        self._done = threading.Event()

    def hear(self, source: Source) -> None:
        """Go over to another source, at the next look; its rate and channels may differ."""
        self._source = source

    def check_sound(self, seconds: float) -> None:
        """Begin a sound check of that many seconds at the next look; one under way begins anew."""
        self._asked_s = seconds

    def second_bpm(self) -> float:
        """Beats per minute as aubio counts them, 0 while unknown. It listens as long as this is asked."""
        self._second_asked = clock_now()
        return self._second_bpm

    def stop(self) -> None:
        """End within a period."""
        self._done.set()

    def run(self) -> None:
        while not self._done.is_set():
            self._follow(self._source)

    def _follow(self, source: Source) -> None:
        """Analyse one source until there is another or the thread is to end.

        A device that was away may come back with another rate and other channels: the paths begin anew,
        and only what counts goes on.
        """
        ring = source.ring
        reader = ring.reader()
        downmix = Downmix(source.rate, ring.channels)
        fast = FastPath(source.rate, self.pulse)
        hearing = Hearing(source.rate, self.estimator, rhythm=fast.rhythm)
        second: SecondTempo | None = None
        while self._source is source and not self._done.is_set():
            heard = reader.wait(PATIENCE)
            self.stamp = clock_now()
            self._look_after_check(self.stamp)
            stamp = ring.stamp
            if not heard:
                self._tell(self.beats.alone(self.pulse, self.stamp), self.stamp)
                continue
            first, block = reader.read(MOST)
            mono = downmix.push(block)
            self._tell(self.beats.lead(fast.push(mono, stamp, first)), stamp)
            hearing.embeds = self.embeddings is not None and hears_sound(self._translators)
            for cues, mood in hearing.push(mono):
                self._feel(cues, mood, stamp)
            if self.stamp - self._second_asked < SECOND_S:
                second = second or SecondTempo(source.rate)
                second.push(clean(mono)[0])
                self._second_bpm = second.bpm
            elif second is not None:
                second, self._second_bpm = None, 0.0
            embedded = hearing.take_embedding()
            if embedded is not None and self.embeddings is not None:
                self.embeddings.put(embedded.values, stamp)

    def _tell(self, pulse: Pulse | None, stamp: float) -> None:
        if pulse is not None:
            self.pulse = pulse
            self.pulses.put(pulse, stamp)

    def _feel(self, cues: Cues, mood: Mood, stamp: float) -> None:
        self.moods.put(mood._replace(time=stamp), stamp)
        if self.check is not None:
            self.check.hear(None if cues.silent else cue_values(cues), STEP_S)

    def _look_after_check(self, now: float) -> None:
        """Begin a sound check that was asked for; end one that knows enough, or that nothing comes to."""
        if self._asked_s is not None:
            self.check, self._asked_s = SoundCheck(PRIORS, self._asked_s), None
            self._check_ends = now + self.check.seconds + CHECK_PATIENCE
        check = self.check
        if check is not None and (check.done or now > self._check_ends):
            heard = check.statistics()
            if heard:
                self.estimator.calibrate(heard)
            self.check = None
            self.on_checked(check)
