"""`livesing train audio --deam-features FILE`: the head on DEAM's openSMILE rows.

The mean of two models over the columns that livesing computes itself, free of gain: a ridge regression, and a
network with 256 sigmoids, half of them for each axis. Cross-validated by song, then trained on all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from livesing.array_file import Arrays, write_arrays
from livesing.audio.descriptors import columns as our_columns
from livesing.errors import UsageError
from livesing.sentiment.deam_estimator import HIDDEN, Z_LIMIT, DeamHead, gain_free
from livesing.train.audio_folds import Outcome, song_folds, song_means, write_report
from livesing.train.audio_network import mark_of
from livesing.train.audio_set import RatedRows, read_feature_rows
from livesing.train.image_report import show_progress

FILE = "deam.safetensors"
RIDGE = 0.05
"""Penalty as a share of the rows."""
INPUT_DROPOUT, HIDDEN_DROPOUT = 0.2, 0.3
RATE, DECAY, BATCH = 1e-3, 1e-2, 256
FEWEST_SONGS = 4
LEVEL = "pcm_RMSenergy_sma_amean"
GAIN_POWERS = {"pcm_RMS": 1.0, "Flux": 1.0, "fband": 2.0, "Slope": 2.0, "audspec": 0.66}
"""By parts of columns' names: they grow with this power of the level."""

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


def usable(names: tuple[str, ...]) -> tuple[list[int], list[int]]:
    """(places in the file, places in our rows) of the columns that both have. The means of deltas are left
    out: over a second they say nothing."""
    ours = {name: place for place, name in enumerate(our_columns())}
    shared = [name for name in names if name in ours and not ("_de" in name and name.endswith("amean"))]
    return [names.index(name) for name in shared], [ours[name] for name in shared]


def powers_of(names: Sequence[str]) -> Doubles:
    """Of the level, with which columns grow, [n]."""
    return np.array([sum(power for part, power in GAIN_POWERS.items() if part in name) for name in names])


def fit_ridge(x: Floats, y: Doubles) -> tuple[Doubles, Doubles]:
    """x: [n, c] z-scores, y: [n, axes] -> weights [axes, c], bias [axes]."""
    centre, answer = x.mean(axis=0, dtype=np.float64), y.mean(axis=0)
    away = x - centre.astype(np.float32)
    gram = (away.T @ away).astype(np.float64) + RIDGE * len(x) * np.eye(x.shape[1])
    weight = np.linalg.solve(gram, away.T.astype(np.float64) @ (y - answer)).T
    return weight, answer - weight @ centre


def fit_network(x: Floats, y: Doubles, seed: int, epochs: int, tick: Callable[[], None]) -> dict[str, Floats]:
    """Hidden and output weights of 128 sigmoids for one axis, y [n, 1]; tick after each epoch."""
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Dropout(INPUT_DROPOUT), nn.Linear(x.shape[1], HIDDEN // 2), nn.Sigmoid(),
        nn.Dropout(HIDDEN_DROPOUT), nn.Linear(HIDDEN // 2, 1),
    )  # fmt: skip
    rows, wanted = torch.from_numpy(x), torch.from_numpy(y.astype(np.float32))
    optimiser = torch.optim.AdamW(net.parameters(), RATE, weight_decay=DECAY)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    for _ in range(epochs):
        for batch in torch.randperm(len(rows)).split(BATCH):
            loss = nn.functional.mse_loss(net(rows[batch]), wanted[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        slower.step()
        tick()
    hidden, output = net[1], net[4]
    return {
        f"{name}.{kind}": getattr(layer, kind).detach().numpy()
        for name, layer in (("hidden", hidden), ("output", output))
        for kind in ("weight", "bias")
    }


def fit_head(
    data: RatedRows, rows: NDArray[np.bool_], seed: int, epochs: int, tick: Callable[[], None]
) -> Arrays:
    """The arrays of a DeamHead from the rows that are chosen."""
    there, ours = usable(data.columns)
    names = [data.columns[place] for place in there]
    level, powers = names.index(LEVEL), powers_of(names)
    x = gain_free(data.x[rows][:, there], powers, level)
    mean, scale = x.mean(axis=0), 1.0 / np.maximum(x.std(axis=0), 1e-9)
    z = np.clip((x - mean) * scale, -Z_LIMIT, Z_LIMIT).astype(np.float32)
    # Standard units of songs, not of half seconds: what the estimator is asked for is the mood of music.
    means = song_means(data.ratings[rows], data.song[rows])
    y = (data.ratings[rows] - means.mean(axis=0)) / means.std(axis=0)
    # The level is for arousal alone: each axis has a regression and half of the network of its own.
    blind = z.copy()
    blind[:, level] = 0.0
    ridges, networks = [], []
    for axis, seen in enumerate((blind, z)):
        ridges.append(fit_ridge(seen, y[:, [axis]]))
        networks.append(fit_network(seen, y[:, [axis]], seed + axis, epochs, tick))
    networks[0]["hidden.weight"][:, level] = 0.0
    weight, bias = (np.concatenate(parts) for parts in zip(*ridges, strict=True))
    arrays: Arrays = {
        "columns": np.array(ours, np.int32),
        "powers": powers.astype(np.float32),
        "level": np.array([level], np.int32),
        "mean": mean.astype(np.float32),
        "scale": scale.astype(np.float32),
        "ridge.weight": weight.astype(np.float32),
        "ridge.bias": bias.astype(np.float32),
    }
    arrays |= {name: np.concatenate([net[name] for net in networks]) for name in networks[0]}
    outputs = (torch.from_numpy(net["output.weight"]) for net in networks)
    arrays["output.weight"] = torch.block_diag(*outputs).numpy()
    return arrays


def train_deam_head(
    features: Path, output: Path, *, epochs: int, folds: int, seed: int, threads: int, fresh: bool
) -> None:
    """Writes deam.safetensors, deam.md, deam.json and, with matplotlib, deam.png into `output`. Folds that an
    earlier run with the same data and options has finished are kept unless `fresh`."""
    torch.set_num_threads(threads)
    data = read_feature_rows(features)
    songs = len(np.unique(data.song))
    if songs < max(folds, FEWEST_SONGS):
        raise UsageError(f"{str(features)!r} has {songs} songs, too few for {folds} folds")
    if len(usable(data.columns)[0]) < 10 or LEVEL not in data.columns:
        raise UsageError(f"{str(features)!r} lacks {LEVEL}, or has hardly any column that livesing computes")
    output.mkdir(parents=True, exist_ok=True)
    fold = song_folds(data.song, folds, seed)
    done, total = 0, 2 * epochs * (folds + 1)

    def tick() -> None:
        nonlocal done
        done += 1
        show_progress(done, total, "epochs")

    predicted = np.zeros_like(data.ratings)
    run = mark_of(data.x, data.ratings, np.array([seed, epochs, folds]))
    for number in range(folds):
        kept = output / f".deam-{run:08x}-{number}.safetensors"
        if fresh or not kept.is_file():
            write_arrays(kept, fit_head(data, fold != number, seed + number, epochs, tick), {})
        else:
            done += 2 * epochs
        predicted[fold == number] = head_over(DeamHead.load(kept), data, fold == number)
    head = fit_head(data, np.ones(len(fold), bool), seed, epochs, tick)
    write_arrays(output / FILE, head, {"terms": "DEAM: research, non-commercial", "seed": str(seed)})
    facts = {
        "file": f"`{FILE}`: `--feeling deam` reads it where LIVESING_DEAM names it, or in "
        "the user's data folder",
        "kind": f"ridge regression and a network with {HIDDEN} sigmoids, averaged, over "
        f"{len(usable(data.columns)[0])} of openSMILE's columns",
        "data": f"DEAM, {songs} songs, {len(data.song)} half seconds, from `{features.name}`",
        "terms": "research, non-commercial: those of DEAM. Do not ship it with anything",
        "made by": f"`livesing train audio --deam-features FILE --epochs {epochs} --folds {folds} "
        f"--seed {seed}`",
    }
    note = (
        f"Cross-validated in {folds} parts, split by song. Ratings were shifted by 1 s (valence) and 1.5 s\n"
        "(arousal), since listeners lag. In the show the head is joined with mode and the rate of onsets,\n"
        "which DEAM's columns cannot know; these scores are without them."
    )
    means = song_means(data.ratings, data.song)
    rated = (data.ratings - means.mean(axis=0)) / means.std(axis=0)
    settings = {"epochs": epochs, "folds": folds, "seed": seed, "songs": songs}
    outcome = Outcome(predicted, rated, data.song, settings)
    write_report(output, "deam", "the head on DEAM", facts, note, outcome)
    for leftover in output.glob(".deam-*.safetensors"):
        leftover.unlink()


def head_over(head: DeamHead, data: RatedRows, rows: NDArray[np.bool_]) -> Doubles:
    """The head's answers for rows of a file, [n, 2]."""
    there, ours = usable(data.columns)
    row = np.zeros(len(our_columns()))
    answers = []
    for values in data.x[rows][:, there]:
        row[ours] = values
        answers.append(head(row))
    return np.array(answers)
