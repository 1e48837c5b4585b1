"""scripts/trt_coverage.py without its packages; with them it is a check of its own, `make coverage`."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "trt_coverage.py"


def test_without_its_packages_it_says_how_to_get_them() -> None:
    # -S: a Python that sees no installed package
    done = subprocess.run([sys.executable, "-S", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "missing: torch" in done.stderr and "make coverage" in done.stderr
