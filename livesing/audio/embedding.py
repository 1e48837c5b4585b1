"""An embedding of the music: 113 numbers every third of a second that tell what kind of music sounds.

    TEXTURE   [0:64]     -1..1      no unit; the hidden layer of a small network
    SHAPE     [64:100]   -1.5..1.5  spectrum and its movement, in 2 standard deviations of the corpus
    CUES      [100:113]  -1.5..1.5  musical cues, in the order of CUE_NAMES, in the same unit

Network and shape hear statistics of the last 3 s (`embedding_statistics.py`). The network was trained on
music composed by code to tell its textures, instruments and playing apart, as TräumerAI takes the hidden
layer of a
tagger (Jeong, Doh & Kwon 2021, arXiv 2102.04680). The shape is a fixed projection, the first cosines over the
bands of how loud they are, how much they move and how fast they rise; it knows no corpus, and so also what is
unlike it. The cues are those of the slow path, which say what no spectrum of 3 s does: mode, key, harmony.

Past sound only; all zero where nothing sounds. A change of gain changes nothing as long as the sound stays
within -70 dB and clipping. `python -m livesing.train.audio_embedding` makes the weights; embedding.md is
their card.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soxr
from numpy.typing import NDArray

from livesing.array_file import Arrays, check_shapes, read_arrays
from livesing.audio.embedding_statistics import BANDS, STATISTICS, Statistics, band_cosines
from livesing.audio.framing import Floats, check_rate, clean
from livesing.audio.slow import HOP, SLOW_RATE, Cues, SlowPath
from livesing.audio.slow import STEP_S as CUES_S

WEIGHTS = Path(__file__).with_name("embedding.safetensors")
FRAMES = 14
STEP = FRAMES * HOP
STEP_S = STEP / SLOW_RATE
"""Exactly a third of a second."""
TEXTURE = 64
HIDDEN = 128
CUE_NAMES = (
    "mode", "chord_mode", "key_confidence", "onset_rate", "bpm", "beat_confidence", "articulation",
    "harmonic_change", "flux", "centroid_hz", "zero_crossings", "flatness", "entropy",
)  # fmt: skip
"""Of Cues; what depends on the level is left out."""
SHAPES = (20, 8, 8)
"""Cosines of the bands' means, standard deviations and rises."""
SHAPE = sum(SHAPES)
LIMIT = 3.0
"""Of shape and cues, in standard deviations."""
UNIT = 0.5
"""What a standard deviation of them counts: so they weigh about as much as the network's numbers."""
CUES = TEXTURE + SHAPE
SIZE = CUES + len(CUE_NAMES)
VERSION = "e5f5e4ae8d"
"""The first ten hex digits of the SHA-256 of WEIGHTS: what was learnt on one embedding is useless on
another."""


class Embedding(NamedTuple):
    """What the music is like at time_s (s of the stream, the end of its third): values [113] float32."""

    time_s: float
    values: Floats


def cue_row(cues: Cues) -> NDArray[np.float64]:
    """[13] in the order of CUE_NAMES; rates and frequencies as octaves, an unknown tempo as the usual one."""
    row = [float(getattr(cues, name)) for name in CUE_NAMES]
    for name, least in (("onset_rate", 0.25), ("centroid_hz", 50.0), ("zero_crossings", 50.0)):
        place = CUE_NAMES.index(name)
        row[place] = math.log2(max(row[place], least))
    tempo = CUE_NAMES.index("bpm")
    row[tempo] = cues.beat_confidence * math.log2(cues.bpm / 110.0) if cues.bpm > 0 else 0.0
    return np.array(row)


def shape_of(statistics: NDArray[np.floating]) -> NDArray[np.floating]:
    """[n, STATISTICS] -> [n, SHAPE]; the mean of all bands is left out, since it is the gain's."""
    cosines = band_cosines(max(SHAPES))
    parts = (
        statistics[:, number * BANDS :][:, :BANDS] @ cosines[:, :count] for number, count in enumerate(SHAPES)
    )
    return np.concatenate(list(parts), axis=1)


def in_units(values: NDArray[np.floating], mean: Floats, scale: Floats) -> Floats:
    """Standard deviations from the mean within +-LIMIT, times UNIT."""
    return UNIT * np.clip((values.astype(np.float32) - mean) * scale, -LIMIT, LIMIT)


class EmbeddingNetwork:
    """Statistics [n, STATISTICS] and cue rows [n, 13] -> embeddings [n, SIZE]."""

    SHAPES: dict[str, tuple[int | None, ...]] = {
        "mean": (STATISTICS,),
        "scale": (STATISTICS,),
        "hidden.weight": (STATISTICS, HIDDEN),
        "hidden.bias": (HIDDEN,),
        "texture.weight": (HIDDEN, TEXTURE),
        "texture.bias": (TEXTURE,),
        "shape.mean": (SHAPE,),
        "shape.scale": (SHAPE,),
        "cues.mean": (len(CUE_NAMES),),
        "cues.scale": (len(CUE_NAMES),),
    }
    FARTHEST = 4.0
    """Statistics beyond it, in standard deviations, are taken for it."""

    def __init__(self, arrays: Arrays) -> None:
        """arrays: as in SHAPES, x @ weight + bias; scale is 1 / standard deviation."""
        self._arrays = {name: array.astype(np.float32) for name, array in arrays.items()}

    def standard(self, statistics: NDArray[np.floating]) -> Floats:
        """[n, STATISTICS] in standard units of the corpus, within +-FARTHEST."""
        z = (statistics.astype(np.float32) - self._arrays["mean"]) * self._arrays["scale"]
        return np.clip(z, -self.FARTHEST, self.FARTHEST)

    def texture(self, statistics: NDArray[np.floating]) -> Floats:
        """[n, STATISTICS] -> [n, 64]."""
        weights = self._arrays
        hidden = np.maximum(self.standard(statistics) @ weights["hidden.weight"] + weights["hidden.bias"], 0)
        answer: Floats = np.tanh(hidden @ weights["texture.weight"] + weights["texture.bias"])
        return answer

    def shape(self, statistics: NDArray[np.floating]) -> Floats:
        """[n, STATISTICS] -> [n, SHAPE]."""
        return in_units(shape_of(statistics), self._arrays["shape.mean"], self._arrays["shape.scale"])

    def cues(self, rows: NDArray[np.floating]) -> Floats:
        """[n, 13] from cue_row -> [n, 13]."""
        return in_units(rows, self._arrays["cues.mean"], self._arrays["cues.scale"])


@cache
def network() -> EmbeddingNetwork:
    """The one that ships. WeightsError where its file is damaged."""
    arrays, _ = read_arrays(WEIGHTS)
    check_shapes(WEIGHTS, arrays, EmbeddingNetwork.SHAPES)
    return EmbeddingNetwork(arrays)


class EmbeddingPath:
    """Embeddings of mono sound, pushed in blocks of any size and any rate of 8..192 kHz, with its cues.

    The sound is resampled to 21504 Hz and worked on in steps of exactly a third of a second, so how the
    stream is cut changes nothing. Constant memory. Owned by one thread.
    """

    def __init__(self, rate: int, begun_s: float = 0.0) -> None:
        """rate: samples per second, ValueError outside of 8000..192000. begun_s: how old the stream was, by
        the time of its cues, when this path began to hear it."""
        check_rate(rate)
        self._begun_s = begun_s
        self._network = network()
        self._resampler = soxr.ResampleStream(rate, SLOW_RATE, 1, dtype="float32", quality="HQ")
        self._statistics = Statistics()
        self._waiting: Floats = np.zeros(0, dtype=np.float32)
        self._cues: deque[Cues] = deque()
        self._steps = 0

    def push(self, block: NDArray[np.floating], cues: Iterable[Cues]) -> list[Embedding]:
        """block: [n] mono samples, full scale +-1; cues: what the slow path said to the same block. Returns
        the embeddings that became complete."""
        self._cues.extend(cues)
        samples, _ = clean(block)
        return self._take(self._resampler.resample_chunk(samples)) if samples.size else []

    def finish(self, cues: Iterable[Cues]) -> list[Embedding]:
        """The stream has ended: what was held back. A rest under a third of a second is dropped."""
        self._cues.extend(cues)
        return self._take(self._resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True))

    def _take(self, samples: Floats) -> list[Embedding]:
        self._waiting = np.concatenate((self._waiting, samples))
        made = []
        while self._waiting.size >= STEP and self._cues_are_there():
            made.append(self._step(self._waiting[:STEP]))
            self._waiting = self._waiting[STEP:]
        self._waiting = self._waiting.copy()
        return made

    def _cues_are_there(self) -> bool:
        """Whether those that belong to the next step have come; they are told a little after their sound."""
        time_s = self._begun_s + (self._steps + 1) * STEP_S
        needed_s = math.floor(time_s / CUES_S + 1e-6) * CUES_S
        return needed_s <= self._begun_s or bool(self._cues and self._cues[-1].time_s > needed_s - 1e-6)

    def _step(self, samples: Floats) -> Embedding:
        self._steps += 1
        time_s = self._begun_s + self._steps * STEP_S
        # The newest cues that end within this third; a hair of tolerance, since thirds are no binary
        # fractions.
        while len(self._cues) > 1 and self._cues[1].time_s <= time_s + 1e-6:
            self._cues.popleft()
        statistics = self._statistics.push(samples)
        values: Floats = np.zeros(SIZE, dtype=np.float32)
        if statistics is not None:
            values[:TEXTURE] = self._network.texture(statistics[None])[0]
            values[TEXTURE:CUES] = self._network.shape(statistics[None])[0]
            if self._cues and self._cues[0].time_s <= time_s + 1e-6:
                values[CUES:] = self._network.cues(cue_row(self._cues[0])[None])[0]
        return Embedding(time_s, values)


def embeddings_of(blocks: Iterable[NDArray[np.floating]], rate: int) -> Iterator[Embedding]:
    """The embeddings of a whole sound, given in mono blocks of any size, as the live path hears them."""
    slow, path = SlowPath(rate), EmbeddingPath(rate)
    for block in blocks:
        yield from path.push(block, slow.push(block))
    yield from path.finish(slow.finish())
