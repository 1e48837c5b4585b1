"""Onset rate, tempo and beat phase, through aubio (package aubio-ledfx)."""

from __future__ import annotations

import math
from collections import deque

from livesing.audio.framing import Floats, Framer

TEMPO_LOW, TEMPO_HIGH = 70.0, 180.0
"""Range of the tempo in beats per minute; others are folded into it by octaves."""

USUAL_TEMPO = 125.0


def aubio_hop(rate: float) -> int:
    """Power of two nearest to 12 ms, where aubio is at its best (512 at 44.1 and 48 kHz)."""
    return 2 ** round(math.log2(rate * 0.0125))


def fold_tempo(bpm: float, near: float = 0.0) -> float:
    """Bring a tempo into 70..180 by octaves: nearest to `near`, else to the usual 125.

    Music at 87 can be counted at 174 and the other way round; the range is wider than an octave,
    and staying near the tempo that was counted so far keeps the count from flipping.
    """
    if not (math.isfinite(bpm) and bpm > 0.0):
        return 0.0
    while bpm < TEMPO_LOW:
        bpm *= 2.0
    while bpm > TEMPO_HIGH:
        bpm /= 2.0
    goal = near if near > 0.0 else USUAL_TEMPO
    candidates = [b for b in (bpm / 2.0, bpm, bpm * 2.0) if TEMPO_LOW <= b <= TEMPO_HIGH]
    return min(candidates, key=lambda b: abs(math.log(b / goal)))


class BeatOscillator:
    """A phase-locked oscillator: turns advance smoothly and are pulled towards observed beats.

    `turns` counts beats with fraction: its whole part is the number of beats, its fraction the
    beat phase. It never runs backwards and never more than PULL_LIMIT faster or slower than the
    tempo, so what it moves does not jerk.
    """

    PULL_S = 0.5
    PULL_LIMIT = 0.2
    TEMPO_GAIN = 0.25
    NEW_TEMPO = 0.08
    NEW_TEMPO_BEATS = 3
    FORGET_S = 3.0

    def __init__(self) -> None:
        self.turns = 0.0
        self.bpm = 0.0
        self.confidence = 0.0
        self._error = 0.0
        self._doubts = 0
        self._since_beat_s = 0.0

    def advance(self, dt: float) -> None:
        """Let `dt` seconds pass."""
        turn = self.bpm / 60.0 * dt
        limit = self.PULL_LIMIT * turn
        pull = min(max(self._error * dt / self.PULL_S, -limit), limit)
        self._error -= pull
        self.turns += turn + pull
        self._since_beat_s += dt
        if self._since_beat_s * self.bpm / 60.0 > 2.5:
            self.confidence *= math.exp(-dt / self.FORGET_S)

    def observe(self, bpm: float, age_s: float, trust: float) -> None:
        """A beat was `age_s` seconds ago, at tempo `bpm` (folded); trust in it: 0..1.

        A tempo more than NEW_TEMPO away has to be told NEW_TEMPO_BEATS times to be believed.
        """
        self._since_beat_s = age_s
        steady = self.bpm > 0.0 and abs(bpm / self.bpm - 1.0) < self.NEW_TEMPO
        if steady:
            self._doubts = 0
            self.bpm += (bpm - self.bpm) * self.TEMPO_GAIN
        else:
            self._doubts += 1
            if self.bpm == 0.0 or self._doubts >= self.NEW_TEMPO_BEATS:
                self.bpm = bpm
                self._doubts = 0
        then = self.turns - self.bpm / 60.0 * age_s
        error = round(then) - then
        self._error = error
        agreement = max(0.0, 1.0 - abs(error) / 0.25) * trust if steady else 0.0
        self.confidence += (agreement - self.confidence) * 0.2


class Rhythm:
    """Onsets, tempo and beat of a stream: aubio.onset and aubio.tempo, and a BeatOscillator.

    aubio is asked once a hop (about 12 ms). Between hops the phase runs on, so it is smooth at any
    block size and depends only on the samples heard.

    onsets  note onsets so far. They are told some 50 ms after they sounded: enough for a rate,
            too late for light
    """

    def __init__(self, rate: float, onset_memory_s: float = 4.0) -> None:
        """onset_memory_s: how far back onset_rate looks."""
        import aubio  # here, so that importing this module stays cheap

        hop = aubio_hop(rate)
        # Modified Kullback-Leibler: on fast tonal music the default (high-frequency content) misses
        # half of the notes, the plain spectral flux hears notes in a steady tone.
        self._onset = aubio.onset("mkl", 2 * hop, hop, int(rate))
        self._onset.set_silence(-60.0)
        self._tempo = aubio.tempo("default", 2 * hop, hop, int(rate))
        # aubio drops a beat whose own hop is quiet, which in a dry drum loop is the gap before it.
        self._tempo.set_silence(-120.0)
        self._framer = Framer(hop, hop)
        self._rate = rate
        self._memory = onset_memory_s * rate
        self._onset_samples: deque[int] = deque()
        self._now = 0
        self._beat = BeatOscillator()
        self.onsets = 0

    def push(self, block: Floats) -> None:
        """block: [n] float32, clean."""
        for frame in self._framer.push(block):
            self._now += frame.size
            self._beat.advance(frame.size / self._rate)
            # aubio always finds an onset where the stream begins.
            if self._onset(frame)[0] and self._now > 2 * frame.size:
                self.onsets += 1
                self._onset_samples.append(self._now)
            while self._onset_samples and self._onset_samples[0] <= self._now - self._memory:
                self._onset_samples.popleft()
            if self._tempo(frame)[0]:
                self._observe_beat()

    def _observe_beat(self) -> None:
        bpm = fold_tempo(self._tempo.get_bpm(), self._beat.bpm)
        if bpm > 0.0:
            age_s = max(0, self._now - self._tempo.get_last()) / self._rate
            # aubio's own confidence is about 0.1 on noise, 0.2-0.3 on bands, over 1 on drum loops;
            # and it finds a beat in a steady tone too, where nothing begins.
            trust = (self._tempo.get_confidence() - 0.08) / 0.12
            trust = min(max(trust, 0.0), 1.0, self.onset_rate)
            self._beat.observe(bpm, age_s, trust)

    @property
    def onset_rate(self) -> float:
        """Onsets per second over the last onset_memory_s seconds."""
        heard = min(max(self._now, self._rate), self._memory) / self._rate
        return len(self._onset_samples) / heard

    @property
    def bpm(self) -> float:
        """Beats per minute, 70..180; 0 while unknown."""
        return self._beat.bpm

    @property
    def turns(self) -> float:
        """Beats so far, with fraction, at the newest sample; never runs backwards."""
        return self._beat.turns + self.bpm / 60.0 * self._framer.pending / self._rate

    @property
    def confidence(self) -> float:
        """0..1, how far tempo and phase can be trusted."""
        return self._beat.confidence
