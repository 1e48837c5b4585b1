"""The paper's features: librosa's for a file, near to them for a stream, the same however it is cut."""

import itertools
import tracemalloc

import numpy as np
import pytest
import soxr
from sounds import add, cut, drum_loop, silence, song, white

from livesing.audio.framing import Floats
from livesing.audio.paper import FEATURES, PaperFeatures, file_features
from livesing.audio.slow import FRAMES, HOP, SLOW_RATE, STEP
from livesing.audio.survey import survey_of

MFCC, TEMPOGRAM, CENS = slice(0, 40), slice(40, 424), slice(424, 436)


def truth(librosa, sound: Floats) -> Floats:
    """[frames, 436] of a sound at 21504 Hz."""
    settings = {"y": sound, "sr": SLOW_RATE, "hop_length": HOP}
    parts = (
        librosa.feature.mfcc(n_mfcc=40, **settings),
        librosa.feature.tempogram(**settings),
        librosa.feature.chroma_cens(**settings),
    )
    return np.concatenate(parts).T.astype(np.float32)


def whole(sound: Floats, rate: int) -> Floats:
    """[rows, 21, 436] in file mode."""
    return np.array(list(file_features(lambda: cut(sound, 30_000), rate)))


def stream(sound: Floats, rate: int, *, block: int | None = 4096, **settings) -> Floats:
    """[rows, 21, 436] in stream mode."""
    paper = PaperFeatures(rate, **settings)
    rows = [row for part in cut(sound, block) for row in paper.push(part)]
    return np.array(rows + paper.finish())


def agreement(rows: Floats, wanted: Floats) -> float:
    """Pearson's r."""
    return float(np.corrcoef(rows.ravel(), wanted.ravel())[0, 1])


def band(rate: int, duration_s: float, **settings) -> Floats:
    """A song with drums."""
    drums = drum_loop(rate, duration_s, settings.get("bpm", 96.0))[0]
    return song(rate, duration_s, **settings) + np.float32(0.5) * drums


def with_gap(sound: Floats, rate: int, first_s: float, after_s: float) -> Floats:
    sound = sound.copy()
    sound[round(first_s * rate) : round(after_s * rate)] = 0.0
    return sound


def faded(rate: int) -> Floats:
    sound = band(rate, 8.6, minor=False, bpm=140.0)
    return (sound * np.linspace(1.0, 0.0, sound.size) ** 4).astype(np.float32)


SOUNDS = {
    "a song": (22_050, lambda rate: song(rate, 7.3, minor=True)),
    "out of tune": (21_504, lambda rate: band(rate, 6.0, minor=False, key=0.37)),
    "a gap": (44_100, lambda rate: with_gap(band(rate, 8.0, minor=False), rate, 3.0, 5.5)),
    "silence about it": (48_000, lambda rate: np.pad(band(rate, 4.0, minor=True), (rate, 2 * rate))),
    "a fade": (16_000, faded),
    "drums": (8_000, lambda rate: drum_loop(rate, 6.0, 150.0)[0]),
    "noise": (22_050, lambda rate: white(rate, 3.2, -30.0)),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_a_file_has_the_features_of_librosa(librosa, name):
    rate, make = SOUNDS[name]
    sound = make(rate)
    rows = whole(sound, rate).reshape(-1, FEATURES)
    wanted = truth(librosa, librosa.resample(sound, orig_sr=rate, target_sr=SLOW_RATE))[: len(rows)]
    assert len(rows) == int(2 * sound.size / rate) * FRAMES
    for part in (MFCC, TEMPOGRAM):
        assert np.abs(rows[:, part] - wanted[:, part]).max() < 1e-5 * np.abs(wanted[:, part]).max()
    assert agreement(rows[:, CENS], wanted[:, CENS]) > 0.9999


def test_a_recording_has_the_features_of_librosa(librosa, data_dir):
    import soundfile

    clips = sorted((data_dir / "audio_samples").glob("*.ogg"))
    assert clips
    for clip in clips:
        with soundfile.SoundFile(clip) as file:
            rate = file.samplerate
            sound = file.read(5 * rate, dtype="float32", always_2d=True).mean(axis=1)
        rows = whole(sound, rate).reshape(-1, FEATURES)
        wanted = truth(librosa, soxr.resample(sound, rate, SLOW_RATE))[: len(rows)]
        assert np.abs(rows[:, MFCC] - wanted[:, MFCC]).max() < 1e-5 * np.abs(wanted[:, MFCC]).max()
        assert np.abs(rows[:, TEMPOGRAM] - wanted[:, TEMPOGRAM]).max() < 1e-5
        assert agreement(rows[:, CENS], wanted[:, CENS]) > 0.999


@pytest.mark.parametrize("name", ["a gap", "out of tune"])
def test_a_stream_is_no_further_from_the_file_than_librosa_on_the_past(librosa, name):
    sound = {
        "a gap": with_gap(band(SLOW_RATE, 12.1, minor=False), SLOW_RATE, 4.0, 6.0),
        "out of tune": song(SLOW_RATE, 12.1, minor=True, bpm=110.0, key=-0.41),
    }[name]
    numbers = range(20, sound.size // STEP + 1, 3)
    file = whole(sound, SLOW_RATE)
    pasts = [
        truth(librosa, sound[(number - 20) * STEP : number * STEP])[19 * FRAMES : 20 * FRAMES]
        for number in numbers
    ]
    live = stream(sound, SLOW_RATE)
    plain = stream(sound, SLOW_RATE, predicted=False)
    for number, past in zip(numbers, pasts, strict=True):
        # Without prediction it is what librosa has, but for the frame that is not complete, and for levels
        # that were raised for what was loud before.
        same = plain[number - 1]
        assert agreement(same[:-1, MFCC], past[:-1, MFCC]) > 0.99999
        assert agreement(same[:, TEMPOGRAM], past[:, TEMPOGRAM]) > 0.9999
        assert agreement(same[:, CENS], past[:, CENS]) > 0.999
    heard = np.array([live[number - 1] for number in numbers])
    wanted = np.array([file[number - 1] for number in numbers])
    for part in (MFCC, TEMPOGRAM, CENS):
        librosas = agreement(np.array(pasts)[..., part], wanted[..., part])
        assert agreement(heard[..., part], wanted[..., part]) >= librosas - 0.005


def test_prediction_carries_a_steady_beat_on():
    sound = drum_loop(SLOW_RATE, 15.0, 126.0)[0]
    file = whole(sound, SLOW_RATE)[20:, :, TEMPOGRAM]
    predicted = agreement(stream(sound, SLOW_RATE)[20:, :, TEMPOGRAM], file)
    ramp = agreement(stream(sound, SLOW_RATE, predicted=False)[20:, :, TEMPOGRAM], file)
    assert 1.0 - predicted < 0.4 * (1.0 - ramp)


def test_what_comes_later_is_nearer_to_the_file():
    sound = band(22_050, 15.5, minor=True, bpm=110.0)
    file = whole(sound, 22_050)[20:26]
    streams = [stream(sound, 22_050, lookahead=steps)[20:26] for steps in (0, 1, 4)]
    for part in (TEMPOGRAM, CENS):
        agreements = [agreement(rows[..., part], file[..., part]) for rows in streams]
        assert agreements == sorted(agreements)
        assert agreements[-1] > 0.99


CUTS = [(1, 8_000), (64, 22_050), (512, 44_100), (4096, 48_000), (None, 96_000)]
"""Samples in a block, or any number, and Hz."""


@pytest.mark.parametrize(("size", "rate"), CUTS)
def test_the_cut_of_the_stream_changes_nothing(size, rate):
    sound = band(rate, 2.2 if size == 1 else 3.1, minor=False)
    at_once = stream(sound, rate, block=sound.size)
    assert len(at_once) == (4 if size == 1 else 6)
    assert np.array_equal(stream(sound, rate, block=size), at_once)


def test_the_cut_of_a_file_changes_nothing():
    sound = band(22_050, 4.0, minor=False)
    rows = [list(file_features(lambda size=size: cut(sound, size), 22_050)) for size in (1024, None)]
    assert np.array_equal(*rows)


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 48_000, 192_000])
@pytest.mark.parametrize("lookahead", [0, 3])
def test_a_row_for_every_whole_half_second(rate, lookahead):
    for duration_s, rows in ((0.01, 0), (0.5, 1), (0.999, 1), (2.7, 5)):
        found = stream(white(rate, duration_s, -20.0), rate, lookahead=lookahead)
        assert len(found) == rows
        assert rows == 0 or found.shape == (rows, FRAMES, FEATURES)
        assert found.dtype == np.float32 or rows == 0
    assert survey_of([white(rate, 2.7, -20.0)], rate).samples == -(-round(2.7 * rate) * SLOW_RATE // rate)


def test_rows_come_while_the_sound_plays():
    paper = PaperFeatures(48_000)
    assert [len(paper.push(white(48_000, 0.5, -20.0, seed))) for seed in range(4)] == [0, 1, 1, 1]


def test_bad_samples_do_not_reach_a_feature():
    sound = band(22_050, 3.0, minor=False).astype(np.float64)
    good = sound.copy()
    good[[5_000, 5_001, 20_000]] = 0.0
    good[40_000] = 8.0
    sound[[5_000, 5_001, 20_000]] = np.nan, np.inf, -np.inf
    sound[40_000] = 1e9
    paper = PaperFeatures(22_050)
    rows = paper.push(sound) + paper.finish()
    assert paper.bad_samples == 3
    assert np.isfinite(rows).all()
    assert np.array_equal(rows, stream(good, 22_050))


def test_silence_has_no_pitch_and_no_onsets():
    for rows in (whole(silence(22_050, 3.0), 22_050), stream(silence(22_050, 3.0), 22_050)):
        assert np.isfinite(rows).all()
        assert not rows[..., 41:].any()
        # All levels are -100 dB, whose cosine transform is its first coefficient alone.
        assert rows[..., 0] == pytest.approx(-100.0 * np.sqrt(128.0), rel=1e-5)


def test_gain_moves_only_the_level():
    sound = band(22_050, 4.0, minor=True)
    plain, soft = stream(sound, 22_050), stream(sound * np.float32(0.125), 22_050)
    assert soft[..., 1:40] == pytest.approx(plain[..., 1:40], abs=0.1)
    assert soft[..., TEMPOGRAM] == pytest.approx(plain[..., TEMPOGRAM], abs=1e-3)
    assert soft[..., CENS] == pytest.approx(plain[..., CENS], abs=1e-3)


def test_chroma_follows_the_notes_whatever_their_tuning():
    for offset in (-0.4, 0.0, 0.3):
        sound = np.zeros(5 * SLOW_RATE)
        hz = 220.0 * 2.0 ** (offset / 12.0)  # an A
        for octave in range(3):
            add(sound, 0.1 * np.sin(2 * np.pi * hz * 2**octave / SLOW_RATE * np.arange(sound.size)), 0)
        rows = stream(sound.astype(np.float32), SLOW_RATE)
        assert (rows[4:, :, CENS].argmax(axis=2) == 9).all()


def test_memory_stays_constant():
    paper = PaperFeatures(22_050)
    blocks = itertools.cycle(list(cut(band(22_050, 6.0, minor=True), 11_025)))

    def hear(seconds: int) -> None:
        for block in itertools.islice(blocks, 2 * seconds):
            paper.push(block)

    hear(16)  # the 10 s of the tuning's memory, and the caches of kernels
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        hear(12)
        assert tracemalloc.get_traced_memory()[0] - before < 300_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("rate", [0, 7_999, 192_001])
def test_an_impossible_rate_is_refused(rate):
    with pytest.raises(ValueError, match="sample rate"):
        PaperFeatures(rate)
