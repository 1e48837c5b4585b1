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
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from livesing import assets
from livesing.audio.device import DeviceSource
from livesing.audio.source import Source, parse_spec
from livesing.audio_input import AudioInput
from livesing.beat_desk import BeatDesk
from livesing.clock import now as clock_now
from livesing.clock_input import ClockInput
from livesing.control.osc import OscServer
from livesing.dream_process import DreamProcess
from livesing.dream_size import DreamSize, Seen
from livesing.dreamer import DreamBoxes
from livesing.engine_room import DreamChoice
from livesing.errors import LivesingError, UsageError
from livesing.figures import write_json
from livesing.listener import Listener
from livesing.looks import PresetWatcher
from livesing.params import Params
from livesing.preset import Preset, PresetFolder
from livesing.readout import Readout
from livesing.renderer import Inbox, Renderer
from livesing.sound_desk import SoundDesk
from livesing.stage.headless import HeadlessSurface
from livesing.stage.recorder import Recorder
from livesing.stage.surface import Surface
from livesing.style_library import StyleLibrary
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
    venue: str | None = None
    feeling: str = "cues"
    sound_check: float | None = None
    """Seconds."""
    midi_clock: str | None = None
    """Part of a MIDI input's name."""
    link: bool = False
    dream: DreamChoice = field(default_factory=DreamChoice)
    """Generator and engine."""
    style_weights: Path | None = None
    """A folder of networks for the deep tier, instead of livesing's own."""


class Show:
    """All parts of a running show. `run` opens, plays and closes it."""

    def __init__(self, options: ShowOptions) -> None:
        self.options = options
        self.params = Params()
        self.boxes = DreamBoxes()
        self.began = clock_now()
        self.stop_asked = False
        self._opened = False
        self._dream_fps = DREAM_FPS if (os.cpu_count() or 1) > 4 else DREAM_FPS_FEW_CORES
        self._dream_size = DreamSize()
        self._dream_judged = (0.0, 0)
        self._serving = ""
        self._zeros_since: float | None = None
        self._zeros_told = False
        self._recorder: Recorder | None = None

    def run(self) -> dict[str, Any]:
        """The whole show -> the figures of `--report`. Raises LivesingError when it cannot begin."""
        options = self.options
        self.desk = SoundDesk(options.venue, options.sound_check, options.feeling)
        with self._signals(), ExitStack() as closing:
            spec = parse_spec(options.audio)
            self.audio = AudioInput(spec, mute=options.mute)
            if spec.kind in ("device", "file"):
                self.audio.open()  # what was named must be there before a window opens
            closing.callback(self.audio.close)
            self.clock = ClockInput(options.midi_clock, link=options.link)
            self.clock.open()
            closing.callback(self.clock.close)
            self.presets, first = self._open_presets()
            surface = self._open_surface()
            closing.callback(surface.close)
            self.renderer = self._open_renderer(surface, first)
            self.renderer.frame(clock_now())
            self.readout.opened = clock_now() - self.began
            log.info("%s", surface.kind)
            self._open_parts(closing, spec.kind)
            self.renderer.rehearse()
            self.renderer.choose_rung()
            if isinstance(surface, HeadlessSurface):
                self._record(closing, surface)  # from here on: the rehearsal is not part of the film
            gc.collect()
            gc.freeze()  # what lives now lives long: collections during the show stay short
            self._opened = True
            self.renderer.start_counting()  # the run is what comes now; the first frame was there to be seen
            self.renderer.run(self._over)
            figures = self.readout.report()
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
        boxes = self.boxes
        inbox = Inbox(boxes.pulses, boxes.moods, boxes.frames, boxes.params, boxes.translators, boxes.style)
        renderer = Renderer(surface, self.params, inbox, self.presets, first, rate)
        self.readout = Readout(renderer, self.audio, self.presets)
        renderer.hud_rows = self.readout.hud_rows
        return renderer

    def _open_parts(self, closing: ExitStack, kind: str) -> None:
        """Everything beside the window, each able to die and come back without it."""
        self.dream = DreamProcess(
            self.boxes, self.options.seed, self.options.dream, self.options.style_weights
        )
        self.readout.serving = self.dream.serving
        self.dream.start()
        closing.callback(self.dream.close)
        if kind in ("default", "demo"):
            self.audio.open()
        self.listener = self._listen()
        closing.callback(lambda: self.listener.stop())
        self.readout.clock = self.clock.row
        self.readout.second_bpm = lambda: self.listener.second_bpm()
        self.readout.sound_check = lambda: self.desk.row(self.listener)
        self.audio.on_change = self._heard_anew
        self.listener.hear(self.audio.source)  # should it have changed in between
        self.presets.start()
        closing.callback(self.presets.stop)
        styles = StyleLibrary(self.presets.folder.folder)
        self.renderer.repertoire = styles.repertoire
        self.readout.styles = styles
        styles.start()
        closing.callback(styles.stop)
        osc = Watch("OSC", self._osc_lives, self._open_osc)
        self.supervisor = Supervisor(
            [
                Watch("audio", self.audio.alive, self.audio.reopen),
                Watch("analysis", self._analysis_lives, self._restart_analysis),
                Watch("generator", self.dream.alive, self.dream.restart),
                osc,
                *([Watch("clock", self.clock.alive, self.clock.reopen)] if self.clock.wanted else []),
            ],
            self.began,
        )
        self.readout.supervisor = self.supervisor
        closing.callback(self._close_osc)
        try:
            log.info("OSC %s", self._open_osc())
        except LivesingError as error:
            osc.last_error = str(error)  # told here, and tried again by the supervisor in silence
            self.supervisor.note("OSC", f"{error}; it is tried again", clock_now())
        self.renderer.on_fault = lambda words: self.supervisor.note("picture", words, clock_now())
        self.supervisor.start()
        closing.callback(self.supervisor.stop)

    def _heard_anew(self, source: Source) -> None:
        self.listener.hear(source)
        if self._recorder is not None:
            self._recorder.hear(source)

    def _listen(self, before: Listener | None = None) -> Listener:
        estimator = None if before is not None else self.desk.estimator()
        beats = None if before is not None else BeatDesk(self.params, self.clock.box)
        boxes = self.boxes
        listener = Listener(
            self.audio.source, boxes.pulses, boxes.moods, estimator, before, beats,
            embeddings=boxes.embeddings, translators=boxes.translators,
        )  # fmt: skip
        listener.start()
        return listener

    def _analysis_lives(self, now: float) -> bool:
        return self.listener.is_alive() and now - self.listener.stamp < 2.0

    def _restart_analysis(self) -> str:
        self.listener.stop()
        self.listener = self._listen(self.listener)
        return "the analysis had stopped and was started anew"

    def _osc_lives(self, now: float) -> bool:
        return self.readout.osc is not None and self.readout.osc.is_alive()

    def _open_osc(self) -> str:
        """Listen, also anew -> what was done, in a few words. Raises LivesingError."""
        self._close_osc()
        options = self.options
        server = OscServer(
            self.params,
            options.osc_host,
            options.osc_port,
            outputs=options.osc_outputs,
            state=self.readout.osc_state,
        )
        server.start()
        self.readout.osc = server
        return f"on {server.host}:{server.port}"

    def _close_osc(self) -> None:
        if self.readout.osc is not None:
            self.readout.osc.close()
            self.readout.osc = None

    def _record(self, closing: ExitStack, surface: HeadlessSurface) -> None:
        path = self.options.output or Path(time.strftime("livesing-%Y%m%d-%H%M%S.mp4"))
        size = surface.target.size
        recorder = Recorder(path, *size, self.renderer.pacer.rate, self.audio.source)
        recorder.start()
        self._recorder = recorder
        self.renderer.on_frame = lambda now: recorder.show(now, surface.read())

        def finish() -> None:
            try:
                log.warning("the film is %s", recorder.finish().resolve())
            except LivesingError as error:
                log.warning("%s", error)

        closing.callback(finish)

    def _over(self, now: float) -> bool:
        """Asked once a frame: look after what is slow, and tell whether the show is to end."""
        self._watch_generator()
        self._watch_size(now)
        self._watch_zeros(now)
        self.desk.look(self.listener, self.params)
        seconds = self.options.seconds
        if seconds is None and isinstance(self.renderer.surface, HeadlessSurface):
            seconds = HEADLESS_SECONDS
        first = self.renderer.figures.first
        return self.stop_asked or (seconds is not None and first is not None and now - first >= seconds)

    def _watch_generator(self) -> None:
        """Tell what generates the pictures, and why not something better, whenever that changes."""
        serving = self.dream.serving()
        if serving != self._serving:
            self._serving = serving
            log.info("generator: %s", serving)

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
        seen = Seen(rate, frames.seconds, frames.size, self._serving)
        words = self._dream_size.look(now, seen, self.renderer.ladder.rung)
        self.dream.order(*self._dream_size.ordered, min(self._dream_fps, self.renderer.pacer.rate))
        if words:
            log.info("%s", words)
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
                hint = "allow it in System Settings > Privacy & Security > Microphone (for your terminal)"
            log.warning("%s gives only zeros: %s", self.audio.source.name, hint)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Ctrl-C and a service manager's TERM end the show in order; while it opens, the second at once."""

        def ask(_number: int, _frame: Any) -> None:
            if self.stop_asked and not self._opened:
                raise KeyboardInterrupt
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
