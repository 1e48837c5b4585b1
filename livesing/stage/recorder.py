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
from livesing.ring import RingReader

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
        self._source = self._next_source = source
        self._newest: tuple[float, np.ndarray] | None = None
        self._ready = threading.Condition()
        self._done = False
        self._begin: float | None = None
        self._last_tick = -1
        if min(width, height) < 2:
            raise LivesingError(f"a film of {width}x{height} is too small")
        try:
            self._partial.touch()  # PyAV opens the file only with the first frame
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
            self._sound = self._file.add_stream("aac", rate=SOUND_RATE, layout="mono", options={"b": "160k"})
            self._reader: RingReader | None = None  # from the first picture on
            self._first = 0
            self._resampler = av.AudioResampler("fltp", "mono", SOUND_RATE)
        self._failure = ""

    def hear(self, source: Source) -> None:
        """Take the sound from another source from now on; called when the audio was opened again."""
        self._next_source = source

    def show(self, now: float, picture: np.ndarray) -> None:
        """Hand over a frame, [h, w, 3] uint8; replaces one that the encoder has not taken yet."""
        with self._ready:
            self._newest = now, picture
            self._ready.notify()

    def finish(self) -> Path:
        """Complete the film; returns its path. Raises LivesingError when there is none."""
        with self._ready:
            self._done = True
            self._ready.notify()
        self.join()
        if self._failure or not self.written:
            self._partial.unlink(missing_ok=True)
            raise LivesingError(f"{self.path} is not written: {self._failure or 'no picture came'}")
        self._partial.replace(self.path)
        return self.path

    def run(self) -> None:
        try:
            self._encode()
        except (OSError, ValueError) as error:  # PyAV's errors are both; a full disk is one of them
            self._failure = getattr(error, "strerror", None) or str(error)
            log.warning("the film ends here: %s", self._failure)

    def _encode(self) -> None:
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
        if self._begin is None:
            return
        for stream in (self._video, self._sound):
            if stream is not None:
                self._file.mux(stream.encode())
        self._file.close()

    def _add_picture(self, now: float, picture: np.ndarray) -> None:
        import av

        if self._begin is None:
            self._begin = now
            if self._source is not None:
                self._reader = self._source.ring.reader()
                self._first = self._reader.position
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
        if self._next_source is None or self._reader is None or self._begin is None:
            return
        import av

        if self._next_source is not self._source:
            self._source = self._next_source
            self._reader = self._source.ring.reader()
            self._resampler = av.AudioResampler("fltp", "mono", SOUND_RATE)
            # What it gives from here on belongs to the film's present moment.
            self._first = self._reader.position - round(self._last_tick / 90000 * self._source.rate)
        assert self._source is not None
        while True:
            first, block = self._reader.read(4096)
            if not len(block):
                return
            mono = (
                np.nan_to_num(block, posinf=1.0, neginf=-1.0).clip(-1, 1).mean(axis=1, dtype=np.float32)[None]
            )
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(mono), "fltp", "mono")
            frame.sample_rate, frame.pts = self._source.rate, first - self._first
            frame.time_base = Fraction(1, self._source.rate)
            for resampled in self._resampler.resample(frame):
                self._file.mux(self._sound.encode(resampled))
