"""What make says and does on machines that lack something."""

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "scripts"
TARGETS = {"setup", "live", "test", "check", "gan", "clean", "help"}
# What the scripts themselves call; a machine for a test has these and what the test adds.
PLAIN_TOOLS = (
    *("bash", "sh", "env", "dirname", "uname", "cat", "rm", "mkdir", "mktemp", "touch", "chmod", "true"),
    *("tail", "sed", "grep", "sort", "xargs", "cksum", "printf", "echo"),
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the make targets are checked on Linux")


class Machine:
    """A folder of programs that stands for a machine: PATH has nothing else."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.log = folder / "log"
        for tool in PLAIN_TOOLS:
            found = shutil.which(tool)
            if found:
                (self.bin / tool).symlink_to(found)
        self.has("ldconfig", "exit 0")  # no library at all
        self.has("id", "echo 1000")

    def has(self, name: str, script: str) -> None:
        """Give the machine a program; it notes its arguments in the log."""
        path = self.bin / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>"{self.log}"\n{script}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    @property
    def calls(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def run(
        self, script: str | Path, *args: str, cwd: Path = ROOT, **env: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.bin / "bash", str(script), *args], cwd=cwd, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, timeout=60, env={"PATH": str(self.bin), "HOME": str(self.bin), **env},
        )  # fmt: skip


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def make(*args: str) -> str:
    if shutil.which("make") is None:
        pytest.skip("needs make")
    env = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")
    }
    child = subprocess.run(
        ["make", "--no-print-directory", *args],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    return child.stdout


def test_help_names_every_target() -> None:
    listed = set(re.findall(r"^  make (\w+)", make("help"), re.MULTILINE))
    rules = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert listed == rules
    assert listed >= TARGETS


def test_live_sets_everything_up_before_it_starts() -> None:
    plan = make("-n", "live", "ARGS=--seconds 3")
    places = [
        plan.index(word) for word in ("system-libraries.sh live", "setup.sh", "run_live.py --seconds 3")
    ]
    assert places == sorted(places)


def test_test_and_gan_ask_for_their_extras() -> None:
    assert "setup.sh dev" in make("-n", "test")
    assert "-m pytest -n 2 --dist loadscope -k ring" in make("-n", "test", "ARGS=-k ring")
    assert "setup.sh gan" in make("-n", "gan")


def test_every_installation_keeps_to_the_constraints() -> None:
    lines = [
        line for path in (*SCRIPTS.glob("*.sh"), ROOT / "Makefile") for line in path.read_text().splitlines()
    ]
    installing = [line for line in lines if "pip install" in line]
    assert installing
    assert all("-c constraints.txt" in line for line in installing)


def test_the_constraints_pin_what_the_project_names() -> None:
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    assert pins["torch"] == "2.13.0"
    names = re.findall(r'"([A-Za-z][\w-]*)(?:>=|<)', (ROOT / "pyproject.toml").read_text())
    plain = {name.lower().replace("_", "-") for name in pins}
    assert {name.lower() for name in names} <= plain


def test_without_root_it_prints_the_one_line(machine: Machine) -> None:
    machine.has("apt-get", "exit 0")
    child = machine.run(SCRIPTS / "system-libraries.sh", "live")
    assert child.returncode == 1
    (line,) = child.stderr.splitlines()
    assert "run: sudo apt-get install -y" in line
    assert "libportaudio2" in line
    assert "libegl1" in line
    assert "xvfb" not in line
    assert not [call for call in machine.calls if call.startswith("apt-get")]


def test_the_tests_need_more_and_are_skipped_without(machine: Machine) -> None:
    machine.has("apt-get", "exit 0")
    child = machine.run(SCRIPTS / "system-libraries.sh", "test")
    assert child.returncode == 1
    assert "xvfb" in child.stderr
    assert "pulseaudio-utils" in child.stderr
    assert "skipped" in child.stderr.splitlines()[-1]


def test_a_sound_server_that_is_there_is_left_alone(machine: Machine) -> None:
    machine.has("apt-get", "exit 0")
    machine.has("pipewire-pulse", "exit 0")
    words = machine.run(SCRIPTS / "system-libraries.sh", "test").stderr.split()
    assert "pulseaudio" not in words
    assert "xvfb" in words


def test_sudo_without_a_password_installs(machine: Machine) -> None:
    machine.has("apt-get", "exit 0")
    machine.has("sudo", 'while [ "${1#-}" != "$1" ]; do shift; done; exec "$@"')
    child = machine.run(SCRIPTS / "system-libraries.sh", "live")
    assert child.returncode == 0, child.stderr
    apt = [call for call in machine.calls if call.startswith("apt-get")]
    assert apt[0].startswith("apt-get update")
    assert "install" in apt[1]
    assert "--no-remove" in apt[1]
    assert "libportaudio2" in apt[1]


def test_one_package_that_is_not_to_be_had_keeps_no_other_away(machine: Machine) -> None:
    machine.has("id", "echo 0")
    machine.has("apt-get", 'case "$*" in *xdotool*) echo no xdotool >&2; exit 100 ;; esac')
    child = machine.run(SCRIPTS / "apt-install.sh", "xvfb", "xdotool", "ffmpeg")
    assert child.returncode == 1
    assert child.stderr.splitlines()[-1].endswith("could not install: xdotool")
    alone = [call.split()[-1] for call in machine.calls if "install" in call and "xdotool" not in call]
    assert alone == ["xvfb", "ffmpeg"]


def test_without_apt_it_says_what_is_needed(machine: Machine) -> None:
    child = machine.run(SCRIPTS / "system-libraries.sh", "live")
    assert child.returncode == 1
    assert "libportaudio2" in child.stderr
    assert "its own package manager" in child.stderr


def test_nothing_is_said_where_nothing_is_missing(machine: Machine) -> None:
    machine.has("apt-get", "exit 0")
    machine.has("ldconfig", "echo libportaudio.so.2 libEGL.so.1 libGL.so.1 libEGL_nvidia.so.0")
    child = machine.run(SCRIPTS / "system-libraries.sh", "live")
    assert (child.returncode, child.stdout, child.stderr) == (0, "", "")


def clone(folder: Path) -> Path:
    """As much of a clone as the set-up looks at before it installs."""
    tree = folder / "a clone"
    shutil.copytree(SCRIPTS, tree / "scripts")
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tree / name)
    return tree


def test_an_old_python_is_refused_by_its_version(machine: Machine, tmp_path: Path) -> None:
    machine.has("python3", 'case "$*" in *print*) echo 3.9 ;; *) exit 1 ;; esac')
    tree = clone(tmp_path)
    child = machine.run("scripts/setup.sh", cwd=tree)
    assert child.returncode != 0
    (line,) = child.stderr.splitlines()
    assert "needs Python 3.11 or newer" in line
    assert "3.9" in line
    assert not (tree / ".venv").exists()


def test_no_python_and_a_wrong_one_are_told_apart(machine: Machine, tmp_path: Path) -> None:
    tree = clone(tmp_path)
    assert "there is none" in machine.run("scripts/setup.sh", cwd=tree).stderr
    said = machine.run("scripts/setup.sh", cwd=tree, PYTHON="/no/such/python").stderr
    assert "there is no Python at /no/such/python" in said


def test_a_python_without_venv_names_the_package(machine: Machine, tmp_path: Path) -> None:
    machine.has("apt-get", "exit 0")
    machine.has(
        "python3", 'case "$*" in *ensurepip*) exit 1 ;; *print*) echo 3.12 ;; *) exit 0 ;; esac'
    )  # Debian without python3-venv
    child = machine.run("scripts/setup.sh", cwd=clone(tmp_path))
    assert child.returncode != 0
    assert "run: sudo apt-get install -y --no-install-recommends python3.12-venv" in child.stderr


def python_that_installs(machine: Machine) -> None:
    """Give the machine a Python that makes environments of itself, and whose pip only notes what is asked."""
    machine.has(
        "python3",
        f'case "$*" in'
        f' "-m venv"*) for last; do :; done; rm -rf "$last"; mkdir -p "$last/bin";'
        f' cat "{machine.bin}/python3" >"$last/bin/python"; chmod +x "$last/bin/python" ;;'
        f" *print*) echo 3.12 ;; esac",
    )


def test_a_second_call_installs_nothing_and_a_change_does(machine: Machine, tmp_path: Path) -> None:
    python_that_installs(machine)
    tree = clone(tmp_path)

    def installs(*extras: str) -> list[str]:
        before = len(machine.calls)
        child = machine.run("scripts/setup.sh", *extras, cwd=tree)
        assert child.returncode == 0, child.stderr
        return [call for call in machine.calls[before:] if "pip install" in call]

    (first,) = installs()
    assert first.endswith("-c constraints.txt -e .")
    assert installs() == []
    (dev,) = installs("dev")
    assert dev.endswith("-e .[dev]")
    (gan,) = installs("gan")
    assert gan.endswith("torch==2.13.0 -e .[dev,gan]")
    assert installs("dev") == []
    with (tree / "constraints.txt").open("a") as constraints:
        constraints.write("# changed\n")
    (again,) = installs()
    assert again.endswith("torch==2.13.0 -e .[dev,gan]")
    moved = tree.rename(tmp_path / "moved")
    child = machine.run("scripts/setup.sh", cwd=moved)
    assert "making the virtual environment" in child.stderr


def test_without_a_gpu_nothing_of_torch_is_added(machine: Machine, tmp_path: Path) -> None:
    python_that_installs(machine)
    tree = clone(tmp_path)
    machine.has("nvidia-smi", "exit 9")
    assert machine.run("scripts/setup.sh", cwd=tree).returncode == 0
    assert machine.run("scripts/gpu-extras.sh", cwd=tree).returncode == 0
    assert not [call for call in machine.calls if "torch" in call or "gan" in call]


def test_a_gpu_adds_torch_and_the_show_starts_without_tensorrt(machine: Machine, tmp_path: Path) -> None:
    python_that_installs(machine)
    tree = clone(tmp_path)
    assert machine.run("scripts/setup.sh", cwd=tree).returncode == 0
    machine.has("nvidia-smi", "exit 0")
    pip = tree / ".venv" / "bin" / "python"
    pip.write_text(pip.read_text().replace('case "$*" in', 'case "$*" in *pip*tensorrt*) exit 1 ;;', 1))
    first = machine.run("scripts/gpu-extras.sh", cwd=tree)
    assert first.returncode == 0
    assert first.stderr.splitlines()[-1].startswith("livesing: TensorRT could not be installed")
    tried = len(machine.calls)
    second = machine.run("scripts/gpu-extras.sh", cwd=tree)
    assert "TensorRT could not be installed" in second.stderr
    assert not [call for call in machine.calls[tried:] if "pip install" in call]
    assert machine.run("scripts/setup.sh", "gan", cwd=tree).returncode == 0
    assert not [call for call in machine.calls[tried:] if "pip install" in call]
