"""The pieces that beats are measured on: made anew alike, with true beats, and scored by mir_eval."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from sounds import cut, drum_loop

from livesing.audio.tempo import Rhythm
from livesing.beat_set.drum_sounds import RATE
from livesing.beat_set.pieces import HALVES, PIECES, Piece, reseeded
from livesing.beat_set.render import Rendering, render
from livesing.bench_beat import beat_times, measure, recoveries, scores


def shortened(piece: Piece, seconds: float = 9.0) -> Piece:
    stretches = (replace(each, seconds=min(each.seconds, seconds), breaks=()) for each in piece.stretches)
    return replace(piece, stretches=tuple(stretches))


SOME = PIECES[:: max(len(PIECES) // 4, 1)]


def test_two_halves_of_many_pieces() -> None:
    assert {piece.half for piece in PIECES} == set(HALVES)
    counts = [sum(piece.half == half for piece in PIECES) for half in HALVES]
    assert min(counts) >= 20 and max(counts) - min(counts) <= 3
    assert len({piece.name for piece in PIECES}) == len(PIECES)


@pytest.mark.parametrize("piece", SOME, ids=lambda piece: piece.name)
def test_a_piece_has_sound_and_beats(piece) -> None:  # type: ignore[no-untyped-def]
    rendering = render(shortened(piece))
    assert np.isfinite(rendering.sound).all() and rendering.sound.std() > 0.005
    gaps = np.diff(rendering.beats)
    assert (gaps > 60 / 260).all() and rendering.beats[-1] <= len(rendering.sound) / RATE
    assert np.isin(rendering.downbeats, rendering.beats).all()
    assert scores(rendering.beats, rendering.beats)["f"] == 1.0


def test_the_same_piece_gives_the_same_samples_and_another_seed_others() -> None:
    piece = shortened(PIECES[0])
    sound, again, other = (render(each).sound for each in (piece, piece, reseeded(piece, 1)))
    assert (sound == again).all()
    assert other.shape != sound.shape or not (other == sound).all()


def test_recovery_is_counted_from_the_change() -> None:
    beats = np.arange(0.0, 20.0, 0.5)
    rendering = Rendering(np.zeros(1, np.float32), beats, beats[::4], np.array([10.0]))
    assert recoveries(rendering, beats) == [0.0]
    late = np.concatenate((beats[beats < 10] + 0.0, beats[beats >= 12]))
    assert recoveries(rendering, late) == [2.0]
    assert recoveries(rendering._replace(changes=np.zeros(0)), beats) == []


def test_both_trackers_are_measured() -> None:
    result = measure([shortened(PIECES[0], 14.0)])
    for tracker in ("livesing", "aubio"):
        assert 0 <= result[tracker]["f"] <= 1
        assert ("downbeat_f" in result[tracker]) == (tracker == "livesing")
        assert result[tracker]["us_per_10_ms"] > 0


def test_downbeats_are_the_beats_at_the_beginning_of_a_bar() -> None:
    sound, attacks = drum_loop(RATE, 11.0, 120.0)  # the kick is louder on one and three
    rhythm = Rhythm(RATE)
    late = [(beat, place) for beat, place in beat_times(rhythm, cut(sound, 512)) if beat > 6.5]
    places = [place for _, place in late]
    assert len(late) > 6 and 0 in places
    metre = rhythm.beats_per_bar
    steps = [(after - before) % metre for before, after in pairwise(places)]
    assert sum(step == 1 % metre for step in steps) >= len(steps) - 1
    truth = attacks[::2] / RATE
    assert all(np.abs(truth - beat).min() < 0.07 for beat, _ in late)
