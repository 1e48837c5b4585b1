"""The state of a training run on disk, so that a run that was stopped goes on as if it had not been."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from livesing.errors import UsageError
from livesing.whole_file import whole_file


def keep(path: Path, settings: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """settings: plain values that make the run what it is; state: tensors and plain values."""
    with whole_file(path) as partial:
        torch.save({"settings": dict(settings), "state": dict(state)}, partial)


def resumed(path: Path, settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """The state that a run with these settings kept; None where there is none or it is damaged.

    Raises UsageError where another run's is there: nobody's hours are thrown away unasked.
    """
    if not path.is_file():
        return None
    try:
        kept = torch.load(path, weights_only=True)
        earlier, state = kept["settings"], dict(kept["state"])
    except Exception:  # torch raises what it likes for a damaged file
        return None
    if earlier != settings:
        raise UsageError(f"{path.parent} holds a run with other options: name them, or add --fresh")
    return state
