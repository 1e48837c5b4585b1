"""What training of an image model leaves beside the weights: scores, a plot, and the model card."""

import json
import sys
from collections.abc import Mapping
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from livesing.whole_file import whole_file

NAMES = ("valence", "arousal")
THEMES = "themes that the ratings learnt from do not have."
"""On what image models are scored."""


class Scores(NamedTuple):
    """Agreement of predictions with ratings that they were not made from; each (valence, arousal)."""

    r: tuple[float, float]
    rmse: tuple[float, float]
    """In the ratings' standard deviations."""
    deviation: tuple[float, float]
    """Of the predictions, in the same unit."""
    pictures: int


def score(predicted: NDArray[np.floating], rated: NDArray[np.floating]) -> Scores:
    """Scores of predictions [N, 2] against ratings [N, 2], both z-scores. A constant prediction has r 0."""
    r, rmse, deviation = [], [], []
    for one, other in zip(predicted.T, rated.T, strict=True):
        varied = one.std() > 1e-9 and other.std() > 1e-9
        r.append(float(np.corrcoef(one, other)[0, 1]) if varied else 0.0)
        rmse.append(float(np.sqrt(((one - other) ** 2).mean())))
        deviation.append(float(one.std()))
    return Scores((r[0], r[1]), (rmse[0], rmse[1]), (deviation[0], deviation[1]), len(rated))


def line(name: str, scores: Scores) -> str:
    """A row of the card's table of scores."""
    pairs = (f"{scores.r[0]:.2f} / {scores.r[1]:.2f}", f"{scores.rmse[0]:.2f} / {scores.rmse[1]:.2f}")
    return f"| {name} | {scores.pictures} | {pairs[0]} | {pairs[1]} |"


def write_text(path: Path, text: str) -> None:
    """A text file, whole or not at all."""
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_report(path: Path, scores: Mapping[str, Scores], settings: Mapping[str, object]) -> None:
    """The figures as JSON."""
    answer = {
        "date": date.today().isoformat(),
        "settings": dict(settings),
        "scores": {
            name: {key: dict(zip(NAMES, value, strict=True)) if isinstance(value, tuple) else value
                   for key, value in scored._asdict().items()}
            for name, scored in scores.items()
        },
    }  # fmt: skip
    write_text(path, json.dumps(answer, indent=2) + "\n")


def write_card(
    path: Path,
    title: str,
    facts: Mapping[str, str],
    scores: Mapping[str, Scores],
    scored: str,
    *,
    how: str = "",
) -> None:
    """A model card in Markdown: facts and today's date, how the model came about, and the scores; `scored`
    says on what they were taken."""
    rows = [f"| {name} | {fact} |" for name, fact in (*facts.items(), ("date", date.today().isoformat()))]
    table = [line(name, each) for name, each in scores.items()]
    parts = [
        f"# Model card: {title}",
        "\n".join(("| | |", "| --- | --- |", *rows)),
        how.strip(),
        "## Scores",
        "Pearson's r and the root mean squared error in standard deviations, valence / arousal, always on\n"
        f"{scored}",
        "\n".join(("| on | count | r | error |", "| --- | --- | --- | --- |", *table)),
    ]
    write_text(path, "\n\n".join(part for part in parts if part) + "\n")


def plot(path: Path, predicted: NDArray[np.floating], rated: NDArray[np.floating], title: str) -> bool:
    """Predicted against rated, as PNG -> whether it was drawn (it needs matplotlib, of the extra [train])."""
    if find_spec("matplotlib") is None:
        return False
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.6), layout="constrained")
    scored = score(predicted, rated)
    for i, axes in enumerate(figure.subplots(1, 2)):
        axes.scatter(rated[:, i], predicted[:, i], s=9, alpha=0.5, linewidths=0)
        ends = [min(rated[:, i].min(), predicted[:, i].min()), max(rated[:, i].max(), predicted[:, i].max())]
        axes.plot(ends, ends, color="0.6", linewidth=0.8)
        axes.set(
            xlabel=f"{NAMES[i]}, rated (z)",
            ylabel="predicted (z)",
            title=f"{NAMES[i]}: r = {scored.r[i]:.2f}",
        )
    figure.suptitle(title)
    with whole_file(path) as partial:
        figure.savefig(partial, dpi=110)
    return True


def show_progress(done: int, total: int, note: str) -> None:
    """A bar on a terminal; elsewhere a line at every twentieth."""
    share = done / max(total, 1)
    if sys.stderr.isatty():
        filled = round(30 * share)
        end = "\n" if done == total else ""
        print(
            f"\r[{'#' * filled}{'.' * (30 - filled)}] {done}/{total} {note}",
            end=end,
            file=sys.stderr,
            flush=True,
        )
    elif done == total or done * 20 // total != (done - 1) * 20 // total:
        print(f"{done}/{total} {note}", file=sys.stderr, flush=True)
