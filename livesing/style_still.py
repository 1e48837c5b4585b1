"""`livesing style`: the style pass, or the deep tier, on a still picture."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from livesing import assets
from livesing.deep_tier import open_cascade
from livesing.errors import LivesingError, StyleError, UsageError
from livesing.params import INDEX, TABLE
from livesing.stage.carry import Carry
from livesing.stage.headless import HeadlessSurface
from livesing.stage.shader_store import ShaderStore
from livesing.stage.style_pass import StylePass
from livesing.style.bands import enlarge, statistics
from livesing.style.deep import Cascade, DeepPainter, opaque, style_features
from livesing.style.rung import Rung
from livesing.style.style_image import StyleImage, load, read, style_image
from livesing.style.wct import style_maps
from livesing.style_library import built_in
from livesing.whole_file import whole_file

LARGEST = 8192
"""Pixels on the longer side: what every GPU takes as a texture."""
USUAL = {name: TABLE[INDEX[f"style.{name}"]].default for name in ("paint", "grain", "follow")} | {
    "strength": 1.0
}
"""Settings as the show has them, at full strength."""
DEEP_ROWS = 432
"""At which the deep tier paints stills: half as many again as live."""
LARGEST_DEEP = 2048
"""Pixels on the longer side that the deep tier's network is given; its change is enlarged beyond."""
STRIP = 256
"""Rows of a larger picture that are changed at a time."""


def still(
    image: Path,
    style: str,
    output: Path,
    settings: Mapping[str, float],
    *,
    deep: bool = False,
    weights: Path | None = None,
) -> None:
    """Paint `image` in a style and write it; `settings` are style.* parameters by their last word.

    `style` is a file, or the name of a style of livesing's own. `deep`: by the deep tier, with the networks
    in the folder `weights` if it is given, and by its strength alone. Raises LivesingError.
    """
    from PIL import Image

    picture = read(image)
    if max(picture.shape[:2]) > LARGEST:
        raise StyleError(f"{image.name}: more than {LARGEST} pixels on a side")
    if deep:
        painted = paint_deep(picture, _style(style), settings["strength"], open_cascade(weights))
    else:
        painted = paint(picture, _style(style), settings)
    with whole_file(output) as partial:
        try:
            Image.fromarray(painted).save(partial)
        except ValueError:
            kind = output.suffix or "no ending"
            raise LivesingError(f"{output.name}: {kind} is no kind of image to write") from None


def paint(picture: np.ndarray, style: Path, settings: Mapping[str, float]) -> np.ndarray:
    """[h, w, 3] uint8 and a style's file -> [h, w, 3] uint8."""
    easel = Easel()
    try:
        return easel.paint(picture, style_image(load(style), style.stem), settings)
    finally:
        easel.close()


class Easel:
    """The style pass for pictures, one after the other, without a window."""

    def __init__(self) -> None:
        """Raises SurfaceError where there is no GL."""
        self._surface = HeadlessSurface(16, 16)
        ctx = self._surface.ctx
        self._pass = StylePass(ctx, ShaderStore(ctx, assets.folder("shaders")))

    def paint(self, picture: np.ndarray, style: StyleImage, settings: Mapping[str, float]) -> np.ndarray:
        """[h, w, 3] uint8 -> [h, w, 3] uint8; `settings` are style.* parameters by their last word."""
        height, width = picture.shape[:2]
        work = style_maps(statistics(picture.astype(np.float32) / 255), style)
        ctx, pixels = self._surface.ctx, opaque(picture)
        texture = ctx.texture((width, height), 4, pixels.tobytes())
        texture.repeat_x = texture.repeat_y = False
        target = ctx.framebuffer([ctx.texture((width, height), 4)])
        frames = {"older": texture, "newer": texture}
        self._pass.mix({"blend": 0.0, "lined": (0.0, 0.0)}, frames, (width, height), True, work.finest)
        self._pass.analyse(work, Rung.FOLLOW, 1e9)
        plain = {"colour": np.eye(3, dtype="f4"), "colour_offset": (0.0, 0.0, 0.0)}
        params = {f"style.{name}": value for name, value in settings.items()}
        self._pass.forget()
        self._pass.paint(target, work, Rung.FOLLOW, Carry(), params, plain, None)
        painted = np.frombuffer(target.read(components=3, alignment=1), np.uint8).reshape(height, width, 3)
        texture.release()
        return painted

    def close(self) -> None:
        self._surface.close()


def paint_deep(picture: np.ndarray, style: Path, strength: float, cascade: Cascade) -> np.ndarray:
    """[h, w, 3] uint8 and a style's file -> [h, w, 3] uint8, by the deep tier."""
    painter = DeepPainter(cascade)
    painter.hang(style_features(cascade, np.round(load(style) * 255).astype(np.uint8)), 0.0)
    small = _at_most(picture, LARGEST_DEEP)
    painted = painter.paint(opaque(small), 0.0, 0.0, strength, DEEP_ROWS)[..., :3]
    if small is picture:
        return painted
    return _changed(picture, painted.astype(np.float32) - small)


def _at_most(picture: np.ndarray, longest: int) -> np.ndarray:
    from PIL import Image

    scale = longest / max(picture.shape[:2])
    if scale >= 1:
        return picture
    height, width = (max(round(side * scale), 1) for side in picture.shape[:2])
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BOX))


def _changed(picture: np.ndarray, change: np.ndarray) -> np.ndarray:
    """A picture with a change, [h, w, 3] float of 255, of a smaller one; strip by strip, since as floats the
    largest picture would take gigabytes."""
    height, width = picture.shape[:2]
    wide = enlarge(change, (change.shape[0], width))
    at = np.clip((np.arange(height) + 0.5) * len(wide) / height - 0.5, 0, len(wide) - 1)
    first = np.minimum(at.astype(int), max(len(wide) - 2, 0))
    part = (at - first).astype(np.float32)[:, None, None]
    out = np.empty_like(picture)
    for top in range(0, height, STRIP):
        rows = slice(top, top + STRIP)
        low, high = wide[first[rows]], wide[np.minimum(first[rows] + 1, len(wide) - 1)]
        out[rows] = np.clip(np.round(picture[rows] + low + (high - low) * part[rows]), 0, 255)
    return out


def _style(name: str) -> Path:
    path, shipped = Path(name), built_in()
    if path.is_file():
        return path
    if name in shipped:
        return shipped[name].path
    known = ", ".join(shipped) or "none"
    raise UsageError(f"there is no picture {name!r}, nor a style of that name; there are: {known}")
