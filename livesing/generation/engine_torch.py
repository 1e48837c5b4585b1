"""The torch engine: float32 on the processor. Every other engine is compared with it."""

import numpy as np
import torch

from livesing.generation.device_path import DevicePath
from livesing.generation.engine import Bytes, Floats, Latents, Source, unpack
from livesing.generation.engine_graph import graph, to_tensors


class TorchEngine:
    """Implements Engine, on `threads` threads (of the whole process, which is torch's way)."""

    kind = "torch"

    def __init__(self, source: Source, threads: int) -> None:
        torch.set_num_threads(threads)
        net = graph(source)
        self.size = net.size
        # oneDNN's convolutions read pixels with their channels together; FieldNet has no convolutions
        self._net = net if source.generator == "embedded" else net.to(memory_format=torch.channels_last)
        self.path = DevicePath(spread=source.generator != "embedded")
        self.note = f"torch, processor, {threads} thread{'s' * (threads > 1)}"

    def image(self, latents: Latents) -> Floats:
        with torch.inference_mode():
            picture: Floats = self._net(*to_tensors(latents))[0].contiguous().numpy()
        return picture

    def rgba(self, latents: Latents, out: Bytes | None) -> Bytes:
        with torch.inference_mode():
            packed = self._net(*to_tensors(latents))[1].contiguous().numpy()
        return unpack(packed.astype(np.int32, copy=False), self.size, out)

    def dream(self, row: Floats, out: Bytes | None) -> tuple[Bytes, Latents]:
        with torch.inference_mode():
            given = self.path(torch.from_numpy(row))
            packed = self._net(*given)[1].contiguous().numpy()
        pixels = unpack(packed.astype(np.int32, copy=False), self.size, out)
        return pixels, Latents(*(tensor.numpy() for tensor in given))

    def close(self) -> None:
        del self._net
