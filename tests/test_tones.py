"""Tones: curves that give each channel the style's lights and darks."""

import numpy as np
import pytest

from livesing.style.bands import Statistics, statistics
from livesing.style.settle import Level
from livesing.style.style_image import style_image
from livesing.style.tones import (
    DOMAIN,
    IDENTITY,
    MOST_GAIN,
    STEEPEST,
    STEPS,
    curves,
    tones,
)
from livesing.style.wct import style_maps

PLACES = np.linspace(*DOMAIN, STEPS)


def toned(colours: np.ndarray, curve: np.ndarray) -> np.ndarray:
    return np.stack([np.interp(colours[:, c], PLACES, curve[:, c]) for c in range(3)], -1)


def test_what_is_like_the_style_stays_as_it_is() -> None:
    known = tones(np.random.default_rng(0).uniform(0.1, 0.9, (500, 3)))
    inside = (PLACES[:, None] > known[0]) & (PLACES[:, None] < known[-1])
    assert np.abs(curves(known, known) - IDENTITY)[inside].max() < 1e-9


def test_a_dark_figure_before_a_bright_ground_gets_the_styles_tones() -> None:
    rng = np.random.default_rng(1)
    picture = np.where(rng.random((2000, 1)) < 0.2, -0.3, 0.75) + rng.normal(0, 0.08, (2000, 3))
    style = tones(np.clip(rng.normal(0.5, 0.2, (2000, 3)), 0, 1))
    before = tones(picture)
    after = tones(toned(picture, curves(before, style)))
    assert np.abs(after - style).mean() < 0.5 * np.abs(before - style).mean()
    assert after.min() >= 0 and after.max() <= 1


@pytest.mark.parametrize("seed", range(3))
def test_curves_rise_and_keep_their_bounds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    have, wanted = (tones(rng.normal(0.5, s, (300, 3)) ** p) for s, p in ((0.1, 3), (0.3, 1)))
    slopes = np.diff(curves(have, wanted), axis=0) / (PLACES[1] - PLACES[0])
    assert slopes.min() >= 0 and slopes.max() <= STEEPEST * MOST_GAIN + 1e-9
    curve = curves(have, wanted)
    free = (curve[:-1] > 0) & (curve[1:] < 1)
    assert slopes[free].min() > 0


def test_one_colour_has_a_curve() -> None:
    flat = np.full((40, 3), 0.3)
    assert np.isfinite(curves(tones(flat), tones(np.random.default_rng(0).random((40, 3))))).all()


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


def test_what_is_mapped_gets_the_styles_spread() -> None:
    """Where the bounds alone would leave too little of it, too."""
    rng = np.random.default_rng(2)
    have = tones(np.where(rng.random((999, 1)) < 0.2, 0.0, 0.7) + rng.normal(0, 0.02, (999, 3)))
    wanted = tones(rng.uniform(0.2, 0.8, (999, 3)))
    after = toned(have, curves(have, wanted))
    assert np.abs(after.mean(0) - wanted.mean(0)).max() < 0.01
    assert np.abs(after.std(0) / wanted.std(0) - 1).max() < 0.1
