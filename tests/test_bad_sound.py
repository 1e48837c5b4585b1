"""What a sound card can do to us: NaN, infinity, DC, clipping, odd rates, odd blocks."""

from __future__ import annotations

import numpy as np
import pytest
from sounds import cut, drum_loop, silence, sine, song, white

from livesing.audio.fast import FastPath
from livesing.audio.framing import Framer, clean
from livesing.audio.slow import SlowPath
from livesing.sentiment.cue_estimator import CueEstimator

RATE = 48_000


def survive(sound, rate=RATE, block=2048):
    """Push a sound through everything; every number that comes out is finite and in range."""
    fast, slow, estimator = FastPath(rate), SlowPath(rate), CueEstimator()
    pulse, moods, heard = None, [], []
    for part in cut(sound, block):
        pulse = fast.push(part, 0.0)
        assert np.isfinite(np.array(pulse)).all()
        for name in ("level", "bass", "mid", "treble", "hit", "bass_hit", "beat_confidence"):
            assert 0.0 <= getattr(pulse, name) <= 1.0
        for cues in slow.push(part):
            assert np.isfinite(np.array(cues, dtype=float)).all()
            heard.append(cues)
            moods.append(estimator.update(cues))
    assert np.isfinite(np.array(moods)).all()
    assert fast.bad_samples == slow.bad_samples
    return pulse, heard, moods, fast.bad_samples


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite_count_as_zero(bad):
    sound = drum_loop(RATE, 2.0, 120.0)[0]
    zeroed = sound.copy()
    places = np.random.default_rng(0).integers(0, sound.size, 500)
    sound[places] = bad
    zeroed[places] = 0.0
    broken, whole = survive(sound), survive(zeroed)
    assert broken[3] == len(np.unique(places))
    assert whole[3] == 0
    assert broken[:3] == whole[:3]


def test_a_block_of_nothing_but_nan_is_silence():
    pulse, heard, _, bad = survive(np.full(RATE, np.nan, dtype=np.float32))
    assert bad == RATE
    assert pulse.silent == 1.0
    assert pulse.hits == 0
    assert all(cues.silent for cues in heard)


def test_huge_samples_are_held():
    survive(np.where(np.arange(RATE) % 777 == 0, np.float32(3e38), np.float32(0.01)))
    held, bad = clean(np.array([1e300, -1e30, 0.5]))
    assert held.dtype == np.float32
    assert held.tolist() == [0.0, -8.0, 0.5]
    assert bad == 1


def test_the_callers_block_is_left_alone():
    block = np.array([np.nan, 100.0, 0.1], dtype=np.float32)
    before = block.copy()
    FastPath(RATE).push(block, 0.0)
    SlowPath(RATE).push(block)
    np.testing.assert_array_equal(block, before)


def test_a_steady_offset_is_no_sound():
    pulse, heard, _, _ = survive(np.full(4 * RATE, 0.5, dtype=np.float32))
    assert pulse.silent == 1.0
    assert pulse.level < 0.01
    assert pulse.hits <= 1
    assert heard[-1].silent


def test_an_offset_under_music_changes_little():
    sound = drum_loop(RATE, 6.0, 120.0)[0]
    plain, shifted = survive(sound), survive(sound + np.float32(0.3))
    assert abs(shifted[0].hits - plain[0].hits) <= 2
    assert shifted[1][-1].rms_db == pytest.approx(plain[1][-1].rms_db, abs=0.5)
    assert shifted[2][-1].arousal == pytest.approx(plain[2][-1].arousal, abs=0.2)


def test_hard_clipping_keeps_the_beat():
    sound, attacks = drum_loop(RATE, 10.0, 120.0)
    pulse, _, _, _ = survive(np.clip(8.0 * sound, -1.0, 1.0))
    assert pulse.bpm == pytest.approx(120.0, rel=0.04)
    assert pulse.bass_hits >= 0.8 * len(attacks[::2])


def test_clipping_does_not_turn_major_into_minor():
    _, heard, _, _ = survive(np.clip(5.0 * song(RATE, 8.0, minor=False), -0.4, 0.4))
    assert np.mean([cues.mode for cues in heard[6:]]) > 0.2


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 32_000, 88_200, 96_000, 192_000])
def test_every_rate(rate):
    sound, _ = drum_loop(rate, 4.0, 120.0)
    sound += song(rate, 4.0, minor=False, gain=0.05)
    pulse, heard, _, _ = survive(sound, rate)
    assert 6 <= pulse.bass_hits <= 12
    assert 5 <= len(heard) <= 8
    assert heard[-1].mode > 0.0


@pytest.mark.parametrize("block", [1, 7, 8192])
def test_every_block_size(block):
    survive(drum_loop(RATE, 0.3, 200.0)[0], block=block)


def test_an_empty_block_changes_nothing():
    fast, slow = FastPath(RATE), SlowPath(RATE)
    before = fast.push(sine(RATE, 0.1, 440.0), 1.0)
    after = fast.push(np.zeros(0, dtype=np.float32), 2.0)
    assert after == before._replace(time=2.0)
    assert slow.push(np.zeros(0, dtype=np.float32)) == []


def test_a_file_of_10_ms_gives_no_cues():
    path = SlowPath(RATE)
    assert path.push(white(RATE, 0.01, -20.0)) == []
    assert path.finish() == []


def test_more_than_one_channel_is_refused():
    with pytest.raises(ValueError, match="mono"):
        FastPath(RATE).push(np.zeros((512, 2), dtype=np.float32), 0.0)


def test_memory_does_not_grow_with_time():
    fast, slow = FastPath(8_000), SlowPath(8_000)
    noise = white(8_000, 1.0, -20.0)

    def kept():
        arrays = [value for path in (fast, slow) for value in vars(path).values()]
        return sum(value.nbytes for value in arrays if isinstance(value, np.ndarray)) + sum(
            part.nbytes for part in slow._waiting
        )

    for _ in range(5):
        fast.push(noise, 0.0)
        slow.push(noise)
    early = kept()
    for _ in range(40):
        fast.push(noise, 0.0)
        slow.push(noise)
    assert kept() <= early + slow.WINDOW * 4 + 100_000


def test_framer_windows_hold_the_past():
    framer = Framer(4, 2)
    first = framer.push(np.arange(1, 4, dtype=np.float32))
    np.testing.assert_array_equal(first, [[0, 0, 1, 2]])
    assert framer.pending == 1
    rest = framer.push(np.arange(4, 8, dtype=np.float32))
    np.testing.assert_array_equal(rest, [[1, 2, 3, 4], [3, 4, 5, 6]])
    assert framer.push(np.zeros(0, dtype=np.float32)).shape == (0, 4)


def test_silence_between_nan_is_quiet():
    sound = silence(RATE, 1.0)
    sound[::2] = np.nan
    pulse, _, _, bad = survive(sound)
    assert bad == RATE // 2
    assert pulse.hits == 0
