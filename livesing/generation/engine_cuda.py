"""The CUDA engine: torch in half precision with channels last, played back as one CUDA graph.

A frame is one launch. Its pixels leave the GPU as packed RGBA by one copy into pinned memory, on a stream
of its own, so that the next frame is drawn meanwhile: `begin` a frame, then `finish` the one before.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from livesing.errors import EngineError
from livesing.generation.engine import INPUTS, Bytes, Floats, Latents, Precision, Source, probe, unpack
from livesing.generation.engine_graph import Graph, graph, to_tensors

SLOTS = 2
"""Frames under way at most: one that is drawn while the other leaves."""
WARM_UP = 3
"""Frames before the graph is taken down: libraries choose their kernels and take their memory."""

Run = Callable[..., tuple[Tensor, Tensor]]
"""(z, classes, truncation) on the GPU -> (image, rgba)."""


def placed(source: Source, precision: Precision) -> Graph:
    """The network of a source on the GPU."""
    net = graph(source).lower(precision).to("cuda")
    return net if source.generator == "embedded" else net.to(memory_format=torch.channels_last)


class GraphedEngine:
    """Implements Engine: a network's launches as one CUDA graph, latents moved in, and pixels out."""

    kind = "cuda"

    def __init__(self, run: Run, size: tuple[int, int], note: str) -> None:
        self.size, self.note = size, note
        self._stream, self._way_out = torch.cuda.Stream(), torch.cuda.Stream()
        self._given = [torch.zeros(shape, device="cuda") for shape in INPUTS.values()]
        self._given[1][..., 0] = 1.0
        self._given[2].fill_(0.5)
        torch.cuda.synchronize()
        try:
            with torch.inference_mode(), torch.cuda.stream(self._stream):
                for _ in range(WARM_UP):
                    run(*self._given)
                self._stream.synchronize()
                self._graph = torch.cuda.CUDAGraph()
                # another thread may be drawing with another engine meanwhile
                with torch.cuda.graph(self._graph, stream=self._stream, capture_error_mode="thread_local"):
                    self._image, self._rgba = run(*self._given)
        except RuntimeError as error:  # out of memory, an operation without a kernel, a compiler's failure
            raise EngineError(f"CUDA: {str(error).splitlines()[0]}") from None
        self._posted = [[torch.zeros(shape).pin_memory() for shape in INPUTS.values()] for _ in range(SLOTS)]
        self._parked = [torch.empty_like(self._rgba) for _ in range(SLOTS)]
        self._landed = [torch.empty(self._rgba.shape, dtype=torch.int32).pin_memory() for _ in range(SLOTS)]
        self._drawn = [torch.cuda.Event() for _ in range(SLOTS)]
        self._copied = [torch.cuda.Event() for _ in range(SLOTS)]
        self._begun = self._finished = 0

    def begin(self, latents: Latents) -> None:
        """Start a frame; at most SLOTS may be unfinished."""
        if self._begun - self._finished >= SLOTS:
            raise RuntimeError(f"{SLOTS} frames are under way: finish one first")
        slot = self._begun % SLOTS
        self._begun += 1
        for posted, value in zip(self._posted[slot], latents, strict=True):
            posted.numpy()[...] = value
        with torch.inference_mode(), torch.cuda.stream(self._stream):
            for given, posted in zip(self._given, self._posted[slot], strict=True):
                given.copy_(posted, non_blocking=True)
            self._graph.replay()
            self._parked[slot].copy_(self._rgba)
            self._drawn[slot].record(self._stream)
        with torch.inference_mode(), torch.cuda.stream(self._way_out):
            self._way_out.wait_event(self._drawn[slot])
            self._landed[slot].copy_(self._parked[slot], non_blocking=True)
            self._copied[slot].record(self._way_out)

    def finish(self, out: Bytes | None) -> Bytes:
        """Wait for the oldest frame that was begun; without `out`, valid until SLOTS more are begun."""
        if self._finished == self._begun:
            raise RuntimeError("no frame is under way")
        slot = self._finished % SLOTS
        self._finished += 1
        self._copied[slot].synchronize()
        return unpack(self._landed[slot].numpy(), self.size, out)

    def image(self, latents: Latents) -> Floats:
        self.begin(latents)
        self.finish(None)
        picture: Floats = self._image.float().contiguous().cpu().numpy().astype(np.float32)
        return picture

    def rgba(self, latents: Latents, out: Bytes | None) -> Bytes:
        self.begin(latents)
        return self.finish(out)

    def replay(self) -> None:
        """One more forward pass of the last latents, and no copy: what is timed, on `stream`."""
        with torch.cuda.stream(self._stream):
            self._graph.replay()

    @property
    def stream(self) -> torch.cuda.Stream:
        return self._stream

    def close(self) -> None:
        del self._graph, self._image, self._rgba, self._parked
        torch.cuda.empty_cache()


class CudaEngine(GraphedEngine):
    """torch as it is; `compiled` lets torch.compile fuse what it can."""

    def __init__(self, source: Source, precision: Precision, *, compiled: bool = False) -> None:
        net = placed(source, precision)
        run: Run = net
        if compiled:
            self.kind = "cuda-compiled"
            with torch.no_grad():
                program = torch.export.export(net, to_tensors(probe(), "cuda"))
            run = torch.compile(program.module(), fullgraph=True, dynamic=False)
        how = "compiled, " if compiled else ""
        note = f"torch, {torch.cuda.get_device_name()}, {how}{precision}, CUDA graph"
        super().__init__(run, net.size, note)
