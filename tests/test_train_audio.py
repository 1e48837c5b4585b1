"""Training on sound: it learns, goes on where it was stopped, reads DEAM's layouts, refuses broken ones."""

from __future__ import annotations

import csv
import json
from shutil import copytree

import numpy as np
import pytest
import soundfile
from sounds import sine, white

from livesing.audio.descriptors import columns
from livesing.cli import main
from livesing.errors import UsageError, WeightsError
from livesing.sentiment.cue_estimator import WEIGHTS
from livesing.sentiment.cue_weights import read_cue_weights
from livesing.sentiment.deam_estimator import DeamHead
from livesing.sentiment.paper_estimator import FEATURES, PaperNetwork
from livesing.train.audio_folds import scores_by, song_folds, song_means
from livesing.train.audio_set import ANNOTATIONS, read_deam, read_feature_rows, without_lag
from livesing.train.corpus.compose import compose
from livesing.train.corpus.factors import draw
from livesing.train.corpus.folder import save
from livesing.train.corpus.sketch import RATE, sketch

torch = pytest.importorskip("torch", reason="training needs the extra [train]")
from livesing.train import audio_network  # noqa: E402
from livesing.train.audio_deam_head import powers_of  # noqa: E402
from livesing.train.audio_network import Recipe  # noqa: E402
from livesing.train.audio_paper import Song, rated_rows  # noqa: E402

# ------------------------------------------------------------------------------------------------ the network


def made_rows(seed: int, count: int, width: int = 60):
    """Features of which two mixtures are the ratings."""
    rng = np.random.default_rng(seed)
    mix = np.random.default_rng(99).standard_normal((width, 2)) / np.sqrt(width)
    x = rng.standard_normal((count, width))
    return (5.0 + 3.0 * x).astype(np.float16), x @ mix


def answers(arrays, x):
    network = PaperNetwork(arrays)
    return network(x)


RECIPE = Recipe(stages=((3e-3, 12), (3e-4, 6)), dropout=0.1, batch=32)


def test_the_network_learns():
    x, y = made_rows(0, 600)
    arrays = audio_network.train(x, y, RECIPE, 0, None, lambda epochs: None)
    fresh, wanted = made_rows(1, 300)
    predicted = answers(arrays, fresh)
    for axis in range(2):
        assert np.corrcoef(predicted[:, axis], wanted[:, axis])[0, 1] > 0.8


def test_it_goes_on_where_it_was_stopped(tmp_path):
    x, y = made_rows(0, 120)
    kept = tmp_path / "state.pt"

    def stop(epochs):
        if epochs == 7:
            raise KeyboardInterrupt

    whole = audio_network.train(x, y, RECIPE, 3, None, lambda epochs: None)
    with pytest.raises(KeyboardInterrupt):
        audio_network.train(x, y, RECIPE, 3, kept, stop)
    seen = []
    resumed = audio_network.train(x, y, RECIPE, 3, kept, seen.append)
    assert seen == list(range(7, RECIPE.epochs + 1))
    for name, array in whole.items():
        np.testing.assert_array_equal(resumed[name], array, err_msg=name)


@pytest.mark.parametrize("damage", [b"", b"not a state"])
def test_a_damaged_state_is_passed_over(tmp_path, damage):
    kept = tmp_path / "state.pt"
    kept.write_bytes(damage)
    x, y = made_rows(0, 40)
    seen = []
    audio_network.train(x, y, Recipe(stages=((1e-3, 2),)), 0, kept, seen.append)
    assert seen == [0, 1, 2]


def test_the_recipe_is_deepsings():
    recipe = Recipe.of(50)
    assert recipe == Recipe() and recipe.epochs == 50
    assert [recipe.rate(epoch) for epoch in (0, 29, 30, 49)] == [1e-4, 1e-4, 1e-5, 1e-5]


def test_statistics_are_those_of_numpy():
    x = np.random.default_rng(0).normal(3.0, 2.0, (1500, 4)).astype(np.float16)
    x[:, 3] = 1.0
    mean, scale = audio_network.statistics(x)
    np.testing.assert_allclose(mean, x.astype(float).mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(scale[:3], 1 / x.astype(float).std(axis=0)[:3], rtol=1e-4)
    assert np.isfinite(scale).all()


# ---------------------------------------------------------------------------------------------- folds, scores


def test_no_song_is_on_both_sides():
    song = np.repeat(np.arange(50, 73), 7)
    fold = song_folds(song, 5, 0)
    assert all(len(set(fold[song == number])) == 1 for number in np.unique(song))
    assert set(fold) == set(range(5))
    assert (fold == song_folds(song, 5, 0)).all() and (fold != song_folds(song, 5, 1)).any()


def test_scores_of_songs_and_of_half_seconds():
    rng = np.random.default_rng(0)
    song = np.repeat(np.arange(40), 30)
    mood = rng.standard_normal((40, 2))[song]
    scores = scores_by(mood + rng.standard_normal(mood.shape), mood, song)
    assert scores["songs"].r[0] > 0.95 > 0.75 > scores["half seconds"].r[0] > 0.6
    assert scores["songs"].pictures == 40
    np.testing.assert_allclose(song_means(mood, song), mood[::30])


# -------------------------------------------------------------------------------------- DEAM's openSMILE rows


def feature_file(path, songs=12, rows=20, **changes):
    """An archive as DEAM's rows come, whose ratings follow two of the columns."""
    rng = np.random.default_rng(0)
    ours = [name for name in columns() if "mfcc" in name or "RMS" in name]
    names = [*ours[:30], "F0final_sma_amean"]
    x = np.repeat(rng.standard_normal((songs, len(names))), rows, axis=0)
    x += 0.3 * rng.standard_normal(x.shape)
    arrays = {
        "X": x.astype(np.float16),
        "mean": np.full(len(names), 20.0, np.float32),
        "std": np.full(len(names), 3.0, np.float32),
        "valence": np.tanh(0.3 * x[:, 1]).astype(np.float32),
        "arousal": np.tanh(0.3 * x[:, 0]).astype(np.float32),  # the level
        "song": np.repeat(np.arange(songs), rows).astype(np.int16),
        "t_ms": np.tile(15_000 + 500 * np.arange(rows), songs).astype(np.int32),
        "columns": np.array(names),
    }
    arrays |= changes
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


def test_the_head_on_deam_is_made_by_one_command(tmp_path, capsys):
    file = feature_file(tmp_path / "rows.npz", songs=60)
    out = tmp_path / "model"
    command = [
        "train",
        "audio",
        "--deam-features",
        str(file),
        "-o",
        str(out),
        "--folds",
        "3",
        "--epochs",
        "6",
    ]
    assert main(command) == 0
    report = json.loads((out / "deam.json").read_text())
    assert min(report["scores"]["songs"]["r"].values()) > 0.7
    card = (out / "deam.md").read_text()
    assert "research, non-commercial" in card and "60 songs" in card
    head = DeamHead.load(out / "deam.safetensors")
    row = np.full(len(columns()), 20.0)
    usual, louder = head(row), head(row * 1.3 ** powers_of(columns()))
    assert louder[0] == pytest.approx(usual[0], abs=1e-6) and louder[1] > usual[1] + 0.5
    row[columns().index(np.load(file)["columns"][1])] = 26.0
    assert head(row)[0] > usual[0] + 0.5
    assert not list(out.glob(".deam*"))
    assert "songs: r" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"valence": None}, "has no valence"),
        ({"song": np.zeros(3, np.int16)}, "do not fit together"),
        ({"mean": np.full(31, np.nan, np.float32)}, "not finite"),
        ({"columns": np.array([f"unknown{k}" for k in range(31)])}, "hardly any column"),
        ({"song": np.zeros(240, np.int16)}, "too few"),
    ],
)
def test_broken_rows_are_refused(tmp_path, capsys, changes, says):
    file = feature_file(tmp_path / "rows.npz", **changes)
    command = ["train", "audio", "--deam-features", str(file), "-o", str(tmp_path / "model"), "--folds", "2"]
    assert main(command) == 2
    error = capsys.readouterr().err.strip()
    assert says in error and error.count("\n") == 0
    assert not list((tmp_path / "model").glob("*.safetensors"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"song_id,valence\n1,2\n"])
def test_what_is_no_archive_is_refused(tmp_path, content):
    file = tmp_path / "rows.npz"
    file.write_bytes(content)
    with pytest.raises(UsageError, match="no archive"):
        read_feature_rows(file)
    with pytest.raises(UsageError, match="no archive"):
        read_feature_rows(tmp_path / "missing.npz")


def test_ratings_lag_behind():
    times = 15.0 + 0.5 * np.arange(8)
    ramp = np.stack([np.arange(8.0), 10 * np.arange(8.0)], axis=1)
    moved = without_lag(times, ramp)
    assert moved[0].tolist() == [2.0, 30.0]
    assert moved[-1].tolist() == [7.0, 70.0]
    gap = np.array([0, 3, 4, 5, 6, 7])
    np.testing.assert_allclose(without_lag(times[gap], ramp[gap]), moved[gap])  # by time, not by place


def test_rows_come_back_in_their_own_units(tmp_path):
    file = feature_file(tmp_path / "rows.npz")
    rows = read_feature_rows(file)
    archive = np.load(file)
    np.testing.assert_allclose(rows.x, archive["X"].astype(float) * 3.0 + 20.0)
    assert rows.ratings[0, 0] == pytest.approx(archive["valence"][2])
    assert rows.ratings[0, 1] == pytest.approx(archive["arousal"][3])


# ---------------------------------------------------------------------------------------------- DEAM's audio


@pytest.fixture(scope="module")
def deam_at_hand(tmp_path_factory):
    return deam_folder(tmp_path_factory.mktemp("data") / "deam")


def deam_folder(path, songs=(2, 3, 10), seconds=19.0):
    """DEAM's layout with a few tiny songs: louder and noisier, more aroused and less pleasant."""
    (path / "MEMD_audio").mkdir(parents=True)
    (path / ANNOTATIONS).mkdir(parents=True)
    times = np.arange(15_000, round(seconds * 1000) + 1, 500)
    for axis, sign in (("valence", -1.0), ("arousal", 1.0)):
        with (path / ANNOTATIONS / f"{axis}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["song_id", *(f"sample_{ms}ms" for ms in (*times, times[-1] + 500))])
            for place, song in enumerate(songs):
                writer.writerow([song, *np.full(len(times), sign * (0.2 * place - 0.2)), ""])
    for place, song in enumerate(songs):
        sound = sine(22_050, seconds, 220.0 * (place + 1), 0.1) + white(22_050, seconds, -40.0 + 8 * place)
        soundfile.write(path / "MEMD_audio" / f"{song}.mp3", sound, 22_050, format="MP3")
    return path


def test_deams_layout_is_read(deam_at_hand):
    songs = read_deam(deam_at_hand)
    assert [song.song for song in songs] == [2, 3, 10]
    assert songs[0].times_s[0] == 15.0 and songs[0].times_s[-1] == 19.0
    np.testing.assert_allclose(songs[2].ratings, [[-0.2, 0.2]] * len(songs[2].times_s))
    x = np.arange(40, dtype=np.float16)[:, None] * np.ones(3, np.float16)
    rows, ratings = rated_rows(Song(10, songs[2].audio, songs[2].times_s, songs[2].ratings), x)
    # The row that ends at 15 s is the thirtieth.
    assert rows[0, 0] == 29 and len(rows) == len(ratings) == 9


def test_the_papers_network_is_trained_on_deams_audio(deam_at_hand, tmp_path, capsys):
    folder = copytree(deam_at_hand, tmp_path / "deam")
    (folder / "MEMD_audio" / "3.mp3").write_bytes(b"no sound at all")
    table = folder / ANNOTATIONS / "valence.csv"
    lines = table.read_text().splitlines()
    # as other tools save it: a column of their own, one of nothing, cells of nothing, a song without sound
    lines = [f"{line},{'Unnamed: 9' if k == 0 else k}," for k, line in enumerate(lines)]
    table.write_text("\n".join([*lines, "77,0.5,NaN,inf"]) + "\n")
    out = tmp_path / "model"
    command = ["train", "audio", "--deam", str(folder), "-o", str(out), "--folds", "2", "--epochs", "2"]
    assert main(command) == 0
    said = capsys.readouterr()
    assert "left out: 3.mp3" in said.err and "left out: 1 songs" in said.err
    network = PaperNetwork.load(out / "paper.safetensors")
    assert network(np.zeros((2, FEATURES))).shape == (2, 2)
    card = (out / "paper.md").read_text()
    assert "research, non-commercial" in card and "2 songs of DEAM" in card and "--epochs 2" in card
    assert json.loads((out / "paper.json").read_text())["settings"]["songs"] == 2


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: (folder / "MEMD_audio").rename(folder / "audio"), "no folder MEMD_audio"),
        (lambda folder: (folder / ANNOTATIONS / "arousal.csv").unlink(), "cannot read"),
        (lambda folder: (folder / ANNOTATIONS / "valence.csv").write_text("a,b\n1,2\n"), "song_id"),
        (lambda folder: (folder / ANNOTATIONS / "valence.csv").write_text("song_id,when\n1,2\n"), "column"),
        (lambda folder: [(folder / "MEMD_audio" / f"{n}.mp3").write_bytes(b"") for n in (2, 3)], "too few"),
        (
            lambda folder: (folder / ANNOTATIONS / "valence.csv").write_text("song_id,sample_15000ms\n2,x\n"),
            "no table",
        ),
        (lambda folder: [file.unlink() for file in (folder / "MEMD_audio").iterdir()], "no song"),
    ],
)
def test_a_broken_layout_is_refused(deam_at_hand, tmp_path, capsys, spoil, says):
    folder = copytree(deam_at_hand, tmp_path / "deam")
    spoil(folder)
    assert main(["train", "audio", "--deam", str(folder), "-o", str(tmp_path / "model"), "--folds", "2"]) == 2
    *said, error = capsys.readouterr().err.strip().split("\n")
    assert says in error and all(line.startswith(("left out: ", "1/3", "2/3", "3/3")) for line in said)


# ------------------------------------------------------------------------------------------------ the corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Four short pieces."""
    folder = tmp_path_factory.mktemp("corpus")
    for seed in range(4):
        piece = compose(draw(seed, 5.0))
        save(piece, sketch(piece.score), RATE, folder)
    return folder


def test_one_command_makes_the_weights_of_cues(corpus, tmp_path, capsys):
    out = tmp_path / "model"
    assert main(["train", "cues", "--corpus", str(corpus), "-o", str(out)]) == 0
    assert "songs: r" in capsys.readouterr().out
    weights = read_cue_weights(out / "cues.toml")
    assert weights.usual.keys() == WEIGHTS.usual.keys() and weights.usual != WEIGHTS.usual
    assert "no listener's ratings" in (out / "cues.md").read_text()
    assert json.loads((out / "cues.json").read_text())["settings"]["pieces"] == 4


def test_a_small_corpus_trains_the_papers_network(corpus, tmp_path):
    out = tmp_path / "model"
    command = ["train", "audio", "--corpus", str(corpus), "-o", str(out), "--folds", "2", "--epochs", "2"]
    assert main(command) == 0
    first = (out / "paper.safetensors").read_bytes()
    assert main([*command, "--fresh"]) == 0
    assert (out / "paper.safetensors").read_bytes() == first
    assert "no listener's ratings" in (out / "paper.md").read_text()


@pytest.mark.parametrize("words", [["audio", "--deam-features"], ["image"]])
def test_rated_data_may_be_named_by_the_environment(words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LIVESING_DATA", raising=False)
    assert main(["train", *words]) == 2
    assert "LIVESING_DATA" in capsys.readouterr().err
    monkeypatch.setenv("LIVESING_DATA", str(tmp_path / "data"))
    assert main(["train", *words]) == 2
    assert str(tmp_path / "data") in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["--corpus", "nowhere"],
        ["--deam", "nowhere"],
        ["--deam-features", "nowhere.npz"],
        ["--corpus", "a", "--deam", "b"],
        ["--deam", "a", "--folds", "1"],
        ["--deam", "a", "--epochs", "0"],
        [],
    ],
)
def test_bad_words_are_refused(words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "audio", *words]) == 2
    assert capsys.readouterr().err.strip().count("\n") == 0
    assert not list(tmp_path.rglob("*.safetensors"))


# ----------------------------------------------------------------------------------------------- real ratings


def test_the_head_agrees_with_deams_listeners(data_dir, tmp_path):
    """With the rated rows at hand: songs that it was not trained on, r of at least .5 / .65."""
    file = data_dir / "deam" / "deam_opensmile_2hz_dev.npz"
    if not file.is_file():
        pytest.skip("needs deam/deam_opensmile_2hz_dev.npz in LIVESING_DATA")
    from livesing.train.audio_deam_head import fit_ridge, usable

    data = read_feature_rows(file)
    there, _ = usable(data.columns)
    assert len(there) > 90
    z = ((data.x[:, there] - data.x[:, there].mean(axis=0)) / data.x[:, there].std(axis=0)).clip(-4, 4)
    fold = song_folds(data.song, 2, 0)
    weight, bias = fit_ridge(z[fold == 0].astype(np.float32), data.ratings[fold == 0])
    scores = scores_by(z[fold == 1] @ weight.T + bias, data.ratings[fold == 1], data.song[fold == 1])
    assert scores["songs"].r[0] > 0.5 and scores["songs"].r[1] > 0.65


def test_a_damaged_head_is_refused(tmp_path):
    file = tmp_path / "deam.safetensors"
    file.write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00{}")
    with pytest.raises(WeightsError):
        DeamHead.load(file)
