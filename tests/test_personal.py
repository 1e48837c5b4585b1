"""A translator of one's own: what it learns, what it refuses, and that a look dreams by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from livesing.array_file import read_arrays, write_arrays
from livesing.audio.embedding import SIZE, VERSION
from livesing.cli import main
from livesing.errors import SurfaceError, TranslatorError, UsageError
from livesing.generation.embedded import class_moods
from livesing.offline import OfflineShow
from livesing.train.corpus.compose import compose
from livesing.train.corpus.factors import draw
from livesing.train.corpus.sketch import RATE, sketch
from livesing.train.labels import FILE, Label, Labels, Passage, Picture
from livesing.train.passages import ROWS
from livesing.train.personal import blocks_of, gather, lines_of, train_personal
from livesing.train.personal_fit import (
    Errors,
    Pairs,
    cross_validate,
    fit_classes,
    fit_z,
    learnt_from,
    likeness_of,
    parts,
    translator_of,
)
from livesing.translation.network import softmax
from livesing.translation.opening import Ground, open_translator
from livesing.translation.personal import PersonalTranslator, load
from livesing.translation.translator import CLASSES, LATENT, Felt

KINDS = 4


def made_pairs(count: int, *, shuffled: bool = False, seed: int = 0) -> Pairs:
    """Music of 10 numbers, three rows a pair; class and z follow it by a fixed rule, but for some noise."""
    rng = np.random.default_rng(seed)
    music = rng.normal(size=(count, 10))
    kind = (music @ rng.normal(size=(10, KINDS))).argmax(axis=1)
    z = np.tanh(music @ rng.normal(size=(10, LATENT)) / 2) + 0.2 * rng.normal(size=(count, LATENT))
    if shuffled:
        order = rng.permutation(count)
        kind, z = kind[order], z[order]
    rows = np.repeat(np.arange(count), ROWS)
    e = music[rows] + 0.3 * rng.normal(size=(count * ROWS, 10))
    return Pairs(
        e,
        z[rows],
        np.eye(KINDS)[kind][rows],
        rows,
        np.eye(count, dtype=bool),
        np.arange(count),
        np.eye(KINDS),
    )


@pytest.fixture(scope="module")
def errors() -> Errors:
    return cross_validate(made_pairs(100), 0)


def test_it_learns_what_follows_the_music(errors: Errors) -> None:
    assert errors.z < 0.75 * errors.z_mean
    assert errors.classes < 0.75 * errors.classes_mean
    assert errors.first > errors.first_mean + 0.2
    assert "better than the mean" in lines_of(errors)[-1]


def test_it_learns_nothing_from_shuffled_pairs() -> None:
    errors = cross_validate(made_pairs(100, shuffled=True), 0)
    assert 0.97 * errors.z_mean < errors.z < 1.05 * errors.z_mean
    assert 0.95 * errors.classes_mean < errors.classes < 1.1 * errors.classes_mean
    assert "no better" in lines_of(errors)[-1]


def test_cross_validation_is_repeatable(errors: Errors) -> None:
    assert cross_validate(made_pairs(20), 0) == cross_validate(made_pairs(20), 0) != errors


def test_what_shares_sound_or_stretch_is_never_learnt_from() -> None:
    block = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    part = parts(block, 3, 0)
    assert all(len(set(part[block == number])) == 1 for number in range(4))
    near = np.eye(8, dtype=bool)
    near[1, 2] = near[2, 1] = True
    held = block == 0
    assert learnt_from(near, held).tolist() == [False, False, False, True, True, True, True, True]


def test_the_z_of_least_absolute_error() -> None:
    """A few wild answers pull a mean, and hardly an L1 fit."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    true = x @ rng.normal(size=(3, 5)) * 0.4
    wild = true + 0.05 * rng.normal(size=true.shape)
    wild[::10] += 4.0
    least_squares, least_absolute = (
        np.abs(fit_z(x, wild, 0.1, rounds=rounds)(x) - true).mean() for rounds in (0, 4)
    )
    assert least_absolute < 0.7 * least_squares


def test_what_is_learnt_of_a_class_counts_for_those_like_it() -> None:
    """Two classes that lie together and one apart; the second was hardly ever picked."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 2))
    chosen = np.eye(3)[np.where(x[:, 0] > 0, 0, 2)]
    chosen[0] = (0, 1, 0)
    places = np.array([[1.0, 1.0], [1.0, 0.9], [-1.0, -1.0]])
    apart, together = (fit_classes(x, chosen, likeness_of(given, 3), 30.0) for given in (None, places))
    asked = np.array([2.0, 0.0])
    assert together(asked)[1] - together.mu[1] > apart(asked)[1] - apart.mu[1] + 0.2


def test_the_class_picked_most_does_not_win_by_sharpness_alone() -> None:
    """Where the music says nothing, a lower temperature leaves the shares as they were picked."""
    pairs = made_pairs(20, shuffled=True)
    pairs = pairs._replace(e=np.zeros((len(pairs.e), SIZE)))
    translator = translator_of(pairs, np.arange(KINDS), "embedded", 0)
    warm, cold = (translator.translate(Felt(0, 0), temperature).classes for temperature in (0.1, 0.02))
    np.testing.assert_allclose(warm, cold, atol=0.02)


def test_classes_by_likelihood() -> None:
    """The slope of the loss is nil where the fit ends."""
    rng = np.random.default_rng(0)
    x, chosen = rng.normal(size=(60, 4)), np.eye(3)[rng.integers(3, size=60)]

    def loss(logits: Callable[[np.ndarray], np.ndarray], weight: np.ndarray) -> float:
        likely = softmax(logits(x), 1.0)
        return float(-(chosen * np.log(likely)).sum() + 0.5 * weight.ravel() @ weight.ravel())

    fitted = fit_classes(x, chosen, np.eye(3), 1.0, steps=400)
    best = loss(fitted, fitted.weight)
    for _ in range(10):
        moved = fitted.weight + 0.02 * rng.normal(size=fitted.weight.shape)
        assert loss(replace(fitted, weight=moved), moved) > best


# ------------------------------------------------------------------------------------------ the file


@pytest.fixture(scope="module")
def translator() -> PersonalTranslator:
    rng = np.random.default_rng(0)
    labels = [
        Label(Passage("demo", 6.0 * number, 6.0), Picture((5 if number % 2 else 7,), number), "embedded")
        for number in range(16)
    ]
    heard = rng.normal(size=(16, ROWS, SIZE)).astype(np.float32)
    heard[::2, :, 0] += 3
    pairs, classes = gather(labels, heard)
    assert classes.tolist() == [5, 7]
    return translator_of(pairs, classes, "embedded", 0)


@pytest.fixture
def file(translator: PersonalTranslator, tmp_path: Path) -> Path:
    path = tmp_path / "mine.safetensors"
    translator.save(path, {"pairs": "16"})
    return path


def test_a_file_is_the_translator(translator: PersonalTranslator, file: Path) -> None:
    again = open_translator(file.name, Ground("embedded", class_moods(), file.parent))
    rng = np.random.default_rng(1)
    for _ in range(5):
        felt = Felt(0, 0, rng.normal(size=SIZE).astype(np.float32))
        one, other = translator.translate(felt, 0.05), again.translate(felt, 0.05)
        np.testing.assert_allclose(one.z, other.z, atol=1e-4)
        np.testing.assert_allclose(one.classes, other.classes, atol=1e-4)


@pytest.mark.parametrize("size", [0.0, 1.0, 1e6])
def test_it_stays_among_what_was_picked(translator: PersonalTranslator, size: float) -> None:
    rng = np.random.default_rng(2)
    felt = Felt(3, -3, (size * rng.normal(size=SIZE)).astype(np.float32))
    wish = translator.translate(felt, 0.03)
    assert wish.classes.shape == (CLASSES,) and wish.z.shape == (LATENT,)
    assert wish.classes.sum() == pytest.approx(1, abs=1e-5)
    assert set(np.flatnonzero(wish.classes)) <= {5, 7}
    away = np.abs(wish.z - translator.z.mu)
    assert (away <= 2 * translator.z.sigma + 1e-5).all()


def test_silence_and_nobody_who_tells_are_the_middle(translator: PersonalTranslator) -> None:
    silent = translator.translate(Felt(0, 0, np.zeros(SIZE, np.float32)), 0.05)
    untold = translator.translate(Felt(2, 2), 0.05)
    np.testing.assert_array_equal(silent.z, untold.z)
    assert np.abs(silent.z - translator.z.mu).max() < 1.5 * translator.z.sigma.max()


def broken(name: str) -> Callable[[Path], None]:
    """What a test does to a good file."""

    def change(path: Path) -> None:
        arrays, notes = read_arrays(path)
        arrays = {key: array.copy() for key, array in arrays.items()}
        if name == "version":
            notes["embedding"] = "0123456789"
        elif name == "kind":
            notes["kind"] = "soup"
        elif name == "nan":
            arrays["z.weight"][0, 0] = np.nan
        elif name == "shape":
            arrays["z.bias"] = arrays["z.bias"][:-1]
        elif name == "missing":
            del arrays["logits.mu"]
        elif name == "class":
            arrays["classes"][-1] = 1000
        elif name == "order":
            arrays["classes"] = arrays["classes"][::-1].copy()
        elif name == "none":
            for key in ("classes", "logits.bias", "logits.sigma", "logits.mu"):
                arrays[key] = arrays[key][:0]
            arrays["logits.weight"] = arrays["logits.weight"][:, :0]
        write_arrays(path, arrays, notes)
        if name == "cut":
            path.write_bytes(path.read_bytes()[:-10])
        elif name == "gone":
            path.unlink()

    return change


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("version", "version 0123456789 of the embedding"),
        ("kind", "no personal translator"),
        ("nan", "not finite"),
        ("shape", "z.bias"),
        ("missing", "logits.mu"),
        ("class", "classes"),
        ("order", "classes"),
        ("none", "classes"),
        ("cut", "safetensors"),
        ("gone", "cannot read"),
    ],
)
def test_a_file_that_does_not_serve_is_refused_in_one_line(file: Path, how: str, words: str) -> None:
    broken(how)(file)
    with pytest.raises(TranslatorError, match=words) as caught:
        load(file, "embedded")
    assert "\n" not in str(caught.value)


def test_another_generator_is_refused(file: Path) -> None:
    with pytest.raises(TranslatorError, match="made for the generator embedded, and this is biggan-deep-512"):
        load(file, "biggan-deep-512")


# ------------------------------------------------------------------------------------------ from end to end


PICKED = {"drums": 3, "choir": 9}
"""The class for each kind of music."""


@pytest.fixture(scope="module")
def contrast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 5 s of drums and 5 s of a choir."""
    folder = tmp_path_factory.mktemp("contrast")
    for texture, seed in (("drums", 11), ("choir", 12)):
        sound = sketch(compose(replace(draw(seed, 8.0), texture=texture)).score)
        soundfile.write(folder / f"{texture}.wav", np.asarray(sound, np.float32)[: 5 * RATE], RATE)
    return folder


@pytest.fixture(scope="module")
def trained(contrast: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Labels that give drums class 3 and the choir class 9, and the translator that the command makes of
    them."""
    folder = tmp_path_factory.mktemp("labels")
    labels = Labels(folder)
    for number in range(6):
        for texture, chosen in PICKED.items():
            passage = Passage(str(contrast / f"{texture}.wav"), 0.3 * number, 3.0)
            labels.add(Label(passage, Picture((chosen,), number), "embedded"))
    looks = tmp_path_factory.mktemp("looks")
    output = looks / "mine.safetensors"
    assert main(["train", "personal", str(folder), "-o", str(output)]) == 0
    (looks / "1-mine.toml").write_text('[translator]\nname = "mine.safetensors"\n[dream]\npace = 2.0\n')
    return looks


def test_the_model_card(trained: Path) -> None:
    card = (trained / "mine.md").read_text()
    assert VERSION in card and "12 pairs" in card and "embedded" in card


@pytest.mark.parametrize("texture", PICKED)
def test_a_look_dreams_what_was_picked(trained: Path, contrast: Path, texture: str) -> None:
    try:
        show = OfflineShow(contrast / f"{texture}.wav", size=(64, 36), fps=3, presets_folder=trained)
    except SurfaceError as error:
        pytest.skip(str(error))
    try:
        for _ in show.frames(4.0, 0.34):
            letter = show.boxes.frames.get()
            assert letter is not None and int(letter.value["top_class"]) == PICKED[texture]
    finally:
        show.close()


@pytest.mark.parametrize(
    ("rows", "words"), [(None, "there are no labels"), (3, "3 pairs in .* are too few"), (-1, rf"{FILE}:2: ")]
)
def test_too_few_pairs_and_none(tmp_path: Path, rows: int | None, words: str) -> None:
    labels = Labels(tmp_path)
    if rows == -1:
        labels.path.write_text("action,file,start_s,seconds,classes,z_seed,generator\nhm\n")
    for number in range(max(rows or 0, 0)):
        labels.add(Label(Passage("x.wav", float(number), 6.0), Picture((1,), 1), "embedded"))
    with pytest.raises(UsageError, match=words) as caught:
        train_personal(tmp_path, tmp_path / "mine.safetensors")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "mine.safetensors").exists()


def test_labels_of_two_generators_and_sound_that_has_gone(tmp_path: Path) -> None:
    labels = Labels(tmp_path)
    for number in range(12):
        labels.add(Label(Passage("x.wav", float(number), 6.0), Picture((1,), 1), "embedded"))
    with pytest.raises(UsageError, match="0 pairs in"):
        train_personal(tmp_path, tmp_path / "mine.safetensors")
    labels.add(Label(Passage("x.wav", 20.0, 6.0), Picture((1,), 1), "stylegan2"))
    with pytest.raises(UsageError, match="embedded, stylegan2"):
        train_personal(tmp_path, tmp_path / "mine.safetensors")


@pytest.mark.parametrize("files", [1, 12])
def test_songs_or_stretches_are_guessed_together(files: int) -> None:
    passages = [Passage(f"{number % files}", 3.0 * number, 6.0) for number in range(48)]
    blocks = blocks_of(passages)
    together = [passages[n] for n in np.flatnonzero(blocks == blocks[5])]
    if files == 12:
        assert {passage.file for passage in together} == {"5"} and len(together) == 4
    else:
        assert max(p.start_s for p in together) - min(p.start_s for p in together) < 24


def test_one_stretch_cannot_be_guessed_from_itself() -> None:
    pairs = made_pairs(12)
    errors = cross_validate(pairs._replace(near=np.ones((12, 12), bool)), 0)
    assert np.isnan(errors.z) and "cannot be told" in lines_of(errors)[0]
