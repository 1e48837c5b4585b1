"""Which beat people would count: the pulse that was found, another side of it, or one half or twice as fast.

The onsets of the last seconds are laid over each other by their place in four beats, which shows the rhythm
that is played (Dixon, Gouyon & Widmer 2004). A small network says how much such a profile looks like one that
is counted so; it hears the same rhythm counted in each way and the likeliest wins (tempo octaves by what is
played: Hockman & Fujinaga 2010). As the profile is measured in beats, what it learns of one tempo holds for
all. beat_level.md is its model card.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from livesing.audio.beat_features import BANDS, FRAMES, STRIDE, STRIDE_S
from livesing.audio.framing import Floats

WEIGHTS = Path(__file__).with_name("beat_level.npz")
BEATS, PLACES = 4, 12
"""Of a profile: its beats, and the places of each, so that halves, thirds and quarters have their own."""
CELLS = BEATS * PLACES
EDGES = (0, 3, 7, 12, 17, 22, BANDS)
"""First band of each group, and the end of the last: 50, 125, 250, 675 Hz, 1.8, 4.7, 15 kHz."""
GROUPS = len(EDGES) - 1
MEMORY_S = 8.0
"""1/e of what a profile remembers."""
INPUTS = CELLS * GROUPS + 1
USUAL_BPM = 110.0
FINE = 2
"""The profile of the pulse has twice as many beats and places, so that of others can be read from it."""
LEAST = np.float32(1e-3)
"""Of the mean weight of a place: where nothing was heard yet nothing happens."""


class Count(NamedTuple):
    """A way to count a pulse: beats of it are `factor` times the pulse's, from `offset` beats on."""

    factor: float
    offset: float


COUNTS = (
    Count(1.0, 0.0), Count(1.0, 0.5), Count(0.5, 0.0), Count(0.5, 0.5), Count(2.0, 0.0),
    Count(1.0, 0.25), Count(1.0, 0.75), Count(0.5, 0.25), Count(0.5, 0.75),
)  # fmt: skip
"""As it is; on the off-beat; half as fast, from either beat; twice as fast; a quarter of a beat away."""
USUAL = 5
"""In the first so many people differ. The others mend a pulse that lies between the beats; when it jumps from
there, it has mended that itself."""


def grouped() -> Floats:
    """[FRAMES BANDS, STRIDE (GROUPS + 1)], by which the rises of a stride become those of its steps, by
    group, and a 0 behind them."""
    means = np.zeros((STRIDE, FRAMES // STRIDE, BANDS, STRIDE, GROUPS + 1), dtype=np.float32)
    for group, (first, last) in enumerate(pairwise(EDGES)):
        for step in range(STRIDE):
            means[step, :, first:last, step, group] = STRIDE / FRAMES / (last - first)
    return means.reshape(FRAMES * BANDS, -1)


def features(profiles: Floats, bpm: Floats) -> Floats:
    """profiles: [..., CELLS, GROUPS] mean rises; bpm: [...] at which they are counted -> [..., INPUTS]."""
    mean = profiles.mean(axis=(-1, -2), dtype=np.float32)[..., None, None] + np.float32(1e-6)
    shape = np.sqrt(profiles / mean).reshape(*profiles.shape[:-2], -1)
    tempo = 2.0 * np.log(np.asarray(bpm) / USUAL_BPM)[..., None]
    return np.concatenate((shape, tempo), axis=-1).astype(np.float32)


class LevelNet:
    """Says how much a profile looks like one that is counted so."""

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        """weights: "N.weight" [out, in], "N.bias" [out] of layer N = 0, 1, ...; "mean", "scale" [INPUTS]."""
        depth = sum(name.endswith(".weight") for name in weights)
        layers = [(weights[f"{n}.weight"], weights[f"{n}.bias"]) for n in range(depth)]
        first, bias = layers[0]
        first = first * weights["scale"]
        layers[0] = (first, bias - first @ weights["mean"])
        self._layers = [(np.ascontiguousarray(weight.T), bias) for weight, bias in layers]

    def score(self, inputs: Floats) -> Floats:
        """[n, INPUTS], from `features` -> [n] nats; what matters is how far those of one pulse are apart."""
        x = inputs
        for weight, bias in self._layers[:-1]:
            x = np.maximum(np.dot(x, weight) + bias, np.float32(0.0))
        weight, bias = self._layers[-1]
        return np.asarray(np.dot(x, weight)[:, 0] + bias)


class PulseProfile:
    """The onsets of the last seconds by their place in the pulse; one stream's.

    heard_s   how long the pulse has been followed
    """

    BEATS, PLACES = FINE * BEATS, FINE * PLACES
    CELLS = BEATS * PLACES

    def __init__(self) -> None:
        self._means = grouped()
        # From the profiles of the pulse, the half as fast and the twice as fast to those of COUNTS.
        pulse, slow, quick = (np.arange(CELLS) + k * CELLS for k in range(3))
        of = {1.0: pulse, 0.5: slow, 2.0: quick}
        self._ways = np.stack([np.roll(of[factor], round(offset * PLACES)) for factor, offset in COUNTS])
        self.reset()

    def reset(self) -> None:
        # Of the rises, and behind them how often there were any.
        self._sums = np.zeros((self.CELLS, GROUPS + 1), dtype=np.float32)
        self.heard_s = 0.0

    def push(self, rises: Floats, position: float, turn: float) -> None:
        """rises: [FRAMES, BANDS] of a stride; position: of its end, beats; turn: beats that it lasted."""
        new = np.dot(rises.ravel(), self._means)
        for step in range(STRIDE):
            place = position - turn * (STRIDE - 0.5 - step) / STRIDE
            row = self._sums[math.floor(place * self.PLACES) % self.CELLS]
            row += new[step * (GROUPS + 1) : (step + 1) * (GROUPS + 1)]
            row[GROUPS] += 1.0
        self.heard_s += STRIDE_S

    def fade(self, seconds: float) -> None:
        """So much time has passed since the last call."""
        self._sums *= np.float32(math.exp(-seconds / MEMORY_S))

    def turned(self, beats: float) -> None:
        """The pulse goes on so many beats later than was thought."""
        self._sums = np.roll(self._sums, round(beats * self.PLACES), axis=0)

    def quicker(self) -> None:
        """The pulse is twice as fast from now on: positions are doubled."""
        half = self._sums[: self.CELLS // 2] + self._sums[self.CELLS // 2 :]
        self._sums = np.repeat(half, 2, axis=0)

    def slower(self) -> None:
        """The pulse is half as fast: positions are halved."""
        half = self._sums[::2] + self._sums[1::2]
        self._sums = np.concatenate((half, half))

    def counted(self) -> Floats:
        """[len(COUNTS), CELLS, GROUPS] the profile as it is counted in each way."""
        once = self._sums[: 2 * CELLS] + self._sums[2 * CELLS :]
        pulse, quick = once[::2] + once[1::2], once[:CELLS] + once[CELLS:]
        slow = np.add.reduce(self._sums.reshape(CELLS, FINE * FINE, -1), axis=1)
        sums = np.concatenate((pulse, slow, quick))
        weight = sums[:, -1:]
        # Of each the same weight was laid over each other.
        weight = weight + (LEAST / CELLS * np.add.reduce(weight[:CELLS]) + np.float32(1e-9))
        return np.asarray((sums[:, :-1] / weight)[self._ways])


class LevelJudge:
    """Tells how the pulse is counted; one stream's.

    told    the number in COUNTS of what is told now
    """

    EVERY = 25
    """Strides from one judgement to the next."""
    EARLIEST_S = 3.0
    """So long a pulse has to be followed before it is judged."""
    SETTLING_S = 1.5
    """In which scores are smoothed."""
    PULSE = 0.5
    """Nats by which the pulse itself is preferred: it is what the beat network hears."""
    SWITCH = 2.0
    """Nats by which another count has to be likelier than the one that is told."""
    FRESH, GROWN_S = 1.0, 15.0
    """The same when the pulse has just changed, for what is told was carried over then; in so many seconds of
    judging it grows to SWITCH."""
    SLOWEST_S, FASTEST_S = 60.0 / 46.0, 60.0 / 218.0
    JUMP = 0.15
    """Beats; what is more is no drift."""
    SLOWER, QUICKER = 0.78, 1.28
    """Times the tempo: what lies between is the same pulse."""

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        """weights: those of LevelNet."""
        self._net = LevelNet(weights)
        self._profile = PulseProfile()
        self._factors: Floats = np.array([count.factor for count in COUNTS], dtype=np.float32)
        self._position = 0.0
        self._period_s = math.inf
        self._scores: Floats | None = None
        self._strides = 0
        self._since_s = math.inf
        self.told = 0

    def follow(self, rises: Floats, period_s: float, position: float) -> tuple[float, float]:
        """A stride passes. rises: [FRAMES, BANDS] of it; period_s: of the pulse; position: where in the pulse
        it ends, up to whole beats. Returns the period_s of the beat that is told, and the place in it."""
        place = self._position + STRIDE_S / self._period_s
        jump = (position - place + 0.5) % 1.0 - 0.5
        if -self.JUMP < jump < self.JUMP and self.SLOWER < self._period_s / period_s < self.QUICKER:
            self._period_s = period_s
            self._position = (place + jump) % PulseProfile.BEATS
        else:
            self._change(period_s, position, place)
        self._profile.push(rises, self._position, STRIDE_S / period_s)
        self._strides += 1
        if self._strides >= self.EVERY:
            self._profile.fade(self._strides * STRIDE_S)
            self._strides = 0
            if self._profile.heard_s >= self.EARLIEST_S:
                self._judge()
        factor, offset = COUNTS[self.told]
        return period_s / factor, self._position * factor + offset

    def rest(self) -> None:
        """A stride passes in silence: the pulse runs on."""
        self._position += STRIDE_S / self._period_s

    def _change(self, period_s: float, position: float, place: float) -> None:
        """The pulse is another one from now on; place: where in the old one this would be."""
        factor, offset = COUNTS[self.told]
        told_s, told = self._period_s / factor, place * factor + offset
        change = self._period_s / period_s
        self._period_s = period_s
        self._scores = None
        self._since_s = 0.0
        if self.SLOWER < change / 2.0 < self.QUICKER:
            self._profile.quicker()
            place *= 2.0
        elif self.SLOWER < change * 2.0 < self.QUICKER:
            self._profile.slower()
            place = min(0.5 * place, 0.5 * (place + 1.0), key=lambda p: abs(_away(position, p)))
        elif not self.SLOWER < change < self.QUICKER:
            self._profile.reset()
        jump = _away(position, place)
        if abs(jump) > self.JUMP:
            self._profile.turned(jump)
        self._position = (place + jump) % PulseProfile.BEATS
        self.told = self._nearest(told_s, told)

    def _nearest(self, told_s: float, told: float) -> int:
        """The count by which the new pulse goes on as was told; the pulse itself where there is none."""
        if self._profile.heard_s >= self.EARLIEST_S:
            for number, (factor, offset) in enumerate(COUNTS[:USUAL]):
                same = self.SLOWER < self._period_s / factor / told_s < self.QUICKER
                if same and abs(_away(self._position * factor + offset, told)) < self.JUMP:
                    return number
        self._profile.reset()
        return 0

    def _judge(self) -> None:
        bpm: Floats = np.float32(60.0 / self._period_s) * self._factors
        scores = self._net.score(features(self._profile.counted(), bpm))
        scores[0] += self.PULSE
        scores[(bpm < 60.0 / self.SLOWEST_S) | (bpm > 60.0 / self.FASTEST_S)] = -100.0
        scores -= scores.max()
        if self._scores is None:
            self._scores = scores
        self._scores += (scores - self._scores) * min(self.EVERY * STRIDE_S / self.SETTLING_S, 1.0)
        best = int(self._scores.argmax())
        self._since_s += self.EVERY * STRIDE_S
        grown = min(self._since_s / self.GROWN_S, 1.0)
        if self._scores[best] > self._scores[self.told] + self.FRESH + (self.SWITCH - self.FRESH) * grown:
            self.told = best


def _away(position: float, other: float) -> float:
    """-.5...5 beats from the other to the position, up to whole beats."""
    return (position - other + 0.5) % 1.0 - 0.5
