"""Lessons of the beat network from training songs: what it hears, changed at random, and what to say."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from livesing.audio.beat_features import BANDS, FRAMES, FRAMES_PER_STEP, STEP_S, STRIDE
from livesing.audio.beat_inputs import INPUTS, BeatInputs
from livesing.audio.beat_net import DELAY_S, TEMPOS
from livesing.audio.framing import Floats
from livesing.beat_set.drum_sounds import Random
from livesing.beat_set.tempo_map import Times
from livesing.train.beat_corpus import Heard, load

FRAME_S = STEP_S / FRAMES_PER_STEP
SHARPNESS_STEPS = 0.7
"""Width of the bump that a beat is in the targets."""
TEMPO_WIDTH = 0.03
"""Natural logarithm: width of the bump that the tempo is."""
SILENCE = 1e-7
"""What is softer is silence, in songs whose loudest frame has a power of 1. So levels never begin anew here,
where nothing but music is heard."""
UNJUDGED_S = 1.0
"""At the beginning nothing can be told yet."""


class Lessons(NamedTuple):
    """inputs [b, steps, INPUTS]; beat, downbeat [b, steps] 0..1; tempo [b, steps, len(TEMPOS)], summing to 1;
    weight [b, steps] of each step, 0 where nothing can be told."""

    inputs: Floats
    beat: Floats
    downbeat: Floats
    tempo: Floats
    weight: Floats


def inputs_of(powers: Floats) -> Floats:
    """powers: [b, frames, BANDS] -> [b, steps, INPUTS] of whole strides."""
    songs, frames, _ = powers.shape
    heard = BeatInputs((songs,), SILENCE)
    strides = powers[:, : frames // FRAMES * FRAMES].reshape(songs, -1, FRAMES, BANDS)
    out = np.empty((songs, strides.shape[1], STRIDE, INPUTS), dtype=np.float32)
    for number in range(strides.shape[1]):
        out[:, number] = heard.push(strides[:, number])
    return out.reshape(songs, -1, INPUTS)


def bumps(times: Times, steps: int) -> Floats:
    """[steps] 1 at the step that is called each time's, falling off on both sides."""
    target = np.zeros(steps, dtype=np.float32)
    place = (times + DELAY_S) / STEP_S - 1.0
    for offset in (-2, -1, 0, 1, 2):
        index = np.round(place).astype(int) + offset
        inside = (index >= 0) & (index < steps)
        height = np.exp(-0.5 * ((index - place) / SHARPNESS_STEPS) ** 2)
        np.maximum.at(target, index[inside], height[inside].astype(np.float32))
    return target


def tempo_targets(beats: Times, steps: int) -> Floats:
    """[steps, len(TEMPOS)] a bump at the tempo of the beats around each step."""
    gaps = np.diff(beats)
    near = np.array([np.median(gaps[max(k - 1, 0) : k + 3]) for k in range(len(gaps))])
    now = (np.arange(steps) + 1) * STEP_S - DELAY_S
    period = near[np.clip(np.searchsorted(beats, now) - 1, 0, len(near) - 1)]
    away = np.log(TEMPOS)[None, :] - np.log(60.0 / period)[:, None]
    target = np.exp(-0.5 * (away / TEMPO_WIDTH) ** 2) + 1e-6
    return np.asarray(target / target.sum(axis=1, keepdims=True), dtype=np.float32)


def stretched(song: Heard, r: Random) -> Heard:
    """Played up to 10 % faster or slower."""
    factor = float(np.exp(r.uniform(-0.1, 0.1)))
    frames = int(len(song.powers) / factor)
    at = np.minimum(np.arange(frames) * factor, len(song.powers) - 1.001)
    low = at.astype(int)
    part = (at - low).astype(np.float32)[:, None]
    logs = np.log(song.powers + 1e-9)
    powers = np.exp(logs[low] * (1 - part) + logs[low + 1] * part)
    return Heard(powers, song.beats / factor, song.downbeats / factor, song.kind)


def changed(powers: Floats, r: Random) -> Floats:
    """An equaliser, noise, a narrow medium, steps of the level, breaks."""
    powers = powers.copy()
    frames = len(powers)
    curve_db = np.interp(np.arange(BANDS), np.linspace(0, BANDS - 1, 5), r.normal(0.0, 5.0, 5))
    powers *= (10.0 ** (curve_db / 10.0)).astype(np.float32)
    if r.random() < 0.1:
        powers[:, int(r.integers(12, BANDS)) :] = 0.0
    if r.random() < 0.15:
        first = int(r.integers(0, frames))
        powers[first:] *= np.float32(10.0 ** (r.uniform(-12, 12) / 10.0))
    if r.random() < 0.12:
        first = int(r.integers(0, frames))
        powers[first : first + int(r.uniform(50, 350))] *= np.float32(10.0 ** r.uniform(-8, -1))
    loudest = float(powers.sum(axis=1).max()) + 1e-9
    if r.random() < 0.35:
        floor = loudest * 10.0 ** (r.uniform(-55, -18) / 10.0) / BANDS
        colour = 10.0 ** (np.interp(np.arange(BANDS), [0, BANDS / 2, BANDS - 1], r.normal(0, 4, 3)) / 10.0)
        powers += (floor * colour * r.gamma(4.0, 0.25, powers.shape)).astype(np.float32)
    return powers / np.float32(loudest)


def lessons(songs: list[Heard], steps: int, r: Random, *, altered: bool = True) -> Lessons:
    """One lesson a song: `steps` of it from a random moment on (from the beginning where not `altered`).
    ValueError unless `steps` are whole strides."""
    if steps % STRIDE:
        raise ValueError(f"{steps} steps are not whole strides of {STRIDE}")
    powers = np.zeros((len(songs), steps * FRAMES_PER_STEP, BANDS), dtype=np.float32)
    beat = np.zeros((len(songs), steps), dtype=np.float32)
    downbeat, weight = beat.copy(), beat.copy()
    tempo = np.zeros((len(songs), steps, len(TEMPOS)), dtype=np.float32)
    for number, song in enumerate(songs):
        first = 0
        if altered:
            if r.random() < 0.6:
                song = stretched(song, r)
            spare = len(song.powers) - steps * FRAMES_PER_STEP
            first = int(r.integers(0, spare + 1)) if spare > 0 else 0
        part = song.powers[first : first + steps * FRAMES_PER_STEP]
        powers[number, : len(part)] = changed(part, r) if altered else part
        beats, downbeats = song.beats - first * FRAME_S, song.downbeats - first * FRAME_S
        beat[number], downbeat[number] = bumps(beats, steps), bumps(downbeats, steps)
        tempo[number] = tempo_targets(beats, steps)
        now = (np.arange(steps) + 1) * STEP_S
        weight[number] = (now > max(beats[0], 0.0) + UNJUDGED_S) & (now < beats[-1] + 0.1)
    return Lessons(inputs_of(powers), beat, downbeat, tempo, weight)


def songs_in(folder: Path) -> list[Heard]:
    return [song for song in map(load, sorted(folder.glob("[0-9]*.npz"))) if len(song.beats) > 4]
