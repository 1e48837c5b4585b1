"""`livesing style`: the style pass on a still picture."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from livesing import assets
from livesing.errors import LivesingError, StyleError, UsageError
from livesing.stage.carry import Carry
from livesing.stage.headless import HeadlessSurface
from livesing.stage.shader_store import ShaderStore
from livesing.stage.style_pass import StylePass
from livesing.style.bands import statistics
from livesing.style.rung import Rung
from livesing.style.style_image import load, read, style_image
from livesing.style.wct import style_maps
from livesing.style_library import built_in
from livesing.whole_file import whole_file

LARGEST = 8192
"""Pixels on the longer side: what every GPU takes as a texture."""


def still(image: Path, style: str, output: Path, settings: Mapping[str, float]) -> None:
    """Paint `image` in a style and write it; `settings` are style.* parameters by their last word.

    `style` is a file, or the name of a style of livesing's own. Raises LivesingError.
    """
    from PIL import Image

    picture = read(image)
    if max(picture.shape[:2]) > LARGEST:
        raise StyleError(f"{image.name}: more than {LARGEST} pixels on a side")
    painted = paint(picture, _style(style), settings)
    with whole_file(output) as partial:
        try:
            Image.fromarray(painted).save(partial)
        except ValueError:
            kind = output.suffix or "no ending"
            raise LivesingError(f"{output.name}: {kind} is no kind of image to write") from None


def paint(picture: np.ndarray, style: Path, settings: Mapping[str, float]) -> np.ndarray:
    """[h, w, 3] uint8 and a style's file -> [h, w, 3] uint8."""
    height, width = picture.shape[:2]
    known = statistics(picture.astype(np.float32) / 255)
    work = style_maps(known, style_image(load(style), style.stem))
    surface = HeadlessSurface(16, 16)
    try:
        ctx = surface.ctx
        rgba = np.full((height, width, 4), 255, np.uint8)
        rgba[..., :3] = picture
        texture = ctx.texture((width, height), 4, rgba.tobytes())
        texture.repeat_x = texture.repeat_y = False
        target = ctx.framebuffer([ctx.texture((width, height), 4)])
        pass_ = StylePass(ctx, ShaderStore(ctx, assets.folder("shaders")))
        frames = {"older": texture, "newer": texture}
        pass_.mix({"blend": 0.0, "lined": (0.0, 0.0)}, frames, (width, height), True, work.finest)
        pass_.analyse(work, Rung.FOLLOW, 1.0)
        plain = {"colour": np.eye(3, dtype="f4"), "colour_offset": (0.0, 0.0, 0.0)}
        params = {f"style.{name}": value for name, value in settings.items()}
        pass_.paint(target, work, Rung.FOLLOW, Carry(), params, plain, None)
        return np.frombuffer(target.read(components=3, alignment=1), np.uint8).reshape(height, width, 3)
    finally:
        surface.close()


def _style(name: str) -> Path:
    path, shipped = Path(name), built_in()
    if path.is_file():
        return path
    if name in shipped:
        return shipped[name].path
    known = ", ".join(shipped) or "none"
    raise UsageError(f"there is no picture {name!r}, nor a style of that name; there are: {known}")
