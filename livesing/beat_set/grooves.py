"""Grooves: what each instrument plays in a bar, by genre.

A pattern is a string of steps, one or more bars long. Drums: X accent, x stroke, o ghost note, ? a stroke
that comes every third time, . rest. Bass: X x root, 5 fifth, 8 octave, w a walking tone, a the root of the
next chord, early. Chords: X x struck, . rest or held.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Groove:
    """A genre's way to play.

    bpm        usual range of the tempo
    beats      in a bar                     steps      in a bar
    drums      sound -> patterns, of which a piece takes one (its variant)
    bass, chords, harmony   patterns, likewise; harmony: chords as degrees, a bar each (or see bars_per_chord)
    melody     notes per beat, about        pad        a sustained voice under all, or none
    swing      share of a pair of swing_unit beats that its first half takes
    kit        style of the drums           pump       how far the kick pushes everything else down
    loose_s    s  spread of the players' timing
    late       sound -> s that it is played behind the beat
    """

    bpm: tuple[float, float]
    beats: int = 4
    steps: int = 16
    drums: dict[str, tuple[str, ...]] = field(default_factory=dict)
    bass: tuple[str, ...] = ()
    bass_voice: tuple[str, ...] = ("finger_bass",)
    chords: tuple[str, ...] = ()
    chord_voice: tuple[str, ...] = ("electric_piano",)
    harmony: tuple[str, ...] = ("i VI III VII", "i iv VII III")
    bars_per_chord: float = 1.0
    melody: float = 0.0
    melody_voice: tuple[str, ...] = ("voice",)
    pad: tuple[str, ...] = ()
    swing: float = 0.5
    swing_unit: float = 0.5
    kit: str = "electronic"
    pump: float = 0.0
    loose_s: float = 0.0
    late: dict[str, float] = field(default_factory=dict)
    fills: bool = True


GROOVES: dict[str, Groove] = {
    "house": Groove(
        bpm=(118, 128),
        drums={
            "kick": ("X...X...X...X...", "X...X...X...X..o"),
            "clap": ("....X.......X...", "....X.......X..?"),
            "open": ("..x...x...x...x.", "..x...x...x...x."),
            "hat": ("x?.xx?.xx?.xx?.x", "oxoxoxoxoxoxoxox"),
            "shaker": ("", "xoxoxoxoxoxoxoxo"),
        },
        bass=("..x...x..xx...x.", "x..x..x...x..x.8"),
        bass_voice=("saw_bass", "sub"),
        chords=("x..x..x...x..x..", "..x..x....x..x.."),
        chord_voice=("stab", "electric_piano", "piano"),
        pad=("pad",),
        melody=0.4,
        pump=0.5,
        swing=0.53,
        swing_unit=0.25,
    ),
    "techno": Groove(
        bpm=(126, 138),
        drums={
            "kick": ("X...X...X...X...", "X...X...X...X..."),
            "open": ("..X...X...X...X.", "..x...x...x...x."),
            "rim": ("x..x..x..x..x..x", "...x.....x..x..."),
            "hat": ("oooxoooxoooxooox", "x.x.x.x.x.x.x.x."),
            "tom_low": ("...x..x...x..x..", "..o..o....o..o.."),
        },
        bass=(".xxx.xxx.xxx.xxx", "..x...x...x..xx."),
        bass_voice=("saw_bass", "sub"),
        chords=("", "...x......x....."),
        chord_voice=("stab",),
        harmony=("i i i i",),
        pump=0.6,
    ),
    "trance": Groove(
        bpm=(134, 142),
        drums={
            "kick": ("X...X...X...X...",),
            "clap": ("....X.......X...",),
            "open": ("..X...X...X...X.",),
            "hat": ("x.xxx.xxx.xxx.xx",),
        },
        bass=(".xxx.xxx.xxx.xxx", "..xx..xx..xx..xx"),
        bass_voice=("saw_bass",),
        chords=("xxxxxxxxxxxxxxxx", "x.xx.xx.x.xx.xx."),
        chord_voice=("pluck",),
        pad=("pad",),
        melody=0.7,
        melody_voice=("square",),
        pump=0.5,
    ),
    "disco": Groove(
        bpm=(112, 124),
        drums={
            "kick": ("X...X...X...X...",),
            "snare": ("....X.......X...",),
            "open": ("..X...X...X...X.",),
            "hat": ("x.x.x.x.x.x.x.x.", "xxoxxxoxxxoxxxox"),
            "conga_open": ("", "..x..xx...x..xx."),
        },
        bass=("x.8.x.8.x.8.x.8.", "x..8x..8x.x8..8."),
        chords=("..x.x.xx..x.x.x.", "...x..x....x..xx"),
        chord_voice=("guitar", "piano"),
        melody=1.0,
        melody_voice=("voice", "strings"),
        pad=("strings",),
        kit="acoustic",
        loose_s=0.005,
    ),
    "drum_and_bass": Groove(
        bpm=(170, 176),
        drums={
            "kick": ("X.........X.....", "X.....?...X....."),
            "snare": ("....X.......X...", "....X..o.o..X..o"),
            "hat": ("x.x.x.x.x.x.x.x.", "xoxoxoxoxoxoxoxo"),
            "ride": ("", "x...x...x...x..."),
        },
        bass=("x.........x.....", "x.....x...a..x.."),
        bass_voice=("reese", "sub"),
        pad=("pad",),
        melody=0.3,
        pump=0.3,
    ),
    "jungle": Groove(
        bpm=(158, 170),
        drums={
            "kick": ("X.X.......XX....X.X.......XX....", "X.X......?XX....X.....X...X....."),
            "snare": ("....X..o.o..X..o....X..o.o....X.", "....X..o.o..X..o.o..X..oo...X..X"),
            "ride": ("x.x.x.x.x.x.x.x.",),
        },
        bass=("x.......x..x....", "X..x..x........."),
        bass_voice=("sub",),
        chords=("..........x..x..",),
        chord_voice=("stab",),
        kit="acoustic",
        fills=True,
        loose_s=0.003,
    ),
    "breakbeat": Groove(
        bpm=(98, 136),
        drums={
            "kick": ("X.....x...X..?..", "X..?....x.X....."),
            "snare": ("....X..o.o..X..o", "....X..o....X.o."),
            "hat": ("x.x.x.xxx.x.x.x.", "xxxxxxxxxxxxxxxx"),
        },
        bass=("x..x..x...x.....", "x.....8..x..5..."),
        chords=("....x.....x.....", "..x.....x......."),
        chord_voice=("organ", "stab"),
        kit="acoustic",
        loose_s=0.006,
    ),
    "hip_hop": Groove(
        bpm=(82, 96),
        drums={
            "kick": ("X......x..X.....", "X..x......Xx...?"),
            "snare": ("....X.......X...", "....X..o....X.o."),
            "hat": ("x.x.x.x.x.x.x.x.", "x.xxx.x.x.xxx.x."),
        },
        bass=("x......x..x.....", "x..x......xx...."),
        bass_voice=("sub", "finger_bass"),
        chords=("x.....x.........", "x...............x..x............"),
        melody=0.8,
        swing=0.58,
        swing_unit=0.25,
        kit="acoustic",
        loose_s=0.006,
        late={"snare": 0.012},
    ),
    "lofi": Groove(
        bpm=(68, 80),
        drums={
            "kick": ("X.....x...X.....", "X......x.xX....."),
            "rim": ("....X.......X...",),
            "hat": ("x.x.x.x.x.x.x.xx",),
        },
        bass=("x.........x.....",),
        chords=("x.......x.......", "x..x....x..x...."),
        melody=0.7,
        melody_voice=("electric_piano", "flute"),
        swing=0.60,
        swing_unit=0.25,
        kit="soft",
        loose_s=0.010,
        late={"rim": 0.018},
    ),
    "trap": Groove(
        bpm=(136, 146),
        drums={
            "kick": ("X.....x...x.....X..x......x.....", "X.........x..x..X.....x........."),
            "clap": ("........X.......",),
            "hat": ("x.x.x.x.x.x.xxxx", "x.x.x.xxx.x.x.x."),
        },
        bass=("X...........x...", "X.....x........."),
        bass_voice=("sub",),
        chords=("x..x..x.x..x..x.", ""),
        chord_voice=("bell", "pluck"),
        melody=0.4,
        melody_voice=("flute",),
    ),
    "dubstep": Groove(
        bpm=(138, 142),
        drums={
            "kick": ("X.....x.........", "X..x......x....."),
            "snare": ("........X.......",),
            "hat": ("x..x..x.x..x..x.", "x.x.x.x.x.x.x.x."),
            "rim": ("", "...o..o....o.o.."),
        },
        bass=("x..x..x...x..x..", "x.....xx..x....."),
        bass_voice=("reese",),
        harmony=("i i VI VI",),
        pad=("pad",),
    ),
    "garage": Groove(
        bpm=(128, 136),
        drums={
            "kick": ("X.........X.....", "X......x..X....."),
            "snare": ("....X.......X...", "....X.......X..o"),
            "hat": ("x.xx.xx.x.xx.xxx", "..x...x...x..xx."),
            "rim": ("...o...x.....o..", ""),
        },
        bass=("x..x......x..x..", "..x...x..x....x."),
        bass_voice=("sub", "saw_bass"),
        chords=("..x..x....x.....",),
        chord_voice=("organ", "stab"),
        melody=0.7,
        swing=0.60,
        swing_unit=0.25,
    ),
    "reggaeton": Groove(
        bpm=(88, 100),
        drums={
            "kick": ("X...X...X...X...",),
            "snare": ("...x..X....x..X.",),
            "hat": ("x.x.x.x.x.x.x.x.", "..x...x...x...x."),
        },
        bass=("x.....x.x.....x.", "x..x..x.x..x..x."),
        bass_voice=("sub", "saw_bass"),
        chords=("x..x..x.x..x..x.", "..x...x...x...x."),
        chord_voice=("pluck", "stab"),
        melody=1.2,
    ),
    "amapiano": Groove(
        bpm=(110, 114),
        drums={
            "kick": ("X.......X.......", "X...x...X...x..."),
            "shaker": ("xoxxxoxxxoxxxoxx",),
            "log_drum": ("..x..x.x...x.x..", "...x..xx..x..x.."),
            "clap": ("....x.......x...",),
        },
        chords=("..x..x....x..x..", "x.....x...x....."),
        pad=("pad",),
        melody=0.5,
        melody_voice=("flute",),
    ),
    "synthwave": Groove(
        bpm=(96, 112),
        drums={
            "kick": ("X.......X.......", "X.....x.X......."),
            "snare": ("....X.......X...",),
            "hat": ("x.x.x.x.x.x.x.x.", "xxxxxxxxxxxxxxxx"),
        },
        bass=("x.x.x.x.x.x.x.x.", "xx8xxx8xxx8xxx8x"),
        bass_voice=("saw_bass",),
        chords=("", "x..x..x..x..x.x."),
        chord_voice=("pluck",),
        pad=("pad",),
        melody=0.7,
        melody_voice=("square",),
    ),
    "hardcore": Groove(
        bpm=(176, 180),
        drums={
            "kick": ("X...X...X...X...", "X...X...X...X.X."),
            "open": ("..x...x...x...x.",),
            "clap": ("....x.......x...",),
        },
        bass=("..x...x...x...x.",),
        bass_voice=("saw_bass",),
        chords=("x..x..x.x..x..x.",),
        chord_voice=("stab",),
    ),
    "electro": Groove(
        bpm=(120, 132),
        drums={
            "kick": ("X.....X...X.....", "X..X......X..X.."),
            "snare": ("....X.......X...",),
            "hat": ("xxxxxxxxxxxxxxxx", "x.xxx.xxx.xxx.xx"),
            "cowbell": ("..x..x....x..x..", ""),
        },
        bass=("x.xx.x8.x.xx.x8.", "x..x.x.xx..x.x.8"),
        bass_voice=("saw_bass",),
        harmony=("i i i i", "i i VI VII"),
    ),
    "sequence": Groove(  # an arpeggio alone, nothing struck
        bpm=(76, 112),
        chords=("xxxxxxxxxxxxxxxx", "x.x.x.x.x.x.x.x."),
        chord_voice=("pluck", "harp"),
        bars_per_chord=2.0,
        pad=("pad",),
        bass=("X...............",),
        bass_voice=("sub",),
        fills=False,
    ),
}
"""Grooves of machines."""
