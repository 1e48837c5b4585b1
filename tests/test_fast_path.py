"""The fast path: levels, hits, onsets and beat."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from sounds import add, cut, drum_loop, kick, seconds, silence, sine, song, white

from livesing.audio.fast import FastPath
from livesing.audio.pulse import PULSE_SIZE, RUNNING, Pulse

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


@pytest.mark.parametrize(("rate", "bpm"), [(8_000, 120.0), (44_100, 174.0), (48_000, 90.0)])
def test_every_drum_is_a_hit_within_a_block_and_12_ms(rate, bpm):
    sound, attacks = drum_loop(rate, 6.0, bpm)
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
    sound, attacks = drum_loop(RATE, 6.0, 120.0)
    hits = events(listen(sound), "bass_hits")
    late = BLOCK + 0.012 * RATE
    kicks = attacks[::2]
    assert np.mean([any(0 < hit - kick <= late for hit in hits) for kick in kicks]) >= 0.9
    assert np.mean([any(0 < hit - kick <= late for kick in kicks) for hit in hits]) >= 0.9


@pytest.mark.parametrize("hz", [40.0, 55.0, 110.0, 440.0, 5000.0])
def test_a_steady_tone_is_one_hit(hz):
    pulses = listen(sine(RATE, 2.0, hz))
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


EVENTS = ("hits", "bass_hits", "mid_hits", "treble_hits", "onsets")


def test_gain_changes_no_event():
    sound = drum_loop(RATE, 6.0, 120.0)[0] + song(RATE, 6.0, minor=False)
    plain = listen(sound)
    for gain_db in (-6.0, 6.0):
        scaled = listen(sound * np.float32(10 ** (gain_db / 20)))
        for name in (*EVENTS, "onset_rate"):
            assert [getattr(pulse, name) for pulse in scaled] == [getattr(pulse, name) for pulse in plain]
        assert scaled[-1].bpm == pytest.approx(plain[-1].bpm, rel=1e-3)


def test_gain_changes_no_event_of_a_recording(data_dir: Path):
    clip = sorted((data_dir / "audio_samples").glob("*Vibe_Ace.ogg"))[0]
    with soundfile.SoundFile(clip) as file:
        sound, rate = file.read(10 * file.samplerate, dtype="float32").mean(axis=1), file.samplerate
    plain, softer = listen(sound, rate=rate), listen(sound * np.float32(0.5), rate=rate)
    assert plain[-1].hits > 10
    for name in EVENTS:
        counts = np.array([[getattr(pulse, name) for pulse in pulses] for pulses in (plain, softer)])
        assert np.mean(counts[0] != counts[1]) < 0.01  # the very beginning fades in from nothing
        assert abs(counts[0, -1] - counts[1, -1]) <= 1


# ------------------------------------------------------------------------------------- bass, mid and treble

STROKES = ("bass", "mid", "treble")


def stroke(rate, band):
    """A drum that is heard in one band: kick; wood block; closed hi-hat."""
    if band == "bass":
        return kick(rate)
    t = seconds(rate, 0.2)
    if band == "mid":
        return 0.3 * (np.sin(2 * np.pi * 620 * t) + 0.5 * np.sin(2 * np.pi * 1130 * t)) * np.exp(-t / 0.04)
    hz = np.fft.rfftfreq(t.size, 1 / rate)
    noise = np.fft.rfft(np.random.default_rng(3).standard_normal(t.size))
    low = 6000.0 if rate > 16_000 else 2600.0
    return 0.15 * np.fft.irfft(noise * (hz > low) / np.sqrt(np.mean(hz > low)), t.size) * np.exp(-t / 0.02)


def pattern(rate, duration_s, bands, period_s=0.23):
    """Strokes at random levels of 12 dB, one band after the other, over a soft chord.

    Returns the sound and the attacks of each band, as samples.
    """
    rng = np.random.default_rng(1)
    chord = sum(sine(rate, duration_s, hz, 0.01) for hz in (196.0, 246.9, 293.7, 392.0))
    sound = chord.astype(np.float64) + white(rate, duration_s, -70.0)
    attacks = {band: [] for band in bands}
    for number, start in enumerate(np.arange(1.0, duration_s - 0.3, period_s)):
        band = bands[number % len(bands)]
        first = round((start + rng.uniform(0.0, 0.03)) * rate)
        add(sound, stroke(rate, band) * rng.uniform(0.25, 1.0), first)
        attacks[band].append(first)
    return sound.astype(np.float32), {band: np.array(places) for band, places in attacks.items()}


def late(attacks, hits, rate, within_s=0.05):
    """Seconds from each attack to its hit; infinity where there is none."""
    gaps = (hits[None, :] - attacks[:, None]) / rate
    gaps[(gaps <= 0.0) | (gaps > within_s)] = np.inf
    return gaps.min(axis=1, initial=np.inf)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 48_000, 192_000])
def test_each_band_hits_within_a_block_and_12_ms_and_not_for_the_others(rate):
    sound, attacks = pattern(rate, 10.0 if rate < 100_000 else 6.0, STROKES)
    pulses = listen(sound, rate=rate, block=BLOCK if rate > 16_000 else 64)
    limit = (BLOCK if rate > 16_000 else 64) / rate + 0.012
    everything = np.sort(np.concatenate(list(attacks.values())))
    assert np.quantile(late(everything, events(pulses, "hits"), rate), 0.99) <= limit
    for band in STROKES:
        hits = events(pulses, f"{band}_hits")
        gaps = late(attacks[band], hits, rate)
        # In 8 kHz sound there is hardly any treble to be struck.
        assert np.mean(gaps <= limit) >= (0.95 if rate > 16_000 or band != "treble" else 0.8)
        own = np.isfinite(late(-hits[::-1], -attacks[band][::-1], rate, limit))
        assert np.mean(own[:-1]) >= 0.95


@pytest.mark.parametrize("band", STROKES)
def test_a_drum_of_one_band_alone_hits_that_band_alone(band):
    sound, attacks = pattern(RATE, 6.0, (band,), period_s=0.4)
    last = listen(sound)[-1]
    for other in STROKES:
        hits = getattr(last, f"{other}_hits")
        assert hits == pytest.approx(len(attacks[band]), abs=2) if other == band else hits <= 2


@pytest.mark.parametrize(("band", "hz"), [("bass", 80.0), ("mid", 700.0), ("treble", 4000.0)])
def test_soft_attacks(band, hz):
    t = seconds(RATE, 0.35)
    note = 0.2 * np.sin(2 * np.pi * hz * t) * np.minimum(1.0, t / 0.010) * np.exp(-t / 0.15)
    note *= np.minimum(1.0, (0.35 - t) / 0.1)
    attacks = np.round((1.0 + 0.413 * np.arange(8)) * RATE).astype(int)
    sound = white(RATE, 4.8, -70.0).astype(np.float64)
    for first in attacks:
        add(sound, note, first)
    pulses = listen(sound.astype(np.float32), block=128)
    limit = 128 / RATE + 0.012
    for name in ("hits", f"{band}_hits"):
        assert np.mean(late(attacks, events(pulses, name), RATE) <= limit) >= 0.95


def test_the_envelope_of_a_band_follows_its_own_drum():
    sound, attacks = pattern(RATE, 6.0, STROKES)
    pulses = listen(sound)
    for band in STROKES:
        places = {other: (attacks[other][2:] + round(0.025 * RATE)) // BLOCK for other in STROKES}
        envelope = {
            other: np.mean([getattr(pulses[place], f"{band}_hit") for place in places[other]])
            for other in STROKES
        }
        assert max(envelope, key=envelope.__getitem__) == band
        assert envelope[band] > 0.4


# ------------------------------------------------------------------------------------------ time, presence


def test_time_runs_by_the_level_and_never_back():
    loud = drum_loop(RATE, 4.0, 120.0)[0]
    pulses = listen(np.concatenate((loud, silence(RATE, 3.0), loud)))
    for band in ("all", *STROKES):
        time = np.array([getattr(pulse, f"{band}_time") for pulse in pulses])
        assert (np.diff(time) >= 0.0).all()
        levels = [getattr(pulse, "level" if band == "all" else band) for pulse in pulses]
        assert time[-1] == pytest.approx(np.sum(levels) * BLOCK / RATE, rel=0.05)
        still = time[round(6.9 * RATE / BLOCK)] - time[round(5.5 * RATE / BLOCK)]
        running = time[round(10.5 * RATE / BLOCK)] - time[round(9.1 * RATE / BLOCK)]
        assert still < 0.02 * running
        assert 0.1 < running < 1.5


def test_louder_music_makes_time_run_faster():
    sound = drum_loop(RATE, 8.0, 120.0)[0]
    sound[4 * RATE :] *= np.float32(0.25)
    time = [pulse.all_time for pulse in listen(sound)]
    middle = 4 * RATE // BLOCK
    assert time[middle] - time[middle // 2] > 1.3 * (time[-1] - time[middle + middle // 2])


def test_presence_is_of_seconds_and_not_of_beats():
    loop = drum_loop(RATE, 8.0, 120.0)[0]
    hats = loop - np.convolve(loop, np.ones(64) / 64, "same").astype(np.float32)
    block = 4 * BLOCK
    pulses = listen(np.concatenate((loop, hats, loop, silence(RATE, 12.0))), block=block)
    presence = {
        name: np.array([getattr(pulse, f"{name}_presence") for pulse in pulses]) for name in ("all", *STROKES)
    }
    at = {s: round(s * RATE / block) - 1 for s in (4, 8, 16, 20, 24, 36)}
    steady = slice(at[4], at[8])
    assert presence["bass"][steady].min() > 0.5  # the gaps between the beats do not count
    assert np.ptp(presence["bass"][steady]) < 0.3
    assert presence["bass"][at[16]] < 0.25  # the bass was left out for eight seconds
    assert presence["treble"][at[16]] > 0.5
    assert presence["bass"][at[20]] > 0.5  # and is back
    assert all(values[at[36]] < 0.1 for values in presence.values())
    assert all(values.min() >= 0.0 and values.max() <= 1.0 for values in presence.values())


# ------------------------------------------------------------------------------------------------ and so on


@pytest.mark.parametrize("hz", [82.4, 440.0])
@pytest.mark.parametrize("rate", [8_000, 44_100, 96_000])
def test_the_pitch_of_one_voice(rate, hz):
    voice = sum(sine(rate, 1.0, k * hz, 0.2 / k) for k in range(1, 5) if k * hz < 0.45 * rate)
    pulse = listen(voice, rate=rate)[-1]
    assert pulse.pitch_hz == pytest.approx(hz, rel=0.02)
    assert pulse.pitch_confidence > 0.8


def test_no_pitch_to_trust_in_silence_and_noise():
    assert listen(silence(RATE, 0.5))[-1].pitch_hz == 0.0
    assert np.mean([pulse.pitch_confidence for pulse in listen(white(RATE, 2.0, -20.0))]) < 0.5


def test_counts_and_clocks_go_on_in_the_next_path():
    sound = drum_loop(RATE, 3.0, 120.0)[0]
    before = listen(sound)[-1]
    other = drum_loop(16_000, 3.0, 120.0)[0]
    after = listen(other, rate=16_000, path=FastPath(16_000, before))
    alone = listen(other, rate=16_000)
    for name in RUNNING:
        values = [getattr(before, name), *(getattr(pulse, name) for pulse in after)]
        assert (np.diff(values) >= 0.0).all()
        assert values[-1] == pytest.approx(getattr(before, name) + getattr(alone[-1], name))


def test_at_rest_keeps_counts_and_clocks():
    pulse = listen(drum_loop(RATE, 2.0, 120.0)[0])[-1]
    rest = pulse.at_rest(9.0)
    assert rest.time == 9.0
    assert rest.silent == 1.0
    assert rest.level == rest.hit == rest.bass_presence == 0.0
    assert [getattr(rest, name) for name in RUNNING] == [getattr(pulse, name) for name in RUNNING]
    assert set(RUNNING) <= set(Pulse._fields)


@pytest.mark.parametrize("size", [1, 64, 4096, None])
def test_the_cut_of_the_stream_changes_nothing(size):
    sound, _ = drum_loop(RATE, 0.5 if size == 1 else 3.0, 150.0)
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


@pytest.mark.parametrize(("rate", "bpm"), [(44_100, 120.0), (48_000, 140.0)])
def test_tempo_of_a_drum_loop(rate, bpm):
    sound, attacks = drum_loop(rate, 9.0, bpm)
    pulses = listen(sound, rate=rate)
    assert pulses[-1].bpm == pytest.approx(bpm, rel=0.04)
    assert pulses[-1].beat_confidence > 0.5
    # The phase is near 0 on the last beats.
    for beat in attacks[::2][-4:]:
        phase = next(pulse.beat_phase for pulse in pulses if pulse.sample >= beat)
        assert min(phase, 1.0 - phase) < 0.15


def test_the_beat_never_jumps():
    slow, _ = drum_loop(RATE, 6.0, 100.0)
    fast, _ = drum_loop(RATE, 6.0, 150.0)
    pulses = listen(np.concatenate((slow, fast)))
    turns = np.array([pulse.beats + pulse.beat_phase for pulse in pulses])
    steps = np.diff(turns)
    most = 1.2 * 180.0 / 60.0 * BLOCK / RATE
    assert steps.min() >= 0.0
    assert steps.max() <= most * 1.001
    assert all(0.0 <= pulse.beat_phase < 1.0 for pulse in pulses)


def test_no_beat_to_trust_in_noise_or_a_tone():
    assert listen(white(RATE, 6.0, -20.0), block=2048)[-1].beat_confidence < 0.3
    assert listen(sine(RATE, 6.0, 220.0), block=2048)[-1].beat_confidence < 0.3


def test_onset_rate_counts_notes():
    # Two notes a beat at 96 BPM: 3.2 a second.
    pulses = listen(song(RATE, 7.0, minor=False), block=2048)
    assert pulses[-1].onset_rate == pytest.approx(3.2, abs=0.8)


@pytest.mark.parametrize("gain_db", [-20.0, 0.0])
def test_quiet_and_loud_sets_both_use_the_range(gain_db):
    sound, _ = drum_loop(RATE, 12.0, 120.0)
    pulses = listen(sound * np.float32(10 ** (gain_db / 20)), block=2048)[-100:]
    for band in ("level", "bass", "mid", "treble"):
        levels = [getattr(pulse, band) for pulse in pulses]
        assert max(levels) > 0.6
        assert min(levels) < 0.4
        assert all(0.0 <= level <= 1.0 for level in levels)


@pytest.mark.parametrize(
    ("hz", "band"),
    [(30.0, "bass"), (60.0, "bass"), (100.0, "bass"), (400.0, "mid"), (1500.0, "mid"), (6000.0, "treble")],
)
def test_a_tone_lights_its_band_alone(hz, band):
    pulse = listen(sine(RATE, 2.0, hz), block=2048)[-1]
    for name in ("bass", "mid", "treble"):
        level, presence = getattr(pulse, name), getattr(pulse, f"{name}_presence")
        assert level > 0.6 if name == band else level < 0.1, name
        assert presence > 0.8 if name == band else presence < 0.1, name


def test_silence_calms():
    sound, _ = drum_loop(RATE, 6.0, 120.0)
    path = FastPath(RATE)
    loud = listen(sound, path=path)[-1]
    calm = listen(silence(RATE, 4.5), block=2048, path=path)[-1]
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
