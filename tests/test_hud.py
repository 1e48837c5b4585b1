"""The HUD and the names of monitors."""

import time

import numpy as np
import pytest

from livesing.errors import SurfaceError
from livesing.stage.hud import LABEL_WIDTH, LINE, MARGIN, Hud
from livesing.stage.monitors import Monitor, choose, following

ROWS = [("picture", "60.0 fps of 60, 0 late"), ("sound", "demo piece, 48000 Hz, 0 lost")]


def test_a_row_of_text_is_drawn_for_every_row() -> None:
    image = Hud().image(ROWS)
    assert image.dtype == np.uint8
    assert image.shape == (2 * MARGIN + 2 * LINE, 460, 4)
    bright = image[..., :3].max(axis=-1) > 100
    for number in range(2):
        line = bright[MARGIN + number * LINE : MARGIN + (number + 1) * LINE]
        assert line[:, MARGIN : MARGIN + LABEL_WIDTH].any()
        assert line[:, MARGIN + LABEL_WIDTH :].any()
    assert 0 < image[0, 0, 3] < 255, "the picture shows through"


def test_other_figures_are_another_picture() -> None:
    one, other = Hud().image(ROWS), Hud().image([ROWS[0], ("sound", "demo piece, 48000 Hz, 1 lost")])
    assert (one[: MARGIN + LINE] == other[: MARGIN + LINE]).all()
    assert (one[MARGIN + LINE :] != other[MARGIN + LINE :]).any()


@pytest.mark.parametrize("width", [200, 460])
def test_long_texts_stay_inside(width: int) -> None:
    image = Hud(width).image([("fault", "generator " * 40), ("x" * 9, "W" * 300)])
    assert image.shape[1] == width
    assert (image[:, -MARGIN + 1 :, :3].max(axis=-1) < 100).all()


@pytest.mark.parametrize("text", ["", "Größe  ♪ 音楽 🎵", "two\nlines", "\ttab\0null", "\ud800"])
def test_any_text_is_one_row(text: str) -> None:
    """Names of devices and files come from outside."""
    image = Hud().image([("sound", text), ("end", "")])
    assert image.shape[0] == 2 * MARGIN + 2 * LINE
    below = image[MARGIN + LINE + 2 :, MARGIN + LABEL_WIDTH :, :3].max(axis=-1)
    assert (below < 100).all()


def test_a_very_long_text_costs_no_more_than_a_long_one() -> None:
    hud = Hud()

    def cost(length: int) -> float:
        times = []
        for _ in range(3):
            begin = time.perf_counter()
            hud.image([("fault", "W" * length)])
            times.append(time.perf_counter() - begin)
        return min(times)

    cost(100)
    assert cost(4000) < 10 * cost(400)


def test_no_rows() -> None:
    assert Hud().image([]).shape[0] == 2 * MARGIN


# -------------------------------------------------------------------------------------------- monitors


def monitor(name: str) -> Monitor:
    return Monitor(name, 0, 0, 1920, 1080, 60.0, None)


WALL = [monitor("eDP-1"), monitor("HDMI-1"), monitor("HDMI-10"), monitor("EPSON EB-L200")]


@pytest.mark.parametrize(
    ("name", "found"),
    [("eDP-1", "eDP-1"), ("edp", "eDP-1"), ("HDMI-10", "HDMI-10"), ("hdmi-1", "HDMI-1"), ("epson", "EPSON EB-L200"),  # noqa: E501
     ("2", "HDMI-1"), ("4", "EPSON EB-L200")],
)  # fmt: skip
def test_a_monitor_is_chosen_by_name_or_number(name: str, found: str) -> None:
    assert choose(WALL, name).name == found


def test_a_monitor_that_is_not_there() -> None:
    with pytest.raises(SurfaceError, match="'Sony'.*eDP-1; HDMI-1; HDMI-10; EPSON EB-L200"):  # noqa: RUF043
        choose(WALL, "Sony")
    with pytest.raises(SurfaceError, match="none"):
        choose([], "Sony")


def test_the_next_monitor_goes_round() -> None:
    name, seen = None, []
    for _ in range(5):
        chosen = following(WALL, name)
        assert chosen is not None
        name = chosen.name
        seen.append(name)
    assert seen == [*(m.name for m in WALL), "eDP-1"]
    gone = following(WALL, "unplugged")
    assert gone is not None
    assert gone.name == "eDP-1"
    assert following([], "eDP-1") is None
