"""Trains the beat network: `python -m livesing.train.beat_net FOLDER -o OUT.npz`.

FOLDER holds the steps of songs that livesing.train.beat_examples made; those of the first file are kept for
the report. The network has no memory, so it learns from single steps. First some large ones are trained that
differ by their seeds; then the first is pruned (beat_prune.py), and learns again what all of them say of each
step in the mean, and what is true (Hinton, Vinyals & Dean 2015). Needs torch (the extra [train]).
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from livesing.audio.beat_inputs import INPUTS
from livesing.audio.beat_net import OUTPUTS
from livesing.audio.framing import Floats
from livesing.train.beat_examples import Examples, load
from livesing.train.beat_prune import pruned
from livesing.whole_file import whole_file

HIDDEN = (384, 128)
NETWORKS = 3
"""Large ones."""
UNITS = 128
"""Of the first layer, once it is pruned."""
TAUGHT = 0.7
"""Share of the targets that is the large networks'."""
UPDATES, REFINED_UPDATES = 7000, 2500
"""Of a network that begins anew, and of one that was trained before; so the next four."""
BATCH, REFINED_BATCH = 1024, 768
FASTEST, REFINED_FASTEST = 2e-3, 1e-3
DECAY, REFINED_DECAY = 0.02, 0.01
DROPOUT, REFINED_DROPOUT = 0.15, 0.03
PRUNED_ON = 40_000
"""Steps of music by which it is judged which units can go."""
DOWNBEAT_SHARE, TEMPO_SHARE = 0.6, 0.06


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


def losses(out: Tensor, part: Examples) -> Tensor:
    """[3] of beat, downbeat and tempo, nats a step."""
    beat = functional.binary_cross_entropy_with_logits(out[:, 0], torch.from_numpy(part.beat))
    downbeat = functional.binary_cross_entropy_with_logits(out[:, 1], torch.from_numpy(part.downbeat))
    tempo = functional.cross_entropy(out[:, 2:], torch.from_numpy(part.tempo.astype(np.float32)))
    return torch.stack((beat, downbeat, tempo))


def _some(data: Examples, at: NDArray[np.integer] | slice) -> Examples:
    return Examples(data.inputs[at], data.beat[at], data.downbeat[at], data.tempo[at])


def network_of(arrays: dict[str, Floats]) -> Network:
    """arrays: as BeatNet takes them."""
    depth = sum(name.endswith(".weight") for name in arrays)
    hidden = tuple(len(arrays[f"{layer}.weight"]) for layer in range(depth - 1))
    network = Network(arrays["mean"], arrays["scale"], hidden)
    state = {
        name if name in ("mean", "scale") else f"layers.{name}": torch.from_numpy(array)
        for name, array in arrays.items()
    }
    network.load_state_dict(state)
    return network


class Teacher:
    """Puts what trained networks say into the targets."""

    def __init__(self, *networks: dict[str, Floats]) -> None:
        """networks: arrays of each, as BeatNet takes them."""
        self._networks = [network_of(arrays).eval() for arrays in networks]

    def teach(self, part: Examples) -> Examples:
        """The same steps with TAUGHT of each target their mean."""
        with torch.no_grad():
            inputs = torch.from_numpy(part.inputs.astype(np.float32))
            said = [network(inputs) for network in self._networks]
            chances = torch.stack([torch.sigmoid(out[:, :2]) for out in said]).mean(dim=0).numpy()
            tempo = torch.stack([torch.softmax(out[:, 2:], dim=1) for out in said]).mean(dim=0).numpy()
        return part._replace(
            beat=part.beat + TAUGHT * (chances[:, 0] - part.beat),
            downbeat=part.downbeat + TAUGHT * (chances[:, 1] - part.downbeat),
            tempo=(part.tempo + TAUGHT * (tempo - part.tempo)).astype(np.float16),
        )


def train(
    data: Examples,
    apart: Examples,
    updates: int,
    *,
    teacher: Teacher | None = None,
    start: dict[str, Floats] | None = None,
    hidden: tuple[int, ...] = HIDDEN,
    batch: int = BATCH,
    fastest: float = FASTEST,
    decay: float = DECAY,
    seed: int = 0,
    tell: int = 0,
) -> tuple[dict[str, Floats], list[list[float]]]:
    """The weights by name, and the losses on `apart`: at first, every `tell` updates, and at the end."""
    torch.manual_seed(seed)
    r = np.random.default_rng([seed, 3])
    sample = data.inputs[r.choice(len(data.beat), min(20_000, len(data.beat)), replace=False)].astype(
        np.float32
    )
    if start is None:
        network = Network(sample.mean(axis=0), 1.0 / (sample.std(axis=0) + 0.05), hidden)
    else:
        network = network_of(start)
        network.drop = nn.Dropout(REFINED_DROPOUT)
    optimiser = torch.optim.AdamW(network.parameters(), lr=fastest, weight_decay=decay)
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
        if teacher is not None:
            part = teacher.teach(part)
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
    """The weights as bytes in steps of their row, the rest as float16: a quarter of the size."""
    kept: dict[str, Any] = {}
    for name, array in arrays.items():
        if name.endswith(".weight"):
            step = np.abs(array).max(axis=1) / 127.0 + 1e-12
            kept[name] = np.round(array / step[:, None]).astype(np.int8)
            kept[f"{name}.step"] = step.astype(np.float32)
        else:
            kept[name] = array.astype(np.float32)
    with whole_file(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **kept)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m livesing.train.beat_net")
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    parser.add_argument("-o", "--output", metavar="OUT.npz", type=Path, required=True)
    parser.add_argument("--updates", metavar="N", type=int, default=UPDATES)
    parser.add_argument("--refined-updates", metavar="N", type=int, default=REFINED_UPDATES)
    parser.add_argument("--networks", metavar="N", type=int, default=NETWORKS, help="large ones")
    parser.add_argument("--units", metavar="N", type=int, default=UNITS, help="of its first layer")
    parser.add_argument("--seed", metavar="N", type=int, default=0)
    options = parser.parse_args()
    files = sorted((options.folder / "steps").glob("*.npz"))
    if len(files) < 2:
        print(f"there are not enough songs in {str(options.folder)!r}", file=sys.stderr)
        return 2
    torch.set_num_threads(1)  # and so the same weights every time
    data, kept = load(files[1:]), load(files[:1])
    print(f"{len(data.beat)} steps", flush=True)
    seeds = range(options.seed, options.seed + options.networks)
    large = [train(data, kept, options.updates, seed=seed, tell=1000)[0] for seed in seeds]
    small, _ = train(
        data,
        kept,
        options.refined_updates,
        teacher=Teacher(*large),
        start=pruned(large[0], data.inputs[:: max(len(data.beat) // PRUNED_ON, 1)], options.units),
        batch=REFINED_BATCH,
        fastest=REFINED_FASTEST,
        decay=REFINED_DECAY,
        seed=options.seed,
        tell=250,
    )
    save(small, options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
