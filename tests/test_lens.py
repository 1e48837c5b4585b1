"""The lens mesh covers the target once, and a kaleidoscope in it is exact."""

import numpy as np
import pytest

from livesing.params import INDEX, TABLE
from livesing.stage.lens import OFF_CENTRE, mesh

FOLDS = range(int(TABLE[INDEX["lens.fold"]].low), int(TABLE[INDEX["lens.fold"]].high) + 1)
ASPECTS = (16 / 9, 1.0, 9 / 16, 32 / 9)


def look_up(vertices: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the mesh says at points [n, 2] -> (look [n, 2], in how many triangles each lies [n])."""
    triangles = vertices.reshape(-1, 3, 4).astype(np.float64)
    a, b, c = (triangles[:, k, :2] for k in range(3))
    found, count = np.zeros((len(points), 2)), np.zeros(len(points), int)
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    whole = np.abs(area) > 1e-12  # the innermost ring's cells have one side without length
    a, b, c, area, triangles = a[whole], b[whole], c[whole], area[whole], triangles[whole]
    for number, (x, y) in enumerate(points):
        u = ((x - a[:, 0]) * (c[:, 1] - a[:, 1]) - (y - a[:, 1]) * (c[:, 0] - a[:, 0])) / area
        v = ((b[:, 0] - a[:, 0]) * (y - a[:, 1]) - (b[:, 1] - a[:, 1]) * (x - a[:, 0])) / area
        inside = np.flatnonzero((u > 0) & (v > 0) & (u + v < 1))
        count[number] = len(inside)
        if len(inside):
            k = inside[0]
            weights = np.array([1 - u[k] - v[k], u[k], v[k]])
            found[number] = weights @ triangles[k, :, 2:]
    return found, count


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("fold", FOLDS)
def test_every_point_of_the_target_is_covered_once(fold: int, aspect: float) -> None:
    points = np.random.default_rng(fold).uniform(0.001, 0.999, (120, 2))
    # beside the diagonals, on which cells may end
    points[:4] = [(0.001, 0.0013), (0.999, 0.0013), (0.001, 0.9986), (0.999, 0.9986)]
    _, count = look_up(mesh(fold, aspect), points)
    assert (count == 1).all()


@pytest.mark.parametrize("fold", [0, 1])
def test_without_a_kaleidoscope_it_looks_straight(fold: int) -> None:
    points = np.random.default_rng(0).uniform(0.01, 0.99, (60, 2))
    found, _ = look_up(mesh(fold, 16 / 9), points)
    np.testing.assert_allclose(found, (points - 0.5) * (16 / 9, 1), atol=1e-5)


@pytest.mark.parametrize("fold", [n for n in FOLDS if n >= 2])
def test_a_kaleidoscope_keeps_distances_and_mirrors(fold: int) -> None:
    """Against the fold in polar coordinates: the angle within a half segment, the radius as it is."""
    aspect = 16 / 9
    points = np.random.default_rng(1).uniform(0.01, 0.99, (150, 2))
    p = (points - 0.5) * (aspect, 1)
    segment = 2 * np.pi / fold
    angle = (np.arctan2(p[:, 1], p[:, 0]) - np.pi / 2) % segment
    angle = np.minimum(angle, segment - angle)
    expected = np.hypot(*p.T)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1) - (OFF_CENTRE, 0)
    found, _ = look_up(mesh(fold, aspect), points)
    np.testing.assert_allclose(found, expected, atol=1e-5)
