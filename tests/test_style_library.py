from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from livesing import preset
from livesing.errors import PresetError, StyleError
from livesing.preset import parse
from livesing.style.style_image import load, style_image
from livesing.style_library import StyleLibrary
from livesing.wishes import StyleWish


def paint(path: Path, colour: tuple[int, int, int] = (200, 120, 40), mode: str = "RGB") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(sum(colour)).integers(0, 60, (300, 420, 3))
    picture = Image.fromarray(np.clip(noise + colour, 0, 255).astype(np.uint8))
    picture.convert(mode).save(path)
    return path


def look(styles: object, file: str = "1-look.toml") -> preset.Preset:
    return preset.Preset("look", "Look", {}, styles=styles, file=file)  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "CMYK", "P", "1"])
def test_any_picture_can_be_a_style(tmp_path: Path, mode: str) -> None:
    ending = "tif" if mode == "CMYK" else "png"
    style = style_image(load(paint(tmp_path / f"a.{ending}", mode=mode)))
    assert style.brush.shape == (4, 224, 224, 3)
    assert np.isfinite(style.brush).all()
    assert np.hypot(*style.direction) == pytest.approx(1)


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff\xe0 no picture", b"text" * 100])
def test_what_is_no_picture_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.jpg"
    path.write_bytes(content)
    with pytest.raises(StyleError, match=r"^bad\.jpg is no picture") as refusal:
        load(path)
    assert "\n" not in str(refusal.value)


def test_a_brush_has_the_paintings_own_bands(tmp_path: Path) -> None:
    style = style_image(load(paint(tmp_path / "a.png")))
    for k in range(4):
        energy = float(np.square(style.brush[k]).sum(2).mean())
        assert energy == pytest.approx(style.energies[k], rel=0.15)


def test_a_folder_of_styles_names_what_it_leaves_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    paint(tmp_path / "art" / "sea.jpg", (20, 60, 160))
    paint(tmp_path / "art" / "fire.png", (240, 90, 20))
    (tmp_path / "art" / "broken.jpg").write_bytes(b"\xff\xd8nothing")
    (tmp_path / "art" / "notes.txt").write_text("no picture, and none is looked for")
    library = StyleLibrary(tmp_path)
    found = library.read(look(StyleWish(("art", "nowhere"))))
    assert [style.image.name for style in found.styles] == ["fire", "sea"]
    assert "broken.jpg" in caplog.text and "nowhere" in caplog.text
    assert "notes" not in caplog.text


def test_places_of_the_preset_and_of_the_folder(tmp_path: Path) -> None:
    paint(tmp_path / "art" / "sea.jpg")
    paint(tmp_path / "art" / "fire.jpg")
    (tmp_path / "art" / "index.toml").write_text("[sea]\nvalence = 0.25\narousal = -1.5\n")
    own = paint(tmp_path / "mine.png")
    library = StyleLibrary(tmp_path)
    found = library.read(look(StyleWish(("art", own.name), {own.name: (1.5, 0.5)}))).styles
    places = {style.image.name: style[1:] for style in found}
    assert places["sea"] == (0.25, -1.5)
    assert places["mine"] == (1.5, 0.5)
    assert all(abs(number) <= 2.5 for number in places["fire"])


def test_styles_are_read_aside(tmp_path: Path) -> None:
    paint(tmp_path / "a.png")
    wanted = look(StyleWish(("a.png",)))
    library = StyleLibrary(tmp_path)
    assert library.repertoire(wanted) is None
    library.start()
    try:
        for _ in range(200):
            if (found := library.repertoire(wanted)) is not None:
                break
            library._done.wait(0.05)
        assert found is not None and len(found.styles) == 1
        assert library.repertoire(look(None)) is None
        assert library.repertoire(look(StyleWish(("b.png",)))) is None, "edited: not read yet"
    finally:
        library.stop()
        library.join()


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ('styles = "art"', StyleWish(("art",))),
        ('styles = ["woodcut", "art/a.png"]', StyleWish(("woodcut", "art/a.png"))),
        ("styles = {a = [1, -0.5]}", StyleWish(("a",), {"a": (1.0, -0.5)})),
        (
            'styles = {positive = "a", neutral = "b", negative = "a"}',
            StyleWish(("a", "b"), signs={"positive": "a", "neutral": "b", "negative": "a"}),
        ),
    ],
)
def test_a_preset_names_styles(text: str, wish: StyleWish) -> None:
    assert parse(text, "1-look.toml").styles == wish


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("7", "styles is a name"),
        ("{}", "styles is a name"),
        ('["a", 3]', "named by a text"),
        ('""', "named by a text"),
        ('"../secret"', "does not lie beside"),
        ('"/etc/a.png"', "does not lie beside"),
        ("'C:\\a.png'", "does not lie beside"),
        ("'a\\..\\..\\b'", "does not lie beside"),
        ("{a = 3}", "styles.a is a place"),
        ("{a = [1]}", "styles.a is a place"),
        ("{a = [true, 1]}", "styles.a is a place"),
        ("{a = [nan, 1]}", "styles.a is a place"),
        ('{positive = "a", neutral = "b"}', "needs all of"),
    ],
)
def test_a_bad_wish_refuses_the_preset_with_its_line(content: str, reason: str) -> None:
    with pytest.raises(PresetError, match=rf"^bad\.toml:2: .*{reason}"):
        parse(f'title = "Bad"\nstyles = {content}\n', "bad.toml")
