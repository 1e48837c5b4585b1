"""The deep tier's cascade as one ONNX graph: pixels and maps in, pixels and statistics out.

    inputs   pixels uint8 [h, w, 4];  size int64 [2], the working rows and columns, which divide by 4;
             matrix<l> float32 [C, C] and offset<l> float32 [C, 1] for l = 3, 2, 1;  loose float32 []
    outputs  painted uint8 [h, w, 4];  mean<l> float32 [C, 1] and covariance<l> float32 [C, C]

The node names and their order say what `livesing/style/deep.py` says; `deep_torch.py` computes the same.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from livesing.style.deep_torch import BLUR, CHANNELS, PAD
from livesing.whole_file import whole_file

OPSET = 18
Array = NDArray[np.generic]


class Graph:
    """Collects nodes and constants; every method returns the name of what it computes."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, Array] = {}

    def op(self, kind: str, *inputs: str, out: str | None = None, **attributes: Any) -> str:
        name = out or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, array: Array | float | Sequence[int], name: str | None = None) -> str:
        values = np.asarray(array, np.float32) if isinstance(array, float) else np.asarray(array)
        name = name or f"c{len(self.constants)}"
        self.constants[name] = values
        return name

    def resize(self, x: str, size: str, **more: Any) -> str:
        """To [1, 3, *size]; `size` is an int64 [2]."""
        sizes = self.op("Concat", self.constant([1, 3]), size, axis=0)
        how = {"mode": "linear", "coordinate_transformation_mode": "half_pixel", **more}
        return self.op("Resize", x, "", "", sizes, **how)


def write_graph(path: Path, weights: Mapping[str, Array]) -> None:
    """Writes deep.onnx from the weights of DeepNet."""
    with whole_file(path) as partial:
        partial.write_bytes(cascade(weights).SerializeToString())


def cascade(weights: Mapping[str, Array]) -> onnx.ModelProto:
    """The model; checked."""
    g = Graph()
    layers = {name: g.constant(np.asarray(array), name) for name, array in weights.items()}
    blurs = {count: g.constant(_blur(count), f"blur{count}") for count in CHANNELS[:-1]}

    def layer(name: str, x: str) -> str:
        return g.op("Conv", x, layers[f"{name}_weight"], layers[f"{name}_bias"], pads=[1, 1, 1, 1])

    def encode(x: str, level: int) -> str:
        x = g.op("Relu", layer("encoder1", x))
        for deeper in range(2, level + 1):
            count = CHANNELS[deeper - 2]
            x = g.op("Conv", x, blurs[count], group=count, strides=[2, 2], pads=[1, 1, 1, 1])
            x = g.op("Relu", layer(f"encoder{deeper}", x))
        return x

    def decode(x: str, level: int) -> str:
        for number in range(level):
            if number:
                scales = g.constant(np.array([1, 1, 2, 2], np.float32))
                x = g.op(
                    "Resize", g.op("Relu", x), "", scales,
                    mode="linear", coordinate_transformation_mode="half_pixel",
                )  # fmt: skip
            x = layer(f"decoder{level}_{number}", x)
        return x

    def channels(first: int, last: int) -> str:
        return g.op("Slice", "pixels", g.constant([first]), g.constant([last]), g.constant([2]))

    shape = g.op("Slice", g.op("Shape", "pixels"), g.constant([0]), g.constant([2]))
    rgb = g.op("Transpose", g.op("Cast", channels(0, 3), to=TensorProto.FLOAT), perm=[2, 0, 1])
    frame = g.op("Div", g.op("Unsqueeze", rgb, g.constant([0])), g.constant(255.0))
    low = g.resize(frame, "size", antialias=1)
    padded = g.op("Pad", low, g.constant([0, 0, PAD, PAD, 0, 0, PAD, PAD]), mode="edge")
    x = padded
    for level in (3, 2, 1):
        features = encode(x, level)
        map_ = g.op("Unsqueeze", f"matrix{level}", g.constant([2, 3]))  # a convolution of one pixel
        changed = g.op("Conv", features, map_, g.op("Squeeze", f"offset{level}", g.constant([1])))
        _statistics(g, features, level)
        y, own = decode(changed, level), decode(features, level)
        own_share = g.op("Mul", "loose", g.op("Sub", own, x))
        x = g.op("Add", x, g.op("Add", g.op("Sub", y, own), own_share))
    ends = g.constant([PAD, PAD]), g.constant([-PAD, -PAD]), g.constant([2, 3])
    change = g.resize(g.op("Slice", g.op("Sub", x, padded), *ends), shape)
    base_share = g.op("Mul", "loose", g.op("Sub", g.resize(low, shape), frame))
    out = g.op("Add", frame, g.op("Add", change, base_share))
    bytes_ = g.op(
        "Round", g.op("Mul", g.op("Clip", out, g.constant(0.0), g.constant(1.0)), g.constant(255.0))
    )
    rows = g.op("Transpose", g.op("Squeeze", bytes_, g.constant([0])), perm=[1, 2, 0])
    g.op("Concat", g.op("Cast", rows, to=TensorProto.UINT8), channels(3, 4), axis=2, out="painted")
    return _model(g)


def _statistics(g: Graph, features: str, level: int) -> None:
    """Mean and covariance of [1, C, h, w], without the edge that was added."""
    edge = PAD >> (level - 1)
    ends = g.constant([edge, edge]), g.constant([-edge, -edge]), g.constant([2, 3])
    inside = g.op("Slice", features, *ends)
    flat = g.op("Reshape", inside, g.constant([CHANNELS[level - 1], -1]))
    mean = g.op("ReduceMean", flat, g.constant([1]), keepdims=1, out=f"mean{level}")
    centred = g.op("Sub", flat, mean)
    count = g.op("Cast", g.op("Slice", g.op("Shape", flat), g.constant([1]), g.constant([2])), to=1)
    product = g.op("MatMul", centred, g.op("Transpose", centred, perm=[1, 0]))
    g.op("Div", product, count, out=f"covariance{level}")


def _model(g: Graph) -> onnx.ModelProto:
    def value(name: str, kind: int, *shape: int | str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, list(shape))

    inputs = [value("pixels", TensorProto.UINT8, "h", "w", 4), value("size", TensorProto.INT64, 2)]
    outputs = [value("painted", TensorProto.UINT8, "h", "w", 4)]
    for level in (3, 2, 1):
        count = CHANNELS[level - 1]
        inputs += [
            value(f"matrix{level}", TensorProto.FLOAT, count, count),
            value(f"offset{level}", TensorProto.FLOAT, count, 1),
        ]
        outputs += [
            value(f"mean{level}", TensorProto.FLOAT, count, 1),
            value(f"covariance{level}", TensorProto.FLOAT, count, count),
        ]
    inputs.append(value("loose", TensorProto.FLOAT))
    constants = [numpy_helper.from_array(array, name) for name, array in g.constants.items()]
    graph = helper.make_graph(g.nodes, "deep", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model


def _blur(count: int) -> Array:
    """A depthwise convolution by BLUR, [count, 1, 4, 4]."""
    kernel = np.outer(BLUR, BLUR).astype(np.float32)
    return np.broadcast_to(kernel, (count, 1, 4, 4)).copy()
