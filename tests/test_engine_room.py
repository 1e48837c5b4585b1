"""The generator's opening: what is ready first, the faster when it is built, embedded when all fails."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from livesing.clock import now as clock_now
from livesing.dream_process import DreamProcess
from livesing.dreamer import DreamBoxes
from livesing.engine_room import DreamChoice, EngineRoom, build_in_child, promising
from livesing.errors import EngineError
from livesing.generation.biggan_config import CONFIGS, BigGANConfig
from livesing.generation.embedded import EmbeddedGenerator
from livesing.generation.engine import Source, probe
from livesing.generation.engine_cache import EngineCache
from livesing.generation.engine_kinds import KINDS
from livesing.generation.engine_open import ServedGenerator
from livesing.generation.large_frames import LargeFrames, Lateness

SMALL = BigGANConfig(
    64, ((False, 4, 4), (True, 4, 4), (True, 4, 4), (True, 4, 2), (True, 2, 1)), attention_before=4, width=16
)
SOURCE = Source("biggan-small", seed=0)


def wait_for(found: Callable[[], object], seconds: float = 60.0) -> object:
    end = clock_now() + seconds
    while clock_now() < end:
        if (answer := found()) not in (None, False):
            return answer
        time.sleep(0.01)
    return None


@pytest.fixture
def cache(tmp_path: Path) -> EngineCache:
    return EngineCache(tmp_path / "engines")


@pytest.fixture
def with_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch, and BigGAN-deep's architecture in small among the generators."""
    pytest.importorskip("torch", reason="torch is not installed (extra [gan])")
    monkeypatch.setitem(CONFIGS, "biggan-small", SMALL)


def test_the_embedded_generator_opens_without_torch() -> None:
    code = (
        "import sys, time; from livesing.engine_room import DreamChoice, EngineRoom;"
        "room = EngineRoom(DreamChoice()); room.start(); room.join();"
        "print(room.take().size, room.serving.kind);"
        "print('torch' in sys.modules, 'onnxruntime' in sys.modules)"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert child.stdout.split() == ["(512,", "288)", "onnxruntime", "False", "True"], child.stderr


def test_an_engine_that_cannot_be_had_is_told(with_torch: None, cache: EngineCache) -> None:
    missing = KINDS["tensorrt"].missing(SOURCE)
    if missing is None:
        pytest.skip("this machine has TensorRT")
    room = EngineRoom(DreamChoice(SOURCE, "tensorrt"), cache)
    room.run()
    generator = room.take()
    assert isinstance(generator, ServedGenerator) and generator.engine.kind == "torch"
    assert f"no tensorrt: {missing}" in room.serving.words


@pytest.mark.parametrize("content", [None, b"not weights at all"])
def test_without_good_weights_the_embedded_generator_runs(
    content: bytes | None, cache: EngineCache, tmp_path: Path
) -> None:
    file = tmp_path / "weights.bin"
    if content is not None:
        pytest.importorskip("torch", reason="without torch no weights are read")
        file.write_bytes(content)
    room = EngineRoom(DreamChoice(Source("biggan-deep-128", file)), cache)
    room.run()
    generator = room.take()
    assert isinstance(generator, ServedGenerator) and generator.name == "embedded"
    assert room.serving.words.startswith("embedded, onnxruntime")
    assert "biggan-deep-128: " in room.serving.words and "weights.bin" in room.serving.words


def test_a_child_that_cannot_build_says_why(tmp_path: Path) -> None:
    if KINDS["tensorrt"].missing(SOURCE) is None:
        pytest.skip("this machine has TensorRT")
    with pytest.raises(EngineError, match="the tensorrt engine cannot run here"):
        build_in_child(Source("embedded", size=(64, 36)), "tensorrt", 1)


def test_a_fault_leaves_the_engine_out_and_then_the_generator() -> None:
    choice = DreamChoice(SOURCE, "tensorrt")
    first = choice.after_fault("tensorrt")
    assert (first.source, first.engine, first.without) == (SOURCE, None, ("tensorrt",))
    second = first.after_fault("cuda")
    assert second.without == ("tensorrt", "cuda")
    last = second.after_fault("")
    assert last.source.generator == "embedded" and "biggan-small" in last.why
    assert last.after_fault("onnxruntime") is last
    assert DreamChoice(SOURCE).after_fault("").source.generator == "embedded"


def test_a_gpu_that_fails_leaves_the_embedded_generator_to_the_others() -> None:
    choice = DreamChoice(engine="cuda").after_fault("cuda")
    assert choice.source.generator == "embedded" and choice.engine is None
    assert choice.without == ("cuda",) and "cuda" in choice.why
    assert choice.after_fault("tensorrt").without == ("cuda", "tensorrt")
    assert choice.after_fault("cuda") is choice is choice.after_fault("onnxruntime")
    everything = LargeFrames(kinds=("torch", "onnxruntime"))
    assert everything.here(Source("embedded"), (*choice.without, "torch")) == ["onnxruntime"]
    assert everything.here(SOURCE, ()) == [], "other generators have one size"


def test_the_embedded_generator_grows_and_gives_way(with_torch: None, cache: EngineCache) -> None:
    """From the processor's small frames to large ones; when those are late to smaller ones, and back."""
    large = LargeFrames(("torch",), ((128, 72), (64, 36)), within_ms=float("inf"), look_seconds=0.01)
    room = EngineRoom(DreamChoice(), cache, large=large)
    room.start()
    try:
        generator = wait_for(room.take)
        assert isinstance(generator, ServedGenerator)
        assert (generator.engine.kind, generator.size) == ("onnxruntime", (512, 288))
        same = EmbeddedGenerator(128, 72).render_rgba(probe().z, probe().classes, None).astype(int)
        for wanted in (("torch", (128, 72)), ("torch", (64, 36)), ("onnxruntime", (512, 288))):
            better = wait_for(room.take)
            assert better is not None
            generator.move_to(better)  # type: ignore[arg-type]
            assert (generator.engine.kind, generator.size) == wanted
            assert wait_for(lambda kind=wanted[0]: room.serving.kind == kind and not room.serving.opening)
            picture = generator.render_rgba(probe().z, probe().classes, None)
            if wanted[1] == (128, 72):
                assert np.abs(picture - same).max() <= 2
            room.period_ms, room.frame_ms = 10.0, 11.0  # the loop finds it slow
    finally:
        room.stop()
        room.join()


def test_large_frames_are_taken_when_they_are_in_time() -> None:
    closed: list[tuple[int, int] | None] = []

    class Timed(NamedTuple):
        size: tuple[int, int] | None

        def close(self) -> None:
            closed.append(self.size)

    def largest(within_ms: float) -> object:
        large = LargeFrames(within_ms=within_ms)
        found = large.largest(
            Source("embedded"),
            lambda source: Timed(source.size),  # type: ignore[arg-type, return-value]
            lambda engine: engine.size[0] / 100,
        )
        return found and found.source.size

    assert largest(20.0) == (1920, 1080) and closed == []
    assert largest(13.0) == (1280, 720) and closed == [(1920, 1080)]
    assert largest(1.0) is None and closed[1:] == [(1920, 1080), (1280, 720), (960, 540)]
    assert LargeFrames().smaller((1920, 1080)) == (1280, 720)
    assert LargeFrames().smaller((960, 540)) is None is LargeFrames().smaller((512, 288))
    late = Lateness()
    looks = [late.look(ms, 16.0) for ms in (float("inf"), 20, 20, 15, 20, 20, 20, 20)]
    assert looks == [False] * 6 + [True, False]


def test_what_is_worth_trying() -> None:
    names = ["tensorrt", "cuda", "onnxruntime", "torch"]
    assert promising(names, "torch", {}) == ["tensorrt", "cuda", "onnxruntime"]
    assert promising(names, "cuda", {"tensorrt": 2.0, "cuda": 3.0, "torch": 90.0}) == [
        "tensorrt",
        "onnxruntime",
    ]
    assert promising(names, "tensorrt", dict.fromkeys(names, 5.0)) == []


def test_the_process_tells_what_runs_and_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    boxes = DreamBoxes()
    dream = DreamProcess(boxes, choice=DreamChoice(Source("biggan-deep-128", tmp_path / "gone.bin")))
    assert dream.serving() == "not started"
    dream.start()
    try:
        assert wait_for(lambda: boxes.frames.newest > 0)
        assert dream.serving().startswith("embedded, onnxruntime")
        assert "gone.bin" in dream.serving() and "\0" not in dream.serving()
    finally:
        dream.close()
