"""What a sound card or a file can do to us: NaN, infinity, DC, clipping, odd rates, odd blocks, many
channels, channels that cancel, files of 10 ms and of hours, devices that come back with another rate."""

from __future__ import annotations

import csv
import gc
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sounds import cut, drum_loop, silence, sine, song, white

from livesing.audio.downmix import Downmix
from livesing.audio.fast import FastPath
from livesing.audio.framing import Framer, clean
from livesing.audio.pulse import RUNNING, Pulse
from livesing.audio.slow import SlowPath
from livesing.cli import main
from livesing.listener import Listener, mood_box, pulse_box
from livesing.ring import Ring
from livesing.sentiment.cue_estimator import CueEstimator

RATE = 48_000

SHARES = (
    *("level", "bass", "mid", "treble", "hit", "bass_hit", "mid_hit", "treble_hit"),
    *("beat_phase", "bar_phase", "beat_confidence", "bar_confidence", "pitch_confidence"),
    *("all_presence", "bass_presence", "mid_presence", "treble_presence"),
)


def survive(sound, rate=RATE, block=2048):
    """Push a sound through everything; every number that comes out is finite and in range."""
    fast, slow, estimator = FastPath(rate), SlowPath(rate), CueEstimator()
    pulse, moods, heard = None, [], []
    for part in cut(sound, block):
        pulse = fast.push(part, 0.0)
        assert np.isfinite(np.array(pulse)).all()
        for name in SHARES:
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
    sound = drum_loop(RATE, 5.0, 120.0)[0]
    plain, shifted = survive(sound), survive(sound + np.float32(0.3))
    assert abs(shifted[0].hits - plain[0].hits) <= 2
    assert shifted[1][-1].rms_db == pytest.approx(plain[1][-1].rms_db, abs=0.5)
    assert shifted[2][-1].arousal == pytest.approx(plain[2][-1].arousal, abs=0.2)


def test_hard_clipping_keeps_the_beat():
    sound, attacks = drum_loop(RATE, 8.0, 120.0)
    pulse, _, _, _ = survive(np.clip(8.0 * sound, -1.0, 1.0))
    assert pulse.bpm == pytest.approx(120.0, rel=0.04)
    assert pulse.bass_hits >= 0.8 * len(attacks[::2])


def test_clipping_does_not_turn_major_into_minor():
    _, heard, _, _ = survive(np.clip(5.0 * song(RATE, 8.0, minor=False), -0.4, 0.4))
    assert np.mean([cues.mode for cues in heard[6:]]) > 0.2


@pytest.mark.parametrize("rate", [8_000, 11_025, 32_000, 88_200, 192_000])
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


def test_a_path_of_10_ms_gives_no_cues():
    path = SlowPath(RATE)
    assert path.push(white(RATE, 0.01, -20.0)) == []
    assert path.finish() == []


def test_more_than_one_channel_is_refused():
    with pytest.raises(ValueError, match="mono"):
        FastPath(RATE).push(np.zeros((512, 2), dtype=np.float32), 0.0)


# ------------------------------------------------------------------------------------------------ channels


@pytest.mark.parametrize("channels", [1, 2, 8])
def test_channels_become_their_mean(channels):
    sound = np.stack([sine(RATE, 0.1, 200.0 + 50 * k) for k in range(channels)], axis=1)
    downmix = Downmix(RATE, channels)
    mono = np.concatenate([downmix.push(part) for part in np.array_split(sound, 7)])
    assert mono.dtype == np.float32
    np.testing.assert_allclose(mono, sound.mean(axis=1), atol=1e-6)
    assert not downmix.cancels


@pytest.mark.parametrize(
    ("name", "signs"), [("reversed polarity", (1, -1)), ("eight, half reversed", (1, -1) * 4)]
)
def test_channels_that_cancel_are_heard_one_by_one(name, signs):
    music = drum_loop(RATE, 4.0, 120.0)[0] + song(RATE, 4.0, minor=False)
    downmix = Downmix(RATE, len(signs))
    parts = [downmix.push(part[:, None] * np.array(signs, np.float32)) for part in cut(music, 512)]
    heard = np.concatenate(parts)
    assert downmix.cancels
    np.testing.assert_array_equal(np.abs(heard[RATE:]), np.abs(music[RATE:]))
    again = Downmix(RATE, len(signs))
    parts = [again.push(part[:, None] * np.array(signs, np.float32)) for part in cut(music, None)]
    np.testing.assert_array_equal(np.concatenate(parts), heard)  # however it is cut
    for part in cut(np.concatenate((music, music)), 512):  # the cable is mended
        downmix.push(np.repeat(part[:, None], len(signs), axis=1))
    assert not downmix.cancels


@pytest.mark.parametrize(
    ("name", "make"),
    {
        "one of two": lambda music: np.stack((music, 0 * music), axis=1),
        "one of eight": lambda music: np.stack((music, *[0 * music] * 7), axis=1),
        "wide stereo": lambda music: np.stack((music, np.roll(music, 4801)), axis=1),
        "eight voices": lambda music: np.stack(
            [song(RATE, 1.6, minor=False, key=k, bpm=80 + 9 * k) for k in range(8)], axis=1
        ),
        "silence": lambda music: np.zeros((music.size, 2), np.float32),
    }.items(),
)
def test_ordinary_channels_are_not_taken_for_cancelling(name, make):
    sound = make(drum_loop(RATE, 1.6, 120.0)[0] + song(RATE, 1.6, minor=False))
    downmix = Downmix(RATE, sound.shape[1])
    for first in range(0, len(sound), 512):
        block = sound[first : first + 512]
        np.testing.assert_allclose(downmix.push(block), block.mean(axis=1), atol=1e-6)


def test_a_channel_of_nan_does_not_silence_the_other():
    sound = np.stack((sine(RATE, 1.0, 440.0), np.full(RATE, np.nan, np.float32)), axis=1)
    sound[::3, 1], sound[1::3, 1] = np.inf, -3e38
    downmix = Downmix(RATE, 2)
    mono = downmix.push(sound)
    assert np.isfinite(mono).all()
    assert np.abs(mono[2::3] - 0.5 * sound[2::3, 0]).max() < 1e-6


# ---------------------------------------------------------------------------------------- short, long files


def write(path: Path, sound: np.ndarray, rate: int) -> Path:
    soundfile.write(path, sound, rate)
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("channels", [1, 2, 8])
def test_a_file_of_10_ms_has_no_row(channels, tmp_path):
    sound = np.repeat(white(RATE, 0.01, -20.0)[:, None], channels, axis=1)
    beats = tmp_path / "beats.txt"
    words = ["analyse", str(write(tmp_path / "short.wav", sound, RATE)), "-o", str(tmp_path / "out.csv")]
    assert main([*words, "--beats", str(beats)]) == 0
    assert rows_of(tmp_path / "out.csv") == []
    assert beats.read_text() == ""


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 2), (44_100, 8), (192_000, 1)])
def test_files_of_every_shape_read_the_same(rate, channels, tmp_path):
    sound = song(rate, 6.0, minor=False)
    path = write(tmp_path / "a.wav", np.repeat(sound[:, None], channels, axis=1), rate)
    assert main(["analyse", str(path), "-o", str(tmp_path / "out.csv")]) == 0
    rows = rows_of(tmp_path / "out.csv")
    assert len(rows) in (11, 12)
    assert rows[-1]["mode"] == "major"
    assert float(rows[-1]["loudness_db"]) == pytest.approx(-24.0, abs=3.0)


def test_a_file_whose_channels_cancel_is_heard(tmp_path):
    sound = song(RATE, 5.0, minor=False)
    path = write(tmp_path / "a.wav", np.stack((sound, -sound), axis=1), RATE)
    assert main(["analyse", str(path), "-o", str(tmp_path / "out.csv")]) == 0
    assert float(rows_of(tmp_path / "out.csv")[-1]["loudness_db"]) == pytest.approx(-24.0, abs=3.0)


def test_memory_does_not_grow_with_the_length_of_a_file(tmp_path):
    """What three hours take is what a minute takes: nothing that is kept is longer than some seconds."""
    loop = 0.5 * drum_loop(8_000, 4.0, 120.0)[0] + song(8_000, 4.0, minor=True)

    def peak(seconds: int) -> int:
        path = tmp_path / f"{seconds}.wav"
        with soundfile.SoundFile(path, "w", 8_000, 1) as file:
            for _ in range(seconds // 4):
                file.write(loop)
        gc.collect()
        if tracemalloc.is_tracing():
            tracemalloc.reset_peak()
        assert main(["analyse", str(path), "-o", str(tmp_path / "out.csv")]) == 0
        gc.collect()
        return tracemalloc.get_traced_memory()[1]

    peak(4)  # what is imported and kept for good
    tracemalloc.start()
    try:
        short, long = peak(4), peak(16)
    finally:
        tracemalloc.stop()
    assert long < short + 150_000  # twelve seconds of sound are 384 kB


def test_the_fast_path_keeps_no_more_after_a_while_than_at_first():
    path, sound = FastPath(8_000), drum_loop(8_000, 2.0, 120.0)[0]

    def kept_after(turns: int) -> int:
        for _ in range(turns):
            path.push(sound, 0.0)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        early, late = kept_after(2), kept_after(3)
    finally:
        tracemalloc.stop()
    assert late < early + 60_000  # six seconds of sound are 192 kB


# --------------------------------------------------------------------------------- a device that comes back


class Device:
    """A sound card as the listener sees it: a Ring that fills."""

    name, overflows = "test", 0

    def __init__(self, rate: int, channels: int) -> None:
        self.rate = rate
        self.ring = Ring(channels=channels)

    def alive(self, now: float) -> bool:
        return True

    def close(self) -> None:
        pass


def hear_out(listener: Listener, device: Device, sound: np.ndarray) -> Pulse:
    """Play a sound into a device's Ring and wait until the listener has heard it."""
    end = time.perf_counter() + 30.0
    for part in cut(sound, 1024):
        device.ring.write(np.repeat(part[:, None], device.ring.channels, axis=1))
        while listener.pulse is None or listener.pulse.sample + 1 != device.ring.written:
            assert time.perf_counter() < end, "the listener does not hear"
            time.sleep(0.001)
    return listener.pulse


def test_a_device_that_comes_back_with_another_rate_and_other_channels():
    first, second = Device(16_000, 2), Device(8_000, 1)
    pulses = pulse_box()
    listener = Listener(first, pulses, mood_box())
    listener.start()
    try:
        before = hear_out(listener, first, drum_loop(16_000, 5.0, 120.0)[0])
        state = listener.estimator.normaliser.state()
        listener.hear(second)
        time.sleep(0.1)  # the listener looks up; what was written before is not for it
        after = hear_out(listener, second, drum_loop(8_000, 5.0, 120.0)[0])
    finally:
        listener.stop()
        listener.join()
    for name in RUNNING:
        assert getattr(after, name) > getattr(before, name), name
    assert before.bass_hits == pytest.approx(10, abs=2)
    assert after.bass_hits - before.bass_hits == pytest.approx(10, abs=2)
    assert after.sample == 5 * 8_000 - 1
    # What is usual here has been learnt; it is gone on with.
    assert listener.estimator.normaliser.state().keys() == state.keys()
    assert listener.estimator.normaliser.state() != state


def test_a_listener_that_is_started_anew_goes_on():
    device = Device(16_000, 1)
    listener = Listener(device, pulse_box(), mood_box())
    listener.start()
    before = hear_out(listener, device, drum_loop(16_000, 3.0, 120.0)[0])
    listener.stop()
    listener.join()
    again = Listener(device, listener.pulses, listener.moods, before=listener)
    again.start()
    try:
        time.sleep(0.1)
        after = hear_out(again, device, drum_loop(16_000, 3.0, 120.0)[0])
    finally:
        again.stop()
        again.join()
    assert again.estimator is listener.estimator
    assert all(getattr(after, name) > getattr(before, name) for name in RUNNING if name != "beats")


# ------------------------------------------------------------------------------------------------- framing


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
