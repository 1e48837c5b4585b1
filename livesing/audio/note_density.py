"""How many notes begin: a small network over semitone bands, learnt from music whose notes are known.

An onset detector has to decide about every moment, and soft attacks go lost. A density needs no decision:
the network gives each frame the share of an onset that is in it, and where it cannot be sure the shares still
add up to about the right number. So a melody counts about as many notes on strings as on a piano.
"""

from __future__ import annotations

import math
from collections import deque
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livesing.array_file import Arrays, check_shapes, read_arrays
from livesing.audio.framing import Floats
from livesing.audio.note_bands import BANDS

WEIGHTS = Path(__file__).with_name("notes.safetensors")
GROUPS = 6
"""Over which changes are averaged: five of neighbouring bands, for a note and a drum change different ones,
and all bands."""
LAGS = (1, 3, 7)
"""Frames over which a level's rise is looked at, 24 to 170 ms: strokes, bowed notes, swells."""
CHANGES = len(LAGS) + 3
"""Numbers of each group and frame: the rises, the fall over the middle lag, the level, and how much louder
or softer all of the group became within a frame. Where a tone is struck again its overtones move together;
tones of an ensemble, which beat against each other, do not."""
SPAN, HIDDEN = 13, 56
"""Frames that the first layer looks at; its units."""
BESIDE, JUDGES = 9, 24
"""Frames of the first layer that the second looks at, since what is around it tells an onset; its units."""
REACH = SPAN + BESIDE - 1 + max(LAGS)
"""Frames that an answer depends on, 670 ms."""
USUAL_S = 2.0
"""Beside the changes the network knows what they have been for some seconds: an ensemble's tones beat against
each other, a piano's hardly."""
AUDIBLE = 0.05
"""Level of the loudest band, some 55 dB under the loudest of the last seconds."""
DELAY = 6
"""Frames after which an onset shows, 140 ms: soft attacks need so long."""


def changes(bands: Floats) -> Floats:
    """[max(LAGS) + n, BANDS] -> [n, GROUPS * CHANGES] how much louder and softer each group became.

    A rise is over the loudest of three neighbouring bands before, so that a vibrato is none (Boeck & Widmer
    2013); over a single frame, which is shorter than a vibrato, over the band itself.
    """
    wide = bands.copy()
    np.maximum(wide[:, 1:], bands[:, :-1], out=wide[:, 1:])
    np.maximum(wide[:, :-1], bands[:, 1:], out=wide[:, :-1])
    longest = max(LAGS)
    now, count = bands[longest:], len(bands) - longest
    parts: Floats = np.empty((CHANGES - 1, count, BANDS), dtype=np.float32)
    for part, lag in zip(parts, LAGS, strict=False):
        np.subtract(now, (bands if lag == 1 else wide)[longest - lag : longest - lag + count], out=part)
    middle = LAGS[1]
    np.subtract(bands[longest - middle : longest - middle + count], wide[longest:], out=parts[-2])
    np.maximum(parts[:-1], 0.0, out=parts[:-1])
    parts[-1] = now
    means: Floats = np.empty((CHANGES, count, GROUPS), dtype=np.float32)
    np.dot(parts.reshape(-1, BANDS), _MEANS, out=means[:-1].reshape(-1, GROUPS))
    np.subtract(means[-2], bands[longest - 1 : -1] @ _MEANS, out=means[-1])
    return means.transpose(1, 2, 0).reshape(count, -1)


def _group_means() -> Floats:
    """[BANDS, GROUPS] weights of the bands in the mean of each group."""
    starts = np.linspace(0, BANDS, GROUPS).round().astype(int)
    weights = np.full((BANDS, GROUPS), 1.0 / BANDS, dtype=np.float32)
    weights[:, :-1] = 0.0
    for group, (first, after) in enumerate(pairwise(starts.tolist())):
        weights[first:after, group] = 1.0 / (after - first)
    return weights


_MEANS = _group_means()


class UsualChanges:
    """Mean of the changes over some 2 s, from z-scores, so that nothing heard yet is the middle."""

    AT_ONCE = 32
    """Frames whose means are one product."""

    def __init__(self, hop_s: float) -> None:
        keep = math.exp(-hop_s / USUAL_S)
        # What the mean before and each frame are worth at each frame.
        ago = np.arange(self.AT_ONCE)[:, None] - np.arange(-1, self.AT_ONCE)
        worth = np.where(ago >= 0, keep ** np.maximum(ago, 0), 0.0)
        worth[:, 1:] *= 1.0 - keep
        self._worth: Floats = worth.astype(np.float32)
        self._mean: Floats = np.zeros((1, GROUPS * CHANGES), dtype=np.float32)

    def push(self, told: Floats) -> Floats:
        """told: [n, GROUPS * CHANGES] -> the means as of each frame."""
        means = np.empty_like(told)
        for first in range(0, len(told), self.AT_ONCE):
            some = told[first : first + self.AT_ONCE]
            at = means[first : first + len(some)]
            np.dot(self._worth[: len(some), : len(some) + 1], np.concatenate((self._mean, some)), out=at)
            self._mean = at[-1:].copy()
        return means


class NoteDensity:
    """Onsets per second over the last seconds, from NoteBands. Owned by one thread."""

    SHAPES: dict[str, tuple[int | None, ...]] = {
        "mean": (GROUPS * CHANGES,),
        "scale": (GROUPS * CHANGES,),
        "hidden.weight": (SPAN * GROUPS * CHANGES, HIDDEN),
        "usual.weight": (GROUPS * CHANGES, HIDDEN),
        "hidden.bias": (HIDDEN,),
        "judge.weight": (BESIDE * HIDDEN, JUDGES),
        "judge.bias": (JUDGES,),
        "output.weight": (JUDGES,),
        "output.bias": (1,),
    }

    def __init__(self, hop_s: float, memory_s: float, arrays: Arrays | None = None) -> None:
        """memory_s: how far back `per_second` looks. WeightsError where the weights are damaged."""
        if arrays is None:
            arrays, _ = read_arrays(WEIGHTS)
            check_shapes(WEIGHTS, arrays, self.SHAPES)
        self._arrays = arrays
        self._usual = UsualChanges(hop_s)
        self._past: Floats = np.zeros((max(LAGS), BANDS), dtype=np.float32)
        silence = np.zeros((SPAN - 1, GROUPS * CHANGES), dtype=np.float32)
        self._told: Floats = (silence - arrays["mean"]) * arrays["scale"]
        """Changes in the frames before, in standard units."""
        quiet = np.tile(self._told, (2, 1))[: SPAN + BESIDE - 2]
        self._hidden = self._first_layer(quiet, np.zeros((BESIDE - 1, GROUPS * CHANGES), np.float32))
        """The first layer in the frames before."""
        self._hop_s = hop_s
        self._memory = round(memory_s / hop_s)
        self._heard: deque[float] = deque(maxlen=self._memory)

    def push(self, bands: Floats) -> Floats:
        """bands: [n, BANDS], the next frames -> [n] the share of an onset in each, 0..1."""
        stream = np.concatenate((self._past, bands))
        self._past = stream[len(bands) :].copy()
        shares = self._shares(stream)
        shares[self._faint(stream, len(bands))] = 0.0
        self._heard.extend(shares.tolist())
        return shares

    def _faint(self, stream: Floats, count: int) -> NDArray[np.bool_]:
        """[n] where nothing has been audible for as long as an onset takes to show."""
        audible = np.cumsum(stream[-count - DELAY - 1 :].max(axis=1) >= AUDIBLE)
        return np.asarray(audible[DELAY + 1 :] == audible[: -DELAY - 1])

    def _shares(self, stream: Floats) -> Floats:
        """[max(LAGS) + n, BANDS] -> [n]."""
        at = self._arrays
        told = np.concatenate((self._told, (changes(stream) - at["mean"]) * at["scale"]))
        self._told = told[1 - SPAN :].copy()
        hidden = self._first_layer(told, self._usual.push(told[SPAN - 1 :]))
        hidden = np.concatenate((self._hidden, hidden))
        self._hidden = hidden[1 - BESIDE :].copy()
        judges: Floats = np.dot(_beside(hidden, BESIDE), at["judge.weight"])
        judges += at["judge.bias"]
        np.maximum(judges, 0.0, out=judges)
        shares: Floats = 0.5 + 0.5 * np.tanh(0.5 * (judges @ at["output.weight"] + at["output.bias"]))
        return shares

    def _first_layer(self, told: Floats, usual: Floats) -> Floats:
        """told: [SPAN - 1 + n, GROUPS * CHANGES], usual: [n, GROUPS * CHANGES] -> [n, HIDDEN]."""
        hidden: Floats = np.dot(_beside(told, SPAN), self._arrays["hidden.weight"])
        hidden += self._arrays["hidden.bias"]
        hidden += np.dot(usual, self._arrays["usual.weight"])
        return np.maximum(hidden, 0.0, out=hidden)

    @property
    def per_second(self) -> float:
        """Onsets per second over the last `memory_s` seconds."""
        heard_s = max(len(self._heard) * self._hop_s, 1.0)
        return sum(self._heard) / heard_s


def _beside(rows: Floats, span: int) -> Floats:
    """[span - 1 + n, m] -> [n, span * m] each row with those before it."""
    # They lie side by side: each answer's are a view that begins a row later.
    shape, strides = (len(rows) - span + 1, span * rows.shape[1]), (rows.strides[0], rows.itemsize)
    return np.ndarray(shape, np.float32, rows, 0, strides).copy()
