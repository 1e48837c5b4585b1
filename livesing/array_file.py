"""Arrays in a safetensors file, read and written by numpy.

Eight bytes with the length of a header, the header as JSON (type, shape and place of every array), then the
numbers, little-endian. Nothing in it can run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livesing.errors import WeightsError
from livesing.whole_file import whole_file

Arrays = dict[str, NDArray[Any]]

TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I8": "|i1", "U8": "|u1"}
NAMES = {np.dtype(kind): name for name, kind in TYPES.items()}
LONGEST_HEADER = 1 << 20


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], notes: Mapping[str, str]) -> None:
    """A file of named arrays, whole or not at all. notes: plain text for the header."""
    header: dict[str, Any] = {"__metadata__": dict(notes)}
    body = b""
    for name in sorted(arrays):
        array = np.asarray(arrays[name], order="C")
        data = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        header[name] = {
            "dtype": NAMES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [len(body), len(body) + len(data)],
        }
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with whole_file(path) as partial:
        partial.write_bytes(len(text).to_bytes(8, "little") + text + body)


def read_arrays(path: Path) -> tuple[Arrays, dict[str, str]]:
    """(the arrays of a file, its notes). WeightsError where it is missing or damaged."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"cannot read the weights {str(path)!r}: {error.strerror}") from error
    length = int.from_bytes(data[:8], "little")
    body = data[8 + length :]
    try:
        if not 2 <= length <= min(LONGEST_HEADER, len(data) - 8):
            raise ValueError("its header does not fit into it")
        header = json.loads(data[8 : 8 + length])
        notes = {str(name): str(note) for name, note in header.pop("__metadata__", {}).items()}
        return {name: _array(body, entry) for name, entry in header.items()}, notes
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"{str(path)!r} is no whole safetensors file: {error}") from error


def _array(body: bytes, entry: Mapping[str, Any]) -> NDArray[Any]:
    kind = np.dtype(TYPES[entry["dtype"]])
    shape = tuple(int(size) for size in entry["shape"])
    first, last = (int(place) for place in entry["data_offsets"])
    size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    if min(shape, default=0) < 0 or not 0 <= first <= last <= len(body) or last - first != size:
        raise ValueError("the place of an array does not fit")
    return np.frombuffer(body[first:last], kind).reshape(shape)


def check_shapes(path: Path, arrays: Arrays, shapes: Mapping[str, tuple[int | None, ...]]) -> None:
    """WeightsError unless there are exactly these arrays, all finite; None in a shape is any size."""
    if arrays.keys() != shapes.keys():
        raise WeightsError(f"{str(path)!r} holds {sorted(arrays)} and not {sorted(shapes)}")
    for name, shape in shapes.items():
        has = arrays[name].shape
        fits = len(has) == len(shape) and all(
            a == b for a, b in zip(has, shape, strict=True) if b is not None
        )
        if not fits:
            raise WeightsError(f"{name} in {str(path)!r} has the shape {has} and not {shape}")
        if not np.isfinite(arrays[name].astype(np.float64)).all():
            raise WeightsError(f"{name} in {str(path)!r} is not finite")
