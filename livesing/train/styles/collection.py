"""The folder of painted styles: a JPEG for each, index.toml that says what they are, and a sheet of all."""

import json
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from livesing.errors import LivesingError, UsageError
from livesing.train.styles import SIDE, STYLES, painted
from livesing.whole_file import whole_file

INDEX = "index.toml"
LICENCE = "GPL-3.0-or-later"
QUALITY = 90
LEAST_QUALITY = 70
LARGEST = 300_000
"""Bytes of one file; the quality gives way until it fits."""
SMALLEST, BIGGEST = 64, 4096
"""Pixels along a side that can be asked for."""


def paint(
    folder: Path,
    names: Iterable[str] = (),
    seed: int | None = None,
    size: int = SIDE,
    told: Callable[[str], None] = print,
) -> list[Path]:
    """Paint the styles `names` (all if none) into `folder` and write them into its index -> the files.

    `told` hears of each file as it is done. Raises UsageError for a name or size that there is not, and
    LivesingError when the folder cannot be written.
    """
    wanted = list(dict.fromkeys(names)) or list(STYLES)
    for name in wanted:
        if name not in STYLES:
            raise UsageError(f"there is no style {name!r}; there are: {', '.join(STYLES)}")
    if not SMALLEST <= size <= BIGGEST:
        raise UsageError(f"a painting is {SMALLEST} to {BIGGEST} pixels wide, not {size}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LivesingError(f"{folder} cannot be made: {error.strerror or error}") from None
    entries = index(folder)
    files = []
    for name in wanted:
        path = folder / f"{name}.jpg"
        quality = _save(painted(name, size, seed), path)
        entries[name] = _entry(name, STYLES[name].seed if seed is None else seed, size)
        _write_index(folder, entries)
        files.append(path)
        told(f"{path}  {path.stat().st_size / 1000:.0f} kB, quality {quality}")
    return files


def index(folder: Path) -> dict[str, dict[str, object]]:
    """What index.toml of `folder` says of each style; empty without one. Raises LivesingError if broken."""
    try:
        return tomllib.loads((folder / INDEX).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:  # TOML and UTF-8 errors are ValueErrors
        raise LivesingError(f"{folder / INDEX} cannot be read: {error}") from None


def sheet(
    pictures: Iterable[np.ndarray], path: Path, columns: int = 4, side: int = 300, gap: int = 12
) -> None:
    """All `pictures` ([size, size, 3] uint8) side by side as a JPEG, each `side` pixels wide."""
    from PIL import Image

    small = [Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS) for picture in pictures]
    rows = -(-len(small) // columns)
    step = side + gap
    page = Image.new("RGB", (columns * step + gap, rows * step + gap), (24, 24, 26))
    for number, picture in enumerate(small):
        row, column = divmod(number, columns)
        short = columns - min(columns, len(small) - row * columns)  # the last row stands in the middle
        page.paste(picture, (gap + column * step + short * step // 2, gap + row * step))
    _save(np.asarray(page), path)


def read(path: Path) -> np.ndarray:
    """A painted file, [h, w, 3] uint8. Raises LivesingError."""
    from PIL import Image

    try:
        with Image.open(path) as file:
            return np.asarray(file.convert("RGB"))
    except (OSError, ValueError) as error:
        raise LivesingError(f"{path} cannot be read: {error}") from None


def _entry(name: str, seed: int, size: int) -> dict[str, object]:
    style = STYLES[name]
    return {
        "file": f"{name}.jpg",
        "title": style.title,
        "medium": style.medium,
        "valence": style.valence,
        "arousal": style.arousal,
        "brush": list(style.brush),
        "seed": seed,
        "size": size,
        "made_by": f"livesing train styles --seed {seed} --size {size} {name}",
        "licence": LICENCE,
    }


def _write_index(folder: Path, entries: dict[str, dict[str, object]]) -> None:
    lines = [
        "# Written by `livesing train styles`. Valence and arousal in standard units, as placed by hand;",
        "# brush: left and top, 0..1, of an even piece that is 7/16 of the side wide.",
    ]
    known = [name for name in STYLES if name in entries]
    for name in known + [name for name in entries if name not in STYLES]:
        lines += ["", f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in entries[name].items())]
    with whole_file(folder / INDEX) as partial:
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)  # TOML writes strings, numbers and lists of them the same


def _save(picture: np.ndarray, path: Path) -> int:
    """A JPEG of at most LARGEST bytes -> its quality."""
    from io import BytesIO

    from PIL import Image

    for quality in range(QUALITY, LEAST_QUALITY - 1, -2):
        memory = BytesIO()
        Image.fromarray(picture).save(memory, "JPEG", quality=quality, optimize=True, progressive=True)
        if len(memory.getvalue()) <= LARGEST:
            break
    with whole_file(path) as partial:
        partial.write_bytes(memory.getvalue())
    return quality
