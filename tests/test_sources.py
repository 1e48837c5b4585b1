"""Sources: the word that names one, real files in real time, and errors that help."""

import gc
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from sounds import sine

from livesing.audio import device
from livesing.audio.file import FileSource
from livesing.audio.sound_file import MOST_CHANNELS, SoundFile
from livesing.audio.source import Spec, parse_spec
from livesing.audio_input import AudioInput
from livesing.errors import SourceError
from livesing.train.passages import name_of, sound_files

# ---------------------------------------------------------------------------------------- the word for it


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        (None, Spec("default")),
        ("", Spec("default")),
        ("demo", Spec("demo")),
        ("Scarlett", Spec("device", device="Scarlett")),
        ("Scarlett:3,4", Spec("device", device="Scarlett", channels=(3, 4))),
        ("Scarlett: 3 , 4", Spec("device", device="Scarlett", channels=(3, 4))),
        ("Scarlett:7", Spec("device", device="Scarlett", channels=(7,))),
        ("HDA Intel PCH: ALC295", Spec("device", device="HDA Intel PCH: ALC295")),
        ("HDA Intel: ALC295 (hw:0,0)", Spec("device", device="HDA Intel: ALC295 (hw:0,0)")),
        ("HDA Intel: ALC295 (hw:0,0):2", Spec("device", device="HDA Intel: ALC295 (hw:0,0)", channels=(2,))),
        ("Scarlett:", Spec("device", device="Scarlett:")),
        ("Scarlett:3,", Spec("device", device="Scarlett:3,")),
        ("Scarlett:-1", Spec("device", device="Scarlett:-1")),
        (":3", Spec("device", device=":3")),
        ("demo:1", Spec("device", device="demo", channels=(1,))),
    ],
)
def test_the_word_on_the_command_line(
    text: str | None, spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_spec(text) == spec


def test_what_is_a_file_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("song.wav", "odd:3,4"):
        Path(name).write_bytes(b"")
        assert parse_spec(name) == Spec("file", path=Path(name))
    (tmp_path / "folder").mkdir()
    assert parse_spec("folder").kind == "device"


def test_demo_is_the_demo_piece_unless_a_file_is_called_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, demo_piece: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(demo_piece.parent.parent))
    monkeypatch.chdir(tmp_path)
    whole = SoundFile(Path("demo"))
    assert whole.frames == soundfile.info(str(demo_piece)).frames
    whole.close()
    assert sound_files([Path("demo")]) == [Path("demo")] and name_of(Path("demo"), tmp_path) == "demo"
    soundfile.write(tmp_path / "demo", sine(48_000, 0.5, 440), 48_000, format="WAV")
    assert parse_spec("demo") == Spec("file", path=Path("demo"))
    own = SoundFile(Path("demo"))
    assert own.frames == 24_000
    own.close()
    assert name_of(Path("demo"), tmp_path / "labels") == (tmp_path / "demo").as_posix()


def test_a_word_that_no_file_can_be_called() -> None:
    assert parse_spec("x" * 5000).kind == "device"
    assert parse_spec("a\0b").kind == "device"


# -------------------------------------------------------------------------------------------- sound files


def ramp(count: int, channels: int = 1) -> np.ndarray:
    """Each sample says where it belongs, exactly in 24 bits."""
    return ((np.arange(count)[:, None] * 16 + np.arange(channels)) / 2**23).astype(np.float32)


def write(path: Path, sound: np.ndarray, rate: int = 48_000) -> Path:
    soundfile.write(path, sound, rate, **({"subtype": "PCM_24"} if path.suffix in (".wav", ".flac") else {}))
    return path


def read_all(sound: SoundFile, count: int = 1000) -> np.ndarray:
    blocks = []
    while (block := sound.read(count)) is not None:
        assert block.dtype == np.float32
        assert len(block) > 0
        blocks.append(block)
    return np.concatenate(blocks) if blocks else np.zeros((0, sound.channels), np.float32)


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("rate", [8_000, 44_100, 192_000])
def test_every_sample_in_order_and_again(tmp_path: Path, suffix: str, channels: int, rate: int) -> None:
    sound = SoundFile(write(tmp_path / f"a{suffix}", ramp(5003, channels), rate))
    assert (sound.rate, sound.channels) == (rate, channels)
    for _ in range(2):
        np.testing.assert_array_equal(read_all(sound), ramp(5003, channels))
        assert sound.read(10) is None
        sound.rewind()
    sound.close()
    sound.close()


def test_ogg(tmp_path: Path) -> None:
    tone = sine(44_100, 0.5, 440.0)
    sound = SoundFile(write(tmp_path / "a.ogg", tone, 44_100))
    heard = read_all(sound)[:, 0]
    assert len(heard) == len(tone)
    assert np.corrcoef(heard, tone)[0, 1] > 0.99


def resamplers() -> set[int]:
    """Those that are alive in this process."""
    gc.collect()
    return {id(each) for each in gc.get_objects() if type(each) is soxr.ResampleStream}


@pytest.mark.parametrize("rate", [4_000, 384_000])
def test_foreign_rates_are_resampled(tmp_path: Path, rate: int) -> None:
    before = resamplers()
    sound = SoundFile(write(tmp_path / "a.wav", sine(rate, 0.5, 440.0), rate))
    assert sound.rate == 48_000
    for _ in range(2):
        heard = read_all(sound, 512)[:, 0]
        assert len(heard) == pytest.approx(24_000, abs=50)
        spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
        assert spectrum.argmax() * 48_000 / len(heard) == pytest.approx(440, abs=3)
        assert np.abs(heard[1000:-1000]).max() == pytest.approx(0.3, rel=0.03)
        sound.rewind()
    sound.close()
    assert sound.read(512) is None
    assert resamplers() <= before


def refused(path: Path) -> str:
    with pytest.raises(SourceError) as error:
        SoundFile(path)
    assert path.name in str(error.value)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_is_no_sound_is_refused_in_one_line(tmp_path: Path) -> None:
    text, empty, nothing = tmp_path / "text.wav", tmp_path / "empty.wav", tmp_path / "nothing.flac"
    text.write_text("This is a letter.\n" * 50)
    write(empty, np.zeros((0, 2), np.float32))
    nothing.write_bytes(b"")
    refused(text)
    refused(nothing)
    assert "holds no sound" in refused(empty)
    assert "there is no file" in refused(tmp_path / "missing.wav")
    assert "is a folder" in refused(tmp_path)
    os.mkfifo(tmp_path / "pipe.wav")
    assert "no plain file" in refused(tmp_path / "pipe.wav")
    many = write(tmp_path / "many.wav", np.zeros((10, MOST_CHANNELS + 1), np.float32))
    assert str(MOST_CHANNELS) in refused(many)


@pytest.mark.parametrize("suffix", [".raw", ".mp3", ".wav", ""])
def test_what_a_file_is_lies_in_it_and_not_in_its_name(
    tmp_path: Path, suffix: str, capfd: pytest.CaptureFixture[str]
) -> None:
    right, wrong = tmp_path / f"right{suffix}", tmp_path / f"wrong{suffix}"
    write(tmp_path / "a.flac", ramp(600)).rename(right)
    np.testing.assert_array_equal(read_all(SoundFile(right)), ramp(600))
    wrong.write_text("This is a letter.\n" * 50)
    refused(wrong)
    assert capfd.readouterr().err == ""  # a decoder that was put on a false scent has its own words


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
def test_a_file_read_in_pieces_is_what_it_is_at_once(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"sound{suffix}"
    soundfile.write(path, np.stack([sine(44_100, 0.5, hz) for hz in (440.0, 550.0)], axis=1), 44_100)
    at_once = soundfile.read(path, dtype="float32", always_2d=True)[0]
    sound = SoundFile(path)
    np.testing.assert_array_equal(read_all(sound, 700), at_once)
    sound.rewind()
    sound.skip(0.1)
    assert len(read_all(sound, 512)) == len(at_once) - 4410


def test_a_damaged_file_is_played_as_far_as_it_goes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    whole = tmp_path / "whole.flac"
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (96_000, 1)).astype(np.float32)
    write(whole, noise)
    torn = tmp_path / "torn.flac"
    torn.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    sound = SoundFile(torn)
    for _ in range(2):
        heard = read_all(sound, 512)
        assert 20_000 < len(heard) < 60_000
        np.testing.assert_allclose(heard[:20_000], noise[:20_000], atol=1e-6)
        sound.rewind()
    assert [record.message.split(" after")[0] for record in caplog.records] == ["torn.flac is damaged"]
    np.testing.assert_array_equal(read_all(SoundFile(torn), 1 << 15), heard)  # in whatever blocks
    assert len(caplog.records) == 2  # told of the other one, too
    assert caplog.records[0].message == caplog.records[1].message


# ------------------------------------------------------------------------------------- played in real time


def listen(source: FileSource, seconds: float) -> tuple[np.ndarray, float]:
    """What comes during about `seconds` -> (samples from the first one on, samples a second of real time)."""
    begin, first = time.perf_counter(), source.ring.written
    while time.perf_counter() - begin < seconds:
        time.sleep(0.01)
    rate = (source.ring.written - first) / (time.perf_counter() - begin)
    sound = source.ring.read(0, source.ring.written)
    assert sound is not None
    return sound, rate


@pytest.mark.parametrize(
    ("name", "channels", "rate", "length"),
    [
        ("mono.wav", 1, 8_000, 8_000),
        ("six.flac", 6, 44_100, 60_000),
        ("fast.wav", 2, 192_000, 60_000),
        ("short.wav", 2, 48_000, 480),
        ("tiny.wav", 1, 48_000, 7),
    ],
)
def test_a_file_comes_in_order_in_real_time_and_over_again(
    tmp_path: Path, name: str, channels: int, rate: int, length: int
) -> None:
    source = FileSource(write(tmp_path / name, ramp(length, channels), rate), mute=True)
    try:
        assert source.name == name
        assert not source.audible
        # No faster than real time; slower only where the machine is busy.
        heard, pace = listen(source, 0.4)
        assert 0.4 * rate < pace < 2.0 * rate
        loops = -(-len(heard) // length)
        np.testing.assert_array_equal(heard, np.tile(ramp(length, channels), (loops, 1))[: len(heard)])
        assert source.alive(0.0)
    finally:
        source.close()
    assert not source.alive(0.0)
    written = source.ring.written
    time.sleep(0.05)
    assert source.ring.written == written
    source.close()


@pytest.mark.parametrize("rate", [4_000, 384_000])
def test_foreign_rates_in_real_time(tmp_path: Path, rate: int) -> None:
    source = FileSource(write(tmp_path / "a.wav", sine(rate, 0.05, 400.0), rate), mute=True)
    try:
        heard, pace = listen(source, 0.5)
    finally:
        source.close()
    assert source.rate == 48_000
    assert 0.4 * 48_000 < pace < 2.0 * 48_000
    assert np.abs(heard).max() == pytest.approx(0.3, rel=0.2)


def test_the_name_may_be_given(tmp_path: Path) -> None:
    source = FileSource(write(tmp_path / "a.wav", ramp(100)), name="demo piece", mute=True)
    source.close()
    assert source.name == "demo piece"


def test_the_input_plays_and_reopens_a_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", ramp(4800))
    before = threading.active_count()
    audio = AudioInput(parse_spec(str(path)), mute=True)
    heard = []
    audio.on_change = heard.append
    audio.open()
    try:
        assert audio.alive(0.0)
        assert audio.source.name == "a.wav"
        audio.source.close()
        assert not audio.alive(0.0)
        assert "a.wav" in audio.reopen()
        assert audio.alive(0.0)
        assert audio.reopened == 1
        assert len(heard) == 2
        audio.source.close()
        path.unlink()
        with pytest.raises(SourceError, match=r"a\.wav"):
            audio.reopen()
    finally:
        audio.close()
    assert audio.alive(0.0), "what was closed on purpose is not to be reopened"
    assert threading.active_count() == before


# ------------------------------------------------------------------------------------------------ devices


def test_a_device_that_is_not_there_is_refused_naming_those_that_are() -> None:
    with pytest.raises(SourceError) as error:
        device.find("no such thing")
    message = str(error.value)
    assert "'no such thing'" in message
    assert "\n" not in message
    for known in device.inputs():
        assert known.name in message
    assert device.inputs() or "none" in message


def test_a_device_that_is_not_there_cannot_be_opened() -> None:
    with pytest.raises(SourceError, match="no such thing"):
        device.DeviceSource("no such thing", (3, 4))
    with pytest.raises(SourceError, match="no such thing"):
        AudioInput(parse_spec("no such thing:3,4")).open()
