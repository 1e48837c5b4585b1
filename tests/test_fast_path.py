"""The fast path: levels, hits, onsets and beat."""

from __future__ import annotations

import numpy as np
import pytest
from sounds import cut, drum_loop, silence, sine, song, white

from livesing.audio.fast import FastPath
from livesing.audio.pulse import PULSE_SIZE, Pulse

RATE = 48_000
BLOCK = 512


def listen(sound, *, rate=RATE, block=BLOCK, path=None):
    path = path or FastPath(rate)
    pulses = []
    heard = 0
    for part in cut(sound, block):
        heard += part.size
        pulses.append(path.push(part, heard / rate))
    return pulses


def events(pulses, count):
    """End sample of each block in which the running count grew."""
    counts = [0.0, *(getattr(pulse, count) for pulse in pulses)]
    grown = np.diff(counts) > 0
    return np.array([pulse.sample + 1 for pulse in pulses])[grown]


def test_a_pulse_is_a_row_of_floats():
    pulse = listen(sine(RATE, 0.1, 440.0))[-1]
    row = np.array(pulse)
    assert row.dtype == np.float64
    assert row.shape == (PULSE_SIZE,)
    assert Pulse(*row) == pulse
    assert Pulse.quiet(3.0).time == 3.0
    assert Pulse.quiet(3.0).silent == 1.0


@pytest.mark.parametrize("bpm", [90.0, 120.0, 174.0])
@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_every_drum_is_a_hit_within_a_block_and_12_ms(rate, bpm):
    sound, attacks = drum_loop(rate, 8.0, bpm)
    hits = events(listen(sound, rate=rate), "hits")
    late = BLOCK + 0.012 * rate
    found = [any(0 < hit - attack <= late for hit in hits) for attack in attacks]
    true = [any(0 < hit - attack <= late for attack in attacks) for hit in hits]
    assert np.mean(found) >= 0.95
    assert np.mean(true) >= 0.95


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_a_click_in_silence_is_seen_within_12_ms(rate):
    sound = silence(rate, 1.0)
    attack = round(0.5 * rate) + 17
    sound[attack : attack + rate // 100] = white(rate, 0.01, -20.0)[: rate // 100]
    hits = events(listen(sound, rate=rate, block=16), "hits")
    assert len(hits) == 1
    assert 0 < hits[0] - attack <= 0.012 * rate


def test_kicks_are_bass_hits_and_hats_are_not():
    sound, attacks = drum_loop(RATE, 8.0, 120.0)
    hits = events(listen(sound), "bass_hits")
    late = BLOCK + 0.020 * RATE
    kicks = attacks[::2]
    assert np.mean([any(0 < hit - kick <= late for hit in hits) for kick in kicks]) >= 0.9
    assert np.mean([any(0 < hit - kick <= late for kick in kicks) for hit in hits]) >= 0.9


@pytest.mark.parametrize("hz", [40.0, 55.0, 110.0, 440.0, 5000.0])
def test_a_steady_tone_is_one_hit(hz):
    pulses = listen(sine(RATE, 3.0, hz))
    assert pulses[-1].hits <= 1
    assert pulses[-1].bass_hits <= 1
    assert pulses[-1].hit < 0.01


def test_a_steady_chord_has_hardly_a_hit():
    chord = sum(sine(RATE, 4.0, hz, 0.1) for hz in (130.8, 261.6, 329.6, 392.0, 523.2))
    assert listen(chord)[-1].hits <= 1


def test_noise_hardly_hits_and_silence_never():
    assert listen(silence(RATE, 2.0))[-1].hits == 0
    assert listen(white(RATE, 3.0, -70.0))[-1].hits == 0
    assert listen(white(RATE, 4.0, -20.0))[-1].hits <= 2


def test_the_envelope_jumps_and_falls():
    sound, attacks = drum_loop(RATE, 2.0, 60.0)
    pulses = listen(sound[: attacks[1]])
    hit = np.array([pulse.hit for pulse in pulses])
    top = int(np.argmax(hit))
    assert 0.3 <= hit[top] <= 1.0
    later = top + round(0.2 * RATE / BLOCK)
    assert 0.25 < hit[later] / hit[top] < 0.5


@pytest.mark.parametrize("gain_db", [-6.0, 6.0])
def test_gain_changes_no_event(gain_db):
    sound, _ = drum_loop(RATE, 8.0, 120.0)
    plain = listen(sound)[-1]
    scaled = listen(sound * np.float32(10 ** (gain_db / 20)))[-1]
    assert abs(scaled.hits - plain.hits) <= 1
    assert abs(scaled.bass_hits - plain.bass_hits) <= 1
    assert scaled.onset_rate == pytest.approx(plain.onset_rate, abs=0.5)
    assert scaled.bpm == pytest.approx(plain.bpm, rel=0.02)


@pytest.mark.parametrize("size", [1, 64, 4096, None])
def test_the_cut_of_the_stream_changes_nothing(size):
    sound, _ = drum_loop(RATE, 0.6 if size == 1 else 5.0, 150.0)
    whole = listen(sound, block=sound.size)[-1]
    parts = listen(sound, block=size)[-1]
    same = ("sample", "hits", "bass_hits", "onsets", "beats", "silent")
    assert [getattr(parts, name) for name in same] == [getattr(whole, name) for name in same]
    near = [name for name in Pulse._fields if name != "time"]
    np.testing.assert_allclose(
        [getattr(parts, name) for name in near],
        [getattr(whole, name) for name in near],
        rtol=1e-4,
        atol=1e-4,
    )


@pytest.mark.parametrize("bpm", [120.0, 140.0])
@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_tempo_of_a_drum_loop(rate, bpm):
    sound, attacks = drum_loop(rate, 12.0, bpm)
    pulses = listen(sound, rate=rate)
    assert pulses[-1].bpm == pytest.approx(bpm, rel=0.04)
    assert pulses[-1].beat_confidence > 0.5
    # The phase is near 0 on the last beats.
    for beat in attacks[::2][-4:]:
        phase = next(pulse.beat_phase for pulse in pulses if pulse.sample >= beat)
        assert min(phase, 1.0 - phase) < 0.15


def test_the_beat_never_jumps():
    slow, _ = drum_loop(RATE, 8.0, 100.0)
    fast, _ = drum_loop(RATE, 8.0, 150.0)
    pulses = listen(np.concatenate((slow, fast)))
    turns = np.array([pulse.beats + pulse.beat_phase for pulse in pulses])
    steps = np.diff(turns)
    most = 1.2 * 180.0 / 60.0 * BLOCK / RATE
    assert steps.min() >= 0.0
    assert steps.max() <= most * 1.001
    assert all(0.0 <= pulse.beat_phase < 1.0 for pulse in pulses)


def test_no_beat_to_trust_in_noise_or_a_tone():
    assert listen(white(RATE, 8.0, -20.0))[-1].beat_confidence < 0.3
    assert listen(sine(RATE, 8.0, 220.0))[-1].beat_confidence < 0.3


def test_onset_rate_counts_notes():
    # Two notes a beat at 96 BPM: 3.2 a second.
    pulses = listen(song(RATE, 8.0, minor=False))
    assert pulses[-1].onset_rate == pytest.approx(3.2, abs=0.8)


@pytest.mark.parametrize("gain_db", [-20.0, 0.0])
def test_quiet_and_loud_sets_both_use_the_range(gain_db):
    sound, _ = drum_loop(RATE, 20.0, 120.0)
    pulses = listen(sound * np.float32(10 ** (gain_db / 20)), block=2048)[-200:]
    for band in ("level", "bass", "mid", "treble"):
        levels = [getattr(pulse, band) for pulse in pulses]
        assert max(levels) > 0.6
        assert min(levels) < 0.4
        assert all(0.0 <= level <= 1.0 for level in levels)


@pytest.mark.parametrize(("hz", "band"), [(60.0, "bass"), (700.0, "mid"), (6000.0, "treble")])
def test_a_tone_lights_its_band(hz, band):
    pulse = listen(sine(RATE, 3.0, hz))[-1]
    levels = {name: getattr(pulse, name) for name in ("bass", "mid", "treble")}
    assert max(levels, key=levels.__getitem__) == band
    assert levels[band] > 0.6


def test_silence_calms():
    sound, _ = drum_loop(RATE, 8.0, 120.0)
    path = FastPath(RATE)
    loud = listen(sound, path=path)[-1]
    calm = listen(silence(RATE, 6.0), block=2048, path=path)[-1]
    assert loud.silent == 0.0
    assert calm.silent == 1.0
    assert max(calm.level, calm.bass, calm.mid, calm.treble, calm.hit, calm.bass_hit) < 0.01
    assert calm.onset_rate == 0.0
    assert calm.beat_confidence < 0.5 * loud.beat_confidence


def test_rms_is_in_db_re_full_scale():
    assert listen(sine(RATE, 1.0, 440.0, 1.0))[-1].rms_db == pytest.approx(-3.0, abs=0.2)
    assert listen(sine(RATE, 1.0, 440.0, 0.1))[-1].rms_db == pytest.approx(-23.0, abs=0.2)


def test_sample_and_time_are_those_of_the_newest_sample():
    path = FastPath(RATE)
    assert path.push(silence(RATE, 0.01), 1.5, first_sample=1000).sample == 1000 + 480 - 1
    pulse = path.push(silence(RATE, 0.01), 1.6)
    assert pulse.sample == 1000 + 960 - 1
    assert pulse.time == 1.6


@pytest.mark.parametrize("rate", [0, 4_000, 400_000])
def test_an_impossible_rate_is_refused(rate):
    with pytest.raises(ValueError, match="sample rate"):
        FastPath(rate)
