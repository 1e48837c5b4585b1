"""The shaders, presets and styles are found in the tree and in an installed package, and nowhere else."""

from pathlib import Path

import pytest

from livesing import assets
from livesing.errors import LivesingError

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("name", ["shaders", "presets", "styles"])
def test_the_tree_has_them_at_the_top(name: str) -> None:
    assert assets.folder(name) == ROOT / name
    assert any(assets.folder(name).iterdir())


def test_an_installed_package_holds_them_itself(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "livesing"
    (package / "presets").mkdir(parents=True)
    assert assets.folder("presets", package) == package / "presets"


def test_other_peoples_folders_are_left_alone(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "livesing"
    package.mkdir(parents=True)
    (tmp_path / "site-packages" / "shaders").mkdir()  # of another package
    with pytest.raises(LivesingError, match=r"'shaders'.*missing"):
        assets.folder("shaders", package)
