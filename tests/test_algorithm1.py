"""Algorithm 1, line by line against a case small enough to be worked by hand."""

import numpy as np
import pytest

from livesing.train.algorithm1 import choose_classes, k_means, kept, standardised, treat

# Two groups of feelings: about (-1, 0) and about (1, 0). Class 7 lives on the left, class 9 on the right,
# class 8 has one sample in each.
FELT = np.array(
    [[-1.2, 0.0], [-1.0, 0.2], [-0.8, 0.0], [-1.0, -0.2], [1.2, 0.0], [1.0, 0.2], [0.8, 0.0], [1.0, -0.2]]
)
CLASSES = np.array([7, 7, 7, 8, 9, 9, 9, 8])
Z = np.arange(8.0)[:, None] * np.ones(128)
LEFT = np.array([True] * 4 + [False] * 4)


def dice(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_feelings_are_standardised_by_their_own_statistics() -> None:
    felt, statistics = standardised(np.array([[1.0, 10.0], [3.0, 10.0], [5.0, 40.0]]))
    np.testing.assert_allclose(statistics, [[3.0, 20.0], [np.sqrt(8 / 3), np.sqrt(200)]])
    np.testing.assert_allclose(felt.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(felt.std(axis=0), 1)


def test_a_feeling_that_never_changes_is_zero() -> None:
    felt, _ = standardised(np.array([[1.0, 2.0], [1.0, 4.0]]))
    np.testing.assert_allclose(felt, [[0, -1], [0, 1]])


@pytest.mark.parametrize("seed", range(5))
def test_k_means_finds_the_groups(seed: int) -> None:
    labels, centres = k_means(FELT, 2, dice(seed))
    assert len(set(labels[LEFT])) == 1 and len(set(labels[~LEFT])) == 1 and labels[0] != labels[-1]
    np.testing.assert_allclose(centres[labels[0]], [-1, 0], atol=1e-9)
    np.testing.assert_allclose(centres[labels[-1]], [1, 0], atol=1e-9)


def test_k_means_of_fewer_points_than_clusters() -> None:
    labels, centres = k_means(np.array([[0.0, 0.0], [0.0, 0.0], [1.0, 1.0]]), 10, dice())
    assert len(centres) == 2
    assert labels[0] == labels[1] != labels[2]


@pytest.mark.parametrize("count", [1, 3, 7, 20])
def test_k_means_leaves_no_cluster_empty(count: int) -> None:
    points = dice(3).normal(size=(60, 2))
    labels, centres = k_means(points, count, dice(4))
    assert sorted(set(labels.tolist())) == list(range(count))
    for cluster in range(count):
        np.testing.assert_allclose(centres[cluster], points[labels == cluster].mean(axis=0), atol=1e-6)


def test_classes_are_drawn_by_their_frequency_in_the_cluster() -> None:
    labels = np.where(LEFT, 0, 1)
    drawn = np.array([choose_classes(labels, CLASSES, dice(seed)) for seed in range(400)])
    # Left: class 7 three times of four, class 8 once.
    assert np.mean(drawn[:, 0] == 7) == pytest.approx(0.75, abs=0.07)
    assert set(drawn[:, 0].tolist()) == {7, 8}
    # Right: 9 or 8, but 8 only where it is not taken.
    taken = drawn[:, 0] == 8
    assert (drawn[taken, 1] == 9).all()
    assert np.mean(drawn[~taken, 1] == 9) == pytest.approx(0.75, abs=0.07)


def test_a_cluster_whose_classes_are_taken_has_none() -> None:
    assert choose_classes(np.array([0, 1]), np.array([5, 5]), dice()).tolist() == [5, -1]


def test_every_sample_of_the_chosen_classes_is_kept() -> None:
    labels = np.where(LEFT, 0, 1)
    mask = kept(labels, CLASSES, np.array([8, 9]), within_cluster=False)
    assert mask.tolist() == [False, False, False, True, True, True, True, True]


def test_within_the_cluster_only_its_own() -> None:
    labels = np.where(LEFT, 0, 1)
    mask = kept(labels, CLASSES, np.array([8, 9]), within_cluster=True)
    assert mask.tolist() == [False, False, False, True, True, True, True, False]
    assert not kept(labels, CLASSES, np.array([-1, -1]), within_cluster=True).any()


def test_both_sides_are_replaced_by_the_means_of_the_sub_clusters() -> None:
    felt = np.array([[0.0, 0.0], [0.0, 0.3], [0.0, 0.0], [5.0, 5.0], [1.0, 1.0]])
    classes = np.array([3, 3, 3, 3, 4])
    z = np.array([1.0, 2.0, 6.0, 10.0, 20.0])[:, None] * np.ones(128)
    treated = treat(felt, classes, z, 2, dice())
    rows = sorted(zip(treated.classes, treated.felt.tolist(), treated.z[:, 0], treated.nearest, strict=True))
    # Class 3: samples 0, 1, 2 together, with 0 (or 2) nearest to their mean; sample 3 alone. Class 4: one.
    assert [int(row[0]) for row in rows] == [3, 3, 4]
    np.testing.assert_allclose([row[1] for row in rows], [[0, 0.1], [5, 5], [1, 1]])
    np.testing.assert_allclose([row[2] for row in rows], [3, 10, 20])
    assert [int(row[3]) for row in rows] in ([0, 3, 4], [2, 3, 4])


def test_the_same_seed_gives_the_same_pairs() -> None:
    rng = dice(9)
    felt, classes, z = rng.normal(size=(200, 2)), rng.integers(0, 5, 200), rng.normal(size=(200, 128))
    one, other = (treat(felt, classes, z, 6, dice(1)) for _ in range(2))
    for part, again in zip(one, other, strict=True):
        np.testing.assert_array_equal(part, again)
