"""The embedded generator: FieldNet served by onnxruntime, for a machine without a GPU.

The network has BigGAN's interface with a condition for each of three layers (coarse: where one
looks, middle: what stands there, fine: how it is lit); fieldnet.py defines it, `python -m
livesing.train.embedded` writes the files this module reads. No torch is needed here.

    generator = EmbeddedGenerator(512, 288)
    pixels = generator.render_rgba(z, classes, None)  # uint8 [288, 512, 4]
"""

from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from livesing.generation.plane import view
from livesing.generation.worlds import CLASSES

Z_DIM = 128
MODEL = Path(__file__).with_name("embedded.onnx")
MOODS = Path(__file__).with_name("embedded_moods.npy")

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


def class_moods() -> Floats:
    """(valence, arousal) of every class in standard units, [1000, 2]; how: embedded.md."""
    moods: Floats = np.load(MOODS, allow_pickle=False)
    return moods


class EmbeddedGenerator:
    """Draws pictures of any size from latents, on `threads` CPU threads.

    z is [B, 128], or [B, 3, 128] with one row for each of the layers coarse, middle and fine;
    classes is [B, 1000] or [B, 3, 1000], rows that are not negative and sum to 1. Bad shapes and
    numbers raise ValueError. The picture is a view of a plane: a wider one shows more of it.
    Not thread-safe: one instance belongs to one thread.
    """

    name = "embedded"
    layers = 3

    def __init__(self, width: int = 512, height: int = 288, threads: int = 1) -> None:
        self._session = _opened(threads)
        self.resize(width, height)

    def resize(self, width: int, height: int) -> None:
        """Changes the size of the next pictures (each side at least 16); costs milliseconds."""
        self._arrays = dict(view(width, height).arrays())
        self._size = (width, height)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self._size

    def render(self, z: Floats, classes: Floats) -> Floats:
        """Pictures [B, 3, height, width] in [-1, 1], gamma coded (sRGB)."""
        (image,) = self._session.run(["image"], self._feed(z, classes))
        image *= 1 / 127.5
        image -= 1
        return np.clip(image, -1, 1, out=image)

    def render_rgba(self, z: Floats, classes: Floats, out: Bytes | None) -> Bytes:
        """One picture as uint8 [height, width, 4], opaque; into `out` when it is given.

        Raises ValueError for a batch of more than one and for an `out` of another shape or type.
        """
        feed = self._feed(z, classes)
        width, height = self._size
        if feed["z"].shape[0] != 1:
            raise ValueError(f"render_rgba draws one picture, not {feed['z'].shape[0]}")
        if out is not None and (out.shape != (height, width, 4) or out.dtype != np.uint8):
            raise ValueError(f"out must be uint8 {(height, width, 4)}, not {out.dtype} {out.shape}")
        (packed,) = self._session.run(["rgba"], feed)
        pixels: Bytes = packed.astype("<i4", copy=False).view(np.uint8).reshape(height, width, 4)
        if out is None:
            return pixels
        np.copyto(out, pixels)
        return out

    def _feed(self, z: Floats, classes: Floats) -> dict[str, NDArray[np.generic]]:
        latent = _per_layer("z", z, Z_DIM)
        mixture = _per_layer("classes", classes, CLASSES)
        if latent.shape[0] != mixture.shape[0]:
            raise ValueError(f"z has {latent.shape[0]} rows and classes {mixture.shape[0]}: they must agree")
        if (mixture < -1e-4).any() or (np.abs(mixture.sum(-1) - 1) > 1e-2).any():
            raise ValueError("rows of classes must be mixtures: not negative, and summing to 1")
        return {"z": latent, "classes": mixture, **self._arrays}


@cache
def _opened(threads: int) -> onnxruntime.InferenceSession:
    """The network on so many threads: opened once a process, since that takes half a second and pictures of
    any size, also several at a time, come from the same one."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # spinning workers would take the cores that audio and window need
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(MODEL), options, providers=["CPUExecutionProvider"])


def _per_layer(name: str, values: Floats, width: int) -> Floats:
    """[B, width] or [B, 3, width] as finite float32 [B, 3, width]."""
    array = np.asarray(values)
    if array.ndim not in (2, 3) or array.shape[-1] != width or array.shape[0] < 1:
        raise ValueError(f"{name} must be [B, {width}] or [B, 3, {width}], not {array.shape}")
    if array.ndim == 3 and array.shape[1] != EmbeddedGenerator.layers:
        raise ValueError(f"{name} must have 3 layers, not {array.shape[1]}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has numbers that are not finite")
    if array.ndim == 2:
        array = np.repeat(array[:, None], EmbeddedGenerator.layers, axis=1)
    return np.ascontiguousarray(array, dtype=np.float32)
