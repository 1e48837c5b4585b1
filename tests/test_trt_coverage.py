"""TensorRT takes each generator whole: scripts/trt_coverage.py, where its packages are installed."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "trt_coverage.py"
MISSING = [
    name for name in ("torch", "torch_tensorrt", "tensorrt_bindings") if not importlib.util.find_spec(name)
]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *words], capture_output=True, text=True, check=False)


@pytest.mark.skipif(not MISSING, reason="the packages are here: the next test uses them")
def test_without_its_packages_it_says_how_to_get_them() -> None:
    done = run()
    assert done.returncode == 3
    assert MISSING[0] in done.stderr and "how to install" in done.stderr


@pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}, as the script's head tells")
def test_every_generator_is_one_engine_and_the_control_is_not() -> None:
    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [
        json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")
    ]  # TensorRT talks too
    results = {row["network"]: row for row in rows}
    for name in ("biggan-deep-128", "biggan-deep-512", "embedded"):
        row = results[name]
        assert row["engines"] == 1 and row["covered"] == row["operations"] > 100, row
        assert row["precision"] == ("float32" if name == "embedded" else "float16")
    control = results["control"]
    assert control["covered"] < control["operations"] and control["engines"] != 1
