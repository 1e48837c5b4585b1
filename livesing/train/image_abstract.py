"""Pictures that show no thing: frames of the embedded generator, bare and painted, and the style pictures."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from livesing.generation.embedded import Z_DIM, EmbeddedGenerator
from livesing.generation.worlds import CLASSES
from livesing.params import INDEX, TABLE
from livesing.sentiment.image_file import read_picture
from livesing.style.style_image import load, style_image
from livesing.style_library import built_in
from livesing.style_still import Easel
from livesing.train import image_augment

FRAME_SIZE = (256, 144)
PAINTED_IN_EACH = 6
"""Frames that are painted in a style."""
CROPS = 6
"""Parts of a style's picture, and the whole."""


def generated(seed: int) -> list[Image.Image]:
    """A frame of every class of the embedded generator."""
    rng = np.random.RandomState(seed)
    generator = EmbeddedGenerator(*FRAME_SIZE)
    frames = []
    for number in range(CLASSES):
        z = rng.randn(1, Z_DIM).clip(-2, 2).astype(np.float32)
        classes = np.zeros((1, CLASSES), np.float32)
        classes[0, number] = 1
        frames.append(Image.fromarray(generator.render_rgba(z, classes, None)[:, :, :3].copy()))
    return frames


def painted(frames: Sequence[Image.Image], rng: np.random.Generator) -> list[Image.Image]:
    """The pictures of livesing's own styles, parts of them, and frames painted in each, as the show paints.

    Raises SurfaceError where there is no GL.
    """
    settings = {
        name.split(".")[1]: TABLE[place].default for name, place in INDEX.items() if name.startswith("style.")
    }
    easel = Easel()
    pictures: list[Image.Image] = []
    try:
        for name, known in built_in().items():
            whole = Image.fromarray(read_picture(known.path))
            pictures.append(whole)
            pictures += [Image.fromarray(image_augment.crop(whole, rng)) for _ in range(CROPS)]
            style = style_image(load(known.path), name)
            for place in rng.integers(0, len(frames), PAINTED_IN_EACH):
                strength = float(rng.uniform(0.5, 1.0))
                done = easel.paint(np.asarray(frames[place]), style, settings | {"strength": strength})
                pictures.append(Image.fromarray(done))
    finally:
        easel.close()
    return pictures
