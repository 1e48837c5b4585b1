"""The render loop: a frame that fails is left out, and what fails for good is told."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

from livesing.dreamer import DreamBoxes
from livesing.errors import SurfaceError
from livesing.looks import PresetWatcher
from livesing.params import Params
from livesing.preset import PresetFolder
from livesing.renderer import MOST_FAILURES, Inbox, Renderer
from livesing.stage.headless import HeadlessSurface


class Faulty(HeadlessSurface):
    """A surface whose driver refuses some swaps, as hardware does when a cable is pulled."""

    refuse: frozenset[int] = frozenset()
    swaps = 0

    def swap(self) -> None:
        self.swaps += 1
        if self.swaps in self.refuse:
            raise RuntimeError("the driver refuses")
        super().swap()


@pytest.fixture
def surface() -> Iterator[Faulty]:
    try:
        opened = Faulty(64, 36)
    except SurfaceError as error:
        pytest.skip(str(error))
    yield opened
    opened.close()


def renderer(surface: Faulty, folder: Path = ROOT / "presets") -> Renderer:
    boxes, params = DreamBoxes(), Params()
    watcher = PresetWatcher(PresetFolder(folder))
    watcher.look()
    inbox = Inbox(boxes.pulses, boxes.moods, boxes.frames, boxes.params)
    return Renderer(surface, params, inbox, watcher, watcher.folder.presets[0], 120.0)


def test_one_bad_frame_does_not_end_the_show(surface: Faulty) -> None:
    surface.refuse = frozenset({3, 4, 7})
    loop, faults = renderer(surface), []
    loop.on_fault = faults.append
    loop.run(lambda now: surface.swaps >= 12)
    assert loop.figures.frames == 12 - 3
    assert len(faults) == 2, "once for each row of failures"
    assert "the driver refuses" in faults[0]


def test_a_picture_that_never_comes_is_an_error(surface: Faulty) -> None:
    surface.refuse = frozenset(range(5, 10_000))
    with pytest.raises(RuntimeError, match="the driver refuses"):
        renderer(surface).run(lambda now: False)
    assert surface.swaps == 4 + MOST_FAILURES


def test_before_any_frame_there_is_a_picture(surface: Faulty) -> None:
    loop = renderer(surface)
    loop.run(lambda now: surface.swaps >= 30)
    assert surface.read().mean() > 3, "the scene needs no generator"
    assert loop.painter.dreaming == 0.0


def test_every_discrete_change_fades(surface: Faulty) -> None:
    loop = renderer(surface)
    loop.run(lambda now: surface.swaps >= 20)
    before = surface.read().astype(float)
    loop.params.set("lens.fold", 6)
    loop.run(lambda now: surface.swaps >= 21)
    just_after = surface.read().astype(float)
    loop.params.set("show.fade", 0.05)
    loop.run(lambda now: surface.swaps >= 300 or loop.figures.seconds > 3.5)
    much_later = surface.read().astype(float)
    assert abs(just_after - before).mean() < 0.35 * abs(much_later - before).mean()
