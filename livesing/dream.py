"""`livesing dream`: generated frames as files, through the same translator and latent path as the show."""

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np

from livesing.audio.pulse import Pulse
from livesing.errors import LivesingError
from livesing.generation.engine_open import ServedGenerator
from livesing.generation.latent_path import NORM, LatentPath
from livesing.params import INDEX, TABLE
from livesing.translation.opening import Ground, open_translator
from livesing.translation.steering import on_length, temperature
from livesing.translation.translator import CLASSES, LATENT, Felt, Translation
from livesing.translators import class_places

VIEWS = int(TABLE[INDEX["dream.view"]].high) + 1
SHARPNESS = TABLE[INDEX["dream.sharpness"]].default
LEG_SECONDS = 6.0
"""A walk goes from one latent to the next in about this time."""


def wish(
    number: int | None, mood: tuple[float, float] | None, seed: int, *, generator: str = "embedded",
    translator: str = "views",
) -> Translation:  # fmt: skip
    """What to dream: one class, or a mood through a translator, or what the seed picks.

    Raises TranslatorError.
    """
    rng = np.random.default_rng(seed)
    z = rng.normal(size=LATENT)
    z = (z * NORM / np.linalg.norm(z)).astype(np.float32)
    if mood is not None:
        ground = Ground(generator, class_places(generator), Path())
        chosen_one = open_translator(translator, ground, seed % VIEWS)
        asked = chosen_one.translate(Felt(*mood), temperature(SHARPNESS))
        # Seeds beyond the views stray from what the view asks for.
        direction = on_length(asked.z) + (0.5 * on_length(z) if seed >= VIEWS else 0.0)
        return Translation(asked.classes, (direction * NORM / np.linalg.norm(direction)).astype(np.float32))
    chosen = int(rng.integers(CLASSES)) if number is None else number
    return Translation(np.eye(CLASSES, dtype=np.float32)[chosen], z)


def still(path: Path, asked: Translation, generator: ServedGenerator, size: tuple[int, int]) -> None:
    """Write one frame as an image; the kind is told by the file's ending. Raises LivesingError."""
    from PIL import Image

    pixels = covering(generator.render_rgba(asked.z[None], asked.classes[None], None), size)
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        Image.fromarray(pixels).save(partial)
        partial.replace(path)
    except ValueError:
        raise LivesingError(
            f"{path.name}: {path.suffix or 'no ending'} is no kind of image to write"
        ) from None
    except OSError as error:
        raise LivesingError(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        partial.unlink(missing_ok=True)


def film(
    path: Path,
    asked: Translation,
    seed: int,
    generator: ServedGenerator,
    size: tuple[int, int],
    seconds: float,
    fps: float,
) -> None:
    """Write a walk of `seconds` through latent space as an MP4, from what is asked on to others of the
    seed."""
    import av

    if path.suffix.lower() not in (".mp4", ".mkv", ".mov"):
        raise LivesingError(f"{path.name}: a walk is written as .mp4, .mkv or .mov")
    size = size[0] - size[0] % 2, size[1] - size[1] % 2
    generator.resize(*size)
    walk = LatentPath(seed)
    rng = np.random.default_rng((seed, 1))
    params = {param.name: param.default for param in TABLE}
    quiet = Pulse.quiet(0.0)
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    count, target, leg = max(round(seconds * fps), 1), asked, 0
    try:
        with av.open(str(partial), "w") as file:
            stream = file.add_stream("libx264", rate=Fraction(fps).limit_denominator(1000))
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            stream.options = {"crf": "16", "preset": "veryfast"}
            for number in range(count):
                if int(number / fps / LEG_SECONDS) > leg:
                    leg += 1
                    z = rng.normal(size=LATENT)
                    target = Translation(asked.classes, (z * NORM / np.linalg.norm(z)).astype(np.float32))
                z_now, classes = walk.step(1 / fps, target, quiet, params)
                pixels = covering(generator.render_rgba(z_now, classes, None), size)
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24")
                file.mux(stream.encode(frame))
                _progress(number + 1, count)
            file.mux(stream.encode())
        partial.replace(path)
    except OSError as error:
        raise LivesingError(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        partial.unlink(missing_ok=True)


def covering(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """RGBA [h, w, 4] as RGB of this size (width, height), enlarged and cut so that it covers it."""
    from PIL import Image, ImageOps

    rgb = pixels[..., :3]
    if (rgb.shape[1], rgb.shape[0]) == size:
        return rgb
    return np.asarray(ImageOps.fit(Image.fromarray(rgb), size, Image.Resampling.LANCZOS))


def _progress(done: int, count: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == count else ""
        print(f"\rframe {done} of {count}", end=end, file=sys.stderr, flush=True)
