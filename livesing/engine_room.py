"""Opens the generator, and while the show runs, faster engines for it.

Owner: a thread of the generator process. It opens what is ready, from the fastest kind down; then it has what
is not ready yet built in a process of its own, opens that, measures it, and hands it over when it is faster.
The loop takes it between two frames. When nothing opens, the embedded generator does, and the reason is told.
When this thread dies, the show goes on with what it has.
"""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from livesing.errors import EngineError, LivesingError
from livesing.generation.engine import Engine, Source
from livesing.generation.engine_cache import EngineCache
from livesing.generation.engine_kinds import GPU_KINDS, KINDS
from livesing.generation.engine_open import (
    ServedGenerator,
    candidates,
    circumstances,
    faster,
    measure,
    open_engine,
    ranked,
    ready,
)
from livesing.generation.large_frames import LargeFrames, Lateness

log = logging.getLogger(__name__)

EMBEDDED = Source("embedded")
SIZE = (512, 288)


@dataclass(frozen=True)
class DreamChoice:
    """What is to generate the pictures."""

    source: Source = EMBEDDED
    engine: str | None = None
    """A kind by name; None for the fastest."""
    without: tuple[str, ...] = ()
    """Kinds that failed in this show."""
    why: str = ""
    """Why this is not what was asked for; empty when it is."""

    def after_fault(self, kind: str) -> "DreamChoice":
        """What to try when the process died while `kind` was at work: other kinds, then embedded."""
        why = f"the {kind or 'opening'} engine ended its process"
        if self.source.generator == "embedded":
            if kind not in GPU_KINDS or kind in self.without:
                return self
            return replace(self, engine=None, without=(*self.without, kind), why=why)
        if kind and kind not in self.without:
            return replace(self, engine=None, without=(*self.without, kind), why=why)
        return DreamChoice(why=f"{self.source.words}: {why}")


class Serving(NamedTuple):
    """What runs, for the HUD, the log and the report."""

    kind: str
    """Of engine; empty while nothing runs yet."""
    words: str
    opening: bool = False
    """Whether this kind is just being opened, beside another at work."""


Build = Callable[[Source, str, int], None]
"""(source, kind, threads): have it built and in the cache, or raise EngineError."""
Started = Callable[[subprocess.Popen[str]], None]
FAILURES = (EngineError, RuntimeError, ImportError, OSError, MemoryError)
"""With which one kind of engine may fail while another opens: libraries have no common error."""


def promising(names: Sequence[str], current: str, measured: Mapping[str, float]) -> list[str]:
    """Kinds to try beside the current one: those that were never measured, and those that were faster."""
    than = measured.get(current, float("inf"))
    return [name for name in names if name != current and measured.get(name, 0.0) < than]


def _line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _timed(engine: Engine) -> float:
    return measure(engine, time.perf_counter)


def threads_for(source: Source) -> int:
    """Of the processor: audio and window come first, and the embedded generator needs one."""
    return 1 if source.generator == "embedded" else max(1, (os.cpu_count() or 2) // 2)


class EngineRoom(threading.Thread):
    """`take` what it has opened; `serving` tells what that is and why."""

    def __init__(
        self,
        choice: DreamChoice,
        cache: EngineCache | None = None,
        build: Build | None = None,
        large: LargeFrames | None = None,
    ) -> None:
        """`large`: what a GPU may be tried with for the embedded generator."""
        super().__init__(name="engine room", daemon=True)
        self._choice = choice
        self._cache = cache or EngineCache()
        self._child: subprocess.Popen[str] | None = None
        self._build = build or self._build_in_child
        self._large = large or LargeFrames()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._opened: ServedGenerator | Engine | None = None
        self._serving = Serving("", f"opening {choice.source.words}")
        self._notes = [choice.why] if choice.why else []
        self.frame_ms = float("inf")
        """What a frame takes at present; the loop tells it by `drew`."""
        self.engine_ms = float("inf")
        """The engine's part of it: what engines are compared by."""
        self.period_ms = 1e3 / 30
        """What it may take; the loop sets it."""

    @property
    def serving(self) -> Serving:
        return self._serving

    @property
    def unopened(self) -> bool:
        """Whether nothing has ever opened."""
        return self._serving.kind == ""

    def take(self) -> ServedGenerator | Engine | None:
        """A generator that was opened, or a better engine for the one that was taken before; then None."""
        with self._lock:
            opened, self._opened = self._opened, None
            return opened

    def drew(self, engine_ms: float, frame_ms: float) -> None:
        """Told by the loop after each frame: what the engine took, and all of it."""
        for name, spent in (("engine_ms", engine_ms), ("frame_ms", frame_ms)):
            usual = getattr(self, name)
            setattr(self, name, spent if usual == float("inf") else 0.9 * usual + 0.1 * spent)

    def stop(self) -> None:
        """End what is being built."""
        self._closing.set()
        child = self._child
        if child is not None and child.poll() is None:
            child.terminate()

    def run(self) -> None:
        try:
            current = self._open_first()
        except LivesingError as error:
            self._note(f"{self._choice.source.words}: {error}")
            self._choice = DreamChoice()
            current = self._open_first()
        if self._source.generator != "embedded":
            self._improve(current)
            return
        kinds = self._large.here(self._source, self._choice.without)
        if self._choice.engine is not None:
            kinds = [name for name in kinds if name == self._choice.engine]
        if kinds and current not in kinds:
            self._enlarge(kinds)

    def _open_first(self) -> str:
        """Open the best that is ready -> its kind. Raises LivesingError when none opens."""
        choice = self._choice
        source = choice.source
        if source.generator == "embedded" and source.size is None:
            source = replace(source, size=SIZE)
        self._source = source
        self._measured = self._cache.choice(circumstances(source))
        usual = [name for name in ranked(candidates(source), self._measured) if name not in choice.without]
        asked = choice.engine
        if source.generator == "embedded" and asked in self._large.kinds and not KINDS[asked].missing(source):
            asked = None  # it comes in its own size, when the show has begun
        names = usual if asked is None else [asked, *(n for n in usual if n != asked)]
        self._names = names
        for name in names:
            kind = KINDS[name]
            lacks = kind.missing(source)
            if lacks:
                self._note(f"no {name}: {lacks}")
                continue
            if not ready(source, kind, self._cache):
                continue
            try:
                engine = open_engine(source, kind, self._cache, threads_for(source), log.info)
            except FAILURES as error:
                self._note(f"no {name}: {_line(error)}")
                continue
            self._hand_over(ServedGenerator(source, engine), engine)
            return name
        raise EngineError("no engine for it opens" if names else "there is no engine for it")

    def _improve(self, current: str) -> None:
        """Build, open and measure what may be faster than what runs."""
        choice, source = self._choice, self._source
        running: float | None = None  # what a frame of the current one takes: as measured, once it was
        for name in [choice.engine] if choice.engine else promising(self._names, current, self._measured):
            if name == current or KINDS[name].missing(source):
                continue
            try:
                self._have_built(name)
                if self._closing.is_set():
                    return
                with self._trying(name):
                    engine = open_engine(source, KINDS[name], self._cache, threads_for(source), log.info)
                    milliseconds = _timed(engine)
            except (LivesingError, *FAILURES) as error:
                self._note(f"no {name}: {_line(error)}")
                continue
            while running is None and self.engine_ms == float("inf"):  # it has not drawn a frame yet
                if self._closing.wait(0.05):
                    return
            running = self.engine_ms if running is None else running
            self._measured |= {name: milliseconds, current: running}
            self._cache.choose(circumstances(source), self._measured)
            if choice.engine or faster(milliseconds, running):
                self._hand_over(engine, engine)
                current, running = name, milliseconds
            else:
                engine.close()

    def _enlarge(self, kinds: list[str]) -> None:
        """Move the embedded generator to the GPU, at the largest size that is drawn in time."""
        small = self._source
        found = None
        for name in kinds:
            try:
                found = self._large.largest(small, partial(self._open_large, name), _timed)
            except (LivesingError, *FAILURES) as error:
                self._note(f"no {name}: {_line(error)}")
                continue
            if found is not None:
                break
            self._note(f"{name} is too slow for large frames")
        if found is None or self._closing.is_set():
            return
        self._source, current = found.source, found.engine.kind
        self._measured = self._cache.choice(circumstances(found.source)) | {current: found.milliseconds}
        self.frame_ms = self.engine_ms = float("inf")
        self._hand_over(found.engine, found.engine)
        self._names = kinds
        if self._choice.engine is None and len(kinds) > 1:
            self._improve(current)
        self._keep_in_time(small)

    def _open_large(self, name: str, source: Source) -> Engine:
        self._source = source
        self._have_built(name)
        with self._trying(name):
            return open_engine(source, KINDS[name], self._cache, threads_for(source), log.info)

    def _keep_in_time(self, small: Source) -> None:
        """While frames come late: the next smaller size, and after the last the processor's."""
        late = Lateness()
        while not self._closing.wait(self._large.look_seconds):
            if not late.look(self.frame_ms, self.period_ms):
                continue
            assert self._source.size is not None
            size, name = self._large.smaller(self._source.size), self._serving.kind
            self._source = small if size is None else replace(small, size=size)
            try:
                engine = self._open_large("onnxruntime" if size is None else name, self._source)
            except (LivesingError, *FAILURES) as error:
                self._note(f"no smaller frames: {_line(error)}")
                return
            self.frame_ms = float("inf")
            self._hand_over(engine, engine)
            log.info("generator: frames came late; now %dx%d", *engine.size)
            if size is None:
                return

    @contextmanager
    def _trying(self, name: str) -> Iterator[None]:
        """While an engine is opened beside the one at work, a fault of the process is taken for the new
        one's, and its silence is borne: loading libraries may hold Python's lock."""
        before = self._serving
        self._serving = before._replace(kind=name, opening=True)
        try:
            yield
        finally:
            self._serving = self._serving._replace(kind=before.kind, opening=False)

    def _have_built(self, name: str) -> None:
        if ready(self._source, KINDS[name], self._cache):
            return
        words = f"building {name}"
        self._note(words)
        try:
            self._build(self._source, name, threads_for(self._source))
        finally:
            self._notes.remove(words)

    def _hand_over(self, opened: ServedGenerator | Engine, engine: Engine) -> None:
        with self._lock:
            self._opened = opened
        self._tell(engine.kind, f"{self._source.words}, {engine.note}")

    def _note(self, words: str) -> None:
        log.info("generator: %s", words)
        self._notes.append(words)
        self._tell(self._serving.kind, self._serving.words.split(" (")[0])

    def _tell(self, kind: str, words: str) -> None:
        self._serving = Serving(kind, words + (f" ({'; '.join(self._notes)})" if self._notes else ""))

    def _build_in_child(self, source: Source, name: str, threads: int) -> None:
        def started(child: subprocess.Popen[str]) -> None:
            self._child = child

        build_in_child(source, name, threads, started)


def build_in_child(
    source: Source,
    name: str,
    threads: int,
    started: Callable[[subprocess.Popen[str]], None] = lambda child: None,
) -> None:
    """In a process of its own: building takes minutes, all of Python's lock, and may crash.

    `started` is given the process. Raises EngineError with the last line that it said.
    """
    words = [sys.executable, "-m", "livesing", "engine", "build", "--generator", source.generator]
    words += ["--engine", name, "--threads", str(threads)]
    if source.weights is not None:
        words += ["--weights", str(source.weights)]
    if source.seed is not None:
        words += ["--random-weights"]
    if source.size is not None:
        words += ["--size", "x".join(map(str, source.size))]
    child = subprocess.Popen(
        words, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    started(child)
    _, errors = child.communicate()
    if child.returncode != 0:
        last = errors.strip().splitlines()[-1:] or [f"exit code {child.returncode}"]
        raise EngineError(last[0].removeprefix("livesing: "))
