"""The show under a virtual clock: the same parts as live, frame-exact and repeatable.

Between two frames the sound that belongs there is heard, dreams are dreamt at their own rate, and then the
frame is drawn; nothing is skipped, however long it takes.
"""

import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from livesing import assets
from livesing.deep_tier import LazyDeepTier
from livesing.errors import UsageError
from livesing.generation.engine_open import ServedGenerator
from livesing.looks import PresetWatcher
from livesing.offline_dream import ORIGIN, OfflineDream, dream_number
from livesing.params import Params
from livesing.preset import PresetFolder
from livesing.renderer import Inbox, Renderer
from livesing.stage.headless import HeadlessSurface
from livesing.style_library import StyleLibrary
from livesing.whole_file import whole_file


class Shown(NamedTuple):
    """One finished frame."""

    time: float
    """Seconds from the beginning of the sound."""
    picture: np.ndarray
    """[h, w, 3] uint8, first row on top."""
    sound: np.ndarray
    """[n, channels] float32: what is heard until the next frame."""


class OfflineShow:
    """One piece, one look; iterate over `frames`."""

    def __init__(
        self, path: Path, *, size: tuple[int, int], fps: float, preset: str | None = None, seed: int = 0,
        presets_folder: Path | None = None, feeling: str = "cues", style_weights: Path | None = None,
        generator: ServedGenerator | None = None, styles: StyleLibrary | None = None,
    ) -> None:  # fmt: skip
        """Raises LivesingError for a bad file, preset, feeling or machine. A generator and a library of
        styles may serve one show after the other."""
        self._piece = OfflineDream(path, seed=seed, feeling=feeling, generator=generator)
        self._piece.dreamer.deep = LazyDeepTier(style_weights, patient=True)
        self.sound = self._piece.sound
        self.fps = fps
        watcher = PresetWatcher(PresetFolder(presets_folder or assets.folder("presets")))
        watcher.look()
        if not watcher.folder.presets:
            raise UsageError("there is no usable preset")
        first = watcher.folder.find(preset) if preset else watcher.folder.presets[0]
        self.params = Params()
        self.boxes = boxes = self._piece.boxes
        self.surface = HeadlessSurface(*size)
        inbox = Inbox(boxes.pulses, boxes.moods, boxes.frames, boxes.params, boxes.translators, boxes.style)
        self.renderer = Renderer(self.surface, self.params, inbox, watcher, first, fps, adaptive=False)
        library = styles or StyleLibrary(watcher.folder.folder)
        if first.styles is not None:
            library.read(first)
        self.renderer.repertoire = library.repertoire
        self.renderer.painter.fine = True
        self.renderer.painter.dreaming = 1.0  # no wait for a process to start
        # The first dream comes before the first frame, which would tell of the look otherwise.
        self._piece.wear(first, watcher.folder.folder)

    def frames(self, start: float = 0.0, seconds: float | None = None) -> Iterator[Shown]:
        """From `start` seconds on: what lies before is heard, but neither dreamt nor drawn."""
        dreamt = -1
        for time, sound in self._piece.heard(self.fps, None if seconds is None else start + seconds):
            if time < start:
                continue
            now = ORIGIN + time
            if dream_number(time) != dreamt:
                dreamt = dream_number(time)
                self._piece.dreamer.dream(now)
            self.renderer.frame(now)
            yield Shown(time, self.surface.read(), sound)

    def close(self) -> None:
        self.sound.close()
        self.surface.close()


def render(show: OfflineShow, output: Path) -> None:
    """Write the whole piece with its sound as an MP4; it appears when complete. Raises LivesingError."""
    import av

    rate = show.sound.rate
    with whole_file(output) as partial, av.open(str(partial), "w", format="mp4") as file:
        picture: Any = file.add_stream("libx264", rate=Fraction(show.fps).limit_denominator(1001))
        picture.width, picture.height = show.surface.target.size
        picture.pix_fmt = "yuv420p"
        picture.options = {"crf": "17", "preset": "veryfast"}
        voice: Any = file.add_stream("aac", rate=48000, layout="stereo")
        resampler = av.AudioResampler("fltp", "stereo", 48000)
        heard = 0
        for shown in show.frames():
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(shown.picture), "rgb24")
            file.mux(picture.encode(frame))
            stereo = np.ascontiguousarray(shown.sound[:, [0, min(1, shown.sound.shape[1] - 1)]].T)
            sound = av.AudioFrame.from_ndarray(stereo, "fltp", "stereo")
            sound.sample_rate, sound.pts, sound.time_base = rate, heard, Fraction(1, rate)
            heard += stereo.shape[1]
            for resampled in resampler.resample(sound):
                file.mux(voice.encode(resampled))
            _progress(shown.time)
        for stream in (picture, voice):
            file.mux(stream.encode())


def _progress(time: float) -> None:
    if sys.stderr.isatty():
        print(f"\r{time:7.1f} s", end="", file=sys.stderr, flush=True)
