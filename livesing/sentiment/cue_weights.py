"""The weights of the cue estimator, and what is usual of its cues: published to begin with, and as they ship.

`livesing train cues --corpus DIR` writes such a file; the one that ships is cues.toml, cues.md is its card.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from livesing.errors import WeightsError
from livesing.whole_file import whole_file

SHIPPED = Path(__file__).with_name("cues.toml")

PUBLISHED_VALENCE = {
    "mode": 0.50, "chord_mode": 0.30, "onset_rate": 0.20, "flux": 0.12, "articulation": 0.08,
    "key_clarity": 0.12, "flatness": -0.08,
}  # fmt: skip
PUBLISHED_AROUSAL = {
    "attack_level": 0.44, "onset_rate": 0.46, "flux": 0.28, "entropy": 0.14, "articulation": 0.20,
}  # fmt: skip
"""The weights to begin with: the order of effects of Eerola, Friberg & Bresin (2013), on z-scores."""

CUES = tuple(sorted(PUBLISHED_VALENCE.keys() | PUBLISHED_AROUSAL.keys()))


class CueWeights(NamedTuple):
    """valence, arousal: weights of z-scores by the names of CUES; valence_scale, arousal_scale: standard
    deviation of their sums over pieces, > 0; usual: (mean, standard deviation > 0) of each cue, on the scales
    of cue_estimator.cue_values."""

    valence: Mapping[str, float]
    arousal: Mapping[str, float]
    valence_scale: float
    arousal_scale: float
    usual: Mapping[str, tuple[float, float]]


def write_cue_weights(path: Path, weights: CueWeights, note: str) -> None:
    """As TOML, with three digits after the point. note: a line that says where they come from."""
    lines = [f"# {note}"]
    for axis in ("valence", "arousal"):
        lines += ["", f"[{axis}]"]
        lines += [f"{cue} = {weight:.3f}" for cue, weight in getattr(weights, axis).items()]
    lines += [
        "",
        "[scale]",
        f"valence = {weights.valence_scale:.3f}",
        f"arousal = {weights.arousal_scale:.3f}",
    ]
    lines += ["", "[usual]  # mean, standard deviation"]
    lines += [f"{cue} = [{mean:.3f}, {std:.3f}]" for cue, (mean, std) in weights.usual.items()]
    with whole_file(path) as partial:
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_cue_weights(path: Path = SHIPPED) -> CueWeights:
    """WeightsError where the file is missing, damaged, or not of these cues."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WeightsError(f"cannot read the weights {path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WeightsError(f"{path} is damaged: {error}") from None
    try:
        weights = CueWeights(
            {cue: _number(found["valence"][cue]) for cue in PUBLISHED_VALENCE},
            {cue: _number(found["arousal"][cue]) for cue in PUBLISHED_AROUSAL},
            _number(found["scale"]["valence"]),
            _number(found["scale"]["arousal"]),
            {cue: (_number(found["usual"][cue][0]), _number(found["usual"][cue][1])) for cue in CUES},
        )
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise WeightsError(f"{path} does not hold weights of cues: {error}") from None
    if min(weights.valence_scale, weights.arousal_scale, *(std for _, std in weights.usual.values())) <= 0.0:
        raise WeightsError(f"{path} does not hold weights of cues: a standard deviation is not above 0")
    return weights


def _number(value: Any) -> float:
    """A finite number; TypeError, ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    if not math.isfinite(value):
        raise ValueError(f"{value!r} is not finite")
    return float(value)
