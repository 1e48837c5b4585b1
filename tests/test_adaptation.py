"""What a long evening does to the normalisers of the cues and of the mood, and what it does not."""

from __future__ import annotations

import numpy as np
import pytest
from sounds import cut, drum_loop, song

from livesing.audio.slow import Cues, cues_of
from livesing.sentiment.cue_estimator import MOOD_PRIORS, PRIORS, CueEstimator
from livesing.sentiment.normaliser import Prior, RunningNormaliser

RATE = 22_050
STEP_S = 0.5
MINUTE = 120
"""Steps."""


@pytest.fixture(scope="module")
def major() -> Cues:
    return list(cues_of(cut(song(RATE, 12.0, minor=False) + drum_loop(RATE, 12.0, 96.0)[0], 4096), RATE))[-1]


@pytest.fixture(scope="module")
def minor() -> Cues:
    return list(cues_of(cut(song(RATE, 12.0, minor=True), 4096), RATE))[-1]


def louder(cues: Cues, gain_db: float) -> Cues:
    levels = ("rms_db", "loudness_db", "attack_db")
    return cues._replace(**{name: getattr(cues, name) + gain_db for name in levels})


def live(estimator: CueEstimator, cues: Cues, minutes: float):
    """Moods of the same half second over and over."""
    return [estimator.update(cues, STEP_S) for _ in range(round(minutes * MINUTE))]


def test_an_evening_in_minor_stays_in_minor(minor: Cues) -> None:
    estimator = CueEstimator()
    moods = live(estimator, minor, 180.0)
    settled = moods[MINUTE].valence
    assert settled < -0.3
    assert moods[-1].valence < 0.6 * settled
    assert estimator.scale.state()["valence"][0] == 0.0
    assert estimator.normaliser.state()["mode"] == (PRIORS["mode"].mean, PRIORS["mode"].std)


def test_arousal_follows_the_evening_slowly_and_not_far(major: Cues) -> None:
    estimator = CueEstimator()
    wild = major._replace(onset_rate=9.0, flux=3.0 * major.flux)
    moods = live(estimator, wild, 120.0)
    first, soon, last = (moods[step].arousal for step in (20, MINUTE, -1))
    assert first > 0.5
    assert soon > 0.7 * first  # a minute is no evening
    assert 0.0 < last < soon
    mean, std = estimator.scale.state()["arousal"]
    prior = MOOD_PRIORS["arousal"]
    assert 0.0 < mean <= prior.reach * prior.std
    assert prior.std / prior.stretch <= std <= prior.std * prior.stretch


def test_another_gain_is_forgotten_within_minutes(major: Cues) -> None:
    plain, soft = CueEstimator(), CueEstimator()
    usual = live(plain, major, 20.0)
    shifted = live(soft, louder(major, -20.0), 20.0)
    early, late = (abs(shifted[step].arousal - usual[step].arousal) for step in (20, -1))
    assert early > 0.5
    assert late < 0.35 * early


@pytest.mark.parametrize("name", ["silence", "hush"])
def test_silence_and_hush_move_nothing(name: str, major: Cues) -> None:
    estimator = CueEstimator()
    live(estimator, major, 3.0)
    before = estimator.normaliser.state(), estimator.scale.state()
    quiet = louder(major, -36.0)._replace(onset_rate=0.0, flux=0.0)
    if name == "silence":
        quiet = quiet._replace(rms_db=-120.0, silent=True)
    # A hush is one as long as the music before it is remembered; silence is for ever.
    live(estimator, quiet, 60.0 if name == "silence" else 0.4)
    assert (estimator.normaliser.state(), estimator.scale.state()) == before


def test_music_that_has_become_much_softer_counts_in_the_end(major: Cues) -> None:
    estimator = CueEstimator()
    live(estimator, major, 3.0)
    before = estimator.normaliser.state()
    live(estimator, louder(major, -36.0), 5.0)
    assert estimator.normaliser.state() != before


def test_the_spread_has_limits_of_its_own() -> None:
    fixed = Prior(0.0, 1.0, memory_s=10.0, reach=0.0, stretch=1.3)
    for value, expected in ((0.0, 1.0 / 1.3), (3.0, 1.3)):
        normaliser = RunningNormaliser({"it": fixed})
        for step in range(400):
            normaliser.push({"it": value if step % 2 else -value}, STEP_S)
        assert normaliser.state()["it"] == pytest.approx((0.0, expected))
    with pytest.raises(ValueError, match="stretch"):
        RunningNormaliser({"it": fixed._replace(stretch=0.5)})


def test_one_wild_step_moves_little(major: Cues) -> None:
    estimator = CueEstimator()
    live(estimator, major, 1.0)
    before = estimator.normaliser.state()
    estimator.update(louder(major, 12.0)._replace(onset_rate=1e6, flux=1e9, flatness=1.0), STEP_S)
    after = estimator.normaliser.state()
    for name, prior in PRIORS.items():
        assert np.abs(np.subtract(after[name], before[name])).max() < 0.02 * prior.std
