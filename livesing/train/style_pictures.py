"""What the deep tier's auto-encoder learns from: what the generator dreams, what the program paints, and any
folder of pictures."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livesing import assets
from livesing.errors import StyleError, UsageError
from livesing.generation.embedded import EmbeddedGenerator
from livesing.style.style_image import read
from livesing.train.image_report import show_progress

FRAME_SIZE = (256, 144)
FRAMES = 240
"""Generated frames; as many crops are taken of them as of paintings and own pictures together."""
SHORTER = (128, 384)
"""Pixels of the shorter side to which other pictures are brought: least, most."""
KINDS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")

Pictures = list[NDArray[np.uint8]]


def frames(seed: int, count: int = FRAMES) -> Pictures:
    """Frames of the embedded generator, of random classes and mixtures."""
    generator, rng = EmbeddedGenerator(*FRAME_SIZE), np.random.default_rng([seed, 1])
    found = []
    for number in range(count):
        z = rng.normal(size=(1, 3, 128)).clip(-2, 2).astype(np.float32)
        classes = rng.dirichlet(np.full(1000, 0.002), (1, 3)).astype(np.float32)
        found.append(generator.render_rgba(z, classes, None)[..., :3].copy())
        if number % 20 == 19:
            show_progress(number + 1, count, "frames dreamt")
    return found


def paintings(folders: Sequence[Path]) -> Pictures:
    """The styles that come with livesing, and the pictures of other folders. Raises UsageError for a folder
    without any; single files that cannot be read are left out."""
    found = []
    for folder in (assets.folder("styles"), *folders):
        files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in KINDS)
        if not files:
            raise UsageError(f"there are no pictures in {folder}")
        for file in files:
            try:
                found.append(read(file))
            except StyleError:
                continue
    return found


def crop(picture: NDArray[np.uint8], side: int, rng: np.random.Generator, scaled: bool) -> NDArray[np.uint8]:
    """A random square of it, [side, side, 3], perhaps mirrored; `scaled`: of a random size of the picture."""
    from PIL import Image

    if scaled:
        shorter = rng.uniform(*SHORTER)
        scale = max(shorter, side) / min(picture.shape[:2])
        box_side = side / scale
        row = rng.uniform(0, picture.shape[0] - box_side)
        column = rng.uniform(0, picture.shape[1] - box_side)
        box = column, row, column + box_side, row + box_side
        image = Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC, box)
        square = np.asarray(image)
    else:
        row, column = (int(rng.integers(0, have - side + 1)) for have in picture.shape[:2])
        square = picture[row : row + side, column : column + side]
    return square[:, ::-1] if rng.random() < 0.5 else square


class Crops:
    """Endless squares of generated frames and of paintings, half and half."""

    def __init__(self, dreamt: Pictures, painted: Pictures, side: int) -> None:
        self._dreamt, self._painted, self._side = dreamt, painted, side

    def batch(self, count: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """[count, 3, side, side] in 0..1."""
        squares = []
        for number in range(count):
            shelf, scaled = ((self._dreamt, False), (self._painted, True))[number % 2]
            squares.append(crop(shelf[int(rng.integers(len(shelf)))], self._side, rng, scaled))
        return np.stack(squares).transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
