"""Makes the embedded generator's files: `python -m livesing.train.embedded [--moods-only]`.

    embedded.onnx       the graph of FieldNet for every picture size (weights from its fixed seed)
    embedded_moods.npy  float32 [1000, 2], (valence, arousal) of every class in standard units

Needs torch, onnx and onnxscript (the extra [train]). Takes one to two minutes on one core.
"""

import argparse
import logging
import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import ModelProto
from torch import Tensor, nn

from livesing.generation.embedded import MODEL, MOODS, EmbeddedGenerator
from livesing.generation.fieldnet import LAYERS, Z_DIM, FieldNet, view_tensors
from livesing.generation.plane import view
from livesing.generation.worlds import CLASSES
from livesing.train.class_moods import FrameMeasures, class_moods, measure_frames
from livesing.whole_file import whole_file

OPSET = 18
MOOD_LATENTS = 3  # pictures a class is measured on
MOOD_SIZE = (128, 72)


class PackedFieldNet(nn.Module):
    """The exported form: `image` float32 [B, 3, H, W] in 0..255 and `rgba` int32 [B, H, W].

    An rgba integer holds the four bytes R, G, B, 255 from the lowest up, so that on a little-endian
    machine its memory is the picture as uint8 [H, W, 4]: no interleaving pass outside the graph.
    """

    def __init__(self, net: FieldNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, z: Tensor, classes: Tensor, *arrays: Tensor) -> tuple[Tensor, Tensor]:
        image = self.net.bytes(z, classes, *arrays)
        byte = torch.floor(image + 0.5)
        packed = byte[:, 0] + 256.0 * byte[:, 1] + 65536.0 * byte[:, 2]  # exact below 2^24
        return image, packed.to(torch.int32) - 0x1000000


def export_onnx(path: Path) -> None:
    """Writes the ONNX file, for any batch and any picture size."""
    example = view(64, 48)
    arrays = view_tensors(example)
    z = torch.zeros(2, LAYERS, Z_DIM)
    classes = torch.full((2, LAYERS, CLASSES), 1 / CLASSES)
    free = torch.export.Dim.AUTO
    sizes = tuple({i: free for i, n in enumerate(array.shape) if n > 1} for array in arrays)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's notes on its own future
        program = torch.onnx.export(
            PackedFieldNet(FieldNet()).eval(),
            (z, classes, *arrays),
            input_names=["z", "classes", *example.arrays()],
            output_names=["image", "rgba"],
            dynamic_shapes={"z": {0: free}, "classes": {0: free}, "arrays": sizes},
            opset_version=OPSET,
            dynamo=True,
            optimize=False,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("the ONNX exporter returned no program")
    model = program.model_proto
    strip_traces(model)
    with whole_file(path) as partial:
        partial.write_bytes(model.SerializeToString())


def strip_traces(model: ModelProto) -> None:
    """Removes the exporter's source traces: they name this machine's paths and weigh a megabyte."""
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    del model.graph.value_info[:]
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""


def measure_classes() -> FrameMeasures:
    """Measures of every class, averaged over a few latents (truncated normal, fixed seed)."""
    generator = EmbeddedGenerator(*MOOD_SIZE)
    z = np.random.RandomState(1).randn(MOOD_LATENTS, Z_DIM).clip(-2, 2).astype(np.float32)
    rows: list[NDArray[np.float64]] = []
    for index in range(CLASSES):
        classes = np.zeros((MOOD_LATENTS, CLASSES), np.float32)
        classes[:, index] = 1
        frames = np.concatenate(
            [generator.render(z[i : i + 1], classes[i : i + 1]) for i in range(MOOD_LATENTS)]
        )
        measured = measure_frames(frames)
        rows.append(np.array([values.mean() for values in vars(measured).values()]))
    return FrameMeasures(*np.stack(rows, 1))


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m livesing.train.embedded",
        description="Makes the embedded generator's ONNX file and the moods of its classes.",
    )
    parser.add_argument("--moods-only", action="store_true", help="keep the ONNX file")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if not arguments.moods_only:
        export_onnx(MODEL)
        print(f"{MODEL}: {MODEL.stat().st_size / 1e6:.2f} MB")
    measures = measure_classes()
    np.save(MOODS, class_moods(measures))
    for name, values in vars(measures).items():
        low, middle, high = np.percentile(values, [5, 50, 95])
        print(f"{name:12s} 5 % {low:6.3f}   50 % {middle:6.3f}   95 % {high:6.3f}")


if __name__ == "__main__":
    main()
