"""The corpus on disk: a sound file a piece, and what is known of each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import soundfile

from livesing.audio.framing import Floats
from livesing.errors import SourceError, UsageError
from livesing.train.corpus.compose import Piece
from livesing.whole_file import whole_file


class Rendered(NamedTuple):
    """A piece on disk. group: what must not be split between training and test (the texture)."""

    path: Path
    seed: int
    texture: str
    mode: str
    tonic: int
    valence: float
    arousal: float
    attack_rate: float

    def sound(self) -> tuple[Floats, int]:
        """([n] mono samples, rate). SourceError where the file is missing or damaged."""
        try:
            samples, rate = soundfile.read(self.path, dtype="float32")
        except (OSError, soundfile.LibsndfileError) as error:
            raise SourceError(f"{self.path} is no sound that can be read: {error}") from None
        return samples, rate


def save(piece: Piece, sound: Floats, rate: int, folder: Path) -> None:
    """Writes `<seed>.flac`, and then `<seed>.json`, without which the piece does not count."""
    seed = piece.factors.seed
    with whole_file(folder / f"{seed:05d}.flac") as partial:
        soundfile.write(partial, sound, rate, format="FLAC", subtype="PCM_16")
    known: dict[str, Any] = vars(piece.factors) | {
        "valence": piece.feeling.valence,
        "arousal": piece.feeling.arousal,
        "attack_rate": piece.attack_rate,
        "percussion": piece.percussion,
        "harshness": piece.harshness,
    }
    with whole_file(folder / f"{seed:05d}.json") as partial:
        partial.write_text(json.dumps(known, indent=1), encoding="utf-8")


def pieces_in(folder: Path) -> Iterator[Rendered]:
    """The pieces of a folder, by seed. UsageError where there is none, or a label is damaged."""
    files = sorted(folder.glob("[0-9]*.json")) if folder.is_dir() else []
    if not files:
        raise UsageError(f"there is no rendered corpus in {str(folder)!r}")
    for file in files:
        try:
            known = json.loads(file.read_text(encoding="utf-8"))
            facts = [known[name] for name in Rendered._fields[1:]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{file} does not tell of a piece: {error!r}") from None
        yield Rendered(file.with_suffix(".flac"), *facts)


def labels(pieces: list[Rendered]) -> np.ndarray:
    """[n, 2] (valence, arousal), standardised over the pieces."""
    felt = np.array([(piece.valence, piece.arousal) for piece in pieces])
    return np.asarray((felt - felt.mean(axis=0)) / felt.std(axis=0))
