"""The network of the embedding: `python -m livesing.train.audio_embedding CORPUS -o DIR`.

It learns to tell what is known of every piece of the composed corpus (its texture, the instruments that play
and how they play) from 3 s of sound, and what it needs for that in its hidden layer is the embedding. A
quarter of the pieces is kept out; on these it is compared with means of MFCC by how often the nearest
neighbour, of another piece, has the same texture.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from torch import nn

from livesing.array_file import Arrays, write_arrays
from livesing.audio.embedding import (
    CUE_NAMES,
    HIDDEN,
    SHAPE,
    STEP,
    TEXTURE,
    EmbeddingNetwork,
    cue_row,
    shape_of,
)
from livesing.audio.embedding_statistics import BANDS, STATISTICS, Statistics, band_cosines
from livesing.audio.mel import FLOOR_POWER, MELS, MelFrames, Mfcc
from livesing.audio.slow import FRAMES, SLOW_RATE, STEP_S, SlowPath
from livesing.audio.steps import Steps
from livesing.errors import LivesingError, UsageError
from livesing.train.corpus.compose import Piece, compose
from livesing.train.corpus.factors import MODES, TEXTURE_SHARES, Factors, draw
from livesing.train.corpus.folder import pieces_in
from livesing.train.corpus.render import RATE as RENDER_RATE
from livesing.train.corpus.render import produce
from livesing.train.corpus.sketch import RATE as SKETCH_RATE
from livesing.train.corpus.sketch import sketch
from livesing.train.image_report import show_progress
from livesing.whole_file import whole_file

FILE = "embedding.safetensors"
TEXTURES = tuple(TEXTURE_SHARES)
FAMILIES = 17
"""Of General MIDI's instruments, and drums."""
FACTORS = ("density", "articulation", "register", "brightness", "dissonance")
PLAYED = len(FACTORS) + 5
HELD_OUT = 4
"""One piece of so many is kept for the comparison."""
FIRST_SKETCH = 5000
"""Seed: far from those of the rendered pieces."""
SKETCH_S = 14.0
FIRST_ROW = 9
"""Thirds of a second: from 3 s on."""
PLAIN_MFCC = 20
EQ_CURVES, EQ = 8, 2.0
"""An equaliser's curve is a sum of so many cosines over the bands; the widest moves the bands by 3.5 dB."""
BLOCK = 1 << 14


class Heard(NamedTuple):
    """A piece: statistics [n, STATISTICS] and plain means of MFCC over the same 3 s [n, 20], a row a third
    of a second, and cues [n, 13]."""

    statistics: NDArray[np.float32]
    mfcc: NDArray[np.float32]
    cues: NDArray[np.float64]


def hear(sound: NDArray[np.float32], rate: int) -> Heard:
    """sound: [n] mono."""
    stream = np.concatenate([*(steps := Steps(rate)).push(sound), *steps.finish()])
    statistics, frames = Statistics(), MelFrames(SLOW_RATE, len(stream) // 512 + 2)
    levels = np.concatenate(
        [frames.push(stream[at : at + BLOCK // 2])[1] for at in range(0, len(stream), BLOCK // 2)]
    )
    cepstra = Mfcc().rows(np.maximum(levels, 10 * math.log10(FLOOR_POWER)).reshape(-1, MELS))[:, :PLAIN_MFCC]
    slow = SlowPath(rate)
    half_seconds = [cue_row(cues) for cues in (*slow.push(sound), *slow.finish())]
    rows, means, cues = [], [], []
    for third in range(1, len(stream) // STEP + 1):
        row = statistics.push(stream[(third - 1) * STEP : third * STEP])
        half = int(third / 3 / STEP_S + 1e-6)
        if row is None or third < FIRST_ROW or not 1 <= half <= len(half_seconds):
            continue
        end = third * STEP // 512
        rows.append(row)
        means.append(cepstra[end - 6 * FRAMES : end].mean(axis=0))
        cues.append(half_seconds[half - 1])
    if not rows:
        return Heard(
            np.zeros((0, STATISTICS), np.float32), np.zeros((0, PLAIN_MFCC), np.float32), np.zeros((0, 13))
        )
    return Heard(np.array(rows), np.array(means, np.float32), np.array(cues))


class Source(NamedTuple):
    """A piece, and how its sound is had: [n] mono samples, and their rate. name: of the file that keeps what
    was heard."""

    name: str
    piece: Piece
    sound: Callable[[], tuple[NDArray[np.float32], int]]


def sources(folder: Path, sketches: int) -> list[Source]:
    """The rendered pieces of a folder, and so many more by the project's own synthesiser, so that what is
    learnt is not one soundfont's."""
    found = []
    for rendered in pieces_in(folder):
        told = json.loads(rendered.path.with_suffix(".json").read_text(encoding="utf-8"))
        factors = Factors(**{name: told[name] for name in Factors.__dataclass_fields__})
        found.append(Source(f"{rendered.seed:05d}", compose(factors), rendered.sound))
    for seed in range(FIRST_SKETCH, FIRST_SKETCH + sketches):
        piece = compose(draw(seed, SKETCH_S))
        found.append(Source(f"sketch-{seed:05d}", piece, partial(_sketched, piece)))
    return found


def _sketched(piece: Piece) -> tuple[NDArray[np.float32], int]:
    sound = soxr.resample(np.asarray(sketch(piece.score), np.float32), SKETCH_RATE, RENDER_RATE)
    return produce(0.5 * sound, piece), RENDER_RATE


def hear_kept(source: Source, kept: Path) -> Heard:
    """What is heard of a source, from the folder `kept` where it was heard before."""
    file = kept / f"{source.name}.npz"
    if not file.is_file():
        heard = hear(*source.sound())
        with whole_file(file) as unfinished, unfinished.open("wb") as out:
            np.savez(out, **heard._asdict())
    with np.load(file, allow_pickle=False) as archive:
        return Heard(*(archive[name] for name in Heard._fields))


class Known(NamedTuple):
    """What is to be told of a piece: its texture's place in TEXTURES, which families play (0 or 1, [17]),
    and how they play [PLAYED], about -1..1."""

    texture: int
    families: NDArray[np.float32]
    played: NDArray[np.float32]


def known_of(piece: Piece) -> Known:
    factors = piece.factors
    families = np.zeros(FAMILIES, np.float32)
    for part in piece.score.parts:
        families[FAMILIES - 1 if part.drums else part.program // 8] = 1.0
    played = [getattr(factors, name) for name in FACTORS]
    played += [MODES[factors.mode], 2 * math.log2(factors.bpm / 98.0), piece.percussion, piece.harshness]
    played.append(math.log2(max(piece.attack_rate, 0.2) / 2.6))
    return Known(TEXTURES.index(factors.texture), families, np.array(played, np.float32))


class _Learner(nn.Module):
    """The network and the heads that are thrown away afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(STATISTICS, HIDDEN)
        self.texture = nn.Linear(HIDDEN, TEXTURE)
        self.heads = nn.Linear(TEXTURE, len(TEXTURES) + FAMILIES + PLAYED)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = nn.functional.dropout(x, 0.2, self.training)
        x = nn.functional.dropout(self.hidden(x).relu(), 0.3, self.training)
        return self.heads(self.texture(x).tanh())


def learn(
    x: NDArray[np.float32], scale: NDArray[np.float32], piece: NDArray[np.int64], known: list[Known],
    epochs: int, seed: int,
) -> Arrays:  # fmt: skip
    """x: [n, STATISTICS] standard, by `scale`; piece: [n] places in `known` -> hidden and texture of
    EmbeddingNetwork. Every time a row is seen it has been through another equaliser."""
    torch.manual_seed(seed)
    learner = _Learner()
    optimiser = torch.optim.AdamW(learner.parameters(), lr=1e-3, weight_decay=1e-2)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    texture = torch.tensor([one.texture for one in known])
    families = torch.tensor(np.array([one.families for one in known]))
    played = torch.tensor(np.array([one.played for one in known]))
    shares = np.bincount(texture[torch.tensor(piece)], minlength=len(TEXTURES)) + 1.0
    rare = torch.tensor((1 / np.sqrt(shares)) / (1 / np.sqrt(shares)).mean(), dtype=torch.float32)
    sound, of = torch.tensor(x), torch.tensor(piece)
    random = torch.Generator().manual_seed(seed)
    curves = torch.tensor(band_cosines(EQ_CURVES).T * scale[:BANDS])
    gains = EQ / torch.arange(1, EQ_CURVES + 1)
    for epoch in range(epochs):
        for rows in torch.randperm(len(sound), generator=random).split(256):
            heard = sound[rows]
            heard[:, :BANDS] += (torch.randn(len(rows), EQ_CURVES, generator=random) * gains) @ curves
            answer = learner(heard).split([len(TEXTURES), FAMILIES, PLAYED], dim=1)
            loss = nn.functional.cross_entropy(answer[0], texture[of[rows]], rare, label_smoothing=0.05)
            loss = loss + nn.functional.binary_cross_entropy_with_logits(answer[1], families[of[rows]])
            loss = loss + 0.5 * nn.functional.mse_loss(answer[2], played[of[rows]])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        rate.step()
        show_progress(epoch + 1, epochs, "epochs")
    return {
        f"{name}.{kind}": np.ascontiguousarray((value.T if kind == "weight" else value).detach().numpy())
        for name, layer in (("hidden", learner.hidden), ("texture", learner.texture))
        for kind, value in (("weight", layer.weight), ("bias", layer.bias))
    }


def neighbour_accuracy(
    x: NDArray[np.floating], piece: NDArray[np.int64], texture: NDArray[np.int64]
) -> float:
    """Share of rows whose nearest neighbour among the rows of other pieces has the same texture; x [n, d] is
    compared by Euclid's distance."""
    x = x.astype(np.float32)
    squares = (x**2).sum(axis=1)
    hits = 0
    for first in range(0, len(x), 1024):
        rows = slice(first, first + 1024)
        apart = squares[rows, None] + squares - 2 * x[rows] @ x.T
        apart[piece[rows, None] == piece] = np.inf
        hits += int((texture[apart.argmin(axis=1)] == texture[rows]).sum())
    return hits / len(x)


def train_embedding(
    folder: Path, output: Path, *, sketches: int, epochs: int, seed: int, threads: int
) -> dict[str, list[float]]:
    """Writes embedding.safetensors and embedding.md into `output` -> the figures of the comparison."""
    torch.set_num_threads(threads)
    kept = output / "heard"
    kept.mkdir(parents=True, exist_ok=True)
    pieces, heard = sources(folder, sketches), []
    for number, source in enumerate(pieces, 1):
        heard.append(hear_kept(source, kept))
        show_progress(number, len(pieces), "pieces heard")
    known = [known_of(source.piece) for source in pieces]
    sketched = np.array([source.name.startswith("sketch") for source in pieces])
    of = np.repeat(np.arange(len(pieces)), [len(one.statistics) for one in heard])
    x, mfcc, cues = (np.concatenate([one[field] for one in heard]) for field in range(3))
    # By texture and synthesiser, so that each is in both parts.
    drawn = np.random.default_rng(seed).random(len(pieces))
    order = np.lexsort((drawn, sketched, np.array([one.texture for one in known])))
    out = np.zeros(len(pieces), bool)
    out[order[::HELD_OUT]] = True
    learnt = ~out[of]
    if not learnt.any() or learnt.all():
        raise UsageError(f"{len(pieces)} pieces are too few")
    arrays: Arrays = {
        "mean": x[learnt].mean(axis=0),
        "scale": (1 / np.maximum(x[learnt].std(axis=0), 1e-4)).astype(np.float32),
        "shape.mean": shape_of(x[learnt]).mean(axis=0).astype(np.float32),
        "shape.scale": (1 / np.maximum(shape_of(x[learnt]).std(axis=0), 1e-4)).astype(np.float32),
        "cues.mean": cues[learnt].mean(axis=0).astype(np.float32),
        "cues.scale": (1 / np.maximum(cues[learnt].std(axis=0), 1e-4)).astype(np.float32),
    }
    mean, scale = arrays["mean"], arrays["scale"]
    standard = np.clip((x - mean) * scale, -EmbeddingNetwork.FARTHEST, EmbeddingNetwork.FARTHEST)
    arrays |= learn(standard[learnt], scale, of[learnt], known, epochs, seed)
    network = EmbeddingNetwork(arrays)
    write_arrays(output / FILE, arrays, {"kind": "embedding", "seed": str(seed)})
    parts = (network.texture(x), network.shape(x), network.cues(cues))
    plain = (mfcc - mfcc[learnt].mean(axis=0)) / mfcc[learnt].std(axis=0)
    spaces = {
        "the embedding": np.concatenate(parts, axis=1),
        "its network alone": parts[0],
        "its shape alone": parts[1],
        "its cues alone": parts[2],
        "its input, standardised": standard,
        f"means of {PLAIN_MFCC} MFCC, standardised": plain,
        "the same without the level": plain[:, 1:],
    }
    texture = np.array([one.texture for one in known])[of]
    scores: dict[str, list[float]] = {name: [] for name in (*spaces, "chance")}
    for kind in (False, True):
        rows = np.flatnonzero(~learnt & (sketched[of] == kind))
        for name, space in spaces.items():
            scores[name].append(neighbour_accuracy(space[rows], of[rows], texture[rows]))
        scores["chance"].append(float(sum(np.bincount(texture[rows]) ** 2) / max(len(rows), 1) ** 2))
    counts = (int((~sketched).sum()), int(sketched.sum()), int((~learnt).sum()), int(out.sum()))
    _write_card(output, *counts, scores, f"--sketches {sketches} --epochs {epochs} --seed {seed}")
    return scores


def _write_card(
    output: Path, rendered: int, sketched: int, rows: int, held: int, scores: dict[str, list[float]], how: str
) -> None:
    digest = hashlib.sha256((output / FILE).read_bytes()).hexdigest()[:10]
    facts = {
        "file": f"`{FILE}`, version {digest}",
        "kind": f"{STATISTICS} statistics of 3 s -> {HIDDEN} ReLU -> {TEXTURE} tanh; beside them "
        f"{SHAPE} numbers of the spectrum's shape and {len(CUE_NAMES)} cues in standard units",
        "data": f"music of {len(TEXTURES)} textures, composed by code: {rendered} pieces by fluidsynth "
        f"(FluidR3 soundfont, MIT), {sketched} by the own synthesiser; no listener's ratings",
        "learnt": "texture (cross-entropy), families of instruments (cross-entropy), ten numbers of how it "
        "is played (squared error)",
        "terms": "those of livesing: GPL-3.0-or-later",
        "made by": f"`python -m livesing.train.corpus DIR --pieces {rendered}`, then "
        f"`python -m livesing.train.audio_embedding DIR {how}`",
        "date": date.today().isoformat(),
    }
    table = "\n".join(f"| {name} | {fact} |" for name, fact in facts.items())
    lines = "\n".join(f"| {name} | {one:.3f} | {other:.3f} |" for name, (one, other) in scores.items())
    text = f"""# Model card: the embedding of music

| | |
| --- | --- |
{table}

## Scores

Share of rows (thirds of a second, {rows} of {held} pieces that it was not trained on) whose nearest
neighbour among those of the other such pieces by the same synthesiser has the same texture.

| by | fluidsynth | own synthesiser |
| --- | --- | --- |
{lines}
"""
    with whole_file(output / "embedding.md") as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m livesing.train.audio_embedding", description=__doc__)
    parser.add_argument("corpus", metavar="CORPUS", type=Path)
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, default=Path("embedding-model"))
    parser.add_argument("--sketches", metavar="N", type=int, default=220)
    parser.add_argument("--epochs", metavar="N", type=int, default=15)
    parser.add_argument("--seed", metavar="N", type=int, default=0)
    parser.add_argument("--threads", metavar="N", type=int, default=1)
    options = parser.parse_args()
    try:
        scores = train_embedding(
            options.corpus, options.output, sketches=options.sketches, epochs=options.epochs,
            seed=options.seed, threads=options.threads,
        )  # fmt: skip
    except LivesingError as error:
        print(error, file=sys.stderr)
        return 2
    for name, score in scores.items():
        print(f"{name}: {score[0]:.3f} fluidsynth, {score[1]:.3f} own synthesiser")
    return 0


if __name__ == "__main__":
    sys.exit(main())
