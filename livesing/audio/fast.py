"""The fast path: a Pulse after every block of sound."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from livesing.audio.bands import BassBank, Spectrum, log_band_edges
from livesing.audio.flux_gate import BandFlux, FluxGate, LoudestPower
from livesing.audio.framing import Framer, clean
from livesing.audio.levels import AutoRange, to_db
from livesing.audio.pulse import Pulse
from livesing.audio.tempo import Rhythm

SILENT_POWER = 1e-6
AUDIBLE_POWER = 1e-6
"""Mean squares: -60 dB."""
BASS_SHARE = 0.03
BAND_RANGE_DB = 26.0
"""A band that stays further than this under the whole sound does not reach its full level."""
SILENT_AFTER_S = 0.5
LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000


class FastPath:
    """Levels, hits, onsets and beat of mono sound, block by block.

    Inside, everything advances in hops of about 2.7 ms with a window of four hops, so how the
    stream is cut into blocks changes nothing. A hit is known within 8 ms of its attack (14 ms at
    8 kHz, where a hop is 3 ms and hi-hats are dull), plus the wait for the block to fill.

    Owned by one thread; no locks, no clock of its own.
    """

    HOPS_PER_WINDOW = 4
    FLUX_BANDS = 22
    RMS_S = 0.050
    DC_S = 0.300

    def __init__(self, rate: int) -> None:
        """rate: samples per second, 8000..192000. ValueError outside of that."""
        if not LOWEST_RATE <= rate <= HIGHEST_RATE:
            raise ValueError(f"sample rate {rate} Hz is not within 8000..192000")
        self.rate = rate
        self.hop = BassBank.PER_HOP * max(1, round(rate / 3000))
        self.bad_samples = 0
        """Samples that were NaN or infinite so far."""
        hop_s = self.hop / rate
        window = self.hop * self.HOPS_PER_WINDOW
        edges = log_band_edges(rate, window, 260.0, 16_000.0, self.FLUX_BANDS)
        self._framer = Framer(window, self.hop)
        self._spectrum = Spectrum(window, edges)
        treble_bin = round(2000.0 * window / rate)
        self._treble_band = min(range(len(edges) - 1), key=lambda b: abs(edges[b] - treble_bin))
        self._bass = BassBank(rate, self.hop)
        self._loudest = LoudestPower(hop_s)
        self._loudest_bass = LoudestPower(hop_s)
        self._flux = BandFlux(len(edges) - 1, far=13)
        self._bass_flux = BandFlux(1, far=24)
        self._gate = FluxGate(hop_s, minimum=0.20)
        self._bass_gate = FluxGate(hop_s, minimum=0.80)
        self._level = AutoRange(hop_s)
        self._bass_level = AutoRange(hop_s)
        self._mid_level = AutoRange(hop_s)
        self._treble_level = AutoRange(hop_s)
        self._rms_step = 1.0 - math.exp(-hop_s / self.RMS_S)
        self._dc_step = 1.0 - math.exp(-hop_s / self.DC_S)
        self._hop_s = hop_s
        self._power = 0.0
        self._dc = 0.0
        self._quiet_s = SILENT_AFTER_S
        self._next_sample = 0
        self._rhythm = Rhythm(rate)

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
        self._rhythm.push(samples)
        frames = self._framer.push(samples)
        if len(frames):
            self._hear(frames)
        turns = self._rhythm.turns
        return Pulse(
            time=float(time),
            sample=float(self._next_sample - 1),
            level=self._level.level,
            bass=self._bass_level.level,
            mid=self._mid_level.level,
            treble=self._treble_level.level,
            rms_db=to_db(self._power),
            flux=self._gate.flux,
            hit=self._gate.envelope,
            bass_hit=self._bass_gate.envelope,
            hits=float(self._gate.hits),
            bass_hits=float(self._bass_gate.hits),
            onsets=float(self._rhythm.onsets),
            onset_rate=self._rhythm.onset_rate,
            bpm=self._rhythm.bpm,
            beat_phase=turns - math.floor(turns),
            beats=float(math.floor(turns)),
            beat_confidence=self._rhythm.confidence,
            silent=float(self._quiet_s >= SILENT_AFTER_S),
        )

    def _hear(self, frames: NDArray[np.float32]) -> None:
        """frames: [hops, window]. Moves every level and gate on by that many hops."""
        hops = np.ascontiguousarray(frames[:, -self.hop :])
        powers = self._spectrum.bands(self._spectrum.powers(frames))
        bass = self._bass.push(hops)
        mid = powers[:, : self._treble_band].sum(axis=1)
        treble = powers[:, self._treble_band :].sum(axis=1)
        total = (bass + mid + treble).tolist()
        lows, mids, highs = bass.tolist(), mid.tolist(), treble.tolist()
        references = self._loudest.push(total)
        fluxes = self._flux.push(powers, references)
        # The bass is measured against the whole sound too: what leaks from a hi-hat is no kick.
        bass_references = [
            max(low, BASS_SHARE * whole)
            for low, whole in zip(self._loudest_bass.push(lows), references, strict=True)
        ]
        bass_fluxes = self._bass_flux.push(bass[:, None], bass_references)
        sums = np.add.reduce(hops, axis=1, dtype=np.float64)
        squares = np.einsum("ij,ij->i", hops, hops, dtype=np.float64)
        means_and_squares = zip((sums / self.hop).tolist(), (squares / self.hop).tolist(), strict=True)
        for hop, (mean, square) in enumerate(means_and_squares):
            power = self._without_dc(mean, square)
            heard = self._quiet_s < SILENT_AFTER_S
            self._level.push(power, heard)
            floor_db = self._level.ceiling_db - BAND_RANGE_DB
            self._bass_level.push(lows[hop], heard, floor_db)
            self._mid_level.push(mids[hop], heard, floor_db)
            self._treble_level.push(highs[hop], heard, floor_db)
            self._gate.push(fluxes[hop], total[hop] > AUDIBLE_POWER)
            self._bass_gate.push(bass_fluxes[hop], lows[hop] > AUDIBLE_POWER)

    def _without_dc(self, mean: float, square: float) -> float:
        """Mean square of a hop about a slow mean; moves the RMS and the silence clock on.

        mean, square: mean and mean square of the hop's samples.
        """
        self._dc += (mean - self._dc) * self._dc_step
        power = max(square - 2.0 * self._dc * mean + self._dc * self._dc, 0.0)
        self._power += (power - self._power) * self._rms_step
        self._quiet_s = 0.0 if self._power > SILENT_POWER else self._quiet_s + self._hop_s
        return power
