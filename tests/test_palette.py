"""Palette: the Monge map does what its formula says, and never leaves the finite."""

import itertools

import numpy as np
import pytest

from livesing.style.palette import (
    IDENTITY,
    LUMA,
    MOST_GAIN,
    RIDGE,
    SECONDS,
    AffineColour,
    blend,
    grade,
    monge,
    palette_spread,
    smooth,
)
from livesing.style.transport import Spread, spread


def cloud(seed: int, size: float = 0.2) -> np.ndarray:
    """Colours of a full-rank normal distribution, [5000, 3]."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0.3, 0.7, 3) + rng.normal(0, size, (5000, 3)) @ (
        np.eye(3) + rng.normal(0, 0.2, (3, 3))
    )


def through(colour: AffineColour, colours: np.ndarray) -> np.ndarray:
    return colours @ colour.matrix.T + colour.offset


FLAT = {
    "black": np.zeros((40, 3)),
    "white": np.ones((40, 3)),
    "one colour": np.tile([0.2, 0.9, 0.4], (40, 1)),
    "grey ramp": np.linspace(0, 1, 40)[:, None] * np.ones(3),
    "red and black": np.outer(np.arange(40) % 2, [1.0, 0, 0]),
    "a plane": np.random.default_rng(0).uniform(0, 1, (40, 3)) * [1, 1, 0],
    "nearly black": np.random.default_rng(0).uniform(0, 1e-6, (40, 3)),
    "noise": np.random.default_rng(0).integers(0, 2, (40, 3)).astype(float),
}


def test_spread_agrees_with_numpy() -> None:
    colours = cloud(0)
    measured = spread(colours.reshape(50, 100, 3))
    np.testing.assert_allclose(measured.mean, colours.mean(axis=0))
    np.testing.assert_allclose(measured.covariance, np.cov(colours.T, bias=True))


def test_spread_takes_bytes() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (9, 16, 3), np.uint8)
    np.testing.assert_allclose(spread(colours).mean, colours.reshape(-1, 3).astype(float).mean(axis=0))


@pytest.mark.parametrize("seed", range(8))
def test_mean_and_covariance_become_the_palettes(seed: int) -> None:
    colours, wanted = cloud(seed), spread(cloud(seed + 100))
    colour = monge(spread(colours), wanted)
    assert np.linalg.norm(colour.matrix, 2) < MOST_GAIN
    result = spread(through(colour, colours))
    np.testing.assert_allclose(result.mean, wanted.mean, atol=1e-6)
    np.testing.assert_allclose(result.covariance, wanted.covariance, atol=1e-2)
    # With the ridge on both sides it is exact.
    ridge = RIDGE * np.eye(3)
    exact = colour.matrix @ (spread(colours).covariance + ridge) @ colour.matrix.T
    np.testing.assert_allclose(exact, wanted.covariance + ridge, atol=1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_gentlest_map(seed: int) -> None:
    """Symmetric and positive: no colour axis is turned or mirrored (Brenier)."""
    matrix = monge(spread(cloud(seed)), spread(cloud(seed + 50))).matrix
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-10)
    assert np.linalg.eigvalsh(matrix).min() > 0


@pytest.mark.parametrize("name", FLAT)
def test_between_equals_it_is_the_identity(name: str) -> None:
    same = spread(FLAT[name])
    colour = monge(same, same)
    np.testing.assert_allclose(colour.matrix, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(colour.offset, 0, atol=1e-9)


@pytest.mark.parametrize(("source", "target"), list(itertools.product(FLAT, FLAT)))
def test_whatever_the_picture_it_stays_finite_and_tame(source: str, target: str) -> None:
    colour = monge(spread(FLAT[source]), spread(FLAT[target]))
    assert np.isfinite(colour.matrix).all()
    assert np.isfinite(colour.offset).all()
    assert np.linalg.norm(colour.matrix, 2) <= MOST_GAIN + 1e-9
    np.testing.assert_allclose(
        through(colour, FLAT[source]).mean(axis=0), FLAT[target].mean(axis=0), atol=1e-9
    )


def test_a_palette_is_a_gradient_through_its_colours() -> None:
    line = palette_spread([(0, 0, 0), (1, 0.5, 0)])
    np.testing.assert_allclose(line.mean, [0.5, 0.25, 0], atol=1e-12)
    # A uniform line from 0 to 1 has variance 1/12, two points would have 1/4.
    assert line.covariance[0, 0] == pytest.approx(1 / 12, rel=0.05)
    assert np.linalg.matrix_rank(line.covariance, tol=1e-9) == 1
    flat = palette_spread([(0.3, 0.3, 0.3)] * 5)
    np.testing.assert_allclose(flat.covariance, 0, atol=1e-12)


def test_blend_goes_from_one_to_the_other() -> None:
    other = monge(spread(cloud(1)), spread(cloud(2)))
    colours = cloud(3)
    np.testing.assert_allclose(through(blend(IDENTITY, other, 0.0), colours), colours)
    np.testing.assert_allclose(through(blend(IDENTITY, other, 1.0), colours), through(other, colours))
    middle = (colours + through(other, colours)) / 2
    np.testing.assert_allclose(through(blend(IDENTITY, other, 0.5), colours), middle)


def test_after() -> None:
    first, second = grade(1.2, 0.8, 1.5, 0.1), monge(spread(cloud(1)), spread(cloud(2)))
    colours = cloud(3)
    np.testing.assert_allclose(
        through(second.after(first), colours), through(second, through(first, colours)), atol=1e-12
    )


def test_smoothing_takes_its_time_constant_at_any_frame_rate() -> None:
    begin, target = spread(cloud(1)), spread(cloud(2))
    assert smooth(None, target, 0.1) is target
    for fps in (10, 60):
        now = begin
        for _ in range(round(SECONDS * fps)):
            now = smooth(now, target, 1 / fps)
        for got, old, new in zip(now, begin, target, strict=True):
            np.testing.assert_allclose(got, new + (old - new) / np.e, atol=1e-12)
    assert isinstance(smooth(begin, target, 0.0), Spread)
    np.testing.assert_allclose(smooth(begin, target, 0.0).mean, begin.mean)


# ------------------------------------------------------------------------------------------- grading


def test_a_neutral_grade_is_the_identity() -> None:
    colour = grade(1.0, 1.0, 1.0, 0.0)
    np.testing.assert_allclose(colour.matrix, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(colour.offset, 0, atol=1e-12)


@pytest.mark.parametrize("saturation", [0.0, 0.5, 1.7])
def test_saturation_keeps_luma_and_greys(saturation: float) -> None:
    colours = cloud(0)
    result = through(grade(1.0, 1.0, saturation, 0.0), colours)
    np.testing.assert_allclose(result @ LUMA, colours @ LUMA, atol=1e-12)
    chroma = np.linalg.norm(result - (result @ LUMA)[:, None], axis=1)
    before = np.linalg.norm(colours - (colours @ LUMA)[:, None], axis=1)
    np.testing.assert_allclose(chroma, saturation * before, atol=1e-12)


@pytest.mark.parametrize("turn", [-0.5, -0.1, 0.25, 1 / 3, 1.0])
def test_a_turn_of_hue_keeps_greys_and_lengths(turn: float) -> None:
    colour = grade(1.0, 1.0, 1.0, turn)
    greys = np.linspace(0, 1, 5)[:, None] * np.ones(3)
    np.testing.assert_allclose(through(colour, greys), greys, atol=1e-12)
    np.testing.assert_allclose(colour.matrix @ colour.matrix.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(colour.matrix) == pytest.approx(1.0)


def test_a_third_of_a_turn_makes_red_green() -> None:
    colour = grade(1.0, 1.0, 1.0, 1 / 3)
    np.testing.assert_allclose(through(colour, np.eye(3)), np.roll(np.eye(3), 1, axis=1), atol=1e-12)


def test_contrast_turns_around_middle_grey_and_brightness_around_black() -> None:
    greys = np.array([0.0, 0.25, 0.5, 1.0])[:, None] * np.ones(3)
    np.testing.assert_allclose(
        through(grade(1.0, 2.0, 1.0, 0.0), greys)[:, 0], [-0.5, 0.0, 0.5, 1.5], atol=1e-12
    )
    np.testing.assert_allclose(through(grade(2.0, 1.0, 1.0, 0.0), greys)[:, 1], [0, 0.5, 1, 2], atol=1e-12)
    # Both: contrast first, so that a brighter picture keeps its middle's place in the curve.
    np.testing.assert_allclose(
        through(grade(2.0, 0.5, 1.0, 0.0), greys)[:, 2], [0.5, 0.75, 1.0, 1.5], atol=1e-12
    )
