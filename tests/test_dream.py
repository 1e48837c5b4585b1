"""`livesing dream` and `livesing render`: stills and films that appear when they are complete."""

from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image
from sounds import drum_loop

from livesing.cli import main


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
