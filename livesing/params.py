"""Params: the one table of every live control, and where all its writers meet the render thread.

TABLE is the single source of what can be steered. OSC addresses, the schema of presets, the HUD and the
reference pages are made from it, and every parameter whose name appears in a shader (`light.pulse` as
`light_pulse`) reaches it as a uniform. Adding a control is adding a line here.

Writers (OSC, keys, presets) set targets from any thread; the render thread drains the table once a frame.
"""

import math
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from livesing.clock import now as clock_now
from livesing.errors import ParamError

Kind = Literal["float", "int", "bool", "trigger"]
FIRINGS = 16
"""So many times of firing are kept of each trigger."""


@dataclass(frozen=True, slots=True)
class Param:
    """One live control."""

    name: str
    """`group.name`; the OSC address is `/livesing/group/name`."""
    doc: str
    """One line for the HUD, OSC clients and the reference."""
    default: float = 0.0
    low: float = 0.0
    high: float = 1.0
    kind: Kind = "float"
    """A trigger has no value: it counts how often it was fired."""
    unit: str = ""
    smoothing: float = 0.05
    """Time constant in seconds on the way to a new target; 0 jumps. Only floats are smoothed."""
    look: bool = True
    """Whether presets carry it. What a performer holds in the hand (freeze, blackout) stays out of them."""

    @property
    def uniform(self) -> str:
        """Its name in a shader."""
        return self.name.replace(".", "_")


def _look(name: str, doc: str, default: float, low: float = 0.0, high: float = 1.0, **more: object) -> Param:
    return Param(name, doc, default, low, high, **more)  # type: ignore[arg-type]


def _show(name: str, doc: str, kind: Kind) -> Param:
    return Param(name, doc, kind=kind, smoothing=0.0, look=False)


TABLE: tuple[Param, ...] = (
    _look("mood.gain", "How far the music's feeling carries the dream", 1.0, 0, 2, smoothing=0.5),
    _look("mood.valence", "Added to valence: darker to brighter feeling", 0, -3, 3, unit="sd", smoothing=0.5),
    _look("mood.arousal", "Added to arousal: calmer to wilder feeling", 0, -3, 3, unit="sd", smoothing=0.5),
    _look(
        "dream.view",
        "Which of the translator's views: other pictures for the same feeling",
        0,
        0,
        19,
        kind="int",
        smoothing=0,
    ),
    _look(
        "dream.pace",
        "Speed of following the feeling; 1 is 3 s, 2 s, .3 s by layer",
        1,
        0.1,
        4,
        unit="x",
    ),
    _look("dream.wander", "Slow motion of the latents of their own accord", 0.4),
    _look("dream.beat", "How far a beat throws the latents before they return", 0.4),
    _look("dream.noise", "Truncated normal noise on the latents", 0.1),
    _look("dream.sharpness", "From many classes blended to one class alone", 0.6),
    _look("dream.blend", "Share of the classes that lie near, beside those that are meant", 0.0),
    _look("dream.hysteresis", "How far the feeling must turn back before classes do", 0.1, 0, 1, unit="sd"),
    _look("dream.truncation", "How far BigGAN and StyleGAN2 stray from the usual", 0.5, smoothing=0.5),
    _look("dream.mix", "Share of the look's second translator, if it names one", 0.5, smoothing=0.5),
    _look("style.strength", "How far the look's palette or style repaints the picture", 0.5, smoothing=0.2),
    _look("style.paint", "How thick a style's strokes are laid", 0.45, smoothing=0.2),
    _look("style.grain", "Size of the patches of strokes", 0.5, smoothing=0.5),
    _look("style.follow", "How far strokes turn with the contours", 1.0, smoothing=0.5),
    _look("style.deep", "Repainting by the deep tier, at the generator's rate; 0: none", 0.0, smoothing=0.2),
    _look("light.brightness", "Overall light", 1.0, 0, 2, unit="x"),
    _look("light.contrast", "Contrast around middle grey", 1.0, 0.5, 2, unit="x"),
    _look("light.saturation", "Colourfulness", 1.0, 0, 2, unit="x"),
    _look("light.pulse", "Light that each hit adds, after the flash limiter", 0.3),
    _look("light.level", "Light that follows the loudness", 0.3),
    _look("light.bloom", "Glow around bright parts", 0.3),
    _look("light.vignette", "Darkening towards the corners", 0.3),
    _look("hue.shift", "Turn of the colour circle", 0, -0.5, 0.5, unit="turn", smoothing=0.2),
    _look("hue.pulse", "Turn that a beat adds and takes back", 0.03, -0.25, 0.25, unit="turn"),
    _look("motion.zoom", "Steady drift into or out of the picture", 0.1, -1, 1, smoothing=0.5),
    _look("motion.pulse", "Zoom that each bass hit adds", 0.3),
    _look("motion.sway", "Slow swaying of the view", 0.3, smoothing=0.5),
    _look("motion.spin", "Steady turning of the view", 0, -1, 1, smoothing=0.5),
    _look("motion.warp", "Liquid displacement, driven by bass", 0.2, smoothing=0.2),
    _look("lens.fold", "Kaleidoscope segments; below 2 there is none", 0, 0, 16, kind="int", smoothing=0),
    _look("line.ink", "Dark lines along edges", 0, smoothing=0.2),
    _look("line.glow", "Luminous lines along edges, lit by treble", 0, smoothing=0.2),
    _look("trail.amount", "How much of the last frame stays", 0, 0, 0.97, smoothing=0.2),
    _look("trail.zoom", "Drift of what stays, inwards or outwards", 0, -1, 1, smoothing=0.2),
    _look("film.grain", "Film grain", 0, smoothing=0.2),
    _look("film.posterise", "Flat steps of tone, as in a print", 0, smoothing=0.2),
    Param(
        "style.rung",
        "Painting by colour 1, bands 2, brush 3, following brush 4; -1: what the machine can do",
        -1,
        -1,
        4,
        "int",
        smoothing=0,
        look=False,
    ),
    _show("dream.lock", "Hold the present classes; the latents go on following the feeling", "bool"),
    _show("show.hold", "Hold the dream where it is; light and motion go on", "bool"),
    _show("show.freeze", "Hold the whole picture still", "bool"),
    _show("show.blackout", "Fade to black and back", "bool"),
    _show("show.hud", "Show what is running, in figures", "bool"),
    Param(
        "show.fade", "Seconds that a change of preset takes", 2.0, 0, 20, unit="s", smoothing=0, look=False
    ),
    _show("show.next", "The next preset", "trigger"),
    _show("show.previous", "The previous preset", "trigger"),
    _show("show.panic", "Back to the first look, at once and unfrozen", "trigger"),
    _show("hearing.soundcheck", "Listen for half a minute, to find what is usual here", "trigger"),
    _show("beat.tap", "A beat is now: from the third tap on they set the tempo", "trigger"),
    _show("beat.resync", "The bar begins now", "trigger"),
    _show("beat.release", "Forget taps and resync", "trigger"),
    Param(
        "beat.outside",
        "Follow the clock that comes by MIDI or Link, where there is one",
        1,
        kind="bool",
        smoothing=0,
        look=False,
    ),
    Param("show.preset", "The preset by its number", 1, 1, 99, "int", smoothing=0, look=False),
)


class Change(NamedTuple):
    """A target that was set, for sending state back out."""

    revision: int
    name: str
    value: float
    source: str
    """Who set it, so that nobody is sent the echo of what they said."""


class Snapshot(Mapping[str, float]):
    """The values of one frame by name; `row` is the same as float64 [len(TABLE)] in the table's order."""

    __slots__ = ("_index", "row")

    def __init__(self, row: np.ndarray, index: Mapping[str, int]) -> None:
        self.row = row
        self._index = index

    def __getitem__(self, name: str) -> float:
        return float(self.row[self._index[name]])

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)


INDEX: dict[str, int] = {param.name: place for place, param in enumerate(TABLE)}


def snapshot(row: np.ndarray) -> Snapshot:
    """Names for a row of values that came through a mailbox."""
    return Snapshot(row, INDEX)


def check(param: Param, value: float) -> float:
    """`value` as the parameter takes it, clamped to its range.

    A performer's fader may overshoot, so a value outside the range is clamped; one that is not a finite
    number raises ParamError.
    """
    try:
        value = float(value)
    except OverflowError:  # a whole number beyond all floats
        value = math.inf
    if not math.isfinite(value):
        raise ParamError(f"{param.name} takes a finite number, not {value}")
    value = min(max(value, param.low), param.high)
    if param.kind == "bool":
        return float(value >= 0.5)
    return float(round(value)) if param.kind == "int" else value


ARRIVED = 1e-4
"""Of its range: nearer than this a smoothed value is at its target, so that what is turned off costs
nothing."""


class Params:
    """The live values of TABLE. Every method may be called from any thread; `drain` only by the renderer.

    A value moves to its target by its own smoothing, or, when a preset is applied, along a smooth step over
    the preset's fade. Setting a target by hand ends that parameter's fade.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._targets = np.array([p.default for p in TABLE])
        self._values = self._targets.copy()
        self._fade_from = self._targets.copy()
        self._fade_start = np.zeros(len(TABLE))
        self._fade_length = np.zeros(len(TABLE))
        self._smoothing = np.array([p.smoothing if p.kind == "float" else 0.0 for p in TABLE])
        self._arrived = np.array([ARRIVED * (p.high - p.low) if p.kind == "float" else 0.0 for p in TABLE])
        self._continuous = np.array([p.kind == "float" for p in TABLE])
        self._changes: dict[str, Change] = {}
        self._firings = {p.name: deque[float](maxlen=FIRINGS) for p in TABLE if p.kind == "trigger"}
        self._revision = 0
        self._drained: float | None = None

    def set(self, name: str, value: float, source: str = "") -> float:
        """Set a target; returns it as clamped and rounded.

        Raises ParamError for an unknown name, a trigger (use `fire`) or a value that is not finite.
        """
        place = self._settable(name)
        value = check(TABLE[place], value)
        with self._lock:
            self._targets[place] = value
            self._fade_length[place] = 0.0
            self._note(name, value, source)
        return value

    def fire(self, name: str, source: str = "", now: float | None = None) -> None:
        """Fire a trigger. now: clock time at which it was asked for, s, if that was not just now.

        Raises ParamError for an unknown name or a parameter that is none.
        """
        place = self._place(name)
        if TABLE[place].kind != "trigger":
            raise ParamError(f"{name} is no trigger")
        with self._lock:
            self._targets[place] += 1
            self._firings[name].append(clock_now() if now is None else now)
            self._note(name, 1.0, source)

    def apply(self, targets: Mapping[str, float], now: float, fade: float, source: str = "") -> None:
        """Move many parameters at once, over `fade` seconds: how a preset comes in.

        All or nothing: ParamError for a bad name or value leaves everything as it was.
        """
        checked = {self._settable(name): check(TABLE[INDEX[name]], value) for name, value in targets.items()}
        with self._lock:
            for place, value in checked.items():
                self._targets[place] = value
                if self._continuous[place]:
                    self._fade_from[place] = self._values[place]
                    self._fade_start[place] = now
                    self._fade_length[place] = fade
                self._note(TABLE[place].name, value, source)

    def target(self, name: str) -> float:
        """Where the parameter is going; for a trigger, how often it was fired."""
        return float(self._targets[self._place(name)])

    def firings(self, name: str, since: int) -> tuple[int, list[float]]:
        """How often a trigger was fired, and the clock times of its firings after the first `since`, oldest
        first: the newest FIRINGS at most."""
        place = self._place(name)
        with self._lock:
            count = int(self._targets[place])
            kept = self._firings[name]
            new = min(max(count - since, 0), len(kept))
            return count, list(kept)[len(kept) - new :]

    def drain(self, now: float) -> Snapshot:
        """The values at `now`; called once a frame."""
        with self._lock:
            dt = 0.0 if self._drained is None else max(0.0, now - self._drained)
            self._drained = now
            gain = -np.expm1(-dt / np.maximum(self._smoothing, 1e-9))
            gain[self._smoothing == 0] = 1.0
            eased = self._values + (self._targets - self._values) * gain
            eased = np.where(np.abs(self._targets - eased) < self._arrived, self._targets, eased)
            progress = np.clip((now - self._fade_start) / np.maximum(self._fade_length, 1e-9), 0.0, 1.0)
            step = progress * progress * (3 - 2 * progress)
            faded = self._fade_from + (self._targets - self._fade_from) * step
            self._values = np.where(self._fade_length > 0, faded, eased)
            self._fade_length[progress >= 1] = 0.0
            return snapshot(self._values.copy())

    def changes(self, since: int) -> list[Change]:
        """The newest change of every parameter that changed after revision `since`, oldest first."""
        with self._lock:
            return sorted(change for change in self._changes.values() if change.revision > since)

    def _note(self, name: str, value: float, source: str) -> None:
        self._revision += 1
        self._changes[name] = Change(self._revision, name, value, source)

    def _settable(self, name: str) -> int:
        place = self._place(name)
        if TABLE[place].kind == "trigger":
            raise ParamError(f"{name} is a trigger: it has no value to set")
        return place

    @staticmethod
    def _place(name: str) -> int:
        try:
            return INDEX[name]
        except KeyError:
            raise ParamError(f"there is no parameter {name!r}") from None
