"""CUDA's streams, events and graphs on the processor, strict about what a graph may hold.

What is launched while a graph is taken down is written down, operation by operation, and replayed on the same
memory. A graph knows addresses alone, so what was there before it is held weakly: a replay fails when it is
gone. Nothing may wait for the device meanwhile. Streams run at once, which no engine can tell.
"""

import gc
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from livesing.generation import engine_cuda

WAITS = ("_local_scalar_dense", "nonzero", "item", "is_nonzero", "equal", "lift_fresh")
"""Operations that need the device's answer; the last copies a constant there, and waits for that."""


class Event:
    def __init__(self, blocking: bool = False) -> None:
        self.recorded = False

    def record(self, stream: "Stream") -> None:
        self.recorded = True

    def synchronize(self) -> None:
        assert self.recorded, "this would wait for nothing"
        assert not Recorder.at_work, "a graph must not wait"


class Stream:
    def synchronize(self) -> None:
        assert not Recorder.at_work, "a graph must not wait"

    def wait_event(self, event: Event) -> None:
        assert event.recorded


class Recorder(TorchDispatchMode):
    at_work = False

    def __init__(self, graph: "Graph") -> None:
        super().__init__()
        self.graph = graph

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        assert name not in WAITS, f"{name} needs the device's answer, in a graph"
        out = func(*args, **(kwargs or {}))
        self.graph.write_down(func, args, kwargs or {}, out)
        return out


class Kept:
    """A tensor that the graph itself has made."""

    def __init__(self, tensor: Tensor) -> None:
        self._tensor = tensor

    def __call__(self) -> Tensor:
        return self._tensor


class Graph:
    def __init__(self) -> None:
        self._steps: list[tuple[Any, Any, Any, list[Tensor]]] = []
        self._own: list[Tensor] = []
        """What was made while it was taken down: its pool of memory."""

    def pool(self) -> tuple[int, int]:
        return 0, 0

    def write_down(self, func: Any, args: Any, kwargs: Any, out: Any) -> None:
        outs = [one for one in (out if isinstance(out, list | tuple) else [out]) if isinstance(one, Tensor)]
        given = {one.untyped_storage().data_ptr() for one in _tensors((args, kwargs))}
        step = func, self._held(args), self._held(kwargs)
        # a view of what was given, or what was changed in place, is there again by itself
        fresh = [one for one in outs if one.untyped_storage().data_ptr() not in given]
        self._steps.append((*step, fresh))
        self._own += outs

    def _held(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return Kept(value) if any(value is one for one in self._own) else weakref.ref(value)
        if isinstance(value, list | tuple):
            return [self._held(one) for one in value]
        return {name: self._held(one) for name, one in value.items()} if isinstance(value, dict) else value

    @torch.inference_mode()
    def replay(self) -> None:
        for func, args, kwargs, fresh in self._steps:
            out = func(*_taken(args), **_taken(kwargs))
            outs = [
                one for one in (out if isinstance(out, list | tuple) else [out]) if isinstance(one, Tensor)
            ]
            for kept, new in zip(fresh, outs, strict=False):
                kept.copy_(new)


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple | dict):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _tensors(one)


def _taken(value: Any) -> Any:
    if isinstance(value, weakref.ref | Kept):
        tensor = value()
        assert tensor is not None, "the graph reads memory that was given back"
        return tensor
    if isinstance(value, list):
        return [_taken(one) for one in value]
    return {name: _taken(one) for name, one in value.items()} if isinstance(value, dict) else value


@contextmanager
def _graph(graph: Graph, pool: object, stream: Stream, capture_error_mode: str) -> Iterator[None]:
    assert capture_error_mode == "thread_local"
    Recorder.at_work = True
    try:
        with Recorder(graph):
            yield
    finally:
        Recorder.at_work = False
    gc.collect()


@contextmanager
def _stream(stream: Stream) -> Iterator[None]:
    yield


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on engine_cuda.py draws on the processor."""
    unmoved: Callable[[Tensor], Tensor] = lambda tensor: tensor  # noqa: E731
    monkeypatch.setattr(engine_cuda, "DEVICE", "cpu")
    monkeypatch.setattr(Tensor, "pin_memory", unmoved)
    for name, value in {
        "Stream": Stream, "Event": Event, "CUDAGraph": Graph, "graph": _graph, "stream": _stream,
        "synchronize": lambda: None, "empty_cache": lambda: None,
        "get_device_name": lambda: "a stand-in",
    }.items():  # fmt: skip
        monkeypatch.setattr(torch.cuda, name, value)
