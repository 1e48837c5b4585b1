"""`bench generator` compares frame by frame; the roofline counts as one does by hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from livesing.cli import main
from livesing.generation.biggan_config import CONFIGS, BigGANConfig

torch = pytest.importorskip("torch", reason="torch is not installed (extra [gan]): nothing to compare with")

from livesing.generation.engine_work import Layer, Roof, layers, roofline_ms  # noqa: E402

SMALL = BigGANConfig(
    64,
    ((False, 16, 16), (True, 16, 8), (True, 8, 4), (True, 4, 2), (True, 2, 1)),
    attention_before=4,
    width=8,
)
"""The package insists on a first block of 16 units."""


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A small sister among the generators, and a cache of the test's own."""
    monkeypatch.setitem(CONFIGS, "biggan-small", SMALL)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def bench(capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    assert main(["bench", "generator", "--json", "--frames", "3", *words]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("words", "size", "share"),
    [
        (["--generator", "biggan-small", "--engine", "torch", "--random-weights"], (64, 64), True),
        (["--generator", "embedded", "--engine", "onnxruntime", "--size", "96x54"], (96, 54), False),
    ],
)
def test_every_figure_is_there(
    words: list[str], size: tuple[int, int], share: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    result = bench(capsys, *words)
    assert (result["width"], result["height"]) == size
    assert 0 < result["ms"]["p50"] <= result["ms"]["p95"] <= result["ms"]["p99"]
    assert result["fps"] == pytest.approx(1e3 / result["ms"]["p50"], rel=0.01)
    assert result["speedup_vs_upstream"] > 0
    assert result["max_abs_error"] < 2e-3
    assert result["frames"] == 3
    assert (result["roofline_share"] is not None) == share
    if share:
        assert 0 < result["roofline_share"] < 1
    assert {"generator", "engine", "memory_mb", "upstream", "precision", "threads"} <= result.keys()


def test_words_for_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "generator", "--frames", "1", "--size", "64x36"]) == 0
    said = capsys.readouterr().out
    assert "speed-up" in said and "onnxruntime" in said


@pytest.mark.parametrize(
    "words",
    [
        ["--generator", "none"],
        ["--engine", "steam"],
        ["--frames", "0"],
        ["--threads", "0"],
        ["--generator", "biggan-small"],
        ["--weights", "nowhere.bin"],
        ["--engine", "tensorrt"],
    ],
)
def test_what_cannot_be_measured_is_one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    from livesing.generation.engine_device import gpu

    if words[-1] == "tensorrt" and gpu() is not None:
        pytest.skip("this machine may have TensorRT")
    assert main(["bench", "generator", *words]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1 and errors[0].startswith("livesing: ")


def test_the_work_of_layers_is_counted_as_by_hand() -> None:
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 5, 3, padding=1),
        torch.nn.ConvTranspose2d(5, 7, 4, stride=2, padding=1),
        torch.nn.Conv2d(7, 14, 1, groups=7),
        torch.nn.Flatten(),
        torch.nn.Linear(14 * 16 * 16, 11),
    )
    with torch.no_grad():
        counted = layers(net, [torch.zeros(1, 3, 8, 8)])
    flop = [
        2 * 9 * 3 * 5 * 64,
        2 * 4 * 5 * 7 * 256,  # of 16 taps, 4 meet an output pixel
        2 * 1 * 14 * 256,
        2 * 14 * 256 * 11,
    ]
    assert [layer.flop for layer in counted] == flop
    assert counted[0].numbers == 3 * 64 + 5 * 3 * 9 + 5 * 64


def test_the_roofline_is_the_slower_of_both_for_each_layer() -> None:
    roof = Roof(flop_s=1e9, bytes_s=1e6)
    assert roofline_ms([Layer(2e6, 100)], roof, 4) == pytest.approx(2.0)
    assert roofline_ms([Layer(2e6, 1000)], roof, 4) == pytest.approx(4.0)
    assert roofline_ms([Layer(2e6, 100), Layer(2e6, 1000)], roof, 4) == pytest.approx(6.0)
    assert np.isclose(roofline_ms([Layer(2e6, 1000)], roof, 2), 2.0)
