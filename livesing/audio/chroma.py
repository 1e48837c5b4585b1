"""Chroma: how much of each pitch class sounds, following the instruments' own tuning."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from livesing.audio.framing import Floats

Doubles = NDArray[np.float64]

A4_HZ = 440.0


class LeakyChroma:
    """Pitch-class energy that forgets: 12 numbers, C first, each frame weighing the same.

    Each frame's spectral peaks between 60 Hz and 2 kHz are placed by their interpolated frequency and
    weighted by their power to the 0.35, so that the strongest note does not drown the chord. Three
    things keep out what is no note of the music:

    - overtones, whose fifths and major thirds would make everything sound major: a peak that stands
      where an overtone of a lower one is expected counts by what it is louder, and high peaks count
      less;
    - drums: a tone that lasts throughout the frame gives a peak of the window's own shape, what
      glides or dies away a wider one, which counts less or nothing;
    - pauses: a frame far under the loudest of the last seconds only forgets.

    The tuning (how far the instruments are from A = 440 Hz, in semitones) is the circular mean of the
    peaks' deviations over a longer time. Nothing here depends on the gain.
    """

    LOW_HZ, HIGH_HZ = 60.0, 2000.0
    HALF_HZ = 600.0
    COMPRESSION = 0.35
    PEAK_RANGE = 1e-4
    """Peaks 40 dB under the frame's strongest are left out."""
    PAUSE_RANGE = 1e-5
    """A frame is a pause if its strongest peak is 50 dB under the loudest one, which is forgotten with
    LOUDEST_S."""
    LOUDEST_S = 10.0
    FAINTEST = 1e-9
    """Power of a sine of -90 dB, re full scale: under it there is no music."""
    OVERTONES = np.array([2.0, 3.0, 4.0, 5.0, 6.0])
    EXPECTED = 0.4 * np.array([0.8, 0.6, 0.5, 0.4, 0.35])
    """Amplitude of an overtone to be expected, as a share of its fundamental's: the middle of what
    strings, winds and plucked strings do."""
    OVERTONE_WIDTH = 0.035
    """Octaves, 0.4 semitones."""
    GLIDING, STEADY = -0.4, -1.6
    """Second difference of the log power over a peak: of a drum's, of a steady tone's."""

    def __init__(self, window: int, rate: float, memory_s: float, tuning_memory_s: float) -> None:
        self._taper = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)).astype(np.float32)
        self._hz_per_bin = rate / window
        self._first = int(self.LOW_HZ / self._hz_per_bin)
        self._last = int(self.HIGH_HZ / self._hz_per_bin)
        # A sine's peak is its amplitude times half the sum of the window's weights, which is window / 2.
        self._faintest = self.FAINTEST * 2.0 * (0.25 * window) ** 2
        self._loudest = 0.0
        self._memory_s = memory_s
        self._tuning_memory_s = tuning_memory_s
        self._tuning_vector = 0j
        self._heard = 0.0
        self.chroma: Doubles = np.zeros(12)

    @property
    def tuning(self) -> float:
        """-0.5..0.5 semitones above A = 440 Hz."""
        return math.atan2(self._tuning_vector.imag, self._tuning_vector.real) / (2 * math.pi)

    @property
    def tonal_share(self) -> float:
        """0..1: how much of what was heard are steady tones. Drums alone: about 0.1; a band with
        drums: 0.2; a chord: 0.6."""
        return float(self.chroma.sum()) / self._heard if self._heard > 1e-9 else 0.0

    def push(self, frame: Floats, dt: float) -> Doubles:
        """frame: [window] samples, `dt` seconds after the one before.

        Returns this frame's own chroma, [12], whose sum is its tonal share; zeros in a pause.
        """
        keep = math.exp(-dt / self._memory_s)
        spectrum = np.fft.rfft(frame * self._taper)[self._first : self._last + 1]
        power = spectrum.real.astype(np.float64) ** 2 + spectrum.imag.astype(np.float64) ** 2
        strongest = float(power[1:-1].max())
        self._loudest = max(self._loudest * math.exp(-dt / self.LOUDEST_S), strongest)
        if strongest <= max(self._faintest, self.PAUSE_RANGE * self._loudest):
            # A pause often parts two pieces: forget four times as fast.
            self._forget(keep**4)
            return np.zeros(12)
        own = self._frame_chroma(power, strongest, math.exp(-dt / self._tuning_memory_s))
        self._forget(keep)
        self.chroma += own * (1.0 - keep)
        self._heard += 1.0 - keep
        return own

    def _forget(self, keep: float) -> None:
        self.chroma *= keep
        self._heard *= keep

    def _frame_chroma(self, power: Doubles, strongest: float, tuning_keep: float) -> Doubles:
        """power: [bins] from the first bin on. Moves the tuning on."""
        middle = power[1:-1]
        above = middle > self.PEAK_RANGE * strongest
        peaks = np.flatnonzero(above & (middle > power[:-2]) & (middle >= power[2:])) + 1
        left, centre, right = (np.log(power[peaks + k] + 1e-30) for k in (-1, 0, 1))
        curvature = left - 2.0 * centre + right
        # The peak of the parabola through three log powers.
        hz = (self._first + peaks + 0.5 * (left - right) / (curvature - 1e-9)) * self._hz_per_bin
        amplitude = np.sqrt(power[peaks])
        rolloff = 1.0 / (1.0 + (hz / self.HALF_HZ) ** 2)
        whole = float(np.sum(amplitude ** (2.0 * self.COMPRESSION) * rolloff))
        steadiness = (self.GLIDING - curvature) / (self.GLIDING - self.STEADY)
        weight = self._without_overtones(hz, amplitude) ** (2.0 * self.COMPRESSION)
        weight *= rolloff * np.clip(steadiness, 0.0, 1.0)
        semitone = 12.0 * np.log2(hz / A4_HZ)
        turning = complex(np.sum(weight * np.exp(2j * np.pi * semitone)))
        self._tuning_vector = self._tuning_vector * tuning_keep + turning / max(whole, 1e-30)
        pitch = semitone - self.tuning + 9.0  # A is the tenth pitch class
        nearest = np.round(pitch)
        # A peak halfway between two semitones says little about either.
        weight *= np.cos(np.pi * (pitch - nearest)) ** 2
        return np.bincount(nearest.astype(int) % 12, weight, 12) / max(whole, 1e-30)

    def _without_overtones(self, hz: Doubles, amplitude: Doubles) -> Doubles:
        """hz, amplitude: [peaks], hz rising. What each is louder than as an overtone of lower ones."""
        wanted = (hz[:, None] * self.OVERTONES).ravel()
        expected = (amplitude[:, None] * self.EXPECTED).ravel()
        after = np.searchsorted(hz, wanted)
        low, high = hz[np.maximum(after - 1, 0)], hz[np.minimum(after, hz.size - 1)]
        place = np.where(wanted / low < high / wanted, after - 1, after).clip(0, hz.size - 1)
        meets = np.abs(np.log2(hz[place] / wanted)) < self.OVERTONE_WIDTH
        taken = np.bincount(place[meets], expected[meets], hz.size)
        rest: Doubles = np.maximum(amplitude - taken, 0.0)
        return rest
