"""StyleGAN2's generator for inference, in torch: Karras et al. 2020, "Analyzing and Improving the Image
Quality of StyleGAN" (arXiv 1912.04958), with a condition for each of three layers, as TräumerAI smooths them.

Modulation scales what enters a convolution instead of its weights, and demodulation what leaves it, which is
the same sum in another order (section 2.2): the weights stay constant, so any engine may lay them out as it
likes, and a batch needs no loop. `stylegan2_weights.py` reads the usual files.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from livesing.generation.biggan_config import COARSE_PIXELS, LAYERS, MIDDLE_PIXELS

Noise = Literal["fixed", "live", "none"]

FILTER = (1.0, 3.0, 3.0, 1.0)
"""Of up-sampling: the low-pass that goes with a factor of 2."""
SLOPE = 0.2
GAIN = math.sqrt(2.0)
"""The leaky rectifier halves the power of a signal, nearly; this gives it back."""
EPS = 1e-8
CLASS_SHARE, Z_SHARE = 0.8, 0.6
"""How far a class's own w and that of z lead away from the average; their squares sum to 1."""
HALF_STAGES = 4
"""The largest pictures that half precision is used for; smaller ones cost little and need the range."""
MOST_IN_HALF = 256.0
"""Activations in half are kept within this, as NVIDIA's are."""


@dataclass(frozen=True)
class Conv:
    """A modulated convolution of 3x3 with what follows it."""

    weight: Tensor  # [out, in, 3, 3], of unit gain
    style: Tensor  # [in, w], of unit gain
    style_bias: Tensor  # [in]
    noise: Tensor  # [side, side], times its strength
    bias: Tensor  # [out]


@dataclass(frozen=True)
class ToRgb:
    """A modulated convolution of 1x1 without demodulation."""

    weight: Tensor  # [3, in]
    style: Tensor  # [in, w]
    style_bias: Tensor  # [in]
    bias: Tensor  # [3]


@dataclass(frozen=True)
class Parts:
    """A generator's weights with all gains multiplied in."""

    mapping: Sequence[tuple[Tensor, Tensor]]  # [w, w] and [w], from z to w
    average: Tensor  # [w], of w over all z
    constant: Tensor  # [channels, 4, 4]
    convs: Sequence[Sequence[Conv]]  # one for 4 pixels, two (the first up-sampling) for each size above
    rgbs: Sequence[ToRgb]  # one for each size


class StyleGAN2(nn.Module):
    """z [B, 3, 128], classes [B, 3, 1000] (rows sum to 1), psi [B] in 0..1 -> [B, 3, H, W], about -1 to 1.

    StyleGAN2 has no classes. Here each of the thousand is a place in w of its own: the average plus where a
    fixed z, drawn by the class's number, leads; mixtures blend them. `synthesis` takes w itself.
    """

    def __init__(self, parts: Parts, noise: Noise = "fixed", classes: int = 1000, latent: int = 128) -> None:
        super().__init__()
        self.noise = noise
        width = parts.average.shape[0]
        self.mapping = nn.ModuleList(_linear(*layer) for layer in parts.mapping)
        self.register_buffer("average", parts.average)
        random = torch.Generator().manual_seed(0)
        self.register_buffer("projection", torch.randn(latent, width, generator=random))
        with torch.no_grad():
            anchors = self.map(torch.randn(classes, width, generator=random))
        self.register_buffer("anchors", anchors - parts.average)
        self.register_buffer("constant", parts.constant[None])
        stages = list(zip(parts.convs, parts.rgbs, strict=True))
        styled: list[Conv | ToRgb] = []
        for convs, rgb in stages:
            styled += [*convs, rgb]
        self.styles = _linear(
            torch.cat([layer.style for layer in styled]), torch.cat([layer.style_bias for layer in styled])
        )
        self.stages = nn.ModuleList(_Stage(convs, rgb) for convs, rgb in stages)
        self.register_buffer("low_pass", low_pass())
        self.resolution = 4 << (len(self.stages) - 1)
        self.requires_grad_(False).eval()

    def halve(self) -> "StyleGAN2":
        """The large pictures in half precision from here on, in place -> itself."""
        for stage in list(self.stages)[-HALF_STAGES:]:
            stage.half()
        return self

    def forward(self, z: Tensor, classes: Tensor, psi: Tensor) -> Tensor:
        if z.dim() == 2:
            z = z[:, None].expand(-1, LAYERS, -1)
        if classes.dim() == 2:
            classes = classes[:, None].expand(-1, LAYERS, -1)
        away = CLASS_SHARE * (classes @ self.anchors)
        away = away + Z_SHARE * (self.map(z @ self.projection) - self.average)
        return self.synthesis(self.average + psi[:, None, None] * away)

    def map(self, z: Tensor) -> Tensor:
        """z [..., w] of any length -> w [..., w]."""
        return mapped(z, [(layer.weight, layer.bias) for layer in self.mapping])

    def synthesis(self, w: Tensor) -> Tensor:
        """w [B, 3, w] for the layers coarse, middle and fine -> [B, 3, H, W]."""
        styles = self.styles(w)
        x = self.constant.expand(w.shape[0], -1, -1, -1)
        picture, first = None, 0
        for number, stage in enumerate(self.stages):
            side = 4 << number
            layer = 0 if side <= COARSE_PIXELS else 1 if side <= MIDDLE_PIXELS else 2
            last = first + sum(stage.widths)
            x, rgb = stage(x, styles[:, layer, first:last], self.noise)
            picture = rgb if picture is None else rgb + double(picture, self.low_pass)
            first = last
        assert picture is not None
        return picture


class _Stage(nn.Module):
    """The convolutions of one size, and its share of the picture."""

    def __init__(self, convs: Sequence[Conv], rgb: ToRgb) -> None:
        super().__init__()
        self.widths = [conv.weight.shape[1] for conv in convs] + [rgb.weight.shape[1]]
        self.up = [len(convs) == 2 and number == 0 for number in range(len(convs))]
        for number, conv in enumerate(convs):
            weight = conv.weight.transpose(0, 1) if self.up[number] else conv.weight
            self.register_buffer(f"weight_{number}", weight.contiguous())
            self.register_buffer(f"power_{number}", conv.weight.square().sum((2, 3)).T.contiguous())
            # the gain of the rectifier goes before it: it keeps signs, and factors pass through
            self.register_buffer(f"noise_{number}", GAIN * conv.noise[None, None])
            self.register_buffer(f"bias_{number}", GAIN * conv.bias[None, :, None, None])
        self.register_buffer("low_pass", low_pass())
        self.register_buffer("rgb", rgb.weight[:, :, None, None])
        self.register_buffer("rgb_bias", rgb.bias[None, :, None, None])

    def half(self) -> "_Stage":
        exact = {name: value for name, value in self.named_buffers() if name.startswith("power")}
        super().half()
        for name, value in exact.items():
            setattr(self, name, value)
        return self

    def forward(self, x: Tensor, styles: Tensor, noise: Noise) -> tuple[Tensor, Tensor]:
        parts = styles.split(self.widths, 1)
        x = x.to(self.rgb.dtype)
        for number, up in enumerate(self.up):
            style = parts[number]
            # only the ratios count, as demodulation takes the length away: so nothing leaves half's range
            style = style / style.abs().amax(1, keepdim=True)
            restore = GAIN * torch.rsqrt(style.square() @ getattr(self, f"power_{number}") + EPS)
            weight = getattr(self, f"weight_{number}")
            x = modulated(x, weight, style.to(x.dtype), self.low_pass if up else None)
            x = x * restore.to(x.dtype)[:, :, None, None] + getattr(self, f"bias_{number}")
            still = getattr(self, f"noise_{number}")
            if noise == "fixed":
                x = x + still
            elif noise == "live":
                fresh = torch.randn(x.shape[0], 1, *x.shape[2:], device=x.device, dtype=x.dtype)
                x = x + fresh * still.square().mean().sqrt()
            x = F.leaky_relu(x, SLOPE)
            if x.dtype == torch.float16:
                x = x.clamp(-MOST_IN_HALF, MOST_IN_HALF)
        rgb = F.conv2d(x * parts[-1].to(x.dtype)[:, :, None, None], self.rgb) + self.rgb_bias
        return x, rgb.float()


def mapped(z: Tensor, mapping: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """The mapping network: z [..., w] of any length -> w [..., w]."""
    w = z * torch.rsqrt(z.square().mean(-1, keepdim=True) + EPS)
    for weight, bias in mapping:
        w = F.leaky_relu(F.linear(w, weight, bias), SLOPE) * GAIN
    return w


def modulated(x: Tensor, weight: Tensor, style: Tensor, up: Tensor | None = None) -> Tensor:
    """x [B, in, H, W] with its channels scaled by style [B, in], convolved by 3x3.

    `weight` is [out, in, 3, 3], or with `up`, the low-pass, [in, out, 3, 3]: then the picture doubles by a
    transposed convolution and that.
    """
    x = x * style[:, :, None, None]
    if up is None:
        return F.conv2d(x, weight, padding=1)
    return upfirdn(F.conv_transpose2d(x, weight, stride=2), up, (1, 1))


def upfirdn(x: Tensor, kernel: Tensor, pad: tuple[int, int], up: int = 1) -> Tensor:
    """Zeros put between pixels (`up` - 1 after each), `pad` more before and after, and a FIR filter [k, k].

    The convolution of the textbooks, with the kernel turned round; every channel by itself.
    """
    batch, channels, height, width = x.shape
    if up > 1:
        x = F.pad(x[:, :, :, None, :, None], (0, up - 1, 0, 0, 0, up - 1))
        x = x.reshape(batch, channels, height * up, width * up)
    x = F.pad(x, (pad[0], pad[1], pad[0], pad[1]))
    weight = kernel.flip(0, 1).expand(channels, 1, -1, -1)
    return F.conv2d(x, weight, groups=channels)


def double(x: Tensor, kernel: Tensor) -> Tensor:
    """Twice the size through the low-pass: upfirdn(x, kernel, (2, 1), up=2) as one transposed convolution."""
    weight = kernel.expand(x.shape[1], 1, -1, -1)
    return F.conv_transpose2d(x, weight, stride=2, padding=1, groups=x.shape[1])


def low_pass() -> Tensor:
    """[4, 4], summing to 4: three of four pixels that it averages are zeros.

    Kept among the weights: a constant that is made on the way would be copied from the processor, which a
    CUDA graph cannot hold.
    """
    taps = torch.tensor(FILTER)
    return torch.outer(taps, taps) / (taps.sum() ** 2 / 4)


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
    layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(bias)
    return layer
