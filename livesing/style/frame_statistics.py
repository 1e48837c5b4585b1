"""The statistics of a stream of generated frames, measured at samples: what they cost does not depend on the
frames' size.

The mean and the low-pass are measured all over a frame, at four by four pixels for each texel of the low-pass
and the same ones in every frame: they decide the picture's light, which must not flicker. A band is measured
in windows spread over the frame, which lie elsewhere in the next frame. In a window of four by four texels of
a level lies all that one of the inner four, and the bilinear sample of the next level beneath it, are made
of; a texel is the mean of at most four by four of its pixels. So a band's values are one matrix product.
Every second band is measured in a frame, the others in the next.
"""

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import as_strided

from livesing.style.bands import APART, LEVELS, SECONDS, Statistics, finest
from livesing.style.masking import room
from livesing.style.settle import Level

SIDE = 4
"""Samples along a texel's side, at most."""
WINDOWS = {1: (24, 40), 2: (22, 38), 4: (10, 18)}
"""Rows and columns of windows at most, by the samples along a texel's side."""
COLOURS = 450
"""Of the low-pass, by which its tones are known."""
PLACES, STRIDE = 101, 37
"""Every so many blocks are taken anew together, and how far on are the next."""
FAINTEST = 0.5
"""Steps of a byte: the contrast of a frame of one colour."""
STEPS = 0.7548776662466927, 0.5698402909980532
"""By which windows move from frame to frame, in shares of their distance: Roberts' sequence R2, which fills
the square evenly from the beginning."""


class FrameStatistics:
    """The smoothed statistics of a stream of generated frames, in some 0.3 ms a frame."""

    def __init__(self) -> None:
        self.now: Statistics | None = None
        """Its mean follows every frame, the rest a dozen times a second: so often maps are made anew."""
        self.newest: Level | None = None
        """Of the newest frame's own colours, not smoothed."""
        self._turn = 0
        self._bands = np.zeros((LEVELS - 1, 3, 3))
        self._waited = np.zeros(LEVELS)
        self._refreshed = 0.0

    def see(self, pixels: np.ndarray, dt: float) -> Statistics:
        """Take in a frame, [h, w, 4] uint8 16 rows at least, `dt` seconds after the one before -> `now`."""
        if min(pixels.shape[:2]) < 16:
            raise ValueError(f"too small a frame: {pixels.shape[1]}x{pixels.shape[0]}")
        words = np.ascontiguousarray(pixels).view("<u4")[..., 0]
        begin = finest(len(words))
        self.newest, blocks, samples = _blocks(words, 1 << begin + LEVELS - 1)
        old = self.now if self.now is not None and self.now.finest == begin else None
        self._turn += 1
        self._waited += dt
        gains = np.ones(LEVELS) if old is None else -np.expm1(-self._waited / SECONDS)
        if old is None:
            self._bands = np.zeros((LEVELS - 1, 3, 3))
        bands = range(max(-begin, 0), LEVELS - 1)
        for number in bands if old is None else bands[self._turn % 2 :: 2]:
            measured = _band(words, 1 << begin + number, self._turn)
            self._bands[number] += (measured - self._bands[number]) * gains[number]
            self._waited[number] = 0.0
        mean = self.newest.mean
        if old is not None:
            mean = old.mean - (mean - old.mean) * float(np.expm1(-dt / SECONDS))
        if old is not None and self._waited[-1] < APART:
            self.now = old._replace(mean=mean)
        else:
            shares = _variances(samples, blocks) / self.newest.contrast**2
            self.now = self._follow(old, mean, blocks[:3], begin, float(gains[-1]), room(shares))
            self._waited[-1] = 0.0
        return self.now

    def _follow(
        self,
        old: Statistics | None,
        mean: np.ndarray,
        blocks: np.ndarray,
        begin: int,
        gain: float,
        free: float,
    ) -> Statistics:
        """New statistics from the newest frame's blocks, and from the bands as they were measured."""
        colours, low = blocks[:, :: blocks.shape[1] // COLOURS | 1].T, _covariance(blocks)
        if old is not None:
            low = old.covariances[-1] + (low - old.covariances[-1]) * gain
            colours = self._pool(old.low, colours)
            free = old.room + (free - old.room) * gain
        return Statistics(mean, np.concatenate([self._bands, low[None]]), begin, colours, free)

    def _pool(self, old: np.ndarray, new: np.ndarray) -> np.ndarray:
        """Colours of the low-pass of the last frames: the same places in each, a part of them anew, so that a
        picture that stands still has colours that do. A colour is two time constants old at most."""
        if len(old) != len(new):
            return new
        first = round(self._refreshed * PLACES)
        self._refreshed += min(float(self._waited[-1]) / (2 * SECONDS), 1.0)
        pool = old.copy()
        for place in range(first, round(self._refreshed * PLACES)):
            here = place * STRIDE % PLACES
            pool[here::PLACES] = new[here::PLACES]
        self._refreshed %= 1.0
        return pool

    def level(self, pixels: np.ndarray, dt: float) -> Level:
        """Take in a frame as `see` does -> its own light and contrast."""
        self.see(pixels, dt)
        assert self.newest is not None
        return self.newest


def _colours(words: np.ndarray) -> np.ndarray:
    """RGBA words [..., n] -> [..., n * 4] float32, 0..255."""
    return np.ascontiguousarray(words).view(np.uint8).astype(np.float32)


def _blocks(words: np.ndarray, texel: int) -> tuple[Level, np.ndarray, np.ndarray]:
    """The level of all sampled pixels, the means of blocks of texel x texel pixels, [4, n] in 0..1, and the
    samples, 0..255, as they lie."""
    apart = texel // SIDE
    rows, columns = (length // texel for length in words.shape)
    down, right = words.strides
    # Every second row of samples is shifted, so that a block's samples have its centre for theirs.
    strides = texel * down, 2 * apart * down, (2 * apart - 1) * down + (apart - 1) * right, apart * right
    samples = _colours(as_strided(words, (rows, SIDE // 2, 2, columns * SIDE), strides, writeable=False))
    sums = np.ones((1, SIDE), np.float32) @ samples.reshape(rows, SIDE, -1)
    blocks = _row_of_samples() @ sums.reshape(-1, SIDE * 4).T
    mean = blocks.mean(axis=1, dtype=np.float64)
    flat = samples.ravel()
    # Alpha is 1 all over and has no variance.
    variance = max(float(flat @ flat) * 4 / flat.size / 255**2 - float(mean @ mean), 0.0)
    return Level(mean[:3], float(np.sqrt(variance + (FAINTEST / 255) ** 2))), blocks, samples


def _variances(samples: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """Of the samples in each block, [n], summed over the channels (alpha's are all the same), in 0..1."""
    rows, width = samples.shape[0], samples[0].size // SIDE
    squares = np.ones((1, SIDE), np.float32) @ np.square(samples).reshape(rows, SIDE, width)
    means = squares.reshape(-1, SIDE * 4) @ np.full(SIDE * 4, 1 / (SIDE * 255) ** 2, np.float32)
    return np.maximum(means - np.square(blocks).sum(axis=0), 0.0)


def _covariance(blocks: np.ndarray) -> np.ndarray:
    centred = blocks - blocks.mean(axis=1, keepdims=True)
    return (centred @ centred.T).astype(np.float64) / blocks.shape[1]


def _band(words: np.ndarray, texel: int, turn: int) -> np.ndarray:
    """The covariance of a band whose texels have texel x texel pixels, [3, 3]."""
    side = min(texel, SIDE)
    apart = texel // side
    starts, steps, counts = [], [], []
    for length, most, share in zip(words.shape, WINDOWS[side], STEPS, strict=True):
        places = length // (2 * texel) - 1  # by half a window, as the texels of the next level lie
        if places < 1:
            return np.zeros((3, 3))
        step = -(-places // most)
        count = places // step
        free = places - (count - 1) * step
        starts.append(2 * texel * int(turn * share % 1 * free))
        steps.append(2 * texel * step)
        counts.append(count)
    down, right = words.strides
    view = as_strided(
        words[starts[0] :, starts[1] :],
        (*counts, 4 * side, 4 * side),
        (steps[0] * down, steps[1] * right, apart * down, apart * right),
        writeable=False,
    )
    samples = _colours(view).reshape(-1, (4 * side) ** 2 * 4)
    band = samples @ _kernel(side)
    moments = (band.T @ band).astype(np.float64).reshape(2, 3, 2, 3)
    return np.trace(moments, axis1=0, axis2=2) / (2 * len(band))


@lru_cache
def _row_of_samples() -> np.ndarray:
    """[4, SIDE * 4]: from the sums of a block's columns of samples to its mean in 0..1."""
    return np.tile(np.eye(4, dtype=np.float32), SIDE) / np.float32(SIDE**2 * 255)


@lru_cache
def _kernel(side: int) -> np.ndarray:
    """[16 * side * side * 4, 2 * 3]: from a window's samples to the band at two of its inner four texels,
    those across from each other: the others tell little more.

    Bilinear sampling of the next level there takes 3/4 of the texel it lies in and 1/4 of the one beside it,
    along each axis.
    """
    own = np.repeat(np.eye(4)[1:3], side, axis=1) / side
    below = np.repeat(np.array([[3, 3, 1, 1], [1, 1, 3, 3]]) / 8, side, axis=1) / side
    places = [np.outer(own[y], own[x]) - np.outer(below[y], below[x]) for y, x in ((0, 0), (1, 1))]
    return np.concatenate([_for_each_channel(weights) for weights in places], axis=1)


def _for_each_channel(weights: np.ndarray) -> np.ndarray:
    """[rows, columns] of samples -> [rows * columns * 4, 3], from bytes to 0..1, without alpha."""
    channels = np.eye(4)[:, :3] / 255
    return np.ascontiguousarray(np.kron(weights.reshape(-1, 1), channels), np.float32)
