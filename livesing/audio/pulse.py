"""Pulse: what the fast path knows about the sound after each block.

A Pulse is a flat row of floats, so it crosses threads and processes as one float64 row of
`len(Pulse._fields)` numbers::

    row = np.array(pulse)          # [PULSE_SIZE] float64
    pulse = Pulse(*row)

Readers may skip pulses. Anything that must not be missed is therefore a running count (`hits`,
`bass_hits`, `onsets`, `beats`): keep the last count you saw, and the difference is what happened.
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
    onsets           n    note onsets so far, by aubio: later (about 50 ms) and surer than hits
    onset_rate       1/s  onsets per second over the last 4 s
    bpm              1/min tempo in 70..180, 0 while unknown
    beat_phase       0..1 position within the beat, 0 on the beat; continuous over the wrap
    beats            n    beats so far (wraps of beat_phase)
    beat_confidence  0..1 how far the beat can be trusted
    silent           0|1  nothing to hear: under -60 dB for at least half a second
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

    @classmethod
    def quiet(cls, time: float) -> Pulse:
        """The state at rest: silence, no events so far. `time` in s."""
        rest = dict.fromkeys(cls._fields, 0.0)
        rest.update(time=float(time), sample=-1.0, rms_db=SILENCE_DB, silent=1.0)
        return cls(**rest)


PULSE_SIZE = len(Pulse._fields)
"""Numbers in a Pulse: the length of its row."""
