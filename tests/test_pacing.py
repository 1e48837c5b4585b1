"""Pacing: deadlines that do not drift, a display that may lie, a ladder that does not seesaw."""

import numpy as np
import pytest

from livesing.stage.pacing import LATE, SLACK, Ladder, Pacer, next_deadline

# --------------------------------------------------------------------------------------------- deadlines


@pytest.mark.parametrize("fps", [24.0, 59.94, 60.0, 144.0])
def test_deadlines_do_not_drift(fps: float) -> None:
    rng = np.random.default_rng(0)
    period, start = 1 / fps, 12345.678
    deadline = start
    for work in rng.uniform(0, 0.95 * period, 100_000):
        deadline, skipped = next_deadline(deadline, period, deadline + work)
        assert skipped == 0
    assert abs(deadline - (start + 100_000 * period)) < period / 1000


def test_a_late_frame_skips_whole_periods() -> None:
    rng = np.random.default_rng(1)
    period = 1 / 60
    deadline, periods = 10.0, 0
    for _ in range(20_000):
        now = deadline + rng.exponential(2 * period)
        before = deadline
        deadline, skipped = next_deadline(deadline, period, now)
        periods += skipped + 1
        assert deadline >= now - SLACK * period - 1e-9, "never a deadline that is long past"
        assert not skipped or deadline <= now + (1 - SLACK) * period + 1e-9, "and no more skipped than needed"
        assert deadline - before == pytest.approx((skipped + 1) * period)
    assert abs(deadline - (10.0 + periods * period)) < 1e-6


@pytest.mark.parametrize(
    ("late", "skipped"),
    [(-0.1, 0), (0.0, 0), (0.5, 0), (1.0, 0), (1.75, 0), (1.875, 1), (7.25, 6), (7.75, 7)],
)
def test_periods_are_counted(late: float, skipped: int) -> None:
    period = 0.125  # exact in binary
    assert next_deadline(100.0, period, 100.0 + late * period) == (100.0 + (skipped + 1) * period, skipped)


# ----------------------------------------------------------------------------------------------- the pacer


def show(
    pacer: Pacer, seconds: float, vsync: float = 0.0, work: float = 0.004, start: float = 50.0
) -> list[float]:
    """Run the render loop under a clock of its own; `vsync` is the rate at which swaps really wait."""
    now, times = start, []
    while now < start + seconds:
        now += pacer.wait(now) + work
        if vsync:
            now = (np.floor(now * vsync + 1e-6) + 1) / vsync
        pacer.presented(now)
        times.append(now)
    return times


def test_without_vsync_it_keeps_the_rate() -> None:
    pacer = Pacer(60.0)
    assert not pacer.display_paced
    times = show(pacer, 10.0)
    assert len(times) == pytest.approx(600, abs=2)
    assert np.abs(np.diff(times) - 1 / 60).max() < 1e-6
    assert pacer.skipped == 0


def test_with_vsync_the_display_paces() -> None:
    pacer = Pacer(60.0, refresh=60.0)
    times = show(pacer, 5.0, vsync=60.0)
    assert pacer.display_paced
    assert np.abs(np.diff(times) - 1 / 60).max() < 1e-6
    assert pacer.wait(1e6) == 0.0


def test_a_refresh_of_59_94_is_60() -> None:
    assert Pacer(60.0, refresh=59.94).display_paced
    assert not Pacer(60.0, refresh=144.0).display_paced


def test_a_display_that_does_not_wait_is_found_out() -> None:
    pacer = Pacer(60.0, refresh=60.0)
    times = show(pacer, 10.0, vsync=0.0)
    assert not pacer.display_paced
    late = [time for time in times if time > times[0] + 1.0]
    assert np.abs(np.diff(late) - 1 / 60).max() < 1e-6
    assert pacer.skipped == 0


def test_half_the_rate_under_vsync() -> None:
    pacer = Pacer(60.0, refresh=60.0)
    show(pacer, 1.0, vsync=60.0)
    pacer.rate = 30.0
    assert not pacer.display_paced
    times = show(pacer, 5.0, vsync=60.0, start=51.0)[2:]
    assert len(times) == pytest.approx(150, abs=5)
    assert np.diff(times).max() < 2.1 / 30


def test_time_that_the_display_paced_is_not_skipped() -> None:
    pacer = Pacer(60.0, refresh=60.0)
    for rate in (30.0, 60.0, 30.0):
        pacer.rate = rate
        show(pacer, 10.0, vsync=60.0, start=pacer._presented or 50.0)
    assert pacer.skipped <= 2


def test_a_stall_is_skipped_and_the_grid_kept() -> None:
    pacer = Pacer(50.0)
    times = show(pacer, 1.0)
    resumed = show(pacer, 1.0, start=times[-1] + 0.333)
    assert pacer.skipped == pytest.approx(0.333 * 50, abs=1.5)
    phase = np.array(resumed[1:]) * 50 % 1
    assert np.ptp(np.exp(2j * np.pi * phase)) < 1e-3, "still on the old grid"
    assert abs(np.exp(2j * np.pi * (phase[0] - times[-1] * 50)) - 1) < 1e-3


def test_frames_that_take_unevenly_long_come_evenly() -> None:
    """Work of 12 ms as a rule, now and then of twice as much: under 16.7 in the mean, so the rate is kept."""
    pacer, now, late = Pacer(60.0), 50.0, 0
    work = np.random.default_rng(1).lognormal(np.log(0.012), 0.3, 6000)
    for seconds in work:
        now += pacer.wait(now) + seconds
        now += pacer.hold(now)
        interval = pacer.presented(now)
        late += interval is not None and interval > LATE / 60
    assert late < 0.01 * len(work) < 0.4 * np.count_nonzero(work > 0.020)
    assert (now - 50.0) * 60 == pytest.approx(len(work), rel=0.01)


def test_intervals_are_told() -> None:
    pacer = Pacer(60.0)
    assert pacer.presented(5.0) is None
    assert pacer.presented(5.25) == 0.25


# ---------------------------------------------------------------------------------------------- the ladder


WINDOW = 2.0
"""Seconds from one judgement to the next."""


def climb(ladder: Ladder, capacity: float, seconds: float, start: float = 0.0) -> list[tuple[float, float]]:
    """Judge every window on a machine that holds `capacity` fps -> (time, rate) of every change."""
    changes, now = [], start
    while now < start + seconds:
        now += WINDOW
        frames = int(min(ladder.rate, capacity) * WINDOW)
        after = ladder.judge(now, frames, frames if ladder.rate > capacity else 0)
        if after.rate != ladder.rate:
            changes.append((now, after.rate))
        ladder = after
    return changes


def test_a_fast_machine_stays_on_top() -> None:
    assert climb(Ladder((60.0, 30.0)), 200.0, 3600.0) == []


def test_a_slow_machine_steps_down_soon() -> None:
    changes = climb(Ladder((60.0, 30.0, 20.0)), 22.0, 20.0)
    assert [rate for _, rate in changes] == [30.0, 20.0]
    assert changes[-1][0] <= 5 * WINDOW


def test_one_bad_window_is_no_trouble() -> None:
    """A shader that compiles, a disk that wakes up."""
    ladder = Ladder((60.0, 30.0))
    for step in range(100):
        ladder = ladder.judge(WINDOW * step, 120, 60 if step % 2 else 0)
        assert ladder.rung == 0


def test_at_the_bottom_it_stays() -> None:
    ladder = Ladder((60.0, 30.0), rung=1)
    for step in range(1000):
        ladder = ladder.judge(2.0 * step, 60, 60)
        assert ladder.rate == 30.0


def test_after_trouble_it_tries_again_and_stays() -> None:
    ladder = Ladder((60.0, 30.0)).judge(0.0, 120, 60).judge(2.0, 120, 60)
    assert ladder.rate == 30.0
    changes = climb(ladder, 100.0, 600.0, start=2.0)
    assert [rate for _, rate in changes] == [60.0]
    assert changes[0][0] - 2.0 >= 30.0


def test_between_two_rungs_it_settles_on_the_lower() -> None:
    """Each try upwards comes at least twice as late as the one before: hours hold only a few."""
    ladder = Ladder((60.0, 30.0))
    changes = climb(ladder, 45.0, 4 * 3600.0)
    downs = [time for time, rate in changes if rate == 30.0]
    ups = [time for time, rate in changes if rate == 60.0]
    waits = np.array([up - down for down, up in zip(downs, ups, strict=False)])
    assert (waits >= ladder.patience).all()
    grown = waits[: np.searchsorted(waits, ladder.longest_patience)]
    assert (grown[1:] >= 1.9 * grown[:-1]).all()
    assert len(changes) < 30
    at_sixty = sum(down - up for up, down in zip(ups, downs[1:], strict=False))
    assert at_sixty < 0.01 * 4 * 3600


def test_trouble_below_puts_off_the_way_up() -> None:
    ladder = Ladder((60.0, 30.0, 20.0), rung=2, patience=30.0)
    for step in range(100):
        ladder = ladder.judge(20.0 * step, 40, 40)
        assert ladder.rung == 2


def test_a_few_late_frames_are_no_trouble() -> None:
    for frames, late, rung in ((120, 12, 0), (120, 13, 1), (0, 0, 0)):
        assert Ladder((60.0, 30.0)).judge(0.0, frames, late).judge(2.0, frames, late).rung == rung
    assert LATE > 1
