"""Looks on stage: which preset is on, what changes it, and the folder being watched for edits.

Keys, OSC and the editor's save all end up here, and every change is a crossfade of `show.fade` seconds.
"""

import logging
import threading
from collections.abc import Callable

from livesing.params import Params, Snapshot
from livesing.preset import Preset, PresetFolder
from livesing.style.palette import palette_spread
from livesing.style.transport import Spread

log = logging.getLogger(__name__)

WATCH_PERIOD = 0.5
PANIC_FADE = 0.3

Recolour = Callable[[Spread | None, float, float], None]
"""(palette, now, seconds): how a look's colours come in."""


class PresetWatcher(threading.Thread):
    """Reads the folder again twice a second, so that saving a preset shows it.

    Owns its PresetFolder. A broken file leaves the last good state; when the thread dies, edits are no longer
    seen and the show goes on.
    """

    def __init__(self, folder: PresetFolder) -> None:
        super().__init__(name="preset watcher", daemon=True)
        self.folder = folder
        self.message = ""
        """The newest refusal or warning, for the HUD."""
        self._done = threading.Event()

    def look(self) -> None:
        """Read what has changed, and tell about what was refused."""
        _, messages = self.folder.poll()
        for message in messages:
            log.warning("%s", message)
        if messages:
            self.message = messages[-1]

    def stop(self) -> None:
        self._done.set()

    def run(self) -> None:
        while not self._done.wait(WATCH_PERIOD):
            try:
                self.look()
            except OSError as error:  # a stick pulled out in the middle of reading
                log.warning("presets cannot be read: %s", error)


class Looks:
    """The look that is on; used by the render thread once a frame."""

    def __init__(self, params: Params, folder: PresetFolder, recolour: Recolour, first: Preset) -> None:
        self.current = first
        self._params = params
        self._folder = folder
        self._recolour = recolour
        self._heard = {name: params.target(name) for name in ("show.next", "show.previous", "show.panic")}
        self._put(first, now=0.0, fade=0.0)

    def step(self, now: float, params: Snapshot) -> None:
        """Follow triggers, a chosen number and edited files."""
        presets = self._folder.presets
        fade = params["show.fade"]
        place = self._place(presets)
        fired = {name for name, count in self._heard.items() if params[name] != count}
        self._heard = {name: params[name] for name in self._heard}
        if "show.panic" in fired:
            for name in ("show.freeze", "show.blackout", "show.hold"):
                self._params.set(name, 0, "panic")
            self._put(presets[0] if presets else self.current, now, PANIC_FADE)
        elif not presets:
            return  # the folder is away: the look that is on stays
        elif fired:
            step = 1 if "show.next" in fired else -1
            self._put(presets[(place + step) % len(presets)], now, fade)
        elif params["show.preset"] != self._number:
            chosen = int(params["show.preset"])
            if chosen <= len(presets):
                self._put(presets[chosen - 1], now, fade)
            else:
                log.warning("there is no preset %d; there are %d", chosen, len(presets))
                self._tell(place)
        elif presets[place] != self.current and presets[place].file == self.current.file:
            self._put(presets[place], now, fade)
        elif place + 1 != self._number:
            self._tell(place)  # a file before it came or went

    def _place(self, presets: tuple[Preset, ...]) -> int:
        files = [preset.file for preset in presets]
        return files.index(self.current.file) if self.current.file in files else 0

    def _put(self, preset: Preset, now: float, fade: float) -> None:
        if preset.name != self.current.name:
            log.info("preset %s", preset.name)
        self.current = preset
        self._params.apply(preset.values, now, fade, "preset")
        self._recolour(palette_spread(preset.palette) if preset.palette else None, now, fade)
        self._tell(self._place(self._folder.presets))

    def _tell(self, place: int) -> None:
        """Let `show.preset` say what is on."""
        self._number = float(place + 1)
        self._params.set("show.preset", self._number, "preset")
