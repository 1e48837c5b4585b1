"""What a built engine depends on, so that one which fits no more is never used."""

import hashlib
import json
import platform
from collections.abc import Mapping
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
    """SHA-256 of a file in hex. Raises WeightsError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}") from None
