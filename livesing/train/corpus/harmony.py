"""Chord symbols in Roman numerals, progressions of several modes, and voice leading."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np

DEGREES = {"I": 0, "II": 2, "III": 4, "IV": 5, "V": 7, "VI": 9, "VII": 11}
QUALITIES = {
    "": (0, 4, 7), "m": (0, 3, 7), "7": (0, 4, 7, 10), "m7": (0, 3, 7, 10), "maj7": (0, 4, 7, 11),
    "m6": (0, 3, 7, 9), "6": (0, 4, 7, 9), "o": (0, 3, 6), "o7": (0, 3, 6, 9), "h7": (0, 3, 6, 10),
    "+": (0, 4, 8), "sus4": (0, 5, 7), "sus2": (0, 2, 7), "add9": (0, 2, 4, 7), "m9": (0, 2, 3, 7, 10),
    "maj9": (0, 2, 4, 7, 11), "9": (0, 2, 4, 7, 10), "7b9": (0, 1, 4, 7, 10), "5": (0, 7),
}  # fmt: skip

SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "axis": (0, 2, 4, 5, 7, 9, 11),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "blues": (0, 2, 3, 4, 5, 7, 9, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "axis_minor": (0, 2, 3, 5, 7, 8, 10),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic_minor": (0, 2, 3, 5, 7, 8, 11),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
}

PROGRESSIONS: dict[str, tuple[str, ...]] = {
    "major": (
        "I IV V I", "I vi IV V", "I V vi IV I IV V I", "I ii V7 I", "I iii IV V", "I IV I V7 I IV V7 I",
        "I I6 ii7 V7", "I V7/V V7 I", "I IV ii V7", "I bVII IV I", "I vi ii V7", "I V IV I",
        "I iii vi IV I ii V7 I", "I iv I V7", "I III7 vi V7",
    ),
    "axis": ("I V vi IV", "IV V I vi", "I vi IV V", "IV I V vi", "I IV vi V"),
    "lydian": ("I II I II", "I II iii I", "Imaj7 II Imaj7 vi"),
    "mixolydian": ("I bVII IV I", "I v bVII IV", "I bVII I IV", "I IV bVII I"),
    "blues": ("I7 IV7 I7 I7 IV7 IV7 I7 I7 V7 IV7 I7 V7", "I7 IV7 I7 V7", "I7 I7 IV7 I7"),
    "dorian": ("i IV i IV", "i bIII IV i", "i7 IV7 i7 v", "i ii bIII IV"),
    "axis_minor": ("i bVI bIII bVII", "i bVII bVI bVII", "bVI bVII i bIII", "i bIII bVII iv"),
    "minor": (
        "i iv v i", "i bVI iv v", "i bVII bVI v", "i iv i v", "i bVI bVII i", "i v bVI iv",
        "i bIII bVI v", "im9 iv i v",
    ),
    "harmonic_minor": (
        "i iv V7 i", "i iih7 V7 i", "i bVI iv V7", "i V7 i iv i iv V7 i", "i bII V7 i", "i viio7 i V7",
        "i iv bVII bIII bVI iih7 V7 i", "i V bVI V7",
    ),
    "phrygian": ("i bII i bII", "i bII bIII bII", "i bvii bII i"),
}  # fmt: skip

OUTSIDE = ("viio7", "bII", "+", "#ivo7", "bvi", "bV5", "ivm6", "bIIIm", "V7b9")
"""Chords that a dissonant piece slips in."""


class Chord(NamedTuple):
    """root and bass: pitch classes 0..11; classes: all of them, from the root up."""

    root: int
    classes: tuple[int, ...]


def chord(symbol: str, tonic: int) -> Chord:
    """A Roman numeral such as bVI, V7, iih7 (half-diminished), V7/V over a tonic 0..11."""
    if "/" in symbol:
        symbol, of = symbol.split("/")
        tonic = chord(of, tonic).root
    match = re.fullmatch(r"([b#]?)([IVXivx]+)(.*)|(\+)", symbol)
    if match is None:
        raise ValueError(f"not a chord symbol: {symbol!r}")
    if match.group(4):
        root, quality = tonic, "+"
    else:
        numeral, quality = match.group(2), match.group(3)
        root = (tonic + DEGREES[numeral.upper()] + {"": 0, "b": -1, "#": 1}[match.group(1)]) % 12
        if numeral.islower() and quality in ("", "7", "6", "9"):
            quality = "m" + quality
    return Chord(root, tuple((root + step) % 12 for step in QUALITIES[quality]))


def spice(chords: list[Chord], tonic: int, dissonance: float, rng: np.random.Generator) -> list[Chord]:
    """The progression with strange chords, tritones and minor ninths for a dissonance of 0..1."""
    spiced: list[Chord] = []
    for index, current in enumerate(chords):
        if index and rng.random() < 0.45 * dissonance:
            current = chord(str(rng.choice(OUTSIDE)), tonic)
        if rng.random() < 0.6 * dissonance:
            clash = (current.root + int(rng.choice([1, 6, 11]))) % 12
            current = Chord(current.root, (*current.classes, clash))
        spiced.append(current)
    return spiced


def scale_of(mode: str, tonic: int, over: Chord) -> list[int]:
    """Pitch classes for a melody over a chord: the mode's, bent where the chord disagrees."""
    classes = {(tonic + step) % 12 for step in SCALES[mode]}
    for tone in over.classes:
        if tone not in classes:
            classes -= {(tone + 1) % 12, (tone - 1) % 12} - set(over.classes)
            classes.add(tone)
    return sorted(classes)


def nearest(pitch_class: int, pitch: float) -> int:
    """The pitch of this class nearest to `pitch` (MIDI numbers)."""
    return round(pitch + (pitch_class - pitch + 6.0) % 12.0 - 6.0)


def voicings(chords: Sequence[Chord], centre: float, voices: int) -> list[tuple[int, ...]]:
    """Each chord near `centre` (a MIDI number) so that the voices move little; ascending tuples."""
    result: list[tuple[int, ...]] = []
    before: tuple[int, ...] | None = None
    for current in chords:
        # The fifth is the first tone that a chord can do without.
        order = (0, 1, -1, 2, 3, 4) if len(current.classes) > 3 else (0, 1, 2)
        picked = dict.fromkeys(current.classes[i] for i in order if i < len(current.classes))
        tones = list(picked)[:voices]
        best: tuple[float, tuple[int, ...]] | None = None
        for octaves in product((-1, 0, 1), repeat=len(tones)):
            shape = tuple(
                sorted(nearest(tone, centre) + 12 * up for tone, up in zip(tones, octaves, strict=True))
            )
            cost = 0.3 * abs(sum(shape) / len(shape) - centre) + 0.25 * (shape[-1] - shape[0])
            cost += sum(6.0 for low, high in pairwise(shape) if high - low < 3 and low < 55)
            if before is not None:
                cost += sum(min(abs(a - b) for b in before) for a in shape)
                cost += 0.5 * abs(shape[-1] - before[-1])
            if best is None or cost < best[0]:
                best = (cost, shape)
        assert best is not None
        before = best[1]
        result.append(before)
    return result
