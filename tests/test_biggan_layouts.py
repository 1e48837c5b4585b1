"""BigGAN-deep's weights in the layouts of TF Hub and OpenMMLab draw the picture that the package's draw."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from livesing.errors import WeightsError
from livesing.generation.biggan_config import CONFIGS, BigGANConfig

torch = pytest.importorskip("torch", reason="torch is not installed (extra [gan])")

from livesing.generation.biggan import BigGAN  # noqa: E402
from livesing.generation.biggan_layouts import MM_EPS, STACKS, package_state  # noqa: E402
from livesing.generation.biggan_reference import random_state  # noqa: E402
from livesing.generation.weights_check import check_file  # noqa: E402

SMALL = BigGANConfig(16, ((False, 4, 4), (True, 4, 2), (True, 2, 1)), attention_before=2, width=8)
NAME = "biggan-small"
State = dict[str, "torch.Tensor"]


@pytest.fixture(scope="module", autouse=True)
def _small_sister() -> Iterator[None]:
    CONFIGS[NAME] = SMALL
    yield
    del CONFIGS[NAME]


@pytest.fixture(scope="module")
def package() -> State:
    return random_state(SMALL, seed=4)


def module_of(number: int) -> int:
    return number + (number >= SMALL.attention_before)


def tf_hub(package: State) -> State:
    """The same network as TF Hub's module holds it, written down name by name."""
    made: State = {"linear/w/ema_0.9999": package["embeddings.weight"].T}

    def weight(theirs: str, ours: str) -> None:
        w = package[f"{ours}.weight_orig"]
        made[f"{theirs}/w"] = torch.zeros(1)  # as trained: not what is wanted
        made[f"{theirs}/w/ema_0.9999"] = w.permute(2, 3, 1, 0) if w.dim() == 4 else w.T
        made[f"{theirs}/u0"] = package[f"{ours}.weight_u"][None]
        if f"{ours}.bias" in package:
            made[f"{theirs}/b/ema_0.9999"] = package[f"{ours}.bias"]

    weight("Generator/GenZ/G_linear", "generator.gen_z")
    norms = []
    for number, block in enumerate(("GBlock", "GBlock_1", "GBlock_2")):
        ours = f"generator.layers.{module_of(number)}"
        for place, norm in enumerate(("BatchNorm", "BatchNorm_1", "BatchNorm_2", "BatchNorm_3")):
            norms.append(f"{ours}.bn_{place}")
            weight(f"Generator/{block}/{norm}/scale", f"{norms[-1]}.scale")
            weight(f"Generator/{block}/{norm}/offset", f"{norms[-1]}.offset")
            weight(f"Generator/{block}/conv{place}", f"{ours}.conv_{place}")
    for part in ("theta", "phi", "g", "o_conv"):
        weight(f"Generator/attention/{part}", f"generator.layers.2.snconv1x1_{part}")
    made["Generator/attention/gamma/ema_0.9999"] = package["generator.layers.2.gamma"][0]
    made["Generator/BatchNorm/scale/ema_0.9999"] = package["generator.bn.weight"]
    made["Generator/BatchNorm/offset/ema_0.9999"] = package["generator.bn.bias"]
    weight("Generator/conv_to_rgb", "generator.conv_to_rgb")
    stacks = [f"stack_{10 * ten + one}" for ten in range(9) for one in STACKS]
    parts = [f"{norm}.running_{part}" for norm in (*norms, "generator.bn") for part in ("means", "vars")]
    made |= {stack: package[part] for stack, part in zip(stacks, parts, strict=False)}
    return made


def openmmlab(package: State) -> State:
    """The same network at truncation .5 as MMGeneration's generator holds it."""
    made: State = {"shared_embedding.weight": package["embeddings.weight"].T}

    def weight(theirs: str, ours: str) -> None:
        for part in ("weight_orig", "weight_u", "weight_v", "bias"):
            if f"{ours}.{part}" in package:
                made[f"{theirs}.{part}"] = package[f"{ours}.{part}"]

    def norm(theirs: str, ours: str) -> None:
        made[f"{theirs}.running_mean"] = package[f"{ours}.running_means"][25]
        made[f"{theirs}.running_var"] = package[f"{ours}.running_vars"][25] + SMALL.eps - MM_EPS
        made[f"{theirs}.num_batches_tracked"] = torch.tensor(0)

    weight("noise2feat", "generator.gen_z")
    for number in range(3):
        theirs, ours = f"conv_blocks.{module_of(number)}", f"generator.layers.{module_of(number)}"
        for place in range(4):
            norm(f"{theirs}.bn{place + 1}.bn", f"{ours}.bn_{place}")
            weight(f"{theirs}.bn{place + 1}.gain", f"{ours}.bn_{place}.scale")
            weight(f"{theirs}.bn{place + 1}.bias", f"{ours}.bn_{place}.offset")
            weight(f"{theirs}.conv{place + 1}.conv", f"{ours}.conv_{place}")
    for theirs, ours in (("theta", "theta"), ("phi", "phi"), ("g", "g"), ("o", "o_conv")):
        weight(f"conv_blocks.2.{theirs}.conv", f"generator.layers.2.snconv1x1_{ours}")
    made["conv_blocks.2.gamma"] = package["generator.layers.2.gamma"][0]
    norm("output_layer.bn", "generator.bn")
    made["output_layer.bn.weight"] = package["generator.bn.weight"]
    made["output_layer.bn.bias"] = package["generator.bn.bias"]
    for part in ("weight_orig", "weight_u", "bias"):
        made[f"output_layer.conv.{part}"] = package[f"generator.conv_to_rgb.{part}"][:3]
    made["output_layer.conv.weight_v"] = package["generator.conv_to_rgb.weight_v"]
    return made


def checkpoint(package: State) -> dict[str, object]:
    """As a training run saves it: the average beside what was trained, and the judge."""
    own = openmmlab(package)
    state = {f"generator.{name}": torch.zeros_like(value) for name, value in own.items()}
    state |= {f"generator_ema.{name}": value for name, value in own.items()}
    return {"meta": {"epoch": 3}, "state_dict": state | {"discriminator.decision.bias": torch.zeros(1)}}


LAYOUTS: dict[str, Callable[[State], dict]] = {
    "TF Hub": tf_hub,
    "TF Hub, names of a session": lambda p: {f"module/{name}:0": t for name, t in tf_hub(p).items()},
    "OpenMMLab": openmmlab,
    "OpenMMLab's checkpoint": checkpoint,
}


def draw(state: State, truncation: float) -> np.ndarray:
    rng = torch.Generator().manual_seed(2)
    z = truncation * torch.randn(2, 128, generator=rng).clamp(-2, 2)
    net = BigGAN.from_state(state, SMALL)
    with torch.inference_mode():
        return net(z, torch.eye(1000)[[3, 900]], torch.full((2,), truncation)).numpy()


def wanted(package: State, name: str) -> State:
    """TF's `u` goes one step of the power iteration on; OpenMMLab knows one truncation and three channels."""
    if name.startswith("TF"):
        state = dict(package)
        for key in package:
            if key.endswith(".weight_u"):
                matrix = package[key[:-1] + "orig"].flatten(1)
                v = torch.nn.functional.normalize(matrix.T @ package[key], dim=0)
                state[key] = torch.nn.functional.normalize(matrix @ v, dim=0)
                state[key[:-1] + "v"] = v
        return state
    state = dict(package)
    u = package["generator.conv_to_rgb.weight_u"].clone()
    u[3:] = 0
    return state | {"generator.conv_to_rgb.weight_u": u}


@pytest.mark.parametrize("name", LAYOUTS)
def test_it_draws_the_same_picture(name: str, package: State) -> None:
    theirs = package_state(LAYOUTS[name](package), "file")
    ours = draw(wanted(package, name), 0.5)
    assert ours.std() > 0.1
    np.testing.assert_allclose(draw(theirs, 0.5), ours, atol=2e-5, rtol=0)


def test_tf_hubs_statistics_follow_a_live_truncation(package: State) -> None:
    theirs = package_state(tf_hub(package), "file")
    torch.testing.assert_close(draw(theirs, 0.83), draw(wanted(package, "TF Hub"), 0.83), atol=2e-5, rtol=0)


def test_the_packages_own_layout_passes_through(package: State) -> None:
    assert package_state(package, "file").keys() == package.keys()


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_file_of_it_is_told_by_its_content(name: str, package: State, tmp_path: Path) -> None:
    file = tmp_path / "other.pth"
    torch.save(LAYOUTS[name](package), file)
    assert check_file(file).generator == SMALL.name


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("fault", ["missing", "misshapen", "foreign"])
def test_what_is_not_whole_is_refused(name: str, fault: str, package: State) -> None:
    content = LAYOUTS[name](package)
    state = content.get("state_dict", content)
    key = next(
        key for key in reversed(list(state)) if key.split(".")[-1] in ("weight_v", "weight_u") or "/w/" in key
    )
    if fault == "missing":
        del state[key]
    elif fault == "misshapen":
        state[key] = torch.zeros(3)
    else:
        state[key] = "no tensor"
    with pytest.raises(WeightsError):
        package_state(content, "file")


@pytest.mark.parametrize("tensor", [torch.zeros(0), torch.ones(1, 1, 1, 1, 1, 1), torch.tensor(1j)])
@pytest.mark.parametrize("part", ["bn2.bn.running_var", "gamma", "shared_embedding.weight", "linear/w", "u0"])
def test_no_shape_escapes_as_another_error(part: str, tensor: "torch.Tensor", package: State) -> None:
    for layout in (tf_hub, openmmlab):
        state = layout(package)
        for key in [key for key in state if key.removesuffix("/ema_0.9999").endswith(part)][:1]:
            state[key] = tensor
            with contextlib.suppress(WeightsError):  # a gamma may be a number in many wrappings
                package_state(state, "file")


def test_another_number_of_blocks_is_no_biggan(package: State) -> None:
    content = openmmlab(package)
    content["conv_blocks.9.conv1.conv.weight_orig"] = torch.zeros(1)
    with pytest.raises(WeightsError, match="4 blocks"):
        package_state(content, "file")
