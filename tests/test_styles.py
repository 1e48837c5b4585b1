"""The paintings that ship as styles: whole, painted and not noise, unlike each other, and repainted alike."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from livesing import assets
from livesing.errors import LivesingError, UsageError
from livesing.style.bands import bands, statistics
from livesing.style.style_image import load, style_image
from livesing.train.styles import BRUSH, SIDE, STYLES, painted
from livesing.train.styles.__main__ import main
from livesing.train.styles.collection import INDEX, LARGEST, index, paint, read

SMALL = 64
"""Pixels: a sketch that is painted in a tenth of a second or two."""

SKETCH = 32
"""Pixels, of which every style lays some strokes."""

each = pytest.mark.parametrize("name", STYLES)


@pytest.fixture(scope="module")
def shipped() -> dict[str, np.ndarray]:
    """The paintings as the style pass reads them, [512, 512, 3] in 0..1."""
    folder = assets.folder("styles")
    return {name: load(folder / f"{name}.jpg") for name in STYLES}


def test_the_folder_holds_them_and_nothing_else() -> None:
    folder = assets.folder("styles")
    assert {path.name for path in folder.iterdir()} == {INDEX, *(f"{name}.jpg" for name in STYLES)}
    sizes = [(folder / f"{name}.jpg").stat().st_size for name in STYLES]
    assert len(STYLES) >= 8
    assert max(sizes) <= LARGEST and sum(sizes) <= 2_500_000


@each
def test_the_index_says_what_the_program_says(name: str) -> None:
    entry, style = index(assets.folder("styles"))[name], STYLES[name]
    told = (style.title, style.medium, style.valence, style.arousal, list(style.brush), style.seed, SIDE)
    keys = ("title", "medium", "valence", "arousal", "brush", "seed", "size")
    assert tuple(entry[key] for key in keys) == told
    assert entry["file"] == f"{name}.jpg" and entry["licence"] and name in str(entry["made_by"])
    assert all(0 <= edge <= 1 - BRUSH for edge in style.brush)


def test_they_are_spread_over_the_plane_of_feeling() -> None:
    places = np.array([(style.valence, style.arousal) for style in STYLES.values()])
    assert np.abs(places).max() <= 2
    assert len({(v > 0, a > 0) for v, a in places}) == 4
    assert (places.std(axis=0) > 0.8).all() and (np.abs(places.mean(axis=0)) < 0.5).all()
    apart = [np.hypot(*(a - b)) for a, b in itertools.combinations(places, 2)]
    assert min(apart) > 0.3  # or a style would hardly ever be the nearest
    corners = np.array([(v, a) for v in (-1.2, 1.2) for a in (-1.2, 1.2)])
    assert np.hypot(*(corners[:, None] - places).transpose(2, 0, 1)).min(axis=1).max() < 0.8


@each
def test_it_is_large_and_painted_all_over(name: str, shipped: dict[str, np.ndarray]) -> None:
    assert min(read(assets.folder("styles") / f"{name}.jpg").shape[:2]) >= 512
    picture = shipped[name]
    grey = picture.mean(axis=2)
    assert grey.std() > 0.12  # a full range of lights and darks
    cells = grey[:512, :512].reshape(16, 32, 16, 32).std(axis=(1, 3))
    assert (cells > 0.006).mean() > 0.97  # no piece is empty: even bare paper has its grain


@each
def test_its_detail_is_strokes_and_not_noise(name: str, shipped: dict[str, np.ndarray]) -> None:
    energy = [float(np.square(band).sum(axis=2).mean()) for band in bands(shipped[name])[:-1]]
    noise = np.random.default_rng(0).uniform(0, 1, shipped[name].shape).astype(np.float32)
    of_noise = [float(np.square(band).sum(axis=2).mean()) for band in bands(noise)[:-1]]
    # Each octave of noise has a quarter of the energy of the one above it.
    assert of_noise[0] > 3 * of_noise[1]
    assert energy[0] < 2 * energy[1] and energy[0] < sum(energy[1:])
    assert min(energy[1:]) > 1e-3  # and there is something at every scale


@each
def test_the_style_pass_takes_it(name: str, shipped: dict[str, np.ndarray]) -> None:
    style = style_image(shipped[name], name)
    assert np.isfinite(style.brush).all() and style.brush.std() > 0.005


def test_no_two_are_alike(shipped: dict[str, np.ndarray]) -> None:
    """In mean colour, in its spread, or in how much detail there is at each scale."""
    kinds = {}
    for name, picture in shipped.items():
        known = statistics(picture)
        energy = [float(np.square(band).sum(axis=2).mean()) for band in bands(picture)[:-1]]
        flat = picture.reshape(-1, 3)
        spread = np.sqrt(np.linalg.eigvalsh(np.cov(flat.T)).clip(0))
        kinds[name] = np.concatenate([4 * np.asarray(known.mean), 4 * spread, 0.5 * np.log10(energy)])
    for first, second in itertools.combinations(kinds, 2):
        assert np.linalg.norm(kinds[first] - kinds[second]) > 0.3, (first, second)


@each
def test_the_same_seed_paints_the_same_picture(name: str) -> None:
    once = painted(name, SKETCH, 5)
    assert once.shape == (SKETCH, SKETCH, 3) and once.dtype == np.uint8 and once.std() > 5
    assert np.array_equal(once, painted(name, SKETCH, 5))


def test_another_seed_paints_another() -> None:
    assert not np.array_equal(painted("glass", SMALL, 5), painted("glass", SMALL, 6))


def test_what_ships_is_what_the_program_paints() -> None:
    painting = painted("glass").astype(float)
    difference = np.abs(painting - read(assets.folder("styles") / "glass.jpg"))
    assert difference.mean() < 4  # of 255: JPEG, and other machines' roundings


def test_the_command_paints_what_it_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "new"
    words = ["-o", str(folder), "--size", "80", "--sheet", str(tmp_path / "all.jpg")]
    assert main([*words, "glass", "ink"]) == 0
    assert main(["-o", str(folder), "--size", "80", "--seed", "9", "ink"]) == 0
    assert "glass.jpg" in capsys.readouterr().out
    assert {path.name for path in folder.iterdir()} == {"glass.jpg", "ink.jpg", INDEX}
    entries = index(folder)
    assert list(entries) == ["ink", "glass"]  # as in the table
    assert entries["ink"]["seed"] == 9 and entries["glass"]["seed"] == STYLES["glass"].seed
    assert read(folder / "ink.jpg").shape == (80, 80, 3)
    assert read(tmp_path / "all.jpg").shape[1] > 600


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fresco"], "no style 'fresco'; there are: oil"),
        (["--size", "10", "glass"], "64 to 4096 pixels"),
    ],
)
def test_bad_words_are_one_line_and_no_file(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["-o", str(tmp_path / "new"), *words]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_a_broken_index_is_named_and_kept(tmp_path: Path) -> None:
    (tmp_path / INDEX).write_text("[oil\n")
    with pytest.raises(LivesingError, match=r"index\.toml cannot be read"):
        paint(tmp_path, ["glass"], size=SMALL, told=lambda _: None)
    assert [path.name for path in tmp_path.iterdir()] == [INDEX]


def test_a_folder_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LivesingError, match="cannot be made"):
        paint(tmp_path / "file" / "below", ["glass"], size=SMALL)
    with pytest.raises(UsageError):
        paint(tmp_path, ["glass"], size=5000)
