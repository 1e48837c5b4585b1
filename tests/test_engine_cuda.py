"""The CUDA engine on a stand-in for the GPU: its graphs, copies, and the way from feeling to frame."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra [gan])")

import cuda_stand_in  # noqa: E402

from livesing.device_dream import DeviceDream  # noqa: E402
from livesing.dreamer import DreamBoxes, Dreamer  # noqa: E402
from livesing.generation import engine_graph  # noqa: E402
from livesing.generation.biggan_config import CONFIGS, BigGANConfig  # noqa: E402
from livesing.generation.engine import Latents, Source, probe, self_test  # noqa: E402
from livesing.generation.engine_cuda import SLOTS, CudaEngine  # noqa: E402
from livesing.generation.engine_graph import reference  # noqa: E402
from livesing.generation.engine_open import ServedGenerator  # noqa: E402
from livesing.generation.latent_path import LatentPath  # noqa: E402
from livesing.generation.path_step import ROW  # noqa: E402
from livesing.generation.stylegan2_weights import network, random_state  # noqa: E402
from livesing.translation.steering import Steering  # noqa: E402
from livesing.translators import choose  # noqa: E402
from livesing.wishes import TranslatorWish  # noqa: E402

SMALL = BigGANConfig(16, ((False, 4, 4), (True, 4, 2), (True, 2, 1)), attention_before=2, width=8)
SOURCES = {
    "biggan-small": Source("biggan-small", seed=2),
    "stylegan2": Source("stylegan2", seed=2),
    "embedded": Source("embedded", size=(48, 28)),
}


@pytest.fixture(scope="module")
def patched() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setitem(CONFIGS, "biggan-small", SMALL)
        small = network(random_state(32, seed=2, width=32, most=8))
        monkeypatch.setattr(engine_graph, "random_network", lambda seed: small)
        cuda_stand_in.install(monkeypatch)
        yield monkeypatch


@pytest.fixture(scope="module", params=SOURCES)
def source(request: pytest.FixtureRequest, patched: pytest.MonkeyPatch) -> Source:
    return SOURCES[request.param]


@pytest.fixture(scope="module")
def engine(source: Source) -> CudaEngine:
    return CudaEngine(source, "float32")


@pytest.fixture
def both(patched: pytest.MonkeyPatch) -> tuple[CudaEngine, CudaEngine]:
    return CudaEngine(SOURCES["embedded"], "float32"), CudaEngine(SOURCES["embedded"], "float32")


def others(seed: int) -> Latents:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(1, 3, 128)).clip(-2, 2).astype(np.float32)
    classes = np.repeat(np.eye(1000, dtype=np.float32)[[[seed * 37]]], 3, 1)
    return Latents(z, classes, np.full(1, 0.5, np.float32))


def test_a_graph_draws_what_torch_draws_and_keeps_what_it_reads(engine: CudaEngine, source: Source) -> None:
    """The stand-in's replay fails when a weight of the network was given back."""
    self_test(engine, reference(source), "float32")
    again = engine.rgba(probe(), None).copy()
    engine.rgba(others(1), None)
    np.testing.assert_array_equal(engine.rgba(probe(), None), again)


def test_one_frame_is_drawn_while_the_other_leaves(engine: CudaEngine) -> None:
    alone = [engine.rgba(others(seed), None).copy() for seed in range(4)]
    engine.begin(others(0))
    for seed in range(1, 4):
        engine.begin(others(seed))
        with pytest.raises(RuntimeError, match=f"{SLOTS} frames are under way"):
            engine.begin(others(0))
        pixels, given = engine.finish(None)
        np.testing.assert_array_equal(pixels, alone[seed - 1])
        np.testing.assert_array_equal(given.classes, others(seed - 1).classes)
    np.testing.assert_array_equal(engine.finish(None)[0], alone[3])
    with pytest.raises(RuntimeError, match="no frame"):
        engine.finish(None)


def test_from_feeling_to_frame_in_one_graph(engine: CudaEngine, source: Source) -> None:
    """Its latents are the processor's, and its frame is drawn from them; no frame in between disturbs it."""
    from test_device_path import FIRST, moments

    steering, path = Steering(), LatentPath(3)
    device = DeviceDream(Steering(), LatentPath(3))
    for number, asked in enumerate(moments(1.2, 5.0, lambda share: {}, None, FIRST)):
        wish = steering.translate(asked.felt, asked.first, asked.second, asked.params, asked.noise)
        z, classes = path.step(asked.dt, wish, asked.pulse, asked.params)
        pixels, there = device.dream(asked, engine, None)
        np.testing.assert_allclose(there.z, z, atol=1e-3)
        np.testing.assert_allclose(there.classes, classes, atol=1e-3)
        drawn, given = pixels.copy(), Latents(*(each.copy() for each in there))
        if number % 3 == 1:
            np.testing.assert_array_equal(engine.rgba(given, None), drawn)


def test_a_show_that_is_behind_draws_one_frame_while_the_other_leaves(
    both: tuple[CudaEngine, CudaEngine],
) -> None:
    """It dreams the same frames as one that waits for each, a call later; a table that translates in between,
    on the processor, and a change of engine lose none."""
    from test_device_path import feel

    boxes = DreamBoxes(), DreamBoxes()
    waits, hurries = (
        Dreamer(each, 3, ServedGenerator(SOURCES["embedded"], engine))
        for each, engine in zip(boxes, both, strict=True)
    )
    told: tuple[list[tuple[float, bytes]], ...] = [], []
    behind = [number not in (0, 5) for number in range(12)]
    for number in range(12):
        for each in boxes:
            feel(each, number)
            if number in (0, 3, 7):
                choose(
                    each.translators, TranslatorWish("dictionary" if number == 3 else "views"), Path(), number
                )
        waits.dream(number / 5)
        hurries.dream(number / 5, behind=behind[number])
        if number == 9:
            hurries.move_to(CudaEngine(SOURCES["embedded"], "float32"))
        for each, frames in zip(boxes, told, strict=True):
            letter = each.frames.peek()
            assert letter is not None
            frames.append((letter.stamp, letter.value["pixels"][: 48 * 28 * 4].tobytes()))
    late = [number if not behind[number] or number == 9 else number - 1 for number in range(12)]
    assert told[1] == [told[0][number] for number in late]
    assert len(set(told[0])) == 12


def test_the_processor_goes_the_way_where_the_graph_cannot(
    source: Source, patched: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(*_: object) -> None:
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("livesing.generation.device_path.DevicePath.forward", refused)
        engine = CudaEngine(source, "float32")
    assert engine.path is None and "a way from feeling to latents fails" in caplog.text
    self_test(engine, reference(source), "float32")
    engine.close()


def test_what_is_timed_draws_the_last_frame_anew(engine: CudaEngine) -> None:
    before = engine.rgba(others(2), None).copy()
    engine.replay()
    np.testing.assert_array_equal(engine.rgba(others(2), None), before)
    engine.dream(np.ones(ROW, np.float32), None)
    engine.replay_dream()
    state = engine.path and engine.path.state()
    assert state is not None and np.isfinite(state.path.z).all()
