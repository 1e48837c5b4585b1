"""Who beats the time: the tracker that listens, or a clock from outside that knows.

Taps, MIDI clock and Link override the tracker while they are fresh. Whoever leads, `turns` runs on without a
jump backwards: the clock is an oscillator of its own that is drawn to its leader.
"""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

import numpy as np

BPM_LOW = 30.0
BPM_HIGH = 300.0
"""What a clock from outside may say, in beats per minute."""


SOURCES = ("tracker", "tap", "midi", "link")
"""Who may lead, by the number that a Pulse carries."""


class Beat(NamedTuple):
    """The beat at one moment.

    turns           beats so far, with fraction; its fraction is the beat phase, 0 on the beat
    bpm             beats per minute, 0 while unknown
    confidence      0..1; 1 for a clock from outside
    bar_phase       0..1 position in the bar
    beats_per_bar   1..16, 0 while unknown
    bar_confidence  0..1; 1 where the performer or a clock from outside says where the bar begins
    source          one of SOURCES
    """

    turns: float = 0.0
    bpm: float = 0.0
    confidence: float = 0.0
    bar_phase: float = 0.0
    beats_per_bar: int = 0
    bar_confidence: float = 0.0
    source: str = "tracker"


class Line(NamedTuple):
    """Beats on a straight line: position in beats at `now` is beat + (now - time) * bpm / 60."""

    time: float
    beat: float
    bpm: float

    def at(self, now: float) -> float:
        return self.beat + (now - self.time) * self.bpm / 60.0


class ClockLine(NamedTuple):
    """What a clock from outside says, as one row of numbers for a Mailbox.

    time           s, on the show's clock
    beat           position at `time` in beats, with fraction
    bpm            beats per minute
    beats_per_bar  a multiple of it in `beat` is a bar line
    anchored       1 where whole numbers of `beat` are beats; 0 where the clock knows its tempo alone, as a
                   MIDI clock does that was joined while it ran
    source         place in SOURCES
    """

    time: float
    beat: float
    bpm: float
    beats_per_bar: float
    anchored: float
    source: float


class TapTempo:
    """Tempo and phase from taps: a straight line through the last ones by least squares.

    Three taps make a tempo; the first of them is beat 0, the one. A tap may be missed: intervals are
    counted in whole beats. A pause of PAUSE_S or more than three beats starts anew, and so does a tap far
    off the line.
    """

    MOST = 8
    PAUSE_S = 2.5
    OFF = 0.3
    """Beats that a tap may lie beside the line."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=self.MOST)
        self._beats: deque[float] = deque(maxlen=self.MOST)

    def tap(self, now: float) -> Line | None:
        """A tap at `now`, s. Returns the line through the taps once there are three."""
        if self._times and now - self._times[-1] < 60.0 / BPM_HIGH:
            return self.line()  # a bounce of the key
        line = self.line()
        if self._times:
            pause_s = min(self.PAUSE_S, 3.0 * 60.0 / line.bpm) if line else self.PAUSE_S
            if now - self._times[-1] > pause_s:
                self._start_from(None)
            elif line is not None and abs(line.at(now) - round(line.at(now))) > self.OFF:
                self._start_from(self._times[-1])
        self._beats.append(self._beat_at(now))
        self._times.append(now)
        return self.line()

    def _start_from(self, tap: float | None) -> None:
        self._times.clear()
        self._beats.clear()
        if tap is not None:
            self._times.append(tap)
            self._beats.append(0.0)

    def _beat_at(self, now: float) -> float:
        if len(self._times) < 2:
            return float(len(self._times))
        gaps = np.diff(self._times) / np.diff(self._beats)
        return self._beats[-1] + max(round((now - self._times[-1]) / float(np.median(gaps))), 1)

    def line(self) -> Line | None:
        """The line through the taps; nothing under three taps or for a tempo that no clock has."""
        if len(self._times) < 3:
            return None
        times, beats = np.array(self._times), np.array(self._beats)
        # Seconds by beats, not beats by seconds: the taps' times are what is uncertain.
        period, first = np.polyfit(beats - beats[-1], times - times[-1], 1)
        if not BPM_LOW <= 60.0 / period <= BPM_HIGH:
            return None
        return Line(float(times[-1] + first), float(beats[-1]), float(60.0 / period))


class BeatClock:
    """The beat that everything moves by. Pure: time is an argument, in seconds on any one clock.

    Taps lead for TAP_S after the last, a clock that is pushed (Link, MIDI clock) for FRESH_S after each push,
    and otherwise the tracker: what the performer's hand says comes first. Whoever begins to lead, the phase
    comes to its own by running at most PULL_LIMIT faster or slower than the tempo, so nothing jumps. Only
    `resync` off the beat, by which a performer says "now", goes to the next whole beat at once.
    """

    FRESH_S = 2.0
    TAP_S = 60.0
    PULL_LIMIT = 0.25
    SNAP = 0.15
    """Beats: a resync that near to a beat means that beat, and says only where the bar begins."""
    JUMP = 0.5
    """Beats: a clock that is further from where it was going has been set anew."""
    USUAL_BAR = 4
    TRUST, AGREE, LEAN_S = 0.5, 0.04, 2.0
    """A tracker surer than TRUST and within AGREE of the tempo gives its phase to a clock that knows none,
    within some LEAN_S."""

    def __init__(self) -> None:
        self._taps = TapTempo()
        self._tapped: Line | None = None
        self._tapped_at = -math.inf
        self._pushed: ClockLine | None = None
        self._leader = "tracker"
        self._origin = 0.0
        """Where in the leader's count the bar began, in beats."""
        self._anew = False
        """Whether the leader's count has begun anew since, so that this is no longer true."""
        self._resynced_at: float | None = None
        self._position = 0.0
        """The leader's count at `_now`."""
        self._followed: float | None = None
        """The tracker's count when it was last followed; None while another leads."""
        self._turns = 0.0
        self._bpm = 0.0
        self._now: float | None = None

    def tap(self, now: float) -> None:
        """The performer tapped a beat."""
        line = self._taps.tap(now)
        if line is None:
            return
        if self._tapped is not None and abs(line.at(now) - self._tapped.at(now)) > self.JUMP:
            self._set_anew("tap")
        self._tapped, self._tapped_at = line, now

    def push(self, line: ClockLine) -> None:
        """A clock from outside says where it is. What no clock says is ignored."""
        sane = math.isfinite(line.beat) and math.isfinite(line.time)
        if not (sane and BPM_LOW <= line.bpm <= BPM_HIGH and 1 <= line.beats_per_bar <= 16):
            return
        before = self._pushed
        if before is not None:
            expected = Line(before.time, before.beat, before.bpm).at(line.time)
            if abs(line.beat - expected) > self.JUMP or line.anchored != before.anchored:
                self._set_anew(SOURCES[int(line.source)])
        self._pushed = line

    def resync(self, now: float) -> None:
        """The performer says: here is the one. Nearly on a beat, it sets where the bar begins, and the beat
        stays its leader's; elsewhere it sets the beat, too. The tempo stays its leader's."""
        if self._now is None or self._bpm <= 0.0:
            return
        position = self._position + (now - self._now) * self._bpm / 60.0
        beats = position - self._origin
        if abs(beats - round(beats)) <= self.SNAP:
            self._origin += round(beats)
        else:
            self._origin = position
            self._advance(now, self._bpm, None)
            if self._followed is not None:
                self._followed = max(position, self._followed)
            self._turns = float(math.ceil(self._turns - 1e-9))
        self._resynced_at, self._anew = now, False
        if self._leader == "tap":
            self._tapped_at = now

    def release(self) -> None:
        """Forget what the performer said: a clock from outside leads again, or the tracker."""
        self._taps = TapTempo()
        self._tapped = None
        self._set_anew(self._leader)

    def drop(self) -> None:
        """Forget the clock from outside."""
        self._pushed = None

    def leader(self, now: float) -> str:
        """Who leads at `now`: one of SOURCES."""
        if self._tapped is not None and now - self._tapped_at <= self.TAP_S:
            return "tap"
        if self._pushed is not None and now - self._pushed.time <= self.FRESH_S:
            return SOURCES[int(self._pushed.source)]
        return "tracker"

    def read(self, now: float, tracker: Beat) -> Beat:
        """The beat at `now`. tracker: what the tracker says of the same moment."""
        source = self.leader(now)
        bar, anchored = tracker.beats_per_bar or self.USUAL_BAR, True
        if source == "tracker":
            bpm, position, confidence = tracker.bpm, tracker.turns, tracker.confidence
        elif source == "tap" and self._tapped is not None:
            bpm, position, confidence = self._tapped.bpm, self._tapped.at(now), 1.0
        else:
            assert self._pushed is not None
            pushed, confidence = self._pushed, 1.0
            bpm, position = pushed.bpm, Line(pushed.time, pushed.beat, pushed.bpm).at(now)
            bar, anchored = int(pushed.beats_per_bar), bool(pushed.anchored)
        if source != self._leader:
            self._leader = source
            self._set_anew(source)
        if self._anew:
            self._anew, self._resynced_at, self._origin = False, None, 0.0
            if not anchored and self._now is not None:  # go on in the phase that there is
                self._origin = position - self._turns - (now - self._now) * bpm / 60.0
        if not anchored and self._resynced_at is None:
            self._lean(now, tracker, position, bpm)
        if source == "tracker" and self._resynced_at is not None:
            self._let_resync_age(now, tracker)
        # The tracker counts by the sound, whose blocks come with jitter: its own steps are the smoother ones.
        before, self._followed = self._followed, tracker.turns if source == "tracker" else None
        turn = None if before is None or self._followed is None else max(self._followed - before, 0.0)
        self._advance(now, bpm, position - self._origin, turn)
        self._position = position
        says_bar = anchored or self._resynced_at is not None
        if source == "tracker" and self._resynced_at is None:
            return tracker._replace(turns=self._turns)
        phase = (position - self._origin) / bar % 1.0
        return Beat(self._turns, bpm, confidence, phase, bar, float(says_bar), source)

    def _set_anew(self, source: str) -> None:
        """The count of `source` begins anew: if it leads, what was known of its bar is no longer true."""
        self._anew = self._anew or source == self._leader

    def _lean(self, now: float, tracker: Beat, position: float, bpm: float) -> None:
        """Where the leader knows the tempo alone, take the phase from a tracker that agrees on the tempo."""
        if self._now is None or tracker.confidence < self.TRUST or abs(tracker.bpm / bpm - 1.0) > self.AGREE:
            return
        error = position - self._origin - tracker.turns
        self._origin += (error - round(error)) * min(max(now - self._now, 0.0) / self.LEAN_S, 1.0)

    def _let_resync_age(self, now: float, tracker: Beat) -> None:
        """After TAP_S the tracker's own phase is believed again, and its own bar where it knows one."""
        if self._resynced_at is not None and now - self._resynced_at > self.TAP_S:
            self._origin = float(round(self._origin))
            if tracker.beats_per_bar:
                self._origin, self._resynced_at = 0.0, None

    def _advance(self, now: float, bpm: float, target: float | None, turn: float | None = None) -> None:
        """Run until `now`, drawn to the phase of `target`; the first time, start there. turn: beats that have
        passed, if not those of the tempo."""
        self._bpm = bpm
        if self._now is None:
            self._now = now
            self._turns = 0.0 if target is None else target
            return
        if turn is None:
            turn = bpm / 60.0 * max(now - self._now, 0.0)
        self._now = max(now, self._now)
        error = 0.0 if target is None else target - (self._turns + turn)
        error -= round(error)  # whole beats do not matter
        limit = self.PULL_LIMIT * turn
        self._turns += turn + min(max(error, -limit), limit)
