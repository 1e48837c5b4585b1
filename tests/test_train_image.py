"""Training of the image models: data as they come, honest splits, weights from elsewhere, and learning
itself."""

import csv
import io
import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="needs torch, of the extra [train]")

from livesing.array_file import write_arrays  # noqa: E402
from livesing.cli import main  # noqa: E402
from livesing.errors import UsageError  # noqa: E402
from livesing.sentiment.image import MODEL  # noqa: E402
from livesing.train import (  # noqa: E402
    checkpoint,
    image_augment,
    image_distil,
    image_heads,
    image_layers,
    image_process,
    image_report,
)
from livesing.train.image_augment import Sources  # noqa: E402
from livesing.train.image_card import PACKAGES, sources  # noqa: E402
from livesing.train.image_data import read_rated, split_by_theme, theme_of  # noqa: E402
from livesing.train.image_distil import distil, explained, judged  # noqa: E402
from livesing.train.image_heads import GateSees  # noqa: E402
from livesing.train.image_mobilenet import Fold, read_backbone, squares, train_mobilenet  # noqa: E402
from livesing.train.image_names import (  # noqa: E402
    LABELS,
    class_feelings,
    feelings_of_scores,
    read_class_feelings,
)
from livesing.train.image_pictures import read_pictures  # noqa: E402
from livesing.train.image_process import Kernel  # noqa: E402
from livesing.train.image_student import Student  # noqa: E402
from livesing.train.image_teacher import LATE, LEVELS, SIDE, TAPS, Insides, Raw  # noqa: E402
from livesing.train.mobilenet import InvertedResidual, MobileNetV2  # noqa: E402
from livesing.translation.class_table import load as class_table  # noqa: E402
from livesing.translation.class_table import shipped  # noqa: E402

COLUMNS = ("Theme", "Category", "Source", "Valence_mean", "Valence_SD", "Arousal_mean", "Arousal_SD")


def made_pictures(count: int, seed: int = 0, size: int = 64) -> tuple[list[np.ndarray], np.ndarray]:
    """Pictures whose valence is their light and whose arousal is their stripes, and these [count, 2] in
    1..7."""
    rng = np.random.default_rng(seed)
    pictures, ratings = [], []
    for _ in range(count):
        light, stripes = rng.uniform(0.15, 0.85), rng.uniform(0, 1)
        wave = np.sign(np.sin(np.arange(size) * rng.uniform(0.7, 1.0) + rng.uniform(0, 6)))
        picture = light + 0.15 * stripes * np.tile(wave, (size, 1)) + rng.normal(0, 0.02, (size, size))
        pictures.append((np.clip(np.repeat(picture[:, :, None], 3, 2), 0, 1) * 255).astype(np.uint8))
        ratings.append([1 + 6 * light, 1 + 6 * stripes])
    return pictures, np.array(ratings)


def made_corpus(folder: Path, count: int, per_theme: int = 4) -> None:
    """A folder as OASIS is published: OASIS.csv and images/<Theme>.jpg."""
    pictures, ratings = made_pictures(count)
    (folder / "images").mkdir(parents=True)
    with (folder / "OASIS.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", *COLUMNS])
        for i, (picture, (valence, arousal)) in enumerate(zip(pictures, ratings, strict=True)):
            name = f"Thing {chr(65 + i // per_theme)} {i % per_theme + 1}"
            Image.fromarray(picture).save(folder / "images" / f"{name}.jpg")
            writer.writerow([i + 1, f"{name} ", "Object", "made", valence, 1, arousal, 1])


# ------------------------------------------------------------------------------------------------------ data


def test_the_published_layout_is_read(tmp_path: Path) -> None:
    made_corpus(tmp_path, 24)
    data = read_rated(tmp_path)
    assert len(data.files) == 24
    assert sorted(set(data.themes)) == [f"thing {letter}" for letter in "abcdef"]
    np.testing.assert_allclose(data.standard.mean(0), 0, atol=1e-9)
    np.testing.assert_allclose(data.standard.std(0), 1, atol=1e-9)


def test_files_and_themes_are_found_whatever_their_kind(tmp_path: Path) -> None:
    pictures, _ = made_pictures(20)
    (tmp_path / "images").mkdir()
    lines = [" file , Theme, Valence_mean , Arousal_mean"]
    for i, picture in enumerate(pictures):
        name = f"I{i}{('.png', '.JPG', '.tif', '.GIF')[i % 4]}"
        Image.fromarray(picture).save(tmp_path / "images" / name)
        # by file with and without its folder, and by theme alone
        named = (f"images/{name}", name, name, "")[i % 4]
        lines.append(f"{named}, {f'I{i}' if not named else f'Dog {i}'} ,{1 + i % 7},{7 - i % 5}")
    (tmp_path / "labels.csv").write_text("\n\n".join(lines), encoding="utf-8-sig")
    data = read_rated(tmp_path)
    assert [path.stem for path in data.files] == [f"I{i}" for i in range(20)]
    assert set(data.themes) == {"dog", "i"}


def test_the_development_layout_is_read(data_dir: Path) -> None:
    data = read_rated(data_dir / "oasis_dev")
    assert len(data.files) == 521
    assert len(set(data.themes)) == 138
    assert data.ratings.min() >= 1
    assert data.ratings.max() <= 7


@pytest.mark.parametrize(
    ("name", "theme"),
    [
        ("Dog 12", "dog"),
        ("Sad face 3", "sad face"),
        ("dog_2", "dog"),
        ("Bee", "bee"),
        ("Route 66 1", "route 66"),
    ],
)
def test_a_theme_is_a_name_without_its_number(name: str, theme: str) -> None:
    assert theme_of(name) == theme


def test_themes_are_never_split() -> None:
    themes = [f"t{i // 7}" for i in range(140)]
    parts = split_by_theme(themes, 5, 0)
    assert np.bincount(parts).min() >= 21
    for theme in set(themes):
        assert len({part for part, other in zip(parts, themes, strict=True) if other == theme}) == 1
    assert (parts != split_by_theme(themes, 5, 1)).any()
    with pytest.raises(UsageError, match="cannot be split"):
        split_by_theme(["a", "a", "b"], 3, 0)


def _without(folder: Path, old: str, new: str) -> None:
    table = folder / "OASIS.csv"
    table.write_text(table.read_text().replace(old, new, 1))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "OASIS.csv").unlink(), "has no labels.csv or OASIS.csv"),
        (lambda folder: _without(folder, "Valence_mean", "Valence"), "no column Valence_mean"),
        (lambda folder: _without(folder, "Theme,", "Name,"), "neither a column file nor a column Theme"),
        (lambda folder: _without(folder, "Thing A 1", "Thing Z 9"), "there is no picture 'Thing Z 9.jpg'"),
        (lambda folder: _without(folder, "Thing A 1", "../../secret"), "there is no picture"),
        (
            lambda folder: _without(folder, "made,", "made,many"),
            r"OASIS.csv:2: Valence_mean is 'many.*not a number",
        ),
        (
            lambda folder: (folder / "OASIS.csv").write_bytes(b"Theme,Valence_mean,Arousal_mean\n\xe9,1,2\n"),
            "no table of ratings",
        ),
        (
            lambda folder: (folder / "images" / "Thing A 2.jpg").write_bytes(b"?"),
            r"Thing A 2\.jpg is no picture",
        ),
    ],
)
def test_bad_data_is_one_line(
    spoil: Callable[[Path], None], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made_corpus(tmp_path / "data", 24)
    spoil(tmp_path / "data")
    assert (
        main(
            ["train", "image", "--oasis", str(tmp_path / "data"), "-o", str(tmp_path / "out"), "--folds", "3"]
        )
        == 2
    )
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert re.search(said, err), err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "words", [["--steps", "5"], ["--teacher", ".", "--epochs", "3"], ["--folds", "1"], ["--seed", "-1"]]
)
def test_options_that_do_not_fit_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "image", "--oasis", ".", *words]) == 2
    assert capsys.readouterr().err.count("\n") == 1


# ----------------------------------------------------------------------------------------------- MobileNetV2


def layout() -> dict[str, "torch.Tensor"]:
    """A random state dict in torchvision's layout of mobilenet_v2, written out from its table of layers."""
    generator = torch.Generator().manual_seed(5)
    state: dict[str, torch.Tensor] = {}

    def norm(name: str, width: int) -> None:
        for part in ("weight", "running_var"):
            state[f"{name}.{part}"] = torch.rand(width, generator=generator) + 0.5
        for part in ("bias", "running_mean"):
            state[f"{name}.{part}"] = torch.randn(width, generator=generator) * 0.1
        state[f"{name}.num_batches_tracked"] = torch.tensor(7)

    def filters(name: str, *shape: int) -> None:
        fan = shape[1] * shape[2] * shape[3]
        state[f"{name}.weight"] = torch.randn(*shape, generator=generator) * (2 / fan) ** 0.5

    filters("features.0.0", 32, 3, 3, 3)
    norm("features.0.1", 32)
    channels = [32, 16, 24, 24, 32, 32, 32, 64, 64, 64, 64, 96, 96, 96, 160, 160, 160, 320]
    for i, (inner, outer) in enumerate(pairwise(channels), start=1):
        wide, name, at = (inner, f"features.{i}.conv", 0) if i == 1 else (6 * inner, f"features.{i}.conv", 1)
        if i > 1:
            filters(f"{name}.0.0", wide, inner, 1, 1)
            norm(f"{name}.0.1", wide)
        filters(f"{name}.{at}.0", wide, 1, 3, 3)
        norm(f"{name}.{at}.1", wide)
        filters(f"{name}.{at + 1}", outer, wide, 1, 1)
        norm(f"{name}.{at + 2}", outer)
    filters("features.18.0", 1280, 320, 1, 1)
    norm("features.18.1", 1280)
    state["classifier.1.weight"] = torch.randn(1000, 1280, generator=generator)
    state["classifier.1.bias"] = torch.randn(1000, generator=generator)
    return state


def test_torchvisions_layout_fits() -> None:
    state, net = layout(), MobileNetV2()
    net.load_backbone(state)
    own = net.state_dict()
    assert all((own[name] == tensor).all() for name, tensor in state.items() if name.startswith("features."))
    assert {name for name in own if not name.startswith("head.")} == {
        n for n in state if n.startswith("features.")
    }
    net.eval()
    with torch.inference_mode():
        assert net(torch.rand(2, 3, 64, 96)).shape == (2, 2)
        # the first layer by hand: normalise, filter, norm, clip to 0..6
        x = torch.rand(1, 3, 8, 8)
        mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        z = (x - mean[:, None, None]) / deviation[:, None, None]
        y = torch.nn.functional.conv2d(z, state["features.0.0.weight"], stride=2, padding=1)
        name = "features.0.1"
        centred = (y - state[f"{name}.running_mean"][:, None, None]) / (
            state[f"{name}.running_var"][:, None, None] + 1e-5
        ).sqrt()
        y = centred * state[f"{name}.weight"][:, None, None] + state[f"{name}.bias"][:, None, None]
        np.testing.assert_allclose(net.features[0](z), y.clamp(0, 6), atol=1e-5)


def test_a_shortcut_stands_where_nothing_changes_size() -> None:
    for inner, outer, stride, expected in ((8, 8, 1, True), (8, 8, 2, False), (8, 16, 1, False)):
        block = InvertedResidual(inner, outer, stride, 6).eval()
        torch.nn.init.zeros_(block.conv[-1].weight)  # the last norm gives nothing: only the shortcut is left
        x = torch.randn(1, inner, 6, 6)
        answer = block(x)
        assert answer.shape == (1, outer, 6 // stride, 6 // stride)
        assert (answer == (x if expected else 0)).all()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda state: state.pop("features.7.conv.1.0.weight"), "has no features.7.conv.1.0.weight"),
        (
            lambda state: state.update({"features.18.0.weight": torch.zeros(1280, 319, 1, 1)}),
            r"\[1280, 319, 1, 1\]",
        ),
        (lambda state: state.update({"layer1.0.weight": torch.zeros(1)}), "it has layer1.0.weight"),
        (lambda state: state["features.0.0.weight"].fill_(float("nan")), "not finite"),
    ],
)
def test_other_weights_are_refused(spoil: Callable[[dict[str, Any]], object], said: str) -> None:
    state, net = layout(), MobileNetV2()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    spoil(state)
    with pytest.raises(UsageError, match=said):
        net.load_backbone(state)
    assert all((tensor == before[name]).all() for name, tensor in net.state_dict().items())


@pytest.mark.parametrize("ending", ["safetensors", "pth", "tar"])
def test_a_backbone_travels_in_files(ending: str, tmp_path: Path) -> None:
    tensors = {"a.weight": torch.randn(3, 4), "b": torch.arange(5), "c": torch.tensor(7)}
    path = tmp_path / f"weights.{ending}"
    if ending == "safetensors":
        write_arrays(path, {name: tensor.numpy() for name, tensor in tensors.items()}, {"note": "made"})
    else:
        torch.save(tensors if ending == "pth" else {"epoch": 3, "state_dict": tensors}, path)
    loaded = read_backbone(path)
    assert loaded.keys() == tensors.keys()
    for name, tensor in tensors.items():
        torch.testing.assert_close(loaded[name], tensor, rtol=0, atol=0)


def test_mobilenet_learns_made_data() -> None:
    pictures, ratings = made_pictures(96, size=32)
    stacked, standard = np.stack(pictures), (ratings - ratings.mean(0)) / ratings.std(0)
    fold = Fold(0, 3, None, "")
    for epoch in range(16):
        fold.learn(epoch, 16, stacked[:64], standard[:64], batch=8)
    scores = image_report.score(fold.rate(stacked[64:]), standard[64:])
    assert scores.r[0] > 0.7, scores
    assert scores.r[1] > 0.4, scores


def test_a_run_of_mobilenet_leaves_weights_and_report(tmp_path: Path) -> None:
    made_corpus(tmp_path / "data", 24)
    backbone = tmp_path / "backbone.safetensors"
    write_arrays(backbone, {name: tensor.numpy() for name, tensor in layout().items()}, {})
    out = tmp_path / "out"

    def run(fresh: bool) -> image_report.Scores:
        return train_mobilenet(
            tmp_path / "data", backbone, out, epochs=2, folds=2, seed=3, threads=1, fresh=fresh, side=32
        )

    scores = run(fresh=False)
    for name in ("image.safetensors", "image.md", "report.json"):
        assert (out / name).stat().st_size > 100
    (score,) = json.loads((out / "report.json").read_text())["scores"].values()
    assert score["r"]["valence"] == pytest.approx(scores.r[0])
    weights = read_backbone(out / "image.safetensors")
    MobileNetV2().load_state_dict(weights)
    assert not (out / "checkpoint.pt").exists()

    # Stopped after the first fold, it goes on from there to the same end.
    first = Fold(0, 3, layout(), "")
    data = read_rated(tmp_path / "data")
    rows = split_by_theme(data.themes, 2, 3) != 0
    pictures = squares(data.files, 32)
    for epoch in range(2):
        first.learn(epoch, 2, pictures[rows], data.standard[rows])
    settings = {"net": "MobileNetV2", "epochs": 2, "folds": 2, "seed": 3, "side": 32, "pictures": 24}
    settings["backbone"] = str(backbone)
    state = {"fold": 0, "epoch": 2, "state": first.state(), "predicted": torch.zeros(24, 2)}
    checkpoint.keep(out / "checkpoint.pt", settings | {"seed": 4}, state)
    with pytest.raises(UsageError, match="other options"):
        run(fresh=False)
    checkpoint.keep(out / "checkpoint.pt", settings, state)
    assert run(fresh=False).r == scores.r
    after = read_backbone(out / "image.safetensors")
    assert all((after[name] == tensor).all() for name, tensor in weights.items())


# ------------------------------------------------------------------------------------------------ the student


def test_augmentation_is_various_and_repeatable() -> None:
    photographs = [Image.fromarray(picture) for picture in made_pictures(4)[0]]
    one, same, other = (
        image_augment.batch(Sources(photographs), 6, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert one.shape == (6, SIDE, SIDE, 3)
    assert one.dtype == np.uint8
    assert (one == same).all()
    assert (one != other).any()
    assert len({picture.tobytes() for picture in one}) == 6


def test_pictures_are_gathered(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    whole = Image.fromarray(rng.integers(0, 255, (9, 12, 3), np.uint8)).resize((1600, 1200))
    thing = np.zeros((120, 120, 4), np.uint8)
    thing[20:90, 30:80] = rng.integers(0, 255, (70, 50, 4), np.uint8) | [0, 0, 0, 255]
    (tmp_path / "a").mkdir()
    whole.save(tmp_path / "a" / "whole.jpg")
    whole.resize((400, 300)).save(tmp_path / "smaller.png")
    whole.resize((60, 60)).save(tmp_path / "icon.png")
    Image.new("RGB", (300, 300), "red").save(tmp_path / "flat.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    data = io.BytesIO()
    Image.fromarray(thing, "RGBA").save(data, "PNG")
    length = len(data.getvalue()).to_bytes(4, "big")
    (tmp_path / "all.rcc").write_bytes(b"qres" + length + data.getvalue() + b"rest")
    found = read_pictures([tmp_path])
    assert [picture.size for picture in found.whole] == [(427, 320)] * 5, "the whole and its quarters, once"
    assert [picture.mode for picture in found.cut_outs] == ["RGBA"]
    for nothing in (tmp_path / "a", tmp_path / "none"):
        (tmp_path / "a" / "whole.jpg").unlink(missing_ok=True)
        with pytest.raises(UsageError, match=re.escape(str(nothing))):
            read_pictures([nothing])


def test_names_have_feelings() -> None:
    labels = [
        "background",
        "great white shark, white shark",
        "tiger shark",
        "hammerhead",
        "Chihuahua",
        "toaster",
    ]
    feelings = class_feelings(labels)
    assert feelings[1:4].tolist() == [[-1.5, pytest.approx(1.6)]] * 3
    assert (feelings[5] == 0).all()
    sure = np.zeros((1, 6), np.float32)
    sure[0, 2] = 60
    np.testing.assert_allclose(feelings_of_scores(sure, feelings)[0], [-1.5, 1.6, -1.5, 1.6], atol=1e-4)


def test_names_have_feelings_by_two_tables(tmp_path: Path) -> None:
    path = shipped("biggan")
    assert path is not None
    table = class_table(path)
    (tmp_path / LABELS).write_text("\n".join(["background", *table.names]), encoding="utf-8")
    feelings = read_class_feelings(tmp_path)
    assert feelings.shape == (1001, 4)
    assert not feelings[0].any(), "the background feels like nothing"
    np.testing.assert_allclose(feelings[1:, 2:], table.places, rtol=1e-6)
    both = feelings[feelings[:, :2].any(1)]
    assert np.corrcoef(both.T)[[0, 1], [2, 3]].min() > 0.5, "two judgements of the same things agree"


def test_the_process_is_a_gaussian_process() -> None:
    rng = np.random.default_rng(0)
    features = [rng.normal(size=(30, 5)).astype(np.float32), rng.normal(size=(30, 2)).astype(np.float32)]
    ratings = np.stack([features[0][:, 0] + features[1][:, 1], features[0][:, 1] ** 2], 1).astype(np.float64)
    kernels = (Kernel(0.5), Kernel(1.0, 0.7))
    process = image_process.fit(features, kernels, ratings, noise=0.3)
    # the textbook's sum, kernel by kernel and pair by pair
    units = [(group - group.mean(0)) / group.std(0) for group in features]
    kernel = np.zeros((30, 30))
    for i in range(30):
        for j in range(30):
            for unit, (weight, reach) in zip(units, kernels, strict=True):
                kernel[i, j] += weight * np.exp(-((unit[i] - unit[j]) ** 2).mean() / (2 * reach) ** 2)
    mean = ratings.mean(0)
    expected = kernel @ np.linalg.inv(kernel + 0.3 * np.eye(30)) @ (ratings - mean) + mean
    np.testing.assert_allclose(process.rate(features), expected, atol=1e-3)


@pytest.fixture(scope="module")
def lesson_giver() -> "Made":
    return Made()


class Made:
    """A teacher of the student's kind, so that all it shows can be learnt: random and slim.

    Its numbers are int8 as the real one's are.
    """

    def __init__(self) -> None:
        torch.manual_seed(4)
        self.net = Student(widening=1)
        for level in self.net.levels:  # lively: neither always 0 nor always 6
            torch.nn.init.normal_(level.widen.bias, 1.0, 1.0)
            torch.nn.init.normal_(level.filter.bias, 1.5, 1.0)
            for layer in (level.widen, level.filter, level.narrow):
                layer.weight.data *= 2

    def __call__(self, pictures: np.ndarray) -> list[np.ndarray]:
        with torch.inference_mode():
            seen = self.net(image_distil.to_student(torch.from_numpy(pictures)))
        ends = [seen.pooled[..., None, None], seen.scores[..., None, None]]
        return [tap.permute(0, 2, 3, 1).numpy() for tap in (*seen.maps, *ends)]

    def insides(self, pictures: np.ndarray) -> tuple[list[Insides], Raw]:
        x = image_distil.to_student(torch.from_numpy(pictures))
        blocks = []
        with torch.inference_mode():
            for level in self.net.levels:
                wide = level.widened(x)
                inner = level.filtered(wide)
                x = level(x)
                blocks.append(Insides(*(raw(tensor) for tensor in (wide, inner, x))))
            return blocks, raw(torch.nn.functional.relu6(self.net.last(x)))


def raw(maps: "torch.Tensor") -> Raw:
    scale = float(maps.abs().max()) / 127 + 1e-9
    return Raw((maps / scale).round().to(torch.int8).permute(0, 2, 3, 1).numpy(), scale, 0)


def test_a_layer_is_found_through_relu6() -> None:
    rng = np.random.default_rng(3)
    x, weight = rng.normal(size=(400, 6)).astype(np.float32), rng.normal(size=(3, 6)) * 2
    y = np.clip(x @ weight.T + [1, 3, -9], 0, 6).astype(np.float32)
    y[:, 2] = 0  # never alive: nothing can be known of it
    found, bias = image_layers.through_relu6(x, y)
    np.testing.assert_allclose(found[:2], weight[:2], atol=0.02)
    np.testing.assert_allclose(bias, [1, 3, 0], atol=0.05)
    assert (found[2] == 0).all()


def test_the_columns_that_matter_stay() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(300, 12)).astype(np.float32)
    x[:, 7] = x[:, 2] + 0.01 * rng.normal(size=300)  # one of these two is enough
    y = x[:, [2, 4, 9]] @ rng.normal(size=(3, 5)).astype(np.float32) + 0.1
    kept = image_layers.needed(x, y, 3).tolist()
    assert kept in ([2, 4, 9], [4, 7, 9])
    found, bias = image_layers.linear(x[:, kept], y)
    np.testing.assert_allclose(x[:, kept] @ found.T + bias, y, atol=0.15)


def test_a_student_begins_where_least_squares_put_it(lesson_giver: Made) -> None:
    pictures = np.random.default_rng(1).integers(0, 255, (32, 8, 8, 3), np.uint8)
    pictures = pictures.repeat(8, 1).repeat(8, 2)
    student = Student(widening=1)
    image_layers.begin(student, lesson_giver, pictures, 0, lambda *_: None)
    lesson = judged(lesson_giver, pictures)
    assert min(explained(student, lesson)[: len(LEVELS)]) > 0.8


def test_student_and_teacher_look_at_the_same_places() -> None:
    student = Student()
    with torch.inference_mode():
        seen = student(torch.zeros(2, 3, SIDE, SIDE))
        wide = student(torch.zeros(1, 3, 96, 160))
    for answer, (height, _, channels) in zip(seen.maps, TAPS, strict=False):
        assert answer.shape == (2, channels, height * SIDE // 224, height * SIDE // 224)
    assert wide.maps[LATE].shape == (1, 160, 3, 5)
    assert seen.scores.shape == (2, 1001)


def test_distillation_goes_on_as_if_it_had_not_been_stopped(lesson_giver: Made, tmp_path: Path) -> None:
    photographs = [Image.fromarray(picture) for picture in made_pictures(6)[0]]
    seen: list[int] = []

    def run(name: str, stop: int | None = None, seed: int = 0) -> Student:
        def progress(done: int, total: int, note: str) -> None:
            if total == 5:
                seen.append(done)
            if total == 5 and done == stop:
                raise KeyboardInterrupt

        return distil(
            lesson_giver, Sources(photographs), 5, seed, tmp_path / name, progress,
            every=4, batch=2, beginners=8, widening=1, side=64,
        )  # fmt: skip

    whole = run("whole.pt")
    with pytest.raises(KeyboardInterrupt):
        run("stopped.pt", stop=4)
    seen.clear()
    again = run("stopped.pt")
    assert seen == [5]
    for name, tensor in whole.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], tensor, rtol=0, atol=0)
    with pytest.raises(UsageError, match="other options"):
        run("whole.pt", seed=1)


def test_steps_of_gradient_bring_the_student_nearer(lesson_giver: Made) -> None:
    pictures = np.random.default_rng(2).integers(0, 255, (6, 64, 64, 3), np.uint8)
    lesson = judged(lesson_giver, pictures)
    run = image_distil.Distillation(0, image_distil.scale_of(lesson.taps), widening=1)
    losses = [np.mean(run.learn(lesson)) for _ in range(12)]
    assert losses[-1] < 0.97 * losses[0]


def test_what_is_served_is_what_was_learnt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a shallow net: what is exported is the same a block more or less."""
    pytest.importorskip("onnxscript", reason="needs onnxscript, of the extra [train]")
    import onnxruntime

    from livesing.train import image_served
    from livesing.train.image_served import Served, export_onnx

    monkeypatch.setattr(image_served, "LATE", 2)
    monkeypatch.setattr(image_served, "MIDDLE", 1)
    torch.manual_seed(1)
    student, path = Student(widening=1, depth=4), tmp_path / "image.onnx"
    feelings = class_feelings(["Chihuahua", *map(str, range(1000))])
    pictures = np.stack(made_pictures(6)[0])
    features = image_heads.student_sees(student, feelings, pictures)
    process = image_heads.fit_process(features, made_pictures(len(pictures))[1])
    gate = image_heads.fit_gate([group[:3] for group in features], [group[3:] for group in features])
    # in 32 bits: with so little learnt, the heads would magnify the rounding of 16
    export_onnx(Served(student, feelings, process, gate), path, halve=False)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    rated, abstract = session.run(["ratings", "abstract"], {"pictures": pictures})
    np.testing.assert_allclose(rated, process.rate(features), atol=0.01)
    assert ((abstract >= 0) & (abstract <= 1)).all()
    (one, _) = session.run(None, {"pictures": pictures[:1]})
    np.testing.assert_allclose(one, rated[:1], atol=1e-3)


def test_weights_are_halved() -> None:
    onnx = pytest.importorskip("onnx", reason="needs onnx, of the extra [train]")
    from livesing.train.image_served import halve_weights

    rng = np.random.default_rng(0)
    weights = {
        "large": rng.normal(size=(20, 30)),
        "small": rng.normal(size=(3, 30)),
        "huge": np.full((20, 30), 1e6),
    }
    stored = [onnx.numpy_helper.from_array(array.astype(np.float32), name) for name, array in weights.items()]
    shape = onnx.helper.make_tensor_value_info
    nodes = [onnx.helper.make_node("Gemm", ["x", name], [f"y_{name}"], transB=1) for name in weights]
    outputs = [shape(f"y_{name}", onnx.TensorProto.FLOAT, [2, len(array)]) for name, array in weights.items()]
    inputs = [shape("x", onnx.TensorProto.FLOAT, [2, 30])]
    graph = onnx.helper.make_graph(nodes, "made", inputs, outputs, stored)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=10)
    halve_weights(model)
    kinds = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    half, whole = onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT
    assert kinds == {"large.half": half, "small": whole, "huge": whole}
    onnx.checker.check_model(model)
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    x = rng.normal(size=(2, 30)).astype(np.float32)
    for name, answer in zip(weights, session.run(None, {"x": x}), strict=True):
        np.testing.assert_allclose(answer, x @ weights[name].T, rtol=2e-3, atol=1e-2)


def test_the_gate_tells_two_kinds_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_heads, "GATE_RIDGE", 1.0)  # for few features
    rng = np.random.default_rng(1)
    kinds = [[rng.normal(centre, 1, (400, 6)).astype(np.float32)] for centre in (-1.5, 1.5)]
    between = [rng.normal(0, 0.3, (400, 6)).astype(np.float32)]
    head = image_heads.fit_gate(*kinds)
    chances = [1 / (1 + np.exp(-(kind[0] @ head.weight + head.bias)[:, 0])) for kind in [*kinds, between]]
    assert chances[0].mean() < 0.01
    assert chances[1].mean() > 0.9
    assert chances[2].mean() < 0.2, "in doubt it is a photograph"


def test_gates_are_cross_validated_by_theme(monkeypatch: pytest.MonkeyPatch) -> None:
    """A theme that looks abstract is a photograph only to gates that know it."""
    monkeypatch.setattr(image_heads, "GATE_RIDGE", 1.0)
    rng = np.random.default_rng(1)
    themes = [f"t{i // 20}" for i in range(200)]
    whole = np.full((200, 4), -2.0) + rng.normal(size=(200, 4)) * 0.5
    whole[:20] = 2 + rng.normal(size=(20, 4)) * 0.5
    whole[:20, 3] = -2  # by this it can be known
    abstract = 2 + rng.normal(size=(150, 4)) * 0.5
    of = np.arange(200)[::2]
    gates = GateSees([np.float32(whole)], [np.float32(whole[of])], of, [np.float32(abstract)])
    left_out = gates.cross_validated(themes, 10)
    head = gates.gate(np.ones(200, np.bool_))
    known = 1 / (1 + np.exp(-(whole @ head.weight + head.bias)[:, 0]))
    assert known[:20].mean() < 0.1 < left_out[:20].mean()
    assert left_out[20:].max() < 0.1


def test_cross_validation_leaks_nothing() -> None:
    """Features that only name the theme cannot tell the ratings of other themes."""
    rng = np.random.default_rng(2)
    themes = [f"t{i // 5}" for i in range(100)]
    level = np.repeat(rng.normal(size=(20, 2)), 5, axis=0)
    names = np.repeat(np.eye(20, dtype=np.float32), 5, axis=0)
    predicted = image_heads.cross_validated([names, names, names, names], level, themes, 5)
    assert max(image_report.score(predicted, level).r) < 0.2


def test_the_report_is_right() -> None:
    rated = np.random.default_rng(0).normal(size=(50, 2))
    scores = image_report.score(np.stack([2 * rated[:, 0] + 1, -rated[:, 1]], 1), rated)
    assert scores.r == (pytest.approx(1), pytest.approx(-1))
    assert image_report.score(np.zeros((50, 2)), rated).r == (0, 0)


def test_the_card_names_where_pictures_come_from(tmp_path: Path) -> None:
    known = tmp_path / "opencv-doc" / "examples"
    assert sources([known, tmp_path / "mine"]) == f"opencv-doc ({PACKAGES['opencv-doc']}), mine"
    assert sources([]) == "nowhere"
    shipped_card = MODEL.with_suffix(".md").read_text(encoding="utf-8")
    assert all(name.replace("_", "-").split("-")[0] in shipped_card for name in PACKAGES)


def test_the_plot_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="needs matplotlib, of the extra [train]")
    rated = np.random.default_rng(0).normal(size=(50, 2))
    assert image_report.plot(tmp_path / "predicted.png", rated, rated, "made")
    with Image.open(tmp_path / "predicted.png") as picture:
        assert picture.width > 300


def test_the_real_teacher_is_read_out(data_dir: Path) -> None:
    pytest.importorskip("ai_edge_litert", reason="needs ai-edge-litert, a tool of development")
    from livesing.train.image_teacher import Teacher

    teacher = Teacher(data_dir / "mobilenet_v2")
    pictures = image_augment.plain([Image.fromarray(picture) for picture in made_pictures(3)[0]])
    taps = teacher(pictures)
    assert [tap.shape[-1] for tap in taps] == [tap[2] for tap in TAPS]
    apart = np.concatenate([teacher(pictures[i : i + 1])[LATE] for i in range(3)])
    np.testing.assert_allclose(taps[LATE], apart)
    blocks, _ = teacher.insides(pictures)
    np.testing.assert_array_equal(blocks[LATE].out.values(), taps[LATE])
    assert all(inside.widened.numbers.shape[3] == inside.filtered.numbers.shape[3] for inside in blocks)
    with pytest.raises(UsageError, match="there is no teacher"):
        Teacher(data_dir / "no_such_file.tflite")
