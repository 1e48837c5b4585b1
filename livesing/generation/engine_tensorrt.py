"""The TensorRT engine: built by Torch-TensorRT as plain bytes, run by TensorRT's own runtime in a CUDA graph.

TensorRT 11 takes types as they stand in the network (strongly typed), so precision is the network's own.
Nothing of torch_tensorrt is needed to run what was built, and torch only for memory, streams and the graph.
"""

from pathlib import Path

import torch
from torch import Tensor

from livesing.errors import EngineError, reason
from livesing.generation.engine import INPUTS, Floats, Precision, Progress, Source, probe
from livesing.generation.engine_cuda import GraphedEngine, placed
from livesing.generation.engine_graph import reference, to_tensors
from livesing.generation.engine_key import TENSORRT_OPTIMISATION


def build(source: Source, precision: Precision, file: Path, progress: Progress) -> Floats:
    """Write the serialised engine -> the picture of `probe()` in float32. Takes minutes.

    Raises WeightsError, and EngineError when TensorRT cannot build it.
    """
    import torch_tensorrt

    progress("reading the weights")
    wanted = reference(source, "cuda")
    net = placed(source, precision).to(memory_format=torch.contiguous_format)
    arguments = to_tensors(probe(), "cuda")
    progress("tracing the network")
    with torch.no_grad():
        program = torch.export.export(net, arguments)
    progress("building with TensorRT (minutes)")
    timings = file.with_name("timings")  # not torch_tensorrt's own place, which all users of a machine share
    try:
        engine = torch_tensorrt.dynamo.convert_exported_program_to_serialized_trt_engine(
            program,
            arg_inputs=arguments,
            require_full_compilation=True,
            min_block_size=1,
            optimization_level=TENSORRT_OPTIMISATION,
            disable_tf32=precision == "float32",  # FieldNet takes sines of large numbers
            timing_cache_path=str(timings),
        )
    except Exception as error:  # converters and builder have no common class of errors
        raise EngineError(f"TensorRT cannot build it: {reason(error)}") from None
    finally:
        timings.unlink(missing_ok=True)
    file.write_bytes(engine)
    return wanted


class TensorRtEngine(GraphedEngine):
    """Runs a file that `build` wrote."""

    kind = "tensorrt"

    def __init__(self, source: Source, file: Path, precision: Precision) -> None:
        import tensorrt

        self._log = tensorrt.Logger(tensorrt.Logger.ERROR)
        self._runtime = tensorrt.Runtime(self._log)
        self._engine = self._runtime.deserialize_cuda_engine(file.read_bytes())
        if self._engine is None:
            raise EngineError(f"TensorRT does not take {file}")
        self._context = self._engine.create_execution_context()
        if self._context is None:
            raise EngineError("TensorRT has too little memory for this engine")
        self._inputs = self._take(tensorrt)
        self._outputs = self._bind(tensorrt)
        _, height, width = self._outputs[1].shape
        where = torch.cuda.get_device_name()
        note = f"TensorRT {tensorrt.__version__}, {where}, {precision}, CUDA graph"
        super().__init__(self._run, source, (int(width), int(height)), note)

    def _take(self, tensorrt: object) -> dict[str, int]:
        """Which of INPUTS each of the engine's inputs is, whatever it calls them: told apart by their shapes.
        One that nothing reads is left out of an engine."""
        engine, shapes = self._engine, list(INPUTS.values())
        names = [engine.get_tensor_name(number) for number in range(engine.num_io_tensors)]
        mode = tensorrt.TensorIOMode.INPUT  # type: ignore[attr-defined]
        found = {
            name: tuple(engine.get_tensor_shape(name))
            for name in names
            if engine.get_tensor_mode(name) == mode
        }
        if not set(found.values()) <= set(shapes):
            raise EngineError("this TensorRT engine has other inputs than latents")
        return {name: shapes.index(shape) for name, shape in found.items()}

    def _bind(self, tensorrt: object) -> tuple[Tensor, Tensor]:
        """Memory for image and rgba, which the engine names as it likes: told apart by their types."""
        engine, by_type = self._engine, {}
        for number in range(engine.num_io_tensors):
            name = engine.get_tensor_name(number)
            if engine.get_tensor_mode(name) != tensorrt.TensorIOMode.OUTPUT:  # type: ignore[attr-defined]
                continue
            kind = torch.float32 if engine.get_tensor_dtype(name).name == "FLOAT" else torch.int32
            by_type[kind] = torch.empty(tuple(engine.get_tensor_shape(name)), dtype=kind, device="cuda")
            self._context.set_tensor_address(name, by_type[kind].data_ptr())
        if set(by_type) != {torch.float32, torch.int32}:
            raise EngineError("this TensorRT engine has other outputs than a picture and its pixels")
        return by_type[torch.float32], by_type[torch.int32]

    def _run(self, *given: Tensor) -> tuple[Tensor, Tensor]:
        for name, place in self._inputs.items():
            self._context.set_tensor_address(name, given[place].data_ptr())
        if not self._context.execute_async_v3(torch.cuda.current_stream().cuda_stream):
            raise EngineError("TensorRT cannot run this engine")
        return self._outputs
