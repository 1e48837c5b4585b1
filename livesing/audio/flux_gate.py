"""Flux gate: finds attacks within a few milliseconds, at any level.

`RecentLoudest` remembers what the bands just were, `rises` tells how much louder they have become,
over a floor that follows the `LoudestPower`; `FluxGate` decides, against what was usual in the last
second, which rise is a hit.

A slow onset detector (aubio's) is surer about notes, but comes some 50 ms late, which the eye
notices; this one is for light and motion.
"""

from __future__ import annotations

import math

import numpy as np

from livesing.audio.framing import Floats


class LoudestPower:
    """Follows the loudest recent sound: instant attack, slow release, never under -50 dB, so that
    hiss and hum of an idle input stay small beside it."""

    RELEASE_S = 3.0
    FLOOR_POWER = 1e-5

    def __init__(self, hop_s: float) -> None:
        self._keep = math.exp(-hop_s / self.RELEASE_S)
        self._power = self.FLOOR_POWER

    def push(self, power: float) -> float:
        """One hop. power: mean square. Returns the loudest as of this hop."""
        self._power = max(self._power * self._keep, power, self.FLOOR_POWER)
        return self._power


class RecentLoudest:
    """The largest power of each band between `near` and `far` hops ago.

    A rise over the loudest of the recent past, and not over the last hop alone, keeps the periods of
    a low tone, beating tones and noise from looking like attacks.
    """

    def __init__(self, bands: int, near: int, far: int) -> None:
        """1 <= near < far."""
        self._past: Floats = np.zeros((far, bands), dtype=np.float32)
        self._near = near
        self._span = far - near + 1

    def push(self, powers: Floats) -> Floats:
        """powers: [n, bands] mean squares. Returns [n, bands]."""
        stream = np.concatenate((self._past, powers))
        self._past = stream[len(powers) :]
        # The running maximum over `span` hops, by windows of 1, 2, 4, ... hops, then the overlap.
        recent = stream[: -self._near]
        width = 1
        while 2 * width <= self._span:
            recent = np.maximum(recent[width:], recent[:-width])
            width *= 2
        if width < self._span:
            rest = self._span - width
            recent = np.maximum(recent[rest:], recent[:-rest])
        return recent


def rises(powers: Floats, recent: Floats, floors: Floats) -> Floats:
    """How much louder each band is than it was: ln((P + floor) / (P_recent + floor)), at least 0.

    powers, recent: [n, bands] mean squares; floors: [n, bands] or [n, 1], the power under which changes
    do not count. With floors that are shares of a LoudestPower the gain before us changes nothing.
    """
    result: Floats = np.log(np.maximum((powers + floors) / (recent + floors), np.float32(1.0)))
    return result


class FluxGate:
    """Adaptive threshold and refractory time: flux in, hits out.

    A hit is a flux above threshold = mean + SPREAD * deviation + minimum, where mean and mean
    absolute deviation run over about a second and do not follow the hits themselves.

    hits      how many so far
    envelope  0..1: jumps to a hit's strength, falls by 1/e in RELEASE_S
    flux      0..: the flux in units of the threshold (a hit is over 1), held for some 30 ms so
              that a reader once a block sees the peak
    """

    SPREAD = 3.0
    MEMORY_S = 1.0
    REFRACTORY_S = 0.070
    ATTACK_S = 0.012
    RELEASE_S = 0.200
    HOLD_S = 0.030
    PEAK_S = 8.0
    WEAKEST = 0.3

    def __init__(self, hop_s: float, minimum: float) -> None:
        """minimum: the least flux that may be a hit."""
        self._hop_s = hop_s
        self._minimum = minimum
        self._follow = 1.0 - math.exp(-hop_s / self.MEMORY_S)
        self._release = math.exp(-hop_s / self.RELEASE_S)
        self._hold = math.exp(-hop_s / self.HOLD_S)
        self._peak_keep = math.exp(-hop_s / self.PEAK_S)
        self._mean = 0.0
        self._deviation = 0.0
        self._peak = 2.0 * minimum
        self._since_hit_s = math.inf
        self.hits = 0
        self.envelope = 0.0
        self.flux = 0.0

    def push(self, flux: float, audible: bool) -> bool:
        """One hop. flux: a sum or mean of rises; audible: False when this is too quiet to be a hit.

        Returns whether a hit begins here.
        """
        threshold = self._mean + self.SPREAD * self._deviation + self._minimum
        above = flux > threshold
        # Hits hardly move what is usual, or a loud beat would hide the soft ones in between.
        usual, follow = (threshold, 0.1 * self._follow) if above else (flux, self._follow)
        self._mean += (usual - self._mean) * follow
        self._deviation += (abs(usual - self._mean) - self._deviation) * follow
        self._peak = max(self._peak * self._peak_keep, flux, 2.0 * self._minimum)
        self._since_hit_s += self._hop_s
        self.envelope *= self._release
        self.flux = max(self.flux * self._hold, flux / threshold)
        hit = above and audible and self._begin()
        if above and self._since_hit_s < self.ATTACK_S:
            # The window is still filling with the attack: its strength is known some hops later.
            strength = self.WEAKEST + (1.0 - self.WEAKEST) * flux / self._peak
            self.envelope = max(self.envelope, strength)
        return hit

    def join(self, strength: float) -> None:
        """After push, in the same hop: another gate has a hit, of 0..1, which is one here too."""
        if self._begin() or self._since_hit_s < self.ATTACK_S:
            self.envelope = max(self.envelope, strength)

    def _begin(self) -> bool:
        if self._since_hit_s <= self.REFRACTORY_S:
            return False
        self.hits += 1
        self._since_hit_s = 0.0
        return True
