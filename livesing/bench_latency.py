"""`livesing bench latency`: from a sample to its Pulse, and on to the frame that shows it, on real parts.

A source writes a drum pattern into a real Ring in real time, block by block as a sound card would; the real
listener hears it. First alone; then, where a picture can be opened, beside the real render loop, which has
the same Python lock.
"""

import json
import sys
import threading
from typing import Any

import numpy as np

from livesing import assets
from livesing.audio.demo_drums import DRUMS
from livesing.audio.demo_drums import RATE as KIT_RATE
from livesing.audio.pulse import PULSE_SIZE, Pulse
from livesing.clock import now as clock_now
from livesing.dreamer import DreamBoxes
from livesing.errors import SurfaceError
from livesing.figures import Histogram
from livesing.listener import Listener
from livesing.looks import PresetWatcher
from livesing.mailbox import Mailbox
from livesing.params import Params
from livesing.preset import PresetFolder
from livesing.renderer import Inbox, Renderer
from livesing.ring import Ring

ALLOWED_MS = 12.0
"""On top of a block."""
STROKES = ("kick", "hat", "snare", "hat")
STROKES_PER_S = 4.0
FIRST_S = 0.5
TOLD_WITHIN_S = 0.25
"""A hit later than this after an attack is not its own."""
PER_BLOCK = 16
"""Samples of a block whose wait is counted."""
PICTURE, PICTURE_FPS = (640, 360), 30.0


def drum_pattern(rate: int, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """A drum kit, four strokes a second a little off the beat -> ([n] float32 at `rate`, sample of each
    attack)."""
    import soxr

    rng = np.random.default_rng(0)
    count = max(1, int((seconds - FIRST_S - TOLD_WITHIN_S) * STROKES_PER_S))
    starts = FIRST_S + (np.arange(count) + rng.uniform(0.0, 0.2, count)) / STROKES_PER_S
    sound = np.zeros(round((seconds + 1.0) * rate))
    kit = {}
    for name in dict.fromkeys(STROKES):
        drum = DRUMS[name]
        wave = drum.gain * drum.wave(0.0, round(drum.ring_s * KIT_RATE))
        kit[name] = soxr.resample(wave.mean(axis=0) if wave.ndim == 2 else wave, KIT_RATE, rate)
    attacks = np.round(starts * rate).astype(int)
    for number, first in enumerate(attacks.tolist()):
        wave = kit[STROKES[number % len(STROKES)]]
        sound[first : first + wave.size] += wave[: sound.size - first]
    return sound.astype(np.float32), attacks


class Played(threading.Thread):
    """A source that writes a sound into its Ring in real time: each block when its last sample is due."""

    def __init__(self, sound: np.ndarray, rate: int, block: int) -> None:
        super().__init__(name="drum pattern", daemon=True)
        self.rate = rate
        self.ring = Ring()
        self.overflows = 0
        self.began = 0.0
        self.entered: list[float] = []
        """Clock time at which each block was in the Ring."""
        self._sound = sound
        self._block = block
        self._done = threading.Event()

    def run(self) -> None:
        self.began = clock_now()
        for first in range(0, len(self._sound) - self._block + 1, self._block):
            last = first + self._block
            if self._done.wait(max(0.0, self.began + last / self.rate - clock_now())):
                return
            self.ring.write(self._sound[first:last])
            self.entered.append(clock_now())

    def alive(self, now: float) -> bool:
        return self.is_alive()

    def close(self) -> None:
        self._done.set()


class TimedPulses(Mailbox):
    """A mailbox that remembers when each Pulse was there: rows of (clock time, sample, hits)."""

    def __init__(self) -> None:
        super().__init__(np.dtype(("f8", PULSE_SIZE)))
        self.told: list[tuple[float, float, float]] = []

    def put(self, value: Any, stamp: float) -> int:
        sequence = super().put(value, stamp)
        pulse: Pulse = value
        self.told.append((clock_now(), pulse.sample, pulse.hits))
        return sequence


class Stages:
    """The stages of one run, each a Histogram in ms; hits of attacks that were not found are counted."""

    def __init__(self, source: Played, pulses: TimedPulses, attacks: np.ndarray, block: int) -> None:
        self.whole, self.block_wait, self.ring_to_pulse, self.attack_to_hit = (Histogram() for _ in range(4))
        self.missed = 0
        told = np.array(pulses.told)
        samples = told[:, 1]
        waits = np.linspace(0, block - 1, PER_BLOCK) / source.rate
        for number, entered in enumerate(source.entered):
            first_with = int(np.searchsorted(samples, (number + 1) * block - 1))
            if first_with == len(told):
                break
            self.ring_to_pulse.add((told[first_with, 0] - entered) * 1e3)
            due = source.began + (number + 1) * block / source.rate
            for wait in waits.tolist():
                self.block_wait.add(wait * 1e3)
                self.whole.add((told[first_with, 0] - due + wait) * 1e3)
        grew = told[np.flatnonzero(np.diff(told[:, 2], prepend=0.0) > 0.0), 0]
        for attack in (source.began + attacks / source.rate).tolist():
            hit = int(np.searchsorted(grew, attack))
            if hit < len(grew) and grew[hit] - attack < TOLD_WITHIN_S:
                self.attack_to_hit.add((grew[hit] - attack) * 1e3)
            elif attack < told[-1, 0] - TOLD_WITHIN_S:
                self.missed += 1


def measure(rate: int, block: int, seconds: float, *, picture: bool) -> dict[str, Any]:
    """Both runs -> what `--json` prints. `seconds` is the length of each."""
    sound, attacks = drum_pattern(rate, seconds)
    alone = _listen(sound, attacks, rate, block, seconds)
    stages = {
        "block_wait": alone.block_wait.summary(),
        "ring_to_pulse": alone.ring_to_pulse.summary(),
        "attack_to_hit": alone.attack_to_hit.summary(),
    }
    result: dict[str, Any] = alone.whole.summary() | {
        "limit_ms": round(block / rate * 1e3 + ALLOWED_MS, 2),
        "rate": rate,
        "block": block,
        "strokes": len(attacks),
        "missed": alone.missed,
        "stages": stages,
    }
    if picture:
        try:
            stages |= _with_picture(sound, attacks, rate, block, seconds)
        except SurfaceError as error:
            result["no_picture"] = str(error)
    return result


def _listen(sound: np.ndarray, attacks: np.ndarray, rate: int, block: int, seconds: float) -> Stages:
    source, pulses = Played(sound, rate, block), TimedPulses()
    listener = Listener(source, pulses, DreamBoxes().moods)
    listener.start()
    source.start()
    source.join(seconds)
    source.close()
    source.join()
    threading.Event().wait(0.1)  # for what is in the Ring still
    listener.stop()
    listener.join()
    return Stages(source, pulses, attacks, block)


def _with_picture(
    sound: np.ndarray, attacks: np.ndarray, rate: int, block: int, seconds: float
) -> dict[str, dict[str, float]]:
    """The same beside the render loop, with the scene that needs no generator. Raises SurfaceError."""
    from livesing.stage.headless import HeadlessSurface

    watcher = PresetWatcher(PresetFolder(assets.folder("presets")))
    watcher.look()
    surface = HeadlessSurface(*PICTURE)
    try:
        source, pulses, boxes = Played(sound, rate, block), TimedPulses(), DreamBoxes()
        listener = Listener(source, pulses, boxes.moods)
        inbox = Inbox(pulses, boxes.moods, boxes.frames, boxes.params)
        renderer = Renderer(
            surface, Params(), inbox, watcher, watcher.folder.presets[0], PICTURE_FPS, adaptive=False
        )
        shown: list[tuple[float, float, float]] = []
        renderer.frame(clock_now())  # compiles
        renderer.on_frame = lambda now: shown.append(
            (clock_now(), renderer.pulse.sample, renderer.pulse.hits)
        )
        listener.start()
        source.start()
        renderer.run(lambda now: source.began > 0.0 and now - source.began > seconds)
        source.close()
        listener.stop()
        listener.join()
    finally:
        surface.close()
    heard = Stages(source, pulses, attacks, block)
    told = {sample: time for time, sample, _ in pulses.told}
    to_frame, to_light = Histogram(), Histogram()
    for time, sample, _ in shown:
        if sample in told:
            to_frame.add((time - told[sample]) * 1e3)
    frames = np.array(shown)
    grew = frames[np.flatnonzero(np.diff(frames[:, 2], prepend=0.0) > 0.0), 0]
    for attack in (source.began + attacks / rate).tolist():
        frame = int(np.searchsorted(grew, attack))
        if frame < len(grew) and grew[frame] - attack < TOLD_WITHIN_S:
            to_light.add((grew[frame] - attack) * 1e3)
    return {
        "ring_to_pulse_beside_picture": heard.ring_to_pulse.summary(),
        "pulse_to_frame": to_frame.summary(),
        "attack_to_frame": to_light.summary(),
    }


def bench_latency(rate: int, block: int, seconds: float, *, picture: bool, as_json: bool) -> None:
    """Measure and print."""
    kept = sys.getswitchinterval()
    sys.setswitchinterval(0.001)  # as the show does
    try:
        result = measure(rate, block, seconds, picture=picture)
    finally:
        sys.setswitchinterval(kept)
    if as_json:
        print(json.dumps(result))
        return
    print(f"{rate} Hz, blocks of {block}: a sample is in its Pulse within, in ms")
    rows = {"whole": {key: result[key] for key in ("p50", "p95", "p99", "max")}} | result["stages"]
    for name, row in rows.items():
        print(f"  {name:<30}" + "".join(f"{key} {value:6.1f}   " for key, value in row.items()))
    print(f"  allowed, a block and {ALLOWED_MS:g} ms:  {result['limit_ms']:.1f}")
    print(f"  strokes not found:            {result['missed']} of {result['strokes']}")
    if "no_picture" in result:
        print(f"  without a picture: {result['no_picture']}")
