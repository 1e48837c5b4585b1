import numpy as np
import pytest

from livesing.style.masking import ALIKE, MASKED, ROOMS, C, room


def alike(variances: np.ndarray, free: float) -> float:
    """Structural similarity to itself with the strongest strokes that may be, window by window."""
    strokes = MASKED * (variances + free)
    return float(np.mean((2 * variances + C) / (2 * variances + strokes + C)))


@pytest.mark.parametrize("flat", [0.0, 0.5, 0.9, 0.98])
def test_strokes_have_as_much_room_as_leaves_the_picture_alike(flat: float) -> None:
    rng = np.random.default_rng(0)
    variances = rng.exponential(0.3, 400) * (rng.random(400) >= flat)
    free = room(variances)
    assert ROOMS[0] <= free <= ROOMS[-1]
    if ROOMS[0] < free < ROOMS[-1]:
        assert alike(variances, free) == pytest.approx(ALIKE, abs=0.01)


def test_a_flatter_picture_has_less_room() -> None:
    rng = np.random.default_rng(1)
    textured, place = rng.exponential(0.3, 400), rng.random(400)
    rooms = [room(textured * (place >= flat)) for flat in (0.0, 0.4, 0.6, 0.8, 0.98)]
    assert rooms == sorted(rooms, reverse=True) and rooms[0] > 3 * rooms[-1]
    assert np.isfinite(room(np.zeros(3)))
