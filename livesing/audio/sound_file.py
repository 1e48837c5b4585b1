"""Sound files, block by block: whatever libsndfile reads, at a rate that the analysis takes."""

import logging
import weakref
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from livesing.audio.framing import HIGHEST_RATE, LOWEST_RATE
from livesing.audio.named_sound import named_sound
from livesing.errors import SourceError

MOST_CHANNELS = 64
OTHER_RATE = 48_000
"""Hz; to it files are resampled whose own rate is not analysed."""
PIECE = 512
"""Samples decoded at once: a failure takes that many with it, whatever was asked for."""

log = logging.getLogger(__name__)


class _Bytes:
    """A file's bytes without its name, so that libsndfile goes by what is in it: by its name a text called
    `.mp3` would be a broken MP3, and a `.raw` samples of a format that the caller has to know."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("rb")
        weakref.finalize(self, self._file.close)

    def read(self, size: int = -1) -> bytes:
        try:
            return self._file.read(size)
        except OSError:  # the disk has gone: to libsndfile the file ends here
            return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()


class SoundFile:
    """An open file, read forwards in constant memory."""

    def __init__(self, path: Path) -> None:
        """`demo` opens the demo piece. Raises SourceError, in one line, for what is no sound file or holds no
        sound."""
        import soundfile

        path = named_sound(path)
        if not path.is_file():
            kind = "a folder" if path.is_dir() else "no plain file"
            raise SourceError(f"{path} is {kind}" if path.exists() else f"there is no file {str(path)!r}")
        try:
            self._open(path)
        except (soundfile.LibsndfileError, OSError) as error:
            reason = getattr(error, "error_string", None) or str(error)
            raise SourceError(
                f"{path.name} is no sound file that can be read: {reason.strip().rstrip('.')}"
            ) from None
        self._broken = soundfile.LibsndfileError
        self._path = path
        if self._file.frames == 0:
            self.close()
            raise SourceError(f"{path.name} holds no sound")
        if self._file.channels > MOST_CHANNELS:
            self.close()
            raise SourceError(f"{path.name} has {self._file.channels} channels, more than {MOST_CHANNELS}")
        self.channels: int = self._file.channels
        self.frames: int = self._file.frames
        native = int(self._file.samplerate)
        self._foreign = not LOWEST_RATE <= native <= HIGHEST_RATE
        self._native = native
        self._told = False
        """Whether damage was told of; not at every turn of a loop."""
        self.rate = OTHER_RATE if self._foreign else native
        self._begin()

    def _open(self, path: Path) -> None:
        """Raises LibsndfileError and OSError."""
        import soundfile

        self._bytes = _Bytes(path)
        try:
            self._file = soundfile.SoundFile(cast(BinaryIO, self._bytes))
        except BaseException:
            self._bytes.close()
            raise
        # Else every read would seek to where it has just ended. The decoder then begins anew: that takes
        # several times as long as the reading, and an MP3 comes out torn.
        self._file.seekable = lambda: False

    def _begin(self) -> None:
        import soxr

        self._ended = False
        self._damaged = False
        self._place = 0
        self._resampler = (
            soxr.ResampleStream(self._native, self.rate, self.channels, dtype="float32")
            if self._foreign
            else None
        )

    def read(self, count: int) -> np.ndarray | None:
        """About `count` samples -> [n, channels] float32, n > 0; None at the end or where the file is
        damaged."""
        while not self._ended:
            block = self._decode(count)
            self._ended = len(block) == 0
            if self._resampler is not None:
                block = self._resampler.resample_chunk(block, last=self._ended).reshape(-1, self.channels)
            if len(block):
                return block
        return None

    def _decode(self, count: int) -> np.ndarray:
        """The next `count` samples at the file's own rate, fewer where it ends or is damaged."""
        block = np.empty((count, self.channels), np.float32)
        size = 0
        try:
            while size < count and not self._damaged:
                got = len(self._file.read(out=block[size : min(size + PIECE, count)]))
                if not got:
                    break
                size += got
        except self._broken:
            self._damaged = True  # asked again, some decoders only say that there is nothing more
        self._place += size
        if self._damaged and not self._told:
            self._told = True
            log.warning(
                "%s is damaged after %.1f s; what follows is not heard",
                self._path.name,
                self._place / self._native,
            )
        return block[:size]

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.frames / self._native

    def skip(self, seconds: float) -> None:
        """Go on at so many seconds from the beginning, before anything was read; at most to the end."""
        try:
            self._place = self._file.seek(min(round(seconds * self._native), self.frames))
        except self._broken:  # damaged on the way: nothing can be read from there
            self._ended = True

    def rewind(self) -> None:
        """Back to the beginning."""
        self._file.close()
        self._bytes.close()
        try:
            # Opened anew: after a decoding error libsndfile reads nothing more, wherever it seeks.
            self._open(self._path)
        except (self._broken, OSError):
            self._ended = True
            return
        self._begin()

    def close(self) -> None:
        """Nothing more is read. A resampler that lived as long as the program would be told of as a leak."""
        self._ended, self._resampler = True, None
        self._file.close()
        self._bytes.close()
