"""Where a feeling turns: the sections of a piece, by its curve in the plane of valence and arousal.

Sections are stretches in which the feeling stays; their borders are the change points of a piecewise constant
fit by least squares, solved exactly by dynamic programming (Jackson et al. 2005, "An algorithm for optimal
partitioning of data on an interval").
"""

import numpy as np

MOST, FEWEST = 8, 6
"""Sections that a piece is told in."""
WORTH = 0.02
"""A further section must explain this share of the curve's variance."""
SHORTEST_SHARE, SHORTEST_STEPS = 1 / 24, 4
"""Of the piece, and in steps: no section is shorter, so that they spread over the whole."""
EVENNESS = 1e-3
"""Where the feeling stays the same, sections of equal length cost least."""
MOST_STEPS = 1200
"""A longer curve is searched in coarser steps."""


def sections(curve: np.ndarray, most: int = MOST) -> list[int]:
    """The first step of each section of a curve [N, 2], N of at least 1 -> ascending, from 0.

    FEWEST to `most` of them, fewer where the curve is too short for so many.
    """
    coarse = -(-len(curve) // MOST_STEPS)
    steps = len(curve) // coarse
    means = curve[: steps * coarse].reshape(steps, coarse, -1).mean(axis=1)
    shortest = max(SHORTEST_STEPS, round(steps * SHORTEST_SHARE))
    count = max(1, min(most, steps // shortest))
    costs, starts = _partitions(means, count, shortest)
    chosen = min(FEWEST, count)
    whole = max(costs[1], 1e-9)
    while chosen < count and costs[chosen] - costs[chosen + 1] > WORTH * whole:
        chosen += 1
    return [start * coarse for start in starts[chosen]]


def _partitions(curve: np.ndarray, most: int, shortest: int) -> tuple[dict[int, float], dict[int, list[int]]]:
    """The best partitions of [N, D] into 1 to `most` sections -> (costs, first steps), by count."""
    steps = len(curve)
    variance = max(float(((curve - curve.mean(axis=0)) ** 2).sum()), 1e-9)
    sums = np.concatenate([np.zeros((1, curve.shape[1])), np.cumsum(curve, axis=0)])
    squares = np.concatenate([[0.0], np.cumsum((curve**2).sum(axis=1))])

    def cost(begin: np.ndarray, end: int) -> np.ndarray:
        """Of one section from each of `begin` to before `end`."""
        length = end - begin
        spread = squares[end] - squares[begin] - ((sums[end] - sums[begin]) ** 2).sum(axis=1) / length
        return spread / variance + EVENNESS * (length / steps) ** 2

    best = np.full((most + 1, steps + 1), np.inf)
    origin = np.zeros((most + 1, steps + 1), int)
    best[0, 0] = 0.0
    for end in range(shortest, steps + 1):
        begin = np.arange(0, end - shortest + 1)
        one = cost(begin, end)
        for count in range(1, most + 1):
            total = best[count - 1, begin] + one
            origin[count, end] = int(total.argmin())
            best[count, end] = total[origin[count, end]]
    starts = {}
    for count in range(1, most + 1):
        end, found = steps, []
        for left in range(count, 0, -1):
            end = int(origin[left, end])
            found.append(end)
        starts[count] = found[::-1]
    return {count: float(best[count, steps]) for count in starts}, starts


def moments(starts: list[int], steps: int, settle: float) -> list[int]:
    """The step that shows each section: `settle` steps after its turn, when the dream has followed, but not
    beyond its middle."""
    ends = [*starts[1:], steps]
    return [begin + int(min(settle, (end - begin) / 2)) for begin, end in zip(starts, ends, strict=True)]
