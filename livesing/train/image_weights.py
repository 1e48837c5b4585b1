"""Weights in files: safetensors written and read, and other people's checkpoints read with care.

A safetensors file is eight bytes with the length of a header, the header as JSON (type, shape and place of
every tensor), and the numbers, little-endian. Nothing in it can run.
"""

import json
import math
import os
import pickle
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from livesing.errors import UsageError

TYPES = {
    "F32": np.float32,
    "F16": np.float16,
    "F64": np.float64,
    "I64": np.int64,
    "I32": np.int32,
    "U8": np.uint8,
}
NAMES = {np.dtype(kind): name for name, kind in TYPES.items()}
LONGEST_HEADER = 100_000_000


def save(path: Path, tensors: Mapping[str, Tensor], notes: Mapping[str, str]) -> None:
    """Write a safetensors file, whole or not at all; `notes` go into its header."""
    header: dict[str, object] = {"__metadata__": dict(notes)}
    parts: list[bytes] = []
    place = 0
    for name, tensor in sorted(tensors.items()):
        array = np.asarray(tensor.detach().cpu().numpy(), order="C")
        data = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        header[name] = {
            "dtype": NAMES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [place, place + len(data)],
        }
        place += len(data)
        parts.append(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(parts))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def load(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file or of a torch checkpoint (`weights_only`: no code of it runs).

    Raises UsageError for what is neither.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    if path.suffix == ".safetensors":
        return _safetensors(path)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise UsageError(f"{path} holds no weights that can be read safely") from error
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise UsageError(f"{path} holds something else than named tensors")
    return state


def _safetensors(path: Path) -> dict[str, Tensor]:
    data = path.read_bytes()
    try:
        length = int.from_bytes(data[:8], "little")
        if not 2 <= length <= min(LONGEST_HEADER, len(data) - 8):
            raise ValueError("its header does not fit")
        header = json.loads(data[8 : 8 + length])
        header.pop("__metadata__", None)
        body = data[8 + length :]
        return {name: _tensor(body, entry) for name, entry in header.items()}
    except (ValueError, KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no safetensors file: {error}") from error


def _tensor(body: bytes, entry: Mapping[str, object]) -> Tensor:
    kind = np.dtype(TYPES[str(entry["dtype"])]).newbyteorder("<")
    shape = [int(n) for n in entry["shape"]]  # type: ignore[attr-defined]
    first, last = (int(n) for n in entry["data_offsets"])  # type: ignore[attr-defined]
    if not 0 <= first <= last <= len(body) or last - first != math.prod(shape) * kind.itemsize:
        raise ValueError("a tensor does not fit its place")
    array = np.frombuffer(body[first:last], kind).reshape(shape)
    return torch.from_numpy(array.astype(kind.newbyteorder("="), copy=True))
