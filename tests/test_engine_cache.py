"""Built engines on disk: found by their key, whole or not at all, and never trusted unread."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from livesing.errors import EngineError, WeightsError
from livesing.generation.engine import Source
from livesing.generation.engine_cache import CHOICES, PARTIAL, REFERENCE, SIDECAR, EngineCache
from livesing.generation.engine_key import _read_digest, digest, engine_key, file_digest, identity
from livesing.generation.engine_kinds import KINDS

REFERENCE_PICTURE = np.linspace(-1, 1, 48, dtype=np.float32).reshape(1, 3, 4, 4)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    file = tmp_path / "weights.bin"
    file.write_bytes(b"numbers" * 1000)
    return file


@pytest.fixture
def source(weights: Path) -> Source:
    return Source("biggan-deep-128", weights)


@pytest.fixture
def cache(tmp_path: Path) -> EngineCache:
    return EngineCache(tmp_path / "engines")


def write(content: bytes = b"an engine" * 500) -> Callable[[Path], np.ndarray]:
    def fill(file: Path) -> np.ndarray:
        file.write_bytes(content)
        return REFERENCE_PICTURE

    return fill


def test_what_was_stored_is_found(cache: EngineCache, source: Source) -> None:
    key = engine_key(source, KINDS["onnxruntime"])
    assert cache.find(key) is None
    built = cache.store(key, ".onnx", write())
    again = EngineCache(cache.folder).find(key)
    assert again is not None
    assert again.file == built.file
    assert again.file.read_bytes() == b"an engine" * 500
    np.testing.assert_allclose(again.reference, REFERENCE_PICTURE, atol=1e-3)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "engine.onnx").write_bytes(b"an enginE" * 500),
        lambda folder: os.truncate(folder / "engine.onnx", 100),
        lambda folder: (folder / "engine.onnx").unlink(),
        lambda folder: (folder / REFERENCE).write_bytes(b""),
        lambda folder: (folder / SIDECAR).unlink(),
        lambda folder: (folder / SIDECAR).write_text("{"),
        lambda folder: (folder / SIDECAR).write_text("[]"),
        lambda folder: edit(folder, "sha256", {}),
        lambda folder: edit(folder, "file", "../engine.onnx"),
        lambda folder: edit(folder, "key", {"format": 0}),
    ],
    ids=["changed", "cut off", "gone", "reference", "no sidecar", "half a sidecar", "other sidecar",
         "no sums", "path", "foreign key"],
)  # fmt: skip
def test_a_damaged_engine_does_not_count(
    damage: Callable[[Path], object], cache: EngineCache, source: Source
) -> None:
    key = engine_key(source, KINDS["onnxruntime"])
    folder = cache.store(key, ".onnx", write()).file.parent
    damage(folder)
    assert cache.find(key) is None
    cache.store(key, ".onnx", write(b"built anew"))
    found = cache.find(key)
    assert found is not None
    assert found.file.read_bytes() == b"built anew"
    assert cache.entries()[0].trouble == ""


def edit(folder: Path, name: str, value: object) -> None:
    sidecar = json.loads((folder / SIDECAR).read_text())
    sidecar[name] = value
    (folder / SIDECAR).write_text(json.dumps(sidecar))


def test_an_engine_moved_to_another_key_is_foreign(cache: EngineCache, source: Source) -> None:
    """Whole, and under the right name, but built for something else."""
    mine, other = engine_key(source, KINDS["onnxruntime"]), engine_key(Source("embedded"), KINDS["openvino"])
    folder = cache.store(other, ".onnx", write()).file.parent
    wanted = cache.store(mine, ".onnx", write()).file.parent
    for file in wanted.iterdir():
        file.unlink()
    wanted.rmdir()
    folder.rename(wanted)
    assert cache.find(mine) is None


def test_an_interrupted_build_leaves_nothing(cache: EngineCache, source: Source) -> None:
    def interrupted(file: Path) -> np.ndarray:
        file.write_bytes(b"half")
        raise KeyboardInterrupt

    key = engine_key(source, KINDS["onnxruntime"])
    with pytest.raises(KeyboardInterrupt):
        cache.store(key, ".onnx", interrupted)
    assert list(cache.folder.iterdir()) == []
    assert cache.find(key) is None


def test_what_a_killed_build_left_is_no_entry_and_is_cleared(cache: EngineCache, source: Source) -> None:
    cache.store(engine_key(source, KINDS["onnxruntime"]), ".onnx", write())
    (cache.folder / f"{PARTIAL}killed").mkdir()
    assert len(cache.entries()) == 1
    assert cache.clear()[0] == 1
    assert list(cache.folder.iterdir()) == []


def test_what_was_killed_long_ago_is_cleared_by_the_next_build(cache: EngineCache, source: Source) -> None:
    old, new = (cache.folder / f"{PARTIAL}{name}" for name in ("old", "new"))
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "engine.onnx").write_bytes(b"half")
    os.utime(old, (0, 0))
    cache.store(engine_key(source, KINDS["onnxruntime"]), ".onnx", write())
    assert not old.exists() and new.exists()


def test_a_folder_that_cannot_be_written_to_is_one_line(tmp_path: Path, source: Source) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    cache = EngineCache(blocked / "engines")
    with pytest.raises(EngineError, match="cannot be written"):
        cache.store(engine_key(source, KINDS["onnxruntime"]), ".onnx", write())
    cache.choose({"a": 1}, {"torch": 5.0})  # is not kept, and does no harm
    assert cache.choice({"a": 1}) == {}
    assert cache.entries() == []


def test_the_key_holds_all_that_an_engine_depends_on(source: Source, weights: Path) -> None:
    base = engine_key(source, KINDS["onnxruntime"])
    keys = [
        base,
        engine_key(source, KINDS["openvino"]),
        engine_key(Source("biggan-deep-256", weights), KINDS["onnxruntime"]),
        engine_key(Source("biggan-deep-128", seed=1), KINDS["onnxruntime"]),
        engine_key(Source("embedded", size=(512, 288)), KINDS["onnxruntime"]),
        engine_key(Source("embedded", size=(512, 512)), KINDS["onnxruntime"]),
        *({**base, name: "other"} for name in base),
    ]
    assert len({digest(key) for key in keys}) == len(keys)
    weights.write_bytes(b"numberS" * 1000)
    assert digest(engine_key(source, KINDS["onnxruntime"])) != digest(base)
    versions = base["facts"]
    assert versions["onnxruntime"][0].isdigit()
    assert {"tensorrt", "torch", "torch-tensorrt", "optimisation"} <= KINDS["tensorrt"].facts().keys()


def test_the_key_does_not_depend_on_order_or_place(source: Source, weights: Path, tmp_path: Path) -> None:
    key = engine_key(source, KINDS["onnxruntime"])
    assert digest(dict(reversed(key.items()))) == digest(key)
    moved = weights.rename(tmp_path / "elsewhere.bin")
    assert digest(engine_key(Source("biggan-deep-128", moved), KINDS["onnxruntime"])) == digest(key)


def test_weights_that_are_not_there_are_one_line(tmp_path: Path) -> None:
    for source in (Source("biggan-deep-128", tmp_path / "none.bin"), Source("biggan-deep-128")):
        with pytest.raises(WeightsError):
            identity(source)


def test_choices_are_remembered_for_their_circumstances(cache: EngineCache) -> None:
    here, there = {"gpu": "one", "torch": "2.13"}, {"gpu": "one", "torch": "2.14"}
    cache.choose(here, {"cuda": 3.0, "tensorrt": 1.5})
    cache.choose(there, {"cuda": 2.0})
    again = EngineCache(cache.folder)
    assert again.choice(here) == {"cuda": 3.0, "tensorrt": 1.5}
    assert again.choice(there) == {"cuda": 2.0}
    assert again.choice({"gpu": "two"}) == {}


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"%s": 3}', '{"%s": {"cuda": "fast"}}'])
def test_damaged_choices_are_no_choices(content: str, cache: EngineCache) -> None:
    facts = {"gpu": "one"}
    cache.choose(facts, {"cuda": 1.0})
    (cache.folder / CHOICES).write_text(content.replace("%s", digest(facts)))
    assert cache.choice(facts) == {}
    cache.choose(facts, {"cuda": 2.0})
    assert cache.choice(facts) == {"cuda": 2.0}


def test_a_file_is_hashed_once_until_it_is_touched(tmp_path: Path) -> None:
    file = tmp_path / "weights.bin"
    file.write_bytes(b"one" * 1000)
    begun = _read_digest.cache_info()
    for content in (b"two" * 1000, b"six" * 1000):  # as large, and at once
        file.write_bytes(content)
        assert file_digest(file) == hashlib.sha256(content).hexdigest()
    assert _read_digest.cache_info() == begun, "too new to be remembered"
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("livesing.generation.engine_key.SETTLED_S", -1.0)
        for _ in range(3):
            assert file_digest(file) == hashlib.sha256(content).hexdigest()
        assert _read_digest.cache_info().misses == begun.misses + 1
        file.write_bytes(b"more" * 1000)
        assert file_digest(file) == hashlib.sha256(b"more" * 1000).hexdigest()
