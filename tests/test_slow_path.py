"""The slow path: one Cues per 500 ms, and what each cue means."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sounds import cut, drum_loop, silence, sine, song, white

from livesing.audio.key import find_key
from livesing.audio.loudness import LOUDNESS_OFFSET_DB, k_weights
from livesing.audio.slow import Cues, SlowPath, cues_of

RATE = 22_050


def hear(sound, *, rate=RATE, block=4096):
    return list(cues_of(cut(sound, block), rate))


def mean(cues, name, after_s=2.0):
    return float(np.mean([getattr(step, name) for step in cues if step.time_s > after_s]))


@pytest.mark.parametrize("rate", [8_000, 21_504, 44_100, 48_000, 192_000])
def test_one_cues_per_500_ms(rate):
    cues = hear(white(rate, 3.2, -20.0), rate=rate)
    assert [step.time_s for step in cues] == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    assert all(np.isfinite(np.array(step, dtype=float)).all() for step in cues)


def test_cues_come_while_the_sound_plays():
    path = SlowPath(48_000)
    early = path.push(white(48_000, 0.6, -20.0))
    assert [step.time_s for step in early] == [0.5]


@pytest.mark.parametrize("size", [1, 64, 512, None])
def test_the_cut_of_the_stream_changes_nothing(size):
    sound = song(RATE, 1.3 if size == 1 else 6.0, minor=False)
    assert hear(sound, block=size) == hear(sound, block=sound.size)


@pytest.mark.parametrize("tuning", [-0.4, 0.0, 0.3])
@pytest.mark.parametrize("key", [0, 4, 9])
def test_mode_and_key(key, tuning):
    major = hear(song(RATE, 14.0, minor=False, key=key + tuning))
    minor = hear(song(RATE, 14.0, minor=True, key=key + tuning))
    assert mean(major, "mode") > 0.3
    assert mean(minor, "mode") < -0.3
    assert major[-1].key == key
    assert minor[-1].key == key
    assert mean(major, "key_confidence") > 0.7


def test_a_triad_is_its_key():
    chroma = np.zeros(12)
    chroma[[7, 11, 2]] = 1.0, 0.7, 0.8
    assert find_key(chroma).tonic == 7
    assert find_key(chroma).mode > 0.3
    chroma[11], chroma[10] = 0.0, 0.7
    assert find_key(chroma).tonic == 7
    assert find_key(chroma).mode < -0.3
    for nothing in (np.zeros(12), np.ones(12)):
        assert find_key(nothing) == (0, 0.0, 0.0)


def test_what_has_no_pitch_has_no_mode():
    assert abs(mean(hear(white(RATE, 8.0, -20.0)), "mode")) < 0.25
    assert abs(mean(hear(drum_loop(RATE, 8.0, 120.0)[0]), "mode")) < 0.25


@pytest.mark.parametrize("gain_db", [-6.0, 6.0])
def test_gain_moves_only_the_levels(gain_db):
    sound = song(RATE, 10.0, minor=True)
    plain = hear(sound)
    scaled = hear(sound * np.float32(10 ** (gain_db / 20)))
    for name, tolerance in (
        ("mode", 0.02),
        ("onset_rate", 0.2),
        ("flux", 0.002),
        ("centroid_hz", 1.0),
        ("flatness", 0.001),
    ):
        assert mean(scaled, name) == pytest.approx(mean(plain, name), abs=tolerance)
    assert mean(scaled, "rms_db") == pytest.approx(mean(plain, "rms_db") + gain_db, abs=0.01)
    assert mean(scaled, "loudness_db") == pytest.approx(mean(plain, "loudness_db") + gain_db, abs=0.01)


@pytest.mark.parametrize("bpm", [120.0, 140.0])
def test_onset_rate_and_tempo_of_a_drum_loop(bpm):
    cues = hear(drum_loop(44_100, 12.0, bpm)[0], rate=44_100)
    assert cues[-1].bpm == pytest.approx(bpm, rel=0.04)
    assert mean(cues, "onset_rate", 6.0) == pytest.approx(bpm / 30.0, rel=0.2)


def test_centroid_crossings_and_flatness_of_known_sounds():
    tone = hear(sine(RATE, 4.0, 1000.0))
    assert mean(tone, "centroid_hz") == pytest.approx(1000.0, rel=0.05)
    assert mean(tone, "zero_crossings") == pytest.approx(2000.0, rel=0.01)
    assert mean(tone, "flatness") < 0.01
    assert mean(tone, "flux") < 0.01
    noise = hear(white(RATE, 4.0, -20.0))
    assert mean(noise, "flatness") > 0.8
    assert mean(noise, "centroid_hz") == pytest.approx(5000.0, rel=0.1)


def test_loudness_is_that_of_bs_1770():
    # BS.1770: a full-scale 997 Hz sine in one channel reads -3.01 LUFS.
    assert LOUDNESS_OFFSET_DB + 10 * np.log10(0.5 * k_weights(np.array([997.0]))[0]) == (
        pytest.approx(-3.01, abs=0.02)
    )
    assert mean(hear(sine(RATE, 3.0, 997.0, 1.0)), "loudness_db") == pytest.approx(-3.0, abs=0.1)
    # The bass counts less than the presence range.
    low, high = (mean(hear(sine(RATE, 3.0, hz)), "loudness_db") for hz in (40.0, 4000.0))
    assert high - low == pytest.approx(11.0, abs=2.0)


def test_silence_is_silent_and_the_next_piece_starts_afresh():
    cues = hear(np.concatenate((song(RATE, 8.0, minor=True), silence(RATE, 4.0))))
    assert not any(step.silent for step in cues[:15])
    assert all(step.silent for step in cues[-5:])
    assert cues[-1].rms_db <= -100.0
    assert cues[-1].onset_rate == 0.0
    both = np.concatenate(
        (song(RATE, 10.0, minor=True), silence(RATE, 4.0), song(RATE, 6.0, minor=False, key=6))
    )
    assert hear(both)[-1].mode > 0.3


def test_an_impossible_rate_is_refused():
    with pytest.raises(ValueError, match="sample rate"):
        SlowPath(2_000)


def test_real_music():
    """Five recordings: every cue is finite and within its range, the tempo of a steady one holds."""
    data = os.environ.get("LIVESING_DATA")
    if not data:
        pytest.skip("set LIVESING_DATA to a folder that holds audio_samples/ to test on recordings")
    clips = sorted((Path(data) / "audio_samples").glob("*.ogg"))
    if not clips:
        pytest.skip(f"no recordings in {data}/audio_samples")
    for clip in clips:
        with soundfile.SoundFile(clip) as file:
            sound = file.read(20 * file.samplerate, dtype="float32", always_2d=True).mean(axis=1)
            cues = hear(sound, rate=file.samplerate)
        rows = np.array(cues, dtype=float)
        assert np.isfinite(rows).all()
        column = dict(zip(Cues._fields, rows.T, strict=True))
        assert np.abs(column["mode"]).max() <= 1.0
        assert set(column["key"]) <= set(range(12))
        assert column["onset_rate"].max() <= 15.0
        if "Vibe_Ace" in clip.name:
            assert column["bpm"][-1] == pytest.approx(130.0, rel=0.04)
