"""The kinds of engines. What a kind needs is imported when it is built or opened: asking costs nothing.

tensorrt       the fastest on an NVIDIA GPU; minutes to build
cuda-compiled  torch on the GPU, its pointwise work fused by torch.compile
cuda           torch on the GPU as it is: ready at once
openvino       the fastest on a processor with bfloat16, where it is installed
onnxruntime    the fastest on other processors; DirectML and CoreML where its build has them
torch          float32 on the processor: what all others are compared with
"""

import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes.util import find_library
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from livesing.errors import EngineError, LivesingError, reason
from livesing.generation.engine import Engine, EngineKind, Floats, Precision, Progress, Source
from livesing.generation.engine_device import gpu
from livesing.generation.engine_key import TENSORRT_OPTIMISATION


def _lacks(*modules: str) -> str | None:
    missing = [module for module in modules if find_spec(module) is None]
    return f"{' and '.join(missing)} not installed" if missing else None


def _versions(*packages: str) -> dict[str, str]:
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "none"
    return found


def _cuda_of_torch() -> str:
    """The CUDA that torch was built with, which its package's version need not tell."""
    found = find_spec("torch")
    try:
        text = Path(found.origin or "").with_name("version.py").read_text(encoding="utf-8") if found else ""
    except OSError:
        return "none"
    told = re.search(r"^cuda\b.*= *'([^']+)'", text, re.MULTILINE)
    return told[1] if told else "none"


@contextmanager
def _told_by(library: str) -> Iterator[None]:
    """Compilers and drivers have no common class of errors: whatever they raise becomes one line."""
    try:
        yield
    except LivesingError:
        raise
    except Exception as error:
        raise EngineError(f"{library}: {reason(error)}") from None


def _half(source: Source) -> Precision:
    """FieldNet takes sines of large numbers, which half precision does not have."""
    return "float32" if source.generator == "embedded" else "float16"


class _Cpu:
    """What the kinds for the processor share."""

    def facts(self) -> dict[str, str]:
        return {"processor": platform.processor() or platform.machine()}


class TorchKind(_Cpu):
    name = "torch"

    def missing(self, source: Source) -> str | None:
        return _lacks("torch")

    def suffix(self, source: Source) -> str | None:
        return None

    def precision(self, source: Source) -> Precision:
        return "float32"

    def facts(self) -> dict[str, str]:
        return super().facts() | _versions("torch")

    def build(self, source: Source, file: Path, progress: Progress) -> Floats:
        raise EngineError("for torch nothing is built")

    def open(self, source: Source, file: Path | None, threads: int) -> Engine:
        from livesing.generation.engine_torch import TorchEngine

        return TorchEngine(source, threads)

    def reference(self, source: Source) -> Floats | None:
        return None


class OnnxruntimeKind(_Cpu):
    name = "onnxruntime"

    def missing(self, source: Source) -> str | None:
        return _lacks("onnxruntime")

    def suffix(self, source: Source) -> str | None:
        return None if source.generator == "embedded" else ".onnx"

    def precision(self, source: Source) -> Precision:
        return "float32"

    def facts(self) -> dict[str, str]:
        return super().facts() | _versions("onnxruntime")

    def build(self, source: Source, file: Path, progress: Progress) -> Floats:
        lacking = _lacks("torch", "onnx", "onnxscript")
        if lacking:
            raise EngineError(f"to build it, {lacking}: pip install 'livesing[gan,train]'")
        from livesing.generation.engine_export import export_onnx

        return export_onnx(source, file, progress, suited=self.name == "onnxruntime")

    def open(self, source: Source, file: Path | None, threads: int) -> Engine:
        from livesing.generation.engine_onnxruntime import EmbeddedEngine, OnnxruntimeEngine

        if file is None:
            return EmbeddedEngine(source.size or (512, 288), threads)
        return OnnxruntimeEngine(file, threads)

    def reference(self, source: Source) -> Floats | None:
        return None  # the embedded generator's file is part of the package and tested with it


class OpenVinoKind(OnnxruntimeKind):
    name = "openvino"

    def missing(self, source: Source) -> str | None:
        return _lacks("openvino")

    def suffix(self, source: Source) -> str | None:
        return ".onnx"

    def precision(self, source: Source) -> Precision:
        return "bfloat16"  # where the processor has it

    def facts(self) -> dict[str, str]:
        return _Cpu.facts(self) | _versions("openvino")

    def open(self, source: Source, file: Path | None, threads: int) -> Engine:
        from livesing.generation.engine_openvino import OpenVinoEngine

        if file is None:
            raise EngineError("OpenVINO needs a file that was built")
        return OpenVinoEngine(file, threads)


class CudaKind:
    name = "cuda"

    def missing(self, source: Source) -> str | None:
        if gpu() is None:
            return "no NVIDIA GPU"
        lacking = _lacks("torch")
        if lacking:
            return lacking
        return "this torch was built without CUDA" if _cuda_of_torch() == "none" else None

    def suffix(self, source: Source) -> str | None:
        return None

    def precision(self, source: Source) -> Precision:
        return _half(source)

    def facts(self) -> dict[str, str]:
        found = gpu()
        hardware = found._asdict() if found else {}
        versions = _versions("torch") | {"cuda": _cuda_of_torch()}
        return {name: str(value) for name, value in hardware.items()} | versions

    def build(self, source: Source, file: Path, progress: Progress) -> Floats:
        raise EngineError(f"for {self.name} nothing is built")

    def open(self, source: Source, file: Path | None, threads: int) -> Engine:
        with _told_by("CUDA"):
            from livesing.generation.engine_cuda import CudaEngine

            return CudaEngine(source, self.precision(source))

    def reference(self, source: Source) -> Floats | None:
        with _told_by("CUDA"):
            from livesing.generation.engine_graph import reference

            return reference(source, "cuda")


class CompiledKind(CudaKind):
    """Its file is a receipt: what torch.compile makes lies in torch's own cache, from where it opens fast."""

    name = "cuda-compiled"

    def missing(self, source: Source) -> str | None:
        return super().missing(source) or _lacks("triton")

    def suffix(self, source: Source) -> str | None:
        return ".txt"

    def facts(self) -> dict[str, str]:
        return super().facts() | _versions("triton")

    def build(self, source: Source, file: Path, progress: Progress) -> Floats:
        progress("compiling (a minute)")
        engine = self.open(source, None, 1)
        file.write_text(f"{engine.note}\n", encoding="utf-8")
        engine.close()
        wanted = self.reference(source)
        assert wanted is not None
        return wanted

    def open(self, source: Source, file: Path | None, threads: int) -> Engine:
        with _told_by("CUDA"):
            from livesing.generation.engine_cuda import CudaEngine

            return CudaEngine(source, self.precision(source), compiled=True)


class TensorRtKind(CudaKind):
    name = "tensorrt"

    def missing(self, source: Source) -> str | None:
        lacking = super().missing(source) or _lacks("tensorrt")
        if lacking:
            return lacking
        # the package of NVIDIA's libraries fetches them from NVIDIA on installing, which may have failed
        if _lacks("tensorrt_libs") and find_library("nvinfer") is None:
            return "TensorRT's libraries (tensorrt-cu13-libs, from NVIDIA) not installed"
        return None

    def suffix(self, source: Source) -> str | None:
        return ".plan"

    def facts(self) -> dict[str, str]:
        packages = ("tensorrt", "tensorrt-cu13", "tensorrt-cu13-libs", "torch-tensorrt")
        return super().facts() | _versions(*packages) | {"optimisation": str(TENSORRT_OPTIMISATION)}

    def build(self, source: Source, file: Path, progress: Progress) -> Floats:
        lacking = _lacks("torch_tensorrt")
        if lacking:
            raise EngineError(f"to build it, {lacking}: pip install 'livesing[tensorrt]'")
        with _told_by("TensorRT"):
            from livesing.generation import engine_tensorrt

            return engine_tensorrt.build(source, self.precision(source), file, progress)

    def open(self, source: Source, file: Path | None, threads: int) -> Engine:
        if file is None:
            raise EngineError("TensorRT needs a file that was built")
        with _told_by("TensorRT"):
            from livesing.generation.engine_tensorrt import TensorRtEngine

            return TensorRtEngine(source, file, self.precision(source))


KINDS: dict[str, EngineKind] = {
    kind.name: kind
    for kind in (
        TensorRtKind(), CompiledKind(), CudaKind(), OpenVinoKind(), OnnxruntimeKind(), TorchKind()
    )
}  # fmt: skip
"""By name, from the fastest down as is usual."""
GPU_KINDS = ("cuda", "cuda-compiled", "tensorrt")
"""Of an NVIDIA GPU, the quickest to open first."""
