"""How a pulse is counted: the profile of its onsets, and the judge that compares the ways."""

import numpy as np
import pytest

from livesing.audio.beat_features import BANDS, FRAMES, STRIDE_S
from livesing.audio.beat_level import (
    CELLS,
    COUNTS,
    GROUPS,
    INPUTS,
    PLACES,
    LevelJudge,
    LevelNet,
    PulseProfile,
    features,
    grouped,
)
from livesing.audio.framing import Floats

PERIOD_S, LATE_S = 0.49, 0.02


def likes_bass_on_the_beat() -> dict[str, Floats]:
    first = np.zeros((1, INPUTS), dtype=np.float32)
    first[0, : CELLS * GROUPS : PLACES * GROUPS] = 1.0
    return {
        "mean": np.zeros(INPUTS, dtype=np.float32),
        "scale": np.ones(INPUTS, dtype=np.float32),
        "0.weight": first,
        "0.bias": np.zeros(1, dtype=np.float32),
        "1.weight": np.full((1, 1), 2.0, dtype=np.float32),
        "1.bias": np.zeros(1, dtype=np.float32),
    }


def rises_at(number: int) -> Floats:
    """Of a stride: a bass drum at every multiple of PERIOD_S, heard a little later, as windows are."""
    rises = np.full((FRAMES, BANDS), 1e-3, dtype=np.float32)
    begin_s = number * STRIDE_S - LATE_S
    beat_s = np.ceil(begin_s / PERIOD_S) * PERIOD_S
    if beat_s < begin_s + STRIDE_S:
        rises[int((beat_s - begin_s) / STRIDE_S * FRAMES), :3] = 1.0
    return rises


def followed(judge: LevelJudge, strides: range, factor: float, offset: float) -> list[float]:
    """The judge hears the drum by a pulse of `factor` beats and an offset -> at the end: how far what it
    tells lies off the drum, in drum beats, and the share that the told period is of the drum's."""
    period_s = PERIOD_S / factor
    told_s = position = 0.0
    for number in strides:
        place = (number + 1) * STRIDE_S / period_s + offset
        told_s, position = judge.follow(rises_at(number), period_s, place % 1.0)
    # The drum's phase is now_s / PERIOD_S; a slower or a quicker beat is compared where both are whole.
    now = strides[-1] + 1
    away = position * told_s / PERIOD_S - now * STRIDE_S / PERIOD_S
    return [(away + 0.5) % 1.0 - 0.5, told_s / PERIOD_S]


@pytest.mark.parametrize(
    ("factor", "offset"),
    [(1.0, 0.0), (1.0, 0.5), (1.0, 0.25), (1.0, 0.75), (2.0, 0.0), (2.0, 1.0), (2.0, 0.5), (0.5, 0.0)],
    ids=str,
)
def test_a_drum_on_the_beat_is_told_however_the_pulse_was_found(factor: float, offset: float) -> None:
    away, share = followed(LevelJudge(likes_bass_on_the_beat()), range(300), factor, offset)
    assert share == pytest.approx(1.0)
    assert abs(away) < 0.06


@pytest.mark.parametrize(("factor", "offset"), [(1.0, 0.5), (2.0, 0.0), (0.5, 0.0)], ids=str)
def test_what_is_told_goes_on_when_the_pulse_becomes_another(factor: float, offset: float) -> None:
    judge = LevelJudge(likes_bass_on_the_beat())
    followed(judge, range(300), 1.0, 0.0)
    for last in range(310, 500, 10):  # at no moment after it
        away, share = followed(judge, range(last - 10, last), factor, offset)
        assert share == pytest.approx(1.0)
        assert abs(away) < 0.06


def test_another_tempo_is_told_at_once() -> None:
    judge = LevelJudge(likes_bass_on_the_beat())
    followed(judge, range(300), 1.0, 0.5)
    assert judge.told != 0
    told_s, position = judge.follow(rises_at(300), PERIOD_S * 0.7, 0.3)
    assert (told_s, position % 1.0) == pytest.approx((PERIOD_S * 0.7, 0.3))


def test_in_silence_the_pulse_runs_on() -> None:
    judge = LevelJudge(likes_bass_on_the_beat())
    followed(judge, range(300), 1.0, 0.5)
    for _ in range(30):
        judge.rest()
    away, share = followed(judge, range(330, 334), 1.0, 0.5)
    assert share == pytest.approx(1.0)
    assert abs(away) < 0.06


@pytest.mark.parametrize("turn", [0.0, 1.0, 0.5, 2.3])
def test_a_profile_is_that_of_the_onsets_by_their_place_in_each_count(turn: float) -> None:
    r = np.random.default_rng(0)
    profile, period_s, strides = PulseProfile(), 0.437, 320
    rises = r.random((strides, FRAMES, BANDS)).astype(np.float32)
    for number, one in enumerate(rises):
        profile.push(one, (number + 1) * STRIDE_S / period_s, STRIDE_S / period_s)
        profile.fade(STRIDE_S)
    profile.turned(turn)
    steps = (rises.reshape(strides, -1) @ grouped()).reshape(-1, GROUPS + 1)[:, :GROUPS]
    now_s = (np.arange(len(steps)) + 0.5) * STRIDE_S * strides / len(steps)
    weight = np.exp(now_s / 8.0)
    shift = round(turn * PulseProfile.PLACES) / PulseProfile.PLACES
    for counted, (factor, offset) in zip(profile.counted(), COUNTS, strict=True):
        place = np.floor(((now_s / period_s + shift) * factor + offset) * PLACES).astype(int) % CELLS
        total = np.bincount(place, weight, CELLS)
        for group in range(GROUPS):
            mean = np.bincount(place, weight * steps[:, group], CELLS) / (total + 1e-3 * total.mean())
            np.testing.assert_allclose(counted[:, group], mean, rtol=0.02)


def test_a_pulse_that_changes_its_level_keeps_its_profile() -> None:
    profile = PulseProfile()
    for number in range(300):
        profile.push(rises_at(number), (number + 1) * STRIDE_S / PERIOD_S, STRIDE_S / PERIOD_S)
    before = profile.counted()
    profile.quicker()
    np.testing.assert_allclose(profile.counted()[2], before[0], rtol=1e-4)
    profile.slower()
    np.testing.assert_allclose(profile.counted()[0].mean(axis=0), before[0].mean(axis=0), rtol=0.02)


def test_features_know_no_level() -> None:
    profiles = np.random.default_rng(0).random((3, CELLS, GROUPS)).astype(np.float32)
    bpm = np.array([60.0, 120.0, 180.0])
    np.testing.assert_allclose(features(profiles * 100, bpm), features(profiles, bpm), rtol=1e-3)
    assert LevelNet(likes_bass_on_the_beat()).score(features(profiles, bpm)).shape == (3,)
