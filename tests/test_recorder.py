"""The recorder: a film that opens elsewhere, keeps its time, and appears when it is whole."""

import time
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest
from sounds import sine

from livesing.errors import LivesingError
from livesing.ring import Ring
from livesing.stage.recorder import Recorder

RATE = 44_100
SIZE = 64, 48


class Sound:
    """A source that plays what it is told to."""

    name, rate, overflows = "test", RATE, 0

    def __init__(self, channels: int = 1) -> None:
        self.ring = Ring(channels=channels)

    def play(self, block: np.ndarray) -> None:
        self.ring.write(np.repeat(block[:, None], self.ring.channels, axis=1))

    def alive(self, now: float) -> bool:
        return True

    def close(self) -> None:
        pass


class Film(NamedTuple):
    times: list[float]
    """Of each picture, in seconds."""
    pictures: list[np.ndarray]
    end: float
    sound: np.ndarray
    """At 48 kHz."""
    sound_begin: float


def watch(path: Path) -> Film:
    times, pictures, sounds, begins = [], [], [], []
    with av.open(str(path)) as file:
        for frame in file.decode(video=0):
            times.append(float(frame.time))
            pictures.append(frame.to_ndarray(format="rgb24"))
        end = float(file.duration) / 1e6
    with av.open(str(path)) as file:
        if file.streams.audio:
            for frame in file.decode(audio=0):
                begins.append(float(frame.time))
                sounds.append(frame.to_ndarray()[0])
    return Film(
        times, pictures, end, np.concatenate(sounds) if sounds else np.zeros(0), min(begins, default=0.0)
    )


def grey(level: int) -> np.ndarray:
    return np.full((SIZE[1], SIZE[0], 3), level, np.uint8)


def show(recorder: Recorder, now: float, picture: np.ndarray) -> None:
    """Hand over a frame and wait until the encoder has taken it, as the frames of a show do by their rate."""
    recorder.show(now, picture)
    until = time.perf_counter() + 10
    while recorder._newest is not None and recorder.is_alive() and time.perf_counter() < until:
        time.sleep(0.0005)


def test_picture_and_sound_keep_their_time(tmp_path: Path) -> None:
    source = Sound(channels=2)
    recorder = Recorder(tmp_path / "show.mp4", *SIZE, 30.0, source)
    recorder.start()
    tone = sine(RATE, 2.0, 440.0)
    for number in range(60):
        begin, end = number * RATE // 30, (number + 1) * RATE // 30
        source.play(tone[begin:end])
        show(recorder, 77.0 + number / 30, grey(4 * number))
        assert not (tmp_path / "show.mp4").exists()
    assert recorder.finish() == tmp_path / "show.mp4"
    assert [path.name for path in tmp_path.iterdir()] == ["show.mp4"]

    film = watch(tmp_path / "show.mp4")
    assert len(film.times) == recorder.written
    assert recorder.written >= 58
    assert film.times[0] == pytest.approx(0.0, abs=0.001)
    assert film.times[-1] == pytest.approx(59 / 30, abs=0.001)
    assert film.end == pytest.approx(2.0, abs=0.1)
    for moment, picture in zip(film.times, film.pictures, strict=True):
        assert picture.mean() == pytest.approx(4 * round(moment * 30), abs=6)
    assert len(film.sound) / 48_000 == pytest.approx(2.0, abs=0.06)
    spectrum = np.abs(np.fft.rfft(film.sound[4800:-4800]))
    assert spectrum.argmax() * 48_000 / (len(film.sound) - 9600) == pytest.approx(440, abs=2)
    assert film.sound[4800:-4800].std() == pytest.approx(0.3 / np.sqrt(2), rel=0.1)


def test_uneven_frames_keep_their_time(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "show.mp4", *SIZE, 30.0, None)
    recorder.start()
    moments = [0.0, 0.02, 0.5, 0.51, 1.4, 1.4, 1.3, 2.0]  # late, early, twice, backwards
    for moment in moments:
        show(recorder, 5.0 + moment, grey(100))
    film = watch(recorder.finish())
    np.testing.assert_allclose(film.times, [0.0, 0.02, 0.5, 0.51, 1.4, 2.0], atol=0.001)


def test_sound_from_before_the_first_picture_does_not_delay_the_rest(tmp_path: Path) -> None:
    source = Sound()
    recorder = Recorder(tmp_path / "show.mp4", *SIZE, 30.0, source)
    recorder.start()
    source.play(np.zeros(RATE // 2, np.float32))  # the show opens its parts
    for number in range(30):
        source.play(sine(RATE, 1 / 30, 440.0) if number >= 15 else np.zeros(RATE // 30, np.float32))
        show(recorder, number / 30, grey(0))
    film = watch(recorder.finish())
    onset = np.flatnonzero(np.abs(film.sound) > 0.1)[0] / 48_000 + film.sound_begin
    assert onset == pytest.approx(0.5, abs=0.1)


def test_lost_sound_leaves_a_gap_and_not_a_shift(tmp_path: Path) -> None:
    """The encoder stalls until the ring has gone round: what comes later is still in time."""
    source = Sound()
    recorder = Recorder(tmp_path / "show.mp4", *SIZE, 30.0, source)
    recorder.start()
    show(recorder, 0.0, grey(0))
    time.sleep(0.05)
    seconds = 5.0
    source.play(np.zeros(round(seconds * RATE), np.float32))  # more than the ring holds
    show(recorder, seconds, grey(0))
    time.sleep(0.05)
    source.play(sine(RATE, 0.5, 440.0))
    show(recorder, seconds + 0.5, grey(0))
    path = recorder.finish()
    with av.open(str(path)) as file:
        onset = next(
            float(frame.time) for frame in file.decode(audio=0) if np.abs(frame.to_ndarray()).max() > 0.1
        )
    assert onset == pytest.approx(seconds, abs=0.1)


def test_broken_samples_do_not_end_the_film(tmp_path: Path) -> None:
    source = Sound()
    recorder = Recorder(tmp_path / "show.mp4", *SIZE, 30.0, source)
    recorder.start()
    for number in range(30):
        block = sine(RATE, 1 / 30, 440.0)
        if number == 10:
            block[::7], block[::11], block[::13] = np.nan, np.inf, -1e30
        source.play(block)
        show(recorder, number / 30, grey(100))
    film = watch(recorder.finish())
    assert film.times[-1] == pytest.approx(29 / 30, abs=0.001)
    assert np.isfinite(film.sound).all()
    assert len(film.sound) / 48_000 == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize("size", [(65, 49), (2, 2), (1, 1)])
def test_odd_sizes(tmp_path: Path, size: tuple[int, int]) -> None:
    if min(size) < 2:
        with pytest.raises(LivesingError):
            Recorder(tmp_path / "show.mp4", *size, 30.0, None)
        return
    recorder = Recorder(tmp_path / "show.mp4", *size, 30.0, None)
    recorder.start()
    for number in range(5):
        show(recorder, number / 30, np.zeros((size[1], size[0], 3), np.uint8))
    film = watch(recorder.finish())
    assert film.pictures[0].shape == (size[1] // 2 * 2, size[0] // 2 * 2, 3)


def test_a_film_without_pictures_is_no_film(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "show.mp4", *SIZE, 30.0, Sound())
    recorder.start()
    with pytest.raises(LivesingError, match="no picture"):
        recorder.finish()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LivesingError, match=r"show\.mp4 cannot be written"):
        Recorder(tmp_path / "nothing" / "show.mp4", *SIZE, 30.0, None)


def test_rates_that_are_no_whole_numbers(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "show.mp4", *SIZE, 59.94, None)
    recorder.start()
    for number in range(12):
        show(recorder, number / 59.94, grey(50))
    assert watch(recorder.finish()).times[-1] == pytest.approx(
        float(Fraction(11) / Fraction("59.94")), abs=0.001
    )
