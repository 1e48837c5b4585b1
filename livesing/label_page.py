"""What the window of `livesing label` shows, as a picture: the passage, the grid, the keys. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

GROUND = (11, 13, 19)
PANEL = (24, 28, 38)
TEXT = (236, 239, 244)
DIM = (134, 146, 166)
ACCENT = (255, 184, 92)
COLUMNS = 3
KEYS = (
    ("1 - 9", "this one"),
    ("Space", "others"),
    ("R", "again"),
    ("S", "skip"),
    ("Backspace", "take back"),
    ("Esc", "end"),
)
BARS = 120
"""Of the wave."""
SMOOTH = 3
"""Rounded corners are drawn this many times as large."""

Font = ImageFont.ImageFont | ImageFont.FreeTypeFont
Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are outside."""


class Page(NamedTuple):
    """Everything that is shown."""

    title: str
    """Of the sound."""
    place: str
    """In it."""
    picked: int
    goal: int
    wave: NDArray[np.floating]
    """[BARS] 0..1."""
    tiles: Sequence[NDArray[np.uint8] | None]
    """[h, w, 3 or 4] each; None for one that is still being made."""
    notes: Sequence[str] = ()
    """What is amiss, or good to know, a line each."""


class Layout(NamedTuple):
    """Where things are."""

    size: tuple[int, int]
    unit: float
    """Of lengths: 1 for a window that is 720 pixels high."""
    wave: Box
    tiles: tuple[Box, ...]
    notes: int
    """Top of the first line."""

    def tile_at(self, x: float, y: float) -> int | None:
        """The number of the tile there, from 0."""
        for number, (left, top, right, bottom) in enumerate(self.tiles):
            if left <= x < right and top <= y < bottom:
                return number
        return None


def layout(size: tuple[int, int], count: int, aspect: float) -> Layout:
    """For a window of `size` (width, height) and `count` tiles of `aspect` (width over height)."""
    width, height = size
    unit = min(width / 1280, height / 720)
    margin, gap = 28 * unit, 12 * unit
    top, bottom = 96 * unit, height - 84 * unit
    rows = -(-count // COLUMNS) or 1
    high = (bottom - top - gap * (rows - 1)) / rows
    wide = (width - 2 * margin - gap * (COLUMNS - 1)) / COLUMNS
    high, wide = min(high, wide / aspect), min(wide, high * aspect)
    left = (width - COLUMNS * wide - gap * (COLUMNS - 1)) / 2
    above = top + (bottom - top - rows * high - gap * (rows - 1)) / 2
    tiles = []
    for number in range(count):
        x = left + number % COLUMNS * (wide + gap)
        y = above + number // COLUMNS * (high + gap)
        tiles.append((round(x), round(y), round(x + wide), round(y + high)))
    pitch = max(2, round(3 * unit))  # whole pixels, or bars would beat with them
    wave = (round(left), round(24 * unit), round(left) + BARS * pitch, round(74 * unit))
    return Layout(size, unit, wave, tuple(tiles), round(height - 76 * unit))


def wave_of(sound: NDArray[np.floating]) -> NDArray[np.float64]:
    """[n, channels] -> [BARS] how loud each stretch is, the loudest 1."""
    edges = np.linspace(0, len(sound), BARS + 1).astype(int)
    squares = (sound.astype(np.float64) ** 2).mean(axis=1)
    rms = np.sqrt(
        np.add.reduceat(squares, np.minimum(edges[:-1], len(sound) - 1)) / np.maximum(np.diff(edges), 1)
    )
    return np.asarray(rms / max(float(rms.max()), 1e-9))


def draw(page: Page, place: Layout) -> NDArray[np.uint8]:
    """[height, width, 3]."""
    image = Image.new("RGB", place.size, GROUND)
    pen = ImageDraw.Draw(image)
    _wave(pen, page, place)
    _words(pen, page, place)
    number_font = _font(round(17 * place.unit))
    for number, (box, tile) in enumerate(zip(place.tiles, page.tiles, strict=False)):
        _tile(image, box, tile, round(9 * place.unit))
        chip = (box[0] + round(9 * place.unit), box[1] + round(9 * place.unit))
        side = round(28 * place.unit)
        pen.rounded_rectangle((*chip, chip[0] + side, chip[1] + side), round(7 * place.unit), GROUND)
        middle = (chip[0] + side / 2 + 0.5, chip[1] + side / 2)
        pen.text(middle, str(number + 1), TEXT if tile is not None else DIM, number_font, "mm")
    return np.asarray(image)


def _wave(pen: ImageDraw.ImageDraw, page: Page, place: Layout) -> None:
    """Grey bars; what has been played is coloured by the shader."""
    left, top, right, bottom = place.wave
    pitch = (right - left) // BARS
    middle, reach = (top + bottom) // 2, (bottom - top) // 2
    for number, high in enumerate(page.wave):
        x = left + number * pitch
        half = max(1, round(reach * float(high)))
        pen.rectangle((x, middle - half, x + max(0, round(0.6 * pitch) - 1), middle + half), DIM)


def _words(pen: ImageDraw.ImageDraw, page: Page, place: Layout) -> None:
    unit, (width, _) = place.unit, place.size
    large, small = (_font(round(size * unit)) for size in (22, 15))
    left, right = place.wave[2] + round(22 * unit), place.tiles[-1][2] if place.tiles else place.size[0]
    bar = (right - round(250 * unit), round(62 * unit), right, round(68 * unit))
    pen.text((left, round(36 * unit)), cut(page.title, large, bar[0] - left - 20 * unit), TEXT, large, "lm")
    pen.text((left, round(64 * unit)), page.place, DIM, small, "lm")
    done = f"{page.picked} of {page.goal}" if page.picked < page.goal else f"{page.picked} pairs"
    pen.text((right, round(36 * unit)), done, ACCENT if page.picked >= page.goal else TEXT, large, "rm")
    pen.rounded_rectangle(bar, round(3 * unit), PANEL)
    share = min(page.picked / max(page.goal, 1), 1.0)
    if share > 0:
        end = bar[0] + max(round(6 * unit), round(share * (bar[2] - bar[0])))
        pen.rounded_rectangle((bar[0], bar[1], end, bar[3]), round(3 * unit), ACCENT)
    for number, note in enumerate(page.notes[:1]):
        y = place.notes + round((14 + 20 * number) * unit)
        pen.text((width / 2, y), cut(note, small, width - 60 * unit), ACCENT, small, "mm")
    _keys(pen, place, small)


def _keys(pen: ImageDraw.ImageDraw, place: Layout, font: Font) -> None:
    """A chip for each key and what it does, in one line at the foot."""
    unit, (width, height) = place.unit, place.size
    pad, between = 9 * unit, 26 * unit
    widths = [(font.getlength(key) + 2 * pad, font.getlength(does)) for key, does in KEYS]
    x = (width - sum(chip + 8 * unit + text for chip, text in widths) - between * (len(KEYS) - 1)) / 2
    y = height - 28 * unit
    for (key, does), (chip, text) in zip(KEYS, widths, strict=True):
        pen.rounded_rectangle((x, y - 14 * unit, x + chip, y + 14 * unit), 7 * unit, PANEL)
        pen.text((x + chip / 2, y), key, TEXT, font, "mm")
        pen.text((x + chip + 8 * unit, y), does, DIM, font, "lm")
        x += chip + 8 * unit + text + between


def _tile(image: Image.Image, box: Box, tile: NDArray[np.uint8] | None, radius: int) -> None:
    size = (box[2] - box[0], box[3] - box[1])
    if min(size) < 1:
        return
    content = Image.new("RGB", size, PANEL)
    if tile is not None:
        content = Image.fromarray(tile[..., :3]).resize(size, Image.Resampling.LANCZOS)
    image.paste(content, box[:2], _rounded(size, radius))


@lru_cache(maxsize=4)
def _rounded(size: tuple[int, int], radius: int) -> Image.Image:
    mask = Image.new("L", (size[0] * SMOOTH, size[1] * SMOOTH))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, mask.width - 1, mask.height - 1), radius * SMOOTH, 255)
    return mask.resize(size, Image.Resampling.BOX)


@lru_cache(maxsize=16)
def _font(size: int) -> Font:
    return ImageFont.load_default(size)


def cut(text: str, font: Font, room: float) -> str:
    """One line of at most `room` pixels."""
    text = " ".join(text.split())[:400]
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "...") > room:
        text = text[:-1]
    return text + "..."
