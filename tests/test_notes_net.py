"""The network that hears onsets, as it learns: from music, and from others of its kind."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from livesing.audio.note_bands import BANDS  # noqa: E402
from livesing.audio.note_density import LAGS, REACH, NoteDensity, changes  # noqa: E402
from livesing.audio.slow import HOP, SLOW_RATE  # noqa: E402
from livesing.train.notes import target_of  # noqa: E402
from livesing.train.notes_net import TAUGHT, batches, prepared, taught_by, train  # noqa: E402

FRAMES = 168
FRAME_S = HOP / SLOW_RATE


def made(pieces: int, seed: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Bands of notes that are struck and die away, and their onsets; every other piece has twice as many."""
    rng = np.random.default_rng(seed)
    bands, onsets = [], []
    for piece in range(pieces):
        rows = np.zeros((FRAMES, BANDS), np.float32)
        times = np.sort(rng.uniform(0.2, FRAMES * FRAME_S - 0.5, 3 + 3 * (piece % 2)))
        for time_s in times:
            first, band = round(time_s / FRAME_S), int(rng.integers(0, BANDS - 4))
            fades = np.exp(-np.arange(FRAMES - first) / 12.0)
            rows[first:, band : band + 4] = np.maximum(rows[first:, band : band + 4], fades[:, None])
        bands.append(rows)
        onsets.append(target_of([(float(time_s), 1.0) for time_s in times], FRAMES))
    return bands, np.stack(onsets)


def lessons_of(bands: list[np.ndarray], onsets: np.ndarray):
    quiet = np.zeros((REACH - 1, BANDS), np.float32)
    x = np.stack([changes(np.concatenate((quiet, rows))) for rows in bands])
    assert x.shape[1] == FRAMES + REACH - 1 - max(LAGS)
    return prepared(x, onsets, 16)


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """Lessons, a network that learnt from them, one that it taught, and the folder of their states."""
    folder = tmp_path_factory.mktemp("notes")
    lessons, scaling = lessons_of(*made(48, 0))
    teacher = train(lessons, 8, 1, folder / "teacher.pt")
    shown = taught_by([teacher], lessons)
    return lessons, shown, teacher, scaling | train(shown, 8, 0, folder / "one.pt").arrays(), folder


def test_it_learns_to_count(taught):
    *_, arrays, _ = taught
    bands, onsets = made(16, 1)
    told = [NoteDensity(FRAME_S, 3.0, arrays).push(rows).sum() for rows in bands]
    assert np.corrcoef(told, onsets.sum(axis=1))[0, 1] > 0.8


def test_what_is_served_is_what_was_trained(taught):
    lessons, _, teacher, arrays, _ = taught
    served = arrays | teacher.arrays()
    with torch.no_grad():
        trained = torch.sigmoid(teacher(lessons.told[:2], lessons.usual[:2])).numpy()
    for rows, each in zip(made(48, 0)[0], trained, strict=False):
        told = NoteDensity(FRAME_S, 3.0, served).push(rows)
        audible = told > 0.0
        assert audible.sum() > 20
        np.testing.assert_allclose(told[audible], each[audible], atol=1e-4)


def test_a_frame_is_mostly_what_the_teachers_hear(taught):
    lessons, shown, teacher, _, _ = taught
    with torch.no_grad():
        heard = torch.sigmoid(teacher(lessons.told, lessons.usual))
    torch.testing.assert_close(shown.taught, TAUGHT * heard + (1.0 - TAUGHT) * lessons.played)
    torch.testing.assert_close(taught_by([teacher, teacher], lessons).taught, shown.taught)
    assert shown.played is lessons.played, "what is counted is what was played"


def test_what_is_done_is_not_done_again(taught):
    lessons, _, teacher, _, folder = taught
    again = train(lessons, 8, 1, folder / "teacher.pt")
    for name, tensor in teacher.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], tensor, rtol=0, atol=0)


def test_twins_lie_beside_each_other():
    drawn = batches(40, 22)
    single = sorted(number for batch, paired in drawn if not paired for number in batch.tolist())
    twins = [batch.reshape(-1, 2) for batch, paired in drawn if paired]
    assert single == list(range(40))
    assert sorted(torch.cat(twins)[:, 0].tolist()) == list(range(40, 62, 2))
    assert all((pair[:, 1] == pair[:, 0] + 1).all() for pair in twins)
