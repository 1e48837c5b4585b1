"""The slow sections of the demo piece: dawn (calm), shadow (dark) and home (calm again).

All sections grow from one motif, a rising fourth and two steps that fall back: A D E F# E.
Dawn sings it slowly, shadow hears it in minor and falling, home brings it back broadened.
"""

from __future__ import annotations

from livesing.audio.demo_notation import Chord, Passage, chords, lead_voices, nearest, ramp

_DAWN = "Dadd9 Gmaj9 Bm7 A7sus4 Dadd9/F# Gmaj9 Em9 A7sus4 Gmaj9 D9sus4"
_DAWN_MELODY = (
    "-:4 | -:2 A4:1 D5:1 | E5:1 F#5:3 | E5:3 -:1 | -:1 A4:1 D5:1 E5:1 |"
    "F#5:1.5 A5:.5 B5:2 | A5:1.5 G5:.5 F#5:2 | E5:2.5 D5:1.5 | B4:1 D5:1 E5:1 F#5:1 |"
    "E5:1.5 -:.5 D4:.5 E4:.5 G4:.5 A4:.5"
)
_SHADOW = "Dm A7/C# Dm7/C Bm7b5 Bbmaj7 Gm6 Dm Ebmaj7 A7b9 A7b9"
_SHADOW_MELODY = (
    "-:1 A3:1 F3:1 E3:1 | E3:3 G3:1 | A3:1 D4:1 E4:1 F4:1 | F4:2 E4:1 D4:1 | D4:3 F4:1 |"
    "E4:2 D4:1 Bb3:1 | A3:2 D4:1 E4:1 | G4:2 F4:1 Eb4:1 | E4:1 Bb4:2 A4:1 | C#5:4"
)
_HOME = "Dadd9 Gmaj9 Dadd9/F# Em9 A7sus4 Bm7 Gm6 Dadd9"
_HOME_MELODY = (
    "-:4 | A4:1 D5:1 E5:1 F#5:1 | A5:3 F#5:1 | E5:1 G5:1 F#5:1 E5:1 | D5:2 E5:2 |"
    "F#5:2 A4:1 D5:1 | E5:2 D5:1 Bb4:1 | A4:4"
)


def _left_hand(passage: Passage, harmony: list[Chord], velocity: float) -> None:
    """The piano under the melody: the bass, then a broken chord, a little different each bar."""
    for bar, (current, voicing) in enumerate(zip(harmony, lead_voices(harmony, 50, 66, 3), strict=True)):
        beat = 4.0 * bar
        bass = nearest(current.bass, 40)
        passage.add("piano", beat, 4.0, bass, velocity, loose=0.01)
        order = [0, 1, 2] if passage.random.random() < 0.6 else [0, 2, 1]
        for step, voice in enumerate(order):
            passage.add("piano", beat + 1 + step, 3.0 - step, voicing[voice], 0.72 * velocity, loose=0.015)


def _stars(passage: Passage, harmony: list[Chord], first_bar: int, velocity: float) -> None:
    """A few high bells, chord tones at odd moments, far to the sides."""
    for bar in range(first_bar, len(harmony)):
        count = int(passage.random.integers(0, 3))
        for _ in range(count):
            tone = int(passage.random.choice(harmony[bar].classes))
            beat = 4.0 * bar + 0.5 * int(passage.random.integers(1, 8))
            side = float(passage.random.uniform(-0.9, 0.9))
            passage.add("bell", beat, 2.0, nearest(tone, 84), velocity, side, loose=0.02)


def dawn(passage: Passage) -> None:
    """D major, slow and soft: pad, sparse piano, a few bells; the last bar leans into G major."""
    harmony = chords(_DAWN)
    passage.hold("pad", lead_voices(harmony, 52, 71, 4), ramp(0, 32, 0.5, 0.72))
    for bar, current in enumerate(harmony):
        passage.add("sub", 4.0 * bar, 4.0, nearest(current.bass, 38), 0.5)
    _left_hand(passage, harmony, 0.42)
    passage.sing("piano", _DAWN_MELODY, ramp(0, 24, 0.5, 0.66), legato=1.15, pan=0.1, loose=0.012)
    _stars(passage, harmony, 1, 0.34)
    passage.sing(
        "pluck", "B4:.25 D5:.25 E5:.25 G5:.25 A5:.25 B5:.25 D6:.25 E6:.25", ramp(38, 40, 0.2, 0.42), beat=38
    )
    passage.add("reverse", 36, 4.0, 60, 0.2)


def shadow(passage: Passage) -> None:
    """D minor over a sinking bass: low strings, a heartbeat, the motif in the cello; a rise."""
    harmony = chords(_SHADOW)
    passage.hold("strings", lead_voices(harmony, 43, 63, 4), ramp(0, 40, 0.55, 0.8))
    for bar, current in enumerate(harmony):
        bass = nearest(current.bass, 35)
        passage.add("drone", 4.0 * bar, 4.0, bass, 0.7)
        passage.add("low_piano", 4.0 * bar, 4.0, bass, 0.62, -0.15)
    passage.sing("cello", _SHADOW_MELODY, ramp(0, 36, 0.5, 0.85), legato=1.02, pan=0.15, loose=0.01)
    for pulse in range(0, 36, 2):
        passage.add("heart", pulse, 0.5, 36, 0.5 + 0.008 * pulse)
        passage.add("heart", pulse + 0.5, 0.5, 36, 0.32 + 0.006 * pulse)
    for bar, name in ((2, 77), (3, 83), (6, 76), (7, 75)):
        passage.add("bell", 4.0 * bar + 2.5, 3.0, name, 0.26, 0.8 if bar % 2 else -0.8)
    passage.add("wind", 0, 16.0, 55, 0.42, -0.3)
    passage.add("wind", 14, 18.0, 60, 0.5, 0.3)
    # The pulse quickens from halves to eighths to sixteenths: the door to the driving section.
    for bar in range(6, 10):
        steps = 8 if bar < 9 else 16
        for step in range(steps):
            beat = 4.0 * bar + 4.0 * step / steps
            swell = (beat - 24) / 16
            passage.add(
                "ostinato",
                beat,
                4.0 / steps,
                nearest(harmony[bar].bass, 45),
                0.25 + 0.45 * swell,
                0.25 if step % 2 else -0.25,
            )
    passage.add("riser", 32, 8.0, 60, 0.8)
    for step in range(16):
        passage.add("tom", 36 + step / 4, 0.3, 43 + step // 4, 0.2 + 0.035 * step, 0.4 - step / 20)
    passage.add("reverse", 38, 2.0, 60, 0.8)


def home(passage: Passage) -> None:
    """D major again: the motif at rest, one borrowed minor chord, then the opening's own chord.

    The ninth bar is a breath: the last chord dies away before the piece begins again.
    """
    harmony = chords(_HOME)
    voicings = lead_voices(harmony, 52, 71, 4)
    passage.hold("pad", voicings, ramp(0, 28, 0.75, 0.5))
    for bar, current in enumerate(harmony):
        passage.add("sub", 4.0 * bar, 4.0 if bar < 7 else 3.0, nearest(current.bass, 38), 0.5)
    _left_hand(passage, harmony, 0.42)
    passage.sing("piano", _HOME_MELODY, ramp(4, 30, 0.66, 0.4), legato=1.15, pan=0.1, loose=0.012)
    _stars(passage, harmony, 2, 0.3)
