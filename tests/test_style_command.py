from pathlib import Path

import numpy as np
import pytest
from conftest import RunLivesing
from PIL import Image

from livesing.cli import main
from livesing.deep_tier import open_cascade
from livesing.style_still import paint, paint_deep


def picture(path: Path, size: tuple[int, int], seed: int = 0) -> Path:
    small = np.random.default_rng(seed).integers(0, 255, (9, 16, 3)).astype(np.uint8)
    Image.fromarray(small).resize(size, Image.Resampling.BICUBIC).save(path)
    return path


def test_the_program_paints(run_livesing: RunLivesing, tmp_path: Path) -> None:
    image, style = picture(tmp_path / "a.png", (64, 48)), picture(tmp_path / "s.png", (300, 300), 1)
    done = run_livesing(["style", image, style, "-o", tmp_path / "out.png"])
    assert done.returncode == 0, done.stderr
    assert np.asarray(Image.open(tmp_path / "out.png")).shape == (48, 64, 3)


@pytest.mark.parametrize("size", [(16, 16), (61, 240), (1300, 420)], ids=str)
def test_any_size_is_painted(tmp_path: Path, size: tuple[int, int]) -> None:
    image, style = picture(tmp_path / "a.png", size), picture(tmp_path / "s.png", (640, 480), 1)
    assert main(["style", str(image), str(style), "-o", str(tmp_path / "out.png"), "--strength", "0.8"]) == 0
    painted = np.asarray(Image.open(tmp_path / "out.png"))
    assert painted.shape == (size[1], size[0], 3)
    assert np.abs(painted.astype(int) - np.asarray(Image.open(image))).mean() > 3


@pytest.mark.parametrize("size", [(61, 240), (2300, 150)], ids=str)
def test_the_deep_tier_paints_any_size(tmp_path: Path, size: tuple[int, int]) -> None:
    image, style = picture(tmp_path / "a.png", size), picture(tmp_path / "s.png", (640, 480), 1)
    assert main(["style", str(image), str(style), "-o", str(tmp_path / "out.png"), "--tier", "deep"]) == 0
    painted = np.asarray(Image.open(tmp_path / "out.png"))
    assert painted.shape == (size[1], size[0], 3)
    assert np.abs(painted.astype(int) - np.asarray(Image.open(image))).mean() > 3


@pytest.mark.parametrize("width", [300, 2300])
def test_no_strength_of_the_deep_tier_is_the_picture_to_the_bit(tmp_path: Path, width: int) -> None:
    image = np.asarray(Image.open(picture(tmp_path / "a.png", (width, 130))))
    style = picture(tmp_path / "s.png", (640, 480), 1)
    assert (paint_deep(image, style, 0.0, open_cascade()) == image).all()


def test_no_strength_is_the_picture_to_the_bit(tmp_path: Path) -> None:
    image = np.asarray(Image.open(picture(tmp_path / "a.png", (700, 530))))
    style = picture(tmp_path / "s.png", (640, 480), 1)
    settings = {"strength": 0.0, "paint": 0.6, "grain": 0.5, "follow": 1.0}
    assert (paint(image, style, settings) == image).all()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["missing.png", "s.png", "-o", "out.png"], "missing.png is no picture"),
        (["a.png", "nobody", "-o", "out.png"], "there is no picture 'nobody'"),
        (["a.png", "bad.jpg", "-o", "out.png"], "bad.jpg is no picture"),
        (["a.png", "s.png", "-o", "out.xyz"], "no kind of image"),
        (["a.png", "s.png", "-o", "nowhere/out.png"], "there is no folder"),
        (["a.png", "s.png", "-o", "out.png", "--strength", "2"], "no number from 0 to 1"),
        (["a.png", "s.png", "-o", "out.png", "--tier", "deep", "--weights", "none"], "there is no folder"),
        (["a.png", "s.png", "-o", "out.png", "--weights", "."], "add --tier deep"),
        (["a.png", "s.png", "-o", "out.png", "--tier", "deep", "--weights", "."], "no weights"),
    ],
)
def test_a_bad_word_is_one_line(
    tmp_path: Path,
    words: list[str],
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    picture(tmp_path / "a.png", (64, 64))
    picture(tmp_path / "s.png", (300, 300))
    (tmp_path / "bad.jpg").write_bytes(b"nothing")
    assert main(["style", *words]) == 2
    error = capsys.readouterr().err
    assert reason in error and error.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "bad.jpg", "s.png"]
