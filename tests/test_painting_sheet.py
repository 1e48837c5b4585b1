"""The sheet of pictures and styles, small."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from livesing.train import painting_sheet
from livesing.train.sheet_pictures import PICTURES


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_drawn_at_any_size(name: str) -> None:
    small, large = (PICTURES[name](*size) for size in ((64, 36), (128, 72)))
    for picture in (small, large):
        assert picture.min() >= 0 and picture.max() <= 1 and picture.std() > 0.1
    halved = large.reshape(36, 2, 64, 2, 3).mean(axis=(1, 3))
    assert np.abs(halved - small).mean() < 0.02, "the same picture"


@pytest.mark.parametrize("tier", ["shader", "deep"])
def test_a_sheet(tier: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(painting_sheet, "STYLES", ("ink",))
    monkeypatch.setattr(painting_sheet, "STRENGTHS", (0.0, 1.0))
    monkeypatch.setattr(painting_sheet, "SIZE", (64, 36))
    output = tmp_path / "sheet.jpg"
    assert painting_sheet.main(["-o", str(output), "--tier", tier]) == 0
    page = np.asarray(Image.open(output)).astype(float)
    step = painting_sheet.CELL[0] + painting_sheet.GAP, painting_sheet.CELL[1] + painting_sheet.GAP
    assert page.shape[1] == 2 * step[0]
    top = step[1] + painting_sheet.SPACE
    original = page[top : top + step[1], : step[0]]
    faint, strong = (page[top + row * step[1] :, step[0] :][: step[1], : step[0]] for row in (0, 1))
    assert np.abs(faint - original).mean() < 4, "but for JPEG"
    assert np.abs(strong - original).mean() > 15


def test_a_place_that_cannot_be_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert painting_sheet.main(["-o", str(tmp_path / "file" / "below.jpg")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
