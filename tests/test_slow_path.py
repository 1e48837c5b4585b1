"""The slow path: one Cues per 500 ms, and what each cue means."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sounds import cut, drum_loop, silence, sine, song, white

from livesing.audio.slow import SLOW_RATE, STEP, STEP_S, Cues, SlowPath, cues_of
from livesing.audio.tempo import Rhythm

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


@pytest.mark.parametrize("size", [128, 512, 4096])
def test_the_work_on_a_step_is_spread_and_done_within_a_sixth_of_a_second(size):
    path, heard, told = SlowPath(RATE), 0, []
    for block in cut(white(RATE, 2.4, -20.0), size):
        heard += block.size
        told += [(step.time_s, heard / RATE - step.time_s) for step in path.push(block)]
    assert [time_s for time_s, _ in told] == [0.5, 1.0, 1.5, 2.0]
    least = 3 * size / RATE if size <= 512 else 0.0  # a block does a stage
    assert all(least <= late <= STEP_S / 3 + 2 * size / RATE for _, late in told)


@pytest.mark.parametrize("size", [1, 64, 512, None])
def test_the_cut_of_the_stream_changes_nothing(size):
    sound = song(RATE, 1.3 if size == 1 else 6.0, minor=False)
    assert hear(sound, block=size) == hear(sound, block=sound.size)


@pytest.mark.parametrize("size", [512, 4096, RATE])
def test_a_rhythm_from_outside_tells_the_same(size):
    sound, rhythm = drum_loop(RATE, 6.0, 120.0)[0], Rhythm(RATE)
    path, told = SlowPath(RATE, rhythm=rhythm), []
    for block in cut(sound, size):
        rhythm.push(block)
        told += path.push(block)
    assert told[-1].bpm > 0.0
    assert told + path.finish() == hear(sound)


def test_no_block_waits_for_the_work_of_half_a_second():
    size, steps = 512, 8
    path, sound = SlowPath(SLOW_RATE), song(SLOW_RATE, steps * 0.5, minor=False)
    spent = []
    for block in cut(sound, size):
        begin = time.thread_time()
        path.push(block)
        spent.append(time.thread_time() - begin)
    # The least of what each place of a step took: what else the machine does is left out.
    places = np.reshape(spent, (steps, STEP // size)).min(axis=0)
    assert places.max() < 0.5 * places.sum()


@pytest.mark.parametrize(("key", "tuning"), [(0, -0.4), (4, 0.0), (9, 0.3)])
def test_mode_and_key(key, tuning):
    major = hear(song(RATE, 11.0, minor=False, key=key + tuning))
    minor = hear(song(RATE, 11.0, minor=True, key=key + tuning))
    assert mean(major, "mode") > 0.3
    assert mean(minor, "mode") < -0.3
    assert major[-1].key == key
    assert minor[-1].key == key
    assert mean(major, "key_confidence") > 0.7


def test_what_has_no_pitch_has_no_mode():
    for unpitched in (white(RATE, 8.0, -20.0), drum_loop(RATE, 8.0, 120.0)[0]):
        cues = hear(unpitched)
        assert max(abs(step.mode) for step in cues[4:]) < 0.2
        assert mean(cues, "key_confidence") < 0.2


LEVELS = ("rms_db", "loudness_db", "attack_db")


def differences(sound, gain_db, rate=RATE):
    """By cue: the largest difference that a gain makes, the gain itself taken from the levels."""
    plain, scaled = (
        np.array(hear(part, rate=rate), dtype=float)
        for part in (sound, sound * np.float32(10 ** (gain_db / 20)))
    )
    expected = np.array([gain_db if name in LEVELS else 0.0 for name in Cues._fields])
    return dict(zip(Cues._fields, np.abs(scaled - plain - expected).max(axis=0), strict=True))


@pytest.mark.parametrize("gain_db", [-6.0, 6.0])
def test_gain_moves_the_levels_and_nothing_else(gain_db):
    for sound in (
        song(RATE, 6.0, minor=True),
        song(RATE, 6.0, minor=False) + drum_loop(RATE, 6.0, 120.0)[0],
    ):
        for name, difference in differences(sound, gain_db).items():
            # Frequencies in Hz, all else of the order of 1.
            assert difference < (0.05 if name.endswith("_hz") else 1e-3), name


def test_soft_music_has_the_same_mode_onset_rate_and_tempo():
    moved = differences(np.float32(0.03) * song(RATE, 4.0, minor=True), -12.0)
    assert max(moved[cue] for cue in ("mode", "onset_rate", "bpm", "key", "articulation")) < 1e-3


def test_gain_moves_no_cue_of_a_recording(data_dir: Path):
    for name in ("Hungarian", "Karissa"):
        clip = next((data_dir / "audio_samples").glob(f"*{name}*.ogg"))
        with soundfile.SoundFile(clip) as file:
            file.seek(10 * file.samplerate)
            sound = file.read(8 * file.samplerate, dtype="float32", always_2d=True).mean(axis=1)
            rate = file.samplerate
        for gain_db in (-6.0, 6.0)[: 1 if name == "Karissa" else 2]:
            moved = differences(sound, gain_db, rate)
            assert max(moved[cue] for cue in ("mode", "onset_rate", "bpm", "key", "articulation")) < 1e-3


@pytest.mark.parametrize("bpm", [120.0, 140.0])
def test_onset_rate_and_tempo_of_a_drum_loop(bpm):
    cues = hear(drum_loop(44_100, 9.0, bpm)[0], rate=44_100)
    assert cues[-1].bpm == pytest.approx(bpm, rel=0.04)
    assert mean(cues, "onset_rate", 5.0) == pytest.approx(bpm / 30.0, rel=0.2)


def test_centroid_crossings_and_flatness_of_known_sounds():
    tone = hear(sine(RATE, 4.0, 1000.0))
    assert mean(tone, "centroid_hz") == pytest.approx(1000.0, rel=0.05)
    assert mean(tone, "zero_crossings") == pytest.approx(2000.0, rel=0.01)
    assert mean(tone, "flatness") < 0.01
    assert mean(tone, "flux") < 0.01
    noise = hear(white(RATE, 4.0, -20.0))
    assert mean(noise, "flatness") > 0.8
    assert mean(noise, "centroid_hz") == pytest.approx(5000.0, rel=0.1)


def test_where_the_power_lies():
    tone, noise = hear(sine(RATE, 4.0, 1000.0)), hear(white(RATE, 4.0, -20.0))
    assert mean(tone, "rolloff_hz") == pytest.approx(1000.0, rel=0.03)
    assert mean(noise, "rolloff_hz") == pytest.approx(8500.0, rel=0.05)
    assert mean(tone, "entropy") < 0.3
    assert mean(noise, "entropy") > 0.97


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


def test_real_music(data_dir: Path):
    """Five recordings: every cue is finite and within its range, the tempo of a steady one holds."""
    clips = sorted((data_dir / "audio_samples").glob("*.ogg"))
    assert clips
    for clip in clips:
        with soundfile.SoundFile(clip) as file:
            sound = file.read(14 * file.samplerate, dtype="float32", always_2d=True).mean(axis=1)
            cues = hear(sound, rate=file.samplerate)
        rows = np.array(cues, dtype=float)
        assert np.isfinite(rows).all()
        column = dict(zip(Cues._fields, rows.T, strict=True))
        for name, low, high in (
            ("mode", -1.0, 1.0),
            ("key_confidence", 0.0, 1.0),
            ("articulation", 0.0, 1.0),
            ("harmonic_change", 0.0, 3.0),
            ("flatness", 0.0, 1.0),
            ("entropy", 0.0, 1.0),
            ("beat_confidence", 0.0, 1.0),
        ):
            assert column[name].min() >= low and column[name].max() <= high, name
        assert set(column["key"]) <= set(range(12))
        assert column["onset_rate"].max() <= 15.0
        if "Vibe_Ace" in clip.name:
            assert column["bpm"][-1] == pytest.approx(130.0, rel=0.04)
