"""`livesing label` driven by a hand: real keys and clicks in a real window, without a sound card."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import SINK, PulseServer, StartLivesing
from PIL import Image, ImageGrab

from livesing.audio.player import Player
from livesing.cli import main
from livesing.label_page import ACCENT, BARS, COLUMNS, Page, draw, layout, wave_of
from livesing.train.label_session import GRID, LabelSession
from livesing.train.labels import FILE, Label, Labels, Passage, Picture
from livesing.train.passages import passages_of

SIZE = (640, 360)
RATE = 16_000
PATIENCE = 60.0


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 s of chords."""
    path = tmp_path_factory.mktemp("song") / "chords.wav"
    t = np.arange(30 * RATE) / RATE
    notes = 220 * 2 ** (np.array([0, 3, 7])[:, None] / 12 + np.floor(t / 2) / 12)
    soundfile.write(path, 0.1 * np.sin(2 * np.pi * notes * t).sum(axis=0), RATE)
    return path


class Hand:
    """Works on one window of `livesing label`."""

    def __init__(self, process: subprocess.Popen[str], display: str, folder: Path) -> None:
        self.process, self.display, self.folder = process, display, folder
        self.until(lambda: self.xdotool("search", "--name", "^livesing label$") != "")
        window = self.xdotool("search", "--name", "^livesing label$").split()[0]
        place = self.xdotool("getwindowgeometry", "--shell", window).splitlines()
        values = dict(line.split("=") for line in place if "=" in line)
        self.left, self.top = int(values["X"]), int(values["Y"])
        self.point(SIZE[0] // 2, SIZE[1] - 4)
        self.shown = np.zeros(1)
        self.next_grid()

    def xdotool(self, *words: str) -> str:
        env = {**os.environ, "DISPLAY": self.display}
        done = subprocess.run(
            ["xdotool", *words], env=env, capture_output=True, text=True, check=False, timeout=20
        )
        return done.stdout

    def until(self, true: Callable[[], bool]) -> None:
        end = time.perf_counter() + PATIENCE
        while not true():
            assert self.process.poll() is None, self.process.communicate()[1]
            assert time.perf_counter() < end, "it does not come"
            time.sleep(0.15)

    def look(self) -> np.ndarray:
        """[360, 640, 3] 0..255."""
        shot: Image.Image = ImageGrab.grab(xdisplay=self.display)
        box = (self.left, self.top, self.left + SIZE[0], self.top + SIZE[1])
        return np.asarray(shot.crop(box).convert("RGB"), np.float64)

    def tiles(self) -> list[np.ndarray]:
        """The pictures, without their rims."""
        shot = self.look()
        return [shot[t + 20 : b - 4, lf + 4 : r - 4] for lf, t, r, b in layout(SIZE, GRID, 16 / 9).tiles]

    def next_grid(self) -> None:
        """Wait until another grid than the one known is there as a whole."""

        def there() -> bool:
            seen = self.tiles()
            first = np.stack([tile.mean(axis=(0, 1)) for tile in seen])
            new = self.shown.size == 1 or bool((np.abs(first - self.shown).max(axis=1) > 4).sum() > 4)
            if not new or any(tile.std(axis=(0, 1)).max() <= 3 for tile in seen):
                return False
            self.shown = first
            return True

        self.until(there)

    def point(self, x: float, y: float) -> None:
        self.xdotool("mousemove", str(round(self.left + x)), str(round(self.top + y)))

    def press(self, key: str) -> None:
        self.xdotool("key", key)

    def click(self, tile: int) -> None:
        left, top, right, bottom = layout(SIZE, GRID, 16 / 9).tiles[tile]
        self.point((left + right) / 2, (top + bottom) / 2)
        self.xdotool("click", "1")

    def rows(self) -> list[str]:
        path = self.folder / FILE
        return path.read_text().splitlines()[1:] if path.exists() else []

    def expect(self, actions: list[str]) -> None:
        """Wait until the CSV holds these actions, and the next grid is there."""
        self.until(lambda: [row.split(",")[0] for row in self.rows()] == actions)
        self.next_grid()


def heard(pulse: PulseServer, seconds: float) -> np.ndarray:
    """What the sound card plays in the next seconds."""
    command = ["parec", f"--device={SINK}.monitor", "--format=float32le", "--channels=1", "--latency-msec=20"]
    recorder = subprocess.Popen(command, env={**os.environ, **pulse.env}, stdout=subprocess.PIPE)
    assert recorder.stdout is not None
    try:
        return np.frombuffer(recorder.stdout.read(int(44_100 * seconds) * 4), "<f4")
    finally:
        recorder.kill()
        recorder.communicate()


def test_a_sitting_goes_on_where_one_ended(
    xvfb: str, pulse: PulseServer, start_livesing: StartLivesing, song: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "labels"
    before = LabelSession(Labels(folder), passages_of([song], folder, 0), "embedded", range(20))
    before.pick(0)
    words = ["label", song, "-o", folder, "--windowed", f"{SIZE[0]}x{SIZE[1]}", "--classes", "0-19"]
    hand = Hand(start_livesing(words, env={"DISPLAY": xvfb, **pulse.env}), xvfb, folder)
    hand.press("r")
    assert np.abs(heard(pulse, 1.0)).max() > 0.05
    hand.press("space")
    hand.next_grid()
    hand.press("3")
    hand.expect(["pick", "pick"])
    hand.click(4)
    hand.expect(["pick", "pick", "pick"])
    hand.press("s")
    hand.expect(["pick", "pick", "pick", "skip"])
    hand.press("BackSpace")
    hand.press("BackSpace")
    hand.expect(["pick", "pick", "pick", "skip", "undo", "undo"])
    hand.press("Escape")
    out, err = hand.process.communicate(timeout=PATIENCE)
    assert hand.process.returncode == 0, err
    assert "2 pairs in" in out and "livesing train personal" in out
    picks = Labels(folder).picks
    assert len(picks) == 2 and picks[0].passage != picks[1].passage
    assert all(Path(label.passage.file) == song and label.picture is not None for label in picks)


def refusal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> str:
    """What `livesing label` says on a machine without a display; it must be one line and exit code 2."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert main(["label", *map(str, words)]) == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    return said


def test_what_cannot_be_labelled_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, song: Path, tmp_path: Path
) -> None:
    said = partial(refusal, capsys, monkeypatch)
    assert "no display" in said(song, "-o", tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert "no generator" in said(song, "-o", tmp_path, "--generator", "crayon")
    assert "two or more" in said(song, "-o", tmp_path, "--classes", "5")
    assert "is a file" in said("-o", song)
    Labels(tmp_path).add(Label(Passage("a", 0.0, 6.0), Picture((1,), 1), "stylegan2"))
    assert "is about stylegan2" in said(song, "-o", tmp_path)
    (tmp_path / FILE).write_text("hm\n")
    assert f"{FILE}:1: " in said(song, "-o", tmp_path)
    assert (tmp_path / FILE).read_text() == "hm\n"


def test_without_a_loudspeaker_the_passage_goes_on_in_silence() -> None:
    player = Player(mute=True)
    assert player.trouble and player.played(0.0) == 1.0
    player.play(np.zeros((RATE, 1), np.float32), RATE, 10.0)
    assert [player.played(now) for now in (9.0, 10.0, 10.25, 12.0)] == [0.0, 0.0, 0.25, 1.0]


# ------------------------------------------------------------------------------------------ the page


@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (1920, 1200), (800, 1000)])
@pytest.mark.parametrize("aspect", [1.0, 16 / 9])
def test_everything_fits_into_the_window(size: tuple[int, int], aspect: float) -> None:
    place = layout(size, GRID, aspect)
    assert len(place.tiles) == GRID
    for number, (left, top, right, bottom) in enumerate(place.tiles):
        assert 0 <= left < right <= size[0] and place.wave[3] < top < bottom <= size[1]
        assert (right - left) / (bottom - top) == pytest.approx(aspect, rel=0.05)
        assert place.tile_at((left + right) / 2, (top + bottom) / 2) == number
        assert place.tile_at(left - 2, top + 2) != number
        if number >= COLUMNS:
            assert top > place.tiles[number - COLUMNS][3]
    assert place.tile_at(1, 1) is None


def test_the_page_shows_how_far_one_is() -> None:
    tiles = [np.full((90, 160, 3), 20 * number, np.uint8) for number in range(GRID)]
    place = layout((1280, 720), GRID, 16 / 9)
    page = Page("A song", "0:06 to 0:12", 0, 100, np.linspace(0, 1, BARS), tiles)

    def accent(picked: int) -> int:
        return int((draw(page._replace(picked=picked), place) == ACCENT).all(axis=-1).sum())

    assert accent(0) == 0 < accent(25) < accent(75)
    shown = draw(page, place)
    left, top, right, bottom = place.tiles[5]
    assert (shown[(top + bottom) // 2, (left + right) // 2] == 100).all()
    draw(page._replace(tiles=[None] * GRID, title="long " * 100, notes=["a note " * 100]), place)


def test_the_wave_is_loud_where_the_sound_is() -> None:
    sound = np.concatenate((np.full((300, 2), 0.1), np.full((300, 2), 0.4)))
    wave = wave_of(sound)
    assert wave.shape == (BARS,) and wave[: BARS // 2 - 1] == pytest.approx(0.25) and wave[-1] == 1
    assert wave_of(np.zeros((10, 1))).max() == 0
