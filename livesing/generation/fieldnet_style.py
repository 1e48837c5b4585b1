"""FieldNet's conditions: named style coordinates, mixtures of classes, palettes."""

import torch
from torch import Tensor

# OKLab -> cube roots of LMS -> linear sRGB (Ottosson 2020).
LAB_TO_LMS = (
    (1.0, 0.3963377774, 0.2158037573),
    (1.0, -0.1055613458, -0.0638541728),
    (1.0, -0.0894841775, -1.2914855480),
)
LMS_TO_RGB = (
    (4.0767416621, -3.3077115913, 0.2309699292),
    (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)
COOL = (0.0, 0.015, -0.04)  # shadows lean to violet, lights to gold, as painters have it


class Style:
    """Named coordinates as [B, 1, 1] tensors."""

    def __init__(self, names: tuple[str, ...], values: Tensor) -> None:
        self._columns = {name: values[:, i, None, None] for i, name in enumerate(names)}

    def __getitem__(self, name: str) -> Tensor:
        return self._columns[name]

    def flat(self, name: str) -> Tensor:
        """The coordinate as [B]."""
        return self._columns[name][:, 0, 0]


def spread(classes: Tensor) -> Tensor:
    """Mixtures with most of the variance that averaging takes away given back.

    A mean of n independent rows has 1 / n of their variance, so a mixture of many classes would be
    bland; a weight vector p is therefore divided by |p|^0.6 (1 for a single class).
    """
    return classes * (classes * classes).sum(2, keepdim=True).clamp(min=1e-6) ** -0.3


def high_key(fine: Style) -> Tensor:
    """How far a picture is in high key (bright and open), 0..1, as [B, 1, 1]."""
    return torch.sigmoid(4.5 * fine["key"] - 2.5)


def palette(fine: Style, mix: Style, cool: Tensor, lab_to_lms: Tensor) -> Tensor:
    """[B, 3, 6]: from (light, its tone, its other, line, spark, bloom) to cube roots of LMS.

    Hues are unit vectors in the OKLab plane turned by harmony angles, so that a mixture of
    classes mixes colours without passing through the rainbow.
    """
    x, y = fine.flat("hue_cos"), fine.flat("hue_sin")
    norm = torch.rsqrt(x * x + y * y + 0.02)
    hx, hy = x * norm, y * norm
    key = high_key(fine)[:, 0, 0]
    chroma = (0.184 + 0.100 * fine.flat("chroma")) * (1 - 0.25 * key)
    lightness = 0.575 + 0.20 * fine.flat("lightness") + 0.23 * key
    contrast = 0.33 + 0.15 * fine.flat("contrast") + 0.08 * mix.flat("ambient")
    contrast = contrast * (1 - 0.40 * key)
    span = 0.95 + 0.75 * fine.flat("harmony")

    def colour(light: Tensor, saturation: Tensor, turn: Tensor) -> Tensor:
        cos, sin = torch.cos(turn), torch.sin(turn)
        a, b = hx * cos - hy * sin, hx * sin + hy * cos
        # yellow is bright and blue is dark by nature: the reverse makes olive and brown mud
        yellow = 0.97 * b - 0.26 * a
        light = light + (0.07 + 0.03 * yellow) * yellow
        saturation = saturation * (1 + 0.12 * (0.77 * a - 0.64 * b))  # green shouts soonest
        return torch.stack([light, saturation * a, saturation * b], 1)

    dark = colour(lightness - contrast, chroma * 0.75, -0.7 * span) + cool
    bright = colour(lightness + contrast * 0.9, chroma * 0.85, 0.35 * span) - 0.4 * cool
    other = colour(lightness + 0.02, chroma * 1.15, 1.25 * span)
    accent = colour(0.78 + 0 * lightness, chroma, 2.4 + 0.6 * fine.flat("accent"))
    white = colour(0.90 + 0 * lightness, chroma * 0.25, 0 * span)
    glow = (0.20 + 0.20 * fine.flat("glow")) * (1 - 0.5 * key)
    lab = [
        dark, bright - dark, other - 0.5 * (dark + bright), 0.62 * accent, 0.8 * white,
        glow[:, None] * accent,
    ]  # fmt: skip
    return torch.matmul(lab_to_lms, torch.stack(lab, 2))
