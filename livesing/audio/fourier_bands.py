"""The powers of bands of a short spectrum, by a Fourier transform whose plan is made once.

A transform of N = A B samples is one of A, a turn of every number, and one of B (Cooley & Tukey 1965); at
such sizes both are products with a small matrix. numpy.fft makes its plan anew in every call, which takes as
long as the transform.
"""

from __future__ import annotations

import math

import numpy as np

from livesing.audio.framing import Floats


class _Transform:
    """Some bins of a real transform, in an order of its own, and where each of them lies there."""

    def __init__(self, samples: int, bins: np.ndarray) -> None:
        """samples: of a frame. bins: [n], 0 .. samples // 2."""
        divisors = (n for n in range(1, samples + 1) if samples % n == 0)
        # The first transform is of real numbers, which cost half.
        a = min(divisors, key=lambda n: abs(math.log(n * n / (2.0 * samples))))
        b = samples // a
        # Sample B i + j, bin k + A l. The sound is real: the others of a first transform mirror a half.
        self.half = a // 2 + 1
        i, j, k = np.arange(a), np.arange(b), np.arange(self.half)
        angle = 2.0 * np.pi * np.outer(i, k) / a
        self._first = np.stack((np.cos(angle), -np.sin(angle)), axis=-1).reshape(a, 2 * self.half)
        self._first = self._first.astype(np.float32)
        self._turn = np.exp(-2j * np.pi * np.outer(j, k) / samples).astype(np.complex64)
        place, row = bins % a, bins // a
        mirrored = place >= self.half
        self.place, row = np.where(mirrored, a - place, place), np.where(mirrored, b - 1 - row, row)
        rows, self.row = np.unique(row, return_inverse=True)
        self.rows = len(rows)
        self._second = np.exp(-2j * np.pi * np.outer(rows, j) / b).astype(np.complex64)
        self._shape = a, b

    def squares(self, frames: Floats) -> Floats:
        """frames: [n, samples] float32, contiguous. [n, rows * half * 2] squares of the real and imaginary
        parts of what stands in row `row`, place `place` for each bin; mirrored bins are conjugate."""
        parts = np.matmul(frames.reshape(-1, *self._shape).transpose(0, 2, 1), self._first)
        half: np.ndarray = parts.view(np.complex64)
        half *= self._turn
        spectrum = np.matmul(self._second, half).view(np.float32).reshape(len(frames), -1)
        spectrum *= spectrum
        return spectrum


class FourierBands:
    """From frames to bands. Only the bins that belong to a band are worked out."""

    def __init__(self, samples: int, edges: list[int], weights: Floats) -> None:
        """samples: of a frame. edges: first bin of each band, and the end of the last, at most
        samples // 2 + 1. weights: [bands], what powers are multiplied by."""
        bins = np.arange(edges[0], edges[-1])
        self._transform = whole = _Transform(samples, bins)
        band = np.searchsorted(edges, bins, side="right") - 1
        sums = np.zeros((whole.rows, whole.half, 2, len(edges) - 1), dtype=np.float32)
        sums[whole.row, whole.place, :, band] = np.asarray(weights)[band, None]
        self._sums = sums.reshape(-1, len(edges) - 1)

    def powers(self, frames: Floats) -> Floats:
        """frames: [n, samples] float32, contiguous. [n, bands] weighted sums of |X|^2."""
        return np.asarray(np.dot(self._transform.squares(frames), self._sums))


class FourierBins:
    """From frames to single bins of their spectra: cheap where those are few of a long transform's."""

    def __init__(self, samples: int, first: int, after: int) -> None:
        """samples: of a frame. Bins first .. after - 1, after at most samples // 2 + 1."""
        self._transform = _Transform(samples, np.arange(first, after))
        self._real = 2 * (self._transform.row * self._transform.half + self._transform.place)

    def powers(self, frames: Floats) -> Floats:
        """frames: [n, samples] float32, contiguous. [n, bins] |X|^2."""
        squares = self._transform.squares(frames)
        powers: Floats = squares.take(self._real, axis=1)
        powers += squares.take(self._real + 1, axis=1)
        return powers
