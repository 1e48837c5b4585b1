"""The sound check: half a minute of music tells what is usual in this room, at this gain.

Before a show nobody knows how loud and how bright the music will reach us. Without a sound check the
running normaliser finds out within minutes; with one it starts there. What half a minute cannot tell,
how fast the evening will be, stays mostly as it was, and mode stays absolute.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from livesing.sentiment.normaliser import Prior

SHORTEST_S, USUAL_S, LONGEST_S = 20.0, 30.0, 60.0
LEAST_HEARD_S = 5.0
"""Less sound than this tells nothing."""
SETTLE_S = 8.0
SETTLED = 0.1
"""Prior standard deviations: when no median has moved further in SETTLE_S, more time would tell no more."""
FARTHEST = 8.0
"""Prior standard deviations that a check may move a mean: no room is further away."""
WIDEST = 1.5
"""Most that a check changes a standard deviation by, as a factor."""
SPREAD_TRUST = 0.25
"""Share of the spread that is believed: half a minute of one song varies less than an evening."""


class Statistic(NamedTuple):
    """What a sound check heard of one cue, in the cue's units.

    median  of the steps of 500 ms that held sound
    spread  1.4826 times their median absolute deviation: the standard deviation, were they normal
    """

    median: float
    spread: float


class SoundCheck:
    """Gathers cues until it knows what is usual, or its time is over. Pure: time comes as `dt`.

    seconds   how long it listens at most, held within 20..60
    elapsed   s listened so far, sound or silence
    heard     s of sound so far
    """

    def __init__(self, priors: Mapping[str, Prior], seconds: float = USUAL_S) -> None:
        """priors: of the cues to gather; their standard deviations are the measure of what is settled."""
        self.seconds = min(max(seconds, SHORTEST_S), LONGEST_S)
        self.elapsed = 0.0
        self.heard = 0.0
        self._priors = dict(priors)
        self._values: dict[str, list[float]] = {name: [] for name in priors}
        self._medians: list[tuple[float, dict[str, float]]] = []

    def hear(self, values: Mapping[str, float] | None, dt: float) -> None:
        """values: the cues of the `dt` seconds that just passed, None for silence."""
        self.elapsed += dt
        if values is None:
            return
        self.heard += dt
        for name, gathered in self._values.items():
            if math.isfinite(values[name]):
                gathered.append(values[name])
        self._medians.append((self.heard, {name: _median(got) for name, got in self._values.items()}))

    @property
    def done(self) -> bool:
        """Whether its time is over, or it has heard enough and nothing moves any more."""
        return self.elapsed >= self.seconds or (self.heard >= SHORTEST_S and self._settled())

    def _settled(self) -> bool:
        now = self._medians[-1][1]
        since = [medians for heard, medians in self._medians if heard >= self.heard - SETTLE_S]
        return all(
            abs(medians[name] - now[name]) <= SETTLED * prior.std
            for name, prior in self._priors.items()
            for medians in since
        )

    def statistics(self) -> dict[str, Statistic]:
        """What was heard of each cue; empty when there was hardly any sound."""
        if self.heard < LEAST_HEARD_S:
            return {}
        return {name: _statistic(gathered) for name, gathered in self._values.items() if gathered}


def _median(gathered: Sequence[float]) -> float:
    ranked = sorted(gathered)
    middle = len(ranked) // 2
    return 0.5 * (ranked[middle] + ranked[~middle]) if ranked else 0.0


def _statistic(gathered: Sequence[float]) -> Statistic:
    median = _median(gathered)
    return Statistic(median, 1.4826 * _median([abs(value - median) for value in gathered]))


def calibrated(
    priors: Mapping[str, Prior], heard: Mapping[str, Statistic], trust: Mapping[str, float]
) -> dict[str, Prior]:
    """Priors for a room: each mean moved towards the median heard there, each spread a little.

    trust: 0..1 for each cue, how far half a minute is believed about its mean; a cue that is not in
    `trust` or was not heard keeps its prior.
    """
    return {name: _calibrated(prior, heard.get(name), trust.get(name, 0.0)) for name, prior in priors.items()}


def _calibrated(prior: Prior, heard: Statistic | None, trust: float) -> Prior:
    if heard is None or trust == 0.0:
        return prior
    shift = min(max(heard.median - prior.mean, -FARTHEST * prior.std), FARTHEST * prior.std)
    stretch = 1.0 + SPREAD_TRUST * (heard.spread / prior.std - 1.0)
    return prior._replace(
        mean=prior.mean + trust * shift, std=prior.std * min(max(stretch, 1.0 / WIDEST), WIDEST)
    )
