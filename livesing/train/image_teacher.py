"""The teacher of the image estimator: MobileNetV2 in an int8 tflite file, with its inner layers read out.

The file is only read, by `ai-edge-litert` (a tool of development). The graph is cut behind its class scores,
and the tensors that are learnt from become its outputs.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from livesing.errors import UsageError

SIDE = 192
"""Pixels of the pictures it is shown when it teaches to see. It was made for 224; at 192 its features tell
feelings as well, and cost two thirds."""
STAGES = ((112, 16, 1), (56, 24, 2), (28, 32, 3), (14, 64, 4), (14, 96, 3), (7, 160, 3), (7, 320, 1))
"""Of MobileNetV2: rows and columns for 224 pixels, channels, and how many blocks give such a map."""
LEVELS = tuple((side, channels) for side, channels, blocks in STAGES for _ in range(blocks))
"""The map behind every block."""
TAPS = (*((side, side, channels) for side, channels in LEVELS), (1, 1, 1280), (1, 1, 1001))
"""Height, width and channels, for 224 pixels, of the tensors that are learnt at the end: the maps, the pooled
features and the class scores before the softmax."""
LATE = max(level for level, (_, channels) in enumerate(LEVELS) if channels == 160)
"""The map that tells feelings best."""
MIDDLE = max(level for level, (_, channels) in enumerate(LEVELS) if channels == 96)
"""The map that adds most to it: it shows more of how a picture looks, less of what it is of."""
FILE = "tf2_mobilenet_v2_1.0_224_ptq.tflite"

Floats = NDArray[np.float32]


class Raw(NamedTuple):
    """A tensor as the teacher has it, int8 [N, H, W, C]; a value is (number - zero) * scale."""

    numbers: NDArray[np.int8]
    scale: float
    zero: int

    def values(self, *place: Any) -> Floats:
        """Of the whole tensor, or of places in it, by numpy's indexing."""
        picked = self.numbers[place] if place else self.numbers
        return (picked.astype(np.float32) - self.zero) * np.float32(self.scale)


class Insides(NamedTuple):
    """What is read out of one block: behind its widening layer (for the first block, behind the stem), its
    filters by channel, and at its end."""

    widened: Raw
    filtered: Raw
    out: Raw


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
        ends, inner = _places(model, schema)
        shapes = [tuple(int(n) for n in graph.tensors[tap].shape[1:]) for tap in ends]
        if shapes != list(TAPS) or len(inner) != 2 * len(LEVELS) + 1:
            raise UsageError(f"{path} is no MobileNetV2 1.0 224: its blocks end in other shapes")
        last = [ends[-1] in operator.outputs for operator in graph.operators].index(True)
        graph.operators = graph.operators[: last + 1]
        model.signatureDefs = None
        self._nets = []
        for outputs in (ends, [*ends, *inner]):
            graph.outputs = np.array(outputs, np.int32)
            builder = flatbuffers.Builder(1 << 23)
            builder.Finish(model.Pack(builder), b"TFL3")
            net = Interpreter(model_content=bytes(builder.Output()), num_threads=threads)
            net.resize_tensor_input(net.get_input_details()[0]["index"], [batch, side, side, 3])
            net.allocate_tensors()
            self._nets.append(net)
        self._batch, self._side = batch, side

    def __call__(self, pictures: NDArray[np.uint8]) -> list[Floats]:
        """The taps, channels last: [N, side / 2, side / 2, 16], ... [N, 1, 1, 1001]."""
        parts = [
            [raw.values() for raw in self._some(self._nets[0], pictures[i : i + self._batch])]
            for i in range(0, len(pictures), self._batch)
        ]
        return [np.concatenate(tap) for tap in zip(*parts, strict=True)]

    def insides(self, pictures: NDArray[np.uint8]) -> tuple[list[Insides], Raw]:
        """Of every block, and what is pooled at the end; for at most one batch of pictures."""
        raws = self._some(self._nets[1], pictures)
        *inner, pooled = raws[len(TAPS) :]
        blocks = zip(inner[::2], inner[1::2], raws[: len(LEVELS)], strict=True)
        return [Insides(*parts) for parts in blocks], pooled

    def _some(self, net: Any, pictures: NDArray[np.uint8]) -> list[Raw]:
        count = len(pictures)
        padded = np.zeros((self._batch, self._side, self._side, 3), np.uint8)
        padded[:count] = pictures
        net.set_tensor(net.get_input_details()[0]["index"], padded)
        net.invoke()
        return [
            Raw(net.get_tensor(output["index"])[:count], *output["quantization"])
            for output in net.get_output_details()
        ]


def _places(model: Any, schema: Any) -> tuple[list[int], list[int]]:
    """The numbers of the tensors of TAPS (behind every sum, every mean, and every linear convolution that
    does not go straight into a sum), and of those in front of and behind every filter by channel, and in
    front of the mean."""
    kinds = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    names = schema.BuiltinOperator
    operators = model.subgraphs[0].operators
    ends, inner = [], []
    for operator, after in zip(operators, [*operators[1:], None], strict=True):
        kind = kinds[operator.opcodeIndex]
        linear = kind == names.CONV_2D and operator.builtinOptions.fusedActivationFunction == 0
        summed = after is not None and kinds[after.opcodeIndex] == names.ADD
        if kind in (names.ADD, names.MEAN) or (linear and not summed):
            ends.append(int(operator.outputs[0]))
        if kind == names.DEPTHWISE_CONV_2D:
            inner += [int(operator.inputs[0]), int(operator.outputs[0])]
        if kind == names.MEAN:
            inner.append(int(operator.inputs[0]))
    return ends, inner
