"""`livesing bench render`: what each pass of the picture costs, as a ratio to clear + swap in the same
run."""

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import moderngl
import numpy as np

from livesing.clock import now as clock_now
from livesing.dreamer import SIZES, DreamBoxes
from livesing.errors import SurfaceError
from livesing.params import Params
from livesing.sentiment.mood import Mood
from livesing.stage.carry import Carrier
from livesing.stage.hud import Hud
from livesing.stage.motion import Stir
from livesing.stage.painter import Painter
from livesing.stage.surface import Surface, load_finish
from livesing.stage.view import View
from livesing.style.frame_statistics import FrameStatistics
from livesing.style.grading import Grading
from livesing.style.palette import IDENTITY
from livesing.style.rung import Rung
from livesing.style.style_image import BRUSH, style_image
from livesing.style.styling import Placed, Repertoire, Styling
from livesing.style.wct import style_maps

EVERYTHING = {"lens.fold": 6, "line.ink": 0.5, "line.glow": 0.5, "trail.amount": 0.8, "film.posterise": 0.5}
"""What the default look leaves off."""
DEFAULT_OFF = {"motion.warp": 0.0, "film.grain": 0.0}


def bench_render(size: tuple[int, int], frames: int, *, headless: bool, as_json: bool) -> None:
    """Draw every pass `frames` times and print the median milliseconds and the ratios."""
    surface = _open(size, headless)
    try:
        result = measure(surface, frames)
    finally:
        surface.close()
    if as_json:
        print(json.dumps(result))
        return
    print(f"{surface.kind}, {size[0]}x{size[1]}, clear + swap {result['clear_swap_ms']:.2f} ms")
    style = result["style"]
    main, composite = style["main_pass_ms"], style["composite_ms"]
    print(f"  the style's main pass by GL's clock: {main:.3f} ms, {style['ratio']:.1f} x mixing two frames")
    print(f"  (which takes {composite:.3f} ms); on the processor {style['cpu_ms']:.2f} ms a generated frame")
    for name, row in result["passes"].items():
        print(f"  {name:<22} {row['ms']:8.2f} ms   {row['ratio']:6.1f} x")


def _open(size: tuple[int, int], headless: bool) -> Surface:
    from livesing.stage.headless import HeadlessSurface

    if headless:
        return HeadlessSurface(*size)
    from livesing.stage.window import WindowSurface

    try:
        return WindowSurface(*size, vsync=False)
    except SurfaceError:
        return HeadlessSurface(*size)


def measure(surface: Surface, frames: int) -> dict[str, Any]:
    """Time the passes on an open surface -> {"clear_swap_ms", "passes": {name: {"ms", "ratio"}}}."""
    boxes, params, finish = DreamBoxes(), Params(), load_finish()
    width, height = SIZES[0]
    noise = np.random.default_rng(0).integers(0, 255, (height * width * 4,), np.uint8)
    for number in range(2):
        with boxes.frames.slot(clock_now() - 0.1 + 0.04 * number) as frame:
            frame["width"], frame["height"] = width, height
            frame["pixels"][: noise.size] = noise
    painter = Painter(surface.ctx, boxes.frames)
    target = surface.target

    def view(**values: float) -> View:
        for name, value in values.items():
            params.set(name.replace("_", ".", 1), value)
        params.drain(clock_now())
        snapshot = params.drain(clock_now() + 1e3)
        stir = Stir(1.1, 0.0, (0.0, 0.0), 1.0, 0.0, 0.5, 1.0, 0.5)
        return View(clock_now(), 1 / 60, snapshot, stir, Mood.neutral(0.0), 0.5, 1.0, IDENTITY, IDENTITY)

    def median_ms(draw: Callable[[], None]) -> float:
        times = []
        for number in range(frames + 3):
            begin = time.perf_counter()
            draw()
            finish()
            if number >= 3:  # the first few compile and allocate
                times.append(time.perf_counter() - begin)
        return float(np.median(times)) * 1e3

    def clear_swap() -> None:
        target.use()
        surface.ctx.clear()
        surface.swap()

    plain = view(**{name.replace(".", "_", 1): value for name, value in DEFAULT_OFF.items()})
    painter.frames.take(clock_now())
    painter.dreaming = 1.0
    painter.paint(target, plain)
    usual = dict.fromkeys(DEFAULT_OFF, 0.3)
    rich = {name.replace(".", "_", 1): value for name, value in (EVERYTHING | usual).items()}
    hud = Hud().image([("row", "of figures")] * 12)
    baseline = median_ms(clear_swap)
    costs = {
        "upload": median_ms(lambda: _upload(painter, boxes, noise)),
        "scene": median_ms(lambda: painter.scene(plain)),
        "dream": median_ms(lambda: painter.dream(plain)),
        "view": median_ms(lambda: painter.view(plain)),
        "present": median_ms(lambda: painter.present(target, plain)),
    }
    full = view(**rich)
    painter.paint(target, full)
    costs["upload with lines"] = median_ms(lambda: _upload(painter, boxes, noise, lines=True))
    costs["dream, everything"] = median_ms(lambda: painter.dream(full))
    costs["view, everything"] = median_ms(lambda: painter.view(full))
    costs["present, everything"] = median_ms(lambda: painter.present(target, full))
    costs["overlay"] = median_ms(lambda: painter.overlay(target, hud))
    costs |= _style_costs(painter, target, median_ms)
    style = _main_pass(painter, target, plain, frames)
    finish()
    style["cpu_ms"] = round(_cpu_ms(painter, boxes, frames), 3)
    passes = {name: {"ms": round(ms, 3), "ratio": round(ms / baseline, 2)} for name, ms in costs.items()}
    return {
        "surface": surface.kind,
        "size": list(target.size),
        "clear_swap_ms": round(baseline, 3),
        "passes": passes,
        "style": style,
    }


def _style_costs(
    painter: Painter, target: moderngl.Framebuffer, median_ms: Callable[[Callable[[], None]], float]
) -> dict[str, float]:
    """A whole frame painted in a style, at each rung, and while one style takes over from another."""
    noise = np.random.default_rng(0).random((BRUSH, BRUSH, 3))
    style = style_image(noise, "noise")
    one, two = (style_maps(style.statistics, style, before, 0.5) for before in (None, style))
    costs = {}
    for name, work, rung in (
        ("bands", one, Rung.BANDS),
        ("brush", one, Rung.BRUSH),
        ("follow", one, Rung.FOLLOW),
        ("two at once", two, Rung.FOLLOW),
    ):
        costs[f"style, {name}"] = median_ms(partial(painter.trial, target, work, rung, glows=True))
    return costs


def _main_pass(painter: Painter, target: moderngl.Framebuffer, plain: View, frames: int) -> dict[str, float]:
    """The style pass's main pass, all of it, and the composite of two frames, each by a timer query of GL, in
    milliseconds at the size that they are drawn at; and their ratio."""
    style = style_image(np.random.default_rng(0).random((BRUSH, BRUSH, 3)), "noise")
    work = style_maps(style.statistics, style)
    query = painter.ctx.query(time=True)
    main, composite = [], []
    for _ in range(frames + 3):
        painter.trial(target, work, Rung.FOLLOW, glows=False, watch=query)
        main.append(query.elapsed * 1e-6)
        with query:
            painter.dream(plain)
        composite.append(query.elapsed * 1e-6)
    found = [float(np.median(times[3:])) for times in (main, composite)]
    return {
        "main_pass_ms": round(found[0], 4),
        "composite_ms": round(found[1], 4),
        "ratio": round(found[0] / max(found[1], 1e-6), 2),
    }


def _cpu_ms(painter: Painter, boxes: DreamBoxes, frames: int) -> float:
    """The render thread's processor time for each generated frame of a look with a style, mean: the frame is
    taken and uploaded, its colours, bands and motion are measured, and the style's maps are worked out as
    often as in a show with 25 frames a second."""
    style = style_image(np.random.default_rng(0).random((BRUSH, BRUSH, 3)), "noise")
    width, height = SIZES[0]
    pixels = np.random.default_rng(1).integers(0, 255, (height * width * 4,), np.uint8)
    seen, grading, carrier, styling, times = FrameStatistics(), Grading(), Carrier(), Styling(), []
    styling.hang(Repertoire((Placed(style, 0.0, 0.0),)), 0.0)
    styling.step(0.0, 0.0, 0.0)
    start = clock_now()
    for number in range(frames + 3):
        _send(boxes, pixels)
        now, begin = start + 0.04 * number, time.thread_time()
        painter.frames.take(now, see=seen.level)
        grading.see(painter.frames.thumb, now)
        carrier.see(painter.frames.thumb, 0.04)
        styling.maps(now, seen.now)
        times.append(time.thread_time() - begin)
    return float(np.mean(times[3:])) * 1e3


def _send(boxes: DreamBoxes, pixels: np.ndarray) -> None:
    width, height = SIZES[0]
    with boxes.frames.slot(clock_now()) as frame:
        frame["width"], frame["height"] = width, height
        frame["pixels"][: pixels.size] = pixels


def _upload(painter: Painter, boxes: DreamBoxes, pixels: np.ndarray, *, lines: bool = False) -> None:
    _send(boxes, pixels)
    painter.frames.take(clock_now(), lines=lines)
