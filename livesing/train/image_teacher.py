"""The teacher of the image estimator: MobileNetV2 in an int8 tflite file, with its inner layers read out.

The file is only read, by `ai-edge-litert` (a tool of development); nothing of it goes into what ships.
The graph is cut behind its class scores, and the last tensor of every size in TAPS becomes an output.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livesing.errors import UsageError

SIDE = 128
"""Pixels of the pictures it is shown when it teaches to see. It was made for 224; at 128 its features tell
feelings nearly as well, and cost a third."""
KEEN_SIDE = 256
"""Pixels of the pictures that it is asked about feelings."""
TAPS = ((28, 28, 32), (14, 14, 64), (14, 14, 96), (7, 7, 160), (1, 1, 1280), (1, 1, 1001))
"""Height, width and channels, for 224 pixels, of the tensors that the student learns: four feature maps,
the pooled features and the class scores before the softmax."""
FILE = "tf2_mobilenet_v2_1.0_224_ptq.tflite"

Floats = NDArray[np.float32]


class Teacher:
    """`Teacher(path)(pictures)` -> the tensors of TAPS for uint8 pictures [N, side, side, 3].

    Raises UsageError where the file or ai-edge-litert is missing, or the file is another network.
    """

    def __init__(self, path: Path, threads: int = 1, side: int = SIDE, batch: int = 8) -> None:
        try:
            import flatbuffers
            from ai_edge_litert import schema_py_generated as schema
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise UsageError("--teacher needs ai-edge-litert: pip install ai-edge-litert") from error
        path = path / FILE if path.is_dir() else path
        if not path.is_file():
            raise UsageError(f"there is no teacher {path}")
        model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
        graph = model.subgraphs[0]
        last: dict[tuple[int, ...], tuple[int, int]] = {}
        for place, operator in enumerate(graph.operators):
            for number in operator.outputs:
                last[tuple(int(n) for n in graph.tensors[number].shape[1:])] = (place, int(number))
        if missing := [tap for tap in TAPS if tap not in last]:
            raise UsageError(f"{path} is no MobileNetV2 1.0 224: it has no tensor of shape {missing[0]}")
        graph.operators = graph.operators[: last[TAPS[-1]][0] + 1]
        graph.outputs = np.array([last[tap][1] for tap in TAPS], np.int32)
        model.signatureDefs = None
        builder = flatbuffers.Builder(1 << 23)
        builder.Finish(model.Pack(builder), b"TFL3")
        self._net = Interpreter(model_content=bytes(builder.Output()), num_threads=threads)
        self._input = self._net.get_input_details()[0]["index"]
        self._net.resize_tensor_input(self._input, [batch, side, side, 3])
        self._net.allocate_tensors()
        self._outputs = self._net.get_output_details()
        self._batch, self._side = batch, side

    def __call__(self, pictures: NDArray[np.uint8]) -> list[Floats]:
        """Dequantised tensors, channels last: [N, 16, 16, 32], ... [N, 1, 1, 1001]."""
        parts = [self._some(pictures[i : i + self._batch]) for i in range(0, len(pictures), self._batch)]
        return [np.concatenate(tap) for tap in zip(*parts, strict=True)]

    def _some(self, pictures: NDArray[np.uint8]) -> list[Floats]:
        count = len(pictures)
        padded = np.zeros((self._batch, self._side, self._side, 3), np.uint8)
        padded[:count] = pictures
        self._net.set_tensor(self._input, padded)
        self._net.invoke()
        taps = []
        for output in self._outputs:
            scale, zero = output["quantization"]
            taken = self._net.get_tensor(output["index"])[:count].astype(np.float32)
            taps.append((taken - zero) * np.float32(scale))
        return taps
