"""Who beats the time: the tracker that listens, or a clock from outside that knows.

Tap tempo, MIDI clock and Link override the tracker while they are fresh. Whoever leads, `turns` runs on
without a jump backwards: the clock is an oscillator of its own that is drawn to its leader.
"""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

import numpy as np

BPM_LOW, BPM_HIGH = 30.0, 300.0
"""What a clock from outside may say, in beats per minute."""


class Beat(NamedTuple):
    """The beat at one moment.

    turns          beats so far, with fraction; its fraction is the beat phase, 0 on the beat
    bpm            beats per minute, 0 while unknown
    confidence     0..1; 1 for a clock from outside
    bar_phase      0..1 position in the bar
    beats_per_bar  1..16
    source         "tracker", "tap", or what push() was told: "link", "midi"
    """

    turns: float = 0.0
    bpm: float = 0.0
    confidence: float = 0.0
    bar_phase: float = 0.0
    beats_per_bar: int = 4
    source: str = "tracker"


class Line(NamedTuple):
    """Beats on a straight line: position in beats at `now` is beat + (now - time) * bpm / 60."""

    time: float
    beat: float
    bpm: float

    def at(self, now: float) -> float:
        return self.beat + (now - self.time) * self.bpm / 60.0


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

    A clock that is pushed (Link, MIDI clock) leads for FRESH_S after each push, taps for TAP_S after the
    last; taps that are newer than the last push come first. Then the tracker leads again. Whoever begins to
    lead, the phase comes to its own by running at most PULL_LIMIT faster or slower than the tempo, so
    nothing jumps; only `resync`, by which a performer says "now", goes to the next whole beat at once.
    """

    FRESH_S = 2.0
    TAP_S = 60.0
    PULL_LIMIT = 0.25

    def __init__(self) -> None:
        self._taps = TapTempo()
        self._tapped: Line | None = None
        self._tapped_at = -math.inf
        self._pushed: Line | None = None
        self._pushed_at = -math.inf
        self._source = ""
        self._pushed_bar = 4
        self._turns = 0.0
        self._bpm = 0.0
        self._now: float | None = None

    def tap(self, now: float) -> None:
        """The performer tapped a beat."""
        line = self._taps.tap(now)
        if line is not None:
            self._tapped, self._tapped_at = line, now

    def push(
        self, bpm: float, beat: float, now: float, *, source: str = "link", beats_per_bar: int = 4
    ) -> None:
        """A clock from outside says that position `beat` (with fraction; a multiple of beats_per_bar is a bar
        line) is at `now`, at `bpm`. What no clock says is ignored."""
        if math.isfinite(beat) and BPM_LOW <= bpm <= BPM_HIGH and 1 <= beats_per_bar <= 16:
            self._pushed, self._pushed_at = Line(now, beat, bpm), now
            self._source, self._pushed_bar = source, beats_per_bar

    def resync(self, now: float) -> None:
        """The performer says: here is the one. The tempo that leads stays, as if it were tapped."""
        if self._bpm > 0.0:
            self._tapped, self._tapped_at = Line(now, 0.0, self._bpm), now
            self._advance(now, self._bpm, None)
            self._turns = float(math.ceil(self._turns - 1e-9))

    def release(self) -> None:
        """Forget every clock from outside: the tracker leads again."""
        self._tapped = self._pushed = None

    def read(self, now: float, tracker: Beat) -> Beat:
        """The beat at `now`. tracker: what the tracker says of the same moment."""
        pushed = self._pushed if now - self._pushed_at <= self.FRESH_S else None
        tapped = self._tapped if now - self._tapped_at <= self.TAP_S else None
        if tapped and (pushed is None or self._tapped_at > self._pushed_at):
            line, source, bar = tapped, "tap", tracker.beats_per_bar
        elif pushed:
            line, source, bar = pushed, self._source, self._pushed_bar
        else:
            self._advance(now, tracker.bpm, tracker.turns)
            return tracker._replace(turns=self._turns)
        self._advance(now, line.bpm, line.at(now))
        return Beat(self._turns, line.bpm, 1.0, line.at(now) / bar % 1.0, bar, source)

    def _advance(self, now: float, bpm: float, target: float | None) -> None:
        """Run until `now`, drawn to the phase of `target`; the first time, start there."""
        self._bpm = bpm
        if self._now is None:
            self._now = now
            self._turns = 0.0 if target is None else target
            return
        turn = bpm / 60.0 * max(now - self._now, 0.0)
        self._now = max(now, self._now)
        error = 0.0 if target is None else target - (self._turns + turn)
        error -= round(error)  # whole beats do not matter
        limit = self.PULL_LIMIT * turn
        self._turns += turn + min(max(error, -limit), limit)
