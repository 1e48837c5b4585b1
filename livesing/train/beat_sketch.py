"""Songs put together from band powers of single sounds, with what a room, a desk and a crowd do to them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from livesing.audio.beat_features import BANDS
from livesing.audio.framing import Floats
from livesing.beat_set.drum_sounds import Random
from livesing.beat_set.tempo_map import Times
from livesing.train import beat_timbres
from livesing.train.beat_corpus import JOINED, KINDS, Heard
from livesing.train.beat_genres import GENRES, Genre
from livesing.train.beat_songs import Song, Track, random_song
from livesing.train.beat_sounds import DRUM_PARTS
from livesing.train.beat_timbres import HELD_S, PITCHES, Bank

FRAME_S = 0.01
KIND = KINDS.index("sketched")
BALANCE = 0.5
"""Spread of the tracks' gains, natural logarithm: no two mixes are alike."""


def sketched(r: Random, bank: Bank, seconds: float, genres: Mapping[str, Genre] = GENRES) -> Heard:
    """A random song of that length, perhaps two that follow each other."""
    song = _placed(r, bank, seconds, genres)
    if r.random() < JOINED:
        song = _joined(song, _placed(r, bank, seconds, genres), r, seconds)
    powers = _through_the_room(song.powers, r)
    return song._replace(powers=powers / powers.sum(axis=1).max())


def _placed(r: Random, bank: Bank, seconds: float, genres: Mapping[str, Genre]) -> Heard:
    while True:
        song = random_song(r, seconds, genres)
        powers = powers_of(song, r, bank)
        if powers.any():  # what is played may lie in bars that are silent
            return Heard(powers, song.tempo.beats, song.tempo.downbeats, KIND)


def powers_of(song: Song, r: Random, bank: Bank) -> Floats:
    """[frames, BANDS] of a song, dry."""
    frames = round(song.seconds / FRAME_S)
    drums = np.zeros((frames + 700, BANDS), dtype=np.float32)
    notes = drums.copy()
    for track in song.tracks:
        gain = track.gain * math.exp(r.normal(0.0, BALANCE)) * (1.6 if track.part == "high" else 1.0)
        if track.part in DRUM_PARTS:
            hits = bank.hits[track.part]
            hit = hits[int(r.integers(len(hits)))]
            for time_s, level, _, _ in track.notes:
                _add(drums, hit, time_s, (gain * level) ** 2)
        else:
            _play(notes, track, gain, r, bank)
    if song.kicks_s and r.random() < 0.25:
        _pump(notes, song.kicks_s, r)
    return (drums + notes)[:frames]


def _play(out: Floats, track: Track, gain: float, r: Random, bank: Bank) -> None:
    voices = bank.notes[track.part]
    voice = voices[int(r.integers(len(voices)))]
    release = float(r.uniform(4.0, 18.0))  # frames
    for time_s, level, pitch, length_s in track.notes:
        note = voice[min(max(round((pitch - PITCHES[0]) / 4), 0), len(PITCHES) - 1)]
        held = int(length_s / FRAME_S)
        if held < len(note) - 10:
            end = min(held + int(4 * release), len(note))
            note = note[:end].copy()
            note[held:] *= np.exp(-np.arange(end - held) / release, dtype=np.float32)[:, None]
        elif length_s > HELD_S:
            sustained = note[: int(HELD_S / FRAME_S) - 2]
            more = min(held - len(sustained), 400)
            fading = np.exp(-np.arange(max(more, 1)) / 150.0, dtype=np.float32)[:, None]
            note = np.concatenate((sustained, sustained[-20:].mean(axis=0) * fading))
        _add(out, note, time_s, (gain * level) ** 2 * float(np.exp(r.normal(0.0, 0.2))))


def _add(out: Floats, powers: Floats, time_s: float, gain: float) -> None:
    place = time_s / FRAME_S
    first = int(place)
    part = powers[: max(len(out) - first - 1, 0)]
    share = place - first
    out[first : first + len(part)] += np.float32(gain * (1.0 - share)) * part
    out[first + 1 : first + 1 + len(part)] += np.float32(gain * share) * part


def _pump(powers: Floats, kicks_s: list[float], r: Random) -> None:
    """Pushed down by every kick, as a side-chained compressor does."""
    depth, back = float(r.uniform(0.2, 0.8)), float(r.uniform(8, 25))
    shape = ((1.0 - depth * np.exp(-np.arange(75) / back)) ** 2).astype(np.float32)
    gain = np.ones(len(powers), dtype=np.float32)
    for time_s in kicks_s:
        part = gain[int(time_s / FRAME_S) :][:75]
        np.minimum(part, shape[: part.size], out=part)
    powers *= gain[:, None]


def _joined(first: Heard, second: Heard, r: Random, seconds: float) -> Heard:
    """One song until somewhere in the middle, then the other; a cut or a crossfade."""
    at_s = float(r.uniform(0.3, 0.65) * seconds)
    fade_s = float(r.choice([0.01, 0.01, 2.0, 5.0]))
    ramp = np.clip((np.arange(len(first.powers)) * FRAME_S - at_s) / fade_s + 0.5, 0, 1)[:, None]
    fade_in, fade_out = np.sin(ramp * math.pi / 2) ** 2, np.cos(ramp * math.pi / 2) ** 2
    powers = first.powers * fade_out + second.powers * fade_in

    def chosen(one: Times, other: Times) -> Times:
        return np.concatenate((one[one < at_s], other[other >= at_s]))

    beats = chosen(first.beats, second.beats)
    return Heard(powers.astype(np.float32), beats, chosen(first.downbeats, second.downbeats), KIND)


def _through_the_room(powers: Floats, r: Random) -> Floats:
    frames = len(powers)
    if r.random() < 0.45:  # a tail that dies away, faster above
        decay = float(r.uniform(6.0, 60.0)) / np.linspace(1.0, r.uniform(1.0, 2.5), BANDS)
        keep = np.exp(-1.0 / decay).astype(np.float32)
        share = np.float32(r.uniform(0.1, 0.5) ** 2)
        wet = powers * (1.0 - keep)
        span = 1
        while span < frames:  # a leaky sum, of twice as many frames each time
            wet[span:] += wet[:-span] * keep**span
            span *= 2
        powers = powers + share / (1.0 - share) * wet * np.float32(r.uniform(2.0, 10.0))
    kind = r.random()
    band = np.arange(BANDS)
    if kind < 0.08:
        powers = powers * (1.0 / (1.0 + np.exp((band - r.uniform(8, 24)) * 1.2))).astype(np.float32)
    elif kind < 0.16:
        powers = powers * (1.0 / (1.0 + np.exp((r.uniform(1, 11) - band) * 1.2))).astype(np.float32)
    elif kind < 0.22:  # a filter that closes and opens
        middle, half = r.uniform(500, 1800), r.uniform(300, 700)
        openness = np.clip(np.abs(np.arange(frames) - middle) / half, 0, 1)
        cutoff = 8.0 + 22.0 * openness
        powers = powers * (1.0 / (1.0 + np.exp((band[None, :] - cutoff[:, None]) * 1.2))).astype(np.float32)
    if r.random() < 0.3:
        powers = powers + _noise(powers, r)
    if r.random() < 0.35:
        powers = _levelled(powers, float(r.uniform(0.2, 0.75)), 8.0)
    if r.random() < 0.4:
        powers = _levelled(powers, float(r.uniform(0.3, 0.9)), 1.0)
    # Bands of few partials waver.
    waver = np.exp(r.normal(0.0, r.uniform(0.02, 0.15), (frames, BANDS)))
    return np.asarray(powers * waver, dtype=np.float32)


def _noise(powers: Floats, r: Random) -> Floats:
    """Hiss, or people whose level changes like syllables, with shouts and claps."""
    frames = len(powers)
    level = powers.mean(axis=0).sum() * 10.0 ** (-r.uniform(2, 32) / 10.0)
    centre, width = r.uniform(2, 24), r.uniform(3, 12)
    colour = np.exp(-0.5 * ((np.arange(BANDS) - centre) / width) ** 2)
    noise = r.gamma(3.0, 1.0 / 3.0, (frames, BANDS)) * colour / colour.sum() * level
    if r.random() < 0.5:
        syllables = r.uniform(0.1, 1.0, frames // 12 + 2) ** r.uniform(1.0, 5.0)
        noise *= np.interp(np.arange(frames) / 12.0, np.arange(syllables.size), 2 * syllables)[:, None]
        for first in r.integers(0, frames - 20, int(r.integers(0, 60))):
            burst = np.exp(-np.arange(20) / r.uniform(2, 10))[:, None] * colour / colour.sum()
            noise[first : first + 20] += r.uniform(1, 8) * level * burst
    return noise.astype(np.float32)


def _levelled(powers: Floats, share: float, frames: float) -> Floats:
    """The level is evened out over some frames; share: 0 not at all .. 1 wholly."""
    total = powers.sum(axis=1) + 1e-6 * float(powers.sum(axis=1).max())
    size = max(int(2 * frames), 1)
    smooth = np.convolve(np.pad(total, size, mode="edge"), np.ones(2 * size + 1) / (2 * size + 1), "valid")
    if frames <= 1.0:  # a limiter acts on what is loud only
        knee = float(np.quantile(smooth, 0.8))
        gain = np.minimum(knee / smooth, 1.0) ** share
    else:
        gain = np.minimum((smooth / smooth.max()) ** -share, 64.0)
    return powers * gain[:, None].astype(np.float32)


def bank_in(folder: Path, soundfont: Path | None) -> Bank:
    """The bank that is kept in a folder; made where there is none."""
    kept = folder / "bank.npz"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        beat_timbres.save(beat_timbres.make_bank(np.random.default_rng(5), soundfont), kept)
    return beat_timbres.load(kept)
