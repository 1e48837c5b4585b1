"""Trains the beat network: `python -m livesing.train.beat_net FOLDER -o OUT.npz [--updates N]`.

FOLDER holds the songs of livesing.train.beat_corpus and beat_sketch; some are kept for the report. The
network has no memory, so it learns from single steps: some of every song, which is changed at random. Needs
torch (the extra [train]).
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from livesing.audio.beat_inputs import INPUTS
from livesing.audio.beat_net import OUTPUTS
from livesing.audio.framing import Floats
from livesing.train.beat_corpus import Heard
from livesing.train.beat_lessons import lessons, songs_in
from livesing.train.beat_sketch import KIND
from livesing.whole_file import whole_file

HIDDEN = (192, 64)
STEPS = 1000
TAKEN = 150
"""Steps of a song that are learnt from."""
BATCH = 1024
FASTEST = 2e-3
DECAY = 0.02
DROPOUT = 0.15
DOWNBEAT_SHARE, TEMPO_SHARE = 0.6, 0.06
KEPT = 96
RENDERED_TIMES = 3
"""Songs that were sounded and not sketched count so often, changed each time anew."""


class Examples(NamedTuple):
    """Single steps. inputs [n, INPUTS], tempo [n, tempos] float16; beat, downbeat [n] float32."""

    inputs: NDArray[np.float16]
    beat: Floats
    downbeat: Floats
    tempo: NDArray[np.float16]


class Network(nn.Module):
    """What BeatNet runs."""

    def __init__(self, mean: Floats, scale: Floats, hidden: tuple[int, ...] = HIDDEN) -> None:
        """mean, scale: [INPUTS] of the inputs; scale is 1 / standard deviation."""
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("scale", torch.tensor(scale))
        sizes = (INPUTS, *hidden, OUTPUTS)
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, inputs: Tensor) -> Tensor:
        """[n, INPUTS] -> [n, OUTPUTS]."""
        x = (inputs - self.mean) * self.scale
        for layer in self.layers[:-1]:
            x = self.drop(torch.relu(layer(x)))
        out: Tensor = self.layers[-1](x)
        return out

    def arrays(self) -> dict[str, Floats]:
        """The weights by the names that BeatNet knows."""
        state = self.state_dict().items()
        return {name.removeprefix("layers."): array.numpy().copy() for name, array in state}


def examples(
    songs: list[Heard], r: np.random.Generator, *, steps: int = STEPS, taken: int = TAKEN
) -> Examples:
    """`taken` steps of each song, changed at random."""
    parts: list[tuple[NDArray[np.floating], ...]] = []
    for first in range(0, len(songs), 48):
        lesson = lessons(songs[first : first + 48], steps, r)
        for number in range(len(lesson.beat)):
            known = np.flatnonzero(lesson.weight[number])
            at = r.choice(known, min(taken, known.size), replace=False) if known.size else known
            parts.append((
                lesson.inputs[number, at].astype(np.float16),
                lesson.beat[number, at],
                lesson.downbeat[number, at],
                lesson.tempo[number, at].astype(np.float16),
            ))  # fmt: skip
    inputs, beat, downbeat, tempo = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Examples(inputs, beat, downbeat, tempo)


def losses(out: Tensor, part: Examples) -> Tensor:
    """[3] of beat, downbeat and tempo, nats a step."""
    beat = functional.binary_cross_entropy_with_logits(out[:, 0], torch.from_numpy(part.beat))
    downbeat = functional.binary_cross_entropy_with_logits(out[:, 1], torch.from_numpy(part.downbeat))
    tempo = functional.cross_entropy(out[:, 2:], torch.from_numpy(part.tempo.astype(np.float32)))
    return torch.stack((beat, downbeat, tempo))


def _some(data: Examples, at: NDArray[np.integer] | slice) -> Examples:
    return Examples(data.inputs[at], data.beat[at], data.downbeat[at], data.tempo[at])


def train(
    data: Examples,
    apart: Examples,
    updates: int,
    *,
    hidden: tuple[int, ...] = HIDDEN,
    batch: int = BATCH,
    fastest: float = FASTEST,
    seed: int = 0,
    tell: int = 0,
) -> tuple[dict[str, Floats], list[list[float]]]:
    """The weights by name, and the losses on `apart`: at first, every `tell` updates, and at the end."""
    torch.manual_seed(seed)
    r = np.random.default_rng([seed, 3])
    sample = data.inputs[r.choice(len(data.beat), min(20_000, len(data.beat)), replace=False)].astype(
        np.float32
    )
    network = Network(sample.mean(axis=0), 1.0 / (sample.std(axis=0) + 0.05), hidden)
    optimiser = torch.optim.AdamW(network.parameters(), lr=fastest, weight_decay=DECAY)
    history: list[list[float]] = []

    def judge() -> None:
        network.eval()
        with torch.no_grad():
            out = network(torch.from_numpy(apart.inputs.astype(np.float32)))
            history.append([float(value) for value in losses(out, apart)])
        network.train()

    judge()
    begin, sums = time.process_time(), np.zeros(3)
    for update in range(updates):
        warm = min(1.0, (update + 1) / 50)
        for group in optimiser.param_groups:
            group["lr"] = fastest * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * update / updates)))
        part = _some(data, r.integers(0, len(data.beat), batch))
        loss = losses(network(torch.from_numpy(part.inputs.astype(np.float32))), part)
        optimiser.zero_grad()
        (loss @ torch.tensor([1.0, DOWNBEAT_SHARE, TEMPO_SHARE])).backward()
        optimiser.step()
        sums += loss.detach().numpy()
        if tell and (update + 1) % tell == 0:
            judge()
            shown = " ".join(f"{a:.4f}/{b:.4f}" for a, b in zip(sums / tell, history[-1], strict=True))
            spent = time.process_time() - begin
            print(f"{update + 1}: beat, downbeat, tempo {shown}  {spent:.0f} s", flush=True)
            sums[:] = 0.0
    judge()
    return network.arrays(), history


def save(arrays: dict[str, Floats], path: Path) -> None:
    """As float16, which changes no answer."""
    halves: dict[str, Any] = {name: array.astype(np.float16) for name, array in arrays.items()}
    with whole_file(path) as partial, partial.open("wb") as file:
        np.savez(file, **halves)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m livesing.train.beat_net")
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    parser.add_argument("-o", "--output", metavar="OUT.npz", type=Path, required=True)
    parser.add_argument("--updates", metavar="N", type=int, default=5000)
    parser.add_argument("--seed", metavar="N", type=int, default=0)
    options = parser.parse_args()
    songs = songs_in(options.folder)
    if len(songs) < 20:
        print(f"there are not enough songs in {str(options.folder)!r}", file=sys.stderr)
        return 2
    r = np.random.default_rng([options.seed, 1])
    apart, taught = songs[::10][:KEPT], [song for k, song in enumerate(songs) if k % 10]
    taught += (RENDERED_TIMES - 1) * [song for song in taught if song.kind != KIND]
    data, kept = examples(taught, r), examples(apart, r)
    print(f"{len(songs)} songs, {len(data.beat)} steps", flush=True)
    arrays, _ = train(data, kept, options.updates, seed=options.seed, tell=250)
    save(arrays, options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
