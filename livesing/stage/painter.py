"""The passes: from generated frames, Pulse and Params to the finished picture.

    scene      (only while there are no generated frames) a procedural picture, drawn small
    style      (only for looks with a style) two frames mixed in time, painted, graded, with their glow
    dream      (else, and only for looks without a memory) two frames mixed in time, graded, with their
    glow, at the
               generator's size
    view       (only for looks with a memory) the same through view and lens, with the trails they leave
    present    lines, tone, light, grain, the fade between looks, at the target's size
    overlay    the HUD

Each is a method, so that it can be drawn and timed alone. The painter does not know whether it paints a
window or a hidden buffer.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import moderngl
import numpy as np

from livesing import assets
from livesing.mailbox import Mailbox
from livesing.params import TABLE
from livesing.stage import lens
from livesing.stage.carry import Carry
from livesing.stage.frame_store import FrameStore
from livesing.stage.shader_store import ShaderStore
from livesing.stage.style_pass import StylePass
from livesing.stage.variants import (
    DISCRETE,
    SHORTEST_TRAIL,
    dream_features,
    present_features,
    variants,
    view_features,
)
from livesing.stage.view import View
from livesing.style.rung import Rung
from livesing.style.settle import Level
from livesing.style.wct import StyleMaps

SCENE_SIZE = (256, 144)
FRAME_SIZE = (512, 288)
"""Of generated frames, for trials."""
MOST_PIXELS = 2560 * 1440
"""The view is drawn at the target's size up to this many pixels, and enlarged beyond."""
MOST_PIXELS_SOFTWARE = 416 * 234
"""Where the processor paints: about what the view shows of a generated frame."""
SOFTWARE = ("llvmpipe", "softpipe", "swiftshader", "swrast", "software")
STALE_AFTER = 1.5
"""Seconds without a new frame after which the scene takes over."""
TO_DREAM = 1.5
TO_SCENE = 2.5
"""Seconds that the change between scene and dream takes, each way."""


class _Dreamt(NamedTuple):
    """What `dreamt.glsl` wants."""

    uniforms: dict[str, Any]
    textures: dict[str, moderngl.Texture]
    size: tuple[int, int]
    exact: bool
    """Whether both frames have that size."""
    level: Level | None
    """Light and contrast of the mixture, where they were measured."""


class Painter:
    """Owns the programs and buffers of the passes; used by the render thread only."""

    def __init__(self, ctx: moderngl.Context, frames: Mailbox) -> None:
        self.ctx = ctx
        self.dreaming = 0.0
        """How much of the picture is dream and not scene, 0..1."""
        renderer = str(ctx.info["GL_RENDERER"]).lower()
        self.software = any(name in renderer for name in SOFTWARE)
        """Whether the processor paints."""
        self.fine = not self.software
        """Whether styles are painted at the picture's size, and not at that of the generated frames."""
        self.most_pixels = MOST_PIXELS_SOFTWARE if self.software else MOST_PIXELS
        self._shaders = ShaderStore(ctx, assets.folder("shaders"))
        self.frames = FrameStore(ctx, frames, self._shaders)
        self._style = StylePass(ctx, self._shaders)
        self._scene = self._buffer(SCENE_SIZE)
        self._dream = self._buffer(SCENE_SIZE)
        self._pictures: list[moderngl.Framebuffer] = []
        self._leaving: moderngl.Framebuffer | None = None
        self._fade_start = -1e9
        self._fade_length = 1.0
        self._before: View | None = None
        self._flow = 0.0
        self._lens: tuple[int, float] | None = None
        self._hud: moderngl.Texture | None = None

    def paint(self, target: moderngl.Framebuffer, view: View) -> None:
        """One frame into `target`: every pass that it needs. New frames are taken before, by
        `frames.take`."""
        self._fit(target.size)
        self._weigh_dream(view)
        self._watch_steps(view)
        self._grind(int(view.params["lens.fold"]), target.width / target.height)
        if self.dreaming < 1.0:
            self.scene(view)
        if view.styled:
            self.style(view)
        else:
            self._style.forget()
            if not self._needs_picture(view):
                self.dream(view)
        if self._needs_picture(view):
            self.view(view)
        self.present(target, view)
        self._before = view

    def rehearse(self, target: moderngl.Framebuffer, looks: Sequence[Mapping[str, float]]) -> Iterator[None]:
        """Draw once with every program of these looks and of the fades between them, one a step.

        Drivers compile much of a program only when it is first drawn with (a tenth of a second on software
        GL), which on stage would be a frozen picture. What was drawn is garbage: paint a frame before
        presenting.
        """
        done = set()
        anything = _texture_of(self._scene)
        textures = dict.fromkeys(("older", "newer", "frame", "dream", "last", "picture", "leaving"), anything)
        textures["glow"] = self.frames.glow  # of another format, for which is compiled anew
        for one in looks:
            for other in looks:
                for fragment, features, vertex in variants(one, other):
                    key = fragment, frozenset(features), vertex
                    if key not in done:
                        done.add(key)
                        (target if fragment == "present" else self._dream).use()
                        self._shaders.get(fragment, features, vertex).draw({}, textures)
                        yield

    def trial(
        self,
        target: moderngl.Framebuffer,
        work: StyleMaps,
        rung: Rung,
        *,
        glows: bool,
        watch: AbstractContextManager[Any] | moderngl.Query | None = None,
    ) -> None:
        """Draw a whole frame with a style at this rung, to rehearse it and to be timed; it is garbage.

        `watch` is entered around the main pass alone.
        """
        params = {param.name: param.default for param in TABLE}
        plain = {"colour": np.eye(3, dtype="f4"), "colour_offset": (0.0, 0.0, 0.0)}
        frame = self._buffer(FRAME_SIZE)
        pictures = {"older": _texture_of(frame), "newer": _texture_of(frame)}
        self._style.mix({"blend": 0.5, "lined": (0.0, 0.0)}, pictures, FRAME_SIZE, True, work.finest)
        self._style.analyse(work, rung, 0.02)
        self._size_dream(self._painted_size(FRAME_SIZE))
        glow = self.frames.glow if glows else None
        with watch or nullcontext():
            self._style.paint(self._dream, work, rung, Carry(), params, plain, glow)
        self._style.forget()
        target.use()
        self._shaders.get("present", ["DIRECT"], "view").draw({}, {"dream": _texture_of(self._dream)})
        _release(frame)

    def scene(self, view: View) -> None:
        """The picture that needs no generator."""
        self._flow += view.dt * (0.7 + 0.35 * float(np.clip(view.mood.arousal, -1.5, 2.5)))
        uniforms = {
            "aspect": SCENE_SIZE[0] / SCENE_SIZE[1],
            "time": self._flow,
            "valence": view.mood.valence,
            "arousal": view.mood.arousal,
            "level": view.level,
        }
        self._scene.use()
        self._shaders.get("scene").draw(uniforms, {})

    def dream(self, view: View) -> None:
        """The two frames around this moment, or the scene, mixed and graded."""
        dreamt = self._dreamt(view)
        self._size_dream(dreamt.size)
        features = dream_features(view.params, dreamt.exact, "glow" in dreamt.textures)
        self._dream.use()
        self._shaders.get("dream", features).draw(dreamt.uniforms, dreamt.textures)

    def style(self, view: View) -> None:
        """The two frames around this moment, mixed and painted in the look's style."""
        assert view.style is not None
        dreamt = self._dreamt(view)
        grade = {"colour": view.grade.matrix.T.astype("f4"), "colour_offset": tuple(view.grade.offset)}
        self._style.mix(dreamt.uniforms, dreamt.textures, dreamt.size, dreamt.exact, view.style.finest)
        self._style.analyse(view.style, view.rung, view.dt, dreamt.level)
        self._size_dream(self._painted_size(dreamt.size))
        glow = dreamt.textures.get("glow")
        self._style.paint(
            self._dream, view.style, view.rung, view.carry, view.params, grade, glow,
            level=dreamt.level, dt=view.dt,
        )  # fmt: skip

    def view(self, view: View) -> None:
        """The dream through view and lens, with its trails, into the picture."""
        self._pictures.reverse()
        dreamt, keep, styled = self._dreamt(view), self._trail(view), view.styled
        uniforms = self._view_uniforms(view, self._pictures[0], dreamt.size)
        trail = {"trail_keep": keep, "trail_scale": 1 - 0.6 * view.params["trail.zoom"] * view.dt}
        textures = {"last": _texture_of(self._pictures[1])}
        textures |= {"dream": _texture_of(self._dream)} if styled else dreamt.textures
        features = view_features(view.params, keep > 0, "glow" in dreamt.textures, styled)
        self._pictures[0].use()
        self._shaders.get("view", features, "view").draw(dreamt.uniforms | uniforms | trail, textures)

    def present(self, target: moderngl.Framebuffer, view: View) -> None:
        """Lines, tone, light and the fade between looks, into the target."""
        params = view.params
        direct = not self._needs_picture(view)
        fade = (view.now - self._fade_start) / self._fade_length
        fading = fade < 1.0 and self._leaving is not None
        features = present_features(params, direct, fading)
        uniforms = self._view_uniforms(view, target, self._dream.size) | {
            "light": view.stir.light ** (1 / 2.2),  # the gain is in linear light
            "curtain": view.curtain,
            "glow_drive": view.stir.glow,
            "grain_seed": (view.stir.time * 60 // 1) % 251 * 5.588238,
            "fade": fade * fade * (3 - 2 * fade),
        }
        textures = {"dream": _texture_of(self._dream)}
        if not direct:
            textures = {"picture": _texture_of(self._pictures[0])}
        if fading and self._leaving is not None:
            textures["leaving"] = _texture_of(self._leaving)
        program = self._shaders.get("present", features, "view" if direct else "screen")
        steered = {param.uniform: params[param.name] for param in TABLE if param.uniform in program.uniforms}
        target.use()
        program.draw(steered | uniforms, textures)

    def overlay(self, target: moderngl.Framebuffer, image: np.ndarray | None) -> None:
        """The HUD over the top left corner; `image` [h, w, 4] uint8 is uploaded when given."""
        if image is not None:
            size = image.shape[1], image.shape[0]
            if self._hud is None or self._hud.size != size:
                self._hud = self.ctx.texture(size, 4)
            self._hud.write(np.ascontiguousarray(image))
        if self._hud is None:
            return
        target.use()
        width, height = self._hud.size
        self.ctx.viewport = (0, target.height - height, width, height)
        self.ctx.enable(moderngl.BLEND)
        self._shaders.get("overlay").draw({}, {"image": self._hud})
        self.ctx.disable(moderngl.BLEND)
        self.ctx.viewport = (0, 0, target.width, target.height)

    def _size_dream(self, size: tuple[int, int]) -> None:
        if self._dream.size != size:
            _release(self._dream)
            self._dream = self._buffer(size)

    def _painted_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Strokes are finer than the frames that they are laid on: paint at the picture's own size, where a
        GPU does it."""
        if not (self.fine and self._pictures):
            return size
        scale = max(self._pictures[0].height / size[1], 1.0)
        return round(size[0] * scale), round(size[1] * scale)

    def _needs_picture(self, view: View) -> bool:
        """Whether the look reads its own past, and so needs the picture as a texture."""
        return self._trail(view) > 0

    @staticmethod
    def _trail(view: View) -> float:
        """The share of the last picture that stays over this frame's time; the parameter is that of 1/60
        s."""
        amount = view.params["trail.amount"]
        return float(amount ** (view.dt * 60)) if amount > SHORTEST_TRAIL else 0.0

    def _dreamt(self, view: View) -> "_Dreamt":
        """The frames around this moment, or the scene, and how to mix and grade them."""
        scene = _texture_of(self._scene)
        shown = self.frames.at(view.now)
        if shown is None:
            older, newer, blend, lined, level = scene, scene, 0.0, (0.0, 0.0), None
        elif self.dreaming < 1.0:
            eased = self.dreaming * self.dreaming * (3 - 2 * self.dreaming)
            older, newer, blend, lined, level = scene, shown.newer, eased, (0.0, shown.lined[1]), None
        else:
            older, newer, blend, lined, level = shown
        colour, bloom = view.colour, view.params["light.bloom"]
        uniforms: dict[str, Any] = {
            "blend": blend,
            "lined": lined,
            "colour": colour.matrix.T.astype("f4"),
            "colour_offset": tuple(colour.offset),
        }
        textures = {"older": older, "newer": newer}
        if bloom > 0 and shown is not None:
            textures["glow"] = self.frames.light_glow(colour, bloom)
        return _Dreamt(uniforms, textures, newer.size, older.size == newer.size, level)

    @staticmethod
    def _view_uniforms(view: View, target: moderngl.Framebuffer, seen: tuple[int, int]) -> dict[str, Any]:
        """For `view.vert`: into `target`, of a picture of the size `seen`."""
        stir, aspect = view.stir, target.width / target.height
        source = seen[0] / seen[1]
        return {
            "aspect": aspect,
            "source_aspect": source,
            "cover": max(aspect / source, 1.0),
            "view": (np.cos(stir.angle) / stir.zoom, np.sin(stir.angle) / stir.zoom, *stir.offset),
            "warp": stir.warp,
            "time": stir.time,
        }

    def _weigh_dream(self, view: View) -> None:
        arrived = self.frames.arrived
        fresh = arrived is not None and view.now - arrived < STALE_AFTER
        step = view.dt / TO_DREAM if fresh else -view.dt / TO_SCENE
        self.dreaming = min(max(self.dreaming + step, 0.0), 1.0)

    def _watch_steps(self, view: View) -> None:
        """When a parameter that has no in-between has changed, the picture before it fades out over the
        new."""
        before = self._before
        if before is None or (
            all(view.params[param.name] == before.params[param.name] for param in DISCRETE)
            and view.step_of_style == before.step_of_style
        ):
            return
        if not self._needs_picture(before):
            self.view(before)
        if self._leaving is None:
            self._leaving = self._buffer(self._pictures[0].size)
        self._leaving, self._pictures[0] = self._pictures[0], self._leaving
        self._fade_start = view.now
        self._fade_length = max(view.params["show.fade"], 1e-3)

    def _grind(self, fold: int, aspect: float) -> None:
        """Make the lens for this target, unless it is the one there is."""
        if self._lens != (fold, aspect):
            self._lens = fold, aspect
            vertices = lens.mesh(fold, aspect)
            self._shaders.mesh.orphan(vertices.nbytes)
            self._shaders.mesh.write(vertices.tobytes())

    def _fit(self, size: tuple[int, int]) -> None:
        """Buffers for a picture of the target's size, or smaller with the same shape."""
        scale = min(1.0, (self.most_pixels / (size[0] * size[1])) ** 0.5)
        fitted = max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)
        if not self._pictures or self._pictures[0].size != fitted:
            for buffer in self._pictures:
                _release(buffer)
            self._pictures = [self._buffer(fitted), self._buffer(fitted)]
            self._leaving = None

    def _buffer(self, size: tuple[int, int]) -> moderngl.Framebuffer:
        texture = self.ctx.texture(size, 4)
        texture.repeat_x = texture.repeat_y = False
        buffer = self.ctx.framebuffer([texture])
        buffer.clear()
        return buffer


def _texture_of(buffer: moderngl.Framebuffer) -> moderngl.Texture:
    texture = buffer.color_attachments[0]
    assert isinstance(texture, moderngl.Texture)
    return texture


def _release(buffer: moderngl.Framebuffer) -> None:
    _texture_of(buffer).release()
    buffer.release()
