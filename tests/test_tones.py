"""Tones: curves along many axes that give a picture the style's colours."""

import numpy as np
import pytest

from livesing.style.bands import Statistics, statistics
from livesing.style.settle import Level
from livesing.style.style_image import style_image
from livesing.style.tones import LAYERS, MOST_GAIN, PLACES, STEEPEST, STEP, TURNS, curves, toned, tones
from livesing.style.wct import style_maps


def painted(colours: np.ndarray, style: np.ndarray) -> np.ndarray:
    """Colours [n, 3] as they are spread as a style's [m, 3]."""
    return toned(colours, curves(colours, tones(style)))[0]


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """Of two sets of colours: mean distance of quantiles along axes that the curves do not know."""
    axes = np.linalg.qr(np.random.default_rng(9).normal(size=(8, 3, 3)))[0].reshape(-1, 3)
    shares = (np.arange(50) + 0.5) / 50
    return float(
        np.abs(np.diff([np.quantile(of @ axes.T, shares, axis=0) for of in (one, other)], axis=0)).mean()
    )


def two_kinds(rng: np.random.Generator, number: int = 2000) -> np.ndarray:
    """Yellow lights and blue darks, few of the first: what no covariance tells."""
    few = rng.random((number, 1)) < 0.2
    return np.where(few, [0.85, 0.75, 0.2], [0.1, 0.3, 0.6]) + rng.normal(0, 0.05, (number, 3))


def test_turns_are_turns() -> None:
    np.testing.assert_allclose(
        TURNS @ TURNS.swapaxes(1, 2), np.broadcast_to(np.eye(3), TURNS.shape), atol=1e-12
    )


def test_what_is_like_the_style_stays_as_it_is() -> None:
    colours = np.random.default_rng(0).uniform(0.1, 0.9, (500, 3))
    inside = np.abs(colours - 0.5).max(1) < 0.25
    assert np.abs(painted(colours, colours) - colours)[inside].max() < 0.01


def test_a_picture_gets_the_styles_colours_and_not_their_covariance_alone() -> None:
    rng = np.random.default_rng(1)
    style = two_kinds(rng)
    picture = rng.multivariate_normal(style.mean(0), np.cov(style.T), 2000)
    after = painted(picture, style)
    assert apart(after, style) < 0.5 * apart(picture, style)
    assert after.min() >= 0 and after.max() <= 1


def test_a_dark_figure_before_a_bright_ground_gets_the_styles_tones() -> None:
    rng = np.random.default_rng(1)
    picture = np.where(rng.random((2000, 1)) < 0.2, -0.3, 0.75) + rng.normal(0, 0.08, (2000, 3))
    style = np.clip(rng.normal(0.5, 0.2, (2000, 3)), 0, 1)
    assert apart(painted(picture, style), style) < 0.5 * apart(picture, style)


@pytest.mark.parametrize("seed", range(3))
def test_colours_keep_their_order_along_any_line(seed: int) -> None:
    """Where they differ in one direction they still do: nothing between two colours goes beyond both."""
    rng = np.random.default_rng(seed)
    style = two_kinds(rng)
    picture = rng.multivariate_normal(style.mean(0), np.cov(style.T), 500)
    curve = curves(picture, tones(style))
    starts = np.clip(picture[rng.integers(0, 500, 40)], 0.05, 0.95)
    ends = np.clip(picture[rng.integers(0, 500, 40)], 0.05, 0.95)
    line = starts + (ends - starts) * np.linspace(0, 1, 50)[:, None, None]
    along = (toned(line, curve)[0] * (ends - starts)).sum(-1) / np.linalg.norm(ends - starts, axis=-1)
    assert np.diff(along, axis=0).min() > -0.01


@pytest.mark.parametrize("seed", range(3))
def test_curves_keep_their_bounds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    have, wanted = (rng.normal(0.5, s, (300, 3)) ** p for s, p in ((0.1, 3), (0.3, 1)))
    added = curves(have, tones(wanted))
    assert added.shape[:2] == (LAYERS, len(TURNS))
    slopes = 1 + np.diff(added, axis=2) / (PLACES[1] - PLACES[0]) * len(TURNS) / STEP
    assert slopes.min() >= -1e-9 and slopes.max() <= STEEPEST * MOST_GAIN + 1e-9


def test_light_grows_as_told() -> None:
    rng = np.random.default_rng(3)
    picture, style = rng.uniform(0.3, 0.7, (400, 3)), two_kinds(rng)
    curve = curves(picture, tones(style))
    grey, step = picture.mean(1, keepdims=True).repeat(3, 1), 1e-4
    here, grows = toned(grey, curve)
    moved = (toned(grey + step, curve)[0] - here).mean(1) / step
    free = (here > 0.01).all(1) & (here < 0.99).all(1)
    np.testing.assert_allclose(np.minimum(moved, 1.0)[free], grows[free], atol=0.02)
    assert free.sum() > 100


def test_one_colour_has_a_curve() -> None:
    flat = np.full((40, 3), 0.3)
    assert np.isfinite(curves(flat, tones(np.random.default_rng(0).random((40, 3))))).all()


def test_statistics_need_no_colours() -> None:
    assert len(Statistics(np.zeros(3), np.zeros((5, 3, 3))).low) == 0


def test_first_colours_do_not_flood_a_grey_picture() -> None:
    """A pulse of light or colour is never larger when it is painted, whatever the map's gain."""
    rng = np.random.default_rng(0)
    style = style_image(rng.random((224, 224, 3)))
    grey = np.repeat(rng.random((64, 64, 1)), 3, 2)
    work = style_maps(statistics(grey), style)
    for pulse in (np.array([0.05, -0.02, -0.03]), np.full(3, 0.01), np.zeros(3)):
        level = Level(work.mean + pulse, 0.2)
        moved = level.painted(work).mean - work.style_mean
        assert np.linalg.norm(moved) <= np.linalg.norm(pulse) + 1e-12
        np.testing.assert_allclose(
            work.maps[-1] @ (level.mean - work.mean) + level.ground(work), moved + work.style_mean, atol=1e-12
        )
