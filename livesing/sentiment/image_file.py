"""Pictures from files, whatever is in them, as plain sRGB pixels.

Transparency is laid over mid-grey, the first picture of an animation counts, sixteen bits become eight, and a
camera's note on how it was held is followed.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livesing.errors import LivesingError

MOST_PIXELS = 170_000_000
"""Fewer than what Pillow takes for a bomb."""
BEHIND = (128, 128, 128)
"""What shows through transparent parts."""


class PictureError(LivesingError):
    """A picture file cannot be read; the text names it."""


def read_picture(path: Path) -> NDArray[np.uint8]:
    """The picture as uint8 [height, width, 3], sRGB. Raises PictureError, naming the file, if it cannot be
    read."""
    import warnings

    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of broken notes in the file and of its size: judged below
            with Image.open(path) as file:
                if file.width * file.height > MOST_PIXELS:
                    raise Image.DecompressionBombError
                file.seek(0)
                file.load()
                picture = ImageOps.exif_transpose(file)
                return _eight_bits(picture)
    except FileNotFoundError as error:
        raise PictureError(f"there is no picture {path}") from error
    except IsADirectoryError as error:
        raise PictureError(f"{path} is a folder, not a picture") from error
    except UnidentifiedImageError as error:
        raise PictureError(f"{path} is no picture that can be read") from error
    except Image.DecompressionBombError as error:
        raise PictureError(f"{path} is too large: over {MOST_PIXELS // 1_000_000} million pixels") from error
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
        raise PictureError(f"{path} cannot be read: {_in_one_line(error)}") from error


def _eight_bits(picture: "Image.Image") -> NDArray[np.uint8]:  # type: ignore[name-defined]  # noqa: F821
    from PIL import Image

    if picture.mode in ("I;16", "I;16B", "I;16L", "I;16N", "I", "F"):
        values = np.nan_to_num(np.asarray(picture, np.float32))
        # A file of 16 bits may use fewer, one of 32 may use more; floats are 0..1 or 0..255.
        most = float(values.max(initial=0))
        top = max(65535.0, most) if picture.mode != "F" else 1.0 if most <= 1 else 255.0
        grey = np.clip(values * (255.0 / top), 0, 255)
        return np.repeat(np.rint(grey).astype(np.uint8)[:, :, None], 3, axis=2)
    if "transparency" in picture.info or picture.mode in ("RGBA", "LA", "PA", "La", "RGBa"):
        front = picture.convert("RGBA")
        back = Image.new("RGBA", front.size, (*BEHIND, 255))
        picture = Image.alpha_composite(back, front)
    return np.asarray(picture.convert("RGB"))


def _in_one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
