"""The CUDA engine: torch in half precision with channels last, played back as one CUDA graph.

A frame is one launch: of the graph from latents to pixels, or of the one that begins with what is felt
(device_path.py) and has the same network at its end. They share their memory, and never run at once. Pixels
leave the GPU as packed RGBA by one copy into pinned memory, on a stream of its own, so that the next frame is
drawn meanwhile: `begin` a frame, then `finish` the one before.
"""

import logging
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from livesing.errors import EngineError, reason
from livesing.generation.device_path import DevicePath
from livesing.generation.engine import INPUTS, Bytes, Floats, Latents, Precision, Source, probe, unpack
from livesing.generation.engine_graph import Graph, graph, to_tensors
from livesing.generation.path_step import ROW
from livesing.translation.translator import LATENT

log = logging.getLogger(__name__)

DEVICE = "cuda"
SLOTS = 2
"""Frames under way at most: one that is drawn while the other leaves."""
WARM_UP = 3
"""Frames before the graph is taken down: libraries choose their kernels and take their memory."""

Run = Callable[..., tuple[Tensor, Tensor]]
"""(z, classes, truncation) on the GPU -> (image, rgba)."""
Way = Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]
"""A row on the GPU -> (z, classes, truncation)."""


def placed(source: Source, precision: Precision) -> Graph:
    """The network of a source on the GPU."""
    # shapes never change: the first frame tries which kernels are fastest
    torch.backends.cudnn.benchmark = True
    net = graph(source).lower(precision).to(DEVICE)
    return net if source.generator == "embedded" else net.to(memory_format=torch.channels_last)


class GraphedEngine:
    """Implements OverlappingEngine: a network's launches as one CUDA graph, latents or feelings moved in, and
    pixels out. Where the graph from feelings cannot be had, `path` is None: the processor goes the way."""

    kind = "cuda"

    def __init__(
        self, run: Run, source: Source, size: tuple[int, int], note: str, *, compiled: bool = False
    ) -> None:
        """`compiled`: let torch.compile fuse the hundred small launches of the way, too, if it can."""
        self.size, self.note = size, note
        self._stream, self._way_out = torch.cuda.Stream(), torch.cuda.Stream()
        # a graph knows addresses alone: what lies there has to live as long as it does
        self._kept: list[object] = [run]
        self._given = [torch.zeros(shape, device=DEVICE) for shape in INPUTS.values()]
        self._given[1][..., 0] = 1.0
        self._given[2].fill_(0.5)
        try:
            self._graph, (self._image, self._rgba) = self._taken_down(lambda: run(*self._given))
        except Exception as error:  # out of memory, no kernel, or one of a compiler's many classes
            raise EngineError(f"CUDA: {reason(error)}") from None
        self.path: DevicePath | None = None
        path = DevicePath(spread=source.generator != "embedded").to(DEVICE)
        ways: list[Way] = [torch.compile(path, fullgraph=True, dynamic=False)] if compiled else []
        # after a capture that failed, the memory which it was to share may not be had a second time
        for way, beside in (*((way, self._graph) for way in ways), (path, self._graph), (path, None)):
            try:
                self._take_down_the_way(run, path, way, beside)
                break
            except Exception as error:  # torch.compile's have no common class, and the way is not needed
                log.warning("a way from feeling to latents fails: %s", reason(error))
        self._posted = [[torch.zeros(shape).pin_memory() for shape in INPUTS.values()] for _ in range(SLOTS)]
        self._posted_rows = [torch.zeros(ROW).pin_memory() for _ in range(SLOTS)]
        # what leaves: the pixels, and after a way, the latents to which it led
        leaving = (self._rgba, *self._given)
        self._parked = [[torch.empty_like(tensor) for tensor in leaving] for _ in range(SLOTS)]
        self._landed = [
            [torch.empty(tensor.shape, dtype=tensor.dtype).pin_memory() for tensor in leaving]
            for _ in range(SLOTS)
        ]
        self._drawn = [torch.cuda.Event() for _ in range(SLOTS)]
        # waited for asleep: a core that spins until the frame is there is one that audio and window lack
        self._copied = [torch.cuda.Event(blocking=True) for _ in range(SLOTS)]
        self._asked: list[Latents | None] = [None] * SLOTS
        """Of each frame under way; None where the way leads to them."""
        self._begun = self._finished = 0

    def _taken_down(
        self, work: Callable[[], tuple[Tensor, Tensor]], beside: torch.cuda.CUDAGraph | None = None
    ) -> tuple[torch.cuda.CUDAGraph, tuple[Tensor, Tensor]]:
        """The graph of what `work` launches, and its outputs; its memory is that of the graph `beside` it."""
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.inference_mode(), torch.cuda.stream(self._stream):
            for _ in range(WARM_UP):
                work()
            self._stream.synchronize()
            pool = None if beside is None else beside.pool()
            # another thread may be drawing with another engine meanwhile
            with torch.cuda.graph(graph, pool, self._stream, capture_error_mode="thread_local"):
                outputs = work()
        return graph, outputs

    def _take_down_the_way(
        self, run: Run, path: DevicePath, way: Way, beside: torch.cuda.CUDAGraph | None
    ) -> None:
        self._row = torch.ones(ROW, device=DEVICE)

        def whole() -> tuple[Tensor, Tensor]:
            for given, value in zip(self._given, way(self._row), strict=True):
                given.copy_(value)
            return run(*self._given)

        self._way, (_, self._dreamt) = self._taken_down(whole, beside)
        path.stream = self._stream
        path.resume(np.zeros(LATENT), np.zeros(LATENT), None)
        self._kept += [path, way]
        self.path = path

    def begin(self, latents: Latents) -> None:
        """Start a frame; at most SLOTS may be unfinished."""
        slot = self._next_slot()
        for posted, value in zip(self._posted[slot], latents, strict=True):
            posted.numpy()[...] = value
        self._asked[slot] = latents
        self._launch(slot, self._given, self._posted[slot], self._graph, [self._rgba])

    def begin_dream(self, row: Floats) -> None:
        """Start a frame for a PathStep's row; as `begin`."""
        slot = self._next_slot()
        self._posted_rows[slot].numpy()[...] = row
        self._asked[slot] = None
        leaving = [self._dreamt, *self._given]
        self._launch(slot, [self._row], [self._posted_rows[slot]], self._way, leaving)

    def _next_slot(self) -> int:
        if self._begun - self._finished >= SLOTS:
            raise RuntimeError(f"{SLOTS} frames are under way: finish one first")
        self._begun += 1
        return (self._begun - 1) % SLOTS

    def _launch(
        self, slot: int, given: Sequence[Tensor], posted: Sequence[Tensor],
        graph: torch.cuda.CUDAGraph, leaving: Sequence[Tensor],
    ) -> None:  # fmt: skip
        with torch.inference_mode(), torch.cuda.stream(self._stream):
            for target, value in zip(given, posted, strict=True):
                target.copy_(value, non_blocking=True)
            graph.replay()
            for parked, value in zip(self._parked[slot], leaving, strict=False):
                parked.copy_(value)
            self._drawn[slot].record(self._stream)
        with torch.inference_mode(), torch.cuda.stream(self._way_out):
            self._way_out.wait_event(self._drawn[slot])
            for landed, parked, _ in zip(self._landed[slot], self._parked[slot], leaving, strict=False):
                landed.copy_(parked, non_blocking=True)
            self._copied[slot].record(self._way_out)

    def finish(self, out: Bytes | None) -> tuple[Bytes, Latents]:
        """Wait for the oldest frame that was begun; without `out`, valid until SLOTS more are begun."""
        if self._finished == self._begun:
            raise RuntimeError("no frame is under way")
        slot = self._finished % SLOTS
        self._finished += 1
        self._copied[slot].synchronize()
        rgba, *led_to = (tensor.numpy() for tensor in self._landed[slot])
        return unpack(rgba, self.size, out), self._asked[slot] or Latents(*led_to)

    def image(self, latents: Latents) -> Floats:
        self.begin(latents)
        self.finish(None)
        picture: Floats = self._image.float().contiguous().cpu().numpy().astype(np.float32)
        return picture

    def rgba(self, latents: Latents, out: Bytes | None) -> Bytes:
        self.begin(latents)
        return self.finish(out)[0]

    def dream(self, row: Floats, out: Bytes | None) -> tuple[Bytes, Latents]:
        self.begin_dream(row)
        return self.finish(out)

    def replay(self) -> None:
        """One more forward pass of the last latents, and no copy: what is timed, on `stream`."""
        with torch.cuda.stream(self._stream):
            self._graph.replay()

    def replay_dream(self) -> None:
        """The same from the last row on; the path goes on by its dt."""
        with torch.cuda.stream(self._stream):
            self._way.replay()

    @property
    def stream(self) -> torch.cuda.Stream:
        return self._stream

    def close(self) -> None:
        self.path = None
        for name in ("_way", "_dreamt", "_graph", "_image", "_rgba", "_parked", "_kept"):
            self.__dict__.pop(name, None)
        torch.cuda.empty_cache()


class CudaEngine(GraphedEngine):
    """torch as it is; `compiled` lets torch.compile fuse what it can."""

    def __init__(self, source: Source, precision: Precision, *, compiled: bool = False) -> None:
        net = placed(source, precision)
        run: Run = net
        if compiled:
            self.kind = "cuda-compiled"
            with torch.no_grad():
                program = torch.export.export(net, to_tensors(probe(), DEVICE))
            run = torch.compile(program.module(), fullgraph=True, dynamic=False)
        how = "compiled, " if compiled else ""
        note = f"torch, {torch.cuda.get_device_name()}, {how}{precision}, CUDA graph"
        super().__init__(run, source, net.size, note, compiled=compiled)
