"""Training of the beat network, on songs made for it."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from livesing.audio.beat_features import BANDS, FRAMES, STEP_S, STRIDE
from livesing.audio.beat_inputs import INPUTS, BeatInputs
from livesing.audio.beat_level import CELLS, GROUPS, LevelNet, features
from livesing.audio.beat_net import DELAY_S, OUTPUTS, TEMPOS, BeatNet, read_weights
from livesing.audio.framing import Floats
from livesing.train.beat_corpus import Heard, heard
from livesing.train.beat_examples import Examples, examples, load
from livesing.train.beat_examples import save as save_examples
from livesing.train.beat_genres import GENRES, LINES, NOTES, SEQUENCES, grid_of, pattern_of
from livesing.train.beat_lessons import inputs_of, lessons
from livesing.train.beat_prune import pruned
from livesing.train.beat_sketch import sketched
from livesing.train.beat_songs import random_song
from livesing.train.beat_timbres import make_bank

SECONDS = 12.0


@pytest.fixture(scope="module")
def songs() -> list[Heard]:
    bank = make_bank(np.random.default_rng(0), None, hits=6, voices=2)
    return [sketched(np.random.default_rng([1, k]), bank, SECONDS) for k in range(14)]


def some_inputs(seed: int, steps: int) -> Floats:
    inputs = np.random.default_rng(seed).normal(0, 1, (steps, INPUTS)).astype(np.float32)
    inputs[:, -1] = 1.0
    return inputs


@pytest.mark.parametrize("name", [*GENRES, *SEQUENCES])
def test_a_genre_fits_its_bar(name: str) -> None:
    genre = (GENRES | SEQUENCES)[name]
    steps = genre.metre * genre.parts
    lines = [getattr(genre, line) for line in (*LINES, *NOTES)]
    assert all(len(line) % steps == 0 for line in lines if line not in ("", "-"))
    grid = grid_of(genre, np.random.default_rng(0))
    assert 0.9 * genre.bpm[0] < grid.bpm < 1.1 * genre.bpm[1]
    assert all(pattern_of(line, grid, np.random.default_rng(1)) is None for line in lines if line == "-")


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_sequence_is_broken_chords(name: str) -> None:
    song = random_song(np.random.default_rng(2), SECONDS, {name: SEQUENCES[name]})
    parts = {track.part for track in song.tracks}
    assert "chords" in parts and not parts & {"low", "mid", "high"}
    for part in ("bass", "lead"):
        assert part not in parts or getattr(SEQUENCES[name], part) != "-"
    [chords] = [track for track in song.tracks if track.part == "chords"]
    times = [note[0] for note in chords.notes]
    assert len(set(times)) == len(times)  # one note at a time


def test_a_sounded_song_has_its_attacks_on_its_beats() -> None:
    song = heard(3, soundfont=None, seconds=8.0)
    again = heard(3, soundfont=None, seconds=8.0)
    assert (song.powers == again.powers).all() and (song.beats == again.beats).all()
    assert song.powers.shape[1] == BANDS and np.isfinite(song.powers).all()
    assert np.isin(song.downbeats, song.beats).all()


def test_lessons_hear_what_the_tracker_hears(songs: list[Heard]) -> None:
    powers = np.stack([song.powers[:400] for song in songs[:2]])
    heard_alone = BeatInputs()
    inputs = inputs_of(powers)
    assert inputs.shape == (2, 200, INPUTS)
    for stride in range(100):
        rows = heard_alone.push(powers[1, stride * FRAMES :][:FRAMES])
        np.testing.assert_allclose(rows, inputs[1, stride * STRIDE :][:STRIDE], rtol=1e-3, atol=1e-3)


def test_the_target_is_at_the_beat(songs: list[Heard]) -> None:
    lesson = lessons(songs[:1], 500, np.random.default_rng(0), altered=False)
    peaks = np.flatnonzero(lesson.beat[0] > 0.75)
    times = (peaks + 1) * STEP_S - DELAY_S
    assert all(np.abs(songs[0].beats - time).min() < STEP_S for time in times)
    np.testing.assert_allclose(lesson.tempo.sum(axis=2), 1.0, rtol=1e-4)


def test_a_little_network_learns_and_runs_in_numpy_as_in_torch(songs: list[Heard]) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed (extra [train])")
    from livesing.train import beat_net

    r = np.random.default_rng(0)
    data = examples(songs[3:], r, steps=500, taken=120)
    apart = examples(songs[:3], r, steps=500, taken=120)
    arrays, history = beat_net.train(data, apart, 60, hidden=(24, 12), batch=128, fastest=1e-2)
    # What says the same of every step, at best:
    usual = float(apart.beat.mean())
    knows_nothing = -(usual * np.log(usual) + (1 - usual) * np.log(1 - usual))
    assert history[-1][0] < knows_nothing < history[0][0]
    network = beat_net.Network(arrays["mean"], arrays["scale"], (24, 12))
    state = {
        name if name in ("mean", "scale") else f"layers.{name}": torch.from_numpy(array)
        for name, array in arrays.items()
    }
    network.load_state_dict(state)
    lesson = lessons(songs[:1], 60, np.random.default_rng(2), altered=False)
    with torch.no_grad():
        theirs = network.eval()(torch.from_numpy(lesson.inputs[0])).numpy()
    other = arrays | {"2.bias": arrays["2.bias"] + np.float32(1.0)}
    taught, others, means = (
        beat_net.Teacher(*networks).teach(apart) for networks in ([arrays], [other], [arrays, other])
    )
    np.testing.assert_allclose(means.beat, (taught.beat + others.beat) / 2, atol=1e-6)
    teacher = beat_net.Teacher(arrays)
    small = pruned(arrays, data.inputs, 12)
    _, heard = beat_net.train(data, taught, 20, batch=128, teacher=teacher, start=small, fastest=1e-3)
    # A share of each target is what the teacher says, and who learns from it comes nearer to that.
    assert 0.0 < np.abs(taught.beat - apart.beat).max() <= beat_net.TAUGHT
    np.testing.assert_allclose(taught.tempo.sum(axis=1), 1.0, atol=0.01)
    assert len(small["0.weight"]) == 12 and small["1.weight"].shape == (12, 12)
    assert sum(heard[-1]) < sum(heard[0])
    ours = BeatNet(arrays)
    strides = zip(
        lesson.inputs[0].reshape(-1, STRIDE, INPUTS), theirs.reshape(-1, STRIDE, OUTPUTS), strict=True
    )
    for inputs, out in strides:
        told = ours.judge(inputs)
        heard_so = [*told.beat, *told.downbeat, *told.tempo]
        np.testing.assert_allclose(heard_so, [*out[:, 0], *out[:, 1], *out[-1, 2:]], rtol=1e-3, atol=2e-3)


def test_a_network_is_kept_as_bytes(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed (extra [train])")
    from livesing.train.beat_net import save

    r = np.random.default_rng(0)
    arrays = {"mean": r.normal(0, 1, INPUTS), "scale": r.uniform(0.5, 2, INPUTS)}
    for layer, (a, b) in enumerate(pairwise((INPUTS, 20, 8, OUTPUTS))):
        arrays |= {f"{layer}.weight": r.normal(0, a**-0.5, (b, a)), f"{layer}.bias": r.normal(0, 1, b)}
    arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
    save(arrays, tmp_path / "net.npz")
    inputs = some_inputs(2, STRIDE)
    kept = BeatNet(read_weights(tmp_path / "net.npz")).judge(inputs)
    np.testing.assert_allclose(kept.tempo, BeatNet(arrays).judge(inputs).tempo, atol=0.1)


def test_examples_are_kept_as_they_were(songs: list[Heard], tmp_path: Path) -> None:
    made = examples(songs[:2], np.random.default_rng(0), steps=400, taken=7)
    assert made.inputs.shape == (14, INPUTS) and made.tempo.shape == (14, len(TEMPOS))
    save_examples(made, tmp_path / "0.npz")
    again = load([tmp_path / "0.npz", tmp_path / "0.npz"])
    for name in Examples._fields:
        assert (getattr(again, name) == np.concatenate(2 * [getattr(made, name)])).all()


def test_a_network_learns_which_count_is_right(songs: list[Heard]) -> None:
    pytest.importorskip("torch", reason="torch is not installed (extra [train])")
    from livesing.train import beat_level

    some = beat_level.profiles(songs[:10], np.random.default_rng(0))
    assert some.profiles.shape == (30, len(beat_level.RIVALS), CELLS, GROUPS)
    # Learnt by heart: the right count has the highest score, in numpy as in torch.
    arrays, history = beat_level.train(some, some, 60)
    assert history[-1][1] > 0.8
    inputs = features(some.profiles[0].astype(np.float32), np.array([c.factor for c in beat_level.RIVALS]))
    assert LevelNet(arrays).score(inputs).shape == (len(beat_level.RIVALS),)


def test_what_others_can_say_is_pruned_without_loss() -> None:
    r = np.random.default_rng(0)
    sizes = (INPUTS, 6, 5, OUTPUTS)
    arrays = {"mean": np.zeros(INPUTS), "scale": np.ones(INPUTS)}
    for layer, (a, b) in enumerate(pairwise(sizes)):
        arrays |= {f"{layer}.weight": r.normal(0, a**-0.5, (b, a)), f"{layer}.bias": r.normal(0, 1, b)}
    arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
    twice = arrays | {
        "0.weight": np.repeat(arrays["0.weight"], 2, axis=0),
        "0.bias": np.repeat(arrays["0.bias"], 2),
        "1.weight": np.repeat(arrays["1.weight"], 2, axis=1) * np.float32(0.5),
    }
    inputs = some_inputs(1, 2000)
    small = pruned(twice, inputs, 6)
    assert small["0.weight"].shape == arrays["0.weight"].shape
    for stride in inputs[:6].reshape(-1, STRIDE, INPUTS):
        np.testing.assert_allclose(
            BeatNet(small).judge(stride).tempo, BeatNet(arrays).judge(stride).tempo, atol=0.02
        )
    with pytest.raises(ValueError, match="cannot be pruned"):
        pruned(arrays, inputs, 6)
