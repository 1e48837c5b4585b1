"""Drum loops to learn note onsets from: random patterns at any tempo, as a machine plays them, dry.

What is struck has no tone that lasts, so beside music whose notes run together a loop would go uncounted.
"""

from __future__ import annotations

import numpy as np

from livesing.audio.framing import Floats
from livesing.beat_set.drum_sounds import RATE
from livesing.train.beat_sounds import KEYS, random_hit
from livesing.train.corpus.score import Note, Part, Score
from livesing.train.corpus.sketch import KIT

SLOWEST_BPM, FASTEST_BPM = 60.0, 180.0
GRIDS = (4, 8, 8, 8, 12, 16, 16)
"""Places of a bar: quarters, eighths, triplets, sixteenths."""
KITS = (0, 0, 8, 16, 24, 24, 25, 25, 25, 32, 40)
"""General MIDI's kits, the machines more often."""
ROLES = {key: role for role, keys in KEYS.items() for key in keys}
STRIKE_S = 0.1
LOUDNESS = 1.7
"""Exponent of level over velocity, as the sketch has it."""


def drum_loop(rng: np.random.Generator, seconds: float) -> Score:
    """One to four drums in a pattern of a bar that is repeated, with few changes."""
    places = int(rng.choice(GRIDS))
    every_s = 240.0 / (SLOWEST_BPM * (FASTEST_BPM / SLOWEST_BPM) ** rng.random()) / places
    bars = int(seconds / (every_s * places)) + 1
    begins_s, away_s = rng.uniform(0.0, 0.5), rng.choice([0.0, 0.0, 0.006])
    kit = Part(int(rng.choice(KITS)), drums=True, volume=110, reverb=int(rng.choice([0, 0, 40])))
    roles = [("low", "mid", "high", "high")[each] for each in rng.permutation(4)[: rng.integers(1, 5)]]
    for role in roles:
        key = int(rng.choice([each for each in KEYS[role] if each in KIT]))
        strength = rng.uniform(70.0, 120.0)
        bar = _pattern(rng, places)
        accents = rng.uniform(0.75, 1.0, places)
        for number in range(bars):
            struck = np.logical_xor(bar, rng.random(places) < 0.08) if rng.random() < 0.2 else bar
            for place in np.flatnonzero(struck):
                start_s = begins_s + (number * places + place) * every_s + away_s * abs(rng.standard_normal())
                if start_s < seconds - STRIKE_S:
                    kit.notes.append(Note(float(start_s), STRIKE_S, key, int(strength * accents[place])))
    return Score([kit], seconds)


def _pattern(rng: np.random.Generator, places: int) -> np.ndarray:
    """[places] whether it is struck there: every so many places, or by chance."""
    if rng.random() < 0.6:
        step = int(rng.choice([each for each in (1, 1, 2, 2, 4) if each <= places // 2]))
        return np.asarray(np.arange(places) % step == rng.integers(step))
    struck = rng.random(places) < rng.uniform(0.15, 0.7)
    struck[0] |= not struck.any()
    return np.asarray(struck)


def machine(score: Score, rng: np.random.Generator) -> Floats:
    """[n] samples at RATE: every drum is a sound that is drawn for this loop."""
    sound: Floats = np.zeros(round(score.seconds * RATE), dtype=np.float32)
    waves: dict[int, Floats] = {}
    for note in score.parts[0].notes:
        if note.pitch not in waves:
            waves[note.pitch] = random_hit(rng, ROLES[note.pitch]) * np.float32(rng.uniform(0.15, 0.6))
        first = round(note.start_s * RATE)
        part = waves[note.pitch][: max(sound.size - first, 0)]
        sound[first : first + part.size] += np.float32((note.velocity / 100.0) ** LOUDNESS) * part
    return sound
