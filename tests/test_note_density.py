"""How many notes begin: struck or bowed, at any gain, however the frames come; nothing in steady sound."""

from __future__ import annotations

import numpy as np
import pytest
from sounds import add, seconds, sine, white

from livesing.array_file import read_arrays, write_arrays
from livesing.audio import note_density
from livesing.audio.bands import Spectrum
from livesing.audio.framing import Framer
from livesing.audio.note_bands import BANDS, NoteBands
from livesing.audio.note_density import REACH, WEIGHTS, NoteDensity
from livesing.audio.slow import HOP, SLOW_RATE
from livesing.errors import WeightsError

HOP_S = HOP / SLOW_RATE
WINDOW = 2048
MELODY = (60, 64, 67, 72, 71, 67, 65, 62, 64, 60, 55, 59)


def bands_of(sound):
    """[n] samples -> [frames, BANDS]."""
    powers = Spectrum(WINDOW, [2, 3]).powers(Framer(WINDOW, HOP).push(np.asarray(sound, np.float32)))
    return NoteBands(WINDOW, SLOW_RATE, HOP_S).push(powers)


def per_second(sound, first_s=2.0):
    """Onsets a second of a sound from first_s on."""
    shares = NoteDensity(HOP_S, 3.0).push(bands_of(sound))
    return float(shares[round(first_s / HOP_S) :].mean()) / HOP_S


def played(rate_per_s, duration_s, attack_s, fall_s):
    """A melody of notes that rise within attack_s and die away with fall_s."""
    sound = np.zeros(round(duration_s * SLOW_RATE))
    every = 1.0 / rate_per_s
    t = seconds(SLOW_RATE, every)
    shape = np.minimum(1.0, t / attack_s) * np.exp(-t / fall_s) * np.minimum(1.0, (every - t) / 0.04)
    for number in range(int(duration_s * rate_per_s)):
        hz = 440.0 * 2.0 ** ((MELODY[number % len(MELODY)] - 69) / 12)
        wave = sum(np.sin(2 * np.pi * k * hz * t) / k for k in range(1, 9))
        add(sound, 0.1 * shape * wave, round(number * every * SLOW_RATE))
    return sound


@pytest.mark.parametrize("rate_per_s", [1.0, 2.5, 5.0])
@pytest.mark.parametrize(("attack_s", "fall_s"), [(0.003, 0.4), (0.02, 9.0), (0.1, 9.0)])
def test_a_melody_counts_alike_however_it_is_played(rate_per_s, attack_s, fall_s):
    told = per_second(played(rate_per_s, 10.0, attack_s, fall_s))
    assert 0.6 * rate_per_s < told < 1.6 * rate_per_s


@pytest.mark.parametrize("sound", ["tone", "chord", "noise", "silence"])
def test_in_steady_sound_nothing_begins(sound):
    made = {
        "tone": sine(SLOW_RATE, 6.0, 440.0),
        "chord": sum(sine(SLOW_RATE, 6.0, hz, 0.1) for hz in (220.0, 277.2, 329.6)),
        "noise": white(SLOW_RATE, 6.0, -20.0),
        "silence": np.zeros(6 * SLOW_RATE),
    }[sound]
    assert per_second(made) < 0.5


@pytest.mark.parametrize("gain_db", [-20.0, 12.0])
def test_the_gain_changes_nothing(gain_db):
    sound = played(3.0, 3.0, 0.01, 0.5)
    np.testing.assert_allclose(bands_of(sound * 10 ** (gain_db / 20)), bands_of(sound), atol=1e-3)


def test_it_does_not_matter_how_the_frames_come():
    bands = bands_of(played(3.0, 3.0, 0.01, 0.5))
    whole, parts = NoteDensity(HOP_S, 3.0), NoteDensity(HOP_S, 3.0)
    shares = whole.push(bands)
    cut = np.concatenate([parts.push(part) for part in np.split(bands, [1, 2, 22, 43, 64])])
    np.testing.assert_allclose(cut, shares, atol=1e-5)
    assert parts.per_second == pytest.approx(whole.per_second, abs=1e-4)


def test_only_the_past_counts():
    bands = bands_of(played(3.0, 3.0, 0.01, 0.5))
    other = np.concatenate([bands[:60], np.zeros((40, BANDS), np.float32)])
    one, two = (NoteDensity(HOP_S, 3.0).push(each) for each in (bands, other))
    np.testing.assert_array_equal(one[:60], two[:60])
    assert (one[60 : 60 + REACH] != two[60 : 60 + REACH]).any()


def test_its_weights_are_small_and_have_a_card():
    assert WEIGHTS.stat().st_size < 200_000
    assert "no recordings" in WEIGHTS.with_suffix(".md").read_text()


def test_damaged_weights_are_refused(tmp_path, monkeypatch):
    arrays, notes = read_arrays(WEIGHTS)
    file = tmp_path / "notes.safetensors"
    write_arrays(file, arrays | {"output.bias": np.array([np.nan], np.float32)}, notes)
    monkeypatch.setattr(note_density, "WEIGHTS", file)
    with pytest.raises(WeightsError, match="not finite"):
        NoteDensity(HOP_S, 3.0)
