"""The ONNX file of a generator, for onnxruntime and OpenVINO, made by torch."""

import logging
import warnings
from pathlib import Path

import torch

from livesing.generation.biggan import BigGAN
from livesing.generation.engine import Floats, Progress, Source, probe
from livesing.generation.engine_graph import graph, to_tensors

OPSET = 18
CHATTY = ("torch.onnx", "onnxscript", "onnx_ir")


def export_onnx(source: Source, file: Path, progress: Progress, *, suited: bool) -> Floats:
    """Write the graph of a source -> the picture of `probe()` in float32. Raises WeightsError.

    `suited`: to onnxruntime's own kernels for the processor, where the generator has such a form. Takes a
    quarter of a minute, and memory of three times the weights.
    """
    progress("reading the weights")
    net = graph(source)
    arguments = to_tensors(probe())
    with torch.inference_mode():
        reference: Floats = net(*arguments)[0].numpy().copy()
    if suited and isinstance(net.net, BigGAN):
        net.net.suit_onnxruntime()
    progress("writing the graph")
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's notes on its own future
        program = torch.onnx.export(
            net,
            arguments,
            input_names=["z", "classes", "truncation"],
            output_names=["image", "rgba"],
            opset_version=OPSET,
            dynamo=True,
            optimize=True,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("the ONNX exporter returned no program")
    model = program.model_proto
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    for node in model.graph.node:
        del node.metadata_props[:]  # source traces, which name this machine's paths
    file.write_bytes(model.SerializeToString())
    return reference
