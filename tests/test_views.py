"""The views that ship: the pictures feel as they were asked to, and the files are small and whole."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from livesing.array_file import read_arrays, write_arrays
from livesing.bench_loop import within_classes
from livesing.cli import main
from livesing.closed_loop import SIZE, ClosedLoop, agreement, grid
from livesing.errors import TranslatorError
from livesing.generation.embedded import class_moods
from livesing.generation.engine_open import open_embedded
from livesing.params import INDEX, TABLE
from livesing.sentiment.image import ImageEstimator
from livesing.translation.opening import Ground, open_translator
from livesing.translation.translator import CLASSES, Felt
from livesing.translation.view_file import FOLDER, ViewFile, read_view, untreated_name, view_path

VIEWS = int(TABLE[INDEX["dream.view"]].high) + 1
GROUND = Ground("embedded", class_moods())


def view_of(number: int) -> ViewFile:
    path = view_path("embedded", number)
    assert path is not None
    return read_view(path)


@pytest.fixture(scope="module")
def loop() -> ClosedLoop:
    return ClosedLoop(open_embedded(SIZE), ImageEstimator())


@pytest.fixture(scope="module", autouse=True)
def no_views_of_ones_own(tmp_path_factory: pytest.TempPathFactory) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIVESING_VIEWS", str(tmp_path_factory.mktemp("own")))
        yield


@pytest.mark.parametrize("number", range(VIEWS))
def test_every_view_reaches_what_is_asked_for(number: int, loop: ClosedLoop) -> None:
    """A reduced grid; `livesing bench loop` has the whole one."""
    view = view_of(number)
    reached = loop.reach(view.translator(), grid(3), view.statistics)
    agreed = agreement(reached.target, reached.felt)
    assert agreed.r_valence > 0.8 and agreed.r_arousal > 0.8
    assert agreed.mean_distance < 0.8
    assert len(np.unique(reached.top)) >= 4


@pytest.mark.parametrize("number", range(VIEWS))
def test_what_a_view_says_of_itself(number: int) -> None:
    view = view_of(number)
    assert view.generator == "embedded"
    assert len(view.names) == len(view.weights.which) == 10
    assert all(name.strip() and not name.startswith("class ") for name in view.names)
    assert min(view.scores["r_valence"], view.scores["r_arousal"]) >= 0.85
    assert view.scores["stability_ratio"] >= 3
    card = (FOLDER / "translator.md").read_text(encoding="utf-8")
    assert ", ".join(view.names) in card


def test_z_moves_feeling_within_a_class(loop: ClosedLoop) -> None:
    inside = within_classes(loop, view_of(0))
    assert min(inside["r_valence"], inside["r_arousal"]) > 0.8
    assert min(inside["span_valence"], inside["span_arousal"]) > 0.8


def test_the_picture_moves_less_than_without_algorithm_1(loop: ClosedLoop) -> None:
    raw = read_view(FOLDER / untreated_name("embedded"))
    untreated = loop.movement(raw.translator(), 1).mean()
    assert untreated > 1.5 * loop.movement(view_of(0).translator(), 1).mean()


def test_views_differ_and_all_of_them_are_small() -> None:
    asked = [Felt(v, a) for v in (-1.5, 0, 1.5) for a in (-1.5, 0, 1.5)]
    tops = [
        [int(view_of(number).translator().translate(felt, 0.025).classes.argmax()) for felt in asked]
        for number in range(VIEWS)
    ]
    for number, one in enumerate(tops):
        for other in tops[:number]:
            assert np.mean(np.array(one) == np.array(other)) < 0.35
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 4e6


def test_views_are_what_the_show_opens() -> None:
    wish = open_translator("views", GROUND, 3).translate(Felt(0.4, -0.7), 0.025)
    assert set(np.flatnonzero(wish.classes).tolist()) <= set(view_of(3).weights.which.tolist())
    far, edge = (open_translator("views", GROUND, 3).translate(Felt(v, 0.0), 0.05) for v in (40.0, 2.5))
    np.testing.assert_array_equal(far.z, edge.z)


def test_a_generator_without_views_has_the_map_that_needs_no_training() -> None:
    wish = open_translator("views", Ground("biggan-deep-128", class_moods()), 3).translate(Felt(0, 0), 0.05)
    assert wish.classes.shape == (CLASSES,)
    assert np.count_nonzero(wish.classes > 0) > 10


def test_views_of_ones_own_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVESING_VIEWS", str(tmp_path))
    arrays, notes = read_arrays(FOLDER / "embedded-02.safetensors")
    write_arrays(tmp_path / "stylegan2-00.safetensors", arrays, notes | {"generator": "stylegan2"})
    wish = open_translator("views", Ground("stylegan2", class_moods()), 0).translate(Felt(0, 0), 0.05)
    assert set(np.flatnonzero(wish.classes).tolist()) <= set(view_of(2).weights.which.tolist())


def broken(folder: Path) -> dict[str, Path]:
    """Files that were views once."""
    good = FOLDER / "embedded-00.safetensors"
    arrays, notes = read_arrays(good)
    infinite = {**arrays, "w_z": np.full_like(arrays["w_z"], np.inf)}
    twice = {**arrays, "which": np.zeros_like(arrays["which"])}
    flat = {**arrays, "statistics": np.zeros_like(arrays["statistics"])}
    files = {
        "infinite": (infinite, notes),
        "twice": (twice, notes),
        "flat": (flat, notes),
        "short": ({name: array for name, array in arrays.items() if name != "b1"}, notes),
        "shape": ({**arrays, "w1": arrays["w1"][:, :5]}, notes),
        "names": (arrays, notes | {"names": json.dumps(["one"])}),
        "no-json": (arrays, notes | {"scores": "{"}),
        "unnamed": (arrays, {"kind": "view"}),
        "other": (arrays, notes | {"generator": "stylegan2"}),
    }
    for name, (some, told) in files.items():
        write_arrays(folder / f"{name}.safetensors", some, told)
    (folder / "cut.safetensors").write_bytes(good.read_bytes()[:-100])
    return {path.stem: path for path in folder.glob("*.safetensors")}


def test_broken_views_are_refused_in_one_line(tmp_path: Path) -> None:
    files = broken(tmp_path)
    assert len(files) == 10
    for path in files.values():
        with pytest.raises(TranslatorError) as refused:
            open_translator(path.name, Ground("embedded", class_moods(), tmp_path))
        assert "\n" not in str(refused.value)
    shutil.copy(FOLDER / "embedded-00.safetensors", tmp_path / "good.safetensors")
    assert open_translator("good.safetensors", Ground("embedded", class_moods(), tmp_path))


@pytest.mark.parametrize(
    "bad", [["--view", "100"], ["--generator", "nobody"], ["--audio", "nothing.wav"], ["--view", "77"]]
)
def test_bench_loop_refuses_in_one_line(bad: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "loop", "--one", *bad]) == 2
    error = capsys.readouterr().err.strip()
    assert error and "\n" not in error
