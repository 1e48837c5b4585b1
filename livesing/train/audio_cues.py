"""`livesing train cues --corpus DIR`: refines the weights of the cue estimator on the rendered corpus.

Every piece is heard by the live slow path. Published effects are the prior; a ridge regression moves them
where the measured cues say otherwise, never over zero. Scores are of textures that were left out of the fit.
Nothing is drawn by chance: the same corpus gives the same file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livesing.audio.slow import Cues, SlowPath
from livesing.errors import UsageError
from livesing.sentiment.cue_estimator import MODES, cue_values, squashed
from livesing.sentiment.cue_weights import (
    CUES,
    PUBLISHED_AROUSAL,
    PUBLISHED_VALENCE,
    CueWeights,
    write_cue_weights,
)
from livesing.train.audio_folds import Outcome, write_report
from livesing.train.corpus.folder import Rendered, labels, pieces_in
from livesing.train.image_report import show_progress
from livesing.whole_file import whole_file

FILE = "cues.toml"
BLOCK = 1 << 14
SHRINK = 2.0
"""Weight of the published effects against the pieces, a variance of one each. Strong, for a corpus of
composed music knows how cues are heard, and not what people feel."""
KEPT: dict[str, tuple[str, ...]] = {"valence": (), "arousal": ("articulation",)}
"""What keeps its published weight: over many pieces few notes and short notes look alike, so the regression
would take articulation away, but the same piece played staccato has to move."""
FIRST_STEP = 4
"""Half seconds before it are left out: hardly anything has been heard."""
PUBLISHED = {"valence": PUBLISHED_VALENCE, "arousal": PUBLISHED_AROUSAL}

Doubles = NDArray[np.float64]
Values = dict[str, Doubles]
"""A piece's cues: of each the values [steps] on the estimator's scales."""


class NoBeat:
    """Tells no tempo: the estimator asks for none, and to follow one is half of the work of listening."""

    def told_at(self, time_s: float) -> tuple[float, float]:
        """See slow.Beats."""
        return 0.0, 0.0


def heard(piece: Rendered, cache: Path) -> list[Cues]:
    """The cues of a piece, without tempo, from the cache or by listening to it."""
    file = cache / f"{piece.seed:05d}.npy"
    if not file.is_file():
        sound, rate = piece.sound()
        path = SlowPath(rate, rhythm=NoBeat())
        blocks = (sound[first : first + BLOCK] for first in range(0, sound.size, BLOCK))
        rows = [cues for block in blocks for cues in path.push(block)] + path.finish()
        with whole_file(file) as partial, partial.open("wb") as out:
            np.save(out, np.array(rows, dtype=np.float64))
    return [Cues(*row) for row in np.load(file)]


def values_of(pieces: list[list[Cues]]) -> list[Values]:
    """Of every piece, without its beginning and its silence."""
    told = [[step for step in piece[FIRST_STEP:] if not step.silent] for piece in pieces]
    pitched = sum(min(max(step.key_confidence, 0.0), 1.0) for piece in told for step in piece)
    # What has no pitch counts as the usual mode, so the usual one is the mean of what has.
    modes = {
        name: sum(getattr(step, name) for piece in told for step in piece) / max(pitched, 1e-9)
        for name in MODES
    }
    rows = [[cue_values(step, modes) for step in piece] for piece in told]
    return [{name: np.array([row[name] for row in piece]) for name in CUES} for piece in rows]


def usual_of(pieces: list[Values]) -> dict[str, tuple[float, float]]:
    """(mean, standard deviation) of each cue over all half seconds, with three digits, as they are kept."""
    joined = {name: np.concatenate([piece[name] for piece in pieces]) for name in CUES}
    return {
        name: (round(float(all_.mean()), 3), round(float(all_.std()), 3)) for name, all_ in joined.items()
    }


def z_scores(piece: Values, usual: Mapping[str, tuple[float, float]], names: list[str]) -> Doubles:
    """[steps, names], pressed together as the estimator does."""
    z = np.stack([(piece[name] - usual[name][0]) / usual[name][1] for name in names], axis=1)
    return squashed(z, names)


def refined(
    z: Doubles,
    felt: Doubles,
    published: Mapping[str, float],
    kept: tuple[str, ...] = (),
    shrink: float = SHRINK,
) -> Doubles:
    """Weights [n] that fit felt [pieces] from z [pieces, n], drawn to the published ones, of their signs.

    Least squares with the penalty shrink * |w - published|^2, by coordinate descent. kept: names of those
    that stay as they are.
    """
    prior = np.array(list(published.values()))
    away, wanted = z - z.mean(axis=0), felt - felt.mean()
    gram = away.T @ away / len(z) + shrink * np.eye(z.shape[1])
    target = away.T @ wanted / len(z) + shrink * prior
    weights = prior.copy()
    moved = [place for place, name in enumerate(published) if name not in kept]
    for _ in range(500):
        before = weights.copy()
        for j in moved:
            free = (target[j] - gram[j] @ weights + gram[j, j] * weights[j]) / gram[j, j]
            weights[j] = free if free * prior[j] > 0 else 0.0
        if np.allclose(weights, before, rtol=0.0, atol=1e-9):
            break
    return weights


def weights_left_out(
    z: Doubles,
    felt: Doubles,
    published: Mapping[str, float],
    kept: tuple[str, ...],
    texture: NDArray[np.str_],
) -> Doubles:
    """[pieces, n] the weights for each piece, fitted on the pieces of other textures."""
    weights = np.zeros_like(z)
    for group in np.unique(texture):
        inside = texture == group
        weights[inside] = refined(z[~inside], felt[~inside], published, kept)
    return weights


def train_cues(corpus: Path, output: Path, *, fresh: bool) -> CueWeights:
    """Writes cues.toml, cues.md, cues.json and, with matplotlib, cues.png into `output`. UsageError where
    there is no corpus, or one of a single texture."""
    rendered = list(pieces_in(corpus))
    if len({piece.texture for piece in rendered}) < 2:
        raise UsageError(
            f"the corpus in {str(corpus)!r} has one texture, and scores are of textures left out"
        )
    cache = output / "cues"
    cache.mkdir(parents=True, exist_ok=True)
    if fresh:
        for leftover in cache.glob("*.npy"):
            leftover.unlink()
    steps = []
    for done, piece in enumerate(rendered, 1):
        steps.append(heard(piece, cache))
        show_progress(done, len(rendered), "pieces heard")
    weights, predicted = fit(
        values_of(steps), labels(rendered), np.array([each.texture for each in rendered])
    )
    write_cue_weights(output / FILE, weights, "Made by `livesing train cues`; cues.md tells from what.")
    lengths = [len(rows) for rows in predicted]
    outcome = Outcome(
        np.concatenate(predicted),
        np.repeat(labels(rendered), lengths, axis=0),
        np.repeat([piece.seed for piece in rendered], lengths),
        {"pieces": len(rendered), "textures": len({piece.texture for piece in rendered})},
    )
    note = "Each texture was left out in turn. The labels are a model: this says how well cues are heard."
    write_report(output, "cues", "the weights of the musical cues", _facts(rendered), note, outcome)
    return weights


def fit(values: list[Values], felt: Doubles, texture: NDArray[np.str_]) -> tuple[CueWeights, list[Doubles]]:
    """felt: [pieces, 2] valence, arousal in standard units. Returns the weights, and for each piece
    [steps, 2] what weights from other textures tell of it."""
    usual = usual_of(values)
    fitted: dict[str, dict[str, float]] = {}
    scales: dict[str, float] = {}
    predicted = [np.zeros((len(piece[CUES[0]]), 2)) for piece in values]
    for column, (axis, published) in enumerate(PUBLISHED.items()):
        rows = [z_scores(piece, usual, list(published)) for piece in values]
        z = np.array([piece.mean(axis=0) for piece in rows])
        weights = np.round(refined(z, felt[:, column], published, KEPT[axis]), 3)
        fitted[axis] = dict(zip(published, weights.tolist(), strict=True))
        scales[axis] = round(float((z @ weights).std()), 3)
        others = weights_left_out(z, felt[:, column], published, KEPT[axis], texture)
        for told, piece, weight in zip(predicted, rows, others, strict=True):
            told[:, column] = piece @ weight / scales[axis]
    return CueWeights(
        fitted["valence"], fitted["arousal"], scales["valence"], scales["arousal"], usual
    ), predicted


def _facts(rendered: list[Rendered]) -> dict[str, str]:
    textures = len({piece.texture for piece in rendered})
    return {
        "file": f"`{FILE}`, read by `livesing/sentiment/cue_weights.py`",
        "kind": "additive: weights of musical cues in z-scores, and what is usual of each",
        "data": f"{len(rendered)} pieces of {textures} textures, composed by code "
        "and rendered with fluidsynth and the FluidR3 soundfont (MIT); feelings by the additive model of "
        "`livesing/train/corpus/factors.py`, no listener's ratings",
        "terms": "those of livesing: GPL-3.0-or-later",
        "training": f"ridge regression towards the published effects (weight {SHRINK:g}), never over zero",
        "made by": "`python -m livesing.train.corpus DIR`, then `livesing train cues --corpus DIR`",
    }
