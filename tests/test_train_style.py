"""Training of the deep tier's auto-encoder: filters, decoders, going on where it was stopped."""

from pathlib import Path

import numpy as np
import pytest
import torch
from test_style_pass import photograph

from livesing.errors import UsageError
from livesing.style.deep_torch import DeepNet
from livesing.train import style, style_filters
from livesing.train.style import losses, train_decoders, train_style
from livesing.train.style_filters import spherical_kmeans
from livesing.train.style_pictures import Crops, crop, frames, paintings


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style_filters, "PATCHES", 2400)
    monkeypatch.setattr(style, "BATCH", 2)
    monkeypatch.setattr(style, "SAVE_EVERY", 4)


@pytest.fixture(scope="module")
def crops() -> Crops:
    pictures = [np.round(photograph(seed, 96, 64) * 255).astype(np.uint8) for seed in range(4)]
    return Crops(pictures[:2], pictures[2:], 32)


def test_kmeans_finds_directions_that_are_there() -> None:
    rng = np.random.default_rng(0)
    wanted = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    points = wanted[rng.integers(0, 6, 1500)] * rng.uniform(1, 3, (1500, 1)) + 0.05 * rng.normal(
        size=(1500, 6)
    )
    found = spherical_kmeans(points, 12, rng)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1)
    assert ((found @ wanted.T).max(axis=0) > 0.98).all()


def test_decoders_learn_and_filters_answer(crops: Crops) -> None:
    net, pictures = DeepNet(), torch.from_numpy(crops.batch(4, np.random.default_rng(9)))

    def judged() -> list[float]:
        with torch.no_grad():
            return [float(loss) for loss in losses(net, pictures)]

    train_decoders(net, crops, 1, 0)
    begin = judged()
    train_decoders(net, crops, 50, 0)
    end = judged()
    assert sum(end) < 0.7 * sum(begin), (begin, end)
    assert all(after < before for after, before in zip(end, begin, strict=True))
    with torch.no_grad():
        answers = [net.encode(pictures, level).amax((0, 2, 3)) for level in (1, 2, 3)]
    assert all((most > 0).all() for most in answers), "a filter that never answers"


def test_it_goes_on_where_it_was_stopped(
    crops: Crops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, first, second = DeepNet(), DeepNet(), DeepNet()
    train_decoders(whole, crops, 10, 3)
    checkpoint = tmp_path / "checkpoint.pt"

    def stop(done: int, total: int, note: str) -> None:
        if done == 7:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(style, "show_progress", stop)
        with pytest.raises(KeyboardInterrupt):
            train_decoders(first, crops, 10, 3, checkpoint)
    train_decoders(second, crops, 10, 3, checkpoint)
    for name, tensor in whole.state_dict().items():
        torch.testing.assert_close(second.state_dict()[name], tensor)
    with pytest.raises(UsageError, match="other options"):
        train_decoders(DeepNet(), crops, 11, 3, checkpoint)


def test_what_it_learns_from(tmp_path: Path) -> None:
    assert [frame.shape for frame in frames(0, 2)] == [(144, 256, 3)] * 2
    (tmp_path / "broken.jpg").write_bytes(b"nothing")
    assert len(paintings([])) >= 8
    assert len(paintings([tmp_path])) == len(paintings([])), "what cannot be read is left out"
    rng = np.random.default_rng(0)
    for scaled in (True, False):
        assert crop(np.zeros((144, 256, 3), np.uint8), 64, rng, scaled).shape == (64, 64, 3)


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    how = {"steps": 10, "seed": 0, "threads": 1, "fresh": False}
    with pytest.raises(UsageError, match="no pictures"):
        train_style([tmp_path], tmp_path / "out", **how)
    with pytest.raises(UsageError, match="no folder"):
        train_style([tmp_path / "nowhere"], tmp_path / "out", **how)
    assert not (tmp_path / "out").exists()
