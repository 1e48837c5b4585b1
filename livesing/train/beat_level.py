"""Trains the network that judges how a pulse is counted.

`python -m livesing.train.beat_level FOLDER -o OUT.npz`: songs are drawn (beat_sketch.py) and changed at
random; at some moments of each the onsets of the last seconds are laid over each other by the true beat, by
its other side, half and twice as fast. The network learns to give the true one the highest score (softmax).
Those songs that beat_corpus put into FOLDER are heard as well. What was made goes to FOLDER/profiles, so it
goes on where it stopped. Needs torch (the extra [train]).
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from livesing.audio.beat_features import BANDS, FRAMES, STEP_S, STRIDE, Levels
from livesing.audio.beat_level import (
    BEATS,
    CELLS,
    GROUPS,
    INPUTS,
    LEAST,
    MEMORY_S,
    PLACES,
    Count,
    features,
    grouped,
)
from livesing.audio.framing import Floats
from livesing.beat_set.drum_sounds import Random
from livesing.beat_set.tempo_map import Times
from livesing.train.beat_corpus import Heard
from livesing.train.beat_examples import AT_ONCE, SOUNDED_TIMES, drawn_songs
from livesing.train.beat_lessons import SILENCE, changed, songs_in, stretched
from livesing.train.beat_sketch import bank_in
from livesing.train.corpus.render import SOUNDFONT
from livesing.train.missing import make_missing
from livesing.whole_file import whole_file

RIVALS = tuple(
    Count(*count) for count in (
        (1, 0), (1, 0.5), (0.5, 0), (0.5, 0.5), (0.5, 0.25), (0.5, 0.75), (2, 0), (2, 0.5),
    )
)  # fmt: skip
"""Ways to count the true beat; the first is right."""
MOMENTS = 3
EARLIEST_S = 5.0
OFF_BEATS = 0.02
"""Spread of how far the pulse lies off the beat."""
HIDDEN = (96, 24)
BATCH = 128
FASTEST, DECAY, DROPOUT = 2e-3, 0.05, 0.2
KEPT = 8
"""Files that are not learnt from."""


class Profiles(NamedTuple):
    """profiles [n, len(RIVALS), CELLS, GROUPS] float16; bpm [n] of the true beat."""

    profiles: NDArray[np.float16]
    bpm: Floats


def rises_of(powers: Floats) -> Floats:
    """powers: [b, frames, BANDS] -> [b, steps, GROUPS] of whole strides."""
    songs, frames, _ = powers.shape
    rises = np.zeros((songs, FRAMES, BANDS), dtype=np.float32)
    levels, means = Levels(rises, SILENCE), grouped()
    strides = powers[:, : frames // FRAMES * FRAMES].reshape(songs, -1, FRAMES, BANDS)
    out = np.empty((songs, strides.shape[1], STRIDE, GROUPS), dtype=np.float32)
    for number in range(strides.shape[1]):
        levels.push(strides[:, number])
        of_steps = np.dot(rises.reshape(songs, -1), means)
        out[:, number] = of_steps.reshape(songs, STRIDE, -1)[..., :GROUPS]
    return out.reshape(songs, -1, GROUPS)


def positions(beats: Times, steps: int) -> Times:
    """[steps] of the middle of each step, in beats, 0 at the first."""
    now = (np.arange(steps) + 0.5) * STEP_S
    at = np.interp(now, beats, np.arange(len(beats)))
    at = np.where(now < beats[0], (now - beats[0]) / (beats[1] - beats[0]), at)
    after = len(beats) - 1 + (now - beats[-1]) / (beats[-1] - beats[-2])
    return np.asarray(np.where(now > beats[-1], after, at))


def profile(rises: Floats, position: Times, weight: Times) -> Floats:
    """rises: [steps, GROUPS]; position: [steps] beats; weight: [steps] -> [CELLS, GROUPS]."""
    place = np.floor(position * PLACES).astype(int) % CELLS
    total = np.bincount(place, weight, CELLS)
    total += LEAST * total.mean()
    sums = [np.bincount(place, weight * rises[:, group], CELLS) for group in range(GROUPS)]
    return np.asarray(np.stack(sums, axis=1) / total[:, None], dtype=np.float32)


def profiles(songs: list[Heard], r: Random) -> Profiles:
    """Some moments of each song, changed at random."""
    songs = [stretched(song, r) if r.random() < 0.6 else song for song in songs if len(song.beats) > 10]
    frames = max(len(song.powers) for song in songs)
    powers = np.zeros((len(songs), frames, BANDS), dtype=np.float32)
    for number, song in enumerate(songs):
        powers[number, : len(song.powers)] = changed(song.powers, r)
    found, tempos = [], []
    for song, rises in zip(songs, rises_of(powers), strict=True):
        beats = song.beats
        steps = len(song.powers) // (FRAMES // STRIDE)
        at = positions(beats, steps) + r.normal(0.0, OFF_BEATS)
        for _ in range(MOMENTS):
            now_s = float(r.uniform(EARLIEST_S, min(steps * STEP_S, beats[-1])))
            last = int(now_s / STEP_S)
            weight = np.exp(-(last - np.arange(last)) * STEP_S / MEMORY_S)
            recent = np.diff(beats[max(int(np.searchsorted(beats, now_s)) - 6, 0) :][:7])
            turns = r.integers(0, BEATS, len(RIVALS))
            ways = [
                profile(rises[:last], at[:last] * factor + offset + turn, weight)
                for (factor, offset), turn in zip(RIVALS, turns, strict=True)
            ]
            found.append(np.stack(ways).astype(np.float16))
            tempos.append(60.0 / np.median(recent))
    return Profiles(np.stack(found), np.array(tempos, dtype=np.float32))


class Network(nn.Module):
    """What LevelNet runs."""

    def __init__(self, mean: Floats, scale: Floats, hidden: tuple[int, ...] = HIDDEN) -> None:
        """mean, scale: [INPUTS] of the inputs; scale is 1 / standard deviation."""
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("scale", torch.tensor(scale))
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise((INPUTS, *hidden, 1)))
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, inputs: Tensor) -> Tensor:
        """[..., INPUTS] -> [...]."""
        x = (inputs - self.mean) * self.scale
        for layer in self.layers[:-1]:
            x = self.drop(torch.relu(layer(x)))
        out: Tensor = self.layers[-1](x)[..., 0]
        return out

    def arrays(self) -> dict[str, Floats]:
        """The weights by the names that LevelNet knows."""
        state = self.state_dict().items()
        return {name.removeprefix("layers."): array.numpy().copy() for name, array in state}


def _inputs(data: Profiles, at: NDArray[np.integer] | slice, turns: int = 0) -> Tensor:
    """[n, len(RIVALS), INPUTS], their beats turned about."""
    factors = np.array([count.factor for count in RIVALS], dtype=np.float32)
    ways = np.roll(data.profiles[at].astype(np.float32), turns * PLACES, axis=-2)
    return torch.from_numpy(features(ways, data.bpm[at][:, None] * factors))


def train(
    data: Profiles, apart: Profiles, updates: int, *, seed: int = 0, tell: int = 0
) -> tuple[dict[str, Floats], list[tuple[float, float]]]:
    """The weights by name; and of `apart`, at the end and every `tell` updates: nats, and the share whose
    true count has the highest score."""
    torch.manual_seed(seed)
    r = np.random.default_rng([seed, 4])
    some = _inputs(data, r.choice(len(data.bpm), min(3000, len(data.bpm)), replace=False)).numpy()
    some = some.reshape(-1, INPUTS)
    network = Network(some.mean(axis=0), 1.0 / (some.std(axis=0) + 0.1))
    optimiser = torch.optim.AdamW(network.parameters(), lr=FASTEST, weight_decay=DECAY)
    history: list[tuple[float, float]] = []

    def judge() -> None:
        network.eval()
        with torch.no_grad():
            scores = network(_inputs(apart, slice(None)))
            right = torch.zeros(len(scores), dtype=torch.long)
            nats = float(functional.cross_entropy(scores, right))
            history.append((nats, float((scores.argmax(dim=1) == 0).float().mean())))
        network.train()

    for update in range(updates):
        warm = min(1.0, (update + 1) / 50)
        for group in optimiser.param_groups:
            group["lr"] = FASTEST * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * update / updates)))
        at = r.integers(0, len(data.bpm), BATCH)
        scores = network(_inputs(data, at, int(r.integers(0, BEATS))))
        loss = functional.cross_entropy(scores, torch.zeros(BATCH, dtype=torch.long))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if tell and (update + 1) % tell == 0:
            judge()
            print(f"{update + 1}: {float(loss.detach()):.3f}, apart {history[-1][0]:.3f} nats, "
                  f"{history[-1][1]:.3f} right", flush=True)  # fmt: skip
    judge()
    return network.arrays(), history


def save(arrays: dict[str, Floats], path: Path) -> None:
    """Weights as float16, the rest as they are."""
    kept: dict[str, Any] = {
        name: a.astype(np.float16 if name.endswith(".weight") else np.float32) for name, a in arrays.items()
    }
    with whole_file(path) as unfinished, unfinished.open("wb") as file:
        np.savez_compressed(file, **kept)


def _save(made: Profiles, path: Path) -> None:
    with whole_file(path) as unfinished, unfinished.open("wb") as file:
        np.savez(file, **made._asdict())


def _load(paths: list[Path]) -> Profiles:
    parts = []
    for path in paths:
        with np.load(path, allow_pickle=False) as file:
            parts.append([file[name] for name in Profiles._fields])
    return Profiles(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m livesing.train.beat_level")
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="that of livesing.train.beat_corpus")
    parser.add_argument("-o", "--output", metavar="OUT.npz", type=Path, required=True)
    parser.add_argument("--songs", metavar="N", type=int, default=12_000, help="sketched ones")
    parser.add_argument("--updates", metavar="N", type=int, default=5000)
    parser.add_argument("--soundfont", metavar="FILE", type=Path, default=SOUNDFONT)
    options = parser.parse_args()
    bank = cache(partial(bank_in, options.folder, options.soundfont))

    def make_sketched(number: int) -> Profiles:
        # Not those songs that the beat network has learnt from.
        return profiles(drawn_songs(7, number, bank()), np.random.default_rng([8, number]))

    files: dict[str, Callable[[], Profiles]] = {
        f"sketched-{number:05d}.npz": partial(make_sketched, number)
        for number in range(-(-options.songs // AT_ONCE))
    }
    if songs := songs_in(options.folder):
        for time in range(SOUNDED_TIMES):
            files[f"sounded-{time}.npz"] = partial(profiles, songs, np.random.default_rng([9, time]))
    paths = [options.folder / "profiles" / name for name in files]
    if len(paths) < 2:
        print("there are not enough songs", file=sys.stderr)
        return 2
    makers = list(files.values())
    failed = make_missing(range(len(paths)), paths.__getitem__, lambda k: _save(makers[k](), paths[k]))
    if failed:
        return failed
    torch.set_num_threads(1)  # and so the same weights every time
    kept = min(KEPT, len(paths) // 2)
    arrays, _ = train(_load(paths[kept:]), _load(paths[:kept]), options.updates, tell=500)
    save(arrays, options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
