"""Which passage to ask about next: the one whose answer says most.

Two things make a passage worth asking about. It and its like are far from everything that was answered, so
its answer would tell of much that is unknown; and translators fitted to different draws of the answers
disagree about it, so what is known does not settle it. The first few are drawn: what is chosen to cover
the music is usual music, and from that alone nothing is learnt of how answers change.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Asking = Callable[[Doubles, NDArray[np.bool_], NDArray[np.int64], Doubles, int], Doubles]
"""What `worth` and `by_chance` are."""

MEMBERS = 6
"""Of the ensemble."""
SHRINK = 10.0
MOST = 500
"""Passages that are looked at to see how much nearer all would come."""
FIRST = 8
"""Questions that are drawn."""


def standard(e: Doubles) -> Doubles:
    """[n, E] embeddings in units of their own spread."""
    return (e - e.mean(axis=0)) / np.maximum(e.std(axis=0), 1e-3)


def distances(e: Doubles, known: Doubles) -> Doubles:
    """[n] root mean square distance from each row of e [n, E] to the nearest of known [m, E]."""
    squares = (e**2).sum(axis=1)[:, None] + (known**2).sum(axis=1) - 2 * e @ known.T
    return np.sqrt(np.maximum(squares, 0).min(axis=1) / e.shape[1])


def coverage(e: Doubles, known: Doubles) -> Doubles:
    """[n] how much nearer all of e [n, E] would come to what is known [m, E], on average, with each of them
    known too. So a passage is worth much if it is far from everything known and stands for others; one that
    is like nothing else is not asked about for its own sake. Of very many, every so manieth is looked at."""
    some = e[:: -(-len(e) // MOST)]
    squares, others = (e**2).sum(axis=1), (some**2).sum(axis=1)
    apart = np.sqrt(np.maximum(others[:, None] + squares - 2 * some @ e.T, 0) / e.shape[1])
    return np.asarray(np.maximum(distances(some, known)[:, None] - apart, 0).mean(axis=0))


def disagreement(e: Doubles, known: Doubles, answers: Doubles, rng: np.random.Generator) -> Doubles:
    """[n] standard deviation, over an ensemble of ridge regressions on draws with replacement from (known
    [m, E], answers [m, D]), of what they expect for e [n, E]; root mean square over D."""
    guesses = []
    for _ in range(MEMBERS):
        drawn = rng.integers(len(known), size=len(known))
        x, y = known[drawn], answers[drawn]
        centre, usual = x.mean(axis=0), y.mean(axis=0)
        # By the rows' own products: there are fewer answers than coordinates at first.
        inner = (x - centre) @ (x - centre).T + SHRINK * np.eye(len(x))
        guesses.append((e - centre) @ ((x - centre).T @ np.linalg.solve(inner, y - usual)) + usual)
    return np.asarray(np.sqrt(np.var(guesses, axis=0).mean(axis=1)))


def worth(
    e: Doubles, open_: NDArray[np.bool_], known: NDArray[np.int64], answers: Doubles, seed: int
) -> Doubles:
    """[n] how much each passage is worth asking about; -inf for those that are not open.

    e [n, E] embeddings of all passages; open_ [n]; known [m] the passages that were answered, and answers
    [m, D] what was picked. Deterministic in `seed`.
    """
    if len(known) < FIRST:
        return by_chance(e, open_, known, answers, seed)
    x = standard(e)
    gained = coverage(x, x[known])
    torn = disagreement(x, x[known], answers, np.random.default_rng([seed, len(known)]))
    value = sum(part / max(float(part[open_].max(initial=0.0)), 1e-9) for part in (gained, torn))
    return np.where(open_, value, -np.inf)


def by_chance(
    e: Doubles, open_: NDArray[np.bool_], known: NDArray[np.int64], answers: Doubles, seed: int
) -> Doubles:
    """The same for an order that is drawn: what asking by worth is measured against."""
    return np.where(open_, np.random.default_rng([seed, 31]).random(len(e)), -np.inf)
