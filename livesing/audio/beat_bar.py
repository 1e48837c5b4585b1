"""Where in the bar the beat is: a hidden Markov model over metre and position, a step a beat."""

from __future__ import annotations

import numpy as np

from livesing.audio.beat_harmony import REGISTERS
from livesing.audio.framing import Floats

METRES: dict[int, float] = {4: 0.76, 3: 0.14, 2: 0.03, 5: 0.025, 6: 0.03, 7: 0.015}
"""Beats of a bar, and how usual they are."""


class BarFilter:
    """Which beat of which bar this is, from the chance that each beat is a downbeat, and from how much the
    harmony changes there, as against the beats before.

    beats_per_bar   of the likeliest bar
    position        0..beats_per_bar - 1 of the last beat that was pushed
    confidence      0..1: probability of both, less what guessing would give
    """

    ASTRAY = 0.02
    """Probability that a beat is not the next of its bar: a dropped beat, a new piece."""
    CHANGE_WEIGHT = 0.5
    """Log-odds, a standard deviation and register, that a beat is a downbeat for a change of harmony."""
    LEAST, MOST = -1.5, 2.0
    """Standard deviations beyond which a change counts no more."""
    REMEMBERED = 20
    """Beats by which it is judged what changes are usual."""
    USUAL, VARIANCE = 0.35, 0.1
    """Of changes, before any was heard."""
    SWITCH = 1.5
    """A bar has to be so much likelier than the one that was told so far."""

    def __init__(self) -> None:
        self._metre = np.concatenate([np.full(m, m) for m in METRES])
        self._position = np.concatenate([np.arange(m) for m in METRES])
        self._prior: Floats = np.concatenate(
            [np.full(m, share / m, dtype=np.float32) for m, share in METRES.items()]
        )
        starts = np.flatnonzero(self._position == 0)
        ends = np.append(starts[1:], self._position.size) - 1
        self._from = np.arange(self._position.size) - 1
        self._from[starts] = ends
        self.reset()

    def reset(self) -> None:
        self._p = self._prior.copy()
        self._state = 0
        self._beats = 0
        self._usual = np.full(len(REGISTERS), self.USUAL, dtype=np.float32)
        self._variance = np.full(len(REGISTERS), self.VARIANCE, dtype=np.float32)
        self.confidence = 0.0

    def push(self, chance: float, change: Floats | None = None) -> None:
        """A beat; chance: 0..1 that it is a downbeat. change: [len(REGISTERS)] of the harmony at the beat
        before, from HarmonicChange; it is known only when the harmony after it has sounded."""
        chance = min(max(chance, 0.02), 0.98)
        p = self._p[self._from] * (1.0 - self.ASTRAY) + self._prior * self.ASTRAY
        # Of a bar of m beats one is a downbeat: the chance is judged against that.
        here = np.log(chance) + np.log(self._metre)
        elsewhere = np.log1p(-chance) - np.log1p(-1.0 / self._metre)
        evidence = np.where(self._position == 0, here, elsewhere)
        if change is not None:
            evidence = evidence + np.where(self._position == 1, self._judged(change), 0.0)
        p = p * np.exp(evidence)
        self._p = np.asarray(p / p.sum(), dtype=np.float32)
        self._state = int(np.flatnonzero(self._from == self._state)[0])
        best = int(self._p.argmax())
        if self._p[best] > self.SWITCH * self._p[self._state]:
            self._state = best
        told = float(self._p[self._state])
        self.confidence = min(max((told - 0.2) / 0.75, 0.0), 1.0)

    def _judged(self, change: Floats) -> float:
        """Log-odds that there was a downbeat, about the usual 0; moves on what is usual."""
        away = change - self._usual
        standard = np.clip(away / np.sqrt(self._variance + 0.01), self.LEAST, self.MOST)
        share = max(1.0 / self.REMEMBERED, 1.0 / (self._beats + 4))
        self._beats += 1
        self._usual += share * away
        self._variance += share * (away * away - self._variance)
        return self.CHANGE_WEIGHT * float(standard.sum())

    @property
    def beats_per_bar(self) -> int:
        return int(self._metre[self._state])

    @property
    def position(self) -> int:
        return int(self._position[self._state])
