"""The running normaliser."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest

from livesing.sentiment.normaliser import Z_LIMIT, Prior, RunningNormaliser

PRIORS = {"level": Prior(-20.0, 6.0, memory_s=60.0, reach=2.0), "mode": Prior(0.0, 0.5, math.inf)}


def test_it_starts_from_the_prior():
    z = RunningNormaliser(PRIORS).push({"level": -14.0, "mode": -0.5}, dt=0.5)
    assert z == {"level": pytest.approx(1.0), "mode": pytest.approx(-1.0)}


def test_it_adapts_over_minutes_and_not_over_seconds():
    normaliser = RunningNormaliser(PRIORS)
    z = [normaliser.push({"level": -12.0, "mode": 0.0}, dt=0.5)["level"] for _ in range(600)]
    assert z[10] > 0.8 * z[0]
    assert abs(z[-1]) < 0.1
    assert all(later <= sooner + 1e-9 for sooner, later in itertools.pairwise(z))


def test_the_spread_adapts_too():
    rng = np.random.default_rng(0)
    normaliser = RunningNormaliser(PRIORS)
    for _ in range(1200):
        normaliser.push({"level": -20.0 + 9.0 * rng.standard_normal(), "mode": 0.0}, dt=0.5)
    mean, std = normaliser.state()["level"]
    assert mean == pytest.approx(-20.0, abs=3.0)
    assert std == pytest.approx(9.0, rel=0.2)


def test_it_stays_within_reach():
    normaliser = RunningNormaliser(PRIORS)
    for _ in range(2000):
        normaliser.push({"level": 200.0, "mode": 1.0}, dt=5.0)
    mean, std = normaliser.state()["level"]
    assert mean <= -20.0 + 2.0 * 6.0
    assert 3.0 <= std <= 12.0
    assert normaliser.state()["mode"] == (0.0, 0.5)


def test_one_outlier_moves_little():
    normaliser = RunningNormaliser(PRIORS)
    z = normaliser.push({"level": 1e9, "mode": 0.0}, dt=0.5)
    assert z["level"] == Z_LIMIT
    assert normaliser.state()["level"][0] == pytest.approx(-20.0, abs=0.3)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_moves_nothing(bad):
    normaliser = RunningNormaliser(PRIORS)
    before = normaliser.state()
    assert normaliser.push({"level": bad, "mode": bad}, dt=0.5) == {"level": 0.0, "mode": 0.0}
    assert normaliser.state() == before


def test_no_time_moves_nothing():
    normaliser = RunningNormaliser(PRIORS)
    normaliser.push({"level": 0.0, "mode": 1.0}, dt=0.0)
    assert normaliser.state() == RunningNormaliser(PRIORS).state()


def test_the_step_is_one_of_time():
    coarse, fine = RunningNormaliser(PRIORS), RunningNormaliser(PRIORS)
    coarse.push({"level": -14.0, "mode": 0.0}, dt=2.0)
    for _ in range(4):
        fine.push({"level": -14.0, "mode": 0.0}, dt=0.5)
    assert fine.state()["level"] == pytest.approx(coarse.state()["level"], rel=1e-3)


def test_its_state_survives_json():
    normaliser = RunningNormaliser(PRIORS)
    for _ in range(100):
        normaliser.push({"level": -10.0, "mode": 0.3}, dt=0.5)
    saved = json.loads(json.dumps(normaliser.state()))
    again = RunningNormaliser.from_state(PRIORS, saved)
    assert again.state() == normaliser.state()


def test_a_saved_state_is_checked():
    assert RunningNormaliser.from_state(PRIORS, {"other": (0.0, 1.0)}).state() == (
        RunningNormaliser(PRIORS).state()
    )
    for bad in ((math.nan, 1.0), (0.0, 0.0), (0.0, math.inf)):
        with pytest.raises(ValueError, match="level"):
            RunningNormaliser.from_state(PRIORS, {"level": bad})
    far = RunningNormaliser.from_state(PRIORS, {"level": (1e9, 1e9)})
    assert far.state()["level"] == (-8.0, 12.0)


def test_an_impossible_prior_is_refused():
    with pytest.raises(ValueError, match="level"):
        RunningNormaliser({"level": Prior(0.0, 0.0)})
