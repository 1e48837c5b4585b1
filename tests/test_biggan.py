"""The served BigGAN-deep: the package's pictures on the package's weights, and what it can do beyond."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra [gan])")

from livesing.errors import WeightsError  # noqa: E402
from livesing.generation.biggan import BigGAN  # noqa: E402
from livesing.generation.biggan_config import CONFIGS, BigGANConfig, frame_gflop, state_shapes  # noqa: E402
from livesing.generation.biggan_fold import fold, upsampling_kernel  # noqa: E402
from livesing.generation.biggan_reference import picture, random_state  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def _inference() -> Iterator[None]:
    with torch.inference_mode():
        yield


def latents(count: int, seed: int = 0) -> torch.Tensor:
    """z [count, 128] as the show draws it: normal, truncated at 2, at truncation .5."""
    return torch.from_numpy(0.5 * np.random.RandomState(seed).randn(count, 128).clip(-2, 2)).float()


def one_hot(*indices: int) -> torch.Tensor:
    return torch.eye(1000)[list(indices)]


def layered(rows: torch.Tensor) -> torch.Tensor:
    return rows[:, None].repeat(1, 3, 1)


def distance(first: torch.Tensor, second: torch.Tensor) -> float:
    return float((first - second).square().mean().sqrt())


# ------------------------------------------------------------------------------------------- the package


def package_model(state: dict[str, torch.Tensor], config: BigGANConfig) -> torch.nn.Module:
    biggan = pytest.importorskip("pytorch_pretrained_biggan", reason="the package to compare with is missing")
    upstream = biggan.BigGANConfig(
        output_dim=config.resolution,
        channel_width=config.width,
        layers=[tuple(block) for block in config.widths],
        attention_layer_position=config.attention_before,
    )
    with torch.device("meta"):
        model = biggan.BigGAN(upstream)
    model.load_state_dict(state, strict=True, assign=True)
    return model.eval()


FOR_THE_PACKAGE = BigGANConfig(
    64,
    ((False, 16, 16), (True, 16, 8), (True, 8, 4), (True, 4, 2), (True, 2, 1)),
    attention_before=4,
    width=8,
)
"""In small; the package insists on a first block of 16 units."""


def test_it_draws_what_the_package_draws() -> None:
    """On knots of the truncation, where the package's interpolation is right."""
    state = random_state(FOR_THE_PACKAGE, seed=3)
    model, ours = package_model(state, FOR_THE_PACKAGE), BigGAN.from_state(state, FOR_THE_PACKAGE)
    suited = BigGAN.from_state(state, FOR_THE_PACKAGE).suit_onnxruntime()
    for net, knot in (ours, 0.04), (ours, 0.5), (ours, 1.0), (suited, 0.5):
        assert_alike(net, model, knot)


@pytest.mark.parametrize("name", CONFIGS)
def test_every_size_draws_what_the_package_draws(name: str) -> None:
    """With its own blocks, of few channels each."""
    config = replace(CONFIGS[name], width=4)
    state = random_state(config, seed=3)
    net = BigGAN.from_state(state, config).to(memory_format=torch.channels_last)
    assert_alike(net, package_model(state, config), 0.04)


def assert_alike(net: BigGAN, model: torch.nn.Module, knot: float) -> None:
    z, classes = latents(1), one_hot(907)
    expected = model(z, classes, knot)
    served = net(z, classes, torch.tensor([knot]))
    assert expected.std() > 0.2, "a flat picture would hide any error"
    assert expected.abs().mean() < 0.8, "so would one that is all black and white"
    assert (served - expected).abs().max() < 1e-4


@pytest.mark.parametrize("name", CONFIGS)
def test_names_and_shapes_are_the_packages(name: str) -> None:
    biggan = pytest.importorskip("pytorch_pretrained_biggan", reason="the package to compare with is missing")
    config = CONFIGS[name]
    with torch.device("meta"):
        model = biggan.BigGAN(biggan.BigGANConfig(layers=[tuple(block) for block in config.widths]))
    assert {key: tuple(value.shape) for key, value in model.state_dict().items()} == state_shapes(config)
    # its README: 50.4, 55.9 and 56.2 million parameters
    expected = {"biggan-deep-128": 50.4, "biggan-deep-256": 55.9, "biggan-deep-512": 56.2}[name]
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(expected, abs=0.05)


def test_the_plain_reference_is_the_package_too() -> None:
    state = random_state(FOR_THE_PACKAGE, seed=4)
    z, classes = latents(1, 1), one_hot(11)
    expected = package_model(state, FOR_THE_PACKAGE)(z, classes, 0.5)
    assert expected.std() > 0.2
    assert (picture(state, FOR_THE_PACKAGE, z, classes, 0.5) - expected).abs().max() < 1e-4


# ------------------------------------------------------------------------------------------ a small sister

SMALL = BigGANConfig(
    64, ((False, 4, 4), (True, 4, 4), (True, 4, 4), (True, 4, 2), (True, 2, 1)), attention_before=4, width=16
)
"""The same architecture in small, where a picture costs a millisecond."""


@pytest.fixture(scope="module")
def small_state() -> dict[str, torch.Tensor]:
    return random_state(SMALL, seed=1)


@pytest.fixture(scope="module")
def small(small_state: dict[str, torch.Tensor]) -> BigGAN:
    return BigGAN.from_state(small_state, SMALL)


def test_a_batch_is_its_single_pictures(small: BigGAN) -> None:
    z, classes, truncation = latents(3), one_hot(1, 2, 3), torch.tensor([0.2, 0.5, 0.9])
    batch = small(z, classes, truncation)
    assert batch.shape == (3, 3, 64, 64)
    for row in range(3):
        one = slice(row, row + 1)
        assert (small(z[one], classes[one], truncation[one]) - batch[one]).abs().max() < 1e-5


def test_one_condition_is_the_same_for_every_layer(small: BigGAN) -> None:
    z, classes, half = latents(1), one_hot(5), torch.tensor([0.5])
    assert torch.equal(small(z, classes, half), small(layered(z), layered(classes), half))


@pytest.mark.parametrize("layer", [0, 1, 2])
@pytest.mark.parametrize("what", ["z", "classes"])
def test_every_layer_matters(small: BigGAN, layer: int, what: str) -> None:
    z, classes, half = layered(latents(1)), layered(one_hot(5)), torch.tensor([0.5])
    before = small(z, classes, half)
    changed = {"z": z.clone(), "classes": classes.clone()}
    changed[what][:, layer] = latents(1, 8) if what == "z" else one_hot(905)
    assert distance(before, small(changed["z"], changed["classes"], half)) > 0.02


def test_a_mixture_blends_the_embeddings(small: BigGAN, small_state: dict[str, torch.Tensor]) -> None:
    z, half = latents(1), torch.tensor([0.5])
    mixed = 0.3 * one_hot(4) + 0.7 * one_hot(9)
    taught = dict(small_state)
    weight = small_state["embeddings.weight"].clone()
    weight[:, 0] = 0.3 * weight[:, 4] + 0.7 * weight[:, 9]
    taught["embeddings.weight"] = weight
    expected = BigGAN.from_state(taught, SMALL)(z, one_hot(0), half)
    assert (small(z, mixed, half) - expected).abs().max() < 1e-5


def test_truncation_is_live_and_smooth(small: BigGAN, small_state: dict[str, torch.Tensor]) -> None:
    """Half the step is half the change, across knots too, and between them statistics are interpolated."""
    z, classes = latents(1), one_hot(3)
    worst = []
    for count in (50, 100):
        frames = [small(z, classes, torch.tensor([t])) for t in np.linspace(0.3, 0.7, count + 1, dtype="f4")]
        worst.append(max(distance(a, b) for a, b in zip(frames[1:], frames[:-1], strict=True)))
    assert 0 < worst[1] < 0.6 * worst[0]
    for truncation in (0.0, 0.313, 0.5, 0.99, 1.0):
        served = small(z, classes, torch.tensor([truncation]))
        assert (served - picture(small_state, SMALL, z, classes, truncation)).abs().max() < 1e-4


def test_the_up_sampling_kernel_is_up_sampling_and_convolution() -> None:
    x, weight = torch.randn(2, 3, 5, 7), torch.randn(4, 3, 3, 3)
    wide = torch.nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")
    expected = torch.nn.functional.conv2d(wide, weight, padding=1)
    kernel = upsampling_kernel(weight)
    folded = torch.nn.functional.conv_transpose2d(x, kernel, stride=2, padding=1)
    assert (folded - expected).abs().max() < 1e-5


def test_weight_v_may_be_missing(small: BigGAN, small_state: dict[str, torch.Tensor]) -> None:
    without = {name: value for name, value in small_state.items() if not name.endswith("weight_v")}
    z, classes, half = latents(1), one_hot(3), torch.tensor([0.5])
    again = BigGAN.from_state(without, SMALL)(z, classes, half)
    assert distance(again, small(z, classes, half)) < 1e-3


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda state: state.clear(), "missing"),
        (lambda state: state.pop("generator.bn.bias"), "generator.bn.bias"),
        (lambda state: state.update(extra=torch.zeros(1)), "extra"),
        (lambda state: state.update({"embeddings.weight": torch.zeros(16, 10)}), "embeddings.weight"),
        (lambda state: state["generator.gen_z.bias"].fill_(float("nan")), "damaged"),
        (lambda state: state.update({"generator.bn.bias": torch.zeros(16).int()}), "damaged"),
    ],
)
def test_other_weights_are_refused(spoil, words: str, small_state: dict[str, torch.Tensor]) -> None:  # type: ignore[no-untyped-def]
    state = {name: value.clone() for name, value in small_state.items()}
    spoil(state)
    with pytest.raises(WeightsError, match=words):
        fold(state, SMALL)


def test_folding_saves_work() -> None:
    """GFLOP a frame; the package itself: 22.6, 77.7 and 151.5."""
    gflop = [frame_gflop(config) for config in CONFIGS.values()]
    assert gflop == pytest.approx([15.1, 49.2, 63.7], abs=0.1)
