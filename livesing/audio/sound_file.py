"""Sound files, block by block: whatever libsndfile reads, at a rate that the analysis takes."""

from pathlib import Path

import numpy as np

from livesing.errors import SourceError

MOST_CHANNELS = 64
RATES = (8_000, 192_000)
"""Hz that the analysis takes as they are; files beyond are resampled to OTHER_RATE."""
OTHER_RATE = 48_000


class SoundFile:
    """An open file, read forwards in constant memory."""

    def __init__(self, path: Path) -> None:
        """Raises SourceError, in one line, for what is no sound file or holds no sound."""
        import soundfile

        if not path.is_file():
            raise SourceError(f"there is no file {str(path)!r}")
        try:
            self._file = soundfile.SoundFile(path)
        except (soundfile.LibsndfileError, OSError) as error:
            reason = getattr(error, "error_string", None) or str(error)
            raise SourceError(
                f"{path.name} is no sound file that can be read: {reason.strip().rstrip('.')}"
            ) from None
        self._broken = soundfile.LibsndfileError
        self._path = path
        if self._file.frames == 0:
            self._file.close()
            raise SourceError(f"{path.name} holds no sound")
        if self._file.channels > MOST_CHANNELS:
            self._file.close()
            raise SourceError(f"{path.name} has {self._file.channels} channels, more than {MOST_CHANNELS}")
        self.channels: int = self._file.channels
        self.frames: int = self._file.frames
        native = int(self._file.samplerate)
        self._foreign = not RATES[0] <= native <= RATES[1]
        self._native = native
        self.rate = OTHER_RATE if self._foreign else native
        self._begin()

    def _begin(self) -> None:
        import soxr

        self._ended = False
        self._resampler = (
            soxr.ResampleStream(self._native, self.rate, self.channels, dtype="float32")
            if self._foreign
            else None
        )

    def read(self, count: int) -> np.ndarray | None:
        """About `count` samples -> [n, channels] float32, n > 0; None at the end or where the file is
        damaged."""
        while not self._ended:
            try:
                block: np.ndarray = self._file.read(count, dtype="float32", always_2d=True)
            except self._broken:
                block = np.zeros((0, self.channels), np.float32)
            self._ended = len(block) == 0
            if self._resampler is not None:
                block = self._resampler.resample_chunk(block, last=self._ended).reshape(-1, self.channels)
            if len(block):
                return block
        return None

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.frames / self._native

    def skip(self, seconds: float) -> None:
        """Go on at so many seconds from the beginning, before anything was read; at most to the end."""
        try:
            self._file.seek(min(round(seconds * self._native), self.frames))
        except self._broken:  # damaged on the way: nothing can be read from there
            self._ended = True

    def rewind(self) -> None:
        """Back to the beginning."""
        import soundfile

        self._file.close()
        try:
            # Opened anew: after a decoding error libsndfile reads nothing more, wherever it seeks.
            self._file = soundfile.SoundFile(self._path)
        except (self._broken, OSError):
            self._ended = True
            return
        self._begin()

    def close(self) -> None:
        self._file.close()
