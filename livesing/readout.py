"""What a running show says about itself: the HUD's rows, the state sent out by OSC, and the report's
figures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from livesing.audio.beat_clock import SOURCES
from livesing.audio.pulse import Pulse
from livesing.audio_input import AudioInput
from livesing.control.osc import OscServer
from livesing.control.state_out import STATE
from livesing.dreamer import SIZES
from livesing.figures import rss_mb
from livesing.looks import PresetWatcher
from livesing.renderer import Renderer
from livesing.style_library import StyleLibrary
from livesing.supervisor import Supervisor


@dataclass
class Readout:
    """The parts to read from; some of them come up after the window."""

    renderer: Renderer
    audio: AudioInput
    presets: PresetWatcher
    osc: OscServer | None = None
    styles: StyleLibrary | None = None
    supervisor: Supervisor | None = None
    sound_check: Callable[[], tuple[str, str] | None] = lambda: None
    """Tells how the sound check stands, or which venue is in use."""
    clock: Callable[[], tuple[str, str] | None] = lambda: None
    """Tells of the clock from outside, if one was asked for."""
    second_bpm: Callable[[], float] = lambda: 0.0
    """A second opinion on the tempo, 0 while there is none."""
    serving: Callable[[], str] = lambda: "none"
    """What generates the pictures, and why not something better."""
    opened: float = 0.0
    """Seconds from the start to the first frame."""

    def osc_state(self) -> Mapping[str, float | str]:
        """What is sent out ten times a second."""
        pulse, mood = self.renderer.pulse, self.renderer.mood
        return {
            "valence": mood.valence,
            "arousal": mood.arousal,
            **{word: getattr(pulse, word) for word in STATE if word in Pulse._fields},
            "beat_source": SOURCES[int(pulse.beat_source)],
            "fps": self.renderer.figures.fps,
            "generator_fps": self.renderer.painter.frames.rate,
            "preset": self.renderer.looks.current.name,
        }

    def hud_rows(self) -> list[tuple[str, str]]:
        """Rows of (label, text) for the HUD."""
        renderer, source = self.renderer, self.audio.source
        pulse, mood, frames = renderer.pulse, renderer.mood, renderer.painter.frames
        counted, times = renderer.figures, renderer.figures.frame_ms
        levels = f"bass {pulse.bass:.2f}  mid {pulse.mid:.2f}  treble {pulse.treble:.2f}"
        leader = SOURCES[int(pulse.beat_source)]
        second = self.second_bpm()
        doubt = f" (aubio: {second:.1f})" if second > 0.0 else ""
        beat = f"{pulse.bpm:.1f} bpm by {leader}{doubt}, confidence {pulse.beat_confidence:.2f}"
        rows = [
            ("picture", f"{counted.fps:.1f} fps of {self._rate()}, {counted.dropped} late"),
            ("frame", f"p50 {times.percentile(0.5):.1f}  p99 {times.percentile(0.99):.1f} ms"),
            ("generator", self._generator()),
            ("dream", f"V {frames.felt[0]:+.2f}  A {frames.felt[1]:+.2f}  class {frames.top_class}"),
            ("feeling", f"V {mood.valence:+.2f}  A {mood.arousal:+.2f}  confidence {mood.confidence:.2f}"),
            ("sound", f"{source.name}, {source.rate} Hz, {self.audio.overruns} lost"),
            ("level", f"{pulse.rms_db:.0f} dB  {levels}"),
            *filter(None, [self.sound_check()]),
            ("beat", f"{beat}, {pulse.onset_rate:.1f} onsets/s"),
            *filter(None, [self.clock()]),
            ("look", renderer.looks.current.title + self._style()),
            ("window", renderer.surface.kind),
            ("OSC", self._osc()),
        ]
        if self.styles is not None and self.styles.message:
            rows.append(("style", self.styles.message))
        if self.presets.message:
            rows.append(("preset", self.presets.message))
        if self.supervisor is not None and self.supervisor.faults:
            fault = self.supervisor.faults[-1]
            rows.append(("fault", f"{fault.time_s:.0f} s: {fault.action}"))
        return rows

    def report(self) -> dict[str, Any]:
        """The figures of the run so far, as `--report` writes them."""
        assert self.supervisor is not None
        renderer, audio = self.renderer, self.audio
        restarts = {watch.name: watch.restarts for watch in self.supervisor.watches}
        return renderer.figures.summary() | {
            "generator_fps": round(renderer.painter.frames.mean_rate, 2),
            "generator": self.serving(),
            "generator_size": list(renderer.painter.frames.size or ()),
            "rate": renderer.pacer.rate,
            "audio": {
                "source": audio.source.name,
                "rate": audio.source.rate,
                "overruns": audio.overruns,
                "reopened": audio.reopened,
            },
            "restarts": restarts["generator"],
            "analysis_restarts": restarts["analysis"],
            "faults": [fault._asdict() for fault in self.supervisor.faults],
            "limited_flashes": renderer.flashes_limited,
            "preset": renderer.looks.current.name,
            "surface": renderer.surface.kind,
            "window_s": round(self.opened, 3),
            "rss_mb": rss_mb(),
        }

    def _rate(self) -> str:
        ladder = self.renderer.ladder
        reason = "" if ladder.rung == 0 else f" ({ladder.rungs[0]:g} could not be held)"
        return f"{self.renderer.pacer.rate:g}{reason}"

    def _generator(self) -> str:
        painter = self.renderer.painter
        if painter.frames.size is None:
            return f"not ready yet: the shader scene ({self.serving()})"
        width, height = painter.frames.size
        smaller = " (smaller, to keep up)" if (width, height) in SIZES[1:] else ""
        words = f"{self.serving()}, {width}x{height}{smaller}, {painter.frames.rate:.1f} fps"
        return words if painter.dreaming == 1.0 else f"away: the shader scene ({words})"

    def _style(self) -> str:
        style, rung = self.renderer.styling.style, self.renderer.rung
        why = "" if self.renderer.rungs.rung == 0 else " (more could not be held)"
        if self.renderer.params.target("style.rung") >= 0:
            why = " (pinned)"
        return f", painted like {style.name}, {rung.name.lower()}{why}" if style is not None else ""

    def _osc(self) -> str:
        if self.osc is None:
            return "none"
        refused = f", refused: {self.osc.last_refusal}" if self.osc.last_refusal else ""
        return f"{self.osc.host}:{self.osc.port}{refused}"
