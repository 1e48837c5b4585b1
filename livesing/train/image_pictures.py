"""Pictures without ratings, from any folders: the student's net learns to see from them.

Large ones are also taken apart, so that what is small in them is seen, too. Cut-out things are kept apart:
they are pasted on other grounds. Qt's resource bundles (.rcc) are searched for pictures.
"""

import io
import struct
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from livesing.errors import UsageError

KINDS = (".jpg", ".jpeg", ".png", ".webp")
BUNDLE = ".rcc"
SIGNS = ((b"\xff\xd8\xff", 0), (b"\x89PNG", 0), (b"WEBP", 8))
"""How the data of a picture begin, and how far in that stands."""
SMALLEST = 96
"""Pixels of the shorter side; of smaller ones little can be learnt."""
SIDE = 320
"""Pixels of the shorter side that are kept."""
LARGE = 1000
"""Pixels of the shorter side from which on a picture is also taken apart, into quarters."""
LONGEST = 2.5
"""A picture longer than that is a texture or a banner."""
EMPTY = (0.08, 0.92)
"""The share of transparent pixels between which a picture is a cut-out."""
FLATTEST = 10.0
"""Deviation of the liveliest channel, of 255: flatter pictures show nothing."""
ALIKE = 3
"""Bits of 64 by which two sizes of one picture may differ."""


class Pictures(NamedTuple):
    """RGB pictures with a ground, and RGBA ones without."""

    whole: list[Image.Image]
    cut_outs: list[Image.Image]


def read_pictures(folders: Sequence[Path]) -> Pictures:
    """All pictures below the folders, in the order of their names, each once.

    What cannot be read, is small, flat or very long is left out. Raises UsageError for a folder that is
    missing or has no pictures.
    """
    whole: list[Image.Image] = []
    cut_outs: list[Image.Image] = []
    seen: list[int] = []
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"there is no folder {folder}")
        before = len(seen)
        for data in _files(folder):
            picture = _open(data)
            if picture is None:
                continue
            mark = _print(picture)
            if any((mark ^ other).bit_count() <= ALIKE for other in seen):
                continue
            seen.append(mark)
            if picture.mode == "RGBA":
                cut_outs.append(picture)
            else:
                whole += _parts(picture)
        if len(seen) == before:
            raise UsageError(f"there are no new pictures in {folder}")
    return Pictures(whole, cut_outs)


def _files(folder: Path) -> Iterator[bytes]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in KINDS and path.is_file():
            yield path.read_bytes()
        elif path.suffix.lower() == BUNDLE and path.is_file():
            yield from bundled(path.read_bytes())


def bundled(data: bytes) -> Iterator[bytes]:
    """The pictures in a bundle: each stands behind its length, a big-endian number of four bytes."""
    places = []
    for sign, inset in SIGNS:
        place = data.find(sign)
        while place >= 0:
            places.append(place - inset)
            place = data.find(sign, place + 1)
    end = 0
    for place in sorted(places):
        if place < max(end, 4):
            continue  # a sign within the picture before
        (length,) = struct.unpack(">I", data[place - 4 : place])
        if 0 < length <= len(data) - place:
            end = place + length
            yield data[place:end]


def _open(data: bytes) -> Image.Image | None:
    """An RGB or, for a cut-out, an RGBA picture of at most twice the kept size; None for what is no use."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as file:
                width, height = file.size
                if min(width, height) < SMALLEST or max(width, height) > LONGEST * min(width, height):
                    return None
                file.draft("RGB", (4 * SIDE, 4 * SIDE))
                clear = "transparency" in file.info or file.mode in ("RGBA", "LA", "PA")
                picture = file.convert("RGBA" if clear else "RGB")
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError, Image.DecompressionBombError):
        return None
    if clear:
        small = np.asarray(picture.getchannel("A").resize((64, 64), Image.Resampling.BOX))
        if not EMPTY[0] < (small < 128).mean() < EMPTY[1]:
            picture = picture.convert("RGB")
    if np.asarray(picture.convert("RGB").resize((64, 64))).std((0, 1)).max() < FLATTEST:
        return None
    return _shrunk(picture) if picture.mode == "RGBA" else picture


def _print(picture: Image.Image) -> int:
    """64 bits that are nearly the same for a picture in several sizes: where it gets brighter to the right
    (a difference hash)."""
    grey = np.asarray(picture.convert("L").resize((9, 8), Image.Resampling.BOX), np.int16)
    return int.from_bytes(np.packbits(np.diff(grey, axis=1) > 0).tobytes(), "big")


def _parts(picture: Image.Image) -> list[Image.Image]:
    parts = [_shrunk(picture)]
    width, height = picture.size
    if min(width, height) >= LARGE:
        across, down = width // 2, height // 2
        corners = ((0, 0), (across, 0), (0, down), (across, down))
        parts += [_shrunk(picture.crop((x, y, x + across, y + down))) for x, y in corners]
    return parts


def _shrunk(picture: Image.Image) -> Image.Image:
    share = SIDE / min(picture.size)
    if share >= 1:
        return picture
    size = (round(picture.width * share), round(picture.height * share))
    return picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
