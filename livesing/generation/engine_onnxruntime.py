"""The onnxruntime engine: the fastest on a processor where nothing else is installed, and the embedded
generator's own. Of its providers for GPUs it takes the first that is there."""

from pathlib import Path

import numpy as np
import onnxruntime

from livesing.errors import EngineError
from livesing.generation.embedded import EmbeddedGenerator
from livesing.generation.engine import Bytes, Floats, Latents, unpack

KIND = "onnxruntime"
PROVIDERS = {
    "CUDAExecutionProvider": "CUDA",
    "DmlExecutionProvider": "DirectML",
    "CoreMLExecutionProvider": "CoreML",
    "CPUExecutionProvider": "processor",
}
"""In the order of preference."""


def _threads(threads: int) -> str:
    return f"{threads} thread{'s' * (threads > 1)}"


class OnnxruntimeEngine:
    """Implements Engine for an ONNX file of `engine_export.py`."""

    kind = KIND

    def __init__(self, file: Path, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # spinning workers would take the cores that audio and window need
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        available = onnxruntime.get_available_providers()
        wanted = [provider for provider in PROVIDERS if provider in available]
        try:
            self._session = onnxruntime.InferenceSession(str(file), options, providers=wanted)
        except Exception as error:  # its own kinds of error have no common base
            raise EngineError(f"onnxruntime does not take {file}: {str(error).splitlines()[0]}") from None
        _, height, width = next(out.shape for out in self._session.get_outputs() if out.name == "rgba")
        self.size = width, height
        self._inputs = {given.name for given in self._session.get_inputs()}
        runs_on = self._session.get_providers()[0]
        where = PROVIDERS.get(runs_on, runs_on)
        self.note = f"onnxruntime, {where}" + (f", {_threads(threads)}" if where == "processor" else "")

    def image(self, latents: Latents) -> Floats:
        (picture,) = self._session.run(["image"], self._feed(latents))
        return np.asarray(picture, np.float32)

    def rgba(self, latents: Latents, out: Bytes | None) -> Bytes:
        (packed,) = self._session.run(["rgba"], self._feed(latents))
        return unpack(packed, self.size, out)

    def _feed(self, latents: Latents) -> dict[str, Floats]:
        return {name: value for name, value in latents._asdict().items() if name in self._inputs}

    def close(self) -> None:
        del self._session


class EmbeddedEngine:
    """Implements Engine for the embedded generator, whose ONNX file is in the package and takes any size."""

    kind = KIND

    def __init__(self, size: tuple[int, int], threads: int) -> None:
        self._generator = EmbeddedGenerator(*size, threads=threads)
        self.note = f"onnxruntime, processor, {_threads(threads)}"

    @property
    def size(self) -> tuple[int, int]:
        return self._generator.size

    def resize(self, width: int, height: int) -> None:
        """Change the size of the next pictures; costs milliseconds."""
        self._generator.resize(width, height)

    def image(self, latents: Latents) -> Floats:
        return self._generator.render(latents.z, latents.classes)

    def rgba(self, latents: Latents, out: Bytes | None) -> Bytes:
        return self._generator.render_rgba(latents.z, latents.classes, out)

    def close(self) -> None:
        del self._generator
