"""What every engine runs: the same network on any device, in half precision, and as it is exported."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra [gan])")

from livesing.generation.biggan_config import CONFIGS, BigGANConfig  # noqa: E402
from livesing.generation.device_path import DevicePath  # noqa: E402
from livesing.generation.engine import INPUTS, TOLERANCE, Source, probe, unpack  # noqa: E402
from livesing.generation.engine_graph import Graph, graph, reference, to_tensors  # noqa: E402
from livesing.generation.engine_kinds import KINDS  # noqa: E402
from livesing.generation.path_step import ROW  # noqa: E402
from livesing.generation.stylegan2_weights import network, random_state  # noqa: E402

SMALL = BigGANConfig(
    64, ((False, 4, 4), (True, 4, 4), (True, 4, 4), (True, 4, 2), (True, 2, 1)), attention_before=4, width=16
)
NAMES = ("embedded", "biggan-small", "stylegan2")


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CONFIGS, "biggan-small", SMALL)


def network_of(name: str) -> Graph:
    if name == "stylegan2":
        net = network(random_state(64, seed=1, width=32, most=16))
        return Graph(net, (net.resolution, net.resolution)).eval()
    return graph(Source(name, size=(64, 36)) if name == "embedded" else Source(name, seed=0))


def draw(net: torch.nn.Module) -> np.ndarray:
    with torch.inference_mode():
        return net(*to_tensors(probe()))[0].numpy()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_left_on_another_device(name: str) -> None:
    """On a device without memory of its own, whatever stayed behind is an error."""
    net = network_of(name).to("meta")
    image, rgba = net(*(tensor.to("meta") for tensor in to_tensors(probe())))
    assert image.shape[1:] == (3, *rgba.shape[1:])


def test_the_way_from_feeling_to_latents_stays_on_the_device() -> None:
    """Nor is anything read back on the way, which a graph could not."""
    way = DevicePath(spread=True).to("meta")
    shapes = [tuple(tensor.shape) for tensor in way(torch.zeros(ROW, device="meta"))]
    assert shapes == list(INPUTS.values())


@pytest.mark.parametrize("name", ["biggan-small", "stylegan2"])
def test_half_precision_draws_the_same_picture(name: str) -> None:
    exact = draw(network_of(name))
    half = draw(network_of(name).lower("float16"))
    assert exact.std() > 0.2
    assert half.dtype == np.float32
    assert 0 < np.sqrt(np.mean((half - exact) ** 2)) < TOLERANCE["float16"] / 4


def test_only_networks_of_convolutions_are_halved() -> None:
    """FieldNet takes sines of large numbers, which half precision does not have."""
    for kind in (KINDS["cuda"], KINDS["cuda-compiled"], KINDS["tensorrt"]):
        assert kind.precision(Source("embedded")) == "float32"
        assert kind.precision(Source("biggan-deep-512")) == kind.precision(Source("stylegan2")) == "float16"


@pytest.mark.parametrize("name", NAMES[1:])  # the embedded one's export is compared as the file that ships
def test_what_is_exported_is_the_same_network(name: str) -> None:
    net = network_of(name)
    with torch.no_grad():
        exported = torch.export.export(net, to_tensors(probe())).module()
    np.testing.assert_allclose(draw(exported), draw(net), atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_pixels_are_the_rounded_picture(name: str) -> None:
    net = network_of(name)
    with torch.inference_mode():
        image, rgba = net(*to_tensors(probe()))
    pixels = unpack(rgba.numpy(), net.size, None)
    assert pixels.shape == (net.size[1], net.size[0], 4)
    assert (pixels[..., 3] == 255).all()
    exact = (image[0].permute(1, 2, 0).numpy() + 1) * 127.5
    assert np.abs(pixels[..., :3] - exact).max() <= 0.501


def test_the_reference_is_the_network_itself() -> None:
    source = Source("biggan-small", seed=17)
    first = reference(source)  # in inference mode, from which random weights are kept
    net = graph(source)
    assert not any(tensor.is_inference() for tensor in net.state_dict().values())
    assert (first == draw(net)).all()


def test_the_gpu_check_rehearses_and_needs_a_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = str(Path(__file__).resolve().parent.parent / "scripts" / "gpu_check.py")
    table = tmp_path / "gpu.md"
    words = ["--rehearse", "--generators", "embedded", "--frames", "2", "-o", str(table)]
    monkeypatch.setattr(sys, "argv", [script, *words])
    with pytest.raises(SystemExit, match="0"):
        runpy.run_path(script, run_name="__main__")
    (row,) = (
        line for line in table.read_text().splitlines() if line.startswith("| embedded | torch | 256x144 |")
    )
    titles = next(line for line in table.read_text().splitlines() if line.startswith("| generator |"))
    cells = dict(zip(titles.split(" | "), row.split(" | "), strict=True))
    monkeypatch.setattr(sys, "argv", [script, *words, "--seconds", "0"])
    with pytest.raises(SystemExit, match="1"):  # no row has a figure
        runpy.run_path(script, run_name="__main__")
    assert "| embedded | torch | not tried: time was up |" in table.read_text()
    assert 0 < float(cells["way error"]) < 1e-3 and float(cells["with the way"]) > 0 < float(
        cells["show fps"]
    )
    if not torch.cuda.is_available():
        monkeypatch.setattr(sys, "argv", [script])
        with pytest.raises(SystemExit, match="3"):
            runpy.run_path(script, run_name="__main__")
        assert "no GPU" in capsys.readouterr().err
