"""Cross-validation of audio models by song, and what it is reported as."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from livesing.train.image_report import Scores, plot, score, write_card, write_text

Doubles = NDArray[np.float64]


def song_folds(song: NDArray[np.integer], folds: int, seed: int) -> NDArray[np.int64]:
    """[n] the fold 0..folds-1 of every row; all rows of a song are in one."""
    songs = np.unique(song)
    part = np.random.default_rng([seed, 5]).permutation(len(songs)) % folds
    return np.asarray(part[np.searchsorted(songs, song)], np.int64)


def song_means(values: NDArray[np.floating], song: NDArray[np.integer]) -> Doubles:
    """[n, 2] -> [songs, 2]."""
    _, place, count = np.unique(song, return_inverse=True, return_counts=True)
    return np.stack([np.bincount(place, column) / count for column in values.T], axis=1)


def scores_by(
    predicted: NDArray[np.floating], rated: NDArray[np.floating], song: NDArray[np.integer]
) -> dict[str, Scores]:
    """Scores of the single half seconds, and of the means of songs; in standard deviations of the ratings."""
    spread, centre = rated.std(axis=0), rated.mean(axis=0)
    predicted, rated = (predicted - centre) / spread, (rated - centre) / spread
    return {
        "half seconds": score(predicted, rated),
        "songs": score(song_means(predicted, song), song_means(rated, song)),
    }


class Outcome(NamedTuple):
    """A cross-validated training, in standard units of the ratings: predicted and rated [n, 2], song [n];
    settings: what it was made with."""

    predicted: Doubles
    rated: Doubles
    song: NDArray[np.integer]
    settings: Mapping[str, int]


def write_report(
    output: Path, stem: str, title: str, facts: Mapping[str, str], note: str, outcome: Outcome
) -> None:
    """Writes stem.md (the model card), stem.json (the figures) and, where there is matplotlib, stem.png
    (predicted against rated, a dot a song); prints the scores."""
    scores = scores_by(outcome.predicted, outcome.rated, outcome.song)
    write_card(
        output / f"{stem}.md", title, facts, scores, f"songs that the model was not trained on. {note}"
    )
    figures = {"settings": dict(outcome.settings), "scores": _plain(scores)}
    write_text(output / f"{stem}.json", json.dumps(figures, indent=2) + "\n")
    predicted, rated = (song_means(values, outcome.song) for values in (outcome.predicted, outcome.rated))
    plot(output / f"{stem}.png", predicted, rated, f"{title}: songs it was not trained on")
    for name, scored in scores.items():
        print(f"{name}: r {scored.r[0]:.3f} valence, {scored.r[1]:.3f} arousal")


def _plain(scores: Mapping[str, Scores]) -> dict[str, Any]:
    """Scores for a JSON file."""
    return {
        name: {
            "count": s.pictures,
            "r": {"valence": s.r[0], "arousal": s.r[1]},
            "rmse": {"valence": s.rmse[0], "arousal": s.rmse[1]},
        }
        for name, s in scores.items()
    }
