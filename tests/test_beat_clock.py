"""Who beats the time: taps and clocks from outside before the tracker, and back again without a jump."""

from __future__ import annotations

import numpy as np
import pytest

from livesing.audio.beat_clock import SOURCES, Beat, BeatClock, ClockLine, TapTempo

TRACKER = 120.0


def tracker(now: float, bpm: float = TRACKER, offset: float = 0.0) -> Beat:
    return Beat(now * bpm / 60.0 + offset, bpm, 0.7, bar_phase=0.25, beats_per_bar=4, bar_confidence=0.5)


def line(
    now: float,
    bpm: float = 93.0,
    beat: float | None = None,
    bar: int = 4,
    source: str = "link",
    anchored: int = 1,
) -> ClockLine:
    beat = now * bpm / 60.0 if beat is None else beat
    return ClockLine(now, beat, bpm, bar, anchored, SOURCES.index(source))


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
            clock.push(line(now, 93.0, now * 93.0 / 60.0 + 0.37, bar=3, source=source))
        beats.append(clock.read(now, tracker(now)))
    led = beats[290]
    assert (led.source, led.bpm, led.beats_per_bar) == (source, 93.0, 3)
    assert phase_error(led, 3.9 * 93.0 / 60.0 + 0.37) < 0.01
    assert led.bar_phase == pytest.approx((3.9 * 93.0 / 60.0 + 0.37) / 3.0 % 1.0, abs=1e-6)
    assert led.confidence == led.bar_confidence == 1.0
    assert beats[-1].source == "tracker"
    assert smooth(beats, TRACKER)


def streamed(clock: BeatClock, start: float, end: float, **of_line: float) -> list[Beat]:
    """As a clock is pushed live: twenty times a second."""
    beats = []
    for number, now in enumerate(np.arange(start, end, 0.01)):
        if number % 5 == 0:
            clock.push(line(now, **of_line))  # type: ignore[arg-type]
        beats.append(clock.read(now, tracker(now)))
    return beats


def test_the_hand_leads_over_a_clock_from_outside_until_it_lets_go() -> None:
    clock = BeatClock()
    streamed(clock, 0.0, 1.0)
    for beat in range(4):
        clock.tap(1.0 + 0.5 * beat)
    assert {beat.source for beat in streamed(clock, 2.5, 6.0)} == {"tap"}
    clock.release()
    assert {beat.source for beat in streamed(clock, 6.0, 7.0)} == {"link"}
    clock.drop()
    assert clock.read(7.0, tracker(7.0)).source == "tracker"


def test_resync_off_the_beat_is_the_one_at_once_and_never_backwards() -> None:
    clock = BeatClock()
    before = run(clock, 0.0, 1.13)[-1]
    clock.resync(1.13)
    here = clock.read(1.13, tracker(1.13))
    assert here.turns >= before.turns
    assert here.turns == pytest.approx(round(here.turns), abs=1e-6)
    assert here.bar_phase == pytest.approx(0.0, abs=1e-6)
    assert (here.bpm, here.source, here.bar_confidence) == (TRACKER, "tracker", 1.0)
    later = run(clock, 1.14, 9.0)[-1]
    assert phase_error(later, (8.99 - 1.13) * 2.0) < 1e-6, "it goes on from there in the tracker's tempo"
    clock.release()
    again = run(clock, 9.0, 15.0)[-1]
    assert phase_error(again, tracker(14.99).turns) < 0.01
    assert again.bar_phase == tracker(14.99).bar_phase


@pytest.mark.parametrize("leader", ["tracker", "tap", "link"])
@pytest.mark.parametrize("off_s", [-0.06, 0.0, 0.06])
def test_resync_near_a_beat_sets_the_bar_and_leaves_the_beat_alone(leader: str, off_s: float) -> None:
    clock = BeatClock()
    go = run if leader != "link" else lambda c, a, b: streamed(c, a, b, bpm=TRACKER)
    go(clock, 0.0, 2.0)
    if leader == "tap":
        for beat in range(8):
            clock.tap(2.0 + 0.5 * beat)
    go(clock, 2.0, 7.0)
    clock.resync(7.0 + off_s)  # on beat 14, which is the third of a bar
    beats = go(clock, 7.0, 12.0)
    assert smooth(beats, TRACKER)
    assert beats[-1].source == leader
    for at, beat in zip(np.arange(7.0, 12.0, 0.01), beats, strict=True):
        assert phase_error(beat, at * 2.0) < 1e-6
        assert abs((beat.bar_phase - (at - 7.0) / 2.0 + 0.5) % 1.0 - 0.5) < 1e-6
        assert beat.bar_confidence == 1.0


def test_a_clock_that_is_set_anew_takes_its_bar_along() -> None:
    clock = BeatClock()
    streamed(clock, 0.0, 2.0)
    clock.resync(1.0)
    for now in np.arange(2.0, 6.0, 0.01):
        clock.push(line(now, 93.0, (now - 2.0) * 93.0 / 60.0))
        beat = clock.read(now, tracker(now))
    assert beat.bar_phase == pytest.approx((5.99 - 2.0) * 93.0 / 60.0 / 4.0 % 1.0, abs=1e-6)
    assert phase_error(beat, (5.99 - 2.0) * 93.0 / 60.0) < 0.01


def test_a_clock_that_knows_its_tempo_alone_takes_the_phase_of_a_tracker_that_agrees() -> None:
    clock = BeatClock()
    before = run(clock, 0.0, 2.0)[-1]
    led = streamed(clock, 2.0, 2.1, bpm=121.0, beat=None, anchored=0, source="midi")  # type: ignore[arg-type]
    assert phase_error(led[0], before.turns + 0.01 * 2.0) < 0.02, "it goes on where the beat is"
    assert led[0].bar_confidence == 0.0
    for number, now in enumerate(np.arange(2.1, 12.0, 0.01)):
        if number % 5 == 0:
            clock.push(line(now, 120.0, anchored=0, source="midi"))
        beat = clock.read(now, tracker(now, offset=0.3))
    assert (beat.source, beat.bpm) == ("midi", 120.0)
    assert phase_error(beat, tracker(11.99, offset=0.3).turns) < 0.01
    clock.resync(12.2)  # .7 of a beat by then: the performer knows better
    clock.push(line(12.21, 120.0, anchored=0, source="midi"))
    beat = clock.read(12.21, tracker(12.21, offset=0.3))
    assert phase_error(beat, 0.01 * 2.0) < 1e-6


@pytest.mark.parametrize(
    "nonsense",
    [
        line(0.0, np.nan),
        line(0.0, 0.0),
        line(0.0, 1e9),
        line(0.0, 120.0, np.inf),
        line(np.nan, 120.0, 1.0),
        line(0.0, bar=0),
    ],
)
def test_a_clock_that_talks_nonsense_is_not_heard(nonsense: ClockLine) -> None:
    clock = BeatClock()
    clock.push(nonsense)
    assert clock.read(0.01, tracker(0.01)).source == "tracker"


def test_time_that_stands_or_runs_backwards_does_no_harm() -> None:
    clock = BeatClock()
    turns = [clock.read(now, tracker(now)).turns for now in (1.0, 1.0, 0.5, 1.2)]
    assert turns == sorted(turns)


def test_whatever_is_tapped_and_told_the_beat_never_runs_backwards() -> None:
    random = np.random.default_rng(3)
    for _ in range(20):
        clock, turns, now = BeatClock(), 0.0, 0.0
        for _ in range(200):
            now += float(random.exponential(0.05))
            act = random.integers(8)
            if act == 0:
                clock.tap(now - 0.01)
            elif act == 1:
                clock.resync(now - 0.005)
            elif act == 2 and random.random() < 0.1:
                clock.release()
            elif act < 5:
                bpm, beat = float(random.uniform(0, 320)), float(random.uniform(0, 9) if act == 3 else now)
                clock.push(line(now, bpm, beat, source="midi", anchored=int(random.integers(2))))
            beat_now = clock.read(now, tracker(now))
            assert beat_now.turns >= turns
            assert 0.0 <= beat_now.bar_phase < 1.0
            turns = beat_now.turns
