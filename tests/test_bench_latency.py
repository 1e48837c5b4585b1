"""`bench latency`: what it measures, on real parts, in real time."""

from __future__ import annotations

import json

import numpy as np
import pytest

from livesing.audio.fast import FastPath
from livesing.bench_latency import drum_pattern
from livesing.cli import main
from livesing.errors import SurfaceError
from livesing.stage.headless import HeadlessSurface


def test_the_pattern_holds_its_attacks() -> None:
    sound, attacks = drum_pattern(16_000, 6.0)
    path, hits, heard = FastPath(16_000), [], 0.0
    for first in range(0, sound.size, 64):
        pulse = path.push(sound[first : first + 64], 0.0)
        if pulse.hits > heard:
            hits.append(pulse.sample)
        heard = pulse.hits
    assert len(attacks) == 21
    found = [any(0 <= hit - attack < 0.02 * 16_000 for hit in hits) for attack in attacks]
    assert np.mean(found) > 0.95


def test_it_tells_the_whole_and_its_stages(capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "bench",
        "latency",
        "--seconds",
        "3",
        "--rate",
        "16000",
        "--block",
        "256",
        "--no-picture",
        "--json",
    ]
    assert main(words) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["limit_ms"] == 256 / 16 + 12
    assert result["stages"].keys() == {"block_wait", "ring_to_pulse", "attack_to_hit"}
    for row in (result, *result["stages"].values()):
        assert 0 < row["p50"] <= row["p95"] <= row["p99"] <= row["max"]
    block, ring = result["stages"]["block_wait"], result["stages"]["ring_to_pulse"]
    # What waits for its block is there within it, and on average half of it.
    assert block["max"] <= 256 / 16
    assert block["p50"] == pytest.approx(256 / 16 / 2, rel=0.1)
    assert max(block["p50"], ring["p50"]) < result["p50"] < block["max"] + ring["max"] + 0.1
    assert result["strokes"] == 9
    assert result["missed"] <= 1


def test_beside_a_picture(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        HeadlessSurface(16, 16).close()
    except SurfaceError as error:
        pytest.skip(str(error))
    assert main(["bench", "latency", "--seconds", "2", "--json"]) == 0
    stages = json.loads(capsys.readouterr().out)["stages"]
    assert {"ring_to_pulse_beside_picture", "pulse_to_frame", "attack_to_frame"} <= stages.keys()
    assert stages["pulse_to_frame"]["p50"] > 0


@pytest.mark.parametrize(("option", "value"), [("--rate", "4000"), ("--block", "1"), ("--seconds", "1")])
def test_what_cannot_be_measured_is_refused(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "latency", option, value]) == 2
    assert option in capsys.readouterr().err
