"""K-weighting of ITU-R BS.1770-4, as a weight per FFT bin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# The two biquads of BS.1770-4, annex 1, tables 1 and 2, given there for 48 kHz: (b, a).
_SHELF = ((1.53512485958697, -2.69169618940638, 1.19839281085285),
          (1.0, -1.69065929318241, 0.73248077421585))  # fmt: skip
_HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))

LOUDNESS_OFFSET_DB = -0.691


def k_weights(hz: NDArray[np.floating]) -> NDArray[np.float64]:
    """Power weight at each frequency, [n]. hz: [n], 0..24000.

    Loudness in LUFS is LOUDNESS_OFFSET_DB + 10 log10 of the weighted mean square. Taken from the
    filters' response at 48 kHz, so it is the same whatever the rate of the sound.
    """
    z = np.exp(-2j * np.pi * np.asarray(hz, dtype=np.float64) / 48_000.0)
    response = np.ones_like(z)
    for b, a in (_SHELF, _HIGH_PASS):
        response *= (b[0] + b[1] * z + b[2] * z * z) / (a[0] + a[1] * z + a[2] * z * z)
    return np.abs(response) ** 2
