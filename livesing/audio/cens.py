"""CENS: chroma energy normalised statistics (Mueller & Ewert 2011), as librosa computes them by default.

Shares of the pitch classes in a frame, quantised to 0..1 in quarters, smoothed by a Hann window over 41
frames (1 s) and brought to length 1. For the newest frames half of that second is still to come, and up to
.8 s of the tones in the lowest octave: they are taken as if silence followed, as librosa does at a sound's
end. (To make up for the missing halves by gain, or by holding the newest chroma, brings them no nearer to
those of the whole file.)
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from livesing.audio.cqt import CHROMAS, GAIN, REACH, WINDOW, chroma
from livesing.audio.framing import Floats
from livesing.audio.octaves import OCTAVES, Octaves
from livesing.audio.recent import Recent
from livesing.audio.slow import FRAMES, HOP, STEP

SHARES = (0.4, 0.2, 0.1, 0.05)
QUANTUM = np.float32(0.25)
"""A pitch class gains a quarter with each of these shares of a frame's chroma that it exceeds."""
SMOOTHED = 20
"""Frames that the smoothing takes in to either side."""
TINY = float(np.finfo(np.float32).tiny)
ROUNDING = 2.0**-24
"""What is this much fainter than the loudest chroma of ROUNDED_STEPS is the rounding noise of float32, which
the low octaves spread over some seconds."""
ROUNDED_STEPS = 13
EVEN = 0.75
"""Where there is rounding noise alone, in which librosa finds tones at random, chroma is brought this near to
equal in all pitch classes: a file's noise cannot be foretold."""


def quantise(chromas: Floats) -> Floats:
    """[n, 12] magnitudes times GAIN -> [n, 12] of 0, 1/4, .. 1; all 0 in silence."""
    totals = chromas.sum(axis=1, keepdims=True, dtype=np.float64)
    shares = (chromas / np.where(totals < TINY * GAIN, np.inf, totals)).astype(np.float32)
    return np.sum([shares > np.float32(share) for share in SHARES], axis=0) * QUANTUM


class Cens:
    """CENS of a stream at 21504 Hz. Owned by one thread."""

    def __init__(self, lookahead: int, *, even_silence: bool) -> None:
        """lookahead: steps by which rows come after their sound. even_silence: see EVEN."""
        frames = (lookahead + 1) * FRAMES + 2 * SMOOTHED
        self._octaves = Octaves(frames * HOP + REACH + STEP)
        self._settled = Recent(frames + FRAMES, CHROMAS)
        self._even_silence = even_silence
        self._loudest: deque[float] = deque(maxlen=ROUNDED_STEPS)
        offsets = np.linspace(-np.pi, np.pi, 2 * SMOOTHED + 3)[1:-1]
        self._smoothing = (0.5 + 0.5 * np.cos(offsets)) / (SMOOTHED + 1)

    def push(self, samples: Floats, *, last: bool = False) -> None:
        """samples: [n] the next ones. `last` ends the sound."""
        self._octaves.push(samples, last=last)

    def rows(self, first: int, count: int, tuning: float) -> Floats:
        """[count, 12] of frames first.., with what is known of the sound; all 0 in silence from the start."""
        frames = np.zeros((count + 2 * SMOOTHED, CHROMAS), dtype=np.float32)
        begin = first - SMOOTHED
        known = self._octaves.settled(0) // HOP + 1
        low, high = max(begin, 0), min(begin + len(frames), known)
        frames[low - begin : high - begin] = self._quantised(low, high, tuning)
        windows = sliding_window_view(frames, self._smoothing.size, axis=0)
        smooth = (windows @ self._smoothing).astype(np.float32)
        lengths = np.sqrt(np.square(smooth, dtype=np.float64).sum(axis=1, keepdims=True))
        return (smooth / np.where(lengths < TINY, 1.0, lengths)).astype(np.float32)

    def _quantised(self, first: int, after: int, tuning: float) -> Floats:
        """[after - first, 12]; frames whose sound is wholly known are worked out once."""
        end = self._settled.end
        begin = max(first, end)
        parts = [self._settled.span(min(first, end), min(after, end))]
        if begin < after:
            chromas = chroma(self._octaves, begin, after, tuning)
            new = quantise(chromas)
            if self._even_silence:
                totals = chromas.sum(axis=1, keepdims=True)
                self._loudest.append(float(totals.max()))
                noise = totals < ROUNDING * max(self._loudest)
                new += noise * np.float32(EVEN) * (QUANTUM - new)
            parts.append(new)
            if begin == end:
                self._settled.push(new[: max(0, self._frames_settled() - begin)])
        return np.concatenate(parts)

    def _frames_settled(self) -> int:
        """How many frames of the constant-Q transform will not change any more."""
        settled = self._octaves.settled
        return min((settled(octave) - WINDOW // 2) // (HOP >> octave) + 1 for octave in range(OCTAVES))
