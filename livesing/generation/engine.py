"""Engines: one way to ask for a frame, whatever runs the generator.

A Source is a generator with its weights. An EngineKind (torch, cuda, tensorrt, onnxruntime ...) makes an
Engine of it, and the Engine puts out frames. `engine_kinds.py` has the kinds, `engine_open.py` finds the
fastest one of a machine, `engine_cache.py` keeps what takes long to build. Nothing here imports torch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from livesing.errors import EngineError
from livesing.generation.biggan_config import LAYERS
from livesing.translation.translator import CLASSES, LATENT

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Precision = Literal["float32", "float16", "bfloat16"]
Progress = Callable[[str], None]
"""Is told in words what is being done."""

INPUTS: Mapping[str, tuple[int, ...]] = {
    "z": (1, LAYERS, LATENT),
    "classes": (1, LAYERS, CLASSES),
    "truncation": (1,),
}
"""Of every engine, float32. Out come `image` float32 [1, 3, H, W] in [-1, 1] and `rgba` int32 [1, H, W],
whose four bytes are red, green, blue and 255."""

TOLERANCE: Mapping[Precision, float] = {"float32": 2e-3, "float16": 2e-2, "bfloat16": 8e-2}
"""Root mean square difference to torch in float32, of pictures in [-1, 1], that the self-test lets pass. A
wrong layout, a missing weight or an overflow is off by .3 and more."""


class Latents(NamedTuple):
    """What a frame is made from, float32 in the shapes of INPUTS."""

    z: Floats
    classes: Floats
    truncation: Floats


@dataclass(frozen=True)
class Source:
    """A generator, its weights and the size of its pictures."""

    generator: str
    """ "embedded", "stylegan2", or a name in biggan_config.CONFIGS."""
    weights: Path | None = None
    """Their file; None for the embedded generator, and for random ones."""
    size: tuple[int, int] | None = None
    """(width, height) of the embedded generator's pictures; the others' follows from their weights."""
    seed: int | None = None
    """With a number: random weights of that seed, to measure with."""

    @property
    def words(self) -> str:
        return self.generator if self.seed is None else f"{self.generator} with random weights"


class Engine(Protocol):
    """A generator that is loaded and ready. Belongs to one thread."""

    kind: str
    note: str
    """What it runs on, for the HUD and the log."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        ...

    def image(self, latents: Latents) -> Floats:
        """[1, 3, H, W] in [-1, 1]."""
        ...

    def rgba(self, latents: Latents, out: Bytes | None) -> Bytes:
        """[H, W, 4], opaque; into `out` when it is given. Else it may be overwritten by the next frame."""
        ...

    def close(self) -> None:
        """Give memory back. A closed engine draws nothing more."""
        ...


class EngineKind(Protocol):
    """A way to run generators: how to build an engine for it, and how to open one."""

    name: str

    def missing(self, source: Source) -> str | None:
        """Why it cannot run this source on this machine, in a few words; None when it can. Cheap."""
        ...

    def suffix(self, source: Source) -> str | None:
        """Of the file that is built; None where nothing is."""
        ...

    def precision(self, source: Source) -> Precision:
        """In which it computes the network."""
        ...

    def facts(self) -> dict[str, str]:
        """Versions and hardware on which a built file, and a measurement, depend."""
        ...

    def build(self, source: Source, file: Path, progress: Progress) -> Floats:
        """Write the file that `open` takes -> `reference`. Raises EngineError or WeightsError."""
        ...

    def open(self, source: Source, file: Path | None, threads: int) -> Engine:
        """Raises EngineError or WeightsError."""
        ...

    def reference(self, source: Source) -> Floats | None:
        """The picture of `probe()` by torch in float32, for the self-test of kinds that build nothing. None
        for the kind that is the reference itself."""
        ...


def probe() -> Latents:
    """The fixed latents of the self-test: two classes blended, each layer with a z of its own."""
    z = 0.5 * np.random.RandomState(11).randn(*INPUTS["z"]).clip(-2, 2)
    classes = np.zeros(INPUTS["classes"])
    classes[..., 207] = 0.75
    classes[..., 883] = 0.25
    return Latents(z.astype(np.float32), classes.astype(np.float32), np.full(1, 0.5, np.float32))


def self_test(engine: Engine, reference: Floats, precision: Precision) -> None:
    """Raises EngineError unless the engine draws the reference's picture, in both of its forms."""
    picture = engine.image(probe())
    if picture.shape != reference.shape:
        raise EngineError(f"the {engine.kind} engine draws {picture.shape}, not {reference.shape}")
    error = float(np.sqrt(np.mean((picture - reference) ** 2)))
    if not error <= TOLERANCE[precision]:  # also when it is not a number
        raise EngineError(f"the {engine.kind} engine fails its self-test: it is off by {error:.2g}")
    wanted = np.floor((picture[0].transpose(1, 2, 0) + 1) * 127.5 + 0.5)
    packed = engine.rgba(probe(), None)
    if (packed[..., 3] != 255).any() or np.abs(packed[..., :3] - wanted).max() > 1:
        raise EngineError(f"the {engine.kind} engine fails its self-test: its pixels are not its picture")


def make_latents(z: Floats, classes: Floats, truncation: float, *, inside: bool = True) -> Latents:
    """[1, 128] or [1, 3, 128], and as many rows of [.., 1000], as an engine takes them.

    Raises ValueError for other shapes, for numbers that are not finite, and for rows of classes that do not
    sum to 1 or, with `inside`, are no mixtures. StyleGAN2's classes are places in its w: rows with negative
    numbers lead beyond them, to every place there is.
    """
    rows = []
    for name, values, width in (("z", z, LATENT), ("classes", classes, CLASSES)):
        array = np.asarray(values, np.float32)
        if array.shape == (1, width):
            array = np.repeat(array[:, None], LAYERS, axis=1)
        if array.shape != (1, LAYERS, width):
            raise ValueError(f"{name} must be (1, {width}) or (1, {LAYERS}, {width}), not {array.shape}")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} has numbers that are not finite")
        rows.append(np.ascontiguousarray(array))
    if (inside and (rows[1] < -1e-4).any()) or (np.abs(rows[1].sum(-1) - 1) > 1e-2).any():
        raise ValueError("rows of classes must be mixtures: not negative, and summing to 1")
    if not 0 <= truncation <= 1:
        raise ValueError(f"truncation goes from 0 to 1, not {truncation}")
    return Latents(rows[0], rows[1], np.full(1, truncation, np.float32))


def unpack(packed: NDArray[np.int32], size: tuple[int, int], out: Bytes | None) -> Bytes:
    """The integers of `rgba` as uint8 [H, W, 4]; into `out` when it is given, which must fit (ValueError)."""
    width, height = size
    pixels: Bytes = packed.astype("<i4", copy=False).view(np.uint8).reshape(height, width, 4)
    if out is None:
        return pixels
    if out.shape != pixels.shape or out.dtype != np.uint8:
        raise ValueError(f"out must be uint8 {pixels.shape}, not {out.dtype} {out.shape}")
    np.copyto(out, pixels)
    return out
