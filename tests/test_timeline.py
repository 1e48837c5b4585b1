"""The timeline: unevenly arriving frames become even motion."""

import numpy as np
import pytest

from livesing.stage.timeline import LONGEST_DELAY, FrameTimeline


class Film:
    """Frames arrive, the display asks; what is shown is written down as dream time."""

    def __init__(self, size: int = 4) -> None:
        self.timeline = FrameTimeline(size)
        self.stamps: dict[int, float] = {}
        self.times: list[float] = []
        self.shown: list[float] = []

    def play(self, stamps: np.ndarray, delays: np.ndarray, fps: float = 60.0) -> "Film":
        """Frame i is dreamt for `stamps[i]` and arrives `delays[i]` later, in order."""
        arrivals = np.maximum.accumulate(stamps + delays)
        place = 0
        for now in np.arange(stamps[0], arrivals[-1], 1 / fps):
            while place < len(stamps) and arrivals[place] <= now:
                room = self.timeline.place()
                blend = self.timeline.at(now)
                assert blend is None or room not in blend[:2], "what is shown is never written to"
                self.stamps[room] = stamps[place]
                self.timeline.add(stamps[place], now)
                place += 1
            blend = self.timeline.at(now)
            if blend is None:
                continue
            assert 0.0 <= blend.mix <= 1.0
            older, newer = self.stamps[blend.older], self.stamps[blend.newer]
            assert newer >= older
            self.times.append(now)
            self.shown.append(older + (newer - older) * blend.mix)
        return self

    def unevenness(self, after: float) -> float:
        """Standard deviation of the step from frame to frame, as a share of the display's period."""
        times, shown = np.array(self.times), np.array(self.shown)
        kept = times > after
        return float(np.diff(shown[kept]).std() / np.diff(times[kept]).mean())


def stepping(stamps: np.ndarray, delays: np.ndarray, fps: float = 60.0) -> float:
    """What `unevenness` would be without a timeline: the newest frame at once."""
    arrivals = np.maximum.accumulate(stamps + delays)
    times = np.arange(arrivals[10], arrivals[-1], 1 / fps)
    shown = stamps[np.searchsorted(arrivals, times, side="right") - 1]
    return float(np.diff(shown).std() * fps)


def test_before_the_first_frame_there_is_nothing() -> None:
    timeline = FrameTimeline()
    assert timeline.at(1.0) is None
    assert timeline.newest() is None
    timeline.add(5.0, 5.1)
    blend = timeline.at(5.2)
    assert blend is not None
    assert blend.older == blend.newer
    assert timeline.newest() == 5.0


@pytest.mark.parametrize("rate", [8.0, 12.0, 24.0, 30.0, 60.0])
def test_even_arrivals_are_shown_evenly(rate: float) -> None:
    stamps = 10 + np.arange(int(6 * rate)) / rate
    film = Film().play(stamps, np.full(len(stamps), 0.03))
    assert film.unevenness(after=12.0) < 0.1
    lag = np.array(film.times) - np.array(film.shown)
    assert np.median(lag[len(lag) // 2 :]) < 1 / rate + 0.03 + 2 / 60


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rate", [12.0, 24.0])
def test_jittered_arrivals_are_shown_more_evenly(rate: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    stamps = 10 + np.cumsum(rng.uniform(0.7, 1.3, int(10 * rate))) / rate
    delays = 0.03 + rng.exponential(0.01, len(stamps))
    film = Film().play(stamps, delays)
    assert film.unevenness(after=12.0) < 0.35 * stepping(stamps, delays)


@pytest.mark.parametrize("seed", range(8))
def test_dream_time_never_runs_backwards(seed: int) -> None:
    """Even where arrivals stall, bunch up and change their rate."""
    rng = np.random.default_rng(seed)
    gaps = rng.exponential(0.05, 300) + rng.choice([0.01, 0.1, 1.0], 300, p=[0.7, 0.28, 0.02])
    delays = rng.exponential(rng.choice([0.01, 0.3], 300, p=[0.9, 0.1]))
    film = Film().play(50 + np.cumsum(gaps), delays, fps=float(rng.choice([30, 60, 144])))
    assert np.diff(film.shown).min() >= -1e-9
    assert all(shown <= now for now, shown in zip(film.times, film.shown, strict=True))


def test_it_is_never_far_behind() -> None:
    rng = np.random.default_rng(0)
    stamps = 10 + np.cumsum(rng.choice([0.05, 2.0], 100, p=[0.9, 0.1]))
    film = Film().play(stamps, np.full(100, 0.02))
    assert film.timeline.delay <= LONGEST_DELAY


@pytest.mark.parametrize("rate", [24.0, 30.0])
def test_a_second_after_a_stall_motion_is_even_again(rate: float) -> None:
    even = 10 + np.arange(int(3 * rate)) / rate
    stamps = np.concatenate([even, even + 3.5])  # half a second without a frame
    film = Film().play(stamps, np.full(len(stamps), 0.03))
    times, shown = np.array(film.times), np.array(film.shown)
    kept = (times > 14.5) & (times < 15.5)
    assert np.diff(shown[kept]).std() * 60 < 0.35


def test_a_new_process_whose_clock_does_not_follow() -> None:
    timeline = FrameTimeline()
    for number in range(5):
        timeline.add(100 + number / 10, 100.05 + number / 10)
    timeline.add(3.0, 101.0)
    assert timeline.newest() == 3.0
    blend = timeline.at(101.1)
    assert blend is not None
    assert blend.older == blend.newer
    assert timeline.place() != blend.older


def test_places_go_round_all_textures() -> None:
    timeline = FrameTimeline(5)
    places = []
    for number in range(10):
        places.append(timeline.place())
        timeline.add(float(number), number + 0.1)
    assert places == [0, 1, 2, 3, 4] * 2
