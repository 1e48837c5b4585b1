"""A piece under the virtual clock: every step hears its own sound, every frame gets its dream."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from livesing.generation.engine_open import open_embedded
from livesing.offline_dream import DREAM_FPS, ORIGIN, OfflineDream, dream_number
from livesing.preset import PresetFolder

RATE = 8000


@pytest.mark.parametrize("fps", [12, 24, 25, 30, 50, 60, 120])
def test_no_dream_is_shown_twice_or_skipped(fps: int) -> None:
    numbers = [dream_number(number / fps) for number in range(600 * fps)]
    steps = np.diff(numbers)
    if fps <= DREAM_FPS:
        assert (steps >= 1).all() and steps.max() == -(-DREAM_FPS // fps)
    else:
        assert set(steps) <= {0, 1} and len(set(numbers)) == 600 * DREAM_FPS


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0])
def test_steps_hear_the_whole_sound_in_order(fps: float, tmp_path: Path) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, (RATE, 2)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", sound, RATE, subtype="FLOAT")
    piece = OfflineDream(tmp_path / "a.wav", generator=open_embedded((64, 36)))
    times, parts = zip(*piece.heard(fps), strict=True)
    np.testing.assert_allclose(times, np.arange(len(times)) / fps)
    np.testing.assert_array_equal(np.concatenate(parts), sound)
    assert [len(part) for part in piece.heard(fps)] == []  # it has been heard
    piece.sound.close()


def test_the_first_dream_is_already_in_the_look(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(RATE), RATE)
    piece = OfflineDream(tmp_path / "a.wav", generator=open_embedded((64, 36)))
    (tmp_path / "calm.toml").write_text("[mood]\nvalence = 1.5\narousal = -2\n", encoding="utf-8")
    folder = PresetFolder(tmp_path)
    folder.poll()
    piece.wear(folder.find("calm"), tmp_path)
    aim = piece.dreamer.follow(ORIGIN)
    assert (aim.valence, aim.arousal) == pytest.approx((1.5, -2))
    piece.sound.close()
