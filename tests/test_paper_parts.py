"""The parts of the paper's features, each against what is known of it by itself."""

import numpy as np
import pytest
from sounds import sine, song, white

from livesing.audio.linear_prediction import predict
from livesing.audio.mel import HALF_FFT, MelFrames, mel_filters, mfcc_basis, short_window
from livesing.audio.octaves import OCTAVES, Octaves
from livesing.audio.recent import Recent
from livesing.audio.slow import HOP, SLOW_RATE, STEP
from livesing.audio.tempogram import LAGS, Tempogram
from livesing.audio.tuning import Peaks, RecentTuning, WholeTuning, find_peaks


def test_recent_knows_the_last_rows_by_their_index():
    recent = Recent(10, 2)
    rows = np.arange(80, dtype=np.float32).reshape(40, 2)
    for first in range(0, 40, 4):
        recent.push(rows[first : first + 4])
        end = first + 4
        assert recent.end == end
        assert np.array_equal(recent.span(max(0, end - 10), end), rows[max(0, end - 10) : end])
    assert not Recent(10).span(-5, 0).any()
    for first, last in ((29, 35), (35, 41)):
        with pytest.raises(IndexError):
            recent.span(first, last)
    with pytest.raises(ValueError, match="more than the 10"):
        recent.push(rows[:11])


def test_mel_bands_have_equal_areas_and_cover_the_spectrum():
    filters = mel_filters(SLOW_RATE)
    assert filters.shape == (128, HALF_FFT + 1)
    assert filters.sum(axis=1)[40:] * SLOW_RATE / 2048 == pytest.approx(1.0, rel=0.05)
    assert (filters[:, 1:-1].sum(axis=0) > 0).all()


def test_the_cosine_transform_is_orthonormal():
    basis = mfcc_basis()
    assert basis.T @ basis == pytest.approx(np.eye(40), abs=1e-5)


def test_a_short_window_ends_in_time_with_the_same_energy():
    window = short_window(HOP)
    assert not window[-HOP:].any()
    assert np.sum(window**2) == pytest.approx(2048 * 3 / 8)


def test_a_tone_has_its_level_in_its_band():
    mel = MelFrames(SLOW_RATE, 50)
    mel.push(sine(SLOW_RATE, 0.5, 1000.0, 0.5))
    levels = mel.levels(5, 10, ended=False)
    centre = np.argmax(mel_filters(SLOW_RATE)[:, round(1000 * 2048 / SLOW_RATE)])
    assert (levels.argmax(axis=1) == centre).all()
    assert np.ptp(levels.max(axis=1)) < 0.01


@pytest.mark.parametrize("octave", range(OCTAVES))
def test_an_octave_hears_a_tone_at_its_own_rate(octave):
    hz = 50.0
    octaves = Octaves(4 * STEP)
    sound = sine(SLOW_RATE, 10.5, hz, 0.25)
    for first in range(0, sound.size, STEP):
        octaves.push(sound[first : first + STEP])
    end = sound.size >> octave
    span = octaves.span(octave, end - 600, end - 100)
    times = np.arange(end - 600, end - 100) * 2**octave / SLOW_RATE
    assert span == pytest.approx(0.25 * 2 ** (octave / 2) * np.sin(2 * np.pi * hz * times), abs=2e-3)


def test_what_an_octave_reckons_ahead_is_what_settles_if_silence_follows():
    octaves = Octaves(16 * STEP)
    sound = white(SLOW_RATE, 8.0, -20.0)
    for first in range(0, sound.size, STEP):
        octaves.push(sound[first : first + STEP])
    ends = [sound.size >> octave for octave in range(OCTAVES)]
    now = [octaves.span(octave, end - 300, end) for octave, end in enumerate(ends)]
    assert octaves.settled(OCTAVES - 1) < ends[-1] - 300
    octaves.push(np.zeros(0, dtype=np.float32), last=True)
    assert [octaves.settled(octave) for octave in range(OCTAVES)] == ends
    for octave, end in enumerate(ends):
        assert octaves.span(octave, end - 300, end) == pytest.approx(now[octave], abs=1e-5)
        assert not octaves.span(octave, end, end + 50).any()


def test_a_rhythm_is_predicted_and_noise_is_not():
    beats = np.zeros(420)
    beats[::21] = 1.0
    future, variance = predict(beats, 105)
    assert set(np.argsort(future)[-5:]) == {0, 21, 42, 63, 84}
    assert variance[0] < 0.5 * beats.var()
    noise = np.abs(np.random.default_rng(1).standard_normal(420))
    future, variance = predict(noise, 105)
    assert future[-40:] == pytest.approx(noise.mean(), abs=0.25)
    assert variance[-40:] == pytest.approx(noise.var(), rel=0.15)
    future, variance = predict(np.full(420, 0.5), 10)
    assert (future == 0.5).all()
    assert not variance.any()


@pytest.mark.parametrize("predicted", [False, True])
def test_a_tempogram_shows_the_period(predicted):
    strengths = np.zeros(700, dtype=np.float32)
    strengths[::28] = 1.0
    rows = Tempogram().rows(strengths, 679, 21, predicted=predicted)
    assert rows.shape == (21, LAGS)
    assert rows[:, 0] == pytest.approx(1.0)
    assert (np.abs(rows[:, 14:].argmax(axis=1) + 14 - 28) <= 1).all()
    assert not Tempogram().rows(np.zeros(700, np.float32), 679, 21, predicted=predicted).any()


def spectra(sound: np.ndarray) -> np.ndarray:
    mel = MelFrames(SLOW_RATE, 50)
    return np.concatenate([mel.push(sound[k : k + STEP])[0] for k in range(0, sound.size, STEP)])


@pytest.mark.parametrize("semitones", [-0.12, 0.0, 0.05, 0.1])
def test_tuning_of_detuned_music(semitones):
    whole = WholeTuning()
    whole.push(find_peaks(spectra(song(SLOW_RATE, 6.0, minor=True, key=semitones)), SLOW_RATE))
    assert whole.tuning == pytest.approx(3.0 * semitones, abs=0.06)


def test_nothing_has_no_tuning():
    assert WholeTuning().tuning == 0.0
    recent = RecentTuning(SLOW_RATE)
    recent.push(np.zeros((21, HALF_FFT + 1), np.float32), np.zeros((4, HALF_FFT + 1), np.float32))
    assert recent.tuning == 0.0


def test_a_thinned_survey_of_tuning_says_what_a_full_one_says(monkeypatch):
    rng = np.random.default_rng(3)
    full, thinned = WholeTuning(), WholeTuning()
    thinned.LIMIT = 4_000
    for _ in range(40):
        size = 1_000
        magnitudes = rng.lognormal(0.0, 2.0, size).astype(np.float32)
        # The soft half is tuned otherwise than the loud one.
        centres = np.where(magnitudes > 1.0, 63, 22)
        cells = np.clip(rng.normal(centres, 6.0), 0, 99).astype(np.uint8)
        for survey in (full, thinned):
            survey.push(Peaks(np.zeros(size, np.intp), magnitudes, cells))
    assert thinned.tuning == full.tuning
    assert sum(part[0].size for part in thinned._parts) <= 4_000


def test_the_recent_tuning_follows_a_retuned_band():
    recent = RecentTuning(SLOW_RATE)
    mel = MelFrames(SLOW_RATE, 50)
    heard = []
    for semitones in (0.1, -0.1):
        sound = song(SLOW_RATE, 11.0, minor=False, key=semitones)
        for first in range(0, sound.size, STEP):
            magnitudes, _ = mel.push(sound[first : first + STEP])
            recent.push(magnitudes, magnitudes[:4])
        heard.append(recent.tuning)
    assert heard == pytest.approx([0.3, -0.3], abs=0.05)
