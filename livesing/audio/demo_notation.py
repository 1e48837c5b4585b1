"""The written language of the demo piece: notes, chord symbols, melodies and time in beats.

A part is written in beats and note names; a `Passage` turns it into `Note`s in seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

BEATS_PER_BAR = 4

_STEP = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTAL = {"": 0, "#": 1, "b": -1}
# Semitones above the root, by the usual suffix of a chord symbol.
_QUALITY = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "m7": (0, 3, 7, 10),
    "maj7": (0, 4, 7, 11),
    "add9": (0, 2, 4, 7),
    "maj9": (0, 2, 4, 7, 11),
    "m9": (0, 2, 3, 7, 10),
    "sus4": (0, 5, 7),
    "7sus4": (0, 5, 7, 10),
    "9sus4": (0, 2, 5, 7, 10),
    "m6": (0, 3, 7, 9),
    "m7b5": (0, 3, 6, 10),
    "7b9": (0, 1, 4, 7, 10),
}


@dataclass(frozen=True, slots=True)
class Note:
    """One sound of the score."""

    start_s: float  # seconds from the beginning of the piece
    duration_s: float  # seconds from the attack until the release begins
    pitch: int  # MIDI note number, 60 = middle C; ignored by unpitched drums
    velocity: float  # 0..1
    instrument: str  # a name in `synth.INSTRUMENTS`
    pan: float = 0.0  # -1 left .. 1 right


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord symbol, taken apart: pitch classes 0..11, C = 0."""

    root: int
    bass: int  # the root unless the symbol has a slash
    classes: tuple[int, ...]  # distinct, in the order of `_QUALITY`


def pitch_number(name: str) -> int:
    """MIDI number of a note name such as ``F#4`` or ``Bb3`` (A4 = 69)."""
    match = re.fullmatch(r"([A-G])([#b]?)(-?\d)", name)
    if match is None:
        raise ValueError(f"not a note name: {name!r}")
    step, accidental, octave = match.groups()
    return 12 * (int(octave) + 1) + _STEP[step] + _ACCIDENTAL[accidental]


def chord(symbol: str) -> Chord:
    """Takes a symbol such as ``Gmaj9`` or ``D/F#`` apart; raises ValueError on an unknown one."""
    match = re.fullmatch(r"([A-G])([#b]?)([^/]*)(?:/([A-G])([#b]?))?", symbol)
    if match is None or match.group(3) not in _QUALITY:
        raise ValueError(f"not a chord symbol: {symbol!r}")
    step, accidental, quality, bass_step, bass_accidental = match.groups()
    root = (_STEP[step] + _ACCIDENTAL[accidental]) % 12
    bass = root
    if bass_step is not None:
        bass = (_STEP[bass_step] + _ACCIDENTAL[bass_accidental]) % 12
    return Chord(root, bass, tuple((root + interval) % 12 for interval in _QUALITY[quality]))


def chords(symbols: str) -> list[Chord]:
    """Chord symbols separated by spaces, one a bar."""
    return [chord(symbol) for symbol in symbols.split()]


def nearest(pitch_class: int, pitch: int) -> int:
    """The pitch of this class that lies nearest to `pitch` (MIDI numbers)."""
    return pitch + (pitch_class - pitch + 6) % 12 - 6


def lead_voices(harmony: Sequence[Chord], low: int, high: int, voices: int) -> list[tuple[int, ...]]:
    """Voices each chord of a progression in `low`..`high` so that every voice moves little.

    Each chord takes the voicing nearest to the one before it, with the usual cautions: all colours
    of the chord sound (the root may be left to the bass), no seconds low down, no parallel fifths
    or octaves between neighbours.

    Returns one ascending tuple of `voices` MIDI numbers a chord. Raises ValueError when the range
    is too narrow for a chord.
    """
    voicings: list[tuple[int, ...]] = []
    centre = (low + high) / 2
    for current in harmony:
        tones = [p for p in range(low, high + 1) if p % 12 in current.classes]
        needed = set(current.classes)
        if len(needed) > voices:
            needed.discard(current.root)
        if len(needed) > voices:
            needed.discard((current.root + 7) % 12)
        best: tuple[float, tuple[int, ...]] | None = None
        for candidate in combinations(tones, voices):
            if not needed <= {p % 12 for p in candidate}:
                continue
            gaps = [above - below for below, above in pairwise(candidate)]
            cost = 0.15 * abs(sum(candidate) / voices - centre)
            cost += sum(3.0 for gap, p in zip(gaps, candidate, strict=False) if gap < 3 and p < 57)
            cost += sum(1.5 for gap in gaps if gap > 9) + sum(1.0 for gap in gaps if gap == 1)
            if voicings:
                previous = voicings[-1]
                cost += sum(abs(a - b) for a, b in zip(candidate, previous, strict=True))
                cost += 4.0 * sum(
                    gap % 12 in (0, 7)
                    and candidate[i] != previous[i]
                    and previous[i + 1] - previous[i] == gap
                    for i, gap in enumerate(gaps)
                )
            if best is None or cost < best[0]:
                best = (cost, candidate)
        if best is None:
            raise ValueError(f"no voicing of {current} with {voices} voices in {low}..{high}")
        voicings.append(best[1])
    return voicings


def melody(text: str) -> Iterator[tuple[float, float, int]]:
    """Reads ``A4:1.5 D5:.5 -:2`` (note name or rest, beats; bar lines ``|`` are checked).

    Yields (beat, beats, MIDI number) of each note. Raises ValueError when a bar line does not
    stand on a bar.
    """
    beat = 0.0
    for token in text.replace("|", " | ").split():
        if token == "|":
            if beat % BEATS_PER_BAR:
                raise ValueError(f"bar line at beat {beat} of {text!r}")
            continue
        name, _, beats = token.partition(":")
        if name != "-":
            yield beat, float(beats), pitch_number(name)
        beat += float(beats)


class Passage:
    """Collects the notes of one section, written in beats from the section's beginning."""

    def __init__(self, start_s: float, bpm_by_bar: Sequence[float], random: np.random.Generator) -> None:
        """`bpm_by_bar` holds the tempo of each bar: quarter notes a minute."""
        self.notes: list[Note] = []
        self.bars = len(bpm_by_bar)
        self.random = random
        bar_s = BEATS_PER_BAR * 60.0 / np.asarray(bpm_by_bar, dtype=float)
        self._bar_start_s = start_s + np.concatenate([[0.0], np.cumsum(bar_s)])
        self._bar_s = bar_s

    def seconds(self, beat: float) -> float:
        """Time of a beat in the piece; beats before or after the section keep its edge tempo."""
        bar = min(max(int(beat // BEATS_PER_BAR), 0), self.bars - 1)
        share = beat / BEATS_PER_BAR - bar
        return float(self._bar_start_s[bar] + share * self._bar_s[bar])

    def add(
        self,
        instrument: str,
        beat: float,
        beats: float,
        pitch: int,
        velocity: float,
        pan: float = 0.0,
        loose: float = 0.0,
    ) -> None:
        """One note. `loose` makes it human: the most it strays in time, in seconds."""
        start_s = self.seconds(beat)
        duration_s = self.seconds(beat + beats) - start_s
        if loose:
            start_s += loose * float(self.random.uniform(-1.0, 1.0))
            velocity *= float(self.random.uniform(0.92, 1.06))
        velocity = min(max(velocity, 0.0), 1.0)
        self.notes.append(Note(max(start_s, 0.0), duration_s, pitch, velocity, instrument, pan))

    def sing(
        self,
        instrument: str,
        text: str,
        velocity: float | Callable[[float], float],
        *,
        beat: float = 0.0,
        transpose: int = 0,
        legato: float = 1.0,
        pan: float = 0.0,
        loose: float = 0.0,
        echo_beats: float = 0.0,
    ) -> None:
        """A melody, with two echoes, one from each side, when `echo_beats` is not 0.

        `velocity` may follow the beat of the section; `legato` scales what is held of a note.
        """
        for offset, beats, pitch in melody(text):
            at = beat + offset
            level = velocity(at) if callable(velocity) else velocity
            self.add(instrument, at, beats * legato, pitch + transpose, level, pan, loose)
            for repeat in (1, 2) if echo_beats else ():
                side = 0.7 if repeat % 2 else -0.7
                faded = level * 0.5**repeat
                when = at + repeat * echo_beats
                self.add(instrument, when, beats * legato, pitch + transpose, faded, side)

    def hold(
        self,
        instrument: str,
        voicings: Sequence[tuple[int, ...]],
        velocity: float | Callable[[float], float],
        *,
        beat: float = 0.0,
        beats: float = float(BEATS_PER_BAR),
    ) -> None:
        """Sustained voices, one voicing every `beats`; a voice that stays put is held over."""
        sounding: dict[int, float] = {}
        for index in range(len(voicings) + 1):
            here = beat + index * beats
            after = set(voicings[index]) if index < len(voicings) else set()
            # Held notes are renewed after two bars, so that the swell of the section reaches them.
            over = [p for p, since in sounding.items() if p not in after or here - since >= 8]
            for pitch in over:
                since = sounding.pop(pitch)
                level = velocity(since) if callable(velocity) else velocity
                self.add(instrument, since, here - since, pitch, level)
            for pitch in sorted(after - sounding.keys()):
                sounding[pitch] = here


def ramp(start: float, end: float, first: float, last: float) -> Callable[[float], float]:
    """A velocity that goes from `first` at beat `start` to `last` at beat `end`, flat outside."""

    def level(beat: float) -> float:
        return float(np.interp(beat, [start, end], [first, last]))

    return level
