"""From notes to stereo sound: placing, sidechain ducking, reverb, limiter.

The piece is a loop, so everything here is circular: a tail that outlives the last frame goes on at
the first one, and the seam is as smooth as any other place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from livesing.audio.demo_drums import RATE, Wave, shaped_noise
from livesing.audio.demo_notation import Note
from livesing.audio.synth import INSTRUMENTS, Instrument, frequency_hz

CEILING = 10.0 ** (-2.0 / 20.0)
"""Largest sample: it leaves room for true peaks between samples below -1 dBFS."""

_ROOM = 0.75  # level of the reverb
_HALL = (  # low edge Hz, high edge Hz, seconds to fall by 60 dB, level
    (130.0, 500.0, 2.3, 0.8),
    (500.0, 2000.0, 2.0, 1.0),
    (2000.0, 5000.0, 1.3, 0.8),
    (5000.0, 9000.0, 0.7, 0.5),
)
_LIMITER_BLOCK = 64  # frames
_LOOK_BLOCKS = 12  # the limiter sees 17 ms ahead and recovers over twice that


@lru_cache(maxsize=256)
def _rise(frames: int) -> Wave:
    """Attack curve, half a cosine, (frames,) float32."""
    return (0.5 - 0.5 * np.cos(np.pi * np.arange(frames) / max(frames, 1))).astype(np.float32)


@lru_cache(maxsize=256)
def _fall(frames: int) -> Wave:
    """Release curve, (frames,) float32; squared, it falls fast at first as a damped string does."""
    fall = 0.5 + 0.5 * np.cos(np.pi * (np.arange(frames) + 1) / max(frames, 1))
    return (fall**2).astype(np.float32)


def _tier(instrument: Instrument, velocity: float) -> int:
    return min(int(velocity * instrument.tiers), instrument.tiers - 1)


def _held_frames(note: Note, instrument: Instrument) -> tuple[int, int]:
    """(frames until the release, frames in all)."""
    release = int(instrument.release_s * RATE)
    if instrument.ring_s:
        frames = int(instrument.ring_s * RATE)
        return max(frames - release, 1), frames
    held = max(int(note.duration_s * RATE), 1)
    return held, held + release


def _duck_curve(notes: Sequence[Note], frames: int) -> Wave:
    """1 where a kick drum strikes, falling to 0 within a third of a second, (frames,) float32."""
    length = int(0.32 * RATE)
    shape = (0.5 + 0.5 * np.cos(np.pi * np.arange(length) / length)).astype(np.float32)
    lead = int(0.004 * RATE)
    shape[:lead] *= np.linspace(0.0, 1.0, lead, dtype=np.float32)
    curve = np.zeros(frames, dtype=np.float32)
    for note in notes:
        if note.instrument == "kick":
            start = int(note.start_s * RATE)
            part = curve[start : start + length]
            np.maximum(part, shape[: part.size], out=part)
    return curve


def _add(bus: Wave, start: int, wave: Wave) -> None:
    """Adds (2, n) into (2, frames) at `start`, going round at the end."""
    first = min(wave.shape[1], bus.shape[1] - start)
    bus[:, start : start + first] += wave[:, :first]
    if first < wave.shape[1]:
        bus[:, : wave.shape[1] - first] += wave[:, first:]


def place(notes: Sequence[Note], frames: int, progress: Callable[[float], None]) -> tuple[Wave, Wave]:
    """Plays every note; returns the dry sound (2, frames) and what goes to the reverb (1, frames).

    Each pitch of an instrument is computed once, as long as its longest note, and reused.
    """
    groups: dict[tuple[str, int, int], list[Note]] = {}
    for note in notes:
        instrument = INSTRUMENTS[note.instrument]
        pitch = note.pitch if instrument.pitched else 0
        key = (note.instrument, pitch, _tier(instrument, note.velocity))
        groups.setdefault(key, []).append(note)
    dry = np.zeros((2, frames), dtype=np.float32)
    wet = np.zeros((1, frames), dtype=np.float32)
    duck = _duck_curve(notes, frames)
    for done, ((name, pitch, tier), played) in enumerate(groups.items()):
        instrument = INSTRUMENTS[name]
        brightness = (tier + 0.5) / instrument.tiers
        lengths = {_held_frames(note, instrument)[1] for note in played}
        shaped = instrument.shaped
        waves = {
            n: np.atleast_2d(instrument.voice(frequency_hz(pitch), n, brightness))
            for n in (lengths if shaped else {max(lengths)})
        }
        for note in played:
            held, total = _held_frames(note, instrument)
            wave = waves[total] if shaped else waves[max(waves)]
            # Constant power: -3 dB on both sides in the middle would only cost level, so scale.
            angle = (note.pan + 1.0) * np.pi / 4.0
            sides = np.sqrt(2.0) * np.array([[np.cos(angle)], [np.sin(angle)]])
            level = instrument.gain * note.velocity**1.5
            sound = wave[:, :total] * (level * sides).astype(np.float32)  # (2, total)
            rise = _rise(min(int(instrument.attack_s * RATE), held))
            fall = _fall(total - held)
            sound[:, : rise.size] *= rise
            sound[:, total - fall.size :] *= fall
            start = int(note.start_s * RATE)
            if instrument.duck:
                pushed = duck[start : start + total]
                sound[:, : pushed.size] *= 1.0 - np.float32(instrument.duck) * pushed
            _add(dry, start, sound)
            if instrument.send:
                _add(wet, start, np.float32(0.5 * instrument.send) * (sound[:1] + sound[1:]))
        progress((done + 1) / len(groups))
    return dry, wet


def _impulse_response() -> Wave:
    """A hall of 2.4 s, (2, n): noise that decays faster the higher it is, after a short gap.

    Scaled so that a steady tone between 200 and 2000 Hz comes back as strong as it went in.
    """
    frames = int(2.4 * RATE)
    t = np.arange(frames) / RATE
    gap = int(0.019 * RATE)
    sides = []
    for side in range(2):
        tail = np.zeros(frames)
        for band, (low, high, decay_s, level) in enumerate(_HALL):
            noise = shaped_noise(frames, low, high, seed=1000 + 10 * band + side)
            # Unit RMS would make a narrow band loud: equal density, then the band's own level.
            tail += level * np.sqrt(high - low) * noise * 10.0 ** (-3.0 * t / decay_s)
        tail *= np.clip(t / 0.03, 0.0, 1.0) * np.clip((frames / RATE - t) / 0.3, 0.0, 1.0)
        response = np.concatenate([np.zeros(gap), tail])
        hz = np.fft.rfftfreq(1 << 18, 1 / RATE)
        power = np.abs(np.fft.rfft(response, 1 << 18)) ** 2
        response /= np.sqrt(power[(hz > 200.0) & (hz < 2000.0)].mean())
        for at_ms, level in ((11.0, 0.35), (17.0, -0.28), (29.0, 0.24), (41.0, -0.18)):
            response[int((at_ms + 3.1 * side) * RATE / 1000)] += level
        sides.append(response)
    return np.stack(sides).astype(np.float32)


def reverberate(wet: Wave) -> Wave:
    """Circular convolution of (1, frames) with the hall, block by block; returns (2, frames)."""
    response = _impulse_response()
    size = 1 << 18
    hop = size - response.shape[1]
    hall = np.fft.rfft(response, size)  # (2, size / 2 + 1)
    out = np.zeros((2, wet.shape[1]), dtype=np.float32)
    for start in range(0, wet.shape[1], hop):
        piece = wet[0, start : start + hop]
        tail = np.asarray(np.fft.irfft(np.fft.rfft(piece, size) * hall, size), dtype=np.float32)
        _add(out, start, tail[:, : piece.size + response.shape[1] - 1])
    return out


def limit(sound: Wave, ceiling: float) -> Wave:
    """Turns (2, frames) down smoothly, in place, wherever it would pass `ceiling`.

    The gain is the smallest one needed nearby, smoothed over the look-ahead, so that in no block it
    is larger than the loudest frame of that block allows.
    """
    frames = sound.shape[1]
    blocks = -(-frames // _LIMITER_BLOCK)
    peaks = np.zeros(blocks * _LIMITER_BLOCK, dtype=np.float32)
    np.max(np.abs(sound), axis=0, out=peaks[:frames])
    peak = peaks.reshape(blocks, _LIMITER_BLOCK).max(axis=1)
    needed = np.minimum(1.0, ceiling / np.maximum(peak, 1e-9))
    reach = _LOOK_BLOCKS
    around = np.pad(needed, 2 * reach, mode="wrap")
    lowest = np.lib.stride_tricks.sliding_window_view(around, 2 * reach + 1).min(axis=1)
    weights = np.hanning(2 * reach + 1)  # its two ends are 0: one block of margin on each side
    gain = np.convolve(lowest, weights / weights.sum(), mode="valid")  # (blocks,)
    edge = 0.5 * (np.roll(gain, 1) + gain)[:, None]  # where a block begins
    along = (np.arange(_LIMITER_BLOCK) / _LIMITER_BLOCK)[None, :]
    curve = edge + (np.roll(edge, -1, axis=0) - edge) * along
    sound *= curve.astype(np.float32).reshape(-1)[:frames]
    return sound


def mix(notes: Sequence[Note], duration_s: float, progress: Callable[[float], None] | None = None) -> Wave:
    """The finished piece: (frames, 2) float32, peak at most `CEILING`, mean 0, loops seamlessly."""

    def report(share: float) -> None:
        if progress is not None:
            progress(share)

    frames = round(duration_s * RATE)
    sound, wet = place(notes, frames, lambda share: report(0.75 * share))
    sound += _ROOM * reverberate(wet)
    report(0.92)
    sound -= sound.mean(axis=1, keepdims=True)
    limit(sound, CEILING)
    report(1.0)
    return np.ascontiguousarray(sound.T)
