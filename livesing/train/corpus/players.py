"""Who plays what: melody, chords, broken chords, bass. Each writes one part over the bars of a plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from livesing.train.corpus.factors import Factors
from livesing.train.corpus.harmony import Chord, nearest, scale_of, voicings
from livesing.train.corpus.score import Note, Part, Pulse

RHYTHMS: tuple[tuple[tuple[float, ...], ...], ...] = (
    ((4,), (2, 2), (3, 1)),
    ((2, 2), (2, 1, 1), (1, 1, 2), (1.5, 0.5, 2), (3, 1)),
    ((1, 1, 1, 1), (1, 0.5, 0.5, 2), (1.5, 0.5, 1, 1), (1, 1, 0.5, 0.5, 1), (0.5, 0.5, 1, 2)),
    (
        (0.5, 0.5, 1, 0.5, 0.5, 1),
        (1, 0.5, 0.5, 0.5, 0.5, 1),
        (0.5, 0.5, 0.5, 0.5, 1, 1),
        (1.5, 0.5, 0.5, 0.5, 1),
    ),
    ((0.5,) * 8, (0.5, 0.25, 0.25) * 4, (0.25,) * 8 + (1, 1), (0.75, 0.25) * 4, (0.25,) * 4 + (0.5,) * 6),
)
"""Bars of a melody in beats, from long notes to many; cut short in triple time."""

FASTEST = 8.5
"""Notes a second that a player gets out."""


@dataclass
class Bar:
    """beat: where it begins; beats: its length; chord: what sounds; key: tonic 0..11 at the time."""

    beat: float
    beats: int
    chord: Chord
    tonic: int
    phrase_place: float  # 0..1 through the phrase


@dataclass
class Plan:
    """What all players share."""

    factors: Factors
    bars: list[Bar]
    pulse: Pulse
    rng: np.random.Generator
    swing: float  # 0 even eighths .. .33 triplets
    loose_s: float  # the most that a note strays in time
    end_beat: float

    def level(self, offset: int = 0) -> int:
        """0..4: how many notes, so that no player has to be faster than FASTEST."""
        level = round(2.0 + 2.2 * self.factors.density) + offset
        level = min(max(level, 0), 4)
        per_beat = (0.4, 0.7, 1.0, 1.6, 2.8)
        while level > 0 and per_beat[level] * self.factors.bpm / 60.0 > FASTEST:
            level -= 1
        return level

    def subdivision(self, offset: int = 0) -> float:
        """Beats between the notes of an accompaniment: 2 .. .25."""
        return (2.0, 1.0, 0.5, 0.5, 0.25)[self.level(offset)] if self.factors.bpm < 150 else (
            4.0, 2.0, 1.0, 0.5, 0.5,
        )[self.level(offset)]  # fmt: skip

    def velocity(self, bar: Bar, accent: float = 0.0) -> int:
        """With a swell over the phrase and a player's unevenness. accent: -1..1."""
        swell = 9.0 * (np.sin(np.pi * bar.phrase_place) - 0.5)
        value = 72.0 + 38.0 * self.factors.dynamics + swell + 12.0 * accent + self.rng.normal(0.0, 4.0)
        return int(min(max(value, 14.0), 127.0))

    def gate(self) -> float:
        """Share of its time that a note is held: staccato .24 .. legato 1.08."""
        return 0.66 - 0.42 * self.factors.articulation

    def add(self, part: Part, bar: Bar, offset: float, beats: float, pitch: int, accent: float = 0.0) -> None:
        """One note, `offset` beats into the bar, that lasts `beats`."""
        if not 12 <= pitch <= 115:
            return
        inside = offset % 1.0
        if self.swing and abs(inside - 0.5) < 1e-6:
            offset += self.swing / 2.0
        start_beat = bar.beat + offset
        if start_beat >= self.end_beat:
            return
        start = self.pulse.seconds(start_beat) + self.loose_s * float(self.rng.uniform(-1, 1))
        end = self.pulse.seconds(min(start_beat + beats, self.end_beat))
        velocity = self.velocity(bar, accent)
        part.notes.append(Note(max(start, 0.0), max(end - start, 0.04), pitch, velocity))


Player = Callable[[Plan, Part, float, list[Bar]], None]
"""(plan, part, centre of the register as a MIDI number, the bars in which it plays)"""


def melody(plan: Plan, part: Part, centre: float, bars: list[Bar], offset: int = 0) -> None:
    """A tune of motifs that come back: chord tones on strong beats, steps in between."""
    rng, gate = plan.rng, plan.gate()
    choices = RHYTHMS[plan.level(offset)]
    motifs = [choices[int(rng.integers(len(choices)))] for _ in range(2)]
    turns = [rng.integers(-2, 3, 16) for _ in range(2)]
    pitch = nearest(bars[0].tonic, centre) if bars else round(centre)
    for index, bar in enumerate(bars):
        which = (0, 0, 1, 0)[index % 4]
        place = 0.0
        last = index == len(bars) - 1 or bar.phrase_place > 0.99
        aim = centre + 5.0 * np.sin(np.pi * bar.phrase_place) - 1.0
        for number, beats in enumerate(motifs[which] if not last else (2, 2)):
            if place >= bar.beats:
                break
            beats = min(beats, bar.beats - place)
            if place % 1.0 == 0.0 and (place % 2.0 == 0.0 or rng.random() < 0.5):
                wanted = 0.6 * pitch + 0.4 * aim + float(turns[which][number])
                pitch = min(
                    (nearest(tone, wanted) for tone in bar.chord.classes), key=lambda p: abs(p - wanted)
                )
            else:
                steps = scale_of(plan.factors.mode, bar.tonic, bar.chord)
                up = turns[which][number] > 0 if turns[which][number] else pitch < aim
                pitch = _step(pitch, steps, up)
            if last and place > 0:
                home = bar.tonic if bar.tonic in bar.chord.classes else bar.chord.root
                pitch = nearest(home, pitch)
            if not (rng.random() < 0.06 and place > 0):  # a breath now and then
                plan.add(part, bar, place, beats * gate, pitch, 0.6 if place == 0 else 0.2)
            place += beats


def _step(pitch: int, scale: list[int], up: bool) -> int:
    move = 1 if up else -1
    for _ in range(4):
        pitch += move
        if pitch % 12 in scale:
            return pitch
    return pitch


def _voiced(plan: Plan, centre: float, bars: list[Bar], voices: int) -> list[tuple[int, ...]]:
    return voicings([bar.chord for bar in bars], centre, voices)


def _pedalled(plan: Plan, left: float, beats: float) -> float:
    """How long a broken chord's note rings: into the pedal where the music is legato."""
    return left if plan.factors.articulation < -0.3 else beats * plan.gate()


def pad(plan: Plan, part: Part, centre: float, bars: list[Bar], voices: int = 4) -> None:
    """Chords held for their bar; tied where they stay, unless the music is detached."""
    gate = min(1.02, plan.gate() + 0.35)
    for bar, shape in zip(bars, _voiced(plan, centre, bars, voices), strict=True):
        for pitch in shape:
            plan.add(part, bar, 0.0, bar.beats * gate, pitch, -0.2)


def chords(plan: Plan, part: Part, centre: float, bars: list[Bar]) -> None:
    """Chords struck again and again, softer off the beat."""
    every = max(plan.subdivision(), 0.5)
    for bar, shape in zip(bars, _voiced(plan, centre, bars, 3), strict=True):
        for offset in np.arange(0.0, bar.beats, every):
            accent = 0.1 if offset == 0 else -0.4
            for pitch in shape:
                plan.add(part, bar, float(offset), every * plan.gate(), pitch, accent)


def comp(plan: Plan, part: Part, centre: float, bars: list[Bar]) -> None:
    """A rhythm section's syncopated chords: two or three stabs a bar."""
    patterns = ((0.0, 1.5), (0.0, 1.5, 3.0), (0.5, 2.0), (1.0, 2.5), (0.0, 2.0, 3.5), (1.0, 3.0))
    pattern = patterns[int(plan.rng.integers(len(patterns)))]
    for bar, shape in zip(bars, _voiced(plan, centre, bars, 4), strict=True):
        for offset in pattern:
            if offset < bar.beats:
                for pitch in shape:
                    plan.add(part, bar, offset, plan.gate(), pitch, 0.0)


def strum(plan: Plan, part: Part, centre: float, bars: list[Bar]) -> None:
    """Guitar: down and up strokes, the strings a few milliseconds apart."""
    every = plan.subdivision()
    for bar, shape in zip(bars, _voiced(plan, centre, bars, 4), strict=True):
        for stroke, offset in enumerate(np.arange(0.0, bar.beats, max(every, 0.5))):
            strings = shape if stroke % 2 == 0 else shape[::-1][:3]
            spread = 0.012 * plan.factors.bpm / 60.0
            for string, pitch in enumerate(strings):
                ring = max(every, 0.5) * max(plan.gate(), 0.4)
                at = float(offset) + spread * string
                plan.add(part, bar, at, ring, pitch, -0.1 if stroke % 2 == 0 else -0.5)


def power(plan: Plan, part: Part, centre: float, bars: list[Bar]) -> None:
    """Fifths on a distorted guitar, palm-muted where the music is detached."""
    every = min(max(plan.subdivision(), 0.25), 1.0)
    for bar in bars:
        root = nearest(bar.chord.root, centre)
        for offset in np.arange(0.0, bar.beats, every):
            for pitch in (root, root + 7, root + 12):
                plan.add(part, bar, float(offset), every * max(plan.gate(), 0.3), pitch, 0.2)


FIGURES = {
    "alberti": (0, 2, 1, 2),
    "up": (0, 1, 2, 3),
    "wave": (0, 1, 2, 3, 2, 1),
    "broken": (0, 2, 1, 3),
    "down": (3, 2, 1, 0),
}


def arpeggio(plan: Plan, part: Part, centre: float, bars: list[Bar]) -> None:
    """Broken chords in one figure throughout."""
    names = list(FIGURES)
    figure = FIGURES[names[int(plan.rng.integers(len(names)))]]
    every = min(plan.subdivision(), 1.0)
    for bar, shape in zip(bars, _voiced(plan, centre, bars, 3), strict=True):
        tones = (*shape, shape[0] + 12)
        for number, offset in enumerate(np.arange(0.0, bar.beats, every)):
            pitch = tones[figure[number % len(figure)] % len(tones)]
            rings = _pedalled(plan, bar.beats - float(offset), every)
            plan.add(part, bar, float(offset), rings, pitch, 0.0 if number == 0 else -0.35)


def bass(plan: Plan, part: Part, centre: float, bars: list[Bar]) -> None:
    """Roots, roots and fifths, or a pumping bass, by how busy the piece is."""
    every = (4.0, 2.0, 2.0, 1.0, 0.5)[plan.level()]
    every = 1.0 if every == 0.5 and plan.factors.bpm > 150 else every
    for bar in bars:
        root = nearest(bar.chord.root, centre)
        for number, offset in enumerate(np.arange(0.0, bar.beats, every)):
            fifth = every >= 1.0 and number % 2 == 1 and (bar.chord.root + 7) % 12 in bar.chord.classes
            length = min(every, bar.beats - float(offset)) * min(plan.gate() + 0.2, 1.0)
            plan.add(part, bar, float(offset), length, root - 5 if fifth else root, 0.1)


def walking(plan: Plan, part: Part, centre: float, bars: list[Bar]) -> None:
    """Jazz: a quarter on every beat, chord tones and a step into the next chord."""
    for index, bar in enumerate(bars):
        following = bars[(index + 1) % len(bars)].chord.root
        line = [nearest(bar.chord.root, centre)]
        line += [nearest(tone, line[0] + 3) for tone in bar.chord.classes[1:3]]
        line += [nearest(following, line[0]) + int(plan.rng.choice([-1, 1]))]
        for offset in range(bar.beats):
            plan.add(part, bar, float(offset), 0.9, line[min(offset, len(line) - 1)], 0.1)


def drone(plan: Plan, part: Part, centre: float, bars: list[Bar]) -> None:
    """Tonic and fifth, four bars at a time."""
    for bar in bars[::4]:
        for step in (0, 7, 12):
            plan.add(part, bar, 0.0, 4.0 * bar.beats, nearest(bar.tonic, centre) + step, -0.3)


def waltz(plan: Plan, part: Part, centre: float, bars: list[Bar]) -> None:
    """Stride: bass on the strong beats, a chord on the others."""
    for bar, shape in zip(bars, _voiced(plan, centre + 5.0, bars, 3), strict=True):
        for offset in range(bar.beats):
            if offset == 0 or (bar.beats == 4 and offset == 2):
                root = nearest(bar.chord.root, centre - 12.0) - (5 if offset else 0)
                plan.add(part, bar, float(offset), plan.gate() + 0.2, root, 0.1)
                continue
            for pitch in shape:
                plan.add(part, bar, float(offset), plan.gate(), pitch, -0.4)


def tremolo(plan: Plan, part: Part, centre: float, bars: list[Bar]) -> None:
    """Repeated notes of the chord's upper voices: an agitated string section."""
    every = 0.25 if plan.factors.bpm < 130 else 0.5
    for bar, shape in zip(bars, _voiced(plan, centre, bars, 3), strict=True):
        for offset in np.arange(0.0, bar.beats, every):
            for pitch in shape[1:]:
                plan.add(part, bar, float(offset), every * min(plan.gate() + 0.2, 1.0), pitch, -0.2)


def counter(plan: Plan, part: Part, centre: float, bars: list[Bar]) -> None:
    """A second, slower tune."""
    melody(plan, part, centre, bars, offset=-1)
