"""Pictures of what the embedded generator can do: `python -m livesing.train.contact_sheet [-o docs]`.

    dreams.jpg   a block for every world, valence to the right and arousal upwards: of CANDIDATES pictures of
                 that world the one that the image estimator puts nearest to each place of the plane
    walk.jpg     a walk through latent space from world to world, in equal steps
    views.jpg    a row for every view of VIEWS, and in it what the translator dreams for each of FEELINGS

Half a minute on one core, without torch. Deterministic.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from livesing.dream import wish
from livesing.generation.embedded import Z_DIM, EmbeddedGenerator
from livesing.generation.latent_path import NORM
from livesing.generation.worlds import CLASSES, SEED, WORLDS, class_tables
from livesing.sentiment.image import ImageEstimator
from livesing.whole_file import whole_file

CANDIDATES = 240
SEEN = (256, 144)
DRAWN, TILE = (512, 288), (256, 144)
"""Tiles are drawn as the show draws and made smaller, which no projector would."""
PLACES = (-1.2, 0.0, 1.2)
"""Of both axes, in deviations of all candidates from their mean."""
GAP, MARGIN = 4, 28
PAPER, PRINT = (16, 16, 18), (208, 208, 204)
STATIONS, STEPS = 5, 4
"""Of the walk: classes that it comes through, and pictures from one to the next."""

VIEWS = (0, 1, 2, 4, 10, 16)
FEELINGS = ((-1.2, -1.2), (1.2, -1.2), (0.0, 0.0), (-1.2, 1.2), (1.2, 1.2))
"""Valence and arousal: dark and calm, bright and calm, neutral, dark and driving, bright and driving."""

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


def worlds_of_classes() -> NDArray[np.int64]:
    """[1000] the world, as its place in WORLDS, in which each class mostly lies."""
    middle = class_tables(np.random.RandomState(SEED))["middle"]
    return np.argmax(middle[:, : len(WORLDS)], axis=1)


def draw(generator: EmbeddedGenerator, z: Floats, classes: Floats) -> Bytes:
    """One picture, [H, W, 3]."""
    return generator.render_rgba(z[None], classes[None], None)[..., :3].copy()


def tile(generator: EmbeddedGenerator, z: Floats, classes: Floats) -> Bytes:
    """One picture made smaller, [H, W, 3] of the size TILE."""
    return np.asarray(Image.fromarray(draw(generator, z, classes)).resize(TILE, Image.Resampling.LANCZOS))


def chosen(ratings: Floats, standard: tuple[Floats, Floats]) -> list[int]:
    """For each place of the plane, arousal from high to low and valence from low to high, the candidate of
    `ratings` [N, 2] that lies nearest, each at most once. `standard`: mean and deviation of all worlds."""
    z = (ratings - standard[0]) / standard[1]
    free, picked = np.ones(len(z), bool), []
    for arousal in reversed(PLACES):
        for valence in PLACES:
            apart = np.hypot(*(z - (valence, arousal)).T) + np.where(free, 0.0, np.inf)
            picked.append(int(np.argmin(apart)))
            free[picked[-1]] = False
    return picked


def sheet_of_dreams(rng: np.random.Generator) -> Image.Image:
    """Worlds x valence x arousal."""
    small, large = EmbeddedGenerator(*SEEN), EmbeddedGenerator(*DRAWN)
    estimator, world_of = ImageEstimator(), worlds_of_classes()
    latents, numbers, ratings = [], [], []
    for world in range(len(WORLDS)):
        number = rng.choice(np.flatnonzero(world_of == world), CANDIDATES)
        z = on_shell(rng.normal(size=(CANDIDATES, Z_DIM)))
        pictures = [draw(small, *pair) for pair in zip(z, one_hot(number), strict=True)]
        latents.append(z)
        numbers.append(number)
        ratings.append(estimator.rate(pictures))
    standard = np.mean(ratings, axis=(0, 1)), np.std(ratings, axis=(0, 1))
    blocks = []
    for world, name in enumerate(WORLDS):
        tiles = [
            tile(large, latents[world][place], one_hot(numbers[world][[place]])[0])
            for place in chosen(ratings[world], standard)
        ]
        blocks.append(titled(grid(tiles, len(PLACES)), name))
    return Image.fromarray(grid(blocks, 2))


def strip_of_walk(rng: np.random.Generator) -> Image.Image:
    """From a class to a class of the next world, z along with it, back to the first at the end."""
    world_of = worlds_of_classes()
    worlds = rng.permutation(len(WORLDS))[:STATIONS]
    stations = [int(rng.choice(np.flatnonzero(world_of == world))) for world in worlds]
    z = on_shell(rng.normal(size=(STATIONS, Z_DIM)))
    generator, tiles = EmbeddedGenerator(*DRAWN), []
    for leg in range(STATIONS):
        after = (leg + 1) % STATIONS
        for step in range(STEPS):
            part = step / STEPS
            mixture = (1 - part) * one_hot([stations[leg]])[0] + part * one_hot([stations[after]])[0]
            between = on_shell((1 - part) * z[[leg]] + part * z[[after]])[0]
            tiles.append(tile(generator, between, mixture))
    return Image.fromarray(grid(tiles, STEPS))


def one_hot(numbers: Sequence[int] | NDArray[np.int64]) -> Floats:
    return np.eye(CLASSES, dtype=np.float32)[np.asarray(numbers)]


def on_shell(z: NDArray[np.floating]) -> Floats:
    """Latents of the norm that the show's have, [N, 128]."""
    return (z * NORM / np.linalg.norm(z, axis=-1, keepdims=True)).astype(np.float32)


def grid(tiles: Sequence[Bytes], across: int) -> Bytes:
    """Tiles of one size in rows of `across`, with gaps."""
    height, width, _ = tiles[0].shape
    rows = -(-len(tiles) // across)
    paper = np.empty((rows * (height + GAP) + GAP, across * (width + GAP) + GAP, 3), np.uint8)
    paper[:] = PAPER
    for number, tile in enumerate(tiles):
        top, left = GAP + number // across * (height + GAP), GAP + number % across * (width + GAP)
        paper[top : top + height, left : left + width] = tile
    return paper


def titled(picture: Bytes, title: str) -> Bytes:
    """With its title above."""
    height, width, _ = picture.shape
    page = Image.new("RGB", (width, height + MARGIN), PAPER)
    page.paste(Image.fromarray(picture), (0, MARGIN))
    font = ImageFont.load_default(20)
    ImageDraw.Draw(page).text((GAP + 2, 4), title, fill=PRINT, font=font)
    return np.asarray(page)


def sheet_of_views(_rng: np.random.Generator) -> Image.Image:
    """What the shipped translators dream."""
    generator = EmbeddedGenerator(*DRAWN)
    wishes = [wish(None, feeling, view) for view in VIEWS for feeling in FEELINGS]
    tiles = [tile(generator, asked.z, asked.classes) for asked in wishes]
    return Image.fromarray(grid(tiles, len(FEELINGS)))


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m livesing.train.contact_sheet",
        description="Pictures of what the embedded generator can do.",
    )
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, default=Path("docs"), help="(docs)")
    parser.add_argument("--seed", metavar="N", type=int, default=0)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    for name, make in (
        ("dreams", sheet_of_dreams),
        ("walk", strip_of_walk),
        ("views", sheet_of_views),
    ):
        picture = make(np.random.default_rng(options.seed))
        with whole_file(options.output / f"{name}.jpg") as partial:
            picture.save(partial, "JPEG", quality=82, optimize=True, progressive=True)
        print(f"{options.output / name}.jpg: {picture.width} x {picture.height}")


if __name__ == "__main__":
    main()
