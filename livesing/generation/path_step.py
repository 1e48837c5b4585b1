"""What an engine is given for a frame when it goes the way from feeling to picture itself.

A row of float32, for which one copy to the device is enough: what is felt, the time since the last frame, the
beat, and every live parameter on the way. And the state that the way has, so that a show can go on on the
other side, from the processor to the device or back.
"""

from typing import NamedTuple, Protocol, cast

import numpy as np

from livesing.generation.engine import Bytes, Engine, Floats, Latents
from livesing.generation.latent_path import PathState
from livesing.translation.network import TranslatorWeights
from livesing.translation.translator import LATENT


class PathStep(NamedTuple):
    """The inputs of one frame; what they mean is told by translation/steering.py and latent_path.py."""

    valence: float
    arousal: float
    dt: float
    level: float
    beat_phase: float
    beat_confidence: float
    temperature: float
    """Of the softmax over classes."""
    blend: float
    hysteresis: float
    mix: float
    """0 where there is no second translator."""
    amount: float
    """Of noise."""
    lock: float
    hold: float
    pace: float
    wander: float
    beat: float
    truncation: float
    noise: np.ndarray
    """[128], a truncated normal."""
    direction: np.ndarray
    """[128], the unit vector in which this beat throws."""

    def row(self) -> Floats:
        """[ROW] float32, in the order of the fields."""
        return np.concatenate([self[:SCALARS], self.noise, self.direction]).astype(np.float32)


SCALARS = PathStep._fields.index("noise")
ROW = SCALARS + 2 * LATENT


class WayState(NamedTuple):
    """What steering and latent path hold from one frame to the next."""

    path: PathState
    held: tuple[float, float]
    """Where hysteresis holds the feeling: valence, arousal."""
    locked: np.ndarray
    """[1000], the classes of the last translation, which a lock holds."""


class Way(Protocol):
    """device_path.py's module, as those see it who have no torch."""

    def wear(self, place: int, weights: TranslatorWeights, reach: float) -> None: ...

    def resume(self, hz: np.ndarray, phase: np.ndarray, state: WayState | None) -> None: ...

    def state(self) -> WayState | None: ...


class DreamingEngine(Engine, Protocol):
    """An engine that goes the way itself."""

    path: Way

    def dream(self, row: Floats, out: Bytes | None) -> tuple[Bytes, Latents]:
        """A frame, as `rgba` puts it out, for a PathStep's row, and the latents that it was drawn from."""
        ...


class OverlappingEngine(DreamingEngine, Protocol):
    """One that draws a frame while the one before leaves its device: begin two, finish one, begin the next.
    Where its `path` is None it takes latents alone."""

    def begin(self, latents: Latents) -> None:
        """Start a frame. Raises RuntimeError when two are under way."""
        ...

    def begin_dream(self, row: Floats) -> None:
        """Start a frame for a PathStep's row; as `begin`."""
        ...

    def finish(self, out: Bytes | None) -> tuple[Bytes, Latents]:
        """The oldest frame that was begun, as `dream` gives it. Raises RuntimeError when there is none."""
        ...


def dreaming(engine: Engine) -> DreamingEngine | None:
    """The engine, if it goes the way itself."""
    return cast(DreamingEngine, engine) if getattr(engine, "path", None) is not None else None


def overlapping(engine: Engine) -> OverlappingEngine | None:
    """The engine, if it draws a frame while another leaves."""
    return cast(OverlappingEngine, engine) if hasattr(engine, "begin") else None
