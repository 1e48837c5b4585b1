"""The deep tier in the generator process: opens its network, reads the style that is asked for, and paints
frames as far as there is time.

Owner of `paint`: the generator process's main thread. Styles are read aside, in a thread of their own: a
third of a second each, which would be ten frames. A style that is not read yet leaves the one before.
"""

import logging
import threading
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from livesing.clock import now as clock_now
from livesing.errors import LivesingError, WeightsError
from livesing.generation.engine_device import gpu
from livesing.stage.pacing import Ladder
from livesing.style.deep import ROWS, Cascade, DeepPainter, Features, style_features
from livesing.style.style_image import load

log = logging.getLogger(__name__)

STYLE = np.dtype([("path", "S1024")])
"""The file of the style that is on, in UTF-8; empty for none."""
MOST_STYLES = 64
LONGEST = 1 / 24
"""Seconds that a frame may take with the tier, where it was not asked for less often."""
WINDOW = 1.0
"""Seconds after which lateness is judged."""
FADE_SECONDS = 0.5
"""In which the tier comes in and goes out: it never pops."""
FAINT = 0.004
RUNGS = (*ROWS, 0)
"""Working rows, best first; 0 leaves it out."""
WEIGHTS_KINDS = (".safetensors", ".pth", ".pt")
OWN_WEIGHTS = Path(__file__).parent / "style" / "deep.safetensors"


def encode_path(path: Path | None) -> bytes:
    """For STYLE; a path that is too long is none."""
    text = b"" if path is None else str(path).encode("utf-8", "surrogateescape")
    return text if len(text) <= STYLE["path"].itemsize else b""


def open_cascade(weights: Path | None = None, threads: int = 1) -> Cascade:
    """livesing's own network, by torch on a GPU and by onnxruntime elsewhere; or the VGG-19 or 16x-distilled
    encoders and decoders of levels 1 to 4 in a folder, by torch. Raises LivesingError."""
    if weights is not None:
        return _open_weights(weights)
    if gpu() is not None and find_spec("torch") is not None:
        from livesing.generation.weights_file import read
        from livesing.style.deep_torch import has_gpu, own_cascade

        if has_gpu():
            return own_cascade({name: array.numpy() for name, array in read(OWN_WEIGHTS).items()})
    from livesing.style.deep_onnx import OnnxCascade

    return OnnxCascade(threads)


def _open_weights(folder: Path) -> Cascade:
    if find_spec("torch") is None:
        raise WeightsError("other people's style networks need torch: install livesing[gan]")
    if not folder.is_dir():
        raise WeightsError(f"there is no folder {str(folder)!r} of style networks")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in WEIGHTS_KINDS)
    if not files:
        raise WeightsError(f"there are no weights ({', '.join(WEIGHTS_KINDS)}) in {str(folder)!r}")
    from livesing.generation.weights_file import read, tensors
    from livesing.style.deep_vgg import Part, vgg_cascade

    parts = []
    for file in files:
        content = read(file)
        inner = content.get("model")
        state = inner if isinstance(inner, dict) else content  # training scripts keep it beside their options
        parts.append(Part(tensors(state, file.name), file.name))
    return vgg_cascade(parts)


class DeepTier:
    """What the generator process holds of the deep tier; `patient` waits for everything, as films do."""

    def __init__(self, cascade: Cascade, *, patient: bool = False) -> None:
        self.cascade = cascade
        self._painter = DeepPainter(cascade)
        self._patient = patient
        self._ladder = Ladder(RUNGS, patience=20.0)
        self._judged = (0.0, 0, 0)
        self._present = 0.0
        self._rows = ROWS[0]
        self._last: float | None = None
        self._wanted = b""
        self._styles: dict[bytes, Features | None] = {}
        self._reader: threading.Thread | None = None

    @property
    def rows(self) -> int:
        """Working rows at present; 0 while it is left out."""
        return int(self._ladder.rate)

    def ask(self, path: bytes) -> None:
        """The style that is on, as STYLE has it; the latest wins."""
        self._wanted = path
        if not path or path in self._styles:
            return
        if self._patient:
            self._read(path)
        elif self._reader is None or not self._reader.is_alive():
            self._reader = threading.Thread(target=self._read, args=(path,), name="deep style", daemon=True)
            self._reader.start()

    def paint(self, pixels: np.ndarray, now: float, strength: float) -> bool:
        """Paint a frame, [h, w, 4] uint8, in place -> whether it was touched."""
        first, dt = self._last is None, 0.0 if self._last is None else now - self._last
        self._last = now
        style = self._styles.get(self._wanted)
        if style is not None:
            self._painter.hang(style, now)
        asked = self.rows and self._wanted and self._painter.ready and strength > FAINT
        wanted = 1.0 if asked else 0.0
        if self._patient and first:
            self._present = wanted
        else:
            step = dt / FADE_SECONDS
            self._present += min(max(wanted - self._present, -step), step)
        if self.rows:
            self._rows = self.rows  # while it fades out, the rows are those that it had
        share = strength * self._present
        if share <= FAINT or not self._painter.ready:
            self._painter.forget()
            return False
        pixels[...] = self._painter.paint(pixels, now, dt, share, self._rows)
        return True

    def spent(self, now: float, seconds: float, period: float) -> None:
        """What a frame with the tier took, and the time there was for it: steps down when frames come late,
        and carefully tries again."""
        if self._patient:
            return
        began, frames, late = self._judged
        frames, late = frames + 1, late + (seconds > max(period, LONGEST))
        if now - began < WINDOW:
            self._judged = began, frames, late
            return
        self._judged = now, 0, 0
        before = self._ladder.rung
        self._ladder = self._ladder.judge(now, frames, late)
        if self._ladder.rung != before:
            log.info("deep tier: %s", f"{self.rows} rows" if self.rows else "left out, frames came late")

    def _read(self, path: bytes) -> None:
        """Read and encode a style; what cannot be read is told, and never tried again."""
        try:
            picture = load(Path(path.decode("utf-8", "surrogateescape")))
            found: Features | None = style_features(self.cascade, np.round(picture * 255).astype(np.uint8))
        except LivesingError as error:
            found = None
            log.warning("deep tier: %s", error)
        while len(self._styles) >= MOST_STYLES:
            self._styles.pop(next(iter(self._styles)))
        self._styles[path] = found


class LazyDeepTier:
    """Opens the tier when a look first asks for it: most never do."""

    def __init__(self, weights: Path | None = None, *, patient: bool = False) -> None:
        self._weights, self._patient = weights, patient
        self._tier: DeepTier | None = None
        self._failure = ""

    def paint(
        self, pixels: np.ndarray, style: bytes, strength: float, now: float, began: float, period: float
    ) -> None:
        """Paint a frame in place, if it is asked for. `began`: clock time at which the frame was begun;
        `period`: seconds between frames."""
        if self._tier is None and (strength <= FAINT or self._failure):
            return
        tier = self._open()
        if tier is None:
            return
        tier.ask(style)
        if tier.paint(pixels, now, strength) or not tier.rows:
            end = clock_now()
            tier.spent(end, end - began, period)

    @property
    def words(self) -> str:
        """What it does at present, for the HUD; empty while no look has asked for it."""
        if self._tier is None:
            return self._failure
        how = f"{self._tier.rows} rows, {self._tier.cascade.note}" if self._tier.rows else "left out: late"
        return f"deep tier: {how}"

    def _open(self) -> DeepTier | None:
        if self._tier is None:
            try:
                self._tier = DeepTier(open_cascade(self._weights), patient=self._patient)
                log.info("deep tier: %s", self._tier.cascade.note)
            except LivesingError as error:
                self._failure = f"no deep tier: {error}"
                log.warning("%s", self._failure)
        return self._tier
