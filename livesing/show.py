"""The live wiring: the one place that starts threads and processes.

    audio source -> Ring -> listener -> Pulse, Mood -> dreamer (a process) -> frames -> renderer (main thread)
    OSC, keys, presets -> Params -> all of them;   supervisor -> whatever has died

The window opens first, with the scene that needs no generator; everything else joins it when it is ready.
"""

import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livesing import assets
from livesing.audio.device import DeviceSource
from livesing.audio.source import Source, parse_spec
from livesing.audio_input import AudioInput
from livesing.clock import now as clock_now
from livesing.dream_process import DreamProcess
from livesing.dreamer import SIZES, DreamBoxes
from livesing.errors import LivesingError, UsageError
from livesing.figures import rss_mb, write_json
from livesing.listener import Listener
from livesing.looks import PresetWatcher
from livesing.params import Params
from livesing.preset import Preset, PresetFolder
from livesing.renderer import Inbox, Renderer
from livesing.stage.headless import HeadlessSurface
from livesing.stage.pacing import Ladder
from livesing.stage.surface import Surface
from livesing.supervisor import Supervisor, Watch

log = logging.getLogger(__name__)

WINDOW = (1280, 720)
HEADLESS = (640, 360)
HEADLESS_SECONDS = 60.0
HEADLESS_FPS = 30.0
DISPLAY_FPS = 60.0
DREAM_FPS = 60.0
DREAM_FPS_FEW_CORES = 25.0
"""With four cores or fewer more frames would be taken from the window; the crossfade in time fills them
in."""
SLOWEST_DREAM = 24.0
"""Generated frames a second under which the frames get smaller."""
DIGITAL_SILENCE = 6.0
"""Seconds of exact zeros after which a device is suspected of being muted or forbidden."""


@dataclass
class ShowOptions:
    """What `livesing live` was asked for."""

    audio: str | None = None
    preset: str | None = None
    presets_folder: Path | None = None
    monitor: str | None = None
    windowed: tuple[int, int] | None = None
    headless: bool = False
    output: Path | None = None
    fps: float | None = None
    seconds: float | None = None
    report: Path | None = None
    mute: bool = False
    osc_host: str = "127.0.0.1"
    osc_port: int = 7770
    osc_outputs: tuple[tuple[str, int], ...] = ()
    seed: int = 0


class Show:
    """All parts of a running show. `run` opens, plays and closes it."""

    def __init__(self, options: ShowOptions) -> None:
        self.options = options
        self.params = Params()
        self.boxes = DreamBoxes()
        self.began = clock_now()
        self.stop_asked = False
        self._dream_fps = DREAM_FPS if (os.cpu_count() or 1) > 4 else DREAM_FPS_FEW_CORES
        self._size_ladder = Ladder(tuple(range(len(SIZES))), patience=60.0)
        self._dream_judged = (0.0, 0)
        self._zeros_since: float | None = None
        self._zeros_told = False

    def run(self) -> dict[str, Any]:
        """The whole show -> the figures of `--report`. Raises LivesingError when it cannot begin."""
        options = self.options
        with ExitStack() as closing:
            spec = parse_spec(options.audio)
            self.audio = AudioInput(spec, mute=options.mute)
            if spec.kind in ("device", "file"):
                self.audio.open()  # what was named must be there before a window opens
            closing.callback(self.audio.close)
            self.presets, first = self._open_presets()
            surface = self._open_surface()
            closing.callback(surface.close)
            self.renderer = self._open_renderer(surface, first)
            self.renderer.frame(clock_now())
            self.opened = clock_now() - self.began
            log.info("%s", surface.kind)
            self._open_parts(closing, spec.kind)
            if isinstance(surface, HeadlessSurface):
                self._record(closing, surface)
            gc.collect()
            gc.freeze()  # what lives now lives long: collections during the show stay short
            self.renderer.start_counting()  # the run is what comes now; the first frame was there to be seen
            with self._signals():
                self.renderer.run(self._over)
            figures = self.figures()
        if options.report is not None:
            write_json(options.report, figures)
        return figures

    def _open_presets(self) -> tuple[PresetWatcher, Preset]:
        folder = self.options.presets_folder or assets.folder("presets")
        if not folder.is_dir():
            raise UsageError(f"there is no folder {str(folder)!r} for presets")
        watcher = PresetWatcher(PresetFolder(folder))
        watcher.look()
        if not watcher.folder.presets:
            raise UsageError(f"there is no usable preset in {folder}")
        name = self.options.preset
        return watcher, watcher.folder.find(name) if name else watcher.folder.presets[0]

    def _open_surface(self) -> Surface:
        options = self.options
        size = options.windowed
        if options.headless:
            return HeadlessSurface(*(size or HEADLESS))
        from livesing.stage.window import WindowSurface, has_display

        if sys.platform == "linux" and not has_display():
            log.warning("there is no display: rendering headless")
            return HeadlessSurface(*(size or HEADLESS))
        return WindowSurface(
            *(size or WINDOW), monitor=options.monitor, windowed=size is not None or options.monitor is None
        )

    def _open_renderer(self, surface: Surface, first: Preset) -> Renderer:
        headless = isinstance(surface, HeadlessSurface)
        rate = self.options.fps or (HEADLESS_FPS if headless else surface.refresh or DISPLAY_FPS)
        inbox = Inbox(self.boxes.pulses, self.boxes.moods, self.boxes.frames, self.boxes.params)
        renderer = Renderer(surface, self.params, inbox, self.presets, first, rate)
        renderer.hud_rows = self.hud_rows
        return renderer

    def _open_parts(self, closing: ExitStack, kind: str) -> None:
        """Everything beside the window, each able to die and come back without it."""
        self.dream = DreamProcess(self.boxes, self.options.seed)
        self.dream.start()
        closing.callback(self.dream.close)
        if kind in ("default", "demo"):
            self.audio.open()
        self.listener = self._listen()
        closing.callback(lambda: self.listener.stop())
        self.audio.on_change = lambda source: self.listener.hear(source)
        self.listener.hear(self.audio.source)  # should it have changed in between
        self.presets.start()
        closing.callback(self.presets.stop)
        self.osc = self._open_osc(closing)
        self.supervisor = Supervisor(
            [
                Watch("audio", self.audio.alive, self.audio.reopen),
                Watch("analysis", self._analysis_lives, self._restart_analysis),
                Watch("generator", self.dream.alive, self.dream.restart),
            ],
            self.began,
        )
        self.supervisor.start()
        closing.callback(self.supervisor.stop)

    def _listen(self, before: Listener | None = None) -> Listener:
        estimator = before.estimator if before is not None else None
        listener = Listener(self.audio.source, self.boxes.pulses, self.boxes.moods, estimator)
        listener.start()
        return listener

    def _analysis_lives(self, now: float) -> bool:
        return self.listener.is_alive() and now - self.listener.stamp < 2.0

    def _restart_analysis(self) -> str:
        self.listener.stop()
        self.listener = self._listen(self.listener)
        return "the analysis had stopped and was started anew"

    def _open_osc(self, closing: ExitStack) -> Any:
        from livesing.control.osc import OscServer

        options = self.options
        try:
            server = OscServer(
                self.params,
                options.osc_host,
                options.osc_port,
                outputs=options.osc_outputs,
                state=self.osc_state,
            )
        except LivesingError as error:
            log.warning("no OSC: %s", error)
            return None
        server.start()
        closing.callback(server.close)
        log.info("OSC on %s:%d", server.host, server.port)
        return server

    def _record(self, closing: ExitStack, surface: HeadlessSurface) -> None:
        from livesing.stage.recorder import Recorder

        path = self.options.output or Path(time.strftime("livesing-%Y%m%d-%H%M%S.mp4"))
        size = surface.target.size
        recorder = Recorder(path, *size, self.renderer.pacer.rate, self.audio.source)
        recorder.start()
        self.renderer.on_frame = lambda now: recorder.show(now, surface.read())

        def finish() -> None:
            log.warning("the film is %s", recorder.finish().resolve())

        closing.callback(finish)

    def _over(self, now: float) -> bool:
        """Asked once a frame: look after what is slow, and tell whether the show is to end."""
        self._watch_size(now)
        self._watch_zeros(now)
        seconds = self.options.seconds
        if seconds is None and isinstance(self.renderer.surface, HeadlessSurface):
            seconds = HEADLESS_SECONDS
        first = self.renderer.figures.first
        return self.stop_asked or (seconds is not None and first is not None and now - first >= seconds)

    def _watch_size(self, now: float) -> None:
        """Every two seconds: do the frames come fast enough for their size?"""
        began, received = self._dream_judged
        frames = self.renderer.painter.frames
        if frames.received < 30 or not self.renderer.painter.dreaming:
            self._dream_judged = now, frames.received
            return
        if now - began < 2.0:
            return
        rate = (frames.received - received) / (now - began)
        slow = frames.seconds > 1 / SLOWEST_DREAM and rate < SLOWEST_DREAM
        before = self._size_ladder.rung
        self._size_ladder = self._size_ladder.judge(now, 1, int(slow))
        rung = max(self._size_ladder.rung, min(self.renderer.ladder.rung, len(SIZES) - 1))
        self.dream.order(*SIZES[rung], min(self._dream_fps, self.renderer.pacer.rate))
        if self._size_ladder.rung != before:
            log.info("generator at %.1f frames a second: now %dx%d", rate, *SIZES[rung])
        self._dream_judged = now, frames.received

    def _watch_zeros(self, now: float) -> None:
        """A device that gives nothing but zeros is muted, or we are not allowed to hear it."""
        pulse = self.renderer.pulse
        zeros = isinstance(self.audio.source, DeviceSource) and pulse.rms_db <= -119.0 and pulse.sample > 0
        if not zeros:
            self._zeros_since, self._zeros_told = None, False
        elif self._zeros_since is None:
            self._zeros_since = now
        elif now - self._zeros_since > DIGITAL_SILENCE and not self._zeros_told:
            self._zeros_told = True
            hint = "is it muted?"
            if sys.platform == "darwin":
                hint = "allow the microphone for your terminal in System Settings > Privacy & Security >
                Microphone"
            log.warning("%s gives only zeros: %s", self.audio.source.name, hint)

    def osc_state(self) -> Mapping[str, float | str]:
        """What is sent out ten times a second."""
        pulse, mood = self.renderer.pulse, self.renderer.mood
        return {
            "valence": mood.valence,
            "arousal": mood.arousal,
            "level": pulse.level,
            "bass": pulse.bass,
            "mid": pulse.mid,
            "treble": pulse.treble,
            "hits": pulse.hits,
            "bpm": pulse.bpm,
            "beat_phase": pulse.beat_phase,
            "fps": self.renderer.figures.fps,
            "generator_fps": self.renderer.painter.frames.rate,
            "preset": self.renderer.looks.current.name,
        }

    def hud_rows(self) -> list[tuple[str, str]]:
        """What the HUD says."""
        renderer, figures, pulse, mood = (
            self.renderer,
            self.renderer.figures,
            self.renderer.pulse,
            self.renderer.mood,
        )
        frames = renderer.painter.frames
        size = SIZES[0] if frames.size is None else frames.size
        source: Source = self.audio.source
        rows = [
            ("picture", f"{figures.fps:.1f} fps of {renderer.pacer.rate:g}, {figures.dropped} late"),
            (
                "frame",
                f"p50 {figures.frame_ms.percentile(0.5):.1f}  p99 {figures.frame_ms.percentile(0.99):.1f} ms",
            ),
            (
                "generator",
                f"embedded, onnxruntime, {size[0]}x{size[1]}, {self.renderer.painter.frames.rate:.1f} fps",
            ),
            ("dream", f"V {frames.felt[0]:+.2f}  A {frames.felt[1]:+.2f}  class {frames.top_class}"),
            ("feeling", f"V {mood.valence:+.2f}  A {mood.arousal:+.2f}  confidence {mood.confidence:.2f}"),
            ("sound", f"{source.name}, {source.rate} Hz, {self.audio.overruns} lost"),
            (
                "level", f"{pulse.rms_db:.0f} dB  bass {pulse.bass:.2f}  mid {pulse.mid:.2f}  treble
                {pulse.treble:.2f}",
            ),
            (
                "beat", f"{pulse.bpm:.0f} bpm, confidence {pulse.beat_confidence:.2f},
                {pulse.onset_rate:.1f} onsets/s",
            ),
            ("look", renderer.looks.current.title),
            ("window", renderer.surface.kind),
            ("OSC", f"{self.osc.host}:{self.osc.port}, {self.osc.refused} refused" if self.osc else "none"),
        ]
        if renderer.painter.dreaming < 1.0:
            rows.append(("scene", "until the generator's frames come"))
        if self.presets.message:
            rows.append(("preset", self.presets.message))
        if self.supervisor.faults:
            fault = self.supervisor.faults[-1]
            rows.append(("fault", f"{fault.time_s:.0f} s: {fault.action}"))
        return rows

    def figures(self) -> dict[str, Any]:
        """The report so far."""
        painter = self.renderer.painter
        restarts = {watch.name: watch.restarts for watch in self.supervisor.watches}
        return self.renderer.figures.summary() | {
            "generator_fps": round(painter.frames.mean_rate, 2),
            "generator_size": list(painter.frames.size or ()),
            "rate": self.renderer.pacer.rate,
            "audio": {
                "source": self.audio.source.name,
                "rate": self.audio.source.rate,
                "overruns": self.audio.overruns,
                "reopened": self.audio.reopened,
            },
            "restarts": restarts["generator"],
            "analysis_restarts": restarts["analysis"],
            "faults": [fault._asdict() for fault in self.supervisor.faults],
            "limited_flashes": self.renderer.flashes_limited,
            "preset": self.renderer.looks.current.name,
            "window_s": round(self.opened, 3),
            "rss_mb": rss_mb(),
        }

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Ctrl-C and a service manager's TERM end the show in order."""

        def ask(_number: int, _frame: Any) -> None:
            self.stop_asked = True

        kept = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)


def run(options: ShowOptions) -> dict[str, Any]:
    """Play a show with these options -> its figures."""
    sys.setswitchinterval(0.001)  # the window must get Python's lock back within a fraction of a frame
    return Show(options).run()
