"""Engines: the same pictures whatever runs them, built and proved before use, the fastest chosen."""

import ctypes
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from livesing.cli import main
from livesing.engine_room import DreamChoice, EngineRoom
from livesing.errors import EngineError, UsageError, WeightsError
from livesing.generation.biggan_config import CONFIGS, BigGANConfig
from livesing.generation.engine import (
    Bytes,
    Engine,
    Floats,
    Latents,
    Progress,
    Source,
    make_latents,
    probe,
    self_test,
)
from livesing.generation.engine_cache import EngineCache
from livesing.generation.engine_device import CAPABILITY_MAJOR, ask
from livesing.generation.engine_key import engine_key
from livesing.generation.engine_kinds import GPU_KINDS, KINDS, OnnxruntimeKind, TorchKind
from livesing.generation.engine_open import (
    ServedGenerator,
    candidates,
    circumstances,
    faster,
    kind_named,
    lacking,
    measure,
    open_engine,
    ranked,
    ready,
    source_for,
)

SMALL = BigGANConfig(
    64, ((False, 4, 4), (True, 4, 4), (True, 4, 4), (True, 4, 2), (True, 2, 1)), attention_before=4, width=16
)
SOURCE = Source("biggan-small", seed=0)
EMBEDDED = Source("embedded", size=(96, 54))


@pytest.fixture(scope="module", autouse=True)
def _small_sister() -> Iterator[None]:
    """BigGAN-deep's architecture in small is a generator like the others, during these tests."""
    CONFIGS["biggan-small"] = SMALL
    yield
    del CONFIGS["biggan-small"]


@pytest.fixture
def torch() -> Iterator[object]:
    module = pytest.importorskip("torch", reason="torch is not installed (extra [gan])")
    threads = module.get_num_threads()
    yield module
    module.set_num_threads(threads)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> EngineCache:
    return EngineCache(tmp_path_factory.mktemp("cache") / "livesing" / "engines")


@pytest.fixture(scope="module")
def served(cache: EngineCache) -> Engine:
    """The embedded generator by onnxruntime."""
    return open_engine(EMBEDDED, KINDS["onnxruntime"], cache, 1, quiet)


def quiet(words: str) -> None:
    pass


# ----------------------------------------------------------------------------------------- what a machine has


def test_this_machine_offers_what_it_has() -> None:
    missing = lacking(SOURCE)
    assert "onnxruntime" not in missing
    assert set(candidates(SOURCE)) == KINDS.keys() - missing.keys()
    for name, why in missing.items():
        assert why
        with pytest.raises(EngineError, match="cannot run here"):
            open_engine(SOURCE, KINDS[name], EngineCache(Path("unused")), 1, quiet)


def test_the_embedded_generator_never_leads_to_torch_unasked() -> None:
    assert candidates(EMBEDDED) == ["onnxruntime"]


def test_words_that_name_nothing_are_refused() -> None:
    with pytest.raises(UsageError, match="tensorrt, cuda-compiled, cuda"):
        kind_named("onnx")
    with pytest.raises(UsageError, match="embedded, biggan-deep-128"):
        source_for("biggan", None)
    with pytest.raises(UsageError, match="takes no weights"):
        source_for("embedded", Path("x.bin"))
    with pytest.raises(WeightsError, match="weights get biggan-deep-256"):
        source_for("biggan-deep-256", None)
    with pytest.raises(WeightsError, match="no file or folder"):
        source_for("biggan-deep-256", Path("nowhere.bin"))


def test_the_driver_is_asked_in_its_own_words() -> None:
    """cuda.h's calls, answered as a driver with a GPU of compute capability 8.6 answers them."""

    class Driver:
        def cuInit(self, flags: int) -> int:  # noqa: N802
            return 0

        def cuDeviceGet(self, device: object, ordinal: int) -> int:  # noqa: N802
            return ordinal

        def cuDeviceGetName(self, name: ctypes.Array[ctypes.c_char], size: int, device: object) -> None:  # noqa: N802
            name.value = b"NVIDIA GeForce RTX 3060"

        def cuDeviceTotalMem_v2(self, memory: object, device: object) -> None:  # noqa: N802
            memory._obj.value = 12_000_000_000  # type: ignore[attr-defined]

        def cuDeviceGetAttribute(self, number: object, which: int, device: object) -> None:  # noqa: N802
            number._obj.value = 8 if which == CAPABILITY_MAJOR else 6  # type: ignore[attr-defined]

        def cuDriverGetVersion(self, number: object) -> None:  # noqa: N802
            number._obj.value = 13020  # type: ignore[attr-defined]

    found = ask(Driver())
    assert found == ("NVIDIA GeForce RTX 3060", "8.6", "13.2", 12.0)
    broken = Driver()
    broken.cuInit = lambda flags: 100  # type: ignore[method-assign]  # CUDA_ERROR_NO_DEVICE
    assert ask(broken) is None


def test_asking_for_engines_imports_no_torch() -> None:
    code = (
        "import sys; from livesing.generation.engine import Source;"
        "from livesing.generation.engine_open import *;"
        "from livesing.generation.engine_cache import EngineCache;"
        "source = source_for('embedded', None, (64, 36)); names = candidates(source);"
        "engine = open_engine(source, kind_named('onnxruntime'), EngineCache(), 1, print);"
        "engine.rgba(probe(), None); print('torch' in sys.modules)"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert child.stdout.split() == ["False"], child.stderr


# --------------------------------------------------------------------------------------- the fastest is taken


def test_measured_kinds_come_first_by_their_speed() -> None:
    names = ["tensorrt", "cuda", "onnxruntime", "torch"]
    assert ranked(names, {}) == names
    assert ranked(names, {"cuda": 2.0, "tensorrt": 3.0}) == ["cuda", "tensorrt", "onnxruntime", "torch"]
    assert ranked(names, {"torch": 9.0, "gone": 1.0}) == ["torch", "tensorrt", "cuda", "onnxruntime"]


def test_a_change_has_to_be_worth_it() -> None:
    assert faster(5.0, than=10.0)
    assert not faster(9.9, than=10.0)


def test_a_frame_is_timed_by_the_clock_it_is_given(served: Engine) -> None:
    ticks = itertools.count(step=0.25)
    assert measure(served, lambda: next(ticks), seconds=2.0) == 250.0


# ------------------------------------------------------------------------------------------ the same pictures


def test_onnxruntime_draws_torchs_pictures(torch: object, cache: EngineCache, served: Engine) -> None:
    reference = open_engine(SOURCE, KINDS["torch"], cache, 1, quiet)
    assert not ready(SOURCE, KINDS["onnxruntime"], cache)
    said: list[str] = []
    built = open_engine(SOURCE, KINDS["onnxruntime"], cache, 1, said.append)
    assert said, "building tells what it does"
    assert ready(SOURCE, KINDS["onnxruntime"], cache)
    assert built.size == reference.size == (64, 64)
    for seed, truncation in ((0, 0.5), (1, 0.87)):
        random = np.random.RandomState(seed)
        latents = make_latents(
            random.randn(1, 3, 128).astype("f4"), random.dirichlet([0.01] * 1000, (1, 3)), truncation
        )
        wanted = reference.image(latents)
        assert wanted.std() > 0.2
        np.testing.assert_allclose(built.image(latents), wanted, atol=1e-4)
        out = np.zeros((64, 64, 4), np.uint8)
        assert built.rgba(latents, out) is out
        assert np.abs(out.astype(int) - reference.rgba(latents, None)).max() <= 1
    with pytest.raises(ValueError, match="out must be"):
        built.rgba(probe(), np.zeros((8, 8, 4), np.uint8))
    said.clear()
    open_engine(SOURCE, KINDS["onnxruntime"], cache, 1, said.append)
    assert not said, "the second time nothing is built"

    # one that is whole and under its key, but draws another picture, is found out and built anew
    key = engine_key(SOURCE, KINDS["onnxruntime"])
    found = cache.find(key)
    assert found is not None
    content = found.file.read_bytes()

    def spoil(file: Path) -> np.ndarray:
        file.write_bytes(content)
        return -found.reference

    class BuiltBefore(OnnxruntimeKind):
        """Builds the same file without the exporter, which takes a quarter of a minute."""

        def build(self, source: Source, file: Path, progress: Progress) -> np.ndarray:
            progress("writing the graph")
            file.write_bytes(content)
            return found.reference

    cache.store(key, ".onnx", spoil)
    again = open_engine(SOURCE, BuiltBefore(), cache, 1, said.append)
    assert "self-test" in said[0] and said[-1] == "writing the graph"
    np.testing.assert_allclose(again.image(probe()), reference.image(probe()), atol=1e-4)

    # and the show moves from one engine to the other without a jump
    generator = ServedGenerator(SOURCE, reference)
    z, classes, _ = probe()
    before = generator.render_rgba(z, classes, None).astype(int)
    generator.move_to(again)
    assert "onnxruntime" in generator.note
    assert np.abs(generator.render_rgba(z, classes, None) - before).max() <= 1
    with pytest.raises(EngineError, match="draws"):
        generator.move_to(served)


@pytest.mark.parametrize("name", GPU_KINDS)
def test_whatever_a_library_of_the_gpu_raises_is_one_line(torch: object, tmp_path: Path, name: str) -> None:
    """Also AssertionError, by which torch says that it was built without CUDA."""
    if not KINDS[name].missing(EMBEDDED):
        pytest.skip("this machine has it")
    for attempt in (KINDS[name].open, KINDS[name].build):
        with pytest.raises(EngineError, match=r"^(CUDA|TensorRT|to build it|for cuda)\b.+$"):
            attempt(EMBEDDED, tmp_path / "engine", 1 if attempt == KINDS[name].open else quiet)  # type: ignore[operator]


class SlowKind(TorchKind):
    """torch with a pause in every frame."""

    name = "slow"

    def open(self, source: Source, file: Path | None, threads: int) -> Engine:
        engine = super().open(source, file, threads)
        draw = engine.rgba

        def rgba(latents: Latents, out: Bytes | None) -> Bytes:
            time.sleep(0.02)
            return draw(latents, out)

        engine.rgba = rgba  # type: ignore[method-assign]
        return engine


def test_a_show_moves_to_a_better_engine_without_a_jump(
    torch: object, cache: EngineCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "slow", SlowKind())
    monkeypatch.setattr(
        "livesing.engine_room._timed", lambda engine: measure(engine, time.perf_counter, seconds=0.1)
    )
    open_engine(SOURCE, KINDS["onnxruntime"], cache, 1, quiet)  # as the test before left it
    (entry,) = cache.folder.glob("biggan-small--*")
    own = EngineCache(tmp_path / "engines")
    built: list[str] = []

    def build(source: Source, name: str, threads: int) -> None:
        if name != "onnxruntime":
            raise EngineError(f"{name} is left out of this test")
        built.append(name)
        shutil.copytree(entry, own.folder / entry.name)

    room = EngineRoom(DreamChoice(SOURCE), own, build)
    room.start()
    try:
        generator = taken(room)
        assert isinstance(generator, ServedGenerator)
        assert generator.engine.kind == "torch", "what needs no building comes first"
        assert "biggan-small with random weights, torch" in room.serving.words
        before = generator.render_rgba(probe().z, probe().classes, None).astype(int)
        room.drew(1e4, 1e4)  # the loop finds torch slow
        better = taken(room)
        assert better is not None and not isinstance(better, ServedGenerator)
        generator.move_to(better)
        room.join()
    finally:
        room.stop()
        room.join()
    assert room.take() is None, "what is slower than the better one is not taken, though torch was slower yet"
    measured = own.choice(circumstances(SOURCE))
    assert measured["onnxruntime"] < measured["slow"] < measured["torch"] == 1e4
    assert built == ["onnxruntime"]
    assert room.serving.kind == generator.engine.kind == "onnxruntime"
    after = generator.render_rgba(probe().z, probe().classes, None)
    assert before.std() > 5 and np.abs(after - before).max() <= 1

    again = EngineRoom(DreamChoice(SOURCE), own, build)
    again.run()
    generator = again.take()
    assert isinstance(generator, ServedGenerator)
    assert generator.engine.kind == "onnxruntime", "the next show begins with what was the fastest"
    assert built == ["onnxruntime"]

    without = EngineRoom(DreamChoice(SOURCE, without=("onnxruntime",)), own, build)
    without.run()
    generator = without.take()
    assert isinstance(generator, ServedGenerator)
    assert generator.engine.kind == "torch", "what failed in this show is left out"


def taken(room: EngineRoom, seconds: float = 60.0) -> ServedGenerator | Engine | None:
    end = time.monotonic() + seconds
    while (opened := room.take()) is None and time.monotonic() < end:
        time.sleep(0.01)
    return opened


def test_the_embedded_generator_by_torch_is_its_file(
    torch: object, served: Engine, cache: EngineCache
) -> None:
    defined = open_engine(EMBEDDED, KINDS["torch"], cache, 1, quiet)
    assert served.size == defined.size == (96, 54)
    np.testing.assert_allclose(served.image(probe()), defined.image(probe()), atol=2e-3)


class EndedKind(TorchKind):
    """Is told to end in the middle of a build, as by a show that ends."""

    name = "ended"

    def suffix(self, source: Source) -> str | None:
        return ".half"

    def build(self, source: Source, file: Path, progress: Progress) -> Floats:
        file.write_bytes(b"half of it")
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("this goes on after SIGTERM")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_a_build_that_is_ended_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "ended", EndedKind())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    before = signal.getsignal(signal.SIGTERM)
    assert main(["engine", "build", "--generator", "embedded", "--engine", "ended"]) == 130
    assert list((tmp_path / "livesing" / "engines").iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) is before


def test_engines_are_built_listed_and_cleared(
    torch: object, cache: EngineCache, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    open_engine(SOURCE, KINDS["onnxruntime"], cache, 1, quiet)  # as the test before left it
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache.folder.parent.parent))
    words = ["--generator", "biggan-small", "--random-weights", "--threads", "1"]
    assert main(["engine", "build", "--engine", "onnxruntime", *words]) == 0
    assert main(["engine", "build", "--engine", "torch", *words]) == 0
    said = capsys.readouterr().out
    assert "was here" in said and "ms a frame on torch" in said
    assert cache.choice(circumstances(SOURCE)).keys() == {"onnxruntime", "torch"}
    assert main(["engine", "list"]) == 0
    said = capsys.readouterr().out
    assert "biggan-small" in said and "good" in said
    (entry,) = cache.folder.glob("biggan-small--*")
    (entry / "engine.onnx").write_bytes(b"cut off")
    assert main(["engine", "list"]) == 0
    assert "changed or cut off" in capsys.readouterr().out
    assert main(["engine", "clear"]) == 0
    assert "removed 1" in capsys.readouterr().out
    assert not list(cache.folder.iterdir())
    assert main(["engine", "build", "--generator", "none"]) == 2


class Wrong:
    """An engine that draws something else: what the self-test is there for."""

    kind, note, size = "wrong", "nothing", (4, 4)

    def __init__(self, picture: np.ndarray, pixels: np.ndarray) -> None:
        self.picture, self.pixels = picture, pixels

    def image(self, latents: Latents) -> np.ndarray:
        return self.picture

    def rgba(self, latents: Latents, out: np.ndarray | None) -> np.ndarray:
        return self.pixels

    def close(self) -> None:
        pass


def test_the_self_test_finds_what_is_wrong() -> None:
    picture = np.linspace(-1, 1, 48, dtype=np.float32).reshape(1, 3, 4, 4)
    pixels = np.full((4, 4, 4), 255, np.uint8)
    pixels[..., :3] = np.floor((picture[0].transpose(1, 2, 0) + 1) * 127.5 + 0.5)
    self_test(Wrong(picture, pixels), picture, "float32")
    self_test(Wrong(picture + 5e-3, pixels), picture, "float16")
    swapped = pixels[..., [2, 1, 0, 3]]
    clear = pixels.copy()
    clear[0, 0, 3] = 0
    for wrong in (
        Wrong(picture + 5e-3, pixels),
        Wrong(picture[:, ::-1], pixels),
        Wrong(picture * np.nan, pixels),
        Wrong(picture[..., :2], pixels),
        Wrong(picture, swapped),
        Wrong(picture, clear),
    ):
        with pytest.raises(EngineError):
            self_test(wrong, picture, "float32")


# -------------------------------------------------------------------------------------------------- generator


def test_truncation_scales_what_the_path_gives(torch: object, cache: EngineCache) -> None:
    """The path's z is at truncation .5; the network wants it at the one that its statistics are for."""
    engine = open_engine(SOURCE, KINDS["torch"], cache, 1, quiet)
    generator = ServedGenerator(SOURCE, engine)
    z, classes, _ = probe()
    generator.truncation = 0.8
    wanted = engine.image(make_latents(z * 1.6, classes, 0.8))
    np.testing.assert_allclose(generator.render(z, classes), wanted, atol=1e-5)
    before = generator.size
    generator.resize(320, 180)
    assert generator.size == before, "a network of one size keeps it"


def test_the_embedded_generator_takes_any_size(served: Engine) -> None:
    generator = ServedGenerator(EMBEDDED, served)
    generator.resize(64, 36)
    assert generator.render_rgba(probe().z, probe().classes, None).shape == (36, 64, 4)


@pytest.mark.parametrize(
    ("z", "classes", "truncation"),
    [
        (np.zeros((1, 127)), np.eye(1000)[:1], 0.5),
        (np.zeros((2, 3, 128)), np.eye(1000)[:1], 0.5),
        (np.full((1, 128), np.nan), np.eye(1000)[:1], 0.5),
        (np.zeros((1, 128)), np.full((1, 1000), 1.0), 0.5),
        (np.zeros((1, 128)), np.eye(1000)[:1] * 2 - np.eye(1000)[1:2], 0.5),
        (np.zeros((1, 128)), np.eye(1000)[:1], 1.5),
    ],
)
def test_bad_latents_are_refused(z: np.ndarray, classes: np.ndarray, truncation: float) -> None:
    with pytest.raises(ValueError):
        make_latents(z, classes, truncation)
