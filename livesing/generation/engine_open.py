"""Opening engines: which kinds a machine has, which is the fastest, and a generator on one of them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from livesing.errors import EngineError, UsageError, WeightsError
from livesing.generation.biggan_config import CONFIGS, LAYERS
from livesing.generation.engine import (
    Bytes,
    Engine,
    EngineKind,
    Floats,
    Latents,
    Progress,
    Source,
    make_latents,
    probe,
    self_test,
)
from livesing.generation.engine_cache import EngineCache
from livesing.generation.engine_key import engine_key, identity
from livesing.generation.engine_kinds import KINDS
from livesing.generation.latent_path import TRUNCATION
from livesing.generation.path_step import OverlappingEngine
from livesing.generation.weights_known import KNOWN, fetched, find_file

WORTH = 0.9
"""A kind replaces another when it takes less than this part of its time: less is noise."""


def check_generator(name: str) -> None:
    """Raises UsageError for a generator that does not exist."""
    names = ("embedded", *CONFIGS, "stylegan2")
    if name not in names:
        raise UsageError(f"there is no generator {name!r}; there are: {', '.join(names)}")


def kind_named(name: str) -> EngineKind:
    """Raises UsageError for a kind that does not exist."""
    if name not in KINDS:
        raise UsageError(f"there is no engine {name!r}; there are: {', '.join(KINDS)}")
    return KINDS[name]


def lacking(source: Source) -> dict[str, str]:
    """What each kind that cannot run this source here lacks."""
    answers = {name: kind.missing(source) for name, kind in KINDS.items()}
    return {name: answer for name, answer in answers.items() if answer is not None}


def candidates(source: Source) -> list[str]:
    """Kinds to choose from, the usually fastest first.

    For the embedded generator onnxruntime alone, which is ready at once; what a GPU makes of it, the show
    finds out (`large_frames.py`).
    """
    if source.generator == "embedded":
        return ["onnxruntime"]
    missing = lacking(source)
    return [name for name in KINDS if name not in missing]


def ready(source: Source, kind: EngineKind, cache: EngineCache) -> bool:
    """Whether it opens without being built first."""
    return kind.suffix(source) is None or cache.find(engine_key(source, kind)) is not None


def open_engine(
    source: Source, kind: EngineKind, cache: EngineCache, threads: int, progress: Progress
) -> Engine:
    """An engine that passed its self-test; built first where it is not in the cache, and again where that one
    fails. Raises EngineError, WeightsError."""
    lacks = kind.missing(source)
    if lacks:
        raise EngineError(f"the {kind.name} engine cannot run here: {lacks}")
    suffix = kind.suffix(source)
    if suffix is None:
        reference = kind.reference(source)
        engine = kind.open(source, None, threads)
        if reference is not None:
            _prove(engine, reference, kind, source)
        return engine
    key = engine_key(source, kind)
    built = cache.find(key)
    if built is not None:
        try:
            engine = kind.open(source, built.file, threads)
            _prove(engine, built.reference, kind, source)
            return engine
        except EngineError as error:
            progress(f"{error}: building it anew")
            cache.drop(key)
    built = cache.store(key, suffix, lambda file: kind.build(source, file, progress))
    engine = kind.open(source, built.file, threads)
    try:
        _prove(engine, built.reference, kind, source)
    except EngineError:
        cache.drop(key)
        raise
    return engine


def _prove(engine: Engine, reference: Floats, kind: EngineKind, source: Source) -> None:
    try:
        self_test(engine, reference, kind.precision(source))
    except EngineError:
        engine.close()
        raise


def circumstances(source: Source) -> dict[str, Any]:
    """What a measurement holds for: this source on this machine with these versions."""
    return {"source": identity(source), "kinds": {name: kind.facts() for name, kind in KINDS.items()}}


def ranked(names: Sequence[str], measured: Mapping[str, float]) -> list[str]:
    """The measured ones by their milliseconds, then the others in their usual order."""
    known = sorted((name for name in names if name in measured), key=lambda name: measured[name])
    return known + [name for name in names if name not in measured]


def faster(milliseconds: float, than: float) -> bool:
    """Whether a change of engines is worth it."""
    return milliseconds < WORTH * than


def measure(engine: Engine, clock: Callable[[], float], seconds: float = 1.0) -> float:
    """Median milliseconds of a frame, over about `seconds` (three frames at least)."""
    latents = probe()
    times: list[float] = []
    engine.rgba(latents, None)
    began = clock()
    while len(times) < 3 or (clock() - began < seconds and len(times) < 200):
        before = clock()
        engine.rgba(latents, None)
        times.append(clock() - before)
    return float(np.median(times)) * 1e3


class ServedGenerator:
    """A generator on an engine: what the show and `livesing dream` draw with. Belongs to one thread."""

    layers = LAYERS

    def __init__(self, source: Source, engine: Engine) -> None:
        self.source = source
        self.name = source.generator
        self._engine = engine
        self.truncation = TRUNCATION
        """0..1, live: how far from the usual the pictures go. The embedded generator has none."""

    @property
    def engine(self) -> Engine:
        return self._engine

    def move_to(self, engine: Engine) -> None:
        """The next frame comes from another engine of the same source; the old one is closed.

        The embedded generator's may have another size. Raises EngineError for one of another source.
        """
        if engine.size != self.size and self.name != "embedded":
            raise EngineError(f"the {engine.kind} engine draws {engine.size}, not {self.size}")
        self._engine, old = engine, self._engine
        old.close()

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self._engine.size

    @property
    def note(self) -> str:
        """What runs, in words."""
        return f"{self.source.words}, {self._engine.note}"

    def resize(self, width: int, height: int) -> None:
        """Ask for another size. Only the embedded generator on onnxruntime has more than one."""
        resize = getattr(self._engine, "resize", None)
        if resize is not None:
            resize(width, height)

    def render(self, z: Floats, classes: Floats) -> Floats:
        """One picture [1, 3, H, W] in [-1, 1]; z and classes as `make_latents` takes them."""
        return self._engine.image(self._latents(z, classes))

    def render_rgba(self, z: Floats, classes: Floats, out: Bytes | None) -> Bytes:
        """One picture as uint8 [H, W, 4], opaque; into `out` when it is given."""
        return self._engine.rgba(self._latents(z, classes), out)

    def begin(self, engine: OverlappingEngine, z: Floats, classes: Floats) -> None:
        """Start a picture on its engine, which `finish` puts out."""
        engine.begin(self._latents(z, classes))

    def _latents(self, z: Floats, classes: Floats) -> Latents:
        return make_latents(self._spread(z), classes, self.truncation, inside=self.name != "stylegan2")

    def _spread(self, z: Floats) -> Floats:
        """The latent path goes on the shell of its own truncation; the network wants that of this one."""
        return z if self.name == "embedded" else z * np.float32(self.truncation / TRUNCATION)


def open_embedded(size: tuple[int, int], threads: int = 1) -> ServedGenerator:
    """The embedded generator as it is in the package: needs nothing, and is ready at once."""
    source = Source("embedded", size=size)
    return ServedGenerator(source, KINDS["onnxruntime"].open(source, None, threads))


def open_ready(
    source: Source, name: str | None, cache: EngineCache, threads: int, progress: Progress
) -> ServedGenerator:
    """A generator for a few pictures: on the kind `name`, built if need be; without a name on the fastest
    that is ready without building. Raises EngineError, WeightsError, UsageError."""
    if name is not None:
        return ServedGenerator(source, open_engine(source, kind_named(name), cache, threads, progress))
    trouble = [f"{kind} {why}" for kind, why in lacking(source).items()]
    for kind in (KINDS[kind] for kind in ranked(candidates(source), cache.choice(circumstances(source)))):
        if ready(source, kind, cache):
            try:
                return ServedGenerator(source, open_engine(source, kind, cache, threads, progress))
            except EngineError as error:
                trouble.append(str(error))
    raise EngineError(f"no engine opens for {source.words}: {'; '.join(trouble)}")


def source_for(
    generator: str, weights: Path | None, size: tuple[int, int] | None = None, seed: int | None = None
) -> Source:
    """A source from the words of a command line; without `weights` those that were fetched, if any.

    Raises UsageError, and WeightsError where there are no such weights.
    """
    check_generator(generator)
    if generator == "embedded":
        if weights is not None:
            raise UsageError("the embedded generator takes no weights")
        return Source("embedded", size=size)
    if seed is not None:
        return Source(generator, seed=seed)
    file = fetched(generator) if weights is None else find_file(weights)
    if file is None:
        fetch = f", or `livesing weights get {generator}`" if generator in KNOWN else ""
        raise WeightsError(f"{generator} needs weights: --weights FILE{fetch}")
    return Source(generator, file.resolve())
