"""The flash limiter against a counter of its own kind: at most three opposing changes in any second."""

from collections.abc import Callable

import numpy as np
import pytest

from livesing.stage.limiter import FlashLimiter

RATES = (24.0, 30.0, 60.0, 144.0)
Wave = Callable[[np.ndarray], np.ndarray]


def opposing_changes(light: np.ndarray) -> int:
    """The most changes of a tenth or more, each against the one before, that can be picked out of `light`."""
    count, direction = 0, 0
    low = high = light[0]
    for value in light[1:]:
        low, high = min(low, value), max(high, value)
        if direction >= 0 and value <= high - 0.1:
            count, direction, low = count + 1, -1, value
            high = value
        elif direction <= 0 and value >= low + 0.1:
            count, direction, high = count + 1, 1, value
            low = value
        elif direction > 0:
            low = high
        elif direction < 0:
            high = low
    return count


def worst_second(light: np.ndarray, fps: float) -> int:
    """Of all windows of one second, wherever they begin."""
    frames = int(fps) + 1
    return max(
        opposing_changes(light[first : first + frames]) for first in range(max(1, len(light) - frames))
    )


def limited(light: np.ndarray, fps: float) -> np.ndarray:
    limiter = FlashLimiter()
    return np.array([limiter.step(100.0 + number / fps, float(value)) for number, value in enumerate(light)])


def test_the_counter_itself() -> None:
    assert opposing_changes(np.array([1.0, 1.0, 1.0])) == 0
    assert opposing_changes(np.linspace(0, 1, 50)) == 1
    assert opposing_changes(np.array([1.0, 0.5, 1.0, 0.5])) == 3
    assert opposing_changes(np.array([1.0, 0.95, 0.89, 0.95, 1.0])) == 2
    assert opposing_changes(np.array([1.0, 0.95, 1.0, 0.92, 1.0])) == 0
    assert opposing_changes(np.r_[np.linspace(0, 1, 9), np.linspace(1, 0, 9)]) == 2


WAVES: dict[str, Callable[[float], Wave]] = {
    "square": lambda hz: lambda t: 1 + 0.5 * np.sign(np.sin(2 * np.pi * hz * t + 0.1)),
    "sine": lambda hz: lambda t: 1 + 0.4 * np.sin(2 * np.pi * hz * t),
    "sawtooth": lambda hz: lambda t: 0.7 + (hz * t) % 1,
    "falling sawtooth": lambda hz: lambda t: 1.7 - (hz * t) % 1,
    "ramps": lambda hz: lambda t: 0.6 + np.abs(2 * (hz * t % 1) - 1),
    "just over a tenth": lambda hz: lambda t: 1 + 0.0502 * np.sign(np.sin(2 * np.pi * hz * t)),
    "hits": lambda hz: lambda t: 1 + 0.9 * np.exp(-((hz * t) % 1) / hz / 0.12),
    "growing": lambda hz: lambda t: 1 + 0.1 * t * np.sin(2 * np.pi * hz * t),
}


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("name", WAVES)
def test_periodic_light_is_limited(name: str, fps: float) -> None:
    time = np.arange(int(5 * fps)) / fps
    for hz in (0.5, 1.0, 1.4, 1.6, 2.0, 3.0, 4.7, 7.0, 12.0, 30.0):
        shown = limited(WAVES[name](hz)(time), fps)
        assert worst_second(shown, fps) <= 3, f"{hz} Hz"


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("seed", range(12))
def test_random_light_is_limited(seed: int, fps: float) -> None:
    """Random levels, joined by jumps and ramps of random lengths."""
    rng = np.random.default_rng(seed)
    knots = np.cumsum(rng.exponential(rng.choice([0.05, 0.2, 0.5]), 200))
    levels = rng.uniform(0.5, 2.0, 200) if seed % 2 else 1 + np.where(np.arange(200) % 2, 0.3, -0.3)
    time = np.arange(int(8 * fps)) / fps
    light = np.interp(time, knots, levels) if seed % 3 else levels[np.searchsorted(knots, time)]
    assert worst_second(limited(light, fps), fps) <= 3


def test_a_long_rise_counts_until_its_end() -> None:
    """A rise that began a second ago and still goes on is one of the three."""
    fps = 60.0
    knots = [0.0, 1.0, 1.05, 1.3, 1.35, 1.6, 1.65, 1.8, 1.85, 3.0]
    levels = [0.6, 1.6, 1.2, 1.2, 1.6, 1.6, 1.2, 1.2, 1.6, 1.6]
    light = np.interp(np.arange(180) / fps, knots, levels)
    assert worst_second(light, fps) > 3
    assert worst_second(limited(light, fps), fps) <= 3


@pytest.mark.parametrize("fps", RATES)
def test_light_without_flashes_passes_unchanged(fps: float) -> None:
    time = np.arange(int(10 * fps)) / fps
    for light in (
        1 + 0.5 * np.sin(2 * np.pi * 0.5 * time),
        1 + 0.046 * np.sign(np.sin(2 * np.pi * 9 * time)),
        np.linspace(0.5, 2.0, len(time)),
        1 + 0.4 * (time % 2.5 < 0.5),
    ):
        limiter = FlashLimiter()
        shown = [limiter.step(number / fps, float(value)) for number, value in enumerate(light)]
        np.testing.assert_array_equal(shown, light)
        assert limiter.limited == 0


def test_what_was_cut_comes_when_it_may() -> None:
    fps = 60.0
    light = np.r_[np.tile([1.5, 1.5, 1.5, 1.0, 1.0, 1.0], 40), np.full(90, 1.5)]
    shown = limited(light, fps)
    np.testing.assert_array_equal(shown[-10:], light[-10:])
    assert (np.abs(shown - light) > 0.1).any()


def test_cut_light_keeps_within_what_was_wished_and_is_counted() -> None:
    light = np.random.default_rng(3).uniform(0.4, 2.0, 600)
    limiter = FlashLimiter()
    shown = np.array([limiter.step(number / 60, float(wished)) for number, wished in enumerate(light)])
    assert light.min() <= shown.min()
    assert shown.max() <= light.max()
    assert limiter.limited == np.count_nonzero(shown != light) > 100
