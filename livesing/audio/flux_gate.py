"""Flux gate: finds attacks within a few milliseconds, at any level.

`BandFlux` turns band powers into one number per hop, how much louder the bands have become, against
a reference from `LoudestPower`. `FluxGate` decides, against what was usual in the last second, which
of those is a hit.

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

    def push(self, powers: list[float]) -> list[float]:
        """powers: mean squares, one per hop. Returns the loudest as of each hop."""
        loudest = []
        for power in powers:
            self._power = max(self._power * self._keep, power, self.FLOOR_POWER)
            loudest.append(self._power)
        return loudest


class BandFlux:
    """Spectral flux of log-compressed bands: L(P) = ln(1 + GAIN * P / P_ref).

    The flux of a hop is the mean over bands of max(0, L(P[t]) - L(max P[t - far .. t - NEAR])). To
    compare with the loudest of the recent past and not with the last hop alone keeps the periods
    of a low tone, beating tones and noise from looking like attacks. With P_ref from LoudestPower
    the gain before us changes nothing, and bands that are far quieter than the whole count little.
    """

    GAIN = 5000.0
    NEAR = 4

    def __init__(self, bands: int, far: int) -> None:
        """far: how many hops the past reaches back, more than NEAR."""
        self._past: Floats = np.zeros((far, bands), dtype=np.float32)
        self._span = far - self.NEAR + 1

    def push(self, powers: Floats, references: list[float]) -> list[float]:
        """powers: [n, bands] mean squares; references: n P_ref. Returns n fluxes, 0..8.5 where no
        power exceeds its P_ref (ln of GAIN)."""
        stream = np.concatenate((self._past, powers))
        self._past = stream[len(references) :]
        # The running maximum over `span` hops, by windows of 1, 2, 4, ... hops, then the overlap.
        recent = stream[: -self.NEAR]
        width = 1
        while 2 * width <= self._span:
            recent = np.maximum(recent[width:], recent[:-width])
            width *= 2
        if width < self._span:
            rest = self._span - width
            recent = np.maximum(recent[rest:], recent[:-rest])
        gain = (self.GAIN / np.array(references, dtype=np.float32))[:, None]
        rise = np.maximum(np.log1p(powers * gain) - np.log1p(recent * gain), 0.0)
        fluxes: list[float] = (np.add.reduce(rise, axis=1) / rise.shape[1]).tolist()
        return fluxes


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
        """minimum: the least rise, in units of BandFlux, that may be a hit."""
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
        """One hop. flux: from BandFlux; audible: False when this is too quiet to be a hit.

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
        hit = above and audible and self._since_hit_s > self.REFRACTORY_S
        if hit:
            self.hits += 1
            self._since_hit_s = 0.0
        if above and self._since_hit_s < self.ATTACK_S:
            # The window is still filling with the attack: its strength is known some hops later.
            strength = self.WEAKEST + (1.0 - self.WEAKEST) * flux / self._peak
            self.envelope = max(self.envelope, strength)
        return hit
