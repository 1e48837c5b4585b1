"""BigGAN-deep's weights under other names, turned into those of pytorch-pretrained-biggan.

package     the names of pytorch-pretrained-biggan: nothing to do
TF Hub      the variables of DeepMind's module (`Generator/GBlock_1/conv0/w/ema_0.9999` ...) and its standing
            statistics, the tensors `stack_1`, `stack_3` ..., in one file (docs/weights.md shows how to make
            it). Names as that package's own converter reads them
OpenMMLab   MMGeneration's BigGANDeepGenerator with spectral norm in torch's style (`conv_blocks.1.bn2.gain
            .weight_orig` ...), alone or in a checkpoint. It has standing statistics for one truncation only,
            so a live truncation moves z and nothing else
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from livesing.errors import WeightsError
from livesing.generation.biggan_config import CONFIGS, BigGANConfig, state_shapes
from livesing.generation.weights_file import tensors

AVERAGE = "/ema_0.9999"
"""TF Hub's module holds weights as trained and their moving average; the average draws."""
STACKS = (1, 3, 6, 8)
"""Of ten stacks in a row, those with (mean, variance) of one batch norm and of the next."""
MM_EPS = 1e-5
"""Of batch norm in MMGeneration; the package's own is config.eps."""
MM_PREFIXES = ("generator_ema.", "generator.", "")
"""In the order of preference: the average, what was trained, the generator alone."""
ATTENTION = ("theta", "phi", "g", "o_conv")

State = dict[str, Tensor]


def package_state(content: Mapping[str, Any], name: str) -> State:
    """The content of a file as tensors under the package's names; `name` is for the message.

    Raises WeightsError where it holds anything but tensors, or one of the other layouts not whole.
    """
    inner = content.get("state_dict", content)
    if not isinstance(inner, Mapping):
        raise WeightsError(f"{name} holds no weights by name")
    if any("Generator/GenZ/" in key for key in inner):
        return _from_tf_hub(tensors(inner, name), name)
    for prefix in MM_PREFIXES:
        if f"{prefix}noise2feat.weight_orig" in inner:
            own = {key[len(prefix) :]: inner[key] for key in inner if key.startswith(prefix)}
            return _from_openmmlab(tensors(own, name), name)
    return tensors(content, name)


def _config(blocks: int, name: str) -> BigGANConfig:
    for config in CONFIGS.values():
        if len(config.widths) == blocks:
            return config
    raise WeightsError(f"{name} has {blocks} blocks, as no BigGAN-deep has")


class _Reader:
    """Takes tensors out of a foreign state, and tells what is missing, or does not fit."""

    def __init__(self, state: State, config: BigGANConfig, name: str) -> None:
        self.state, self.name = state, name
        self.shapes = state_shapes(config)
        self.made: State = {}

    def take(self, foreign: str) -> Tensor:
        if foreign not in self.state:
            raise WeightsError(f"{self.name} is not whole: {foreign} is missing")
        tensor = self.state[foreign]
        if tensor.is_complex():
            raise WeightsError(f"{self.name}: {foreign} is complex")
        return tensor.float()

    def turned(self, foreign: str) -> Tensor:
        """A matrix, or a convolution's [height, width, in, out], with its outputs first."""
        tensor = self.take(foreign)
        if tensor.dim() not in (2, 4):
            raise WeightsError(f"{self.name}: {foreign} has {tensor.dim()} axes, not 2 or 4")
        return tensor.permute(3, 2, 0, 1) if tensor.dim() == 4 else tensor.T

    def put(self, own: str, tensor: Tensor) -> None:
        """`own` is the package's name. A tensor with axes of length 1 too many loses them."""
        shape = self.shapes[own]
        if [side for side in tensor.shape if side != 1] != [side for side in shape if side != 1]:
            raise WeightsError(f"{self.name}: {own} is {tuple(tensor.shape)}, not {shape}")
        self.made[own] = tensor.reshape(shape).contiguous()

    def put_normed(self, own: str, weight: Tensor, u: Tensor) -> None:
        """A weight under spectral norm and the estimate `u` of its left singular vector, as the package
        keeps them: one step of the power iteration on."""
        self.put(f"{own}.weight_orig", weight)
        self.put(f"{own}.weight_u", u)
        matrix = weight.flatten(1)
        v = torch.nn.functional.normalize(matrix.T @ u.flatten(), dim=0)
        self.put(f"{own}.weight_v", v)
        self.put(f"{own}.weight_u", torch.nn.functional.normalize(matrix @ v, dim=0))


def _from_tf_hub(state: State, name: str) -> State:
    # "module/Generator/..." where the names were asked of a session
    state = {key.removeprefix("module/").removesuffix(":0"): value for key, value in state.items()}
    blocks = {match[1] or "_0" for match in _matches(r"Generator/GBlock(_\d+)?/conv0/w", state)}
    config = _config(len(blocks), name)
    reader = _Reader(state, config, name)

    ending = AVERAGE if any(key.endswith(AVERAGE) for key in state) else ""

    def average(foreign: str) -> Tensor:
        return reader.take(foreign + ending)

    def normed(own: str, foreign: str) -> None:
        weight = reader.turned(f"{foreign}/w{ending}")
        reader.put_normed(own, weight.contiguous(), reader.take(f"{foreign}/u0"))
        if f"{own}.bias" in reader.shapes:
            reader.put(f"{own}.bias", average(f"{foreign}/b"))

    reader.put("embeddings.weight", reader.turned(f"linear/w{ending}"))
    normed("generator.gen_z", "Generator/GenZ/G_linear")
    norms = []
    for number in range(len(config.widths)):
        own = f"generator.layers.{config.module(number)}"
        foreign = f"Generator/GBlock_{number}" if number else "Generator/GBlock"
        for place in range(4):
            norms.append(f"{own}.bn_{place}")
            batch = f"{foreign}/BatchNorm_{place}" if place else f"{foreign}/BatchNorm"
            for part in ("scale", "offset"):
                normed(f"{norms[-1]}.{part}", f"{batch}/{part}")
            normed(f"{own}.conv_{place}", f"{foreign}/conv{place}")
    attention = f"generator.layers.{config.attention_before}"
    reader.put(f"{attention}.gamma", average("Generator/attention/gamma"))
    for part in ATTENTION:
        normed(f"{attention}.snconv1x1_{part}", f"Generator/attention/{part}")
    reader.put("generator.bn.weight", average("Generator/BatchNorm/scale"))
    reader.put("generator.bn.bias", average("Generator/BatchNorm/offset"))
    normed("generator.conv_to_rgb", "Generator/conv_to_rgb")
    for place, norm in enumerate([*norms, "generator.bn"]):
        for part, half in (("running_means", 0), ("running_vars", 1)):
            row, column = divmod(2 * place + half, len(STACKS))
            reader.put(f"{norm}.{part}", reader.take(f"stack_{10 * row + STACKS[column]}"))
    return reader.made


def _from_openmmlab(state: State, name: str) -> State:
    numbers = {int(match[1]) for match in _matches(r"conv_blocks\.(\d+)\.conv1\.conv\.weight_orig", state)}
    config = _config(len(numbers), name)
    reader = _Reader(state, config, name)

    def normed(own: str, foreign: str) -> None:
        for part in ("weight_orig", "weight_u", "weight_v"):
            reader.put(f"{own}.{part}", reader.take(f"{foreign}.{part}"))
        if f"{own}.bias" in reader.shapes:
            reader.put(f"{own}.bias", reader.take(f"{foreign}.bias"))

    def statistics(own: str, foreign: str) -> None:
        # the same for every truncation; its batch norm adds another small number to the variance
        mean, variance = (reader.take(f"{foreign}.running_{part}").flatten() for part in ("mean", "var"))
        reader.put(f"{own}.running_means", mean.expand(config.knots, -1))
        reader.put(f"{own}.running_vars", (variance + (MM_EPS - config.eps)).expand(config.knots, -1))

    reader.put("embeddings.weight", reader.turned("shared_embedding.weight"))
    normed("generator.gen_z", "noise2feat")
    for number in range(len(config.widths)):
        module = config.module(number)  # both count the attention among the blocks
        own, foreign = f"generator.layers.{module}", f"conv_blocks.{module}"
        for place in range(4):
            batch = f"{foreign}.bn{place + 1}"
            statistics(f"{own}.bn_{place}", f"{batch}.bn")
            normed(f"{own}.bn_{place}.scale", f"{batch}.gain")
            normed(f"{own}.bn_{place}.offset", f"{batch}.bias")
            normed(f"{own}.conv_{place}", f"{foreign}.conv{place + 1}.conv")
    attention = config.attention_before
    reader.put(f"generator.layers.{attention}.gamma", reader.take(f"conv_blocks.{attention}.gamma"))
    for part, theirs in zip(ATTENTION, ("theta", "phi", "g", "o"), strict=True):
        normed(f"generator.layers.{attention}.snconv1x1_{part}", f"conv_blocks.{attention}.{theirs}.conv")
    statistics("generator.bn", "output_layer.bn")
    reader.put("generator.bn.weight", reader.take("output_layer.bn.weight"))
    reader.put("generator.bn.bias", reader.take("output_layer.bn.bias"))
    _widen(reader, config)
    return reader.made


def _widen(reader: _Reader, config: BigGANConfig) -> None:
    """The last convolution: the package has channels that no picture shows; here they are zeros."""
    own, foreign = "generator.conv_to_rgb", "output_layer.conv"
    for part in ("weight_orig", "weight_u", "bias"):
        given = reader.take(f"{foreign}.{part}")
        if not given.dim():
            raise WeightsError(f"{reader.name}: {foreign}.{part} is a single number")
        blank = given.new_zeros(max(config.width - given.shape[0], 0), *given.shape[1:])
        reader.put(f"{own}.{part}", torch.cat([given, blank]))
    reader.put(f"{own}.weight_v", reader.take(f"{foreign}.weight_v"))


def _matches(pattern: str, names: Iterable[str]) -> Iterable[re.Match[str]]:
    return (match for match in (re.match(pattern, name) for name in names) if match)
