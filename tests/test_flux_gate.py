"""The flux gate on its own: threshold, refractory time, envelope."""

from __future__ import annotations

import numpy as np
import pytest

from livesing.audio.flux_gate import BandFlux, FluxGate, LoudestPower

HOP_S = 0.00267


def run(fluxes, minimum=0.3):
    gate = FluxGate(HOP_S, minimum)
    return gate, [gate.push(float(flux), True) for flux in fluxes]


def test_a_peak_is_one_hit():
    fluxes = np.full(500, 0.05)
    fluxes[300:309] = 1.5  # the flux stays up while the window fills
    gate, hits = run(fluxes)
    assert np.flatnonzero(hits).tolist() == [300]
    assert gate.hits == 1


def test_steady_flux_is_no_hit():
    rng = np.random.default_rng(0)
    gate, _ = run(0.1 + 0.03 * rng.standard_normal(4000))
    assert gate.hits == 0


def test_the_threshold_adapts():
    # The same peaks are hits in a calm passage and drown in a restless one.
    rng = np.random.default_rng(0)
    peaks = np.zeros(3000)
    peaks[1000::150] = 0.6
    calm, _ = run(peaks)
    _, hits = run(np.maximum(peaks, 0.5 * rng.random(3000)))
    assert calm.hits == np.count_nonzero(peaks)
    assert sum(hits[1000:]) < 0.2 * calm.hits


def test_loud_peaks_do_not_hide_soft_ones():
    fluxes = np.zeros(4000)
    fluxes[500::100] = 0.7
    fluxes[550::100] = 4.0
    _, hits = run(fluxes)
    assert sum(hits) >= 0.95 * np.count_nonzero(fluxes)


def test_refractory_time():
    fluxes = np.zeros(2000)
    fluxes[500::8] = 3.0  # every 21 ms
    _, hits = run(fluxes)
    gaps = np.diff(np.flatnonzero(hits)) * HOP_S
    assert len(gaps) > 0
    assert gaps.min() > FluxGate.REFRACTORY_S


def test_nothing_is_a_hit_where_nothing_is_audible():
    gate = FluxGate(HOP_S, 0.3)
    assert not any(gate.push(5.0, False) for _ in range(1000))
    assert gate.hits == 0
    assert gate.envelope == 0.0


def test_a_stronger_attack_gives_a_higher_envelope():
    weak, strong = (
        run(np.concatenate((np.zeros(300), [4.0], np.zeros(300), [peak])))[0] for peak in (0.8, 4.0)
    )
    assert FluxGate.WEAKEST <= weak.envelope < strong.envelope <= 1.0


@pytest.mark.parametrize("gain", [0.25, 4.0])
def test_flux_is_blind_to_gain(gain):
    rng = np.random.default_rng(3)
    powers = rng.gamma(2.0, 0.02, (400, 20)).astype(np.float32)
    powers[200:] *= 30.0

    def flux(scale):
        scaled = powers * np.float32(scale)
        return BandFlux(20, far=13).push(scaled, LoudestPower(HOP_S).push(scaled.sum(axis=1).tolist()))

    np.testing.assert_allclose(flux(gain)[20:], flux(1.0)[20:], rtol=1e-3, atol=1e-5)


def test_flux_sees_a_rise_and_no_fall():
    powers = np.full((300, 8), 1e-3, dtype=np.float32)
    powers[100:200] = 0.1
    loudest = LoudestPower(HOP_S).push(powers.sum(axis=1).tolist())
    flux = BandFlux(8, far=13).push(powers, loudest)
    assert max(flux[20:100]) == 0.0
    assert max(flux[100:110]) > 1.0
    assert max(flux[120:]) < 0.01


def test_flux_does_not_depend_on_the_cut():
    rng = np.random.default_rng(5)
    powers = rng.gamma(1.0, 0.05, (100, 8)).astype(np.float32)
    loudest = LoudestPower(HOP_S).push(powers.sum(axis=1).tolist())
    whole = BandFlux(8, far=24).push(powers, loudest)
    one_by_one = BandFlux(8, far=24)
    parts = [one_by_one.push(powers[k : k + 1], loudest[k : k + 1])[0] for k in range(100)]
    np.testing.assert_allclose(parts, whole, rtol=1e-6)
