"""`livesing bench loop`: does the picture feel as the music does?

Three questions to the closed loop (closed_loop.py). Over the plane: what comes back for a grid of feelings,
and how far does the picture move for a small step, against the translator that was fitted to the same samples
without Algorithm 1? Within one class: what z brings alone. And over a piece: what do the frames of the show
feel like beside what was heard, with everything that the show does to them on the way?
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from livesing.audio.fast import FastPath
from livesing.audio.named_sound import demo_piece
from livesing.audio.sound_file import SoundFile
from livesing.closed_loop import ClosedLoop, agreement, grid
from livesing.dreamer import DreamBoxes, Dreamer
from livesing.errors import UsageError
from livesing.generation.engine_open import ServedGenerator
from livesing.hearing import Hearing, estimator_of
from livesing.params import TABLE
from livesing.sentiment.image import ImageEstimator
from livesing.translation.translator import CLASSES, Felt, Translation
from livesing.translation.view_file import ViewFile, read_view, untreated_name, view_path

SIDE, WALKS = 13, 10
EVERY_SIDE = 5
"""Targets along an axis for each of the other views."""
ALONG = 5
"""Targets along an axis within a class."""
STEP_S = 0.5
"""Between two frames of a piece that are felt."""
ORIGIN = 1000.0
"""The virtual clock's start."""
VIEWS = 20


def bench_loop(
    generator: ServedGenerator,
    audio: Sequence[Path],
    *,
    view: int,
    seconds: float,
    every: bool,
    threads: int = 1,
    as_json: bool,
) -> None:
    """Measure one view on the grid, within its classes and over pieces (the demo piece, or `audio`), and
    every view on a smaller grid; pictures are felt on `threads` threads. Raises UsageError for a generator
    without trained views, SourceError."""
    for named in audio:
        SoundFile(named).close()  # what was named must be sound before anything is measured
    views = {number: path for number in range(VIEWS) if (path := view_path(generator.name, number))}
    if view not in views:
        raise UsageError(f"there is no view {view} for {generator.name}: livesing train translator makes one")
    loop = ClosedLoop(generator, ImageEstimator(threads))
    chosen = read_view(views[view])
    raw = read_view(views[view].with_name(untreated_name(generator.name)))
    result: dict[str, Any] = {"generator": generator.name, "view": view, **plane(loop, chosen, raw)}
    result["within_class"] = within_classes(loop, chosen)
    if every:
        result["views"] = every_view(loop, [read_view(path) for path in views.values()])
    result["pieces"] = [
        {"piece": path.name if audio else "demo", **piece(loop, path, chosen, view, seconds)}
        for path in audio or [demo_piece()]
    ]
    if as_json:
        print(json.dumps(result))
    else:
        _tell(result)


def plane(
    loop: ClosedLoop, view: ViewFile, raw: ViewFile, side: int = SIDE, walks: int = WALKS
) -> dict[str, float]:
    """The grid, and the movement for a small step beside that of the untreated translator `raw`."""
    reached = loop.reach(view.translator(), grid(side), view.statistics)
    movement, untreated = (float(loop.movement(one.translator(), walks).mean()) for one in (view, raw))
    return {
        **_rounded(agreement(reached.target, reached.felt)._asdict()),
        "classes_used": round(len(np.unique(reached.top)) / len(view.weights.which), 3),
        "movement": round(movement, 3),
        "untreated_movement": round(untreated, 3),
        "stability_ratio": round(untreated / movement, 2),
    }


def within_classes(loop: ClosedLoop, view: ViewFile) -> dict[str, float]:
    """What z alone brings: of each class, as a class lock holds it, along the two axes. r is the mean over
    the classes; span is how far apart, in z-scores, the pictures for -1.5 and 1.5 feel."""
    translator, line = view.translator(), np.linspace(-1.5, 1.5, ALONG)
    answer: dict[str, float] = {}
    for axis, name in enumerate(("valence", "arousal")):
        targets = np.zeros((ALONG, 2))
        targets[:, axis] = line
        r, span = [], []
        for number in view.weights.which.tolist():
            one = np.eye(CLASSES, dtype=np.float32)[number]
            wishes = [
                Translation(one, translator.translate(Felt(to[0], to[1]), 1.0).z) for to in targets.tolist()
            ]
            felt = ((loop.felt(wishes, [0] * ALONG) - view.statistics[0]) / view.statistics[1])[:, axis]
            r.append(float(np.corrcoef(line, felt)[0, 1]))
            span.append(float(felt[-1] - felt[0]))
        answer |= {f"r_{name}": float(np.mean(r)), f"span_{name}": float(np.mean(span))}
    return _rounded(answer)


def every_view(loop: ClosedLoop, views: Sequence[ViewFile], side: int = EVERY_SIDE) -> dict[str, Any]:
    """The least and the middle of all views on a smaller grid; steadiness as measured in training."""
    rows = []
    for view in views:
        reached = loop.reach(view.translator(), grid(side), view.statistics)
        agreed = agreement(reached.target, reached.felt)
        rows.append([agreed.r_valence, agreed.r_arousal, view.scores["stability_ratio"]])
    figures = np.array(rows)
    names = ("r_valence", "r_arousal", "stability_ratio")
    answer: dict[str, Any] = {"count": len(views)}
    for name, column in zip(names, figures.T, strict=True):
        answer[name] = _rounded({"min": float(column.min()), "median": float(np.median(column))})
    return answer


def piece(loop: ClosedLoop, path: Path, view: ViewFile, number: int, seconds: float) -> dict[str, float]:
    """Play a piece through hearing, feeling and the dreamer, and feel a frame every half second.

    r is between what was felt of the music and of the frame that was shown at that moment: latents follow in
    seconds, so a frame is late by that. Raises LivesingError for what is no sound."""
    sound = SoundFile(path)
    boxes = DreamBoxes()
    row = np.array([param.default for param in TABLE])
    names = [param.name for param in TABLE]
    row[names.index("dream.view")] = number
    boxes.params.put(row, ORIGIN)
    dreamer, fast = Dreamer(boxes, 0, loop.generator), FastPath(sound.rate)
    hearing = Hearing(sound.rate, estimator_of("cues"), rhythm=fast.rhythm)
    size = round(STEP_S * sound.rate)
    time, wanted, pictures = 0.0, [], []
    rest = np.zeros(0, np.float32)
    while time < seconds:
        while len(rest) < size and (block := sound.read(1 << 14)) is not None:
            rest = np.concatenate([rest, block.mean(axis=1, dtype=np.float32)])
        if len(rest) < size:
            break
        mono, rest = rest[:size], rest[size:]
        time += STEP_S
        boxes.pulses.put(fast.push(mono, ORIGIN + time), ORIGIN + time)
        for _, mood in hearing.push(mono):
            boxes.moods.put(mood._replace(time=ORIGIN + time), ORIGIN + time)
        dreamer.dream(ORIGIN + time)
        frame = boxes.frames.get()
        assert frame is not None
        width, height = int(frame.value["width"]), int(frame.value["height"])
        pixels = frame.value["pixels"][: width * height * 4].reshape(height, width, 4)
        pictures.append(pixels[..., :3].copy())
        wanted.append((float(frame.value["valence"]), float(frame.value["arousal"])))
    sound.close()
    if len(wanted) < 4:
        raise UsageError(f"{path.name} is too short: two seconds are the least")
    felt = (loop.rate(pictures) - view.statistics[0]) / view.statistics[1]
    agreed = agreement(np.array(wanted), felt)
    return {**_rounded(agreed._asdict()), "seconds": time}


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in figures.items()}


def _tell(result: dict[str, Any]) -> None:
    inside = result["within_class"]
    print(f"view {result['view']} of the {result['generator']} generator, valence / arousal")
    print(
        f"  grid         r {result['r_valence']:.2f} / {result['r_arousal']:.2f}, "
        f"mean distance {result['mean_distance']:.2f} sd, {100 * result['classes_used']:.0f} % of its classes"
    )
    print(
        f"  step of .05  moves the picture by {result['movement']:.1f} of 255, untreated by "
        f"{result['untreated_movement']:.1f}: {result['stability_ratio']:.1f} x steadier"
    )
    print(
        f"  one class    r {inside['r_valence']:.2f} / {inside['r_arousal']:.2f}, from -1.5 to 1.5 over "
        f"{inside['span_valence']:.2f} / {inside['span_arousal']:.2f} sd"
    )
    for row in result["pieces"]:
        print(
            f"  {row['piece'][:24]:<12} r {row['r_valence']:.2f} / {row['r_arousal']:.2f} over "
            f"{row['seconds']:.0f} s"
        )
    if "views" in result:
        many = result["views"]
        pairs = (
            f"{many[name]['min']:.2f} ({many[name]['median']:.2f})"
            for name in ("r_valence", "r_arousal", "stability_ratio")
        )
        v, a, steady = pairs
        print(f"  {many['count']} views     least (median): r {v} / {a}, {steady} x steadier")
