"""Which side goes the way from feeling to latents: the processor, or an engine on its own device.

An engine may have the translator, its steering and the latent path inside (path_step.py). It then goes them
when the look's translators are networks; tables and translators of one's own stay on the processor. Whoever
takes over goes on from where the other was, so that no picture jumps. Owned by the dreamer's loop.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from livesing.audio.pulse import Pulse
from livesing.generation.engine import Bytes, Engine, Floats, Latents
from livesing.generation.latent_path import LatentPath
from livesing.generation.path_step import DreamingEngine, OverlappingEngine, PathStep, WayState, dreaming
from livesing.translation.network import NetworkTranslator
from livesing.translation.steering import Point, Steering, temperature
from livesing.translation.translator import Felt, Translator


class Asked(NamedTuple):
    """What a moment asks for."""

    felt: Felt
    first: Translator
    second: Translator | None
    """The one that is blended in, if the look names one."""
    params: Mapping[str, float]
    noise: np.ndarray
    """[128], a truncated normal."""
    pulse: Pulse
    dt: float
    """Seconds since the last moment; 0 for the first."""
    truncation: float


class DeviceDream:
    """`engine_for` tells who goes; then `dream`, or `come_home` and go on the processor."""

    def __init__(self, steering: Steering, path: LatentPath) -> None:
        """Both are the processor's, and up to date only after `come_home`."""
        self._steering, self._path = steering, path
        self._away: DreamingEngine | None = None
        self._worn: list[Translator | None] = [None, None]

    @property
    def away(self) -> bool:
        """Whether an engine is ahead of the processor."""
        return self._away is not None

    def engine_for(self, asked: Asked, engine: Engine) -> DreamingEngine | None:
        """The engine, if it can go the whole way itself for what is asked."""
        networks = all(isinstance(one, NetworkTranslator | None) for one in (asked.first, asked.second))
        return dreaming(engine) if networks else None

    def dream(self, asked: Asked, engine: DreamingEngine, out: Bytes | None) -> tuple[Bytes, Latents]:
        """A frame by the engine, and its latents."""
        return engine.dream(self._row(asked, engine), out)

    def begin(self, asked: Asked, engine: OverlappingEngine) -> None:
        """Start a frame by the engine, which its `finish` puts out."""
        engine.begin_dream(self._row(asked, engine))

    def _row(self, asked: Asked, engine: DreamingEngine) -> Floats:
        """What the engine is given, now that it is where the processor was and has the look's networks."""
        if self._away is not engine:
            self.come_home()
            engine.path.resume(self._path.wander_hz, self._path.wander_phase, self._state())
            self._away, self._worn = engine, [None, None]
        for place, translator in enumerate((asked.first, asked.second)):
            if translator is not self._worn[place] and isinstance(translator, NetworkTranslator):
                engine.path.wear(place, translator.weights, translator.reach)
                self._worn[place] = translator
        return self._step(asked).row()

    def come_home(self) -> None:
        """Let the processor go on from where the engine is. To be called before the engine is closed."""
        if self._away is None:
            return
        state = self._away.path.state()
        self._away = None
        if state is not None:
            self._path.state = state.path
            self._steering.held, self._steering.locked = Point(*state.held), state.locked

    def _state(self) -> WayState | None:
        path, held, locked = self._path.state, self._steering.held, self._steering.locked
        return None if path is None or held is None or locked is None else WayState(path, held, locked)

    def _step(self, asked: Asked) -> PathStep:
        params, pulse = asked.params, asked.pulse
        return PathStep(
            valence=asked.felt.valence,
            arousal=asked.felt.arousal,
            dt=asked.dt,
            level=pulse.level,
            beat_phase=pulse.beat_phase,
            beat_confidence=pulse.beat_confidence,
            temperature=temperature(params["dream.sharpness"]),
            blend=params["dream.blend"],
            hysteresis=params["dream.hysteresis"],
            mix=0.0 if asked.second is None else params["dream.mix"],
            amount=params["dream.noise"],
            lock=params["dream.lock"],
            hold=params["show.hold"],
            pace=params["dream.pace"],
            wander=params["dream.wander"],
            beat=params["dream.beat"],
            truncation=asked.truncation,
            noise=asked.noise,
            direction=self._path.direction(pulse.beats),
        )
