"""A bank of sounds as the beat tracker hears them: band powers of single strokes and notes.

Band powers of sounds that play together add up, near enough. So a song of strokes and notes (beat_songs.py)
is put together from them (beat_sketch.py) in milliseconds instead of a second. The sounds are random ones by
a few lines of numpy, and those of a soundfont where there is one.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from livesing.audio.beat_features import BANDS, BandPowers
from livesing.audio.framing import Floats
from livesing.beat_set.drum_sounds import RATE, Random
from livesing.errors import UsageError
from livesing.train.beat_sounds import DRUM_PARTS, KEYS, PROGRAMS, Sound, random_hit, random_voice, sung
from livesing.train.corpus import render
from livesing.train.corpus.score import Note, Part, Score
from livesing.whole_file import whole_file

HIT_FRAMES, NOTE_FRAMES = 60, 120
"""10 ms each."""
HELD_S = 1.1
PITCHES = tuple(range(28, 101, 4))
"""MIDI; others take the nearest."""
VELOCITIES = (64, 112)
GAP_S = 1.6
NOTE_PARTS = ("bass", "chords", "arpeggio", "lead", "pad")


class Bank(NamedTuple):
    """Powers of sounds whose waves peak at 1. hits: part -> [n, HIT_FRAMES, BANDS]. notes: part ->
    [n, len(PITCHES), NOTE_FRAMES, BANDS]."""

    hits: dict[str, Floats]
    notes: dict[str, Floats]


def _powers(wave: Sound, frames: int) -> Floats:
    """[frames, BANDS] of a sound that begins at once, brought to a peak of 1."""
    whole = np.zeros(frames * RATE // 100, dtype=np.float32)
    part = wave[: whole.size]
    whole[: part.size] = part / (np.abs(part).max() + 1e-9)
    return BandPowers(RATE).push(whole).reshape(-1, BANDS)[:frames]


def _random_hits(r: Random, role: str, count: int) -> list[Floats]:
    return [_powers(random_hit(r, role), HIT_FRAMES) for _ in range(count)]


def _random_voice(r: Random, part: str) -> Floats:
    voice = random_voice(r, part)
    coarse = [_powers(sung(voice, pitch, HELD_S, r), NOTE_FRAMES) for pitch in PITCHES[::3]]
    return np.stack([coarse[k // 3] for k in range(len(PITCHES))])


def _sampled(part: Part, count: int, frames: int, soundfont: Path) -> list[Floats]:
    """The powers of `count` notes of a part that are GAP_S apart."""
    sound = render.played(Score([part], count * GAP_S + 0.5), soundfont, RATE)
    step = round(GAP_S * RATE)
    return [_powers(sound[k * step : (k + 1) * step], frames) for k in range(count)]


def _sampled_hits(role: str, soundfont: Path) -> list[Floats]:
    keys = [(key, velocity) for key in sorted(set(KEYS[role])) for velocity in VELOCITIES]
    notes = [Note(k * GAP_S, 0.3, key, velocity) for k, (key, velocity) in enumerate(keys)]
    return _sampled(Part(0, drums=True, reverb=0, notes=notes), len(notes), HIT_FRAMES, soundfont)


def _sampled_program(program: int, velocity: int, soundfont: Path) -> Floats:
    notes = [Note(k * GAP_S, HELD_S, pitch, velocity) for k, pitch in enumerate(PITCHES)]
    return np.stack(_sampled(Part(program, reverb=0, notes=notes), len(notes), NOTE_FRAMES, soundfont))


def make_bank(r: Random, soundfont: Path | None, *, hits: int = 100, voices: int = 24) -> Bank:
    """hits, voices: random ones for each part. UsageError where a soundfont is named and does not play."""
    drums = {role: _random_hits(r, role, hits) for role in DRUM_PARTS}
    notes = {part: [_random_voice(r, part) for _ in range(voices)] for part in NOTE_PARTS}
    if soundfont is not None:
        made: dict[int, Floats] = {}
        for role in DRUM_PARTS:
            drums[role] += 2 * _sampled_hits(role, soundfont)
        for part in NOTE_PARTS:
            for program in sorted(set(PROGRAMS[part])):
                if program not in made:
                    made[program] = _sampled_program(program, int(r.choice(VELOCITIES)), soundfont)
                notes[part].append(made[program])
    return Bank(
        {role: np.stack(each) for role, each in drums.items()},
        {part: np.stack(each) for part, each in notes.items()},
    )


def save(bank: Bank, path: Path) -> None:
    arrays = {f"hits.{name}": array for name, array in bank.hits.items()}
    arrays |= {f"notes.{name}": array for name, array in bank.notes.items()}
    with whole_file(path) as partial, partial.open("wb") as file:
        np.savez(file, **{name: np.log(array + 1e-12).astype(np.float16) for name, array in arrays.items()})


def load(path: Path) -> Bank:
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: np.exp(file[name].astype(np.float32)) for name in file.files}
    if any(array.shape[-1] != BANDS for array in arrays.values()):
        raise UsageError(f"{path} was made for other bands: remove it")
    return Bank(
        *(
            {name.split(".")[1]: a for name, a in arrays.items() if name.startswith(kind)}
            for kind in ("hits", "notes")
        )
    )
