"""The show's beat: what the performer taps and what clocks say from outside, put before the tracker's.

    Params (beat.tap, beat.resync, beat.release, beat.outside) \\
    MIDI clock or Link (Mailbox of a ClockLine) -----------------> BeatClock -> the beat of every Pulse
    the tracker (the Pulse of the fast path) -------------------/
"""

import math

import numpy as np

from livesing.audio.beat_clock import SOURCES, Beat, BeatClock, ClockLine
from livesing.audio.pulse import Pulse
from livesing.mailbox import Mailbox
from livesing.params import Params

IN_STEP = 1e-3
"""Beats."""
IDLE_AFTER = 0.5
"""Seconds without sound after which a clock from outside beats on by itself: the source has gone."""
IDLE_PERIOD = 0.01
"""Seconds from one Pulse to the next while there is no sound."""


def clock_box() -> Mailbox:
    """A mailbox for a ClockLine as its row of float64."""
    return Mailbox(np.dtype(("f8", len(ClockLine._fields))))


class BeatDesk:
    """Decides who leads the beat. Owned by the analysis thread; a new one of those goes on with it.

    params: where the performer taps; without, and without `outside`, the tracker always leads. outside: the
    mailbox in which a clock from outside says where it is.
    """

    def __init__(self, params: Params | None = None, outside: Mailbox | None = None) -> None:
        self._clock = BeatClock()
        self._params = params
        self._outside = outside
        self._seen = dict.fromkeys(("beat.tap", "beat.resync", "beat.release"), 0)
        self._letter = 0

    def lead(self, pulse: Pulse) -> Pulse:
        """The Pulse of the fast path with the beat of whoever leads at its time."""
        self._take()
        tracker = Beat(
            pulse.beats + pulse.beat_phase,
            pulse.bpm,
            pulse.beat_confidence,
            pulse.bar_phase,
            int(pulse.beats_per_bar),
            pulse.bar_confidence,
        )
        beat = self._clock.read(pulse.time, tracker)
        beats = math.floor(beat.turns)
        phase = beat.turns - beats
        next_beat_s = (1.0 - phase) * 60.0 / beat.bpm if beat.bpm > 0.0 else 0.0
        apart = beat.turns - tracker.turns
        if beat.source == "tracker" and abs(apart - round(apart)) < IN_STEP:
            next_beat_s = pulse.next_beat_s  # the tracker may know better than its phase says
        return pulse._replace(
            bpm=beat.bpm,
            beat_phase=phase,
            beats=float(beats),
            beat_confidence=beat.confidence,
            next_beat_s=next_beat_s,
            bar_phase=beat.bar_phase,
            beats_per_bar=float(beat.beats_per_bar),
            bar_confidence=beat.bar_confidence,
            beat_source=float(SOURCES.index(beat.source)),
        )

    def alone(self, before: Pulse | None, now: float) -> Pulse | None:
        """The Pulse at `now` where no sound has come since `before`: silence that goes on in the beat of a
        clock from outside or of the performer's taps. None while nobody else leads, and as long as sound may
        still come."""
        since = math.inf if before is None else now - before.time
        still = before is not None and before.sample < 0  # the last one was of this kind already
        if since < (IDLE_PERIOD if still else IDLE_AFTER):
            return None
        self._take()
        if self._clock.leader(now) == "tracker":
            return None
        return self.lead(before.at_rest(now) if before is not None else Pulse.quiet(now))

    def _take(self) -> None:
        """Hand what has been tapped and told since the last time on to the clock, in order of time."""
        if self._params is not None:
            said: list[tuple[float, str]] = []
            for name, seen in self._seen.items():
                self._seen[name], times = self._params.firings(name, seen)
                said += [(time, name) for time in times]
            for time, name in sorted(said):
                if name == "beat.tap":
                    self._clock.tap(time)
                elif name == "beat.resync":
                    self._clock.resync(time)
                else:
                    self._clock.release()
        if self._outside is None:
            return
        if self._params is not None and not self._params.target("beat.outside"):
            self._clock.drop()
            return
        letter = self._outside.get(newer_than=self._letter)
        if letter is not None:
            self._letter = letter.sequence
            self._clock.push(ClockLine(*letter.value.tolist()))
