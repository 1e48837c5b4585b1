"""`livesing story`: a piece's feeling, what was dreamt for it, and the frames where it turns.

The piece is heard, felt, translated and followed through latent space as in the show, thirty times a second;
only the key frames are drawn.
"""

import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from livesing import assets
from livesing.audio.slow import STEP_S
from livesing.errors import UsageError
from livesing.generation.engine_open import ServedGenerator
from livesing.offline_dream import DREAM_FPS, ORIGIN, OfflineDream
from livesing.preset import PresetFolder
from livesing.story_turns import moments, sections
from livesing.translation.class_table import load, shipped
from livesing.translation.translator import CLASSES

STEPS_PER_ROW = round(STEP_S * DREAM_FPS)
MOST_ROWS = 2400
"""A piece of more than twenty minutes is told in coarser steps."""
SETTLE_SECONDS = 5.0
"""After a turn, until the dream has followed."""
LEAST_ROWS = 4


BESIDE = 0.6


class KeyFrame(NamedTuple):
    """A moment of the story."""

    time: float
    """Seconds from the beginning."""
    name: str
    """Of the class that rules the picture then."""
    beside: str
    """Of another that has at least BESIDE of its share; empty where none has."""
    picture: np.ndarray
    """[h, w, 3] uint8."""


class Story(NamedTuple):
    """What the figure shows; N rows in time."""

    title: str
    about: str
    """The look, the generator and the seed, in words."""
    times: np.ndarray
    """[N] seconds."""
    moods: np.ndarray
    """[N, 2] (valence, arousal) that was dreamt for, z-scores."""
    classes: np.ndarray
    """[N, C] shares of C classes that rule the piece, 0..1, in the order in which they come."""
    names: tuple[str, ...]
    """[C]"""
    turns: tuple[float, ...]
    """Seconds at which sections begin; the first is 0."""
    frames: tuple[KeyFrame, ...]
    """One for each section."""


class _Rows:
    """What was dreamt, at most MOST_ROWS rows of it: when they are full every other one is let go."""

    def __init__(self) -> None:
        self.stride = 1
        self.times: list[float] = []
        self.moods: list[tuple[float, float]] = []
        self.aims: list[tuple[np.ndarray, np.ndarray]] = []
        """z [1, 3, 128] and classes [1, 3, 1000]."""

    def add(
        self, number: int, time: float, mood: tuple[float, float], z: np.ndarray, classes: np.ndarray
    ) -> None:
        if number % self.stride:
            return
        if len(self.times) == MOST_ROWS:
            self.stride *= 2
            for column in (self.times, self.moods, self.aims):
                del column[1::2]
            if number % self.stride:
                return
        self.times.append(time)
        self.moods.append(mood)
        self.aims.append((z, classes))


def tell(
    audio: Path, generator: ServedGenerator, *, preset: str | None = None, seed: int = 0,
    feeling: str = "cues", presets_folder: Path | None = None, most_classes: int = 16,
) -> Story:  # fmt: skip
    """Hear and dream a piece. Raises LivesingError for a bad file, preset or feeling, and a piece of under
    2 s."""
    folder = PresetFolder(presets_folder or assets.folder("presets"))
    _, messages = folder.poll()
    for message in messages:
        print(f"livesing: {message}", file=sys.stderr)
    if not folder.presets:
        raise UsageError("there is no usable preset")
    look = folder.find(preset) if preset else folder.presets[0]
    piece = OfflineDream(audio, seed=seed, feeling=feeling, generator=generator)
    try:
        piece.wear(look, folder.folder)
        rows = _Rows()
        for number, (time, _) in enumerate(piece.heard(DREAM_FPS)):
            aim = piece.dreamer.follow(ORIGIN + time)
            if number % STEPS_PER_ROW == 0:
                mood = (aim.valence, aim.arousal)
                rows.add(number // STEPS_PER_ROW, time, mood, aim.z, aim.classes)
                _progress(time)
    finally:
        piece.sound.close()
    if len(rows.times) < LEAST_ROWS:
        raise UsageError(f"{audio.name} lasts under {LEAST_ROWS * STEP_S:g} s: too short for a story")
    moods = np.array(rows.moods)
    starts = sections(moods)
    step = rows.stride * STEP_S
    shares = np.stack([classes[0].mean(axis=0) for _, classes in rows.aims])
    shown = moments(starts, len(moods), SETTLE_SECONDS / step)
    ruling = _ruling(shares, shown, most_classes)
    names = class_names(generator.name)
    frames = []
    for row in shown:
        picture = generator.render_rgba(*rows.aims[row], None)[..., :3].copy()
        second, first = np.argsort(shares[row], kind="stable")[-2:].tolist()
        beside = names[second] if shares[row, second] >= BESIDE * shares[row, first] else ""
        frames.append(KeyFrame(rows.times[row], names[first], beside, picture))
    return Story(
        title=audio.stem.replace("_", " "),
        about=f"look {look.title}, generator {generator.name}, seed {seed}",
        times=np.array(rows.times),
        moods=moods,
        classes=shares[:, ruling],
        names=tuple(names[number] for number in ruling),
        turns=tuple(rows.times[start] for start in starts),
        frames=tuple(frames),
    )


def _ruling(shares: np.ndarray, shown: list[int], most: int) -> list[int]:
    """The classes that rule the rows `shown`, and of the others those with most of the whole [N, 1000]; in
    the order in which they first come to half of their height."""
    whole = shares.sum(axis=0)
    order = list(
        dict.fromkeys([*shares[shown].argmax(axis=1).tolist(), *np.argsort(-whole, kind="stable").tolist()])
    )
    chosen = np.array([number for number in order[:most] if whole[number] > 1e-3 * whole.max()])
    strong = shares[:, chosen] >= 0.5 * shares[:, chosen].max(axis=0)
    return [int(number) for number in chosen[np.argsort(strong.argmax(axis=0), kind="stable")]]


def class_names(generator: str) -> list[str]:
    """What the 1000 classes of a generator are called; with its number where several share a name."""
    names = [f"class {number}" for number in range(CLASSES)]
    path = shipped(generator)
    if path is not None:
        table = load(path)
        shared = {name for name, times in Counter(table.names).items() if times > 1}
        for number, name in zip(table.numbers, table.names, strict=True):
            names[number] = f"{name} {number}" if name in shared else name
    return names


def _progress(time: float) -> None:
    if sys.stderr.isatty():
        print(f"\r{time:7.1f} s", end="", file=sys.stderr, flush=True)
