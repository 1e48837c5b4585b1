"""`livesing engine`: builds engines ahead of a show, and says what there is."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from livesing.errors import EngineError
from livesing.generation.engine import Source
from livesing.generation.engine_cache import EngineCache
from livesing.generation.engine_kinds import KINDS
from livesing.generation.engine_open import (
    candidates,
    circumstances,
    kind_named,
    lacking,
    measure,
    open_engine,
    ranked,
    ready,
)


def build(source: Source, name: str | None, threads: int, folder: Path | None = None) -> None:
    """Build one kind, or all that this machine can have; measure them and remember the fastest.

    Raises EngineError when the one that was asked for, or every one, fails, and WeightsError. An interrupted
    build leaves nothing behind, whether by Ctrl-C or by SIGTERM, as a show that ends sends it.
    """
    with _interrupted_by_sigterm():
        _build(source, name, threads, folder)


@contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    """By itself SIGTERM would end the process where it is, and leave hundreds of megabytes half-written."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    kept = signal.signal(signal.SIGTERM, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, kept)


def _build(source: Source, name: str | None, threads: int, folder: Path | None) -> None:
    cache = EngineCache(folder)
    names = [kind_named(name).name] if name else candidates(source)
    measured = cache.choice(circumstances(source))
    failed: list[str] = []
    for number, kind in enumerate(KINDS[name] for name in names):
        print(f"[{number + 1} of {len(names)}] {kind.name}", flush=True)
        here = kind.suffix(source) is not None and ready(source, kind, cache)
        began = time.monotonic()
        try:
            engine = open_engine(source, kind, cache, threads, lambda words: print(f"  {words}", flush=True))
        except EngineError as error:
            print(f"  {error}")
            failed.append(str(error))
            continue
        measured[kind.name] = measure(engine, time.perf_counter)
        was = "was here" if here else f"ready after {time.monotonic() - began:.0f} s"
        print(f"  {was}: {measured[kind.name]:.1f} ms a frame on {engine.note}")
        engine.close()
    if failed and len(failed) == len(names):
        raise EngineError("; ".join(failed))
    cache.choose(circumstances(source), measured)
    if not name:
        for other, why in lacking(source).items():
            print(f"without {other}: {why}")
        print(f"the show takes {ranked(names, measured)[0]}")


def list_engines(folder: Path | None = None) -> None:
    """Print every built engine, and which will be built anew."""
    cache = EngineCache(folder)
    entries = cache.entries()
    for entry in entries:
        state = entry.trouble or "good"
        print(f"{entry.generator:<16} {entry.kind:<13} {entry.megabytes:7.1f} MB  {state}")
    print(f"{len(entries)} in {cache.folder}")


def clear(folder: Path | None = None) -> None:
    """Remove them all; they are built anew when they are needed."""
    cache = EngineCache(folder)
    count, megabytes = cache.clear()
    print(f"removed {count}, {megabytes:.0f} MB, from {cache.folder}")
