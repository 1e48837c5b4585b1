"""The built-in demo piece: its notes, its sound, its contrasts, its loop and its cache."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from livesing.audio import demo
from livesing.audio.demo_mix import CEILING, mix, place
from livesing.audio.demo_notation import Note, chords, lead_voices, melody, pitch_number
from livesing.audio.score import DURATION_S, SECTIONS, Section, compose
from livesing.audio.synth import INSTRUMENTS, damped_partials, frequency_hz, harmonics

RATE = demo.RATE
Sound = NDArray[np.float32]
DITHER = 1.6 / 32768
"""Of the file: one step, and half a step of rounding."""
MOODS = {section.name: section for section in SECTIONS}


@pytest.fixture(scope="module")
def sound(demo_piece: Path) -> Sound:
    """The whole piece, (frames, 2), as a process of its own has rendered it."""
    heard, rate = soundfile.read(demo_piece, dtype="float32")
    assert rate == RATE
    return heard


@pytest.fixture
def short(sound: Sound, monkeypatch: pytest.MonkeyPatch) -> Sound:
    """A piece of 2 s: the whole one, for what is written and found again."""
    monkeypatch.setattr(demo, "DURATION_S", 2.0)
    return sound[: 2 * RATE]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder and an empty temporary folder, for this test alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", None)  # it remembers the folder it found first
    (tmp_path / "temporary").mkdir()
    return tmp_path / "cache"


def _cut(sound: Sound, section: Section) -> Sound:
    return sound[int(section.start_s * RATE) : int(section.end_s * RATE)]


def _spectra(part: Sound, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Magnitudes (windows, bins) of the mono sum, half overlapping, and their frequencies."""
    frames = np.lib.stride_tricks.sliding_window_view(part.mean(axis=1), size)[:: size // 2]
    window = np.hanning(size).astype(np.float32)
    return np.abs(np.fft.rfft(frames * window)), np.fft.rfftfreq(size, 1 / RATE)


def _rms_db(part: Sound) -> float:
    return float(10 * np.log10(np.mean(np.square(part, dtype=np.float64)) + 1e-20))


def _chroma(part: Sound) -> np.ndarray:
    """Energy of the twelve pitch classes, C first, between 100 and 2000 Hz."""
    spectra, hz = _spectra(part, 16384)
    heard = (hz > 100) & (hz < 2000)
    classes = np.round(12 * np.log2(hz[heard] / 440) + 69).astype(int) % 12
    power = (spectra[:, heard] ** 2).mean(axis=0)
    return np.bincount(classes, weights=power, minlength=12)


def _onsets_per_second(part: Sound) -> float:
    """Peaks of the log-spectral flux that stand out, a second: one threshold for all sections."""
    spectra, _ = _spectra(part, 1024)
    rise = np.maximum(np.diff(np.log1p(20 * spectra), axis=0), 0).mean(axis=1)
    local = np.lib.stride_tricks.sliding_window_view(np.pad(rise, 3, mode="edge"), 7)
    peaks = (rise >= local.max(axis=1)) & (rise > np.median(local, axis=1) + 0.06)
    return float(peaks.sum() / (len(part) / RATE))


def _centroid_hz(part: Sound) -> float:
    spectra, hz = _spectra(part, 2048)
    return float((spectra @ hz).sum() / spectra.sum())


# The score


def test_same_seed_gives_the_same_notes_and_another_seed_other_ones() -> None:
    assert compose(3) == compose(3)
    assert compose(3) != compose(4)


def test_sections_follow_each_other_and_name_every_mood() -> None:
    assert SECTIONS[0].start_s == 0.0
    for before, after in pairwise(SECTIONS):
        assert before.end_s == after.start_s
    assert SECTIONS[-1].end_s == DURATION_S
    assert {"calm", "bright", "dark", "driving"} <= {section.mood for section in SECTIONS}


def test_every_note_can_be_played() -> None:
    for note in compose():
        assert note.instrument in INSTRUMENTS
        assert 0.0 <= note.start_s < DURATION_S
        assert note.duration_s > 0.0
        assert 0.0 < note.velocity <= 1.0
        assert -1.0 <= note.pan <= 1.0
        assert 24 <= note.pitch <= 108


def test_voices_move_little_and_sound_every_colour_of_the_chord() -> None:
    harmony = chords("Dm A7/C# Dm7/C Bm7b5 Bbmaj7 Gm6 Dm")
    voicings = lead_voices(harmony, 48, 68, 4)
    for current, voicing in zip(harmony, voicings, strict=True):
        assert {pitch % 12 for pitch in voicing} == set(current.classes)
    steps = np.abs(np.diff(np.array(voicings), axis=0))
    assert steps.mean() < 2.0
    assert steps.max() <= 5


def test_notation_refuses_what_it_cannot_read() -> None:
    assert pitch_number("A4") == 69
    assert pitch_number("Bb3") == 58
    with pytest.raises(ValueError, match="H4"):
        pitch_number("H4")
    with pytest.raises(ValueError, match="Cmajor"):
        chords("C Cmajor")
    with pytest.raises(ValueError, match="bar line at beat 3"):
        list(melody("C4:3 | D4:4"))


# The instruments


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_instrument_is_finite_deterministic_and_without_offset(name: str) -> None:
    instrument = INSTRUMENTS[name]
    wave = instrument.voice(frequency_hz(57), RATE, 0.5)
    assert wave.dtype == np.float32
    assert wave.shape[-1] == RATE
    assert np.isfinite(wave).all()
    assert wave.tobytes() == instrument.voice(frequency_hz(57), RATE, 0.5).tobytes()
    peak = np.abs(wave).max()
    assert 0.05 < peak < 12.0
    assert np.abs(np.atleast_2d(wave).mean(axis=1)).max() < 0.01 * peak


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_a_note_begins_and_ends_without_a_click(name: str) -> None:
    played = place([Note(0.5, 0.8, 57, 0.8, name)], 5 * RATE, lambda share: None)[0].T
    peak = np.abs(played).max()
    start = int(0.5 * RATE)
    assert not played[:start].any()
    assert np.abs(played[start : start + 2]).max() < 0.05 * peak
    # Once the attack is over no sample jumps out of the run of its neighbours, nor does the end.
    bend = np.abs(np.diff(played[start + RATE // 10 :], 2, axis=0)).max(axis=1)
    around = np.lib.stride_tricks.sliding_window_view(bend, 441)[::441].mean(axis=1)
    assert bend.max() <= 12 * around.max() + 1e-6 * peak
    assert not played[-RATE // 10 :].any()


def test_partials_and_harmonics_are_the_sums_they_claim_to_be() -> None:
    t = np.arange(3000) / RATE
    hz, level = np.array([220.0, 441.3, 3520.0]), np.array([1.0, 0.5, 0.2])
    decay, phase = np.array([0.5, 3.0, 40.0]), np.array([0.1, 1.0, -2.0])
    waves = np.cos(2 * np.pi * np.outer(t, hz) + phase) * np.exp(-np.outer(t, decay))
    plain = (level * waves).sum(axis=1)
    assert np.abs(damped_partials(hz, level, decay, phase, t.size) - plain).max() < 1e-5
    turning = 2 * np.pi * np.cumsum(300 + 20 * np.sin(40 * t)) / RATE
    weights = 1.0 / np.arange(1, 21)
    plain = (weights * np.sin(np.outer(turning, np.arange(1, 21)))).sum(axis=1)
    assert np.abs(harmonics(turning, weights) - plain).max() < 1e-4


# The sound


def test_length_level_and_offset(sound: Sound) -> None:
    assert sound.dtype == np.float32
    assert sound.shape == (round(DURATION_S * RATE), 2)
    assert 150.0 < len(sound) / RATE < 260.0
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() <= CEILING + DITHER
    assert np.abs(sound.mean(axis=0, dtype=np.float64)).max() < 1e-4


def test_peaks_between_the_samples_stay_below_minus_one_dbfs(sound: Sound) -> None:
    size, margin = 1 << 15, 256
    loud = [
        at
        for at in range(0, len(sound) - size - 2 * margin, size)
        if np.abs(sound[at : at + size]).max() > 0.75
    ]
    assert loud, "the driving part should come near full scale"
    for at in loud:
        spectrum = np.fft.rfft(sound[at : at + size + 2 * margin], axis=0)
        between = np.fft.irfft(spectrum, 4 * (size + 2 * margin), axis=0) * 4
        assert np.abs(between[4 * margin : -4 * margin]).max() <= 10 ** (-1 / 20)


def _excerpt(name: str, seconds: float) -> list[Note]:
    """The beginning of a section, composed anew, moved to 0 s."""
    start_s = MOODS[name].start_s
    return [
        replace(note, start_s=note.start_s - start_s)
        for note in compose()
        if start_s <= note.start_s < start_s + seconds
    ]


def test_composing_and_mixing_twice_gives_the_same_bytes() -> None:
    shares: list[float] = []
    once, again = (mix(_excerpt("flight", 3.0), 4.0, each) for each in (shares.append, None))
    assert np.abs(once).max() > 0.1
    assert once.tobytes() == again.tobytes()
    assert shares == sorted(shares)
    assert shares[0] > 0.0
    assert shares[-1] == 1.0


def test_moods_differ_in_loudness_density_and_brightness(sound: Sound) -> None:
    parts = {name: _cut(sound, section) for name, section in MOODS.items()}
    loud = {name: _rms_db(part) for name, part in parts.items()}
    dense = {name: _onsets_per_second(part) for name, part in parts.items()}
    bright = {name: _centroid_hz(part) for name, part in parts.items()}
    assert loud["surge"] > loud["bloom"] + 4 > loud["dawn"] + 8
    assert loud["surge"] > loud["shadow"] + 4
    assert loud["flight"] > loud["home"] + 12
    assert dense["surge"] > 3 * dense["dawn"]
    assert dense["surge"] > 3 * dense["shadow"]
    assert dense["bloom"] > 1.5 * dense["dawn"]
    assert dense["flight"] > 3 * dense["home"]
    assert bright["surge"] > 3 * bright["dawn"]
    assert bright["bloom"] > 2 * bright["shadow"]


@pytest.mark.parametrize(
    ("name", "tonic", "major"),
    [
        ("dawn", 2, True),
        ("bloom", 7, True),
        ("shadow", 2, False),
        ("surge", 2, False),
        ("flight", 2, True),
        ("home", 2, True),
    ],
)
def test_mode_is_heard_in_the_third(sound: Sound, name: str, tonic: int, major: bool) -> None:
    chroma = _chroma(_cut(sound, MOODS[name]))
    ratio = chroma[(tonic + 4) % 12] / chroma[(tonic + 3) % 12]
    assert ratio > 4 if major else ratio < 0.5


def test_section_borders_have_no_click(sound: Sound) -> None:
    for section in SECTIONS[1:]:
        border = int(section.start_s * RATE)
        around = np.abs(np.diff(sound[border - 4 * RATE : border + 4 * RATE], axis=0)).max(axis=1)
        middle = slice(4 * RATE - 441, 4 * RATE + 441)
        near = around[middle].max()
        around[middle] = 0.0
        # A border is a musical event: it may be as sharp as the beats on either side, no sharper.
        assert near <= 2 * around.max()


def test_the_loop_has_no_seam(sound: Sound) -> None:
    joined = np.concatenate([sound[-RATE:], sound[:RATE]])
    step = np.abs(np.diff(joined, axis=0)).max(axis=1)
    assert step[RATE - 10 : RATE + 10].max() < 1e-3
    # It ends in the breath it began with, so that neither the first play nor a stop clicks.
    assert np.abs(sound[:4]).max() < 2e-3
    assert np.abs(sound[-4:]).max() < 2e-3
    assert _rms_db(sound[-RATE // 2 :]) < -50 < _rms_db(sound[: 2 * RATE])


def test_both_speakers_carry_the_piece_and_so_does_mono(sound: Sound) -> None:
    for section in SECTIONS:
        left, right = _cut(sound, section).T
        assert abs(_rms_db(left) - _rms_db(right)) < 1.5
        assert 0.3 < np.corrcoef(left, right)[0, 1] < 0.99


# The cache


def test_the_module_renders_in_a_process_of_its_own(
    sound: Sound, demo_piece: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert demo_piece.name == demo.path().name
    assert demo_piece.parent.name == "livesing"
    assert [entry.name for entry in demo_piece.parent.glob("demo*")] == [demo_piece.name]
    # This process composes the same music: its beginning, when what rings over from the end has died away.
    alone = mix(_excerpt("dawn", 10.0), 12.0)
    place = slice(5 * RATE, round(9.9 * RATE))
    assert np.abs(sound[place]).max() > 0.1
    assert np.abs(alone[place] - sound[place]).max() < 2e-3
    monkeypatch.setenv("XDG_CACHE_HOME", str(demo_piece.parent.parent))
    assert demo.ensure(lambda share: pytest.fail("rendered again")) == demo_piece


def test_a_damaged_file_does_not_count(short: Sound, cache: Path) -> None:
    assert demo.cached() is None
    file = demo.store(short)
    assert demo.cached() == file == demo.path()
    whole = file.read_bytes()
    file.write_bytes(b"not music")
    assert demo.cached() is None
    file.write_bytes(whole)
    assert demo.cached() == file


def test_the_file_appears_whole_even_when_two_write_it(short: Sound, cache: Path) -> None:
    seen: list[int] = []
    finished = threading.Event()

    def watch() -> None:
        last = False
        while not last:
            last = finished.wait(0.0005)
            if demo.path().exists():
                seen.append(soundfile.info(str(demo.path())).frames)

    watcher = threading.Thread(target=watch)
    writers = [threading.Thread(target=demo.store, args=(short,)) for _ in range(2)]
    for thread in (watcher, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    finished.set()
    watcher.join()
    assert set(seen) == {len(short)}
    assert [entry.name for entry in demo.path().parent.iterdir()] == [demo.path().name]


def test_a_write_that_fails_leaves_nothing_behind(cache: Path) -> None:
    with pytest.raises(ValueError):
        demo.store(np.zeros((100, 3), dtype=np.float32))  # three channels do not fit
    assert list(demo.path().parent.iterdir()) == []


def test_an_unwritable_cache_gives_way_to_the_temporary_folder(short: Sound, cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    file = demo.store(short)
    assert file.is_relative_to(cache.parent / "temporary")
    assert file.name == demo.path().name
    if hasattr(os, "getuid"):
        assert file.parent.stat().st_mode & 0o077 == 0  # nobody else can plant a file there
    assert demo.cached() == file
    assert demo.ensure(lambda share: pytest.fail("rendered again")) == file
    cache.unlink()
    assert demo.cached() is None  # the cache works again: the spare copy has served its turn


def test_nowhere_to_write_is_one_line_and_an_error_code(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    code = (
        "import sys, tempfile, livesing.audio.demo as demo\n"
        f"tempfile.tempdir = {str(blocked)!r}\n"
        "sys.exit(demo.main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "XDG_CACHE_HOME": str(blocked)},
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "demo piece cannot be written" in done.stderr


def test_importing_the_piece_stays_light() -> None:
    code = "import sys, livesing.audio.demo; print({'soundfile', 'platformdirs'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "set()\n", done.stderr
