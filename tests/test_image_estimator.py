"""The image estimator: what people rated, and sensible answers for pictures that show no thing."""

import csv
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

from livesing.generation.embedded import Z_DIM, EmbeddedGenerator
from livesing.generation.worlds import CLASSES
from livesing.sentiment.image import MODEL, UNIT, ZERO, ImageEstimator, manner_feeling, middle
from livesing.sentiment.image_colour import AROUSAL, GRID, PLEASURE, SPREAD, USUAL, Look, colour_feeling, look
from livesing.sentiment.image_file import read_picture


@pytest.fixture(scope="module")
def estimator() -> ImageEstimator:
    return ImageEstimator()


def clouds(seed: int = 0, grain: int = 5, size: int = 96) -> np.ndarray:
    """A smooth grey pattern [size, size] in 0..1."""
    field = np.random.default_rng(seed).random((grain, grain)).astype(np.float32)
    whole = np.asarray(Image.fromarray(field).resize((size, size), Image.Resampling.BICUBIC))
    return np.clip(whole, 0, 1)


def painted(value: np.ndarray, dark: tuple[float, ...], bright: tuple[float, ...]) -> np.ndarray:
    """A pattern between two colours, uint8 [H, W, 3]."""
    mixed = value[:, :, None] * np.array(bright) + (1 - value[:, :, None]) * np.array(dark)
    return np.clip(mixed * 255, 0, 255).astype(np.uint8)


# -------------------------------------------------------------------------------------------- the interface


def test_it_takes_batches_and_any_size(estimator: ImageEstimator) -> None:
    pictures = [painted(clouds(i), (0, 0.2, 0.4), (1, 0.8, 0.3)) for i in range(3)]
    together = estimator.rate(np.stack(pictures))
    assert together.shape == (3, 2)
    assert together.dtype == np.float32
    apart = np.concatenate([estimator.rate(picture[None]) for picture in pictures])
    np.testing.assert_allclose(together, apart, atol=1e-4)
    ragged = estimator.rate(
        [pictures[0], pictures[1][:50], np.full((1, 1, 3), 9, np.uint8), pictures[2][:, :1]]
    )
    assert ragged.shape == (4, 2)
    assert np.isfinite(ragged).all()
    np.testing.assert_allclose(ragged[0], together[0], atol=1e-4)
    assert estimator.rate(np.zeros((0, 5, 5, 3), np.uint8)).shape == (0, 2)


def test_it_is_deterministic(estimator: ImageEstimator) -> None:
    picture = painted(clouds(3), (0.1, 0, 0.2), (0.9, 1, 0.4))[None]
    assert (estimator.rate(picture) == ImageEstimator().rate(picture)).all()


def test_the_size_of_a_picture_hardly_matters(estimator: ImageEstimator) -> None:
    large = painted(clouds(1, size=512), (0, 0.1, 0.3), (1, 0.7, 0.4))
    small = np.asarray(Image.fromarray(large).resize((160, 160), Image.Resampling.BOX))
    np.testing.assert_allclose(estimator.rate([large]), estimator.rate([small]), atol=0.06)


@pytest.mark.parametrize(
    "bad", [np.zeros((2, 5, 5, 4), np.uint8), np.zeros((1, 5, 5, 3)), np.zeros((3, 0, 5, 3), np.uint8)]
)
def test_what_is_no_picture_is_refused(bad: np.ndarray, estimator: ImageEstimator) -> None:
    with pytest.raises(ValueError, match="a picture is"):
        estimator.rate(bad)


@pytest.mark.parametrize(
    ("size", "box"),
    [((100, 80), (0, 0, 100, 80)), ((500, 100), (150, 0, 350, 100)), ((10, 60), (0, 20, 10, 40))],
)
def test_a_long_picture_is_seen_in_its_middle(size: tuple[int, int], box: tuple[int, ...]) -> None:
    assert middle(*size) == box


def test_the_model_is_small_and_has_a_card() -> None:
    assert MODEL.stat().st_size < 8e6
    card = MODEL.with_suffix(".md").read_text(encoding="utf-8")
    for word in ("data", "terms", "date", "r |"):
        assert word in card


# ------------------------------------------------------------------------------------------------ photographs


def test_it_agrees_with_people(estimator: ImageEstimator, data_dir: Path) -> None:
    """On photographs that it has learnt from: the card has the scores on others."""
    folder = data_dir / "oasis_dev"
    with (folder / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[::6]
    rated = np.array([[float(row["Valence_mean"]), float(row["Arousal_mean"])] for row in rows])
    felt = estimator.explain([read_picture(folder / row["file"]) for row in rows])
    for i, least in enumerate((0.5, 0.5)):
        assert np.corrcoef(felt.blend()[:, i], rated[:, i])[0, 1] > least
        assert np.corrcoef(felt.blend()[:, i], felt.seen[:, i])[0, 1] > 0.9
    np.testing.assert_allclose((rated.mean(0) - ZERO) / UNIT, 0, atol=0.3)
    assert np.median(felt.abstract) < 0.1


# ----------------------------------------------------------------------------------------- abstract pictures

MURKY = painted(clouds(2), (0.02, 0.03, 0.06), (0.12, 0.16, 0.22))
SUNNY = painted(clouds(2), (0.95, 0.55, 0.15), (1.0, 0.9, 0.35))
PALE = painted(clouds(2), (0.75, 0.75, 0.78), (0.85, 0.85, 0.86))
VIVID = painted(clouds(2), (0.9, 0.05, 0.2), (0.1, 0.3, 0.9))
BUSY = painted(clouds(4, grain=40), (0.9, 0.05, 0.2), (0.1, 0.3, 0.9))


def test_bright_and_warm_is_pleasanter_than_dark_and_cold(estimator: ImageEstimator) -> None:
    murky, sunny = estimator.rate([MURKY, SUNNY])
    assert sunny[0] > murky[0] + 0.5


def test_vivid_rouses_more_than_pale(estimator: ImageEstimator) -> None:
    pale, vivid, busy = estimator.rate([PALE, VIVID, BUSY])
    assert vivid[1] > pale[1] + 0.5
    assert busy[1] > pale[1] + 0.8


def lightened(amount: float) -> np.ndarray:
    return painted(clouds(5), (0.0, 0.1, 0.2), (0.5, 0.3, 0.6)) + np.uint8(100 * amount)


def saturated(amount: float) -> np.ndarray:
    colour = painted(clouds(6), (0.2, 0.3, 0.8), (0.9, 0.4, 0.3)).astype(np.float64)
    grey = colour.mean(2, keepdims=True)
    return np.clip(grey + (colour - grey) * amount, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("change", "axis"), [(lightened, 0), (saturated, 1)])
def test_colour_changes_lead_smoothly_upwards(
    change: Callable[[float], np.ndarray], axis: int, estimator: ImageEstimator
) -> None:
    path = estimator.rate([change(amount) for amount in np.linspace(0, 1, 21)])
    assert path[-1, axis] > path[0, axis] + 0.3
    assert np.abs(np.diff(path, axis=0)).max() < 0.3, "no jump"
    # on the whole upwards: hardly any way is lost
    steps = np.diff(path[:, axis])
    assert -steps[steps < 0].sum() < 0.35 * steps[steps > 0].sum()


def test_generated_frames_spread_over_the_plane(estimator: ImageEstimator) -> None:
    generator = EmbeddedGenerator(128, 72)
    rng = np.random.RandomState(3)
    frames = []
    for number in range(0, CLASSES, 8):
        z = rng.randn(1, Z_DIM).clip(-2, 2).astype(np.float32)
        classes = np.zeros((1, CLASSES), np.float32)
        classes[0, number] = 1
        frames.append(generator.render_rgba(z, classes, None)[:, :, :3])
    felt = estimator.explain(frames)
    assert (felt.blend().std(0) > 0.4).all()
    assert abs(np.corrcoef(felt.blend().T)[0, 1]) < 0.75
    assert np.median(felt.abstract) > 0.8


# ---------------------------------------------------------------------------------------------- colour terms


def flat(*colour: float) -> np.ndarray:
    return np.broadcast_to(np.array(colour, np.float32), (1, GRID, GRID, 3))


def test_colour_is_measured_in_oklab() -> None:
    white, red, grey = (look(flat(*colour)) for colour in ((1, 1, 1), (1, 0, 0), (0.5, 0.5, 0.5)))
    assert white.brightness[0] == pytest.approx(1, abs=1e-3)
    assert white.saturation[0] == pytest.approx(0, abs=1e-3)
    assert red.brightness[0] == pytest.approx(0.628, abs=1e-3)  # Ottosson's figures for sRGB's red
    assert red.saturation[0] == pytest.approx(0.2577, abs=1e-3)
    assert grey.brightness[0] == pytest.approx(0.598, abs=1e-3)
    assert grey.contrast[0] == pytest.approx(0, abs=1e-6)


def test_the_terms_are_those_published() -> None:
    usual = np.array([[float(value)] for value in USUAL])
    for i in range(2):
        for sign in (-1, 1):
            shifted = usual.copy()
            shifted[i] += (
                sign * 0.1 * float(SPREAD[i])
            )  # a tenth of a deviation, where the limit is hardly felt
            valence, arousal = colour_feeling(Look(*shifted))[0]
            assert valence == pytest.approx(sign * 0.1 * PLEASURE[i], rel=0.01, abs=1e-6)
            assert arousal == pytest.approx(sign * 0.1 * AROUSAL[i], rel=0.01, abs=1e-6)
    assert PLEASURE[:2] == (0.69, 0.22)
    assert AROUSAL[:2] == (-0.31, 0.60)


def test_stripes_are_more_active_than_a_ramp() -> None:
    ramp = np.linspace(0, 1, GRID, dtype=np.float32)
    stripes = (np.arange(GRID) // 2 % 2).astype(np.float32)
    pictures = np.stack([np.repeat(np.tile(line, (GRID, 1))[:, :, None], 3, 2) for line in (ramp, stripes)])
    calm, lively = colour_feeling(look(pictures))
    assert lively[1] > calm[1] + 0.5


# ------------------------------------------------------------------------------------------------- paintings


def test_styles_lie_about_where_their_colour_and_form_put_them() -> None:
    """Their places are ours, by eye; what colour and form say of them must be of one mind with that."""
    index = tomllib.loads((ROOT / "styles" / "index.toml").read_text(encoding="utf-8"))
    ours = np.array([[style["valence"], style["arousal"]] for style in index.values()])
    told = np.array([manner_feeling(read_picture(ROOT / "styles" / s["file"])) for s in index.values()])
    assert np.corrcoef(ours[:, 0], told[:, 0])[0, 1] > 0.7
    assert np.corrcoef(ours[:, 1], told[:, 1])[0, 1] > 0.5
