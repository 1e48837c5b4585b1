"""Trains the network that hears note onsets: `python -m livesing.train.notes FOLDER`.

FOLDER keeps the music's bands and the state of the training, so a run that was stopped goes on. The network
and its model card are written into it; what ships lies in livesing/audio.
"""

from __future__ import annotations

import argparse
import math
import sys
from datetime import date
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from livesing.array_file import write_arrays
from livesing.audio.bands import Spectrum
from livesing.audio.framing import Floats, Framer
from livesing.audio.note_bands import BANDS, NoteBands
from livesing.audio.note_density import (
    CHANGES,
    DELAY,
    GROUPS,
    HIDDEN,
    JUDGES,
    LAGS,
    REACH,
    NoteDensity,
    changes,
)
from livesing.audio.slow import HOP, SLOW_RATE, SlowPath
from livesing.errors import LivesingError
from livesing.train.image_report import show_progress
from livesing.train.notes_music import INSTRUMENTS, SECONDS, lesson, paired
from livesing.train.notes_net import prepared, taught_by, train
from livesing.whole_file import whole_file

FILE = "notes.safetensors"
LESSONS, EPOCHS, TEACHERS = 4400, 16, 5
SEED = 7
"""Of five that were tried the one by whose network all pairs of `livesing.train.corpus.pairs` come right."""
LESSON_FAINTEST = 1e-8
"""Mean square, -80 dB: what is fainter at the beginning of a lesson is a synthesiser's own noise."""
HELD_OUT = 8
"""One lesson of so many is not learnt from, and of twins one pair."""
SMEARED = (0.25, 0.5, 0.25)
"""An onset as the network is to hear it: over three frames."""
FARTHEST = 7
"""Semitones by which a lesson is transposed when it is heard again."""


def bands_of(sound: Floats) -> Floats:
    """[n] samples at SLOW_RATE -> [frames, BANDS], as the slow path hears them."""
    framer = Framer(SlowPath.WINDOW, HOP)
    spectrum, bands = (
        Spectrum(SlowPath.WINDOW, [2, 3]),
        NoteBands(SlowPath.WINDOW, SLOW_RATE, HOP / SLOW_RATE, LESSON_FAINTEST),
    )
    return bands.push(spectrum.powers(framer.push(sound)))


def target_of(attacks: list[tuple[float, float]], frames: int) -> Floats:
    """[frames] how many onsets the network is to hear in each: an onset shows DELAY frames after it."""
    target = np.zeros(frames + 2, dtype=np.float32)
    for time_s, counts in attacks:
        middle = round(time_s * SLOW_RATE / HOP) + DELAY - 1
        for place, share in zip((middle, middle + 1, middle + 2), SMEARED, strict=True):
            if place < target.size:
                target[place] += share * counts
    return np.minimum(target[1:-1], 1.0)


def lesson_rows(number: int, folder: Path) -> tuple[Floats, Floats]:
    """(bands [frames, BANDS], target [frames]) from the folder, or from the music."""
    file = folder / f"{number:05d}.npz"
    if not file.is_file():
        sound, attacks = lesson(number)
        bands = bands_of(sound)
        with whole_file(file) as partial, partial.open("wb") as out:
            np.savez(out, bands=bands.astype(np.float16), target=target_of(attacks, len(bands)))
    with np.load(file) as kept:
        return kept["bands"].astype(np.float32), kept["target"]


def gathered(single: list[int], twins: list[int], folder: Path) -> tuple[Floats, Floats]:
    """x and y of train: lessons as they are and in other keys, last of all the twins, both in the same."""
    numbers = single + single + twins + twins
    count = len(single)
    rows = {number: lesson_rows(number, folder) for number in {*single, *twins}}
    frames = min(len(bands) for bands, _ in rows.values())
    x = np.zeros((len(numbers), frames + REACH - 1 - max(LAGS), GROUPS * CHANGES), dtype=np.float32)
    for place, number in enumerate(numbers):
        bands = rows[number][0][:frames]
        moved = count <= place < 2 * count or place >= 2 * count + len(twins)
        # What came before a piece is silence, as in the show.
        stream = np.zeros((REACH - 1 + frames, BANDS), dtype=np.float32)
        stream[REACH - 1 :] = transposed(bands, number // 2) if moved else bands
        x[place] = changes(stream)
    return x, np.stack([rows[number][1][:frames] for number in numbers])


def transposed(bands: Floats, seed: int) -> Floats:
    """Bands moved up or down by up to FARTHEST semitones, with silence at the edge."""
    up = int(np.random.default_rng([seed, 441]).choice([*range(-FARTHEST, 0), *range(1, FARTHEST + 1)]))
    moved = np.roll(bands, up, axis=1)
    moved[:, slice(0, up) if up > 0 else slice(up, None)] = 0.0
    return moved


def agreement(
    arrays: dict[str, NDArray[np.float32]], numbers: list[int], folder: Path
) -> tuple[float, float]:
    """(correlation, root mean square error) of log2(onsets a second + 0.5) of whole lessons with what they
    hold."""
    told: list[float] = []
    meant: list[float] = []
    for number in numbers:
        bands, target = lesson_rows(number, folder)
        shares = NoteDensity(HOP / SLOW_RATE, 3.0, arrays).push(bands)
        for rates, each in ((told, shares), (meant, target)):
            rates.append(math.log2(float(each.mean()) * SLOW_RATE / HOP + 0.5))
    away = np.subtract(told, meant)
    return float(np.corrcoef(told, meant)[0, 1]), float(np.sqrt(np.mean(away**2)))


def card(lessons: int, held_out: int, score: tuple[float, float], options: str) -> str:
    """The model card."""
    facts = {
        "file": f"`{FILE}`, read by `livesing/audio/note_density.py`",
        "kind": f"changes of semitone bands over {REACH} frames of 24 ms -> {HIDDEN} and {JUDGES} units -> "
        "the share of an onset in a frame",
        "data": f"{lessons} pieces of {SECONDS:g} s, composed by code, played on {INSTRUMENTS} instruments "
        "and drums by fluidsynth (soundfonts FluidR3 (MIT) and TimGM6mb (GPL-2)), by livesing's own "
        "synthesiser and by plain oscillators; no recordings",
        "terms": "those of livesing: GPL-3.0-or-later",
        "made by": f"`python -m livesing.train.notes FOLDER` ({options})",
        "date": date.today().isoformat(),
    }
    rows = "\n".join(f"| {name} | {fact} |" for name, fact in facts.items())
    return (
        f"# Model card: note density\n\n| | |\n| --- | --- |\n{rows}\n\n"
        f"On {held_out} pieces that it was not trained on: log2 of onsets a second (+ .5) correlates "
        f"{score[0]:.2f}\nwith what was played, root mean square error {score[1]:.2f} octaves.\n"
    )


def divided(lessons: int) -> tuple[list[int], list[int], list[int]]:
    """(numbers of single lessons, of pairs of twins, of those that are not learnt from)."""
    single = [number for number in range(lessons) if not paired(number)]
    pairs = [number for number in range(0, lessons - 1, 2) if paired(number)]
    twins = [number + each for number in pairs if number // 2 % HELD_OUT for each in (0, 1)]
    held = [number for number in single if number % HELD_OUT == 0]
    held += [number + each for number in pairs if number // 2 % HELD_OUT == 0 for each in (0, 1)]
    return [number for number in single if number % HELD_OUT], twins, held


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m livesing.train.notes",
        description="Trains the network that hears how many notes begin; goes on where it stopped.",
    )
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    parser.add_argument("--lessons", metavar="N", type=int, default=LESSONS)
    parser.add_argument("--epochs", metavar="N", type=int, default=EPOCHS)
    parser.add_argument("--teachers", metavar="N", type=int, default=TEACHERS, help="have seeds 1..N")
    parser.add_argument("--seed", metavar="N", type=int, default=SEED)
    options = parser.parse_args()
    torch.set_num_threads(1)
    kept = options.folder / "lessons"
    kept.mkdir(parents=True, exist_ok=True)
    try:
        for number in range(options.lessons):
            lesson_rows(number, kept)
            show_progress(number + 1, options.lessons, "lessons played")
        learnt, twins, others = divided(options.lessons)
        x, y = gathered(learnt, twins, kept)
        lessons, scaling = prepared(x, y, 2 * len(twins))
        states = f"{options.lessons}-{options.epochs}"
        teachers = []
        for seed in range(1, options.teachers + 1):
            state = options.folder / f".notes-{seed}-{states}-0.pt"
            name = f" of teacher {seed} of {options.teachers}"
            teachers.append(train(lessons, options.epochs, seed, state, name))
        if teachers:
            lessons = taught_by(teachers, lessons)
        state = options.folder / f".notes-{options.seed}-{states}-{options.teachers}.pt"
        arrays = scaling | train(lessons, options.epochs, options.seed, state).arrays()
    except LivesingError as error:
        print(f"\n{error}", file=sys.stderr)
        return 2
    score = agreement(arrays, others, kept)
    write_arrays(options.folder / FILE, arrays, {"terms": "GPL-3.0-or-later", "seed": str(options.seed)})
    made = f"--lessons {options.lessons} --epochs {options.epochs} --teachers {options.teachers}"
    told = card(len(learnt) + len(twins), len(others), score, f"{made} --seed {options.seed}")
    with whole_file(options.folder / "notes.md") as partial:
        partial.write_text(told, encoding="utf-8")
    print(f"{len(others)} pieces held out: r {score[0]:.3f}, error {score[1]:.2f} octaves")
    return 0


if __name__ == "__main__":
    sys.exit(main())
