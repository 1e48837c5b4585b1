"""From feeling to latents on the generator's own device: translator, steering and latent path as one torch
module, so that a CUDA graph begins with (valence, arousal, beat, dt) and ends with a frame.

The reference is the same way in numpy: translation/network.py, translation/steering.py and latent_path.py,
which say why; here is how. State lies in buffers that each frame updates in place. Nothing branches and
nothing is read back: what may or may not apply is computed and then chosen, since a graph repeats the same
launches for every frame.
"""

import math
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from livesing.generation.latent_path import (
    BEAT_BY_LAYER,
    BEAT_THROW,
    CONFIDENCE_SECONDS,
    ENERGY_SECONDS,
    LAYER_SECONDS,
    LAYERS,
    NORM,
    SLOWEST,
    STILL,
    TRUNCATION,
    WANDER_BY_LAYER,
    WANDER_GAIN,
    PathState,
)
from livesing.generation.path_step import SCALARS, PathStep, WayState
from livesing.translation.network import HIDDEN, TranslatorWeights
from livesing.translation.steering import LONGEST_Z, NEAR, NOISE
from livesing.translation.translator import CLASSES, LATENT

Tensors = Any
"""A PathStep whose numbers are tensors [] and [128]."""
PLACES = 2
"""Translators at a time: a look's own, and the one that it blends in."""
WEIGHTS = {
    "w1": (2, HIDDEN[0]),
    "b1": (1, HIDDEN[0]),
    "w2": HIDDEN,
    "b2": (1, HIDDEN[1]),
    "w_classes": (HIDDEN[1], CLASSES),
    "b_classes": (1, CLASSES),
    "w_z": (HIDDEN[1], LATENT),
    "b_z": (1, LATENT),
}


class DevicePath(nn.Module):
    """A PathStep's row [ROW] -> z [1, 3, 128], classes [1, 3, 1000], truncation [1], float32 as the row.

    `wear` first. Owned, as its engine, by one thread.
    """

    def __init__(self, *, spread: bool) -> None:
        """`spread`: z is as long as the live truncation wants it; the embedded generator's is not."""
        super().__init__()
        self._spread = spread
        self.stream: torch.cuda.Stream | None = None
        """Of the GPU, on which its frames run."""
        for name, shape in WEIGHTS.items():
            self.register_buffer(name, torch.zeros(PLACES, *shape))
        self.register_buffer("reach", torch.ones(PLACES, 1, 1))
        self.register_buffer("begun", torch.zeros((), dtype=torch.bool))
        self.register_buffer("held", torch.zeros(2))
        self.register_buffer("locked", torch.zeros(CLASSES))
        # classes and z in one: [value and the pole before it, layer, 1000 + 128]
        self.register_buffer("followed", torch.zeros(2, LAYERS, CLASSES + LATENT))
        # hours of seconds, added up in sixtieths: too much for float32
        # (of one number: torch.compile loses what is written into a double without axes)
        self.register_buffer("wandered", torch.zeros(1, dtype=torch.double))
        self.register_buffer("confidence", torch.zeros(()))
        self.register_buffer("energy", torch.zeros(()))
        self.register_buffer("wander_hz", torch.zeros(LATENT, dtype=torch.double))
        self.register_buffer("wander_phase", torch.zeros(LATENT, dtype=torch.double))
        self.register_buffer("layer_seconds", _column(LAYER_SECONDS))
        self.register_buffer("wander_gain", _column(WANDER_GAIN * WANDER_BY_LAYER))
        self.register_buffer("beat_gain", _column(BEAT_THROW * NORM * BEAT_BY_LAYER))

    def wear(self, place: int, weights: TranslatorWeights, reach: float) -> None:
        """Translate by this network, as the look's own (place 0) or as the one that is blended in (1)."""
        with torch.no_grad(), self._between_frames():
            for name in WEIGHTS:
                values = torch.from_numpy(np.array(getattr(weights, name), np.float32))
                if name.endswith("_classes"):  # the classes of no column never come out
                    nothing = 0.0 if name == "w_classes" else -math.inf
                    whole = torch.full((*values.shape[:-1], CLASSES), nothing)
                    whole[..., torch.from_numpy(np.array(weights.which))] = values
                    values = whole
                buffer = self.get_buffer(name)
                buffer[place].copy_(values.reshape(buffer.shape[1:]))
            self.reach[place].fill_(reach)

    def resume(self, hz: np.ndarray, phase: np.ndarray, state: WayState | None) -> None:
        """Go on from there, or begin anew; `hz` and `phase` [128] are the wandering's."""
        with torch.no_grad(), self._between_frames():
            self.wander_hz.copy_(torch.from_numpy(hz))
            self.wander_phase.copy_(torch.from_numpy(phase))
            for name in ("begun", "held", "locked", "followed", "wandered", "confidence", "energy"):
                self.get_buffer(name).zero_()
            if state is None:
                return
            path, held, locked = state
            self.begun.fill_(True)
            self.held.copy_(torch.tensor(held))
            self.locked.copy_(torch.from_numpy(locked))
            self.followed.copy_(torch.from_numpy(np.concatenate([path.classes, path.z], axis=-1)))
            self.wandered.fill_(path.wandered)
            self.confidence.fill_(path.confidence)
            self.energy.fill_(path.energy)

    def state(self) -> WayState | None:
        """Where it is; None before the first frame."""
        with self._between_frames():
            if not bool(self.begun):
                return None
            followed = self.followed.cpu().numpy().astype(np.float64)
            path = PathState(
                classes=followed[..., :CLASSES],
                z=followed[..., CLASSES:],
                wandered=float(self.wandered),
                confidence=float(self.confidence),
                energy=float(self.energy),
            )
            valence, arousal = self.held.tolist()
            return WayState(path, (valence, arousal), self.locked.cpu().numpy().copy())

    def _between_frames(self) -> AbstractContextManager[object]:
        """On a GPU in the order of the frames: after those that are under way, before the next."""
        return nullcontext() if self.stream is None else torch.cuda.stream(self.stream)

    def forward(self, row: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        vectors = row[SCALARS:].unflatten(0, (2, LATENT))
        step: Tensors = PathStep(*row[:SCALARS].unbind(0), *vectors.unbind(0))
        z, classes = self._walk(step, self._steer(step, row[:2]))
        self.begun.fill_(True)
        if self._spread:
            z = z * (step.truncation / TRUNCATION)
        return z[None], classes[None], row[SCALARS - 1 : SCALARS]

    def _translate(self, points: Tensor, step: Tensors) -> tuple[Tensor, Tensor]:
        """(steady, felt) [2, 2] -> classes [1000] for the steady point, z [128] for what is felt."""
        points = torch.minimum(torch.maximum(points, -self.reach), self.reach)
        first = torch.baddbmm(self.b1, points, self.w1).relu()
        features = torch.baddbmm(self.b2, first, self.w2).relu()
        logits = torch.baddbmm(self.b_classes, features[:, :1], self.w_classes)
        z = torch.baddbmm(self.b_z, features[:, 1:], self.w_z)[:, 0]
        both = torch.stack([step.temperature, NEAR * step.temperature])
        shares = torch.softmax(logits / both[:, None], -1)  # [places, sharp and near, 1000]
        by_blend = torch.stack([1 - step.blend, step.blend])[:, None]
        by_place = torch.stack([1 - step.mix, step.mix])[:, None]
        classes = ((shares * by_blend).sum(1) * by_place).sum(0)
        return classes, _at_length((_at_length(z, LONGEST_Z) * by_place).sum(0), LONGEST_Z)

    def _steer(self, step: Tensors, felt: Tensor) -> Tensor:
        """What is asked for: classes and z [1128]."""
        held = torch.where(self.begun, self.held, felt)
        way = felt - held
        away = torch.linalg.vector_norm(way)
        pull = torch.relu(1 - step.hysteresis / away.clamp(min=1e-12))
        self.held.copy_(held + pull * way)
        classes, z = self._translate(torch.stack([self.held, felt]), step)
        self.locked.copy_(torch.where((step.lock != 0) & self.begun, self.locked, classes))
        return torch.cat([self.locked, z + (NOISE * step.amount) * step.noise])

    def _liveliness(self, step: Tensors) -> tuple[Tensor, Tensor]:
        """latent_path.py's `liveliness` -> (felt, followed); the energy moves on."""
        before, level = self.energy.clone(), step.level
        self.energy.lerp_(level, -torch.expm1(-step.dt / ENERGY_SECONDS))
        crosses = (before - 0.5) * (self.energy - 0.5) < 0
        when = ENERGY_SECONDS * torch.log((before - level) / (0.5 - level))
        times = torch.stack([torch.where(crosses, when, step.dt), step.dt])
        at_crossing, felt = (
            level * times - (before - level) * ENERGY_SECONDS * torch.expm1(-times / ENERGY_SECONDS)
        ).unbind(0)
        rising = 2 * at_crossing + step.dt - times[0]
        falling = times[0] + 2 * (felt - at_crossing)
        return felt, torch.where(before < 0.5, rising, falling)

    def _walk(self, step: Tensors, target: Tensor) -> tuple[Tensor, Tensor]:
        """One step of the latent path -> z [3, 128], classes [3, 1000]."""
        felt, followed = self._liveliness(step)
        self.confidence.lerp_(step.beat_confidence, -torch.expm1(-step.dt / CONFIDENCE_SECONDS))
        calm = STILL * step.dt + (1 - STILL) * followed
        ratio = torch.maximum(step.pace * calm, SLOWEST * step.dt) / self.layer_seconds
        stay = torch.exp(-ratio)
        value, between = (self.followed - target).unbind(0)
        nearer = target + torch.stack([value + between * ratio, between]) * stay
        moves = (step.hold == 0) & self.begun
        held = torch.where(self.begun, self.followed, target)
        self.followed.copy_(torch.where(moves, nearer, held))
        self.wandered.add_(step.pace * (STILL * step.dt + (2 - STILL) * felt) * moves)

        classes, z = self.followed[0].split((CLASSES, LATENT), 1)
        wave = torch.sin((2 * math.pi) * self.wander_hz * self.wandered + self.wander_phase).float()
        throw = step.beat * torch.sin(math.pi * step.beat_phase.sqrt()).square() * self.confidence
        z = _at_length(z, NORM) + (step.wander * self.wander_gain) * wave
        z = _at_length(z + (throw * self.beat_gain) * step.direction, NORM)
        return z, classes / classes.sum(1, keepdim=True)


def _column(by_layer: np.ndarray) -> Tensor:
    return torch.from_numpy(by_layer.astype(np.float32))[:, None]


def _at_length(z: Tensor, length: float) -> Tensor:
    return z * (length / torch.linalg.vector_norm(z, dim=-1, keepdim=True).clamp(min=1e-9))
