"""One sitting of labelling: which passage is asked about, which pictures are offered, what was answered.

Pure but for the CSV: it neither draws, plays nor reads a clock, and every call returns at once; `listen`
does a little of the hearing that is still to be done.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from livesing.errors import SourceError
from livesing.train.asking import Asking, worth
from livesing.train.labels import LARGEST_SEED, Label, Labels, Passage, Picture
from livesing.train.passages import Passages, file_of, hear
from livesing.translation.translator import CLASSES

GRID = 9
GOAL = 100
"""Pairs that make a translator of one's own (TräumerAI's annotator gave as many)."""
PALETTE = 24
"""Classes that are offered: each is then picked some four times in a hundred, enough to be learnt."""


def palette(moods: NDArray[np.floating] | None, seed: int) -> tuple[int, ...]:
    """PALETTE classes, rising. By their moods [1000, 2]: one at random, then always the one farthest from
    those chosen, so that they span the plane of feeling; without moods, at random."""
    rng = np.random.default_rng([seed, 24])
    if moods is None:
        return tuple(sorted(rng.choice(CLASSES, PALETTE, replace=False).tolist()))
    chosen = [int(rng.integers(len(moods)))]
    apart = np.full(len(moods), np.inf)
    while len(chosen) < PALETTE:
        apart = np.minimum(apart, np.hypot(*(moods - moods[chosen[-1]]).T))
        chosen.append(int(apart.argmax()))
    return tuple(sorted(chosen))


class LabelSession:
    """The state behind the window. `passage` and `grid` are what is shown; `number` counts up with each new
    one, so that whoever draws or plays sees that there is another."""

    def __init__(
        self,
        labels: Labels,
        passages: Passages,
        generator: str,
        classes: Sequence[int],
        seed: int = 0,
        *,
        asking: Asking = worth,
        heard: Mapping[Passage, NDArray[np.floating]] | None = None,
    ) -> None:
        """classes: those to offer. Labels of the same folder are gone on with. asking: what each passage is
        worth asking about; heard: passages whose embeddings [ROWS, E] are known already."""
        self.labels = labels
        self.generator = generator
        self.notes: list[str] = list(passages.left_out)
        """What went wrong, a line each."""
        self.folder = labels.path.parent
        """From which on the labels name files."""
        self._classes = tuple(classes)
        self._seed = seed
        known = dict.fromkeys(label.passage for label in labels.standing)
        self._all = [*known, *(passage for passage in passages.passages if passage not in known)]
        self._place = {passage: number for number, passage in enumerate(self._all)}
        self._asking = asking
        self._heard = {
            self._place[p]: rows.mean(axis=0, dtype=np.float64) for p, rows in (heard or {}).items()
        }
        self._broken: set[int] = set()
        self._hearing: tuple[int, Iterator[NDArray[np.float32] | None]] | None = None
        self._grids = 0
        self.number = 0
        self.passage: Passage | None = None
        """None when there is nothing left to ask."""
        self.grid: tuple[Picture, ...] = ()
        self._ask()

    @property
    def picked(self) -> int:
        """Pairs so far."""
        return len(self.labels.picks)

    @property
    def heard(self) -> int:
        """Passages whose embedding is known."""
        return len(self._heard)

    def pick(self, place: int) -> None:
        """The picture at that place of the grid, 0.., suits the passage. LivesingError where it cannot be
        saved."""
        if self.passage is not None and 0 <= place < len(self.grid):
            self.labels.add(Label(self.passage, self.grid[place], self.generator))
            self._ask()

    def skip(self) -> None:
        """None for this passage: it is not asked about again. LivesingError where it cannot be saved."""
        if self.passage is not None:
            self.labels.add(Label(self.passage, None, self.generator))
            self._ask()

    def another(self) -> None:
        """Another grid for the same passage."""
        if self.passage is not None:
            self._grids += 1
            self._deal()

    def back(self) -> None:
        """Take the last answer back and ask about that passage again. LivesingError where it cannot be
        saved."""
        taken = self.labels.undo()
        if taken is not None:
            self._show(taken.passage)

    def listen(self) -> bool:
        """Hear a little more, half a second of sound at most -> whether there is more to hear."""
        if self._hearing is None:
            waiting = (n for n in range(len(self._all)) if n not in self._heard and n not in self._broken)
            number = next(waiting, None)
            if number is None:
                return False
            passage = self._all[number]
            self._hearing = number, hear(passage, file_of(passage.file, self.folder))
        number, bits = self._hearing
        try:
            rows = next(bits, None)
        except SourceError as error:
            self.notes.append(str(error))
            self._broken.add(number)
            rows, self._hearing = None, None
        if rows is not None:
            self._heard[number] = rows.mean(axis=0, dtype=np.float64)
            self._hearing = None
        return True

    def _ask(self) -> None:
        """Choose the next passage among those heard; before any was, the next one in their order."""
        answered = {
            self._place[label.passage] for label in self.labels.standing if label.passage in self._place
        }
        open_ = [n for n in range(len(self._all)) if n not in answered and n not in self._broken]
        heard = sorted(self._heard)
        candidates = [n for n in heard if n not in answered]
        if candidates:
            e = np.array([self._heard[n] for n in heard])
            row = {n: place for place, n in enumerate(heard)}
            picks = [label for label in self.labels.picks if self._place.get(label.passage) in row]
            known = np.array([row[self._place[label.passage]] for label in picks], np.int64)
            mask = np.isin(heard, candidates)
            number = heard[int(self._asking(e, mask, known, self._answers(picks), self._seed).argmax())]
        elif open_:
            number = open_[0]
        else:
            self.passage, self.grid = None, ()
            self.number += 1
            return
        self._show(self._all[number])

    def _answers(self, picks: list[Label]) -> NDArray[np.float64]:
        """[m, K + 128]: the classes of what was picked, and its z at the weight of one class."""
        rows = []
        for label in picks:
            assert label.picture is not None
            z = label.picture.z() / np.sqrt(len(label.picture.z()))
            rows.append(np.concatenate((label.picture.mixture()[list(self._classes)], z)))
        return np.array(rows, np.float64)

    def _show(self, passage: Passage) -> None:
        self.passage, self._grids = passage, 0
        self._deal()

    def _deal(self) -> None:
        """Nine pictures of different classes, and z's of their own: the same for the same passage, count and
        seed."""
        assert self.passage is not None
        mark = zlib.crc32(repr(tuple(self.passage)).encode())
        rng = np.random.default_rng([self._seed, mark, self._grids // self._rounds])
        deck = rng.permutation(self._classes)
        first = self._grids % self._rounds * GRID
        seeds = np.random.default_rng([self._seed, mark, self._grids, 1]).integers(LARGEST_SEED, size=GRID)
        # Round the deck, so that every class has been offered before one comes again.
        offered = [int(deck[(first + place) % len(deck)]) for place in range(min(GRID, len(deck)))]
        self.grid = tuple(
            Picture((number,), int(z_seed)) for number, z_seed in zip(offered, seeds, strict=False)
        )
        self.number += 1

    @property
    def _rounds(self) -> int:
        """Grids that show every class."""
        return -(-len(self._classes) // GRID)
