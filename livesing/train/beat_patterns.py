"""Metres, tempos and patterns drawn by what makes a stroke likely at each place of the bar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Random = np.random.Generator
Pattern = NDArray[np.float64]
"""[steps] levels 0..1 of the strokes of one or more bars."""


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


def weights_of(grid: Grid) -> Pattern:
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
    weight = np.tile(weights_of(grid), bars)
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
    """(role, pattern) of every drum of a kit that belongs to no genre. Roles: low, mid, high."""
    steps, parts, metre = grid.steps, grid.parts, grid.metre
    beats = np.arange(metre) * parts
    back = beats[1::2] if metre % 2 == 0 else beats[1:] if r.random() < 0.5 else beats[-1:]
    bars = int(r.choice([1, 2, 4], p=[0.5, 0.35, 0.15]))
    kick, snare = np.zeros(steps * bars), np.zeros(steps * bars)
    kinds = ["four", "back", "half", "drop", "timeline", "ride", "free"]
    kind = str(r.choice(kinds, p=[0.24, 0.38, 0.07, 0.04, 0.12, 0.08, 0.07]))
    if (kind == "half" and not (metre == 4 and grid.bpm > 115)) or (kind == "drop" and grid.bpm > 100):
        kind = "back"
    if kind in ("back", "half"):
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
