"""g: valence and arousal of pictures, as people would rate them.

    estimator = ImageEstimator()
    moods = estimator.rate(images)  # uint8 [N, H, W, 3] -> float32 [N, 2], (valence, arousal)

A small network (image.onnx; its making and scores: image.md) rates what a photograph shows. It also says how
abstract a picture is; the more abstract, the more the terms of colour and form count (image_colour.py), for
there a network that has learnt from photographs only guesses.

Units: z-scores over OASIS, a set of photographs of all kinds. 0 is their mean rating and 1 the standard
deviation of their ratings; on the set's scale from 1 to 7 that is ZERO and UNIT. Ratings are expectations,
so they vary less than people's: a deviation of about a half over photographs.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from livesing.sentiment.image_colour import GRID, colour_feeling, look

MODEL = Path(__file__).with_name("image.onnx")
SIDE = 224
"""Pixels of the square that the network sees."""
WIDEST = 2.0
"""A longer picture is seen without its ends; others are pressed into the square, as in training."""
BATCH = 32
SEEN_LOSS, COLOUR_GAIN = 0.7, 1.2
"""In a wholly abstract picture: the share of the network's rating that is lost, and the weight of colour and
form. With it generated frames spread over the plane about as far as photographs."""

ZERO = (4.40, 3.57)
UNIT = (1.19, 0.79)

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


class Rating(NamedTuple):
    """What the answer is made of; arrays over N pictures, z-scores as (valence, arousal)."""

    seen: Floats  # [N, 2], by the network
    colour: Floats  # [N, 2], by the terms of colour and form
    abstract: Floats  # [N], 0 photograph .. 1 abstract

    def blend(self) -> Floats:
        """(valence, arousal) [N, 2]."""
        abstract = self.abstract[:, None]
        return (1 - SEEN_LOSS * abstract) * self.seen + COLOUR_GAIN * abstract * self.colour


class ImageEstimator:
    """Rates pictures on `threads` CPU threads; not thread-safe. Deterministic."""

    def __init__(self, threads: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # spinning workers would take the cores that audio and window need
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(MODEL), options, providers=["CPUExecutionProvider"])

    def rate(self, images: Bytes | Sequence[Bytes]) -> Floats:
        """uint8 [N, H, W, 3], sRGB, or a sequence of pictures of any sizes -> [N, 2] (valence, arousal)."""
        return self.explain(images).blend()

    def explain(self, images: Bytes | Sequence[Bytes]) -> Rating:
        """The parts of the answer. Raises ValueError for what are no pictures."""
        parts = [self._some(images[i : i + BATCH]) for i in range(0, len(images), BATCH)]
        if not parts:
            empty = np.zeros((0, 2), np.float32)
            return Rating(empty, empty, np.zeros(0, np.float32))
        return Rating(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def _some(self, images: Bytes | Sequence[Bytes]) -> Rating:
        squares = np.stack([_square(image) for image in images])
        seen, abstract = self._session.run(["ratings", "abstract"], {"pictures": squares})
        return Rating(seen, by_colour(squares), abstract)


def manner_feeling(image: Bytes) -> tuple[float, float]:
    """(valence, arousal) of a picture uint8 [H, W, 3] whatever it shows: by the terms of colour and form
    alone, as for a wholly abstract one. Needs no network."""
    valence, arousal = COLOUR_GAIN * by_colour([_square(image)])[0]
    return float(valence), float(arousal)


def _square(image: Bytes) -> Bytes:
    """The picture as the network sees it, [SIDE, SIDE, 3]."""
    from PIL import Image

    array = np.asarray(image)
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8 or 0 in array.shape:
        raise ValueError(f"a picture is uint8 [height, width, 3], not {array.dtype} {list(array.shape)}")
    picture = Image.fromarray(np.ascontiguousarray(array))
    # Pillow's resampling averages over all pixels that a new one covers.
    square = picture.resize(
        (SIDE, SIDE), Image.Resampling.BILINEAR, box=middle(*picture.size), reducing_gap=3.0
    )
    return np.asarray(square)


def by_colour(squares: Bytes | Sequence[Bytes]) -> Floats:
    """(valence, arousal) [N, 2] of squares uint8 [N, SIDE, SIDE, 3] by the terms of colour and form."""
    from PIL import Image

    grids = [
        np.asarray(Image.fromarray(square).resize((GRID, GRID), Image.Resampling.BILINEAR))
        for square in squares
    ]
    return colour_feeling(look(np.stack(grids).astype(np.float32) / np.float32(255)))


def middle(width: int, height: int) -> tuple[float, float, float, float]:
    """The part of a picture that counts, (left, top, right, bottom) in pixels: at most WIDEST times as
    long as wide."""
    across, down = min(width, WIDEST * height), min(height, WIDEST * width)
    left, top = (width - across) / 2, (height - down) / 2
    return left, top, left + across, top + down
