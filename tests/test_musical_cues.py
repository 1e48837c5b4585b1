"""Key, mode, articulation, harmonic change and loudness, each on music made for it."""

from __future__ import annotations

import numpy as np
import pytest
from sounds import add, cut, drum_loop, seconds, sine, song, white

from livesing.audio.articulation import Articulation
from livesing.audio.chroma import LeakyChroma
from livesing.audio.harmony import HarmonicChange, tonal_centroid
from livesing.audio.key import PROFILES, USUAL_PROFILES, KeyTracker, find_key
from livesing.audio.loudness import KWeighted, k_weighting, loudness_db
from livesing.audio.slow import SlowPath, cues_of
from livesing.audio.tempo import Rhythm

RATE = 22_050

TIMBRES = {
    "flute": (1.0, 0.25, 0.1),
    "strings": tuple(1.0 / k for k in range(1, 15)),
    "clarinet": tuple((k % 2) / k for k in range(1, 14)),
    "organ": (1.0, 0.7, 0.6, 0.5, 0.0, 0.4, 0.0, 0.35),
}
"""Amplitudes of the partials."""

CADENCES = {
    "I IV V I": ("major", ((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7))),
    "ii V7 I": ("major", ((2, 5, 9), (7, 11, 14, 17), (0, 4, 7), (0, 4, 7))),
    "i iv V i": ("minor", ((0, 3, 7), (5, 8, 12), (7, 11, 14), (0, 3, 7))),
    "iio V7 i": ("minor", ((2, 5, 8), (7, 11, 14, 17), (0, 3, 7), (0, 3, 7))),
    "i iv v i": ("minor", ((0, 3, 7), (5, 8, 12), (7, 10, 14), (0, 3, 7))),
}
"""Semitones over the tonic, without a bass to help."""

MELODIES = {
    "up and down": ("major", (0, 2, 4, 5, 7, 9, 11, 12, 11, 9, 7, 5, 4, 2, 0, 0)),
    "up and down in minor": ("minor", (0, 2, 3, 5, 7, 8, 11, 12, 12, 8, 7, 5, 3, 2, 0, 0)),
}


def tone(pitch, duration_s, timbre, release_s=0.03):
    """pitch: MIDI."""
    t = seconds(RATE, duration_s)
    hz = 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)
    wave = sum(
        a * np.sin(2 * np.pi * k * hz * t) for k, a in enumerate(TIMBRES[timbre], 1) if k * hz < 9000.0
    )
    return 0.08 * wave * np.minimum(1.0, t / 0.01) * np.clip((duration_s - t) / release_s, 0.0, 1.0)


def chords(progression, key, timbre):
    played = [sum(tone(55 + (key + step) % 24, 0.6, timbre) for step in chord) for chord in progression]
    return np.tile(np.concatenate(played), 3).astype(np.float32)


def line(pitches, step_s, share, timbre):
    """A melody whose notes sound for a share of their time."""
    sound = np.zeros(round(len(pitches) * step_s * RATE))
    for number, pitch in enumerate(pitches):
        add(sound, tone(pitch, share * step_s, timbre), round(number * step_s * RATE))
    return sound.astype(np.float32)


def hear(sound, profiles=USUAL_PROFILES):
    """Its cues but for the beat, which is not tracked here."""
    path = SlowPath(RATE, profiles, Rhythm(RATE))
    return [cues for part in cut(sound, 8192) for cues in path.push(part)] + path.finish()


# ----------------------------------------------------------------------------------------------- key, mode


@pytest.mark.parametrize("key", range(12))
def test_the_mode_of_cadences_in_every_key(key):
    timbre = list(TIMBRES)[key % len(TIMBRES)]
    for number, (name, (mode, progression)) in enumerate(CADENCES.items()):
        if (number + key) % 2:  # every cadence in every second key
            continue
        cues = hear(chords(progression, key, timbre))
        sign = 1 if mode == "major" else -1
        # From the second time round on: what does not begin on its tonic may be misheard.
        assert all(sign * step.mode > 0.0 for step in cues[10:]), name
        assert sign * cues[-1].mode > 0.3, name
        assert cues[-1].key == (55 + key) % 12, name
        assert cues[-1].key_confidence > 0.6, name


@pytest.mark.parametrize("timbre", TIMBRES)
@pytest.mark.parametrize("name", MELODIES)
def test_the_mode_of_melodies(name, timbre):
    mode, steps = MELODIES[name]
    key = 5 * (list(TIMBRES).index(timbre) % 2)
    last = hear(line([62 + key + step for step in steps], 0.4, 1.0, timbre))[-1]
    assert (1 if mode == "major" else -1) * last.mode > 0.2
    assert last.key == (62 + key) % 12


@pytest.mark.parametrize("minor", [False, True])
def test_drums_do_not_hide_the_mode(minor):
    cues = hear(song(RATE, 14.0, minor=minor) + drum_loop(RATE, 14.0, 96.0)[0])
    assert np.mean([step.mode for step in cues[8:]]) * (-1 if minor else 1) > 0.3


def test_a_change_of_mode_shows_within_a_dozen_seconds():
    cues = hear(np.concatenate((song(RATE, 14.0, minor=False), song(RATE, 14.0, minor=True))))
    assert cues[27].mode > 0.5
    assert cues[51].mode < 0.0


def test_a_triad_is_its_key():
    chroma = np.zeros(12)
    chroma[[7, 11, 2]] = 1.0, 0.7, 0.8
    assert find_key(chroma).tonic == 7
    assert find_key(chroma).mode > 0.3
    chroma[11], chroma[10] = 0.0, 0.7
    assert find_key(chroma).tonic == 7
    assert find_key(chroma).mode < -0.3


@pytest.mark.parametrize("profiles", PROFILES)
@pytest.mark.parametrize("key", range(12))
def test_every_set_of_profiles_is_its_own_key(profiles, key):
    for mode, profile in zip((1, -1), PROFILES[profiles], strict=True):
        found = find_key(np.roll(np.square(profile), key), profiles=profiles)
        assert found.tonic == key
        assert found.mode * mode > 0.5
        assert found.confidence > 0.98


@pytest.mark.parametrize("profiles", PROFILES)
def test_the_mode_by_every_set_of_profiles(profiles):
    for mode, progression in CADENCES.values():
        cues = hear(chords(progression, 2, "organ"), profiles)
        assert cues[-1].mode * (1 if mode == "major" else -1) > 0.3
        assert cues[-1].key == 57 % 12


def test_unknown_profiles_are_refused():
    with pytest.raises(KeyError):
        find_key(np.arange(12.0), profiles="somebody's")


@pytest.mark.parametrize("gain", [1e-9, 1.0, 1e9])
def test_a_key_knows_no_loudness(gain):
    chroma = np.random.default_rng(0).random(12)
    assert find_key(gain * chroma) == pytest.approx(find_key(chroma))


def test_without_pitch_there_is_no_key():
    triad = np.zeros(12)
    triad[[0, 4, 7]] = 1.0
    for nothing in (np.zeros(12), np.ones(12), 1.0 + 0.01 * np.random.default_rng(0).random(12)):
        key = find_key(nothing)
        assert key.mode == key.confidence == 0.0
    assert find_key(triad, tonal_share=0.05).confidence == 0.0
    assert 0.0 < find_key(triad, tonal_share=0.14).confidence < find_key(triad).confidence


FRAME_S = 1 / 6
TRIADS = {"C": (0, 4, 7), "c": (0, 3, 7), "F": (5, 9, 0), "f": (5, 8, 0), "G": (7, 11, 2), "a": (9, 0, 4)}


def hear_chords(tracker, symbols, seconds_each=2.0):
    """The probability of major after each chord."""
    told = []
    for symbol in symbols:
        chroma = np.full(12, 0.005)
        for tone in TRIADS.get(symbol, ()):
            chroma[tone] = 0.15
        tracker.push([chroma if symbol != "-" else np.zeros(12)] * round(seconds_each / FRAME_S), FRAME_S)
        told.append(tracker.major)
    return told


def test_a_key_outlasts_the_chords_of_its_relative():
    tracker = KeyTracker()
    told = hear_chords(tracker, ("C", "F", "G", "C", "a", "a", "F", "a", "G", "C"))
    assert tracker.tonic == 0 and min(told) > 0.5


@pytest.mark.parametrize(("before", "after"), [("CFGC", "cfGc"), ("cfGc", "CFGC")])
def test_a_change_of_mode_is_heard_within_some_seconds(before, after):
    tracker = KeyTracker()
    sign = 1 if before[0] == "C" else -1
    assert sign * (hear_chords(tracker, before)[-1] - 0.5) > 0.3
    assert sign * (hear_chords(tracker, after)[2] - 0.5) < -0.3  # after 6 s
    assert tracker.tonic == 0


def test_after_a_pause_any_key_may_come():
    tracker = KeyTracker()
    assert hear_chords(tracker, "CFGC")[-1] > 0.9
    assert abs(hear_chords(tracker, "-----")[-1] - 0.5) < 0.1
    assert KeyTracker().major == pytest.approx(0.5)


def test_a_tone_is_tonal_and_a_drum_is_not():
    def share(sound):
        chroma = LeakyChroma(8192, RATE, 5.0, 15.0)
        for first in range(0, sound.size - 8192, 4096):
            chroma.push(sound[None, first : first + 8192], 4096 / RATE)
        return chroma.tonal_share

    assert share(sine(RATE, 4.0, 440.0)) > 0.9
    assert share(song(RATE, 6.0, minor=False)) > 0.4
    assert share(drum_loop(RATE, 6.0, 120.0)[0]) < 0.15


def test_overtones_are_no_notes_of_their_own():
    chroma = LeakyChroma(8192, RATE, 5.0, 15.0)
    sound = tone(48, 2.0, "strings").astype(np.float32)  # C, whose overtones are C, G, E and B flat
    for first in range(0, sound.size - 8192, 4096):
        chroma.push(sound[None, first : first + 8192], 4096 / RATE)
    assert chroma.chroma[0] > 0.7 * chroma.chroma.sum()


# ------------------------------------------------------------------------------------------- articulation

TUNE = (60, 62, 64, 65, 67, 65, 64, 62) * 3


@pytest.mark.parametrize(("timbre", "step_s"), [*zip(TIMBRES, (0.2, 0.45, 0.3, 0.25), strict=True)])
def test_the_same_line_legato_portato_staccato(timbre, step_s):
    tune = TUNE[: round(9.0 / step_s)]
    legato, portato, staccato = (
        np.mean([step.articulation for step in hear(line(tune, step_s, share, timbre))[5:]])
        for share in (1.05, 0.6, 0.25)
    )
    assert legato < 0.1
    assert legato + 0.2 < portato < staccato - 0.2
    assert staccato > 0.6


def test_a_pluck_that_rings_on_is_legato_and_a_damped_one_is_not():
    def plucked(share):
        sound = np.zeros(8 * RATE)
        for number, pitch in enumerate(TUNE[:16]):
            note = tone(pitch, 0.5 * share, "strings")
            add(sound, note * np.exp(-seconds(RATE, 0.5 * share) / 0.3), number * RATE // 2)
        return np.mean([step.articulation for step in hear(sound.astype(np.float32))[5:]])

    ringing, damped = plucked(1.1), plucked(0.3)
    assert ringing < 0.25
    assert damped > ringing + 0.3


def test_a_rest_is_no_staccato():
    held = Articulation(0.01)
    held.push(np.full(400, 0.01))
    before = held.push(np.full(10, 0.01))
    after = held.push(np.concatenate((np.zeros(3000), np.full(10, 0.01))))
    assert before == 0.0
    assert after < 0.35  # the first second of it, and no more
    assert Articulation(0.01).push(np.zeros(500)) == 0.0


@pytest.mark.parametrize("gain", [1e-4, 1e4])
def test_articulation_knows_no_loudness(gain):
    powers = np.where(np.arange(800) % 25 < 10, 0.01, 1e-6)
    assert Articulation(0.01).push(gain * powers) == pytest.approx(Articulation(0.01).push(powers))


# ---------------------------------------------------------------------------------------- harmonic change


def test_the_tonal_centroid_parts_what_is_far_apart():
    def centroid(*classes):
        chroma = np.zeros(12)
        chroma[list(classes)] = 1.0 / len(classes)
        return tonal_centroid(chroma)

    c_major = centroid(0, 4, 7)
    near = np.linalg.norm(c_major - centroid(9, 0, 4))  # A minor, two tones in common
    far = np.linalg.norm(c_major - centroid(6, 10, 1))  # F sharp major, none
    assert 0.1 < near < 0.7 * far
    assert np.linalg.norm(tonal_centroid(np.full(12, 1.0 / 12))) < 1e-9
    assert np.linalg.norm(tonal_centroid(np.zeros(12))) == 0.0


def test_chords_that_change_change_and_held_ones_do_not():
    held, slow, fast = (
        np.mean([step.harmonic_change for step in hear(sound)[3:]])
        for sound in (
            np.tile(chords(((0, 4, 7),), 0, "organ"), 3),
            np.repeat([chords(CADENCES["I IV V I"][1], 0, "organ")], 1).astype(np.float32),
            line([60 + step for step in (0, 6, 1, 8, 3, 10) * 6], 0.25, 1.0, "organ"),
        )
    )
    assert held < 0.3 * slow
    assert slow < fast
    assert HarmonicChange(2).push(np.zeros((0, 12))) == 0.0


# ------------------------------------------------------------------------------------------------ loudness


def test_the_filters_at_48_khz_are_those_of_the_standard():
    # ITU-R BS.1770-4, annex 1, tables 1 and 2.
    shelf, high_pass = k_weighting(48_000)
    assert shelf == pytest.approx(
        (1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585), abs=1e-9
    )
    assert high_pass == pytest.approx((1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621), abs=1e-9)


def measured(sound, rate):
    """Momentary loudness of the last 400 ms."""
    powers = KWeighted(rate).push(sound)
    return loudness_db(powers[-round(0.4 * rate / (rate // 100)) :].mean())


@pytest.mark.parametrize("rate", [32_000, 44_100, 46_100, 48_000, 192_000])  # 461 is prime
def test_a_sine_of_997_hz_reads_as_the_standard_says(rate):
    assert measured(sine(rate, 1.0, 997.0, 1.0), rate) == pytest.approx(-3.01, abs=0.02)


def test_the_weighted_power_is_the_same_in_parts_and_a_steady_offset_is_silent():
    sound = np.concatenate((white(RATE, 0.5, -20.0), np.full(RATE, 0.3, np.float32)))
    parts = KWeighted(RATE)
    cut_up = np.concatenate([parts.push(part) for part in np.split(sound, [1, 500, 4000, 4001, 20_000])])
    np.testing.assert_allclose(cut_up, KWeighted(RATE).push(sound), rtol=1e-5, atol=1e-12)
    assert loudness_db(cut_up[-10:].mean()) < -119.0


@pytest.mark.parametrize("rate", [11_025, 22_050, 44_100, 48_000, 96_000])
def test_loudness_agrees_with_pyloudnorm(rate):
    pyloudnorm = pytest.importorskip("pyloudnorm", reason="needs pyloudnorm: `make test` installs it")
    filters = list(pyloudnorm.Meter(rate)._filters.values())
    for sound in (
        white(rate, 1.0, -20.0),
        drum_loop(rate, 1.0, 150.0)[0],
        song(rate, 1.0, minor=True),
        sine(rate, 1.0, 45.0),
    ):
        weighted = sound.astype(np.float64)
        for each in filters:
            weighted = each.apply_filter(weighted)
        expected = -0.691 + 10 * np.log10(np.mean(weighted[-round(0.4 * rate) :] ** 2))
        assert measured(sound, rate) == pytest.approx(expected, abs=0.1)


def test_the_cue_is_the_momentary_loudness_at_the_end_of_its_window():
    sound = np.concatenate((sine(RATE, 3.08, 997.0, 0.5), sine(RATE, 1.0, 997.0, 0.05)))
    loudness = {step.time_s: step.loudness_db for step in hear(sound)}
    assert loudness[3.0] == pytest.approx(-9.03, abs=0.05)
    assert loudness[3.5] == pytest.approx(-29.03, abs=0.2)  # 400 ms: all of it after the change


def test_what_lies_over_10_khz_is_loud_too():
    hiss = white(48_000, 2.0, -20.0)
    spectrum = np.fft.rfft(hiss)
    spectrum[np.fft.rfftfreq(hiss.size, 1 / 48_000) < 12_000.0] = 0.0
    cues = list(cues_of(cut(np.fft.irfft(spectrum).astype(np.float32), 4096), 48_000))
    assert cues[-1].loudness_db > -22.0
