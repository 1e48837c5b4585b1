"""From feeling to latents on a device: the processor's way, to a thousandth, and no seam between."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra [gan])")

from livesing.audio.pulse import Pulse  # noqa: E402
from livesing.device_dream import Asked, DeviceDream  # noqa: E402
from livesing.dreamer import DreamBoxes, Dreamer  # noqa: E402
from livesing.generation.device_path import DevicePath  # noqa: E402
from livesing.generation.engine import Latents, Source, make_latents  # noqa: E402
from livesing.generation.engine_kinds import KINDS  # noqa: E402
from livesing.generation.engine_open import ServedGenerator  # noqa: E402
from livesing.generation.latent_path import NORM, TRUNCATION, LatentPath  # noqa: E402
from livesing.generation.path_step import ROW, PathStep, dreaming  # noqa: E402
from livesing.params import INDEX, TABLE  # noqa: E402
from livesing.sentiment.mood import Mood  # noqa: E402
from livesing.translation.opening import Ground, open_translator  # noqa: E402
from livesing.translation.steering import Steering  # noqa: E402
from livesing.translation.translator import LATENT, Felt, Translator  # noqa: E402
from livesing.translators import choose, class_places  # noqa: E402
from livesing.wishes import TranslatorWish  # noqa: E402

PARAMS = {param.name: param.default for param in TABLE}
GROUND = Ground("embedded", class_places("embedded"))
FIRST, SECOND = (open_translator("views", GROUND, view) for view in (0, 7))
UNTRAINED = open_translator("views", Ground("stylegan2", GROUND.moods), 1)
"""Of all thousand classes, and without a limit to what is felt."""


class Drawless:
    """A device path whose frame is its latents: an engine without a generator."""

    kind, note, size = "none", "nothing is drawn", (1, 1)

    def __init__(self, *, spread: bool = False) -> None:
        self.path = DevicePath(spread=spread)

    def dream(self, row: np.ndarray, out: np.ndarray | None) -> tuple[np.ndarray, Latents]:
        with torch.inference_mode():
            given = Latents(*(tensor.numpy().copy() for tensor in self.path(torch.from_numpy(row))))
        return np.zeros((1, 1, 4), np.uint8), given


Change = Callable[[float], dict[str, float]]
LIVE: dict[str, Change] = {
    "dream.lock": lambda share: {"dream.lock": float(0.3 < share < 0.7)},
    "show.hold": lambda share: {"show.hold": float(0.3 < share < 0.7)},
    "dream.blend": lambda share: {"dream.blend": share},
    "dream.hysteresis": lambda share: {"dream.hysteresis": 0.8 if share < 0.5 else 0.0},
    "dream.sharpness": lambda share: {"dream.sharpness": share},
    "dream.noise": lambda share: {"dream.noise": share},
    "dream.mix": lambda share: {"dream.mix": share},
    "dream.pace": lambda share: {"dream.pace": 0.1 + 3 * share},
    "dream.wander": lambda share: {"dream.wander": 1 - share},
    "dream.beat": lambda share: {"dream.beat": share},
}
"""What changes along the way, by the share of it that is done."""


def moments(
    seconds: float, fps: float, change: Change, second: Translator | None, first: Translator = FIRST
) -> list[Asked]:
    """A feeling that goes round, and beyond the views' reach, twice a second; music at 120 bpm."""
    noise = np.random.default_rng(1).normal(size=LATENT).clip(-2, 2)
    asked = []
    for number in range(round(seconds * fps) + 1):
        # what a step follows is what holds in its middle, of its pulse at its end
        time, end = max(number - 0.5, 0) / fps, number / fps + 1e-9
        felt = Felt(3 * np.sin(0.6 * (time // 0.5)), 2 * np.cos(0.9 * (time // 0.5)))
        pulse = Pulse.quiet(end)._replace(
            level=(1.0, 0.1, 0.7)[int(max(time, 0) / 0.5) % 3],
            beats=end // 0.5,
            beat_phase=end / 0.5 % 1,
            beat_confidence=0.9,
        )
        params = PARAMS | change(round(time / seconds, 1) if seconds else 0)
        asked.append(Asked(felt, first, second, params, noise, pulse, 1 / fps if number else 0.0, 0.5))
    return asked


@pytest.mark.parametrize("name", LIVE)
def test_it_goes_the_processors_way(name: str) -> None:
    steering, path = Steering(), LatentPath(3)
    device, engine = DeviceDream(Steering(), LatentPath(3)), Drawless()
    second = UNTRAINED if name == "dream.mix" else None
    for asked in moments(3.0, 5.0, LIVE[name], second):
        wish = steering.translate(asked.felt, asked.first, asked.second, asked.params, asked.noise)
        z, classes = path.step(asked.dt, wish, asked.pulse, asked.params)
        _, there = device.dream(asked, engine, None)  # type: ignore[arg-type]
        np.testing.assert_allclose(there.z, z, atol=1e-3)
        np.testing.assert_allclose(there.classes, classes, atol=1e-3)


def test_every_live_parameter_of_a_dream_is_tried() -> None:
    elsewhere = {"dream.view", "dream.truncation"}
    assert {param.name for param in TABLE if param.name.startswith("dream")} - elsewhere <= LIVE.keys()


def test_the_same_way_at_any_frame_rate() -> None:
    ways = []
    for fps in (10.0, 60.0):
        device, engine = DeviceDream(Steering(), LatentPath(3)), Drawless()
        first, *others = moments(2.0, fps, lambda share: {}, UNTRAINED)
        for _ in range(20):  # until it knows how loud it is; the target does not move
            device.dream(first._replace(dt=1.0), engine, None)  # type: ignore[arg-type]
        ways.append([device.dream(asked, engine, None)[1] for asked in others])  # type: ignore[arg-type]
    for slow, fast in zip(ways[0], ways[1][5::6], strict=True):
        np.testing.assert_allclose(slow.z, fast.z, atol=1e-3)
        np.testing.assert_allclose(slow.classes, fast.classes, atol=1e-3)
        np.testing.assert_allclose(np.linalg.norm(slow.z, axis=-1), NORM, rtol=1e-4)


def test_truncation_is_live() -> None:
    engine = Drawless(spread=True)
    device = DeviceDream(Steering(), LatentPath(3))
    (asked,) = moments(0.0, 10.0, lambda share: {}, None)
    for truncation in (0.5, 0.8):
        _, (z, _, given) = device.dream(asked._replace(truncation=truncation), engine, None)  # type: ignore[arg-type]
        assert given == pytest.approx(truncation)
        np.testing.assert_allclose(np.linalg.norm(z, axis=-1), NORM * truncation / TRUNCATION, rtol=1e-4)


def test_a_row_has_a_place_for_every_input() -> None:
    numbers = [float(number) for number in range(len(PathStep._fields) - 2)]
    step = PathStep._make([*numbers, np.full(LATENT, -1.0), np.full(LATENT, -2.0)])
    row = step.row()
    assert row.shape == (ROW,) and row.dtype == np.float32
    assert row[PathStep._fields.index("truncation")] == PathStep._fields.index("truncation")
    assert (row[-2 * LATENT : -LATENT] == -1).all() and (row[-LATENT:] == -2).all()


SIZE = (48, 28)


def feel(boxes: DreamBoxes, number: int) -> None:
    mood = Mood.neutral(number / 5)._replace(valence=np.sin(number / 4), arousal=np.cos(number / 3))
    boxes.moods.put(mood, number)
    beat = {"beat_phase": number / 3 % 1, "beats": number // 3, "beat_confidence": 1.0}
    boxes.pulses.put(Pulse.quiet(number / 5)._replace(level=0.7, **beat), number)


def test_a_show_goes_from_one_side_to_the_other_without_a_seam() -> None:
    """One dreamer goes on the processor; the other with torch's engine, except while a table translates, and
    in the end with onnxruntime: they dream the same."""
    source = Source("embedded", size=SIZE)
    engine = KINDS["torch"].open(source, None, 1)
    assert dreaming(engine) is not None
    boxes = DreamBoxes(), DreamBoxes()
    stays, goes = (Dreamer(each, 3, ServedGenerator(source, engine)) for each in boxes)
    away: list[bool] = []
    for number in range(15):
        if number in (0, 3, 6, 8):
            for each in boxes:
                name = "dictionary" if number in (0, 6) else "views"
                choose(each.translators, TranslatorWish(name), Path(), number)
        if number == 10:
            row = np.array([param.default for param in TABLE])
            row[INDEX["dream.view"]] = 7
            for each in boxes:
                each.params.put(row, number)
        if number == 12:
            goes.move_to(KINDS["onnxruntime"].open(source, None, 1))
        for each in boxes:
            feel(each, number)
        aim = stays.follow(number / 5)
        latents = make_latents(aim.z, aim.classes, TRUNCATION)
        wanted = goes.generator.engine.rgba(latents, None).astype(int)
        goes.dream(number / 5)
        away.append(goes.on_device)
        letter = boxes[1].frames.peek()
        assert letter is not None
        picture = letter.value["pixels"][: wanted.size].reshape(wanted.shape)
        assert np.abs(picture - wanted).mean() < 0.5
        assert int(letter.value["top_class"]) == int(aim.classes[0, 0].argmax())
    assert away == [number in (3, 4, 5, 8, 9, 10, 11) for number in range(15)]


def test_no_state_is_a_double_without_axes() -> None:
    """torch.compile (2.13, on the processor) loses what is written into one."""
    for name, buffer in DevicePath(spread=False).named_buffers():
        assert buffer.dim() or buffer.dtype != torch.double, name
