"""From Pulse and Params to what moves on screen: view, light, hue and warp, frame by frame.

Everything here answers within one frame of the sound. It moves light, zoom and hue, and leaves what is
dreamt to the slow path. Hits are shaped with a short attack: a jump within one frame looks like a fault, a
rise over two or three like a drum.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from livesing.audio.pulse import Pulse
from livesing.stage.limiter import FlashLimiter

ATTACK = 0.02
RELEASE = 0.12
LEVEL_SECONDS = 0.25
STILL = 0.3
"""Pace of sway and flow in silence, as a share of the usual; loud music runs at up to 1.35 of it."""
SPIN_HZ = 0.03
"""Turns a second at `motion.spin` 1."""


@dataclass(frozen=True)
class Stir:
    """One frame's motion."""

    zoom: float
    """Magnification, above 1."""
    angle: float
    """Radians."""
    offset: tuple[float, float]
    """In picture heights."""
    light: float
    """Gain in linear light, after the flash limiter."""
    turn: float
    """Hue, in turns."""
    warp: float
    """0..1"""
    time: float
    """Seconds of flow, which run slower in silence."""
    glow: float
    """0..1, driven by treble."""


class Motion:
    """The state between frames; owned by the render thread."""

    def __init__(self) -> None:
        self.limiter = FlashLimiter()
        self._time = 0.0
        self._spin = 0.0
        self._bass = 0.0
        self._hit = 0.0
        self._level = 0.5
        self._warp = 0.0
        self._treble = 0.0
        self._beat = 0.0

    def step(self, now: float, dt: float, pulse: Pulse, params: Mapping[str, float]) -> Stir:
        """Go on by `dt` seconds to `now`."""
        self._time += dt * (STILL + (1 - STILL) * 1.5 * self._level)
        self._spin += 2 * np.pi * SPIN_HZ * params["motion.spin"] * dt
        self._bass = _shape(self._bass, pulse.bass_hit, dt)
        self._hit = _shape(self._hit, max(pulse.hit, pulse.bass_hit), dt)
        self._treble = _shape(self._treble, pulse.treble, dt)
        self._level += (pulse.level - self._level) * -np.expm1(-dt / LEVEL_SECONDS)
        self._warp += (pulse.bass - self._warp) * -np.expm1(-dt / LEVEL_SECONDS)
        swell = (1 - pulse.beat_phase) ** 2 * pulse.beat_confidence
        self._beat = _shape(self._beat, swell, dt)

        breath = 0.5 - 0.5 * np.cos(2 * np.pi * self._time / 23.0)
        zoom = 1.06 + 0.22 * abs(params["motion.zoom"]) * _signed(breath, params["motion.zoom"])
        zoom *= 1 + 0.16 * params["motion.pulse"] * self._bass
        sway = 0.05 * params["motion.sway"]
        offset = (
            sway * float(np.sin(0.21 * self._time) + 0.5 * np.sin(0.113 * self._time + 1.7)),
            sway * float(np.cos(0.17 * self._time) + 0.5 * np.sin(0.091 * self._time)),
        )
        gain = 1 + 0.5 * params["light.level"] * (self._level - 0.6) + 0.9 * params["light.pulse"] * self._hit
        light = self.limiter.step(now, gain)
        turn = params["hue.shift"] + params["hue.pulse"] * self._beat
        warp = params["motion.warp"] * (0.35 + 0.65 * self._warp)
        return Stir(float(zoom), self._spin, offset, light, turn, warp, self._time, self._treble)


def _signed(breath: float, direction: float) -> float:
    """The breath runs inwards for a positive drift, and from near to far for a negative one."""
    return breath if direction >= 0 else 1 - breath


def _shape(value: float, target: float, dt: float) -> float:
    """Follow upwards with ATTACK and downwards with RELEASE."""
    seconds = ATTACK if target > value else RELEASE
    return float(value + (target - value) * -np.expm1(-dt / seconds))
