"""The way through latent space: from what the music asks for to what the generator is given each frame.

Three motions add up, each frame-rate independent (the same path at 10 or 60 frames a second):

- following: classes and z go to the translator's target, every layer in its own time (TräumerAI: coarse 3 s,
  middle 2 s, fine .3 s), so the composition turns slowly while colour and light answer at once;
- wandering: z drifts on its own, so that a held chord still breathes;
- beats: each beat throws z into a direction of its own and lets it return before the next.

z keeps its norm throughout: generators are trained on a shell, and a shorter z is a greyer picture.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

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
SLOWEST = 1e-3
"""Of the usual speed."""
ENERGY_SECONDS = 1.0
CONFIDENCE_SECONDS = 1.0
WANDER_GAIN = 0.6 * NORM / float(np.sqrt(LATENT / 2))
"""At `dream.wander` 1 it reaches .6 of |z|: the waves' root mean square is .7."""
BEAT_THROW = 0.9
"""Of |z|, at `dream.beat` 1."""


def beat_throw(phase: float) -> float:
    """How far out a beat has thrown z at `phase` 0..1: up within a quarter of a beat, back by its end.

    Zero with zero slope at the end of the beat, so beats join without a jerk.
    """
    return float(np.sin(np.pi * np.sqrt(phase)) ** 2)


class Liveliness(NamedTuple):
    """What loudness does over a step, integrated exactly, so that it is the same in small steps and in large
    ones."""

    energy: float
    """At the end."""
    felt: float
    """Integral of the energy, seconds."""
    followed: float
    """Integral of min(1, 2 energy), seconds: from half the energy on nothing is slowed down."""


def liveliness(energy: float, level: float, dt: float) -> Liveliness:
    """Energy relaxes from where it is to `level`, with ENERGY_SECONDS."""

    def felt(time: float) -> float:
        return float(level * time - (energy - level) * ENERGY_SECONDS * np.expm1(-time / ENERGY_SECONDS))

    end = energy + (level - energy) * -float(np.expm1(-dt / ENERGY_SECONDS))
    crossing = dt
    if (energy - 0.5) * (end - 0.5) < 0:
        crossing = ENERGY_SECONDS * float(np.log((energy - level) / (0.5 - level)))
    rising = energy < 0.5
    followed = 2 * felt(crossing) + dt - crossing if rising else crossing + 2 * (felt(dt) - felt(crossing))
    return Liveliness(end, felt(dt), followed)


def follow(
    value: np.ndarray, between: np.ndarray, target: np.ndarray, ratio: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Critically damped following, solved exactly over a step -> (value, between).

    Two equal one-pole low-passes in a row: no overshoot, no corner when the target jumps, and every
    step is a weighted mean of what was there, so class mixtures stay mixtures. `between` is the first
    pole's state; `ratio`, the step in time constants, broadcasts against the values.
    """
    stay = np.exp(-ratio)
    return (
        target + (value - target) * stay + (between - target) * ratio * stay,
        target + (between - target) * stay,
    )


class PathState(NamedTuple):
    """Where a path is: what the next step depends on, beside what it is given."""

    classes: np.ndarray
    """[2, LAYERS, CLASSES]: the value and the pole before it."""
    z: np.ndarray
    """[2, LAYERS, LATENT], likewise."""
    wandered: float = 0.0
    """Seconds, at the middling pace."""
    confidence: float = 0.0
    energy: float = 0.0


class LatentPath:
    """The state of the motion; owned by the generator's loop.

    Deterministic in the seed and in the times, targets and pulses given.
    """

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self._seed = seed
        self.wander_hz = rng.uniform(*WANDER_HZ, LATENT)
        self.wander_phase = rng.uniform(0, 2 * np.pi, LATENT)
        self.state: PathState | None = None
        """None before the first step; may be set, to go on from there."""

    def step(
        self, dt: float, target: Translation, pulse: Pulse, params: Mapping[str, float]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Go on by `dt` seconds -> (z [1, LAYERS, 128], classes [1, LAYERS, 1000]), float32.

        Reads `dream.pace`, `dream.wander`, `dream.beat` and `show.hold` from `params`.
        """
        classes, z, wandered, confidence, energy = self.state or _beginning(target)
        energy, felt, followed = liveliness(energy, pulse.level, dt)
        confidence += (pulse.beat_confidence - confidence) * -np.expm1(-dt / CONFIDENCE_SECONDS)
        if self.state is not None and not params["show.hold"]:
            calm = STILL * dt + (1 - STILL) * followed
            ratio = (max(params["dream.pace"] * calm, SLOWEST * dt) / LAYER_SECONDS)[:, None]
            classes = np.stack(follow(classes[0], classes[1], target.classes, ratio))
            z = np.stack(follow(z[0], z[1], target.z, ratio))
            wandered += params["dream.pace"] * (STILL * dt + (2 - STILL) * felt)
        self.state = PathState(classes, z, wandered, confidence, energy)

        wave = np.sin(2 * np.pi * self.wander_hz * wandered + self.wander_phase)
        moved = _on_shell(z[0]) + params["dream.wander"] * WANDER_GAIN * WANDER_BY_LAYER[:, None] * wave
        throw = params["dream.beat"] * beat_throw(pulse.beat_phase) * confidence
        moved = moved + BEAT_THROW * NORM * throw * BEAT_BY_LAYER[:, None] * self.direction(pulse.beats)
        mixture = classes[0] / classes[0].sum(axis=-1, keepdims=True)
        return _on_shell(moved)[None].astype(np.float32), mixture[None].astype(np.float32)

    def direction(self, beats: float) -> np.ndarray:
        """The unit vector [128] in which this beat throws: its own, but the bar's four beats come back."""
        return _direction(self._seed, int(beats) // 16, int(beats) % 4)


def _beginning(target: Translation) -> PathState:
    classes = np.broadcast_to(target.classes, (2, LAYERS, CLASSES)).astype(np.float64)
    return PathState(classes, np.broadcast_to(target.z, (2, LAYERS, LATENT)).astype(np.float64))


@lru_cache(maxsize=64)
def _direction(seed: int, bars: int, beat: int) -> np.ndarray:
    direction = np.random.default_rng((seed, bars, beat)).normal(size=LATENT)
    return direction / np.linalg.norm(direction)


def _on_shell(z: np.ndarray) -> np.ndarray:
    return z * (NORM / np.maximum(np.linalg.norm(z, axis=-1, keepdims=True), 1e-9))
