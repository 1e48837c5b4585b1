"""What genres make likely: tempo, metre, swing, and each instrument's places in the bar.

A genre does not say what is played but how likely a stroke is at every place, so each song has patterns of
its own. The tempo is the one by which players and DJs count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from livesing.train.beat_patterns import Grid, Pattern, Random


@dataclass(frozen=True)
class Genre:
    """bpm: usual range. metre, parts: beats of a bar, steps of a beat.

    low, mid, high, also    drums; bass, chords, lead    notes: a digit a step, the chance of a stroke in
                            tenths, x for certain, . for never; one or more bars. "" leaves the choice to the
                            songwriter, "-" is silence
    swing                   range of the share of a pair of swing_unit beats that its first half takes
    played                  by people, who are not exact
    share                   of the songs, beside the others': what is hard to count comes more often
    turns                   chords without drums are broken, and a figure has one of so many notes; by default
                            some are, with figures of six
    """

    bpm: tuple[float, float]
    low: str = "-"
    mid: str = "-"
    high: str = "-"
    also: str = "-"
    bass: str = ""
    chords: str = ""
    lead: str = ""
    metre: int = 4
    parts: int = 4
    swing: tuple[float, float] = (0.5, 0.5)
    swing_unit: float = 0.25
    played: bool = False
    share: float = 1.0
    turns: tuple[int, ...] = ()


GENRES: dict[str, Genre] = {
    # Four on the floor
    "house": Genre((117, 129), "x...x..1x...x.12", "....9.......9..1", "1.9.2.9.1.9.2.9.",
        "3232323232323232", bass="4.5.2.5.3.5.2.5.", chords="3.5.3.42.35.3.42", swing=(0.5, 0.57)),
    "techno": Genre((124, 148), "x...x...x...x...", "....3.......3...", "2.x.2.x.2.x.2.x.",
        "4242424242424242", bass=".6x6.6x6.6x6.6x6", chords="1.12.13.1.12.13."),
    "trance": Genre((132, 145), "x...x...x...x...", "....9.......9...", "..x...x...x...x.",
        "4444444444444444", bass="..xx..xx..xx..xx", chords="8648864886488648"),
    "disco": Genre((108, 128), "x...x...x...x...", "....x.......x...", "5.x.5.x.5.x.5.x.",
        "2222222222222222", bass="8.8.8.8.8.8.8.8.", chords="..54..54..54..54", played=True),
    "hardcore": Genre((160, 200), "x...x...x...x...", "....3.......3...", "..x...x...x...x.",
        bass="..8...8...8...8.", chords="3.3.3.3.3.3.3.3."),
    "polka": Genre((104, 132), "x.......x.......", "....x.......x...", "....5.......5...",
        bass="x.......x.......", chords="....x.......x...", lead="x.8.x.8.x.8.x.8.", played=True),
    # Broken beats that are counted fast
    "drum and bass": Genre((166, 180), "x...1.2...9.1.1.x.1.1.3..29.1..1",
        "1...x.1.11..x.111...x.1.12..x.22", "9.8.9.8.9.8.9.8.", "2222222222222222", bass="x...2.3...4.2.2.",
        chords="3...1.2...2....."),
    "jungle": Genre((154, 174), "x.4.....2.74....x.4....2.174..2.", "....x..4.41.x..4....x..4.42..4x.",
        "8.8.8.8.8.8.8.8.", "3.4.3.4.3.4.3.4.", bass="x.....3...4.....", chords="2.....2.....2..."),
    "footwork": Genre((150, 162), "x..x..x...x..x..x..x..x..x..x...", "....3.......x.......3.......x...",
        "3.5.3.5.3.5.3.53", bass="x..4..4...4..4.."),
    "two-step": Genre((126, 138), "x.....1...7..1..x.....13..7..2..", "....x.......x...",
        "4.9.4.8.3.9.4.82", "..4..4...4..4...", bass="6..4..3...5..4..", chords="..4..4....4..4..",
        swing=(0.54, 0.62), share=1.6),
    "shuffled garage": Genre((126, 138), "x...1..3..7.1...x......4.28..1..", "....x.......x..1",
        "1.x.1.x.1.x.1.x4", "3..5...4.3..5...", bass="3.6..4.5.5..4.6.", chords="2.7..5.3..7..4..",
        swing=(0.54, 0.64), share=2.4),
    "breaks": Genre((104, 138), "x.1...3...8...1.x.2...3..38...2.", "....x..2.2..x..1....x..2.2..x.12",
        "9.8.9.8.9.8.9.8.", "2323232323232323", bass="7.2.2.3.2.5.2.3."),
    # Broken beats that are counted slowly
    "hip hop": Genre((80, 102), "x.1..1.4..7.1..1x.2..1.4.27.1..2", "....x..1....x..1", "9.9.9.9.9.9.9.9.",
        "1313131313131313", bass="8..2..3..25..2..", chords="5.....2.3.....2.", swing=(0.5, 0.62), share=1.6),
    "lofi": Genre((64, 92), "x......3.28....1", "....x.......x..1", "9.8.9.8.9.8.9.8.",
        bass="7......2..5.....", chords="6.....3.3.......", swing=(0.54, 0.64), played=True, share=2.4),
    "soul": Genre((62, 84), "x.....2.7.4.....", "....x.......x...", "9.9.9.9.9.9.9.9.", "1414141414141414",
        bass="8..2..3.6.3...3.", chords="7...3...5...3...", played=True, share=2.0),
    "dembow": Genre((84, 104), "x...x...x...x...", "...x..x....x..x.", "4.5.4.5.4.5.4.5.",
        bass="x..4..4.x..4..4.", chords="..4...4...4...4.", share=1.6),
    # Half-time feels
    "trap": Genre((128, 156), "x.....3..14...2.x..2..4...4..2..", "........x...............x......1",
        "x.9.x.9.x.9.x.92", "1212121212131414", bass="x.....3...4.....", chords="3...............",
        lead="4...3...4...3..."),
    "dubstep": Genre((136, 146), "x.....2..1....2.x....12...3...2.", "........x...............x.......",
        "6.6.6.6.6.6.6.6.", "2...2...2...2...", bass="9.2.3.3.5.3.4.3.", chords="4.......3.......",
        share=1.6),
    "half-time rock": Genre((116, 152), "x.....3...3.....x.....3...4...2.", "........x.......",
        "x.7.9.7.x.7.9.7.", bass="x.3.3.3.5.3.3.3.", chords="8...2...3...2...", played=True, share=0.8),
    # Bands
    "rock": Genre((100, 148), "x.....2.9.4.....x..1..3.8.3...2.", "....x.......x...", "x.9.x.9.x.9.x.9.",
        bass="9.8.8.8.9.8.8.8.", chords="9.5.5.5.7.5.5.5.", played=True),
    "punk": Genre((150, 192), "x.2...2.x.4...2.", "....x.......x...", "x.x.x.x.x.x.x.x.",
        bass="x.x.x.x.x.x.x.x.", chords="x.x.x.x.x.x.x.x.", played=True),
    "polka beat punk": Genre((160, 205), "x...x...x...x...", "..x...x...x...x.", "x...x...x...x...",
        bass="x.x.x.x.x.x.x.x.", chords="x.x.x.x.x.x.x.x.", played=True),
    "metal": Genre((110, 165), "x.x.x.x.x.x.x.x.", "....x.......x...", "x...x...x...x...",
        bass="x5x5x5x5x5x5x5x5", chords="x6x6x6x6x6x6x6x6", played=True),
    "ballad": Genre((58, 82), "x......16.3.....", "....x.......x...", "x.9.x.9.x.9.x.9.",
        bass="x.....2.6.3...2.", chords="8.4.4.4.7.4.4.4.", played=True, share=2.0),
    "power ballad": Genre((56, 80), "x.......x.43....", "....x.......x...", "x.x.x.x.x.x.x.x.",
        bass="x...2.3.9...2.3.", chords="x.8.8.8.x.8.8.8.", played=True, share=2.0),
    "funk": Genre((90, 116), "x.2..13..14.2.1.", "....x..4.4..x..4", "9898989898989898",
        bass="x..4.34.2.43.234", chords="..3.3..32.3.3..3", swing=(0.5, 0.56), played=True, share=1.6),
    "street funk": Genre((86, 120), "x.4...2...6..42.x..4..3..16..3..", "....x..5.5..x..4....x..4.6.5x..2",
        "x8x8x8x8x8x8x8x8", bass="x..5..5.1.5..54.", chords="..6.65....6.56..", swing=(0.5, 0.56),
        played=True, share=2.0),
    "reggae": Genre((64, 84), "1...x...1...x...", "1...8...1...8.2.", "7.9.7.9.7.9.7.9.",
        bass="3..4..6.5..4..6.", chords="..x...x...x...x.", swing=(0.5, 0.6), played=True, share=2.4),
    "steppers": Genre((62, 84), "x...x...x...x...", "....5...1...6..2", "7.9.7.9.7.9.7.9.",
        "2...4...2...4...", bass="5.4.4.5.4.4.6.4.", chords="..x...x...x...x.", swing=(0.5, 0.6),
        played=True, share=1.6),
    "ska": Genre((120, 168), "3...x...3...x...", "....x.......x...", "..x...x...x...x.",
        bass="x...x...x...x...", chords="..x...x...x...x.", played=True, share=1.6),
    "shuffle": Genre((92, 148), "x...2.3...2.", "...x.....x..", "x.9x.9x.9x.9", bass="x..x..x..x..",
        chords="7.37.37.37.3", parts=3, played=True),
    "country": Genre((92, 124), "x.......x.......", "3242x2423242x242", "4.4.4.4.4.4.4.4.",
        bass="x.......x.......", chords="..3.x.4...3.x.4.", played=True),
    "train": Genre((96, 130), "x.......x.......", "....x.......x...", "9.x.9.x.9.x.9.x.",
        "5959595959595959", bass="x...4...x...4...", played=True),
    "new wave": Genre((100, 132), "x...2...9.3.2...", "....x.......x...", "x.x.x.x.x.x.x.x.",
        bass="x.x.x.x.x.x.x.x.", chords="7.......5.......", share=1.6),
    "electro": Genre((104, 132), "x..1..6...5..1..", "....x.......x...", "8.8.8.8.8.8.8.8.",
        "2424242424242424", bass="8.48.48.8.48.48.", share=2.0),
    # Slow, and with few strokes
    "sparse": Genre((56, 92), "x.......5.......", "....6.......6...", "3...3...3...3...",
        bass="x.......4.......",
        chords="x...............", lead="5...4...5...4...", share=1.6),
    "sparse chords": Genre((56, 92), "6.......4.......", high="....7.......7...", bass="x...............",
        chords="x...3.5...6.3...", lead="3...4...3...4...", share=1.6),
    "slow pulse": Genre((54, 86), "x...2...6...2...", "....8.......8...", "x.5.x.5.x.5.x.5.",
        bass="x...3...5...3...",
        chords="7.......7.......", played=True, share=1.6),
    "downtempo": Genre((66, 100), "x......3..4.....", "....x.......x...", "3.9.3.9.3.9.3.9.",
        "..2...2...2...2.",
        bass="x.....3...5.....", chords="6.....3.........", swing=(0.5, 0.58), share=1.6),
    # Compound
    "slow blues": Genre((52, 78), "x.....7..1..", "...x.....x..", "x99x99x99x99", bass="x..x..x..x..",
        chords="8..4.24..4.2", parts=3, played=True, share=1.6),
    "six-eight": Genre((54, 88), "x....2", "...x..", "x99x99", bass="x..5.2", chords="949949", metre=2,
        parts=3, played=True, share=1.6),
    "jig": Genre((104, 130), "x..6..", "...4..", "x.6x.6", bass="x..x..", chords="x..x..", lead="xx8xx8",
        metre=2, parts=3, played=True),
    # Swing and Latin
    "swing": Genre((108, 230), "3..2..3..2..", "....1..1..2.1.2..1.2..3.", "x..x.9x..x.9", "...x.....x..",
        bass="x..x..x..x..", chords="4.2..3.2.4..", parts=3, played=True),
    "brushes": Genre((60, 120), "3..2..3..2..", "7..9..7..9..", "x..x.9x..x.9", bass="x..2..x..2..",
        chords="6..2..5..2.3", parts=3, played=True),
    "bossa": Genre((116, 156), "x.....5.x.....5.", "x.....9.....x.......x.....x.....", "9.9.9.9.9.9.9.9.",
        bass="x.....6.x.....6.", chords="5...4.5...5...4.", played=True, share=2.4),
    "bossa guitar": Genre((112, 160), "x.....7.x.....7.", "x.....x.....x.......x.....x.....",
        "8.7.8.7.8.7.8.7.", "....4.......6...", bass="x.....8.x.....8.",
        chords="x.....x.....x.......x.....x.....", played=True, share=2.4),
    "samba": Genre((88, 116), "6..5x..56..5x..5", "5.6.45.6.65.6.45", "9798979897989798",
        "x.x..x.x.x..x.xx", bass="6..5x..56..5x..5", played=True, share=1.6),
    "salsa": Genre((84, 112), "...5..3....5..3.", "x..x...x..x.x.....x.x...x..x...x", "9.58.59.9.58.59.",
        "..5...65..5...65", bass="1..x...9..1x...9", chords="x.x..x.x.x.x.x.5", played=True, share=1.6),
    "son": Genre((82, 112), "......3.......67", "x..x..x...x.x...", "8.7.8.7.8.7.8.7.",
        "x.4.x5.x5x.x4.x5", bass="......x.....x...", chords="x.4x5x5x.x5x4x5x", played=True, share=2.0),
    "son, turned": Genre((82, 112), "......67......67", "..x.x...x..x..x.", "6...6...6.4.6.4.",
        "..6.....6x....5x", bass="1.....x.....x...", chords="x.x4.x4x5x.x4x.x", played=True, share=2.0),
    "cha-cha": Genre((104, 132), "2.......2.....67", "....3.......3...", "x...x.6.x...x.6.",
        "x...x...x...x...", bass="x.....6.4...7...", chords="..7...7...7...7.", played=True),
    "cumbia": Genre((82, 108), "x.......x.......", "....5.2.....5.2.", "9.66..9.66..9.66",
        "x.66x.66x.66x.66", bass="x.....5.8...5...", chords="..8...8...8...8.", played=True),
    "afro": Genre((96, 126), "x...5..3x...5..3", "..4...4...4...4.", "8.8.8.8.8.8.8.8.", "x.x.x..x.x.x.x..",
        bass="6.35.4.36.35.4.3", chords="..54..54..54..54", played=True),
    "amapiano": Genre((108, 116), "4...4...4...4...", "...4..4...4.....", "5858585858585858",
        bass="2..5..5..25..5..", chords="6.....4..4......"),
    # In three, five and seven
    "waltz": Genre((84, 196), "x...........", "....6...6...", "4...6...6...", bass="x...........",
        chords="....x...x...", metre=3, played=True, share=1.6),
    "rock waltz": Genre((96, 180), "x.....3.....", "....3...x...", "x.8.x.8.x.8.", bass="x...4.4.4.4.",
        metre=3, played=True),
    "jazz waltz": Genre((112, 190), "x....4...", "...4..4..", "x..x.8x.8", bass="x..5..5..", parts=3,
        metre=3, played=True),
    "five": Genre((100, 190), "x.....3.....x.......", "....x.......x...x...", "x.8.x.8.x.8.x.8.x.8.",
        bass="x.....4.....x.......", metre=5, played=True),
    "jazz five": Genre((110, 190), "5.....3.....4.......", "..2...3.....4...2...", "x.3.x.6.x.3.x.6.x.4.",
        "....x...........x...", bass="x...2.6...2.x...4.2.", chords="x.....8.....2.......", metre=5,
        played=True),
    "seven": Genre((110, 200), "x.......x.......x...........", "....x.......x.......x.......",
        "x.6.x.6.x.6.x.6.x.6.x.6.x.6.", metre=7, played=True),
    # Marches
    "march": Genre((100, 126), "x.......x.......", "4.44x.444.44x.44", "....x.......x...",
        bass="x...3...x...3...", chords="..5.x.5...5.x.5.", played=True),
    # Without drums
    "broken chords": Genre((64, 136), bass="x.......4.......", chords="x.x.x.x.x.x.x.x.", played=True),
    "fine broken chords": Genre((50, 104), bass="x.......5.......", chords="xxxxxxxxxxxxxxxx", played=True,
        share=1.6),
    "hymn": Genre((60, 112), bass="x...x...x...x...", chords="x...x...x...x...", lead="x...x...x.5.x...",
        played=True, share=1.6),
    "piano ballad": Genre((54, 78), bass="x.....3.8.2...2.", chords="x.7.x.8.x.7.x.8.",
        lead="4.3.4.3.4.3.4.3.", played=True, share=2.4),
    "song": Genre((60, 120), bass="x.......7.......", chords="x...8...x...8...", lead="7.5.6.5.7.5.6.5.",
        played=True, share=2.0),
    "strummed": Genre((76, 140), chords="x.3.x.69..6.x.69", bass="x.......7.......", played=True),
    "picked": Genre((72, 132), bass="x...x...x...x...", chords="2.x.4.x.2.x.4.x2", lead="4.3.4.3.4.3.4.3.",
        played=True),
    "stride": Genre((80, 210), bass="x.......x.......", chords="....x.......x...", lead="8.8.8.8.8.8.8.8.",
        played=True),
    "strings": Genre((70, 140), bass="x...7...x...7...", chords="x.x.x.x.x.x.x.x.", lead="x...6...8.5.6...",
        played=True, share=1.6),
    "quick strings": Genre((84, 160), bass="x...x...x...x...", chords="..x...x...x...x.",
        lead="x.8.x.8.x.888888", played=True),
    "parlour waltz": Genre((84, 200), bass="x...........", chords="....x...x...", lead="8.3.7.3.7.3.",
        metre=3, played=True, share=2.0),
    "fast tune": Genre((92, 150), bass="x...6...x...6...", chords="....7.......7...",
        lead="x8x8x8x8x8x8x8x8", played=True),
}  # fmt: skip

TURNS = (4, 8, 8, 4, 3, 6)
SEQUENCES: dict[str, Genre] = {
    # Nothing but broken chords, which mostly turn with the beat: a sequencer's, a harp's, a guitar's. Where
    # each note is as good as the others, a bass that is struck once a bar tells where the beat is.
    "sequence": Genre((80, 146), bass="-", chords="xxxxxxxxxxxxxxxx", lead="-", turns=TURNS),
    "sequence of halves": Genre((90, 134), bass="-", chords="x.x.x.x.x.x.x.x.", lead="-", turns=TURNS,
        share=0.5),
    "sequence with gaps": Genre((96, 140), bass="-", chords="x8x9x4x8x8x9x4x6", lead="-", turns=TURNS,
        share=0.5),
    "sequence over bass": Genre((70, 140), bass="x...............", chords="xxxxxxxxxxxxxxxx", lead="-",
        turns=TURNS, share=2.0),
    "sequence with bass": Genre((74, 146), bass="x.......7.......", chords="xxxxxxxxxxxxxxxx", lead="-",
        turns=TURNS),
    "halves over bass": Genre((74, 134), bass="x...............", chords="x.x.x.x.x.x.x.x.", lead="-",
        turns=TURNS, share=1.5),
    "sequence with tune": Genre((84, 140), bass="x...5...7...5...", chords="xxxxxxxxxxxxxxxx", turns=TURNS),
    "harp": Genre((60, 120), bass="-", chords="xxxxxxxxxxxxxxxx", lead="-", played=True, turns=TURNS,
        share=0.5),
    "harp over bass": Genre((60, 120), bass="x.......4.......", chords="xxxxxxxxxxxxxxxx", lead="-",
        played=True, turns=TURNS, share=1.5),
    "harp of halves": Genre((66, 120), bass="x.......4.......", chords="x.x.x.x.x.x.x.x.", lead="-",
        played=True, turns=TURNS),
    "harp of triplets": Genre((60, 126), bass="x..4..6..4..", chords="xxxxxxxxxxxx", lead="-", parts=3,
        played=True, turns=(3, 3, 6)),
}  # fmt: skip
"""They come beside the GENRES, in songs of their own."""

LINES = ("low", "mid", "high", "also")
NOTES = ("bass", "chords", "lead")
SPREAD = 1.08
"""Tempos go so far beyond a genre's usual range."""


def grid_of(genre: Genre, r: Random) -> Grid:
    low, high = genre.bpm
    bpm = float(np.exp(r.uniform(np.log(low / SPREAD), np.log(high * SPREAD))))
    return Grid(genre.metre, genre.parts, bpm, float(r.uniform(*genre.swing)), genre.swing_unit)


def pattern_of(line: str, grid: Grid, r: Random) -> Pattern | None:
    """A pattern as the line makes likely; nothing where it is silence."""
    if line == "-":
        return None
    chance = np.array([0.0 if mark == "." else 1.0 if mark == "x" else int(mark) / 10.0 for mark in line])
    sure = chance >= 0.95
    if r.random() < 0.5:  # tidier: what is unlikely does not happen
        chance = np.where(chance < 0.35, 0.4 * chance, chance)
    chance = np.tile(chance, 2) if r.random() < 0.4 else chance
    sure = np.resize(sure, chance.shape)
    if r.random() < 0.25:
        sure = sure & (r.random(chance.size) < 0.9)
    struck = sure | (r.random(chance.size) < chance)
    level = np.where(sure, r.uniform(0.85, 1.0), 0.25 + 0.75 * np.maximum(chance, r.uniform(0.1, 0.6)))
    pattern = struck * level * r.uniform(0.8, 1.0, chance.size)
    if not pattern.any():
        return None
    accents = np.resize(
        np.where(np.arange(grid.steps) % grid.parts == 0, 1.0, r.uniform(0.5, 1.0)), pattern.shape
    )
    return np.asarray(pattern * accents if r.random() < 0.5 else pattern)
