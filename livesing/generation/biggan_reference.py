"""BigGAN-deep written out plainly from its weights: the check of the served network, and random weights.

Nothing here is folded, shared or fast. Batch norm, spectral norm and the two halves of a block stand as
in the paper (arXiv 1809.11096, appendix B), with the names of pytorch-pretrained-biggan's weights, so it also
stands in for that package where the package is not installed.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from livesing.generation.biggan_config import START_PIXELS, BigGANConfig, state_shapes
from livesing.generation.biggan_fold import RGB, State

Statistics = Callable[[str, Tensor], tuple[Tensor, Tensor]]
"""(name of a batch norm, what enters it) -> (mean, variance), each [channels]."""


def picture(state: State, config: BigGANConfig, z: Tensor, classes: Tensor, truncation: float) -> Tensor:
    """z [B, 128], classes [B, 1000], one truncation for all -> [B, 3, H, W] in [-1, 1]."""

    def between_knots(name: str, _x: Tensor) -> tuple[Tensor, Tensor]:
        place = truncation * (config.knots - 1)
        below = min(int(place), config.knots - 2)
        share = place - below
        means, variances = state[f"{name}.running_means"], state[f"{name}.running_vars"]
        return torch.lerp(means[below], means[below + 1], share), torch.lerp(
            variances[below], variances[below + 1], share
        )

    return _forward(state, config, z, classes, between_knots)


def _forward(
    state: State, config: BigGANConfig, z: Tensor, classes: Tensor, statistics: Statistics
) -> Tensor:
    def weight(name: str) -> Tensor:
        raw, u, v = (state[f"{name}.weight_{part}"] for part in ("orig", "u", "v"))
        return raw / torch.dot(u, raw.flatten(1) @ v)

    def conv(name: str, x: Tensor) -> Tensor:
        raw = weight(name)
        return F.conv2d(x, raw, state.get(f"{name}.bias"), padding=raw.shape[-1] // 2)

    def norm(name: str, x: Tensor, scale: Tensor, offset: Tensor) -> Tensor:
        mean, variance = (row[:, None, None] for row in statistics(name, x))
        normal = (x - mean) / torch.sqrt(variance + config.eps)
        return torch.relu(normal * scale[..., None, None] + offset[..., None, None])

    def conditional(name: str, x: Tensor) -> Tensor:
        return norm(
            name, x, 1 + condition @ weight(f"{name}.scale").T, condition @ weight(f"{name}.offset").T
        )

    def attention(name: str, x: Tensor) -> Tensor:
        query = conv(f"{name}.snconv1x1_theta", x).flatten(2)
        key = F.max_pool2d(conv(f"{name}.snconv1x1_phi", x), 2).flatten(2)
        value = F.max_pool2d(conv(f"{name}.snconv1x1_g", x), 2).flatten(2)
        weights = torch.softmax(query.transpose(1, 2) @ key, -1)
        mixed = (value @ weights.transpose(1, 2)).unflatten(2, x.shape[2:])
        return x + state[f"{name}.gamma"] * conv(f"{name}.snconv1x1_o_conv", mixed)

    condition = torch.cat([z, classes @ state["embeddings.weight"].T], 1)
    start = condition @ weight("generator.gen_z").T + state["generator.gen_z.bias"]
    x = start.unflatten(1, (START_PIXELS, START_PIXELS, -1)).permute(0, 3, 1, 2).contiguous()
    for number, block in enumerate(config.blocks()):
        if number == config.attention_before:
            x = attention(f"generator.layers.{number}", x)
        name = f"generator.layers.{config.module(number)}"
        short = x[:, : block.outputs]
        y = conv(f"{name}.conv_0", conditional(f"{name}.bn_0", x))
        y = conditional(f"{name}.bn_1", y)
        if block.up:
            y, short = (F.interpolate(part, scale_factor=2.0, mode="nearest") for part in (y, short))
        y = conv(f"{name}.conv_1", y)
        y = conv(f"{name}.conv_2", conditional(f"{name}.bn_2", y))
        x = short + conv(f"{name}.conv_3", conditional(f"{name}.bn_3", y))
    last = "generator.bn"
    x = norm(last, x, state[f"{last}.weight"], state[f"{last}.bias"])
    return torch.tanh(conv("generator.conv_to_rgb", x)[:, :RGB])


def random_state(config: BigGANConfig, seed: int = 0) -> dict[str, Tensor]:
    """Random weights on which the network works as a trained one does: a measure of speed and rounding.

    Normal weights with their own spectral norm; standing statistics measured on two pictures (with room, or
    rounding would grow from block to block), and going a smooth way of their own over the truncations.
    With torch's starting values the picture would be flat, and any error would pass.
    """
    random = torch.Generator().manual_seed(seed)
    state: dict[str, Tensor] = {}
    for name, shape in state_shapes(config).items():
        part = name.rpartition(".")[2]
        if part == "running_vars":
            state[name] = torch.ones(shape)
        elif part in ("weight_u", "weight_v", "running_means"):
            state[name] = torch.zeros(shape)
        else:
            state[name] = torch.randn(shape, generator=random)
    for name in state:
        if name.endswith("weight_orig"):
            _settle_spectral_norm(state, name.removesuffix(".weight_orig"), random)
        elif name.endswith(".bias"):
            state[name] *= 0.1
    state["embeddings.weight"] *= 0.5
    state["generator.bn.weight"] = 1 + 0.2 * state["generator.bn.weight"]

    knots = torch.linspace(0, 1, config.knots)[:, None]

    def measure(name: str, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, variance = x.mean((0, 2, 3)), 3 * x.var((0, 2, 3), unbiased=False)
        phase = 6.3 * torch.rand(x.shape[1], generator=random)
        sway = 0.05 * (torch.sin(5 * (knots - 0.5) + phase) - torch.sin(phase))  # 0 at truncation .5
        state[f"{name}.running_means"] = mean + sway * variance.sqrt()
        state[f"{name}.running_vars"] = variance * (1 + sway)
        return mean, variance

    z = 0.5 * torch.randn(2, config.latent, generator=random).clamp(-2, 2)
    classes = torch.eye(config.classes)[torch.randint(config.classes, (2,), generator=random)]
    with torch.inference_mode(False), torch.no_grad():
        _forward(state, config, z, classes, measure)
    return state


def _settle_spectral_norm(state: dict[str, Tensor], name: str, random: torch.Generator) -> None:
    """Three power iterations: `weight_u` and `weight_v` are consistent and near the singular vectors."""
    matrix = state[f"{name}.weight_orig"].flatten(1)
    v = torch.randn(matrix.shape[1], generator=random)
    for _ in range(3):
        u = F.normalize(matrix @ v, dim=0)
        v = F.normalize(matrix.T @ u, dim=0)
    state[f"{name}.weight_u"], state[f"{name}.weight_v"] = u, v
