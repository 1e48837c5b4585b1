"""Motion: what moves on screen stays finite, calm in silence, and the same at any frame rate."""

from collections.abc import Iterator

import numpy as np
import pytest

from livesing.audio.pulse import Pulse
from livesing.params import TABLE
from livesing.stage.motion import Motion, Stir

DEFAULTS = {param.name: param.default for param in TABLE}
HIGHEST = {param.name: param.high for param in TABLE}
LOWEST = {param.name: param.low for param in TABLE}
QUIET = Pulse.quiet(0.0)
LOUD = QUIET._replace(
    level=1.0, bass=1.0, mid=1.0, treble=1.0, hit=1.0, bass_hit=1.0, beat_confidence=1.0, silent=0
)


def numbers(stir: Stir) -> np.ndarray:
    return np.array(
        [stir.zoom, stir.angle, *stir.offset, stir.light, stir.turn, stir.warp, stir.time, stir.glow]
    )


def play(pulses: Iterator[Pulse] | list[Pulse], params: dict[str, float], fps: float = 60.0) -> list[Stir]:
    motion = Motion()
    return [motion.step(100 + number / fps, 1 / fps, pulse, params) for number, pulse in enumerate(pulses, 1)]


@pytest.mark.parametrize("params", [DEFAULTS, HIGHEST, LOWEST], ids=["default", "highest", "lowest"])
def test_silence_is_calm_and_never_dark(params: dict[str, float]) -> None:
    stirs = play([QUIET] * 1800, params)
    table = np.array([numbers(stir) for stir in stirs])
    assert np.isfinite(table).all()
    light = np.array([stir.light for stir in stirs])
    assert light.min() >= 0.6
    assert light.max() <= 1.0
    assert all(stir.zoom >= 1.0 for stir in stirs), "no border is ever seen"
    assert all(np.hypot(*stir.offset) < 0.2 for stir in stirs)
    # Nothing jumps: a frame moves the picture by less than a two-hundredth of its height.
    for column in (0, 2, 3):
        assert np.abs(np.diff(table[:, column])).max() < 0.005
    assert np.abs(np.diff(table[60:, 4])).max() < 0.005


@pytest.mark.parametrize("params", [DEFAULTS, HIGHEST, LOWEST], ids=["default", "highest", "lowest"])
@pytest.mark.parametrize("seed", range(3))
def test_the_wildest_music_stays_finite_and_bounded(seed: int, params: dict[str, float]) -> None:
    rng = np.random.default_rng(seed)

    def wild() -> Iterator[Pulse]:
        for _ in range(1200):
            hit = float(rng.integers(0, 2))
            yield LOUD._replace(
                level=rng.random(), bass=rng.random(), treble=rng.random(), hit=hit, bass_hit=hit,
                beat_phase=rng.random(), flux=1e6, rms_db=3.0, onset_rate=1e3, beats=1e9,
            )  # fmt: skip

    for stir in play(wild(), params):
        assert np.isfinite(numbers(stir)).all()
        assert 1.0 <= stir.zoom < 2.0
        assert 0.6 <= stir.light < 3.0
        assert 0.0 <= stir.warp <= 1.0
        assert 0.0 <= stir.glow <= 1.0
        assert abs(stir.turn) <= 0.75


def test_no_time_passes_when_frozen() -> None:
    motion = Motion()
    for number in range(60):
        motion.step(number / 60, 1 / 60, LOUD, HIGHEST)
    before = motion.step(1.0, 0.0, LOUD, HIGHEST)
    after = motion.step(2.0, 0.0, QUIET, HIGHEST)
    np.testing.assert_array_equal(numbers(before), numbers(after))


def test_a_hit_adds_light_and_zoom_within_three_frames_and_goes_again() -> None:
    params = {**DEFAULTS, "light.level": 0.0, "light.pulse": 1.0, "motion.pulse": 1.0, "motion.zoom": 0.0}
    envelope = [QUIET] * 30 + [
        LOUD._replace(hit=0.5 ** (n / 8.4), bass_hit=0.5 ** (n / 8.4)) for n in range(60)
    ]
    stirs = play(envelope, params)
    light = np.array([stir.light for stir in stirs]) - stirs[29].light
    zoom = np.array([stir.zoom for stir in stirs]) - stirs[29].zoom
    for value in (light, zoom):
        peak = value.max()
        assert peak > 0.05
        assert value[32] > 0.6 * peak, "seen within 50 ms"
        assert value[30] < 0.8 * peak, "but not as a jump"
        assert value[-1] < 0.15 * peak


def test_louder_is_brighter() -> None:
    params = {**DEFAULTS, "light.level": 1.0, "light.pulse": 0.0}
    quiet = play([QUIET] * 120, params)[-1].light
    middle = play([QUIET._replace(level=0.6)] * 120, params)[-1].light
    loud = play([QUIET._replace(level=1.0)] * 120, params)[-1].light
    assert quiet < middle < loud
    assert middle == pytest.approx(1.0, abs=0.01)


def test_what_is_turned_off_does_not_move() -> None:
    off = {
        **DEFAULTS,
        "light.level": 0,
        "light.pulse": 0,
        "motion.pulse": 0,
        "motion.zoom": 0,
        "motion.sway": 0,
    }
    off |= {"motion.spin": 0, "motion.warp": 0, "hue.shift": 0, "hue.pulse": 0}
    table = np.array([numbers(stir) for stir in play([QUIET, LOUD] * 100, off)])
    assert np.ptp(table[:, :7], axis=0).max() < 1e-12
    assert table[0, 4] == 1.0


@pytest.mark.parametrize("fps", [30.0, 144.0])
def test_the_same_motion_at_another_frame_rate(fps: float) -> None:
    """Pulses that change four times a second, seen at 60 fps and at another rate."""
    rng = np.random.default_rng(5)
    steps = [
        QUIET._replace(level=a, bass=b, treble=c, bass_hit=d, hit=d, beat_phase=e, beat_confidence=0.8)
        for a, b, c, d, e in rng.random((40, 5)).tolist()
    ]
    params = {**DEFAULTS, "light.pulse": 0.05, "motion.spin": 0.5}  # under the flash limiter
    ends = []
    for rate in (60.0, fps):
        count = int(rate / 4)
        stirs = play([pulse for pulse in steps for _ in range(count)], params, fps=count * 4.0)
        ends.append([numbers(stir) for stir in stirs[count - 1 :: count]])
    np.testing.assert_allclose(ends[0], ends[1], atol=5e-3)
