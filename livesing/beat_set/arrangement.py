"""From a groove and a map of beats to the events of a stretch of music."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from livesing.beat_set.drum_sounds import DRUMS, USUAL_LEVEL, Random
from livesing.beat_set.grooves import GROOVES, Groove
from livesing.beat_set.grooves_played import PLAYED
from livesing.beat_set.grooves_quiet import QUIET
from livesing.beat_set.tempo_map import TempoMap, swung

ALL_GROOVES: dict[str, Groove] = GROOVES | PLAYED | QUIET

_STROKES = {"X": 1.0, "x": 0.72, "o": 0.28, "?": 0.6}
_DEGREES = {"i": 0, "ii": 2, "iii": 4, "iv": 5, "v": 7, "vi": 9, "vii": 11}
_MINOR_DEGREES = {"i": 0, "ii": 2, "iii": 3, "iv": 5, "v": 7, "vi": 8, "vii": 10}
_MAJOR_SCALE = (0, 2, 4, 7, 9)
_MINOR_SCALE = (0, 3, 5, 7, 10)
ARPEGGIATED = ("pluck", "harp", "guitar", "piano", "bell")
"""Voices that break dense chords up into single notes, in a groove's first variant."""


class Event(NamedTuple):
    """One sound. time_s may lie a little off the grid; pitch is MIDI, or nothing for a drum."""

    time_s: float
    sound: str
    level: float
    pitch: float | None = None
    duration_s: float = 0.0


class Break(NamedTuple):
    """From `first` for `beats` beats something is missing: "drums", "kick", everything but the "pad",
    "all" (silence), or it is a "build": a snare roll that gets denser without a kick."""

    first: int
    beats: int
    kind: str


class Player:
    """Plays one stretch: a groove along a map of beats."""

    def __init__(
        self,
        groove: Groove,
        tempo: TempoMap,
        random: Random,
        *,
        variant: int = 0,
        breaks: tuple[Break, ...] = (),
        looseness: float = 1.0,
        key: int = 0,
    ) -> None:
        """looseness multiplies the groove's spread of timing; key: semitones over C."""
        self.groove = groove
        self.tempo = tempo
        self.breaks = breaks
        self._random = random
        self._variant = variant
        self._loose_s = groove.loose_s * looseness
        self._key = key
        self._bars = -(-(len(tempo.beats) - tempo.pickup) // groove.beats)
        self._events: list[Event] = []
        harmony = self._of(groove.harmony).split()
        self._minor = harmony[0].islower() and "ii" not in harmony
        self._chords = [self._chord(name) for name in harmony]

    def events(self) -> list[Event]:
        for bar in range(-1 if self.tempo.pickup else 0, self._bars):
            filled = self.groove.fills and bar % 8 == 7
            for sound, patterns in self.groove.drums.items():
                self._drum(bar, sound, self._of(patterns), filled)
            if filled:
                self._fill(bar)
            self._tonal(bar)
        self._builds()
        last = len(self.tempo.beats)
        return [event for event in self._events if event.time_s < float(self.tempo.time(last))]

    def _of(self, choices: tuple[str, ...]) -> str:
        return choices[self._variant % len(choices)] if choices else ""

    def _chord(self, name: str) -> tuple[int, tuple[int, ...]]:
        degree = (_MINOR_DEGREES if self._minor else _DEGREES)[name.lower()]
        return degree, (0, 3, 7) if name.islower() else (0, 4, 7)

    def _chord_at(self, bar: float) -> tuple[int, tuple[int, ...]]:
        return self._chords[int(max(bar, 0.0) / self.groove.bars_per_chord + 1e-6) % len(self._chords)]

    def _steps(self, pattern: str, bar: int) -> list[tuple[str, float]]:
        """The marks of one bar of a pattern, with their positions in beats."""
        groove = self.groove
        if not pattern:
            return []
        bars = max(len(pattern) // groove.steps, 1)
        first = (bar % bars) * groove.steps
        marks = pattern[first : first + groove.steps]
        start = self.tempo.pickup + bar * groove.beats
        found = []
        for step, mark in enumerate(marks):
            position = start + step * groove.beats / groove.steps
            if mark != "." and position > -1e-9 and not (mark == "?" and self._random.random() > 0.35):
                found.append((mark, position))
        return found

    def _silenced(self, position: float, part: str) -> bool:
        for first, beats, kind in self.breaks:
            if first - 1e-6 <= position < first + beats - 1e-6:
                drum = part in DRUMS
                return (
                    kind == "all"
                    or (kind == "kick" and part == "kick")
                    or (kind in ("drums", "build") and drum)
                    or (kind == "pad" and part != "pad")
                )
        return False

    def _time(self, position: float, behind_s: float = 0.0, loose: float = 1.0) -> float:
        bent = swung(np.asarray(position), self.groove.swing_unit, self.groove.swing)
        jitter = np.clip(self._random.normal(0.0, 1.0), -2.5, 2.5) * self._loose_s * loose
        return float(self.tempo.time(bent)) + behind_s + float(jitter)

    def _drum(self, bar: int, sound: str, pattern: str, filled: bool) -> None:
        behind_s = self.groove.late.get(sound, 0.0)
        half = self.tempo.pickup + (bar + 0.5) * self.groove.beats
        for mark, position in self._steps(pattern, bar):
            if self._silenced(position, sound) or (filled and position >= half - 1e-6 and sound != "kick"):
                continue
            level = _STROKES[mark] * USUAL_LEVEL[sound] * self._random.uniform(0.85, 1.1)
            self._events.append(Event(self._time(position, behind_s), sound, level))

    def _fill(self, bar: int) -> None:
        """The second half of a bar, on snare and toms, with a crash on what follows."""
        groove = self.groove
        start = self.tempo.pickup + (bar + 0.5) * groove.beats
        unit = groove.beats / groove.steps
        for step in range(groove.steps // 2):
            if self._random.random() < 0.3 or self._silenced(start + step * unit, "snare"):
                continue
            sound = ("snare", "tom_high", "tom_low")[min(3 * step // max(groove.steps // 2, 1), 2)]
            level = USUAL_LEVEL[sound] * self._random.uniform(0.5, 1.0)
            self._events.append(Event(self._time(start + step * unit), sound, level))
        after = start + 0.5 * groove.beats
        if self._random.random() < 0.6 and not self._silenced(after, "crash"):
            self._events.append(Event(self._time(after), "crash", USUAL_LEVEL["crash"]))

    def _builds(self) -> None:
        for first, beats, kind in self.breaks:
            if kind != "build":
                continue
            position = float(first)
            while position < first + beats - 1e-6:
                share = (position - first) / beats
                level = USUAL_LEVEL["snare"] * (0.3 + 0.6 * share)
                self._events.append(Event(self._time(position), "snare", level))
                position += 0.5 if share < 0.5 else 0.25

    def _tonal(self, bar: int) -> None:
        groove, random = self.groove, self._random
        root, colour = self._chord_at(bar)
        beat_s = float(self.tempo.time(1.0) - self.tempo.time(0.0))
        bar_s = groove.beats * beat_s
        home = 60 + self._key
        start = self.tempo.pickup + bar * groove.beats
        if groove.pad and bar >= 0 and bar % groove.bars_per_chord < 1 and not self._silenced(start, "pad"):
            for interval in colour:
                pitch = home + (root + interval) % 12
                length = bar_s * max(groove.bars_per_chord, 1.0)
                self._note(self._of(groove.pad), start, pitch, length, 0.5)
        marks = self._steps(self._of(groove.chords), bar)
        dense = len(marks) >= 1.5 * groove.beats
        arpeggio = dense and self._variant % 2 == 0 and self._of(groove.chord_voice) in ARPEGGIATED
        for number, (mark, position) in enumerate(marks):
            if self._silenced(position, "chords"):
                continue
            here, tones = self._chord_at(bar + (position - start) / groove.beats)
            level = _STROKES[mark] * random.uniform(0.8, 1.0)
            length = min(0.9 * beat_s, 0.9 * bar_s / max(len(marks), 1))
            chosen = (tones[number % 3],) if arpeggio else tones
            for interval in chosen:
                pitch = home + (here + interval + 4) % 12 - 4 + (12 if arpeggio and number % 4 == 3 else 0)
                self._note(self._of(groove.chord_voice), position, pitch, length, level / len(chosen) ** 0.5)
        self._bass(bar, beat_s)
        self._melody(bar, beat_s)

    def _bass(self, bar: int, beat_s: float) -> None:
        groove = self.groove
        marks = self._steps(self._of(groove.bass), bar)
        start = self.tempo.pickup + bar * groove.beats
        for number, (mark, position) in enumerate(marks):
            if self._silenced(position, "bass"):
                continue
            after = marks[number + 1][1] if number + 1 < len(marks) else start + groove.beats
            within = (position - start) / groove.beats
            root, _ = self._chord_at(bar + (1.0 if mark == "a" else within))
            step = {"5": 7, "8": 12}.get(mark, 0)
            if mark == "w" and number:
                step = int(self._random.choice([2, 3, 4, 5, 7, 9, -1, -2]))
            pitch = 36 + (self._key + root + 8) % 12 + step
            level = _STROKES.get(mark, 0.8)
            self._note(
                self._of(groove.bass_voice), position, pitch, 0.92 * (after - position) * beat_s, level
            )

    def _melody(self, bar: int, beat_s: float) -> None:
        groove, random = self.groove, self._random
        if groove.melody == 0.0 or bar < 0 or bar % 8 == 6:
            return
        scale = _MINOR_SCALE if self._minor else _MAJOR_SCALE
        start = self.tempo.pickup + bar * groove.beats
        ternary = groove.steps % 3 == 0 and groove.steps // groove.beats in (3, 6)
        unit = 1 / 3 if ternary else 0.5
        position = float(start)
        degree = int(random.integers(0, 8))
        while position < start + groove.beats - 1e-6:
            wanted = groove.melody * unit * (1.0 if abs(position - round(position)) < 1e-6 else 0.8)
            if random.random() < wanted and not self._silenced(position, "melody"):
                degree = int(np.clip(degree + random.integers(-2, 3), 0, 9))
                pitch = 60 + self._key + scale[degree % 5] + 12 * (degree // 5)
                length = float(random.choice([1, 1, 2, 3])) * unit * beat_s * 0.95
                self._note(self._of(groove.melody_voice), position, pitch, length, 0.8, loose=2.5)
            position += unit

    def _note(
        self, sound: str, position: float, pitch: float, length_s: float, level: float, loose: float = 1.0
    ) -> None:
        time_s = self._time(position, loose=loose)
        self._events.append(Event(max(time_s, 0.0), sound, level, float(pitch), max(length_s, 0.05)))
