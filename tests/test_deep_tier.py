"""The deep tier: its transform, what it does to pictures, other people's weights, its place in the show."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from test_style_pass import photograph

from livesing import deep_tier
from livesing.array_file import read_arrays
from livesing.deep_tier import RUNGS, DeepTier, LazyDeepTier, encode_path, open_cascade
from livesing.dreamer import DreamBoxes, Dreamer
from livesing.errors import LivesingError, WeightsError
from livesing.generation.engine_open import open_embedded
from livesing.params import INDEX, TABLE
from livesing.style.deep import Cascade, DeepPainter, opaque, style_features
from livesing.style.deep_onnx import OnnxCascade
from livesing.style.deep_torch import own_cascade
from livesing.style.feature_transform import (
    FeatureStatistics,
    feature_statistics,
    unchanged,
    whiten_colour,
)
from livesing.style.styling import CHANGE
from livesing.style_library import built_in

ROWS = 96


def pixels(seed: int, width: int = 128, height: int = 96) -> np.ndarray:
    """[h, w, 4] uint8, something like a photograph."""
    return opaque(np.round(photograph(seed, width, height) * 255).astype(np.uint8))


@pytest.fixture(scope="module")
def own() -> Cascade:
    return OnnxCascade()


@pytest.fixture(scope="module")
def style(own: Cascade):  # type: ignore[no-untyped-def]
    return style_features(own, pixels(2, 256, 256)[..., :3])


# --------------------------------------------------------------------------------------------- the transform


@pytest.mark.parametrize("channels", [3, 16, 64])
def test_features_take_on_the_styles_statistics(channels: int) -> None:
    rng = np.random.default_rng(channels)
    frame, wanted = (
        feature_statistics(rng.normal(size=(channels, channels)) @ rng.normal(size=(channels, 4000)) + 5 * k)
        for k in (0, 1)
    )
    # what lies under the ridge is noise and stays small; here nothing does
    frame = FeatureStatistics(frame.mean, frame.covariance + 0.3 * channels * np.eye(channels))
    change = whiten_colour(frame, wanted)
    mean = change.matrix @ frame.mean + change.offset
    covariance = change.matrix @ frame.covariance @ change.matrix.T
    assert np.abs(mean - wanted.mean).max() <= 1e-5
    assert np.linalg.norm(covariance - wanted.covariance) <= 1e-2 * np.linalg.norm(wanted.covariance)


@pytest.mark.parametrize("covariance", [np.zeros((8, 8)), np.ones((8, 8)), np.diag([1.0] + [0.0] * 7)])
def test_the_transform_is_finite_where_nothing_varies(covariance: np.ndarray) -> None:
    flat, style = FeatureStatistics(np.ones(8), covariance), FeatureStatistics(np.zeros(8), np.eye(8))
    for one, other in ((flat, style), (style, flat), (flat, flat)):
        assert all(np.isfinite(part).all() for part in whiten_colour(one, other))


def test_no_strength_is_the_identity() -> None:
    one = FeatureStatistics(np.ones(4), np.eye(4))
    change = whiten_colour(one, FeatureStatistics(np.zeros(4), 2 * np.eye(4)), 0.0)
    assert (change.matrix == np.eye(4)).all() and (change.offset == 0).all()


# ----------------------------------------------------------------------------------------------- own network


def test_onnxruntime_and_torch_say_the_same(own: Cascade, style) -> None:  # type: ignore[no-untyped-def]
    other = own_cascade(read_arrays(deep_tier.OWN_WEIGHTS)[0], "cpu")
    assert own.channels == other.channels == (64, 32, 16)
    frame = pixels(3, 150, 90)
    seen = own.run(frame, ROWS, [unchanged(channels) for channels in own.channels], 0.0).features
    maps = [whiten_colour(one, wanted, 0.8) for one, wanted in zip(seen, style, strict=True)]
    mine, theirs = (cascade.run(frame, ROWS, maps, 0.3) for cascade in (own, other))
    assert np.abs(mine.painted.astype(int) - theirs.painted).max() <= 1
    for one, wanted in zip(mine.features, theirs.features, strict=True):
        np.testing.assert_allclose(one.mean, wanted.mean, atol=1e-3)
        np.testing.assert_allclose(one.covariance, wanted.covariance, atol=1e-3)


@pytest.mark.parametrize("size", [(128, 96), (61, 33), (16, 200)], ids=str)
def test_unchanged_features_give_the_picture_to_the_bit(own: Cascade, size: tuple[int, int]) -> None:
    frame = pixels(4, *size)
    same = own.run(frame, 64, [unchanged(channels) for channels in own.channels], 0.0).painted
    assert (same == frame).all()


def test_it_ships_small_and_says_where_it_comes_from() -> None:
    folder = deep_tier.OWN_WEIGHTS.parent
    assert sum((folder / name).stat().st_size for name in ("deep.onnx", "deep.safetensors")) < 1_000_000
    card = (folder / "deep.md").read_text(encoding="utf-8")
    assert "livesing train style" in card and "GPL" in card


@pytest.mark.parametrize("name", ["impasto", "mosaic", "drip"])
def test_one_pixel_of_panning_does_not_flicker(own: Cascade, name: str) -> None:
    """The picture painted, moved by a pixel, against the picture moved and then painted."""
    from livesing.style.style_image import load

    feature = style_features(own, np.round(load(built_in()[name].path) * 255).astype(np.uint8))
    wide = pixels(5, 193, 108)
    painter = DeepPainter(own)
    painter.hang(feature, 0.0)
    here = painter.paint(wide[:, :-1], 0.0, 0.0, 1.0, ROWS)
    there = painter.paint(wide[:, 1:], 0.04, 0.04, 1.0, ROWS)
    moved = here[:, 1:, :3].astype(float) - there[:, :-1, :3]
    assert np.abs(here[..., :3].astype(float) - wide[:, :-1, :3]).mean() > 8, "hardly painted"
    assert np.abs(moved[8:-8, 8:-8]).mean() <= 4.5


def test_it_comes_nearer_to_the_style_at_every_level(own: Cascade, style) -> None:  # type: ignore[no-untyped-def]
    frame = pixels(6)
    painter = DeepPainter(own)
    painter.hang(style, 0.0)
    painted = painter.paint(frame, 0.0, 0.0, 1.0, ROWS)
    still = [unchanged(channels) for channels in own.channels]
    before, after = (own.run(picture, ROWS, still, 0.0).features for picture in (frame, painted))
    for one, other, wanted in zip(before, after, style, strict=True):
        away = [np.linalg.norm(features.covariance - wanted.covariance) for features in (one, other)]
        assert away[1] < 0.75 * away[0]


def test_styles_come_in_smoothly(own: Cascade, style) -> None:  # type: ignore[no-untyped-def]
    other = style_features(own, pixels(7, 256, 256)[..., :3])
    painter = DeepPainter(own)
    painter.hang(style, 0.0)
    painter.hang(other, 10.0)
    ways = [painter.style(10.0 + part * CHANGE) for part in np.linspace(0, 1, 21)]
    means = np.array([way[0].mean for way in ways if way is not None])
    np.testing.assert_allclose(means[0], style[0].mean)
    np.testing.assert_allclose(means[-1], other[0].mean)
    whole = np.abs(means[-1] - means[0]).max()
    assert np.abs(np.diff(means, axis=0)).max() < 3 * whole / 20


def test_a_fade_arrives_where_it_should(own: Cascade, style) -> None:  # type: ignore[no-untyped-def]
    """Strength that rises within half a second, and then a change of style, on a frame that stays."""
    other = style_features(own, pixels(7, 256, 256)[..., :3])
    frame, painter = pixels(6, 64, 48), DeepPainter(own)
    painter.hang(style, 0.0)
    for number in range(1, 8):
        painted = painter.paint(frame, 0.08 * number, 0.08, min(number / 6, 1.0), ROWS)
    for number in range(24):
        if number == 0:
            fresh = [painted]
            painter.hang(other, 1.0)
        painted = painter.paint(frame, 1.0 + 0.08 * number, 0.08, 1.0, ROWS)
    fresh.append(painted)
    for features, arrived in zip((style, other), fresh, strict=True):
        at_once = DeepPainter(own)
        at_once.hang(features, 0.0)
        wanted = at_once.paint(frame, 0.0, 0.0, 1.0, ROWS)
        assert np.abs(arrived.astype(int) - wanted).mean() < 5


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_frame_of_one_colour_stays_whole(own: Cascade, style, value: int) -> None:  # type: ignore[no-untyped-def]
    painter = DeepPainter(own)
    painter.hang(style, 0.0)
    frame = opaque(np.full((64, 96, 3), value, np.uint8))
    for number in range(3):
        painted = painter.paint(frame, 0.04 * number, 0.04, 1.0, 64)
        assert painted.shape == frame.shape and (painted[..., 3] == 255).all()


# ------------------------------------------------------------------------------------ other people's weights

WIDTHS = {1: 6, 2: 8, 3: 12, 4: 16}
NAMES = ["0", "11", "12", "21", "22", "31", "32", "33", "34", "41"]
COUNTS = {1: 2, 2: 4, 3: 6, 4: 10}
NUMBERS = {"encoder": [0, 2, 5, 9, 12, 16, 19, 22, 25, 29], "decoder": [1, 5, 8, 11, 14, 18, 21, 25, 28]}


def random_layers(level: int, seed: int) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """An encoder of VGG-19's shape, narrow, and its decoder, by the names of their convolutions."""
    generator = torch.Generator().manual_seed(seed)
    names, encoder, decoder, wide = NAMES[: COUNTS[level]], {}, {}, 3
    for name in names:
        block = WIDTHS.get(int(name[0]), 3)
        out, side = (3, 1) if name == "0" else (block, 3)
        for state, ends in ((encoder, (out, wide)), (decoder, (wide, out))):
            if state is decoder and name == "0":
                continue
            deviation = (2 / (ends[1] * side * side)) ** 0.5
            state[f"conv{name}.weight"] = deviation * torch.randn(*ends, side, side, generator=generator)
            state[f"conv{name}.bias"] = torch.zeros(ends[0])
        wide = out
    return encoder, decoder


def named_set(folder: Path) -> None:
    """A file a level, with the helpers that distillation leaves."""
    for level in (1, 2, 3, 4):
        encoder, decoder = random_layers(level, level)
        encoder["conv11_aux.weight"] = torch.zeros(64, WIDTHS[1], 1, 1)
        encoder["conv11_aux.bias"] = torch.zeros(64)
        torch.save({"model": encoder} if level == 2 else encoder, folder / f"{level}SE.pth")
        torch.save(decoder, folder / f"{level}SD.pth")


def numbered_set(folder: Path) -> None:
    """One encoder for all levels, and places in a Sequential."""
    encoder, decoder = random_layers(4, 4)

    def numbered(state: dict[str, torch.Tensor], numbers: list[int]) -> dict[str, torch.Tensor]:
        layers = list(dict.fromkeys(key.split(".")[0] for key in state))
        place = dict(zip(layers, numbers, strict=True))
        return {f"{place[key.split('.')[0]]}.{key.split('.')[1]}": value for key, value in state.items()}

    torch.save(numbered(encoder, NUMBERS["encoder"]), folder / "vgg_normalised_conv5_1.pth")
    for level in (1, 2, 3, 4):
        own = {f"conv{name}" for name in NAMES[1 : COUNTS[level]]}
        part = {key: value for key, value in decoder.items() if key.split(".")[0] in own}
        part = dict(sorted(part.items(), key=lambda item: -int(item[0][4:].split(".")[0])))
        count = COUNTS[level] - 1
        torch.save(numbered(part, NUMBERS["decoder"][-count:]), folder / f"decoder_relu{level}_1.pth")


def safetensors_set(folder: Path) -> None:
    from livesing.array_file import write_arrays

    for level in (1, 2, 3, 4):
        for kind, state in zip("ed", random_layers(level, level), strict=True):
            arrays = {name: tensor.numpy() for name, tensor in state.items()}
            write_arrays(folder / f"{kind}{level}.safetensors", arrays, {})


@pytest.mark.parametrize("make", [named_set, numbered_set, safetensors_set])
def test_other_peoples_weights_paint_in_four_levels(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    make(tmp_path)
    cascade = open_cascade(tmp_path)
    assert cascade.channels == tuple(WIDTHS[level] for level in (4, 3, 2, 1))
    frame = pixels(8, 100, 70)
    same = cascade.run(frame, 64, [unchanged(channels) for channels in cascade.channels], 0.0)
    assert (same.painted == frame).all()
    painter = DeepPainter(cascade)
    painter.hang(style_features(cascade, pixels(9)[..., :3]), 0.0)
    painted = painter.paint(frame, 0.0, 0.0, 1.0, 64)
    assert painted.shape == frame.shape and np.abs(painted.astype(int) - frame).mean() > 1


def test_bad_weights_are_named_in_one_line(tmp_path: Path) -> None:
    def refusal() -> str:
        with pytest.raises(WeightsError) as caught:
            open_cascade(tmp_path)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "no weights" in refusal()
    named_set(tmp_path)
    (tmp_path / "3SD.pth").unlink()
    assert "no decoder of level 3" in refusal()
    torch.save(random_layers(3, 0)[1], tmp_path / "3SD.pth")
    torch.save(
        {"conv11.weight": torch.zeros(3, 9, 3, 3), "conv11.bias": torch.zeros(3)}, tmp_path / "1SD.pth"
    )
    assert "level 1 does not fit together" in refusal()
    torch.save({"fc.weight": torch.zeros(3, 3)}, tmp_path / "5SE.pth")
    assert "no convolution of VGG-19's" in refusal()
    (tmp_path / "5SE.pth").write_bytes(b"nothing")
    assert "5SE.pth" in refusal()
    with pytest.raises(WeightsError, match="no folder"):
        open_cascade(tmp_path / "nowhere")


# ----------------------------------------------------------------------------------------------- in the show


def painted_style(tmp_path: Path) -> bytes:
    path = tmp_path / "style.png"
    Image.fromarray(pixels(2, 300, 300)[..., :3]).save(path)
    return encode_path(path)


def test_frames_are_painted_when_a_look_asks_for_it(tmp_path: Path) -> None:
    boxes, painted, generator = DreamBoxes(), [], open_embedded((128, 72))
    boxes.style.put((painted_style(tmp_path),), 0.0)
    for strength in (0.0, 1.0):
        row = np.array([param.default for param in TABLE])
        row[INDEX["style.deep"]] = strength
        boxes.params.put(row, 0.0)
        Dreamer(boxes, 3, generator, LazyDeepTier(patient=True)).dream(1.0)
        letter = boxes.frames.get()
        assert letter is not None
        painted.append(letter.value["pixels"][: 128 * 72 * 4].reshape(72, 128, 4).astype(int))
    assert np.abs(painted[0] - painted[1]).mean() > 4


def test_a_style_that_cannot_be_read_leaves_the_dream_alone(
    own: Cascade, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"nothing")
    tier, frame = DeepTier(own, patient=True), pixels(1)
    before = frame.copy()
    for path in (b"", encode_path(tmp_path / "bad.jpg"), encode_path(tmp_path / "missing.png")):
        tier.ask(path)
        assert not tier.paint(frame, 1.0, 1.0)
    assert (frame == before).all() and "bad.jpg" in caplog.text
    assert encode_path(Path("x" * 2000)) == b""


def test_it_gives_way_when_frames_come_late_and_comes_back(own: Cascade, tmp_path: Path) -> None:
    tier, now, path = DeepTier(own), 0.0, painted_style(tmp_path)
    tier.ask(path)
    assert tier._reader is not None
    tier._reader.join()
    rows, touched = [], []
    small = pixels(1, 32, 24)
    for number in range(90):
        now += 0.2
        frame = small.copy()
        touched.append(tier.paint(frame, now, 1.0))
        tier.spent(now, 0.2 if number < 70 else 0.01, 0.04)
        rows.append(tier.rows)
    assert touched[4] and rows[0] == RUNGS[0]
    assert list(dict.fromkeys(rows[:70])) == list(RUNGS), "one rung after the other"
    assert not touched[69], "left out at last"
    for _ in range(1_000):
        now += 2.0
        tier.spent(now, 0.01, 0.04)
    assert tier.rows == RUNGS[0]


def test_it_comes_in_and_goes_out_smoothly(own: Cascade, tmp_path: Path) -> None:
    tier, path = DeepTier(own), painted_style(tmp_path)
    tier.ask(path)
    assert tier._reader is not None
    tier._reader.join()
    original, shown = pixels(1, 64, 48), []
    for number in range(30):
        frame = original.copy()
        tier.paint(frame, 0.04 * number, 1.0 if number < 15 else 0.0)
        shown.append(frame[..., :3].astype(float))
    whole = np.abs(shown[14] - shown[0]).mean()
    steps = [np.abs(b - a).mean() for a, b in itertools.pairwise(shown)]
    assert whole > 4 and max(steps[:14]) < 0.4 * whole


def test_a_missing_network_costs_one_line_and_no_frame(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lazy, frame = LazyDeepTier(tmp_path / "nowhere"), pixels(1)
    before = frame.copy()
    for _ in range(3):
        lazy.paint(frame, b"", 1.0, 0.0, 0.0, 0.04)
    assert (frame == before).all() and caplog.text.count("no deep tier") == 1
    with pytest.raises(LivesingError):
        open_cascade(tmp_path / "nowhere")
