"""The network that hears note onsets, as it learns: from music, and from others of its kind.

What a single network makes of doubtful sounds is half chance, and music is felt differently for it. The mean
of several is steadier, and can be learnt (Hinton, Vinyals & Dean 2015): frame by frame the network is shown
what they say, and over seconds what was played.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from livesing.audio.framing import Floats
from livesing.audio.note_density import (
    BESIDE,
    CHANGES,
    GROUPS,
    HIDDEN,
    JUDGES,
    SPAN,
    UsualChanges,
)
from livesing.audio.slow import HOP, SLOW_RATE
from livesing.train import checkpoint
from livesing.train.image_report import show_progress

BATCH, RATE, DECAY, DROPOUT = 16, 4e-3, 1e-4, 0.1
COUNT_FRAMES = 126
"""3 s, over which the number of onsets has to be right."""
COUNT_WEIGHT = 1.0
TWIN_WEIGHT = 2.0
"""Of by how many octaves more onsets are heard in a lesson than in its twin."""
TAUGHT = 0.8
"""Of what a frame is to hold, the share that other networks tell."""


class Lessons(NamedTuple):
    """told: [pieces, GROUPS * CHANGES, SPAN + BESIDE - 2 + frames] changes in z-scores; usual: [pieces,
    BESIDE - 1 + frames, GROUPS * CHANGES] what they are usually; played: [pieces, frames] onsets; taught: the
    same as other networks hear them, or as played; twins: how many of the last pieces are pairs of twins."""

    told: torch.Tensor
    usual: torch.Tensor
    played: torch.Tensor
    taught: torch.Tensor
    twins: int


class NoteNet(nn.Module):
    """Changes in z-scores -> logits of onsets; the same as note_density.NoteDensity in numpy."""

    def __init__(self) -> None:
        super().__init__()
        self.dropout = nn.Dropout1d(DROPOUT)
        self.hidden = nn.Conv1d(GROUPS * CHANGES, HIDDEN, SPAN)
        self.usual = nn.Linear(GROUPS * CHANGES, HIDDEN, bias=False)
        self.judge = nn.Conv1d(HIDDEN, JUDGES, BESIDE)
        self.output = nn.Linear(JUDGES, 1)

    def forward(self, told: torch.Tensor, usual: torch.Tensor) -> torch.Tensor:
        """told: [b, GROUPS * CHANGES, SPAN + BESIDE - 2 + n], usual: [b, BESIDE - 1 + n, GROUPS * CHANGES]
        -> [b, n]."""
        hidden = self.hidden(told) + self.usual(usual).transpose(1, 2)
        judges = torch.relu(self.judge(self.dropout(torch.relu(hidden))))
        logits: torch.Tensor = self.output(judges.transpose(1, 2))[..., 0]
        return logits

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """The weights as a NoteDensity reads them, without mean and scale."""
        weights = {name: tensor.detach().numpy() for name, tensor in self.state_dict().items()}
        return {
            "hidden.weight": weights["hidden.weight"].transpose(2, 1, 0).reshape(-1, HIDDEN).copy(),
            "usual.weight": weights["usual.weight"].T.copy(),
            "hidden.bias": weights["hidden.bias"],
            "judge.weight": weights["judge.weight"].transpose(2, 1, 0).reshape(-1, JUDGES).copy(),
            "judge.bias": weights["judge.bias"],
            "output.weight": weights["output.weight"][0],
            "output.bias": weights["output.bias"],
        }


def prepared(x: Floats, y: Floats, twins: int) -> tuple[Lessons, dict[str, NDArray[np.float32]]]:
    """x: [pieces, SPAN + BESIDE - 2 + frames, GROUPS * CHANGES] changes, y: [pieces, frames] onsets -> the
    lessons, and the mean and scale of changes."""
    mean, scale = x.mean(axis=(0, 1)), 1.0 / x.std(axis=(0, 1))
    z = (x - mean) * scale
    quiet = SPAN + BESIDE - 2
    usual = np.zeros((len(z), z.shape[1] - SPAN + 1, z.shape[2]), dtype=np.float32)
    for each, row in zip(z, usual, strict=True):
        row[BESIDE - 1 :] = UsualChanges(HOP / SLOW_RATE).push(each[quiet:])
    told, played = torch.from_numpy(np.ascontiguousarray(z.transpose(0, 2, 1))), torch.from_numpy(y)
    return Lessons(told, torch.from_numpy(usual), played, played, twins), {"mean": mean, "scale": scale}


def loss_of(logits: torch.Tensor, played: torch.Tensor, taught: torch.Tensor, twins: bool) -> torch.Tensor:
    """Cross-entropy of single frames, and squared errors of onsets in any 3 s and in a piece, in octaves.
    twins: whether every other piece is the twin of the one before."""
    single = nn.functional.binary_cross_entropy_with_logits(logits, taught)
    counted, meant = (
        nn.functional.avg_pool1d(each[:, None], COUNT_FRAMES, COUNT_FRAMES // 6) * (SLOW_RATE / HOP)
        for each in (torch.sigmoid(logits), played)
    )
    apart = torch.log2(counted + 0.5) - torch.log2(meant + 0.5)
    # What an instrument does all the time, such as trembling, must not add up over a piece either.
    whole = torch.log2(counted.mean(dim=2) + 0.5) - torch.log2(meant.mean(dim=2) + 0.5)
    loss = single + COUNT_WEIGHT * ((apart**2).mean() + (whole**2).mean())
    return loss + TWIN_WEIGHT * ((whole[1::2] - whole[::2]) ** 2).mean() if twins else loss


def train(lessons: Lessons, epochs: int, seed: int, kept: Path, name: str = "") -> NoteNet:
    """Goes on from the file `kept`. name: of the network, for who watches."""
    torch.manual_seed(seed)
    net = NoteNet()
    optimiser = torch.optim.AdamW(net.parameters(), RATE, weight_decay=DECAY)
    settings = {"seed": seed, "epochs": epochs, "pieces": len(lessons.told)}
    first = 0
    if state := checkpoint.resumed(kept, settings):
        net.load_state_dict(state["net"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["epochs"]
    for epoch in range(first, epochs):
        for group in optimiser.param_groups:
            group["lr"] = RATE * 0.5 * (1.0 + math.cos(math.pi * epoch / epochs))
        torch.manual_seed(seed * 1000 + epoch)
        for batch, beside in batches(len(lessons.told) - lessons.twins, lessons.twins):
            logits = net(lessons.told[batch], lessons.usual[batch])
            loss = loss_of(logits, lessons.played[batch], lessons.taught[batch], beside)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        if (epoch + 1) % 4 == 0 or epoch + 1 == epochs:
            state = {"net": net.state_dict(), "optimiser": optimiser.state_dict(), "epochs": epoch + 1}
            checkpoint.keep(kept, settings, state)
        show_progress(epoch + 1, epochs, f"epochs{name}, loss {loss.item():.3f}")
    return net.eval()


def taught_by(teachers: list[NoteNet], lessons: Lessons) -> Lessons:
    """The same lessons, TAUGHT of what each frame is to hold by the mean of what the teachers hear."""
    heard = torch.zeros_like(lessons.played)
    with torch.no_grad():
        for pieces in torch.arange(len(heard)).split(4 * BATCH):
            for net in teachers:
                heard[pieces] += torch.sigmoid(net(lessons.told[pieces], lessons.usual[pieces]))
    mixed = torch.lerp(lessons.played, heard / len(teachers), TAUGHT)
    return lessons._replace(taught=mixed)


def batches(single: int, twins: int) -> list[tuple[torch.Tensor, bool]]:
    """Numbers of pieces in an order drawn by chance, twins beside each other and apart from the others."""
    made = [(batch, False) for batch in torch.randperm(single).split(BATCH)]
    for pairs in torch.randperm(twins // 2).split(BATCH // 2):
        first = single + 2 * pairs
        made.append((torch.stack((first, first + 1), dim=1).flatten(), True))
    return [made[place] for place in torch.randperm(len(made)).tolist()]
