"""The passes: from generated frames, Pulse and Params to the finished picture.

    scene      (only while there are no generated frames) a procedural picture, drawn small
    composite  two frames mixed in time, view, lens, palette, bloom, trails   -> picture
    present    lines, tone, light, grain, the fade between looks              -> the target
    overlay    the HUD

Each is a method, so that it can be drawn and timed alone. The painter does not know whether it paints a window
or a hidden buffer.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import moderngl
import numpy as np

from livesing.mailbox import Mailbox
from livesing.params import TABLE, Snapshot
from livesing.sentiment.mood import Mood
from livesing.stage.frame_store import THUMB, FrameStore, shader_folder
from livesing.stage.motion import Stir
from livesing.stage.shader_store import ShaderStore
from livesing.style import palette

SCENE_SIZE = (256, 144)
MOST_PIXELS = 1280 * 720
"""The picture is composed at the target's size up to this many pixels, and enlarged beyond."""
STALE_AFTER = 1.5
"""Seconds without a new frame after which the scene takes over."""
TO_DREAM = 1.5
TO_SCENE = 2.5
"""Seconds that the change between scene and dream takes, each way."""
DISCRETE = tuple(param for param in TABLE if param.look and param.kind == "int" and param.name != "dream.view")
"""Parameters that change the picture in steps: their change is covered by a fade of the picture itself."""


class View(NamedTuple):
    """Everything that one frame is painted from."""

    now: float
    dt: float
    params: Snapshot
    stir: Stir
    mood: Mood
    level: float
    curtain: float
    """0 black, 1 open."""


class Painter:
    """Owns the programs and buffers of the passes; used by the render thread only."""

    def __init__(self, ctx: moderngl.Context, frames: Mailbox) -> None:
        self.ctx = ctx
        self.frames = FrameStore(ctx, frames)
        self.dreaming = 0.0
        """How much of the picture is dream and not scene, 0..1."""
        self._shaders = ShaderStore(ctx, shader_folder())
        self._scene = self._buffer(SCENE_SIZE)
        self._pictures: list[moderngl.Framebuffer] = []
        self._leaving: moderngl.Framebuffer | None = None
        self._fade_start = -1e9
        self._fade_length = 1.0
        self._discrete: tuple[float, ...] | None = None
        self._flow = 0.0
        self._hud: moderngl.Texture | None = None
        self._palette_from: palette.Spread | None = None
        self._palette_to: palette.Spread | None = None
        self._palette_start = -1e9
        self._palette_length = 1.0

    def recolour(self, colours: palette.Spread | None, now: float, seconds: float) -> None:
        """Go over to another palette within `seconds`; None leaves the picture's own colours."""
        self._palette_from = self._palette(now)
        self._palette_to = colours
        self._palette_start, self._palette_length = now, max(seconds, 1e-3)

    def paint(self, target: moderngl.Framebuffer, view: View) -> None:
        """One frame into `target`: every pass that it needs."""
        self.frames.take(view.now)
        self._weigh_dream(view)
        self._watch_steps(view)
        self._fit(target.size)
        if self.dreaming < 1.0:
            self.scene(view)
        self.composite(view)
        self.present(target, view)

    def scene(self, view: View) -> None:
        """The picture that needs no generator."""
        self._flow += view.dt * (0.7 + 0.35 * np.clip(view.mood.arousal, -1.5, 2.5))
        self._scene.use()
        uniforms = {
            "aspect": SCENE_SIZE[0] / SCENE_SIZE[1],
            "time": self._flow,
            "valence": view.mood.valence,
            "arousal": view.mood.arousal,
            "level": view.level,
        }
        self._shaders.get("scene").draw(uniforms, {})

    def composite(self, view: View) -> None:
        """Frames, view, lens, palette, bloom and trails into the picture."""
        params, stir = view.params, view.stir
        self._pictures.reverse()
        picture, last = self._pictures
        scene: moderngl.Texture = self._scene.color_attachments[0]  # type: ignore[assignment]
        shown = self.frames.at(view.now)
        if shown is None:
            older, newer, blend = scene, scene, 0.0
        elif self.dreaming < 1.0:
            eased = self.dreaming * self.dreaming * (3 - 2 * self.dreaming)
            older, newer, blend = scene, shown[1], eased
        else:
            older, newer, blend = shown
        colour = self._colour(view)
        zoom, angle = stir.zoom, stir.angle
        keep = params["trail.amount"] ** (view.dt * 60) if params["trail.amount"] > 0 else 0.0
        drift = 1 - 0.6 * params["trail.zoom"] * view.dt
        uniforms: dict[str, Any] = {
            "blend": blend,
            "glow_size": THUMB,
            "aspect": picture.width / picture.height,
            "source_aspect": newer.width / newer.height,
            "view": (np.cos(angle) / zoom, np.sin(angle) / zoom, *stir.offset),
            "colour": colour.matrix.T.astype("f4"),
            "colour_offset": tuple(colour.offset),
            "warp": stir.warp,
            "time": stir.time,
            "trail_keep": keep,
            "trail_scale": (drift, 0.0),
        }
        features = {
            "FOLD": params["lens.fold"] >= 2,
            "WARP": params["motion.warp"] > 0,
            "TRAIL": keep > 0,
        }
        glow = self.frames.glow if shown is not None else scene
        textures = {"older": older, "newer": newer, "glow": glow, "last": _texture_of(last)}
        picture.use()
        self._draw("composite", features, uniforms, params, textures)

    def present(self, target: moderngl.Framebuffer, view: View) -> None:
        """Lines, tone, light and the fade between looks, into the target."""
        params = view.params
        picture = _texture_of(self._pictures[0])
        fade = (view.now - self._fade_start) / self._fade_length
        features = {
            "EDGES": params["line.ink"] > 0 or params["line.glow"] > 0,
            "POSTERISE": params["film.posterise"] > 0,
            "GRAIN": params["film.grain"] > 0,
            "FADE": fade < 1.0 and self._leaving is not None,
        }
        uniforms: dict[str, Any] = {
            "pixel": (1 / picture.width, 1 / picture.height),
            "light": view.stir.light ** (1 / 2.2),  # the gain is in linear light
            "curtain": view.curtain,
            "aspect": picture.width / picture.height,
            "glow_drive": view.stir.glow,
            "grain_seed": (view.stir.time * 60 // 1) % 251 * 5.588238,
            "fade": fade * fade * (3 - 2 * fade),
        }
        textures = {"picture": picture}
        if features["FADE"] and self._leaving is not None:
            textures["leaving"] = _texture_of(self._leaving)
        target.use()
        self._draw("present", features, uniforms, params, textures)

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

    def _draw(
        self,
        name: str,
        features: Mapping[str, bool],
        uniforms: dict[str, Any],
        params: Snapshot,
        textures: Mapping[str, moderngl.Texture],
    ) -> None:
        program = self._shaders.get(name, [feature for feature, on in features.items() if on])
        steered = {param.uniform: params[param.name] for param in TABLE if param.uniform in program.uniforms}
        program.draw(steered | uniforms, textures)

    def _weigh_dream(self, view: View) -> None:
        arrived = self.frames.arrived
        fresh = arrived is not None and view.now - arrived < STALE_AFTER
        step = view.dt / TO_DREAM if fresh else -view.dt / TO_SCENE
        self.dreaming = min(max(self.dreaming + step, 0.0), 1.0)

    def _watch_steps(self, view: View) -> None:
        """When a parameter that has no in-between has changed, let the last picture fade out over the new."""
        discrete = tuple(view.params[param.name] for param in DISCRETE)
        if self._discrete not in (None, discrete) and self._pictures:
            if self._leaving is None or self._leaving.size != self._pictures[0].size:
                self._leaving = self._buffer(self._pictures[0].size)
            self._leaving, self._pictures[0] = self._pictures[0], self._leaving
            self._fade_start = view.now
            self._fade_length = max(view.params["show.fade"], 1e-3)
        self._discrete = discrete

    def _palette(self, now: float) -> palette.Spread | None:
        """The palette at `now`, on its way from one to the next."""
        own = self.frames.spread
        before, after = self._palette_from or own, self._palette_to or own
        if before is None or after is None:
            return None
        way = min(max((now - self._palette_start) / self._palette_length, 0.0), 1.0)
        mean = before.mean + (after.mean - before.mean) * way
        return palette.Spread(mean, before.covariance + (after.covariance - before.covariance) * way)

    def _colour(self, view: View) -> palette.AffineColour:
        params = view.params
        graded = palette.grade(
            params["light.brightness"], params["light.contrast"], params["light.saturation"], view.stir.turn
        )
        target = self._palette(view.now)
        if self.frames.spread is None or target is None or params["style.strength"] == 0:
            return graded
        styled = palette.monge(self.frames.spread, target)
        return graded.after(palette.blend(palette.IDENTITY, styled, params["style.strength"]))

    def _fit(self, size: tuple[int, int]) -> None:
        """Buffers for a picture of the target's size, or smaller with the same shape."""
        scale = min(1.0, (MOST_PIXELS / (size[0] * size[1])) ** 0.5)
        fitted = max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)
        if not self._pictures or self._pictures[0].size != fitted:
            for buffer in self._pictures:
                _texture_of(buffer).release()
                buffer.release()
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
