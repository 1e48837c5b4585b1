"""The style pass: takes the dream apart by its mipmaps, and paints it anew in the style's way.

    mix      two generated frames, mixed in time, at their own size, with mipmaps
    collapse the coarser bands, mapped to the style's, each at its own size and on top of the ones before
    tones    a table of colours as they are spread in the style, when that changes
    energy   how much detail each band has, locally
    tensor   which way its contours run, smoothed over time
    paint    the finest band and the strokes on top, at the size asked for, settling in time

What the style is comes as StyleMaps.
"""

from collections.abc import Mapping
from typing import Any

import moderngl
import numpy as np

from livesing.stage.carry import Carry
from livesing.stage.shader_store import ShaderStore
from livesing.style.bands import LEVELS
from livesing.style.rung import Rung
from livesing.style.settle import MOST, SECONDS, Level
from livesing.style.style_image import StyleImage
from livesing.style.tones import LAYERS, SIDE, STEPS, TURNS
from livesing.style.wct import StyleMaps

TENSOR_SECONDS = 1.0
"""Time constant of the contours' direction; without it strokes would flip where it is undecided."""
SMALLEST_GRAIN, LARGEST_GRAIN = 28.0, 104.0
"""Width of a patch of strokes for `style.grain` 0 and 1, in pixels of a picture of 512 rows."""
BRUSHES = 3
"""Brushes kept on the GPU: this style's, the last one's, and one on its way."""
JOINED = 4
"""Targets that are kept joined to what was painted."""


class StylePass:
    """Owns the buffers of the pass; used by the render thread only."""

    def __init__(self, ctx: moderngl.Context, shaders: ShaderStore) -> None:
        self.ctx = ctx
        self._shaders = shaders
        self._mixed: moderngl.Framebuffer | None = None
        self._coarse: list[moderngl.Framebuffer] = []
        self._energy: moderngl.Framebuffer | None = None
        self._tensors: list[moderngl.Framebuffer] = []
        self._begun = False
        self._finest = 0
        self._settled: list[moderngl.Framebuffer] = []
        self._joined: dict[tuple[int, int], tuple[moderngl.Framebuffer, moderngl.Framebuffer]] = {}
        self._painted: tuple[Level | None, Carry] | None = None
        self._curves = ctx.texture((STEPS, LAYERS * len(TURNS) * 3), 4, dtype="f4")
        self._tones = self._buffer((SIDE * SIDE, SIDE), "f4")
        self._curve: np.ndarray | None = None
        self._brushes: dict[int, tuple[StyleImage, moderngl.TextureArray]] = {}

    def mix(
        self,
        uniforms: Mapping[str, Any],
        textures: Mapping[str, moderngl.Texture],
        size: tuple[int, int],
        exact: bool,
        finest: int,
    ) -> None:
        """Two frames mixed, and its mipmaps. `size` is theirs; `exact` tells whether both have it; `finest`
        is the mipmap that serves as L_0."""
        if self._mixed is None or self._mixed.size != size or self._finest != finest:
            self._finest = finest
            self._fit(size)
        assert self._mixed is not None
        self._mixed.use()
        self._shaders.get("mix", ["EXACT"] if exact else []).draw(uniforms, textures)
        mixed = _texture(self._mixed)
        mixed.build_mipmaps(0, finest + LEVELS - 1)
        mixed.filter = moderngl.LINEAR_MIPMAP_NEAREST, moderngl.LINEAR  # looked up at whole levels only

    def analyse(self, work: StyleMaps, rung: Rung, dt: float, level: Level | None = None) -> None:
        """The coarser bands in the style's way; their energy where there are strokes, contours where these
        follow. `level`: light and contrast of the picture itself."""
        assert self._mixed is not None and self._energy is not None
        uniforms, textures = self._uniforms(work), {"mixed": _texture(self._mixed)}
        textures["tones"] = self._toned(work)
        below = {
            "low_map": work.maps[-1].T.astype("f4"),
            "mean": tuple(work.mean),
            "style_mean": tuple(work.style_mean if level is None else level.ground(work)),
        }
        for place, buffer in reversed(list(enumerate(self._coarse))):
            band = LEVELS - 1 - len(self._coarse) + place
            last = band == LEVELS - 2
            if not last:
                after = self._coarse[place + 1]
                textures |= {"coarser": _texture(after), "more_coarser": _texture(after, 1)}
            buffer.use()
            features = [feature for feature, on in (("LAST", last), ("TONES", place == 0)) if on]
            features += [f"SIDE {SIDE}"]
            program = self._shaders.get("collapse", features)
            program.draw(uniforms | below | _band(work, band) | {"band": band}, textures)
        if rung < Rung.BRUSH:
            return
        strokes = {
            "maps": np.ascontiguousarray(np.swapaxes(work.maps[:-1], -1, -2), "f4"),
            "edges": tuple(work.edges),
            "low_map": work.maps[-1].T.astype("f4"),
        }
        self._energy.use()
        self._shaders.get("energy").draw(uniforms | strokes, {"mixed": _texture(self._mixed)})
        _texture(self._energy).build_mipmaps(0, 1)
        if rung < Rung.FOLLOW:
            return
        self._tensors.reverse()
        new, older = self._tensors
        gain = -float(np.expm1(-dt / TENSOR_SECONDS)) if self._begun else 1.0
        self._begun = True
        new.use()
        self._shaders.get("tensor").draw(
            uniforms | {"follow_gain": gain}, {"mixed": _texture(self._mixed), "last": _texture(older)}
        )
        _texture(new).build_mipmaps(0, 2)

    def paint(
        self,
        target: moderngl.Framebuffer,
        work: StyleMaps,
        rung: Rung,
        carry: Carry,
        params: Mapping[str, float],
        colour: Mapping[str, Any],
        glow: moderngl.Texture | None,
        *,
        level: Level | None = None,
        dt: float = 1e9,
    ) -> None:
        """The picture in the style's way into `target`. `params`: style.strength, style.paint, style.grain
        and style.follow; `colour`: the uniforms of the grading that comes after. `level`: light and contrast
        of the picture itself, `dt` seconds after the last."""
        assert self._mixed is not None and self._energy is not None
        settling = self._settle(target.size, work, carry, level, dt)
        mixed = _texture(self._mixed)
        grain = SMALLEST_GRAIN + (LARGEST_GRAIN - SMALLEST_GRAIN) * params["style.grain"]
        first = LEVELS - 2 - len(self._coarse)
        uniforms = (
            self._uniforms(work)
            | _band(work, first)
            | {
                "first": float(first),
                "room": work.room,
                "low_map": work.maps[-1].T.astype("f4"),
                "energies": tuple(work.energies),
                "style_strength": params["style.strength"],
                "style_paint": params["style.paint"],
                "style_follow": params["style.follow"],
                "grain": grain,
                "carry": (carry.turn.real, carry.turn.imag, carry.shift.real, carry.shift.imag),
                "source_aspect": mixed.width / mixed.height,
                "arrived": work.arrived,
                "brush_direction": tuple(work.style.direction),
            }
            | settling
        )
        textures: dict[str, Any] = {
            "mixed": mixed,
            "coarser": _texture(self._coarse[0]),
            "settled_before": _texture(self._settled[1]),
        }
        if rung >= Rung.BRUSH:
            textures |= {"energy": _texture(self._energy), "brush": self._brush(work.style)}
            if work.before is not None:
                textures["brush_before"] = self._brush(work.before)
        if rung >= Rung.FOLLOW:
            textures["tensor"] = _texture(self._tensors[0])
        if glow is not None:
            textures["glow"] = glow
        features = paint_features(rung, two=work.before is not None, glows=glow is not None)
        self._join(target).use()
        self._shaders.get("paint", features).draw({**uniforms, **colour}, textures)

    def forget(self) -> None:
        """What is painted next has nothing to do with what was painted last."""
        self._painted = None

    def _settle(
        self, size: tuple[int, int], work: StyleMaps, carry: Carry, level: Level | None, dt: float
    ) -> dict[str, Any]:
        """Turn the buffers of what was painted, and the uniforms of how it goes on."""
        if not self._settled or self._settled[0].size != size:
            while self._joined:
                self._part()
            for buffer in self._settled:
                _texture(buffer).release()
                buffer.release()
            # Small steps towards a bright colour are lost in half floats.
            self._settled = [self._buffer(size, "f4") for _ in range(2)]
            self._painted = None
        self._settled.reverse()
        now = None if level is None else level.painted(work)
        before, self._painted = self._painted, (now, carry)
        if before is None:
            return {"settle": 1.0, "back": (1.0, 0.0, 0.0, 0.0), "contrast": 1.0}
        last, was = before
        turn, shift = carry.turn / was.turn, (carry.shift - was.shift) / was.turn
        gain, means = 1.0, (np.zeros(3), np.zeros(3))
        if last is not None and now is not None:
            gain, means = now.gain(last), (last.mean, now.mean)
        return {
            "settle": -float(np.expm1(-dt / SECONDS)),
            "settle_most": MOST,
            "back": (turn.real, turn.imag, shift.real, shift.imag),
            "mean_before": tuple(means[0]),
            "mean_now": tuple(means[1]),
            "contrast": gain,
        }

    def _join(self, target: moderngl.Framebuffer) -> moderngl.Framebuffer:
        """A framebuffer that draws into a target's texture and keeps what was painted."""
        settled = self._settled[0]
        key = id(target), id(settled)
        if key not in self._joined:
            while len(self._joined) >= JOINED:  # targets come and go
                self._part()
            joined = self.ctx.framebuffer([_texture(target), _texture(settled)])
            self._joined[key] = target, joined  # the target is held, or its id might come again
        return self._joined[key][1]

    def _part(self) -> None:
        self._joined.pop(next(iter(self._joined)))[1].release()

    def _uniforms(self, work: StyleMaps) -> dict[str, Any]:
        assert self._mixed is not None
        return {"finest": float(self._finest)}

    def _fit(self, size: tuple[int, int]) -> None:
        for buffer in (self._mixed, self._energy, *self._coarse, *self._tensors):
            if buffer is not None:
                for texture in buffer.color_attachments:
                    texture.release()
                buffer.release()
        self._begun = False
        self._mixed = self._buffer(size, "f4")

        def part(mipmap: int) -> tuple[int, int]:
            return max(size[0] >> mipmap, 1), max(size[1] >> mipmap, 1)

        begin = self._finest
        first, base = max(-begin, 0), max(begin, 0)
        self._coarse = [
            self._buffer(part(begin + k), "f2", 1 if k == first + 1 else 2)
            for k in range(first + 1, LEVELS - 1)
        ]
        self._energy = self._buffer(part(base + 1), "f2")
        # Squares of small numbers do not fit into half floats.
        self._tensors = [self._buffer(part(base + 2), "f4") for _ in range(2)]

    def _toned(self, work: StyleMaps) -> moderngl.Texture:
        """The table of tones, made anew when the curves are others."""
        if self._curve is not work.curve:
            self._curve = work.curve
            self._curves.write(work.pieces().tobytes())
            self._tones.use()
            turns = np.ascontiguousarray(np.swapaxes(TURNS, -1, -2), "f4")
            features = [f"TURNS {len(TURNS)}", f"LAYERS {LAYERS}", f"SIDE {SIDE}"]
            self._shaders.get("tones", features).draw({"turns": turns}, {"curves": self._curves})
        return _texture(self._tones)

    def _brush(self, style: StyleImage) -> moderngl.TextureArray:
        if id(style) not in self._brushes:
            while len(self._brushes) >= BRUSHES:
                oldest = next(iter(self._brushes))
                self._brushes.pop(oldest)[1].release()
            layers, rows, columns = style.brush.shape[:3]
            pixels = np.ones((layers, rows, columns, 4), np.float16)
            pixels[..., :3] = style.brush
            array = self.ctx.texture_array((columns, rows, layers), 4, pixels.tobytes(), dtype="f2")
            array.repeat_x = array.repeat_y = False
            self._brushes[id(style)] = style, array
        return self._brushes[id(style)][1]

    def _buffer(self, size: tuple[int, int], dtype: str, count: int = 1) -> moderngl.Framebuffer:
        """A framebuffer of `count` textures."""
        textures = [self.ctx.texture(size, 4, dtype=dtype) for _ in range(count)]
        for texture in textures:
            texture.repeat_x = texture.repeat_y = False
        buffer = self.ctx.framebuffer(textures)
        buffer.clear()
        return buffer


def _band(work: StyleMaps, band: int) -> dict[str, Any]:
    return {"map": work.maps[band].T.astype("f4"), "edge": float(work.edges[band])}


def paint_features(rung: Rung, *, two: bool, glows: bool) -> list[str]:
    """The variant of the paint program."""
    wanted = {
        "GLOW": glows,
        "BRUSH": rung >= Rung.BRUSH,
        "TWO": rung >= Rung.BRUSH and two,
        "FOLLOW": rung >= Rung.FOLLOW,
    }
    return [feature for feature, on in wanted.items() if on]


def _texture(buffer: moderngl.Framebuffer, number: int = 0) -> moderngl.Texture:
    texture = buffer.color_attachments[number]
    assert isinstance(texture, moderngl.Texture)
    return texture
