"""The style pass against numpy, and what it does to pictures in motion."""

from collections.abc import Iterator

import moderngl
import numpy as np
import pytest
import style_reference
import torch
from style_reference import centres, sample

from livesing import assets
from livesing.params import TABLE
from livesing.stage.carry import Carry
from livesing.stage.headless import HeadlessSurface
from livesing.stage.shader_store import ShaderStore
from livesing.stage.style_pass import LARGEST_GRAIN, SMALLEST_GRAIN, StylePass
from livesing.style.bands import Statistics, halve, statistics
from livesing.style.deep import opaque
from livesing.style.frame_statistics import FrameStatistics
from livesing.style.rung import Rung
from livesing.style.settle import MOST, SECONDS, Level
from livesing.style.style_image import StyleImage, style_image
from livesing.style.styling import DWELL, Placed, Repertoire, Styling
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


def painting(seed: int) -> np.ndarray:
    """A style of short strokes, [512, 512, 3]."""
    rng = np.random.default_rng(seed)
    uv = centres(512, 512)
    ground = 0.3 * sample(rng.normal(size=(4, 4, 3)), uv) + rng.random(3) * 0.6 + 0.2
    turn = rng.random() * np.pi
    along = uv @ np.array([np.cos(turn), np.sin(turn)])
    across = uv @ np.array([-np.sin(turn), np.cos(turn)])
    strokes = sample(rng.normal(size=(24, 90, 3)), np.stack([across * 1.2 % 1, along * 1.2 % 1], -1))
    return np.clip(ground + 0.12 * strokes, 0, 1).astype(np.float32)


PAINTINGS = {f"painting {seed}": painting(seed) for seed in (1, 2)}
STYLES = [style_image(picture, name) for name, picture in PAINTINGS.items()]
SQUARES = np.random.default_rng(2).normal(0.5, 0.3, (128, 128, 3)).repeat(4, 0).repeat(4, 1)
ROUGH = style_image(np.clip(SQUARES, 0, 1).astype(np.float32), "nothing but detail")


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
        level: Level | None = None,
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
        self.style.analyse(work, rung, dt, level)
        plain = {"colour": np.eye(3, dtype="f4"), "colour_offset": (0.0, 0.0, 0.0)}
        values = PARAMS | {name.replace("_", "."): value for name, value in params.items()}
        if dt > 1e6:
            self.style.forget()
        self.style.paint(target, work, rung, carry or Carry(), values, plain, None, level=level, dt=dt)
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
    thick = PARAMS["style.paint"]
    wanted = style_reference.style(picture, work, rung, paint=thick, grain=GRAIN, carry=carry, size=target)
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


def disc(inside: float, outside: float, side: int = 192) -> tuple[np.ndarray, np.ndarray]:
    """A disc with a hard edge on a ground, little texture on both, and how far outside it a pixel lies."""
    rng, uv = np.random.default_rng(3), centres(side, side)
    away = (np.hypot(*np.moveaxis(uv - 0.5, -1, 0)) - 0.27) * side
    part = np.clip(0.5 - away, 0, 1)[..., None]
    grounds = [light * np.array([1.0, 0.96, 0.85]) for light in (inside, outside)]
    picture = grounds[1] + (grounds[0] - grounds[1]) * part
    for size in (4, 48):
        picture = picture + 0.02 * sample(rng.normal(size=(size, size, 3)), uv)
    return np.clip(picture, 0, 1).astype(np.float32), away


@pytest.mark.parametrize(
    ("rung", "lights"),
    [
        (Rung.BANDS, (0.08, 0.75)),
        (Rung.BANDS, (0.75, 0.08)),
        (Rung.BANDS, (0.2, 0.5)),
        (Rung.FOLLOW, (0.08, 0.75)),
    ],
    ids=str,
)
def test_edges_have_no_halos(studio: Studio, rung: Rung, lights: tuple[float, float]) -> None:
    """Beside a step the picture goes beyond what it has farther away by little of the step, on both sides."""
    picture, away = disc(*lights)
    for style in (*STYLES, ROUGH):
        work = style_maps(statistics(picture), style)
        for strength in (0.4, 1.0):
            painted = np.clip(studio.paint(picture, work, rung, style_strength=strength), 0, 1)

            def ring(first: float, last: float, painted: np.ndarray = painted) -> np.ndarray:
                return painted[(away >= first) & (away < last)].mean(0)

            out, into = ring(26, 40), ring(-60, -26)
            step = np.linalg.norm(out - into)
            along = (out - into) / step
            assert step > 0.1
            beyond = [(ring(d, d + 1) - out) @ along for d in range(2, 26)]
            below = [(into - ring(-d - 1, -d)) @ along for d in range(2, 26)]
            assert max(beyond + below) <= (0.16 if style is ROUGH else 0.08) * step


def test_a_flat_picture_does_not_drown_in_strokes(studio: Studio) -> None:
    """Nearly all of it is sky, and the style has more detail than anything else."""
    uv = centres(192, 192)
    sky = 0.4 + 0.3 * uv[..., 1:] * np.array([1.0, 0.9, 0.8])
    sky[uv[..., 1] > 0.85 + 0.03 * np.sin(20 * uv[..., 0])] = 0.15
    work = style_maps(statistics(sky.astype(np.float32)), ROUGH)
    drowned = studio.paint(sky.astype(np.float32), work._replace(room=1e9), Rung.FOLLOW)
    held = studio.paint(sky.astype(np.float32), work, Rung.FOLLOW)
    assert similarity(sky, drowned) < 0.35
    assert similarity(sky, held) >= 0.45
    assert held.std() > 1.02 * studio.paint(sky.astype(np.float32), work, Rung.BANDS).std()


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


def film(
    studio: Studio, frames: list[np.ndarray], style: StyleImage = STYLES[0], fps: float = 25.0
) -> list[np.ndarray]:
    """Frames painted one after the other, with statistics and contours that follow in time."""
    seen, painted = FrameStatistics(), []
    for number, frame in enumerate(frames):
        pixels = np.zeros((*frame.shape[:2], 4), np.uint8)
        pixels[..., :3] = np.round(np.clip(frame, 0, 1) * 255)
        known = seen.see(pixels, 1 / fps)
        work = style_maps(known, style)
        shown = pixels[..., :3].astype(np.float32) / 255
        assert seen.newest is not None
        dt = 1e9 if number == 0 else 1 / fps
        painted.append(studio.paint(shown, work, Rung.FOLLOW, dt=dt, level=seen.newest))
    return painted


def steps(frames: list[np.ndarray]) -> np.ndarray:
    """Differences from frame to frame, after a time to settle."""
    return np.abs(np.diff(np.stack(frames[5:]), axis=0)) * 255


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_noise_does_not_become_flicker(studio: Studio, style: StyleImage) -> None:
    rng = np.random.default_rng(5)
    still = photograph(5, 96, 96)
    frames = [still + rng.normal(0, 2 / 255, still.shape) for _ in range(10)]
    painted, own = steps(film(studio, frames, style)), steps([np.clip(frame, 0, 1) for frame in frames])
    assert painted.mean() <= 0.6 * own.mean()
    assert np.quantile(painted, 0.999) <= 20


def test_a_crossfade_is_painted_calmly(studio: Studio) -> None:
    """On the mean over styles: one of more contrast than the dream has must move farther."""
    one, other = photograph(6, 128, 128), photograph(7, 128, 128)
    frames = [one + (other - one) * part for part in np.linspace(0, 1, 30)]
    painted = [steps(film(studio, frames, style)).mean() for style in STYLES]
    assert np.mean(painted) <= 0.6 * steps(frames).mean()
    assert max(painted) <= 0.75 * steps(frames).mean()


def test_a_change_of_style_never_jumps(studio: Studio) -> None:
    """No step between frames above three times the median one, while one style takes over from another."""
    one, other = photograph(12, 96, 96), photograph(13, 96, 96)
    styling, seen, painted = Styling(), FrameStatistics(), []
    styling.hang(Repertoire((Placed(STYLES[0], 0.0, -2.0), Placed(STYLES[1], 0.0, 2.0))), 0.0)
    for number, part in enumerate(np.linspace(0, 1, 75)):
        now = DWELL - 0.6 + number / 25
        styling.step(0.0 if number == 0 else now, 0.0, -2.0 if now < DWELL else 2.0)
        pixels = opaque(np.round((one + (other - one) * part) * 255).astype(np.uint8))
        work = styling.maps(now, seen.see(pixels, 1 / 25))
        assert work is not None and seen.newest is not None
        shown, dt = pixels[..., :3].astype(np.float32) / 255, 1e9 if number == 0 else 1 / 25
        painted.append(studio.paint(shown, work, Rung.FOLLOW, dt=dt, level=seen.newest))
    assert styling.style is STYLES[1] and styling.arrived(now) == 1.0
    moved = np.abs(np.diff(np.stack(painted[3:]), axis=0)).mean((1, 2, 3))
    assert moved.max() <= 3 * np.median(moved)


def test_paint_settles_as_numpy_says(studio: Studio) -> None:
    """The same picture, then another, brighter and of more contrast, moved along."""
    one, other = (0.35 + 0.3 * photograph(seed, 160, 160) for seed in (10, 11))
    faint = style_image(0.3 + 0.4 * PAINTINGS["painting 1"], "faint")  # nothing is cut off at black or white
    moved = Carry(1.02 * np.exp(0.01j), 2.0 - 1.0j)
    first, second = (style_maps(statistics(picture), faint) for picture in (one, other))
    levels = [Level(picture.mean((0, 1)), float(picture.std((0, 1)).max())) for picture in (one, other)]
    before = studio.paint(one, first, Rung.BANDS, level=levels[0])
    now = studio.paint(other, second, Rung.BANDS, carry=moved, dt=0.1, level=levels[1])
    fresh = studio.paint(other, second, Rung.BANDS, carry=moved, level=levels[1])
    old, new = levels[0].painted(first), levels[1].painted(second)
    extent = np.array([512.0, 512.0])
    z = ((centres(160, 160) - 0.5) * extent) @ np.array([1, 1j]) * moved.turn + moved.shift
    came_from = sample(before.astype(np.float64), np.stack([z.real, z.imag], -1) / extent + 0.5)
    late = new.gain(old) * (came_from - old.mean) + new.mean - fresh
    wanted = fresh + np.exp(-0.1 / SECONDS) * np.clip(late, -MOST, MOST)
    assert before.min() > 0 and before.max() < 1 and (np.abs(late) < MOST).mean() > 0.1
    assert np.abs(now - np.clip(wanted, 0, 1)).max() < 2 / 255


def random_features(picture: np.ndarray) -> list[np.ndarray]:
    """Covariances of the features of a network with random weights, four levels: what is alike to it is alike
    in texture."""
    generator, x = torch.Generator().manual_seed(0), torch.from_numpy(picture).permute(2, 0, 1)[None] - 0.5
    found = []
    for number, (into, out) in enumerate(((3, 16), (16, 32), (32, 64), (64, 64))):
        x = torch.nn.functional.avg_pool2d(x, 2) if number else x
        weight = torch.randn(out, into, 3, 3, generator=generator) * (2 / (9 * into)) ** 0.5
        x = torch.relu(torch.nn.functional.conv2d(x, weight))
        found.append(np.cov(x[0].flatten(1).numpy()))
    return found


def test_a_painting_comes_near_to_the_style(studio: Studio) -> None:
    """At full strength, in covariances of features, and stays near to the picture in its structure."""
    before, after, alike = [], [], []
    for style in STYLES:
        wanted = random_features(halve(halve(PAINTINGS[style.name])))
        for seed in range(2):
            picture = photograph(seed, 128, 128)
            painted = np.clip(
                studio.paint(picture, style_maps(statistics(picture), style), Rung.FOLLOW), 0, 1
            )
            for away, what in ((before, picture), (after, painted)):
                for own, other in zip(random_features(what), wanted, strict=True):
                    away.append(np.linalg.norm(own - other) / np.linalg.norm(other))
            alike.append(similarity(picture, painted))
    assert np.mean(after) <= 0.55 * np.mean(before)
    assert np.mean(alike) >= 0.45


def test_a_pulse_of_contrast_survives(studio: Studio) -> None:
    still = photograph(8, 96, 96)
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
