"""How far the music is tuned from 440 Hz, as librosa estimates it for its chroma.

Peaks of the spectrum between 150 and 4000 Hz, at least a tenth as high as the frame's highest bin, are
placed by a parabola. Of the louder half of them, the commonest distance from the grid of 36 bins an octave
is the tuning, to .01 bin (a third of a cent).
"""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from livesing.audio.framing import Floats

BINS_PER_OCTAVE = 36
CELLS = 100
"""Of the histogram over -.5..+.5 bin."""
LOWEST_HZ, HIGHEST_HZ = 150.0, 4000.0
THRESHOLD = np.float32(0.1)
A0_HZ = np.float32(27.5)
_EDGES = np.linspace(-0.5, 0.5, CELLS + 1)


class Peaks(NamedTuple):
    """Spectral peaks of some frames, frame by frame."""

    frames: NDArray[np.intp]
    """[n] number of the frame, rising"""
    magnitudes: Floats
    """[n]"""
    cells: NDArray[np.uint8]
    """[n] distance from the nearest of 36 bins an octave, as its cell of the histogram."""

    def between(self, first: int, after: int) -> Peaks:
        """Those of frames first..after-1."""
        begin, end = np.searchsorted(self.frames, (first, after))
        return Peaks(self.frames[begin:end], self.magnitudes[begin:end], self.cells[begin:end])


def find_peaks(magnitudes: Floats, rate: float) -> Peaks:
    """[frames, bins] magnitudes of spectra over 0..rate/2 -> their peaks."""
    n_fft = 2 * (magnitudes.shape[1] - 1)
    first = math.ceil(LOWEST_HZ * n_fft / rate)
    after = math.ceil(HIGHEST_HZ * n_fft / rate)
    near = magnitudes[:, first - 1 : after + 1]
    heard = np.where(near > THRESHOLD * magnitudes.max(axis=1, keepdims=True), near, np.float32(0.0))
    middle = heard[:, 1:-1]
    frames, bins = np.nonzero((middle > heard[:, :-2]) & (middle >= heard[:, 2:]))
    left, peak, right = (near[frames, bins + shift] for shift in (0, 1, 2))
    curve = (left + right) - 2.0 * peak.astype(np.float64)
    slope = (right - left) / np.float32(2.0)
    beyond = np.abs(slope) >= np.abs(curve)
    shifts = np.where(beyond, 0.0, -slope / np.where(beyond, 1.0, curve)).astype(np.float32)
    hz = ((bins + first + shifts.astype(np.float64)) * rate / n_fft).astype(np.float32)
    distances = np.mod(BINS_PER_OCTAVE * np.log2(hz / A0_HZ), np.float32(1.0))
    distances[distances >= 0.5] -= np.float32(1.0)
    cells = np.searchsorted(_EDGES[1:-1], distances, side="right")
    return Peaks(frames, peak + np.float32(0.5) * slope * shifts, cells.astype(np.uint8))


class WholeTuning:
    """The tuning of a whole sound, in constant memory.

    Up to LIMIT peaks, some 15 minutes of music, it is exactly librosa's. Beyond, peaks far from the median
    are only counted, which changes nothing unless the music turns much louder or softer for good.
    """

    LIMIT = 1 << 20

    def __init__(self) -> None:
        self._parts: list[tuple[Floats, NDArray[np.uint8]]] = []
        self._size = 0
        self._softer = 0
        self._louder: NDArray[np.int64] = np.zeros(CELLS, dtype=np.int64)

    def push(self, peaks: Peaks) -> None:
        """Count in the peaks of some frames."""
        self._parts.append((peaks.magnitudes, peaks.cells))
        self._size += peaks.cells.size
        if self._size > self.LIMIT:
            self._thin()

    @property
    def tuning(self) -> float:
        """-.5..+.49 of a 36th of an octave; 0 without peaks."""
        magnitudes, cells = self._kept()
        if not cells.size:
            return 0.0
        ordered = np.sort(magnitudes)
        middle = self._middle()
        # The median of all, and where their number is even, half-way between the two in the middle.
        odd = (self._softer + self._size + int(self._louder.sum())) % 2
        median = (ordered[max(0, middle - 1 + odd)] + ordered[middle]) / np.float32(2.0)
        counts = self._louder + np.bincount(cells[magnitudes >= median], minlength=CELLS)
        return float(_EDGES[counts.argmax()])

    def _kept(self) -> tuple[Floats, NDArray[np.uint8]]:
        parts = self._parts or [(np.zeros(0, np.float32), np.zeros(0, np.uint8))]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def _middle(self) -> int:
        """Rank of the median of all among the peaks that are kept."""
        total = self._softer + self._size + int(self._louder.sum())
        return min(max(total // 2 - self._softer, 0), self._size - 1)

    def _thin(self) -> None:
        """Keep half of the peaks, those about the median."""
        magnitudes, cells = self._kept()
        order = np.argsort(magnitudes)
        first = min(max(self._middle() - self._size // 4, 0), self._size - self._size // 2)
        after = first + self._size // 2
        self._softer += first
        self._louder += np.bincount(cells[order[after:]], minlength=CELLS)
        self._parts = [(magnitudes[order[first:after]], cells[order[first:after]])]
        self._size = after - first


class _Step(NamedTuple):
    """The peaks of a step's frames."""

    cut: Peaks
    """Of its first two, if the sound began with it."""
    early: Peaks
    """Of the same two, and of the last one of the step before, which became complete with it."""
    inner: Peaks


class RecentTuning:
    """The tuning of the last 10 s of a stream: what librosa says of them alone, frames cut off at both ends.

    A memory of some minutes was tried instead: steadier and mostly nearer to the tuning of the whole file,
    but late where that changes.
    """

    STEPS = 20
    INNER = 18
    """Frames of a step that it holds entirely."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._steps: deque[_Step] = deque(maxlen=self.STEPS)

    def push(self, magnitudes: Floats, edges: Floats) -> None:
        """magnitudes: [n, bins] of the frames that became complete with a step; edges: [4, bins] of the two
        at its beginning, cut off there, and of the two at its end."""
        peaks = find_peaks(np.concatenate((edges, magnitudes)), self._rate)
        after = len(edges) + len(magnitudes)
        inner = after - self.INNER
        self._steps.append(_Step(peaks.between(0, 2), peaks.between(4, inner), peaks.between(inner, after)))
        self._end = peaks.between(2, 4)

    @property
    def tuning(self) -> float:
        """-.5..+.49 of a 36th of an octave; 0 without peaks."""
        oldest, *others = self._steps
        parts = [oldest.cut, oldest.inner, self._end]
        parts += [peaks for step in others for peaks in (step.early, step.inner)]
        magnitudes = np.concatenate([part.magnitudes for part in parts])
        if not magnitudes.size:
            return 0.0
        cells = np.concatenate([part.cells for part in parts])
        counts = np.bincount(cells[magnitudes >= np.median(magnitudes)], minlength=CELLS)
        return float(_EDGES[counts.argmax()])
