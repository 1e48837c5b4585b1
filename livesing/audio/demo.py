"""The demo piece as a sound file: rendered on first use, then taken from the user's cache.

``python -m livesing.audio.demo`` renders it where needed and prints the path; the show runs that as
a child process, so that its window never waits for a synthesiser.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livesing.audio.demo_drums import RATE
from livesing.audio.demo_mix import mix
from livesing.audio.score import DURATION_S, compose

__all__ = ["RATE", "cached", "ensure", "path", "render", "store"]

_SOURCES = (
    "demo.py",
    "demo_drums.py",
    "demo_lively.py",
    "demo_mix.py",
    "demo_notation.py",
    "demo_quiet.py",
    "score.py",
    "synth.py",
)
_WRITE_FRAMES = 1 << 18


def render(progress: Callable[[float], None] | None = None) -> NDArray[np.float32]:
    """Composes and plays the piece: (frames, 2) float32 at `RATE`, within -1..1.

    The same bytes every time on one machine. `progress` is told the share done, 0..1. Takes a few
    seconds and some 400 MB: a child process is the place for it.
    """
    return mix(compose(), DURATION_S, progress)


def version() -> str:
    """Ten hex digits that change with the music: a digest of the sources that make it."""
    digest = hashlib.sha256()
    for name in _SOURCES:
        digest.update(resources.files(__package__).joinpath(name).read_bytes())
    return digest.hexdigest()[:10]


def path() -> Path:
    """Where the rendered piece lies, or will lie, in the user's cache folder."""
    from platformdirs import user_cache_path  # here: the module is imported before it is needed

    return user_cache_path("livesing") / f"demo-{version()}.flac"


def cached() -> Path | None:
    """The rendered piece if it is there and whole, else None. Renders nothing.

    Raises OSError when neither the cache nor the temporary folder can be written.
    """
    wanted = path()
    if _intact(wanted):
        return wanted
    if _writable(wanted.parent):
        return None
    # The spare copy counts only while the cache is out of order: it may vanish any day.
    spare = _spare_folder() / wanted.name
    return spare if _intact(spare) else None


def store(sound: NDArray[np.float32]) -> Path:
    """Writes the rendered piece, (frames, 2), to the cache and returns its path.

    The file appears whole or not at all: it is written under another name, synced and renamed, so
    two processes may do this at once. Where the cache cannot be written, a folder of the user's own
    under the system's temporary folder serves. Raises OSError when neither can be written.
    """
    wanted = path()
    try:
        _write(wanted, sound)
    except OSError:
        wanted = _spare_folder() / wanted.name
        _write(wanted, sound)
    return wanted


def ensure(progress: Callable[[float], None] | None = None) -> Path:
    """The path of the rendered piece, which is rendered now if it is not there yet.

    `progress` is told the share done, 0..1, if there is something to do. Raises OSError when no
    place for the file can be written.
    """
    return cached() or store(render(progress))


def _intact(file: Path) -> bool:
    """Whether this is a readable sound file of the right length."""
    import soundfile

    try:
        return bool(soundfile.info(str(file)).frames == round(DURATION_S * RATE))
    except (OSError, soundfile.SoundFileError):
        return False


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _spare_folder() -> Path:
    """A private folder under the temporary one; another user's is never trusted."""
    if not hasattr(os, "getuid"):  # Windows: the temporary folder is the user's own
        folder = Path(tempfile.gettempdir()) / "livesing"
        folder.mkdir(exist_ok=True)
        return folder
    folder = Path(tempfile.gettempdir()) / f"livesing-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        return Path(tempfile.mkdtemp(prefix="livesing-"))
    return folder


def _write(file: Path, sound: NDArray[np.float32]) -> None:
    """Writes 16-bit FLAC with triangular dither, synced, then renamed. Raises OSError."""
    import soundfile

    file.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    handle, name = tempfile.mkstemp(prefix=file.stem, suffix=".part", dir=file.parent)
    try:
        try:
            with (
                os.fdopen(handle, "w+b") as raw,
                soundfile.SoundFile(raw, "w", RATE, 2, format="FLAC", subtype="PCM_16", closefd=False) as out,
            ):
                for start in range(0, len(sound), _WRITE_FRAMES):
                    piece = sound[start : start + _WRITE_FRAMES]
                    dither = random.random(piece.shape, np.float32)
                    dither -= random.random(piece.shape, np.float32)
                    whole = np.rint(piece * np.float32(32768.0) + dither)
                    out.write(np.clip(whole, -32768, 32767).astype(np.int16))
        except soundfile.SoundFileError as error:
            raise OSError(f"cannot write {file}: {error}") from error
        with open(name, "r+b") as written:
            os.fsync(written.fileno())
        os.replace(name, file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def main() -> int:
    """Renders where needed and prints the path; 1 and one line on stderr when that fails."""
    try:
        file = ensure()
    except OSError as error:
        print(f"livesing: the demo piece cannot be written: {error}", file=sys.stderr)
        return 1
    print(file)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
