"""BigGAN-deep as it is served: the folded network, in torch.

The picture is the package's to float rounding, with two thirds to two fifths of its multiplications
(biggan_fold.py), and three things more:

- a condition for each of three layers (coarse, middle, fine), so that each can follow in its own time;
- classes may be mixtures: their embeddings blend;
- truncation is a tensor, and the standing statistics go over smoothly from knot to knot (the package
  weighs the two neighbours the wrong way round, so its pictures jump at every .02).
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from livesing.generation.biggan_config import LAYERS, START_PIXELS, BigGANConfig
from livesing.generation.biggan_fold import RGB, State, fold, sites

Affine = tuple[Tensor, Tensor]
Norm = Callable[[Tensor, Affine], Tensor]
"""relu(factor x + offset)."""


class BigGAN(nn.Module):
    """z [B, 3, 128], classes [B, 3, 1000] (rows sum to 1), truncation [B] in 0..1 -> [B, 3, H, W] in [-1, 1].

    z [B, 128] and classes [B, 1000] mean the same condition for the three layers. z is drawn from a normal
    truncated at 2 and multiplied by the truncation. The rows of a batch do not depend on each other.
    """

    def __init__(self, config: BigGANConfig) -> None:
        super().__init__()
        self.config = config
        self.sites = sites(config)
        channels = sum(map(sum, self.sites))
        self.register_buffer("embedding", torch.zeros(config.classes, config.latent))
        self.register_buffer("condition", torch.zeros(config.condition, 2 * channels))
        self.register_buffer("neutral", torch.zeros(2 * channels))
        self.register_buffer("statistics", torch.ones(config.knots, 2 * channels))
        self.start = nn.Linear(config.condition, config.start * START_PIXELS**2)
        self.blocks = nn.ModuleList(
            _Block(block.inputs, norms[1], block.outputs, up=block.up)
            for block, norms in zip(config.blocks(), self.sites[:-1], strict=True)
        )
        self.attention = _Attention(config.attention_channels)
        self.picture: nn.Module = nn.Conv2d(config.width, RGB, 3, padding=1)
        self._norm: Norm = _norm
        # how many of the channels follow the coarse condition, and how many the middle one
        layers = [config.layer(number) for number in range(len(self.blocks))]
        by_layer = [sum(sum(self.sites[n]) for n, of in enumerate(layers) if of == k) for k in range(2)]
        self._borders = (by_layer[0], by_layer[0] + by_layer[1], channels)

    @classmethod
    def from_state(cls, state: State, config: BigGANConfig) -> "BigGAN":
        """The network with the package's weights folded in. Raises WeightsError for other weights."""
        with torch.device("meta"):
            net = cls(config)
        net.load_state_dict(fold(state, config), strict=True, assign=True)
        return net.eval().requires_grad_(False)

    def halve(self) -> "BigGAN":
        """In half precision from here on, in place -> itself. Standing statistics stay in float32, since
        half would round a live truncation to steps that can be seen."""
        exact = {name: self.get_buffer(name) for name in ("statistics", "neutral")}
        self.half()
        for name, value in exact.items():
            self.register_buffer(name, value)
        return self

    def suit_onnxruntime(self) -> "BigGAN":
        """The same network, of single pictures, in the form that onnxruntime's kernels for the processor are
        fastest at, in place -> itself.

        Products and sums that change with every frame it writes down one after the other, while a convolution
        takes its offset and its ReLU along: so norms become depthwise convolutions. Convolutions that see
        neighbours want another layout of memory, those of single pixels do not: these become matrix products,
        which spare the way there and back. And channels are computed by sixteens: the picture has three,
        which a transposed convolution leaves at that.
        """
        self._norm = _depthwise_norm
        for block in self.blocks:
            block.conv_0, block.conv_3 = _PixelProduct(block.conv_0), _PixelProduct(block.conv_3)
        conv = self.picture
        picture = nn.ConvTranspose2d(self.config.width, RGB, 3, padding=1)
        weight = conv.weight.flip(2, 3).transpose(0, 1).contiguous()
        picture.load_state_dict({"weight": weight, "bias": conv.bias}, assign=True)
        self.picture = picture.requires_grad_(False)
        return self

    def forward(self, z: Tensor, classes: Tensor, truncation: Tensor) -> Tensor:
        if z.dim() == 2:
            z = z[:, None].expand(-1, LAYERS, -1)
        if classes.dim() == 2:
            classes = classes[:, None].expand(-1, LAYERS, -1)
        kind = self.embedding.dtype
        condition = torch.cat([z.to(kind), classes.to(kind) @ self.embedding], 2)
        affine = self._affine(condition, truncation)
        x = self.start(condition[:, 0]).unflatten(1, (START_PIXELS, START_PIXELS, -1)).permute(0, 3, 1, 2)
        for number, block in enumerate(self.blocks):
            if number == self.config.attention_before:
                x = self.attention(x)
            x = block(x, affine[4 * number : 4 * number + 4], self._norm)
        return torch.tanh(self.picture(self._norm(x, affine[-1])))

    def _affine(self, condition: Tensor, truncation: Tensor) -> list[Affine]:
        """(factor, offset), each [B, channels, 1, 1], of every batch norm: y = factor x + offset.

        Statistics between two knots are interpolated linearly, by hats as wide as two steps.
        """
        knots = torch.arange(self.config.knots, device=truncation.device, dtype=truncation.dtype)
        hats = torch.relu(1 - (truncation[:, None] * (self.config.knots - 1) - knots).abs())
        mean, variance = (hats @ self.statistics).chunk(2, 1)
        raw = (condition @ self.condition).float()
        coarse, middle, _ = self._borders
        parts = []
        for half in raw.chunk(2, 2):
            parts += [half[:, 0, :coarse], half[:, 1, coarse:middle], half[:, 2, middle:]]
        scale, offset = (torch.cat(parts, 1) + self.neutral).chunk(2, 1)
        factor = scale * torch.rsqrt(variance + self.config.eps)
        offset = offset - mean * factor
        factor, offset = factor.to(condition.dtype), offset.to(condition.dtype)
        sizes = [channels for norms in self.sites for channels in norms]
        factors = factor[:, :, None, None].split(sizes, 1)
        offsets = offset[:, :, None, None].split(sizes, 1)
        return list(zip(factors, offsets, strict=True))


class _Block(nn.Module):
    """Bottleneck residual block; the short cut drops channels and is up-sampled, and has no weights."""

    def __init__(self, inputs: int, inner: int, outputs: int, *, up: bool) -> None:
        super().__init__()
        self.up = up
        self.outputs = outputs
        self.conv_0: nn.Module = nn.Conv2d(inputs, inner, 1, bias=False)
        self.conv_1: nn.Module = (
            nn.ConvTranspose2d(inner, inner, 4, stride=2, padding=1, bias=False)
            if up
            else nn.Conv2d(inner, inner, 3, padding=1, bias=False)
        )
        self.conv_2 = nn.Conv2d(inner, inner, 3, padding=1, bias=False)
        self.conv_3: nn.Module = nn.Conv2d(inner, outputs, 1, bias=False)

    def forward(self, x: Tensor, affine: list[Affine], norm: Norm) -> Tensor:
        y = self.conv_0(norm(x, affine[0]))
        y = self.conv_1(norm(y, affine[1]))
        y = self.conv_2(norm(y, affine[2]))
        y = self.conv_3(norm(y, affine[3]))
        short = x[:, : self.outputs]
        if not self.up:
            return y.add_(short)
        if torch.compiler.is_exporting():  # engines know this form best
            return y + F.interpolate(short, scale_factor=2.0, mode="nearest")
        # eagerly: the sum with the up-sampled short cut, without writing that down
        cells = y.unflatten(3, (-1, 2)).unflatten(2, (-1, 2))
        return cells.add_(short[:, :, :, None, :, None]).flatten(4, 5).flatten(2, 3)


class _PixelProduct(nn.Module):
    """A convolution with a 1x1 kernel and no bias, as the matrix product that it is."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.register_buffer("weight", conv.weight.flatten(1).contiguous())

    def forward(self, x: Tensor) -> Tensor:
        return (self.weight @ x.flatten(2)).unflatten(2, x.shape[2:])


class _Attention(nn.Module):
    """Self-attention over positions; keys and values are max-pooled by 2 (appendix of the paper)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.split = (channels // 8, channels // 8 + channels // 2)
        self.project = nn.Conv2d(channels, sum(self.split), 1)
        self.back = nn.Conv2d(channels // 2, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        query, pooled = self.project(x).split(self.split, 1)
        key, value = (
            F.max_pool2d(pooled, 2).flatten(2).split((self.split[0], self.split[1] - self.split[0]), 1)
        )
        weights = torch.softmax(query.flatten(2).transpose(1, 2) @ key, -1)
        mixed = (value @ weights.transpose(1, 2)).unflatten(2, x.shape[2:])
        return x + self.back(mixed)


def _norm(x: Tensor, affine: Affine) -> Tensor:
    factor, offset = affine
    return torch.addcmul(offset, x, factor).relu_()


def _depthwise_norm(x: Tensor, affine: Affine) -> Tensor:
    factor, offset = affine
    return torch.relu(F.conv2d(x, factor.transpose(0, 1), offset.flatten(), groups=x.shape[1]))
