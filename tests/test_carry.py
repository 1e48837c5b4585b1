import numpy as np
import pytest

from livesing.stage.carry import FASTEST, Carrier, measure
from livesing.style.bands import enlarge

ROWS, COLUMNS = 18, 32
SCALE = 512 / ROWS


def scene(shift: complex = 0.0, spin: complex = 0.0, seed: int = 0) -> np.ndarray:
    """A soft picture, moved: what was at p is at p + shift + spin * p, pixels of 512 rows from the centre."""
    rng = np.random.default_rng(seed)
    waves = rng.normal(size=(12, 2)) * 0.006
    phases, colours = rng.random(12) * 7, rng.normal(size=(12, 3))
    y, x = np.mgrid[0:ROWS, 0:COLUMNS].astype(float) + 0.5
    p = (x * SCALE - COLUMNS * SCALE / 2) + 1j * (y * SCALE - 256)
    p = (p - shift) / (1 + spin)
    light = np.cos(p.real[..., None] * waves[:, 0] * 3 + p.imag[..., None] * waves[:, 1] * 3 + phases)
    return 0.5 + 0.1 * light @ colours


@pytest.mark.parametrize("shift", [3 + 0j, -2 + 4j, 0 - 3j])
@pytest.mark.parametrize("spin", [0j, 0.01 + 0j, 0.008j])
def test_a_motion_is_found(shift: complex, spin: complex) -> None:
    found = measure(scene(), scene(shift, spin), dt=0.04)
    assert abs(found.shift * 0.04 - shift) < 0.25 * abs(shift) + 0.3
    assert abs(found.spin * 0.04 - spin) < 0.3 * abs(spin) + 0.001


def test_what_does_not_move_does_not() -> None:
    assert measure(scene(), scene(), 0.04).shift == 0
    flat = np.full((ROWS, COLUMNS, 3), 0.5)
    assert measure(flat, flat + 0.1, 0.04).shift == 0


def test_another_picture_is_no_motion() -> None:
    found = measure(scene(seed=1), scene(seed=2), 0.04)
    assert abs(found.shift) <= FASTEST
    assert abs(found.shift) * 0.04 < 2.0


def test_strokes_follow_a_pan_at_any_display_rate() -> None:
    places = []
    for rate in (25, 100):
        carrier = Carrier()
        for number in range(50):
            carrier.see(scene(2.0 * number), 0.04 if number else 0.0)
            for _ in range(rate // 25):
                carry = carrier.step(1 / rate)
        places.append(carry.shift)
    assert places[0].real == pytest.approx(-2.0 * 50, rel=0.25), "the picture has moved to the right by 100"
    assert places[0] == pytest.approx(places[1], rel=1e-4)


def test_strokes_keep_their_size_in_a_long_zoom() -> None:
    carrier = Carrier()
    for number in range(1000):
        carrier.see(scene(spin=0.004 * (number % 2)), 0.04 if number % 2 else 0.0)
        carry = carrier.step(0.04)
    assert 0.3 < abs(carry.turn) < 3
    assert np.isfinite(abs(carry.shift))


def test_small_pictures_of_another_shape_are_taken() -> None:
    carrier = Carrier()
    carrier.see(scene(), 0.0)
    carrier.see(enlarge(scene(), (9, 16)), 0.04)
    assert carrier.step(0.02).shift == 0
