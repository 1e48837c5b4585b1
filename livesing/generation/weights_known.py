"""Other people's weights that this program knows of, and where files of weights lie. No torch is needed."""

import json
from pathlib import Path
from typing import NamedTuple

from livesing.errors import WeightsError
from livesing.generation.biggan_config import CONFIGS

ENDINGS = (".safetensors", ".pt", ".pth", ".bin", ".ckpt")
TWICE = ["model.safetensors", "pytorch_model.bin"]
"""As folders of Hugging Face hold the same weights in two forms: the first is taken."""
SUMS = "sha256.json"
HOSTED = "https://s3.amazonaws.com/models.huggingface.co/biggan"
"""pytorch-pretrained-biggan 0.1.1, PRETRAINED_MODEL_ARCHIVE_MAP."""


class KnownWeights(NamedTuple):
    """A file that can be fetched."""

    name: str
    generator: str
    about: str
    megabytes: int
    """About; of 10^6 bytes."""
    licence: str
    url: str
    sha256: str | None
    """None where nobody published one: then the sum of the first fetch is remembered."""
    alternatives: tuple[str, ...]
    """Other ways to the same weights, for when the link is dead."""


OPENMMLAB = "https://download.openmmlab.com/mmgen/biggan/biggan-deep_imagenet1k"
"""MMGeneration's configs/biggan/README.md: the package's weights in its own layout. Each name ends with the
day and the first digits of the file's SHA-256."""


def _biggan(resolution: int, megabytes: int, copied: str) -> KnownWeights:
    name = f"biggan-deep-{resolution}"
    mirror = f"{OPENMMLAB}_{resolution}x{resolution}_cvt_hugging-face_rgb_{copied}.pth"
    return KnownWeights(
        name,
        name,
        f"BigGAN-deep, {resolution}x{resolution}, ImageNet's 1000 classes, by DeepMind",
        megabytes,
        "Apache-2.0 as DeepMind states on TF Hub; the pictures it learnt from have their own terms",
        f"{HOSTED}/{name}-pytorch_model.bin",
        None,
        (
            f"a copy that you or a friend have: --weights FILE takes {name}-pytorch_model.bin",
            f"OpenMMLab's copy (it knows one truncation): `livesing weights get {name} --from {mirror}`",
            f"`livesing weights get {name} --from URL`, if you know a mirror",
            f"https://tfhub.dev/deepmind/{name}/1, saved as docs/weights.md shows (it takes TensorFlow)",
        ),
    )


KNOWN = {
    known.name: known
    for known in (
        _biggan(128, 201, "20210728_111659-099e96f9"),
        _biggan(256, 224, "20210728_111735-28651569"),
        _biggan(512, 225, "20210728_112346-a42585f2"),
    )
}
"""By name; sizes as in pytorch-pretrained-biggan's README."""
assert {known.generator for known in KNOWN.values()} <= set(CONFIGS)


def default_folder() -> Path:
    """Where fetched weights lie: in the user's cache folder."""
    from platformdirs import user_cache_path

    return user_cache_path("livesing") / "weights"


def fetched(name: str, folder: Path | None = None) -> Path | None:
    """The file that `weights get NAME` left, or None."""
    file = place(KNOWN[name], folder or default_folder()) if name in KNOWN else None
    return file if file is not None and file.is_file() else None


def place(known: KnownWeights, folder: Path) -> Path:
    return folder / known.url.rpartition("/")[2]


def remembered_sums(folder: Path) -> dict[str, str]:
    """SHA-256 by name, of what was fetched before."""
    try:
        sums = json.loads((folder / SUMS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in sums.items()} if isinstance(sums, dict) else {}


def find_file(path: Path) -> Path:
    """The file of weights that `path` names, or that lies in the folder `path`. Raises WeightsError."""
    if path.is_file():
        if path.suffix not in ENDINGS:
            raise WeightsError(f"{path.name}: weights are files ending in {', '.join(ENDINGS)}")
        return path
    if not path.is_dir():
        raise WeightsError(f"there is no file or folder of weights {str(path)!r}")
    whole = (file for file in path.iterdir() if ".partial" not in file.suffixes)
    found = sorted(file for file in whole if file.suffix in ENDINGS and file.is_file())
    if len(found) != 1 and [file.name for file in found] != TWICE:
        names = ", ".join(file.name for file in found[:5]) or "none"
        raise WeightsError(f"the folder {str(path)!r} must hold one file of weights, and holds {names}")
    return found[0]
