"""Generated frames on their way to the screen: textures, their places in time, and their glow."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import moderngl
import numpy as np

from livesing.mailbox import Mailbox
from livesing.stage.shader_store import ShaderStore
from livesing.stage.timeline import Blend, FrameTimeline
from livesing.style.palette import AffineColour
from livesing.style.settle import Level

THUMB = (32, 18)
"""Width and height of the small frame that bloom and colour statistics are made from."""
GLOW = (64, 36)
"""The glow is enlarged once more on its way to the texture: bilinear facets of a coarser one show."""
GLOW_SHARE = 0.4
"""Share of a new frame in the glow, which would step visibly if it followed each frame at once."""

GLOW_SHADE = 0.004
"""Changes of colour and strength under one step of 255 wait for the next frame."""


def thumbnail(pixels: np.ndarray) -> np.ndarray:
    """[h, w, 4] uint8 -> means of blocks, [18, 32, 3] float32 in 0..1.

    Four by four samples a block are enough: generated frames are smooth.
    """
    width, height = THUMB
    # Whole RGBA words are picked in one go.
    words = np.ascontiguousarray(pixels).view(np.uint32).ravel().take(_samples(*pixels.shape[:2]))
    samples = words.view(np.uint8).astype(np.float32).reshape(height, 4, -1)
    small: np.ndarray = samples.sum(axis=1).reshape(height, width, 16) @ MEANS_OF_FOUR
    return small


@lru_cache(maxsize=4)
def _samples(height: int, width: int) -> np.ndarray:
    """Where the samples lie in a frame's pixels, row by row, [18 * 4 * 32 * 4]."""
    sides = ((count * 4, length) for count, length in zip(THUMB[::-1], (height, width), strict=True))
    rows, columns = (((np.arange(n) + 0.5) * length / n).astype(int) for n, length in sides)
    return (rows[:, None] * width + columns).ravel()


MEANS_OF_FOUR = np.tile(np.eye(4, 3, dtype=np.float32), (4, 1)) / (16 * 255)
"""[16, 3]: from the sums of a block's four columns of samples to its mean."""


def spline(coarse: int, fine: int) -> np.ndarray:
    """Cubic B-spline interpolation from `coarse` to `fine` samples as a matrix [fine, coarse]; it also
    blurs."""
    at = (np.arange(fine) + 0.5) * coarse / fine - 0.5
    first = np.floor(at).astype(int)
    t = at - first
    weights = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
    matrix = np.zeros((fine, coarse), np.float32)
    for step, weight in enumerate(weights):
        np.add.at(matrix, (np.arange(fine), np.clip(first - 1 + step, 0, coarse - 1)), weight / 6)
    return matrix


ENLARGE_ROWS = spline(THUMB[1], GLOW[1])
ENLARGE_COLUMNS = spline(THUMB[0], GLOW[0])


@dataclass
class _Place:
    """Room for one frame."""

    texture: moderngl.Texture
    buffer: moderngl.Framebuffer
    lined: bool = False
    seen: Level | None = None


class Between(NamedTuple):
    """Two frames and how far it is from the one to the other."""

    older: moderngl.Texture
    newer: moderngl.Texture
    mix: float
    lined: tuple[float, float]
    """For each, 1 if its alpha holds the strength of lines, else 0."""
    level: Level | None = None
    """Light and contrast of the mixture, where `see` has said what those of both are."""


class FrameStore:
    """Takes frames out of the mailbox and knows what to show of them; owned by the render thread."""

    def __init__(self, ctx: moderngl.Context, frames: Mailbox, shaders: ShaderStore) -> None:
        self.timeline = FrameTimeline()
        self.glow = ctx.texture(GLOW, 3, dtype="f1")
        self.glow.repeat_x = self.glow.repeat_y = False
        self.thumb = np.zeros((THUMB[1], THUMB[0], 3), np.float32)
        """The newest frame as means of blocks, [18, 32, 3] in 0..1, for colour statistics."""
        self.received = 0
        self.arrived: float | None = None
        """Clock time of the newest frame's arrival."""
        self.seconds = 0.0
        """What the newest frame took to generate."""
        self.felt = (0.0, 0.0)
        """Valence and arousal that the newest frame was dreamt for."""
        self.top_class = -1
        self.size: tuple[int, int] | None = None
        self.rate = 0.0
        """Frames per second, of about the last two seconds."""
        self._first: float | None = None
        self._ctx = ctx
        self._frames = frames
        self._seen = frames.newest
        self._glow = self.thumb
        self._glow_frame = -1
        self._glow_made_of = np.zeros(13)
        self._shaders = shaders
        self._places: list[_Place | None] = [None] * self.timeline.size
        self._raw: moderngl.Texture | None = None

    def take(
        self,
        now: float,
        *,
        lines: bool = False,
        see: Callable[[np.ndarray, float], Level] | None = None,
    ) -> bool:
        """Upload the newest frame if there is a new one, on request with its lines in alpha.

        `see` is shown its pixels, [h, w, 4] uint8, and the seconds since the one before; what it says is
        kept with the frame.
        """
        letter = self._frames.peek(self._seen)
        if letter is None:
            return False
        frame = letter.value
        width, height = int(frame["width"]), int(frame["height"])
        pixels = frame["pixels"][: width * height * 4].reshape(height, width, 4)
        place = self._upload(self.timeline.place(), (width, height), pixels, lines)
        thumb = thumbnail(pixels)
        dt = 0.0 if self.arrived is None else now - self.arrived
        place.seen = see(pixels, dt) if see is not None else None
        if not self._frames.holds(letter):
            return False  # the writer came round: the next look finds a whole one
        self._seen = letter.sequence
        self.thumb = thumb
        self._glow = thumb if self.received == 0 else self._glow + (thumb - self._glow) * GLOW_SHARE
        self.timeline.add(letter.stamp, now)
        self._count(now, dt)
        self.size = width, height
        self.seconds = float(frame["seconds"])
        self.felt = float(frame["valence"]), float(frame["arousal"])
        self.top_class = int(frame["top_class"])
        return True

    @property
    def mean_rate(self) -> float:
        """Frames per second from the first frame to the newest."""
        if self._first is None or self.arrived is None or self.arrived <= self._first:
            return 0.0
        return (self.received - 1) / (self.arrived - self._first)

    def _count(self, now: float, dt: float) -> None:
        self._first = now if self._first is None else self._first
        self.received += 1
        self.arrived = now
        if dt > 0:
            self.rate += (1 / dt - self.rate) * min(1.0, dt / 1.0) if self.rate else 1 / dt

    def light_glow(self, colour: AffineColour, strength: float) -> moderngl.Texture:
        """The glow of the newest frames in the look's colours, `strength` 0..1 of their square."""
        made_of = np.concatenate((colour.matrix.ravel(), colour.offset, (strength,)))
        if self._glow_frame == self.received and np.abs(made_of - self._glow_made_of).max() < GLOW_SHADE:
            return self.glow
        self._glow_frame, self._glow_made_of = self.received, made_of
        graded = np.clip(self._glow @ colour.matrix.T + colour.offset, 0, 1)
        shine = (strength * 255 * graded * graded).astype(np.float32)
        rows = ENLARGE_ROWS @ shine.reshape(THUMB[1], -1)
        fine = ENLARGE_COLUMNS @ rows.reshape(GLOW[1], THUMB[0], 3)  # [36, 64, 3]
        self.glow.write(fine.astype(np.uint8))
        return self.glow

    def at(self, now: float) -> Between | None:
        """The frames to show at `now`; None before the first one."""
        blend: Blend | None = self.timeline.at(now)
        if blend is None:
            return None
        older, newer = self._places[blend.older], self._places[blend.newer]
        assert older is not None and newer is not None  # the timeline knows only places that were filled
        lined = float(older.lined), float(newer.lined)
        level = None
        if older.seen is not None and newer.seen is not None:
            level = older.seen.towards(newer.seen, blend.mix)
        return Between(older.texture, newer.texture, blend.mix, lined, level)

    def _upload(self, number: int, size: tuple[int, int], pixels: np.ndarray, lines: bool) -> _Place:
        place = self._places[number]
        if place is None or place.texture.size != size:
            if place is not None:
                place.buffer.release()
                place.texture.release()
            texture = self._texture(size)
            place = self._places[number] = _Place(texture, self._ctx.framebuffer([texture]))
        place.lined = lines
        if not lines:
            place.texture.write(pixels)
            return place
        if self._raw is None or self._raw.size != size:
            if self._raw is not None:
                self._raw.release()
            self._raw = self._texture(size)
        self._raw.write(pixels)
        place.buffer.use()
        self._shaders.get("lines").draw({}, {"frame": self._raw})
        return place

    def _texture(self, size: tuple[int, int]) -> moderngl.Texture:
        texture = self._ctx.texture(size, 4)
        texture.repeat_x = texture.repeat_y = False
        return texture
