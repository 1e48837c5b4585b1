"""A translator of one's own: what it learns, what it refuses, and that a look dreams by it."""

from __future__ import annotations

import re
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
from livesing.generation.engine import Source
from livesing.offline import OfflineShow
from livesing.train.corpus.compose import compose
from livesing.train.corpus.factors import draw
from livesing.train.corpus.sketch import RATE, sketch
from livesing.train.labels import FILE, Label, Labels, Passage, Picture
from livesing.train.passages import ROWS
from livesing.train.personal import LOSSES, blocks_of, form_of, gather, labels_of
from livesing.train.personal_forms import picked_classes
from livesing.train.personal_score import fitted
from livesing.translation.opening import Ground, open_translator
from livesing.translation.personal import ClassHead, PersonalTranslator, StyleHead, Transfer, load
from livesing.translation.translator import CLASSES, LATENT, Felt

# ------------------------------------------------------------------------------------------ the file


@pytest.fixture(scope="module", params=LOSSES)
def translator(request: pytest.FixtureRequest) -> PersonalTranslator:
    rng = np.random.default_rng(0)
    labels = [
        Label(Passage("demo", 6.0 * number, 6.0), Picture((5 if number % 2 else 7,), number), "embedded")
        for number in range(16)
    ]
    heard = rng.normal(size=(16, ROWS, SIZE)).astype(np.float32)
    heard[::2, :, 0] += 3
    pairs = gather(labels, heard)
    assert picked_classes(pairs).tolist() == [5, 7]
    return fitted(pairs, form_of(Source("embedded"), request.param, pairs), "embedded", 0)


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
    z = z_of(translator)
    assert (np.abs(wish.z - z.mu[-LATENT:]) <= 2 * z.sigma[-LATENT:] + 1e-5).all()


def test_silence_and_nobody_who_tells_are_the_middle(translator: PersonalTranslator) -> None:
    silent = translator.translate(Felt(0, 0, np.zeros(SIZE, np.float32)), 0.05)
    untold = translator.translate(Felt(2, 2), 0.05)
    np.testing.assert_array_equal(silent.z, untold.z)
    np.testing.assert_allclose(silent.z, z_of(translator)(np.zeros(SIZE))[-LATENT:], atol=1e-5)


def broken(name: str) -> Callable[[Path], None]:
    """What a test does to a good file."""

    def change(path: Path) -> None:
        arrays, notes = read_arrays(path)
        arrays = {key: array.copy() for key, array in arrays.items()}
        transfer = next(key for key in sorted(arrays) if key.endswith(".weight"))
        if name == "version":
            notes["embedding"] = "0123456789"
        elif name == "kind":
            notes["kind"] = "soup"
        elif name == "nan":
            arrays[transfer][0, 0] = np.nan
        elif name == "shape":
            arrays["mean"] = arrays["mean"][:-1]
        elif name == "missing":
            del arrays[transfer]
        elif name == "class":
            arrays["classes"][-1] = 1000
        elif name == "order":
            arrays["classes"] = arrays["classes"][::-1].copy()
        elif name == "none":
            for key in ("classes", "vectors", "logits.bias", "logits.sigma", "logits.mu"):
                if key in arrays:
                    arrays[key] = arrays[key][:0]
            if "logits.weight" in arrays:
                arrays["logits.weight"] = arrays["logits.weight"][:, :0]
        elif name == "form":
            notes["form"] = "song"
        elif name == "w":
            notes["form"] = "w"
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
        ("shape", "mean"),
        ("missing", "weight"),
        ("class", "classes"),
        ("order", "classes"),
        ("none", "classes"),
        ("form", "no personal translator"),
        ("w", "and not"),
        ("cut", "safetensors"),
        ("gone", "cannot read"),
    ],
)
def test_a_file_that_does_not_serve_is_refused_in_one_line(file: Path, how: str, words: str) -> None:
    broken(how)(file)
    with pytest.raises(TranslatorError, match=words) as caught:
        load(file, "embedded")
    assert "\n" not in str(caught.value)


def z_of(translator: PersonalTranslator) -> Transfer:
    """The transfer whose last 128 numbers are z."""
    head = translator.head
    assert not isinstance(head, StyleHead)
    return head.z if isinstance(head, ClassHead) else head.w


@pytest.mark.parametrize(
    ("generator", "sum_", "words"),
    [("embedded", 1.0, "only StyleGAN2 has"), ("stylegan2", 1.2, "not sum to 1"), ("stylegan2", 1.0, "")],
)
def test_class_numbers_beyond_mixtures_are_for_stylegan2_alone(
    tmp_path: Path, generator: str, sum_: float, words: str
) -> None:
    """The embedded generator and BigGAN refuse them, and a generator that refuses a frame has died."""
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(6, CLASSES))
    start = rng.normal(size=CLASSES)
    start += (sum_ - start.sum()) / CLASSES
    transfer = Transfer(rng.normal(size=(SIZE, 6)), np.zeros(6), np.ones(6), np.zeros(6))
    head = StyleHead(transfer, matrix - matrix.mean(axis=1, keepdims=True), start, rng.normal(size=LATENT))
    path = tmp_path / "w.safetensors"
    made = PersonalTranslator(generator, np.zeros(SIZE), np.ones(SIZE), head)
    made.save(path)
    if words:
        with pytest.raises(TranslatorError, match=words):
            load(path, generator)
        return
    felt = Felt(0, 0, rng.normal(size=SIZE))
    one, other = made.translate(felt, 0.05), load(path, generator).translate(felt, 0.05)
    np.testing.assert_allclose(one.classes, other.classes, atol=1e-4)


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
    assert "mood" in card and "valence" in card  # what is dreamt is compared as pictures, too


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
def test_too_few_pairs_and_none(
    tmp_path: Path, rows: int | None, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = Labels(tmp_path)
    if rows == -1:
        labels.path.write_text("action,file,start_s,seconds,classes,z_seed,generator\nhm\n")
    for number in range(max(rows or 0, 0)):
        labels.add(Label(Passage("x.wav", float(number), 6.0), Picture((1,), 1), "embedded"))
    assert main(["train", "personal", str(tmp_path), "-o", str(tmp_path / "mine.safetensors")]) == 2
    assert re.fullmatch(f"livesing: .*{words}.*\n", capsys.readouterr().err)
    assert not (tmp_path / "mine.safetensors").exists()


def test_labels_of_two_generators_and_sound_that_has_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = Labels(tmp_path)
    for number in range(12):
        labels.add(Label(Passage("x.wav", float(number), 6.0), Picture((1,), 1), "embedded"))
    assert main(["train", "personal", str(tmp_path), "-o", str(tmp_path / "mine.safetensors")]) == 2
    *gone, last = capsys.readouterr().err.splitlines()
    assert len(gone) == 12 and "0 pairs in" in last
    labels.add(Label(Passage("x.wav", 20.0, 6.0), Picture((1,), 1), "stylegan2"))
    with pytest.raises(UsageError, match="embedded, stylegan2"):
        labels_of(tmp_path)


@pytest.mark.parametrize("files", [1, 12])
def test_songs_or_stretches_are_guessed_together(files: int) -> None:
    passages = [Passage(f"{number % files}", 3.0 * number, 6.0) for number in range(48)]
    blocks = blocks_of(passages)
    together = [passages[n] for n in np.flatnonzero(blocks == blocks[5])]
    if files == 12:
        assert {passage.file for passage in together} == {"5"} and len(together) == 4
    else:
        assert max(p.start_s for p in together) - min(p.start_s for p in together) < 24
