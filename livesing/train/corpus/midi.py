"""A score as a Standard MIDI File (format 1), the least of it that fluidsynth needs."""

from __future__ import annotations

import struct

from livesing.train.corpus.score import CHANNELS, DRUM_CHANNEL, Part, Score

TICKS = 480
"""Per quarter note; at 120 quarters a minute a tick is 1/960 s."""
PER_SECOND = 2 * TICKS


def _length(value: int) -> bytes:
    """A number as MIDI's variable-length quantity."""
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))


def _track(events: list[tuple[int, int, bytes]]) -> bytes:
    """events: (tick, order within the tick, message)."""
    body, now = b"", 0
    for tick, _, message in sorted(events):
        body += _length(tick - now) + message
        now = tick
    body += b"\x00\xff\x2f\x00"
    return b"MTrk" + struct.pack(">I", len(body)) + body


def _events(part: Part, channel: int) -> list[tuple[int, int, bytes]]:
    events = [
        (0, 0, bytes((0xC0 | channel, part.program))),
        (0, 1, bytes((0xB0 | channel, 7, part.volume))),
        (0, 2, bytes((0xB0 | channel, 10, part.pan))),
        (0, 3, bytes((0xB0 | channel, 91, part.reverb))),
    ]
    for note in part.notes:
        start = round(note.start_s * PER_SECOND)
        end = max(start + 1, round((note.start_s + note.duration_s) * PER_SECOND))
        # A note ends before another one of its pitch begins in the same tick.
        events.append((start, 5, bytes((0x90 | channel, note.pitch, note.velocity))))
        events.append((end, 4, bytes((0x80 | channel, note.pitch, 0))))
    return events


def midi_file(score: Score) -> bytes:
    """The whole file. ValueError where there are more parts than MIDI has channels."""
    free = iter(CHANNELS)
    tracks = [_track([(0, 0, b"\xff\x51\x03" + (500_000).to_bytes(3, "big"))])]
    for part in score.parts:
        channel = DRUM_CHANNEL if part.drums else next(free, None)
        if channel is None:
            raise ValueError(f"{len(score.parts)} parts are more than MIDI has channels")
        tracks.append(_track(_events(part, channel)))
    header = b"MThd" + struct.pack(">IHHH", 6, 1, len(tracks), TICKS)
    return header + b"".join(tracks)
