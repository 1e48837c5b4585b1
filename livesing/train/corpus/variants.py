"""The same score played otherwise: one cue is changed and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from livesing.train.corpus.score import Note, Part, Score

SHORTEST_S = 0.05


def _each(score: Score, change: Callable[[Note], Note]) -> Score:
    parts = [replace(part, notes=[change(note) for note in part.notes]) for part in score.parts]
    return Score(parts, score.seconds)


def at_tempo(score: Score, factor: float) -> Score:
    """Played `factor` times as fast, and so much shorter."""
    played = _each(
        score,
        lambda note: note._replace(start_s=note.start_s / factor, duration_s=note.duration_s / factor),
    )
    return Score(played.parts, score.seconds / factor)


def at_velocity(score: Score, factor: float) -> Score:
    """Every note struck harder or softer by this factor."""
    return _each(
        score, lambda note: note._replace(velocity=int(min(max(note.velocity * factor, 1.0), 127.0)))
    )


def detached(score: Score, share: float) -> Score:
    """Every note of a pitched instrument held for a share of the time until the next one of its part begins:
    .3 staccato, 1 legato."""
    return Score([part if part.drums else _detached(part, share) for part in score.parts], score.seconds)


def _detached(part: Part, share: float) -> Part:
    starts = sorted({note.start_s for note in part.notes})
    # Notes of a chord are a few milliseconds apart.
    after = {
        start: next((later for later in starts[index:] if later > start + 0.05), None)
        for index, start in enumerate(starts)
    }
    notes = []
    for note in part.notes:
        following = after[note.start_s]
        free = note.duration_s if following is None else following - note.start_s
        notes.append(note._replace(duration_s=max(share * free, SHORTEST_S)))
    return replace(part, notes=notes)


def doubled(score: Score) -> Score:
    """Twice as many notes: each is struck again, a little softer, halfway to where it ends."""

    def twice(note: Note) -> tuple[Note, Note]:
        half = note.duration_s / 2.0
        again = note._replace(
            start_s=note.start_s + half, duration_s=half, velocity=max(note.velocity - 6, 1)
        )
        return note._replace(duration_s=half), again

    parts = [
        replace(part, notes=[struck for note in part.notes for struck in twice(note)]) for part in score.parts
    ]
    return Score(parts, score.seconds)


def on_program(score: Score, program: int) -> Score:
    """All pitched parts on one General MIDI instrument."""
    return Score(
        [part if part.drums else replace(part, program=program) for part in score.parts], score.seconds
    )


def to_minor(score: Score, tonic: int) -> Score:
    """A major piece's minor twin: third and sixth degree are lowered, the leading note stays. tonic:
    0..11, C = 0."""
    lowered = {(tonic + 4) % 12, (tonic + 9) % 12}
    parts = []
    for part in score.parts:
        if not part.drums:
            notes = [
                note._replace(pitch=note.pitch - 1) if note.pitch % 12 in lowered else note
                for note in part.notes
            ]
            part = replace(part, notes=notes)
        parts.append(part)
    return Score(parts, score.seconds)
