"""A sound file played in real time, over and over, and heard when there is a loudspeaker.

The thread decodes ahead by one block and paces itself: by the loudspeaker's own clock where one is open,
else by absolute deadlines. Each block enters the Ring when it is heard, not when it is handed to the
loudspeaker, so the picture stays with the sound.
"""

import threading
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np

from livesing.audio.device import portaudio
from livesing.audio.sound_file import SoundFile
from livesing.audio.source import BLOCK
from livesing.clock import now as clock_now
from livesing.errors import SourceError
from livesing.ring import Ring


class FileSource:
    """Plays a file into a Ring and, unless muted, into the default output.

    Its thread owns the file and the output stream; the output may block it for one block. When decoding
    fails on the way (a damaged file) it goes back to the beginning; when not even that works it ends and
    `alive` turns False.
    """

    def __init__(self, path: Path, *, name: str = "", mute: bool = False) -> None:
        """Open and start. Raises SourceError for what is no sound file."""
        self._sound = SoundFile(path)
        self.name = name or path.name
        self.rate = self._sound.rate
        self.ring = Ring(channels=self._sound.channels)
        self.overflows = 0
        self._loop: np.ndarray | None = None
        if self._sound.frames < BLOCK and (whole := self._sound.read(BLOCK)) is not None:
            # Shorter than a block: it would be opened anew thousands of times a second.
            self._loop = np.tile(whole, (-(-BLOCK // len(whole)), 1))
        self._speaker = None if mute else self._open_speaker()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._play, name="file source", daemon=True)
        self._thread.start()

    @property
    def audible(self) -> bool:
        """Whether a loudspeaker plays along."""
        return self._speaker is not None

    def _open_speaker(self) -> Any:
        try:
            sd = portaudio()
        except SourceError:
            return None
        try:
            sd.query_devices(kind="output")
            stream = sd.OutputStream(
                self.rate, BLOCK, None, min(2, self.ring.channels), "float32", latency=0.1
            )
            stream.start()
        except (sd.PortAudioError, ValueError):
            return None
        return stream

    def _play(self) -> None:
        # What was handed to the loudspeaker but is not heard yet.
        unheard: deque[np.ndarray] = deque()
        delay = round(self._speaker.latency * self.rate / BLOCK) if self._speaker else 0
        deadline = clock_now()
        while not self._stop.is_set():
            block = self._next_block()
            if block is None:
                return
            if self._speaker is not None and not self._sound_out(self._speaker, block):
                delay, deadline = 0, clock_now()
            unheard.append(block)
            while len(unheard) > delay:
                self.ring.write(unheard.popleft())
            if self._speaker is None:
                deadline = max(deadline + len(block) / self.rate, clock_now() - 0.2)
                self._stop.wait(max(0.0, deadline - clock_now()))

    def _next_block(self) -> np.ndarray | None:
        """The next block, from the beginning again after the end; None when there is none even there."""
        if self._loop is not None:
            return self._loop
        block = self._sound.read(BLOCK)
        if block is None:
            self._sound.rewind()
            block = self._sound.read(BLOCK)
        return block

    def _sound_out(self, speaker: Any, block: np.ndarray) -> bool:
        """Hand a block to the loudspeaker; False, and no loudspeaker any more, when it has gone."""
        heard = block if block.shape[1] <= 2 else block[:, :2]
        try:
            speaker.write(np.ascontiguousarray(heard))
        except Exception as error:
            if type(error).__name__ != "PortAudioError":
                raise
            self._speaker = None
            return False
        return True

    def alive(self, now: float) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(timeout=2.0)
        if self._speaker is not None:
            self._speaker.close(ignore_errors=True)
            self._speaker = None
        self._sound.close()
