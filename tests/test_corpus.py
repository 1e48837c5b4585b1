"""The corpus: music that is composed the same way every time, and whose cues are what was chosen."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from livesing.audio.slow import SLOW_RATE
from livesing.errors import UsageError
from livesing.train.corpus import variants
from livesing.train.corpus.compose import compose
from livesing.train.corpus.factors import MODES, TEXTURE_SHARES, Factors, draw, feeling
from livesing.train.corpus.folder import labels, pieces_in, save
from livesing.train.corpus.harmony import PROGRESSIONS, SCALES, chord, scale_of, voicings
from livesing.train.corpus.midi import midi_file
from livesing.train.corpus.render import RATE as RENDER_RATE
from livesing.train.corpus.render import produce
from livesing.train.corpus.score import Note, Part, Score, attack_rate, attacks
from livesing.train.corpus.sketch import RATE, sketch
from livesing.train.notes_drums import RATE as MACHINE_RATE
from livesing.train.notes_drums import drum_loop, machine
from livesing.train.notes_music import ALIKE, TWINS, lesson
from livesing.train.notes_pairs import draw_voice, oscillated, split, tune

PLAIN = Factors(1, "piano", "major", 0, 100.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 8.0)


def test_a_seed_is_a_piece():
    one, again, other = (compose(draw(seed, 6.0)).score for seed in (7, 7, 8))
    assert midi_file(one) == midi_file(again)
    assert midi_file(one) != midi_file(other)


def test_cues_are_drawn_independently():
    drawn = [draw(seed) for seed in range(400)]
    names = ("bpm", "density", "dynamics", "articulation", "register", "brightness", "dissonance")
    columns = [[getattr(factors, name) for factors in drawn] for name in names]
    columns.append([MODES[factors.mode] for factors in drawn])
    r = np.corrcoef(columns) - np.eye(len(columns))
    assert np.abs(r).max() < 0.17
    assert {factors.texture for factors in drawn} == set(TEXTURE_SHARES)


@pytest.mark.parametrize("texture", TEXTURE_SHARES)
def test_every_texture_plays(texture):
    for seed in range(2):
        piece = compose(replace(draw(seed, 10.0), texture=texture))
        notes = [note for part in piece.score.parts for note in part.notes]
        assert len(notes) >= 4
        assert all(0 <= note.start_s < 10.0 and note.duration_s > 0 for note in notes)
        assert all(0 <= note.pitch < 128 and 0 < note.velocity < 128 for note in notes)
        assert 0.1 < piece.attack_rate < 25.0
    assert np.abs(sketch(piece.score)).max() > 0.005


@pytest.mark.parametrize("mode", PROGRESSIONS)
def test_progressions_are_of_their_mode(mode):
    assert mode in MODES
    tonics = 0
    for progression in PROGRESSIONS[mode]:
        chords = [chord(symbol, 5) for symbol in progression.split()]
        tonics += any(each.root == 5 for each in chords)
        for each in chords:
            assert set(each.classes) <= set(scale_of(mode, 5, each))
    assert tonics == len(PROGRESSIONS[mode])
    assert (4 in SCALES[mode]) == (MODES[mode] > 0)


def test_chord_symbols():
    assert chord("V7", 0) == (7, (7, 11, 2, 5))
    assert chord("bVI", 9) == (5, (5, 9, 0))
    assert chord("iih7", 0).classes == (2, 5, 8, 0)
    assert chord("V7/V", 0).root == 2
    with pytest.raises(ValueError, match="not a chord symbol"):
        chord("H7", 0)


def test_voices_move_little():
    chords = [chord(symbol, 0) for symbol in ("I", "vi", "IV", "V", "I", "ii", "V7", "I")]
    shapes = voicings(chords, 60.0, 3)
    for (one, other), each in zip(pairwise(shapes), chords[1:], strict=True):
        assert {pitch % 12 for pitch in other} <= set(each.classes)
        assert np.mean(np.abs(np.subtract(one, other))) <= 4.0


def test_attacks_that_coincide_are_one():
    chord_of_three = [Note(start + early, 0.4, 60, 80) for start in (0.0, 1.0) for early in (0.0, 0.01, 0.02)]
    assert attack_rate(Score([Part(0, notes=chord_of_three)], 2.0)) == pytest.approx(1.0)
    assert attack_rate(Score([], 2.0)) == 0.0


@pytest.mark.parametrize(
    ("axis", "change"),
    [
        ("valence", {"mode": "minor"}),
        ("valence", {"dissonance": 0.9}),
        ("arousal", {"dynamics": -0.8}),
        ("arousal", {"bpm": 70.0}),
    ],
)
def test_the_label_follows_the_published_direction(axis, change):
    usual = getattr(feeling(PLAIN, 3.0, 0.0, 0.0), axis)
    assert getattr(feeling(replace(PLAIN, **change), 3.0, 0.0, 0.0), axis) < usual - 0.05


def test_more_attacks_drive_arousal_most():
    few, many = (feeling(PLAIN, rate, 0.0, 0.0) for rate in (1.5, 6.0))
    assert many.arousal - few.arousal > 1.5 * (many.valence - few.valence) > 0


def _read_tracks(data: bytes) -> list[list[tuple[int, int, int, int]]]:
    """Channel events (tick, status, first, second) of each track of a MIDI file."""
    assert data[:8] == b"MThd" + struct.pack(">I", 6)
    tracks, place = [], 14
    while place < len(data):
        assert data[place : place + 4] == b"MTrk"
        (length,) = struct.unpack(">I", data[place + 4 : place + 8])
        body, place = data[place + 8 : place + 8 + length], place + 8 + length
        events, at, tick = [], 0, 0
        while at < len(body):
            delta = 0
            while True:
                byte = body[at]
                at += 1
                delta = delta << 7 | byte & 0x7F
                if byte < 0x80:
                    break
            tick += delta
            status = body[at]
            if status == 0xFF:
                at += 3 + body[at + 2]
            elif status & 0xF0 == 0xC0:
                at += 2
            else:
                events.append((tick, status, body[at + 1], body[at + 2]))
                at += 3
        tracks.append(events)
    return tracks


def test_every_note_is_in_the_midi_file_and_ends():
    piece = compose(replace(draw(3, 8.0), texture="band"))
    tracks = _read_tracks(midi_file(piece.score))
    struck = [event for track in tracks for event in track if event[1] & 0xF0 == 0x90]
    assert len(struck) == sum(len(part.notes) for part in piece.score.parts)
    for track in tracks:
        on = Counter(event[2] for event in track if event[1] & 0xF0 == 0x90)
        off = Counter(event[2] for event in track if event[1] & 0xF0 == 0x80)
        assert on == off
    first = min(note.start_s for part in piece.score.parts for note in part.notes)
    assert struck and min(event[0] for event in struck) == round(first * 960)


def test_variants_change_one_cue():
    score = compose(PLAIN).score
    assert attack_rate(variants.at_tempo(score, 1.5)) == pytest.approx(1.5 * attack_rate(score), rel=0.05)
    assert attack_rate(variants.doubled(score)) > 1.4 * attack_rate(score)
    short, long = (variants.detached(score, share) for share in (0.3, 1.0))
    held = [sum(note.duration_s for part in each.parts for note in part.notes) for each in (short, long)]
    assert held[0] < 0.5 * held[1]
    assert attack_rate(short) == attack_rate(long)
    loud = variants.at_velocity(score, 1.5)
    assert all(
        other.velocity == min(int(1.5 * one.velocity), 127)
        for a, b in zip(score.parts, loud.parts, strict=True)
        for one, other in zip(a.notes, b.notes, strict=True)
    )


def test_harder_notes_sound_louder():
    score = compose(PLAIN).score
    soft, loud = (sketch(variants.at_velocity(score, factor)).std() for factor in (0.7, 1.3))
    assert loud > 1.5 * soft


def test_production_keeps_what_was_played():
    piece = compose(replace(PLAIN, texture="band", seconds=4.0))
    tone = (0.1 * np.sin(2 * np.pi * 220 / RENDER_RATE * np.arange(4 * RENDER_RATE))).astype(np.float32)
    out = produce(tone, piece)
    assert out.shape == tone.shape and out.dtype == np.float32
    assert 0.01 < np.abs(out).max() <= 1.0
    spectrum = np.abs(np.fft.rfft(out))
    assert np.argmax(spectrum) == 220 * 4
    np.testing.assert_array_equal(out, produce(tone, piece))


def test_a_folder_keeps_what_is_known(tmp_path):
    pieces = [compose(draw(seed, 3.0)) for seed in range(3)]
    for piece in pieces:
        save(piece, sketch(piece.score), RATE, tmp_path)
    read = list(pieces_in(tmp_path))
    assert [piece.seed for piece in read] == [0, 1, 2]
    assert [piece.valence for piece in read] == [piece.feeling.valence for piece in pieces]
    sound, rate = read[1].sound()
    assert rate == RATE
    np.testing.assert_allclose(sound, sketch(pieces[1].score), atol=2.0**-15)
    standard = labels(read)
    np.testing.assert_allclose([standard.mean(axis=0), standard.std(axis=0)], [[0, 0], [1, 1]], atol=1e-9)


@pytest.mark.parametrize("number", [TWINS, TWINS + 8])
def test_a_twin_is_the_lesson_before_with_notes_struck_again(number):
    """Two that our own synthesiser plays."""
    one, twin = lesson(number, ()), lesson(number + 1, ())
    begun, again = ({round(time_s, 6) for time_s, _ in each.attacks} for each in (one, twin))
    assert len(again) > 1.4 * len(begun) and len(begun & again) > 0.8 * len(begun)
    assert one.sound.shape == twin.sound.shape and not np.allclose(one.sound, twin.sound)


def test_another_instrument_has_the_same_onsets():
    """One that our own synthesiser plays."""
    one, other = lesson(ALIKE + 14, ()), lesson(ALIKE + 15, ())
    assert one.attacks == other.attacks and not np.allclose(one.sound, other.sound)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_tune_is_played_where_it_says_and_split_has_more_onsets(seed):
    rng = np.random.default_rng(seed)
    score, voice = tune(rng, 4.0), draw_voice(rng)
    sound = oscillated(score, voice)
    assert sound.shape == (4 * SLOW_RATE,) and 0.01 < np.abs(sound).max() < 1.0
    assert attack_rate(split(score)) > 1.6 * attack_rate(score)
    silence = Score([Part(0, notes=[Note(2.0, 0.5, 60, 90)])], 4.0)
    alone = oscillated(silence, voice)
    assert not alone[: 2 * SLOW_RATE].any() and alone[2 * SLOW_RATE :].any()
    assert not alone[round((2.5 + voice.release_s) * SLOW_RATE) + 1 :].any()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_drum_loop_is_struck_where_it_says(seed):
    rng = np.random.default_rng(seed)
    score = drum_loop(rng, 6.0)
    sound = machine(score, rng)
    first_s = min(note.start_s for part in score.parts for note in part.notes)
    assert sound.shape == (6 * MACHINE_RATE,) and not sound[: int(first_s * MACHINE_RATE)].any()
    for start_s, counts in attacks(score):
        at = round(start_s * MACHINE_RATE)
        assert counts > 0.5 and np.abs(sound[at : at + MACHINE_RATE // 20]).max() > 0.01


def test_an_empty_folder_is_no_corpus(tmp_path):
    with pytest.raises(UsageError, match="no rendered corpus"):
        list(pieces_in(tmp_path))


def test_without_a_soundfont_it_says_so(tmp_path):
    command = [sys.executable, "-m", "livesing.train.corpus", str(tmp_path / "out"), "--pieces", "1"]
    child = subprocess.run(
        [*command, "--soundfont", str(tmp_path / "none.sf2")], capture_output=True, text=True, check=False
    )
    assert child.returncode == 2
    assert "soundfont" in child.stderr and "Traceback" not in child.stderr
    assert not list((tmp_path / "out").iterdir())
