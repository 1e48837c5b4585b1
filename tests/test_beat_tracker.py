"""The beat tracker: tempo, phase and bar of a stream, told before the beat sounds."""

import gc
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from sounds import Sound, add, drum_loop, note, silence, white

from livesing.audio import beat_net
from livesing.audio.beat_bar import METRES, BarFilter
from livesing.audio.beat_features import BANDS, FRAMES, STEP_S, STRIDE, STRIDE_S, Pauses
from livesing.audio.beat_filter import BPM_HIGH, BPM_LOW, BeatFilter, TempoSpace
from livesing.audio.beat_harmony import HarmonicChange
from livesing.audio.beat_inputs import INPUTS, BeatInputs
from livesing.audio.tempo import Rhythm

RATE = 44_100
BLOCK = 512
SPACE = TempoSpace()


def listen(sound: Sound, rate: int = RATE, size: int | None = BLOCK) -> list[tuple[float, ...]]:
    """(time s, turns, bpm, next beat s, confidence) after every block; size None: blocks of random sizes."""
    rhythm, first, told = Rhythm(rate), 0, []
    random = np.random.default_rng(0)
    while first < sound.size:
        step = int(random.integers(1, 5000)) if size is None else size
        rhythm.push(sound[first : first + step])
        first = min(first + step, sound.size)
        told.append((first / rate, rhythm.turns, rhythm.bpm, rhythm.next_beat_s, rhythm.confidence))
    return told


def heard_beats(told: list[tuple[float, ...]]) -> np.ndarray:
    """s: when the phase came to 0."""
    times = [
        time - (turns % 1.0) * 60.0 / bpm
        for (time, turns, bpm, *_), before in zip(told[1:], told[:-1], strict=True)
        if bpm > 0.0 and int(turns) > int(before[1])
    ]
    return np.array(times)


@pytest.mark.parametrize("size", [1, 64, 4096, None])
def test_the_cut_of_the_stream_changes_nothing(size: int | None) -> None:
    rate = 8000 if size == 1 else RATE
    sound, _ = drum_loop(rate, 2.0 if size == 1 else 6.0, 150.0)
    whole, parts = listen(sound, rate, sound.size)[-1], listen(sound, rate, size)[-1]
    np.testing.assert_allclose(parts, whole, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("rate", "bpm"),
    [(8_000, 112.0), (21_504, 128.0), (48_000, 96.0), (192_000, 140.0)],
)
def test_tempo_and_phase_at_every_rate(rate: int, bpm: float) -> None:
    sound, attacks = drum_loop(rate, 9.0, bpm)
    told = listen(sound, rate, 1024)
    assert told[-1][2] == pytest.approx(bpm, rel=0.02)
    beats = heard_beats(told)
    truth = attacks[::2] / rate
    off = [np.abs(beats - time).min() for time in truth[(truth > 5.0) & (truth < 8.5)]]
    assert max(off) < 0.05


@pytest.mark.parametrize("bpm", [96.5, 141.0])
def test_a_steady_tempo_is_told_to_a_thousandth(bpm: float) -> None:
    """Between the filter's own tempos, too: phase tells what their mean does not."""
    sound, _ = drum_loop(RATE, 26.0, bpm)
    told = [each[2] for each in listen(sound, size=2048)]
    assert np.mean(told[-len(told) // 4 :]) == pytest.approx(bpm, rel=0.0015)


def test_the_next_beat_is_known_before_it_sounds() -> None:
    sound, attacks = drum_loop(RATE, 10.0, 124.0)
    truth = attacks[::2] / RATE
    missed = [
        np.abs(truth - (time + ahead)).min() for time, _, _, ahead, _ in listen(sound) if 5.0 < time < 9.0
    ]
    assert np.quantile(missed, 0.95) < 0.04


@pytest.mark.parametrize("level", [1.0, 0.05], ids=["loud", "soft"])
def test_gain_changes_nothing(level: float) -> None:
    """From the first sound on, which swells out of silence; to the bit where the gain is a power of two."""
    sound, _ = drum_loop(RATE, 3.0, 128.0)
    sound *= np.float32(level) * np.geomspace(0.03, 1.0, sound.size, dtype=np.float32)
    plain = np.array(listen(sound, size=2048))
    assert plain[-1, 2] > 0.0
    for gain in (1 / 16, 16.0):
        assert (np.array(listen(np.float32(gain) * sound, size=2048)) == plain).all()
    softer = np.array(listen(np.float32(0.5) ** 0.5 * sound, size=2048))
    told = [1, 2, 4]  # turns, tempo and confidence; the next beat may be this one
    np.testing.assert_allclose(softer[:, told], plain[:, told], rtol=1e-3, atol=1e-3)


def test_noise_before_the_music_is_forgotten() -> None:
    r = np.random.default_rng(0)
    silence, noise = np.zeros((2, 60, FRAMES, BANDS), dtype=np.float32)
    noise += np.float32(1e-10) * r.gamma(1.0, 1.0, noise.shape).astype(np.float32)
    music = r.gamma(0.1, 0.1, noise.shape).astype(np.float32)
    alone, after = (BeatInputs(), BeatInputs())
    for before, inputs in ((silence, alone), (noise, after)):
        for powers in before:
            inputs.push(powers)
    for powers in music:
        np.testing.assert_allclose(after.push(powers), alone.push(powers), atol=0.05)


def test_a_pause_is_told_by_what_was_heard() -> None:
    powers = np.full((FRAMES, BANDS), 1e-3, dtype=np.float32)
    for gain in np.array([1e-3, 1.0, 1e2], dtype=np.float32):
        pauses = Pauses()
        assert pauses.push(np.zeros_like(powers))
        assert [pauses.push(gain * np.float32(share) * powers) for share in (1.0, 1e-4, 1e-7, 1e-4)] == [
            False, False, True, False,
        ]  # fmt: skip
    for _ in range(round(200 / STRIDE_S)):  # the music may go on more softly
        pauses.push(gain * np.float32(1e-7) * powers)
    assert not pauses.push(gain * np.float32(1e-7) * powers)


def test_another_track_is_found_within_four_seconds() -> None:
    first, _ = drum_loop(RATE, 8.0, 124.0)
    second, attacks = drum_loop(RATE, 9.0, 100.0)
    told = listen(np.concatenate((first, second)))
    beats = heard_beats(told)
    truth = 8.0 + attacks[::2] / RATE
    assert all(np.abs(beats - time).min() < 0.07 for time in truth[(truth > 12.0) & (truth < 16.5)])
    steps = np.diff([turns for _, turns, *_ in told])
    assert steps.min() >= 0.0


def test_silence_lets_the_beat_run_on_and_trusts_it_less() -> None:
    sound, attacks = drum_loop(RATE, 7.0, 120.0)
    told = listen(np.concatenate((sound, silence(RATE, 4.0))))
    assert told[-1][2] == pytest.approx(120.0, rel=0.03)
    assert told[-1][4] < 0.5 * max(confidence for *_, confidence in told)
    went_on = heard_beats(told)
    truth = attacks[0] / RATE + 0.5 * np.arange(22)
    late = truth[(truth > 7.2) & (truth < 9.0)]
    assert all(np.abs(went_on - time).min() < 0.08 for time in late)


@pytest.mark.parametrize("sound", [silence(RATE, 5.0), white(RATE, 6.0, -20.0)], ids=["silence", "noise"])
def test_there_is_no_beat_to_trust_where_there_is_none(sound: Sound) -> None:
    assert listen(sound)[-1][4] < 0.35


@pytest.mark.parametrize("bpm", [60.0, 87.0, 128.0, 174.0, 200.0])
def test_the_filter_finds_tempo_and_phase(bpm: float) -> None:
    beat_filter = BeatFilter(SPACE)
    period_s = 60.0 / bpm
    away = np.abs((np.arange(400) * STEP_S / period_s + 0.5) % 1.0 - 0.5) * period_s / STEP_S
    for first, second in np.where(away < 0.5, 2.0, np.where(away < 1.5, 0.0, -3.5)).reshape(-1, 2):
        beat_filter.push([first, second])
    rows = beat_filter.rows
    reading = beat_filter.read(int(rows.argmax()))
    assert 60.0 / reading.period_s == pytest.approx(bpm, rel=0.02)
    assert abs((reading.phase - 399 * STEP_S / period_s + 0.5) % 1.0 - 0.5) < 0.06
    assert rows.sum() == pytest.approx(beat_filter.total, rel=1e-5)


@pytest.mark.parametrize("evil", [float("nan"), float("inf")])
def test_the_filter_gets_over_what_is_no_number(evil: float) -> None:
    tracker, other = BeatFilter(SPACE), BeatFilter(SPACE)
    tempo = np.full(len(SPACE.cells), evil, np.float32) if np.isinf(evil) else None
    with np.errstate(all="ignore"):
        tracker.push([evil] * STRIDE, tempo)
    for number in range(20):
        odds = [3.0 if (STRIDE * number + step) % 25 == 0 else -3.0 for step in range(STRIDE)]
        for each in (tracker, other):
            each.push(odds)
    assert tracker.read(20) == other.read(20)


def test_the_filter_follows_a_drift() -> None:
    beat_filter = BeatFilter(SPACE)
    turns = np.cumsum(STEP_S * 110.0 * (1.0 + 0.25 * np.arange(1500) / 1500) / 60.0).astype(int)
    for first, second in np.where(np.diff(turns, prepend=0) > 0, 2.0, -3.5).reshape(-1, 2):
        beat_filter.push([first, second])
    reading = beat_filter.read(int(beat_filter.rows.argmax()))
    assert 60.0 / reading.period_s == pytest.approx(110.0 * 1.25, rel=0.03)


def test_the_space_holds_every_tempo() -> None:
    assert 60.0 / SPACE.period_s[0] == pytest.approx(BPM_HIGH, rel=0.03)
    assert 60.0 / SPACE.period_s[-1] == pytest.approx(BPM_LOW, rel=0.03)
    assert np.diff(np.log(SPACE.period_s)).max() < 0.04


@pytest.mark.parametrize("metre", METRES)
def test_the_bar_is_found(metre: int) -> None:
    bar = BarFilter()
    for beat in range(12 * metre):
        bar.push(0.8 if beat % metre == 0 else 0.05)
    assert (bar.beats_per_bar, bar.position) == (metre, metre - 1)
    assert bar.confidence > 0.5


def test_the_bar_is_found_by_harmony_alone() -> None:
    bar = BarFilter()
    for beat in range(48):
        changed_before = (beat - 1) % 4 == 3
        bar.push(0.25, np.array([0.6, 0.9] if changed_before else [0.05, 0.3], dtype=np.float32))
    assert (bar.beats_per_bar, bar.position) == (4, 0)


@pytest.mark.parametrize(("rate", "samples"), [(8_000, 320), (44_100, 1764), (21_504, 860)])
def test_a_chord_that_changes_is_a_change_of_harmony(rate: int, samples: int) -> None:
    chords = [
        sum(note(rate, 1.0, pitch, 0.5) for pitch in pitches) for pitches in ((45, 60, 64), (41, 57, 65))
    ]
    sound = np.concatenate([chords[number] for number in (0, 0, 1, 1)]).astype(np.float32)
    ends = {round(second * rate / samples) for second in (0.9, 1.9, 2.9, 3.9)}
    changes = []
    for gain in (1.0, 0.1):
        harmony, told = HarmonicChange(rate, samples), []
        for number in range(sound.size // samples):
            harmony.push(np.float32(gain) * sound[number * samples :][:samples])
            if number + 1 in ends:
                told.append(harmony.measure(0.5))
        changes.append(told)
    same, other, again = changes[0][1:4]
    assert (other > same + 0.2).all() and (other > again + 0.2).all()
    np.testing.assert_allclose(changes[0], changes[1], atol=1e-3)


@pytest.mark.parametrize("first", [0, 2])
def test_where_the_chord_changes_a_bar_begins(first: int) -> None:
    rate = 22_050
    sound, attacks = drum_loop(rate, 15.0, 128.0)
    beats = attacks[::2]
    for number, beat in enumerate(beats[first::4]):
        for pitch in ((45, 57, 60, 64), (41, 53, 57, 60))[number % 2]:
            add(sound, 0.08 * note(rate, 1.875, pitch, 0.5), int(beat))
    rhythm, places = Rhythm(rate), []
    for start in range(0, sound.size, BLOCK):
        rhythm.push(sound[start : start + BLOCK])
        places.append((start / rate, rhythm.bar_phase, rhythm.beats_per_bar))
    times = np.array([time for time, *_ in places])
    bars = [beat / rate for beat in beats[first::4] if 9.0 < beat / rate < 14.0]
    told = [places[int(np.abs(times - bar).argmin())] for bar in bars]
    assert all(metre == 4 and min(phase, 1.0 - phase) < 0.1 for _, phase, metre in told)


def test_nothing_is_known_of_a_bar_without_downbeats() -> None:
    bar = BarFilter()
    for _ in range(64):
        bar.push(0.25)
    assert bar.confidence < 0.2


def test_the_weights_that_ship() -> None:
    path = beat_net.WEIGHTS
    assert path.stat().st_size < 300_000
    assert Path(path).with_suffix(".md").is_file(), "no model card"
    weights = beat_net.read_weights()
    assert all(np.isfinite(array).all() for array in weights.values())
    told = beat_net.BeatNet(weights).judge(np.zeros((STRIDE, INPUTS), dtype=np.float32))
    assert told.tempo.shape == beat_net.TEMPOS.shape


def test_memory_does_not_grow_with_the_stream() -> None:
    rhythm, sound = Rhythm(8_000), drum_loop(8_000, 3.0, 120.0)[0]

    def kept_after(turns: int) -> int:
        for _ in range(turns):
            rhythm.push(sound)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        early, late = kept_after(2), kept_after(4)
    finally:
        tracemalloc.stop()
    assert late < early + 20_000  # a number kept for every step would be more
