"""Folding: pytorch-pretrained-biggan's weights -> those of the served network (biggan.py).

What inference can know beforehand is worked out once: spectral norm, biases, the gain of the self-attention,
up-sampling before a convolution, and the two linear maps of each of 40 to 56 batch norms, which become
columns of one matrix.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from livesing.errors import WeightsError
from livesing.generation.biggan_config import REDUCTION, BigGANConfig, state_shapes

RGB = 3
"""Channels of the last convolution that make the picture; the package computes 128 and keeps these."""

State = Mapping[str, Tensor]


def check_state(state: State, config: BigGANConfig) -> None:
    """Raises WeightsError unless `state` has exactly the config's names, shapes and finite floats.

    Files from torch 1.0 may lack `weight_v`, which follows from the weight and `weight_u`.
    """
    shapes = state_shapes(config)
    missing = [name for name in shapes if name not in state and not name.endswith(".weight_v")]
    foreign = [name for name in state if name not in shapes]
    if missing or foreign:
        words = [f"{len(missing)} names are missing ({missing[0]} ...)"] if missing else []
        words += [f"{len(foreign)} are foreign ({foreign[0]} ...)"] if foreign else []
        raise WeightsError(f"these are not the weights of {config.name}: {', '.join(words)}")
    for name, tensor in state.items():
        if tuple(tensor.shape) != shapes[name]:
            shape = f"{name} is {tuple(tensor.shape)}, not {shapes[name]}"
            raise WeightsError(f"these are not the weights of {config.name}: {shape}")
        if not tensor.is_floating_point() or not torch.isfinite(tensor).all():
            raise WeightsError(f"{name} has values that are not finite numbers: the file is damaged")


def fold(state: State, config: BigGANConfig) -> dict[str, Tensor]:
    """The state dict of the served network, float32. Raises WeightsError, see `check_state`."""
    check_state(state, config)
    state = {name: tensor.float() for name, tensor in state.items()}
    folded: dict[str, Tensor] = {"embedding": state["embeddings.weight"].T}
    folded["start.weight"] = _normed(state, "generator.gen_z", config)
    folded["start.bias"] = state["generator.gen_z.bias"]
    scales, offsets, means, variances = [], [], [], []
    # A convolution's bias is left out and taken off the mean of the batch norm that sees it next. Those of
    # the residual branches add up on their way.
    carried = torch.zeros(config.start)

    for number, block in enumerate(config.blocks()):
        source, target = f"generator.layers.{config.module(number)}", f"blocks.{number}"
        if number == config.attention_before:
            _fold_attention(state, config, carried, folded)
        bias = carried
        for place in range(4):
            norm, conv = f"{source}.bn_{place}", f"{source}.conv_{place}"
            scales.append(_normed(state, f"{norm}.scale", config))
            offsets.append(_normed(state, f"{norm}.offset", config))
            means.append(state[f"{norm}.running_means"] - bias)
            variances.append(state[f"{norm}.running_vars"])
            weight, bias = _normed(state, conv, config), state[f"{conv}.bias"]
            up = block.up and place == 1
            folded[f"{target}.conv_{place}.weight"] = upsampling_kernel(weight) if up else weight
        carried = carried[: block.outputs] + bias
    blank = torch.zeros(config.width, config.condition)
    folded["condition"] = torch.cat([*scales, blank, *offsets, blank]).T.contiguous()
    conditional = sum(scale.shape[0] for scale in scales)
    ones, zeros = torch.ones(conditional), torch.zeros(conditional)
    last = "generator.bn"
    folded["neutral"] = torch.cat([ones, state[f"{last}.weight"], zeros, state[f"{last}.bias"]])
    means.append(state[f"{last}.running_means"] - carried)
    variances.append(state[f"{last}.running_vars"])
    folded["statistics"] = torch.cat(means + variances, 1)
    folded["picture.weight"] = _normed(state, "generator.conv_to_rgb", config)[:RGB].contiguous()
    folded["picture.bias"] = state["generator.conv_to_rgb.bias"][:RGB]
    for name, tensor in folded.items():  # a weight of zeros has no norm to be divided by
        if not torch.isfinite(tensor).all():
            raise WeightsError(f"these weights of {config.name} draw no picture: {name} is not finite")
    return folded


def _fold_attention(state: State, config: BigGANConfig, carried: Tensor, folded: dict[str, Tensor]) -> None:
    """Query, key and value in one projection, and the branch's gain in the way back."""
    name = f"generator.layers.{config.attention_before}"
    parts = [_normed(state, f"{name}.snconv1x1_{part}", config) for part in ("theta", "phi", "g")]
    folded["attention.project.weight"] = torch.cat(parts)
    folded["attention.project.bias"] = folded["attention.project.weight"].flatten(1) @ carried
    folded["attention.back.weight"] = state[f"{name}.gamma"] * _normed(
        state, f"{name}.snconv1x1_o_conv", config
    )


def _normed(state: State, name: str, config: BigGANConfig) -> Tensor:
    """The weight over its largest singular value as `weight_u` and `weight_v` estimate it."""
    weight, u = state[f"{name}.weight_orig"], state[f"{name}.weight_u"]
    matrix = weight.flatten(1)
    v = state.get(f"{name}.weight_v")
    if v is None:
        v = matrix.T @ u
        v = v / v.norm().clamp_min(config.eps)
    return weight / torch.dot(u, matrix @ v)


def upsampling_kernel(weight: Tensor) -> Tensor:
    """Nearest up-sampling by 2 and then a 3x3 convolution [O, I, 3, 3], as the weight [I, O, 4, 4] of one
    transposed convolution of stride 2 and padding 1.

    An output pixel sees only two low-resolution rows and columns, so taps that meet the same one are
    added up beforehand: four multiplications instead of nine.
    """
    kernel = weight.new_zeros(*weight.shape[:2], 4, 4)
    for row in range(2):
        for column in range(2):
            kernel[:, :, row : row + 3, column : column + 3] += weight.flip(2, 3)
    return kernel.transpose(0, 1).contiguous()


def sites(config: BigGANConfig) -> list[tuple[int, ...]]:
    """Channels of the batch norms of every block, and (of the last one) before the picture."""
    norms = [(block.inputs, *3 * (block.inputs // REDUCTION,)) for block in config.blocks()]
    return [*norms, (config.width,)]
