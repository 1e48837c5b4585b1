"""`livesing feel`: any picture that there is, and a clear word about any that there is not."""

import csv
import errno
import io
import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from livesing.cli import main
from livesing.sentiment.image_file import BEHIND, PictureError, read_picture


def colours(width: int = 40, height: int = 30) -> np.ndarray:
    """A picture with something in it: uint8 [height, width, 3]."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    return (np.stack([x, y, 1 - x * y], -1) * 255).astype(np.uint8)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "one.png"
    Image.fromarray(colours()).save(path)
    return path


@pytest.fixture
def broken(tmp_path: Path, picture: Path) -> Path:
    path = tmp_path / "broken.png"
    path.write_bytes(picture.read_bytes()[:90])
    return path


# ------------------------------------------------------------------------------------------ reading files


@pytest.mark.parametrize(
    ("mode", "name"),
    [("RGB", "a.png"), ("RGB", "a.bmp"), ("RGB", "a.webp"), ("RGBA", "a.png"), ("P", "a.gif"),
     ("CMYK", "a.tif"), ("L", "a.png"), ("1", "a.png"), ("LA", "a.png"), ("YCbCr", "a.jpg"),
     ("CMYK", "a.jpg")],
)  # fmt: skip
def test_pictures_of_every_kind_are_read(mode: str, name: str, tmp_path: Path) -> None:
    whole = Image.fromarray(colours()).convert(mode)
    whole.save(tmp_path / name, **({"lossless": True} if name.endswith("webp") else {}))
    read = read_picture(tmp_path / name)
    assert read.shape == (30, 40, 3)
    assert read.dtype == np.uint8
    expected = np.asarray(whole.convert("RGB"), np.float64)
    assert np.abs(read - expected).mean() < 4


@pytest.mark.parametrize("top", [65535, 40000])
def test_sixteen_bits_become_eight(top: int, tmp_path: Path) -> None:
    values = np.linspace(0, top, 30 * 40).reshape(30, 40).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "deep.png")
    read = read_picture(tmp_path / "deep.png")
    assert np.abs(read[..., 0] - values / 257.0).max() < 1
    assert (read[..., 0] == read[..., 2]).all()


def test_more_than_sixteen_bits_become_eight(tmp_path: Path) -> None:
    values = (np.arange(1200).reshape(30, 40) * 1_000_000).astype(np.int32)
    Image.fromarray(values).save(tmp_path / "deep.tif")
    np.testing.assert_allclose(
        read_picture(tmp_path / "deep.tif")[..., 0], values / values.max() * 255, atol=1
    )


def test_a_picture_may_be_too_large(tmp_path: Path) -> None:
    size = (100_000).to_bytes(4, "big")
    header = b"IHDR" + size * 2 + bytes([8, 2, 0, 0, 0])
    chunk = (13).to_bytes(4, "big") + header + zlib.crc32(header).to_bytes(4, "big")
    (tmp_path / "huge.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IDAT")
    with pytest.raises(PictureError, match=r"huge\.png is too large"):
        read_picture(tmp_path / "huge.png")


def test_what_is_transparent_shows_grey(tmp_path: Path) -> None:
    clear = np.zeros((8, 8, 4), np.uint8)
    clear[:4] = (255, 0, 0, 255)
    Image.fromarray(clear).save(tmp_path / "clear.png")
    read = read_picture(tmp_path / "clear.png")
    assert (read[:4] == (255, 0, 0)).all()
    assert (read[4:] == BEHIND).all()


def test_a_turned_camera_is_turned_back(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera lay on its side: turn by 90 degrees to see it upright
    Image.fromarray(colours()).save(tmp_path / "turned.png", exif=exif)
    assert (read_picture(tmp_path / "turned.png") == np.rot90(colours(), -1)).all()


def test_the_first_of_moving_pictures_counts(tmp_path: Path) -> None:
    first, second = (Image.new("RGB", (9, 9), colour) for colour in ("red", "blue"))
    first.save(tmp_path / "moving.gif", save_all=True, append_images=[second])
    assert (read_picture(tmp_path / "moving.gif")[0, 0] == (255, 0, 0)).all()


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 50])
def test_what_is_no_picture_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "what.png"
    path.write_bytes(content)
    with pytest.raises(PictureError, match=r"what\.png"):
        read_picture(path)


# -------------------------------------------------------------------------------------------- the command


def test_the_table_is_in_order_and_aligned(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "a longer name.png"
    Image.fromarray(colours()[::-1, :, ::-1]).save(other)
    assert main(["feel", str(picture), str(other)]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["path", "valence", "arousal"]
    assert [row.startswith(str(path)) for row, path in zip(rows, (picture, other), strict=True)] == [
        True,
        True,
    ]
    assert len({len(row) for row in (head, *rows)}) == 1


def test_all_forms_say_the_same(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = {}
    for form in ("--csv", "--json", ""):
        assert main(["feel", str(picture), *([form] if form else [])]) == 0
        said[form] = capsys.readouterr().out
    (row,) = csv.DictReader(io.StringIO(said["--csv"]))
    answer = json.loads(said["--json"])
    (image,) = answer["images"]
    assert row["path"] == image["path"] == str(picture)
    assert answer["unreadable"] == []
    assert -4 < image["valence"] < 4
    for name in ("valence", "arousal"):
        assert float(row[name]) == pytest.approx(image[name], abs=1e-4)
    assert [float(word) for word in said[""].split()[-2:]] == pytest.approx(
        [image["valence"], image["arousal"]], abs=1e-3
    )


@pytest.mark.parametrize("form", ["", "--csv", "--json"])
def test_a_broken_picture_stops_no_other(
    form: str, picture: Path, broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["feel", str(broken), str(picture), *([form] if form else [])]
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert str(picture) in out
    if form == "--json":
        answer = json.loads(out)
        assert [entry["path"] for entry in answer["unreadable"]] == [str(broken)]
        assert len(answer["images"]) == 1
    else:
        assert str(broken) not in out
    assert err.startswith("livesing: ")
    assert str(broken) in err
    assert err.count("\n") == 1


def test_several_broken_pictures_are_one_line(
    broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["feel", str(broken), str(tmp_path / "missing.png"), str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    for name in ("broken.png", "missing.png", str(tmp_path)):
        assert name in err


def test_a_name_of_two_lines_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "two\nlines.png").write_bytes(b"no picture")
    assert main(["feel", str(tmp_path / "two\nlines.png")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_full_disk_is_one_line(
    picture: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sys.stdout", Full())
    assert main(["feel", str(picture)]) == 2
    assert capsys.readouterr().err == "livesing: the output: No space left on device\n"


def test_no_picture_is_bad_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feel"]) == 2
    assert "IMAGE" in capsys.readouterr().err
