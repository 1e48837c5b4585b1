"""Running normaliser: cues in their own units become z-scores that follow the evening slowly.

A recording can be z-scored as a whole; live music cannot, its end is not known yet. So every cue
starts from a fixed prior and adapts over minutes: what a listener in this room, at this gain,
would call usual.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

Z_LIMIT = 9.0
"""Of what is told: a level may be 48 dB under the usual one, and softer still is softer."""
MOVING_LIMIT = 3.5
"""Of what moves the statistics."""


class Prior(NamedTuple):
    """What is usual for a cue before anything was heard, and how far that may be moved.

    mean, std   in the cue's units; std > 0
    memory_s    s, time constant of the adaptation; infinity for a cue that is absolute
    reach       the mean may move this many prior standard deviations
    stretch     the standard deviation stays between 1 / stretch and stretch of the prior's, at least 1;
                0 stands for 1 + reach / 2
    """

    mean: float
    std: float
    memory_s: float = 240.0
    reach: float = 1.0
    stretch: float = 0.0


class RunningNormaliser:
    """z = (value - mean) / std for a set of named cues, mean and std adapting.

    Exponential moving averages of the value and of its squared deviation, of values clipped to
    MOVING_LIMIT standard deviations, so that one outlier moves little. Values that are not finite give 0
    and move nothing; the caller leaves out silence by dt = 0, or by not calling.

    `priors` are the ones that it was made with: those of a venue differ from the built-in ones.
    """

    def __init__(self, priors: Mapping[str, Prior]) -> None:
        for name, prior in priors.items():
            if not (prior.std > 0.0 and prior.memory_s > 0.0 and prior.reach >= 0.0):
                raise ValueError(f"prior of {name} needs std > 0, memory_s > 0, reach >= 0")
            if prior.stretch != 0.0 and prior.stretch < 1.0:
                raise ValueError(f"prior of {name} needs stretch >= 1")
        self.priors = dict(priors)
        self._mean = {name: prior.mean for name, prior in priors.items()}
        self._std = {name: prior.std for name, prior in priors.items()}

    def push(self, values: Mapping[str, float], dt: float) -> dict[str, float]:
        """values: one per cue; dt: s that they stand for, 0 to look without adapting.

        Returns the z-scores, -Z_LIMIT..Z_LIMIT. KeyError when a cue is missing.
        """
        return {name: self._push(name, values[name], dt) for name in self.priors}

    def _push(self, name: str, value: float, dt: float) -> float:
        if not math.isfinite(value):
            return 0.0
        mean, std = self._mean[name], self._std[name]
        z = min(max((value - mean) / std, -Z_LIMIT), Z_LIMIT)
        if dt > 0.0:
            prior = self.priors[name]
            step = 1.0 - math.exp(-dt / prior.memory_s)
            moved = min(max(z, -MOVING_LIMIT), MOVING_LIMIT)
            variance = std * std * (1.0 + step * (moved * moved - 1.0))
            self._set(name, mean + step * moved * std, math.sqrt(max(variance, 0.0)))
        return z

    def _set(self, name: str, mean: float, std: float) -> None:
        """Move a cue's statistics, within the reach of its prior."""
        prior = self.priors[name]
        shift = prior.reach * prior.std
        widest = prior.stretch or 1.0 + prior.reach / 2.0
        self._mean[name] = min(max(mean, prior.mean - shift), prior.mean + shift)
        self._std[name] = min(max(std, prior.std / widest), prior.std * widest)

    def state(self) -> dict[str, tuple[float, float]]:
        """(mean, std) of each cue, as plain numbers, to be saved."""
        return {name: (self._mean[name], self._std[name]) for name in self.priors}

    @classmethod
    def from_state(
        cls, priors: Mapping[str, Prior], state: Mapping[str, tuple[float, float]]
    ) -> RunningNormaliser:
        """Go on from a saved state. A cue that is missing there starts from its prior, and one
        that is unknown here is left out; ValueError where the numbers are no statistics."""
        normaliser = cls(priors)
        for name in priors.keys() & state.keys():
            mean, std = (float(number) for number in state[name])
            if not (math.isfinite(mean) and math.isfinite(std) and std > 0.0):
                raise ValueError(f"saved statistics of {name} are ({mean}, {std})")
            normaliser._set(name, mean, std)
        return normaliser
