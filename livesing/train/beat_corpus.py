"""The training music of the beat tracker, as the tracker hears it: band powers, beats and downbeats on disk.

`python -m livesing.train.beat_corpus FOLDER [--songs N] [--part K/N]`; goes on where it stopped. A third of
the songs is synthesised by numpy, a half played by fluidsynth, the rest are pieces of livesing.train.corpus.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from livesing.audio.beat_features import BANDS, BandPowers
from livesing.audio.framing import Floats
from livesing.beat_set import room
from livesing.beat_set.drum_sounds import RATE, Random
from livesing.beat_set.tempo_map import Times
from livesing.train.beat_songs import random_song
from livesing.train.beat_sounds import Sound, noise_band, sampled, synthesised
from livesing.train.corpus import render
from livesing.train.corpus.compose import Piece, compose
from livesing.train.corpus.factors import draw
from livesing.train.missing import make_missing, part
from livesing.whole_file import whole_file

SECONDS = 26.0
KINDS = ("synthesised", "sampled", "composed", "sketched")
"""The last are those of beat_sketch.py."""
SHARES = (0.33, 0.5, 0.17, 0.0)
JOINED = 0.12
"""Share of songs that are two, one after the other."""
LOWEST_POWER = 1e-9


class Heard(NamedTuple):
    """powers [frames, BANDS], a frame every 10 ms; beats, downbeats s; kind: an index of KINDS."""

    powers: Floats
    beats: Times
    downbeats: Times
    kind: int


class _Sounding(NamedTuple):
    sound: Sound
    beats: Times
    downbeats: Times


def heard(seed: int, *, soundfont: Path | None = render.SOUNDFONT, seconds: float = SECONDS) -> Heard:
    """Training song number `seed`; the same every time. Without a soundfont all are synthesised."""
    r = np.random.default_rng([11, seed])
    kind = int(r.choice(len(KINDS), p=SHARES)) if soundfont else 0
    first = _sounding(r, kind, seconds, soundfont)
    if r.random() < JOINED:
        first = _joined(first, _sounding(r, kind if kind < 2 else 1, seconds, soundfont), r, seconds)
    lead_s = float(r.choice([0.0, r.uniform(0, 1.0), r.uniform(0, 3.0)]))
    sound = np.concatenate((np.zeros(round(lead_s * RATE), dtype=np.float32), first.sound))
    sound = _through_the_room(sound, r)[: round((seconds + 1.0) * RATE)]
    return Heard(
        BandPowers(RATE).push(sound).reshape(-1, BANDS), first.beats + lead_s, first.downbeats + lead_s, kind
    )


def _sounding(r: Random, kind: int, seconds: float, soundfont: Path | None) -> _Sounding:
    if kind == 2 and soundfont:
        piece = _countable_piece(r, seconds)
        sound = _resampled(render.dry(piece, soundfont), render.RATE)
        beats = np.array(piece.beats_s)
        return _Sounding(_peak(sound), beats, beats[:: piece.metre])
    song = random_song(r, seconds)
    if soundfont and kind == 1:
        sound = sampled(song, r, soundfont)
        if song.kicks_s and r.random() < 0.15:
            sound = room.pumped(sound, song.kicks_s, r.uniform(0.2, 0.6), r.uniform(0.08, 0.25))
    else:
        sound = synthesised(song, r)
    return _Sounding(_peak(sound), song.tempo.beats, song.tempo.downbeats)


def _countable_piece(r: Random, seconds: float) -> Piece:
    """A piece of the corpus whose beat people would tap: something moves about as often."""
    while True:
        factors = draw(int(r.integers(1 << 30)), seconds)
        if factors.texture in ("ambient", "piano") and r.random() < (
            1.0 if factors.texture == "ambient" else 0.4
        ):
            continue
        low, high = (
            (70.0, 165.0) if factors.texture in ("band", "electronic", "metal", "drums") else (54.0, 170.0)
        )
        factors = replace(factors, bpm=float(np.clip(factors.bpm, low, high)))
        piece = compose(factors)
        per_beat = piece.attack_rate * 60.0 / factors.bpm
        if 0.8 < per_beat < 6.0 and (factors.bpm < 110 or per_beat > 1.3):
            return piece


def _resampled(sound: Floats, rate: int) -> Sound:
    at = np.arange(int(sound.size * RATE / rate)) * (rate / RATE)
    return np.interp(at, np.arange(sound.size), sound).astype(np.float32)


def _peak(sound: Sound) -> Sound:
    return sound / np.float32(np.abs(sound).max() + 1e-9)


def _joined(first: _Sounding, second: _Sounding, r: Random, seconds: float) -> _Sounding:
    """One song until somewhere in the middle, then the other; a cut or a crossfade."""
    at_s = float(r.uniform(0.3, 0.65) * seconds)
    fade_s = float(r.choice([0.01, 0.01, 2.0, 5.0]))
    size = min(first.sound.size, second.sound.size)
    ramp = np.clip((np.arange(size) / RATE - at_s) / fade_s + 0.5, 0, 1).astype(np.float32)
    sound = first.sound[:size] * np.cos(ramp * np.pi / 2) + second.sound[:size] * np.sin(ramp * np.pi / 2)

    def chosen(one: Times, other: Times) -> Times:
        return np.concatenate((one[one < at_s], other[other >= at_s]))

    return _Sounding(sound, chosen(first.beats, second.beats), chosen(first.downbeats, second.downbeats))


def _talk(r: Random, size: int) -> Sound:
    """[size] people: noise in the range of voices whose level changes like syllables, RMS 1."""
    hop = RATE // 20
    syllables = r.uniform(0.1, 1.0, size // hop + 2) ** r.uniform(0.5, 3.0)
    level = np.interp(np.arange(size) / hop, np.arange(syllables.size), syllables)
    babble = noise_band(r, size, r.uniform(150, 500), r.uniform(1500, 4500)) * level
    return np.asarray(babble / np.sqrt(np.mean(babble**2)), dtype=np.float32)


def _through_the_room(sound: Sound, r: Random) -> Sound:
    """What a room, a mixer and a crowd do to a song."""
    sound = sound + 1e-6 * r.standard_normal(sound.size).astype(np.float32)
    if r.random() < 0.4:
        sound = room.reverberated(sound, r, float(r.uniform(0.08, 0.7)), float(r.uniform(0.1, 0.5)))
    kind = r.random()
    if kind < 0.1:
        sound = room.low_passed(sound, float(np.exp(r.uniform(np.log(400), np.log(8000)))))
    elif kind < 0.18:
        sound = room.high_passed(sound, float(r.uniform(80, 400)))
    elif kind < 0.24:
        middle = float(r.uniform(6, 18))
        sound = room.swept(sound, middle - 5, middle + 5, float(r.uniform(200, 800)))
    if r.random() < 0.3:
        babble = r.random() < 0.5
        noise = _talk(r, sound.size) if babble else noise_band(r, sound.size, 40, r.uniform(2000, 16_000))
        sound = room.with_noise(sound, noise.astype(np.float32), float(r.uniform(2, 35)))
    if r.random() < 0.3:
        sound = room.compressed(sound, float(r.uniform(1.5, 4)))
    if r.random() < 0.5:
        sound = room.limited(sound, float(r.uniform(1, 5)))
    return _peak(sound)


def save(song: Heard, path: Path) -> None:
    """The powers as float16 logarithms; a file is whole or not there."""
    logs = np.log(np.maximum(song.powers, LOWEST_POWER)).astype(np.float16)
    with whole_file(path) as partial, partial.open("wb") as file:
        np.savez(file, logs=logs, beats=song.beats, downbeats=song.downbeats, kind=song.kind)


def load(path: Path) -> Heard:
    with np.load(path, allow_pickle=False) as file:
        powers = np.exp(file["logs"].astype(np.float32))
        return Heard(powers, file["beats"], file["downbeats"], int(file["kind"]))


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m livesing.train.beat_corpus",
        description="Makes the songs that the beat tracker learns from, as it hears them.",
    )
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    parser.add_argument("--songs", metavar="N", type=int, default=3000)
    parser.add_argument(
        "--part", metavar="K/N", type=part, default="1/1", help="one of N processes that share the work"
    )
    parser.add_argument("--soundfont", metavar="FILE", type=Path, default=render.SOUNDFONT)
    options = parser.parse_args()

    def file_of(seed: int) -> Path:
        return Path(options.folder / f"{seed:05d}.npz")

    return make_missing(
        range(options.songs)[options.part],
        file_of,
        lambda seed: save(heard(seed, soundfont=options.soundfont), file_of(seed)),
    )


if __name__ == "__main__":
    sys.exit(main())
