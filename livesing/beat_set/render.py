"""From a piece of the beat set to its sound, with its beats."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from livesing.beat_set import room
from livesing.beat_set.arrangement import ALL_GROOVES, Break, Event, Player
from livesing.beat_set.drum_sounds import DRUMS, RATE, Random, Wave
from livesing.beat_set.note_sounds import VOICES, note
from livesing.beat_set.pieces import Piece, Stretch
from livesing.beat_set.tempo_map import TempoMap, Times, played_beats

Sound = NDArray[np.float32]
TAIL_S = 0.5


class Rendering(NamedTuple):
    """A piece as it sounds.

    sound      [n] float32, mono, at RATE, within +-1
    beats      [b] s, rising
    downbeats  [d] s, a part of the beats
    changes    [c] s: where the beat passes from one stretch to the next
    """

    sound: Sound
    beats: Times
    downbeats: Times
    changes: Times


class _Kit:
    """The instruments of one stretch: each sound is made once."""

    def __init__(self, random: Random, style: str) -> None:
        self._random = random
        self._style = style
        self._waves: dict[tuple[str, float, float], Wave] = {}

    def wave(self, event: Event) -> tuple[Wave, float]:
        """The samples of an event and its gain."""
        if event.pitch is None:
            key = (event.sound, 0.0, 0.0)
            if key not in self._waves:
                self._waves[key] = DRUMS[event.sound](self._random, self._style)
            return self._waves[key], event.level
        voice = VOICES[event.sound]
        length_s = round(event.duration_s / 0.03) * 0.03 + 0.01
        key = (event.sound, event.pitch, length_s)
        if key not in self._waves:
            self._waves[key] = note(voice, event.pitch, length_s, self._random)
        return self._waves[key], event.level * voice.level


def render(piece: Piece) -> Rendering:
    """The same piece gives the same samples."""
    random = np.random.default_rng(piece.seed)
    maps = _maps(piece, random)
    total_s = float(maps[-1].beats[-1]) + 60.0 / piece.stretches[-1].bpm + TAIL_S
    sound = np.zeros(round(total_s * RATE), dtype=np.float32)
    beats, downbeats, changes = [], [], []
    end_before = 0.0
    for number, (stretch, tempo) in enumerate(zip(piece.stretches, maps, strict=True)):
        start_s = float(tempo.beats[0])
        end_s = float(tempo.time(len(tempo.beats)))
        after_s = float(maps[number + 1].beats[0]) if number + 1 < len(maps) else total_s
        before_s = end_before if number else start_s
        part = _stretch_sound(stretch, tempo, random, sound.size)
        _fade(part, start_s, before_s - start_s, rising=True)
        _fade(part, after_s, end_s - after_s if number + 1 < len(maps) else 0.0, rising=False)
        sound += part
        first = (start_s + before_s) / 2.0 - 1e-6 if number else -1.0
        last = (after_s + end_s) / 2.0 - 1e-6 if number + 1 < len(maps) else total_s
        beats.append(tempo.beats[(tempo.beats >= first) & (tempo.beats < last)])
        downbeats.append(tempo.downbeats[(tempo.downbeats >= first) & (tempo.downbeats < last)])
        if number:
            changes.append(first)
        end_before = end_s
    return Rendering(
        _spoilt(sound, piece, random), np.concatenate(beats), np.concatenate(downbeats), np.array(changes)
    )


def _maps(piece: Piece, random: Random) -> list[TempoMap]:
    maps: list[TempoMap] = []
    start_s = piece.lead_in_s
    for stretch in piece.stretches:
        metre = ALL_GROOVES[stretch.groove].beats
        if maps:
            before = maps[-1]
            start_s = float(before.time(len(before.beats))) - piece.crossfade_s
            if piece.matched:
                start_s = float(before.downbeats[np.argmin(np.abs(before.downbeats - start_s))])
        feel = {name: getattr(stretch, name) for name in ("drift", "wave", "wander", "rubato")}
        beats = played_beats(start_s, start_s + stretch.seconds, stretch.bpm, random, **feel)
        maps.append(TempoMap(beats, metre, stretch.pickup))
    return maps


def _stretch_sound(stretch: Stretch, tempo: TempoMap, random: Random, size: int) -> Sound:
    groove = ALL_GROOVES[stretch.groove]
    breaks = []
    for start_s, length_s, kind in stretch.breaks:
        first, last = (
            tempo.pickup + groove.beats * round(seconds * stretch.bpm / 60.0 / groove.beats)
            for seconds in (start_s, start_s + length_s)
        )
        breaks.append(Break(0 if start_s == 0 else first, last if start_s == 0 else last - first, kind))
    if stretch.unplugged:
        breaks.append(Break(0, len(tempo.beats) + 1, "drums"))
    player = Player(
        groove,
        tempo,
        random,
        variant=stretch.variant,
        breaks=tuple(breaks),
        looseness=stretch.looseness,
        key=int(random.integers(-5, 7)),
    )
    events = player.events()
    kit = _Kit(random, groove.kit)
    drums, notes = np.zeros(size, dtype=np.float32), np.zeros(size, dtype=np.float32)
    for event in events:
        wave, gain = kit.wave(event)
        target = drums if event.pitch is None else notes
        first = max(round(event.time_s * RATE), 0)
        part = wave[: max(size - first, 0)]
        target[first : first + part.size] += np.float32(gain) * part
    if groove.pump:
        notes = room.pumped(notes, [event.time_s for event in events if event.sound == "kick"], groove.pump)
    return drums + notes * np.float32(random.uniform(0.7, 1.3))


def _fade(part: Sound, start_s: float, length_s: float, *, rising: bool) -> None:
    """Fades a stretch in or out over length_s; a hard cut where that is 0."""
    first, size = round(start_s * RATE), max(round(length_s * RATE), 1)
    if length_s <= 0.0:
        if not rising:
            part[first:] = 0.0
        return
    ramp = np.sin(np.linspace(0.0, np.pi / 2.0, size)).astype(np.float32)
    here = part[first : first + size]
    here *= ramp[: here.size] if rising else ramp[::-1][: here.size]
    if not rising:
        part[first + size :] = 0.0


def _spoilt(sound: Sound, piece: Piece, random: Random) -> Sound:
    if piece.sweep:
        sound = room.swept(sound, *piece.sweep)
    if piece.room_s:
        sound = room.reverberated(sound, random, piece.room_s, 0.35)
    if piece.noise:
        noise = room.crowd(random, sound.size) if piece.noise == "crowd" else room.hiss(random, sound.size)
        sound = room.with_noise(sound, noise, piece.snr_db)
    if piece.ratio > 1.0:
        sound = room.compressed(sound, piece.ratio)
    sound = room.limited(sound, piece.drive)
    return np.asarray(sound * (10 ** (piece.gain_db / 20) / np.abs(sound).max()), dtype=np.float32)
