"""What is installed outside the clone: a wheel, built from the source distribution, that runs the show."""

import json
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def files_below(folder: Path) -> set[str]:
    """What a build has to carry of a folder."""
    skipped = ("__pycache__", ".DS_Store")
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not any(part in skipped for part in path.parts)
    }


def run(*command: str | Path, **more: object) -> str:
    child = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, **more)  # type: ignore[call-overload]
    assert child.returncode == 0, f"{' '.join(map(str, command))}\n{child.stdout}\n{child.stderr}"
    return str(child.stdout)


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution of this tree and the wheel built from that."""
    pytest.importorskip("build", reason="needs build, of the extra [dev]")
    pytest.importorskip("hatchling", reason="needs hatchling, of the extra [dev]")
    out = tmp_path_factory.mktemp("dist")
    # Without isolation nothing is downloaded.
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT)
    return out


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (path,) = dist.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with livesing from the wheel, and its dependencies from that of the tests."""
    venv = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", "--without-pip", venv)
    python = venv / "bin" / "python"
    run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        wheel,
    )
    # A folder that a .pth file names is searched for modules; the .pth files in it, among them that of the
    # editable installation, do not count.
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return venv


def test_the_source_distribution_is_whole(dist: Path) -> None:
    (path,) = dist.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "LICENSE", "README.md", "Makefile", "constraints.txt", "run_live.py"} <= names
    assert {f"tests/{name}" for name in files_below(ROOT / "tests")} <= names
    assert not {
        name for name in names if name.startswith((".venv", ".git/", "engines/")) and name[-3:] != ".md"
    }


def test_the_wheel_carries_code_shaders_and_presets(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    expected = {f"livesing/{name}" for name in files_below(ROOT / "livesing")}
    for folder in ("shaders", "presets", "styles"):
        content = files_below(ROOT / folder)
        assert content
        expected |= {f"livesing/{folder}/{name}" for name in content}
    inside = {name for name in names if name.startswith("livesing/")}
    assert inside == expected
    assert all(name.startswith(("livesing/", "livesing-")) for name in names)


def test_the_base_installation_has_no_torch(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()
    needed = [line.partition(": ")[2] for line in metadata.splitlines() if line.startswith("Requires-Dist")]
    base = [line for line in needed if "extra ==" not in line]
    assert base
    assert not [line for line in base if line.startswith(("torch", "pytorch", "nvidia", "scipy", "onnx>"))]
    assert [line for line in needed if line.startswith("torch") and "gan" in line]


def test_it_finds_its_own_files(installed: Path, child_env: dict[str, str], tmp_path: Path) -> None:
    code = "import livesing; from livesing import assets; print(livesing.__file__)\n"
    code += "print(assets.folder('shaders'), assets.folder('presets'), sep='\\n')"
    for line in run(installed / "bin" / "python", "-c", code, env=child_env, cwd=tmp_path).splitlines():
        assert Path(line).is_relative_to(installed)


@pytest.mark.usefixtures("demo_piece")
def test_the_show_runs_outside_the_clone(installed: Path, child_env: dict[str, str], tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    command = [installed / "bin" / "livesing", "live", "--headless", "--audio", "demo", "--seconds", "2"]
    said = run(*command, "--report", "report.json", env=child_env, cwd=tmp_path)
    films = [*tmp_path.rglob("*.mp4")]
    assert films, f"no film; it said: {said}"
    with av.open(str(films[0])) as film:
        times = [float(frame.time) for frame in film.decode(video=0)]
    with av.open(str(films[0])) as film:
        heard = sum(frame.samples for frame in film.decode(audio=0))
    report = json.loads((tmp_path / "report.json").read_text())
    assert 1.5 < report["seconds"] < 4
    assert times[-1] - times[0] == pytest.approx(report["seconds"], abs=0.5)  # the film is the whole show
    assert report["audio"]["source"]
    assert heard > 0
