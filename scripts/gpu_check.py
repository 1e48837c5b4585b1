#!/usr/bin/env python3
"""What the generators do on this machine's GPU: built, compared with torch in float32, and timed.

    python scripts/gpu_check.py                       # every generator on every engine, a table at the end
    python scripts/gpu_check.py -o docs/gpu.md        # the table as Markdown too
    python scripts/gpu_check.py --rehearse            # the same way without a GPU, on the processor

Needs torch 2.11 or newer, numpy and this package's own code, nothing else; TensorRT's rows appear where
tensorrt and torch_tensorrt are installed, and say why not where they are not. Weights are random: they change
neither time nor rounding. Times are of the GPU's own events around one frame, played back as a CUDA graph,
after a warm-up, medians over many. `with the way` has the translator and the latent path in the graph, too;
how far its latents are from the processor's is the way's error, which may be .001. `show` is what the show's
generator reaches: from a feeling to pixels in this process's memory. The roofline is that of the convolutions
and matrix products at this GPU's own measured rates.

A row stands in FILE as soon as it is known; --seconds keeps to a time.

Exits with 0 when every engine that ran draws what torch draws, with 1 when one does not, 3 without a GPU.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402

from livesing.audio.pulse import Pulse  # noqa: E402
from livesing.device_dream import Asked, DeviceDream  # noqa: E402
from livesing.errors import EngineError  # noqa: E402
from livesing.generation import engine_work  # noqa: E402
from livesing.generation.biggan_config import CONFIGS  # noqa: E402
from livesing.generation.engine import TOLERANCE, Engine, Source, make_latents, probe, self_test  # noqa: E402
from livesing.generation.engine_graph import biggan_state, graph, reference, to_tensors  # noqa: E402
from livesing.generation.engine_kinds import KINDS  # noqa: E402
from livesing.generation.latent_path import TRUNCATION, LatentPath  # noqa: E402
from livesing.generation.path_step import ROW, DreamingEngine, dreaming, overlapping  # noqa: E402
from livesing.params import TABLE  # noqa: E402
from livesing.translation.fixed_map import fixed_map  # noqa: E402
from livesing.translation.network import NetworkTranslator  # noqa: E402
from livesing.translation.steering import Steering  # noqa: E402
from livesing.translation.translator import LATENT, Felt  # noqa: E402

SOURCES = {
    **{name: Source(name, seed=0) for name in reversed(CONFIGS)},
    "embedded": Source("embedded", size=(1920, 1080)),
    "stylegan2": Source("stylegan2", seed=0),
}
"""What is looked forward to most comes first: time may run out."""
ENGINES = ("cuda", "cuda-compiled", "tensorrt")
OLDEST_TORCH = (2, 11)
TARGET_MS = {"biggan-deep-512": {"H200": 1.3, "RTX 3060": 11.0, "RTX 4090": 3.0}}
"""Of half precision at batch 1, by what the GPU's name holds."""
FURTHEST = 1e-3
"""That latents made on the GPU may be from the processor's."""
LATE = "not tried: time was up"
MOODS = ROOT / "livesing" / "generation" / "embedded_moods.npy"


@dataclass
class Row:
    """One generator on one engine."""

    generator: str
    engine: str
    size: str = ""
    p50: float = 0.0
    p99: float = 0.0
    whole: float = 0.0
    roofline: float = 0.0
    upstream: float = 0.0
    error: float = 0.0
    way_error: float = 0.0
    show_fps: float = 0.0
    open_s: float = 0.0
    memory_mb: float = 0.0
    trouble: str = ""

    TITLES = (
        "generator|engine|size|ms p50|p99|with the way|roofline ms|share|x plain torch|rms error|way error|"
        "show fps|open s|MB"
    )

    def cells(self) -> list[str]:
        if self.trouble:
            return [self.generator, self.engine, self.trouble]
        share = f"{100 * self.roofline / self.p50:.0f} %" if self.roofline else "-"
        roofline = f"{self.roofline:.3f}" if self.roofline else "-"
        gain = f"{self.upstream / self.p50:.1f}" if self.upstream else "-"
        whole, way = (f"{self.whole:.3f}", f"{self.way_error:.1e}") if self.whole else ("-", "-")
        numbers = [f"{self.p50:.3f}", f"{self.p99:.3f}", whole, roofline, share, gain, f"{self.error:.1e}"]
        rest = [way, f"{self.show_fps:.0f}", f"{self.open_s:.1f}", f"{self.memory_mb:.0f}"]
        return [self.generator, self.engine, self.size, *numbers, *rest]


def main() -> int:
    options = _options()
    version = tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2])
    if version < OLDEST_TORCH:
        print(
            f"torch {torch.__version__} is too old: {'.'.join(map(str, OLDEST_TORCH))} is needed",
            file=sys.stderr,
        )
        return 3
    if options.rehearse:
        torch.set_num_threads(1)
        machine = Machine("cpu", "this processor, one thread (a rehearsal)")
    elif torch.cuda.is_available():
        torch.backends.cudnn.benchmark = True
        machine = Machine("cuda", torch.cuda.get_device_name())
    else:
        print("torch sees no GPU here; --rehearse goes the same way on the processor", file=sys.stderr)
        return 3
    print(machine.words(), flush=True)
    rows: list[Row] = []
    until = time.perf_counter() + options.seconds
    for name in options.generators:
        source = SOURCES[name]
        if options.rehearse and name == "embedded":
            source = Source("embedded", size=(256, 144))
        engines = ("torch",) if options.rehearse else tuple(options.engines)
        for row in check(source, engines, machine, options.frames, until):
            print("  ".join(row.cells()), flush=True)
            rows.append(row)
            if options.output:  # after each: whatever ends this early, the rows before are there
                options.output.write_text(report(machine, rows) + "\n", encoding="utf-8")
    print(f"\n{report(machine, rows)}")
    wrong = [row for row in rows if "self-test" in row.trouble]
    return 1 if wrong or not any(not row.trouble for row in rows) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--generators", nargs="+", choices=SOURCES, default=list(SOURCES))
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="after which no further row is begun"
    )
    parser.add_argument("--rehearse", action="store_true", help="on the processor, with torch's engine")
    parser.add_argument("-o", "--output", metavar="FILE.md", type=Path)
    return parser.parse_args()


class Machine:
    """The device, its rates, and how to time on it."""

    def __init__(self, device: str, name: str) -> None:
        self.device, self.name = device, name
        self.on_gpu = device == "cuda"
        if self.on_gpu:
            self.roofs = {
                "float16": engine_work.gpu_roof(torch.half), "float32": engine_work.gpu_roof(torch.float)
            }  # fmt: skip
        else:
            self.roofs = {"float32": engine_work.processor_roof(time.process_time)}

    def words(self) -> str:
        rates = ", ".join(f"{kind} {roof.flop_s / 1e12:.2f} TFLOP/s" for kind, roof in self.roofs.items())
        memory = f"{next(iter(self.roofs.values())).bytes_s / 1e9:.0f} GB/s"
        return f"{self.name}: {rates}, {memory} as measured; torch {torch.__version__}; {date.today()}"

    def times(self, work: Callable[[], object], frames: int, stream: Any = None) -> np.ndarray:
        """Milliseconds of each of `frames` runs, by events on the GPU and by the processor's clock here."""
        for _ in range(3):
            work()
        if not self.on_gpu:
            times = []
            for _ in range(frames):
                before = time.process_time()
                work()
                times.append(1e3 * (time.process_time() - before))
            return np.array(times)
        torch.cuda.synchronize()
        marks = [[torch.cuda.Event(enable_timing=True) for _ in range(2)] for _ in range(frames)]
        with torch.cuda.stream(stream or torch.cuda.current_stream()):
            for begin, end in marks:
                begin.record()
                work()
                end.record()
        torch.cuda.synchronize()
        return np.array([begin.elapsed_time(end) for begin, end in marks])


def check(
    source: Source, engines: tuple[str, ...], machine: Machine, frames: int, until: float
) -> Iterator[Row]:
    """Build, prove and time a generator on each engine; none is begun after `until`."""
    lacking = {name: KINDS[name].missing(source) or "" for name in engines}
    if time.perf_counter() > until:
        lacking = dict.fromkeys(engines, LATE)
    if all(lacking.values()):
        yield from (Row(source.generator, name, trouble=lacks) for name, lacks in lacking.items())
        return
    try:
        wanted = reference(source, machine.device)
        upstream = plain(source, machine, max(3, frames // 10))
        net = graph(source).to(machine.device)
        given = to_tensors(probe(), machine.device)
        work = [] if source.generator == "embedded" else engine_work.layers(net, given)
        del net
    except Exception as error:  # the other generators go on
        yield from (Row(source.generator, name, trouble=_line(error)) for name in engines)
        return
    for name in engines:
        row = Row(source.generator, name, upstream=upstream)
        row.trouble = lacking[name] or (LATE if time.perf_counter() > until else "")
        if not row.trouble:
            try:
                on_engine(row, source, wanted, work, machine, frames)
            except Exception as error:  # compilers and drivers have no common class; the other rows go on
                row.trouble = _line(error)
        yield row


def on_engine(
    row: Row, source: Source, wanted: np.ndarray, work: list[engine_work.Layer], machine: Machine, frames: int
) -> None:
    """Build and open the row's engine, and fill the row."""
    before = engine_work.gpu_megabytes() if machine.on_gpu else 0.0
    kind, began = KINDS[row.engine], time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        suffix = kind.suffix(source)
        # torch.compile's file is a receipt: opening compiles too, and twice would take twice as long
        file = Path(folder) / f"engine{suffix}" if suffix and suffix != ".txt" else None
        if file is not None:
            kind.build(source, file, lambda words: print(f"  {words}", flush=True))
        engine = kind.open(source, file, 1)
        row.open_s = time.perf_counter() - began
        if machine.on_gpu:
            row.memory_mb = engine_work.gpu_megabytes() - before
        measure(row, engine, source, wanted, machine, frames)
        engine.close()
    precision = kind.precision(source)
    if work:
        bytes_each = 2 if precision == "float16" else 4
        row.roofline = engine_work.roofline_ms(work, machine.roofs[precision], bytes_each)


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).splitlines()[:1])}".replace("|", "/")


def measure(
    row: Row, engine: Engine, source: Source, wanted: np.ndarray, machine: Machine, frames: int
) -> None:
    """Fill the row's figures. Raises EngineError when the engine draws something else than torch."""
    kind = KINDS[row.engine]
    row.size = "x".join(map(str, engine.size))
    self_test(engine, wanted, kind.precision(source))
    row.error = float(np.sqrt(np.mean((engine.image(probe()) - wanted) ** 2)))
    assert row.error <= TOLERANCE[kind.precision(source)]
    replay = getattr(engine, "replay", None)
    times = machine.times(
        replay or (lambda: engine.rgba(probe(), None)), frames, getattr(engine, "stream", None)
    )
    row.p50, row.p99 = float(np.median(times)), float(np.percentile(times, 99))
    away = dreaming(engine)
    if away is not None:
        row.way_error = way_error(away, spread=source.generator != "embedded")
        if row.way_error > FURTHEST:
            raise EngineError(f"the way to the latents fails its self-test: it is off by {row.way_error:.2g}")
        again = getattr(engine, "replay_dream", lambda: away.dream(np.ones(ROW, np.float32), None))
        row.whole = float(np.median(machine.times(again, frames, getattr(engine, "stream", None))))
    row.show_fps = show_rate(engine, frames)


def plain(source: Source, machine: Machine, frames: int) -> float:
    """Milliseconds of the unfolded network, eagerly, in float32 (on a GPU its convolutions in TF32, which is
    torch's usual): what one would have without all this."""
    if source.generator not in CONFIGS:
        net = graph(source).to(machine.device)
        given = to_tensors(probe(), machine.device)
        with torch.inference_mode():
            return float(np.median(machine.times(lambda: net(*given), frames)))
    from livesing.generation.biggan_reference import picture

    config = CONFIGS[source.generator]
    state = {name: tensor.to(machine.device) for name, tensor in biggan_state(source).items()}
    z, classes, _ = to_tensors(probe(), machine.device)
    with torch.inference_mode():
        times = machine.times(lambda: picture(state, config, z[:, 0], classes[:, 0], 0.5), frames)
    return float(np.median(times))


def moments(frames: int, fps: int) -> Iterator[Asked]:
    """What a show asks for: a feeling that goes round, music at 120 bpm."""
    translator = NetworkTranslator(fixed_map(np.load(MOODS), 0))
    params = {param.name: param.default for param in TABLE}
    noise = np.random.default_rng(0).normal(size=LATENT).clip(-2, 2)
    for number in range(frames):
        time = number / fps
        felt = Felt(float(np.sin(1.2 * time)), float(np.cos(0.9 * time)))
        beat = {"beats": 2 * time // 1, "beat_phase": 2 * time % 1, "beat_confidence": 1.0}
        pulse = Pulse.quiet(time)._replace(level=0.8, **beat)
        yield Asked(felt, translator, None, params, noise, pulse, 1 / fps if number else 0.0, 0.5)


def way_error(engine: DreamingEngine, spread: bool) -> float:
    """How far the engine's latents are from the processor's, over some seconds of a show."""
    steering, path, device = Steering(), LatentPath(0), DeviceDream(Steering(), LatentPath(0))
    worst = 0.0
    for asked in moments(20, 5):
        wish = steering.translate(asked.felt, asked.first, asked.second, asked.params, asked.noise)
        z, classes = path.step(asked.dt, wish, asked.pulse, asked.params)
        _, there = device.dream(asked, engine, None)
        z = z * (asked.truncation / TRUNCATION) if spread else z
        worst = max(worst, np.abs(there.z - z).max(), np.abs(there.classes - classes).max())
    return float(worst)


def show_rate(engine: Engine, frames: int) -> float:
    """Frames a second as a generator process makes them that is behind: a mood goes in, RGBA comes out, and
    one frame is drawn while the other leaves, where the engine can."""
    steering, path = Steering(), LatentPath(0)
    device, away, overlaps = DeviceDream(steering, path), dreaming(engine), overlapping(engine)
    out = np.zeros((engine.size[1], engine.size[0], 4), np.uint8)
    began = 0.0
    for number, asked in enumerate(moments(frames + 5, 60)):
        if number == 5:
            began = time.perf_counter()
        if away is not None and overlaps is None:
            device.dream(asked, away, out)
            continue
        if away is not None and overlaps is not None:
            device.begin(asked, overlaps)
        else:
            wish = steering.translate(asked.felt, asked.first, asked.second, asked.params, asked.noise)
            latents = make_latents(*path.step(asked.dt, wish, asked.pulse, asked.params), asked.truncation)
            if overlaps is None:
                engine.rgba(latents, out)
                continue
            overlaps.begin(latents)
        if number:
            overlaps.finish(out)
    if overlaps is not None:
        overlaps.finish(out)
    return frames / (time.perf_counter() - began)


def report(machine: Machine, rows: list[Row]) -> str:
    """The table in Markdown, and what of the targets is met."""
    titles = Row.TITLES.split("|")
    lines = [machine.words(), "", f"| {' | '.join(titles)} |", f"|{' --- |' * len(titles)}"]
    for row in rows:
        cells = row.cells()
        lines.append(f"| {' | '.join(cells + [''] * (len(titles) - len(cells)))} |")
    for name, targets in TARGET_MS.items():
        for gpu, target in targets.items():
            times = [row.p50 for row in rows if row.generator == name and not row.trouble]
            if gpu in machine.name and times:
                met = "met" if min(times) <= target else "not met"
                lines += ["", f"{name} on {gpu}: target {target:g} ms, best {min(times):.3f} ms: {met}."]
    return "\n".join(lines)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
