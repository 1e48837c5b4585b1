"""The embedded generator's frames on a GPU: how large they are.

Its pictures have any size, but an engine on a GPU draws one. So every size is an engine of its own. The show
opens on the processor with small frames, which are there at once; then sizes are tried on the GPU, the
largest first, and the first one that is drawn in time is taken. When its frames come late in the show, the
next smaller one is, and in the end the processor's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from livesing.generation.engine import Engine, Source
from livesing.generation.engine_kinds import GPU_KINDS, KINDS

SIZES = ((1920, 1080), (1280, 720), (960, 540))
WITHIN_MS = 8.0
"""Half a period at 60 frames a second: the window is drawn on the same GPU."""
LATE_LOOKS = 3
"""So many looks in a row find frames late before they get smaller."""


@dataclass(frozen=True)
class LargeFrames:
    """What is tried."""

    kinds: tuple[str, ...] = GPU_KINDS
    """Ready at once first: it decides the size, and the others may then replace it."""
    sizes: tuple[tuple[int, int], ...] = SIZES
    within_ms: float = WITHIN_MS
    look_seconds: float = 2.0
    """Between two looks whether frames come in time."""

    def here(self, source: Source, without: Sequence[str]) -> list[str]:
        """Kinds that this machine has."""
        if source.generator != "embedded":
            return []
        return [name for name in self.kinds if name not in without and KINDS[name].missing(source) is None]

    def largest(
        self, source: Source, open_at: Callable[[Source], Engine], measure: Callable[[Engine], float]
    ) -> "Sized | None":
        """The largest engine that draws within `within_ms`, `measure`d in milliseconds; None when none does.
        Those that do not are closed."""
        for size in self.sizes:
            sized = replace(source, size=size)
            engine = open_at(sized)
            milliseconds = measure(engine)
            if milliseconds <= self.within_ms:
                return Sized(sized, engine, milliseconds)
            engine.close()
        return None

    def smaller(self, size: tuple[int, int]) -> tuple[int, int] | None:
        """The next size down; None below the last."""
        left = self.sizes[self.sizes.index(size) + 1 :] if size in self.sizes else ()
        return left[0] if left else None


class Sized(NamedTuple):
    """An engine for one size."""

    source: Source
    engine: Engine
    milliseconds: float


class Lateness:
    """Whether frames have been late for long enough to be made smaller."""

    def __init__(self) -> None:
        self._looks = 0

    def look(self, frame_ms: float, period_ms: float) -> bool:
        """At what a frame takes and may take; before anything was drawn it takes forever, and is not late."""
        self._looks = self._looks + 1 if period_ms < frame_ms < float("inf") else 0
        if self._looks < LATE_LOOKS:
            return False
        self._looks = 0
        return True
