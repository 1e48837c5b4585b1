"""The sound check, from sound to a venue's file and back."""

from __future__ import annotations

import json
import math
import threading
import time
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from conftest import RunLivesing
from sounds import cut, drum_loop, silence, song

from livesing import venue
from livesing.audio.slow import Cues, SlowPath
from livesing.audio.tempo import Rhythm
from livesing.errors import LivesingError, UsageError
from livesing.listener import Listener, mood_box, pulse_box
from livesing.params import Params
from livesing.ring import Ring
from livesing.sentiment.cue_estimator import CHECK_TRUST, PRIORS, CueEstimator, cue_values, follow
from livesing.sentiment.normaliser import Prior
from livesing.sentiment.sound_check import (
    LEAST_HEARD_S,
    LONGEST_S,
    SHORTEST_S,
    SoundCheck,
    Statistic,
    calibrated,
)
from livesing.sound_desk import TRIGGER, SoundDesk
from livesing.venue import Venue

RATE = 22_050
LEVEL = {"level": Prior(-20.0, 6.0)}


def hear(sound: np.ndarray) -> list[Cues]:
    """Its cues but for the beat, which no check asks for."""
    path = SlowPath(RATE, rhythm=Rhythm(RATE))
    return [cues for part in cut(sound, 8192) for cues in path.push(part)]


@pytest.fixture(scope="module")
def music() -> Callable[[float], list[Cues]]:
    """`music(gain_db)`: the cues of 22 s of it."""
    sound = song(RATE, 22.0, minor=False) + 0.5 * drum_loop(RATE, 22.0, 96.0)[0]
    return cache(lambda gain_db: hear(sound * np.float32(10 ** (gain_db / 20))))


def checked(heard: list[Cues]) -> SoundCheck:
    check = SoundCheck(PRIORS, SHORTEST_S)
    for cues in heard:
        if check.done:
            break
        check.hear(None if cues.silent else cue_values(cues), 0.5)
    return check


# ------------------------------------------------------------------------------------------- what it gathers


def test_the_median_and_the_spread_of_what_was_heard() -> None:
    rng = np.random.default_rng(0)
    check = SoundCheck(LEVEL, 60.0)
    for value in rng.normal(-31.0, 3.0, 119):
        check.hear({"level": float(value)}, 0.5)
    for _ in range(6):
        check.hear({"level": 1e6}, 0.5)  # somebody dropped the microphone
    heard = check.statistics()["level"]
    assert heard.median == pytest.approx(-31.0, abs=1.5)
    assert heard.spread == pytest.approx(3.0, rel=0.4)


def test_it_ends_early_when_nothing_moves_any_more() -> None:
    steady = SoundCheck(LEVEL, 60.0)
    while not steady.done:
        steady.hear({"level": -25.0}, 0.5)
    assert steady.elapsed == SHORTEST_S
    rising = SoundCheck(LEVEL, 60.0)
    while not rising.done:
        rising.hear({"level": -40.0 + rising.elapsed}, 0.5)
    assert rising.elapsed == 60.0


@pytest.mark.parametrize(("asked", "taken"), [(1.0, SHORTEST_S), (30.0, 30.0), (600.0, LONGEST_S)])
def test_it_takes_between_20_and_60_seconds(asked: float, taken: float) -> None:
    assert SoundCheck(LEVEL, asked).seconds == taken


def test_silence_counts_as_time_and_not_as_music() -> None:
    check = SoundCheck(LEVEL, 30.0)
    for step in range(60):
        check.hear({"level": -25.0} if step % 3 == 0 else None, 0.5)
    assert check.done
    assert check.heard == 10.0
    assert check.statistics()["level"] == (-25.0, 0.0)


def test_of_hardly_any_sound_nothing_is_learnt() -> None:
    check = SoundCheck(LEVEL, 30.0)
    for step in range(60):
        check.hear({"level": -25.0} if 0.5 * step < LEAST_HEARD_S - 0.5 else None, 0.5)
    assert check.done
    assert check.statistics() == {}
    assert checked(hear(silence(RATE, SHORTEST_S + 2.0))).statistics() == {}


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_left_out(bad: float) -> None:
    check = SoundCheck(LEVEL, 30.0)
    for step in range(60):
        check.hear({"level": bad if step % 2 else -25.0}, 0.5)
    assert check.statistics()["level"].median == -25.0


# ---------------------------------------------------------------------------------------- what comes of it


def test_priors_move_as_far_as_they_are_trusted() -> None:
    priors = {name: Prior(0.0, 1.0) for name in ("whole", "half", "never")}
    heard = {name: Statistic(4.0, 3.0) for name in priors}
    moved = calibrated(priors, heard, {"whole": 1.0, "half": 0.5})
    assert [moved[name].mean for name in priors] == [4.0, 2.0, 0.0]
    assert moved["whole"].std == pytest.approx(1.5)
    assert moved["never"] == priors["never"]
    far = calibrated(priors, {"whole": Statistic(1e9, 0.0)}, {"whole": 1.0})
    assert far["whole"].mean == 8.0
    assert 0.5 < far["whole"].std < 1.0
    assert far["half"] == priors["half"]


@pytest.mark.parametrize("gain_db", [-24.0, 12.0])
def test_after_it_the_gain_no_longer_shows(music: Callable[[float], list[Cues]], gain_db: float) -> None:
    def arousal(estimator: CueEstimator, heard: list[Cues]) -> float:
        return float(np.mean([mood.arousal for _, mood in follow(heard[:24], estimator)][8:]))

    usual, shifted = music(0.0), music(gain_db)
    plain = arousal(CueEstimator(), usual)
    calibrated_there, calibrated_here = CueEstimator(), CueEstimator()
    calibrated_there.calibrate(checked(shifted).statistics())
    calibrated_here.calibrate(checked(usual).statistics())
    without = abs(arousal(CueEstimator(), shifted) - plain)
    with_check = abs(arousal(calibrated_there, shifted) - arousal(calibrated_here, usual))
    assert without > 0.3
    assert with_check < 0.1 * without


def test_mode_stays_absolute() -> None:
    assert not CHECK_TRUST.keys() & {"mode", "chord_mode", "key_clarity"}
    assert CHECK_TRUST.keys() <= PRIORS.keys()
    sad = hear(song(RATE, 22.0, minor=True))
    estimator = CueEstimator()
    estimator.calibrate(checked(sad).statistics())
    moods = [mood for _, mood in follow(sad[:28], estimator)]
    assert np.mean([mood.valence for mood in moods[10:]]) < -0.3


# ------------------------------------------------------------------------------------------------- venues


@pytest.fixture
def data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("platformdirs.user_data_path", lambda name: tmp_path / name)
    return tmp_path / "livesing" / "venues"


CLUB = Venue(
    "Club 7", "2026-05-01", 24.5, {name: Statistic(p.mean + p.std, 0.5 * p.std) for name, p in PRIORS.items()}
)


def test_a_venue_comes_back_as_it_was(data_home: Path) -> None:
    path = venue.save(CLUB, PRIORS)
    assert path == data_home / "Club 7.json"
    assert [entry.name for entry in data_home.iterdir()] == ["Club 7.json"]
    for stray in ("notes.txt", "bad\nname.json", ".hidden.json"):
        (venue.folder() / stray).touch()
    (venue.folder() / "folder.json").mkdir()
    assert venue.names() == ["Club 7"]
    again = venue.load("Club 7", PRIORS)
    assert (again.name, again.date, again.heard_s) == ("Club 7", "2026-05-01", 24.5)
    for name, statistic in CLUB.cues.items():
        assert again.cues[name] == pytest.approx(statistic)


def test_a_later_version_with_other_scales_understands_it(data_home: Path) -> None:
    venue.save(CLUB, PRIORS)
    rescaled = {name: Prior(10.0 * prior.mean + 3.0, 10.0 * prior.std) for name, prior in PRIORS.items()}
    again = venue.load("Club 7", rescaled)
    for name, prior in rescaled.items():
        assert again.cues[name] == pytest.approx((prior.mean + prior.std, 0.5 * prior.std))
    assert venue.load("Club 7", {}).cues == {}


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "x" * 61, "a\0b", "con ", "a\nb"]
)
def test_a_name_is_never_a_path(data_home: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no name for a venue"):
        venue.load(name, PRIORS)
    with pytest.raises(UsageError, match="no name for a venue"):
        venue.save(Venue(name, "2026-05-01", 20.0, {}), PRIORS)
    assert not data_home.exists()


@pytest.mark.parametrize("name", ["Club 7", "café_1", "st. anna-kirche", "7"])
def test_ordinary_names_are_taken(data_home: Path, name: str) -> None:
    typed_apart = unicodedata.normalize("NFD", name)  # as macOS hands file names on
    venue.save(Venue(typed_apart, "2026-05-01", 20.0, {}), PRIORS)
    assert venue.load(name, PRIORS).name == venue.load(typed_apart, PRIORS).name == name
    assert venue.names() == [name]


def with_flux(statistics: str) -> str:
    return '{"format": 1, "date": "", "heard_s": 1, "cues": {"flux": {' + statistics + "}}}"


DAMAGED = {
    "cut off": '{"format": 1, "venue": "x", "da',
    "empty": "",
    "no object": "[1, 2]",
    "another format": '{"format": 9}',
    "no cues": '{"format": 1, "date": "", "heard_s": 1}',
    "not a number": with_flux('"median": NaN, "spread": 1, "usual": [0, 1]'),
    "no spread": with_flux('"median": 1, "usual": [0, 1]'),
    "no deviation": with_flux('"median": 1, "spread": 1, "usual": [0, 0]'),
    "three numbers": with_flux('"median": 1, "spread": 1, "usual": [0, 1, 2]'),
    "too large": with_flux(f'"median": {10**400}, "spread": 1, "usual": [0, 1]'),
    "beyond all": with_flux('"median": 1e308, "spread": 1, "usual": [0, 1e-300]'),
    "no time": with_flux('"median": 1, "spread": 1, "usual": [0, 1]').replace(
        '"heard_s": 1', '"heard_s": NaN'
    ),
    "two lines": with_flux('"median": 1, "spread": 1, "usual": [0, 1]').replace('""', '"a\\nb"'),
    "binary": "\udcff\udcfe",
    "nested": "[" * 100_000,
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_one_clear_line_and_stays(data_home: Path, content: str) -> None:
    data_home.mkdir(parents=True)
    path = data_home / "club.json"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    before = path.read_bytes()
    for check_s in (None, 30.0):
        with pytest.raises(LivesingError, match="damaged") as caught:
            SoundDesk("club", check_s)
        assert "\n" not in str(caught.value)
        assert path.read_bytes() == before


def test_what_cannot_be_written_leaves_the_old_one(data_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = venue.save(CLUB, PRIORS)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(LivesingError, match="No space left"):
        venue.save(CLUB, PRIORS)
    assert path.read_bytes() == before
    assert list(data_home.iterdir()) == [path]


# --------------------------------------------------------------------------------------------- in the show


class Playing:
    """A source whose sound has come already."""

    name, overflows = "test", 0

    def __init__(self, rate: int, channels: int = 1) -> None:
        self.rate = rate
        self.ring = Ring(channels=channels)

    def alive(self, now: float) -> bool:
        return True

    def close(self) -> None:
        pass


def wait_for(what, seconds: float = 20.0) -> bool:
    end = time.perf_counter() + seconds
    while not what():
        if time.perf_counter() > end:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.parametrize("sounding", [True, False])
def test_a_trigger_during_the_show(data_home: Path, sounding: bool) -> None:
    """Twenty-five seconds of sound in a moment: the listener takes what is in its Ring as it comes."""
    source = Playing(8_000)
    listener = Listener(source, pulse_box(), mood_box())
    usual = listener.estimator.normaliser.priors
    desk, params = SoundDesk(None, None), Params()
    listener.start()
    try:
        desk.look(listener, params)
        assert listener.check is None
        assert desk.row(listener) is None
        params.fire(TRIGGER)
        desk.look(listener, params)
        assert wait_for(lambda: listener.check is not None)
        sound = 0.05 * song(8_000, 32.0, minor=False) if sounding else silence(8_000, 32.0)
        for block in cut(sound, 4_000):
            source.ring.write(block)
            assert wait_for(
                lambda: listener.pulse is not None and listener.pulse.sample + 1 >= source.ring.written
            )
            desk.look(listener, params)
        assert wait_for(lambda: listener.check is None)
        assert wait_for(
            lambda: not [thread for thread in threading.enumerate() if thread.name == "sound check"]
        )
    finally:
        listener.stop()
        listener.join()
    label, words = desk.row(listener)
    assert label == "sound check"
    if sounding:
        assert "saved as default" in words
        assert venue.names() == ["default"]
        saved = json.loads((data_home / "default.json").read_text())
        assert saved["cues"].keys() == PRIORS.keys()
        assert listener.estimator.normaliser.priors != usual
        # The next show in this room begins where this one's sound check ended.
        again = SoundDesk("default", None).estimator().normaliser.priors
        for name, prior in listener.estimator.normaliser.priors.items():
            assert again[name] == pytest.approx(prior)
    else:
        assert "heard nothing" in words
        assert venue.names() == []
        assert listener.estimator.normaliser.priors == usual


def test_an_unknown_venue_is_refused_naming_those_there_are(
    run_livesing: RunLivesing, child_env, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    env = {"XDG_DATA_HOME": str(data), "HOME": str(tmp_path)}
    done = run_livesing(["live", "--venue", "nowhere", "--headless"], env=env)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    folder = data / "livesing" / "venues"
    folder.mkdir(parents=True)
    for name in ("Club 7", "barn"):
        (folder / f"{name}.json").write_text("{}")
    done = run_livesing(["live", "--venue", "nowhere"], env=env)
    assert done.returncode == 2
    assert "Club 7, barn" in done.stderr
    done = run_livesing(["live", "--venue", "barn"], env=env)
    assert done.returncode == 2
    assert "damaged" in done.stderr
    assert "Traceback" not in done.stderr
