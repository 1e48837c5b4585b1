"""`livesing story`: sections where the feeling turns, key frames that show them, one figure that is the same
each time."""

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from sounds import drum_loop, sine

from livesing.cli import main
from livesing.commands.story import SIZE
from livesing.errors import UsageError
from livesing.generation.engine_open import ServedGenerator, open_embedded
from livesing.story import MOST_ROWS, SETTLE_SECONDS, Story, _Rows, class_names, tell
from livesing.story_figure import clock, draw, side_by_side, time_ticks
from livesing.story_turns import FEWEST, MOST, SHORTEST_STEPS, moments, sections

RATE = 22050
TURN = 6.0
"""Seconds: there the made piece turns from a quiet chord to loud drums."""

drawn = pytest.mark.skipif(find_spec("matplotlib") is None, reason="needs the extra [figures]")


def steps(*levels: tuple[int, float, float]) -> np.ndarray:
    """A curve of (length, valence, arousal)."""
    return np.concatenate([np.tile([v, a], (length, 1)) for length, v, a in levels]).astype(float)


def test_sections_begin_where_the_feeling_turns() -> None:
    curve = steps((40, 0, -1), (30, 1, -1), (50, 1, 1), (25, -1, 1), (35, -1, -2), (60, 0.5, 0), (40, 2, 2))
    truth = [0, 40, 70, 120, 145, 180, 240]
    assert sections(curve) == truth
    noisy = curve + np.random.default_rng(0).normal(0, 0.25, curve.shape)
    found = sections(noisy)
    assert len(found) in (7, 8)
    assert all(min(abs(turn - other) for other in found) <= 2 for turn in truth)


@pytest.mark.parametrize("length", [1, 4, 9, 30, 100, 1500])
def test_sections_of_any_length_spread_over_the_whole(length: int) -> None:
    still = np.zeros((length, 2))
    wild = np.random.default_rng(length).normal(size=(length, 2)).cumsum(axis=0)
    for curve in (still, wild):
        found = sections(curve)
        assert found[0] == 0 and found == sorted(set(found)) and len(found) <= MOST
        if length >= FEWEST * SHORTEST_STEPS:
            assert len(found) >= FEWEST
        least = min(np.diff([*found, length]))
        assert least >= min(length, SHORTEST_STEPS) and least >= length / 30
        shown = moments(found, length, 10.0)
        assert all(
            begin <= moment < end
            for begin, moment, end in zip(found, shown, [*found[1:], length], strict=True)
        )
    even = np.diff([*sections(still), length])
    assert even.max() - even.min() <= max(SHORTEST_STEPS, 0.1 * length)


def test_a_moment_is_after_its_turn_but_not_beyond_the_middle() -> None:
    assert moments([0, 20, 26], 100, 8.0) == [8, 23, 34]


def test_frames_stand_side_by_side() -> None:
    assert side_by_side([1.0, 4.0], 2.0, 0.0, 10.0) == [1.0, 4.0]
    assert side_by_side([3.0, 4.0], 2.0, 0.0, 10.0) == [2.5, 4.5]
    assert side_by_side([-3.0, -2.0, 9.5], 2.0, 0.0, 10.0) == [0.0, 2.0, 9.5]
    assert side_by_side([8.0, 9.0, 9.9], 2.0, 0.0, 10.0) == [6.0, 8.0, 10.0]


@pytest.mark.parametrize(("seconds", "words"), [(0, "0:00"), (65.9, "1:05"), (3725, "1:02:05")])
def test_clock(seconds: float, words: str) -> None:
    assert clock(seconds) == words


@pytest.mark.parametrize("last", [2.0, 18.5, 240.0, 4000.0, 40000.0])
def test_time_ticks_are_few_and_round(last: float) -> None:
    ticks = time_ticks(last)
    assert ticks[0] == 0 and 2 <= len(ticks) <= 11 and ticks[-1] <= last


def test_rows_of_a_long_piece_stay_few_and_even() -> None:
    rows = _Rows()
    z, classes = np.zeros((1, 3, 128)), np.zeros((1, 3, 1000))
    for number in range(3 * MOST_ROWS):
        rows.add(number, number / 2, (0.0, 0.0), z, classes)
    assert MOST_ROWS / 2 < len(rows.times) <= MOST_ROWS
    assert len(rows.times) == len(rows.moods) == len(rows.aims)
    np.testing.assert_allclose(np.diff(rows.times), rows.stride / 2)


def test_classes_are_called_as_their_generator_calls_them() -> None:
    assert class_names("biggan-deep-256")[207] == "golden retriever"
    assert class_names("stylegan2")[207] == "class 207"
    for generator in ("embedded", "biggan-deep-256"):
        assert len(set(class_names(generator))) == 1000


@pytest.fixture(scope="module")
def piece(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A quiet chord, then loud drums."""
    calm = sum(sine(RATE, TURN, hz, 0.01) for hz in (220.0, 261.6, 329.6))
    path = tmp_path_factory.mktemp("story") / "a_made$piece.wav"
    soundfile.write(path, np.concatenate([calm, drum_loop(RATE, TURN, 150)[0]]), RATE)
    return path


@pytest.fixture(scope="module")
def generator() -> ServedGenerator:
    return open_embedded(SIZE)


@pytest.fixture(scope="module")
def told(piece: Path, generator: ServedGenerator) -> Story:
    return tell(piece, generator)


def test_a_story_shows_every_section_and_the_turn(told: Story) -> None:
    assert FEWEST <= len(told.frames) <= MOST
    assert told.turns[0] == 0 and len(told.turns) == len(told.frames)
    assert told.title == "a made$piece"
    # What is felt first comes from the middle; drums take some seconds, and the dream some to follow.
    first = 4
    felt = told.times[first + 1 + np.abs(np.diff(told.moods[first:, 1])).argmax()]
    assert TURN <= felt <= TURN + 2
    nearest = min(told.turns, key=lambda turn: abs(turn - TURN))
    assert abs(nearest - TURN) <= 2
    shown = next(frame.time for frame in told.frames if frame.time >= nearest)
    assert nearest <= shown <= nearest + SETTLE_SECONDS
    assert told.frames[-1].time > 0.75 * told.times[-1]


def test_what_a_story_holds_fits_together(told: Story) -> None:
    rows = len(told.times)
    assert told.moods.shape == (rows, 2) and told.classes.shape == (rows, len(told.names))
    np.testing.assert_allclose(np.diff(told.times), 0.5)
    assert (told.classes >= 0).all() and (told.classes.sum(axis=1) <= 1 + 1e-5).all()
    assert {frame.name for frame in told.frames} <= set(told.names)
    pictures = [frame.picture.astype(float) for frame in told.frames]
    assert all(picture.shape == (SIZE[1], SIZE[0], 3) and picture.std() > 5 for picture in pictures)
    assert np.abs(pictures[0] - pictures[-1]).mean() > 5


@drawn
def test_the_command_draws_the_same_bytes_each_time(piece: Path, told: Story, tmp_path: Path) -> None:
    """One by the command, whole; one from the story that was told before."""
    output = tmp_path / "told.png"
    assert main(["story", str(piece), "-o", str(output), "--dpi", "60"]) == 0
    draw(told, tmp_path / "again.png", 60.0)
    assert output.read_bytes() == (tmp_path / "again.png").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.png", "told.png"]
    page = np.asarray(Image.open(output).convert("RGB")).astype(float)
    assert page.shape[1] == round(8.27 * 60)
    assert (page[:5] == 255).all() and (page < 128).mean() > 0.05


@drawn
def test_a_drawing_has_no_date_and_any_letters(told: Story, tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    draw(told._replace(title="夜の歌 $\\frac{"), path, 60.0)
    text = path.read_text(encoding="utf-8")
    assert "dc:date" not in text and "夜の歌" in text


def test_a_piece_of_a_second_has_no_story(generator: ServedGenerator, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "short.wav", np.zeros(RATE), RATE)
    with pytest.raises(UsageError, match="too short"):
        tell(tmp_path / "short.wav", generator)


@drawn
@pytest.mark.parametrize(
    "words",
    [
        ["absent.wav", "-o", "a.png"],
        ["noise.wav", "-o", "a.png"],
        ["piece.wav", "-o", "a.bmp"],
        ["piece.wav", "-o", "no/folder/a.png"],
        ["piece.wav", "-o", "a.png", "--preset", "nobody"],
        ["piece.wav", "-o", "a.png", "--generator", "nothing"],
        ["piece.wav", "-o", "a.png", "--seed", "-1"],
        ["piece.wav", "-o", "a.png", "--dpi", "9000"],
        ["piece.wav"],
    ],
)
def test_bad_input_is_one_line_and_no_file(
    words: list[str],
    piece: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "noise.wav").write_bytes(np.random.default_rng(0).bytes(5000))
    (tmp_path / "piece.wav").symlink_to(piece)
    before = sorted(tmp_path.iterdir())
    try:
        code = main(["story", *words])
    except SystemExit as exit_:
        code = exit_.code if isinstance(exit_.code, int) else 1
    assert code == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert sorted(tmp_path.iterdir()) == before


def test_without_matplotlib_it_says_what_is_missing(
    piece: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["story", str(piece), "-o", str(tmp_path / "a.png")]) == 2
    assert "[figures]" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
