"""The embedded generator as the show uses it: without torch, from the files in the package."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from livesing.generation.embedded import Z_DIM, EmbeddedGenerator, class_moods
from livesing.generation.worlds import CLASSES
from livesing.train.class_moods import measure_frames

Floats = NDArray[np.float32]


@pytest.fixture(scope="module")
def generator() -> EmbeddedGenerator:
    return EmbeddedGenerator(128, 72)


def latents(count: int, seed: int) -> Floats:
    """Truncated normal z [count, 128]."""
    return np.random.RandomState(seed).randn(count, Z_DIM).clip(-2, 2).astype(np.float32)


def one_hot(*indices: int) -> Floats:
    return np.eye(CLASSES, dtype=np.float32)[list(indices)]


def luminance(image: Floats) -> Floats:
    """Gamma-coded luminance [B, H, W] in 0..1 of pictures [B, 3, H, W] in [-1, 1]."""
    weights = np.array([0.2126, 0.7152, 0.0722], np.float32)
    return np.einsum("c,bchw->bhw", weights, (image + 1) / 2)


def distance(first: Floats, second: Floats) -> float:
    """Root mean square difference of two pictures."""
    return float(np.sqrt(np.mean((first - second) ** 2)))


def test_shapes_and_range(generator: EmbeddedGenerator) -> None:
    z, classes = latents(2, 0), one_hot(3, 700)
    image = generator.render(z, classes)
    assert image.shape == (2, 3, 72, 128)
    assert image.dtype == np.float32
    assert image.min() >= -1
    assert image.max() <= 1
    assert generator.size == (128, 72)
    assert (generator.name, generator.layers) == ("embedded", 3)


def test_a_batch_is_its_single_pictures(generator: EmbeddedGenerator) -> None:
    z, classes = latents(2, 1), one_hot(10, 11)
    batch = generator.render(z, classes)
    for i in range(2):
        single = generator.render(z[i : i + 1], classes[i : i + 1])
        np.testing.assert_allclose(batch[i], single[0], atol=1e-4)


def test_one_condition_is_the_same_for_every_layer(generator: EmbeddedGenerator) -> None:
    z, classes = latents(1, 2), one_hot(42)
    layered = generator.render(np.repeat(z[:, None], 3, 1), np.repeat(classes[:, None], 3, 1))
    np.testing.assert_array_equal(generator.render(z, classes), layered)


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_every_layer_matters(generator: EmbeddedGenerator, layer: int) -> None:
    z, classes = np.repeat(latents(1, 3)[:, None], 3, 1), np.repeat(one_hot(5)[:, None], 3, 1)
    before = generator.render(z, classes)
    by_class, by_latent = classes.copy(), z.copy()
    by_class[:, layer] = one_hot(905)
    by_latent[:, layer] = latents(1, 4)
    assert distance(before, generator.render(z, by_class)) > 0.05
    assert distance(before, generator.render(by_latent, classes)) > 0.02


def test_extreme_conditions_stay_finite(generator: EmbeddedGenerator) -> None:
    uniform = np.full((1, CLASSES), 1 / CLASSES, np.float32)
    for z in (np.zeros((1, Z_DIM)), np.full((1, Z_DIM), 50.0), -1e4 * np.ones((1, Z_DIM))):
        for classes in (uniform, one_hot(0)):
            image = generator.render(z.astype(np.float32), classes)
            assert np.isfinite(image).all()
            assert np.abs(image).max() <= 1


def test_same_input_same_picture(generator: EmbeddedGenerator) -> None:
    z, classes = latents(1, 5), one_hot(77)
    first = generator.render_rgba(z, classes, None)
    np.testing.assert_array_equal(first, generator.render_rgba(z, classes, None))
    np.testing.assert_array_equal(first, EmbeddedGenerator(128, 72).render_rgba(z, classes, None))


def test_rgba_is_the_rounded_picture(generator: EmbeddedGenerator) -> None:
    z, classes = latents(1, 6), one_hot(321)
    out = np.zeros((72, 128, 4), np.uint8)
    assert generator.render_rgba(z, classes, out) is out
    assert (out[..., 3] == 255).all()
    exact = (generator.render(z, classes)[0].transpose(1, 2, 0) + 1) * 127.5
    assert np.abs(out[..., :3] - exact).max() <= 0.51


@pytest.mark.parametrize("what", ["z", "classes", "both"])
def test_half_the_step_is_half_the_change(generator: EmbeddedGenerator, what: str) -> None:
    """Along walks between conditions, the largest step about halves with the step: no popping. Steps are as
    small as a show's, under which no line moves on by more than its width."""
    worst = []
    for step in (1 / 160, 1 / 320):
        steps = []
        for seed in (0, 1):
            z = latents(2, 20 + seed)
            classes = one_hot(100 + seed, 600 + seed)
            t = np.arange(0, 0.0501, step, np.float32)[:, None]
            zs = z[:1] + (t * (z[1:] - z[:1]) if what != "classes" else 0 * t)
            mixtures = classes[:1] + (t * (classes[1:] - classes[:1]) if what != "z" else 0 * t)
            frames = [generator.render(zs[i : i + 1], mixtures[i : i + 1]) for i in range(len(t))]
            steps += [distance(a, b) for a, b in zip(frames[1:], frames[:-1], strict=True)]
        worst.append(max(steps))
    assert worst[1] < 0.62 * worst[0]


def test_a_small_step_of_z_is_a_small_step_of_the_picture(generator: EmbeddedGenerator) -> None:
    for seed in range(6):
        z, classes = latents(1, 40 + seed), one_hot(150 * seed)
        moved = z + 1e-3 * latents(1, 60 + seed)
        difference = distance(generator.render(z, classes), generator.render(moved, classes))
        assert 0 < difference < 0.02


def test_no_pinwheel(generator: EmbeddedGenerator) -> None:
    """Up close nothing shrinks to a singular point: twice the pixels, half the steepest step.

    A cone or a pinwheel has the same jump a pixel at every size. Lines and facets are rounded over
    a pixel on purpose, so the calmer 99.5th percentile is looked at.
    """
    z = latents(12, 7)
    steep = []
    for size in ((128, 72), (256, 144), (512, 288)):
        generator.resize(*size)
        jumps = []
        for i in range(12):
            shade = luminance(generator.render(z[i : i + 1], one_hot(83 * i)))[0]
            jumps.append(np.percentile(np.abs(np.diff(shade, axis=1)), 99.5))
        steep.append(float(np.mean(jumps)))
    generator.resize(128, 72)
    assert steep[2] < 0.75 * steep[1] < 0.75 * 0.85 * steep[0]


@pytest.fixture(scope="module")
def of_all_worlds() -> Floats:
    """A picture of every sixth class, so of all worlds, [167, 3, 144, 256]."""
    generator = EmbeddedGenerator(256, 144)
    z = latents(CLASSES, 8)
    return np.concatenate([generator.render(z[i : i + 1], one_hot(i)) for i in range(0, CLASSES, 6)])


def test_no_class_is_flat_or_dark(of_all_worlds: Floats) -> None:
    """Some light in the brightest channel, and some form in colour."""
    coded = (of_all_worlds + 1) / 2
    light, form = coded.max(1).mean((1, 2)), coded.std((2, 3)).max(1)
    assert light.min() > 0.12 and form.min() > 0.04


def test_feelings_are_reachable_everywhere(of_all_worlds: Floats) -> None:
    """From the 5th to the 95th percentile, what carries feeling ranges at least as far as in the sketch that
    this generator began with, by the same measures; and light and edges hang together but loosely."""
    seen = measure_frames(of_all_worlds)
    values = {"luma": luminance(of_all_worlds).mean((1, 2)), **vars(seen)}
    reach = {name: np.subtract(*np.percentile(each, [95, 5])) for name, each in values.items()}
    least = {"luma": 0.34, "chroma": 0.10, "warmth": 1.8, "contrast": 0.115, "edges": 3.96}
    assert {name: reach[name] for name in least if reach[name] < least[name]} == {}
    linked = np.corrcoef([values["brightness"], np.log(values["edges"])])[0, 1]
    assert abs(linked) < 0.35, "bright and calm, bright and busy, dark and calm, dark and busy: all are there"


def test_small_pictures_show_what_large_ones_show(generator: EmbeddedGenerator) -> None:
    for seed in range(4):
        z, classes = latents(1, 30 + seed), one_hot(211 * seed)
        generator.resize(512, 288)
        large = generator.render(z, classes)
        generator.resize(256, 144)
        small = generator.render(z, classes)
        halved = large.reshape(1, 3, 144, 2, 256, 2).mean((3, 5))
        # the finest lines are wider in small pictures, so not every pixel agrees
        assert np.abs(small - halved).mean() < 0.04
        assert np.corrcoef(small.ravel(), halved.ravel())[0, 1] > 0.97
    generator.resize(128, 72)


def test_a_wide_picture_shows_more_of_the_same_plane(generator: EmbeddedGenerator) -> None:
    z, classes = latents(1, 9), one_hot(444)
    generator.resize(192, 96)
    wide = generator.render(z, classes)[..., 48:144]
    generator.resize(96, 96)
    square = generator.render(z, classes)
    generator.resize(128, 72)
    # bloom and shade at the sides see what lies beyond: compare the middle
    assert np.abs(wide - square)[..., 24:72].mean() < 0.02


@pytest.mark.parametrize("size", [(16, 16), (97, 53), (1000, 64), (64, 300), (101, 211)])
def test_any_size(generator: EmbeddedGenerator, size: tuple[int, int]) -> None:
    generator.resize(*size)
    assert generator.size == size
    pixels = generator.render_rgba(latents(1, 10), one_hot(1), None)
    assert pixels.shape == (size[1], size[0], 4)
    assert pixels[..., :3].std() > 3
    generator.resize(128, 72)


def test_bad_input_is_refused_in_one_line(generator: EmbeddedGenerator) -> None:
    z, classes = latents(1, 11), one_hot(2)
    nan = z.copy()
    nan[0, 3] = math.nan
    infinite = classes.copy()
    infinite[0, 0] = math.inf
    bad = [
        (z[0], classes), (z[:, :100], classes), (z, classes[:, :10]), (nan, classes),
        (z, infinite), (z, classes * 2), (z, -classes), (latents(2, 0), classes),
        (np.zeros((1, 2, Z_DIM), np.float32), classes), (z[:0], classes[:0]),
    ]  # fmt: skip
    for latent, mixture in bad:
        with pytest.raises(ValueError, match=r"^[^\n]+$"):
            generator.render(latent, mixture)
    with pytest.raises(ValueError, match="one picture"):
        generator.render_rgba(latents(2, 0), one_hot(0, 1), None)
    with pytest.raises(ValueError, match="out must be"):
        generator.render_rgba(z, classes, np.zeros((10, 10, 4), np.uint8))
    with pytest.raises(ValueError, match="at least 16"):
        generator.resize(0, 72)


def test_class_moods_cover_the_plane() -> None:
    moods = class_moods()
    assert moods.shape == (CLASSES, 2)
    assert moods.dtype == np.float32
    np.testing.assert_allclose(moods.mean(0), 0, atol=0.02)
    np.testing.assert_allclose(moods.std(0), 1, atol=0.02)
    assert abs((moods[:, 0] * moods[:, 1]).mean()) < 0.35  # hardly correlated
    for valence in (-1, 1):
        for arousal in (-1, 1):  # every quadrant has classes that are clearly its own
            inside = (moods[:, 0] * valence > 0.5) & (moods[:, 1] * arousal > 0.5)
            assert inside.sum() >= 50


def test_moods_are_seen_in_the_pictures(generator: EmbeddedGenerator) -> None:
    """Classes of high valence are brighter than those of low valence, on other latents."""
    moods = class_moods()
    order = np.argsort(moods[:, 0])
    z = latents(20, 12)

    def mean_light(indices: NDArray[np.int64]) -> float:
        pictures = [generator.render(z[i : i + 1], one_hot(int(index))) for i, index in enumerate(indices)]
        return float(np.mean([luminance(picture).mean() for picture in pictures]))

    assert mean_light(order[-20:]) > mean_light(order[:20]) + 0.1
