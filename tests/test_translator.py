"""The translator: a smooth map of the whole plane, near what is asked for."""

import dataclasses

import numpy as np
import pytest

from livesing.generation.embedded import class_moods
from livesing.translation.fixed_map import VIEWS, fixed_map
from livesing.translation.network import TEMPERATURE, TranslatorWeights, softmax, translate
from livesing.translation.translator import CLASSES, LATENT

MOODS = class_moods()
AXIS = np.linspace(-2, 2, 21)
GRID = [(float(v), float(a)) for a in AXIS for v in AXIS]


@pytest.fixture(scope="module")
def weights() -> TranslatorWeights:
    return fixed_map(MOODS, 0)


@pytest.fixture(scope="module")
def every_view() -> list[TranslatorWeights]:
    return [fixed_map(MOODS, view) for view in range(VIEWS)]


def test_softmax() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(5, 40))
    for temperature in (1e-3, 0.05, 1.0, 100.0):
        shares = softmax(logits, temperature)
        np.testing.assert_allclose(shares.sum(axis=-1), 1.0)
        assert (shares >= 0).all()
        np.testing.assert_allclose(softmax(logits + 1e3, temperature), shares, atol=1e-9)
        assert (shares.argmax(axis=-1) == logits.argmax(axis=-1)).all()
    np.testing.assert_allclose(softmax(logits, 1.0), np.exp(logits) / np.exp(logits).sum(-1, keepdims=True))
    assert np.isfinite(softmax(np.array([1e300, -1e300]), 0.05)).all()


@pytest.mark.parametrize("temperature", [0.01, TEMPERATURE, 0.1])
def test_what_comes_out_is_a_mixture_and_a_latent(weights: TranslatorWeights, temperature: float) -> None:
    for valence, arousal in [(0, 0), (3, -3), (-9, 9), (1e4, 1e4)]:
        wish = translate(valence, arousal, weights, temperature)
        assert wish.classes.shape == (CLASSES,)
        assert wish.classes.dtype == wish.z.dtype == np.float32
        assert wish.z.shape == (LATENT,)
        assert (wish.classes >= 0).all()
        assert wish.classes.sum() == pytest.approx(1.0, abs=1e-5)
        assert np.isfinite(wish.z).all()


def test_a_lower_temperature_is_one_class_alone(weights: TranslatorWeights) -> None:
    tops = [
        translate(0.3, -0.4, weights, temperature).classes.max() for temperature in (0.01, 0.05, 0.2, 1.0)
    ]
    assert tops == sorted(tops, reverse=True)


def test_every_view_covers_the_plane_near_what_was_asked(every_view: list[TranslatorWeights]) -> None:
    asked = np.array(GRID)
    for weights in every_view:
        tops = np.array([translate(v, a, weights).classes.argmax() for v, a in GRID])
        assert len(set(tops.tolist())) >= 20
        for axis in (0, 1):
            assert np.corrcoef(asked[:, axis], MOODS[tops, axis])[0, 1] > 0.9
        assert np.hypot(*(MOODS[tops] - asked).T).mean() < 0.6


def test_the_plane_holds_thirty_classes(weights: TranslatorWeights) -> None:
    assert len({int(translate(v, a, weights).classes.argmax()) for v, a in GRID}) >= 30


@pytest.mark.parametrize("view", [0, 7, 19])
def test_a_small_step_of_feeling_is_a_small_step_of_the_picture(
    every_view: list[TranslatorWeights], view: int
) -> None:
    """A softmax's total variation moves by at most half the spread of the logits' steps over temperature.

    Stations .8 apart with bumps of width .55: crossing from one to its neighbour changes the difference of
    their two logits by (.8 / .55)^2 over .8, so a step of .05 changes it by .13 at most and the
    distribution by a quarter of that a pair; jitter, neighbours and the fit get a factor of four.
    """
    step, bound = 0.05, 4 * 0.25 * (0.8 / 0.55**2) * 0.05
    rng = np.random.default_rng(view)
    for valence, arousal in rng.uniform(-2, 2, (150, 2)):
        angle = rng.uniform(0, 2 * np.pi)
        here = translate(valence, arousal, every_view[view])
        there = translate(valence + step * np.cos(angle), arousal + step * np.sin(angle), every_view[view])
        assert 0.5 * np.abs(here.classes - there.classes).sum() < bound
        cosine = here.z @ there.z / np.linalg.norm(here.z) / np.linalg.norm(there.z)
        assert np.degrees(np.arccos(min(cosine, 1.0))) < 10


def test_z_turns_with_feeling(weights: TranslatorWeights) -> None:
    corners = [translate(v, a, weights).z for v, a in ((-2, -2), (-2, 2), (2, -2), (2, 2), (0, 0))]
    unit = np.array([z / np.linalg.norm(z) for z in corners])
    cosines = (unit @ unit.T)[np.triu_indices(5, 1)]
    assert cosines.max() < 0.7


def test_views_differ_and_repeat(every_view: list[TranslatorWeights]) -> None:
    tops = [tuple(translate(v, a, weights).classes.argmax() for v, a in GRID[::7]) for weights in every_view]
    for number, one in enumerate(tops):
        for other in tops[:number]:
            assert np.mean(np.array(one) == np.array(other)) < 0.5
    again = fixed_map(MOODS, 3)
    for field in dataclasses.fields(TranslatorWeights):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(every_view[3], field.name))


WEIGHTS = [field.name for field in dataclasses.fields(TranslatorWeights) if field.name != "which"]


@pytest.mark.parametrize("which", [[], [1] * CLASSES, [*range(1, CLASSES + 1)], [[*range(CLASSES)]], [3, 4]])
def test_bad_classes_are_refused(weights: TranslatorWeights, which: list[int]) -> None:
    with pytest.raises(ValueError, match=r"which|w_classes"):
        dataclasses.replace(weights, which=np.array(which))


@pytest.mark.parametrize("field", WEIGHTS)
def test_bad_weights_are_refused(weights: TranslatorWeights, field: str) -> None:
    good = getattr(weights, field)
    spoilt = good.copy()
    spoilt.flat[3] = np.nan
    for bad in (spoilt, good[..., :-1], good.T[None], np.full_like(good, np.inf)):
        with pytest.raises(ValueError, match=field):
            dataclasses.replace(weights, **{field: bad})


@pytest.mark.parametrize("shape", [(999, 2), (1000, 3), (2, 1000), (1000,)])
def test_moods_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="moods"):
        fixed_map(np.zeros(shape))
