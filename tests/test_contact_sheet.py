"""What the contact sheet shows: every world, and places of the plane in their order."""

from itertools import combinations

import numpy as np
import pytest

from livesing.generation.worlds import WORLDS
from livesing.train import contact_sheet
from livesing.train.contact_sheet import PLACES, chosen, grid, on_shell, worlds_of_classes


def test_every_world_has_its_share_of_the_classes() -> None:
    counts = np.bincount(worlds_of_classes(), minlength=len(WORLDS))
    assert counts.sum() == 1000 and counts.min() > 120


def test_places_go_from_high_arousal_down_and_from_low_valence_up() -> None:
    wanted = np.array([(v, a) for a in reversed(PLACES) for v in PLACES], np.float32)
    shuffled = np.random.default_rng(1).permutation(len(wanted))
    mean, deviation = np.array([3.0, -1.0], np.float32), np.array([0.5, 2.0], np.float32)
    picked = chosen(wanted[shuffled] * deviation + mean, (mean, deviation))
    np.testing.assert_array_equal(shuffled[picked], np.arange(len(wanted)))


def test_no_candidate_is_shown_twice() -> None:
    alike = np.zeros((12, 2), np.float32)
    picked = chosen(alike, (np.zeros(2, np.float32), np.ones(2, np.float32)))
    assert len(set(picked)) == len(PLACES) ** 2


@pytest.mark.parametrize("across", [1, 3, 4])
def test_a_grid_holds_every_tile_whole(across: int) -> None:
    tiles = [np.full((4, 6, 3), 20 * n + 40, np.uint8) for n in range(7)]
    paper = grid(tiles, across)
    assert [int((paper == 20 * n + 40).sum()) for n in range(7)] == [4 * 6 * 3] * 7


def test_the_walk_goes_through_worlds_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contact_sheet, "DRAWN", (64, 36))
    monkeypatch.setattr(contact_sheet, "TILE", (32, 18))
    first, again = (contact_sheet.strip_of_walk(np.random.default_rng(3)) for _ in range(2))
    assert first.tobytes() == again.tobytes()
    assert np.asarray(first).std() > 20


def test_views_dream_another_picture_for_every_feeling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contact_sheet, "VIEWS", (0, 5))
    monkeypatch.setattr(contact_sheet, "DRAWN", (64, 36))
    monkeypatch.setattr(contact_sheet, "TILE", (32, 18))
    page = np.asarray(contact_sheet.sheet_of_views(np.random.default_rng(0))).astype(float)
    step_down, step_right = 18 + contact_sheet.GAP, 32 + contact_sheet.GAP
    assert page.shape[:2] == (2 * step_down + contact_sheet.GAP, 5 * step_right + contact_sheet.GAP)
    tiles = [page[4:22, 4 + n * step_right :][:, :32] for n in range(5)]
    assert min(np.abs(one - other).mean() for one, other in combinations(tiles, 2)) > 10


def test_latents_are_as_long_as_the_shows() -> None:
    from livesing.generation.latent_path import NORM

    lengths = np.linalg.norm(on_shell(np.random.default_rng(0).normal(size=(5, 128))), axis=1)
    np.testing.assert_allclose(lengths, NORM, rtol=1e-6)
