"""Who beats the time: taps and clocks from outside before the tracker, and back again without a jump."""

from __future__ import annotations

import numpy as np
import pytest

from livesing.audio.beat_clock import Beat, BeatClock, TapTempo

TRACKER = 120.0


def tracker(now: float, bpm: float = TRACKER, offset: float = 0.0) -> Beat:
    return Beat(turns=now * bpm / 60.0 + offset, bpm=bpm, confidence=0.7, bar_phase=0.25, beats_per_bar=4)


def run(clock: BeatClock, start: float, end: float, **of_tracker: float) -> list[Beat]:
    return [clock.read(now, tracker(now, **of_tracker)) for now in np.arange(start, end, 0.01)]


def phase_error(beat: Beat, turns: float) -> float:
    return abs((beat.turns - turns + 0.5) % 1.0 - 0.5)


def smooth(beats: list[Beat], fastest_bpm: float) -> bool:
    steps = np.diff([beat.turns for beat in beats])
    return bool(steps.min() >= 0.0 and steps.max() <= fastest_bpm / 60.0 * 0.01 * 1.26)


def test_without_a_clock_from_outside_the_tracker_is_passed_through() -> None:
    clock = BeatClock()
    for beat, now in zip(run(clock, 0.0, 3.0), np.arange(0.0, 3.0, 0.01), strict=True):
        assert beat.turns == pytest.approx(tracker(now).turns)
        assert beat._replace(turns=0.0) == tracker(now)._replace(turns=0.0)


@pytest.mark.parametrize("bpm", [62.0, 128.0, 174.0])
def test_uneven_taps_make_the_tempo_and_the_phase(bpm: float) -> None:
    random = np.random.default_rng(1)
    taps = TapTempo()
    times = 5.0 + np.arange(8) * 60.0 / bpm
    line = None
    for number, time in enumerate(times):
        line = taps.tap(float(time + random.normal(0.0, 0.012)))
        assert (line is None) == (number < 2)
    assert line is not None
    assert line.bpm == pytest.approx(bpm, rel=0.02)
    assert line.at(float(times[-1])) == pytest.approx(7.0, abs=0.06)


def test_a_missed_tap_and_a_bounce_change_nothing() -> None:
    taps = TapTempo()
    for time in (0.0, 0.5, 1.0, 1.02, 2.0, 2.5):
        line = taps.tap(time)
    assert line is not None
    assert line.bpm == pytest.approx(120.0)
    assert line.at(2.5) == pytest.approx(5.0)


@pytest.mark.parametrize("pause", [0.7, 4.0])
def test_another_tempo_starts_anew(pause: float) -> None:
    taps = TapTempo()
    for beat in range(6):
        taps.tap(beat * 0.5)
    for beat in range(5):
        line = taps.tap(2.5 + pause + beat * 0.7)
    assert line is not None
    assert line.bpm == pytest.approx(60.0 / 0.7)


def test_taps_lead_and_give_back_smoothly() -> None:
    clock = BeatClock()
    run(clock, 0.0, 1.0)
    for beat in range(4):
        clock.tap(0.3 + 0.4 * beat)
    led = run(clock, 1.6, 6.0)
    assert led[-1].source == "tap"
    assert led[-1].confidence == 1.0
    assert led[-1].bpm == pytest.approx(150.0)
    assert phase_error(led[-1], (5.99 - 0.3) / 0.4) < 0.01
    assert smooth(led, 150.0)
    later = run(clock, 6.0, 1.5 + BeatClock.TAP_S + 6.0)
    assert later[-1].source == "tracker"
    assert phase_error(later[-1], tracker(1.5 + BeatClock.TAP_S + 5.99).turns) < 0.01
    assert smooth(later, 150.0)


@pytest.mark.parametrize("source", ["link", "midi"])
def test_a_pushed_clock_leads_while_it_is_fresh(source: str) -> None:
    clock = BeatClock()
    run(clock, 0.0, 1.0)
    beats = []
    for now in np.arange(1.0, 7.0, 0.01):
        if now < 4.0:
            clock.push(93.0, now * 93.0 / 60.0 + 0.37, now, source=source, beats_per_bar=3)
        beats.append(clock.read(now, tracker(now)))
    led = beats[290]
    assert (led.source, led.bpm, led.beats_per_bar) == (source, 93.0, 3)
    assert phase_error(led, 3.9 * 93.0 / 60.0 + 0.37) < 0.01
    assert led.bar_phase == pytest.approx((3.9 * 93.0 / 60.0 + 0.37) / 3.0 % 1.0, abs=1e-6)
    assert beats[-1].source == "tracker"
    assert smooth(beats, TRACKER)


def test_the_newer_of_tap_and_push_leads() -> None:
    clock = BeatClock()
    clock.push(100.0, 0.0, 0.0)
    for beat in range(4):
        clock.tap(0.1 + 0.5 * beat)
    assert clock.read(1.7, tracker(1.7)).source == "tap"
    clock.push(100.0, 3.0, 1.8)
    assert clock.read(1.9, tracker(1.9)).source == "link"


def test_resync_is_the_one_at_once_and_never_backwards() -> None:
    clock = BeatClock()
    before = run(clock, 0.0, 1.13)[-1]
    clock.resync(1.13)
    here = clock.read(1.13, tracker(1.13))
    assert here.turns >= before.turns
    assert here.turns == pytest.approx(round(here.turns), abs=1e-6)
    assert here.bar_phase == pytest.approx(0.0, abs=1e-6)
    assert here.bpm == TRACKER
    clock.release()
    assert clock.read(1.14, tracker(1.14)).source == "tracker"


@pytest.mark.parametrize(("bpm", "beat"), [(np.nan, 0.0), (0.0, 1.0), (1e9, 1.0), (120.0, np.inf)])
def test_a_clock_that_talks_nonsense_is_not_heard(bpm: float, beat: float) -> None:
    clock = BeatClock()
    clock.push(bpm, beat, 0.0)
    assert clock.read(0.01, tracker(0.01)).source == "tracker"


def test_time_that_stands_or_runs_backwards_does_no_harm() -> None:
    clock = BeatClock()
    turns = [clock.read(now, tracker(now)).turns for now in (1.0, 1.0, 0.5, 1.2)]
    assert turns == sorted(turns)
