"""Attacks: which of bass, mid and treble is being struck, hop by hop."""

from __future__ import annotations

import numpy as np

from livesing.audio.flux_gate import FluxGate, LoudestPower, RecentLoudest, rises
from livesing.audio.framing import Floats

AUDIBLE_POWER = 1e-6
"""Mean square, -60 dB."""


class Attacks:
    """Four flux gates: bass, mid, treble, and all of them together.

    Each band is measured against its own loudest of the last seconds, so that hi-hats 25 dB under
    the kick are found. But every stroke is heard in all bands, more or less, and a light for the bass
    must not flash with the snare: a band is struck only where its power grows by more than what the
    others spill into it.

    whole, bass, mid, treble   the gates; a hit of a band is one of the whole too
    """

    WHOLE_MINIMUM, MINIMUM = 0.20, 0.8
    """Least rise that is a hit, in units of `rises`."""
    WHOLE_FLOOR = 2e-4
    """Floor of all bands, as a share of the loudest whole: -37 dB."""
    OWN_FLOOR = 0.006
    """Floor of a band, as a share of its own loudest: -22 dB."""
    BASS_FLOOR, MID_FLOOR, TREBLE_FLOOR = 0.01, 0.003, 0.0003
    """Least floor of a band, as a share of the loudest whole."""
    LOUDEST_BANDS = 3
    """A note lights up few narrow bands and a drum many: the mean of so many rises serves both."""
    NEAR, FAR = 4, 24
    """Hops: a rise is one over the loudest of between 11 and 64 ms ago, two periods of the lowest tone."""

    # What strokes spill into other bands, as shares of power within the first 10 ms, measured on drum kits.
    BASS_OF_ABOVE, BASS_OF_NEW, BASS_UNDER_ABOVE = 0.4, 0.4, 0.05
    """A snare's body in the bass, of the growth of mids and treble and of what the newest hop alone has
    over 1.5 kHz, since the bass is known earlier than the others; its rattle, of their power."""
    MID_OF_LOW, LOW_OF_BASS = 0.7, 3.0
    """A kick's sweep in the mids, of its bass and of the octave over that, which counts as bass up to
    LOW_OF_BASS times it."""
    MID_OF_BRIGHT_LOW, BRIGHT = 0.03, 0.5
    """With treble of at least BRIGHT of the mids it is a snare or a clap together with the kick."""
    MID_UNDER_TREBLE = 0.15
    """A hi-hat's rattle in the mids, of its power."""
    TREBLE_OF_MID = 0.05
    """A note's overtones."""
    TREBLE_OF_BASS, AIR_OF_BASS, AIR_OF_TREBLE = 0.3, 0.003, 0.68
    """A kick's click in the treble; what has enough air over it, in the upper half of the treble's bands,
    is a hi-hat together with the kick."""

    def __init__(self, hop_s: float, narrow: int, mid_from: int, treble_from: int) -> None:
        """narrow: how many narrow bands there are over the bass; mid_from: the first over the octave in
        which a kick drum begins; treble_from: the first of the treble."""
        self._narrow = narrow
        self._middle = slice(0, treble_from)
        self._treble = slice(treble_from, narrow)
        # Columns of sums over narrow bands: the octave over the bass, mid, treble, air.
        self._groups: Floats = np.zeros((narrow, 4), dtype=np.float32)
        air_from = (treble_from + narrow) // 2
        for group, (first, last) in enumerate(
            ((0, mid_from), (mid_from, treble_from), (treble_from, narrow), (air_from, narrow))
        ):
            self._groups[first:last, group] = 1.0
        # Each narrow band is judged by its own range and by the whole: bands, bass, bands again.
        self._twice = np.array([*range(narrow + 1), *range(narrow)])
        self._floor_of: Floats = np.zeros((4, 2 * narrow + 1), dtype=np.float32)
        for kind, columns in enumerate(
            (self._middle, self._treble, slice(narrow, narrow + 1), slice(narrow + 1, 2 * narrow + 1))
        ):
            self._floor_of[kind, columns] = 1.0
        self._past = RecentLoudest(narrow + 2, self.NEAR, self.FAR)
        self._loudest, self._loudest_bass, self._loudest_mid, self._loudest_treble = (
            LoudestPower(hop_s) for _ in range(4)
        )
        self.whole = FluxGate(hop_s, self.WHOLE_MINIMUM)
        self.bass, self.mid, self.treble = (FluxGate(hop_s, self.MINIMUM) for _ in range(3))

    def push(self, narrow: Floats, bass: Floats, new: Floats, total: list[float]) -> None:
        """Some hops.

        narrow: [n, narrow bands] powers; bass: [n] power for attacks; new: [n] power over some 1.5 kHz
        of the newest hop alone; total: n powers of the whole sound.
        """
        powers = np.concatenate((narrow, bass[:, None], new[:, None]), axis=1)
        recent = self._past.push(powers)
        grown = np.maximum(powers - recent, 0.0)
        sums = (np.concatenate((grown[:, : self._narrow], narrow)) @ self._groups).tolist()
        growths, sums = sums[: len(total)], sums[len(total) :]
        floors = [self._floors(*each) for each in zip(total, bass.tolist(), sums, strict=True)]
        fluxes = rises(
            powers.take(self._twice, axis=1),
            recent.take(self._twice, axis=1),
            np.array(floors, dtype=np.float32) @ self._floor_of,
        )
        steps = zip(
            total,
            growths,
            sums,
            grown[:, self._narrow :].tolist(),
            fluxes[:, self._narrow].tolist(),
            _top(fluxes[:, self._middle], self.LOUDEST_BANDS),
            _top(fluxes[:, self._treble], self.LOUDEST_BANDS),
            _top(fluxes[:, self._narrow + 1 :], self._narrow),
            strict=True,
        )
        for power, growth, sum_, (bass_growth, new_growth), low, middle, high, whole in steps:
            audible = power > AUDIBLE_POWER
            is_bass, is_mid, is_treble = self._struck(growth, sum_, bass_growth, new_growth)
            self.whole.push(whole, audible)
            if self.bass.push(low, is_bass and audible):
                self.whole.join(self.bass.envelope)
            if self.mid.push(middle, is_mid and audible):
                self.whole.join(self.mid.envelope)
            if self.treble.push(high, is_treble and audible):
                self.whole.join(self.treble.envelope)

    def _floors(self, total: float, bass: float, sums: list[float]) -> tuple[float, float, float, float]:
        """The powers under which changes do not count, of mid, treble, bass and whole, at one hop.

        sums: power of the octave over the bass, mid, treble, air.
        """
        loudest = self._loudest.push(total)
        return (
            max(self.OWN_FLOOR * self._loudest_mid.push(sums[0] + sums[1]), self.MID_FLOOR * loudest),
            max(self.OWN_FLOOR * self._loudest_treble.push(sums[2]), self.TREBLE_FLOOR * loudest),
            max(self.OWN_FLOOR * self._loudest_bass.push(bass), self.BASS_FLOOR * loudest),
            self.WHOLE_FLOOR * loudest,
        )

    def _struck(
        self, growth: list[float], power: list[float], bass: float, new: float
    ) -> tuple[bool, bool, bool]:
        """Whether bass, mid and treble grow by more than what the others spill into them.

        growth, power: of the octave over the bass, mid, treble, air; bass, new: growth.
        """
        octave, mid, treble, air = growth
        spilt = min(octave, self.LOW_OF_BASS * bass)
        low, over_low = bass + spilt, mid + octave - spilt
        is_bass = bass > max(
            self.BASS_OF_ABOVE * (mid + treble),
            self.BASS_OF_NEW * new,
            self.BASS_UNDER_ABOVE * (power[1] + power[2]),
        )
        snare_and_kick = treble > self.BRIGHT * mid and mid > self.MID_OF_BRIGHT_LOW * low
        is_mid = over_low > self.MID_UNDER_TREBLE * power[2] and (
            over_low > self.MID_OF_LOW * low or snare_and_kick
        )
        hat_and_kick = air > self.AIR_OF_TREBLE * treble and air > self.AIR_OF_BASS * bass
        is_treble = treble > self.TREBLE_OF_MID * over_low and (
            treble > self.TREBLE_OF_BASS * bass or hat_and_kick
        )
        return is_bass, is_mid, is_treble


def _top(fluxes: Floats, most: int) -> list[float]:
    """[n, bands] -> n means of the `most` largest."""
    bands = fluxes.shape[1]
    if most < bands:
        fluxes = np.sort(fluxes, axis=1)[:, bands - most :]
    means: list[float] = (np.add.reduce(fluxes, axis=1) / np.float32(fluxes.shape[1])).tolist()
    return means
