import numpy as np
import pytest

from livesing.style.bands import Statistics
from livesing.style.style_image import BRUSH, style_image
from livesing.style.styling import (
    CHANGE,
    DWELL,
    MARGIN,
    Placed,
    Repertoire,
    Styling,
    nearest,
    sign,
)
from livesing.style.wct import StyleMaps

FRAME = Statistics(np.full(3, 0.5), np.tile(np.eye(3) * 0.01, (5, 1, 1)))
PLACES = [(1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0)]


def placed(number: int) -> Placed:
    picture = np.random.default_rng(number).random((BRUSH, BRUSH, 3)) * (0.3 + 0.1 * number)
    return Placed(style_image(picture.astype(np.float32), f"style {number}"), *PLACES[number])


STYLES = tuple(placed(number) for number in range(4))


@pytest.mark.parametrize("number", range(4))
def test_the_nearest_is_chosen(number: int) -> None:
    valence, arousal = PLACES[number]
    assert nearest(STYLES, valence * 0.8, arousal * 1.3, None) == number


def test_another_must_be_nearer_by_a_margin() -> None:
    assert nearest(STYLES, -MARGIN / 2 + 0.01, 1.0, current=0) == 0
    assert nearest(STYLES, -MARGIN, 1.0, current=0) == 1
    assert nearest(STYLES, 0.0, 1.0, current=9) in (0, 1), "the look it belonged to has gone"


@pytest.mark.parametrize(
    ("valence", "arousal", "wanted"),
    [(1, 0.2, "positive"), (0.9, 0.0, "neutral"), (-1, -0.2, "negative"), (2, -2, "neutral")],
)
def test_the_papers_thresholds(valence: float, arousal: float, wanted: str) -> None:
    assert sign(valence, arousal) == wanted


def test_styles_take_turns_no_faster_than_they_may() -> None:
    styling = Styling()
    styling.hang(Repertoire(STYLES), 0.0)
    changes = [now for now in np.arange(0, 60, 0.1) if styling.step(now, np.sin(now * 2), np.cos(now * 2))]
    assert len(changes) > 2
    assert min(np.diff(changes)) >= DWELL


def test_one_takes_over_from_another_smoothly() -> None:
    styling = Styling()
    styling.hang(Repertoire(STYLES), 0.0)
    assert styling.step(0.0, 1, 1)
    first = styling.maps(0.1, FRAME)
    assert first is not None and first.before is None, "the first is there at once"
    assert styling.step(10.0, -1, -1)
    ways = [styling.maps(10.0 + part * CHANGE, FRAME) for part in np.linspace(0, 1, 41)]
    assert all(way is not None for way in ways)
    means = np.array([way.style_mean for way in ways if way])
    whole = np.abs(means[-1] - means[0]).max()
    assert np.abs(np.diff(means, axis=0)).max() < 3 * whole / 40
    last = ways[-1]
    assert last is not None and last.before is None and last.style is STYLES[2].image
    np.testing.assert_allclose(means[0], first.style_mean)


def test_a_look_by_sign() -> None:
    styling = Styling()
    styling.hang(Repertoire(STYLES, {"positive": 3, "neutral": 1, "negative": 0}), 0.0)
    styling.step(0.0, 1.5, 1.5)
    assert styling.style is STYLES[3].image
    styling.step(20.0, 0, 0)
    assert styling.style is STYLES[1].image


def test_a_look_without_styles_has_none() -> None:
    styling = Styling()
    styling.hang(Repertoire(STYLES), 0.0)
    styling.step(0.0, 1, 1)
    styling.hang(Repertoire(), 1.0)
    assert styling.step(1.0, 1, 1)
    assert styling.maps(1.0, FRAME) is None


def test_maps_are_worked_out_once_for_a_frames_covariances() -> None:
    styling = Styling()
    styling.hang(Repertoire(STYLES), 0.0)
    styling.step(0.0, 1, 1)

    def maps(now: float, frame: Statistics) -> StyleMaps:
        found = styling.maps(now, frame)
        assert found is not None
        return found

    first = maps(5.0, FRAME)
    assert maps(5.1, FRAME).maps is first.maps
    brighter = FRAME._replace(mean=FRAME.mean + 0.1)
    assert maps(5.2, brighter).maps is first.maps, "covariances are measured at every other frame"
    np.testing.assert_array_equal(maps(5.2, brighter).mean, brighter.mean)
    assert maps(5.3, FRAME._replace(covariances=FRAME.covariances * 2)).maps is not first.maps
