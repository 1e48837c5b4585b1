"""`livesing bench features`: the paper's features in a stream against librosa, in time and in agreement.

Of each clip, what librosa makes of the whole is the truth. Then it is streamed, and at some of the steps
librosa hears the same past 10 s anew, as a program without features of its own would let it. Beside them
stands what the show hears by default: the cues and the feeling that follows from them, in blocks as a sound
card gives them, without the beat, which the fast path has.
"""

import json
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import soxr

from livesing.audio.framing import Floats, clean
from livesing.audio.named_sound import demo_piece
from livesing.audio.paper import PaperFeatures, file_features
from livesing.audio.slow import FRAMES, HOP, SLOW_RATE, STEP, STEP_S, SlowPath
from livesing.audio.sound_file import SoundFile
from livesing.audio.source import BLOCK
from livesing.audio.tempo import Rhythm
from livesing.errors import UsageError
from livesing.features import mono_blocks
from livesing.sentiment.cue_estimator import CueEstimator

PAST_STEPS = 20
"""10 s."""
WARM_STEPS = 2
"""Of the cues, which are not counted."""
HOPS = 40
"""Steps of a clip, at most, at which librosa is asked."""
DEMO_S = ((0.0, 30.0), (80.0, 110.0), (160.0, 190.0))
"""Excerpts of the demo piece, s."""
PARTS = {"mfcc": slice(0, 40), "tempogram": slice(40, 424), "cens": slice(424, 436)}


class Clip(NamedTuple):
    """A piece of sound to measure with."""

    name: str
    rate: int
    sound: Floats
    """[n] mono"""


def bench_features(paths: Sequence[Path], seconds: float, *, as_json: bool) -> None:
    """Measure on the first `seconds` of each file, or on the demo piece, and print."""
    librosa = _librosa()
    clips = [_read(path, 0.0, seconds) for path in paths] or _demo()
    result = measure(librosa, clips)
    if as_json:
        print(json.dumps(result))
        return
    print(
        f"{result['ms_per_hop']:.2f} ms per 500 ms (99 %: {result['p99_ms']:.2f}), librosa "
        f"{result['librosa_ms_per_hop']:.1f} ms: {result['ratio']:.3f} x, CPU time on one thread"
    )
    cues = result["cues"]
    print(
        f"cues and feeling {cues['ms_per_hop']:.2f} ms per 500 ms (99 %: {cues['p99_ms']:.2f}): "
        f"{cues['ratio']:.4f} x"
    )
    print("correlation with the whole file, from 10 s on: stream (librosa on the same past 10 s)")
    for row in result["clips"]:
        stream, past = row["correlation"], row["librosa_correlation"]
        pairs = (f"{part} {stream[part]:.4f} ({past[part]:.4f})" for part in PARTS)
        print(f"  {row['clip'][:32]:<32}  {'  '.join(pairs)}")
    file = result["file"]
    print(
        f"file mode against librosa, at worst: relative error of MFCC {file['mfcc_error']:.1e}, "
        f"tempogram {file['tempogram_error']:.1e}; correlation of CENS {file['cens_correlation']:.6f}"
    )


def measure(librosa: Any, clips: Sequence[Clip]) -> dict[str, Any]:
    """What `bench features --json` prints.

    `correlation` and `librosa_correlation` are the lowest of the clips, `margin` the smallest difference of
    the two in one clip; times are medians over all hops.
    """
    from threadpoolctl import threadpool_limits  # librosa brings it

    ours: list[float] = []
    theirs: list[float] = []
    felt: list[float] = []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # librosa's, of a silent past
        _librosa_features(librosa, clips[0].sound[: PAST_STEPS * STEP])  # compiles
        rows = []
        for clip in clips:
            rows.append(_measure_clip(librosa, clip, ours, theirs))
            felt += cue_times(clip)[WARM_STEPS:]
    lowest = {
        key: {part: min(row[key][part] for row in rows) for part in PARTS}
        for key in ("correlation", "librosa_correlation")
    }
    margins = {
        part: min(row["correlation"][part] - row["librosa_correlation"][part] for row in rows)
        for part in PARTS
    }
    ms, librosa_ms = float(np.median(ours)), float(np.median(theirs))
    return {
        "ms_per_hop": round(ms, 3),
        "p99_ms": round(float(np.percentile(ours, 99)), 3),
        "librosa_ms_per_hop": round(librosa_ms, 2),
        "ratio": round(ms / librosa_ms, 4),
        "cues": {
            "ms_per_hop": round(float(np.median(felt)), 3),
            "p99_ms": round(float(np.percentile(felt, 99)), 3),
            "ratio": round(float(np.median(felt)) / librosa_ms, 5),
        },
        **lowest,
        "margin": margins,
        "file": {
            "mfcc_error": max(row["file"]["mfcc_error"] for row in rows),
            "tempogram_error": max(row["file"]["tempogram_error"] for row in rows),
            "cens_correlation": min(row["file"]["cens_correlation"] for row in rows),
        },
        "hops": len(ours),
        "librosa_hops": len(theirs),
        "clips": rows,
    }


def _measure_clip(librosa: Any, clip: Clip, ours: list[float], theirs: list[float]) -> dict[str, Any]:
    sound = soxr.resample(clip.sound, clip.rate, SLOW_RATE) if clip.rate != SLOW_RATE else clip.sound
    truth = _librosa_features(librosa, sound)
    whole = np.concatenate(list(file_features(lambda: [clip.sound], clip.rate)))
    count = len(whole) // FRAMES
    hops = min(HOPS, count - PAST_STEPS + 1)
    asked = np.linspace(PAST_STEPS, count, hops).round().astype(int).tolist()

    paper = PaperFeatures(clip.rate)
    stream: list[Floats] = []
    pasts: list[Floats] = []
    block = -(-clip.rate * STEP // SLOW_RATE)
    for first in range(0, clip.sound.size + block, block):
        ended = first >= clip.sound.size
        begin = time.process_time()
        rows = paper.finish() if ended else paper.push(clip.sound[first : first + block])
        took = time.process_time() - begin
        if rows and len(stream) >= PAST_STEPS:
            ours.append(took / len(rows) * 1e3)
        for row in rows:
            stream.append(row)
            if len(stream) in asked:
                past = sound[(len(stream) - PAST_STEPS) * STEP : len(stream) * STEP]
                begin = time.process_time()
                found = _librosa_features(librosa, past)
                theirs.append((time.process_time() - begin) * 1e3)
                pasts.append(found[(PAST_STEPS - 1) * FRAMES : PAST_STEPS * FRAMES])
    heard = np.concatenate([stream[number - 1] for number in asked])
    wanted = np.concatenate([truth[(number - 1) * FRAMES : number * FRAMES] for number in asked])
    return {
        "clip": clip.name,
        "rows": count,
        "correlation": _correlations(heard, wanted),
        "librosa_correlation": _correlations(np.concatenate(pasts), wanted),
        "file": {
            "mfcc_error": _error(whole, truth, "mfcc"),
            "tempogram_error": _error(whole, truth, "tempogram"),
            "cens_correlation": _correlations(whole, truth[: len(whole)])["cens"],
        },
    }


def cue_times(clip: Clip) -> list[float]:
    """ms of CPU time for the cues and the feeling of each 500 ms."""
    rhythm, estimator = Rhythm(clip.rate), CueEstimator()
    path = SlowPath(clip.rate, rhythm=rhythm)
    times, took = [], 0.0
    for first in range(0, clip.sound.size, BLOCK):
        block = clip.sound[first : first + BLOCK]
        rhythm.push(block)
        begin = time.process_time()
        told = path.push(block)
        for cues in told:
            estimator.update(cues)
        took += time.process_time() - begin
        if told:
            times.append(took / len(told) * 1e3)
            took = 0.0
    return times


def _librosa_features(librosa: Any, sound: Floats) -> Floats:
    """[n] samples at 21504 Hz -> [frames, 436], as the paper's code has them."""
    settings = {"y": sound, "sr": SLOW_RATE, "hop_length": HOP}
    parts = (
        librosa.feature.mfcc(n_mfcc=40, **settings),
        librosa.feature.tempogram(**settings),
        librosa.feature.chroma_cens(**settings),
    )
    return np.concatenate(parts).T.astype(np.float32)


def _correlations(rows: Floats, wanted: Floats) -> dict[str, float]:
    """Pearson's r of each feature, over all frames and values."""
    found = {}
    for part, columns in PARTS.items():
        heard, true = (values[:, columns].ravel().astype(np.float64) for values in (rows, wanted))
        heard, true = heard - heard.mean(), true - true.mean()
        power = float(np.sqrt(np.sum(heard**2) * np.sum(true**2)))
        found[part] = float(heard @ true) / power if power else float(np.array_equal(heard, true))
    return found


def _error(rows: Floats, truth: Floats, part: str) -> float:
    """Largest difference, as a part of the largest value."""
    wanted = truth[: len(rows), PARTS[part]]
    return float(np.abs(rows[:, PARTS[part]] - wanted).max() / max(float(np.abs(wanted).max()), 1e-12))


def _librosa() -> Any:
    try:
        import librosa
    except ImportError:
        raise UsageError(
            "'bench features' measures against librosa, which is not installed: pip install librosa"
        ) from None
    return librosa


def _demo() -> list[Clip]:
    path = demo_piece()
    return [_read(path, *seconds)._replace(name=f"demo at {seconds[0]:.0f} s") for seconds in DEMO_S]


def _read(path: Path, first_s: float, after_s: float) -> Clip:
    """Seconds first_s..after_s of a file. Raises SourceError, and UsageError for too short a one."""
    sound = SoundFile(path)
    first, after = (round(second * sound.rate) for second in (first_s, after_s))
    taken: list[Floats] = []
    position = 0
    for block in mono_blocks(sound, 1 << 16):
        taken.append(block[max(0, first - position) : max(0, after - position)])
        position += len(block)
        if position >= after:
            break
    sound.close()
    samples, _ = clean(np.concatenate(taken))
    least_s = (PAST_STEPS + 1) * STEP_S
    if samples.size < least_s * sound.rate:
        raise UsageError(f"{path.name} has less than the {least_s} s that this measurement takes")
    return Clip(path.name, sound.rate, samples)
