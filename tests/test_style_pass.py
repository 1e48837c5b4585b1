"""The style pass against numpy, and what it does to pictures in motion."""

from collections.abc import Iterator

import moderngl
import numpy as np
import pytest
import style_reference
from style_reference import centres, sample

from livesing import assets
from livesing.params import TABLE
from livesing.stage.carry import Carry
from livesing.stage.headless import HeadlessSurface
from livesing.stage.shader_store import ShaderStore
from livesing.stage.style_pass import LARGEST_GRAIN, SMALLEST_GRAIN, StylePass
from livesing.style.bands import FrameStatistics, Statistics, statistics
from livesing.style.rung import Rung
from livesing.style.style_image import StyleImage, style_image
from livesing.style.wct import StyleMaps, style_maps

PARAMS = {param.name: param.default for param in TABLE} | {"style.strength": 1.0}
GRAIN = SMALLEST_GRAIN + (LARGEST_GRAIN - SMALLEST_GRAIN) * PARAMS["style.grain"]
PAINTED = (Rung.BANDS, Rung.BRUSH, Rung.FOLLOW)


def photograph(seed: int, width: int = 192, height: int = 192) -> np.ndarray:
    """Something like a photograph, [h, w, 3] float32: soft light, hard edges, textures in some places."""
    rng = np.random.default_rng(seed)
    uv = centres(width, height)
    picture = np.zeros((height, width, 3))
    for size, strength in ((3, 0.5), (6, 0.25), (24, 0.08)):
        picture += strength * sample(rng.normal(size=(size, size, 3)), uv)
    for _ in range(6):
        away = np.hypot(*np.moveaxis(uv - rng.random(2), -1, 0))
        picture[away < 0.05 + 0.12 * rng.random()] += rng.normal(0, 0.3, 3)
    rough = sample(rng.random((4, 4, 1)), uv) > 0.6
    picture += rough * rng.normal(0, 0.06, (height, width, 1))
    return np.clip(0.45 + 0.6 * picture, 0, 1).astype(np.float32)


def painting(seed: int) -> StyleImage:
    """A style of short strokes, [512, 512, 3]."""
    rng = np.random.default_rng(seed)
    uv = centres(512, 512)
    ground = 0.3 * sample(rng.normal(size=(4, 4, 3)), uv) + rng.random(3) * 0.6 + 0.2
    turn = rng.random() * np.pi
    along = uv @ np.array([np.cos(turn), np.sin(turn)])
    across = uv @ np.array([-np.sin(turn), np.cos(turn)])
    strokes = sample(rng.normal(size=(24, 90, 3)), np.stack([across * 1.2 % 1, along * 1.2 % 1], -1))
    return style_image(np.clip(ground + 0.12 * strokes, 0, 1).astype(np.float32), f"painting {seed}")


STYLES = [painting(1), painting(2)]


class Studio:
    """Paints float pictures through the real passes."""

    def __init__(self) -> None:
        self.surface = HeadlessSurface(64, 64)
        self.ctx = self.surface.ctx
        self.style = StylePass(self.ctx, ShaderStore(self.ctx, assets.folder("shaders")))

    def paint(
        self,
        picture: np.ndarray,
        work: StyleMaps,
        rung: Rung,
        *,
        size: tuple[int, int] | None = None,
        carry: Carry | None = None,
        dt: float = 1e9,
        **params: float,
    ) -> np.ndarray:
        height, width = picture.shape[:2]
        rgba = np.ones((height, width, 4), np.float32)
        rgba[..., :3] = picture
        texture = self.ctx.texture((width, height), 4, rgba.tobytes(), dtype="f4")
        texture.repeat_x = texture.repeat_y = False
        size = size or (width, height)
        target = self.ctx.framebuffer([self.ctx.texture(size, 4, dtype="f4")])
        frames = {"older": texture, "newer": texture}
        self.style.mix({"blend": 0.0, "lined": (0.0, 0.0)}, frames, (width, height), True, work.finest)
        self.style.analyse(work, rung, dt)
        plain = {"colour": np.eye(3, dtype="f4"), "colour_offset": (0.0, 0.0, 0.0)}
        values = PARAMS | {name.replace("_", "."): value for name, value in params.items()}
        self.style.paint(target, work, rung, carry or Carry(), values, plain, None)
        out = np.frombuffer(target.read(components=3, dtype="f4"), np.float32).reshape(size[1], size[0], 3)
        for part in (target.color_attachments[0], target, texture):
            part.release()
        return out


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    made = Studio()
    yield made
    made.surface.close()


@pytest.mark.parametrize("rung", PAINTED)
@pytest.mark.parametrize("size", [(144, 128), (96, 544), (64, 768)], ids=str)
@pytest.mark.parametrize("two", [False, True], ids=["one style", "two styles"])
def test_the_shaders_do_what_numpy_does(studio: Studio, rung: Rung, size: tuple[int, int], two: bool) -> None:
    picture = photograph(3, *size)
    work = style_maps(statistics(picture), STYLES[0], STYLES[1] if two else None, 0.4 if two else 1.0)
    carry = Carry(1.1 * np.exp(0.3j), 13 - 7j)
    target = (size[0] + 16, size[1] + 32)
    painted = studio.paint(picture, work, rung, size=target, carry=carry)
    wanted = style_reference.style(picture, work, rung, grain=GRAIN, carry=carry, size=target)
    assert np.abs(painted - np.clip(wanted, 0, 1)).max() < 2 / 255


@pytest.mark.parametrize("rung", PAINTED)
def test_no_strength_is_the_dream_itself_to_the_bit(studio: Studio, rung: Rung) -> None:
    picture = photograph(4)
    picture = np.round(picture * 255) / np.float32(255)
    work = style_maps(statistics(picture), STYLES[0])
    painted = studio.paint(picture, work, rung, style_strength=0.0)
    assert (np.round(painted * 255) == np.round(picture * 255)).all()
    assert np.abs(painted - picture).max() < 1e-4


@pytest.mark.parametrize("rung", PAINTED)
@pytest.mark.parametrize("seed", range(3))
def test_the_picture_takes_the_styles_colours_and_stays_itself(studio: Studio, rung: Rung, seed: int) -> None:
    picture = photograph(seed)
    for style in STYLES:
        painted = studio.paint(picture, style_maps(statistics(picture), style), rung)
        before, after = (np.cov(pixels.reshape(-1, 3).T) for pixels in (picture, painted))
        away = np.linalg.norm(after - style.colours.covariance)
        assert away < 0.55 * np.linalg.norm(before - style.colours.covariance)
        assert np.abs(painted.mean((0, 1)) - style.colours.mean).max() < 0.05
        assert similarity(picture, painted) > 0.45


def similarity(one: np.ndarray, other: np.ndarray) -> float:
    """Structural similarity of the lightness of two pictures (Wang et al. 2004), over windows of 8 by 8, of
    lightness brought to the same mean and spread: a style may change those."""
    luma = [picture @ np.array([0.299, 0.587, 0.114]) for picture in (one, other)]
    x, y = ((light - light.mean()) / light.std() * 0.2 + 0.5 for light in luma)
    height, width = (side // 8 * 8 for side in x.shape)

    def windows(light: np.ndarray) -> np.ndarray:
        return light[:height, :width].reshape(height // 8, 8, width // 8, 8).swapaxes(1, 2).reshape(-1, 64)

    x, y = windows(x), windows(y)
    mx, my = x.mean(1), y.mean(1)
    sx, sy, sxy = x.var(1), y.var(1), ((x - mx[:, None]) * (y - my[:, None])).mean(1)
    c1, c2 = 0.01**2, 0.03**2
    return float(np.mean((2 * mx * my + c1) * (2 * sxy + c2) / ((mx**2 + my**2 + c1) * (sx + sy + c2))))


# --------------------------------------------------------------------------------------- pictures in motion


def film(studio: Studio, frames: list[np.ndarray], fps: float = 25.0) -> list[np.ndarray]:
    """Frames painted one after the other, with statistics and contours that follow in time."""
    seen, painted = FrameStatistics(), []
    for number, frame in enumerate(frames):
        pixels = np.zeros((*frame.shape[:2], 4), np.uint8)
        pixels[..., :3] = np.round(np.clip(frame, 0, 1) * 255)
        known = seen.see(pixels, 1 / fps)
        work = style_maps(known, STYLES[0])
        shown = pixels[..., :3].astype(np.float32) / 255
        painted.append(studio.paint(shown, work, Rung.FOLLOW, dt=1e9 if number == 0 else 1 / fps))
    return painted


def steps(frames: list[np.ndarray]) -> np.ndarray:
    """Differences from frame to frame, after a time to settle."""
    return np.abs(np.diff(np.stack(frames[5:]), axis=0)) * 255


def test_noise_does_not_become_flicker(studio: Studio) -> None:
    rng = np.random.default_rng(5)
    still = photograph(5)
    frames = [still + rng.normal(0, 2 / 255, still.shape) for _ in range(15)]
    painted, own = steps(film(studio, frames)), steps([np.clip(frame, 0, 1) for frame in frames])
    assert painted.mean() <= 0.6 * own.mean()
    assert np.quantile(painted, 0.999) <= 20


def test_a_crossfade_moves_no_more_than_the_dream_does(studio: Studio) -> None:
    one, other = photograph(6), photograph(7)
    frames = [one + (other - one) * part for part in np.linspace(0, 1, 40)]
    assert steps(film(studio, frames)).mean() <= steps(frames).mean()


def test_a_pulse_of_contrast_survives(studio: Studio) -> None:
    still = photograph(8)
    middle = still.mean((0, 1))
    gains = 1 + 0.15 * np.sin(2 * np.pi * 2.0 * np.arange(50) / 25)
    frames = [middle + 0.8 * (still - middle) * gain for gain in gains]
    contrast = [np.array([frame.std() for frame in film_[12:]]) for film_ in (frames, film(studio, frames))]
    own, painted = ((values.max() - values.min()) / values.mean() for values in contrast)
    assert painted >= 0.4 * own


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((256, 256, 3)),
        np.ones((256, 256, 3)),
        np.full((256, 256, 3), [0.2, 0.5, 0.9]),
        np.repeat(np.random.default_rng(0).random((256, 256, 1)), 3, 2),
        np.random.default_rng(1).random((256, 256, 3)),
    ],
    ids=["black", "white", "one colour", "grey", "noise"],
)
@pytest.mark.parametrize("rung", PAINTED)
def test_odd_pictures_stay_finite(studio: Studio, picture: np.ndarray, rung: Rung) -> None:
    picture = picture.astype(np.float32)
    painted = studio.paint(picture, style_maps(statistics(picture), STYLES[1]), rung)
    assert np.isfinite(painted).all()
    assert painted.min() >= 0 and painted.max() <= 1


def test_strokes_move_with_the_picture(studio: Studio) -> None:
    """Over a flat ground only strokes are seen: carried by a shift, they shift by as much."""
    flat = np.full((512, 512, 3), 0.5, np.float32)
    work = style_maps(Statistics(np.full(3, 0.5), np.zeros((5, 3, 3))), STYLES[0])
    here = studio.paint(flat, work, Rung.FOLLOW)
    there = studio.paint(flat, work, Rung.FOLLOW, carry=Carry(shift=-24.0 + 8.0j))
    assert here.std() > 0.01
    np.testing.assert_allclose(there[:-8, 24:], here[8:, :-24], atol=2e-3)


def test_a_brush_is_uploaded_once(studio: Studio) -> None:
    picture = photograph(9)
    work = style_maps(statistics(picture), STYLES[0], STYLES[1], 0.5)
    studio.paint(picture, work, Rung.BRUSH)
    held = dict(studio.style._brushes)
    studio.paint(picture, work, Rung.FOLLOW)
    assert studio.style._brushes == held
    assert all(isinstance(texture, moderngl.TextureArray) for _, texture in held.values())
