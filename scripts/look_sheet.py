#!/usr/bin/env python3
"""A sheet of every look at passages of a piece, as `livesing render` draws them.

    .venv/bin/python scripts/look_sheet.py                                # docs/looks.jpg: the demo piece
    .venv/bin/python scripts/look_sheet.py -o mine.png --audio set.flac --at 60 95 --presets my-looks
    .venv/bin/python scripts/look_sheet.py --looks ember neon --at 140    # some looks alone

Each tile is the last frame of a few seconds that lead there, so that dream, trails and styles have settled.
"""

import argparse
import logging
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from livesing import assets  # noqa: E402
from livesing.audio import demo  # noqa: E402
from livesing.errors import LivesingError  # noqa: E402
from livesing.offline import OfflineShow  # noqa: E402
from livesing.preset import PresetFolder  # noqa: E402
from livesing.whole_file import whole_file  # noqa: E402

CALM, DRIVING = 28.0, 133.0
"""s into the demo piece."""
LEAD_S, FPS = 5.0, 20.0
DRAWN, TILE = (640, 360), (480, 270)
GAP, TITLE = 4, 26
PAPER, PRINT = (16, 16, 18), (208, 208, 204)


def tile(audio: Path, look: str, folder: Path, at: float, seed: int) -> Image.Image:
    """One look at `at` seconds into the sound."""
    show = OfflineShow(audio, size=DRAWN, fps=FPS, preset=look, seed=seed, presets_folder=folder)
    try:
        picture = None
        for shown in show.frames(max(at - LEAD_S, 0.0), LEAD_S):
            picture = shown.picture
    finally:
        show.close()
    if picture is None:
        raise LivesingError(f"{audio.name} ends before {at:g} s")
    return Image.fromarray(picture).resize(TILE, Image.Resampling.LANCZOS)


def sheet(audio: Path, looks: list[str], folder: Path, times: list[float], seed: int) -> Image.Image:
    """Two looks a row, and their passages one beside the other."""
    block = len(times) * (TILE[0] + GAP)
    across = 2 if len(looks) > 1 and len(times) < 3 else 1
    rows = -(-len(looks) // across)
    page = Image.new("RGB", (GAP + across * block, GAP + rows * (TITLE + TILE[1] + GAP)), PAPER)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(17)
    for number, look in enumerate(looks):
        left, top = GAP + number % across * block, GAP + number // across * (TITLE + TILE[1] + GAP)
        draw.text((left + 3, top + 1), look, fill=PRINT, font=font)
        for column, at in enumerate(times):
            page.paste(tile(audio, look, folder, at, seed), (left + column * (TILE[0] + GAP), top + TITLE))
            print(f"{look} at {at:g} s", flush=True)
    return page


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, default=ROOT / "docs" / "looks.jpg")
    parser.add_argument("--audio", metavar="FILE", type=Path, help="else the demo piece")
    parser.add_argument("--at", metavar="S", type=float, nargs="+", default=[CALM, DRIVING])
    parser.add_argument(
        "--presets", metavar="DIR", type=Path, help="a folder of looks; else the built-in ones"
    )
    parser.add_argument("--looks", metavar="NAME", nargs="+", help="else all of the folder")
    parser.add_argument("--seed", metavar="N", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    try:
        folder = options.presets or assets.folder("presets")
        found = PresetFolder(folder)
        found.poll()
        looks = options.looks or [preset.name for preset in found.presets]
        page = sheet(options.audio or demo.ensure(), looks, folder, options.at, options.seed)
        with whole_file(options.output) as partial:
            page.save(partial, quality=85, optimize=True)
    except LivesingError as error:
        print(f"look_sheet: {error}", file=sys.stderr)
        return 2
    print(f"{options.output}: {page.width} x {page.height}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
