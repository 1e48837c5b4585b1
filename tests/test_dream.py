"""`livesing dream` and `livesing render`: stills and films that appear when they are complete."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image
from sounds import drum_loop

from livesing.cli import main
from livesing.generation.biggan_config import CONFIGS, BigGANConfig


def still(tmp_path: Path, *words: str) -> np.ndarray:
    path = tmp_path / "frame.png"
    assert main(["dream", "-o", str(path), "--size", "160x90", *words]) == 0
    return np.asarray(Image.open(path)).astype(np.float64)


def test_a_still_has_the_size_asked_for(tmp_path: Path) -> None:
    assert still(tmp_path).shape == (90, 160, 3)


@pytest.mark.parametrize("words", [["--class", "207"], ["--mood", "1,-1"], ["--seed", "5"]])
def test_the_same_words_give_the_same_picture(words: list[str], tmp_path: Path) -> None:
    assert (still(tmp_path, *words) == still(tmp_path, *words)).all()


def test_class_mood_and_seed_matter(tmp_path: Path) -> None:
    pictures = [
        still(tmp_path, *words)
        for words in (["--class", "1"], ["--class", "2"], ["--mood", "1.5,1.5"], ["--mood", "-1.5,-1.5"])
    ]
    pictures.append(still(tmp_path, "--class", "1", "--seed", "9"))
    for place, first in enumerate(pictures):
        for second in pictures[place + 1 :]:
            assert np.abs(first - second).mean() > 5


def test_a_walk_is_a_film(tmp_path: Path) -> None:
    path = tmp_path / "walk.mp4"
    words = ["dream", "-o", str(path), "--walk", "1", "--fps", "12", "--size", "161x91", "--seed", "3"]
    assert main(words) == 0
    with av.open(str(path)) as film:
        frames = [frame.to_ndarray(format="rgb24").astype(np.float64) for frame in film.decode(video=0)]
    assert len(frames) == 12
    assert frames[0].shape == (90, 160, 3)
    steps = np.abs(np.diff(np.stack(frames), axis=0)).mean(axis=(1, 2, 3))
    assert 0 < steps.max() < 20, "it moves, and never jumps"


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file of weights of a small BigGAN-deep, which is a generator like the others meanwhile."""
    torch = pytest.importorskip("torch", reason="torch is not installed (extra [gan])")
    from livesing.generation.biggan_reference import random_state

    blocks = ((False, 4, 4), (True, 4, 4), (True, 4, 4), (True, 4, 2), (True, 2, 1))
    small = BigGANConfig(64, blocks, attention_before=4, width=16)
    monkeypatch.setitem(CONFIGS, "biggan-small", small)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = tmp_path / "weights.bin"
    torch.save(random_state(small), file)
    return file


def test_a_generator_with_weights_of_its_own(weights: Path, tmp_path: Path) -> None:
    path = tmp_path / "own.png"
    words = ["dream", "-o", str(path), "--generator", "biggan-small", "--weights", str(weights)]
    assert main([*words, "--class", "3"]) == 0
    own = np.asarray(Image.open(path)).astype(np.float64)
    assert own.shape == (64, 64, 3), "without a size, the network's own"
    assert own.std() > 20
    assert main([*words, "--class", "4"]) == 0
    assert np.abs(np.asarray(Image.open(path)) - own).mean() > 5
    assert main([*words, "--size", "96x54", "--engine", "torch"]) == 0
    assert np.asarray(Image.open(path)).shape == (54, 96, 3)
    film = tmp_path / "own.mp4"
    words[2] = str(film)
    assert main([*words, "--walk", "0.5", "--fps", "6", "--size", "80x46"]) == 0
    with av.open(str(film)) as file:
        assert [(frame.width, frame.height) for frame in file.decode(video=0)] == [(80, 46)] * 3


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--generator", "biggan-small"], "needs weights"),
        (["--generator", "biggan-small", "--weights", "nowhere"], "nowhere"),
        (["--engine", "steam"], "steam"),
        (["--weights", "weights.bin"], "takes no weights"),
    ],
)
def test_a_generator_that_cannot_run_is_one_line(
    words: list[str], part: str, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dream", "-o", str(tmp_path / "none.png"), *words]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1 and part in errors[0]
    assert not (tmp_path / "none.png").exists()


def test_render_is_as_long_as_its_sound(tmp_path: Path) -> None:
    sound, path = tmp_path / "loop.wav", tmp_path / "loop.mp4"
    soundfile.write(sound, drum_loop(22050, 2.0, 120)[0], 22050)
    assert main(["render", str(sound), "-o", str(path), "--size", "160x90", "--fps", "10"]) == 0
    with av.open(str(path)) as film:
        assert len(list(film.decode(video=0))) == 20
    with av.open(str(path)) as film:
        heard = np.concatenate([frame.to_ndarray()[0] for frame in film.decode(audio=0)])
    assert abs(len(heard) / 48000 - 2.0) < 0.1
    assert np.abs(heard).max() > 0.1
    assert sorted(found.name for found in tmp_path.iterdir()) == ["loop.mp4", "loop.wav"]
