"""BigGAN-deep's three sizes as plain data: its blocks, and what a file of its weights must hold.

The architecture is Brock, Donahue & Simonyan 2019, "Large Scale GAN Training for High Fidelity Natural
Image Synthesis" (arXiv 1809.11096), appendix B, figure 16 and tables 7 to 9; the names of the weights are
those of the package pytorch-pretrained-biggan. No torch is needed here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

LAYERS = 3
"""Conditions: coarse, middle, fine."""
COARSE_PIXELS = 8
"""Blocks that put out pictures up to this size follow the coarse condition (StyleGAN, section 3)."""
MIDDLE_PIXELS = 32
START_PIXELS = 4
"""Side of the picture that z becomes."""
REDUCTION = 4
"""A block's inner convolutions have this part of its channels."""


class Block(NamedTuple):
    """One residual block; channels are those of the wide ends."""

    up: bool
    inputs: int
    outputs: int


@dataclass(frozen=True)
class BigGANConfig:
    """One size of the network."""

    resolution: int
    widths: tuple[tuple[bool, int, int], ...]
    """(up-sampling, channels in, channels out) of every block, in units of `width`."""
    attention_before: int = 8
    """Self-attention stands before the block of this number."""
    width: int = 128
    latent: int = 128
    classes: int = 1000
    knots: int = 51
    """Truncations 0, .02 ... 1 for which standing statistics are kept."""
    eps: float = 1e-4
    """Of batch norm and of spectral norm."""

    @property
    def name(self) -> str:
        return f"biggan-deep-{self.resolution}"

    @property
    def condition(self) -> int:
        """Numbers of a condition: z and the class's embedding."""
        return 2 * self.latent

    @property
    def start(self) -> int:
        """Channels of the first block."""
        return self.widths[0][1] * self.width

    def blocks(self) -> Iterator[Block]:
        for up, inputs, outputs in self.widths:
            yield Block(up, inputs * self.width, outputs * self.width)

    def layer(self, number: int) -> int:
        """Which condition block `number` follows: 0 coarse, 1 middle, 2 fine."""
        pixels = START_PIXELS << sum(up for up, _, _ in self.widths[: number + 1])
        return 0 if pixels <= COARSE_PIXELS else 1 if pixels <= MIDDLE_PIXELS else 2

    def module(self, number: int) -> int:
        """The number of block `number` in the package's list, which counts the attention too."""
        return number + (number >= self.attention_before)

    @property
    def attention_channels(self) -> int:
        return self.widths[self.attention_before][1] * self.width

    @property
    def attention_pixels(self) -> int:
        """Side of the picture that the self-attention sees."""
        return START_PIXELS << sum(up for up, _, _ in self.widths[: self.attention_before])


_HEAD = ((False, 16, 16), (True, 16, 16), (False, 16, 16), (True, 16, 8), (False, 8, 8))
_TAIL = ((True, 8, 4), (False, 4, 4), (True, 4, 2), (False, 2, 2), (True, 2, 1))
_EXTRA = ((True, 8, 8), (False, 8, 8))

CONFIGS = {
    config.name: config
    for config in (
        BigGANConfig(128, _HEAD + _TAIL),
        BigGANConfig(256, _HEAD + _EXTRA + _TAIL),
        BigGANConfig(512, (*_HEAD, *_EXTRA, *_TAIL, (False, 1, 1), (True, 1, 1))),
    )
}
"""By name: biggan-deep-128, -256, -512."""


def state_shapes(config: BigGANConfig) -> dict[str, tuple[int, ...]]:
    """Every name in the package's state dict and the shape of its tensor."""
    shapes: dict[str, tuple[int, ...]] = {"embeddings.weight": (config.latent, config.classes)}

    def normed(name: str, *weight: int, bias: bool) -> None:
        """A weight under spectral norm: the raw weight and its singular vectors' estimates."""
        inputs = 1
        for side in weight[1:]:
            inputs *= side
        if bias:
            shapes[f"{name}.bias"] = (weight[0],)
        shapes[f"{name}.weight_orig"] = weight
        shapes[f"{name}.weight_u"] = (weight[0],)
        shapes[f"{name}.weight_v"] = (inputs,)

    def statistics(name: str, channels: int) -> None:
        shapes[f"{name}.running_means"] = (config.knots, channels)
        shapes[f"{name}.running_vars"] = (config.knots, channels)

    pixels = START_PIXELS * START_PIXELS
    normed("generator.gen_z", config.start * pixels, config.condition, bias=True)
    for number, block in enumerate(config.blocks()):
        prefix = f"generator.layers.{config.module(number)}"
        if number == config.attention_before:
            channels, attention = config.attention_channels, f"generator.layers.{number}"
            shapes[f"{attention}.gamma"] = (1,)
            normed(f"{attention}.snconv1x1_theta", channels // 8, channels, 1, 1, bias=False)
            normed(f"{attention}.snconv1x1_phi", channels // 8, channels, 1, 1, bias=False)
            normed(f"{attention}.snconv1x1_g", channels // 2, channels, 1, 1, bias=False)
            normed(f"{attention}.snconv1x1_o_conv", channels, channels // 2, 1, 1, bias=False)
        inner = block.inputs // REDUCTION
        for place, channels in enumerate((block.inputs, inner, inner, inner)):
            statistics(f"{prefix}.bn_{place}", channels)
            for part in ("scale", "offset"):
                normed(f"{prefix}.bn_{place}.{part}", channels, config.condition, bias=False)
        normed(f"{prefix}.conv_0", inner, block.inputs, 1, 1, bias=True)
        normed(f"{prefix}.conv_1", inner, inner, 3, 3, bias=True)
        normed(f"{prefix}.conv_2", inner, inner, 3, 3, bias=True)
        normed(f"{prefix}.conv_3", block.outputs, inner, 1, 1, bias=True)
    statistics("generator.bn", config.width)
    shapes["generator.bn.weight"] = shapes["generator.bn.bias"] = (config.width,)
    normed("generator.conv_to_rgb", config.width, config.width, 3, 3, bias=True)
    return shapes


def frame_gflop(config: BigGANConfig) -> float:
    """GFLOP (a multiplication and an addition are two) of one frame of the served network (biggan.py).

    Up-sampling and the 3x3 convolution after it count as one transposed 4x4 convolution: four taps an
    output pixel instead of nine.
    """
    multiplications = config.condition * config.start * START_PIXELS**2
    side = START_PIXELS
    for number, block in enumerate(config.blocks()):
        if number == config.attention_before:
            positions, channels = side * side, config.attention_channels
            multiplications += positions * channels * (channels * 3 // 4 + channels // 2)
            multiplications += positions * positions // 4 * (channels // 8 + channels // 2)
        inner = block.inputs // REDUCTION
        multiplications += 2 * config.condition * (block.inputs + 3 * inner)
        multiplications += side * side * block.inputs * inner
        side <<= block.up
        taps = (4 if block.up else 9) + 9
        multiplications += side * side * inner * (taps * inner + block.outputs)
    multiplications += side * side * 9 * config.width * 3
    return 2e-9 * multiplications
