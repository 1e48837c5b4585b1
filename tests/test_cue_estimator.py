"""The cue estimator: directions, calm on silence, steadiness, and the demo piece's moods."""

from __future__ import annotations

import math

import numpy as np
import pytest
import soundfile
from sounds import cut, drum_loop, silence, song

from livesing.audio.score import SECTIONS
from livesing.audio.slow import Cues, cues_of
from livesing.sentiment.cue_estimator import PRIORS, CueEstimator, follow
from livesing.sentiment.mood import MOOD_LIMIT, MOOD_SIZE, Mood
from livesing.sentiment.normaliser import RunningNormaliser

RATE = 22_050

USUAL = Cues(
    time_s=0.5,
    mode=0.16,
    key=0,
    key_confidence=0.78,
    onset_rate=2.53,
    bpm=120.0,
    rms_db=-21.0,
    loudness_db=-21.0,
    flux=0.058,
    centroid_hz=1450.0,
    zero_crossings=1260.0,
    flatness=0.003,
    silent=False,
    articulation=0.09,
    entropy=0.474,
    chord_mode=0.1,
    attack_db=-17.5,
)
SILENT = USUAL._replace(rms_db=-120.0, onset_rate=0.0, flux=0.0, centroid_hz=0.0, silent=True)


def feel(sound, rate=RATE):
    """Moods of a sound, [steps, 4], without the first three seconds."""
    moods = [mood for _, mood in follow(cues_of(cut(sound, 4096), rate))]
    return np.array(moods)[6:]


def test_a_mood_is_a_row_of_floats():
    row = np.array(Mood(1.0, 0.5, -0.5, 0.9))
    assert row.shape == (MOOD_SIZE,)
    assert Mood(*row) == Mood(1.0, 0.5, -0.5, 0.9)
    assert Mood.neutral(2.0) == (2.0, 0.0, 0.0, 0.0)


def test_usual_music_is_the_middle():
    estimator = CueEstimator()
    moods = [estimator.update(USUAL) for _ in range(40)]
    assert abs(moods[-1].valence) < 0.1
    assert abs(moods[-1].arousal) < 0.1
    assert moods[-1].confidence > 0.8


@pytest.mark.parametrize("key", [0, 10])
def test_major_is_happier_than_its_minor_twin(key):
    major = feel(song(RATE, 12.0, minor=False, key=key))
    minor = feel(song(RATE, 12.0, minor=True, key=key))
    assert major[:, 1].mean() > minor[:, 1].mean() + 0.8
    assert abs(major[:, 2].mean() - minor[:, 2].mean()) < 0.3


def test_faster_and_louder_and_with_drums_is_more_aroused():
    plain = song(RATE, 10.0, minor=False, bpm=90.0)
    arousal = feel(plain)[:, 2].mean()
    assert feel(song(RATE, 10.0, minor=False, bpm=150.0))[:, 2].mean() > arousal + 0.3
    assert feel(2.0 * plain)[:, 2].mean() > arousal + 0.2
    assert feel(plain + drum_loop(RATE, 10.0, 90.0)[0])[:, 2].mean() > arousal + 0.3


def test_gain_does_not_move_valence():
    plain = song(RATE, 10.0, minor=True)
    usual, *turned = (feel(plain * np.float32(10 ** (db / 20)))[:, 1].mean() for db in (0, -6, 6))
    np.testing.assert_allclose(turned, usual, atol=0.1)


def test_silence_calms():
    estimator = CueEstimator()
    for _ in range(40):
        estimator.update(USUAL._replace(onset_rate=8.0, mode=1.0))
    normal = estimator.normaliser.state()
    moods = [estimator.update(SILENT) for _ in range(30)]
    assert moods[0].arousal > 0.3  # it glides
    assert moods[-1].arousal == pytest.approx(-1.5, abs=0.05)
    assert moods[-1].valence == pytest.approx(0.0, abs=0.05)
    assert moods[-1].confidence < 0.05
    assert estimator.normaliser.state() == normal


@pytest.mark.parametrize("level", [-12.0, -24.0, -36.0, -48.0])
def test_softer_is_calmer_however_soft_it_is(level):
    """Sound that was rendered far under a record's level still has its dynamics."""

    def aroused(attack_db):
        estimator = CueEstimator()
        return [estimator.update(USUAL._replace(attack_db=attack_db)).arousal for _ in range(12)][-1]

    assert aroused(level) > aroused(level - 6.0) + 0.1


def test_silence_never_rouses():
    estimator = CueEstimator()
    calm = [estimator.update(USUAL._replace(onset_rate=0.2, attack_db=-45.0, flux=0.0)) for _ in range(20)][
        -1
    ]
    assert calm.arousal < -1.7
    assert [estimator.update(SILENT) for _ in range(20)][-1].arousal == pytest.approx(calm.arousal, abs=0.01)


def test_a_change_shows_within_two_seconds_and_does_not_jump():
    estimator = CueEstimator()
    for _ in range(20):
        calm = estimator.update(USUAL._replace(onset_rate=0.6, attack_db=-26.0, flux=0.05))
    driving = USUAL._replace(onset_rate=7.0, attack_db=-11.0, flux=0.22)
    moods = [estimator.update(driving) for _ in range(40)]
    arousal = np.array([calm.arousal, *(mood.arousal for mood in moods)])
    whole = arousal.max() - arousal[0]
    assert arousal[4] - arousal[0] > 0.6 * whole
    assert np.diff(arousal).max() < 0.5 * whole


def test_time_is_an_argument():
    estimator = CueEstimator()
    assert estimator.update(USUAL).time == USUAL.time_s
    assert estimator.update(USUAL, now=77.0).time == 77.0
    once, often = CueEstimator(), CueEstimator()
    for _ in range(4):
        fine = often.update(USUAL._replace(mode=1.0), dt=0.25)
    coarse = once.update(USUAL._replace(mode=1.0), dt=1.0)
    assert fine.valence == pytest.approx(coarse.valence, rel=1e-3)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e300])
def test_no_cue_can_break_it(bad):
    estimator = CueEstimator()
    names = ("mode", "chord_mode", "key_confidence", "onset_rate", "rms_db", "attack_db", "flux")
    for name in (*names, "articulation", "entropy", "flatness"):
        mood = estimator.update(USUAL._replace(**{name: bad}))
        assert np.isfinite(np.array(mood)).all()
        assert abs(mood.valence) <= MOOD_LIMIT
        assert abs(mood.arousal) <= MOOD_LIMIT
        assert 0.0 <= mood.confidence <= 1.0
    assert np.isfinite(list(estimator.normaliser.state().values())).all()


def test_it_goes_on_from_a_saved_state():
    loud = CueEstimator()
    for _ in range(600):
        loud.update(USUAL._replace(rms_db=-10.0, attack_db=-6.0))
    saved = RunningNormaliser.from_state(PRIORS, loud.normaliser.state())
    fresh, resumed = CueEstimator(), CueEstimator(saved)
    there = [estimator.update(USUAL._replace(rms_db=-10.0, attack_db=-6.0)) for estimator in (fresh, resumed)]
    assert there[1].arousal < there[0].arousal


def test_a_whole_sound_gives_a_mood_per_step():
    pairs = list(follow(cues_of(cut(song(RATE, 4.0, minor=False), 1000), RATE)))
    assert [mood.time for _, mood in pairs] == [cues.time_s for cues, _ in pairs]
    assert len(pairs) == 8


def test_silence_from_the_start_stays_calm():
    moods = feel(silence(RATE, 8.0))
    assert (moods[:, 2] < -0.8).all()
    assert (moods[:, 3] == 0.0).all()


def test_the_sections_of_the_demo_piece_land_apart(demo_piece):
    """By the first 14 s of each, one after the other."""
    seconds = 14
    with soundfile.SoundFile(demo_piece) as file:
        rate = file.samplerate
        parts = []
        for section in SECTIONS:
            file.seek(int(section.start_s * rate))
            parts.append(file.read(seconds * rate, dtype="float32").mean(axis=1))
    moods = np.array([mood for _, mood in follow(cues_of(parts, rate))])
    felt = {}
    for number, section in enumerate(SECTIONS):
        inside = (moods[:, 0] > seconds * number + 6.0) & (moods[:, 0] <= seconds * (number + 1))
        felt.setdefault(section.mood, moods[inside, 1:3].mean(axis=0))
    valence = {mood: felt[mood][0] for mood in felt}
    arousal = {mood: felt[mood][1] for mood in felt}
    assert valence["bright"] > valence["dark"] + 0.5
    assert valence["joyful"] > valence["dark"] + 0.8
    assert arousal["driving"] > arousal["bright"] + 0.5 > arousal["calm"] + 1.0
    assert arousal["dark"] < -0.3
