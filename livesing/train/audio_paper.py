"""`livesing train audio --corpus DIR` and `--deam DIR`: the paper's audio network over its 9156 features.

Features are those of the live show: past sound only. They are computed once and kept beside the model, so a
run that was stopped goes on where it was.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from livesing.array_file import write_arrays
from livesing.audio.paper import PaperFeatures
from livesing.audio.sound_file import SoundFile
from livesing.errors import LivesingError, UsageError
from livesing.sentiment.paper_estimator import FEATURES, PaperNetwork
from livesing.train import audio_network
from livesing.train.audio_folds import Outcome, song_folds, write_report
from livesing.train.audio_network import Recipe
from livesing.train.audio_set import read_deam
from livesing.train.corpus.folder import labels, pieces_in
from livesing.train.image_report import show_progress
from livesing.whole_file import whole_file

FILE = "paper.safetensors"
BLOCK = 1 << 14
ROW_S = 0.5
EVERY = 4
"""Rows that follow each other are nearly the same, since their tempograms look back over nine seconds: one of
four is learnt from."""
FIRST_ROW_S = 2.0
"""Before it there is hardly anything to hear."""


class Song(NamedTuple):
    """times_s: [n] ends of half seconds; ratings: [n, 2] valence, arousal; None of both: one for all."""

    number: int
    audio: Path
    times_s: NDArray[np.float64] | None
    ratings: NDArray[np.float64]


class Source(NamedTuple):
    """Songs to learn from, and what the model card says of them; of `data` after their number."""

    songs: list[Song]
    data: str
    terms: str
    made_by: str


def corpus_source(folder: Path) -> Source:
    """The corpus that livesing renders itself."""
    pieces = list(pieces_in(folder))
    felt = labels(pieces)
    songs = [
        Song(piece.seed, piece.path, None, rating[None]) for piece, rating in zip(pieces, felt, strict=True)
    ]
    data = (
        f"pieces of {len({piece.texture for piece in pieces})} textures, composed by code and "
        "rendered with fluidsynth and the FluidR3 soundfont (MIT); feelings by the additive model of "
        "`livesing/train/corpus/factors.py`, no listener's ratings"
    )
    made_by = "`python -m livesing.train.corpus DIR`, then `livesing train audio --corpus DIR`"
    return Source(songs, data, "those of livesing: GPL-3.0-or-later", made_by)


def deam_source(folder: Path) -> Source:
    """DEAM's audio and its listeners' ratings."""
    songs = [Song(rated.song, rated.audio, rated.times_s, rated.ratings) for rated in read_deam(folder)]
    data = "songs of DEAM; ratings shifted by 1 s (valence) and 1.5 s (arousal)"
    return Source(songs, data, "research, non-commercial: those of DEAM", "`livesing train audio --deam DIR`")


def song_features(song: Song, folder: Path) -> NDArray[np.float16]:
    """[rows, 9156] of a song, from `folder` or, where the sound is another now, by listening to it.
    SourceError for what is no sound."""
    known = song.audio.stat() if song.audio.exists() else None
    told = f"{song.audio.resolve()} {known and (known.st_size, known.st_mtime_ns)}"
    file = folder / f"{song.number}-{zlib.crc32(told.encode()):08x}.npy"
    if not file.is_file():
        sound = SoundFile(song.audio)
        path = PaperFeatures(sound.rate)
        rows = [np.ravel(row) for block in _mono(sound) for row in path.push(block)]
        sound.close()
        limit = float(np.finfo(np.float16).max)
        array = np.clip(np.array(rows).reshape(len(rows), FEATURES), -limit, limit).astype(np.float16)
        with whole_file(file) as partial, partial.open("wb") as out:
            np.save(out, array)
    return np.asarray(np.load(file))


def _mono(sound: SoundFile) -> Iterator[NDArray[np.float32]]:
    while (block := sound.read(BLOCK)) is not None:
        yield block.mean(axis=1, dtype=np.float32)


def rated_rows(song: Song, x: NDArray[np.float16]) -> tuple[NDArray[np.float16], NDArray[np.float64]]:
    """The rows of a song that have a rating, and their ratings."""
    times = ROW_S * (1 + np.arange(len(x)))
    if song.times_s is None:
        chosen = np.flatnonzero(times >= FIRST_ROW_S)
        return x[chosen], np.repeat(song.ratings, len(chosen), axis=0)
    place = {round(time / ROW_S): index for index, time in enumerate(song.times_s)}
    pairs = [(row, place[row + 1]) for row in range(len(x)) if row + 1 in place]
    rows, rated = np.array(pairs, np.int64).reshape(-1, 2).T
    return x[rows], song.ratings[rated]


def train_paper(
    source: Source, output: Path, *, recipe: Recipe, folds: int, seed: int, threads: int, fresh: bool
) -> None:
    """Writes paper.safetensors, paper.md, paper.json and, with matplotlib, paper.png into `output`.

    UsageError where there are fewer songs than folds, or a run with other options was stopped there."""
    _check_enough(len(source.songs), folds)
    torch.set_num_threads(threads)
    kept = output / "features"
    kept.mkdir(parents=True, exist_ok=True)
    if fresh:
        for leftover in (*kept.glob("*.npy"), *output.glob(".paper-*.pt")):
            leftover.unlink()
    x, y, song = _listen(source.songs, kept)
    songs = len(np.unique(song))
    _check_enough(songs, folds)
    centre, spread = y.mean(axis=0), np.maximum(y.std(axis=0), 1e-6)
    standard = (y - centre) / spread
    fold = song_folds(song, folds, seed)
    total = recipe.epochs * (folds + 1)
    predicted = np.zeros_like(standard)
    for number in range(folds + 1):
        rows = np.flatnonzero(fold != number)  # all of them for the last, which is kept
        state = output / f".paper-{number}.pt"

        def tick(epochs: int, before: int = number) -> None:
            show_progress(before * recipe.epochs + epochs, total, "epochs")

        arrays = audio_network.train(x[rows], standard[rows], recipe, seed + number, state, tick)
        if number < folds:
            predicted[fold == number] = _over(PaperNetwork(arrays), x[fold == number])
    write_arrays(output / FILE, arrays, {"terms": source.terms, "seed": str(seed)})
    options = f"`--epochs {recipe.epochs} --folds {folds} --seed {seed}`"
    facts = _facts(source, recipe, songs, len(rows), options)
    settings = {"epochs": recipe.epochs, "folds": folds, "seed": seed, "songs": songs}
    note = f"Cross-validated in {folds} parts, split by song."
    outcome = Outcome(predicted, standard, song, settings)
    write_report(output, "paper", "the paper's audio network", facts, note, outcome)
    for leftover in output.glob(".paper-*.pt"):
        leftover.unlink()


def _check_enough(songs: int, folds: int) -> None:
    if songs < folds:
        raise UsageError(f"{songs} songs are too few for {folds} folds")


def _listen(
    songs: list[Song], kept: Path
) -> tuple[NDArray[np.float16], NDArray[np.float64], NDArray[np.int64]]:
    """Rows, ratings and song numbers of all songs that can be heard; the others are named."""
    xs, ys, numbers = [], [], []
    for done, song in enumerate(songs, 1):
        try:
            rows, ratings = rated_rows(song, song_features(song, kept))
        except LivesingError as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        xs.append(rows[::EVERY])
        ys.append(ratings[::EVERY])
        numbers.append(np.full(len(xs[-1]), song.number))
        show_progress(done, len(songs), "songs heard")
    if not xs or not sum(map(len, xs)):
        raise UsageError("none of the songs can be heard where they are rated")
    return np.concatenate(xs), np.concatenate(ys), np.concatenate(numbers)


def _over(network: PaperNetwork, x: NDArray[np.float16]) -> NDArray[np.float64]:
    parts = [network(x[first : first + 512]) for first in range(0, len(x), 512)]
    return np.concatenate(parts).astype(np.float64)


def _facts(source: Source, recipe: Recipe, songs: int, rows: int, options: str) -> dict[str, str]:
    stages = ", then ".join(f"{epochs} epochs at {rate:g}" for rate, epochs in recipe.stages)
    return {
        "file": f"`{FILE}`, hidden weights as bytes with a step a row",
        "kind": "9156 features -> 256 sigmoids -> valence, arousal, as in deepsing; features as the live "
        "show hears them, z-scored",
        "data": f"{songs} {source.data}",
        "terms": source.terms,
        "training": f"Adam, {stages}; input dropout {recipe.dropout:g}; batches of {recipe.batch}; "
        f"{rows} half seconds",
        "made by": f"{source.made_by} ({options})",
    }
