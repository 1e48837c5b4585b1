"""The demo piece as notes: six sections, composed the same way every time from a seed.

>>> from livesing.audio.score import SECTIONS, compose
>>> [section.mood for section in SECTIONS]
['calm', 'bright', 'dark', 'driving', 'joyful', 'calm']
>>> len(compose()) > 1000
True
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from livesing.audio import demo_lively, demo_quiet
from livesing.audio.demo_notation import BEATS_PER_BAR, Note, Passage

__all__ = ["DURATION_S", "SECTIONS", "Note", "Section", "compose"]


class Section(NamedTuple):
    """A stretch of the piece with one mood."""

    name: str
    start_s: float
    end_s: float
    mood: str  # calm, bright, dark, driving or joyful


# name, mood, tempo of each bar (quarter notes a minute), what writes its notes
_FORM: list[tuple[str, str, list[float], Callable[[Passage], None]]] = [
    ("dawn", "calm", [66.0] * 9 + [72.0], demo_quiet.dawn),
    ("bloom", "bright", [112.0] * 18 + [100.0, 84.0], demo_lively.bloom),
    ("shadow", "dark", [63.0] * 10, demo_quiet.shadow),
    ("surge", "driving", [126.0] * 24, demo_lively.surge),
    ("flight", "joyful", [126.0] * 15 + [96.0], demo_lively.flight),
    ("home", "calm", [66.0] * 7 + [58.0] * 2, demo_quiet.home),
]


def _sections() -> tuple[Section, ...]:
    sections: list[Section] = []
    start_s = 0.0
    for name, mood, bpm_by_bar, _ in _FORM:
        end_s = start_s + sum(BEATS_PER_BAR * 60.0 / bpm for bpm in bpm_by_bar)
        sections.append(Section(name, start_s, end_s, mood))
        start_s = end_s
    return tuple(sections)


SECTIONS: tuple[Section, ...] = _sections()
"""The sections in order; each begins where the one before it ends, the first at 0 s."""

DURATION_S: float = SECTIONS[-1].end_s
"""Length of the piece in seconds; what still sounds then belongs to the next time round."""


def compose(seed: int = 1) -> list[Note]:
    """All notes of the piece, sorted by start, the same list for the same seed.

    The harmony and the melodies are fixed; the seed chooses what a player would: touch, small
    delays, the shape of an arpeggio, where a bell is struck.
    """
    notes: list[Note] = []
    for index, (section, form) in enumerate(zip(SECTIONS, _FORM, strict=True)):
        # A generator of its own for each section: a change in one leaves the others as they were.
        passage = Passage(section.start_s, form[2], np.random.default_rng([seed, index]))
        form[3](passage)
        notes.extend(passage.notes)
    return sorted(notes, key=lambda note: (note.start_s, note.instrument, note.pitch, note.pan))
