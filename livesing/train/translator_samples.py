"""Samples of a generator for translators: class and z, what g feels of the picture, and how it looks.

Pictures come off the latent path, as in the show. Sets of samples are kept on disk by name and go on where
they were stopped; they are drawn anew when the generator, g or what is asked for is another.
"""

import hashlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from livesing.array_file import read_arrays, write_arrays
from livesing.closed_loop import ClosedLoop
from livesing.errors import WeightsError
from livesing.generation.engine_key import identity
from livesing.generation.latent_path import NORM
from livesing.sentiment.image import MODEL
from livesing.translation.translator import CLASSES, Translation

CHUNK = 250
"""Samples between two saves."""
WIDTH = 128
"""Pixels to which a picture is shrunk before its looks are measured."""

DARKEST = 0.13
"""Mean luma under which a picture is too dark for a wall."""
FLATTEST = 0.06
"""Deviation of luma over the 9 x 16 parts of a picture under which nothing stands out."""
MOST_CRAWLING = 1.1
"""Edges per large form beyond which a picture crawls all over."""
MOST_BURNT = 0.10
"""Share of pixels that are white."""
SPOILT = 0.34
"""Share of a class's pictures that may be unfit to be shown."""


class Samples(NamedTuple):
    """N pictures."""

    classes: np.ndarray  # [N] int
    z: np.ndarray  # [N, 128] float32, the target of the latent path
    felt: np.ndarray  # [N, 2] raw (valence, arousal) of g
    fit: np.ndarray  # [N] bool, fit to be shown

    def of(self, rows: np.ndarray) -> "Samples":
        """Some of them, by index or mask."""
        return Samples(*(part[rows] for part in self))


def fit_to_be_shown(picture: np.ndarray) -> bool:
    """Whether a picture (uint8 [H, W, 3]) is neither dark nor flat, burnt out or crawling all over."""
    from PIL import Image

    height = max(9, round(WIDTH * picture.shape[0] / picture.shape[1]))
    small = Image.fromarray(picture).resize((WIDTH, height), Image.Resampling.BOX)
    luma = np.asarray(small, np.float32) @ np.array([0.2126, 0.7152, 0.0722], np.float32) / 255
    rows, columns = height // 9 * 9, WIDTH // 16 * 16
    forms = luma[:rows, :columns].reshape(9, rows // 9, 16, columns // 16).mean(axis=(1, 3)).std()
    edges = np.abs(np.diff(luma, axis=0)).mean() + np.abs(np.diff(luma, axis=1)).mean()
    return bool(
        luma.mean() >= DARKEST
        and forms >= FLATTEST
        and edges <= MOST_CRAWLING * forms
        and (luma > 0.93).mean() <= MOST_BURNT
    )


def worth_showing(samples: Samples) -> np.ndarray:
    """The classes whose pictures are fit to be shown, in ascending order; the better half where most are
    not."""
    numbers = np.unique(samples.classes)
    spoilt = np.array([1 - samples.fit[samples.classes == number].mean() for number in numbers])
    return numbers[spoilt <= max(SPOILT, float(np.median(spoilt)))]


class Sampler:
    """Draws samples with a closed loop and keeps them in a folder."""

    def __init__(self, loop: ClosedLoop, folder: Path, progress: Callable[[int, int, str], None]) -> None:
        self._loop = loop
        self._folder = folder
        self._progress = progress
        source = loop.generator.source
        facts = f"{identity(source)} {loop.generator.size} {NORM} {_hash(MODEL)}"
        self._origin = hashlib.sha256(facts.encode()).hexdigest()

    def seconds_each(self) -> float:
        """What a sample takes here: the quickest of three, for what else the machine does passes."""
        wish = _wish(0, np.ones(128, np.float32))
        self._loop.felt([wish])
        seconds = []
        for _ in range(3):
            began = time.perf_counter()
            self._loop.felt([wish])
            seconds.append(time.perf_counter() - began)
        return min(seconds)

    def draw(self, name: str, classes: np.ndarray, z: np.ndarray) -> Samples:
        """The samples `name`, of classes [N] and z [N, 128]: from disk as far as they are there."""
        path = self._folder / f"{name}.safetensors"
        z = z.astype(np.float32)
        felt, fit = np.zeros((len(z), 2)), np.zeros(len(z), bool)
        done = 0
        found = self._kept(path, classes, z)
        if found is not None:
            done = len(found.felt)
            felt[:done], fit[:done] = found.felt, found.fit
        while done < len(z):
            some = slice(done, min(done + CHUNK, len(z)))
            pictures = [
                self._loop.picture(_wish(int(classes[row]), z[row]), row)
                for row in range(some.start, some.stop)
            ]
            felt[some] = self._loop.rate(pictures)
            fit[some] = [fit_to_be_shown(picture) for picture in pictures]
            done = some.stop
            arrays = {
                "classes": classes[:done].astype(np.int32),
                "z": z[:done],
                "felt": felt[:done],
                "fit": fit[:done].astype(np.uint8),
            }
            write_arrays(path, arrays, {"origin": self._origin})
            self._progress(done, len(z), f"samples ({name})")
        return Samples(classes.astype(int), z, felt, fit)

    def _kept(self, path: Path, classes: np.ndarray, z: np.ndarray) -> Samples | None:
        """What of these samples is on disk."""
        if not path.is_file():
            return None
        try:
            arrays, notes = read_arrays(path)
            count = len(arrays["classes"])
            same = notes.get("origin") == self._origin and count <= len(z)
            same = same and np.array_equal(arrays["classes"], classes[:count])
            if not same or not np.array_equal(arrays["z"], z[:count]):
                return None
            return Samples(arrays["classes"], arrays["z"], arrays["felt"], arrays["fit"].astype(bool))
        except (WeightsError, KeyError) as error:
            print(f"{path.name} is drawn anew: {error}", file=sys.stderr)
            return None


def _wish(number: int, z: np.ndarray) -> Translation:
    return Translation(np.eye(CLASSES, dtype=np.float32)[number], z)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
