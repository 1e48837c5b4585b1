"""StyleGAN2 for inference: the paper's sums written out, both layouts of weights, psi and layers."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra [gan])")

import torch.nn.functional as F  # noqa: E402

from livesing.errors import WeightsError  # noqa: E402
from livesing.generation.engine import make_latents  # noqa: E402
from livesing.generation.stylegan2 import StyleGAN2, double, low_pass, modulated, upfirdn  # noqa: E402
from livesing.generation.stylegan2_weights import network, parts, random_state  # noqa: E402
from livesing.train.latent_space import style_space_of  # noqa: E402

WIDTH = 16


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    """A StyleGAN2 of 64 pixels with few channels, in rosinality's layout."""
    return random_state(64, seed=2, width=WIDTH, most=8)


@pytest.fixture(scope="module")
def net(state: dict[str, torch.Tensor]) -> StyleGAN2:
    return network(state)


def latents(count: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.RandomState(seed).randn(count, 128).clip(-2, 2)).float()


def one_hot(*indices: int) -> torch.Tensor:
    return torch.eye(1000)[list(indices)]


def distance(first: torch.Tensor, second: torch.Tensor) -> float:
    return float((first - second).square().mean().sqrt())


# ---------------------------------------------------------------------------------------- written out plainly


def direct_upfirdn(x: np.ndarray, kernel: np.ndarray, pad: tuple[int, int], up: int) -> np.ndarray:
    """By the definition, a pixel at a time: y[p] = sum of k[t] u[p - t], u with its zeros and its padding."""
    height, width = x.shape
    u = np.zeros((height * up + sum(pad), width * up + sum(pad)))
    u[pad[0] : pad[0] + height * up : up, pad[0] : pad[0] + width * up : up] = x
    taps = kernel.shape[0]
    out = np.zeros((u.shape[0] - taps + 1, u.shape[1] - taps + 1))
    for row in range(out.shape[0]):
        for column in range(out.shape[1]):
            for a in range(taps):
                for b in range(taps):
                    out[row, column] += kernel[a, b] * u[row + taps - 1 - a, column + taps - 1 - b]
    return out


@pytest.mark.parametrize(("up", "pad"), [(1, (1, 1)), (2, (2, 1)), (1, (2, 0)), (3, (1, 2))])
def test_upfirdn_is_its_definition(up: int, pad: tuple[int, int]) -> None:
    random = np.random.RandomState(0)
    x, kernel = random.randn(2, 3, 5, 4), random.randn(4, 4)
    result = upfirdn(torch.from_numpy(x), torch.from_numpy(kernel), pad, up)
    for n in range(2):
        for channel in range(3):
            expected = direct_upfirdn(x[n, channel], kernel, pad, up)
            np.testing.assert_allclose(result[n, channel].numpy(), expected, atol=1e-12)


def test_doubling_is_upfirdn_with_the_low_pass() -> None:
    x = torch.randn(2, 3, 5, 6)
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    kernel = torch.outer(taps, taps) / 16
    assert (double(x, low_pass()) - upfirdn(x, kernel, (2, 1), up=2)).abs().max() < 1e-5
    level = double(torch.full((1, 1, 8, 8), 0.7), low_pass())[..., 3:-3, 3:-3]
    assert (level - 0.7).abs().max() < 1e-6, "a flat picture stays as it is"


@pytest.mark.parametrize("up", [False, True])
def test_modulation_is_the_papers_sum_over_each_sample(up: bool) -> None:
    """Equations 1 and 3: a weight of its own for each sample, scaled by its style and then normalised."""
    x, weight, style = torch.randn(3, 5, 6, 6), torch.randn(4, 5, 3, 3), torch.randn(3, 5)
    power = weight.square().sum((2, 3)).T
    restore = torch.rsqrt(style.square() @ power + 1e-8)
    stored = weight.transpose(0, 1).contiguous() if up else weight
    result = modulated(x, stored, style, low_pass() if up else None) * restore[:, :, None, None]
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    for n in range(3):
        own = weight * style[n][None, :, None, None]
        own = own / torch.sqrt(own.square().sum((1, 2, 3), keepdim=True) + 1e-8)
        if up:
            wide = F.conv_transpose2d(x[n : n + 1], own.transpose(0, 1), stride=2)
            expected = upfirdn(wide, torch.outer(taps, taps) / 16, (1, 1))
            assert expected.shape[2:] == (12, 12)
        else:
            expected = F.conv2d(x[n : n + 1], own, padding=1)
        assert (result[n : n + 1] - expected).abs().max() < 1e-4


def plain_synthesis(state: dict[str, torch.Tensor], w: torch.Tensor) -> torch.Tensor:
    """The picture of w [3, WIDTH], from the layout's names alone: every layer by itself, as published."""

    def equal(name: str, x: torch.Tensor) -> torch.Tensor:
        weight = state[f"{name}.weight"]
        return x @ weight.T / math.sqrt(weight.shape[1]) + state[f"{name}.bias"]

    def convolve(name: str, x: torch.Tensor, side: int, *, demodulate: bool, up: bool) -> torch.Tensor:
        weight = state[f"{name}.weight"][0]
        weight = weight / math.sqrt(weight[0].numel())
        layer = 0 if side <= 8 else 1 if side <= 32 else 2
        weight = weight * equal(f"{name}.modulation", w[layer])[None, :, None, None]
        if demodulate:
            weight = weight / torch.sqrt(weight.square().sum((1, 2, 3), keepdim=True) + 1e-8)
        if not up:
            return F.conv2d(x, weight, padding=weight.shape[-1] // 2)
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
        wide = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
        return upfirdn(wide, torch.outer(taps, taps) / 16, (1, 1))

    def styled(name: str, x: torch.Tensor, side: int, number: int, *, up: bool) -> torch.Tensor:
        x = convolve(f"{name}.conv", x, side, demodulate=True, up=up)
        x = x + state[f"{name}.noise.weight"] * state[f"noises.noise_{number}"]
        return F.leaky_relu(x + state[f"{name}.activate.bias"][None, :, None, None], 0.2) * math.sqrt(2)

    def rgb(name: str, x: torch.Tensor, side: int) -> torch.Tensor:
        return convolve(f"{name}.conv", x, side, demodulate=False, up=False) + state[f"{name}.bias"]

    x = styled("conv1", state["input.input"], 4, 0, up=False)
    picture = rgb("to_rgb1", x, 4)
    for n in range(4):
        side = 8 << n
        x = styled(f"convs.{2 * n}", x, side, 2 * n + 1, up=True)
        x = styled(f"convs.{2 * n + 1}", x, side, 2 * n + 2, up=False)
        picture = double(picture, low_pass()) + rgb(f"to_rgbs.{n}", x, side)
    return picture


def test_the_network_is_the_published_one(state: dict[str, torch.Tensor], net: StyleGAN2) -> None:
    w = torch.randn(2, 3, WIDTH)
    with torch.inference_mode():
        result = net.synthesis(w)
    assert result.shape == (2, 3, 64, 64)
    for row in range(2):
        expected = plain_synthesis(state, w[row])
        assert expected.std() > 0.2
        assert (result[row : row + 1] - expected).abs().max() < 1e-4


# -------------------------------------------------------------------------------------------- files of others


def as_nvidia(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same network under the names of stylegan2-ada-pytorch's G_ema."""
    out = {"synthesis.b4.const": state["input.input"][0], "mapping.w_avg": parts(state).average}
    for n in range(1, 9):
        for part in ("weight", "bias"):
            out[f"mapping.fc{n - 1}.{part}"] = state[f"style.{n}.{part}"]

    def conv(source: str, target: str, number: int) -> None:
        out[f"{target}.weight"] = state[f"{source}.conv.weight"][0]
        out[f"{target}.bias"] = state[f"{source}.activate.bias"]
        out[f"{target}.noise_strength"] = state[f"{source}.noise.weight"][0]
        out[f"{target}.noise_const"] = state[f"noises.noise_{number}"][0, 0]
        out[f"{target}.resample_filter"] = torch.ones(4, 4)
        affine(source, target)

    def affine(source: str, target: str) -> None:
        for part in ("weight", "bias"):
            out[f"{target}.affine.{part}"] = state[f"{source}.conv.modulation.{part}"]

    def rgb(source: str, target: str) -> None:
        out[f"{target}.weight"] = state[f"{source}.conv.weight"][0]
        out[f"{target}.bias"] = state[f"{source}.bias"][0, :, 0, 0]
        affine(source, target)

    conv("conv1", "synthesis.b4.conv1", 0)
    rgb("to_rgb1", "synthesis.b4.torgb")
    for n in range(4):
        block = f"synthesis.b{8 << n}"
        conv(f"convs.{2 * n}", f"{block}.conv0", 2 * n + 1)
        conv(f"convs.{2 * n + 1}", f"{block}.conv1", 2 * n + 2)
        rgb(f"to_rgbs.{n}", f"{block}.torgb")
    return out


def test_both_layouts_are_one_network(state: dict[str, torch.Tensor], net: StyleGAN2) -> None:
    theirs = as_nvidia(state)
    lists = {k: v.reshape(1) if k.endswith("noise_strength") else v for k, v in theirs.items()}
    arguments = latents(1), one_hot(3), torch.tensor([0.7])
    with torch.inference_mode():
        for form in (theirs, lists):
            assert (network(form)(*arguments) - net(*arguments)).abs().max() < 1e-5


def test_a_checkpoint_with_its_average(state: dict[str, torch.Tensor]) -> None:
    average = torch.linspace(-1, 1, WIDTH)
    checkpoint = {"g": {}, "g_ema": state, "latent_avg": average, "args": None}
    assert torch.equal(network(checkpoint).average, average)
    for wrong in (torch.zeros(WIDTH + 1), average * float("nan")):
        with pytest.raises(WeightsError, match="latent_avg"):
            network(checkpoint | {"latent_avg": wrong})


def test_a_name_alone_is_no_generator() -> None:
    for name in ("synthesis.b4.const", "conv1.conv.weight"):
        with pytest.raises(WeightsError, match="not the weights"):
            network({name: torch.zeros(1, 1, 1, 3, 3), "input.input": torch.zeros(1)})


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda state: state.clear(), "not the weights"),
        (lambda state: state.pop("convs.3.noise.weight"), r"convs\.3\.noise\.weight"),
        (lambda state: state.update(extra=torch.zeros(1)), "extra"),
        (lambda state: state.update({"to_rgb1.bias": torch.zeros(3)}), "does not fit"),
        (lambda state: state["conv1.activate.bias"].fill_(float("inf")), "damaged"),
    ],
)
def test_other_weights_are_refused(spoil, words: str, state: dict[str, torch.Tensor]) -> None:  # type: ignore[no-untyped-def]
    spoilt = {name: value.clone() for name, value in state.items()}
    spoil(spoilt)
    with pytest.raises(WeightsError, match=words):
        network(spoilt)


# ---------------------------------------------------------------------------------------- as a live generator


def test_psi_leads_from_the_average_outwards(net: StyleGAN2) -> None:
    with torch.inference_mode():
        average = net.synthesis(net.average.expand(1, 3, -1))
        for seed in (0, 1):
            assert torch.equal(net(latents(1, seed), one_hot(seed), torch.zeros(1)), average)
        worst = []
        for count in (20, 40):
            frames = [
                net(latents(1), one_hot(5), torch.tensor([t]))
                for t in np.linspace(0, 1, count + 1, dtype="f4")
            ]
            worst.append(max(distance(a, b) for a, b in zip(frames[1:], frames[:-1], strict=True)))
    assert 0 < worst[1] < 0.6 * worst[0]


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_every_layer_matters(net: StyleGAN2, layer: int) -> None:
    z, classes, psi = latents(1)[:, None].repeat(1, 3, 1), one_hot(4)[:, None].repeat(1, 3, 1), torch.ones(1)
    other_z, other_classes = z.clone(), classes.clone()
    other_z[:, layer], other_classes[:, layer] = latents(1, 9), one_hot(77)
    with torch.inference_mode():
        before = net(z, classes, psi)
        assert distance(before, net(other_z, classes, psi)) > 0.02
        assert distance(before, net(z, other_classes, psi)) > 0.02


def test_fixed_noise_stands_still_and_live_noise_moves(state: dict[str, torch.Tensor]) -> None:
    arguments = latents(1), one_hot(1), torch.tensor([0.7])
    with torch.inference_mode():
        for noise, still in (("fixed", True), ("none", True), ("live", False)):
            net = StyleGAN2(parts(state), noise=noise)  # type: ignore[arg-type]
            first, second = net(*arguments), net(*arguments)
            assert torch.equal(first, second) == still
            assert distance(first, second) < 0.3


def test_the_same_file_is_the_same_generator(state: dict[str, torch.Tensor], net: StyleGAN2) -> None:
    arguments = latents(1), one_hot(1), torch.tensor([0.7])
    with torch.inference_mode():
        assert torch.equal(network(state)(*arguments), net(*arguments))


# ------------------------------------------------------------------------------------------ places in w


def test_any_w_is_drawn_by_class_numbers(net: StyleGAN2) -> None:
    """What a personal translator asks for: numbers that need not be mixtures."""
    space = style_space_of(net)
    z, shares = latents(3).numpy().astype(float), one_hot(5, 70, 900).numpy().astype(float)
    w = space.places(shares, z)
    truth = net(latents(3), one_hot(5, 70, 900), torch.ones(3))
    across = net.average + torch.from_numpy(w).float()[:, None].expand(-1, 3, -1)
    assert distance(net.synthesis(across), truth) < 1e-4
    matrix, start = space.mixer(z[0])
    numbers = torch.from_numpy(w @ matrix + start).float()
    assert (numbers.sum(dim=1) - 1).abs().max() < 1e-4
    told = net(latents(1).expand(3, -1), numbers, torch.ones(3))
    assert distance(told, truth) < 0.01 < distance(truth[:1], truth[1:2])


def test_stylegan2_alone_takes_class_numbers_beyond_mixtures() -> None:
    z, numbers = np.zeros((1, 128), np.float32), np.zeros((1, 1000), np.float32)
    numbers[0, :2] = 1.5, -0.5
    assert make_latents(z, numbers, 0.5, inside=False).classes[0, 0, 1] == -0.5
    with pytest.raises(ValueError, match="mixtures"):
        make_latents(z, numbers, 0.5)
    with pytest.raises(ValueError, match="summing to 1"):
        make_latents(z, 2 * numbers, 0.5, inside=False)
