"""The fast path: a Pulse after every block of sound."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from livesing.audio.attacks import Attacks
from livesing.audio.bands import BassBank, hann_of_mean_squares, log_band_edges
from livesing.audio.fourier_bands import FourierBands
from livesing.audio.framing import Framer, check_rate, clean
from livesing.audio.levels import Meter, to_db
from livesing.audio.onsets import NoteOnsets
from livesing.audio.pitch import VoicePitch
from livesing.audio.pulse import Pulse
from livesing.audio.tempo import Rhythm

SILENT_POWER = 1e-6
"""Mean square: -60 dB."""
BAND_RANGE_DB = 26.0
"""A band that stays further than this under the whole sound does not reach its full level."""
SILENT_AFTER_S = 0.5


class FastPath:
    """Levels, hits, onsets, pitch and beat of mono sound, block by block.

    Inside, everything advances in hops of about 2.7 ms with a window of four hops, so how the
    stream is cut into blocks changes nothing. A hit is known within 12 ms of its attack, plus the
    wait for the block to fill.

    Owned by one thread; no locks, no clock of its own.
    """

    HOPS_PER_WINDOW = 4
    NARROW_BANDS = 22
    LOWEST_HZ, MID_ATTACK_HZ, TREBLE_HZ, HIGHEST_HZ = 260.0, 400.0, 2000.0, 16_000.0
    ONSET_S = 4.0
    MID_OF_BASS = 1e-3
    """What a deep tone spills into the mids, as a share of its power: the side lobes of so short a window."""
    RMS_S = 0.050
    DC_S = 0.300

    def __init__(self, rate: int, since: Pulse | None = None) -> None:
        """rate: samples per second, 8000..192000. ValueError outside of that. since: the last Pulse of
        a path before this one, whose counts and clocks are gone on with."""
        check_rate(rate)
        self.rate = rate
        self.hop = BassBank.PER_HOP * max(1, round(rate / 3000))
        self.bad_samples = 0
        """Samples that were NaN or infinite so far."""
        hop_s = self.hop / rate
        window = self.hop * self.HOPS_PER_WINDOW
        edges = log_band_edges(rate, window, self.LOWEST_HZ, self.HIGHEST_HZ, self.NARROW_BANDS)
        self._framer = Framer(window, self.hop)
        self._taper = hann_of_mean_squares(window)
        self._narrow = FourierBands(window, edges, np.ones(len(edges) - 1, dtype=np.float32))
        mid, treble = (
            min(range(len(edges) - 1), key=lambda b: abs(edges[b] - round(hz * window / rate)))
            for hz in (self.MID_ATTACK_HZ, self.TREBLE_HZ)
        )
        self._treble_band = treble
        self._bass_bank = BassBank(rate, self.hop)
        self._attacks = Attacks(hop_s, len(edges) - 1, mid, treble)
        self._all, self._bass, self._mid, self._treble = (Meter(hop_s) for _ in range(4))
        self._rms_step = 1.0 - math.exp(-hop_s / self.RMS_S)
        self._dc_step = 1.0 - math.exp(-hop_s / self.DC_S)
        self._hop_s = hop_s
        self._power = 0.0
        self._dc = 0.0
        self._quiet_s = SILENT_AFTER_S
        self._next_sample = 0
        self._since = since or Pulse.quiet(0.0)
        self._onsets = NoteOnsets(rate, self.ONSET_S)
        self._pitch = VoicePitch(rate)
        self.rhythm = Rhythm(rate)
        """For who hears the same stream; not to be pushed."""

    def push(self, block: NDArray[np.floating], time: float, first_sample: int | None = None) -> Pulse:
        """Hear a block.

        block: [n] mono samples, n of any size, full scale +-1. time: s, when its newest sample
        entered, on the caller's clock. first_sample: absolute index of block[0]; without it the
        stream is taken as unbroken. Samples lost in between are skipped over, not filled in.
        """
        samples, bad = clean(block)
        self.bad_samples += bad
        if first_sample is not None:
            self._next_sample = first_sample
        self._next_sample += samples.size
        self.rhythm.push(samples)
        self._onsets.push(samples)
        self._pitch.push(samples)
        frames = self._framer.push(samples)
        if len(frames):
            self._hear(frames)
        return self._pulse(time)

    def _pulse(self, time: float) -> Pulse:
        since, attacks, rhythm = self._since, self._attacks, self.rhythm
        turns = rhythm.turns
        beats = math.floor(turns)
        phase = turns - beats
        return Pulse(
            time=float(time),
            sample=float(self._next_sample - 1),
            level=self._all.level,
            bass=self._bass.level,
            mid=self._mid.level,
            treble=self._treble.level,
            rms_db=to_db(self._power),
            flux=attacks.whole.flux,
            hit=attacks.whole.envelope,
            bass_hit=attacks.bass.envelope,
            hits=since.hits + attacks.whole.hits,
            bass_hits=since.bass_hits + attacks.bass.hits,
            onsets=since.onsets + self._onsets.count,
            onset_rate=self._onsets.per_second,
            bpm=rhythm.bpm,
            beat_phase=phase,
            beats=since.beats + beats,
            beat_confidence=rhythm.confidence,
            silent=float(self._quiet_s >= SILENT_AFTER_S),
            mid_hit=attacks.mid.envelope,
            treble_hit=attacks.treble.envelope,
            mid_hits=since.mid_hits + attacks.mid.hits,
            treble_hits=since.treble_hits + attacks.treble.hits,
            all_time=since.all_time + self._all.time,
            bass_time=since.bass_time + self._bass.time,
            mid_time=since.mid_time + self._mid.time,
            treble_time=since.treble_time + self._treble.time,
            all_presence=self._all.presence,
            bass_presence=self._bass.presence,
            mid_presence=self._mid.presence,
            treble_presence=self._treble.presence,
            pitch_hz=self._pitch.hz,
            pitch_confidence=self._pitch.confidence,
            next_beat_s=rhythm.next_beat_s,
            bar_phase=rhythm.bar_phase,
            beats_per_bar=float(rhythm.beats_per_bar),
            bar_confidence=rhythm.bar_confidence,
            beat_source=0.0,
        )

    def _hear(self, frames: NDArray[np.float32]) -> None:
        """frames: [hops, window]. Moves every meter and gate on by that many hops."""
        hops = np.ascontiguousarray(frames[:, -self.hop :])
        narrow = self._narrow.powers(frames * self._taper)
        doubles = hops.astype(np.float64)
        sums = np.add.reduce(doubles, axis=1)
        squares = np.vecdot(doubles, doubles) / self.hop
        bass, bass_attack, lows = self._bass_bank.push(hops)
        mid, treble = np.add.reduceat(narrow, (0, self._treble_band), axis=1).T
        new = np.maximum(squares - lows, 0.0).astype(np.float32)
        self._attacks.push(narrow, bass_attack, new, (bass + mid + treble).tolist())
        powers, heard = [], []
        for mean, square in zip((sums / self.hop).tolist(), squares.tolist(), strict=True):
            powers.append(self._without_dc(mean, square))
            heard.append(self._quiet_s < SILENT_AFTER_S)
        ceilings = self._all.push(powers, heard, [Meter.FLOOR_DB] * len(powers))
        floors = [ceiling_db - BAND_RANGE_DB for ceiling_db in ceilings]
        self._bass.push(bass.tolist(), heard, floors)
        self._mid.push(np.maximum(mid - self.MID_OF_BASS * bass, 0.0).tolist(), heard, floors)
        self._treble.push(treble.tolist(), heard, floors)

    def _without_dc(self, mean: float, square: float) -> float:
        """Mean square of a hop about a slow mean; moves the RMS and the silence clock on.

        mean, square: mean and mean square of the hop's samples.
        """
        self._dc += (mean - self._dc) * self._dc_step
        power = max(square - 2.0 * self._dc * mean + self._dc * self._dc, 0.0)
        self._power += (power - self._power) * self._rms_step
        self._quiet_s = 0.0 if self._power > SILENT_POWER else self._quiet_s + self._hop_s
        return power
