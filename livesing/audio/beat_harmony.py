"""How much the harmony changes from beat to beat: chords mostly change where a bar begins.

The measure is that of Goto & Muraoka (1999) in a simple form: the spectrum between two beats, folded to pitch
classes, against that before the beat.
"""

from __future__ import annotations

import math

import numpy as np

from livesing.audio.framing import Floats

SOUND_HZ = 5500.0
"""About the rate that the sound is averaged down to."""
WINDOW = 2048
"""Samples at that rate: a third of a second."""
KEPT_S = 1.7
PUSHES = 64
REGISTERS = ((40.0, 160.0), (100.0, 2000.0))
"""Hz: bass and chords."""
CLASSES = 12
COMPRESSION = 100.0
"""Partials of 1/COMPRESSION of the strongest count still."""
LOWEST_HZ = 27.5


class HarmonicChange:
    """The last moments of one stream, and what was heard between its last two beats."""

    def __init__(self, rate: float, samples: int) -> None:
        """rate: samples per second; samples: in every push."""
        divisors = [n for n in range(1, samples + 1) if samples % n == 0]
        self._thinned = min(divisors, key=lambda n: abs(math.log(rate / n / SOUND_HZ)))
        self._rate = rate / self._thinned
        self._new = samples // self._thinned
        # What is kept moves back to the beginning only where the end is reached.
        self._kept = round(KEPT_S * self._rate) + WINDOW
        self._sound: Floats = np.zeros(self._kept + PUSHES * self._new, dtype=np.float32)
        self._end = self._kept
        self._taper: Floats = np.hanning(WINDOW).astype(np.float32)
        hertz = np.fft.rfftfreq(WINDOW, 1.0 / self._rate)
        pitch_class = np.round(CLASSES * np.log2(np.maximum(hertz, 1.0) / LOWEST_HZ)).astype(int) % CLASSES
        folds = np.zeros((hertz.size, len(REGISTERS), CLASSES), dtype=np.float32)
        for register, (low, high) in enumerate(REGISTERS):
            inside = np.flatnonzero((hertz > low) & (hertz < high))
            folds[inside, register, pitch_class[inside]] = 1.0
        self._fold: Floats = folds.reshape(hertz.size, -1)
        self._before: Floats = np.zeros((len(REGISTERS), CLASSES), dtype=np.float32)

    def push(self, sound: Floats) -> None:
        """sound: [samples] float32, what comes next."""
        if self._end == self._sound.size:
            self._sound[: self._kept] = self._sound[-self._kept :]
            self._end = self._kept
        begin, self._end = self._end, self._end + self._new
        thinned = sound.reshape(self._new, self._thinned)
        np.add.reduce(thinned, axis=1, out=self._sound[begin : self._end])

    def measure(self, ago_s: float) -> Floats:
        """What sounds around a time of the stream, s before its newest sample, against what did at the last
        call. [len(REGISTERS)] how far they are apart: 0 the same .. 2; 1 where one is silence."""
        end = self._end - max(round(ago_s * self._rate) - WINDOW // 2, 0)
        heard = self._sound[max(end - WINDOW, self._end - self._kept) :][:WINDOW]
        spectrum = np.abs(np.fft.rfft(heard * self._taper))
        spectrum *= np.float32(COMPRESSION) / (np.maximum.reduce(spectrum) + np.float32(1e-9))
        classes = np.dot(np.log1p(spectrum), self._fold).reshape(self._before.shape)
        classes -= classes.mean(axis=1, keepdims=True)
        classes /= np.sqrt(np.vecdot(classes, classes))[:, None] + np.float32(1e-9)
        change = np.float32(1.0) - np.vecdot(classes, self._before)
        self._before = classes
        return np.asarray(change)
