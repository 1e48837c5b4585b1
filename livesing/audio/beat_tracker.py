"""The beat tracker: what is heard, judged by a network, gathered by a filter, told by an oscillator.

    sound -> band powers, rises (beat_features) -> swings at every tempo (beat_resonators, beat_inputs)
          -> chance of a beat and of a downbeat (beat_net)
          -> probability of every tempo and phase (beat_filter): a pulse
          -> how people count it (beat_level), and where in which bar it is (beat_bar)
          -> turns that run smoothly (here)

Steps of 20 ms are worked on in strides of two, so how the stream is cut into blocks changes nothing. Only
past sound is used; the phase of the present is the filter's, which lags by DELAY_S, run on.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from functools import cache

import numpy as np

from livesing.audio.beat_bar import BarFilter
from livesing.audio.beat_features import STEP_S, STRIDE, STRIDE_S, BandPowers, Pauses
from livesing.audio.beat_filter import BeatFilter, Reading, TempoSpace
from livesing.audio.beat_harmony import HarmonicChange
from livesing.audio.beat_inputs import BeatInputs
from livesing.audio.beat_level import WEIGHTS as LEVEL_WEIGHTS
from livesing.audio.beat_level import LevelJudge
from livesing.audio.beat_net import DELAY_S, TEMPOS, BeatNet, Heard, read_weights
from livesing.audio.framing import Floats

KEPT_S = 3.0
"""How far back the tracker remembers what it told."""

Weights = Mapping[str, Floats]


@cache
def _space() -> TempoSpace:
    return TempoSpace()


@cache
def _shipped() -> Weights:
    return read_weights()


@cache
def _shipped_level() -> Weights:
    return read_weights(LEVEL_WEIGHTS)


class BeatTracker:
    """One stream's tracker; owned by one thread.

    turns           beats so far, with fraction, at the end of the last stride; never runs backwards
    period_s        beat period, 0 while unknown
    confidence      0..1
    beats_per_bar   of the likeliest bar; bar_confidence 0..1
    """

    SWITCH = 2.0
    """Another tempo has to be so much likelier than the one that is told."""
    LOCK_GAIN = 0.36
    """Share of the phase error that is corrected in a stride."""
    GENTLE, HURRIED = 0.25, 1.0
    """Most that the turns run faster or slower than the tempo: as usual, and to reach a new track's beat."""
    FAR = 0.12
    """Beats of error from which on they hurry."""
    TRIM_GAIN, MOST_TRIM = 0.0024, 0.03
    """The filter's tempos are some 3 % apart and its mean of them is off by some tenths: what phase error is
    left tells by how much, within 6 s."""
    CONFIDENCE_S = 0.5
    CONTRAST_S = 1.5
    CONTRAST = 0.25
    """So much likelier the network has to find beats where they are expected than elsewhere."""
    SILENT_AFTER_S = 0.4
    FADE_S = 3.0
    """In silence the confidence falls by 1/e."""
    SURE = 0.06
    """Confidence from which on a tempo is told."""

    def __init__(self, rate: float, weights: Weights | None = None) -> None:
        """rate: samples per second, 8000..192000. weights: the network's; without them those that ship."""
        self._powers = BandPowers(rate)
        self._pauses = Pauses()
        self._stride_s = self._powers.stride_samples / rate
        self._rate = rate
        self._inputs = BeatInputs()
        self._net = BeatNet(_shipped() if weights is None else weights)
        self._space = _space()
        self._filter = BeatFilter(self._space)
        self._level = LevelJudge(_shipped_level())
        self._bar = BarFilter()
        samples = self._powers.heard.shape[1]
        self._harmony = HarmonicChange(samples / self._stride_s, samples)
        self._tempo_at = _tempo_rows(self._space)
        self._quiet_s = 0.0
        self._row = -1
        self._phase = 0.0
        self._downbeat = self._nearness = 0.0
        self._bar_at = 0
        self._advance = 0.0
        self._trim = 1.0
        self._on = self._off = 0.0
        self._strides = 0
        self._told: deque[tuple[float, float]] = deque(maxlen=round(KEPT_S / STRIDE_S))
        self.turns = 0.0
        self.period_s = 0.0
        self.confidence = 0.0

    @property
    def pending_s(self) -> float:
        """Sound that was heard and is not yet part of a stride, s."""
        return self._powers.pending / self._rate

    @property
    def pace(self) -> float:
        """Turns a second until the next stride: the tempo, and what draws them to the beat."""
        return self._advance / self._stride_s

    @property
    def beats_per_bar(self) -> int:
        return self._bar.beats_per_bar

    @property
    def bar_confidence(self) -> float:
        return self._bar.confidence * self.confidence

    def bar_phase(self, turns: float) -> float:
        """0..1 place in the bar at a number of turns."""
        return (turns - self._bar_at + self._bar.position) / self._bar.beats_per_bar % 1.0

    def push(self, block: Floats) -> None:
        """block: [n] float32, clean."""
        strides = self._powers.push(block)
        for powers, sound in zip(strides, self._powers.heard, strict=True):
            self._harmony.push(sound)
            self._quiet_s = self._quiet_s + self._stride_s if self._pauses.push(powers) else 0.0
            heard = self._net.judge(self._inputs.push(powers))
            self.follow(heard, self._inputs.rises, silent=self._quiet_s > self.SILENT_AFTER_S)
            self._strides += 1
            self._told.append((self.period_s, self.confidence))

    def told_at(self, time_s: float) -> tuple[float, float]:
        """(period_s, confidence) as of the last stride that had ended at a time of the stream, s; of the
        oldest one that is remembered where it is longer ago."""
        ended = min(round(time_s * self._rate) // self._powers.stride_samples, self._strides)
        return self._told[max(len(self._told) - 1 - (self._strides - ended), 0)] if ended > 0 else (0.0, 0.0)

    def follow(self, heard: Heard, rises: Floats, *, silent: bool) -> None:
        """A stride passes, in which that was heard. rises: [FRAMES, BANDS]."""
        if silent:
            self._filter.push([self._filter.usual] * STRIDE)  # silence says nothing about the beat
            self._level.rest()
            self.confidence *= math.exp(-self._stride_s / self.FADE_S)
            self._run(None)
            return
        self._filter.push(heard.beat, self._tempo(heard))
        pulse = self._read()
        reading = self._count(pulse, rises)
        steps = zip(range(STRIDE - 1, -1, -1), map(_chance, heard.beat), heard.downbeat, strict=True)
        for ago, chance, downbeat in steps:
            near = _nearness(pulse, ago)
            self._compare(pulse.period_s, near, chance)
            if reading is not pulse:
                near = _nearness(reading, ago)
            if near > 0.05:
                weight = near * chance
                self._downbeat += weight * min(_chance(downbeat) / (chance + 0.02), 1.0)
                self._nearness += weight
        contrast = min(max((self._on - self._off) / self.CONTRAST, 0.0), 1.0)
        sure = pulse.probability * pulse.sharpness * contrast
        self.confidence += (sure - self.confidence) * self._stride_s / self.CONFIDENCE_S
        self._run(reading)
        self._hear_bar(reading.phase)

    def _count(self, pulse: Reading, rises: Floats) -> Reading:
        """The pulse as people would count it."""
        position = pulse.phase + DELAY_S / pulse.period_s
        period_s, position = self._level.follow(rises, pulse.period_s, position)
        if self._level.told == 0:  # the pulse itself
            return pulse
        return pulse._replace(period_s=period_s, phase=(position - DELAY_S / period_s) % 1.0)

    def _tempo(self, heard: Heard) -> Floats:
        """[rows] how likely the network thinks each tempo of the filter, the likeliest 1."""
        tempo = heard.tempo.take(self._tempo_at)
        tempo -= np.maximum.reduce(heard.tempo)
        return np.exp(tempo, out=tempo)

    def _compare(self, period_s: float, near: float, chance: float) -> None:
        """Whether beats are heard where they are expected. The filter believes in some tempo even where
        nothing happens at all. chance: 0..1 that this step is a beat."""
        share = STEP_S / self.CONTRAST_S
        # Near a beat are but a few steps of it.
        self._on += (chance - self._on) * min(near * share * period_s / (3.0 * STEP_S), 1.0)
        self._off += (chance - self._off) * share * (near < 0.05)

    def _read(self) -> Reading:
        """The filter's reading of the tempo that is told, which changes only for a much likelier one."""
        regions = np.dot(self._space.regions, self._filter.rows)
        best = int(regions.argmax())
        row = self._row
        if row >= 0:
            low = max(row - 2, 0)
            row = low + int(regions[low : row + 3].argmax())
        if row < 0 or (regions[best] > self.SWITCH * regions[row]):
            row = best
            self._trim = 1.0
        self._row = row
        return self._filter.read(row)

    def _run(self, reading: Reading | None) -> None:
        """Turns run on by a stride as was planned at the last one; now the next is planned, so that they are
        drawn to the reading's phase and yet are known until then."""
        self.turns += self._advance
        if reading is None:
            self._advance = self._stride_s / self.period_s if self.period_s > 0.0 else 0.0
            return
        if self.period_s == 0.0 and self.confidence < self.SURE:
            return
        turn = STRIDE_S / reading.period_s * self._trim
        self.period_s = self._stride_s / turn
        error = reading.phase + DELAY_S / self.period_s - self.turns
        error -= round(error)
        far = abs(error) > self.FAR
        if not far:
            trim = self._trim + self.TRIM_GAIN * error / turn
            self._trim = min(max(trim, 1.0 - self.MOST_TRIM), 1.0 + self.MOST_TRIM)
        limit = turn * (self.HURRIED if far else self.GENTLE)
        self._advance = max(turn + min(max(error * self.LOCK_GAIN, -limit), limit), 0.0)

    def _hear_bar(self, phase: float) -> None:
        """A quarter of a beat after it, what was gathered around it tells whether it was a downbeat."""
        passed = self._phase < 0.25 <= phase < 0.75
        self._phase = phase
        if passed and self._nearness > 0.0 and self.period_s > 0.0:
            beats = round(self.turns - (phase + DELAY_S / self.period_s))
            if beats > self._bar_at:
                between = self._harmony.measure(DELAY_S + (phase + 0.5) * self.period_s)
                self._bar.push(self._downbeat / self._nearness, between)
            self._bar_at = beats
            self._downbeat = self._nearness = 0.0


def _chance(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-min(max(log_odds, -30.0), 30.0)))


def _nearness(reading: Reading, ago: int) -> float:
    """1 on the beat, falling off within a few steps; as of that many steps before the newest."""
    phase = (reading.phase - ago * STEP_S / reading.period_s) % 1.0
    away = min(phase, 1.0 - phase) * reading.period_s / STEP_S
    return math.exp(-0.5 * (away / TempoSpace.WIDTH_STEPS) ** 2)


def _tempo_rows(space: TempoSpace) -> np.ndarray:
    """[rows] which of TEMPOS is nearest to each row's."""
    away = np.log(60.0 / space.period_s)[:, None] - np.log(TEMPOS)[None, :]
    return np.asarray(np.abs(away).argmin(axis=1))
