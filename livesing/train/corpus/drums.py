"""Drum patterns in sixteenths of a bar, by General MIDI keys."""

from __future__ import annotations

from livesing.train.corpus.players import Bar, Plan
from livesing.train.corpus.score import Part

KICK, RIM, SNARE, CLAP, CLOSED, OPEN, RIDE, CRASH, TOM, LOW_TOM, SHAKER, CONGA = (
    36, 37, 38, 39, 42, 46, 51, 49, 48, 43, 70, 63,
)  # fmt: skip

# x loud, o usual, . silent; 16 places in common time, the first 12 in triple time.
PATTERNS: dict[str, tuple[float, dict[int, str]]] = {
    "ballad": (0.4, {KICK: "x.......o.......", RIM: "....o.......o...", CLOSED: "o...o...o...o..."}),
    "rock": (0.8, {KICK: "x.......x.o.....", SNARE: "....x.......x...", CLOSED: "x.o.x.o.x.o.x.o."}),
    "drive": (0.9, {KICK: "x.o...o.x.o.....", SNARE: "....x.......x...", OPEN: "x...x...x...x..."}),
    "house": (0.9, {KICK: "x...x...x...x...", CLAP: "....x.......x...", OPEN: "..x...x...x...x.",
                    CLOSED: "o.o.o.o.o.o.o.o."}),
    "breaks": (0.8, {KICK: "x.....x...x.....", SNARE: "....x..o.o..x...", CLOSED: "o.o.o.o.o.o.o.o."}),
    "swing": (0.5, {RIDE: "x...x..ox...x..o", CLOSED: "....o.......o...", KICK: "o.......o......."}),
    "metal": (1.0, {KICK: "x.x.x.x.x.x.x.x.", SNARE: "....x.......x...", CRASH: "x.......x......."}),
    "latin": (0.6, {CONGA: "o..o..x.o..o..x.", SHAKER: "o.o.o.o.o.o.o.o.", RIM: "x..x..x...x.x..."}),
    "march": (0.7, {SNARE: "x..ox.o.x..oxooo", KICK: "x.......x......."}),
    "toms": (0.7, {LOW_TOM: "x..o..x...x..o..", TOM: "....o...o......o", KICK: "x...............", }),
    "half": (0.5, {KICK: "x...............", SNARE: "........x.......", CLOSED: "o...o...o...o..."}),
    "soft": (0.25, {SHAKER: "o...o...o...o...", RIM: "........o......."}),
}  # fmt: skip
"""name: (how much of a beat it is, 0..1; key: places)"""


def play(plan: Plan, part: Part, bars: list[Bar], pattern: str, sparse: bool) -> None:
    """The pattern in every bar, a fill at the end of a phrase, a crash on the next one.

    sparse: the hi-hat's off-beats are left out.
    """
    _, lines = PATTERNS[pattern]
    for bar in bars:
        fill = bar.phrase_place > 0.99 and plan.factors.density > -0.3
        for key, places in lines.items():
            for place, mark in enumerate(places[: 4 * bar.beats]):
                if mark == "." or (fill and place >= 4 * bar.beats - 4 and key != KICK):
                    continue
                if sparse and key in (CLOSED, SHAKER, OPEN) and place % 4:
                    continue
                accent = 0.5 if mark == "x" else -0.5
                plan.add(part, bar, place / 4.0, 0.2, key, accent)
        if fill:
            for step, key in enumerate((SNARE, SNARE, TOM, LOW_TOM)):
                plan.add(part, bar, bar.beats - 1 + step / 4.0, 0.2, key, 0.3)
        if bar.phrase_place == 0.0 and bar.beat > 0 and pattern in ("rock", "drive", "house", "metal"):
            plan.add(part, bar, 0.0, 1.0, CRASH, 0.4)
