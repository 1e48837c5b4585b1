"""MIDI clock, decoded: from the bytes of a MIDI input and the times of their arrival to where the beat is.

A MIDI clock ticks 24 times a beat and says nothing else: tempo and phase come from the ticks' times, which
arrive with the jitter of drivers, cables and threads, mostly late. Start, Continue and the song position
pointer say which tick is a beat (MIDI 1.0 Detailed Specification, System Real Time Messages).
"""

from __future__ import annotations

from collections import deque

import numpy as np

from livesing.audio.beat_clock import BPM_HIGH, BPM_LOW, SOURCES, ClockLine

TICKS_PER_BEAT = 24
TICKS_PER_POSITION = 6
"""The song position pointer counts sixteenths."""
CLOCK, START, CONTINUE, STOP, SONG_POSITION = 0xF8, 0xFA, 0xFB, 0xFC, 0xF2
REAL_TIME = 0xF8
"""From here on a byte is a message of its own, and may stand within another."""

FEWEST, MOST = TICKS_PER_BEAT, 4 * TICKS_PER_BEAT
"""Ticks of the past that the line is laid through."""
TELL_EVERY = 6
"""Ticks from one line to the next."""
LOST_S = 1.0
"""Seconds without a tick after which the clock begins anew: twelve ticks at 30 BPM."""
NEW_TEMPO = 0.01
"""Relative difference of the last beat's tempo to that of all after which only the last beat counts, where
it is more than SURE standard errors of that beat's tempo as well."""
SURE = 4.0
OUTLIER = 3.0
"""Robust standard deviations off the line at which a tick is left out."""
LEAST_SPREAD_S = 1e-4
GAP, BURST = 1.6, 0.4
"""Ticks' worth of time after which a tick may have been lost, and within which late ones come together."""
SURE_AFTER = 6
"""Evenly spaced ticks after a gap that make up for none of it: then some were lost, not late."""
USUAL_BAR = 4
"""Beats; a MIDI clock does not tell."""


class MidiClock:
    """Follows one clock. Pure: bytes and times in, lines out.

    Stopped, the clock says nothing, though it may tick on: what sounds then is not its music. Before it has
    said anything but ticks, its line is not anchored: the tempo is known, the beat is not.
    """

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=MOST)
        self._tick = 0
        """Number of the next tick."""
        self._period = 0.0
        """s from tick to tick; 0 while unknown, and after a message that says where the next tick is."""
        self._since_gap: int | None = None
        """Ticks since one that may have been lost; None when none may."""
        self._origin: int | None = None
        """Number of the tick that is beat 0; None while unknown."""
        self._held: int | None = None
        """Ticks from beat 0 at which a Continue goes on; None while unknown."""
        self._stopped = False
        self._position: list[int] | None = None
        """Data bytes of a song position that is being received."""

    def push(self, data: bytes, time: float) -> ClockLine | None:
        """Bytes that arrived together at `time`, s -> where the beat is, when that is told anew."""
        told = None
        for byte in data:
            if byte >= REAL_TIME:
                told = self._real_time(byte, time) or told
            elif byte & 0x80:
                self._position = [] if byte == SONG_POSITION else None
            elif self._position is not None:
                self._position.append(byte)
                if len(self._position) == 2:
                    self._locate(self._position[0] + 128 * self._position[1])
                    self._position = None
        return told

    def _real_time(self, byte: int, time: float) -> ClockLine | None:
        gap_s = time - self._times[-1] if self._times else 0.0
        if not 0.0 <= gap_s <= LOST_S:
            self._times.clear()
            self._since_gap = None
            if not self._stopped:
                self._origin = None  # nobody knows how many ticks were lost
        if byte == CLOCK:
            self._times.append(time)
            self._tick += 1
            self._count_lost(gap_s)
            return self._line() if self._tick % TELL_EVERY == 0 and not self._stopped else None
        if byte in (START, CONTINUE, STOP):
            self._since_gap, self._period = None, 0.0
        if byte == START:
            self._origin, self._stopped = self._tick, False
        elif byte == CONTINUE:
            if self._stopped or self._origin is None:
                self._origin = None if self._held is None else self._tick - self._held
            self._stopped = False
        elif byte == STOP and not self._stopped:
            self._held = None if self._origin is None else self._tick - self._origin
            self._stopped = True
        return None

    def _count_lost(self, gap_s: float) -> None:
        """Count ticks that never came, or the beat would lag. The newest came `gap_s` after another."""
        if self._period > 0.0 and gap_s > GAP * self._period:
            if self._since_gap == 0:  # one after the other: another tempo
                self._since_gap, self._period = None, 0.0
            else:
                self._since_gap = 0
            return
        if self._since_gap is None:
            return
        self._since_gap = 0 if gap_s < BURST * self._period else self._since_gap + 1
        if self._since_gap < SURE_AFTER:
            return
        gap = len(self._times) - SURE_AFTER - 1  # the first tick after it, or after what was late
        self._since_gap = None
        if gap < FEWEST:
            return
        times = list(self._times)
        period, last, _ = _fit(np.array(times[:gap]))
        late = (np.array(times[gap:]) - last) / period - np.arange(1, SURE_AFTER + 2)
        lost = round(float(np.median(late)))
        if lost > 0:
            self._tick += lost
            between = np.linspace(times[gap - 1], times[gap], lost + 2)[1:-1].tolist()
            self._times.clear()
            self._times.extend(times[:gap] + between + times[gap:])

    def _locate(self, position: int) -> None:
        """The next tick, or that after the next Continue, is at so many sixteenths."""
        self._held = position * TICKS_PER_POSITION
        self._since_gap, self._period = None, 0.0
        if self._origin is not None and not self._stopped:
            self._origin = self._tick - self._held

    def _line(self) -> ClockLine | None:
        """The line through the ticks of the past; None while there are too few, or no clock ticks so."""
        if len(self._times) < FEWEST:
            return None
        times = np.array(self._times)
        period, now, _ = _fit(times)
        if len(times) >= 2 * FEWEST and self._since_gap is None:  # a gap looks like a slower tempo
            newest, end, spread = _fit(times[-FEWEST:])
            error = spread * np.sqrt(12.0 / FEWEST**3)  # of a slope through evenly spaced points
            if abs(newest - period) > max(NEW_TEMPO * period, SURE * error):
                period, now = newest, end
                self._times = deque(self._times, maxlen=MOST)
                for _ in range(len(times) - FEWEST):
                    self._times.popleft()
        bpm = 60.0 / (period * TICKS_PER_BEAT) if period > 0.0 else 0.0
        self._period = max(period, 0.0)
        if not BPM_LOW <= bpm <= BPM_HIGH:
            return None
        anchored = self._origin is not None
        beat = (self._tick - 1 - (self._origin or 0)) / TICKS_PER_BEAT
        return ClockLine(now, beat, bpm, USUAL_BAR, float(anchored), SOURCES.index("midi"))


def _fit(times: np.ndarray) -> tuple[float, float, float]:
    """Ticks' times, s -> (seconds a tick, time of the newest tick on the line, robust standard deviation of
    the ticks, s), by least squares without what lies far off."""
    number = np.arange(1 - len(times), 1, dtype=np.float64)
    period, now = np.polyfit(number, times - times[-1], 1)
    off = times - times[-1] - now - period * number
    off -= np.median(off)
    spread = max(1.4826 * float(np.median(np.abs(off))), LEAST_SPREAD_S)
    near = np.abs(off) <= OUTLIER * spread
    if near.sum() >= len(times) // 2:
        period, now = np.polyfit(number[near], times[near] - times[-1], 1)
    return float(period), float(times[-1] + now), spread
