"""Trains the deep tier's auto-encoder: filters by k-means, then decoders that undo them.

Writes into the output folder

    deep.safetensors   the weights
    deep.onnx          the whole cascade as one graph, for onnxruntime
    deep.md            the model card
    deep.json          the figures
    checkpoint.pt      while it is under way: the same command goes on from it
"""

import json
import math
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from livesing.array_file import write_arrays
from livesing.errors import UsageError
from livesing.style.deep_torch import DeepNet
from livesing.train import checkpoint as checkpoints
from livesing.train.image_report import show_progress
from livesing.train.style_filters import find_filters
from livesing.train.style_graph import write_graph
from livesing.train.style_pictures import Crops, Pictures, frames, paintings
from livesing.whole_file import whole_file

BATCH = 8
SIDE = 64
RATE = 3e-3
FEATURE_SHARE = 0.05
"""Of the loss: features of what was decoded against those that it was decoded from."""
HELD_OUT = 24
"""Generated frames that are kept for the figures."""
SAVE_EVERY = 100

Losses = list[Tensor]


def train_style(
    folders: Sequence[Path], output: Path, *, steps: int, seed: int, threads: int, fresh: bool
) -> None:
    """Raises UsageError for a folder without pictures."""
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"there is no folder {str(folder)!r}")
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    painted = paintings(folders)
    dreamt = frames(seed)
    output.mkdir(parents=True, exist_ok=True)
    checkpoint = output / "checkpoint.pt"
    if fresh:
        checkpoint.unlink(missing_ok=True)
    net = DeepNet()
    crops = Crops(dreamt[HELD_OUT:], painted, SIDE)
    train_decoders(net, crops, steps, seed, checkpoint)
    figures = {"steps": steps, "seed": seed, "rmse": reconstruction(net, dreamt[:HELD_OUT])}
    weights = {name: tensor.numpy() for name, tensor in net.state_dict().items()}
    write_arrays(output / "deep.safetensors", weights, {"terms": "GPL-3.0-or-later", "seed": str(seed)})
    write_graph(output / "deep.onnx", weights)
    own = len(painted)
    _write(output / "deep.md", _card(figures, own, [folder.name for folder in folders]))
    _write(output / "deep.json", json.dumps(figures, indent=2) + "\n")
    checkpoint.unlink(missing_ok=True)
    print("reconstruction error of frames not learnt from, of 255, levels 1 to 3:", figures["rmse"])


def train_decoders(net: DeepNet, crops: Crops, steps: int, seed: int, checkpoint: Path | None = None) -> None:
    """Filters, unless a checkpoint has them, and `steps` of Adam for the decoders."""
    decoders = [parameter for name, parameter in net.named_parameters() if name.startswith("decoder")]
    optimiser = torch.optim.Adam(decoders, RATE)
    first = 0
    settings = {"net": "deep", "steps": steps, "seed": seed}
    if checkpoint is not None and (kept := checkpoints.resumed(checkpoint, settings)) is not None:
        net.load_state_dict(kept["net"])
        optimiser.load_state_dict(kept["optimiser"])
        first = int(kept["step"])
    else:
        find_filters(net, crops, seed)
        _begin(net, seed)
    for name, parameter in net.named_parameters():
        parameter.requires_grad = name.startswith("decoder")
    for step in range(first, steps):
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * step / steps))
        rng = np.random.default_rng([seed, 3, step])
        loss = torch.stack(losses(net, torch.from_numpy(crops.batch(BATCH, rng)))).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        show_progress(step + 1, steps, f"steps, loss {loss.item():.4f}")
        if checkpoint is not None and (step + 1) % SAVE_EVERY == 0:
            state = {"net": net.state_dict(), "optimiser": optimiser.state_dict(), "step": step + 1}
            checkpoints.keep(checkpoint, settings, state)


def losses(net: DeepNet, pictures: Tensor) -> Losses:
    """Of each level: what its decoder makes of what its encoder says, against the picture."""
    found = []
    for level in (1, 2, 3):
        with torch.no_grad():
            features = net.encode(pictures, level)
        decoded = net.decode(features, level)
        again = net.encode(decoded, level)
        found.append(100 * F.mse_loss(decoded, pictures) + FEATURE_SHARE * F.mse_loss(again, features))
    return found


def reconstruction(net: DeepNet, pictures: Pictures) -> list[float]:
    """Root mean squared error of encoding and decoding, of 255, for levels 1 to 3."""
    x = torch.from_numpy(np.stack(pictures).transpose(0, 3, 1, 2).astype(np.float32) / 255)
    with torch.no_grad():
        errors = [(net.decode(net.encode(x, level), level) - x).square().mean().sqrt() for level in (1, 2, 3)]
    return [round(float(error) * 255, 2) for error in errors]


def _begin(net: DeepNet, seed: int) -> None:
    """Decoders begin small and random."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in net.named_parameters():
        if name.startswith("decoder"):
            if name.endswith("bias"):
                parameter.data.fill_(0.5 if parameter.numel() == 3 else 0.0)
            else:
                deviation = (2 / (9 * parameter.shape[1])) ** 0.5 * (0.1 if parameter.shape[0] == 3 else 1.0)
                parameter.data.normal_(0, deviation, generator=generator)


def _card(figures: dict[str, Any], paintings_seen: int, names: Sequence[str]) -> str:
    others = f", and the folders {', '.join(names)}" if names else ""
    rmse = " / ".join(f"{value:g}" for value in figures["rmse"])
    options = f"--steps {figures['steps']} --seed {figures['seed']}"
    facts = {
        "files": "`deep.onnx` (the cascade of three levels as one graph), `deep.safetensors` (the weights)",
        "kind": "encoders of 16, 32 and 64 channels at scales 1, 1/2 and 1/4, found by spherical k-means and "
        "not trained; decoders trained to undo them",
        "data": f"{paintings_seen} paintings (those that livesing paints by code{others}) and frames of its "
        "embedded generator",
        "terms": "those of livesing: GPL-3.0-or-later",
        "training": f"Adam, {figures['steps']} batches of {BATCH} squares of {SIDE} pixels",
        "made by": f"`livesing train style {options}`",
        "date": date.today().isoformat(),
    }
    rows = "\n".join(("| | |", "| --- | --- |", *(f"| {name} | {fact} |" for name, fact in facts.items())))
    return f"""# Model card: the deep tier's auto-encoder

{rows}

## What it does

A picture is encoded, its features are given the mean and covariance of a style's, and decoded again, from
level 3 to level 1 (`livesing/style/deep.py`). It knows no things and no styles: any painting serves.

## Figures

Root mean squared error of encoding and decoding generated frames that it has not learnt from, of 255, levels
1 / 2 / 3: {rmse}. What a decoder loses is not taken for style: without strength the picture is what it was.

## Limits

Sixty-four small filters see texture and colour, not things: it lays paint, and does not turn eyes into eyes
of another hand. Textures larger than some twenty pixels of its working size are beyond it.
"""


def _write(path: Path, text: str) -> None:
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")
