"""Where looks lie in the plane of feeling: what people would feel at their pictures of a middling passage.

A look is painted as `render` paints it, and rated by the image estimator as wholly abstract: it is a dream of
the embedded generator, which shows no thing, also where glow and lines make it look like a photograph of one.
The mean over some seconds is written into its preset as `place = [valence, arousal]`, in z-scores
(sentiment/image.py).
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from livesing.audio.named_sound import demo_piece
from livesing.errors import LivesingError, PresetError
from livesing.offline import OfflineShow
from livesing.preset import Preset, load, parse
from livesing.sentiment.image import ImageEstimator
from livesing.whole_file import whole_file

SIZE = (320, 180)
FPS = 12.0
START, SECONDS = 56.0, 8.0
"""Of the demo piece: within its bright section, whose feeling is the nearest to the middle."""
EVERY = 8
"""One of so many frames is rated."""


def place_look(folder: Path, preset: Preset) -> tuple[float, float]:
    """Paint and rate a look of a folder, write its place into its file, and return it.

    Raises LivesingError where it cannot be painted, or its file cannot be written.
    """
    show = OfflineShow(demo_piece(), size=SIZE, fps=FPS, preset=preset.name, presets_folder=folder)
    try:
        place = mean_feeling(shown.picture for shown in show.frames(START, SECONDS))
    finally:
        show.close()
    write_place(folder / preset.file, place)
    return place


def mean_feeling(frames: Iterable[np.ndarray]) -> tuple[float, float]:
    """(valence, arousal) of frames [h, w, 3] uint8: of one of EVERY of them, to two decimals."""
    rated = [np.ascontiguousarray(frame) for number, frame in enumerate(frames) if number % EVERY == 0]
    told = ImageEstimator().explain(rated)
    valence, arousal = told._replace(abstract=np.ones_like(told.abstract)).blend().mean(0)
    # No -0.
    return round(float(valence), 2) + 0.0, round(float(arousal), 2) + 0.0


def write_place(path: Path, place: tuple[float, float]) -> None:
    """Put the place into a preset's file, and leave all else there as it is. Raises LivesingError."""
    before = load(path)
    text = with_place(path.read_text(encoding="utf-8-sig"), place)
    try:
        good = parse(text, path.name) == replace(before, place=place)
    except PresetError:
        good = False
    if not good:
        line = f"place = [{place[0]:g}, {place[1]:g}]"
        raise LivesingError(f"{path} is written in a way that is not understood here: add {line} yourself")
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


def with_place(text: str, place: tuple[float, float]) -> str:
    """The text of a preset with its place: in the line where it had one, or else in front of its tables."""
    written = f"place = [{place[0]:g}, {place[1]:g}]"
    lines = text.split("\n")
    tables = [number for number, line in enumerate(lines) if re.match(r"\s*\[", line)]
    first = tables[0] if tables else len(lines)
    had = [number for number in range(first) if re.match(r"\s*place\s*=", lines[number])]
    if had:
        lines[had[0]] = written
        return "\n".join(lines)
    last = first
    while last > 0 and not lines[last - 1].strip():
        last -= 1
    return "\n".join([*lines[:last], written, *lines[last:]])
