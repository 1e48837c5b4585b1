import numpy as np
import pytest

from livesing.style.bands import (
    HEIGHT,
    LEVELS,
    Statistics,
    bands,
    enlarge,
    finest,
    halve,
    statistics,
)
from livesing.style.frame_statistics import FrameStatistics
from livesing.style.transport import monge, ridged


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Detail of all sizes, [h, w, 3] in 0..1."""
    rng = np.random.default_rng(seed)
    layers = [enlarge(rng.normal(size=(n, 2 * n, 3)), (height, width)) for n in (3, 9, 27, 81)]
    return np.clip(0.5 + 0.12 * sum(layers), 0, 1)


@pytest.mark.parametrize("size", [(512, 256), (288, 512), (144, 256), (740, 300), (37, 91)], ids=str)
def test_bands_add_up_to_the_picture(size: tuple[int, int]) -> None:
    picture = noise(*size)
    base = picture
    for _ in range(finest(size[0])):
        base = halve(base)
    parts = bands(picture)
    assert len(parts) == LEVELS
    np.testing.assert_allclose(sum(parts), enlarge(base, size), atol=1e-12)


def test_halving_is_the_mean_of_two_by_two() -> None:
    level = np.arange(24.0).reshape(4, 6, 1)
    assert halve(level)[1, 2, 0] == np.mean([16, 17, 22, 23])
    assert halve(np.ones((1, 5, 3))).shape == (1, 2, 3)


def test_enlarging_keeps_a_ramp_straight() -> None:
    ramp = np.arange(8.0)[None, :, None] + np.zeros((2, 1, 1))
    large = enlarge(ramp, (2, 16))[0, :, 0]
    np.testing.assert_allclose(np.diff(large[1:-1]), 0.5)
    assert large[0] == 0 and large[-1] == 7


@pytest.mark.parametrize(
    ("rows", "level"), [(HEIGHT, 0), (288, -1), (144, -2), (1080, 1), (2160, 2), (700, 0)]
)
def test_bands_are_as_wide_in_any_picture(rows: int, level: int) -> None:
    assert finest(rows) == level


@pytest.mark.parametrize("size", [(288, 512), (216, 384), (144, 256), (512, 512), (1080, 1920)], ids=str)
def test_a_frame_is_measured_as_the_whole_picture_is(size: tuple[int, int]) -> None:
    """At samples: the mean to a tenth of a byte's step."""
    picture = np.zeros((*size, 4), np.uint8)
    picture[..., :3] = np.round(noise(*size, seed=3) * 255)
    whole = statistics(picture[..., :3] / 255)
    seen = FrameStatistics()
    for _ in range(24):
        known = seen.see(picture, 0.04)
    np.testing.assert_allclose(known.mean, whole.mean, atol=0.1 / 255)
    for mine, other in zip(known.covariances, whole.covariances, strict=True):
        assert np.linalg.norm(mine - other) <= 0.08 * np.linalg.norm(other) + 1e-9
    assert known.finest == whole.finest == finest(size[0])
    assert known.room == pytest.approx(whole.room, rel=0.25)
    assert seen.newest is not None
    variance = picture[..., :3].var((0, 1)).sum() / 255**2
    assert seen.newest.contrast**2 == pytest.approx(variance, rel=0.01)


def test_a_still_frame_has_one_level() -> None:
    """What is measured elsewhere in each frame is not its light: that would flicker."""
    picture = np.random.default_rng(0).integers(0, 255, (288, 512, 4), np.uint8)
    seen = FrameStatistics()
    levels = []
    for _ in range(3):
        seen.see(picture, 0.04)
        assert seen.newest is not None
        levels.append((*seen.newest.mean, seen.newest.contrast))
    assert levels[0] == levels[1] == levels[2]


def test_a_frame_of_one_colour_has_no_spread() -> None:
    seen = FrameStatistics()
    known = seen.see(np.full((288, 512, 4), (10, 200, 77, 255), np.uint8), 0.04)
    np.testing.assert_allclose(known.mean, np.array([10, 200, 77]) / 255, atol=1e-6)
    assert np.abs(known.covariances).max() < 1e-10
    assert seen.newest is not None and seen.newest.contrast == pytest.approx(0.5 / 255, rel=0.1)
    with pytest.raises(ValueError, match="too small"):
        seen.see(np.zeros((8, 64, 4), np.uint8), 0.04)


def test_statistics_follow_in_time_and_not_in_frames() -> None:
    dark, light = np.full((288, 512, 4), 50, np.uint8), np.full((288, 512, 4), 200, np.uint8)
    means = []
    for rate in (10, 60):
        seen = FrameStatistics()
        seen.see(dark, 0.0)
        for _ in range(rate):
            known = seen.see(light, 1 / rate)
        means.append(known.mean[0] * 255)
    assert 50 < means[0] < 200
    assert means[0] == pytest.approx(means[1], abs=1e-3)


def test_colours_of_the_last_frames_are_kept() -> None:
    """Those of a still picture are still, and after two time constants all are of another."""
    still, other = (np.random.default_rng(n).integers(0, 255, (288, 512, 4), np.uint8) for n in range(2))
    seen = FrameStatistics()
    first = seen.see(still, 0.0).low
    for _ in range(4):
        known = seen.see(still, 0.04).low
    assert np.array_equal(first, known) and 300 < len(first) < 900
    whole, stayed = FrameStatistics().see(other, 0.0).low, []
    for _ in range(36):
        stayed.append((seen.see(other, 0.04).low != whole).any(1).mean())
    assert stayed[-1] == 0 and stayed[17] == pytest.approx(0.5, abs=0.06)


def test_another_size_starts_anew() -> None:
    seen = FrameStatistics()
    seen.see(np.full((288, 512, 4), 50, np.uint8), 0.0)
    known = seen.see(np.full((144, 256, 4), 200, np.uint8), 0.04)
    np.testing.assert_allclose(known.mean, 200 / 255, atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_transport_gives_the_style_its_covariance(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.normal(size=(4000, 3)) @ np.linalg.qr(rng.normal(size=(3, 3)))[0] * [0.05, 0.1, 0.2]
    pixels -= pixels.mean(0)
    target = np.cov(rng.normal(size=(100, 3)).T * 0.05)
    source = pixels.T @ pixels / len(pixels)
    moved = pixels @ monge(ridged(source, 1e-3), target, 1e9).T + 0.3
    assert np.abs(moved.mean(0) - 0.3).max() <= 1e-5
    error = np.linalg.norm(np.cov(moved.T, bias=True) - target) / np.linalg.norm(target)
    assert error <= 1e-2


@pytest.mark.parametrize(
    "source",
    [np.zeros((3, 3)), np.diag([1.0, 0, 0]), np.ones((3, 3)), np.eye(3) * 1e-12, np.eye(3) * 1e6],
    ids=["flat", "one direction", "grey", "faint", "huge"],
)
def test_transport_stays_finite_and_within_its_gain(source: np.ndarray) -> None:
    for target in (np.zeros((3, 3)), np.diag([0.1, 0.0, 0.2]), np.eye(3)):
        found = monge(ridged(source, 1e-3), target, 2.5)
        assert np.isfinite(found).all()
        assert np.linalg.norm(found, 2) <= 2.5 + 1e-9


def test_a_grey_picture_keeps_its_contrast() -> None:
    """What it has no colours for does not take its lights and darks away."""
    grey = np.full((3, 3), 0.04)
    found = monge(ridged(grey, 1e-3), np.diag([0.03, 0.05, 0.06]), 4.0)
    light = np.ones(3) / np.sqrt(3)
    assert light @ found @ grey @ found.T @ light > 0.9 * light @ np.diag([0.03, 0.05, 0.06]) @ light


def test_maps_of_many_bands_at_once() -> None:
    rng = np.random.default_rng(0)
    sources, targets = (np.stack([np.cov(rng.normal(size=(3, 9))) for _ in range(5)]) for _ in range(2))
    together = monge(sources, targets, np.arange(1.0, 6.0))
    for k in range(5):
        np.testing.assert_allclose(together[k], monge(sources[k], targets[k], k + 1.0))


def test_statistics_are_of_one_kind() -> None:
    assert isinstance(statistics(noise(64, 64)), Statistics)
