"""Chroma: how much of each pitch class sounds, following the instruments' own tuning."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from livesing.audio.fourier_bands import FourierBins
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
    OVERTONES = np.log2([2.0, 3.0, 4.0, 5.0, 6.0])
    """Octaves above the fundamental."""
    APART = 100.0
    """Octaves by which frames lie apart where the peaks of several are looked through in one row."""
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
        self._bins = FourierBins(window, self._first, int(self.HIGH_HZ / self._hz_per_bin) + 1)
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

    def push(self, frames: Floats, dt: float) -> Doubles:
        """frames: [n, window] samples, each `dt` seconds after the one before.

        Returns each frame's own chroma, [n, 12], whose sum is its tonal share; zeros in a pause.
        """
        powers = self._bins.powers(frames * self._taper)
        heard = self._heard_at(powers[:, 1:-1].max(axis=1).tolist(), dt)
        chromas = self._frame_chromas(powers, heard, math.exp(-dt / self._tuning_memory_s))
        keep = math.exp(-dt / self._memory_s)
        for chroma, level in zip(chromas, heard, strict=True):
            # A pause often parts two pieces: forget four times as fast.
            kept = keep if level > 0.0 else keep**4
            self.chroma *= kept
            self._heard *= kept
            if level > 0.0:
                self.chroma += chroma * (1.0 - keep)
                self._heard += 1.0 - keep
        return chromas

    def _heard_at(self, strongest: list[float], dt: float) -> list[float]:
        """The power of each frame's strongest peak; 0 where that is a pause."""
        heard = []
        for power in strongest:
            self._loudest = max(self._loudest * math.exp(-dt / self.LOUDEST_S), power)
            pause = power <= max(self._faintest, self.PAUSE_RANGE * self._loudest)
            heard.append(0.0 if pause else power)
        return heard

    def _frame_chromas(self, powers: Floats, heard: list[float], tuning_keep: float) -> Doubles:
        """powers: [n, bins] from the first bin on; heard: see _heard_at. [n, 12]. Moves the tuning on."""
        count, bins = powers.shape
        middle = powers[:, 1:-1]
        least = np.array(
            [self.PEAK_RANGE * level if level > 0.0 else math.inf for level in heard], np.float32
        )
        above = (middle > least[:, None]) & (middle > powers[:, :-2]) & (middle >= powers[:, 2:])
        frame, place = np.nonzero(above)
        peaks = frame * bins + place + 1
        power = powers.ravel()[peaks + np.array([[-1], [0], [1]])].astype(np.float64)
        left, centre, right = np.log(power + 1e-30)
        curvature = left - 2.0 * centre + right
        # The peak of the parabola through three log powers.
        hz = (self._first + 1 + place + 0.5 * (left - right) / (curvature - 1e-9)) * self._hz_per_bin
        octave = np.log2(hz)
        amplitude = np.sqrt(power[1])
        rolloff = 1.0 / (1.0 + (hz / self.HALF_HZ) ** 2)
        whole = np.maximum(np.bincount(frame, power[1] ** self.COMPRESSION * rolloff, count), 1e-30)
        steadiness = (self.GLIDING - curvature) / (self.GLIDING - self.STEADY)
        weight = self._without_overtones(octave + frame * self.APART, amplitude) ** (2.0 * self.COMPRESSION)
        weight *= rolloff * np.minimum(np.maximum(steadiness, 0.0), 1.0)
        semitone = 12.0 * (octave - math.log2(A4_HZ))
        angle = (2.0 * math.pi) * semitone
        cosine, sine = np.cos(angle), np.sin(angle)
        turning = np.bincount(frame, weight * cosine, count), np.bincount(frame, weight * sine, count)
        tunings = np.empty(count)
        for number, (x, y) in enumerate(zip(*(turning / whole).tolist(), strict=True)):
            if heard[number] > 0.0:
                self._tuning_vector = self._tuning_vector * tuning_keep + complex(x, y)
            tunings[number] = self.tuning
        own = tunings[frame]
        pitch = semitone - own + 9.0  # A is the tenth pitch class
        # A peak halfway between two semitones says little about either: cos(pi d)^2, d to the nearest one.
        weight *= 0.5 + 0.5 * np.cos(angle - (2.0 * math.pi) * own)
        classes = np.rint(pitch).astype(int) % 12 + 12 * frame
        return np.bincount(classes, weight, 12 * count).reshape(count, 12) / whole[:, None]

    def _without_overtones(self, octave: Doubles, amplitude: Doubles) -> Doubles:
        """octave, amplitude: [peaks], octaves rising, each frame's APART from those of the frame before. What
        each is louder than as an overtone of lower ones of its frame."""
        wanted = (octave[:, None] + self.OVERTONES).ravel()
        expected = (amplitude[:, None] * self.EXPECTED).ravel()
        after = np.searchsorted(octave, wanted)
        low, high = np.maximum(after - 1, 0), np.minimum(after, octave.size - 1)
        place = np.where(wanted - octave[low] < octave[high] - wanted, low, high)
        meets = np.abs(octave[place] - wanted) < self.OVERTONE_WIDTH
        taken = np.bincount(place[meets], expected[meets], octave.size)
        rest: Doubles = np.maximum(amplitude - taken, 0.0)
        return rest
