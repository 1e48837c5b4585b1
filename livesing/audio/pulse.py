"""Pulse: what the fast path knows about the sound after each block.

A Pulse is a flat row of floats, so it crosses threads and processes as one float64 row of
`len(Pulse._fields)` numbers::

    row = np.array(pulse)          # [PULSE_SIZE] float64
    pulse = Pulse(*row)

Readers may skip pulses. Anything that must not be missed is therefore a running count (`hits`,
`bass_hits`, `onsets`, `beats`): keep the last count you saw, and the difference is what happened.
Counts and clocks go on over a change of the source; they are numbers of up to some 10^5, so take their
difference, or their remainder, before they become float32.
"""

from __future__ import annotations

from typing import NamedTuple

SILENCE_DB = -120.0
"""The floor of every level in dB: what digital silence reads as."""


class Pulse(NamedTuple):
    """One snapshot of the fast features.

    time             s    clock of the caller (time.perf_counter live) at the newest sample
    sample           -    absolute index of the newest sample, -1 before the first
    level            0..1 perceptual loudness of the whole band, auto-ranged, attack and release
    bass             0..1 the same for 30-150 Hz
    mid              0..1 the same for 250-2000 Hz
    treble           0..1 the same for 2-16 kHz
    rms_db           dB   RMS over about 50 ms re full scale, -120..+3 (a full-scale sine: -3)
    flux             0..  onset strength: spectral flux over its recent mean (1 = usual, > 3 = hit)
    hit              0..1 envelope: jumps to the strength at a hit, decays by half in 140 ms
    bass_hit         0..1 the same for hits of the bass band (kick drum, bass notes)
    hits             n    hits so far, our own gate, fast (10 ms)
    bass_hits        n    bass hits so far
    onsets           n    note onsets so far, by aubio: later than hits (about 50 ms), soft ones too, but also
                          the swells of a tremolo and of low tones that beat; Cues.onset_rate is the surer
    onset_rate       1/s  onsets per second over the last 4 s
    bpm              1/min tempo, 0 while unknown: 48..218 by the tracker, 30..300 by a clock from outside
    beat_phase       0..1 position within the beat, 0 on the beat; continuous over the wrap
    beats            n    beats so far (wraps of beat_phase)
    beat_confidence  0..1 how far the beat can be trusted
    silent           0|1  nothing to hear: under -60 dB for at least half a second
    mid_hit          0..1 as bass_hit, for the mids (snare, chords, voice)
    treble_hit       0..1 the same for the treble (hi-hat, consonants)
    mid_hits         n    mid hits so far
    treble_hits      n    treble hits so far
    all_time         s    a clock that runs as fast as the sound is loud: 1 s per second at level 1,
                          standing still at level 0; never backwards. For motion that music drives
    bass_time        s    the same by the level of the bass
    mid_time         s    ... of the mids
    treble_time      s    ... of the treble
    all_presence     0..1 whether there is sound at all, over the last seconds
    bass_presence    0..1 whether the bass is there (1) or has been left out for some seconds (0)
    mid_presence     0..1 ... the mids
    treble_presence  0..1 ... the treble
    pitch_hz         Hz   pitch of one voice, 50..2000, 0 where there is none; 40 ms late
    pitch_confidence 0..1 how surely: over 0.8 for one voice or instrument, low for a band
    next_beat_s      s    from the newest sample to the next beat, 0 while the tempo is unknown
    bar_phase        0..1 position within the bar, 0 on the downbeat
    beats_per_bar    n    beats of a bar, 0 while unknown
    bar_confidence   0..1 how far bar_phase can be trusted
    beat_source      n    who leads the beat, a place in beat_clock.SOURCES: 0 is the tracker
    """

    time: float
    sample: float
    level: float
    bass: float
    mid: float
    treble: float
    rms_db: float
    flux: float
    hit: float
    bass_hit: float
    hits: float
    bass_hits: float
    onsets: float
    onset_rate: float
    bpm: float
    beat_phase: float
    beats: float
    beat_confidence: float
    silent: float
    mid_hit: float
    treble_hit: float
    mid_hits: float
    treble_hits: float
    all_time: float
    bass_time: float
    mid_time: float
    treble_time: float
    all_presence: float
    bass_presence: float
    mid_presence: float
    treble_presence: float
    pitch_hz: float
    pitch_confidence: float
    next_beat_s: float
    bar_phase: float
    beats_per_bar: float
    bar_confidence: float
    beat_source: float

    @classmethod
    def quiet(cls, time: float) -> Pulse:
        """The state at rest: silence, no events so far. `time` in s."""
        rest = dict.fromkeys(cls._fields, 0.0)
        rest.update(time=float(time), sample=-1.0, rms_db=SILENCE_DB, silent=1.0)
        return cls(**rest)

    def at_rest(self, time: float) -> Pulse:
        """Silence from `time` on, in s; counts and clocks stand where they stood."""
        kept = {name: getattr(self, name) for name in RUNNING}
        return self.quiet(time)._replace(**kept)


RUNNING = (
    "hits",
    "bass_hits",
    "mid_hits",
    "treble_hits",
    "onsets",
    "beats",
    "all_time",
    "bass_time",
    "mid_time",
    "treble_time",
)
"""Fields that only ever grow."""

PULSE_SIZE = len(Pulse._fields)
"""Numbers in a Pulse: the length of its row."""
