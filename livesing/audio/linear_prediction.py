"""Linear prediction: how a series would go on, and how far that can be trusted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ORDER = 84
"""Values of the past that the next one is made of: 2 s of frames, four beats at 120 BPM."""
RIDGE = 0.1
"""Part of the power that is taken for noise; it keeps chance out of the weights."""
_DISTANCES = np.abs(np.subtract.outer(np.arange(ORDER), np.arange(ORDER)))


def predict(past: NDArray[np.floating], count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """past: [n] values of what cannot be negative, n > ORDER. Returns ([count] values, [count] variances).

    The weights solve the normal equations of the autocorrelation method; each value predicted is used for
    the next. Prediction fades to the mean, and what it does not say of the series' power is its variance.
    """
    mean = float(past.mean())
    swings = past.astype(np.float64) - mean
    power = np.square(np.abs(np.fft.rfft(swings, 2 * swings.size)))
    correlation = np.fft.irfft(power)[: ORDER + 1] / swings.size
    variance = float(correlation[0])
    if variance < np.finfo(np.float32).tiny:
        return np.full(count, mean), np.zeros(count)
    equations = correlation[_DISTANCES]
    equations[np.diag_indices(ORDER)] *= 1.0 + RIDGE
    weights = np.linalg.solve(equations, correlation[1:])[::-1].copy()
    series = np.concatenate((swings[-ORDER:], np.zeros(count)))
    for k in range(count):
        series[ORDER + k] = weights @ series[k : ORDER + k]
    swing = series[ORDER:]
    return np.maximum(mean + swing, 0.0), np.maximum(variance - np.square(swing), 0.0)
