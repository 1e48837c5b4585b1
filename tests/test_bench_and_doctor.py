"""`bench render` gives ratios within one run; `doctor` tells what is there."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from livesing.cli import main
from livesing.doctor import examine
from livesing.errors import SurfaceError
from livesing.stage.headless import HeadlessSurface

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module", autouse=True)
def _gl() -> None:
    try:
        HeadlessSurface(16, 16).close()
    except SurfaceError as error:
        pytest.skip(str(error))


def test_bench_render_states_every_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "render", "--headless", "--json", "--frames", "3", "--size", "160x90"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["clear_swap_ms"] > 0
    assert {"upload", "scene", "dream", "view", "present", "overlay"} <= result["passes"].keys()
    for row in result["passes"].values():
        assert row["ms"] > 0
        assert row["ratio"] == pytest.approx(row["ms"] / result["clear_swap_ms"], rel=0.1, abs=0.1)


def test_bench_render_in_a_window(run_livesing: Run, xvfb: str) -> None:
    words = ["bench", "render", "--json", "--frames", "1", "--size", "160x90"]
    done = run_livesing(words, env={"DISPLAY": xvfb})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["surface"].startswith("window")


def test_doctor_knows_every_part() -> None:
    found = examine()
    names = [
        "livesing",
        "system",
        "sound",
        "midi",
        "monitors",
        "gl",
        "headless",
        "gpu",
        "generator",
        "engines",
        "weights",
        "presets",
        "packages",
        "extras",
    ]
    assert list(found) == names
    assert "aurora" in found["presets"]
    assert {"tensorrt", "cuda", "onnxruntime", "torch", "built"} <= set(found["engines"])
    assert (
        found["engines"]["onnxruntime"] == "runs here" or "not installed" in found["engines"]["onnxruntime"]
    )
    assert all(Path(words).is_file() or "weights get" in words for words in found["weights"].values())
    assert all(version != "missing" for version in found["packages"].values())


def test_doctor_prints_one_json_object(run_livesing: Run) -> None:
    done = run_livesing(["doctor", "--json"])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["generator"].startswith("embedded")
