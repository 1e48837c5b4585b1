"""The roofline of a generator: the time that its convolutions and matrix products need at the least.

A layer takes at least its multiplications at the machine's best rate, and at least its weights, inputs and
outputs at the memory's rate; the larger counts (Williams, Waterman & Patterson 2009). What is computed pixel
by pixel in between is taken for free, as if it were fused into the layers.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

CONVOLUTIONS = (torch.ops.aten.convolution.default, torch.ops.aten.mkldnn_convolution.default)
PRODUCTS = (torch.ops.aten.mm.default, torch.ops.aten.bmm.default, torch.ops.aten.addmm.default)


class Layer(NamedTuple):
    """One convolution or matrix product."""

    flop: float
    """A multiplication and an addition are two."""
    numbers: int
    """Read and written: weights, inputs, outputs."""


class Roof(NamedTuple):
    """What a machine can do at best."""

    flop_s: float
    bytes_s: float


class _Count(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.layers: list[Layer] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if func in CONVOLUTIONS:
            x, weight = args[0], args[1]
            transposed = func is CONVOLUTIONS[0] and args[6]
            # every input, or every output, meets its share of the weight once
            met = (x if transposed else out).numel() * weight.numel() / weight.shape[0]
            self.layers.append(Layer(2.0 * met, _numbers(x, weight, out)))
        elif func in PRODUCTS:
            a, b = args[-2], args[-1]
            self.layers.append(Layer(2.0 * a.numel() * b.shape[-1], _numbers(a, b, out)))
        return out


def _numbers(*tensors: Tensor) -> int:
    return sum(tensor.numel() for tensor in tensors)


def layers(net: nn.Module, arguments: Iterable[Tensor]) -> list[Layer]:
    """Its convolutions and matrix products, counted while it draws one picture."""
    with torch.no_grad(), _Count() as count:
        net(*arguments)
    return count.layers


def roofline_ms(work: Iterable[Layer], roof: Roof, bytes_each: int) -> float:
    """Milliseconds of a frame that no engine can beat, at `bytes_each` a number."""
    times = (max(layer.flop / roof.flop_s, layer.numbers * bytes_each / roof.bytes_s) for layer in work)
    return 1e3 * sum(times)


def processor_roof(clock: Callable[[], float], precision: torch.dtype = torch.float) -> Roof:
    """Of one thread, measured by a convolution that fits the cache and by a copy that does not."""
    x, weight = torch.randn(1, 256, 32, 32), torch.randn(256, 256, 3, 3)
    x, weight = (tensor.to(precision, memory_format=torch.channels_last) for tensor in (x, weight))
    flop = 2 * 9 * 256 * 256 * 32 * 32
    big, target = torch.ones(32 << 20), torch.empty(32 << 20)
    with torch.inference_mode():
        fastest = _best(lambda: torch.conv2d(x, weight, padding=1), clock, 10)
        copy = _best(lambda: target.copy_(big), clock, 5)
    return Roof(flop / fastest, 2 * 4 * big.numel() / copy)


def gpu_roof(precision: torch.dtype) -> Roof:
    """Of the GPU, by a large matrix product of random numbers and by a large copy, timed with events."""
    side = 8192
    a = torch.randn(side, side, device="cuda", dtype=precision)
    b = torch.randn(side, side, device="cuda", dtype=precision)
    big = torch.randn(256 << 20, device="cuda")
    target = torch.empty_like(big)
    product = gpu_seconds(lambda: a @ b, 10)
    copy = gpu_seconds(lambda: target.copy_(big), 10)
    return Roof(2 * side**3 / product, 2 * 4 * big.numel() / copy)


def gpu_megabytes() -> float:
    """What lies in the GPU's memory, whoever put it there: TensorRT's is not known to torch. Of torch's own,
    what is in use."""
    torch.cuda.synchronize()
    torch.cuda.empty_cache()
    free, total = torch.cuda.mem_get_info()
    return (total - free) / 1e6


def gpu_seconds(work: Callable[[], object], count: int) -> float:
    """Median seconds of `work` on the current stream, by events around each, after a warm-up."""
    for _ in range(3):
        work()
    times = []
    for _ in range(count):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        work()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end) * 1e-3)
    return sorted(times)[len(times) // 2]


def _best(work: Callable[[], object], clock: Callable[[], float], count: int) -> float:
    work()
    best = math.inf
    for _ in range(count):
        before = clock()
        work()
        best = min(best, clock() - before)
    return best
