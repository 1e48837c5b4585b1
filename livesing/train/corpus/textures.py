"""Which players and instruments make a piano piece, a band, a choir, ..."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from livesing.train.corpus import players as p
from livesing.train.corpus.players import Player


@dataclass(frozen=True)
class Seat:
    """A player at an instrument.

    programs: General MIDI, dull first, bright last. centre: MIDI number of the register's middle.
    volume: 0..127. early: may play an intro. chance: of being there at all.
    """

    player: Player
    programs: tuple[int, ...]
    centre: float
    volume: int = 100
    early: bool = True
    chance: float = 1.0


@dataclass(frozen=True)
class Texture:
    """choices: one of them is picked. drums: names of patterns. rubato: 0..1. mastered: 0 the level is as it
    was played .. 1 pressed to the level of a record."""

    choices: tuple[tuple[Seat, ...], ...]
    drums: tuple[str, ...] = ()
    rubato: float = 0.3
    mastered: float = 0.5
    swing: float = 0.0


PIANO = (0,)
_PIANO_STYLES = tuple(
    (Seat(p.melody, PIANO, 74, 110), Seat(left, PIANO, centre, 92))
    for left, centre in (
        (p.arpeggio, 55), (p.arpeggio, 50), (p.chords, 55), (p.chords, 60), (p.waltz, 52), (p.pad, 55),
        (p.bass, 43), (p.tremolo, 58), (p.counter, 55), (p.comp, 57),
    )
)  # fmt: skip
_PIANO_FULL = (
    (Seat(p.melody, PIANO, 77, 112), Seat(p.chords, PIANO, 62, 84), Seat(p.bass, PIANO, 38, 100)),
    (Seat(p.melody, PIANO, 76, 112), Seat(p.arpeggio, PIANO, 58, 88), Seat(p.bass, PIANO, 36, 96)),
    (Seat(p.pad, PIANO, 62, 100), Seat(p.bass, PIANO, 40, 96)),
    (Seat(p.arpeggio, PIANO, 66, 100),),
    (Seat(p.melody, PIANO, 69, 110),),
    (Seat(p.melody, (4, 5), 72, 110), Seat(p.chords, (4, 5), 57, 90)),
    (Seat(p.melody, (6,), 72, 105), Seat(p.arpeggio, (6,), 55, 95)),
    (Seat(p.melody, (8, 10, 11), 84, 105), Seat(p.arpeggio, PIANO, 60, 90)),
)
STRINGS = (49, 48)
BOWED = (42, 41, 40)
WIND = (71, 73, 68)
BRASS = (60, 57, 56)

TEXTURES: dict[str, Texture] = {
    "piano": Texture(_PIANO_STYLES + _PIANO_FULL, rubato=0.6, mastered=0.15),
    "strings": Texture(
        (
            (Seat(p.melody, STRINGS, 74, 112), Seat(p.pad, STRINGS, 60, 90), Seat(p.bass, (43, 42), 40, 95)),
            (Seat(p.melody, STRINGS, 76, 112), Seat(p.tremolo, STRINGS, 64, 84), Seat(p.bass, (43,), 40, 95)),
            (Seat(p.melody, (45, 48), 74, 110), Seat(p.chords, (45,), 60, 95), Seat(p.bass, (45,), 42, 100)),
            (Seat(p.pad, STRINGS, 62, 100), Seat(p.counter, BOWED, 66, 105)),
        ),
        rubato=0.5, mastered=0.2,
    ),
    "chamber": Texture(
        (
            (Seat(p.melody, (40,), 74, 110), Seat(p.counter, (41,), 64, 92), Seat(p.bass, (42,), 45, 100)),
            (Seat(p.melody, WIND, 74, 112), Seat(p.arpeggio, PIANO, 58, 88)),
            (Seat(p.melody, BOWED, 66, 112), Seat(p.chords, PIANO, 57, 88), Seat(p.bass, PIANO, 40, 90)),
            (Seat(p.melody, WIND, 76, 110), Seat(p.counter, (70, 71), 62, 96), Seat(p.bass, (70,), 45, 96)),
            (Seat(p.melody, (24, 105, 6), 70, 110), Seat(p.arpeggio, (46, 24), 58, 92)),
            (Seat(p.melody, (56, 60, 73), 72, 112),),
        ),
        rubato=0.5, mastered=0.2,
    ),
    "orchestra": Texture(
        (
            (
                Seat(p.melody, STRINGS, 76, 110), Seat(p.pad, (60, 61), 58, 84, early=False),
                Seat(p.counter, WIND, 70, 92, early=False), Seat(p.bass, (43,), 38, 100),
            ),
            (
                Seat(p.melody, BRASS, 70, 108), Seat(p.tremolo, STRINGS, 66, 84),
                Seat(p.bass, (58, 43), 38, 100), Seat(p.chords, (48, 61), 60, 80, early=False),
            ),
            (
                Seat(p.melody, WIND, 79, 108), Seat(p.arpeggio, (46, 45), 62, 92),
                Seat(p.pad, STRINGS, 60, 84), Seat(p.bass, (43,), 40, 92, early=False),
            ),
        ),
        drums=("march", "toms", "", "", ""), rubato=0.4, mastered=0.25,
    ),
    "choir": Texture(
        (
            (Seat(p.pad, (53, 52), 62, 110), Seat(p.melody, (54, 52), 72, 100), Seat(p.bass, (52,), 45, 95)),
            (Seat(p.pad, (19, 16), 60, 95), Seat(p.melody, (19, 16), 74, 95), Seat(p.bass, (19,), 38, 95)),
            (
                Seat(p.chords, (19, 16), 60, 95),
                Seat(p.counter, (20, 19), 70, 95),
                Seat(p.bass, (19,), 38, 95),
            ),
            (Seat(p.pad, (52,), 60, 105), Seat(p.pad, (19,), 52, 84), Seat(p.bass, (19,), 36, 90)),
        ),
        rubato=0.3, mastered=0.3,
    ),
    "band": Texture(
        (
            (
                Seat(p.melody, (27, 29), 70, 105, early=False), Seat(p.strum, (25, 27), 58, 95),
                Seat(p.bass, (33, 34), 40, 112),
            ),
            (
                Seat(p.melody, (80, 65, 66), 72, 98, early=False), Seat(p.comp, (4, 0, 16), 60, 98),
                Seat(p.bass, (33,), 38, 112), Seat(p.pad, (48, 50), 62, 66, early=False, chance=0.5),
            ),
            (
                Seat(p.melody, (29, 30), 72, 90, early=False), Seat(p.power, (29,), 48, 84),
                Seat(p.bass, (34,), 38, 110),
            ),
            (
                Seat(p.melody, (0,), 76, 108, early=False), Seat(p.chords, (0,), 60, 92),
                Seat(p.bass, (33,), 38, 112), Seat(p.strum, (25,), 58, 70, early=False, chance=0.6),
            ),
        ),
        drums=("rock", "drive", "breaks", "half", "ballad"), rubato=0.05, mastered=0.9,
    ),
    "ballad": Texture(
        (
            (Seat(p.melody, (73, 53, 65), 72, 104, early=False), Seat(p.arpeggio, (24, 25), 58, 104)),
            (Seat(p.strum, (24, 25), 58, 104), Seat(p.melody, (26, 25), 72, 100, early=False)),
            (
                Seat(p.arpeggio, (24, 25, 26), 60, 104), Seat(p.bass, (32, 33), 40, 100, early=False),
                Seat(p.melody, (22, 110, 21), 70, 95, early=False),
            ),
        ),
        drums=("", "", "ballad", "soft"), rubato=0.15, mastered=0.6,
    ),
    "electronic": Texture(
        (
            (
                Seat(p.melody, (80, 81), 72, 90, early=False), Seat(p.arpeggio, (81, 62), 64, 84),
                Seat(p.bass, (38, 39), 38, 115), Seat(p.pad, (89, 90), 60, 80),
            ),
            (
                Seat(p.comp, (90, 81), 62, 88), Seat(p.bass, (38, 87), 36, 115),
                Seat(p.arpeggio, (80, 84), 70, 74, early=False),
            ),
            (Seat(p.arpeggio, (5, 81), 66, 95), Seat(p.pad, (95, 50), 58, 84), Seat(p.bass, (39,), 36, 110)),
        ),
        drums=("house", "house", "breaks", "half"), rubato=0.0, mastered=0.95,
    ),
    "ambient": Texture(
        (
            (Seat(p.pad, (89, 91, 94), 60, 105), Seat(p.drone, (95, 89), 43, 90)),
            (Seat(p.pad, (92, 94), 62, 100), Seat(p.counter, (11, 88, 98), 76, 84, early=False)),
            (Seat(p.drone, (89, 97), 45, 100), Seat(p.arpeggio, (46, 4), 66, 74, early=False)),
        ),
        rubato=0.2, mastered=0.5,
    ),
    "jazz": Texture(
        (
            (
                Seat(p.melody, (66, 65, 56), 67, 105, early=False),
                Seat(p.comp, (0,), 60, 95),
                Seat(p.walking, (32,), 40, 112),
            ),
            (
                Seat(p.melody, (11, 26), 70, 105),
                Seat(p.comp, (26, 0), 60, 90),
                Seat(p.walking, (32,), 40, 112),
            ),
            (Seat(p.melody, (0,), 74, 108), Seat(p.comp, (0,), 58, 92), Seat(p.walking, (32,), 40, 112)),
        ),
        drums=("swing", "swing", "latin", "soft"), rubato=0.05, mastered=0.5, swing=0.33,
    ),
    "metal": Texture(
        (
            (
                Seat(p.power, (30,), 43, 95),
                Seat(p.melody, (30, 29), 69, 88, early=False),
                Seat(p.bass, (34,), 33, 110),
            ),
            (Seat(p.power, (30, 29), 45, 100), Seat(p.bass, (34,), 34, 112)),
        ),
        drums=("metal", "metal", "drive", "half"), rubato=0.0, mastered=1.0,
    ),
    "voice": Texture(
        (
            (
                Seat(p.melody, (53, 85, 54), 69, 112, early=False),
                Seat(p.chords, (0, 4), 57, 92),
                Seat(p.bass, (33,), 40, 105),
            ),
            (Seat(p.melody, (85, 54), 67, 112, early=False), Seat(p.strum, (25,), 57, 95)),
        ),
        drums=("rock", "ballad", "soft", ""), rubato=0.1, mastered=0.8,
    ),
    "chiptune": Texture(
        ((Seat(p.melody, (80,), 76, 95), Seat(p.arpeggio, (80,), 64, 74), Seat(p.bass, (80, 81), 45, 92)),),
        drums=("rock", "breaks", ""), rubato=0.0, mastered=0.6,
    ),
    "drums": Texture(((),),
        drums=("rock", "drive", "house", "breaks", "latin", "toms", "march", "half", "metal"),
        rubato=0.05, mastered=0.6,
    ),
}  # fmt: skip

HARSH = {30: 0.7, 29: 0.5, 81: 0.35, 80: 0.2, 84: 0.3, 87: 0.4, 62: 0.15, 38: 0.15, 16: 0.1, 20: 0.1, 85: 0.0}
"""How rough an instrument sounds, 0..1."""


def instrument(programs: tuple[int, ...], brightness: float, rng: np.random.Generator) -> int:
    """One of the programs; the brighter the piece, the further right in the list."""
    place = (brightness + 1.0) / 2.0 + rng.normal(0.0, 0.2)
    return programs[int(min(max(place * len(programs), 0), len(programs) - 1))]
