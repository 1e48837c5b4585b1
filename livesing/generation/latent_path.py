"""The way through latent space: from what the music asks for to what the generator is given each frame.

Three motions add up, each frame-rate independent (the same path at 10 or 60 frames a second):

- following: classes and z go to the translator's target, every layer in its own time (TräumerAI: coarse 3 s,
  middle 2 s, fine .3 s), so the composition turns slowly while colour and light answer at once;
- wandering: z drifts on its own, so that a held chord still breathes;
- beats: each beat throws z into a direction of its own and lets it return before the next.

z keeps its norm throughout: generators are trained on a shell, and a shorter z is a greyer picture.
"""

from collections.abc import Mapping

import numpy as np

from livesing.audio.pulse import Pulse
from livesing.translation.translator import CLASSES, LATENT, Translation

LAYER_SECONDS = np.array([3.0, 2.0, 0.3])
"""Time constants of the coarse, middle and fine layers (TräumerAI, section 3)."""
LAYERS = len(LAYER_SECONDS)
TRUNCATION = 0.5
NORM = TRUNCATION * 0.88 * float(np.sqrt(LATENT))
"""|z|: a normal truncated at 2 has a standard deviation of .88."""
BEAT_BY_LAYER = np.array([0.25, 0.8, 1.0])
"""A beat hardly moves the composition, but all of the light."""
WANDER_BY_LAYER = np.array([1.0, 0.8, 0.5])
WANDER_HZ = (0.013, 0.045)
"""Frequencies of the wandering at a middling level: one way and back in 22 to 77 s."""
STILL = 0.15
"""Speed of following and wandering in silence, as a share of the usual, so that silence calms the picture."""
ENERGY_SECONDS = 1.0


def beat_throw(phase: float) -> float:
    """How far out a beat has thrown z at `phase` 0..1: up within a quarter of a beat, back by its end.

    Zero with zero slope at the end of the beat, so beats join without a jerk.
    """
    return float(np.sin(np.pi * np.sqrt(phase)) ** 2)


def follow(
    value: np.ndarray, between: np.ndarray, target: np.ndarray, dt: float, seconds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Critically damped following, solved exactly over `dt` -> (value, between).

    Two equal one-pole low-passes in a row: no overshoot, no corner when the target jumps, and every
    step is a weighted mean of what was there, so class mixtures stay mixtures. `between` is the first
    pole's state; `seconds` (time constants) broadcasts against the values.
    """
    ratio = dt / seconds
    stay = np.exp(-ratio)
    return (
        target + (value - target) * stay + (between - target) * ratio * stay,
        target + (between - target) * stay,
    )


class LatentPath:
    """The state of the motion; owned by the generator's loop.

    Deterministic in the seed and in the times, targets and pulses given.
    """

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self._seed = seed
        self._wander_hz = rng.uniform(*WANDER_HZ, LATENT)
        self._wander_phase = rng.uniform(0, 2 * np.pi, LATENT)
        self._wandered = 0.0
        self._classes: np.ndarray | None = None  # [2, LAYERS, CLASSES]: the value and the pole before it
        self._z = np.zeros((2, LAYERS, LATENT))
        self._confidence = 0.0
        self._energy = 0.0

    def step(
        self, dt: float, target: Translation, pulse: Pulse, params: Mapping[str, float]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Go on by `dt` seconds -> (z [1, LAYERS, 128], classes [1, LAYERS, 1000]), float32.

        Reads `dream.pace`, `dream.wander`, `dream.beat` and `show.hold` from `params`.
        """
        self._energy += (pulse.level - self._energy) * -np.expm1(-dt / ENERGY_SECONDS)
        calm = STILL + (1 - STILL) * min(1.0, 2 * self._energy)
        seconds = (LAYER_SECONDS / max(params["dream.pace"] * calm, 1e-3))[:, None]
        if self._classes is None:
            self._classes = np.broadcast_to(target.classes, (2, LAYERS, CLASSES)).astype(np.float64)
            self._z[:] = target.z
        elif not params["show.hold"]:
            self._classes = np.stack(follow(self._classes[0], self._classes[1], target.classes, dt, seconds))
            self._z = np.stack(follow(self._z[0], self._z[1], target.z, dt, seconds))
            self._wandered += dt * params["dream.pace"] * (STILL + (2 - STILL) * self._energy)
        self._confidence += (pulse.beat_confidence - self._confidence) * -np.expm1(-dt / 1.0)

        z = _on_shell(self._z[0])
        wave = np.sin(2 * np.pi * self._wander_hz * self._wandered + self._wander_phase)
        z = z + params["dream.wander"] * 0.6 * WANDER_BY_LAYER[:, None] * wave * NORM / np.sqrt(LATENT / 2)
        throw = params["dream.beat"] * beat_throw(pulse.beat_phase) * self._confidence
        z = z + 0.9 * throw * BEAT_BY_LAYER[:, None] * self._direction(int(pulse.beats)) * NORM
        classes = self._classes[0] / self._classes[0].sum(axis=-1, keepdims=True)
        return _on_shell(z)[None].astype(np.float32), classes[None].astype(np.float32)

    def _direction(self, beat: int) -> np.ndarray:
        """The unit vector in which this beat throws: its own, but the bar's four beats come back."""
        direction = np.random.default_rng((self._seed, beat // 16, beat % 4)).normal(size=LATENT)
        return direction / np.linalg.norm(direction)


def _on_shell(z: np.ndarray) -> np.ndarray:
    return z * (NORM / np.maximum(np.linalg.norm(z, axis=-1, keepdims=True), 1e-9))
