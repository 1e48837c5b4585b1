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
GROUPS = 5
"""Groups of neighbouring bands over which changes are averaged: a note and a drum change different ones."""
LAGS = (1, 3, 7)
"""Frames over which a level's rise is looked at, 24 to 170 ms: strokes, bowed notes, swells."""
CHANGES = len(LAGS) + 2
"""Numbers of each group and frame: the rises, the fall over the middle lag, the level."""
SPAN, HIDDEN = 13, 32
"""Frames that the network looks at; its hidden units."""
REACH = SPAN + max(LAGS)
"""Frames that an answer depends on, 450 ms."""
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
    parts: Floats = np.empty((CHANGES, count, BANDS), dtype=np.float32)
    for part, lag in zip(parts, LAGS, strict=False):
        np.subtract(now, (bands if lag == 1 else wide)[longest - lag : longest - lag + count], out=part)
    middle = LAGS[1]
    np.subtract(bands[longest - middle : longest - middle + count], wide[longest:], out=parts[-2])
    np.maximum(parts[:-1], 0.0, out=parts[:-1])
    parts[-1] = now
    means = np.dot(parts.reshape(-1, BANDS), _MEANS).reshape(CHANGES, count, GROUPS)
    return np.asarray(means.transpose(1, 2, 0).reshape(count, -1), dtype=np.float32)


def _group_means() -> Floats:
    """[BANDS, GROUPS] weights of the bands in the mean of each group."""
    starts = np.linspace(0, BANDS, GROUPS + 1).round().astype(int)
    weights = np.zeros((BANDS, GROUPS), dtype=np.float32)
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
        "output.weight": (HIDDEN,),
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
        # SPAN frames in a row lie side by side: each answer's are a view that begins a frame later.
        shape, strides = (len(told) - SPAN + 1, SPAN * told.shape[1]), (told.strides[0], told.itemsize)
        rows = np.ndarray(shape, np.float32, told, 0, strides).copy()
        hidden: Floats = np.dot(rows, at["hidden.weight"])
        hidden += at["hidden.bias"]
        hidden += np.dot(self._usual.push(told[SPAN - 1 :]), at["usual.weight"])
        np.maximum(hidden, 0.0, out=hidden)
        shares: Floats = 0.5 + 0.5 * np.tanh(0.5 * (hidden @ at["output.weight"] + at["output.bias"]))
        return shares

    @property
    def per_second(self) -> float:
        """Onsets per second over the last `memory_s` seconds."""
        heard_s = max(len(self._heard) * self._hop_s, 1.0)
        return sum(self._heard) / heard_s
