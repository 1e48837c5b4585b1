"""Every preset that ships, painted at a calm and at a driving passage: none black, flat or like another."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import ROOT

from livesing.dreamer import SIZES
from livesing.errors import SurfaceError
from livesing.generation.engine_open import ServedGenerator, open_embedded
from livesing.offline import OfflineShow
from livesing.style_library import StyleLibrary

PRESETS = sorted(path.stem for path in (ROOT / "presets").glob("*.toml"))
PASSAGES = {"calm": 18.0, "driving": 146.0}
"""Seconds into the demo piece."""


LEAD = 2.0
"""Seconds that are heard before the first frame."""


@dataclass
class Studio:
    """What takes long to open, for one show after the other."""

    generator: ServedGenerator
    styles: StyleLibrary

    def paint(self, passage: Path, preset: str, seconds: float = 0.75) -> np.ndarray:
        """Frames after LEAD seconds of a passage -> [n, 90, 160, 3]."""
        try:
            show = OfflineShow(
                passage, size=(160, 90), fps=4, preset=preset, generator=self.generator, styles=self.styles
            )
        except SurfaceError as error:
            pytest.skip(str(error))
        try:
            return np.stack([shown.picture.astype(np.float64) for shown in show.frames(LEAD, seconds)])
        finally:
            show.close()


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio(open_embedded(SIZES[0]), StyleLibrary(ROOT / "presets"))


@pytest.fixture(scope="module")
def passages(demo_piece: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Excerpts of the demo piece as files."""
    found = {}
    for name, start in PASSAGES.items():
        with soundfile.SoundFile(demo_piece) as piece:
            piece.seek(int((start - LEAD) * piece.samplerate))
            sound = piece.read(int((LEAD + 2) * piece.samplerate))
            found[name] = tmp_path_factory.mktemp("passages") / f"{name}.wav"
            soundfile.write(found[name], sound, piece.samplerate)
    return found


@pytest.fixture(scope="module")
def pictures(studio: Studio, passages: dict[str, Path]) -> dict[tuple[str, str], np.ndarray]:
    return {
        (preset, name): studio.paint(path, preset.split("-", 1)[1])
        for preset in PRESETS
        for name, path in passages.items()
    }


def test_six_looks_ship() -> None:
    assert len(PRESETS) >= 6


@pytest.mark.parametrize("passage", PASSAGES)
@pytest.mark.parametrize("preset", PRESETS)
def test_preset_is_a_picture(preset: str, passage: str, pictures: dict[tuple[str, str], np.ndarray]) -> None:
    frames = pictures[preset, passage]
    assert frames[-1].mean() > 8, "never black"
    assert frames[-1].mean() < 235, "never all white"
    assert frames[-1].std() > 12, "never flat"
    assert np.abs(np.diff(frames, axis=0)).mean() > 0.05, "never still"
    assert frames[-1].max() - np.median(frames[-1]) > 20


@pytest.mark.parametrize("preset", PRESETS)
def test_music_changes_the_picture(preset: str, pictures: dict[tuple[str, str], np.ndarray]) -> None:
    calm, driving = pictures[preset, "calm"][-1], pictures[preset, "driving"][-1]
    assert np.abs(calm - driving).mean() > 15


@pytest.mark.parametrize("passage", PASSAGES)
def test_looks_differ_at_a_glance(passage: str, pictures: dict[tuple[str, str], np.ndarray]) -> None:
    """As far as a glance can be measured: small pictures of one moment, compared in pairs."""
    small = {
        preset: pictures[preset, passage][-1].reshape(9, 10, 16, 10, 3).mean(axis=(1, 3))
        for preset in PRESETS
    }
    for place, first in enumerate(PRESETS):
        for second in PRESETS[place + 1 :]:
            assert np.abs(small[first] - small[second]).mean() > 10, (first, second)


def test_the_same_seed_gives_the_same_bytes(
    studio: Studio, passages: dict[str, Path], pictures: dict[tuple[str, str], np.ndarray]
) -> None:
    again = studio.paint(passages["driving"], "ember")
    assert (again == pictures["2-ember", "driving"]).all()
