"""Where in the bar the beat is: a hidden Markov model over metre and position, a step a beat."""

from __future__ import annotations

import numpy as np

from livesing.audio.framing import Floats

METRES: dict[int, float] = {4: 0.76, 3: 0.14, 2: 0.03, 5: 0.025, 6: 0.03, 7: 0.015}
"""Beats of a bar, and how usual they are."""


class BarFilter:
    """Which beat of which bar this is, from the chance that each beat is a downbeat.

    beats_per_bar   of the likeliest bar
    position        0..beats_per_bar - 1 of the last beat that was pushed
    confidence      0..1: probability of both, less what guessing would give
    """

    ASTRAY = 0.02
    """Probability that a beat is not the next of its bar: a dropped beat, a new piece."""
    TRUST = 0.6
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
        self.confidence = 0.0

    def push(self, chance: float) -> None:
        """A beat; chance: 0..1 that it is a downbeat."""
        chance = min(max(chance, 0.02), 0.98)
        p = self._p[self._from] * (1.0 - self.ASTRAY) + self._prior * self.ASTRAY
        # Of a bar of m beats one is a downbeat: the chance is judged against that.
        here = np.log(chance) + np.log(self._metre)
        elsewhere = np.log1p(-chance) - np.log1p(-1.0 / self._metre)
        p = p * np.exp(self.TRUST * np.where(self._position == 0, here, elsewhere))
        self._p = np.asarray(p / p.sum(), dtype=np.float32)
        self._state = int(np.flatnonzero(self._from == self._state)[0])
        best = int(self._p.argmax())
        if self._p[best] > self.SWITCH * self._p[self._state]:
            self._state = best
        told = float(self._p[self._state])
        self.confidence = min(max((told - 0.2) / 0.75, 0.0), 1.0)

    @property
    def beats_per_bar(self) -> int:
        return int(self._metre[self._state])

    @property
    def position(self) -> int:
        return int(self._position[self._state])
