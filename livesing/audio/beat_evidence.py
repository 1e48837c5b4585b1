"""How much speaks for a beat here and now, if the tempo were this or that.

For every tempo of a list, the onsets of the last eight beats, as that tempo counts them, are laid over each
other: what sounds on the beat, a quarter, a third, half of a beat after it; in the bass, in the middle, above;
on every beat, on every other, on the first and third of four. A small network has learnt from random music
(beat_evidence.md; `python -m livesing.train.beat_evidence`) how that looks when the tempo and the moment are
right, and how when it is half or double the tempo, or the off-beat. All of it is relative to the tempo and to
the strongest onsets, so it has nothing to remember of sounds, levels or speeds.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livesing.audio.beat_onsets import BANDS, STEP_S

WEIGHTS = Path(__file__).with_name("beat_evidence.npz")

PLACES = (0.0, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4)
"""Where in a beat one looks back to."""
BEATS = 8
FADE_BEATS = 5.0
NEWEST = 3
"""Steps whose onsets count by themselves, for the exact place of the beat."""
CORRELATIONS = (1, 2, 3, 4)
"""Beats after which the onsets are compared with themselves."""
HISTORY = 1024
"""Steps that are remembered; at least the eight beats of the slowest tempo."""
DELAY_STEPS = 1
"""A step is judged when the next is known, since an onset also counts for its neighbours."""

Floats = NDArray[np.float32]


def _combinations() -> Floats:
    """[4, BEATS] how the last beats are laid over each other: faded, every other, first against third of four,
    second against fourth."""
    k = np.arange(BEATS)
    fade = np.exp(-k / FADE_BEATS)
    every_other = np.where(k % 2 == 0, 1.0, -1.0) / (BEATS / 2)
    third = np.select([k % 4 == 0, k % 4 == 2], [1.0, -1.0], 0.0) / (BEATS / 4)
    fourth = np.select([k % 4 == 1, k % 4 == 3], [1.0, -1.0], 0.0) / (BEATS / 4)
    return np.asarray(np.stack((fade / fade.sum(), every_other, third, fourth)), dtype=np.float32)


COMBINATIONS = _combinations()
FEATURES = COMBINATIONS.shape[0] * len(PLACES) * BANDS + BANDS + len(CORRELATIONS) + NEWEST * BANDS + 2


def lags(periods_s: NDArray[np.float64]) -> NDArray[np.int64]:
    """[tempos, BEATS, len(PLACES)] steps back to each place of the last beats. periods_s: [tempos]."""
    beats = np.arange(BEATS)[:, None] + np.array(PLACES)
    return np.asarray(np.round(periods_s[:, None, None] / STEP_S * beats), dtype=np.int64)


def widened(onsets: Floats) -> Floats:
    """[n, BANDS] -> the same, an onset counting for the steps beside it too: players are not exact."""
    wide = onsets.copy()
    np.maximum(wide[1:], onsets[:-1], out=wide[1:])
    np.maximum(wide[:-1], onsets[1:], out=wide[:-1])
    return wide


def _self_similarity(folded: Floats) -> Floats:
    """folded: [m, BEATS, PLACES, BANDS]. [m, CORRELATIONS]: correlation of the whole band's onsets with those
    some beats before."""
    whole = folded[..., -1]
    whole = whole - whole.mean(axis=(1, 2), keepdims=True)
    products = whole @ whole.transpose(0, 2, 1)  # [m, BEATS, BEATS]
    places = len(PLACES)
    variance = np.trace(products, axis1=1, axis2=2) / (BEATS * places) + 1e-3
    return np.stack(
        [
            np.trace(products, offset=lag, axis1=1, axis2=2) / ((BEATS - lag) * places) / variance
            for lag in CORRELATIONS
        ],
        axis=1,
    )


def features(
    onsets: Floats, wide: Floats, at: NDArray[np.integer], periods_s: NDArray[np.float64]
) -> Floats:
    """What the network judges: [m, FEATURES], for m pairs of a step and a period.

    onsets, wide: [n, BANDS], wide from widened(); at: [m] steps; periods_s: [m]. What lies before the first step
    counts as silence. The plain form of what BeatEvidence computes.
    """
    index = at[:, None, None] - lags(periods_s)
    folded = np.where((index >= 0)[..., None], wide[np.maximum(index, 0)], np.float32(0.0))
    m = len(at)
    newest = at[:, None] - np.arange(NEWEST)
    latest = np.where((newest >= 0)[..., None], onsets[np.maximum(newest, 0)], np.float32(0.0))
    log_period = np.log(periods_s / 0.5)[:, None]
    parts = (
        np.einsum("ck,mkpb->mcpb", COMBINATIONS, folded).reshape(m, -1),
        folded[:, 0, 0],
        _self_similarity(folded),
        latest.reshape(m, -1),
        log_period,
        log_period**2,
    )
    return np.concatenate(parts, axis=1).astype(np.float32)


class BeatEvidence:
    """Judges each step of a stream, for a list of tempos.

    All but the correlations is linear in what was heard, so the first layer of the network takes the remembered
    onsets at once: its weights are multiplied out here.
    """

    def __init__(self, periods_s: NDArray[np.float64], weights: dict[str, Floats] | None = None) -> None:
        """periods_s: [tempos] s. weights: "w1", "b1", "w2", "b2", "w3", "b3" of the three layers, each w [out, in];
        without them those that are trained."""
        if weights is None:
            with np.load(WEIGHTS, allow_pickle=False) as file:
                weights = {name: file[name].astype(np.float32) for name in file.files}
        places, tempos = len(PLACES), len(periods_s)
        count = len(COMBINATIONS) * places * BANDS
        w1 = weights["w1"]
        hidden = len(w1)
        by_combination = w1[:, :count].reshape(hidden, len(COMBINATIONS), places, BANDS)
        by_lag = np.einsum("hcpb,ck->hkpb", by_combination, COMBINATIONS)
        by_lag[:, 0, 0] += w1[:, count : count + BANDS]
        self._by_lag = np.ascontiguousarray(by_lag.reshape(hidden, -1).T)
        at = count + BANDS
        self._by_correlation = np.ascontiguousarray(w1[:, at : at + len(CORRELATIONS)].T)
        at += len(CORRELATIONS)
        self._by_newest = np.ascontiguousarray(w1[:, at : at + NEWEST * BANDS].T)
        log_period = np.log(periods_s / 0.5)
        tempo_terms = np.stack((log_period, log_period**2), axis=1) @ w1[:, -2:].T
        self._bias: Floats = (weights["b1"] + tempo_terms).astype(np.float32)  # [tempos, hidden]
        self._w2, self._b2 = np.ascontiguousarray(weights["w2"].T), weights["b2"]
        self._w3, self._b3 = weights["w3"][0], float(weights["b3"][0])
        # The correlations as one product: sums over diagonals of the beats' products with each other.
        diagonals = np.zeros((BEATS, BEATS, len(CORRELATIONS) + 1))
        diagonals[..., -1] = np.eye(BEATS) / (BEATS * places)
        for column, lag in enumerate(CORRELATIONS):
            diagonals[..., column] = np.eye(BEATS, k=lag) / ((BEATS - lag) * places)
        self._diagonals: Floats = diagonals.reshape(BEATS * BEATS, -1).astype(np.float32)
        self._lags = lags(periods_s).reshape(tempos, -1)
        if int(self._lags.max()) >= HISTORY:
            raise ValueError(f"a period of {periods_s.max():.2f} s is too long")
        self._shape = (tempos, BEATS, places)
        self.reset()

    def reset(self) -> None:
        """Forget what was heard."""
        # Twice as long as what is remembered: it is moved back only once in HISTORY steps.
        self._wide = np.zeros((2 * HISTORY, BANDS), dtype=np.float32)
        self._latest = np.zeros((NEWEST + 1, BANDS), dtype=np.float32)
        self._at = HISTORY

    def push(self, onset: Floats) -> Floats:
        """onset: [BANDS] of the newest step. Returns the log-odds of a beat DELAY_STEPS before it, [tempos]."""
        if self._at + 1 >= len(self._wide):
            self._wide[:HISTORY] = self._wide[self._at + 1 - HISTORY : self._at + 1]
            self._at = HISTORY - 1
        self._at += 1
        wide, at = self._wide, self._at
        np.maximum(wide[at - 1], onset, out=wide[at - 1])
        np.maximum(self._latest[0], onset, out=wide[at])
        self._latest[1:] = self._latest[:-1]
        self._latest[0] = onset

        folded = wide.take(at - DELAY_STEPS - self._lags, axis=0)  # [tempos, BEATS * places, BANDS]
        hidden = folded.reshape(len(folded), -1) @ self._by_lag
        whole = folded[..., -1] - folded[..., -1].mean(axis=1, keepdims=True)
        whole = whole.reshape(self._shape)
        sums = (whole @ whole.transpose(0, 2, 1)).reshape(len(folded), -1) @ self._diagonals
        hidden += (sums[:, :-1] / (sums[:, -1:] + np.float32(1e-3))) @ self._by_correlation
        hidden += self._latest[1:].reshape(-1) @ self._by_newest
        hidden += self._bias
        np.maximum(hidden, 0.0, out=hidden)
        second = hidden @ self._w2
        second += self._b2
        np.maximum(second, 0.0, out=second)
        odds: Floats = second @ self._w3
        odds += np.float32(self._b3)
        return odds
