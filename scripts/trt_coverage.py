#!/usr/bin/env python3
"""Does Torch-TensorRT take the whole of a generator as one engine? Its partitioner says so, without a GPU.

    make coverage                                             # all of them, with what they need
    .venv/bin/python scripts/trt_coverage.py [GENERATOR ...]  # some, once that is there

Torch-TensorRT and TensorRT's bindings are the real ones; scripts/trt-packages.sh puts them aside. NVIDIA's
libraries are not there, so three empty ones are compiled (a C compiler is needed) with the nine functions
whose absence would keep the packages from loading, and torch is told of a GPU that it never uses. The
partitioner and all checks of its converters run as always; what they leave to torch is counted. It proves
coverage: not that TensorRT builds the engine, nor how fast that is.

A network with an operation that has no converter must fail the same way: without it the check would prove
nothing. Prints a JSON object a line; exits with 1 when one is not covered whole, and with 3 when the packages
are missing.
"""

import contextlib
import ctypes
import importlib
import importlib.util
import io
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

LIBRARIES = ("libnvinfer.so.11", "libnvinfer_plugin.so.11", "libnvonnxparser.so.11")
SYMBOLS = (
    "createInferBuilder_INTERNAL",
    "createInferRefitter_INTERNAL",
    "createInferRuntime_INTERNAL",
    "createNvOnnxParserRefitter_INTERNAL",
    "createNvOnnxParser_INTERNAL",
    "getBuilderPluginRegistry",
    "getNvOnnxParserVersion",
    "getPluginRegistry",
    "initLibNvInferPlugins",
)
PACKAGES = ("torch", "torch_tensorrt", "tensorrt_bindings")
GENERATORS = ("biggan-deep-128", "biggan-deep-512", "embedded")
CONTROL = "control"
"""A network that is not to be covered."""
ASIDE = Path(sys.prefix) / "trt"
"""Where scripts/trt-packages.sh puts the packages."""
if ASIDE.is_dir():
    sys.path.append(str(ASIDE))


def main(names: list[str]) -> int:
    missing = [package for package in PACKAGES if importlib.util.find_spec(package) is None]
    if missing:
        print(f"missing: {', '.join(missing)}; `make coverage` installs them", file=sys.stderr)
        return 3
    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)
    good = True
    with tempfile.TemporaryDirectory() as folder:
        load_empty_libraries(Path(folder))
        with pretended_gpu():
            for name in names or [*GENERATORS, CONTROL]:
                result = coverage(name, Path(folder))
                print(json.dumps(result), flush=True)
                whole = result["engines"] == 1 and result["covered"] == result["operations"] > 0
                good &= whole != (name == CONTROL)
    return 0 if good else 1


def load_empty_libraries(folder: Path) -> None:
    """NVIDIA's three libraries as far as names go, visible to all that is loaded later."""
    source = folder / "empty.c"
    source.write_text("".join(f"void *{name}(void) {{ return 0; }}\n" for name in SYMBOLS))
    for library in LIBRARIES:
        command = [
            "cc",
            "-shared",
            "-fPIC",
            f"-Wl,-soname,{library}",
            "-o",
            str(folder / library),
            str(source),
        ]
        subprocess.run(command, check=True)
        ctypes.CDLL(str(folder / library), mode=ctypes.RTLD_GLOBAL)
    # the package "tensorrt" is only this under another name, and would fetch NVIDIA's libraries
    sys.modules["tensorrt"] = importlib.import_module("tensorrt_bindings")


@contextlib.contextmanager
def pretended_gpu() -> Iterator[None]:
    """What torch_tensorrt asks torch about the GPU before it looks at the network."""
    import torch

    answers = {
        "is_available": lambda: True,
        "current_device": lambda: 0,
        "device_count": lambda: 1,
        "get_device_capability": lambda *_: (9, 0),
        "get_device_name": lambda *_: "a GPU that is not there",
        "mem_get_info": lambda *_: (64 << 30, 80 << 30),
        "synchronize": lambda *_: None,
        "empty_cache": lambda: None,
        "set_device": lambda *_: None,
        "get_rng_state": lambda *_: torch.zeros(16, dtype=torch.uint8),
        "set_rng_state": lambda *_: None,
    }
    with contextlib.ExitStack() as pretended:
        for name, answer in answers.items():
            pretended.enter_context(mock.patch.object(torch.cuda, name, answer))
        if not hasattr(torch._C, "_CudaDeviceProperties"):  # named in an annotation
            pretended.enter_context(mock.patch.object(torch._C, "_CudaDeviceProperties", object, create=True))
        import_without_runtime()
        compiler = importlib.import_module("torch_tensorrt.dynamo._compiler")
        processor = torch.device("cpu")
        pretended.enter_context(mock.patch.object(compiler, "to_torch_device", return_value=processor))
        yield


def import_without_runtime() -> None:
    """torch_tensorrt as it is built in pure Python: its library runs engines, and wants torch's for CUDA."""
    is_file = os.path.isfile
    with mock.patch("os.path.isfile", lambda path: "libtorchtrt" not in str(path) and is_file(path)):
        importlib.import_module("torch_tensorrt")


def coverage(name: str, folder: Path) -> dict[str, object]:
    """What the partitioner says of a generator, in the precision in which it is served."""
    import torch
    import torch_tensorrt

    class Control(torch.nn.Module):
        """As little as has an operation that TensorRT does not have."""

        def forward(self, z: torch.Tensor, classes: torch.Tensor, truncation: torch.Tensor) -> torch.Tensor:
            return torch.linalg.det(z[:, :3, :3]) + classes.sum() * truncation

    from livesing.generation.engine import Source, probe
    from livesing.generation.engine_graph import graph, to_tensors
    from livesing.generation.engine_kinds import KINDS

    if name == CONTROL:
        net: torch.nn.Module = Control()
        precision = "float32"
    else:
        source = Source(name, size=(1024, 576)) if name == "embedded" else Source(name, seed=0)
        precision = KINDS["tensorrt"].precision(source)
        net = graph(source).lower(precision)
    arguments = to_tensors(probe())
    with torch.no_grad():
        program = torch.export.export(net, arguments)
    report = folder / f"{name}.txt"
    refusal = ""
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints the report too
            torch_tensorrt.dynamo.compile(
                program,
                arg_inputs=list(arguments),
                dryrun=str(report),
                min_block_size=1,
                require_full_compilation=name != CONTROL,
            )
    except Exception as error:  # its own kinds have no common base; the report is what counts
        refusal = str(error).splitlines()[0]
    said = report.read_text() if report.is_file() else ""
    counted = re.search(r"consists of (\d+) Total Operators, of which (\d+) operators are supported", said)
    total, covered = map(int, counted.groups()) if counted else (0, 0)
    return {
        "network": name,
        "precision": precision,
        "operations": total,
        "covered": covered,
        "engines": len(re.findall(r"TRT Engine #\d+ ", said)),
        "refusal": refusal,
    }


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main(sys.argv[1:]))
