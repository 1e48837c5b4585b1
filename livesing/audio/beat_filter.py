"""A Bayesian filter over tempo and beat phase: a hidden Markov model, and its forward recursion.

The states are those of a bar pointer model cut down to a beat (Whiteley, Cemgil & Godsill 2006; the efficient
state space of Krebs, Böck & Widmer 2015): a row per tempo, a cell per position within the beat. In every
stride the probability of a row moves on by whole cells; where a row ends, at a beat, it is spread over the
rows of nearby tempos, and a little of it over all of them. What was heard then weighs the cells near the
beat.

Every period that is a whole number of cells has a row: they are 2 to 4 % apart. Fast rows have finer cells.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from livesing.audio.beat_features import STEP_S, STRIDE, STRIDE_S
from livesing.audio.framing import Floats

BPM_LOW, BPM_HIGH = 48.0, 218.0
PERIODS_S = (60.0 / BPM_HIGH, 0.5, 1.0, 60.0 / BPM_LOW + STRIDE_S)
"""From one of these to before the next, rows are of one fineness."""
FINEST = 4
"""Cells that the finest rows move in a stride."""
_ZERO = np.float32(0.0)
_QUIET = np.errstate(invalid="ignore")
"""BLAS works on whole vectors, on what lies behind an array's end as well. Once in some million products that
is no number, which numpy warns of though nothing is wrong. What is, `push` finds itself."""


class TempoSpace:
    """The states, laid out one row after the other, the fastest tempo first. Shared by filters, never
    written.

    period_s [rows]     beat period
    cells [rows]        cells of each row                    first [rows]   index of its first
    turn [3, states]    position within the beat: cosine and sine of 2 pi phase, and 1
    aim [states, 3]     what a turn is multiplied by to know how near it is to that state's, 0 at NEAR
    start [states]      probability of each state before anything was heard
    nearness [STRIDE + 1, states]   to a beat at each step of the stride that led there: 1 on it, a Gaussian
                        of WIDTH_STEPS; the last row is all 1
    regions [rows, rows]   1 for the rows that belong to a reading of each, which are REGION to either side
    """

    USUAL_BPM, SPREAD = 118.0, 0.5
    """Tempos are log-normal a priori: centre, and standard deviation of the natural logarithm."""
    STEADINESS = 60.0
    """A tempo changes from beat to beat by the factor f with a probability of exp(-STEADINESS |ln f|)."""
    NEW_TEMPO = 1e-4
    """Probability that at a beat the tempo is any other."""
    RESTART = 4e-5
    """Probability per stride that a beat begins here of no tempo that was."""
    WIDTH_STEPS = 1.2
    """Of a beat, in steps."""
    REGION = 2
    NEAR = 0.3
    """Cosine of the phase beyond which states do not belong to a reading."""

    def __init__(self) -> None:
        # Every period that is a whole number of cells. From one bound to the next rows move by as many.
        ranges = []
        for move, (low_s, high_s) in zip(
            (FINEST, FINEST // 2, FINEST // 4), pairwise(PERIODS_S), strict=True
        ):
            cells = [round(period_s * move / STRIDE_S) for period_s in (low_s, high_s)]
            ranges.append((move, np.arange(*cells)))
        self.cells = np.concatenate([cells for _, cells in ranges])
        moves = np.concatenate([np.full(len(cells), move) for move, cells in ranges])
        self.period_s = self.cells * STRIDE_S / moves
        self.first = np.concatenate(([0], np.cumsum(self.cells)[:-1]))
        number = np.arange(len(self.cells))
        self.regions: Floats = (np.abs(number[:, None] - number) <= self.REGION).astype(np.float32)
        self.states = int(self.cells.sum())
        row = np.repeat(number, self.cells)
        phase = np.concatenate([np.arange(count) / count for count in self.cells])
        angle = 2.0 * np.pi * phase
        self.turn: Floats = np.stack((np.cos(angle), np.sin(angle), np.ones(self.states))).astype(np.float32)
        self.aim: Floats = np.stack(
            (np.cos(angle), np.sin(angle), np.full(self.states, -self.NEAR)), axis=1
        ).astype(np.float32)
        self.around = [
            (max(k - self.REGION, 0), min(k + self.REGION + 1, len(self.cells)))
            for k in range(len(self.cells))
        ]
        self.ends = [0, *np.cumsum(self.cells).tolist()]
        self.mass_and_period: Floats = np.stack((np.ones(len(self.cells)), self.period_s)).astype(np.float32)

        log_period = np.log(self.period_s)
        likely = np.exp(-0.5 * ((log_period - np.log(60.0 / self.USUAL_BPM)) / self.SPREAD) ** 2)
        likely /= likely.sum()
        self.start: Floats = (likely / self.cells)[row].astype(np.float32)

        ago = np.arange(STRIDE - 1, -1, -1)[:, None] * STEP_S / self.period_s[row]
        then = (phase - ago) % 1.0
        steps_away = np.minimum(then, 1.0 - then) * self.period_s[row] / STEP_S
        nearness = np.exp(-0.5 * (steps_away / self.WIDTH_STEPS) ** 2)
        nearness = np.where(steps_away < 3.0 * self.WIDTH_STEPS, nearness, 0.0)
        self.nearness: Floats = np.concatenate((nearness, np.ones((1, self.states)))).astype(np.float32)

        # What leaves a row in a stride, in FINEST equal parts of it: [rows, FINEST] cells, and how
        # probable every row is for what has left another.
        part = np.arange(FINEST) * moves[:, None] // FINEST
        self.leaving = ((self.first + self.cells - moves)[:, None] + part).astype(np.intp)
        steady = np.exp(-self.STEADINESS * np.abs(log_period[:, None] - log_period[None, :]))
        steady /= steady.sum(axis=1, keepdims=True)
        change = (1.0 - self.NEW_TEMPO) * steady + self.NEW_TEMPO * likely
        share = moves / FINEST  # of a cell, that a part is
        restart = self.RESTART / FINEST * likely
        self.arrive: Floats = np.concatenate(  # [to, from, and from nowhere]
            ((change * share[:, None]).T, restart[:, None]), axis=1
        ).astype(np.float32)
        # What arrives, FINEST parts a row, is put together to the cells that a row moves: [entries] where the
        # parts of each begin, and the states that they are for.
        begins = np.diff(part, axis=1, prepend=-1) > 0
        self.parts = (number[:, None] * FINEST + np.arange(FINEST))[begins]
        self.entries = (self.first[:, None] + part)[begins]
        # The rows that move by as many cells lie together: the states that are moved, and where to.
        self.shifts: list[tuple[slice, slice]] = []
        for move in np.unique(moves)[::-1]:
            rows = np.flatnonzero(moves == move)
            first, last = int(self.first[rows[0]]), int(self.first[rows[-1]] + self.cells[rows[-1]])
            self.shifts.append((slice(first, last - int(move)), slice(first + int(move), last)))


class Reading(NamedTuple):
    """What the filter believes of one tempo region.

    period_s     beat period
    phase        0..1 within the beat, at the time that the newest observation is about
    sharpness    0..1 how far the region's probability is in one place of the beat
    probability  0..1 of the region
    """

    period_s: float
    phase: float
    sharpness: float
    probability: float


class BeatFilter:
    """The forward recursion over a TempoSpace; one stream's."""

    USUAL_CHANCE = 0.12
    """Of a beat in any step: the chance that says nothing."""
    TRUST = 0.35
    """What an observation counts: those of neighbouring steps are not independent."""
    SUREST = 5.0
    """Log-odds beyond which the network is not believed."""

    def __init__(self, space: TempoSpace) -> None:
        self.space = space
        self.usual = float(np.log(self.USUAL_CHANCE / (1.0 - self.USUAL_CHANCE)))
        self._begin()
        self._next, self._likely = np.empty_like(self._p), np.empty_like(self._p)
        self._weights = np.zeros(STRIDE + 1, dtype=np.float32)
        self._leaving = np.empty((len(self._rows) + 1, FINEST), dtype=np.float32)

    def _begin(self) -> None:
        """Nothing was heard yet."""
        # Probabilities up to a factor, and by row; the next stride divides by their sum.
        self._p = self.space.start.copy()
        self._rows = np.add.reduceat(self._p, self.space.first)
        self.total = float(np.add.reduce(self._rows))

    @_QUIET
    def push(self, log_odds: list[float], tempo: Floats | None = None) -> None:
        """A stride passes. log_odds: [STRIDE] of a beat in each of its steps. tempo: [rows] how likely each
        is by what else is known; 1 says nothing."""
        space, p, moved, likely, leaving = self.space, self._p, self._next, self._likely, self._leaving
        for number, odds in enumerate(log_odds):
            evidence = min(max(odds, -self.SUREST), self.SUREST) - self.usual
            self._weights[number] = evidence * self.TRUST
        self._weights[STRIDE] = -math.log(self.total)
        np.exp(np.dot(self._weights, space.nearness, out=likely), out=likely)
        p.take(space.leaving, out=leaving[:-1], mode="clip")
        leaving[-1] = self.total
        arriving = np.dot(space.arrive, leaving)  # [rows, FINEST]
        if tempo is not None:
            arriving *= tempo[:, None]
        for states, to in space.shifts:
            np.multiply(p[states], likely[to], out=moved[to])
        moved[space.entries] = np.add.reduceat(arriving.ravel(), space.parts) * likely.take(space.entries)
        self._p, self._next = moved, p
        self._rows = np.add.reduceat(moved, space.first)
        self.total = float(np.add.reduce(self._rows))
        if not 0.0 < self.total < math.inf:  # nor a number: it would stay so for the rest of the night
            self._begin()

    @property
    def rows(self) -> Floats:
        """[rows] probability of each tempo, times `total`."""
        return self._rows

    @_QUIET
    def read(self, row: int) -> Reading:
        """The belief about the tempos around `row`.

        The phase is that of the likeliest state and what lies near it: where two places of the beat are both
        likely, their mean is neither.
        """
        space = self.space
        low, high = space.around[row]
        first, last = space.ends[low], space.ends[high]
        around = self._rows[low:high]
        mass, weighted = np.dot(space.mass_and_period[:, low:high], around).tolist()
        p, turn = self._p[first:last], space.turn[:, first:last]
        near = np.dot(space.aim[first + int(p.argmax())], turn)
        np.maximum(near, _ZERO, out=near)
        near *= p
        cosine, sine, weight = np.dot(turn, near).tolist()
        phase = math.atan2(sine, cosine) / (2.0 * math.pi) % 1.0
        # What is all in one place has a weight of 1 - NEAR of its mass.
        sharpness = min(weight / ((1.0 - space.NEAR) * mass), 1.0)
        return Reading(weighted / mass, phase, sharpness, min(mass / self.total, 1.0))
