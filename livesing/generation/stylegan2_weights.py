"""StyleGAN2's weights from the two usual layouts, checked name by name.

rosinality   `.pt` files of the PyTorch implementation that most artists' models come in: a dict with `g_ema`
             (or the generator's state dict alone) and, often, `latent_avg`
NVIDIA       the state dict of `G_ema` from stylegan2-ada-pytorch's `.pkl`, saved as safetensors (a pickle
             runs whatever is in it, so it is turned into safetensors once, where NVIDIA's code is)

Both keep weights before their gains (equalised learning rate: 1 / sqrt(inputs), and .01 in the mapping),
which are multiplied in here. Sizes of everything follow from the shapes.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

import torch
from torch import Tensor

from livesing.errors import WeightsError
from livesing.generation.stylegan2 import Conv, Parts, StyleGAN2, ToRgb, mapped
from livesing.generation.weights_file import is_plain

MAPPING_RATE = 0.01
"""The mapping's learning rate as a share of the rest's; it is part of the gains."""
AVERAGED = 4096
"""z that are mapped for the average w where a file does not hold it."""

State = Mapping[str, Tensor]
Shapes = dict[str, tuple[int, ...]]


def network(content: Mapping[str, Any]) -> StyleGAN2:
    """The generator of a file's content. Raises WeightsError when it is no StyleGAN2."""
    return StyleGAN2(parts(content))


def parts(content: Mapping[str, Any]) -> Parts:
    """The weights of a file's content, gains multiplied in. Raises WeightsError when it is no StyleGAN2."""
    state, average = _state(content)
    layout = _layout(state)
    if layout is None:
        raise WeightsError("these are not the weights of a StyleGAN2 in rosinality's or NVIDIA's layout")
    return layout(state, average)


def is_stylegan2(content: Mapping[str, Any]) -> bool:
    """Whether the names look like one of the layouts; `parts` checks them all."""
    return _layout(_state(content)[0]) is not None


def _state(content: Mapping[str, Any]) -> tuple[dict[str, Tensor], Tensor | None]:
    inner = content.get("g_ema", content.get("G_ema", content))
    state = inner if isinstance(inner, Mapping) else {}
    average = content.get("latent_avg")
    tensors = {name: value.float() for name, value in state.items() if _is_float(value)}
    return tensors, average.float().flatten() if _is_float(average) else None


def _is_float(value: object) -> TypeGuard[Tensor]:
    return is_plain(value) and value.is_floating_point()


def _layout(state: State) -> Callable[[State, Tensor | None], Parts] | None:
    if "conv1.conv.weight" in state and "input.input" in state:
        return _rosinality
    return _nvidia if "synthesis.b4.const" in state else None


def _rosinality(state: State, average: Tensor | None) -> Parts:
    stages = 1 + _count(state, "to_rgbs.{}.bias")
    depth = _count(state, "style.{}.weight", 1)
    width = _width(state, "style.1.weight")
    shapes: Shapes = {f"style.{n}.{part}": _square(part, width) for n in range(1, depth + 1) for part in _WB}
    ups = [f"convs.{2 * n}.conv.weight" for n in range(stages - 1)]
    channels = _channels(state, ["conv1.conv.weight", *ups])
    shapes["input.input"] = (1, channels[0], 4, 4)

    def conv_shapes(name: str, inputs: int, outputs: int) -> None:
        shapes[f"{name}.conv.weight"] = (1, outputs, inputs, 3, 3)
        _style_shapes(shapes, f"{name}.conv.modulation", inputs, width)
        shapes[f"{name}.noise.weight"] = (1,)
        shapes[f"{name}.activate.bias"] = (outputs,)

    def conv(name: str, number: int) -> Conv:
        weight = state[f"{name}.conv.weight"][0]
        side = 4 << ((number + 1) // 2)
        still = state.get(f"noises.noise_{number}")
        if still is None or still.numel() != side * side:
            still = torch.randn(side, side, generator=torch.Generator().manual_seed(number))
        return Conv(
            _gained(weight),
            *_style(state, f"{name}.conv.modulation"),
            still.reshape(side, side) * state[f"{name}.noise.weight"],
            state[f"{name}.activate.bias"],
        )

    def rgb(name: str) -> ToRgb:
        weight = _gained(state[f"{name}.conv.weight"][0])[:, :, 0, 0]
        return ToRgb(weight, *_style(state, f"{name}.conv.modulation"), state[f"{name}.bias"].flatten())

    names = [["conv1"]] + [[f"convs.{2 * n}", f"convs.{2 * n + 1}"] for n in range(stages - 1)]
    rgbs = ["to_rgb1"] + [f"to_rgbs.{n}" for n in range(stages - 1)]
    for n in range(stages):
        before = channels[max(n - 1, 0)]
        for name, inputs in zip(names[n], [before, channels[n]], strict=False):
            conv_shapes(name, inputs, channels[n])
        shapes[f"{rgbs[n]}.bias"] = (1, 3, 1, 1)
        shapes[f"{rgbs[n]}.conv.weight"] = (1, 3, channels[n], 1, 1)
        _style_shapes(shapes, f"{rgbs[n]}.conv.modulation", channels[n], width)
    if average is not None:
        shapes["latent_avg"] = (width,)
    _check(state if average is None else {**state, "latent_avg": average}, shapes, ("noises.", ".kernel"))
    mapping = [_mapped(state, f"style.{n}") for n in range(1, depth + 1)]
    numbers = iter(range(2 * stages))
    convs = [[conv(name, next(numbers)) for name in row] for row in names]
    return Parts(
        mapping,
        _average(mapping, width) if average is None else average,
        state["input.input"][0],
        convs,
        [rgb(name) for name in rgbs],
    )


def _nvidia(state: State, average: Tensor | None) -> Parts:
    # numbers, which some ways to safetensors turn into lists of one
    single = {name: value.reshape(()) for name, value in state.items() if _is_strength(name, value)}
    state = {**state, **single}
    sides: list[int] = []
    while f"synthesis.b{4 << len(sides)}.torgb.weight" in state:
        sides.append(4 << len(sides))
    if not sides:
        raise WeightsError("these are not the weights of a StyleGAN2: synthesis.b4.torgb.weight is missing")
    depth = _count(state, "mapping.fc{}.weight")
    width = _width(state, "mapping.fc0.weight")
    if "mapping.embed.weight" in state:
        raise WeightsError("this StyleGAN2 was trained with classes of its own, which is not supported")
    shapes: Shapes = {f"mapping.fc{n}.{part}": _square(part, width) for n in range(depth) for part in _WB}
    shapes["mapping.w_avg"] = (width,)
    channels = _channels(state, [f"synthesis.b{side}.conv1.weight" for side in sides])
    shapes["synthesis.b4.const"] = (channels[0], 4, 4)
    convs, rgbs = [], []
    for n, side in enumerate(sides):
        block = f"synthesis.b{side}"
        row = [(f"{block}.conv0", channels[n - 1])] * (n > 0) + [(f"{block}.conv1", channels[n])]
        for name, inputs in row:
            shapes[f"{name}.weight"] = (channels[n], inputs, 3, 3)
            shapes[f"{name}.bias"] = (channels[n],)
            shapes[f"{name}.noise_const"] = (side, side)
            shapes[f"{name}.noise_strength"] = ()
            _style_shapes(shapes, f"{name}.affine", inputs, width)
        shapes[f"{block}.torgb.weight"] = (3, channels[n], 1, 1)
        shapes[f"{block}.torgb.bias"] = (3,)
        _style_shapes(shapes, f"{block}.torgb.affine", channels[n], width)
        convs.append([name for name, _ in row])
        rgbs.append(f"{block}.torgb")
    _check(state, shapes, (".resample_filter",))
    return Parts(
        [_mapped(state, f"mapping.fc{n}") for n in range(depth)],
        state["mapping.w_avg"],
        state["synthesis.b4.const"],
        [[_nvidia_conv(state, name) for name in row] for row in convs],
        [_nvidia_rgb(state, name) for name in rgbs],
    )


def _is_strength(name: str, value: Tensor) -> bool:
    return name.endswith(".noise_strength") and value.numel() == 1


def _nvidia_rgb(state: State, name: str) -> ToRgb:
    weight = _gained(state[f"{name}.weight"])[:, :, 0, 0]
    return ToRgb(weight, *_style(state, f"{name}.affine"), state[f"{name}.bias"])


def _nvidia_conv(state: State, name: str) -> Conv:
    return Conv(
        _gained(state[f"{name}.weight"]),  # their own has no gain here: demodulation takes it away
        *_style(state, f"{name}.affine"),
        state[f"{name}.noise_const"] * state[f"{name}.noise_strength"],
        state[f"{name}.bias"],
    )


_WB = ("weight", "bias")


def _square(part: str, width: int) -> tuple[int, ...]:
    return (width, width) if part == "weight" else (width,)


def _style_shapes(shapes: Shapes, name: str, inputs: int, width: int) -> None:
    shapes[f"{name}.weight"] = (inputs, width)
    shapes[f"{name}.bias"] = (inputs,)


def _count(state: State, name: str, first: int = 0) -> int:
    count = 0
    while name.format(first + count) in state:
        count += 1
    return count


def _width(state: State, first: str) -> int:
    """Of w, by the mapping's first layer."""
    if first not in state or not state[first].dim():
        raise WeightsError(f"these are not the weights of a StyleGAN2: {first} is missing")
    return state[first].shape[0]


def _channels(state: State, names: list[str]) -> list[int]:
    missing = [name for name in names if name not in state or state[name].dim() < 4]
    if missing:
        raise WeightsError(f"these are not the weights of a StyleGAN2: {missing[0]} is missing")
    return [state[name].shape[-4] for name in names]


def _check(state: State, shapes: Shapes, besides: tuple[str, ...]) -> None:
    """Raises WeightsError unless `state` has these names and shapes, and none but `besides`."""
    for name, shape in shapes.items():
        if name not in state:
            raise WeightsError(f"these are not the weights of a StyleGAN2: {name} is missing")
        if tuple(state[name].shape) != shape:
            found = tuple(state[name].shape)
            raise WeightsError(f"this StyleGAN2 does not fit together: {name} is {found}, not {shape}")
        if not torch.isfinite(state[name]).all():
            raise WeightsError(f"{name} has values that are not finite numbers: the file is damaged")
    for name in state:
        if name not in shapes and not any(part in name for part in besides):
            raise WeightsError(f"{name} belongs to no StyleGAN2 that is known here")


def _gained(weight: Tensor) -> Tensor:
    """Equalised: over the root of the number of inputs of an output."""
    return weight / math.sqrt(weight[0].numel())


def _style(state: State, name: str) -> tuple[Tensor, Tensor]:
    return _gained(state[f"{name}.weight"]), state[f"{name}.bias"]


def _mapped(state: State, name: str) -> tuple[Tensor, Tensor]:
    return _gained(state[f"{name}.weight"]) * MAPPING_RATE, state[f"{name}.bias"] * MAPPING_RATE


def _average(mapping: list[tuple[Tensor, Tensor]], width: int) -> Tensor:
    z = torch.randn(AVERAGED, width, generator=torch.Generator().manual_seed(1))
    return mapped(z, mapping).mean(0)


def random_state(
    resolution: int = 256, seed: int = 0, width: int = 512, most: int = 512
) -> dict[str, Tensor]:
    """Random weights in rosinality's layout, as training starts with them, and noise of a usual strength."""
    random = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=random)

    sides = [4 << n for n in range(int(math.log2(resolution)) - 1)]
    channels = [min(most, 32768 // side) for side in sides]
    state = {"input.input": normal(1, channels[0], 4, 4)}
    for n in range(1, 9):
        state[f"style.{n}.weight"] = normal(width, width) / MAPPING_RATE
        state[f"style.{n}.bias"] = 10 * normal(width)

    def style(name: str, inputs: int) -> None:
        state[f"{name}.modulation.weight"] = normal(inputs, width)
        state[f"{name}.modulation.bias"] = torch.ones(inputs)

    def conv(name: str, inputs: int, outputs: int) -> None:
        state[f"{name}.conv.weight"] = normal(1, outputs, inputs, 3, 3)
        style(f"{name}.conv", inputs)
        state[f"{name}.noise.weight"] = torch.full((1,), 0.05)
        state[f"{name}.activate.bias"] = 0.1 * normal(outputs)

    def rgb(name: str, inputs: int) -> None:
        state[f"{name}.conv.weight"] = 0.3 * normal(1, 3, inputs, 1, 1)
        style(f"{name}.conv", inputs)
        state[f"{name}.bias"] = torch.zeros(1, 3, 1, 1)

    conv("conv1", channels[0], channels[0])
    rgb("to_rgb1", channels[0])
    for n in range(1, len(sides)):
        conv(f"convs.{2 * n - 2}", channels[n - 1], channels[n])
        conv(f"convs.{2 * n - 1}", channels[n], channels[n])
        rgb(f"to_rgbs.{n - 1}", channels[n])
    for n in range(2 * len(sides) - 1):
        side = 4 << ((n + 1) // 2)
        state[f"noises.noise_{n}"] = normal(1, 1, side, side)
    return state


def random_network(seed: int, resolution: int = 256) -> StyleGAN2:
    return network(random_state(resolution, seed))
