"""The beat of the show: taps and clocks from outside reach the Pulse with the time at which they came."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from livesing.audio.beat_clock import SOURCES, BeatClock, ClockLine
from livesing.audio.pulse import Pulse
from livesing.beat_desk import IDLE_AFTER, BeatDesk, clock_box
from livesing.clock import now as clock_now
from livesing.listener import Listener, mood_box, pulse_box
from livesing.params import FIRINGS, TABLE, Params
from livesing.ring import Ring

LINK = SOURCES.index("link")


def heard(now: float, bpm: float = 120.0) -> Pulse:
    beats, phase = divmod(now * bpm / 60.0, 1.0)
    return Pulse.quiet(now)._replace(
        sample=now * 48000.0, bpm=bpm, beats=beats, beat_phase=phase, beat_confidence=0.6,
        next_beat_s=(1 - phase) * 60.0 / bpm, level=0.5,
    )  # fmt: skip


def turns(pulse: Pulse) -> float:
    return pulse.beats + pulse.beat_phase


def off(pulse: Pulse, beats: float) -> float:
    return abs((turns(pulse) - beats + 0.5) % 1.0 - 0.5)


def link(now: float, bpm: float, beat: float, bar: int = 4) -> ClockLine:
    return ClockLine(now, beat, bpm, bar, 1, LINK)


def test_without_anybody_else_the_pulse_is_the_trackers() -> None:
    desk = BeatDesk(Params(), clock_box())
    for now in np.arange(0.0, 4.0, 0.01):
        pulse = desk.lead(heard(now))
        assert pulse == pytest.approx(heard(now), abs=1e-6)
        assert desk.alone(pulse, now + 9.0) is None, "silence is silence"


def test_taps_reach_the_pulse_with_the_time_of_their_firing() -> None:
    params = Params()
    desk = BeatDesk(params)
    period = 60.0 / 93.0
    for beat in range(6):
        params.fire("beat.tap", "osc", 10.0 + beat * period)
        if beat % 2:  # whether the analysis looks after each or after some of them
            pulse = desk.lead(heard(10.0 + beat * period + 0.09))
    for now in np.arange(14.0, 20.0, 0.01):
        pulse = desk.lead(heard(now))
    assert SOURCES[int(pulse.beat_source)] == "tap"
    assert pulse.bpm == pytest.approx(93.0)
    assert pulse.beat_confidence == 1.0
    assert off(pulse, (pulse.time - 10.0) / period) < 1e-6
    assert pulse.next_beat_s == pytest.approx((1.0 - pulse.beat_phase) * period)
    assert pulse.beats_per_bar == 4
    assert pulse.bar_phase == pytest.approx((pulse.time - 10.0) / period / 4.0 % 1.0)
    params.fire("beat.release")
    assert SOURCES[int(desk.lead(heard(20.0)).beat_source)] == "tracker"


def test_resync_reaches_the_bar() -> None:
    params = Params()
    desk = BeatDesk(params)
    desk.lead(heard(4.9))
    params.fire("beat.resync", "keys", 5.02)
    pulse = desk.lead(heard(5.1))
    assert pulse.bar_phase == pytest.approx(0.1 * 2.0 / 4.0)
    assert (pulse.beats_per_bar, pulse.bar_confidence) == (4, 1.0)


def test_a_clock_from_outside_leads_where_it_is_followed() -> None:
    params, box = Params(), clock_box()
    desk = BeatDesk(params, box)
    for number, now in enumerate(np.arange(0.0, 6.0, 0.01)):
        if number % 5 == 0:
            box.put(link(now, 140.0, now * 140.0 / 60.0 + 0.2, 3), now)
        pulse = desk.lead(heard(now))
    assert SOURCES[int(pulse.beat_source)] == "link"
    assert (pulse.bpm, pulse.beats_per_bar, pulse.bar_confidence) == (140.0, 3, 1.0)
    assert off(pulse, pulse.time * 140.0 / 60.0 + 0.2) < 1e-6
    params.set("beat.outside", 0)
    assert desk.lead(heard(6.01)).beat_source == 0
    params.set("beat.outside", 1)
    box.put(link(6.02, 140.0, 1.0), 6.02)
    assert desk.lead(heard(6.03)).beat_source == LINK
    assert desk.lead(heard(6.03 + BeatClock.FRESH_S)).beat_source == 0, "a clock that is lost leads no more"


def test_the_beat_goes_on_without_sound_while_a_clock_leads() -> None:
    box = clock_box()
    desk = BeatDesk(Params(), box)
    box.put(link(1.0, 120.0, 2.0), 1.0)
    pulse = desk.lead(heard(1.0))
    assert desk.alone(pulse, 1.0 + IDLE_AFTER - 0.1) is None, "sound may still come"
    before = turns(pulse)
    for number, now in enumerate(np.arange(1.0 + IDLE_AFTER, 5.0, 0.003)):
        if number % 10 == 0:
            box.put(link(now, 120.0, now * 2.0), now)
        alone = desk.alone(pulse, now)
        if alone is not None:
            assert alone.level == 0.0
            assert alone.silent == 1.0
            assert off(alone, now * 2.0) < 1e-6
            assert turns(alone) > before
            pulse, before = alone, turns(alone)
    assert before == pytest.approx(10.0, abs=0.1)


# ----------------------------------------------------------------------------------------- firings


TRIGGERS = [param.name for param in TABLE if param.kind == "trigger"]


@pytest.mark.parametrize("name", TRIGGERS)
def test_every_trigger_notes_when_it_was_fired(name: str) -> None:
    params = Params()
    assert params.firings(name, 0) == (0, [])
    before = clock_now()
    params.fire(name)
    params.fire(name, "osc", 7.0)
    count, times = params.firings(name, 0)
    assert count == 2
    assert before <= times[0] <= clock_now()
    assert times[1] == 7.0
    assert params.firings(name, 1) == (2, [7.0])
    assert params.firings(name, 2) == (2, [])


def test_of_many_firings_the_newest_times_are_kept() -> None:
    params = Params()
    for number in range(3 * FIRINGS):
        params.fire("beat.tap", now=float(number))
    assert params.firings("beat.tap", 1) == (3 * FIRINGS, [float(n) for n in range(2 * FIRINGS, 3 * FIRINGS)])


# ---------------------------------------------------------------------------------------- listener


class Away:
    """A source that gives no sound, as of a device that is unplugged."""

    name, rate, overflows = "away", 48000, 0

    def __init__(self) -> None:
        self.ring = Ring()

    def alive(self, now: float) -> bool:
        return True

    def close(self) -> None:
        pass


@pytest.fixture
def listening() -> Iterator[tuple[Listener, Params]]:
    params = Params()
    listener = Listener(Away(), pulse_box(), mood_box(), beats=BeatDesk(params))
    listener.start()
    yield listener, params
    listener.stop()
    listener.join(timeout=5)


def test_the_analysis_thread_hears_taps_and_hands_them_to_its_successor(
    listening: tuple[Listener, Params],
) -> None:
    listener, params = listening
    start = clock_now()
    for beat in range(4):
        params.fire("beat.tap", "keys", start - 1.5 + 0.5 * beat)
    end = time.monotonic() + 20
    while time.monotonic() < end and not (listener.pulse and listener.pulse.beat_source):
        time.sleep(0.01)
    listener.stop()
    listener.join(timeout=5)
    pulse = listener.pulse
    assert pulse is not None
    assert SOURCES[int(pulse.beat_source)] == "tap"
    assert pulse.bpm == pytest.approx(120.0)
    after = Listener(Away(), listener.pulses, listener.moods, before=listener)
    after.start()
    seen = listener.pulses.newest
    while time.monotonic() < end and after.pulses.newest < seen + 3:
        time.sleep(0.01)
    after.stop()
    after.join(timeout=5)
    assert after.pulse is not None
    assert SOURCES[int(after.pulse.beat_source)] == "tap"
    assert turns(after.pulse) > turns(pulse)
