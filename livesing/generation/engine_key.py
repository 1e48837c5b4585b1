"""What a built engine depends on, so that one which fits no more is never used."""

import hashlib
import json
import platform
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from livesing.errors import WeightsError
from livesing.generation.biggan_config import CONFIGS
from livesing.generation.engine import INPUTS, EngineKind, Source

EMBEDDED = Path(__file__).with_name("embedded.onnx")
FORMAT = 1
"""Of the key and the sidecar; raise it when either changes."""
FOLD_VERSION = 2
"""Of what makes a served network of a file of weights; raise it when folding or a network changes."""


SETTLED_S = 3.0
"""Age of a file from which on a change shows in its time, on any file system."""
TENSORRT_OPTIMISATION = 3
"""TensorRT's builder level, 0 to 5; above 3 builds take many times longer for little."""


def identity(source: Source) -> dict[str, Any]:
    """What tells one source from another, with the SHA-256 of its weights. Raises WeightsError."""
    facts: dict[str, Any] = {"generator": source.generator, "size": source.size}
    if source.generator == "embedded":
        facts["weights"] = file_digest(EMBEDDED)  # the same network as its torch definition
    elif source.seed is not None:
        facts["weights"] = f"random {source.seed}"
    elif source.weights is not None:
        facts["weights"] = file_digest(source.weights)
    else:
        raise WeightsError(f"{source.generator} needs weights: `livesing weights list` tells where from")
    if source.generator in CONFIGS:
        facts["config"] = repr(CONFIGS[source.generator])
    return facts


def engine_key(source: Source, kind: EngineKind) -> dict[str, Any]:
    """All that a built engine depends on; its digest names the engine. Raises WeightsError."""
    return {
        "format": FORMAT,
        "fold": FOLD_VERSION,
        "source": identity(source),
        "inputs": {name: [*shape, "float32"] for name, shape in INPUTS.items()},
        "kind": kind.name,
        "precision": kind.precision(source),
        "system": [platform.system(), platform.machine()],
        "facts": kind.facts(),
    }


def digest(facts: Mapping[str, Any]) -> str:
    """SHA-256 of facts in hex, whatever their order."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file in hex. Raises WeightsError when it cannot be read.

    Opening a generator asks for the same hundreds of megabytes several times: a file that was not touched
    since is read once, unless it is so new that its time could not tell a further change.
    """
    try:
        found = path.stat()
        state = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        if time.time() - max(found.st_mtime, found.st_ctime) < SETTLED_S:
            return _read_digest.__wrapped__(path, *state)
        return _read_digest(path, *state)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}") from None


@lru_cache(maxsize=64)
def _read_digest(path: Path, *state: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
