"""Powers of bands, beside numpy's transform."""

import numpy as np
import pytest

from livesing.audio.fourier_bands import FourierBands, FourierBins


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


@pytest.mark.parametrize(
    ("samples", "first", "after"), [(12, 0, 7), (512, 5, 60), (1000, 1, 501), (8192, 22, 762)]
)
def test_bins_are_numpys_powers(samples: int, first: int, after: int) -> None:
    frames = np.random.default_rng(samples).standard_normal((3, samples)).astype(np.float32)
    want = np.abs(np.fft.rfft(frames.astype(np.float64))[:, first:after]) ** 2
    got = FourierBins(samples, first, after).powers(frames)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-5 * samples)
