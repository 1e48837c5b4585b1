"""Sound in, cues and Mood out: the slow path joined with the chosen estimator of feeling.

>>> from livesing.hearing import Hearing, estimator_of
>>> hearing = Hearing(44_100, estimator_of("cues"))
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import platformdirs
from numpy.typing import NDArray

from livesing.audio.descriptors import DescriptorPath
from livesing.audio.embedding import Embedding, EmbeddingPath
from livesing.audio.key import USUAL_PROFILES
from livesing.audio.paper import PaperFeatures
from livesing.audio.slow import STEP_S, Cues, SlowPath
from livesing.audio.tempo import Rhythm
from livesing.errors import UsageError
from livesing.sentiment.cue_estimator import CueEstimator
from livesing.sentiment.deam_estimator import DeamEstimator, DeamHead
from livesing.sentiment.feeling import FEELINGS, Estimator, Heard
from livesing.sentiment.mood import Mood
from livesing.sentiment.paper_estimator import PaperEstimator

DEAM_FILE = "deam.safetensors"

FIRST_ROW_S, ROW_AGE_S = 1.0, 0.5
"""s: the first row of descriptors ends there, and so long after its end it is there in any case."""
ROWS_KEPT = 8
"""Between blocks; the cues are never that far behind."""


def deam_weights() -> Path:
    """Where the head on DEAM is looked for: $LIVESING_DEAM, or the user's data folder."""
    named = os.environ.get("LIVESING_DEAM", "")
    return Path(named) if named else platformdirs.user_data_path("livesing") / DEAM_FILE


def estimator_of(name: str) -> Estimator:
    """The estimator of one of FEELINGS. UsageError for another name, or where its weights are not there;
    WeightsError where they are damaged."""
    if name == "cues":
        return CueEstimator()
    if name == "paper":
        return PaperEstimator()
    if name == "deam":
        path = deam_weights()
        if not path.is_file():
            raise UsageError(
                f"--feeling deam needs weights that do not ship: make {str(path)!r} by "
                f"`livesing train audio --deam-features FILE -o {str(path.parent)!r}`"
            )
        return DeamEstimator(DeamHead.load(path))
    raise UsageError(f"there is no feeling {name!r}; there are: {', '.join(FEELINGS)}")


class Hearing:
    """A stream's cues and moods, every 500 ms. What the estimator does not ask for is not computed.

    Owned by one thread. For another source make a new one with the same estimator.
    """

    def __init__(
        self,
        rate: int,
        estimator: Estimator,
        *,
        embeds: bool = False,
        profiles: str = USUAL_PROFILES,
        rhythm: Rhythm | None = None,
    ) -> None:
        """rate: samples per second, 8000..192000. ValueError outside of that. profiles: of the keys, a name
        of key.PROFILES. rhythm: see SlowPath; a fast path that hears the same blocks has it."""
        self.estimator = estimator
        self.embeds = embeds
        """Whether embeddings are made; may change at any time. What is not asked for is not computed."""
        self._rate = rate
        self._samples = 0
        self._embedding: EmbeddingPath | None = None
        self._embedded: Embedding | None = None
        self._cues = SlowPath(rate, profiles, rhythm)
        self._paper = PaperFeatures(rate) if estimator.hears == "features" else None
        self._descriptors = DescriptorPath(rate) if estimator.hears == "descriptors" else None
        self._features: list[NDArray[np.floating]] = []
        self._rows: deque[NDArray[np.floating]] = deque()
        self._rows_heard = 0

    def push(self, block: NDArray[np.floating]) -> list[tuple[Cues, Mood]]:
        """block: [n] mono samples, full scale +-1. Returns what became complete."""
        if self._paper is not None:
            self._features += [np.ravel(row) for row in self._paper.push(block)]
        if self._descriptors is not None:
            rows = self._descriptors.push(block)
            self._rows.extend(rows)
            self._rows_heard += len(rows)
        heard = self._cues.push(block)
        if self.embeds or self._embedding is not None:
            self._embed(block, heard)
        self._samples += len(block)
        if not heard and not self._rows:
            return []
        felt = [(cues, self._feel(cues)) for cues in heard]
        while len(self._rows) > ROWS_KEPT:
            self._rows.popleft()
        return felt

    def take_embedding(self) -> Embedding | None:
        """The newest, once; None until there is another."""
        embedded, self._embedded = self._embedded, None
        return embedded

    def _embed(self, block: NDArray[np.floating], cues: list[Cues]) -> None:
        if not self.embeds:
            self._embedding = None
        elif self._embedding is None:
            self._embedding = EmbeddingPath(self._rate, self._samples / self._rate)
        if self._embedding is not None:
            self._embedded = next(reversed(self._embedding.push(block, cues)), self._embedded)

    def finish(self) -> list[tuple[Cues, Mood]]:
        """The stream has ended: what was still held back. A rest under 500 ms is dropped."""
        if self._paper is not None:
            self._features += [np.ravel(row) for row in self._paper.finish()]
        return [(cues, self._feel(cues)) for cues in self._cues.finish()]

    def _feel(self, cues: Cues) -> Mood:
        # Both paths cut the same stretches of 500 ms; at the very end one may hold a step that the other has.
        features = self._features.pop(0) if self._features else None
        if self._paper is not None and features is None:
            return self.estimator.feel(Heard(cues._replace(silent=True)))
        return self.estimator.feel(Heard(cues, features, self._row_at(cues.time_s)))

    def _row_at(self, time_s: float) -> NDArray[np.floating] | None:
        """The descriptors of ROW_AGE_S before, so that blocks of any size give the same ones."""
        place = round((time_s - FIRST_ROW_S - ROW_AGE_S) / STEP_S) - (self._rows_heard - len(self._rows))
        return self._rows[place] if 0 <= place < len(self._rows) else None


def moods_of(
    blocks: Iterable[NDArray[np.floating]], rate: int, estimator: Estimator, profiles: str = USUAL_PROFILES
) -> Iterator[tuple[Cues, Mood]]:
    """Cues and moods of a whole sound, as the live path would have felt it."""
    hearing = Hearing(rate, estimator, profiles=profiles)
    for block in blocks:
        yield from hearing.push(block)
    yield from hearing.finish()
