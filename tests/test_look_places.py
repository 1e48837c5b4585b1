"""Where looks lie in the plane of feeling, and how that gets into their files."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

from livesing import look_places
from livesing.cli import main
from livesing.errors import LivesingError, SurfaceError
from livesing.preset import load, parse
from livesing.sentiment.image import COLOUR_GAIN, SEEN_LOSS, ImageEstimator

PRESETS = sorted((ROOT / "presets").glob("*.toml"))


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_every_look_has_a_place(path: Path) -> None:
    place = load(path).place
    assert place is not None, "write it by `livesing presets place`"
    assert np.abs(place).max() <= 2.5


def test_looks_lie_apart() -> None:
    places = np.array([load(path).place for path in PRESETS])
    assert len({tuple(place) for place in places}) == len(places)
    assert (np.ptp(places, axis=0) > 0.3).all(), "they tell valence and arousal apart"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('title = "A"\n\n[light]\npulse = 0.5\n', 'title = "A"\nplace = [0.5, -1]\n\n[light]\npulse = 0.5\n'),
        ('place = [9, 9]\ntitle = "A"\n', 'place = [0.5, -1]\ntitle = "A"\n'),
        ("# mine\n[light] # here\npulse = 0.5", "# mine\nplace = [0.5, -1]\n[light] # here\npulse = 0.5"),
        ("", "place = [0.5, -1]\n"),
        ('styles = [\n  "ink",\n]\n', 'styles = [\n  "ink",\n]\nplace = [0.5, -1]\n'),
    ],
)
def test_a_place_is_written_and_all_else_stays(before: str, after: str, tmp_path: Path) -> None:
    path = tmp_path / "1-look.toml"
    path.write_text(before)
    look_places.write_place(path, (0.5, -1.0))
    assert path.read_text() == after
    assert load(path).place == (0.5, -1.0)
    assert [other.name for other in tmp_path.iterdir()] == [path.name]


def test_what_is_not_understood_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "1-look.toml"
    text = 'about = """\nplace = [1, 1]\n"""\n'
    path.write_text(text)
    with pytest.raises(LivesingError, match=r"add place = \[0\.5, -1\] yourself"):
        look_places.write_place(path, (0.5, -1.0))
    assert path.read_text() == text


@pytest.mark.parametrize("content", ["3", "[1]", "[true, 1]", "[nan, 1]", '"middle"'])
def test_a_bad_place_is_refused(content: str) -> None:
    with pytest.raises(LivesingError, match=r"look\.toml:1: place is a place like"):
        parse(f"place = {content}", "look.toml")


def test_the_place_is_what_is_felt_at_the_frames() -> None:
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 255, (36, 64, 3), np.uint8) // (1 + number) for number in range(17)]
    told = ImageEstimator().explain(frames[::8])
    felt = ((1 - SEEN_LOSS) * told.seen + COLOUR_GAIN * told.colour).mean(0)  # as wholly abstract
    np.testing.assert_allclose(look_places.mean_feeling(iter(frames)), felt, atol=0.006)


def test_a_look_is_painted_placed_and_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, demo_piece: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(look_places, "START", 2.0)
    monkeypatch.setattr(look_places, "SECONDS", 1.0)
    monkeypatch.setattr(look_places, "demo_piece", lambda: demo_piece)
    path = tmp_path / PRESETS[0].name
    shutil.copy(PRESETS[0], path)
    path.write_text(path.read_text().replace("place", "# place"))
    try:
        valence, arousal = look_places.place_look(tmp_path, load(path))
    except SurfaceError as error:
        pytest.skip(str(error))
    assert load(path).place == (valence, arousal)
    assert main(["presets", "list", "--presets", str(tmp_path)]) == 0
    assert f"{valence:+.1f} {arousal:+.1f}" in capsys.readouterr().out
