"""How large frames are asked for, by what comes of it."""

import pytest

from livesing.dream_size import DreamSize, Seen
from livesing.dreamer import SIZES

FAST, SLOW = (25.0, 0.02), (12.0, 0.08)
"""Frames a second, and what one takes."""


def play(
    sizes: DreamSize, looks: int, pace: tuple[float, float], own: tuple[int, int] | None,
    began: float = 0.0, engine: str = "one",
) -> list[str]:  # fmt: skip
    """Looks, two seconds apart, at an engine with its `own` size, or that follows -> what was told."""
    words = [
        sizes.look(began + 2.0 * n, Seen(*pace, own or sizes.ordered, engine)) for n in range(1, looks + 1)
    ]
    return [word for word in words if word]


def test_slow_frames_get_smaller_and_it_is_said_when_they_are() -> None:
    sizes = DreamSize()
    told = play(sizes, 12, SLOW, None)
    assert sizes.ordered == SIZES[-1] and not sizes.fixed
    assert told == [f"generator at 12.0 frames a second: now {w}x{h}" for w, h in SIZES[1:]]
    assert not play(sizes, 12, FAST, None, 24.0)
    assert play(sizes, 400, FAST, None, 48.0) == [
        f"generator at 25.0 frames a second: now {w}x{h}" for w, h in SIZES[-2::-1]
    ]


@pytest.mark.parametrize("own", [(512, 512), (1920, 1080), SIZES[0]])
def test_an_engine_with_a_size_of_its_own_is_let_be(own: tuple[int, int]) -> None:
    sizes = DreamSize()
    assert not play(sizes, 100, SLOW, own)
    assert sizes.fixed and sizes.ordered == SIZES[0]


def test_the_next_engine_may_follow() -> None:
    sizes = DreamSize()
    play(sizes, 20, SLOW, SIZES[0])
    assert sizes.fixed
    told = play(sizes, 12, SLOW, None, 40.0, engine="embedded, another")
    assert not sizes.fixed and len(told) == len(SIZES) - 1


def test_a_frame_under_way_when_smaller_ones_were_ordered_is_no_size_of_its_own() -> None:
    sizes = DreamSize()
    for now in range(2, 20, 2):
        before = sizes.ordered
        sizes.look(float(now), Seen(*SLOW, before, "one"))
        if sizes.ordered != before:
            sizes.look(now + 1.0, Seen(*SLOW, before, "one"))
    assert sizes.ordered == SIZES[-1] and not sizes.fixed


def test_the_windows_own_slowness_asks_for_smaller_frames_too() -> None:
    sizes = DreamSize()
    for now in range(3):
        sizes.look(2.0 * now, Seen(*FAST, sizes.ordered, "one"), least=1)
    assert sizes.ordered == SIZES[1]
    sizes.look(8.0, Seen(*FAST, sizes.ordered, "one"), least=9)
    assert sizes.ordered == SIZES[-1]
