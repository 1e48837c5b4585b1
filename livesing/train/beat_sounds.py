"""How training songs sound: by random instruments of a few lines of numpy, or by a General MIDI soundfont."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livesing.audio.synth import damped_partials, harmonics
from livesing.beat_set import room
from livesing.beat_set.drum_sounds import RATE, Random, Wave
from livesing.beat_set.note_sounds import Voice
from livesing.train.beat_songs import Song, Track
from livesing.train.corpus import render
from livesing.train.corpus.score import Note, Part, Score

Sound = NDArray[np.float32]
DRUM_PARTS = ("low", "mid", "high")

KEYS: dict[str, tuple[int, ...]] = {
    "low": (36, 36, 36, 35, 35, 41, 64, 36),
    "mid": (38, 38, 40, 37, 39, 38, 38, 40, 47, 63, 61, 54, 76),
    "high": (42, 42, 42, 44, 51, 46, 70, 69, 82, 53, 59, 56),
}
"""General MIDI's drums by role; the usual ones more often."""
PROGRAMS: dict[str, tuple[int, ...]] = {
    "bass": (32, 33, 33, 34, 35, 36, 38, 39, 0, 43, 58, 87),
    "chords": (
        0, 0, 1, 2, 4, 5, 7, 16, 18, 24, 25, 25, 26, 27, 27, 28, 29, 30, 48, 49, 61, 62, 81, 90, 45, 11, 46,
    ),
    "arpeggio": (0, 4, 6, 11, 12, 24, 25, 26, 45, 46, 80, 81, 104, 105, 9, 8),
    "lead": (
        0, 11, 22, 26, 27, 29, 40, 42, 48, 53, 54, 56, 57, 60, 64, 65, 66, 68, 71, 73, 75, 80, 81, 85, 110,
    ),
    "pad": (48, 49, 50, 52, 89, 90, 91, 94, 95, 19),
}  # fmt: skip


def noise_band(r: Random, size: int, low_hz: float, high_hz: float) -> NDArray[np.float64]:
    """[size] noise between two frequencies, RMS 1."""
    whole = 1 << (size - 1).bit_length()
    hz = np.fft.rfftfreq(whole, 1 / RATE)
    shape = 1.0 / np.sqrt((1.0 + (hz / high_hz) ** 4) * (1.0 + (low_hz / np.maximum(hz, 1.0)) ** 4))
    noise = np.fft.irfft(shape * np.exp(2j * np.pi * r.random(shape.size)), whole)[:size]
    return np.asarray(noise / (np.sqrt(np.mean(noise**2)) + 1e-12))


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
        noise, low, high = r.uniform(0, 0.3), 500.0, 6000.0
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


def random_voice(r: Random, part: str) -> Voice:
    """A pitched sound for a part of a song."""
    if part == "pad":
        return Voice(partials=10, slope=1.3, attack_s=r.uniform(0.1, 0.6), release_s=0.5, players=3, detune=9)
    held = r.random() < {"bass": 0.2, "chords": 0.3, "arpeggio": 0.1, "lead": 0.6}[part]
    return Voice(
        partials=int(r.integers(1, 13)),
        slope=float(r.uniform(0.6, 2.2)),
        odd=float(r.choice([1.0, 1.0, 0.5, 0.0])),
        attack_s=float(np.exp(r.uniform(np.log(0.002), np.log(0.12 if held else 0.02)))),
        decay_s=0.0 if held else float(np.exp(r.uniform(np.log(0.1), np.log(1.8)))),
        damping=float(r.uniform(0, 1.2)),
        release_s=float(r.uniform(0.03, 0.3)),
        players=int(r.choice([1, 1, 1, 2])),
        detune=float(r.uniform(0, 16)),
        vibrato=float(r.choice([0, 0, 0, r.uniform(5, 40)])),
        stretch=float(r.choice([0, 0, 0, 3e-4, 1e-2])),
    )


def synthesised(song: Song, r: Random) -> Sound:
    """[n] samples at RATE, by instruments that are drawn for this song."""
    size = round((song.seconds + 0.5) * RATE)
    drums, notes = np.zeros(size, dtype=np.float32), np.zeros(size, dtype=np.float32)
    for track in song.tracks:
        if track.part in DRUM_PARTS:
            wave = random_hit(r, track.part)
            for time_s, level, _, _ in track.notes:
                _add(drums, wave, time_s, track.gain * level)
            continue
        voice = random_voice(r, track.part)
        made: dict[tuple[float, float], Wave] = {}
        for time_s, level, pitch, length_s in track.notes:
            key = (pitch, round(length_s / 0.06) * 0.06 + 0.02)
            if key not in made:
                made[key] = sung(voice, *key, r)
            _add(notes, made[key], time_s, track.gain * level)
    if song.kicks_s and r.random() < 0.25:
        notes = room.pumped(notes, song.kicks_s, r.uniform(0.2, 0.8), r.uniform(0.08, 0.25))
    return drums + notes


def _add(sound: Sound, wave: Wave, time_s: float, gain: float) -> None:
    first = round(time_s * RATE)
    part = wave[: max(sound.size - first, 0)]
    sound[first : first + part.size] += np.float32(gain) * part


def score_of(song: Song, r: Random) -> Score:
    """The song for a General MIDI synthesiser, with programs and drums that are drawn for it."""
    parts = []
    drums = Part(0, drums=True, volume=110, reverb=int(r.choice([0, 20, 60])))
    loudest = max(track.gain for track in song.tracks)
    for track in song.tracks:
        drum = track.part in DRUM_PARTS
        # Gains are meant for the peaks of synthesised waves: beside samples, notes are louder and drums less.
        strength = (track.gain / loudest) ** 0.5 * (1.0 if drum else float(r.uniform(0.7, 1.2)))
        part = drums if drum else Part(int(r.choice(PROGRAMS[track.part])), volume=_midi(110 * strength))
        part.reverb = int(r.choice([0, 30, 80])) if not drum else part.reverb
        part.notes += _notes(track, drum, strength, r)
        if not drum:
            parts.append(part)
    return Score(([drums] if drums.notes else []) + parts, song.seconds)


def _midi(value: float) -> int:
    return int(min(max(round(value), 1), 127))


def _notes(track: Track, drum: bool, strength: float, r: Random) -> list[Note]:
    key = int(r.choice(KEYS[track.part])) if drum else 0
    softest = float(r.uniform(0.3, 0.9))
    return [
        Note(
            time_s,
            length_s,
            key or _midi(pitch),
            _midi(127 * (strength if drum else 0.85) * (softest + (1 - softest) * level)),
        )
        for time_s, level, pitch, length_s in track.notes
    ]


def sampled(song: Song, r: Random, soundfont: Path = render.SOUNDFONT) -> Sound:
    """[n] samples at RATE, by fluidsynth and a soundfont. UsageError without them."""
    return render.played(score_of(song, r), soundfont, RATE)
