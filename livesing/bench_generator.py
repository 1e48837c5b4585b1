"""`livesing bench generator`: an engine against the upstream implementation, frame by frame in turn.

Upstream is what one would use without this program: pytorch-pretrained-biggan's model for BigGAN, and torch's
own run of the definition for the other generators. Both draw the same latents, one frame after the other, so
that whatever else the machine does falls on both; on the processor both have one thread, and the ratio and
the share of the roofline are of processor time.
"""

import json
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from livesing.errors import UsageError
from livesing.figures import rss_mb
from livesing.generation.biggan_config import CONFIGS
from livesing.generation.engine import EngineKind, Latents, Source, make_latents
from livesing.generation.engine_cache import EngineCache
from livesing.generation.engine_open import kind_named, open_engine, ready

TRUNCATION = 0.5
"""On a knot: between them the package interpolates the wrong way round."""
SECONDS = 20.0
FEWEST = 5
WARM_UP = 2

Upstream = Callable[[], np.ndarray]
"""Draws the bench's latents -> [1, 3, H, W] in [-1, 1]."""


def bench_generator(source: Source, engine: str, frames: int | None, *, threads: int, as_json: bool) -> None:
    """Measure and print. Raises UsageError, EngineError, WeightsError."""
    result = measure(source, kind_named(engine), frames, threads)
    if as_json:
        print(json.dumps(result))
        return
    against = result["upstream"]
    spread = "  ".join(f"{name} {value:.2f}" for name, value in result["ms"].items())
    print(f"{result['generator']} {result['width']}x{result['height']}, {result['note']}")
    print(f"  frame     {spread} ms, {result['fps']:.1f} fps")
    print(f"  upstream  {against['ms']:.2f} ms by {against['what']}")
    print(f"  speed-up  {result['speedup_vs_upstream']:.2f}")
    print(f"  error     {result['max_abs_error']:.2g} at most, of pictures in [-1, 1]")
    if result["roofline_share"] is not None:
        share = 100 * result["roofline_share"]
        print(f"  roofline  {result['roofline_ms']:.2f} ms, {share:.0f} % of the frame's time")
    print("  memory    " + ", ".join(f"{name} {size} MB" for name, size in result["memory_mb"].items()))


def measure(
    source: Source, kind: EngineKind, frames: int | None, threads: int = 1, cache: EngineCache | None = None
) -> dict[str, Any]:
    """The figures of `--json`."""
    on_gpu = kind.precision(source) == "float16" or kind.name.startswith(("cuda", "tensorrt"))
    latents = _latents()
    cache = cache or EngineCache()
    built_now = not ready(source, kind, cache)
    before, gpu_before = rss_mb(), _gpu_megabytes(kind, source) if on_gpu else 0.0
    engine = open_engine(source, kind, cache, threads, lambda words: None)
    picture = engine.image(latents)
    # what building took is not told apart from the engine's own: that is in the next run's figures
    memory = {"process": rss_mb(), "engine": None if built_now else _difference(rss_mb(), before)}
    if on_gpu:
        memory["gpu"] = round(_gpu_megabytes(kind, source) - gpu_before, 1)
    what, upstream = _upstream(source, latents, "cuda" if on_gpu else "cpu", threads)
    error = float(np.abs(picture - upstream()).max())
    times, processor, others, processor_others = _in_turn(
        lambda: engine.rgba(latents, None), upstream, frames
    )
    p50, p95, p99 = (round(float(np.percentile(times, q)) * 1e3, 3) for q in (50, 95, 99))
    ours, theirs = (times, others) if on_gpu else (processor, processor_others)
    roofline = _roofline(source, kind, on_gpu)
    frame_ms = statistics.median(ours) * 1e3
    width, height = engine.size
    return {
        "generator": source.generator,
        "engine": kind.name,
        "width": width,
        "height": height,
        "ms": {"p50": p50, "p95": p95, "p99": p99},
        "fps": round(1e3 / p50, 2),
        "speedup_vs_upstream": round(statistics.median(theirs) / statistics.median(ours), 3),
        "max_abs_error": error,
        "roofline_share": None if roofline is None else round(roofline / frame_ms, 3),
        "roofline_ms": roofline,
        "upstream": {"what": what, "ms": round(statistics.median(others) * 1e3, 3)},
        "processor_ms": round(statistics.median(processor) * 1e3, 3),
        "frames": len(times),
        "threads": threads,
        "precision": kind.precision(source),
        "weights": "random" if source.seed is not None else source.weights and source.weights.name,
        "memory_mb": memory,
        "note": engine.note,
    }


def _latents() -> Latents:
    """One condition for all layers, as the package has it."""
    z = TRUNCATION * np.random.RandomState(5).randn(1, 128).clip(-2, 2)
    return make_latents(z.astype(np.float32), np.eye(1000, dtype=np.float32)[[207]], TRUNCATION)


def _upstream(source: Source, latents: Latents, device: str, threads: int) -> tuple[str, Upstream]:
    """What to compare with, in words, and a frame of it. Raises UsageError where torch is missing."""
    try:
        import torch
    except ImportError:
        raise UsageError("the comparison needs torch: pip install 'livesing[gan]'") from None
    from livesing.generation.engine_graph import biggan_state, graph, to_tensors

    torch.set_num_threads(threads)
    if source.generator not in CONFIGS:
        net, given = graph(source).to(device), to_tensors(latents, device)

        def definition() -> np.ndarray:
            with torch.inference_mode():
                return np.asarray(net(*given)[0].cpu().numpy())

        return f"its torch definition, {device}, {threads} thread(s)", definition

    z, classes = (torch.from_numpy(rows[:, 0]).to(device) for rows in (latents.z, latents.classes))
    what, model = _package(source, biggan_state(source), device)

    def package() -> np.ndarray:
        with torch.inference_mode():
            return np.asarray(model(z, classes, TRUNCATION).cpu().numpy())

    return f"{what}, {device}, {threads} thread(s)", package


def _package(source: Source, state: Any, device: str) -> tuple[str, Any]:
    """pytorch-pretrained-biggan's model in eval mode; where it is not installed, its plain equal here."""
    import torch

    config = CONFIGS[source.generator]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pytorch_pretrained_biggan import BigGAN, BigGANConfig
    except ImportError:
        from livesing.generation.biggan_reference import picture

        moved = {name: tensor.to(device) for name, tensor in state.items()}
        return "plain torch (pytorch-pretrained-biggan is missing)", (
            lambda z, classes, truncation: picture(moved, config, z, classes, truncation)
        )
    upstream = BigGANConfig(
        output_dim=config.resolution,
        channel_width=config.width,
        layers=[tuple(row) for row in config.widths],
        attention_layer_position=config.attention_before,
    )
    with torch.device("meta"):
        model = BigGAN(upstream)
    model.load_state_dict(state, strict=True, assign=True)
    return "pytorch-pretrained-biggan", model.eval().to(device)


def _in_turn(draw: Callable[[], Any], upstream: Upstream, frames: int | None) -> tuple[list[float], ...]:
    """Seconds by the wall and by the processor of our frames, and the same of upstream's."""
    ours: tuple[list[float], list[float]] = ([], [])
    theirs: tuple[list[float], list[float]] = ([], [])
    began = time.perf_counter()
    count = 0
    while count < WARM_UP + (frames or FEWEST) or (frames is None and time.perf_counter() - began < SECONDS):
        for work, times in ((draw, ours), (upstream, theirs)):
            wall, processor = time.perf_counter(), time.process_time()
            work()
            if count >= WARM_UP:
                times[0].append(time.perf_counter() - wall)
                times[1].append(time.process_time() - processor)
        count += 1
    return *ours, *theirs


def _roofline(source: Source, kind: EngineKind, on_gpu: bool) -> float | None:
    """Milliseconds, by this machine's own best rates; None where pixel-wise work outweighs the products."""
    if source.generator == "embedded":
        return None
    import torch

    from livesing.generation.engine import probe
    from livesing.generation.engine_graph import graph, to_tensors
    from livesing.generation.engine_work import gpu_roof, layers, processor_roof, roofline_ms

    work = layers(graph(source), to_tensors(probe()))
    numbers = {"float32": torch.float, "float16": torch.half, "bfloat16": torch.bfloat16}
    precision = numbers[kind.precision(source)]
    roof = gpu_roof(precision) if on_gpu else processor_roof(time.process_time, precision)
    return round(roofline_ms(work, roof, precision.itemsize), 3)


def _gpu_megabytes(kind: EngineKind, source: Source) -> float:
    """In use on the GPU; 0 where this kind cannot run, which opening it tells in words."""
    if kind.missing(source):
        return 0.0
    from livesing.generation.engine_work import gpu_megabytes

    return gpu_megabytes()


def _difference(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else round(after - before, 1)
