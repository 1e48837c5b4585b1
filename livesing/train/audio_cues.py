"""Refines the weights of the cue estimator on the rendered corpus:
`python -m livesing.train.audio_cues CORPUS`.

Every piece is heard by the live slow path. Published effects are the prior; a ridge regression moves them
where the measured cues say otherwise, never over zero. It prints the usual cues, the weights, and how well
weights agree with textures that they were not fitted on. What it prints is what stands in cue_estimator.py.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livesing.audio.slow import Cues, cues_of
from livesing.errors import LivesingError
from livesing.sentiment.cue_estimator import (
    PRIORS,
    PUBLISHED_AROUSAL,
    PUBLISHED_VALENCE,
    cue_values,
    squashed,
)
from livesing.train.corpus.folder import Rendered, labels, pieces_in
from livesing.train.image_report import show_progress
from livesing.whole_file import whole_file

BLOCK = 1 << 14
SHRINK = 2.0
"""Weight of the published effects against the pieces, a variance of one each. Strong, for a corpus of
composed music knows how cues are heard, and not what people feel."""
FIRST_STEP = 4
"""Half seconds before it are left out: hardly anything has been heard."""

Doubles = NDArray[np.float64]


def heard(piece: Rendered, cache: Path) -> list[Cues]:
    """The cues of a piece, from the cache or by listening to it."""
    file = cache / f"{piece.seed:05d}.npy"
    if not file.is_file():
        sound, rate = piece.sound()
        blocks = (sound[first : first + BLOCK] for first in range(0, sound.size, BLOCK))
        rows = np.array(list(cues_of(blocks, rate)), dtype=np.float64)
        cache.mkdir(parents=True, exist_ok=True)
        with whole_file(file) as partial, partial.open("wb") as out:
            np.save(out, rows)
    return [Cues(*row) for row in np.load(file)]


def values_of(cues: list[Cues]) -> dict[str, Doubles]:
    """The values of every cue over a piece, without its beginning and its silence."""
    told = [cue_values(step) for step in cues[FIRST_STEP:] if not step.silent]
    return {name: np.array([step[name] for step in told]) for name in PRIORS}


def usual(pieces: list[dict[str, Doubles]]) -> dict[str, tuple[float, float]]:
    """(mean, standard deviation) of each cue over all half seconds."""
    return {
        name: (float(values.mean()), float(values.std()))
        for name in PRIORS
        for values in [np.concatenate([piece[name] for piece in pieces])]
    }


def piece_means(pieces: list[dict[str, Doubles]], names: list[str]) -> Doubles:
    """[pieces, names] mean z-scores by the estimator's priors, squashed as it does."""
    return np.array(
        [
            [np.mean(squashed((piece[name] - PRIORS[name].mean) / PRIORS[name].std)) for name in names]
            for piece in pieces
        ]
    )


def refined(z: Doubles, felt: Doubles, published: Doubles, shrink: float = SHRINK) -> Doubles:
    """Weights [n] that fit felt [pieces] from z [pieces, n], drawn to the published ones, of their signs.

    Least squares with the penalty shrink * |w - published|^2, by coordinate descent.
    """
    away, wanted = z - z.mean(axis=0), felt - felt.mean()
    gram = away.T @ away / len(z) + shrink * np.eye(z.shape[1])
    target = away.T @ wanted / len(z) + shrink * published
    weights = published.copy()
    for _ in range(500):
        for j in range(len(weights)):
            free = (target[j] - gram[j] @ weights + gram[j, j] * weights[j]) / gram[j, j]
            weights[j] = free if free * published[j] > 0 else 0.0
    return weights


def report(name: str, published: Mapping[str, float], z: Doubles, felt: Doubles, texture: NDArray) -> None:
    """Prints the weights, and the correlations that they reach."""
    prior = np.array(list(published.values()))
    weights = refined(z, felt, prior)
    outside = np.zeros(len(felt))
    for group in np.unique(texture):
        inside = texture == group
        outside[inside] = z[inside] @ refined(z[~inside], felt[~inside], prior)
    piano = texture == "piano"
    for title, told in (("published", z @ prior), ("refined", z @ weights), ("textures left out", outside)):
        r = [np.corrcoef(told[rows], felt[rows])[0, 1] for rows in (slice(None), piano)]
        print(f"{name}, {title}: r {r[0]:.3f}, on piano {r[1]:.3f}")
    print(
        f"{name} weights: "
        + ", ".join(f'"{cue}": {w:.2f}' for cue, w in zip(published, weights, strict=True))
    )
    print(f"{name} scale: {float((z @ weights).std()):.2f} over pieces")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m livesing.train.audio_cues",
        description="Refines the weights of the cue estimator on the rendered corpus.",
    )
    parser.add_argument("corpus", metavar="CORPUS", type=Path)
    parser.add_argument("--cache", metavar="DIR", type=Path, help="of the measured cues (CORPUS/cues)")
    options = parser.parse_args()
    try:
        rendered = list(pieces_in(options.corpus))
        pieces = []
        for done, piece in enumerate(rendered, 1):
            pieces.append(values_of(heard(piece, options.cache or options.corpus / "cues")))
            show_progress(done, len(rendered), "pieces heard")
    except LivesingError as error:
        print(error, file=sys.stderr)
        return 2
    for name, (mean, std) in usual(pieces).items():
        print(f"usual {name}: {mean:.3f}, {std:.3f}")
    texture = np.array([piece.texture for piece in rendered])
    felt = labels(rendered)
    for axis, (name, published) in enumerate(
        (("valence", PUBLISHED_VALENCE), ("arousal", PUBLISHED_AROUSAL))
    ):
        report(name, published, piece_means(pieces, list(published)), felt[:, axis], texture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
