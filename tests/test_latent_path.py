"""The latent path: on the shell, even at any frame rate, each layer in its own time."""

from collections.abc import Callable

import numpy as np
import pytest

from livesing.audio.pulse import Pulse
from livesing.generation.latent_path import (
    ENERGY_SECONDS,
    LAYER_SECONDS,
    LAYERS,
    NORM,
    LatentPath,
    beat_throw,
    liveliness,
)
from livesing.params import TABLE
from livesing.translation.translator import CLASSES, LATENT, Translation

PARAMS = {param.name: param.default for param in TABLE}
STILL = {**PARAMS, "dream.wander": 0.0, "dream.beat": 0.0}
STEADY = Pulse.quiet(0.0)._replace(level=1.0, silent=0.0)
"""Music without a beat, loud enough for the usual pace."""
Frame = tuple[np.ndarray, np.ndarray]


def wish(seed: int) -> Translation:
    rng = np.random.default_rng(seed)
    return Translation(
        rng.dirichlet(np.full(CLASSES, 0.01)).astype(np.float32), rng.normal(size=LATENT).astype("f4")
    )


def beating(time: float) -> Pulse:
    """120 bpm."""
    return STEADY._replace(beats=time // 0.5, beat_phase=(time / 0.5) % 1, beat_confidence=1.0)


def walk(
    seconds: float,
    fps: float,
    target: Callable[[float], Translation],
    pulse: Callable[[float], Pulse] = lambda time: STEADY,
    params: dict[str, float] = PARAMS,
) -> list[Frame]:
    """The path at 0, 1/fps, 2/fps ...; what a step follows is what held when it began."""
    path = LatentPath(3)
    for _ in range(40):  # until it knows how loud it is; the target does not move
        path.step(0.5, target(0.0), STEADY, params)
    frames = [path.step(0.0, target(0.0), pulse(0.0), params)]
    for number in range(1, round(seconds * fps) + 1):
        before, now = (number - 0.5) / fps, number / fps + 1e-9
        frames.append(path.step(1 / fps, target(before), pulse(now), params))
    return frames


def changing(time: float) -> Translation:
    return wish(int(time / 1.5))


def test_shapes_and_kinds() -> None:
    (z, classes), *_ = walk(0.0, 30.0, changing)
    assert z.shape == (1, LAYERS, LATENT)
    assert classes.shape == (1, LAYERS, CLASSES)
    assert z.dtype == classes.dtype == np.float32


def test_z_keeps_its_norm_and_mixtures_stay_mixtures() -> None:
    params = {param.name: param.high if param.name.startswith("dream") else param.default for param in TABLE}
    for z, classes in walk(8.0, 24.0, changing, beating, params):
        np.testing.assert_allclose(np.linalg.norm(z, axis=-1), NORM, rtol=1e-4)
        assert (classes >= 0).all()
        np.testing.assert_allclose(classes.sum(axis=-1), 1.0, atol=1e-4)


@pytest.mark.parametrize("pulse", [lambda time: STEADY, beating], ids=["quiet", "beats"])
@pytest.mark.parametrize(
    "target", [lambda time: wish(0 if time <= 0 else 1), changing], ids=["constant", "changing"]
)
def test_the_same_path_at_any_frame_rate(
    target: Callable[[float], Translation], pulse: Callable[[float], Pulse]
) -> None:
    slow, fast = walk(6.0, 10.0, target, pulse), walk(6.0, 60.0, target, pulse)
    for (z, classes), (z_fast, classes_fast) in zip(slow, fast[::6], strict=True):
        np.testing.assert_allclose(z, z_fast, atol=1e-3)
        np.testing.assert_allclose(classes, classes_fast, atol=1e-3)


def loudness(time: float) -> float:
    """Another level every half second, loud and still."""
    return (1.0, 0.1, 0.7, 0.0, 0.4)[int(time / 0.5) % 5]


def test_the_same_path_at_any_frame_rate_while_everything_moves() -> None:
    """Level, trust in the beat and every parameter on the way change each half second."""
    ways = []
    for fps in (10.0, 60.0):
        path = LatentPath(3)
        way = [path.step(0.0, changing(0.0), beating(0.0), PARAMS)]
        for number in range(1, round(6 * fps) + 1):
            before, now = (number - 0.5) / fps, number / fps + 1e-9
            share = loudness(before + 0.5)
            params = PARAMS | {"dream.pace": 3 * share, "dream.wander": share, "dream.beat": 1 - share}
            params["show.hold"] = float(2 <= before < 3)
            heard = {"level": loudness(before), "beat_confidence": 1 - loudness(before)}
            way.append(path.step(1 / fps, changing(before), beating(now)._replace(**heard), params))
        ways.append(way)
    for (z, classes), (z_fast, classes_fast) in zip(ways[0], ways[1][::6], strict=True):
        np.testing.assert_allclose(z, z_fast, atol=1e-3)
        np.testing.assert_allclose(classes, classes_fast, atol=1e-3)


@pytest.mark.parametrize(("energy", "level"), [(0, 1), (1, 0), (0.2, 0.45), (0.9, 0.6), (0.5, 0.5), (0, 0.5)])
def test_loudness_is_integrated_as_by_tiny_steps(energy: float, level: float) -> None:
    whole, dt, parts = liveliness(energy, level, 1.5), 1.5, 3000
    time = (np.arange(parts) + 0.5) * dt / parts
    course = level + (energy - level) * np.exp(-time / ENERGY_SECONDS)
    assert whole.energy == pytest.approx(level + (energy - level) * np.exp(-dt / ENERGY_SECONDS))
    assert whole.felt == pytest.approx(course.mean() * dt, abs=1e-5)
    assert whole.followed == pytest.approx(np.minimum(1, 2 * course).mean() * dt, abs=1e-5)


def test_it_begins_where_it_is_asked_to() -> None:
    z, classes = walk(0.0, 30.0, lambda time: wish(5), params=STILL)[0]
    target = wish(5)
    np.testing.assert_allclose(classes[0], np.tile(target.classes, (LAYERS, 1)), atol=1e-6)
    np.testing.assert_allclose(
        z[0] / NORM, np.tile(target.z / np.linalg.norm(target.z), (LAYERS, 1)), atol=1e-5
    )


def test_each_layer_takes_its_own_time() -> None:
    """Two equal poles: after one time constant 1 - 2/e of the way is done."""
    target = lambda time: wish(0 if time <= 0 else 1)  # noqa: E731
    frames = walk(40.0, 20.0, target, params=STILL)
    start, end = wish(0).classes, wish(1).classes
    way = (end - start) / ((end - start) @ (end - start))
    for layer, seconds in enumerate(LAYER_SECONDS):
        done = np.array([(classes[0, layer] - start) @ way for _, classes in frames])
        assert done[round(seconds * 20)] == pytest.approx(1 - 2 / np.e, abs=1e-3)
        assert (np.diff(done) >= -1e-6).all()
        assert done.max() <= 1 + 1e-5
        assert done[-1] == pytest.approx(1.0, abs=1e-3)
    assert list(LAYER_SECONDS) == sorted(LAYER_SECONDS, reverse=True)


def test_pace() -> None:
    target = lambda time: wish(0 if time <= 0 else 1)  # noqa: E731
    once = walk(2.0, 20.0, target, params=STILL)[-1]
    twice = walk(1.0, 20.0, target, params={**STILL, "dream.pace": 2.0})[-1]
    np.testing.assert_allclose(once[0], twice[0], atol=1e-4)
    np.testing.assert_allclose(once[1], twice[1], atol=1e-4)


def test_no_corner_where_the_target_jumps() -> None:
    target = lambda time: wish(0 if time <= 1.0 else 1)  # noqa: E731
    frames = np.array([z[0] for z, _ in walk(3.0, 60.0, target, params=STILL)])
    steps = np.linalg.norm(np.diff(frames, axis=0), axis=-1)
    turns = np.linalg.norm(np.diff(frames, n=2, axis=0), axis=-1)
    assert turns[:, 0].max() < 0.1 * steps[:, 0].max()
    assert turns[:, 1].max() < 0.1 * steps[:, 1].max()


def test_hold_holds() -> None:
    path = LatentPath(0)
    for number in range(30):
        path.step(1 / 30, changing(number / 30), STEADY, PARAMS)
    held = {**PARAMS, "show.hold": 1.0}
    z, classes = path.step(1 / 30, wish(8), STEADY, held)
    for number in range(60):
        again, mixture = path.step(1 / 30, wish(9 + number // 20), STEADY, held)
        np.testing.assert_array_equal(again, z)
        np.testing.assert_array_equal(mixture, classes)
    moved, _ = path.step(1 / 30, wish(9), STEADY, PARAMS)
    assert 0 < np.abs(moved - z).max() < 0.5, "and goes on from where it was"


def test_it_wanders_on_a_held_chord() -> None:
    frames = walk(40.0, 5.0, lambda time: wish(0))
    z = np.array([z[0] for z, _ in frames]) / NORM
    away = np.degrees(np.arccos(np.clip((z * z[0]).sum(axis=-1), -1, 1)))
    assert away.max(axis=0).min() > 8
    assert away.max() < 90
    still = walk(5.0, 5.0, lambda time: wish(0), params=STILL)
    np.testing.assert_allclose(still[0][0], still[-1][0], atol=1e-5)


def test_a_beat_throws_and_returns() -> None:
    assert beat_throw(0.0) == 0.0
    assert beat_throw(1.0) == pytest.approx(0.0, abs=1e-12)
    assert max(beat_throw(phase) for phase in np.linspace(0, 1, 201)) == pytest.approx(1.0, abs=1e-3)
    assert beat_throw(0.999) < 1e-4

    params = {**STILL, "dream.beat": 1.0}
    frames = np.array([z[0] for z, _ in walk(6.0, 40.0, lambda time: wish(0), beating, params)])
    rest = frames[0]
    away = np.linalg.norm(frames - rest, axis=-1)[-41:]  # two beats, once the tempo is trusted
    assert away.max(axis=0)[0] < away.max(axis=0)[1] < away.max(axis=0)[2]
    assert away.max(axis=0)[2] > 0.3 * NORM
    assert away[[0, 20, 40]].max() < 1e-3 * NORM, "on the beat it is home again"


def test_beats_of_a_bar_throw_their_own_way() -> None:
    path = LatentPath(0)
    ways = np.array([path.direction(beat) for beat in range(8)])
    np.testing.assert_allclose(np.linalg.norm(ways, axis=1), 1.0)
    np.testing.assert_array_equal(ways[:4], ways[4:])
    assert np.abs(ways[:4] @ ways[:4].T - np.eye(4)).max() < 0.5


def test_without_trust_in_the_beat_there_is_no_throw() -> None:
    doubtful = lambda time: beating(time)._replace(beat_confidence=0.0)  # noqa: E731
    frames = walk(2.0, 30.0, lambda time: wish(0), doubtful, {**STILL, "dream.beat": 1.0})
    np.testing.assert_allclose(frames[0][0], frames[-1][0], atol=1e-5)


def test_deterministic_in_its_seed() -> None:
    first, again = walk(2.0, 15.0, changing, beating)[-1], walk(2.0, 15.0, changing, beating)[-1]
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    one, other = (LatentPath(seed).step(1.0, wish(0), STEADY, PARAMS)[0] for seed in (3, 4))
    assert np.abs(one - other).max() > 0.01


def test_silence_calms_it() -> None:
    silence = Pulse.quiet(0.0)
    ways = []
    for pulse in (silence, STEADY):
        path = LatentPath(0)
        for _ in range(40):
            path.step(0.5, wish(0), pulse, PARAMS)
        z = np.array([path.step(0.1, wish(1), pulse, PARAMS)[0][0] for _ in range(20)])
        ways.append(np.linalg.norm(np.diff(z, axis=0), axis=-1).sum(axis=0))
    assert (ways[0] < 0.7 * ways[1])[:2].all()
    assert (ways[0] > 0).all(), "but it never stops"
