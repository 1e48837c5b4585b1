"""Six pictures in eight styles, at three strengths, on one sheet: `python -m livesing.train.painting_sheet`.

Half of the pictures are dreamt by the embedded generator, half are of things, drawn by code.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from livesing.errors import LivesingError
from livesing.generation.embedded import EmbeddedGenerator
from livesing.style.deep import DeepPainter, opaque, style_features
from livesing.style.deep_onnx import OnnxCascade
from livesing.style.style_image import load, style_image
from livesing.style_library import built_in
from livesing.style_still import USUAL, Easel
from livesing.train.image_report import show_progress
from livesing.train.sheet_pictures import PICTURES
from livesing.whole_file import whole_file
from livesing.words import check_folder

STYLES = ("oil", "pointillism", "ink", "woodcut", "impasto", "watercolour", "mosaic", "charcoal")
STRENGTHS = (0.3, 0.6, 1.0)
SIZE = (768, 432)
CELL = (216, 121)
"""Pixels of a picture as it is painted, and on the sheet."""
GAP, SPACE = 4, 14
"""Between cells, and between pictures."""
DREAMS = ((11, 120), (5, 640), (23, 331))
"""Seed of z, and class."""
PAPER = 24
QUALITY = 82

Picture = np.ndarray


def contents() -> list[Picture]:
    """[270, 480, 3] uint8 each."""
    generator, found = EmbeddedGenerator(*SIZE), []
    for seed, number in DREAMS:
        z = np.random.default_rng(seed).normal(size=(1, 128)).clip(-2, 2).astype(np.float32)
        classes = np.zeros((1, 1000), np.float32)
        classes[0, number] = 1
        found.append(generator.render_rgba(z, classes, None)[..., :3].copy())
    return found + [np.round(draw(*SIZE) * 255).astype(np.uint8) for draw in PICTURES.values()]


def sheet(*, deep: bool = False) -> Picture:
    """The sheet, uint8: a column for each style under a piece of it, the picture itself on the left."""
    pictures, shipped = contents(), built_in()
    step = CELL[0] + GAP, CELL[1] + GAP
    rows = 1 + len(STRENGTHS) * len(pictures)
    size = rows * step[1] + len(pictures) * SPACE, (1 + len(STYLES)) * step[0]
    page = np.full((*size, 3), PAPER, np.uint8)

    def put(row: int, column: int, picture: Picture) -> None:
        group = 0 if row == 0 else 1 + (row - 1) // len(STRENGTHS)
        top, left = row * step[1] + group * SPACE, column * step[0]
        page[top : top + CELL[1], left : left + CELL[0]] = _small(picture)

    for number, picture in enumerate(pictures):
        put(1 + number * len(STRENGTHS), 0, picture)
    easel, cascade = Easel(), OnnxCascade() if deep else None
    try:
        for column, name in enumerate(STYLES, 1):
            painting = load(shipped[name].path)
            whole = np.round(painting * 255).astype(np.uint8)
            put(0, column, whole[: round(whole.shape[1] * CELL[1] / CELL[0])])
            style = style_image(painting, name, shipped[name].brush)
            features = style_features(cascade, whole) if cascade is not None else ()
            for number, picture in enumerate(pictures):
                for place, strength in enumerate(STRENGTHS):
                    if cascade is not None:
                        painter = DeepPainter(cascade)
                        painter.hang(features, 0.0)
                        painted = painter.paint(opaque(picture), 0.0, 0.0, strength, SIZE[1])[..., :3]
                    else:
                        settings = USUAL | {"strength": strength}
                        painted = easel.paint(picture, style, settings)
                    put(1 + number * len(STRENGTHS) + place, column, painted)
            show_progress(column, len(STYLES), "styles")
    finally:
        easel.close()
    return page


def _small(picture: Picture) -> Picture:
    from PIL import Image

    return np.asarray(Image.fromarray(picture).resize(CELL, Image.Resampling.LANCZOS))


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m livesing.train.painting_sheet",
        description="Six pictures in eight styles at three strengths, as one JPEG.",
    )
    parser.add_argument("-o", "--output", metavar="OUT.jpg", type=Path, default=Path("painting.jpg"))
    parser.add_argument("--tier", choices=("shader", "deep"), default="shader")
    options = parser.parse_args(words)
    from PIL import Image

    try:
        check_folder(options.output)
        page = sheet(deep=options.tier == "deep")
        with whole_file(options.output) as partial:
            Image.fromarray(page).save(partial, format="JPEG", quality=QUALITY)
    except (LivesingError, OSError) as error:
        print(f"livesing: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
