"""Random music with known beats, to train the beat network on.

Nothing here is a genre's own pattern. A song is drawn: a metre, a tempo, a feel, and for each layer (drums,
bass, chords, arpeggio, melody, pad) a sound made of random parts and a pattern drawn from what its role
makes likely at each place of the bar. It shares no pattern, kit or piece with livesing/beat_set, on which the
tracker is measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from livesing.audio.synth import damped_partials, harmonics
from livesing.beat_set import room
from livesing.beat_set.drum_sounds import RATE, Random, Wave
from livesing.beat_set.note_sounds import Voice
from livesing.beat_set.tempo_map import TempoMap, Times, played_beats, swung

Sound = NDArray[np.float32]
Pattern = NDArray[np.float64]
"""[steps] levels 0..1 of the strokes of one or more bars."""


@dataclass(frozen=True)
class Song:
    """sound [n] float32 at RATE; beats and downbeats in s."""

    sound: Sound
    beats: Times
    downbeats: Times


@dataclass(frozen=True)
class Grid:
    """The bar: `metre` beats of `parts` steps; swing as in tempo_map.swung with pairs of swing_unit beats."""

    metre: int
    parts: int
    bpm: float
    swing: float = 0.5
    swing_unit: float = 0.5

    @property
    def steps(self) -> int:
        return self.metre * self.parts

    def step_s(self, every: int = 1) -> float:
        return 60.0 / self.bpm / self.parts * every


def random_grid(r: Random) -> Grid:
    metre = int(r.choice([4, 3, 2, 5, 7, 6], p=[0.78, 0.12, 0.04, 0.03, 0.015, 0.015]))
    ternary = r.random() < 0.17
    bpm = (
        float(np.exp(r.normal(np.log(116), 0.30)))
        if r.random() < 0.65
        else float(np.exp(r.uniform(4.02, 5.30)))
    )
    bpm = float(np.clip(bpm, 54, 210))
    if ternary and r.random() < 0.4:
        bpm = float(r.uniform(54, 90))  # compound time is counted slowly
    parts = 3 if ternary else 4
    swing, unit = 0.5, 0.5
    if not ternary and r.random() < 0.35:
        swing, unit = float(r.uniform(0.52, 0.67)), float(r.choice([0.25, 0.5]))
    return Grid(metre, parts, bpm, swing, unit)


# Sounds


def noise_band(r: Random, size: int, low_hz: float, high_hz: float) -> NDArray[np.float64]:
    """[size] noise between two frequencies, RMS 1."""
    whole = 1 << (size - 1).bit_length()
    hz = np.fft.rfftfreq(whole, 1 / RATE)
    shape = 1.0 / np.sqrt((1.0 + (hz / high_hz) ** 4) * (1.0 + (low_hz / np.maximum(hz, 1.0)) ** 4))
    noise = np.fft.irfft(shape * np.exp(2j * np.pi * r.random(shape.size)), whole)[:size]
    return np.asarray(noise / (np.sqrt(np.mean(noise**2)) + 1e-12))


def talk(r: Random, size: int) -> Sound:
    """[size] people: noise in the range of voices whose level changes like syllables, RMS 1."""
    hop = RATE // 20
    syllables = r.uniform(0.1, 1.0, size // hop + 2) ** r.uniform(0.5, 3.0)
    level = np.interp(np.arange(size) / hop, np.arange(syllables.size), syllables)
    babble = noise_band(r, size, r.uniform(150, 500), r.uniform(1500, 4500)) * level
    return np.asarray(babble / np.sqrt(np.mean(babble**2)), dtype=np.float32)


def sung(voice: Voice, pitch: float, length_s: float, r: Random) -> Wave:
    """A note, peak 1."""
    frames = round((length_s + voice.release_s) * RATE)
    if voice.decay_s:
        frames = min(frames, round(5 * voice.decay_s * RATE) + 500)
    hz = 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)
    k = np.arange(1, min(voice.partials, int(0.4 * RATE / hz)) + 1, dtype=float)
    level = k**-voice.slope * np.where(k % 2 == 0, voice.odd, 1.0)
    t = np.arange(frames) / RATE
    if voice.vibrato and not voice.decay_s:
        bend = voice.vibrato / 1200 * np.sin(2 * np.pi * r.uniform(4.5, 6.5) * t) * np.minimum(t / 0.25, 1.0)
        wave = harmonics(2 * np.pi * np.cumsum(hz * 2.0**bend) / RATE, level)
    else:
        ratio = 2.0 ** ((np.arange(voice.players) - (voice.players - 1) / 2) * voice.detune / 1200)
        partials = np.outer(ratio, k * np.sqrt(1 + voice.stretch * k * k)).ravel() * hz
        fall = (1 + voice.damping * (k - 1)) / voice.decay_s if voice.decay_s else np.zeros(k.size)
        phase = r.uniform(0, 2 * np.pi, partials.size)
        wave = damped_partials(
            partials, np.tile(level, voice.players), np.tile(fall, voice.players), phase, frames
        )
    wave = wave * np.minimum(t / voice.attack_s, 1.0) * np.clip((t[-1] - t) / voice.release_s, 0.0, 1.0)
    return np.asarray(wave / (np.abs(wave).max() + 1e-9), dtype=np.float32)


def random_hit(r: Random, role: str) -> Wave:
    """A percussive sound. role: low, mid or high."""
    if role == "low":
        hz, sweep, decay = r.uniform(40, 110), r.uniform(0, 6) ** 1.2, r.uniform(0.05, 0.3)
        noise, low, high = r.uniform(0, 0.3), 500, 6000
        noise_s = r.uniform(0.002, 0.02)
    elif role == "mid":
        hz, sweep, decay = r.uniform(120, 700), r.uniform(0, 1.0), r.uniform(0.02, 0.15)
        noise, low, high = r.uniform(0.1, 2.0), r.uniform(300, 1800), r.uniform(2500, 14_000)
        noise_s = r.uniform(0.02, 0.2)
    else:
        hz, sweep, decay = r.uniform(800, 6000), 0.0, r.uniform(0.005, 0.08)
        noise, low, high = r.uniform(0.5, 6.0), r.uniform(2500, 8000), r.uniform(9000, 16_000)
        noise_s = float(np.exp(r.uniform(np.log(0.008), np.log(0.25))))
    length = min(5 * max(decay, noise_s), 0.9) + 0.02
    t = np.arange(round(length * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(hz * (1 + sweep * np.exp(-t / r.uniform(0.006, 0.05)))) / RATE
    wave = np.sin(phase) * np.exp(-t / decay)
    wave += noise * 0.5 * noise_band(r, t.size, low, high) * np.exp(-t / noise_s)
    attack = r.uniform(0.0005, 0.004) if r.random() < 0.85 else r.uniform(0.004, 0.02)
    wave *= np.minimum(t / attack, 1.0)
    if r.random() < 0.3:
        wave = np.tanh(wave * r.uniform(1, 5))
    wave[-200:] *= np.linspace(1, 0, 200)
    return np.asarray(wave / np.abs(wave).max(), dtype=np.float32)


def random_voice(r: Random, *, sustained: float) -> Voice:
    """A pitched sound; `sustained`: the chance that it does not decay."""
    held = r.random() < sustained
    return Voice(
        partials=int(r.integers(1, 17)),
        slope=float(r.uniform(0.6, 2.2)),
        odd=float(r.choice([1.0, 1.0, 0.5, 0.0])),
        attack_s=float(np.exp(r.uniform(np.log(0.002), np.log(0.12 if held else 0.02)))),
        decay_s=0.0 if held else float(np.exp(r.uniform(np.log(0.1), np.log(1.8)))),
        damping=float(r.uniform(0, 1.2)),
        release_s=float(r.uniform(0.03, 0.3)),
        players=int(r.choice([1, 1, 2, 3])),
        detune=float(r.uniform(0, 16)),
        vibrato=float(r.choice([0, 0, 0, r.uniform(5, 40)])),
        stretch=float(r.choice([0, 0, 0, 3e-4, 1e-2])),
    )


# Patterns


def weights_of(grid: Grid, r: Random) -> Pattern:
    """[steps] How strong each place of the bar is, 0..1: bar, half bar, beat, parts of a beat."""
    weight = np.zeros(grid.steps)
    for step in range(grid.steps):
        beat, part = divmod(step, grid.parts)
        if step == 0:
            weight[step] = 1.0
        elif part == 0:
            weight[step] = 0.85 if grid.metre % 2 == 0 and beat == grid.metre // 2 else 0.7
        elif grid.parts == 4 and part == 2:
            weight[step] = 0.5
        elif grid.parts == 3:
            weight[step] = 0.3 if part == 1 else 0.42
        else:
            weight[step] = 0.25
    return weight


def drawn(
    grid: Grid, r: Random, bars: int, *, density: float, clarity: float, per_second: float = 5.0
) -> Pattern:
    """A pattern in which strong places are likelier. density: share of steps; clarity: how much the metre
    matters; per_second: most strokes a second, about."""
    weight = np.tile(weights_of(grid, r), bars)
    tilt = weight**clarity
    share = min(density, per_second * grid.step_s())
    chance = np.clip(tilt * share / tilt.mean(), 0, 0.97)
    hits = (r.random(weight.size) < chance) * r.uniform(0.6, 1.0, weight.size)
    return np.asarray(hits * (0.6 + 0.4 * weight))


def pulse(grid: Grid, r: Random, *, off: bool = False) -> Pattern:
    """Even strokes, as a hi-hat or a shaker plays them: as fine as the tempo allows, perhaps accented."""
    choices = [every for every in range(1, grid.parts + 1) if grid.parts % every == 0]
    rates = np.array([1.0 / grid.step_s(every) for every in choices])
    # Hats come mostly 2 to 9 times a second, and a beat that is not slow is divided.
    liking = np.exp(-0.5 * (np.log(rates / 4.4) / 0.5) ** 2)
    liking *= np.where((np.array(choices) == grid.parts) & (grid.bpm > 100), 0.3, 1.0)
    every = int(r.choice(choices, p=liking / liking.sum()))
    pattern = np.zeros(grid.steps)
    if off and grid.parts % 2 == 0:
        pattern[grid.parts // 2 :: grid.parts] = 1.0
        return pattern
    pattern[::every] = r.uniform(0.5, 0.9)
    if r.random() < 0.6:
        pattern[:: grid.parts] *= r.uniform(1.0, 1.6)
    if r.random() < 0.2 and grid.parts == 4:
        pattern[2 :: grid.parts] *= r.uniform(1.0, 2.0)
    if r.random() < 0.3:
        pattern *= r.random(pattern.size) > 0.15
    return np.minimum(pattern, 1.0)


def spread(steps: int, strokes: int, turn: int) -> Pattern:
    """`strokes` spread as evenly as `steps` allow (a Euclidean rhythm), turned."""
    pattern = np.zeros(steps)
    pattern[(np.arange(strokes) * steps // max(strokes, 1) + turn) % steps] = 0.85
    return pattern


def drum_patterns(grid: Grid, r: Random) -> list[tuple[str, Pattern]]:
    """(role, pattern) of every drum."""
    steps, parts, metre = grid.steps, grid.parts, grid.metre
    beats = np.arange(metre) * parts
    back = beats[1::2] if metre % 2 == 0 else beats[1:] if r.random() < 0.5 else beats[-1:]
    bars = int(r.choice([1, 2, 4], p=[0.5, 0.35, 0.15]))
    kick, snare = np.zeros(steps * bars), np.zeros(steps * bars)
    kinds = ["four", "back", "half", "drop", "timeline", "ride", "free"]
    kind = str(r.choice(kinds, p=[0.24, 0.38, 0.07, 0.04, 0.12, 0.08, 0.07]))
    if (kind == "half" and not (metre == 4 and grid.bpm > 115)) or (kind == "drop" and grid.bpm > 100):
        kind = "back"
    if kind == "back" or (kind == "half"):
        kick = drawn(grid, r, bars, density=r.uniform(0.1, 0.25), clarity=r.uniform(0.7, 2.5), per_second=3.0)
        kick[::steps] = np.where(r.random(bars) < 0.93, 1.0, 0.0)
    for bar in range(bars):
        first = bar * steps
        if kind == "four":
            kick[first + beats] = 1.0
            if r.random() < 0.12:
                kick[first + int(r.integers(0, steps))] = 0.6
        if kind == "back":
            snare[first + back] = 1.0
            kick[first + back] *= r.random() < 0.25
        if kind == "half":
            snare[first + beats[metre // 2]] = 1.0
            kick[first + beats[metre // 2]] = 0.0
        if kind == "drop":
            kick[first + back] = 1.0
            snare[first + back] = 0.7
        if kind == "ride":
            kick[first + beats] = 0.25
    if kind == "four" and r.random() < 0.65:
        snare = np.tile(np.isin(np.arange(steps), back) * 1.0, bars)
    ghosts = r.random(snare.size) < r.choice([0, 0, 0.08, 0.2]) * min(1.0, 8.0 * grid.step_s())
    snare = np.maximum(snare, ghosts * r.uniform(0.15, 0.4))
    found = [("low", kick), ("mid", snare)]
    if kind in ("timeline", "free"):
        for _ in range(int(r.integers(1, 4))):
            most = max(2, int(min(0.55 * steps, 5.5 * steps * grid.step_s())))
            line = spread(steps * bars, int(r.integers(2, most + 1)) * bars, int(r.integers(0, parts + 1)))
            found.append((str(r.choice(["low", "mid", "mid", "high"])), line * r.uniform(0.5, 1.0)))
    if kind == "ride":
        ride = np.zeros(steps)
        ride[beats] = r.uniform(0.6, 1.0)
        lifts = beats[1::2] if r.random() < 0.8 else beats
        ride[(lifts + parts - 1) % steps] = r.uniform(0.4, 0.9)
        foot = np.zeros(steps)
        foot[back] = r.uniform(0.3, 0.9)
        found += [("high", ride), ("high", foot)]
    elif r.random() < 0.85:
        found.append(("high", pulse(grid, r, off=kind == "four" and r.random() < 0.5)))
    if r.random() < 0.35:
        found.append((str(r.choice(["high", "mid"])), pulse(grid, r) * r.uniform(0.3, 0.8)))
    if r.random() < 0.2:
        found.append((str(r.choice(["mid", "high"])), drawn(grid, r, bars, density=0.25, clarity=0.3)))
    return found


class Songwriter:
    """Draws one song with one tempo feel; `song` sounds it."""

    def __init__(self, r: Random, seconds: float) -> None:
        self._r = r
        self.grid = random_grid(r)
        feel = {"drift": 0.0, "wave": 0.0, "wander": 0.0, "rubato": 0.0}
        played = r.random() < 0.5
        if played:
            feel["wander"] = float(r.uniform(0, 0.02))
        if r.random() < 0.12:
            feel["drift"] = float(r.uniform(-0.2, 0.2))
        if r.random() < 0.08:
            feel["wave"] = float(r.uniform(0, 0.04))
        self.drums = r.random() < 0.8
        if not self.drums and r.random() < 0.4:
            feel["rubato"] = float(r.uniform(0, 0.06))
        beats = played_beats(0.0, seconds, self.grid.bpm, r, **feel)
        self.tempo = TempoMap(
            beats, self.grid.metre, int(r.integers(0, self.grid.metre)) if r.random() < 0.25 else 0
        )
        self._loose_s = float(r.uniform(0, 0.016)) if played else 0.0
        self._sound = np.zeros(round((float(beats[-1]) + 2.0) * RATE), dtype=np.float32)
        self._bars = len(beats) // self.grid.metre + 2
        self._section = int(r.choice([2, 4, 8]))
        self._kicks: list[float] = []
        self.strokes = self.between = 0
        """Strokes so far, and those of them that are not on a beat."""

    def song(self) -> Song:
        r = self._r
        if self.drums:
            level = r.uniform(0.6, 1.2)
            holes = self._holes(0.12)
            mutate = r.choice([0.0, 0.03, 0.1])
            for role, pattern in drum_patterns(self.grid, r):
                gain = {"low": 0.9, "mid": 0.6, "high": 0.25}[role] * r.uniform(0.5, 1.2) * level
                self._layer(
                    random_hit(r, role), pattern, gain, holes | self._holes(0.08), mutate, role == "low"
                )
        drums = self._sound
        self._sound = np.zeros_like(drums)
        self._tonal()
        if self._kicks and r.random() < 0.25:
            self._sound = room.pumped(self._sound, self._kicks, r.uniform(0.2, 0.8), r.uniform(0.08, 0.25))
        return Song(drums + self._sound, self.tempo.beats, self.tempo.downbeats)

    def _holes(self, chance: float) -> set[int]:
        """The bars in which a layer is silent, by sections."""
        silent = self._r.random(self._bars // self._section + 1) < chance
        return {bar for bar in range(self._bars) if silent[bar // self._section]}

    def _times(self, bar: int, pattern: Pattern, mutate: float) -> list[tuple[float, float, float]]:
        """(time s, level, position in beats) of the strokes of a bar."""
        grid, r = self.grid, self._r
        bars = pattern.size // grid.steps
        part = pattern[(bar % bars) * grid.steps :][: grid.steps].copy()
        if mutate:
            lost, won = r.random(grid.steps) < mutate, r.random(grid.steps) < 0.3 * mutate
            part = np.where(lost, 0.0, np.where(won & (part == 0), 0.5, part))
        steps = np.flatnonzero(part)
        positions = self.tempo.pickup + (bar - 1) * grid.metre + steps / grid.parts
        bent = swung(positions, grid.swing_unit, grid.swing)
        times = self.tempo.time(bent) + np.clip(r.normal(0, 1, steps.size), -2.5, 2.5) * self._loose_s
        inside = (positions >= 0) & (times >= 0)
        self.strokes += steps.size
        self.between += int(np.count_nonzero(steps % grid.parts))
        return list(zip(times[inside], part[steps][inside], positions[inside], strict=True))

    def _add(self, wave: Wave, time_s: float, gain: float) -> None:
        first = round(time_s * RATE)
        part = wave[: max(self._sound.size - first, 0)]
        self._sound[first : first + part.size] += np.float32(gain) * part

    def _layer(
        self, wave: Wave, pattern: Pattern, gain: float, holes: set[int], mutate: float, low: bool
    ) -> None:
        late_s = float(self._r.normal(0, 0.004)) if self._loose_s else 0.0
        for bar in range(self._bars):
            if bar in holes:
                continue
            for time_s, level, _ in self._times(bar, pattern, mutate):
                self._add(wave, max(time_s + late_s, 0.0), gain * level * self._r.uniform(0.85, 1.1))
                if low and level > 0.6:
                    self._kicks.append(time_s)

    def _tonal(self) -> None:
        grid, r = self.grid, self._r
        without = not self.drums
        key = int(r.integers(-6, 6))
        minor = r.random() < 0.5
        scale = np.array([0, 2, 3, 5, 7, 8, 10] if minor else [0, 2, 4, 5, 7, 9, 11])
        length = int(r.choice([1, 2, 4, 8]))
        degrees = (
            np.concatenate(([0], r.choice([0, 3, 4, 5, 1, 2, 6], length - 1)))
            if length > 1
            else np.zeros(1, int)
        )
        rate = float(r.choice([0.5, 1.0, 1.0, 1.0, 2.0]))  # bars a chord

        def root(position: float) -> int:
            bar = max(position - self.tempo.pickup, 0.0) / grid.metre
            return int(degrees[int(bar / rate + 1e-6) % len(degrees)])

        def pitch(degree: int, low: int) -> float:
            semitones = scale[degree % 7] + 12 * (degree // 7) + key
            return float(low + (semitones - low) % 12 + 12 * (degree // 7))

        if r.random() < 0.85:  # bass
            density = r.uniform(0.06, 0.35)
            pattern = drawn(
                grid, r, int(r.choice([1, 2])), density=density, clarity=r.uniform(0.3, 3), per_second=4
            )
            if r.random() < 0.7:
                pattern[:: grid.steps] = 1.0
            kind = r.random()
            if kind < 0.12:  # every beat
                pattern = np.tile(np.isin(np.arange(grid.parts), 0) * 1.0, grid.metre)
            elif kind < 0.22 and grid.parts == 4:  # between the beats
                pattern = np.tile([0.0, 0.0, 1.0, 0.0], grid.metre)
            elif kind < 0.3:
                pattern = pulse(grid, r)
            voice = random_voice(r, sustained=0.2)
            self._notes(voice, pattern, r.uniform(0.2, 0.55), lambda at, k: [pitch(root(at), 31)], 0.95)
        if r.random() < 0.75:  # chords
            kind = r.random()
            if kind < 0.35:
                pattern = drawn(
                    grid, r, int(r.choice([1, 2])), density=r.uniform(0.06, 0.35), clarity=r.uniform(0, 2)
                )
            elif kind < 0.55 and grid.parts == 4:  # on the off-beats
                pattern = np.tile([0.0, 0.0, 0.8, 0.0], grid.metre)
                if r.random() < 0.4:
                    pattern = np.tile([0.0] * grid.parts + [0.8] + [0.0] * (grid.parts - 1), grid.metre)[
                        : grid.steps
                    ]
            elif kind < 0.75:
                pattern = pulse(grid, r)
            else:
                pattern = np.zeros(grid.steps)
                pattern[:: grid.parts * int(r.choice([1, 2, grid.metre]))] = 0.8
            voice = random_voice(r, sustained=0.3)
            tones = (0, 2, 4) if r.random() < 0.7 else (0, 2, 4, 6)
            self._notes(
                voice,
                pattern,
                r.uniform(0.08, 0.22),
                lambda at, k: [pitch(root(at) + t, 52) for t in tones],
                0.7,
            )
        if r.random() < (0.55 if without else 0.2):  # arpeggio
            line = r.permutation([0, 2, 4, 7, 4, 2, 9, 7])[: int(r.integers(3, 9))]
            voice = random_voice(r, sustained=0.1)
            self._notes(
                voice,
                pulse(grid, r),
                r.uniform(0.12, 0.35),
                lambda at, k: [pitch(root(at) + line[k % len(line)], 57)],
            )
        if r.random() < 0.65:  # melody
            pattern = drawn(
                grid,
                r,
                int(r.choice([2, 4, 8])),
                density=r.uniform(0.1, 0.5),
                clarity=r.uniform(0, 1.5),
                per_second=4,
            )
            walk = np.cumsum(r.integers(-2, 3, 64)) % 9
            voice = random_voice(r, sustained=0.6)
            loose = r.choice([1.0, 2.0, 4.0])
            self._notes(
                voice,
                pattern,
                r.uniform(0.15, 0.4),
                lambda at, k: [pitch(int(walk[k % 64]), 62)],
                0.95,
                loose=loose,
            )
        if r.random() < 0.35:  # pad
            pattern = np.zeros(grid.steps)
            pattern[0] = 1.0
            voice = Voice(
                partials=10, slope=1.3, attack_s=r.uniform(0.1, 0.6), release_s=0.5, players=3, detune=9
            )
            self._notes(
                voice,
                pattern,
                r.uniform(0.04, 0.12),
                lambda at, k: [pitch(root(at) + t, 50) for t in (0, 2, 4)],
                1,
            )

    def _notes(
        self,
        voice: Voice,
        pattern: Pattern,
        gain: float,
        pitches: object,
        legato: float = 0.9,
        loose: float = 1.0,
    ) -> None:
        r = self._r
        holes = self._holes(0.15)
        cache: dict[tuple[float, float], Wave] = {}
        strokes = [
            stroke
            for bar in range(self._bars)
            if bar not in holes
            for stroke in self._times(bar, pattern, float(r.choice([0.0, 0.05])))
        ]
        beat_s = 60.0 / self.grid.bpm
        most = self.grid.metre * beat_s
        for number, (time_s, level, position) in enumerate(strokes):
            after = strokes[number + 1][2] if number + 1 < len(strokes) else position + 1.0
            length = float(np.clip((after - position) * beat_s * legato, 0.08, most))
            length = round(length / 0.04) * 0.04
            jitter = float(r.normal(0, self._loose_s)) * (loose - 1.0)
            for pitch in pitches(position, number):  # type: ignore[operator]
                if (pitch, length) not in cache:
                    cache[pitch, length] = sung(voice, pitch, length, r)
                self._add(cache[pitch, length], max(time_s + jitter, 0.0), gain * level)


def random_song(seed: int, seconds: float = 22.0) -> Song:
    """A song, now and then two that follow each other, with what a room and a mixer do to them."""
    r = np.random.default_rng([7, seed])
    song = _divided(r, seconds)
    if r.random() < 0.15:
        song = _joined(song, _divided(r, seconds), r, seconds)
    sound = song.sound[: round((seconds + 0.5) * RATE)]
    beats = song.beats[song.beats < seconds]
    downbeats = song.downbeats[song.downbeats < seconds]
    lead_s = float(r.choice([0.0, r.uniform(0, 1.0), r.uniform(0, 4.0)]))
    sound = np.concatenate((np.zeros(round(lead_s * RATE), dtype=np.float32), sound))
    return Song(_through_the_room(sound, r), beats + lead_s, downbeats + lead_s)


def _divided(r: Random, seconds: float) -> Song:
    """A song whose beat is one that people would tap: at a fast tempo something has to move between the beats,
    or they would tap half as fast."""
    while True:
        writer = Songwriter(r, seconds)
        song = writer.song()
        if writer.grid.bpm < 105 or writer.between > 0.2 * writer.strokes:
            return song


def _joined(first: Song, second: Song, r: Random, seconds: float) -> Song:
    """One song until somewhere in the middle, then the other; a cut or a crossfade."""
    at_s = float(r.uniform(0.35, 0.65) * seconds)
    fade_s = float(r.choice([0.01, 0.01, 2.0, 5.0]))
    size = min(first.sound.size, second.sound.size)
    ramp = np.clip((np.arange(size) / RATE - at_s) / fade_s + 0.5, 0, 1).astype(np.float32)
    sound = first.sound[:size] * np.cos(ramp * np.pi / 2) + second.sound[:size] * np.sin(ramp * np.pi / 2)

    def chosen(one: Times, other: Times) -> Times:
        return np.concatenate((one[one < at_s], other[other >= at_s]))

    return Song(sound, chosen(first.beats, second.beats), chosen(first.downbeats, second.downbeats))


def _through_the_room(sound: Sound, r: Random) -> Sound:
    sound = sound + 1e-6 * r.standard_normal(sound.size).astype(np.float32)
    if r.random() < 0.4:
        sound = room.reverberated(sound, r, float(r.uniform(0.08, 0.7)), float(r.uniform(0.1, 0.5)))
    kind = r.random()
    if kind < 0.12:
        sound = room.low_passed(sound, float(np.exp(r.uniform(np.log(300), np.log(8000)))))
    elif kind < 0.2:
        sound = room.high_passed(sound, float(r.uniform(80, 400)))
    elif kind < 0.26:
        middle = float(r.uniform(6, 16))
        sound = room.swept(sound, middle - 5, middle + 5, float(r.uniform(200, 800)))
    if r.random() < 0.35:
        noise = (
            talk(r, sound.size)
            if r.random() < 0.5
            else noise_band(r, sound.size, 40, r.uniform(2000, 16_000))
        )
        sound = room.with_noise(sound, noise.astype(np.float32), float(r.uniform(2, 35)))
    if r.random() < 0.3:
        sound = room.compressed(sound, float(r.uniform(1.5, 4)))
    if r.random() < 0.5:
        sound = room.limited(sound, float(r.uniform(1, 5)))
    return np.asarray(sound * (0.5 / (np.abs(sound).max() + 1e-9)), dtype=np.float32)
