"""The generator process: Mood in, frames out.

Owner: a process of its own, started with spawn, because a GPU fault leaves a process unusable and because a
slow model must not stall the window. Period: as fast as it can, up to the rate it is asked for. It meets
the main process in shared-memory mailboxes only. When it dies the supervisor starts another; the window
goes on with the last frame and then with the shader scene.
"""

import logging
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from livesing.audio.pulse import Pulse
from livesing.clock import now as clock_now
from livesing.deep_tier import STYLE, LazyDeepTier
from livesing.device_dream import Asked, DeviceDream
from livesing.engine_room import DreamChoice, EngineRoom, Serving
from livesing.generation.engine import Bytes, Engine, Floats
from livesing.generation.engine_open import ServedGenerator, open_embedded
from livesing.generation.latent_path import LatentPath
from livesing.generation.path_step import overlapping
from livesing.listener import embedding_box, mood_box, pulse_box
from livesing.mailbox import Mailbox
from livesing.params import TABLE, snapshot
from livesing.sentiment.mood import Mood
from livesing.translation.steering import Steering
from livesing.translation.translator import LATENT, Felt
from livesing.translators import Translators, choice_box, class_places

log = logging.getLogger(__name__)

MOST_PIXELS = 1920 * 1080
"""The embedded generator's largest on a GPU."""
SIZES = ((512, 288), (384, 216), (256, 144))
"""The ladder of frame sizes on the processor, largest first; the show steps down it on a slow machine."""
FRAME = np.dtype(
    [
        ("width", "i4"),
        ("height", "i4"),
        ("seconds", "f8"),  # what the frame took
        ("valence", "f8"),  # the mood it was dreamt for
        ("arousal", "f8"),
        ("top_class", "i4"),
        ("pixels", "u1", (MOST_PIXELS * 4,)),  # RGBA, rows from the top, width * height * 4 of them used
    ]
)
OPENING_POLL = 0.02
"""Seconds between two looks for a generator that is being opened."""
SERVING = np.dtype([("kind", "S16"), ("words", "S300"), ("opening", "i4")])
"""What runs and why, in UTF-8."""
ORDERS = np.dtype([("width", "i4"), ("height", "i4"), ("fps", "f8"), ("quit", "i4")])


@dataclass
class DreamBoxes:
    """The mailboxes between the main process and the generator process; they outlive any one of those."""

    frames: Mailbox = field(default_factory=lambda: Mailbox(FRAME, shared=True))
    heartbeat: Mailbox = field(default_factory=lambda: Mailbox("f8", shared=True))
    pulses: Mailbox = field(default_factory=lambda: pulse_box(shared=True))
    moods: Mailbox = field(default_factory=lambda: mood_box(shared=True))
    embeddings: Mailbox = field(default_factory=lambda: embedding_box(shared=True))
    params: Mailbox = field(default_factory=lambda: Mailbox(np.dtype(("f8", len(TABLE))), shared=True))
    orders: Mailbox = field(default_factory=lambda: Mailbox(ORDERS, shared=True))
    serving: Mailbox = field(default_factory=lambda: Mailbox(SERVING, shared=True))
    translators: Mailbox = field(default_factory=lambda: choice_box(shared=True))
    style: Mailbox = field(default_factory=lambda: Mailbox(STYLE, shared=True))


class Aim(NamedTuple):
    """What the generator is given at a moment, and the feeling it is for."""

    z: np.ndarray
    """[1, LAYERS, 128] float32."""
    classes: np.ndarray
    """[1, LAYERS, 1000] float32, rows that sum to 1."""
    valence: float
    arousal: float


class Begun(NamedTuple):
    """A frame that is asked for."""

    asked: Asked
    now: float
    started: float
    draw: Callable[[Bytes], Floats]
    """Puts its pixels there -> the classes of its latents, [1, LAYERS, 1000]."""


class Dreamer:
    """Everything the process holds; `follow` goes on to a moment, `dream` makes its frame too."""

    def __init__(
        self,
        boxes: DreamBoxes,
        seed: int,
        generator: ServedGenerator | None = None,
        deep: LazyDeepTier | None = None,
    ) -> None:
        """Without a generator the embedded one, which is ready at once."""
        self.boxes = boxes
        self.generator = generator or open_embedded(SIZES[0])
        self.deep = deep or LazyDeepTier()
        self.period = 1 / 30
        """Seconds between frames, as ordered."""
        self.engine_seconds = 0.0
        """Of the last frame, what its way and the engine took, without the style that was laid on it."""
        self.path = LatentPath(seed)
        name = self.generator.name
        self.translators = Translators(boxes.translators, name, class_places(name))
        self._steering = Steering()
        self._device = DeviceDream(self._steering, self.path)
        self._rng = np.random.default_rng(seed)
        self._mood_seen = -1
        self._noise = np.zeros(LATENT)
        self._last: float | None = None
        self._under_way: Begun | None = None

    @property
    def on_device(self) -> bool:
        """Whether the last frame's latents were made where it was drawn."""
        return self._device.away

    def move_to(self, engine: Engine) -> None:
        """The next frame comes from another engine of the same generator."""
        self._publish_begun()
        self._device.come_home()
        self.generator.move_to(engine)

    def follow(self, now: float) -> Aim:
        """Read the newest of everything, and go on towards it."""
        return self._go(self._ask(now))

    def dream(self, now: float, *, behind: bool = False) -> None:
        """Go on, make one frame, publish it.

        `behind`: frames come as fast as the engine draws them. One that can then draws this frame while the
        one before leaves it and is published; this one follows with the next call.
        """
        began = clock_now()
        asked = self._ask(now)
        asking = clock_now()
        begun = Begun(asked, now, began, self._begin(asked))
        self.engine_seconds = clock_now() - asking
        self._publish_begun()
        self._under_way = begun
        if not behind or overlapping(self.generator.engine) is None:
            self._publish_begun()

    def _begin(self, asked: Asked) -> Callable[[Bytes], Floats]:
        """Let the engine start if it need not be waited for -> what puts the frame out."""
        engine = self.generator.engine
        overlaps, away = overlapping(engine), self._device.engine_for(asked, engine)
        if overlaps is not None and away is not None:
            self._device.begin(asked, overlaps)
        elif away is not None:
            return lambda out: self._device.dream(asked, away, out)[1].classes
        else:
            z, classes, *_ = self._go(asked)
            if overlaps is None:

                def draw(out: Bytes) -> Floats:
                    self.generator.render_rgba(z, classes, out)
                    return classes

                return draw
            self.generator.begin(overlaps, z, classes)
        return lambda out: overlaps.finish(out)[1].classes

    def _publish_begun(self) -> None:
        """The frame that is under way, if there is one."""
        if self._under_way is None:
            return
        (asked, now, started, draw), self._under_way = self._under_way, None
        width, height = self.generator.size
        with self.boxes.frames.slot(now) as frame:
            pixels = frame["pixels"][: width * height * 4].reshape(height, width, 4)
            began = clock_now()
            classes = draw(pixels)
            self.engine_seconds += clock_now() - began
            style = self.boxes.style.get()
            path = b"" if style is None else style.value["path"].item()
            self.deep.paint(pixels, path, asked.params["style.deep"], now, started, self.period)
            frame["width"], frame["height"] = width, height
            frame["valence"], frame["arousal"] = asked.felt.valence, asked.felt.arousal
            frame["top_class"] = int(classes[0, 0].argmax())
            frame["seconds"] = clock_now() - started

    def _ask(self, now: float) -> Asked:
        """Read the newest of everything."""
        params = snapshot(_newest(self.boxes.params, np.array([param.default for param in TABLE])))
        mood_letter = self.boxes.moods.get()
        mood = Mood(*mood_letter.value.tolist()) if mood_letter else Mood.neutral(now)
        pulse_letter = self.boxes.pulses.get()
        pulse = Pulse(*pulse_letter.value.tolist()) if pulse_letter else Pulse.quiet(now)
        if mood_letter and mood_letter.sequence != self._mood_seen:
            self._mood_seen = mood_letter.sequence
            self._noise = np.clip(self._rng.normal(size=LATENT), -2, 2)
        valence = mood.valence * params["mood.gain"] + params["mood.valence"]
        arousal = mood.arousal * params["mood.gain"] + params["mood.arousal"]
        first, second = self.translators.present(int(params["dream.view"]))
        embedding = self.boxes.embeddings.get()
        felt = Felt(valence, arousal, None if embedding is None else embedding.value)
        dt = 0.0 if self._last is None else now - self._last
        self._last = now
        self.generator.truncation = params["dream.truncation"]
        return Asked(felt, first, second, params, self._noise, pulse, dt, self.generator.truncation)

    def _go(self, asked: Asked) -> Aim:
        """Translate and go on, on the processor."""
        self._device.come_home()
        wish = self._steering.translate(asked.felt, asked.first, asked.second, asked.params, asked.noise)
        z, classes = self.path.step(asked.dt, wish, asked.pulse, asked.params)
        return Aim(z, classes, asked.felt.valence, asked.felt.arousal)


def _newest(box: Mailbox, otherwise: np.ndarray) -> np.ndarray:
    letter = box.get()
    return otherwise if letter is None else letter.value


def run(boxes: DreamBoxes, seed: int, choice: DreamChoice, style_weights: Path | None = None) -> None:
    """The process's main function: dream at the ordered rate and size until told to quit or orphaned."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the main process, which then tells us
    if sys.platform != "win32":
        os.nice(5)  # on a busy machine the window comes first
    room = EngineRoom(choice)
    room.start()
    try:
        _loop(boxes, seed, room, LazyDeepTier(style_weights))
    finally:
        room.stop()
    room.join(timeout=0.3)
    if room.is_alive():
        os._exit(0)  # it is inside a library, which would abort when Python is taken down around it


def _serving(serving: Serving, dreamer: Dreamer | None, deep: LazyDeepTier) -> Serving:
    """What runs, how far, what of the look's translators cannot be had, and what the deep tier does."""
    trouble = dreamer.translators.trouble if dreamer is not None else ""
    way = "from feeling to frame on its device" if dreamer is not None and dreamer.on_device else ""
    words = [serving.words, way, f"translator: {trouble}" if trouble else "", deep.words]
    return serving._replace(words="; ".join(filter(None, words)))


def _loop(boxes: DreamBoxes, seed: int, room: EngineRoom, deep: LazyDeepTier) -> None:
    parent = multiprocessing.parent_process()
    dreamer: Dreamer | None = None
    deadline, behind = clock_now(), False
    told: Serving | None = None
    while parent is None or parent.is_alive():
        orders = boxes.orders.get()
        if orders is not None and orders.value["quit"]:
            return
        now = clock_now()
        boxes.heartbeat.put(now, now)
        opened = room.take()
        if isinstance(opened, ServedGenerator):
            dreamer = Dreamer(boxes, seed, opened, deep)
        elif opened is not None and dreamer is not None:
            dreamer.move_to(opened)
        serving = _serving(room.serving, dreamer, deep)
        if serving != told:
            told = serving
            boxes.serving.put((told.kind.encode(), told.words.encode(), told.opening), now)
        if dreamer is None:
            if not room.is_alive() and room.unopened:
                raise RuntimeError("no generator opens")
            time.sleep(OPENING_POLL)
            continue
        fps = 30.0
        if orders is not None:
            fps = float(orders.value["fps"])
            dreamer.period = 1 / fps
            room.period_ms = 1e3 / fps
            size = int(orders.value["width"]), int(orders.value["height"])
            if size != dreamer.generator.size:
                dreamer.generator.resize(*size)
        dreamer.dream(now, behind=behind)
        room.drew(1e3 * dreamer.engine_seconds, 1e3 * (clock_now() - now))
        # Absolute deadlines keep the rate even; after a stall it starts afresh instead of hurrying.
        deadline = max(deadline + 1.0 / fps, clock_now() - 1.0 / fps)
        rest = deadline - clock_now()
        behind = rest <= 0
        time.sleep(max(0.0, rest))
