"""The network as it is served: pictures in, ratings and abstractness out, as one ONNX file.

    pictures  uint8 [N, H, W, 3], sRGB
    ratings   float32 [N, 2], (valence, arousal) in standard units
    abstract  float32 [N], 0 photograph .. 1 abstract

Weights are kept in 16 bits; the runtime widens them when it loads the file.
"""

import logging
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper
from torch import Tensor, nn

from livesing.train.embedded import strip_traces
from livesing.train.image_names import TEMPERATURES
from livesing.train.image_process import RatingProcess
from livesing.train.image_student import Student
from livesing.train.image_teacher import LATE, MIDDLE
from livesing.whole_file import whole_file

OPSET = 18
LARGEST_NUMBER = 60000.0
"""Beyond it 16 bits do not reach."""
SMALLEST_TENSOR = 256
"""Tensors with fewer numbers stay in 32 bits."""


class Groups(NamedTuple):
    """What the heads work on: four groups of features of each picture."""

    late: Tensor  # [N, 320], means and deviations of the map LATE
    middle: Tensor  # [N, 192], of the map MIDDLE
    scores: Tensor  # [N, 1001]
    feelings: Tensor  # [N, 8]


def groups_of(student: Student, feelings: Tensor, pictures: Tensor) -> Groups:
    """The features of pictures float [N, 3, H, W] in -1..1; `feelings` [1001, 4] of the classes."""
    seen = student(pictures)
    late, middle = (_pooled(seen.maps[level]) for level in (LATE, MIDDLE))
    felt = [torch.softmax(seen.scores / temperature, 1) @ feelings for temperature in TEMPERATURES]
    return Groups(late, middle, seen.scores, torch.cat(felt, 1))


def _pooled(maps: Tensor) -> Tensor:
    """Means and deviations [N, 2 C] of maps [N, C, H, W]."""
    centre = maps.mean((2, 3), keepdim=True)
    deviation = (maps - centre).square().mean((2, 3)).add(1e-6).sqrt()
    return torch.cat([centre.flatten(1), deviation], 1)


class ProcessLayer(nn.Module):
    """A RatingProcess as a part of the network, with its anchors in 8 bits: their steps, of some hundredths
    of a deviation, are lost in the mean over the features."""

    def __init__(self, process: RatingProcess) -> None:
        super().__init__()
        self.count = len(process.groups)
        for i, group in enumerate(process.groups):
            self.register_buffer(f"mean{i}", torch.from_numpy(group.mean))
            self.register_buffer(f"scale{i}", torch.from_numpy(1 / group.deviation))
            step = max(float(np.abs(group.anchors).max()), 1e-6) / 127
            self.register_buffer(
                f"anchors{i}", torch.from_numpy(np.rint(group.anchors / step)).to(torch.int8)
            )
            self.register_buffer(f"step{i}", torch.tensor(step))
        self.kernels = [group.kernel for group in process.groups]
        self.register_buffer("pull", torch.from_numpy(process.pull))
        self.register_buffer("centre", torch.from_numpy(process.centre))

    def forward(self, features: Groups) -> Tensor:
        kernel = torch.zeros(1)
        for i in range(self.count):
            x = (features[i] - getattr(self, f"mean{i}")) * getattr(self, f"scale{i}")
            anchors = getattr(self, f"anchors{i}").float() * getattr(self, f"step{i}")
            apart = x.square().sum(1, keepdim=True) + anchors.square().sum(1) - 2 * x @ anchors.T
            weight, reach = self.kernels[i]
            far = 4 * reach**2 * anchors.shape[1]
            kernel = kernel + weight * torch.exp(-torch.relu(apart) / far)
        return kernel @ self.pull + self.centre


class LinearHead(NamedTuple):
    """weight [F, R] and bias [R] on the groups side by side."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


class Served(nn.Module):
    """The student with its heads: uint8 pictures [N, H, W, 3] -> (ratings [N, 2], abstract [N])."""

    def __init__(
        self, student: Student, feelings: NDArray[np.float32], process: RatingProcess, gate: LinearHead
    ) -> None:
        super().__init__()
        self.student, self.process = student, ProcessLayer(process)
        self.register_buffer("feelings", torch.from_numpy(feelings))
        self.register_buffer("gate_weight", torch.from_numpy(gate.weight))
        self.register_buffer("gate_bias", torch.from_numpy(gate.bias))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        x = pictures.permute(0, 3, 1, 2).to(torch.float32) / 127.5 - 1
        groups = groups_of(self.student, self.feelings, x)
        abstract = torch.sigmoid(torch.cat(groups, 1) @ self.gate_weight + self.gate_bias)
        return self.process(groups), abstract[:, 0]


def export_onnx(served: Served, path: Path, *, halve: bool = True) -> None:
    """Write the ONNX file, whole or not at all: any number of pictures, any size from 64 x 64."""
    free = torch.export.Dim.AUTO
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's notes on its own future
        program = torch.onnx.export(
            served.eval(),
            (torch.zeros(2, 160, 128, 3, dtype=torch.uint8),),
            input_names=["pictures"],
            output_names=["ratings", "abstract"],
            dynamic_shapes=({0: free, 1: free, 2: free},),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("the ONNX exporter returned no program")
    model = program.model_proto
    strip_traces(model)
    if halve:
        halve_weights(model)
    with whole_file(path) as partial:
        partial.write_bytes(model.SerializeToString())


def halve_weights(model: ModelProto) -> None:
    """Keep the large float32 tensors as float16, each with a Cast behind it."""
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < SMALLEST_TENSOR:
            continue
        values = numpy_helper.to_array(tensor)
        if np.abs(values).max() > LARGEST_NUMBER:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
