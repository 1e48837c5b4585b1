"""The cue estimator's weights: learnt from made cues, read back, damaged ones refused."""

from __future__ import annotations

import numpy as np
import pytest

from livesing.cli import main
from livesing.errors import WeightsError
from livesing.sentiment.cue_estimator import WEIGHTS
from livesing.sentiment.cue_weights import (
    CUES,
    PUBLISHED_AROUSAL,
    PUBLISHED_VALENCE,
    SHIPPED,
    read_cue_weights,
    write_cue_weights,
)
from livesing.train.audio_cues import KEPT, fit

AXES = {"valence": PUBLISHED_VALENCE, "arousal": PUBLISHED_AROUSAL}


def made(pieces=200, steps=6):
    """Cues drawn by chance; valence that follows the mode alone, arousal that falls with entropy."""
    rng = np.random.default_rng(0)
    means = rng.standard_normal((pieces, len(CUES)))
    values = [
        {
            cue: 3.0 + 0.5 * (mean + 0.3 * rng.standard_normal(steps))
            for cue, mean in zip(CUES, piece, strict=True)
        }
        for piece in means
    ]
    at = {cue: means[:, place] for place, cue in enumerate(CUES)}
    felt = np.stack([at["mode"], at["onset_rate"] - 0.4 * at["entropy"]], axis=1)
    return (
        values,
        (felt - felt.mean(axis=0)) / felt.std(axis=0),
        np.array(["a", "b", "c", "d"] * (pieces // 4)),
    )


def test_weights_go_where_the_pieces_pull_and_never_over_zero():
    values, felt, texture = made()
    weights, predicted = fit(values, felt, texture)
    assert weights.valence["mode"] > PUBLISHED_VALENCE["mode"] + 0.05
    assert 0.0 <= weights.arousal["entropy"] < PUBLISHED_AROUSAL["entropy"] - 0.05
    for axis, published in AXES.items():
        fitted = getattr(weights, axis)
        assert all(fitted[cue] * published[cue] >= 0.0 for cue in published)
        assert all(fitted[cue] == published[cue] for cue in KEPT[axis])
    for mean, std in weights.usual.values():
        assert mean == pytest.approx(3.0, abs=0.15) and std == pytest.approx(0.52, abs=0.06)
    told = np.array([piece.mean(axis=0) for piece in predicted])
    assert np.corrcoef(told[:, 0], felt[:, 0])[0, 1] > 0.7 < np.corrcoef(told[:, 1], felt[:, 1])[0, 1]


@pytest.mark.parametrize("words", [["--corpus", "nowhere"], [], ["--corpus", ".", "-o", "file"]])
def test_bad_words_are_refused(words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("no folder")
    assert main(["train", "cues", *words]) == 2
    assert capsys.readouterr().err.strip().count("\n") == 0
    assert not list(tmp_path.rglob("*.toml"))


def test_weights_come_back(tmp_path):
    write_cue_weights(tmp_path / "cues.toml", WEIGHTS, "again")
    assert read_cue_weights(tmp_path / "cues.toml") == WEIGHTS


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[scale]", "[scales]"),
        ("onset_rate =", "onsets ="),
        ("mode = [", "mode = ["[:-1] + "nan #"),
        ("[usual]", "[usual"),
        ("valence = ", "valence = -"),
        ("valence = ", "valence = true #"),
    ],
)
def test_damaged_weights_are_refused(tmp_path, old, new):
    file = tmp_path / "cues.toml"
    file.write_text(SHIPPED.read_text().replace(old, new))
    with pytest.raises(WeightsError, match=r"cues\.toml") as refused:
        read_cue_weights(file)
    assert "\n" not in str(refused.value)
    with pytest.raises(WeightsError, match="cannot read"):
        read_cue_weights(tmp_path / "none.toml")


def test_what_ships_was_made_by_the_command():
    """No weight crosses zero, what is kept is kept, and the card says how to make them anew."""
    for axis, published in AXES.items():
        fitted = getattr(WEIGHTS, axis)
        assert all(fitted[cue] * published[cue] >= 0.0 for cue in published)
        assert all(fitted[cue] == published[cue] for cue in KEPT[axis])
    assert "livesing train cues --corpus" in SHIPPED.with_suffix(".md").read_text()
