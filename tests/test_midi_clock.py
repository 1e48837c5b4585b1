"""MIDI clock from bytes and arrival times that jitter, as drivers and cables give them."""

from __future__ import annotations

import numpy as np
import pytest

from livesing.audio.beat_clock import SOURCES, Beat, BeatClock, ClockLine
from livesing.control.midi_clock import CLOCK, CONTINUE, START, STOP, MidiClock

Message = tuple[float, bytes]
PPQ = 24


def ticks(bpm: float, start: float, beats: float, jitter_s: float = 0.0, seed: int = 0) -> list[Message]:
    """Ticks of a steady clock: each late by half a normal distribution, one in twenty by up to 15 ms."""
    random = np.random.default_rng(seed)
    count = round(beats * PPQ)
    late = np.abs(random.normal(0.0, jitter_s, count))
    if jitter_s:
        late += np.where(random.random(count) < 0.05, random.uniform(0.0, 0.015, count), 0.0)
    times = np.maximum.accumulate(start + np.arange(count) * 60.0 / bpm / PPQ + late)
    return [(float(time), bytes([CLOCK])) for time in times]


def play(clock: MidiClock, messages: list[Message]) -> list[ClockLine]:
    return [line for time, data in messages if (line := clock.push(data, time)) is not None]


def beat_at(line: ClockLine, now: float) -> float:
    return line.beat + (now - line.time) * line.bpm / 60.0


@pytest.mark.parametrize("bpm", [40.0, 93.7, 128.0, 174.0, 280.0])
@pytest.mark.parametrize("jitter_ms", [0.0, 1.0, 3.0])
def test_tempo_and_phase_in_spite_of_jitter(bpm: float, jitter_ms: float) -> None:
    messages = [(4.99, bytes([START])), *ticks(bpm, 5.0, 12, jitter_ms / 1e3)]
    lines = play(MidiClock(), messages)
    assert len(lines) == 12 * 4 - 3, "four times a beat, once the first beat is over"
    for number, line in enumerate(lines):
        settled = number > 16
        exact = 1e-9 if jitter_ms == 0.0 else (0.006 if settled else 0.03)
        assert line.bpm == pytest.approx(bpm, rel=exact)
        assert line.anchored == 1.0
        assert SOURCES[int(line.source)] == "midi"
        true = (line.time - 5.0) * bpm / 60.0
        assert abs(line.beat - true) * 60.0 / bpm < 1e-9 + 2.5e-3 * jitter_ms, "within the usual lateness"


def test_a_line_is_steadier_than_the_ticks_it_is_laid_through() -> None:
    jitter_s = 0.003
    messages = [(0.0, bytes([START])), *ticks(120.0, 0.0, 40, jitter_s)]
    lines = play(MidiClock(), messages)[16:]
    off = [line.beat / 2.0 - line.time for line in lines]
    late = [time - number / PPQ / 2.0 for number, (time, _) in enumerate(messages[1:])]
    assert np.std(off) < 0.35 * np.std(late)


@pytest.mark.parametrize("bpm", [60.0, 128.0, 200.0])
@pytest.mark.parametrize("lost", [(200,), (200, 201, 202), (200, 300, 410)])
def test_ticks_that_are_lost_do_not_make_the_beat_lag(bpm: float, lost: tuple[int, ...]) -> None:
    random = np.random.default_rng(0)
    sent = ticks(bpm, 0.0, 24)
    jitter_s = random.uniform(-0.003, 0.003, len(sent))
    came = [(time + by, data) for (time, data), by in zip(sent, jitter_s.tolist(), strict=True)]
    kept = [message for number, message in enumerate(came) if number not in lost]
    lines = play(MidiClock(), [(-0.01, bytes([START])), *kept])
    for line in lines[-8:]:
        assert abs(line.beat * 60.0 / bpm - line.time) < 0.003
        assert line.bpm == pytest.approx(bpm, rel=0.005)


def test_ticks_that_are_late_are_not_taken_for_lost() -> None:
    """A thread that stood still for a quarter of a second tells all of them at once."""
    sent = ticks(120.0, 0.0, 24)
    came = [(max(time, 5.25) if time > 5.0 else time, data) for time, data in sent]
    for line in play(MidiClock(), [(-0.01, bytes([START])), *came])[-8:]:
        assert line.beat / 2.0 == pytest.approx(line.time, abs=1e-3)


@pytest.mark.parametrize("bpm", [132.0, 60.0])
def test_a_new_tempo_is_followed_within_two_beats(bpm: float) -> None:
    clock = MidiClock()
    clock.push(bytes([START]), 0.0)
    play(clock, ticks(120.0, 0.0, 8, 0.002))
    lines = play(clock, ticks(bpm, 4.0, 3, 0.002, seed=1))
    assert lines[7].bpm == pytest.approx(bpm, rel=0.02)
    assert abs(lines[7].beat - (8.0 + (lines[7].time - 4.0) * bpm / 60.0)) < 0.04


def test_a_fader_is_followed() -> None:
    clock = MidiClock()
    time, lines = 0.0, []
    for tick in range(PPQ * 40):
        bpm = 120.0 + 8.0 * tick / (PPQ * 40)
        time += 60.0 / bpm / PPQ
        line = clock.push(bytes([CLOCK]), time)
        lines += [(line, bpm)] if line else []
    assert all(line.bpm == pytest.approx(bpm, rel=0.005) for line, bpm in lines)


def test_what_ticks_already_when_it_is_heard_is_not_anchored_until_a_start() -> None:
    clock = MidiClock()
    lines = play(clock, ticks(120.0, 0.0, 5))
    assert {line.anchored for line in lines} == {0.0}
    assert lines[-1].bpm == pytest.approx(120.0)
    assert clock.push(bytes([START]), 2.5 - 1e-3) is None
    lines = play(clock, ticks(120.0, 2.5, 3))
    assert {line.anchored for line in lines} == {1.0}
    assert all(line.beat == pytest.approx((line.time - 2.5) * 2.0, abs=1e-6) for line in lines)


def test_stop_is_silence_and_continue_goes_on_from_there() -> None:
    clock = MidiClock()
    clock.push(bytes([START]), 0.0)
    play(clock, ticks(120.0, 0.0, 6.5))
    clock.push(bytes([STOP]), 3.25)
    assert play(clock, ticks(120.0, 3.25, 4)) == [], "it ticks on, but nothing plays"
    clock.push(bytes([CONTINUE]), 5.24)
    lines = play(clock, ticks(120.0, 5.25, 2))
    assert lines
    assert all(line.beat == pytest.approx(6.5 + (line.time - 5.25) * 2.0, abs=1e-6) for line in lines)


@pytest.mark.parametrize("pause", [0.02, 5.0])
@pytest.mark.parametrize("split", [False, True])
def test_song_position(pause: float, split: bool) -> None:
    clock = MidiClock()
    clock.push(bytes([START]), 0.0)
    play(clock, ticks(120.0, 0.0, 4))
    clock.push(bytes([STOP]), 2.0)
    pointer = bytes([0xF2, 8, 1])  # 136 sixteenths: beat 34
    if split:  # as a serial line gives it, with a tick in between
        for byte in (pointer[:1], pointer[1:2], bytes([CLOCK]), pointer[2:]):
            clock.push(byte, 2.01)
    else:
        clock.push(pointer, 2.01)
    start = 2.01 + pause
    clock.push(bytes([CONTINUE]), start - 1e-3)
    lines = play(clock, ticks(120.0, start, 3))
    assert len(lines) > 3
    assert all(line.anchored == 1.0 for line in lines)
    assert lines[-1].beat == pytest.approx(34.0 + (lines[-1].time - start) * 2.0, abs=1e-2)


def test_a_clock_that_was_lost_begins_anew_without_its_place() -> None:
    clock = MidiClock()
    clock.push(bytes([START]), 0.0)
    play(clock, ticks(120.0, 0.0, 4))
    lines = play(clock, ticks(100.0, 5.0, 4))
    assert all(line.bpm == pytest.approx(100.0) and line.anchored == 0.0 for line in lines)
    assert len(lines) == 4 * 4 - 3


def test_start_after_a_pause_is_the_one() -> None:
    clock = MidiClock()
    clock.push(bytes([START]), 0.0)
    play(clock, ticks(120.0, 0.0, 4))
    clock.push(bytes([STOP]), 2.0)
    clock.push(bytes([START]), 9.0)  # some send no ticks while they stand
    lines = play(clock, ticks(120.0, 9.01, 3))
    assert all(line.anchored == 1.0 for line in lines)
    assert lines[-1].beat == pytest.approx((lines[-1].time - 9.01) * 2.0, abs=1e-6)


def test_anything_may_come_in_and_only_a_clock_comes_out() -> None:
    random = np.random.default_rng(5)
    clock, now = MidiClock(), 0.0
    for _ in range(4000):
        now += float(random.choice([0.0, 0.001, 0.0208, 1.0, -0.5], p=[0.2, 0.3, 0.45, 0.03, 0.02]))
        line = clock.push(bytes(random.integers(0, 256, random.integers(0, 6), np.uint8)), now)
        if line is not None:
            assert np.isfinite(line).all()
            assert 30.0 <= line.bpm <= 300.0
    notes = [bytes([0x90, 60, 100]), bytes([0xB0, 1, 64]), bytes([0xF0, 1, 2, 0xF7]), bytes([0xFE])]
    clock = MidiClock()
    clock.push(bytes([START]), 100.0)
    mixed = [
        m for time, data in ticks(120.0, 100.0, 6) for m in ((time, notes[int(time * 997) % 4]), (time, data))
    ]
    assert play(clock, mixed)[-1].bpm == pytest.approx(120.0)


def test_a_slow_thread_delivers_a_bundle() -> None:
    """All ticks of 60 ms come at once, again and again: late by up to 60 ms, never early."""
    clock = MidiClock()
    clock.push(bytes([START]), 0.0)
    held = [(np.ceil(time / 0.06) * 0.06, data) for time, data in ticks(126.0, 0.0, 16)]
    lines = play(clock, held)[16:]
    assert all(line.bpm == pytest.approx(126.0, rel=0.01) for line in lines)


def test_the_beat_clock_follows_and_takes_the_lead_back() -> None:
    clock, beats = MidiClock(), BeatClock()
    clock.push(bytes([START]), 1.0)
    messages = ticks(97.0, 1.0, 16, 0.002)
    said = {}
    for now in np.arange(0.0, 16.0, 0.01):
        while messages and messages[0][0] <= now:
            time, data = messages.pop(0)
            line = clock.push(data, time)
            if line is not None:
                beats.push(line)
        said[round(float(now), 2)] = beats.read(now, Beat(now * 2.0, 120.0, 0.7))
    assert said[9.0].source == "midi"
    assert said[9.0].bpm == pytest.approx(97.0, rel=0.005)
    true = (9.0 - 1.0) * 97.0 / 60.0
    assert abs((said[9.0].turns - true + 0.5) % 1.0 - 0.5) < 0.02
    assert said[9.0].bar_phase == pytest.approx(true / 4.0 % 1.0, abs=0.01)
    assert said[15.99].source == "tracker"
