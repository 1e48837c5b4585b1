"""Other people's weights, read with care: safetensors, and torch's own files without running what is in them.

A safetensors file is eight bytes with the length of a header, the header as JSON (type, shape and place of
every tensor), and the numbers, little-endian. A torch file is a pickle, which can hold any program:
`weights_only` lets torch take tensors and plain containers out of it and refuses all else.
"""

import json
import math
import pickle
import warnings
import zipfile
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import torch
from torch import Tensor

from livesing.errors import WeightsError

TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",  # the upper half of a float32
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "|i1",
    "U8": "|u1",
    "BOOL": "|b1",
}
LONGEST_HEADER = 100 << 20


def read(path: Path) -> dict[str, Any]:
    """What a file holds: tensors by name, or (torch's files alone) containers of them.

    Raises WeightsError for what is neither, is cut off, or holds programs.
    """
    try:
        if path.suffix == ".safetensors":
            return dict(_safetensors(path))
        # training scripts keep their options beside the weights; a Namespace is no more than a dict
        with torch.serialization.safe_globals([Namespace]), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what cannot be read is told below
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=_is_zip(path))
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}") from None
    except pickle.UnpicklingError:
        raise WeightsError(f"{path.name} is damaged, or holds more than weights, and is not read") from None
    except (EOFError, LookupError):  # which say a place or a name at most
        raise WeightsError(f"{path.name} is cut off, or no file of weights") from None
    except (RuntimeError, ValueError, TypeError, OverflowError) as error:
        reason = str(error).partition("\n")[0].partition(". ")[0] or type(error).__name__
        raise WeightsError(f"{path.name} is no whole file of weights: {reason}") from None
    if not isinstance(content, Mapping):
        raise WeightsError(f"{path.name} holds a {type(content).__name__}, not weights by name")
    return {str(name): value for name, value in content.items()}


def tensors(content: Mapping[str, Any], name: str) -> dict[str, Tensor]:
    """`content` as tensors by name; `name` is for the message. Raises WeightsError for anything else."""
    foreign = [str(key) for key, value in content.items() if not is_plain(value)]
    if foreign:
        raise WeightsError(f"{name} holds more than tensors ({foreign[0]})")
    if not content:
        raise WeightsError(f"{name} holds nothing")
    return dict(content)


def is_plain(value: object) -> TypeGuard[Tensor]:
    """Whether it is a tensor of numbers, all of them there: neither sparse nor quantised nor without data."""
    return (
        isinstance(value, Tensor)
        and value.layout is torch.strided
        and not value.is_quantized
        and not value.is_meta
    )


def damaged_part(path: Path) -> str:
    """The name of a part of one of torch's zip files whose checksum does not hold; empty where all do.

    Reading does not look at them, since they take a second or so. Zero is what a writer without checksums
    leaves there.
    """
    if path.suffix == ".safetensors" or not _is_zip(path):
        return ""
    try:
        with zipfile.ZipFile(path) as file:
            for part in file.infolist():
                if part.CRC and part.compress_type == zipfile.ZIP_STORED and not _holds(file, part):
                    return part.filename
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return "its list of parts"
    return ""


def _holds(file: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Whether a part can be read to its end, where zipfile holds its checksum against what was read."""
    try:
        with file.open(part) as content:
            while content.read(1 << 20):
                pass
    except (zipfile.BadZipFile, EOFError):
        return False
    return True


def _is_zip(path: Path) -> bool:
    """torch 1.6 and later write zip files, which can be mapped into memory; earlier ones plain pickles."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _safetensors(path: Path) -> dict[str, Tensor]:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        size = path.stat().st_size - 8
        if not 2 <= length <= min(LONGEST_HEADER, size):
            raise ValueError("its header does not fit")
        header = json.loads(file.read(length))
    if not isinstance(header, dict):
        raise ValueError("its header is no table")
    header.pop("__metadata__", None)
    body = np.memmap(path, np.uint8, "r", offset=8 + length) if size > length else np.zeros(0, np.uint8)
    return {name: _tensor(body, entry) for name, entry in header.items()}


def _tensor(body: np.ndarray, entry: Mapping[str, Any]) -> Tensor:
    kind = np.dtype(TYPES[entry["dtype"]])
    shape = tuple(int(side) for side in entry["shape"])
    first, last = (int(place) for place in entry["data_offsets"])
    fits = 0 <= first <= last <= len(body) and min(shape, default=0) >= 0
    if not fits or last - first != math.prod(shape) * kind.itemsize:
        raise ValueError("a tensor does not fit its place")
    array = body[first:last].view(kind).reshape(shape)
    if entry["dtype"] == "BF16":
        array = (array.astype(np.uint32) << 16).view(np.float32)
    return torch.from_numpy(array.astype(kind.newbyteorder("=") if entry["dtype"] != "BF16" else np.float32))
