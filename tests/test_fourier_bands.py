"""Powers of bands, beside numpy's transform."""

import numpy as np
import pytest

from livesing.audio.fourier_bands import FourierBands


@pytest.mark.parametrize("samples", [12, 76, 320, 860, 1764, 1920, 2 * 53])
def test_bands_are_sums_of_numpys_powers(samples: int) -> None:
    r = np.random.default_rng(samples)
    edges = [1, 2, samples // 4, samples // 2 + 1]
    weights = np.array([1.0, 0.5, 3.0], dtype=np.float32)
    frames = r.standard_normal((3, samples)).astype(np.float32)
    powers = np.abs(np.fft.rfft(frames.astype(np.float64))) ** 2
    want = np.add.reduceat(powers, edges[:-1], axis=1) * weights
    got = FourierBands(samples, edges, weights).powers(frames)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-5 * samples)
