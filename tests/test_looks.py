"""Looks: keys, numbers, panic and saved files, with a real folder of presets."""

import logging
import os
from pathlib import Path

import pytest

from livesing.looks import PANIC_FADE, Looks, PresetWatcher
from livesing.params import Params
from livesing.preset import PresetFolder
from livesing.style.transport import Spread

FPS = 60.0


class Stage:
    """A folder of presets and the frames of a show."""

    def __init__(self, folder: Path, count: int = 4) -> None:
        self.path = folder
        for number in range(1, count + 1):
            self.save(number, f"light.pulse = {number / 10}\nlens.fold = {number}")
        self.folder = PresetFolder(folder)
        self.folder.poll()
        self.params = Params()
        self.params.drain(0.0)
        self.recoloured: list[tuple[Spread | None, float, float]] = []
        self.looks = Looks(
            self.params, self.folder, lambda *what: self.recoloured.append(what), self.folder.presets[0]
        )
        self.now = 0.0

    def save(self, number: int, text: str, name: str = "") -> Path:
        path = self.path / f"{number}-{name or chr(96 + number)}.toml"
        before = path.stat().st_mtime_ns if path.exists() else 0
        path.write_text(text)
        now = max(path.stat().st_mtime_ns, before + 1_000_000)
        os.utime(path, ns=(now, now))
        return path

    def play(self, seconds: float = 0.1) -> None:
        for _ in range(max(1, round(seconds * FPS))):
            self.now += 1 / FPS
            self.values = self.params.drain(self.now)
            self.looks.step(self.now, self.values)
        self.values = self.params.drain(self.now)

    @property
    def on(self) -> tuple[str, float]:
        """Its name, and the number that is told to the outside."""
        return self.looks.current.name, self.params.target("show.preset")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_the_first_look_is_on_from_the_start(stage: Stage) -> None:
    stage.play()
    assert stage.on == ("a", 1)
    assert stage.values["lens.fold"] == 1
    assert len(stage.recoloured) == 1


def test_it_may_begin_with_any(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.looks = Looks(stage.params, stage.folder, lambda *_: None, stage.folder.presets[2])
    stage.play()
    assert stage.on == ("c", 3)
    stage.params.fire("show.next")
    stage.play()
    assert stage.on == ("d", 4)


def test_next_and_previous_go_round(stage: Stage) -> None:
    seen = []
    for trigger in ["show.next"] * 5 + ["show.previous"] * 6:
        stage.params.fire(trigger)
        stage.play()
        seen.append(stage.on)
    assert seen == [(name, ord(name) - 96) for name in "bcdabadcbad"]


def test_one_press_is_one_step(stage: Stage) -> None:
    stage.params.fire("show.next")
    stage.play(2.0)
    assert stage.on == ("b", 2)


@pytest.mark.parametrize("number", [1, 2, 4])
def test_a_number_chooses(stage: Stage, number: int) -> None:
    stage.params.set("show.preset", number)
    stage.play()
    assert stage.on == (chr(96 + number), number)
    assert stage.values["lens.fold"] == number


def test_a_number_that_is_not_there_is_told_and_nothing_changes(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.params.set("show.preset", 2)
    stage.play()
    changes = len(stage.recoloured)
    with caplog.at_level(logging.WARNING):
        stage.params.set("show.preset", 7)
        stage.play(0.5)
    assert stage.on == ("b", 2)
    assert len(stage.recoloured) == changes
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert warnings == ["there is no preset 7; there are 4"]


def test_a_change_is_a_crossfade_of_the_given_length(stage: Stage) -> None:
    stage.play(1.0)
    begin = stage.values["light.pulse"]
    stage.params.set("show.fade", 4.0)
    stage.params.set("show.preset", 4)
    stage.play(0.05)
    assert stage.recoloured[-1][2] == 4.0
    stage.play(2.0)
    assert begin + 0.1 < stage.values["light.pulse"] < 0.3
    stage.play(2.1)
    assert stage.values["light.pulse"] == 0.4


def test_palettes_come_and_go(stage: Stage) -> None:
    stage.save(2, "palette.colours = ['#000000', '#ffffff']")
    stage.folder.poll()
    stage.params.set("show.preset", 2)
    stage.play()
    assert stage.recoloured[-1][0] is not None
    stage.params.set("show.preset", 3)
    stage.play()
    assert stage.recoloured[-1][0] is None


def test_panic_frees_everything_and_goes_to_the_first(stage: Stage) -> None:
    stage.params.set("show.preset", 3)
    stage.play(3.0)
    held = ("show.freeze", "show.blackout", "show.hold")
    for name in held:
        stage.params.set(name, 1)
    stage.params.set("light.pulse", 1.0)
    stage.play()
    stage.params.fire("show.panic")
    stage.params.fire("show.next")  # in the same frame: panic wins
    stage.play(PANIC_FADE + 0.1)
    assert stage.on == ("a", 1)
    assert [stage.values[name] for name in held] == [0, 0, 0]
    assert stage.values["light.pulse"] == pytest.approx(0.1)
    stage.play(1.0)
    assert stage.on == ("a", 1)


def test_panic_in_the_first_look_resets_what_was_turned(stage: Stage) -> None:
    stage.params.set("light.pulse", 1.0)
    stage.play()
    stage.params.fire("show.panic")
    stage.play(PANIC_FADE + 0.1)
    assert stage.values["light.pulse"] == pytest.approx(0.1)


def test_a_saved_file_shows(stage: Stage) -> None:
    stage.play(1.0)
    stage.save(1, "light.pulse = 0.9")
    stage.save(2, "light.pulse = 0.8")
    stage.folder.poll()
    changes = len(stage.recoloured)
    stage.play(3.0)
    assert stage.values["light.pulse"] == pytest.approx(0.9)
    assert len(stage.recoloured) == changes + 1, "only the look that is on changes, and once"
    stage.params.fire("show.next")
    stage.play(3.0)
    assert stage.values["light.pulse"] == pytest.approx(0.8)


def test_a_broken_file_leaves_the_look_alone(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    watcher = PresetWatcher(stage.folder)
    stage.play(3.0)
    stage.save(1, "light.pulse = 'loud'")
    changes = len(stage.recoloured)
    with caplog.at_level(logging.WARNING):
        watcher.look()
    stage.play(1.0)
    assert watcher.message.startswith("1-a.toml:1: ")
    assert watcher.message in caplog.text
    assert len(stage.recoloured) == changes
    assert stage.values["light.pulse"] == pytest.approx(0.1)


def test_the_watcher_thread_sees_a_save_and_stops(stage: Stage) -> None:
    watcher = PresetWatcher(stage.folder)
    watcher.start()
    try:
        stage.save(1, "light.pulse = 0.9")
        for _ in range(200):
            if stage.folder.presets[0].values["light.pulse"] == 0.9:
                break
            watcher.join(0.05)
        assert stage.folder.presets[0].values["light.pulse"] == 0.9
    finally:
        watcher.stop()
        watcher.join(10.0)
    assert not watcher.is_alive()


def test_turning_by_hand_keeps_what_was_turned(stage: Stage) -> None:
    stage.play(3.0)
    stage.params.set("light.pulse", 0.66)
    stage.play(2.0)
    assert stage.values["light.pulse"] == pytest.approx(0.66)


# ------------------------------------------------------------------------------- when the folder changes


def test_the_show_goes_on_without_any_preset(stage: Stage) -> None:
    """A memory stick that is pulled out, a folder that is moved."""
    for path in stage.path.iterdir():
        path.unlink()
    stage.folder.poll()
    assert stage.folder.presets == ()
    stage.play()
    for trigger in ("show.next", "show.previous", "show.panic"):
        stage.params.set("show.freeze", 1)
        stage.params.fire(trigger)
        stage.play()
    assert stage.looks.current.name == "a"
    assert stage.values["show.freeze"] == 0, "panic unfreezes all the same"
    stage.params.set("show.preset", 3)
    stage.play()
    assert stage.values["lens.fold"] == 1


def test_when_the_look_that_is_on_is_deleted_it_stays_on(stage: Stage) -> None:
    stage.params.set("show.preset", 2)
    stage.play(3.0)
    (stage.path / "2-b.toml").unlink()
    stage.folder.poll()
    stage.play(1.0)
    assert stage.looks.current.name == "b"
    assert stage.values["lens.fold"] == 2
    stage.params.fire("show.next")
    stage.play()
    assert stage.looks.current.name in "acd"


def test_the_number_follows_when_an_earlier_file_goes(stage: Stage) -> None:
    stage.params.set("show.preset", 3)
    stage.play(3.0)
    (stage.path / "1-a.toml").unlink()
    stage.folder.poll()
    stage.play()
    assert stage.on == ("c", 2)
    stage.params.set("show.preset", 3)
    stage.play()
    assert stage.on == ("d", 3)


def test_two_files_of_one_name_are_two_looks(stage: Stage) -> None:
    """Copying `2-b.toml` to `9-b.toml` is how a variant begins."""
    stage.save(9, "lens.fold = 9", name="b")
    stage.folder.poll()
    folds = []
    for _ in range(6):
        stage.params.fire("show.next")
        stage.play(0.5)
        folds.append(stage.values["lens.fold"])
    assert folds == [2, 3, 4, 9, 1, 2]
