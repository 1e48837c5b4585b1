"""Loudness by ITU-R BS.1770-4: K-weighting and the momentary loudness of 400 ms."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from livesing.audio.framing import Floats, Framer
from livesing.audio.levels import to_db

LOUDNESS_OFFSET_DB = -0.691
"""Loudness in LUFS is this plus 10 log10 of the K-weighted mean square: a full-scale sine of 997 Hz in
one channel reads -3.01."""

MOMENTARY_S = 0.4

Biquad = tuple[float, float, float, float, float]
"""b0, b1, b2, a1, a2, with a0 = 1."""


def k_weighting(rate: float) -> tuple[Biquad, Biquad]:
    """The two filters of BS.1770-4, annex 1, for any rate in Hz: the shelf of the head, the high-pass.

    The standard tables them for 48 kHz only. They are bilinear transforms of analogue filters, whose
    frequencies, quality and gain the tables determine; at 48 kHz this gives the tables back. The shelf
    lies so high that at 8 kHz it reads 0.2 dB less.
    """
    k = math.tan(math.pi * 1681.974450955533 / rate)
    quality, gain = 0.7071752369554196, 10.0 ** (3.999843853973347 / 20.0)
    middle = gain**0.4996667741545416
    whole = 1.0 + k / quality + k * k
    shelf = (
        (gain + middle * k / quality + k * k) / whole,
        2.0 * (k * k - gain) / whole,
        (gain - middle * k / quality + k * k) / whole,
        2.0 * (k * k - 1.0) / whole,
        (1.0 - k / quality + k * k) / whole,
    )
    k = math.tan(math.pi * 38.13547087602444 / rate)
    quality = 0.5003270373238773
    whole = 1.0 + k / quality + k * k
    # The tables' high-pass passes 0.04 dB more than all; so does ours, at every rate.
    top = 1.0049948987146884 / whole
    high_pass = (top, -2.0 * top, top, 2.0 * (k * k - 1.0) / whole, (1.0 - k / quality + k * k) / whole)
    return shelf, high_pass


class KWeighted:
    """Mean squares of K-weighted sound, one for every 10 ms, at the sound's own rate.

    What lies above the slow path's 10 kHz counts here too: cymbals are loud.

    A filter's answer to a block of samples is linear in the samples and in the state it begins with (four
    numbers for both filters), and so is the state it ends with. So all blocks are filtered at once by
    products with a few small matrices, instead of sample by sample.
    """

    PER_S = 100
    LEAST_BLOCK, BLOCK, MOST_BLOCK = 24, 64, 96
    """Samples of a block; a hop is whole blocks. A few less than 10 ms where that is needed."""
    HOPS = 25
    """Whose states are told by one product."""
    DUST = 1e-30

    def __init__(self, rate: int) -> None:
        self.hop, block = _blocks(rate // self.PER_S, self.LEAST_BLOCK, self.BLOCK, self.MOST_BLOCK)
        """Samples per mean square."""
        self._framer = Framer(self.hop, self.hop)
        self._block = block
        response, into, onward, shown = _block_matrices(_cascade(*k_weighting(rate)), block)
        self._response, self._into, self._shown = (
            matrix.astype(np.float32) for matrix in (response, into, shown)
        )
        per_hop = self.hop // block
        within = _states(onward, per_hop)
        self._within, self._ends = within[:, :-STATE].copy(), within[STATE:, -STATE:].copy()
        self._over = _states(np.linalg.matrix_power(onward, per_hop), self.HOPS)
        self._state = np.zeros(STATE)

    def push(self, block: Floats) -> NDArray[np.float64]:
        """block: [n] float32, clean. Returns the mean squares that became complete, [m]."""
        frames = self._framer.push(block)
        if not len(frames):
            return np.zeros(0)
        blocks = frames.reshape(-1, self._block)
        moves = np.dot(blocks, self._into).astype(np.float64).reshape(len(frames), -1)
        begins = self._begins(np.dot(moves, self._ends))
        within = np.dot(np.concatenate((begins, moves), axis=1), self._within)
        weighted = np.dot(blocks, self._response)
        weighted += np.dot(within.reshape(-1, STATE).astype(np.float32), self._shown)
        rows = weighted.reshape(len(frames), -1)
        return np.vecdot(rows, rows).astype(np.float64) / self.hop

    def _begins(self, moves: NDArray[np.float64]) -> NDArray[np.float64]:
        """[hops, 4] what each hop adds to the state -> [hops, 4] the states that they begin with."""
        begins = np.empty_like(moves)
        for first in range(0, len(moves), self.HOPS):
            some = np.concatenate((self._state, moves[first : first + self.HOPS].ravel()))
            states = np.dot(some, self._over[: some.size, : some.size]).reshape(-1, STATE)
            begins[first : first + self.HOPS] = states[:-1]
            self._state = np.where(np.abs(states[-1]) > self.DUST, states[-1], 0.0)
        return begins


STATE = 4
"""Numbers that two biquads remember."""

Matrices = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float]
"""A [4, 4], B [4], C [4], D of s' = A s + B x, y = C s + D x."""


def _cascade(first: Biquad, second: Biquad) -> Matrices:
    """One filter after the other, both in the transposed direct form II."""
    parts = []
    for b0, b1, b2, a1, a2 in (first, second):
        parts.append((np.array([[-a1, 1.0], [-a2, 0.0]]), np.array([b1 - a1 * b0, b2 - a2 * b0]), b0))
    (a, b, d), (a_after, b_after, d_after) = parts
    shown = np.array([1.0, 0.0])
    moves = np.block([[a, np.zeros((2, 2))], [np.outer(b_after, shown), a_after]])
    return moves, np.concatenate((b, b_after * d)), np.concatenate((d_after * shown, shown)), d * d_after


def _block_matrices(filters: Matrices, block: int) -> tuple[NDArray[np.float64], ...]:
    """What a block of samples [block] and the state before it [4] do, as factors from the right:

    samples -> output [block, block], samples -> state [block, 4], state -> next state [4, 4],
    state -> output [4, block].

    The state is told by its part of the output, in an orthonormal basis of what that can be: so nothing large
    is to cancel, as it is in the filters' own form, and float32 is enough.
    """
    a, b, c, d = filters
    powers = [np.eye(STATE)]
    for _ in range(block):
        powers.append(powers[-1] @ a)
    shown = np.stack([c @ power for power in powers[:block]])  # [block, 4]
    answer = np.concatenate(([d], shown[:-1] @ b))
    behind = np.arange(block)[None, :] - np.arange(block)[:, None]
    response = np.where(behind >= 0, answer[np.maximum(behind, 0)], 0.0)
    basis, own = np.linalg.qr(shown)
    into = np.stack([power @ b for power in powers[block - 1 :: -1]]) @ own.T
    onward = np.linalg.solve(own.T, powers[block].T @ own.T)
    return response, into, onward, basis.T


def _states(onward: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """[4 (1 + count), 4 (1 + count)]: from a state and what each of `count` blocks adds to it, side by side,
    to the states before and after every block."""
    powers = [np.eye(STATE)]
    for _ in range(count):
        powers.append(powers[-1] @ onward)
    zero = np.zeros((STATE, STATE))
    return np.block(
        [[powers[to - at] if to >= at else zero for to in range(count + 1)] for at in range(count + 1)]
    )


def _blocks(hop: int, least: int, usual: int, most: int) -> tuple[int, int]:
    """(samples of a hop, samples of a block): `hop`, or a few less, for which there are whole blocks."""
    while True:
        sizes = [size for size in range(least, most + 1) if hop % size == 0]
        if sizes:
            return hop, min(sizes, key=lambda size: abs(math.log(size / usual)))
        hop -= 1


def loudness_db(mean_square: float) -> float:
    """LUFS of a K-weighted mean square; the floor of silence is SILENCE_DB + LOUDNESS_OFFSET_DB."""
    return LOUDNESS_OFFSET_DB + to_db(mean_square)
