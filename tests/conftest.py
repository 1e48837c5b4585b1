"""Real parts for the tests: a screen, a sound card, and the program in a child process.

Where a program is missing, the tests that need it are skipped and say what to install.
"""

import fcntl
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # torch's threads would wait for those of the other process

import livesing  # noqa: F401  # before numpy, whose BLAS it tells to use one thread

from late_compiling import librosa_compiled_late  # isort: skip

ROOT = Path(__file__).resolve().parent.parent
SINK = "stage"


def _need(*programs: str) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: `make test` installs it where it may")


def _end(process: subprocess.Popen[str], *, gently: signal.Signals = signal.SIGTERM) -> None:
    """End a child and the processes that it started (it leads a session of its own)."""
    if process.poll() is None:
        process.send_signal(gently)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


STAGE = re.compile(r"\b(xvfb: str|two_monitors: str|(own_)?pulse: PulseServer|start_livesing(_once)?: )")
"""Fixtures, as tests ask for them, of those that play in real time."""
LIBROSA = re.compile(r"\blibrosa\b")
"""In files that measure against it, which takes long to import, and on a new machine to compile."""


@pytest.hookimpl(optionalhook=True)  # where pytest-xdist is installed
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Where tests run two at a time: files with tests in real time never at once, and those of a file in one
    process, so that what they share is made once; so are the files that import librosa."""
    from xdist.scheduler import LoadScopeScheduling

    @cache
    def group(file: str) -> str:
        text = (config.rootpath / file).read_text(encoding="utf-8")
        return "stage" if STAGE.search(text) else "librosa" if LIBROSA.search(text) else file

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group(nodeid.partition("::")[0])

    config.option.loadscopereorder = False  # the stage would come late, and the others wait for it
    return ByFile(config, log)


@pytest.hookimpl(tryfirst=True)  # before a fixture draws
def pytest_runtest_setup(item: pytest.Item) -> None:
    """What torch draws without being told a seed is the same in every run; and it has one thread again,
    should the test before have opened an engine on more."""
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)
        sys.modules["torch"].set_num_threads(1)


# ------------------------------------------------------------------------------------------------ a screen


@pytest.fixture(scope="session")
def xvfb() -> Iterator[str]:
    """The name of an X display of 1280x720 that nobody else uses."""
    _need("Xvfb")
    reader, writer = os.pipe()
    # Xvfb takes a free display by itself and tells which.
    process = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x720x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
        start_new_session=True,
    )  # fmt: skip
    os.close(writer)
    try:
        with os.fdopen(reader) as answer:
            if not select.select([answer], [], [], 20)[0]:
                pytest.fail("Xvfb does not start")
            number = answer.readline().strip()
        assert number, "Xvfb ended without a display"
        yield f":{number}"
    finally:
        _end(process)


# -------------------------------------------------------------------------------------------- a sound card


@dataclass
class PulseServer:
    """A PulseAudio server of its own, whose null sink is both loudspeaker and microphone."""

    folder: Path
    process: subprocess.Popen[str]
    env: dict[str, str]
    """What a child process needs in order to see it: sounddevice's device "pulse", and its default."""
    players: list[subprocess.Popen[str]] = field(default_factory=list)

    @classmethod
    def start(cls, rate: int = 48000) -> "PulseServer":
        """Start it; skips the test where PulseAudio is missing."""
        _need("pulseaudio", "pactl", "paplay")
        # Sockets have short names: not below pytest's folders.
        folder = Path(tempfile.mkdtemp(prefix="pulse-"))
        socket = folder / "native"
        env = {
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_SERVER": f"unix:{socket}",
            "PULSE_RUNTIME_PATH": str(folder),
            "PULSE_COOKIE": str(folder / "cookie"),
        }
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"]
        command += ["--high-priority=no", "--realtime=no", f"--log-target=file:{folder / 'log'}"]
        command += ["-L", f"module-native-protocol-unix auth-anonymous=1 socket={socket}"]
        command += ["-L", f"module-null-sink sink_name={SINK} rate={rate} channels=2"]
        process = subprocess.Popen(
            command, env={**os.environ, **env}, text=True, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        server = cls(folder, process, env)
        try:
            server._set_source()
        except BaseException:
            server.stop()
            raise
        return server

    def _set_source(self) -> None:
        for _ in range(100):
            pactl = self._run("pactl", "set-default-source", f"{SINK}.monitor")
            if pactl.returncode == 0:
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        log = self.folder / "log"
        pytest.fail(f"PulseAudio does not start: {log.read_text() if log.exists() else pactl.stderr}")

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env={**os.environ, **self.env}, capture_output=True, text=True, check=False, timeout=20
        )

    def play(self, path: Path) -> subprocess.Popen[str]:
        """Play a sound file into the microphone; returns at once. Terminate the process to stop the sound."""
        # Without a latency asked for, the first sound would come more than a second late.
        player = subprocess.Popen(
            ["paplay", "--latency-msec=20", str(path)], env={**os.environ, **self.env}, text=True,
            start_new_session=True,
        )  # fmt: skip
        self.players.append(player)
        return player

    def hush(self) -> None:
        """Stop everything that plays."""
        while self.players:
            _end(self.players.pop())

    def stop(self) -> None:
        """End the server, as if the sound card were pulled out."""
        self.hush()
        _end(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _shared_pulse() -> Iterator[PulseServer]:
    server = PulseServer.start()
    yield server
    server.stop()


@pytest.fixture
def pulse(_shared_pulse: PulseServer) -> Iterator[PulseServer]:
    """A sound card that is silent when the test begins. One for all tests: do not stop it."""
    yield _shared_pulse
    _shared_pulse.hush()


@pytest.fixture
def own_pulse() -> Iterator[PulseServer]:
    """A sound card of the test's own, which it may stop."""
    server = PulseServer.start()
    yield server
    server.stop()


# ------------------------------------------------------------------------------------ data and the program


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of music and pictures to develop with, which is no part of the project."""
    folder = os.environ.get("LIVESING_DATA", "")
    if not folder:
        pytest.skip("needs LIVESING_DATA, a folder of development data")
    if not Path(folder).is_dir():
        pytest.fail(f"LIVESING_DATA is {folder}, which is no folder")
    return Path(folder)


@pytest.fixture(scope="session")
def cache_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user's cache of all child processes: what is rendered at first use is rendered once a run, also
    where tests run two at a time."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    (folder / "cache").mkdir(exist_ok=True)
    return folder / "cache"


def mesa_cache() -> str:
    """Where Mesa keeps compiled shaders."""
    folder = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return os.environ.get("MESA_SHADER_CACHE_DIR") or folder


@pytest.fixture(scope="session")
def child_env(cache_home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a child: no screen, no sound card, nothing of the user's own files."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PULSE_", "LIVESING_"))}
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE", "PYTHONPATH"):
        env.pop(name, None)
    home = tmp_path_factory.mktemp("home")
    runtime = tmp_path_factory.mktemp("runtime")
    env.update(
        HOME=str(home),
        XDG_CACHE_HOME=str(cache_home),
        XDG_CONFIG_HOME=str(home / "config"),
        XDG_DATA_HOME=str(home / "data"),
        XDG_STATE_HOME=str(home / "state"),
        XDG_RUNTIME_DIR=str(runtime),
        # Nobody listens there; without a name PulseAudio's client would start a server of its own.
        PULSE_SERVER=f"unix:{runtime / 'native'}",
        # What Mesa has compiled for the tests' own processes, it need not compile for their children.
        MESA_SHADER_CACHE_DIR=mesa_cache(),
        OMP_NUM_THREADS="1",
        PYTHONUNBUFFERED="1",
    )
    return env


@pytest.fixture(scope="session")
def demo_piece(child_env: dict[str, str], cache_home: Path) -> Path:
    """The demo piece as a file, in the cache of all child processes: `--audio demo` then starts at once."""
    command = [sys.executable, "-m", "livesing.audio.demo"]
    with (cache_home / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # who comes second finds it made
        child = subprocess.run(
            command, env=child_env, capture_output=True, text=True, check=False, timeout=300
        )
    assert child.returncode == 0, child.stderr
    return Path(child.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def librosa() -> Any:
    """What the features are measured against."""
    return librosa_compiled_late()


RunLivesing = Callable[..., subprocess.CompletedProcess[str]]
StartLivesing = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="session")
def run_livesing(child_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> RunLivesing:
    """`run_livesing(args, env={}, timeout=60, cwd=None)`: run the program to its end -> CompletedProcess.

    `env` is added to `child_env`; without `cwd` it runs in an empty folder.
    """

    def run(
        args: Sequence[str | Path],
        env: Mapping[str, str] | None = None,
        timeout: float = 60,
        cwd: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        process = _start(args, {**child_env, **(env or {})}, cwd or tmp_path_factory.mktemp("run"))
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            _end(process)
            out, err = process.communicate()
            pytest.fail(f"livesing {' '.join(map(str, args))} ran over {timeout} s\n{out}\n{err}")
        finally:
            _end(process)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    return run


@contextmanager
def _starter(child_env: dict[str, str], folder: Path) -> Iterator[StartLivesing]:
    started: list[subprocess.Popen[str]] = []

    def start(
        args: Sequence[str | Path], env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> subprocess.Popen[str]:
        started.append(_start(args, {**child_env, **(env or {})}, cwd or folder))
        return started[-1]

    yield start
    for process in started:
        _end(process, gently=signal.SIGINT)
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()


@pytest.fixture
def start_livesing(child_env: dict[str, str], tmp_path: Path) -> Iterator[StartLivesing]:
    """`start_livesing(args, env={}, cwd=None)` -> Popen with text pipes, ended when the test is over."""
    with _starter(child_env, tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def start_livesing_once(
    child_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartLivesing]:
    """The same for a program that all tests of a file use, ended when they are over."""
    with _starter(child_env, tmp_path_factory.mktemp("program")) as start:
        yield start


def _start(args: Sequence[str | Path], env: dict[str, str], cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "livesing", *map(str, args)], env=env, cwd=cwd, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
