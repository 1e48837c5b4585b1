"""Figures: percentiles, rates and the report."""

import json
import mmap
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from livesing.figures import Figures, Histogram, rss_mb, write_json


@pytest.mark.parametrize("seed", range(3))
def test_percentiles_agree_with_numpy(seed: int) -> None:
    values = np.random.default_rng(seed).gamma(4.0, 5.0, 5000)
    histogram = Histogram()
    for value in values:
        histogram.add(float(value))
    for share in (0.01, 0.5, 0.95, 0.99, 1.0):
        exact = np.quantile(values, share, method="inverted_cdf")
        assert exact <= histogram.percentile(share) + 1e-9
        assert histogram.percentile(share) - exact <= 0.1 + 1e-9
    summary = histogram.summary()
    assert summary["p50"] <= summary["p95"] <= summary["p99"] <= summary["max"]
    assert summary["max"] == pytest.approx(values.max(), abs=0.01)
    assert histogram.count == 5000


def test_an_empty_histogram() -> None:
    assert set(Histogram().summary().values()) == {0.0}


def test_extremes_stay_inside() -> None:
    histogram = Histogram()
    for value in (-1.0, 0.0, 1e6):
        histogram.add(value)
    assert histogram.most == 1e6
    assert 2000.0 <= histogram.percentile(1.0) <= 2001.0


def test_memory_does_not_grow() -> None:
    figures = Figures()
    for number in range(200):
        figures.presented(number / 60, 1 / 60, False)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(200, 5000):
            figures.presented(number / 60, 1 / 60, False)
        assert tracemalloc.get_traced_memory()[0] - before < 2000
    finally:
        tracemalloc.stop()


def test_a_run_in_figures() -> None:
    figures = Figures()
    now, before = 100.0, None
    for number in range(301):
        interval = 0.05 if number % 30 == 29 else 1 / 60
        now += 0 if before is None else interval
        figures.presented(now, None if before is None else now - before, interval > 1.5 / 60)
        before = now
    summary = json.loads(json.dumps(figures.summary()))
    assert summary["frames"] == 301
    assert summary["dropped"] == 10
    assert summary["seconds"] == pytest.approx(290 / 60 + 0.5, abs=0.002)
    assert summary["fps"] == pytest.approx(300 / (290 / 60 + 0.5), abs=0.02)
    assert summary["frame_ms"]["p50"] == pytest.approx(1000 / 60, abs=0.11)
    assert summary["frame_ms"]["p99"] == summary["frame_ms"]["max"] == pytest.approx(50.0, abs=0.11)


def test_the_rate_is_that_of_about_the_last_second() -> None:
    figures = Figures()
    now = 0.0
    figures.presented(now, None, False)
    for fps, low, high in ((60.0, 59.9, 60.1), (30.0, 30.0, 35.0), (60.0, 55.0, 60.0)):
        for _ in range(int(2 * fps)):
            now += 1 / fps
            figures.presented(now, 1 / fps, False)
        assert low <= figures.fps <= high


def test_nothing_presented() -> None:
    summary = Figures().summary()
    assert (summary["frames"], summary["seconds"], summary["fps"]) == (0, 0.0, 0.0)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_held_is_seen() -> None:
    before = rss_mb()
    with mmap.mmap(-1, 25_000_000) as held:  # fresh pages: an array may reuse what was freed
        held.write(b"x" * 25_000_000)
        after = rss_mb()
    assert before is not None
    assert after is not None
    assert 20 < after - before < 100


def test_a_report_replaces_the_old_one_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}
    write_json(path, {"a": [1.5, "ü"]})
    assert json.loads(path.read_text(encoding="utf-8")) == {"a": [1.5, "ü"]}
    assert [file.name for file in tmp_path.iterdir()] == ["report.json"]
