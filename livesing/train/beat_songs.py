"""Random songs with known beats, as tracks of strokes and notes, to train the beat tracker on.

A song is drawn: of a genre (beat_genres.py) or of none (beat_patterns.py), a tempo, a feel, a pattern for
each layer. It shares no pattern and no piece with livesing/beat_set, on which the tracker is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from livesing.beat_set.tempo_map import TempoMap, played_beats, swung
from livesing.train.beat_genres import GENRES, LINES, Genre, grid_of, pattern_of
from livesing.train.beat_patterns import Grid, Pattern, Random, drawn, drum_patterns, pulse, random_grid

GENRELESS = 0.25
"""Share of songs of no genre among those of GENRES."""
DRUMLESS = 0.18
"""Share of songs of a genre with drums that do without."""


@dataclass
class Track:
    """One instrument.

    part   "low", "mid", "high" for drums; "bass", "chords", "arpeggio", "lead", "pad"
    gain   of its loudest note in the mix
    notes  (time s, level 0..1, pitch MIDI or 0, length s)
    """

    part: str
    gain: float
    notes: list[tuple[float, float, float, float]] = field(default_factory=list)


@dataclass
class Song:
    """Tracks, the map of beats, and the times of the kicks, s."""

    tempo: TempoMap
    bpm: float
    seconds: float
    tracks: list[Track] = field(default_factory=list)
    kicks_s: list[float] = field(default_factory=list)


class Songwriter:
    """Draws one song with one tempo."""

    def __init__(self, r: Random, seconds: float, genres: Mapping[str, Genre] = GENRES) -> None:
        self._r = r
        shares = np.array([genre.share for genre in genres.values()])
        known = genres is not GENRES or r.random() < 1.0 - GENRELESS
        name = str(r.choice(list(genres), p=shares / shares.sum())) if known else ""
        self._genre: Genre | None = genres[name] if name else None
        self._grid: Grid = grid_of(self._genre, r) if self._genre else random_grid(r)
        grid = self._grid
        self._with_drums = self._genre is None or any(getattr(self._genre, line) != "-" for line in LINES)
        self._drums = self._with_drums and r.random() > DRUMLESS
        played = self._genre.played if self._genre else r.random() < 0.5
        feel = {"drift": 0.0, "wave": 0.0, "wander": 0.0, "rubato": 0.0}
        if played:
            feel["wander"] = float(r.uniform(0, 0.022))
        if r.random() < 0.15:
            feel["drift"] = float(r.uniform(-0.25, 0.3))
        if r.random() < 0.08:
            feel["wave"] = float(r.uniform(0, 0.04))
        if not self._drums and played and r.random() < 0.5:
            feel["rubato"] = float(r.uniform(0, 0.07))
        beats = played_beats(0.0, seconds, grid.bpm, r, **feel)
        pickup = int(r.integers(0, grid.metre)) if r.random() < 0.25 else 0
        self._song = Song(TempoMap(beats, grid.metre, pickup), grid.bpm, seconds)
        self._loose_s = float(r.uniform(0, 0.016)) if played else 0.0
        self._bars = len(beats) // grid.metre + 2
        self._section = int(r.choice([2, 4, 8]))
        self._strokes = self._between = 0

    def song(self) -> Song:
        if self._drums:
            self._drum_tracks()
        self._tonal()
        return self._song

    @property
    def countable(self) -> bool:
        """Whether people would tap this beat: at a fast tempo something has to move between the beats, or
        they would tap half as fast. A genre's tempo is its own."""
        if self._genre is not None and self._with_drums:
            return self._strokes > 0
        return self._strokes > 0 and (self._grid.bpm < 105 or self._between > 0.2 * self._strokes)

    def _drum_tracks(self) -> None:
        r, grid = self._r, self._grid
        if self._genre is None:
            patterns = drum_patterns(grid, r)
        else:
            roles = ("low", "mid", "high", str(r.choice(["high", "mid"], p=[0.75, 0.25])))
            lines = [getattr(self._genre, line) for line in LINES]
            drawn_lines = [(role, pattern_of(line, grid, r)) for role, line in zip(roles, lines, strict=True)]
            # The last line is colour: often left out.
            if r.random() < 0.5:
                drawn_lines.pop()
            patterns = [(role, pattern) for role, pattern in drawn_lines if pattern is not None]
        level = r.uniform(0.6, 1.2)
        silent = self._holes(0.12)
        mutate = float(r.choice([0.0, 0.03, 0.1]))
        filled = r.random() < 0.5
        for role, pattern in patterns:
            gain = {"low": 0.9, "mid": 0.6, "high": 0.25}[role] * r.uniform(0.5, 1.2) * level
            track = Track(role, gain)
            self._strike(track, pattern, silent | self._holes(0.12), mutate, filled)
            self._song.tracks.append(track)
            if role == "low":
                self._song.kicks_s += [note[0] for note in track.notes if note[1] > 0.5]

    def _holes(self, chance: float) -> set[int]:
        """The bars in which a layer is silent, by sections."""
        silent = self._r.random(self._bars // self._section + 1) < chance
        return {bar for bar in range(self._bars) if silent[bar // self._section]}

    def _times(self, bar: int, pattern: Pattern, mutate: float) -> list[tuple[float, float, float]]:
        """(time s, level, position in beats) of the strokes of a bar."""
        grid, r = self._grid, self._r
        bars = max(pattern.size // grid.steps, 1)
        part = pattern[(bar % bars) * grid.steps :][: grid.steps].copy()
        if mutate:
            lost, won = r.random(part.size) < mutate, r.random(part.size) < 0.3 * mutate
            part = np.where(lost, 0.0, np.where(won & (part == 0), 0.5, part))
        steps = np.flatnonzero(part)
        tempo = self._song.tempo
        positions = tempo.pickup + (bar - 1) * grid.metre + steps / grid.parts
        bent = swung(positions, grid.swing_unit, grid.swing)
        times = tempo.time(bent) + np.clip(r.normal(0, 1, steps.size), -2.5, 2.5) * self._loose_s
        inside = (positions >= 0) & (times >= 0)
        self._strokes += steps.size
        self._between += int(np.count_nonzero(steps % grid.parts))
        return list(zip(times[inside], part[steps][inside], positions[inside], strict=True))

    def _strike(self, track: Track, pattern: Pattern, silent: set[int], mutate: float, filled: bool) -> None:
        r, grid = self._r, self._grid
        late_s = float(r.normal(0, 0.005)) if self._loose_s else 0.0
        for bar in range(self._bars):
            if bar in silent:
                continue
            here = pattern
            if filled and bar % 8 == 0 and track.part == "mid":  # a fill leads on to the next phrase
                here = pattern[: grid.steps].copy()
                first = grid.steps - int(r.choice([1, 2])) * grid.parts
                here[max(first, 0) :] = (r.random(grid.steps - max(first, 0)) < 0.7) * 0.9
            for time_s, level, _ in self._times(bar, here, mutate):
                loud = min(level * float(r.uniform(0.85, 1.1)), 1.0)
                track.notes.append((max(time_s + late_s, 0.0), loud, 0.0, 0.1))

    def _line(self, name: str) -> Pattern | None:
        """What the genre makes likely for bass, chords or lead; nothing where it leaves that open."""
        line = getattr(self._genre, name) if self._genre else ""
        return pattern_of(line, self._grid, self._r) if line else None

    def _tonal(self) -> None:
        grid, r, drums = self._grid, self._r, self._drums
        key = int(r.integers(-6, 6))
        scale = np.array([0, 2, 3, 5, 7, 8, 10] if r.random() < 0.5 else [0, 2, 4, 5, 7, 9, 11])
        length = int(r.choice([1, 2, 4, 8]))
        degrees = np.concatenate(([0], r.choice([0, 3, 4, 5, 1, 2, 6], length - 1).astype(int)))
        rate = float(r.choice([0.5, 1.0, 1.0, 1.0, 2.0]))  # bars a chord
        pickup = self._song.tempo.pickup

        def root(position: float) -> int:
            bar = max(position - pickup, 0.0) / grid.metre
            return int(degrees[int(bar / rate + 1e-6) % len(degrees)])

        def pitch(degree: int, low: int) -> float:
            semitones = scale[degree % 7] + key
            return float(low + (semitones - low) % 12 + 12 * (degree // 7))

        given = {name: self._line(name) for name in ("bass", "chords", "lead")}
        silent = {name for name in given if self._genre and getattr(self._genre, name) == "-"}
        turns = self._genre.turns if self._genre else ()
        if "bass" not in silent and r.random() < (0.85 if drums else 0.8):
            pattern = given["bass"] if given["bass"] is not None else self._bass_pattern()
            self._play("bass", pattern, r.uniform(0.2, 0.55), lambda at, k: [pitch(root(at), 31)], 0.95)
        if given["chords"] is not None or r.random() < 0.75:
            pattern = given["chords"] if given["chords"] is not None else self._chord_pattern()
            tones = (0, 2, 4) if r.random() < 0.7 else (0, 2, 4, 6)
            gain = r.uniform(0.08, 0.3) * (1.0 if drums else 1.4)
            # Dense chords are mostly broken, not struck.
            if turns or (not drums and pattern.astype(bool).mean() > 0.45 and r.random() < 0.7):
                figure = r.permutation([0, 2, 4, 7, 4, 2])
                if turns:
                    figure = r.choice([0, 2, 4, 7, 9], int(r.choice(turns)))
                self._play(
                    "chords",
                    pattern,
                    2 * gain,
                    lambda at, k: [pitch(root(at) + figure[k % len(figure)], 52)],
                    1.2,
                )
            else:
                self._play(
                    "chords", pattern, gain, lambda at, k: [pitch(root(at) + t, 52) for t in tones], 0.7
                )
        if r.random() < (0.4 if not drums and given["chords"] is None else 0.15):
            line = r.permutation([0, 2, 4, 7, 4, 2, 9, 7])[: int(r.integers(3, 9))]
            gain = r.uniform(0.12, 0.35)
            self._play(
                "arpeggio", pulse(grid, r), gain, lambda at, k: [pitch(root(at) + line[k % len(line)], 57)]
            )
        if "lead" not in silent and r.random() < 0.65:
            bars = int(r.choice([2, 4, 8]))
            pattern = drawn(
                grid, r, bars, density=r.uniform(0.1, 0.5), clarity=r.uniform(0, 1.5), per_second=4
            )
            pattern = given["lead"] if given["lead"] is not None else pattern
            walk = np.cumsum(r.integers(-2, 3, 64)) % 9
            loose = float(r.choice([1.0, 2.0, 4.0]))
            gain = r.uniform(0.15, 0.4)
            self._play("lead", pattern, gain, lambda at, k: [pitch(int(walk[k % 64]), 62)], 0.95, loose)
        if r.random() < 0.3:
            pattern = np.zeros(grid.steps)
            pattern[0] = 1.0
            gain = r.uniform(0.04, 0.12)
            self._play("pad", pattern, gain, lambda at, k: [pitch(root(at) + t, 50) for t in (0, 2, 4)], 1)

    def _bass_pattern(self) -> Pattern:
        grid, r = self._grid, self._r
        kind = r.random()
        if kind < 0.12:  # every beat
            return np.tile(np.isin(np.arange(grid.parts), 0) * 1.0, grid.metre)
        if kind < 0.22 and grid.parts == 4:  # between the beats
            return np.tile([0.0, 0.0, 1.0, 0.0], grid.metre)
        if kind < 0.3:
            return pulse(grid, r)
        bars = int(r.choice([1, 2]))
        density = r.uniform(0.06, 0.35)
        pattern = drawn(grid, r, bars, density=density, clarity=r.uniform(0.3, 3), per_second=4)
        if r.random() < 0.7:
            pattern[:: grid.steps] = 1.0
        return pattern

    def _chord_pattern(self) -> Pattern:
        grid, r = self._grid, self._r
        kind = r.random()
        if kind < 0.35:
            bars = int(r.choice([1, 2]))
            return drawn(grid, r, bars, density=r.uniform(0.06, 0.35), clarity=r.uniform(0, 2))
        if kind < 0.5 and grid.parts == 4:  # on the off-beats
            return np.tile([0.0, 0.0, 0.8, 0.0], grid.metre)
        if kind < 0.75:
            return pulse(grid, r)
        pattern = np.zeros(grid.steps)
        pattern[:: grid.parts * int(r.choice([1, 2, grid.metre]))] = 0.8
        return pattern

    def _play(
        self,
        part: str,
        pattern: Pattern,
        gain: float,
        pitches: Callable[[float, int], list[float]],
        legato: float = 0.9,
        loose: float = 1.0,
    ) -> None:
        r = self._r
        silent = self._holes(0.12)
        mutate = float(r.choice([0.0, 0.05]))
        strokes = [
            s for bar in range(self._bars) if bar not in silent for s in self._times(bar, pattern, mutate)
        ]
        beat_s = 60.0 / self._grid.bpm
        track = Track(part, gain)
        for number, (time_s, level, position) in enumerate(strokes):
            after = strokes[number + 1][2] if number + 1 < len(strokes) else position + 1.0
            length = float(np.clip((after - position) * beat_s * legato, 0.08, self._grid.metre * beat_s))
            jitter = float(r.normal(0, self._loose_s)) * (loose - 1.0)
            for pitch in pitches(position, number):
                track.notes.append((max(time_s + jitter, 0.0), min(level, 1.0), pitch, length))
        if track.notes:
            self._song.tracks.append(track)


def random_song(r: Random, seconds: float, genres: Mapping[str, Genre] = GENRES) -> Song:
    """One song whose beat people would tap."""
    while True:
        writer = Songwriter(r, seconds, genres)
        song = writer.song()
        if writer.countable and any(track.notes for track in song.tracks):
            return song
