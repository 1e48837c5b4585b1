"""Other people's encoders and decoders for the deep tier: VGG-19's shape, at any width.

Two layouts are common. One names convolutions by their place in VGG-19 (`conv0.weight`, `conv11.weight` ...
as in Wang et al. 2020, "Collaborative Distillation for Ultra-Resolution Universal Style Transfer", whose 16x
encoders have a file a level and helpers named `_aux`), the other by their place in a Sequential (`0.weight`,
`2.weight` ...), with one encoder for all levels, for pictures in ImageNet's units. Which layer is which
follows from their order: an encoder begins with a convolution of one pixel from colour to colour, a decoder
ends with three channels.
"""

import re
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from livesing.errors import WeightsError
from livesing.style.deep_torch import TorchCascade

ENCODER = {1: 2, 2: 4, 3: 6, 4: 10, 5: 14}
DECODER = {1: 1, 2: 3, 3: 5, 4: 9, 5: 13}
"""Convolutions by level."""
POOLED = (3, 5, 9, 13)
"""Convolutions of an encoder before which the picture is halved; mirrored in a decoder."""
LEVELS = (4, 3, 2, 1)
MULTIPLE = 16
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

Layers = list[tuple[Tensor, Tensor]]
"""Weight and bias of each convolution, from the picture or the features on."""


class Part:
    """What one file holds: an encoder or a decoder of some level."""

    def __init__(self, state: Mapping[str, Tensor], name: str) -> None:
        """`name` is for messages. Raises WeightsError when it is neither."""
        self.layers = _in_order(state, name)
        self.numbered = all(key.split(".")[-2].isdecimal() for key in state if "_aux" not in key)
        first, last = self.layers[0][0].shape, self.layers[-1][0].shape
        self.encodes = tuple(first) == (3, 3, 1, 1)
        if not self.encodes and last[0] != 3:
            raise WeightsError(f"{name} is neither an encoder nor a decoder: {tuple(first)} to {tuple(last)}")
        known = ENCODER if self.encodes else DECODER
        levels = [level for level, count in known.items() if count == len(self.layers)]
        if not levels:
            kind = "encoder" if self.encodes else "decoder"
            raise WeightsError(f"{name}: no {kind} of levels 1 to 5 has {len(self.layers)} convolutions")
        self.level = levels[0]
        wide = 3
        for number, (weight, bias) in enumerate(self.layers):
            into = weight.shape[1] if not self.encodes and number == 0 else wide
            side = 1 if self.encodes and number == 0 else 3
            if tuple(weight.shape[1:]) != (into, side, side) or bias.shape != weight.shape[:1]:
                raise WeightsError(f"{name}: convolution {number} has the shape {tuple(weight.shape)}")
            wide = weight.shape[0]


def _in_order(state: Mapping[str, Tensor], name: str) -> Layers:
    """Convolutions as the picture passes through them: by their number in a Sequential; names of VGG-19's
    upwards in an encoder, downwards in a decoder."""
    found: dict[int, dict[str, Tensor]] = {}
    named = False
    for key, tensor in state.items():
        if "_aux" in key:
            continue
        match = re.search(r"(?:^|\.)(conv)?(\d+)\.(weight|bias)$", key)
        if match is None or not isinstance(tensor, Tensor):
            raise WeightsError(f"{name} holds {key!r}, which is no convolution of VGG-19's")
        named = named or match[1] is not None
        found.setdefault(int(match[2]), {})[match[3]] = tensor.float()
    if not found or any(len(pair) != 2 for pair in found.values()):
        raise WeightsError(f"{name} holds no convolutions, or not all of their weights and biases")
    downwards = named and 0 not in found
    return [(found[number]["weight"], found[number]["bias"]) for number in sorted(found, reverse=downwards)]


class VggLevel(nn.Module):
    """An encoder and its decoder."""

    def __init__(self, encoder: Layers, decoder: Layers, level: int, normalised: bool) -> None:
        """Raises WeightsError when they do not fit together."""
        super().__init__()
        if encoder[-1][0].shape[0] != decoder[0][0].shape[1]:
            features = encoder[-1][0].shape[0], decoder[0][0].shape[1]
            reason = f"its encoder has {features[0]} features and its decoder takes {features[1]}"
            raise WeightsError(f"level {level} does not fit together: {reason}")
        self.channels = int(encoder[-1][0].shape[0])
        self._encoder, self._decoder = len(encoder), len(decoder)
        for kind, layers in (("e", encoder), ("d", decoder)):
            for number, (weight, bias) in enumerate(layers):
                self.register_buffer(f"{kind}{number}_weight", weight)
                self.register_buffer(f"{kind}{number}_bias", bias)
        mean, deviation = IMAGENET if normalised else ((0.0,) * 3, (1.0,) * 3)
        self.register_buffer("mean", torch.tensor(mean)[:, None, None])
        self.register_buffer("deviation", torch.tensor(deviation)[:, None, None])

    def encode(self, picture: Tensor) -> Tensor:
        x = (picture - self.mean) / self.deviation
        for number in range(self._encoder):
            if number in POOLED:
                x = F.max_pool2d(x, 2)
            x = self._layer(f"e{number}", x)
            x = F.relu(x) if number else x
        return x

    def decode(self, features: Tensor) -> Tensor:
        x = features
        for number in range(self._decoder):
            x = self._layer(f"d{number}", x)
            left = self._decoder - 1 - number
            if left:
                x = F.relu(x)
            if left + 1 in POOLED:
                x = F.interpolate(x, scale_factor=2, mode="nearest")
        return x * self.deviation + self.mean

    def _layer(self, name: str, x: Tensor) -> Tensor:
        weight, bias = getattr(self, f"{name}_weight"), getattr(self, f"{name}_bias")
        if weight.shape[-1] == 3:
            x = F.pad(x, (1, 1, 1, 1), mode="reflect")
        return F.conv2d(x, weight, bias)


def vgg_cascade(parts: Sequence[Part], device: str | None = None) -> TorchCascade:
    """Levels 4 to 1 of the encoders and decoders at hand; an encoder serves levels above its own too. Raises
    WeightsError when one is missing."""
    encoders = {part.level: part for part in parts if part.encodes}
    decoders = {part.level: part for part in parts if not part.encodes}
    levels = []
    for level in LEVELS:
        deeper = [own for own in sorted(encoders) if own >= level]
        if not deeper or level not in decoders:
            lacking = "decoder" if deeper else "encoder"
            raise WeightsError(f"there is no {lacking} of level {level} among these weights")
        encoder = encoders[deeper[0]]
        layers = encoder.layers[: ENCODER[level]]
        levels.append(VggLevel(layers, decoders[level].layers, level, encoder.numbered))
    return TorchCascade(levels, [level.channels for level in levels], MULTIPLE, device)
