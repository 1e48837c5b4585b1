"""The headless show's film: an MP4 with the picture and the sound that made it.

Frames are handed over as the newest one, never queued: when the encoder is slower than the show it leaves
frames out and the film keeps its time. The sound comes out of the source's Ring.
"""

import logging
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from livesing.audio.source import Source
from livesing.errors import LivesingError

log = logging.getLogger(__name__)

SOUND_RATE = 48000


class Recorder(threading.Thread):
    """Encodes in a thread of its own, which owns the file; the encoder releases Python's lock.

    The show calls `show` with each frame and its time; `finish` completes the file. The film is written
    under another name and renamed when complete, so a half-written film is never found under its own.
    """

    def __init__(self, path: Path, width: int, height: int, fps: float, source: Source | None) -> None:
        """Raises LivesingError when the folder cannot be written to."""
        import av

        super().__init__(name="recorder", daemon=True)
        self.path = path
        self.written = 0
        self._partial = path.with_name(f".{path.name}.partial")
        self._fps = fps
        self._source = source
        self._newest: tuple[float, np.ndarray] | None = None
        self._ready = threading.Condition()
        self._done = False
        self._begin: float | None = None
        self._last_tick = -1
        try:
            self._file = av.open(str(self._partial), "w", format="mp4")
        except OSError as error:
            raise LivesingError(f"{path} cannot be written: {error.strerror}") from None
        self._video: Any = self._file.add_stream("libx264", rate=Fraction(fps).limit_denominator(1000))
        self._video.width, self._video.height = width - width % 2, height - height % 2
        self._video.pix_fmt = "yuv420p"
        self._video.options = {"preset": "ultrafast", "crf": "18"}
        self._video.thread_count = 1
        self._video.codec_context.time_base = Fraction(1, 90000)
        self._sound: Any = None
        if source is not None:
            self._sound = self._file.add_stream("aac", rate=SOUND_RATE, layout="mono")
            self._reader = source.ring.reader()
            self._resampler = av.AudioResampler("fltp", "mono", SOUND_RATE)
            self._heard = 0

    def show(self, now: float, picture: np.ndarray) -> None:
        """Hand over a frame, [h, w, 3] uint8; replaces one that the encoder has not taken yet."""
        with self._ready:
            self._newest = now, picture
            self._ready.notify()

    def finish(self) -> Path:
        """Complete the film; returns its path."""
        with self._ready:
            self._done = True
            self._ready.notify()
        self.join()
        self._partial.replace(self.path)
        return self.path

    def run(self) -> None:
        while True:
            with self._ready:
                while self._newest is None and not self._done:
                    self._ready.wait()
                newest, self._newest = self._newest, None
            if newest is None:
                break
            self._add_picture(*newest)
            self._add_sound()
        self._add_sound()
        for stream in (self._video, self._sound):
            if stream is not None:
                self._file.mux(stream.encode())
        self._file.close()

    def _add_picture(self, now: float, picture: np.ndarray) -> None:
        import av

        self._begin = now if self._begin is None else self._begin
        tick = round((now - self._begin) * 90000)
        if tick <= self._last_tick:
            return
        self._last_tick = tick
        even = np.ascontiguousarray(picture[: self._video.height, : self._video.width])
        frame = av.VideoFrame.from_ndarray(even, "rgb24")
        frame.pts, frame.time_base = tick, Fraction(1, 90000)
        self._file.mux(self._video.encode(frame))
        self.written += 1

    def _add_sound(self) -> None:
        if self._sound is None or self._begin is None:
            return
        import av

        assert self._source is not None
        while True:
            _, block = self._reader.read(4096)
            if not len(block):
                return
            mono = block.mean(axis=1, dtype=np.float32)[None]
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(mono), "fltp", "mono")
            frame.sample_rate, frame.pts = self._source.rate, self._heard
            frame.time_base = Fraction(1, self._source.rate)
            self._heard += mono.shape[1]
            for resampled in self._resampler.resample(frame):
                self._file.mux(self._sound.encode(resampled))
