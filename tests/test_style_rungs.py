"""How much of a style is painted: chosen by trial, stepped down when late, pinned by hand, and told."""

from collections.abc import Iterator

import numpy as np
import pytest
from conftest import ROOT

from livesing.audio.source import parse_spec
from livesing.audio_input import AudioInput
from livesing.dreamer import DreamBoxes
from livesing.errors import SurfaceError
from livesing.looks import PresetWatcher
from livesing.params import Params
from livesing.preset import PresetFolder
from livesing.readout import Readout
from livesing.renderer import JUDGE_PERIOD, RUNGS, SETTLE_SECONDS, Inbox, Renderer
from livesing.stage.headless import HeadlessSurface
from livesing.stage.pacing import Ladder
from livesing.style.rung import Rung
from livesing.style.style_image import BRUSH, style_image
from livesing.style.styling import Placed, Repertoire


@pytest.fixture(scope="module")
def surface() -> Iterator[HeadlessSurface]:
    try:
        opened = HeadlessSurface(64, 36)
    except SurfaceError as error:
        pytest.skip(str(error))
    yield opened
    opened.close()


def renderer(surface: HeadlessSurface, rate: float, *, adaptive: bool = True) -> Renderer:
    boxes, watcher = DreamBoxes(), PresetWatcher(PresetFolder(ROOT / "presets"))
    watcher.look()
    inbox = Inbox(boxes.pulses, boxes.moods, boxes.frames, boxes.params)
    first = watcher.folder.presets[0]
    return Renderer(surface, Params(), inbox, watcher, first, rate, adaptive=adaptive)


def hang_a_style(loop: Renderer) -> None:
    noise = np.random.default_rng(0).random((BRUSH, BRUSH, 3)).astype(np.float32)
    loop.styling.hang(Repertoire((Placed(style_image(noise, "noise"), 0.0, 0.0),)), 0.0)
    loop.styling.step(0.0, 0.0, 0.0)


@pytest.mark.parametrize(("rate", "wanted"), [(0.01, Rung.FOLLOW), (1e6, Rung.COLOUR)])
def test_the_rung_is_what_holds_the_rate(
    surface: HeadlessSurface, rate: float, wanted: Rung, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("livesing.renderer.TRIALS", 1)
    loop = renderer(surface, rate)
    assert loop.rung is Rung.COLOUR, "before anything was measured"
    loop.choose_rung()
    assert loop.rung is wanted


def test_a_film_is_painted_whole(surface: HeadlessSurface) -> None:
    assert renderer(surface, 30.0, adaptive=False).rung is Rung.FOLLOW


def test_the_style_gives_way_before_the_rate(surface: HeadlessSurface) -> None:
    loop = renderer(surface, 60.0)
    loop.rungs = Ladder(RUNGS)
    hang_a_style(loop)
    seen, now = [], 100.0
    loop.figures.presented(now, None, False)
    now += SETTLE_SECONDS
    while loop.ladder.rung == 0:
        now += JUDGE_PERIOD / 20
        loop.figures.presented(now, JUDGE_PERIOD / 20, True)
        loop._judge(now)
        seen.append(loop.rung)
        assert len(seen) < 1000
    assert list(dict.fromkeys(seen)) == list(RUNGS), "one after the other, and then the rate"


def test_a_rung_can_be_pinned_and_let_go(surface: HeadlessSurface) -> None:
    loop = renderer(surface, 60.0)
    for rung in (Rung.FOLLOW, Rung.BANDS):
        loop.params.set("style.rung", rung)
        assert loop.rung is rung
    loop.params.set("style.rung", -1)
    assert loop.rung is Rung.COLOUR


def test_the_hud_names_the_style_and_its_rung(surface: HeadlessSurface) -> None:
    loop = renderer(surface, 60.0)
    loop.rungs = Ladder(RUNGS)
    readout = Readout(loop, AudioInput(parse_spec("demo"), mute=True), loop.presets)
    assert "painted" not in dict(readout.hud_rows())["look"]
    hang_a_style(loop)
    assert dict(readout.hud_rows())["look"].endswith("painted like noise, follow")
    loop.rungs = Ladder(RUNGS, rung=1)
    assert dict(readout.hud_rows())["look"].endswith("brush (more could not be held)")
    loop.params.set("style.rung", Rung.BANDS)
    assert dict(readout.hud_rows())["look"].endswith("bands (pinned)")
