"""What a performer does to a translation: lock, hysteresis, blends of classes and of translators, noise."""

import numpy as np
import pytest

from livesing.params import TABLE
from livesing.translation.steering import NEAR, NOISE, Point, Steering, on_length, play, temperature
from livesing.translation.translator import CLASSES, LATENT, Felt, Translation

QUIET = {param.name: param.default for param in TABLE} | {"dream.noise": 0.0, "dream.hysteresis": 0.0}
STILL = np.zeros(LATENT)


class Halves:
    """Class `left` for valence under 0, `right` from there on; softer with temperature. z is the feeling."""

    def __init__(self, left: int = 10, right: int = 20) -> None:
        self.left, self.right = left, right

    def translate(self, felt: Felt, temperature: float) -> Translation:
        classes = np.zeros(CLASSES, np.float32)
        classes[self.right] = 1 / (1 + np.exp(-np.clip(felt.valence / temperature, -50, 50)))
        classes[self.left] = 1 - classes[self.right]
        z = np.zeros(LATENT, np.float32)
        z[:3] = felt.valence, felt.arousal, 1.0
        return Translation(classes, z)


def top(wish: Translation) -> int:
    return int(wish.classes.argmax())


def test_without_more_it_is_the_translation() -> None:
    wish = Steering().translate(Felt(0.5, -1.0), Halves(), None, QUIET, STILL)
    alone = Halves().translate(Felt(0.5, -1.0), temperature(QUIET["dream.sharpness"]))
    np.testing.assert_array_equal(wish.classes, alone.classes)
    np.testing.assert_allclose(wish.z, on_length(alone.z), rtol=1e-6)
    assert np.linalg.norm(wish.z) == pytest.approx(np.sqrt(LATENT), rel=1e-5)


def test_play_follows_only_when_pulled() -> None:
    held = play(None, Point(0.0, 0.0), 0.5)
    assert held == Point(0, 0)
    assert play(held, Point(0.3, 0.4), 0.5) == held
    pulled = play(held, Point(0.6, 0.8), 0.5)
    assert pulled == pytest.approx((0.3, 0.4))
    assert play(held, Point(0.6, 0.8), 0.0) == pytest.approx((0.6, 0.8))


def test_hysteresis_ends_chatter_at_a_border() -> None:
    wobble = 0.08 * np.sin(np.arange(400) * 0.7)

    def changes(width: float) -> int:
        steering, params = Steering(), QUIET | {"dream.hysteresis": width}
        tops = [top(steering.translate(Felt(v, 0.0), Halves(), None, params, STILL)) for v in wobble]
        return int(np.count_nonzero(np.diff(tops)))

    assert changes(0.0) > 50
    assert changes(0.1) <= 1


@pytest.mark.parametrize("width", [0.0, 0.1, 0.5])
def test_with_hysteresis_classes_still_follow_and_z_follows_at_once(width: float) -> None:
    steering, params = Steering(), QUIET | {"dream.hysteresis": width}
    for valence in (-2.0, -1.0, 0.2 + width, 2.0):
        felt = Felt(valence, 0.3)
        wish = steering.translate(felt, Halves(), None, params, STILL)
        np.testing.assert_allclose(wish.z, on_length(Halves().translate(felt, 0.1).z), rtol=1e-6)
    assert top(wish) == 20


def test_lock_holds_the_classes_and_lets_z_go_on() -> None:
    steering = Steering()
    before = steering.translate(Felt(-1.0, 0.0), Halves(), None, QUIET, STILL)
    locked = QUIET | {"dream.lock": 1.0}
    during = [steering.translate(Felt(v, 1.0), Halves(), None, locked, STILL) for v in (-0.5, 0.5, 2.0)]
    for wish in during:
        np.testing.assert_array_equal(wish.classes, before.classes)
    assert np.abs(during[0].z - during[2].z).max() > 1
    assert top(steering.translate(Felt(2.0, 1.0), Halves(), None, QUIET, STILL)) == 20


def test_a_lock_from_the_start_holds_the_first_classes() -> None:
    steering, locked = Steering(), QUIET | {"dream.lock": 1.0}
    assert top(steering.translate(Felt(-1.0, 0.0), Halves(), None, locked, STILL)) == 10
    assert top(steering.translate(Felt(1.0, 0.0), Halves(), None, locked, STILL)) == 10


@pytest.mark.parametrize("blend", [0.25, 0.5, 1.0])
def test_blend_mixes_classes_that_lie_near(blend: float) -> None:
    felt, params = Felt(0.1, 0.0), QUIET | {"dream.blend": blend}
    warmth = temperature(QUIET["dream.sharpness"])
    sharp, near = (Halves().translate(felt, t).classes for t in (warmth, NEAR * warmth))
    wish = Steering().translate(felt, Halves(), None, params, STILL)
    np.testing.assert_allclose(wish.classes, (1 - blend) * sharp + blend * near, atol=1e-6)
    assert wish.classes.sum() == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_two_translators_are_mixed_by_their_shares(share: float) -> None:
    params = QUIET | {"dream.mix": share}
    wish = Steering().translate(Felt(5.0, 0.0), Halves(1, 2), Halves(3, 4), params, STILL)
    assert wish.classes[2] == pytest.approx(1 - share, abs=1e-5)
    assert wish.classes[4] == pytest.approx(share, abs=1e-5)


def test_noise_is_on_z_alone_and_in_its_measure() -> None:
    noise = np.random.default_rng(0).normal(size=LATENT)
    plain = Steering().translate(Felt(0.5, 0.5), Halves(), None, QUIET, noise)
    loud = Steering().translate(Felt(0.5, 0.5), Halves(), None, QUIET | {"dream.noise": 0.1}, noise)
    np.testing.assert_array_equal(plain.classes, loud.classes)
    np.testing.assert_allclose(loud.z - plain.z, 0.1 * NOISE * noise, atol=1e-5)
