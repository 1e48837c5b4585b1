"""Plays one short sound at a time through the default output, and says so where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from livesing.audio.device import portaudio
from livesing.errors import SourceError

PREFERRED_RATE = 48_000
FADE_S = 0.015
"""At both ends, so that nothing clicks."""


class _Taken:
    """A sound and how far it has been taken; read by PortAudio's thread alone once it was handed over."""

    def __init__(self, samples: NDArray[np.float32]) -> None:
        self.samples = samples
        self.place = 0


class Player:
    """One stream for all sounds: `play` replaces what sounds. The caller's thread owns everything but the
    block that PortAudio's own thread copies out of the newest sound.
    """

    def __init__(self, *, mute: bool = False) -> None:
        self.trouble = ""
        """Why nothing is heard; empty while something is."""
        self.rate = PREFERRED_RATE
        self._now = _Taken(np.zeros((0, 2), np.float32))
        self._began, self._seconds = -1e9, 0.0
        self._stream: Any = None
        if mute:
            self.trouble = "muted"
        else:
            self._open()

    def play(self, sound: NDArray[np.float32], rate: int, now: float) -> None:
        """sound: [n, channels], of which the first two are heard; it begins at once, at clock time `now`."""
        self._began, self._seconds = now, len(sound) / rate
        if self._stream is None:
            return
        if not self._stream.active:
            self.trouble = "the loudspeaker has gone"
            self.close()
            return
        stereo = sound[:, [0, min(1, sound.shape[1] - 1)]]
        samples = stereo if rate == self.rate else soxr.resample(stereo, rate, self.rate)
        ramp = np.minimum(np.arange(len(samples)), np.arange(len(samples))[::-1]) / (FADE_S * self.rate)
        self._now = _Taken((samples * np.minimum(ramp, 1)[:, None]).astype(np.float32))

    def played(self, now: float) -> float:
        """0..1 how much of the sound has been played; it goes on in silence where there is no loudspeaker."""
        return min(max((now - self._began) / self._seconds, 0.0), 1.0) if self._seconds else 1.0

    def close(self) -> None:
        """Stop and let the device go; may be called twice."""
        if self._stream is not None:
            self._stream.close(ignore_errors=True)
            self._stream = None

    def _open(self) -> None:
        try:
            sd = portaudio()
        except SourceError as error:
            self.trouble = str(error)
            return
        try:
            device = sd.query_devices(kind="output")
            for rate in dict.fromkeys((PREFERRED_RATE, round(device["default_samplerate"]))):
                try:
                    stream = sd.OutputStream(rate, 0, None, 2, "float32", latency=0.1, callback=self._fill)
                    stream.start()
                except sd.PortAudioError as error:
                    self.trouble = f"no loudspeaker opens: {str(error).splitlines()[0]}"
                    continue
                self._stream, self.rate, self.trouble = stream, rate, ""
                return
        except (sd.PortAudioError, ValueError):
            self.trouble = "there is no loudspeaker"

    def _fill(self, block: NDArray[np.float32], frames: int, _time: Any, _status: Any) -> None:
        taken = self._now
        part = taken.samples[taken.place : taken.place + frames]
        block[: len(part)] = part
        block[len(part) :] = 0
        taken.place += len(part)
