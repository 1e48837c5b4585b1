"""The dictionary translator: tables are read strictly, and feelings look up the nearest classes."""

from pathlib import Path

import numpy as np
import pytest

from livesing.cli import main
from livesing.errors import TranslatorError
from livesing.generation.embedded import class_moods
from livesing.translation.class_table import ClassTable, load, parse, shipped
from livesing.translation.dictionary import (
    SPACING,
    WARMTH,
    DictionaryTranslator,
    blend,
    measured_axes,
    vocabulary,
)
from livesing.translation.opening import Ground, open_translator
from livesing.translation.translator import CLASSES, LATENT, Felt
from livesing.translators import Translators, choice_box, choose
from livesing.wishes import TranslatorWish

SHIPPED = ("embedded", "biggan-deep-256")
FOUR = parse("3\tsea\t0\t-1\n7\tstorm\t-1\t1\n2\tmeadow\t1\t0\n999\tcellar\t-1\t-1\n", "four.tsv")


def table_of(generator: str) -> ClassTable:
    path = shipped(generator)
    assert path is not None
    return load(path)


def test_a_table() -> None:
    text = "\ufeff# a comment\r\n\r\n  # another\n12\t house finch \t0.5\t-1e-1\r\n3\tsea, calm\t-2\t+3\n"
    table = parse(text.removeprefix("\ufeff"), "t.tsv")
    assert table.numbers.tolist() == [3, 12]
    assert table.names == ("sea, calm", "house finch")
    np.testing.assert_array_equal(table.places, [[-2, 3], [0.5, -0.1]])


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("3\tsea\t0", "4 fields"),
        ("3\tsea\t0\t1\t", "4 fields"),
        ("3 sea 0 1", "4 fields"),
        ("-3\tsea\t0\t1", "class"),
        ("3.0\tsea\t0\t1", "class"),
        ("1000\tsea\t0\t1", "class"),
        ("99999999999999999999\tsea\t0\t1", "class"),
        ("\u0663\tsea\t0\t1", "class"),
        ("\tsea\t0\t1", "class"),
        ("sea\t3\t0\t1", "class"),
        ("3\t \t0\t1", "name"),
        ("3\tse\x07a\t0\t1", "name"),
        ("3\t" + "a" * 101 + "\t0\t1", "name"),
        ("3\tsea\t\t1", "valence"),
        ("3\tsea\tnan\t1", "valence"),
        ("3\tsea\t0,5\t1", "valence"),
        ("3\tsea\t0\tinf", "arousal"),
        ("3\tsea\t0\t-10.5", "arousal"),
        ("3\tsea\t0\t1_0", "arousal"),
        ("3\tsea\t0\thigh", "arousal"),
        ("1\tsea\t0\t1", "line 2"),
    ],
)
def test_a_broken_row_is_refused_with_its_line(
    row: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.tsv"
    path.write_text(f"# mine\n1\tmeadow\t1\t0\n\n{row}\n5\tstorm\t-1\t1\n", encoding="utf-8")
    with pytest.raises(TranslatorError, match=r"^mine\.tsv:4: ") as refused:
        load(path)
    assert says in str(refused.value) and "\n" not in str(refused.value)
    output = tmp_path / "a.png"
    assert main(["dream", "--mood", "0,0", "--translator", str(path), "-o", str(output)]) == 2
    assert capsys.readouterr().err == f"livesing: {refused.value}\n"
    assert not output.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", ":1: names no class"),
        (b"# nothing\n", ":1: names no class"),
        (b"1\ta\t0\t0\n2\t\xff\t0\t0\n", ":2: is not UTF-8"),
        (b"#" * (1 << 20) + b"#", ":1: larger"),
        (None, "cannot be read"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes | None, says: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.tsv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TranslatorError, match=says):
        load(path)


@pytest.mark.parametrize("generator", SHIPPED)
def test_every_row_of_the_tables_that_ship(generator: str) -> None:
    table = table_of(generator)
    assert table.numbers.tolist() == list(range(CLASSES))
    assert all(name.strip() for name in table.names)
    assert np.isfinite(table.places).all() and np.abs(table.places).max() < 6
    # Every quarter of the plane has its classes, and each axis is used on its own.
    quarters = {(v > 0, a > 0): 0 for v in (-1, 1) for a in (-1, 1)}
    for valence, arousal in table.places:
        quarters[valence > 0, arousal > 0] += 1
    assert min(quarters.values()) > 100
    assert abs(np.corrcoef(table.places.T)[0, 1]) < 0.5
    assert len(np.unique(table.places, axis=0)) > 800


def test_the_table_made_by_hand_is_in_z_scores_and_in_order() -> None:
    table = table_of("biggan-deep-512")
    np.testing.assert_allclose(table.places.mean(axis=0), 0, atol=0.01)
    np.testing.assert_allclose(table.places.std(axis=0), 1, atol=0.01)
    # Where BigGAN counts these.
    known = {0: "tench", 63: "Indian cobra", 207: "golden retriever", 281: "tabby", 483: "castle"}
    known |= {657: "missile", 755: "radio telescope", 850: "teddy bear", 975: "lakeside", 980: "volcano"}
    assert {number: table.names[number] for number in known} == known
    valence, arousal = table.places.T
    assert valence[207] > 1 and valence[63] < -1 and valence[850] > 1 and valence[657] < -1
    assert arousal[657] > 1 and arousal[980] > 1 and arousal[975] < -1 and arousal[850] < 0


def test_shares_by_hand() -> None:
    distance = np.array([0.3, 0.1, 0.2, 0.4])
    e = np.exp
    near, shares = blend(distance, 1, 0.1)
    assert near.tolist() == [1] and shares.tolist() == [1]
    # All of them: exp(-distance / T), whose common factor exp(-.1 / .1) cancels.
    near, shares = blend(distance, 4, 0.1)
    assert near.tolist() == [1, 2, 0, 3]
    whole = 1 + e(-1) + e(-2) + e(-3)
    np.testing.assert_allclose(shares, [1 / whole, e(-1) / whole, e(-2) / whole, e(-3) / whole])
    # Two of them: less exp(-2), the third's.
    near, shares = blend(distance, 2, 0.1)
    assert near.tolist() == [1, 2]
    np.testing.assert_allclose(shares, np.array([1 - e(-2), e(-1) - e(-2)]) / (1 + e(-1) - 2 * e(-2)))
    # More than there are, a temperature of nothing, and nothing to tell them apart.
    assert blend(distance, 9, 0.1)[0].tolist() == [1, 2, 0, 3]
    np.testing.assert_array_equal(blend(distance, 3, 0.0)[1], [1, 0, 0])
    np.testing.assert_allclose(blend(np.ones(4), 2, 0.1)[1], 0.5)


@pytest.mark.parametrize(
    ("felt", "number"), [((0, -0.9), 3), ((-0.8, 2), 7), ((5, 5), 2), ((-1, -1.1), 999), ((-1, -0.01), 999)]
)
def test_one_alone_is_the_nearest(felt: tuple[float, float], number: int) -> None:
    classes = DictionaryTranslator(FOUR, k=1).translate(Felt(*felt), 0.05).classes
    assert np.flatnonzero(classes).tolist() == [number] and classes[number] == 1


def test_a_blend_by_hand() -> None:
    """Half-way between the storm and the cellar, both 1 away; the sea is sqrt 2 away and left out."""
    classes = DictionaryTranslator(FOUR, k=2).translate(Felt(-1, 0), 0.3 / WARMTH).classes
    assert np.flatnonzero(classes).tolist() == [7, 999]
    np.testing.assert_allclose(classes[[7, 999]], 0.5)


@pytest.mark.parametrize("generator", SHIPPED)
@pytest.mark.parametrize("k", [2, 8])
def test_no_class_jumps_into_a_blend(generator: str, k: int) -> None:
    """A step s changes each exp(-d / T) by a factor of at most q = exp(s / T), the one left out too; and a
    class that enters had none. From that follows how far the shares may move."""
    translator = DictionaryTranslator(vocabulary(table_of(generator), 3), k=k)
    step, warmth = 0.05 / 32, 0.1
    q = np.exp(step / warmth)
    moved, allowed = [], []
    for start in np.random.default_rng(k).uniform(-1.5, 1.5, (40, 2)):
        before = None
        for number in range(33):
            place = start + number * step * np.array([0.6, 0.8])
            classes = translator.translate(Felt(*place), warmth / WARMTH).classes
            if before is not None:
                moved.append(np.abs(classes - before).sum())
            before = classes
            powers = np.exp(-np.sort(np.hypot(*(translator.table.places - place).T))[: k + 1] / warmth)
            inside, edge = powers[:k], powers[k]
            moves = (q - 1) * (inside.sum() + k * edge) + k * (q - 1 / q) * edge
            if number < 32:
                allowed.append(2 * moves / (inside - edge).sum())
    assert (np.array(moved) <= np.array(allowed) + 1e-5).all()
    assert np.median(allowed) < 1  # or it would allow anything


def mean_move(translator: DictionaryTranslator, temperature: float) -> float:
    """How far a step of .05 moves the shares, on average over the plane (2 for another class)."""
    steps = []
    for v, a in np.random.default_rng(0).uniform(-1.5, 1.5, (200, 2)):
        pair = [translator.translate(Felt(valence, a), temperature).classes for valence in (v, v + 0.05)]
        steps.append(np.abs(pair[1] - pair[0]).sum())
    return float(np.mean(steps))


@pytest.mark.parametrize("generator", SHIPPED)
def test_blends_and_vocabularies_steady_the_dream(generator: str) -> None:
    table = table_of(generator)
    words = vocabulary(table, 0)
    crowded, alone = (
        mean_move(DictionaryTranslator(table, k=1), 0.05),
        mean_move(DictionaryTranslator(words, k=1), 0.05),
    )
    blended = mean_move(DictionaryTranslator(words), 0.05)
    assert alone < 0.65 * crowded
    assert blended < 0.85 * alone


@pytest.mark.parametrize("generator", SHIPPED)
def test_a_vocabulary_keeps_its_distance_and_leaves_no_hole(generator: str) -> None:
    table = table_of(generator)
    views = [vocabulary(table, view) for view in (0, 1, 19)]
    for words in views:
        assert set(words.numbers) < set(table.numbers) and len(words.numbers) > 50
        apart = np.hypot(*(words.places[:, None] - words.places[None]).transpose(2, 0, 1))
        assert (apart + np.eye(len(words.numbers))).min() >= SPACING
        near = np.hypot(*(table.places[:, None] - words.places[None]).transpose(2, 0, 1)).min(axis=1)
        assert near.max() < SPACING
        assert words.names == tuple(table.names[number] for number in words.numbers)
    inner = [set(words.numbers[(np.abs(words.places) < 1).all(axis=1)]) for words in views]
    assert len(inner[0] & inner[1]) < 0.4 * len(inner[0])
    assert vocabulary(FOUR, 0).numbers.tolist() == FOUR.numbers.tolist()


@pytest.mark.parametrize("generator", SHIPPED)
@pytest.mark.parametrize("view", [0, 19])
def test_z_is_steady_keeps_its_norm_and_leans_to_the_feeling(generator: str, view: int) -> None:
    translator = DictionaryTranslator(table_of(generator), view=view, axes=measured_axes(generator))
    z = np.array(
        [[translator.translate(Felt(v / 5, a / 5), 0.1).z for a in range(-15, 16)] for v in range(-15, 16)]
    )
    np.testing.assert_allclose(np.linalg.norm(z, axis=-1), np.sqrt(LATENT), rtol=1e-5)
    for axis in (0, 1):
        step = np.linalg.norm(np.diff(z, axis=axis), axis=-1).max() / np.sqrt(LATENT)
        assert 0.01 < step < 0.3 * 0.2  # radians for .2 sd
    tilt = translator._frame[1:]
    if generator == "embedded":
        np.testing.assert_allclose(tilt, measured_axes(generator), atol=1e-6)
    assert (np.diff(z @ tilt[0], axis=0) > 0).all() and (np.diff(z @ tilt[1], axis=1) > 0).all()


def test_views_have_latents_of_their_own() -> None:
    z = [DictionaryTranslator(FOUR, view=view).translate(Felt(0, 0), 0.1).z for view in range(20)]
    likeness = np.corrcoef(z) - np.eye(20)
    assert np.abs(likeness).max() < 0.5


@pytest.mark.parametrize(
    "options", [{"k": 0}, {"axes": np.zeros((3, LATENT))}, {"axes": np.full((2, LATENT), np.nan)}]
)
def test_bad_settings_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        DictionaryTranslator(FOUR, **options)  # type: ignore[arg-type]


def test_the_dictionary_is_that_of_the_generator() -> None:
    moods = class_moods()
    assert shipped("stylegan2") is None
    with pytest.raises(TranslatorError, match="stylegan2"):
        open_translator("dictionary", Ground("stylegan2", moods))
    one, other = (open_translator("dictionary", Ground(name, moods)) for name in SHIPPED)
    assert isinstance(one, DictionaryTranslator) and isinstance(other, DictionaryTranslator)
    for translator, generator in zip((one, other), SHIPPED, strict=True):
        names = table_of(generator).names
        assert translator.table.names == tuple(names[number] for number in translator.table.numbers)
    assert one.table.names != other.table.names


def test_a_look_names_a_table_beside_it_which_may_be_edited_while_it_is_on(tmp_path: Path) -> None:
    box = choice_box()
    translators = Translators(box, "embedded", class_moods())
    mine = tmp_path / "mine.tsv"
    mine.write_text("5\tstorm\t-1\t1\n", encoding="utf-8")
    choose(box, TranslatorWish("mine.tsv"), tmp_path, 1.0)

    def dreamt() -> int:
        return int(translators.present(0)[0].translate(Felt(0, 0), 0.05).classes.argmax())

    assert dreamt() == 5 and translators.trouble == ""
    mine.write_text("5\tstorm\t-1\t1\n44\tsea\t0\t0\n", encoding="utf-8")
    assert dreamt() == 44
    mine.write_text("5\tstorm\t-1\t1\n44\tsea\t0\n", encoding="utf-8")
    dreamt()
    assert "mine.tsv:2: a row has 4 fields" in translators.trouble


def test_presets_check_reads_the_table_that_a_look_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    look = tmp_path / "look.toml"
    look.write_text('[translator]\nname = "mine.tsv"\n', encoding="utf-8")
    (tmp_path / "mine.tsv").write_text("5\tstorm\t-1\t1\n", encoding="utf-8")
    assert main(["presets", "check", str(look)]) == 0
    (tmp_path / "mine.tsv").write_text("5\tstorm\t-1\n", encoding="utf-8")
    assert main(["presets", "check", str(look)]) == 2
    assert "mine.tsv:1: " in capsys.readouterr().err
