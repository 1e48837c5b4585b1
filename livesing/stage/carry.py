"""Where the strokes lie: they move with the picture, or it would seem to be seen through frosted glass.

Zoom, turning and shift of the view happen after the style pass and carry the strokes along. What is left is
the motion of the dream itself, from one generated frame to the next. It is measured as one similarity for
the whole picture, by least squares on the brightness constancy equation (Lucas & Kanade 1981).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from livesing.style.bands import APART

ROWS = 512
"""Places are in pixels of a picture of so many rows, from its centre, as complex numbers x + iy, y
downwards."""
RETURN_SECONDS = 8.0
"""Time constant with which zoom and turning of the strokes go back: they must keep their size."""
FORGET_SECONDS = 0.4
"""Time constant of the smoothing of the measured motion, and of its end when no frame comes."""
FASTEST = 160.0
"""Pixels a second beyond which it is taken for a new picture."""
DOUBT = 0.3
"""Share of the change that a similarity explains by chance, and that it leaves unexplained at best."""
NOISE = 4e-4
"""Variance of what is no motion, added to the least squares' diagonal: flat pictures do not move."""


@dataclass(frozen=True)
class Carry:
    """The strokes' place for a place p of the picture: turn * p + shift."""

    turn: complex = 1.0 + 0.0j
    shift: complex = 0.0j


@dataclass(frozen=True)
class Motion:
    """A similarity a second: p moves by shift + spin * p. Zoom is spin's real part, turning its imaginary
    one."""

    shift: complex = 0.0j
    spin: complex = 0.0j


def measure(before: np.ndarray, after: np.ndarray, dt: float) -> Motion:
    """How the picture moved between two small ones, [h, w, c] float in 0..1, `dt` seconds apart.

    Weighed by how much of the change it explains, since much of a dream's change is no motion at all.
    """
    rows, columns = before.shape[:2]
    scale = ROWS / rows
    design = np.empty((4, *before.shape), np.result_type(before, after))
    gx, gy = design[:2]
    _slopes(before + after, gx, gy)
    change = (after - before).ravel()
    y, x = _places(rows, columns)
    unit = ROWS / 2  # so that all four unknowns are of one size
    design[2] = gx * x + gy * y
    design[3] = gy * x - gx * y
    flat = design.reshape(4, -1)
    normal = (flat @ flat.T) / scale**2
    ridge = NOISE / scale**2 * flat.shape[1]
    wanted = flat @ change / -scale
    found = np.linalg.solve(normal + ridge * np.eye(4), wanted)
    total = float(change @ change)
    explained = float(found @ wanted) / total if total > 1e-12 else 0.0
    found = found * min(max((explained - DOUBT) / (1 - 2 * DOUBT), 0.0), 1.0) / dt
    shift = complex(found[0], found[1])
    if abs(shift) > FASTEST:
        return Motion()
    return Motion(shift, complex(found[2], found[3]) / unit)


def _slopes(twice: np.ndarray, gx: np.ndarray, gy: np.ndarray) -> None:
    """Of half a picture [h, w, c], by central differences, and from its neighbour at an edge."""
    for along, slope in ((twice.swapaxes(0, 1), gx.swapaxes(0, 1)), (twice, gy)):
        np.subtract(along[2:], along[:-2], out=slope[1:-1])
        slope[1:-1] *= 0.25
        slope[0] = 0.5 * (along[1] - along[0])
        slope[-1] = 0.5 * (along[-1] - along[-2])


@lru_cache
def _places(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """y [rows, 1, 1] and x [1, columns, 1] of a small picture's pixels from its centre, in halves of its
    height."""
    y = (np.arange(rows) + 0.5) * 2 / rows - 1
    x = (2 * np.arange(columns) + 1 - columns) / rows
    return y[:, None, None].astype(np.float32), x[None, :, None].astype(np.float32)


class Carrier:
    """Carries the strokes along from displayed frame to displayed frame."""

    def __init__(self) -> None:
        self.carry = Carry()
        self._motion = Motion()
        self._small: np.ndarray | None = None
        self._passed = 0.0

    def see(self, small: np.ndarray, dt: float) -> None:
        """Take in a generated frame as a small picture, [h, w, c] in 0..1, `dt` seconds after the last."""
        self._passed += dt
        if self._small is not None and self._small.shape == small.shape and self._passed > 0:
            if self._passed < APART:
                return
            new = measure(self._small, small, self._passed)
            gain = -float(np.expm1(-self._passed / FORGET_SECONDS))
            self._motion = Motion(
                self._motion.shift + (new.shift - self._motion.shift) * gain,
                self._motion.spin + (new.spin - self._motion.spin) * gain,
            )
        self._small, self._passed = small, 0.0

    def step(self, dt: float) -> Carry:
        """The carry after `dt` seconds more."""
        moved = np.exp(self._motion.spin * dt)
        turn = self.carry.turn / moved
        shift = self.carry.shift - turn * self._motion.shift * dt
        back = np.exp(-dt / RETURN_SECONDS)
        turn = complex(np.exp(np.log(turn) * back))
        self.carry = Carry(turn, complex(shift))
        return self.carry
