"""The moving sections of the demo piece: bloom (bright), surge (driving), flight (joyful)."""

from __future__ import annotations

from livesing.audio.demo_notation import Chord, Passage, chords, lead_voices, nearest, ramp

_BLOOM = "G D/F# Em7 Cadd9 G/B C Am7 D C D Bm7 Em7 C G/B Am7 D Cadd9 D Ebmaj7 A7"
_BLOOM_MELODY = (
    "D5:.5 G5:.5 A5:.5 B5:1.5 A5:1 | A5:1.5 G5:.5 F#5:1 D5:1 | E5:.5 G5:.5 A5:.5 B5:1.5 D6:1 |"
    "B5:.5 A5:.5 G5:1 E5:2 | D5:.5 G5:.5 A5:.5 B5:1.5 D6:1 | E6:1.5 D6:.5 C6:1 G5:1 |"
    "A5:.5 C6:.5 B5:.5 A5:1.5 E5:1 | A5:2 F#5:2 |"
    "G5:.5 C6:.5 E6:1.5 D6:.5 C6:1 | A5:.5 D6:.5 F#6:1.5 E6:.5 D6:1 | F#6:1 D6:1 B5:1 A5:1 |"
    "G5:1 B5:1 E6:2 | G5:.5 C6:.5 E6:1.5 D6:.5 C6:1 | D6:.5 B5:.5 G5:1 D5:2 |"
    "E5:.5 A5:.5 B5:.5 C6:1.5 B5:1 | A5:1.5 G5:.5 A5:1 B5:1 |"
    "C6:2 G5:2 | A5:2 F#5:2 | G5:2 Bb5:2 | A5:2 C#5:2"
)
_SURGE = "Dm Dm Dm Dm Dm Bb F C Dm Bb F C Dm Bb Gm A Dm Bb F C Gm Bb C A"
_SURGE_MELODY = (
    "A4:.75 D5:.75 E5:.5 F5:1 E5:1 | D5:1.5 C5:.5 D5:1 F5:1 | C5:.75 F5:.75 G5:.5 A5:1 G5:1 |"
    "G5:.75 E5:.75 C5:.5 E5:2 | A4:.75 D5:.75 E5:.5 F5:1 A5:1 | Bb5:1.5 A5:.5 F5:1 D5:1 |"
    "G5:.75 Bb5:.75 A5:.5 G5:1 D5:1 | E5:1 A5:1 G5:1 E5:1 |"
    "A5:.5 F5:.5 D5:.5 A5:.5 F5:.5 D5:.5 E5:1 | Bb5:.5 F5:.5 D5:.5 Bb5:.5 A5:.5 F5:.5 D5:1 |"
    "A5:.5 F5:.5 C5:.5 A5:.5 G5:.5 F5:.5 C5:1 | G5:.75 E5:.75 C5:.5 E5:2"
)
_BREATH_MELODY = "D5:3 F5:1 | D5:3 F5:1 | E5:2 G5:2 | A5:4"
_FLIGHT = "D A/C# Bm G D/F# G Em7 A Bm G D/A A G A Bm7 Gmaj9"
_FLIGHT_MELODY = (
    "A4:.75 D5:.75 E5:.5 F#5:1 E5:1 | E5:1.5 D5:.5 C#5:1 A4:1 | B4:.75 D5:.75 E5:.5 F#5:1 D5:1 |"
    "B4:1.5 A4:.5 B4:1 D5:1 | A4:.75 D5:.75 E5:.5 F#5:1 A5:1 | G5:1.5 F#5:.5 D5:1 B4:1 |"
    "E5:.75 G5:.75 F#5:.5 E5:1 D5:1 | C#5:1 E5:1 A5:2 | F#5:1.5 E5:.5 D5:1 B4:1 |"
    "D5:1.5 B4:.5 G4:1 B4:1 | A4:.75 D5:.75 E5:.5 F#5:2 | E5:2 C#5:2 |"
    "B4:.75 D5:.75 G5:.5 B5:1 A5:1 | A5:1.5 G5:.5 E5:1 C#5:1 | D5:.75 F#5:.75 B5:.5 A5:2 | B5:4"
)
_BASS_RHYTHM = "x.xx.xx.x.xx.xo."  # sixteenths; o is the octave above
_STAB_RHYTHM = "x..x..x...x..x.."


def _arpeggio(
    passage: Passage,
    instrument: str,
    voicing: tuple[int, ...],
    bar: int,
    steps: int,
    velocity: float,
    contour: tuple[int, ...],
) -> None:
    """One bar of broken chord: `contour` indexes the voicing, accents every fourth step."""
    for step in range(steps):
        index = contour[step % len(contour)]
        pitch = voicing[index % len(voicing)] + 12 * (index // len(voicing))
        accent = 1.0 if step % 4 == 0 else 0.78
        side = 0.55 if step % 2 else -0.55
        passage.add(
            instrument,
            4.0 * bar + 4.0 * step / steps,
            4.0 / steps,
            pitch,
            accent * velocity,
            side,
            loose=0.003,
        )


def bloom(passage: Passage) -> None:
    """G major at walking pace: arpeggios, a sung line with echoes, light percussion."""
    harmony = chords(_BLOOM)
    voicings = lead_voices(harmony, 62, 79, 3)
    level = ramp(0, 48, 0.62, 0.8)
    contours = [(0, 1, 2, 3, 2, 1, 2, 1), (0, 2, 1, 3, 2, 4, 3, 1), (3, 2, 1, 0, 1, 2, 3, 4)]
    contour = contours[0]
    for bar, (current, voicing) in enumerate(zip(harmony, voicings, strict=True)):
        fading = 1.0 if bar < 17 else 0.8 - 0.2 * (bar - 17)
        if bar % 4 == 0:
            contour = contours[int(passage.random.integers(len(contours)))]
        steps = 16 if 8 <= bar < 16 else 8
        _arpeggio(passage, "pluck", voicing, bar, steps, fading * 0.55 * level(4.0 * bar), contour)
        root = nearest(current.bass, 43)
        for offset, beats, octave in ((0, 1.5, 0), (1.5, 0.5, 0), (2, 1, 12), (3, 1, 0)):
            if bar < 18 or offset == 0:
                at, loud = 4.0 * bar + offset, 0.7 * fading
                passage.add("round_bass", at, beats, root + octave, loud, loose=0.004)
        if bar < 18:
            for step in range(8):
                at, loud = 4.0 * bar + step / 2, fading * (0.5 if step % 2 else 0.28)
                passage.add("shaker", at, 0.2, 60, loud, 0.35, loose=0.005)
        if 4 <= bar < 17:
            passage.add("soft_kick", 4.0 * bar, 0.5, 36, 0.6)
            passage.add("soft_kick", 4.0 * bar + 2.5, 0.5, 36, 0.45)
            passage.add("snap", 4.0 * bar + 1, 0.5, 60, 0.5, -0.2)
            passage.add("snap", 4.0 * bar + 3, 0.5, 60, 0.55, 0.2)
    passage.hold("pad", lead_voices(harmony, 55, 74, 4), ramp(0, 48, 0.42, 0.6))
    for bar in (8, 16):
        passage.add("cymbal", 4.0 * bar, 2.0, 60, 0.4, 0.3)
        passage.add("reverse", 4.0 * bar - 2, 2.0, 60, 0.4)
    passage.sing("flute", _BLOOM_MELODY, ramp(0, 40, 0.62, 0.78), loose=0.006, echo_beats=0.75, legato=0.92)
    for offset in (16.0, 52.0):  # the bells answer the first phrase in thirds above the arpeggio
        passage.sing("bell", "B5:1 D6:1 G6:2", 0.34, beat=offset, pan=-0.5)


def _drum_bar(passage: Passage, bar: int, energy: float) -> None:
    """Four on the floor with claps, off-beat hats and running sixteenths; energy 0..1."""
    start = 4.0 * bar
    for beat in range(4):
        passage.add("kick", start + beat, 0.4, 36, 0.95)
        passage.add("open_hat", start + beat + 0.5, 0.2, 60, 0.34 + 0.2 * energy, 0.15)
    for step in range(16):
        if step % 4 != 2:
            loud = (0.3 if step % 2 else 0.42) * (0.6 + 0.4 * energy)
            side = -0.3 if step % 2 else 0.25
            passage.add("hat", start + step / 4, 0.1, 60, loud, side, loose=0.002)
    for beat in (1, 3):
        passage.add("clap", start + beat, 0.3, 60, 0.55 + 0.3 * energy)
    if energy > 0.6:
        for step, loud in ((3, 0.22), (7, 0.3), (10, 0.25), (15, 0.32)):  # ghost notes
            passage.add("snare", start + step / 4, 0.2, 60, loud, 0.1, loose=0.004)


def _fill(passage: Passage, bar: int) -> None:
    """The last two beats of a phrase: toms falling from right to left."""
    for step, pitch in enumerate((52, 52, 48, 48, 45, 45, 41, 41)):
        passage.add("tom", 4.0 * bar + 2 + step / 4, 0.3, pitch, 0.5 + 0.04 * step, 0.5 - step / 8)


def _bass_bar(passage: Passage, bar: int, current: Chord, velocity: float) -> None:
    root = nearest(current.bass, 36)
    for step, mark in enumerate(_BASS_RHYTHM):
        if mark != ".":
            pitch = root + (12 if mark == "o" else 0)
            accent = 1.0 if step % 4 == 0 else 0.85
            passage.add("bass", 4.0 * bar + step / 4, 0.24, pitch, accent * velocity)


def _stab_bar(passage: Passage, bar: int, voicing: tuple[int, ...], velocity: float) -> None:
    for step, mark in enumerate(_STAB_RHYTHM):
        if mark == "x":
            for pitch in voicing:
                passage.add("stab", 4.0 * bar + step / 4, 0.4, pitch, velocity)


def surge(passage: Passage) -> None:
    """D minor at full drive: groove, build, theme, and a held breath before the light."""
    harmony = chords(_SURGE)
    arps = lead_voices(harmony, 62, 78, 3)
    pads = lead_voices(harmony, 53, 72, 4)
    passage.add("impact", 0, 4.0, 38, 1.0)
    for bar, current in enumerate(harmony):
        energy = min(1.0, 0.35 + 0.1 * bar) if bar < 8 else 1.0
        if bar < 20:
            _bass_bar(passage, bar, current, 0.66 + 0.2 * energy)
            if bar != 7:
                _drum_bar(passage, bar, energy)
        if bar >= 4:
            contour = (0, 1, 2, 3, 1, 2, 4, 3) if bar < 16 else (0, 2, 4, 3, 2, 1, 3, 5)
            loud = 0.4 + 0.05 * min(bar - 4, 6) if bar < 20 else 0.45 + 0.1 * (bar - 20)
            _arpeggio(passage, "saw_pluck", arps[bar], bar, 16, loud, contour)
        if 8 <= bar < 20:
            _stab_bar(passage, bar, pads[bar], 0.52)
        if bar in (11, 15, 19):
            _fill(passage, bar)
    for beat in (28, 29, 30, 31):
        passage.add("kick", beat, 0.4, 36, 0.9)
    for step in range(16):
        passage.add("snare", 28 + step / 4, 0.2, 60, 0.25 + 0.035 * step)
    passage.add("riser", 24, 8.0, 60, 0.7)
    for bar in (8, 16, 20):
        passage.add("cymbal", 4.0 * bar, 3.0, 60, 0.75, -0.2)
    passage.sing("lead", _SURGE_MELODY, 0.74, beat=32, legato=0.9, echo_beats=0.75)
    # The pad says from the first bar that it is minor, and breathes with the kick.
    passage.hold("saw_pad", pads[:20], ramp(0, 32, 0.4, 0.62))
    # Four bars without the kick: the pad opens, the snare doubles its pace, the riser climbs.
    passage.hold("saw_pad", pads[20:], ramp(80, 96, 0.55, 0.95), beat=80)
    passage.sing("lead", _BREATH_MELODY, ramp(80, 96, 0.5, 0.7), beat=80)
    for beat in range(80, 88, 1):
        passage.add("soft_kick", beat, 0.5, 36, 0.7)
    for bar, steps in ((20, 4), (21, 8), (22, 8), (23, 16)):
        for step in range(steps):
            at = 4.0 * bar + 4.0 * step / steps
            passage.add("snare", at, 0.2, 60, 0.22 + 0.5 * (at - 80) / 16)
    passage.add("riser", 80, 16.0, 60, 0.9)
    passage.add("reverse", 93, 3.0, 60, 0.8)


def flight(passage: Passage) -> None:
    """The theme in D major at full strength, then the drums let go over the last two bars."""
    harmony = chords(_FLIGHT)
    arps = lead_voices(harmony, 64, 81, 3)
    pads = lead_voices(harmony, 55, 74, 4)
    passage.add("impact", 0, 4.0, 38, 0.9)
    for bar, current in enumerate(harmony):
        contour = (0, 1, 2, 3, 4, 3, 2, 1) if bar % 4 < 2 else (0, 2, 1, 3, 2, 4, 3, 5)
        if bar < 14:
            _bass_bar(passage, bar, current, 0.86)
            _drum_bar(passage, bar, 1.0)
            _stab_bar(passage, bar, pads[bar], 0.5)
        else:
            passage.add("round_bass", 4.0 * bar, 4.0, nearest(current.bass, 43), 0.75)
        loud = 0.6 if bar < 14 else 0.5 - 0.2 * (bar - 14)
        _arpeggio(passage, "saw_pluck", arps[bar], bar, 16, loud, contour)
        if bar in (3, 7, 11, 13):
            _fill(passage, bar)
        if bar in (0, 8, 14):
            passage.add("cymbal", 4.0 * bar, 3.0, 60, 0.75, 0.2)
    passage.hold("saw_pad", pads, ramp(48, 64, 0.62, 0.45))
    passage.sing("lead", _FLIGHT_MELODY, ramp(48, 64, 0.78, 0.6), legato=0.9, echo_beats=0.75)
    passage.sing("bell", _FLIGHT_MELODY, ramp(48, 64, 0.4, 0.34), transpose=12, pan=-0.3)
