"""The show's ear: opens what `--audio` asks for, falls back to the demo piece, and reopens what was lost.

There is always a source. While the demo piece is being rendered for the first time, and while an unplugged
device is away, it is one without sound, and the show goes on in silence.
"""

import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from livesing.audio import demo
from livesing.audio.device import DeviceSource, refresh
from livesing.audio.file import FileSource
from livesing.audio.source import Source, Spec
from livesing.errors import SourceError
from livesing.ring import Ring

log = logging.getLogger(__name__)

COMPOSING = "demo piece (being rendered)"


class Quiet:
    """A source that holds the place of one to come."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rate = 48000
        self.ring = Ring()
        self.overflows = 0

    def alive(self, now: float) -> bool:
        return True

    def close(self) -> None:
        pass


class AudioInput:
    """The source that is heard now. `open` and `close` belong to the main thread, `reopen` to the
    supervisor."""

    def __init__(self, spec: Spec, *, mute: bool = False) -> None:
        self.spec = spec
        self.source: Source = Quiet("nothing yet")
        self.reopened = 0
        self.on_change: Callable[[Source], None] = lambda source: None
        """Called with each new source, from whichever thread opened it."""
        self._mute = mute
        self._lost_overruns = 0
        self._closed = False
        self._lock = threading.Lock()
        self._composer: subprocess.Popen[str] | None = None

    @property
    def overruns(self) -> int:
        """Blocks lost so far: by the driver, or by an analysis that came too late."""
        return self._lost_overruns + self.source.overflows + self.source.ring.overruns

    def open(self) -> None:
        """Open what was asked for.

        Raises SourceError when it was asked for by name and is not there. A microphone that nobody asked
        for by name is replaced by the demo piece, and a line says so.
        """
        if self.spec.kind == "file":
            assert self.spec.path is not None
            self._replace(FileSource(self.spec.path, mute=self._mute))
        elif self.spec.kind == "device":
            self._replace(DeviceSource(self.spec.device, self.spec.channels))
        elif self.spec.kind == "demo":
            self._open_demo()
        else:
            try:
                self._replace(DeviceSource())
            except SourceError as error:
                log.info("%s; playing the demo piece", error)
                self._open_demo()

    def alive(self, now: float) -> bool:
        return self._closed or self.source.alive(now)

    def reopen(self) -> str:
        """Open the lost source again, a device by its name. Raises SourceError while it is away."""
        lost = self.source
        lost.close()
        if isinstance(lost, DeviceSource):
            refresh()
            self._replace(DeviceSource(lost.name, self.spec.channels))
        elif self.spec.path is not None:
            self._replace(FileSource(self.spec.path, mute=self._mute))
        else:
            self._open_demo()
        self.reopened += 1
        return f"{lost.name} stopped and was opened again"

    def close(self) -> None:
        with self._lock:
            self._closed = True
        if self._composer is not None:
            self._composer.kill()
        self.source.close()

    def _replace(self, source: Source) -> None:
        with self._lock:
            if self._closed:
                source.close()
                return
            self._lost_overruns += self.source.overflows + self.source.ring.overruns
            self.source = source
        self.on_change(source)

    def _open_demo(self) -> None:
        path = demo.cached()
        if path is not None:
            self._replace(FileSource(path, name="demo piece", mute=self._mute))
            return
        log.info("rendering the demo piece, once; it begins in a few seconds")
        self._replace(Quiet(COMPOSING))
        threading.Thread(target=self._compose, name="composer", daemon=True).start()

    def _compose(self) -> None:
        """Render the demo in a process of its own, so that the window never stalls, and play it."""
        command = [sys.executable, "-m", "livesing.audio.demo"]
        self._composer = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        out, err = self._composer.communicate()
        if self._closed:
            return
        try:
            if self._composer.returncode:
                raise SourceError((err.strip().splitlines() or ["it failed"])[-1])
            self._replace(FileSource(Path(out.strip()), name="demo piece", mute=self._mute))
        except SourceError as error:
            log.warning("the demo piece cannot be rendered: %s", error)
