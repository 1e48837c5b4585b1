"""The render loop: the main thread's work, frame after frame.

Owner: the main thread, since window systems want it so. Period: the display's, by absolute deadlines. What
may block it: the swap, and Python's lock for a millisecond. It reads mailboxes and Params, and waits for
nobody: a dead generator, analysis or OSC thread costs it nothing but news.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from livesing.audio.pulse import Pulse
from livesing.clock import now as clock_now
from livesing.deep_tier import STYLE, encode_path
from livesing.figures import Figures
from livesing.looks import Looks, PresetWatcher
from livesing.mailbox import Mailbox
from livesing.params import INDEX, TABLE, Params, Snapshot
from livesing.preset import Preset
from livesing.sentiment.mood import Mood
from livesing.stage.carry import Carrier
from livesing.stage.hud import Hud
from livesing.stage.motion import Motion
from livesing.stage.pacing import LATE, Ladder, Pacer
from livesing.stage.painter import Painter
from livesing.stage.surface import Surface, load_finish
from livesing.stage.variants import has_lines
from livesing.stage.view import View
from livesing.style.frame_statistics import FrameStatistics
from livesing.style.grading import Grading, grade
from livesing.style.rung import Rung
from livesing.style.style_image import BRUSH, style_image
from livesing.style.styling import CHANGE, Repertoire, Styling
from livesing.style.wct import style_maps
from livesing.translators import choice_box, choose
from livesing.wishes import TranslatorWish

log = logging.getLogger(__name__)

CURTAIN_SECONDS = 0.25
HUD_PERIOD = 0.25
JUDGE_PERIOD = 2.0
SETTLE_SECONDS = 8.0
"""After the start the ladder waits until shaders are compiled and processes are up."""
MOST_FAILURES = 120
"""Failing frames in a row after which the show gives up."""
PULSE_LASTS = 0.5
"""Seconds after which the last Pulse is no longer believed: the source has gone."""
RUNGS = (Rung.FOLLOW, Rung.BRUSH, Rung.BANDS, Rung.COLOUR)
TRIALS = 4
"""Frames drawn at each rung at the start, of which the quickest counts."""
STYLE_SHARE = 0.45
"""Share of a period that a frame painted in a style may take: the rest is for the generator and for what
comes."""
NO_STYLES = Repertoire()
KEYS: dict[str, str] = {
    "space": "show.freeze",
    "b": "show.blackout",
    "h": "show.hold",
    "f1": "show.hud",
    "p": "show.panic",
    "t": "beat.tap",
    "r": "beat.resync",
    "s": "hearing.soundcheck",
    "right": "show.next",
    "left": "show.previous",
}
"""Keys that switch a parameter or fire a trigger; 1 to 9 choose presets, the window knows F, M and Esc."""


@dataclass
class Inbox:
    """The mailboxes that the loop reads, and the two it writes."""

    pulses: Mailbox
    moods: Mailbox
    frames: Mailbox
    params_out: Mailbox
    translators_out: Mailbox = field(default_factory=choice_box)
    style_out: Mailbox = field(default_factory=lambda: Mailbox(STYLE))
    """The file of the style that is on, for the deep tier."""


class Renderer:
    """Everything the loop keeps between frames."""

    def __init__(
        self,
        surface: Surface,
        params: Params,
        inbox: Inbox,
        presets: PresetWatcher,
        first: Preset,
        rate: float,
        *,
        adaptive: bool = True,
    ) -> None:
        """`adaptive` lets the rate step down where the machine cannot hold it; offline there is no hurry."""
        self.surface = surface
        self.params = params
        self.inbox = inbox
        self.presets = presets
        self.figures = Figures()
        self.painter = Painter(surface.ctx, inbox.frames)
        self.grading = Grading()
        self.styling = Styling()
        self.carrier = Carrier()
        self.bands = FrameStatistics()
        """How the bands of the newest frames are distributed."""
        self.repertoire: Callable[[Preset], Repertoire | None] = lambda preset: None
        """Asked once a frame for the styles of the look that is on."""
        self.rungs = Ladder(RUNGS[-1:] if adaptive else RUNGS[:1])
        """How much of a style is painted."""
        self.looks = Looks(params, presets.folder, self.grading.recolour, first)
        self.mood = Mood.neutral(clock_now())
        self.pulse = Pulse.quiet(clock_now())
        rungs = (rate, rate / 2) if adaptive and rate > 40 else (rate,)
        self.ladder = Ladder(rungs)
        self.pacer = Pacer(rate, surface.refresh)
        self.hud_rows: Callable[[], list[tuple[str, str]]] = list
        self.on_frame: Callable[[float], None] = lambda now: None
        """Called after each presented frame: the recorder's hook."""
        self.on_fault: Callable[[str], None] = lambda words: None
        """Called with what went wrong, once for a row of failing frames."""
        self._motion = Motion()
        self._finish = load_finish()
        self._hud = Hud()
        self._hud_drawn = -1e9
        self._curtain = 0.0
        self._before: float | None = None
        self._judged = (0.0, 0, 0)
        self._received = 0
        self._view: View | None = None
        self._coloured: Preset | None = None
        self._translator: TranslatorWish | None = None

    def rehearse(self) -> None:
        """Draw once with everything that the looks need, between frames, so that no change of look stalls."""
        looks = [preset.values for preset in self.presets.folder.presets]
        for _ in self.painter.rehearse(self.surface.target, looks):
            self.frame(clock_now())

    def choose_rung(self) -> None:
        """Paint at each rung of the style pass for a trial, and stay on the highest that is quick enough."""
        most, settled = STYLE_SHARE * self.pacer.period, Rung.COLOUR
        target, noise = self.surface.target, np.random.default_rng(0).random((BRUSH, BRUSH, 3))
        style = style_image(noise, "trial")
        one = style_maps(style.statistics, style)
        two = style_maps(style.statistics, style, style, 0.5)
        for rung in reversed(RUNGS[:-1]):
            seconds = []
            for _ in range(TRIALS):
                begin = clock_now()
                self.painter.trial(target, one, rung, glows=True)
                self._finish()
                seconds.append(clock_now() - begin)
                self.frame(clock_now())
            if min(seconds) > most:
                break
            settled = rung
            for work, glows in ((one, False), (two, False), (two, True)):
                self.painter.trial(target, work, rung, glows=glows)
                self.frame(clock_now())
        self.rungs = Ladder(RUNGS[RUNGS.index(settled) :])
        log.info("styles are painted as far as: %s", settled.name.lower())

    @property
    def rung(self) -> Rung:
        """How much of a style is painted: what the machine can do, or what the performer asks for."""
        asked = int(self.params.target("style.rung"))
        return Rung(asked) if asked >= 0 else Rung(int(self.rungs.rate))

    def run(self, until: Callable[[float], bool]) -> None:
        """Draw until the window is closed, Esc is pressed or `until(now)` says so.

        A frame that fails is left out. Only when MOST_FAILURES in a row do, the error is raised.
        """
        failed = 0
        while self.surface.open():
            self.surface.wait(self.pacer.wait(clock_now()))
            now = clock_now()
            if until(now) or not self._keys():
                return
            try:
                self.frame(now)
                failed = 0
            except Exception as error:  # one bad frame must not end a show
                failed += 1
                if failed >= MOST_FAILURES:
                    raise
                if failed == 1:
                    log.exception("a frame failed")
                    self.on_fault(f"a frame failed ({type(error).__name__}: {error})")

    def start_counting(self) -> None:
        """Begin the figures anew: opening the parts of a show is not a late frame."""
        self.figures = Figures()
        self.pacer = Pacer(self.pacer.rate, self.surface.refresh)

    @property
    def flashes_limited(self) -> int:
        """Frames whose light was cut by the flash limiter."""
        return self._motion.limiter.limited

    def frame(self, now: float) -> None:
        """Draw and present one frame."""
        dt = 0.0 if self._before is None else min(now - self._before, 0.25)
        self._before = now
        params = self.params.drain(now)
        self.looks.step(now, params)
        self.inbox.params_out.put(params.row, now)
        self._choose_translator(now)
        self._hear(now)
        self._draw(now, dt, params)
        self._finish()
        self.surface.wait(self.pacer.hold(clock_now()))
        self.surface.swap()
        self._count(clock_now())
        self.on_frame(now)

    def _draw(self, now: float, dt: float, params: Snapshot) -> None:
        wanted = 0.0 if params["show.blackout"] else 1.0
        step = dt / CURTAIN_SECONDS
        self._curtain += min(max(wanted - self._curtain, -step), step)
        target = self.surface.target
        if params["show.freeze"] and self._view is not None:
            # Nothing moves but the curtain and the HUD.
            self.painter.present(target, self._view._replace(curtain=self._curtain))
        else:
            self._view = self._look(now, dt, params)
            self.painter.paint(target, self._view)
        if params["show.hud"]:
            fresh = now - self._hud_drawn >= HUD_PERIOD
            self._hud_drawn = now if fresh else self._hud_drawn
            self.painter.overlay(target, self._hud.image(self.hud_rows()) if fresh else None)

    def _look(self, now: float, dt: float, params: Snapshot) -> View:
        """What the next frame is painted from."""
        stir = self._motion.step(now, dt, self.pulse, params)
        frames, rung = self.painter.frames, self.rung
        self._choose_style(now, params)
        styled = self.styling.style is not None and rung >= Rung.BANDS
        before = frames.arrived
        if frames.take(now, lines=has_lines(params), see=self.bands.level if styled else None):
            self.grading.see(frames.thumb, now)
            if styled:
                self.carrier.see(frames.thumb, 0.0 if before is None else now - before)
        return View(
            now,
            dt,
            params,
            stir,
            self.mood,
            self.pulse.level,
            self._curtain,
            self.grading.colour(now, stir.turn, params),
            grade(stir.turn, params),
            self.styling.maps(now, self.bands.now) if styled else None,
            rung,
            self.carrier.step(dt),
        )

    def _choose_translator(self, now: float) -> None:
        """Tell the dreamer when a look with another translator is on."""
        wish = self.looks.current.translator
        if wish != self._translator:
            self._translator = wish
            choose(self.inbox.translators_out, wish, self.presets.folder.folder, now)

    def _choose_style(self, now: float, params: Snapshot) -> None:
        """Follow the look and the feeling with the style."""
        look = self.looks.current
        repertoire = self.repertoire(look)
        if repertoire is not None or look.styles is None:
            self.styling.hang(repertoire or NO_STYLES, now)
        valence = self.mood.valence * params["mood.gain"] + params["mood.valence"]
        arousal = self.mood.arousal * params["mood.gain"] + params["mood.arousal"]
        changed = self.styling.step(now, valence, arousal)
        style = self.styling.style
        if changed:
            self.inbox.style_out.put((encode_path(None if style is None else style.file),), now)
        if self.styling.style is not None and (changed or look is not self._coloured):
            self.grading.recolour(self.styling.style.colours, now, CHANGE)
        self._coloured = look

    def _hear(self, now: float) -> None:
        letter = self.inbox.pulses.get()
        if letter is not None:
            self.pulse = Pulse(*letter.value.tolist())
            if now - letter.stamp > PULSE_LASTS:
                counts = self.pulse
                self.pulse = Pulse.quiet(letter.stamp)._replace(
                    hits=counts.hits, bass_hits=counts.bass_hits, onsets=counts.onsets, beats=counts.beats
                )
        letter = self.inbox.moods.get()
        if letter is not None:
            self.mood = Mood(*letter.value.tolist())

    def _count(self, now: float) -> None:
        interval = self.pacer.presented(now)
        late = interval is not None and interval > LATE * self.pacer.period
        self.figures.presented(now, interval, late)
        if self.inbox.pulses.newest and now - self.pulse.time < PULSE_LASTS:
            self.figures.latency_ms.add((now - self.pulse.time) * 1e3)
        newest = self.painter.frames.timeline.newest()
        if newest is not None:
            self.figures.frame_age_ms.add((now - newest) * 1e3)
        if self.painter.frames.received != self._received:
            self._received = self.painter.frames.received
            self.figures.generator_ms.add(self.painter.frames.seconds * 1e3)
        self._judge(now)

    def _judge(self, now: float) -> None:
        """Every two seconds: is the rate held?"""
        began, frames, dropped = self._judged
        if self.figures.first is None or now - self.figures.first < SETTLE_SECONDS:
            self._judged = now, self.figures.frames, self.figures.dropped
            return
        if now - began < JUDGE_PERIOD:
            return
        counts = self.figures.frames - frames, self.figures.dropped - dropped
        rung, before = self.rungs.rate, self.ladder.rate
        if self.styling.style is not None:
            self.rungs = self.rungs.judge(now, *counts)
        if self.rungs.rate != rung:
            log.info("styles are now painted as far as: %s", Rung(int(self.rungs.rate)).name.lower())
        elif rung <= Rung.COLOUR or self.styling.style is None:  # first the style gives way, then the rate
            self.ladder = self.ladder.judge(now, *counts)
        if self.ladder.rate != before:
            self.pacer.rate = self.ladder.rate
            word = "cannot be held; going" if self.ladder.rate < before else "is tried again, up"
            log.info("%g frames a second %s to %g", max(before, self.ladder.rate), word, self.ladder.rate)
        self._judged = now, self.figures.frames, self.figures.dropped

    def _keys(self) -> bool:
        """Act on the keys pressed; False when the show is to end."""
        for key, time in self.surface.poll():
            if key == "escape":
                return False
            if key.isdecimal():
                self.params.set("show.preset", int(key), "keys")
            elif key in ("f", "m"):
                self._window_key(key)
            elif key in KEYS and TABLE[INDEX[KEYS[key]]].kind == "trigger":
                self.params.fire(KEYS[key], "keys", time)
            elif key in KEYS:
                self.params.set(KEYS[key], 1 - self.params.target(KEYS[key]), "keys")
        return True

    def _window_key(self, key: str) -> None:
        act = getattr(self.surface, "toggle_fullscreen" if key == "f" else "next_monitor", None)
        if act is not None:
            act()
            self.pacer.refresh = self.surface.refresh
