"""A Bayesian filter over tempo and beat phase: a hidden Markov model, and its forward recursion.

The states are those of a bar pointer model cut down to a beat (Whiteley, Cemgil & Godsill 2006; the efficient
state space of Krebs, Böck & Widmer 2015): a row per tempo, a cell per position within the beat. In every step
the probability of a row moves on by whole cells; where a row ends, at a beat, it is spread over the rows of
nearby tempos, and a little of it over all of them. What was heard then weighs the cells near the beat.

Rows are about 2 % of tempo apart. Fast rows have finer cells, so that all keep their tempo as well.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from livesing.audio.beat_features import STEP_S
from livesing.audio.framing import Floats

BPM_LOW, BPM_HIGH = 48.0, 218.0
FINEST = 4
"""Cells that the finest rows move in a step."""


class TempoSpace:
    """The states, laid out one row after the other, the fastest tempo first. Shared by filters, never
    written.

    period_s [rows]     beat period
    cells [rows]        cells of each row                    first [rows]   index of its first
    turn [2, states]    position within the beat: cosine and sine of 2 pi phase
    start [states]      probability of each state before anything was heard
    nearness [states]   to a beat: 1 on it, a Gaussian of WIDTH_STEPS
    regions [rows, rows]   1 for the rows that belong to a reading of each, which are REGION to either side
    """

    SPACING = 0.02
    """Logarithm of the ratio of neighbouring tempos."""
    USUAL_BPM, SPREAD = 118.0, 0.5
    """Tempos are log-normal a priori: centre, and standard deviation of the natural logarithm."""
    STEADINESS = 60.0
    """A tempo changes from beat to beat by the factor f with a probability of exp(-STEADINESS |ln f|)."""
    NEW_TEMPO = 1e-4
    """Probability that at a beat the tempo is any other."""
    WIDTH_STEPS = 1.2
    REGION = 2

    def __init__(self) -> None:
        periods = np.exp(np.arange(np.log(60.0 / BPM_HIGH), np.log(60.0 / BPM_LOW), self.SPACING))
        moves = np.where(periods > 1.0, 1, np.where(periods > 0.5, 2, FINEST))
        self.cells = np.round(periods * moves / STEP_S).astype(int)
        self.period_s = self.cells * STEP_S / moves
        self.first = np.concatenate(([0], np.cumsum(self.cells)[:-1]))
        number = np.arange(len(self.cells))
        self.regions: Floats = (np.abs(number[:, None] - number) <= self.REGION).astype(np.float32)
        self.states = int(self.cells.sum())
        row = np.repeat(np.arange(len(self.cells)), self.cells)
        phase = np.concatenate([np.arange(count) / count for count in self.cells])
        angle = 2.0 * np.pi * phase
        self.turn: Floats = np.stack((np.cos(angle), np.sin(angle))).astype(np.float32)

        log_period = np.log(self.period_s)
        likely = np.exp(-0.5 * ((log_period - np.log(60.0 / self.USUAL_BPM)) / self.SPREAD) ** 2)
        likely /= likely.sum()
        self.start: Floats = (likely / self.cells)[row].astype(np.float32)
        steady = np.exp(-self.STEADINESS * np.abs(log_period[:, None] - log_period[None, :]))
        steady /= steady.sum(axis=1, keepdims=True)
        change = (1.0 - self.NEW_TEMPO) * steady + self.NEW_TEMPO * likely
        self.arrive: Floats = np.ascontiguousarray(change.T, dtype=np.float32)  # [to, from]

        steps_away = np.minimum(phase, 1.0 - phase) * self.period_s[row] / STEP_S
        nearness = np.exp(-0.5 * (steps_away / self.WIDTH_STEPS) ** 2)
        self.nearness: Floats = np.where(steps_away < 3.0 * self.WIDTH_STEPS, nearness, 0.0).astype(
            np.float32
        )

        # What leaves a row in a step, in FINEST equal parts of the step: [rows, FINEST] cells and their
        # share.
        part = np.arange(FINEST) * moves[:, None] // FINEST
        leaving = (self.first + self.cells - moves)[:, None] + part
        self.leaving = leaving.astype(np.intp)
        self.leaving_share: Floats = (moves[:, None] / FINEST).astype(np.float32)
        # What arrives, FINEST parts a row, is put together to the cells that a row moves: [entries] where the
        # parts of each begin, and the states that they are for.
        numbers = np.arange(len(moves))[:, None] * FINEST + np.arange(FINEST)
        begins = np.diff(part, axis=1, prepend=-1) > 0
        self.parts = numbers[begins]
        self.entries = (self.first[:, None] + part)[begins]
        # The rows that move by 4, 2 and 1 cells lie together: the states that are moved, and where to.
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

    RESTART = 2e-5
    """Probability per step that everything begins anew."""
    USUAL_CHANCE = 0.12
    """Of a beat in any step: the chance that says nothing."""
    TRUST = 0.5
    """What an observation counts: those of neighbouring steps are not independent."""
    SUREST = 5.0
    """Log-odds beyond which the network is not believed."""
    NEAR = 0.3
    """Cosine of the phase beyond which states do not belong to a reading."""

    def __init__(self, space: TempoSpace) -> None:
        self.space = space
        self.usual = float(np.log(self.USUAL_CHANCE / (1.0 - self.USUAL_CHANCE)))
        self._restart = np.float32(self.RESTART) * space.start
        self._p = space.start.copy()
        self._next, self._likely = np.empty_like(self._p), np.empty_like(self._p)

    def step(self, log_odds: float, tempo: Floats | None = None) -> None:
        """One step of STEP_S passes. log_odds: of a beat in it. tempo: [rows] how likely each is by what else
        is known; 1 says nothing."""
        space, p, moved = self.space, self._p, self._next
        leaving = p.take(space.leaving)
        leaving *= space.leaving_share
        arriving = np.dot(space.arrive, leaving)  # [rows, FINEST]
        if tempo is not None:
            arriving *= tempo[:, None]
        for states, to in space.shifts:
            moved[to] = p[states]
        moved[space.entries] = np.add.reduceat(arriving.ravel(), space.parts)
        evidence = (min(max(log_odds, -self.SUREST), self.SUREST) - self.usual) * self.TRUST
        likely = np.multiply(space.nearness, np.float32(evidence), out=self._likely)
        moved *= np.exp(likely, out=likely)
        moved *= np.float32(1.0 / float(np.add.reduce(moved)))
        moved += self._restart
        self._p, self._next = moved, p

    def rows(self) -> Floats:
        """[rows] probability of each tempo."""
        return np.asarray(np.add.reduceat(self._p, self.space.first))

    def read(self, row: int, rows: Floats) -> Reading:
        """The belief about the tempos around `row`; rows: of this step, from rows().

        The phase is that of the likeliest state and what lies near it: where two places of the beat are both
        likely, their mean is neither.
        """
        space = self.space
        low, high = max(row - space.REGION, 0), min(row + space.REGION + 1, len(rows))
        states = slice(int(space.first[low]), int(space.first[high - 1] + space.cells[high - 1]))
        p = self._p[states]
        around = rows[low:high]
        mass = float(np.add.reduce(around)) + 1e-30
        period_s = float(np.dot(around, space.period_s[low:high])) / mass
        turn = space.turn[:, states]
        near = np.dot(turn[:, int(p.argmax())], turn)
        near -= np.float32(self.NEAR)
        np.maximum(near, np.float32(0.0), out=near)
        near *= p
        cosine, sine = np.dot(turn, near).tolist()
        weight = float(np.add.reduce(near))
        phase = math.atan2(sine, cosine) / (2.0 * math.pi) % 1.0
        # What is all in one place has a weight of 1 - NEAR of its mass.
        return Reading(period_s, phase, min(weight / (1.0 - self.NEAR) / mass, 1.0), min(mass, 1.0))
