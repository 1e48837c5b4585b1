"""The figures of a run: what `--report` writes and the HUD shows. Memory does not grow with the show's
length."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from livesing.whole_file import whole_file

STEP_MS = 0.1
MOST_MS = 2000.0


class Histogram:
    """Milliseconds counted in steps of 0.1: percentiles of an endless stream in constant memory."""

    def __init__(self) -> None:
        self._counts = np.zeros(int(MOST_MS / STEP_MS) + 1, np.int64)
        self.count = 0
        self.most = 0.0

    def add(self, milliseconds: float) -> None:
        """Count one value; above 2 s it counts as 2 s, but stays exact in `most`."""
        place = min(max(int(milliseconds / STEP_MS), 0), len(self._counts) - 1)
        self._counts[place] += 1
        self.count += 1
        self.most = max(self.most, milliseconds)

    def percentile(self, share: float) -> float:
        """The value that `share` (0..1) of all lie under, to 0.1 ms; 0 when empty."""
        if not self.count:
            return 0.0
        place = int(np.searchsorted(np.cumsum(self._counts), share * self.count))
        return min((place + 1) * STEP_MS, self.most)

    def summary(self) -> dict[str, float]:
        """p50, p95, p99 and max in milliseconds."""
        shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
        return {name: round(self.percentile(share), 2) for name, share in shares.items()} | {
            "max": round(self.most, 2)
        }


class Figures:
    """What the render loop counts; owned by the render thread."""

    def __init__(self) -> None:
        self.frames = 0
        self.dropped = 0
        self.first: float | None = None
        self.last = 0.0
        self.frame_ms = Histogram()
        self.frame_age_ms = Histogram()
        self.latency_ms = Histogram()
        self.generator_ms = Histogram()
        self.fps = 0.0
        """Of about the last second, for the HUD."""

    def presented(self, now: float, interval: float | None, late: bool) -> None:
        """A frame was presented at `now`, `interval` seconds after the one before."""
        self.first = now if self.first is None else self.first
        self.last = now
        self.frames += 1
        if interval is not None and interval > 0:
            self.frame_ms.add(interval * 1e3)
            self.dropped += late
            rate = 1 / interval
            self.fps += (rate - self.fps) * min(1.0, interval) if self.fps else rate

    @property
    def seconds(self) -> float:
        """From the first to the last presented frame."""
        return self.last - self.first if self.first is not None else 0.0

    def summary(self) -> dict[str, Any]:
        seconds = self.seconds
        return {
            "seconds": round(seconds, 3),
            "frames": self.frames,
            "fps": round((self.frames - 1) / seconds, 2) if seconds > 0 else 0.0,
            "frame_ms": self.frame_ms.summary(),
            "dropped": self.dropped,
            "frame_age_ms": self.frame_age_ms.summary(),
            "latency_ms": self.latency_ms.summary(),
            "generator_ms": self.generator_ms.summary(),
        }


def rss_mb() -> float | None:
    """Memory that this process holds now, in MB; on macOS its peak, None where it cannot be told."""
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)
    if sys.platform == "darwin":
        import resource

        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 1)
    return None


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """The file is whole or as it was. Raises LivesingError."""
    with whole_file(path) as partial:
        partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
