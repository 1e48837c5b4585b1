"""`livesing bench beat`: the beat tracker and aubio's on the pieces of the beat set, in one run.

A tracker hears each piece as it would live, block by block, and a beat counts at the time for which it was
told. The scores are mir_eval's (Davies, Degara & Plumbley 2009): F-measure within 70 ms, CMLt (beats right in
a row at the right metrical level, total) and AMLt (the same, at double, half or on the off-beat as well), and
the F-measure of downbeats, of which aubio tells none; the first 5 s of a piece do not count.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from livesing.audio.tempo import Rhythm
from livesing.beat_set.drum_sounds import RATE
from livesing.beat_set.pieces import HALVES, PIECES, Piece, reseeded
from livesing.beat_set.render import Rendering, render
from livesing.errors import UsageError

BLOCK = 512
SETTLED_BEATS = 4
"""So many beats in a row have to be right for a tracker to have recovered."""
TOLERANCE_S = 0.07

Times = NDArray[np.float64]


class Told(NamedTuple):
    """What a tracker says of a piece: beats and, if it knows any, downbeats, s; and the milliseconds of
    computing time that a second of sound took it."""

    beats: Times
    downbeats: Times | None
    ms_per_s: float


Tracker = Callable[[Rendering], Told]


def bench_beat(*, half: str, seed: int, pieces: int | None, each: bool, as_json: bool) -> None:
    """Measure and print. `half`: "tuning", "kept" or "all"; `pieces`: at most so many of each half; `each`:
    every piece's scores too. Raises UsageError where mir_eval is not installed."""
    halves = HALVES if half == "all" else (half,)
    result = {name: measure([p for p in PIECES if p.half == name][:pieces], seed) for name in halves}
    if as_json:
        if not each:
            for row in result.values():
                del row["each"]
        print(json.dumps({"seed": seed, **result}))
        return
    for name, row in result.items():
        _show(name, row, each)


def measure(pieces: list[Piece], seed: int = 0) -> dict[str, Any]:
    """Both trackers on the pieces -> scores; see `_show` for what they mean."""
    trackers: dict[str, Tracker] = {"livesing": _livesing, "aubio": _aubio}
    rows: dict[str, dict[str, dict[str, float]]] = {name: {} for name in trackers}
    spent: dict[str, list[float]] = {name: [] for name in trackers}
    recovery: dict[str, list[float]] = {name: [] for name in trackers}
    for piece in pieces:
        print(f"\r{piece.name:<28}", end="", file=sys.stderr, flush=True)
        rendering = render(reseeded(piece, seed))
        for name, tracker in trackers.items():
            told = tracker(rendering)
            row = rows[name][piece.name] = scores(rendering.beats, told.beats)
            if told.downbeats is not None:
                row["downbeat_f"] = scores(rendering.downbeats, told.downbeats)["f"]
            spent[name].append(told.ms_per_s)
            recovery[name] += recoveries(rendering, told.beats)
    print("\r" + " " * 28 + "\r", end="", file=sys.stderr, flush=True)
    result: dict[str, Any] = {"pieces": len(pieces)}
    for name in trackers:
        table = list(rows[name].values())
        result[name] = {key: float(np.mean([row[key] for row in table])) for key in table[0]}
        result[name]["us_per_10_ms"] = float(np.mean(spent[name])) * 10.0
        result[name]["recovery_s"] = float(np.median(recovery[name])) if recovery[name] else None
    ours, theirs = result["livesing"]["f"], result["aubio"]["f"]
    result["error_ratio"] = (1.0 - ours) / (1.0 - theirs) if theirs < 1.0 else None
    result["each"] = {piece.name: {name: rows[name][piece.name] for name in trackers} for piece in pieces}
    return result


def scores(truth: Times, beats: Times) -> dict[str, float]:
    """truth, beats: s, rising -> {"f", "cmlt", "amlt"}, each 0..1."""
    try:
        from mir_eval import beat as evaluation
    except ImportError:
        raise UsageError(
            "bench beat needs mir_eval: pip install 'livesing[dev]', or pip install mir_eval"
        ) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where a tracker found no beat at all
        truth, beats = evaluation.trim_beats(truth), evaluation.trim_beats(beats)
        _, cmlt, _, amlt = evaluation.continuity(truth, beats)
        return {"f": float(evaluation.f_measure(truth, beats)), "cmlt": float(cmlt), "amlt": float(amlt)}


def recoveries(rendering: Rendering, beats: Times) -> list[float]:
    """For every change of track, s from it until the beats are right again; the whole rest if never."""
    found: list[float] = []
    if not len(rendering.changes):
        return found
    ends = [*rendering.changes[1:], rendering.beats[-1]]
    for change, end in zip(rendering.changes, ends, strict=True):
        truth = rendering.beats[(rendering.beats >= change) & (rendering.beats <= end)]
        right = [bool(beats.size) and float(np.abs(beats - t).min()) <= TOLERANCE_S for t in truth]
        starts = [k for k in range(len(right) - SETTLED_BEATS + 1) if all(right[k : k + SETTLED_BEATS])]
        found.append(float((truth[starts[0]] if starts else end) - change))
    return found


def _blocks(sound: NDArray[np.float32], size: int) -> Iterable[NDArray[np.float32]]:
    return (sound[first : first + size] for first in range(0, sound.size - size + 1, size))


def beat_times(rhythm: Rhythm, blocks: Iterable[NDArray[np.float32]]) -> Iterator[tuple[float, int]]:
    """The times, s, at which the beat's phase comes to 0, as they were told live, each with its place in the
    bar, 0 for a downbeat."""
    heard, counted = 0, 0
    for block in blocks:
        rhythm.push(block)
        heard += block.size
        turns = rhythm.turns
        if int(turns) > counted and rhythm.bpm > 0:
            late = turns % 1.0
            place = round(rhythm.bar_phase * rhythm.beats_per_bar - late) % rhythm.beats_per_bar
            yield heard / RATE - late * 60.0 / rhythm.bpm, place
        counted = int(turns)


def _livesing(rendering: Rendering) -> Told:
    rhythm = Rhythm(RATE)
    begin = time.process_time()
    told = list(beat_times(rhythm, _blocks(rendering.sound, BLOCK)))
    spent = time.process_time() - begin
    beats = np.array([beat for beat, _ in told])
    downbeats = np.array([beat for beat, place in told if place == 0])
    return Told(beats, downbeats, spent / (rendering.sound.size / RATE) * 1e3)


def _aubio(rendering: Rendering) -> Told:
    """aubio's tempo tracker as its authors use it: default method, window 1024, hop 512, its own times."""
    import aubio

    tempo = aubio.tempo("default", 2 * BLOCK, BLOCK, RATE)
    begin = time.process_time()
    beats = [tempo.get_last_s() for block in _blocks(rendering.sound, BLOCK) if tempo(block)[0]]
    spent = time.process_time() - begin
    return Told(np.array(beats), None, spent / (rendering.sound.size / RATE) * 1e3)


def _show(name: str, row: dict[str, Any], each: bool) -> None:
    print(f"{name}: {row['pieces']} pieces")
    print(f"  {'':<22}{'F':>7}{'CMLt':>7}{'AMLt':>7}   us / 10 ms   back after a change  F of downbeats")
    for tracker in ("livesing", "aubio"):
        s = row[tracker]
        back = "" if s["recovery_s"] is None else f"{s['recovery_s']:14.1f} s"
        bars = f"{s['downbeat_f']:12.3f}" if "downbeat_f" in s else ""
        shares = "".join(f"{s[key]:7.3f}" for key in ("f", "cmlt", "amlt"))
        print(f"  {tracker:<22}{shares}{s['us_per_10_ms']:12.0f} {back:<17}{bars}")
    if row["error_ratio"] is not None:
        print(f"  errors, (1 - F) / (1 - F of aubio): {row['error_ratio']:.2f}")
    if each:
        for piece, both in row["each"].items():
            print(f"    {piece:<24}" + "   ".join(f"{both[t]['f']:.2f} {both[t]['amlt']:.2f}" for t in both))
