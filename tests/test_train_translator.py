"""Training of translators: what the network learns from made pairs, how latents lean, and a small run."""

import argparse
import json
import re
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from livesing import words
from livesing.cli import main
from livesing.errors import UsageError
from livesing.generation.biggan_config import CONFIGS, BigGANConfig
from livesing.generation.engine_cache import EngineCache
from livesing.generation.engine_open import ServedGenerator, open_embedded, open_ready, source_for
from livesing.train.translator_lean import STEEPEST, across, lean_of
from livesing.train.translator_samples import Samples, fit_to_be_shown, worth_showing
from livesing.translation.network import hidden, softmax, translate
from livesing.translation.opening import Ground, open_translator
from livesing.translation.translator import LATENT, Felt
from livesing.translation.view_file import read_view

torch = pytest.importorskip("torch", reason="torch is not installed (extra [train])")
from livesing.train import translator  # noqa: E402
from livesing.train.translator import Effort, Recipe, train_translators  # noqa: E402
from livesing.train.translator_fit import CRISP, crisp, fit  # noqa: E402

SMALL = Recipe(samples=48, clusters=3, subclusters=3, more=6)
LITTLE = Effort(steps=30, nodes=3, side=3, walks=1, attempts=1)


def quadrants(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of four classes, one in each quadrant, with z that rises with valence along its first number."""
    rng = np.random.default_rng(seed)
    felt = rng.uniform(-2, 2, (count, 2))
    classes = np.array([100, 200, 300, 400])[(felt[:, 0] > 0) + 2 * (felt[:, 1] > 0)]
    z = np.zeros((count, LATENT))
    z[:, 0], z[:, 1] = felt[:, 0], 1.0
    return felt, classes, z


def test_the_network_learns_classes_and_z() -> None:
    felt, classes, z = quadrants(80, 0)
    weights = fit(felt, classes, z, steps=120, seed=0)
    asked, wanted, z_wanted = quadrants(100, 1)
    inside = (np.abs(asked) > 0.3).all(axis=1)
    wishes = [translate(v, a, weights) for v, a in asked[inside]]
    assert np.mean([wish.classes.argmax() for wish in wishes] == wanted[inside]) > 0.97
    assert np.corrcoef([wish.z[0] for wish in wishes], z_wanted[inside, 0])[0, 1] > 0.97
    again = fit(felt, classes, z, steps=5, seed=3)
    other = fit(felt, classes, z, steps=5, seed=3)
    np.testing.assert_array_equal(again.w_classes, other.w_classes)
    assert np.abs(fit(felt, classes, z, steps=5, seed=4).w1 - again.w1).max() > 0


def test_borders_are_made_crisp_without_moving() -> None:
    felt, classes, z = quadrants(80, 0)
    weights = fit(felt, classes, z, steps=30, seed=0)
    sharp = crisp(weights, felt, 0.025)

    def shares(of: object, temperature: float) -> np.ndarray:
        logits = hidden(felt, weights) @ of.w_classes + of.b_classes  # type: ignore[attr-defined]
        return softmax(logits, temperature)

    assert shares(sharp, 0.025).max(axis=1).mean() == pytest.approx(CRISP, abs=0.01)
    np.testing.assert_array_equal(shares(sharp, 0.025).argmax(axis=1), shares(weights, 0.025).argmax(axis=1))


@pytest.fixture(scope="module")
def felt_samples() -> Samples:
    """800 of 100 classes: valence by the class and z[0], arousal by z[1] and z[0], with noise."""
    rng = np.random.default_rng(2)
    classes, z = np.arange(800) % 100, rng.normal(size=(800, LATENT)).astype(np.float32)
    own = rng.normal(size=(100, 2))[classes]
    felt = own + 0.3 * z[:, :1] * [1, 1] + 0.4 * z[:, 1:2] * [0, 1] + 0.1 * rng.normal(size=(800, 2))
    return Samples(classes, z, felt, np.ones(800, bool))


def test_directions_of_feeling_are_found_whatever_the_class(felt_samples: Samples) -> None:
    lean = lean_of(felt_samples, felt_samples.felt)
    # Along the first axis arousal must stay: z[1] takes back what z[0] brings.
    wanted = np.array([[0.8, -0.6], [0.0, 1.0]])
    np.testing.assert_allclose(lean.axes[:, :2], wanted, atol=0.08)
    np.testing.assert_allclose(lean.reach, np.sqrt(LATENT) * np.array([0.24, 0.4]), rtol=0.1)


def test_latents_lean_as_far_as_they_are_asked_to(felt_samples: Samples) -> None:
    lean = lean_of(felt_samples, felt_samples.felt)
    base = np.random.default_rng(0).normal(size=LATENT)
    asked = np.array([[0.0, 0.0], [0.5, 0.0], [0.0, -0.5], [0.4, 0.4], [50.0, -50.0]])
    z = lean.z(asked, base)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), np.sqrt(LATENT))
    brings = np.stack([0.3 * z[:, 0], 0.3 * z[:, 0] + 0.4 * z[:, 1]], axis=1)
    np.testing.assert_allclose(brings[:4] - brings[0], asked[:4], atol=0.12)
    assert np.linalg.norm(across(z[4], lean.axes)) >= np.sqrt(LATENT * (1 - STEEPEST**2)) - 1e-6


def test_pictures_fit_to_be_shown() -> None:
    height, width = 90, 160
    ramp = np.linspace(40, 215, width)[None, :, None] * np.ones((height, 1, 3))
    noise = np.random.default_rng(0).integers(0, 255, (height, width, 3))
    assert fit_to_be_shown(ramp.astype(np.uint8))
    for bad in (0.1 * ramp, np.full_like(ramp, 120), noise, np.where(ramp > 150, 255, ramp)):
        assert not fit_to_be_shown(bad.astype(np.uint8))


def test_classes_worth_showing() -> None:
    classes = np.repeat([1, 2, 3, 4], 4)
    fit_ones = np.array([1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1], bool)
    samples = Samples(classes, np.zeros((16, LATENT), np.float32), np.zeros((16, 2)), fit_ones)
    assert worth_showing(samples).tolist() == [1, 3, 4]
    assert len(worth_showing(samples._replace(fit=np.zeros(16, bool)))) == 4


class Counting:
    """A generator that counts what it draws."""

    def __init__(self, generator: ServedGenerator) -> None:
        self._generator = generator
        self.drawn = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._generator, name)

    def render_rgba(self, *latents: object) -> object:
        self.drawn += 1
        return self._generator.render_rgba(*latents)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run, as small as it may be."""
    output, generator, said = tmp_path_factory.mktemp("views"), Counting(open_embedded((64, 36))), StringIO()
    with redirect_stderr(said):
        train_translators(
            generator,  # type: ignore[arg-type]
            output,
            output / "work",
            SMALL,
            seeds=[4],
            command="livesing train translator",
            effort=LITTLE,
        )
    (output / "said").write_text(said.getvalue())
    (output / "drawn").write_text(str(generator.drawn))
    return output


def test_it_says_beforehand_how_much_is_drawn(trained: Path) -> None:
    announced = re.match(r"(\d+) pictures, about 1 minute;", (trained / "said").read_text())
    assert announced
    assert int(announced[1]) == pytest.approx(int((trained / "drawn").read_text()), rel=0.1)


def test_times_are_said_as_one_says_them() -> None:
    spoken = [translator._spoken(seconds) for seconds in (0, 70, 130, 5000, 9000)]
    assert spoken == [
        "about 1 minute",
        "about 1 minute",
        "about 2 minutes",
        "about 83 minutes",
        "about 2.5 hours",
    ]


def test_a_run_leaves_a_view_a_card_and_a_report(trained: Path) -> None:
    view = read_view(trained / "embedded-04.safetensors")
    assert view.generator == "embedded" and 1 <= len(view.names) <= 3
    report = json.loads((trained / "translator.json").read_text())
    assert report["recipe"]["samples"] == 48
    assert report["views"]["4"] == view.scores
    card = (trained / "translator.md").read_text()
    assert all(name in card for name in view.names)
    ground = Ground("embedded", np.zeros((1000, 2)), trained)
    wish = open_translator("embedded-04.safetensors", ground).translate(Felt(0.5, -0.5), 0.05)
    assert set(np.flatnonzero(wish.classes).tolist()) <= set(view.weights.which.tolist())


def test_a_run_goes_on_where_it_was(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (trained / "embedded-04.safetensors").read_bytes()
    train_translators(
        open_embedded((64, 36)), trained, trained / "work", SMALL, seeds=[4], command="again", effort=LITTLE
    )
    assert (trained / "embedded-04.safetensors").read_bytes() == before
    assert "samples" not in capsys.readouterr().err.replace("pictures", "")


def test_the_users_own_classes_are_taken(trained: Path) -> None:
    recipe = SMALL._replace(classes=(5, 207), samples=24, clusters=2, more=4, paper=True)
    train_translators(
        open_embedded((64, 36)), trained, trained / "work", recipe, seeds=[7], command="", effort=LITTLE
    )
    assert read_view(trained / "embedded-07.safetensors").weights.which.tolist() == [5, 207]


def test_a_generator_with_weights_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small BigGAN-deep with random weights, on the torch engine."""
    from livesing.generation.biggan_reference import random_state

    blocks = ((False, 4, 4), (True, 4, 4), (True, 4, 4), (True, 4, 2), (True, 2, 1))
    small = BigGANConfig(64, blocks, attention_before=4, width=16)
    monkeypatch.setitem(CONFIGS, "biggan-small", small)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    torch.save(random_state(small), tmp_path / "weights.bin")
    source = source_for("biggan-small", tmp_path / "weights.bin")
    generator = open_ready(source, "torch", EngineCache(), 1, lambda words: None)
    recipe = SMALL._replace(samples=24, clusters=2, more=4)
    train_translators(generator, tmp_path, tmp_path, recipe, seeds=[0], command="", effort=LITTLE)
    view = read_view(tmp_path / "biggan-small-00.safetensors")
    assert view.generator == "biggan-small" and np.isfinite(list(view.scores.values())).all()


def test_too_few_samples_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="too few"):
        train_translators(
            open_embedded((64, 36)), tmp_path, tmp_path, Recipe(samples=30), seeds=[0], command=""
        )


@pytest.mark.parametrize(
    "bad", [["--samples", "3"], ["--classes", "1,x"], ["--classes", "1000"], ["--views", "0"],
            ["--seed", "95", "--views", "9"], ["--generator", "nobody"]],
)  # fmt: skip
def test_bad_words_are_one_line(bad: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "translator", "-o", str(tmp_path), *bad]) == 2
    error = capsys.readouterr().err.strip()
    assert error and "\n" not in error
    assert not list(tmp_path.iterdir())


def test_lists_of_classes() -> None:
    assert words.numbers("1, 5,207,5") == (1, 5, 207)
    for bad in ("", "1,,2", "-1", "1000", "a"):
        with pytest.raises(argparse.ArgumentTypeError):
            words.numbers(bad)
