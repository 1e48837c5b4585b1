"""The one clock of the live show.

`now()` is seconds on `time.perf_counter`: it never jumps back, has sub-microsecond steps, and counts
alike in every process of the machine (CLOCK_MONOTONIC on Linux, mach time on macOS, QPC on Windows),
so a stamp written by the generator process can be compared with one of the window.

Only the loops read it. Everything else takes `now` or `dt` as an argument, so that the live show, the
offline renderer and the tests run the same code.
"""

from time import perf_counter as now

__all__ = ["now"]
