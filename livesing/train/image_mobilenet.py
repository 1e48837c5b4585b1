"""`livesing train image` without a teacher: MobileNetV2 learns rated photographs, as in the paper.

Cross-validation first, split by theme, then the network that is kept, from all photographs. Adam at 1e-4, in
the last two fifths of the epochs at 1e-5. Everything random comes from the seed, the fold and the epoch, so
a run that was stopped goes on as if it had not been.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from livesing.array_file import write_arrays
from livesing.generation import weights_file
from livesing.sentiment.image_file import read_picture
from livesing.train import checkpoint as checkpoints
from livesing.train import image_report as report
from livesing.train.image_data import RatedPictures, read_rated, split_by_theme
from livesing.train.mobilenet import MobileNetV2

SIDE = 224
BATCH = 16
RATES = (1e-4, 1e-5)
SCRATCH_RATES = (1e-3, 1e-4)
"""Without a backbone there is everything to learn."""
SLOW_FROM = 0.6
WEIGHT_DECAY = 1e-4


def squares(files: list[Path], side: int) -> NDArray[np.uint8]:
    """The pictures of files, pressed into squares: [N, side, side, 3]."""
    read = (Image.fromarray(read_picture(path)) for path in files)
    return np.stack([np.asarray(picture.resize((side, side), Image.Resampling.BILINEAR)) for picture in read])


def augmented(pictures: NDArray[np.uint8], rng: np.random.Generator) -> Tensor:
    """Float pictures [N, 3, side, side] in 0..1, each a crop of at least 70 %, perhaps mirrored, in
    another light."""
    side = pictures.shape[1]
    parts = []
    for picture in pictures:
        size = side * rng.uniform(0.84, 1.0)
        left, top = rng.uniform(0, side - size, 2)
        box = (left, top, left + size, top + size)
        part = np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BILINEAR, box=box))
        light = rng.normal(0, 0.04) + rng.normal(1, 0.08) * (part.astype(np.float32) / 255 - 0.5) + 0.5
        parts.append(np.clip(light[:, ::-1] if rng.random() < 0.5 else light, 0, 1))
    return torch.from_numpy(np.stack(parts).astype(np.float32)).permute(0, 3, 1, 2)


def plain(pictures: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(pictures.astype(np.float32) / 255).permute(0, 3, 1, 2)


def read_backbone(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors or torch file, perhaps under `state_dict`. WeightsError for anything
    else."""
    content = weights_file.read(path)
    inner = content.get("state_dict")
    return weights_file.tensors(inner if isinstance(inner, Mapping) else content, path.name)


class Fold:
    """One network in training, on the pictures of `rows`."""

    def __init__(self, number: int, seed: int, backbone: dict[str, Tensor] | None, source: str) -> None:
        torch.manual_seed(1000 * seed + number)
        self.number, self.seed = number, seed
        self.net = MobileNetV2()
        if backbone is not None:
            self.net.load_backbone(backbone, source)
        self.rates = SCRATCH_RATES if backbone is None else RATES
        self.optimiser = torch.optim.Adam(self.net.parameters(), lr=self.rates[0], weight_decay=WEIGHT_DECAY)

    def learn(
        self,
        epoch: int,
        epochs: int,
        pictures: NDArray[np.uint8],
        targets: NDArray[np.float64],
        batch: int = BATCH,
    ) -> float:
        """One pass over pictures [N, side, side, 3] and targets [N, 2] -> its mean squared error."""
        rng = np.random.default_rng((self.seed, self.number, epoch))
        torch.manual_seed(int(rng.integers(2**31)))
        for group in self.optimiser.param_groups:
            group["lr"] = self.rates[1] if epoch >= SLOW_FROM * epochs else self.rates[0]
        self.net.train()
        order = rng.permutation(len(pictures))
        total = 0.0
        for some in np.array_split(
            order, max(1, len(order) // batch)
        ):  # none of a single picture: norms need more
            answer = self.net(augmented(pictures[some], rng))
            loss = torch.nn.functional.mse_loss(answer, torch.from_numpy(targets[some].astype(np.float32)))
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self.optimiser.step()
            total += float(loss.detach()) * len(some)
        return total / len(order)

    def rate(self, pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(valence, arousal) [N, 2], averaged over each picture and its mirror image."""
        self.net.eval()
        answers = []
        with torch.inference_mode():
            for i in range(0, len(pictures), BATCH):
                x = plain(pictures[i : i + BATCH])
                answers.append((self.net(x) + self.net(x.flip(3))) / 2)
        return torch.cat(answers).numpy().astype(np.float64)

    def state(self) -> dict[str, Any]:
        return {"net": self.net.state_dict(), "optimiser": self.optimiser.state_dict()}

    def load(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.optimiser.load_state_dict(state["optimiser"])


def train_mobilenet(
    oasis: Path, backbone: Path | None, output: Path, *, epochs: int, folds: int, seed: int, threads: int,
    fresh: bool, side: int = SIDE,
) -> report.Scores:  # fmt: skip
    """Train, score and write image.safetensors, image.md, report.json and predicted.png into `output`.

    Raises UsageError or WeightsError for data or weights that do not fit, before anything is written.
    """
    torch.set_num_threads(threads)
    data = read_rated(oasis)
    parts = split_by_theme(data.themes, folds, seed)
    weights = read_backbone(backbone) if backbone is not None else None
    Fold(0, seed, weights, str(backbone))  # refuses what does not fit
    pictures = squares(data.files, side)
    output.mkdir(parents=True, exist_ok=True)
    settings: dict[str, Any] = {
        "net": "MobileNetV2", "epochs": epochs, "folds": folds, "seed": seed, "backbone": str(backbone or ""),
        "side": side, "pictures": len(data.files),
    }  # fmt: skip
    checkpoint = output / "checkpoint.pt"
    if fresh:
        checkpoint.unlink(missing_ok=True)
    done = checkpoints.resumed(checkpoint, settings) or {"fold": 0, "epoch": 0}
    predicted = np.zeros((len(pictures), 2))
    if "predicted" in done:
        predicted[:] = done["predicted"].numpy()
    total = (folds + 1) * epochs
    for number in range(done["fold"], folds + 1):  # the last is the one that is kept
        rows = parts != number
        fold = Fold(number, seed, weights, str(backbone))
        first = done["epoch"] if number == done["fold"] else 0
        if first > 0:
            fold.load(done["state"])
        for epoch in range(first, epochs):
            error = fold.learn(epoch, epochs, pictures[rows], data.standard[rows])
            state = {"fold": number, "epoch": epoch + 1, "state": fold.state()}
            checkpoints.keep(checkpoint, settings, state | {"predicted": torch.from_numpy(predicted)})
            name = "all" if number == folds else f"fold {number + 1}"
            report.show_progress(number * epochs + epoch + 1, total, f"{name}: error {error:.3f}")
        if number < folds:
            predicted[~rows] = fold.rate(pictures[~rows])
    scores = report.score(predicted, data.standard)
    _write(output, fold, data, predicted, scores, settings)
    checkpoint.unlink()
    return scores


def _write(
    output: Path, fold: Fold, data: RatedPictures, predicted: NDArray[np.float64], scores: report.Scores,
    settings: dict[str, Any],
) -> None:  # fmt: skip
    zero, unit = (", ".join(f"{value:.4f}" for value in values) for values in (data.centre, data.deviation))
    notes = {"order": "valence, arousal", "zero": zero, "unit": unit}
    weights = {name: tensor.numpy() for name, tensor in fold.net.state_dict().items()}
    write_arrays(output / "image.safetensors", weights, notes)
    named = {"themes left out, cross-validated": scores}
    report.write_report(output / "report.json", named, settings)
    drawn = report.plot(output / "predicted.png", predicted, data.standard, "MobileNetV2, themes left out")
    backbone = " --backbone FILE" if settings["backbone"] else ""
    flags = " ".join(f"--{name} {settings[name]}" for name in ("epochs", "folds", "seed"))
    facts = {
        "file": "`image.safetensors`: MobileNetV2 in torchvision's layout (`features.*`), and `head.1.*`",
        "input": f"sRGB pictures in 0..1, {settings['side']} x {settings['side']}",
        "output": f"(valence, arousal) in z-scores: zero at {zero}, unit {unit} of the ratings' own scale",
        "data": f"{len(data.files)} rated photographs of {len(set(data.themes))} themes",
        "backbone": settings["backbone"] or "none: learnt from nothing",
        "terms": "those of the photographs' ratings and of the backbone; the code is GPL-3.0-or-later",
        "made by": f"`livesing train image --oasis DIR{backbone} {flags}`",
    }
    how = "Every fold leaves whole themes out (`Dog 1` and `Dog 2` are one theme)."
    how += " Predicted against rated: `predicted.png`." if drawn else " No plot: matplotlib is not installed."
    title = "MobileNetV2 for valence and arousal of pictures"
    report.write_card(output / "image.md", title, facts, named, report.THEMES, how=how)
