"""How the embedded generator's table of classes is made, and that it says what g feels."""

import re
from collections.abc import Callable

import numpy as np
import pytest

from livesing.generation.embedded import EmbeddedGenerator
from livesing.generation.latent_path import NORM
from livesing.sentiment.image import ImageEstimator
from livesing.train import class_dictionary
from livesing.train.class_dictionary import SIZE, TABLE, Drawn, axes_of, names_of, write
from livesing.translation.class_table import load
from livesing.translation.dictionary import (
    DictionaryTranslator,
    latent_frame,
    lean,
    measured_axes,
    vocabulary,
)
from livesing.translation.translator import CLASSES, LATENT, Felt


def scores() -> tuple[np.ndarray, np.ndarray]:
    """What the table's head says of g's z-scores: (zero, unit)."""
    text = TABLE.read_text(encoding="utf-8")
    found = re.findall(r"\(g ([+-]\d+\.\d+)\) / (\d+\.\d+)", text)
    assert len(found) == 2
    return -np.array([float(zero) for zero, _ in found]), np.array([float(unit) for _, unit in found])


def test_axes_bring_one_feeling_each() -> None:
    """Felt is a class's own place and a linear part of z, with two slopes that are not orthogonal."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(300, 8, LATENT))
    z *= NORM / np.linalg.norm(z, axis=-1, keepdims=True)
    slopes = rng.normal(size=(LATENT, 2)) @ np.array([[0.4, 0.1], [0.0, 0.3]])
    unit = np.array([2.0, 0.5])
    felt = (rng.normal(size=(300, 1, 2)) + z @ slopes) * unit
    axes, reach = axes_of(Drawn(z, felt, np.zeros((300, 8, 4))), unit)
    np.testing.assert_allclose(np.linalg.norm(axes, axis=1), 1, rtol=1e-5)
    brought = NORM * axes @ slopes
    np.testing.assert_allclose(brought, np.diag(np.diag(brought)), atol=0.02 * np.abs(brought).max())
    np.testing.assert_allclose(np.diag(brought), reach, rtol=0.1)


def test_names_tell_the_colour() -> None:
    colours = np.tile([0.5, 0.1, 0.0, 0.1], (CLASSES, 1))
    colours[1] = 0.3, -0.05, -0.08, 0.1  # dark blue
    colours[2] = 0.7, 0.0, 0.1, 0.1  # pale yellow
    colours[3] = 0.5, 0.0, 0.01, 0.02  # grey
    colours[4] = 0.5, 0.01, 0.0, 0.1  # of all colours
    names = names_of(colours)
    found = [name.rsplit(" ", 1)[0] for name in names[:5]]
    assert found == ["rose", "dark azure", "pale golden", "grey", "iridescent"]
    assert len(set(names)) > 5  # the worlds


def test_what_is_written_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("table") / "embedded.tsv"
    monkeypatch.setattr(class_dictionary, "TABLE", path)
    places = np.random.default_rng(0).normal(size=(CLASSES, 2))
    write(
        places, [f"class {number}" for number in range(CLASSES)], np.array([-0.2, 0.3]), np.array([0.5, 0.6])
    )
    table = load(path)
    np.testing.assert_allclose(table.places, places, atol=0.0051)
    assert table.names[7] == "class 7"
    assert "(g +0.200) / 0.500, arousal = (g -0.300) / 0.600" in path.read_text(encoding="utf-8")


G = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""z [N, 128], mixtures [N, 1000] -> what g feels in their frames, [N, 2], in the table's z-scores."""


@pytest.fixture(scope="module")
def g_of() -> G:
    generator, estimator = EmbeddedGenerator(*SIZE), ImageEstimator()
    zero, unit = scores()

    def feel(z: np.ndarray, classes: np.ndarray) -> np.ndarray:
        z = (z * (NORM / np.linalg.norm(z, axis=1, keepdims=True))).astype(np.float32)
        frames = [
            generator.render_rgba(one[None], mixture[None], None)[..., :3].copy()
            for one, mixture in zip(z, classes, strict=True)
        ]
        return (estimator.rate(frames) - zero) / unit

    return feel


def test_the_table_that_ships_says_what_g_feels(g_of: G) -> None:
    """For some classes, with z leaning as in a view that the measurement did not use."""
    table = load(TABLE)
    some = np.random.default_rng(1).choice(CLASSES, 30, replace=False)
    places = table.places[some]
    z = lean(places, latent_frame(17, measured_axes("embedded")))
    felt = g_of(z, np.eye(CLASSES, dtype=np.float32)[table.numbers[some]])
    for axis in (0, 1):
        assert np.corrcoef(places[:, axis], felt[:, axis])[0, 1] > 0.9
    assert np.hypot(*(felt - places).T).mean() < 0.7


def test_z_alone_brings_feeling(g_of: G) -> None:
    """The same classes, with z as it leans from the least pleasant, or calmest, to the opposite."""
    some = np.eye(CLASSES, dtype=np.float32)[np.random.default_rng(2).choice(CLASSES, 8, replace=False)]
    frame = latent_frame(3, measured_axes("embedded"))
    for axis in (0, 1):
        ends = [np.tile(np.eye(2)[axis] * end, (len(some), 1)) for end in (-2.0, 2.0)]
        low, high = (g_of(lean(end, frame), some) for end in ends)
        moved = (high - low).mean(axis=0)
        assert moved[axis] > 1.0 and abs(moved[1 - axis]) < 0.5 * moved[axis]


def test_the_loop_closes(g_of: G) -> None:
    """A grid of feelings -> the dictionary -> the generator -> g."""
    words = vocabulary(load(TABLE), 0)
    translator = DictionaryTranslator(words, view=0, axes=measured_axes("embedded"))
    axis = np.linspace(-1.5, 1.5, 5)
    asked = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    dreams = [translator.translate(Felt(*place), 0.025) for place in asked]
    felt = g_of(np.stack([dream.z for dream in dreams]), np.stack([dream.classes for dream in dreams]))
    for column in (0, 1):
        assert np.corrcoef(asked[:, column], felt[:, column])[0, 1] > 0.85
