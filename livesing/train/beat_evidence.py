"""Trains the beat tracker's network: `python -m livesing.train.beat_evidence [--songs N] [--jobs N]`.

    livesing/audio/beat_evidence.npz   the weights of its three layers, float32

Random songs (beat_music.py) are heard as the tracker hears them. At moments of them the network is shown a list
of candidates, (tempo, moment): the true one, the same tempo on other places of the beat, double and half the
tempo, two thirds, four thirds, any other. It learns to tell the true one: cross-entropy over the list, plus a
share of plain binary cross-entropy, so that its outputs are log-odds as well.

Needs torch (the extra [train]). Some minutes of one core for every thousand songs, and a few for the network.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from livesing.audio.beat_evidence import FEATURES, WEIGHTS, features, widened
from livesing.audio.beat_onsets import STEP_S, BeatOnsets
from livesing.beat_set.drum_sounds import RATE
from livesing.train.beat_music import random_song
from livesing.whole_file import whole_file

Floats = NDArray[np.float32]
Random = np.random.Generator

MOMENTS = 16
"""Lists from a song."""
HEARD_S = 1.5
"""Before this nothing can be told."""
DELAY_S = 0.03
"""How long after a beat its attack is in the onsets: the step that is called the beat's ends then."""
PERIODS_S = (0.265, 1.46)
"""The shortest and the longest beat."""
HIDDEN = (32, 16)
BINARY_SHARE = 0.3
WEIGHT_DECAY = 0.1
RATE_OF_LEARNING = 4e-3

CANDIDATES: tuple[tuple[Callable[[Random, int], object], Callable[[Random, int], object]], ...] = (
    (lambda r, m: np.exp(r.normal(0, 0.006, m)), lambda r, m: r.normal(0, 0.015, m)),
    (lambda r, m: 1.0, lambda r, m: 0.5),
    (lambda r, m: 1.0, lambda r, m: r.choice([1 / 3, 2 / 3, 1 / 4, 3 / 4], m)),
    (lambda r, m: 1.0, lambda r, m: r.uniform(0.15, 0.85, m)),
    (lambda r, m: 0.5, lambda r, m: 0.0),
    (lambda r, m: 0.5, lambda r, m: 0.5),
    (lambda r, m: 2.0, lambda r, m: 0.0),
    (lambda r, m: 2.0, lambda r, m: 1.0),
    (lambda r, m: 2.0, lambda r, m: r.choice([0.5, 1.5], m)),
    (lambda r, m: r.choice([2 / 3, 3 / 2], m), lambda r, m: r.choice([0.0, 0.0, 0.5], m)),
    (lambda r, m: r.choice([4 / 3, 3 / 4], m), lambda r, m: r.choice([0.0, 0.0, 0.5], m)),
    (lambda r, m: r.choice([3.0, 1 / 3], m), lambda r, m: r.choice([0.0, 0.0, 0.5, 1.0], m)),
    (lambda r, m: np.exp(r.uniform(-0.25, 0.25, m)), lambda r, m: r.uniform(0, 1, m)),
    (lambda r, m: np.exp(r.uniform(-1, 1, m)), lambda r, m: r.uniform(0, 1, m)),
)
"""(period as a multiple of the true one, moment in true beats after a beat); the first is the true one."""


def heard(seed: int) -> tuple[Floats, NDArray[np.float64], NDArray[np.float64]]:
    """The onsets [n, BANDS] of a random song, its beats and its downbeats, s."""
    song = random_song(seed)
    onsets = [onset for onset, _ in BeatOnsets(RATE).push(song.sound)]
    return np.array(onsets), song.beats, song.downbeats


def lists_of(
    onsets: Floats, beats: NDArray[np.float64], random: Random, moments: int = MOMENTS
) -> tuple[Floats, NDArray[np.bool_]] | None:
    """Lists of candidates from a song: features [lists, CANDIDATES, FEATURES], and which of them count (a
    candidate that happens to be true, or has no possible tempo, does not). None if the song is too short."""
    last_s = len(onsets) * STEP_S - PERIODS_S[1]
    inner = beats[(beats > HEARD_S) & (beats < last_s)]
    if len(inner) < 6:
        return None
    at_s = random.choice(inner, moments)
    period_s = np.interp(at_s, (beats[1:] + beats[:-1]) / 2.0, np.diff(beats))
    ratio = np.stack([np.broadcast_to(np.asarray(r(random, moments), float), moments) for r, _ in CANDIDATES], 1)
    place = np.stack([np.broadcast_to(np.asarray(p(random, moments), float), moments) for _, p in CANDIDATES], 1)
    ratio = ratio * np.exp(random.normal(0.0, 0.008, ratio.shape) * (np.arange(len(CANDIDATES)) > 0))
    periods = ratio * period_s[:, None]
    steps = np.round((at_s[:, None] + place * period_s[:, None] + DELAY_S) / STEP_S).astype(int) - 1
    steps = np.clip(steps, 0, len(onsets) - 1)
    counts = (periods > PERIODS_S[0]) & (periods < PERIODS_S[1])
    near = (np.abs(ratio - 1.0) < 0.03) & (np.abs(place - np.round(place)) < 0.1)
    counts[:, 1:] &= ~near[:, 1:]
    shown = features(onsets, widened(onsets), steps.ravel(), np.clip(periods, *PERIODS_S).ravel())
    shown = shown.reshape(moments, len(CANDIDATES), FEATURES)
    return shown[counts[:, 0]], counts[counts[:, 0]]


def train(shown: Floats, counts: NDArray[np.bool_], *, epochs: int = 10, batch: int = 128) -> dict[str, Floats]:
    """Fit the network to lists -> its weights, as BeatEvidence takes them; prints how it goes."""
    torch.manual_seed(0)
    x, mask = torch.from_numpy(shown), torch.from_numpy(counts)
    mean, spread = x[::7].float().mean((0, 1)), x[::7].float().std((0, 1)) + 1e-3
    kept = len(x) // 10
    layers = (nn.Linear(FEATURES, HIDDEN[0]), nn.Linear(HIDDEN[0], HIDDEN[1]), nn.Linear(HIDDEN[1], 1))
    net = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])
    steps = epochs * (len(x) - kept) // batch + epochs
    optimiser = torch.optim.AdamW(net.parameters(), RATE_OF_LEARNING, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE_OF_LEARNING, steps + 1)
    binary = nn.BCEWithLogitsLoss(reduction="none")

    def losses(rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        odds = net((x[rows].float() - mean) / spread)[..., 0]
        among = odds.masked_fill(~mask[rows], -30.0)
        truth = torch.zeros_like(odds)
        truth[:, 0] = 1.0
        plain = (binary(odds, truth) * mask[rows]).sum() / mask[rows].sum()
        return -torch.log_softmax(among, 1)[:, 0].mean(), plain, (among.argmax(1) == 0).float().mean()

    for epoch in range(epochs):
        order = torch.randperm(len(x) - kept)
        for first in range(0, len(order) - batch, batch):
            among, plain, _ = losses(order[first : first + batch])
            loss = among + BINARY_SHARE * plain
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
        with torch.no_grad():
            among, plain, right = losses(torch.arange(len(x) - kept, len(x)))
        print(f"epoch {epoch + 1}: of songs not trained on, cross-entropy {among:.4f}, right {right:.3f}")
    weights = {}
    for number, layer in enumerate(layers, 1):
        weights[f"w{number}"] = layer.weight.detach().numpy().astype(np.float32)
        weights[f"b{number}"] = layer.bias.detach().numpy().astype(np.float32)
    # What the features were scaled by goes into the first layer.
    weights["b1"] = weights["b1"] - weights["w1"] @ (mean / spread).numpy()
    weights["w1"] = weights["w1"] / spread.numpy()
    return weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--songs", type=int, default=8000)
    parser.add_argument("--jobs", type=int, default=1, help="processes that render songs")
    parser.add_argument("-o", "--output", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    random = np.random.default_rng(0)
    found = []
    with ProcessPoolExecutor(options.jobs) as pool:
        for number, (onsets, beats, _) in enumerate(pool.map(heard, range(options.songs), chunksize=8)):
            lists = lists_of(onsets, beats, random)
            if lists is not None:
                found.append(lists)
            if number % 250 == 249:
                print(f"{number + 1} songs", flush=True)
    shown = np.concatenate([lists[0] for lists in found]).astype(np.float16)
    weights = train(shown, np.concatenate([lists[1] for lists in found]))
    with whole_file(options.output) as path:
        np.savez(path, **weights)


if __name__ == "__main__":
    main()
