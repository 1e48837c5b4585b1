"""The flux gate on its own: threshold, refractory time, envelope."""

from __future__ import annotations

import numpy as np
import pytest

from livesing.audio.flux_gate import FluxGate, LoudestPower, RecentLoudest, rises

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


def test_a_hit_of_another_gate_can_be_joined():
    gate, _ = run(np.zeros(300))
    gate.push(0.0, True)
    gate.join(0.8)
    assert gate.hits == 1
    assert gate.envelope == 0.8
    gate.push(0.0, True)
    gate.join(0.9)  # the same attack, some milliseconds later: one hit, and the stronger of both
    assert gate.hits == 1
    assert gate.envelope == 0.9
    for _ in range(round(0.05 / HOP_S)):
        gate.push(0.0, True)
    gate.join(0.9)
    assert gate.hits == 1
    assert gate.envelope < 0.9


def flux_of(powers, far=13, share=2e-4):
    loudest = LoudestPower(HOP_S)
    floors = share * np.array([loudest.push(float(power)) for power in powers.sum(axis=1)], np.float32)
    return rises(powers, RecentLoudest(powers.shape[1], 4, far).push(powers), floors[:, None]).mean(axis=1)


@pytest.mark.parametrize("gain", [0.25, 4.0])
def test_rises_are_blind_to_gain(gain):
    rng = np.random.default_rng(3)
    powers = rng.gamma(2.0, 0.02, (400, 20)).astype(np.float32)
    powers[200:] *= 30.0
    np.testing.assert_allclose(
        flux_of(powers * np.float32(gain))[20:], flux_of(powers)[20:], rtol=1e-3, atol=1e-5
    )


def test_a_rise_is_seen_and_no_fall():
    powers = np.full((300, 8), 1e-3, dtype=np.float32)
    powers[100:200] = 0.1
    flux = flux_of(powers)
    assert max(flux[20:100]) == 0.0
    assert max(flux[100:110]) > 1.0
    assert max(flux[120:]) < 0.01


@pytest.mark.parametrize(("near", "far"), [(1, 2), (4, 13), (4, 24)])
def test_the_recent_loudest_is_that_of_its_hops(near, far):
    powers = np.random.default_rng(5).gamma(1.0, 0.05, (100, 3)).astype(np.float32)
    recent = RecentLoudest(3, near, far).push(powers)
    for hop in range(far, 100):
        np.testing.assert_array_equal(recent[hop], powers[hop - far : hop - near + 1].max(axis=0))
    one_by_one = RecentLoudest(3, near, far)
    np.testing.assert_array_equal(np.concatenate([one_by_one.push(row[None]) for row in powers]), recent)
