"""Pictures without end from some hundreds: crops, colours, cuttings, mixtures, things pasted on other
grounds, and drawn ones.

The student learns what the teacher says of each, so a picture need not look natural; it must be various.
Everything is drawn from one numpy generator: the same seed gives the same pictures.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from livesing.train.image_teacher import SIDE

Bytes = NDArray[np.uint8]
Rng = np.random.Generator

CUT, BLEND, COLLAGE = 0.25, 0.08, 0.10
"""Shares of the pictures that get a rectangle of another, are mixed with another, are made of four."""
DRAWN, PASTED = 0.05, 0.16
"""Shares of the pictures that are drawn (and as many are generated), and that show a cut-out thing."""
KNOWN = 0.4
"""Of the other pictures, the share of the known ones where there are more."""
LUMA = torch.tensor([0.299, 0.587, 0.114])


class Sources(NamedTuple):
    """What pictures are made of."""

    known: Sequence[Image.Image]
    """Photographs like those that the heads learn from."""
    more: Sequence[Image.Image] = ()
    """Photographs and paintings from elsewhere."""
    cut_outs: Sequence[Image.Image] = ()
    """Things without a ground: RGBA."""
    frames: Sequence[Image.Image] = ()
    """Of a generator."""

    def one(self, rng: Rng) -> Image.Image:
        """A picture with a ground."""
        some = self.known if not self.more or rng.random() < KNOWN else self.more
        return some[int(rng.integers(len(some)))]


def batch(sources: Sources, count: int, rng: Rng, side: int = SIDE) -> Bytes:
    """`count` pictures uint8 [count, side, side, 3]."""
    pictures = []
    for _ in range(count):
        kind = rng.random()
        if kind < DRAWN:
            pictures.append(drawn(rng, side))
        elif kind < 2 * DRAWN and sources.frames:
            pictures.append(crop(sources.frames[int(rng.integers(len(sources.frames)))], rng, side))
        elif kind < 2 * DRAWN + PASTED and sources.cut_outs:
            thing = sources.cut_outs[int(rng.integers(len(sources.cut_outs)))]
            pictures.append(pasted(thing, crop(sources.one(rng), rng, side), rng))
        else:
            pictures.append(crop(sources.one(rng), rng, side))
    mixed = _mix(torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255, rng)
    coded = (_recolour(mixed, rng).clamp(0, 1) * 255).round().to(torch.uint8)
    return np.ascontiguousarray(coded.permute(0, 2, 3, 1).numpy())


def pasted(thing: Image.Image, ground: Bytes, rng: Rng) -> Bytes:
    """A cut-out thing (RGBA) on a ground uint8 [side, side, 3]: mostly whole, mirrored by chance. Now and
    then the ground is one plain colour."""
    side = len(ground)
    if rng.random() < 0.25:
        ground = np.broadcast_to((rng.random(3) * 256).astype(np.uint8), ground.shape)
    reach = side * rng.uniform(0.4, 1.15) / max(thing.size)
    size = max(2, round(thing.width * reach)), max(2, round(thing.height * reach))
    small = thing.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    if rng.random() < 0.5:
        small = small.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    picture = Image.fromarray(np.ascontiguousarray(ground))
    left, top = (round(float(rng.uniform(0.2, 0.8)) * (side - length)) for length in size)
    picture.paste(small, (left, top), small)
    return np.asarray(picture)


def crop(picture: Image.Image, rng: Rng, side: int = SIDE) -> Bytes:
    """A part of the picture as uint8 [side, side, 3]: from a tenth to all of it, mirrored by chance,
    seldom turned."""
    width, height = picture.size
    area = width * height * rng.uniform(0.1, 1.0) if rng.random() < 0.7 else width * height
    stretch = np.exp(rng.normal(0, 0.2))
    across = min(width, np.sqrt(area * width / height * stretch))
    down = min(height, np.sqrt(area * height / width / stretch))
    left, top = rng.uniform(0, width - across), rng.uniform(0, height - down)
    if rng.random() < 0.2:
        angle = rng.normal(0, 0.35)
        cosine, sine = np.cos(angle), np.sin(angle)
        a, b, d, e = cosine * across / side, -sine * across / side, sine * down / side, cosine * down / side
        x, y = left + across / 2, top + down / 2
        half = side / 2
        shape = (a, b, x - a * half - b * half, d, e, y - d * half - e * half)
        part = picture.transform((side, side), Image.Transform.AFFINE, shape, Image.Resampling.BILINEAR)
    else:
        box = (left, top, left + across, top + down)
        part = picture.resize((side, side), Image.Resampling.BILINEAR, box=box)
    array = np.asarray(part)
    return array[:, ::-1] if rng.random() < 0.5 else array


def drawn(rng: Rng, side: int = SIDE) -> Bytes:
    """An abstract picture: clouds of some fineness, perhaps in steps, coloured by a random palette."""
    grain = 2 ** rng.integers(1, 7)
    field = Image.fromarray(rng.random((grain + 1, grain + 1)).astype(np.float32))
    value = np.asarray(field.resize((side, side), Image.Resampling.BICUBIC))
    if rng.random() < 0.4:
        line = np.linspace(0, 1, side, dtype=np.float32)
        value = 0.4 * value + np.add.outer(line * rng.uniform(-1, 1), line * rng.uniform(-1, 1)) * 2
    if rng.random() < 0.4:
        value = np.floor(value * rng.integers(2, 8))
    colours = rng.random((rng.integers(2, 6), 3)) ** rng.uniform(0.5, 2)
    place = (value % 1.0 if rng.random() < 0.5 else np.clip(value, 0, 1)) * (len(colours) - 1)
    stops = np.arange(len(colours))
    channels = [np.interp(place, stops, colours[:, i]) for i in range(3)]
    return (np.stack(channels, -1) * 255).astype(np.uint8)


def _mix(pictures: Tensor, rng: Rng) -> Tensor:
    count, side = len(pictures), pictures.shape[2]
    other = pictures[torch.from_numpy(rng.permutation(count))]
    mixed = pictures.clone()
    for i in range(count):
        kind = rng.random()
        if kind < CUT:
            width, height = rng.integers(side // 6, side, 2)
            left, top = rng.integers(0, side - width + 1), rng.integers(0, side - height + 1)
            mixed[i, :, top : top + height, left : left + width] = other[
                i, :, top : top + height, left : left + width
            ]
        elif kind < CUT + BLEND:
            mixed[i] = torch.lerp(pictures[i], other[i], float(rng.uniform(0.15, 0.6)))
        elif kind < CUT + BLEND + COLLAGE:
            half = side // 2
            for place, picked in enumerate(rng.integers(0, count, 4)):
                row, column = divmod(place, 2)
                mixed[i, :, row * half : (row + 1) * half, column * half : (column + 1) * half] = (
                    torch.nn.functional.avg_pool2d(pictures[picked], 2)
                )
    return mixed


def _recolour(pictures: Tensor, rng: Rng) -> Tensor:
    """Another light, contrast, saturation and hue for two thirds of them; strongly for a tenth."""
    count = len(pictures)
    strength = np.choose(rng.choice(3, count, p=[0.33, 0.55, 0.12]), [0.0, 1.0, 2.5])
    matrices = np.stack([_colour_matrix(s, rng) for s in strength])
    offset = rng.normal(0, 0.06, (count, 3)) * 0.3 + rng.normal(0, 0.06, (count, 1))
    shift = torch.from_numpy((offset * strength[:, None]).astype(np.float32))[:, :, None, None]
    turned = torch.einsum("bij,bjhw->bihw", torch.from_numpy(matrices.astype(np.float32)), pictures - 0.5)
    result = turned + 0.5 + shift
    for i in np.flatnonzero(rng.random(count) < 0.1):
        noise = torch.from_numpy(rng.standard_normal(pictures.shape[1:], np.float32))
        result[i] += noise * rng.uniform(0, 0.08)
    return result


def _colour_matrix(strength: float, rng: Rng) -> NDArray[np.float64]:
    """Saturation and hue about the grey axis, then contrast and a tint."""
    saturation = np.exp(rng.normal(0, 0.3) * strength) * (rng.random() > 0.04 * strength)
    angle = rng.normal(0, 0.12) * strength
    grey = np.full((3, 3), 1 / 3)
    axis = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    turn = grey + (np.eye(3) - grey) * np.cos(angle) + axis * np.sin(angle)
    saturate = np.eye(3) * saturation + (1 - saturation) * np.tile(LUMA.numpy(), (3, 1))
    tint = np.diag(np.exp(rng.normal(0, 0.06, 3) * strength))
    return np.exp(rng.normal(0, 0.2) * strength) * tint @ turn @ saturate


def plain(pictures: Sequence[Image.Image], side: int = SIDE) -> Bytes:
    """Whole pictures, pressed into the square: uint8 [N, side, side, 3]."""
    return np.stack([np.asarray(p.resize((side, side), Image.Resampling.BILINEAR)) for p in pictures])


def recoloured(pictures: Bytes, rng: Rng) -> Bytes:
    """The same pictures uint8 [N, side, side, 3] in other lights and colours."""
    changed = _recolour(torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255, rng).clamp(0, 1)
    return np.ascontiguousarray((changed * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy())
