"""Which translator dreams: a look's choice reaches the dreamer, and one that cannot be had is named."""

import logging
from pathlib import Path

import numpy as np
import pytest

from livesing.array_file import write_arrays
from livesing.clock import now
from livesing.dreamer import DreamBoxes, Dreamer
from livesing.errors import PresetError, TranslatorError
from livesing.generation.embedded import class_moods
from livesing.generation.engine_open import open_embedded
from livesing.preset import parse
from livesing.translation.opening import BUILT_IN, Ground, open_translator
from livesing.translation.translator import CLASSES, LATENT, Felt
from livesing.translators import Translators, choice_box, choose, class_places
from livesing.wishes import TranslatorWish

MOODS = class_moods()


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("", TranslatorWish()),
        ('[translator]\nname = "mine.safetensors"', TranslatorWish("mine.safetensors")),
        ('[translator]\nwith = "views"', TranslatorWish("views", "views")),
        (
            '[translator]\nname = "a/b.st"\nwith = "views"',
            TranslatorWish("a/b.st", "views"),
        ),
    ],
)
def test_a_preset_names_translators(text: str, wish: TranslatorWish) -> None:
    preset = parse(text, "look.toml")
    assert preset.translator == wish
    assert preset.warnings == ()


def test_a_preset_says_how_much_of_the_second() -> None:
    preset = parse('[translator]\nwith = "views"\nmix = 0.3', "look.toml")
    assert preset.values["dream.mix"] == 0.3
    assert preset.warnings == ()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('translator = "views"', 1),
        ('[translator]\nname = "../mine.safetensors"', 2),
        ('[translator]\nname = "views"\nwith = "/etc/passwd"', 3),
        ('[translator]\nname = "C:mine.safetensors"', 2),
        ("[translator]\nname = 3", 2),
        ("[translator]\n\nmix = 2", 3),
        (f'[translator]\nname = "{"a" * 300}"', 2),
    ],
)
def test_bad_translators_of_presets_are_refused_with_their_line(text: str, line: int) -> None:
    with pytest.raises(PresetError, match=rf"look\.toml:{line}: "):
        parse(text, "look.toml")


def test_an_unknown_key_is_a_warning() -> None:
    assert "translator.nmae" in parse('[translator]\nnmae = "views"', "look.toml").warnings[0]


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("view", [0, 19])
def test_every_translator_that_comes_along(name: str, view: int) -> None:
    translator = open_translator(name, Ground("embedded", MOODS), view)
    for felt in (Felt(0, 0), Felt(-9, 9), Felt(2, -1, np.zeros(64, np.float32))):
        wish = translator.translate(felt, 0.05)
        assert wish.classes.shape == (CLASSES,) and wish.z.shape == (LATENT,)
        assert wish.classes.sum() == pytest.approx(1.0, abs=1e-4) and (wish.classes >= 0).all()
        assert np.isfinite(wish.z).all() and np.linalg.norm(wish.z) > 0


def test_views_of_biggan_know_what_its_classes_mean() -> None:
    places = class_places("biggan-deep-256")
    translator = open_translator("views", Ground("biggan-deep-256", places), 0)
    asked = np.array([(v, a) for v in np.linspace(-1.5, 1.5, 7) for a in np.linspace(-1.5, 1.5, 7)])
    met = np.array([places[translator.translate(Felt(v, a), 0.025).classes.argmax()] for v, a in asked])
    for axis in (0, 1):
        assert np.corrcoef(asked[:, axis], met[:, axis])[0, 1] > 0.9
    np.testing.assert_array_equal(class_places("embedded"), MOODS)
    np.testing.assert_array_equal(class_places("stylegan2"), MOODS)


def broken_files(folder: Path) -> list[str]:
    (folder / "empty.safetensors").write_bytes(b"")
    (folder / "noise.safetensors").write_bytes(np.random.default_rng(0).bytes(4000))
    write_arrays(folder / "other.safetensors", {"w": np.zeros(3, np.float32)}, {"kind": "something else"})
    write_arrays(folder / "nothing.safetensors", {"w": np.zeros(3, np.float32)}, {})
    return ["empty.safetensors", "noise.safetensors", "other.safetensors", "nothing.safetensors"]


def test_files_that_hold_no_translator_are_refused(tmp_path: Path) -> None:
    for name in [*broken_files(tmp_path), "absent.safetensors", "nobody"]:
        with pytest.raises(TranslatorError) as refused:
            open_translator(name, Ground("embedded", MOODS, tmp_path))
        assert "\n" not in str(refused.value)


def test_what_cannot_be_had_is_named_once_and_views_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    box = choice_box()
    translators = Translators(box, "embedded", MOODS)
    views, _ = translators.present(3)
    assert translators.trouble == ""
    broken_files(tmp_path)
    choose(box, TranslatorWish("noise.safetensors", "nobody"), tmp_path, 1.0)
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            first, second = translators.present(3)
    assert first is views and second is views
    assert len(caplog.records) == 2
    assert "noise.safetensors" in translators.trouble and "nobody" in translators.trouble
    choose(box, TranslatorWish(), tmp_path, 2.0)
    assert translators.present(3) == (views, None)
    assert translators.trouble == ""


def test_the_choice_reaches_the_dreamer(tmp_path: Path) -> None:
    """Real boxes and a real generator: another translator dreams other pictures."""
    boxes = DreamBoxes()
    dreamer = Dreamer(boxes, 0, open_embedded((64, 36)))

    def frame() -> np.ndarray:
        dreamer.path = type(dreamer.path)(0)
        dreamer.dream(now())
        letter = boxes.frames.get()
        assert letter is not None
        return np.array(letter.value["pixels"][: 64 * 36 * 4], np.float64)

    before = frame()
    choose(boxes.translators, TranslatorWish("nobody"), tmp_path, now())
    assert np.abs(frame() - before).mean() < 1.0
    assert "nobody" in dreamer.translators.trouble
