"""The model card of trained views."""

from collections.abc import Iterable, Mapping
from datetime import date

import numpy as np

from livesing.translation.view_file import ViewFile

HOW = """
Deepsing's translator (Passalis & Doropoulos 2019, section 2.2): 2 -> 64 -> 256 with ReLU, then a softmax
over classes and z. Its Algorithm 1 chooses a view's classes and treats their samples. Beyond the paper:
samples are drawn with z leaning along the directions on which feeling depends, so that the means of z
carry feeling; and z is refined by the closed loop until the pictures feel as asked, over the plane. g is
livesing's image estimator: what is reached is what g feels, and no viewer was asked.
"""

MEASURES = """
Valence and arousal are asked for on a grid over [-1.5, 1.5], in z-scores by the generator's own
statistics, at the temperature of the show. r is Pearson's between what is asked for and what g feels of
the picture, distance the mean distance in the plane, used the share of the view's classes that come up.
Movement is the mean absolute difference of pixels (of 255) for a step of .05; steady tells how many times
as far the picture moves with the same network fitted to the random samples as they are.
"""
KEYS = ("r_valence", "r_arousal", "mean_distance", "classes_used", "movement", "stability_ratio")
WORST = (min, min, max, min, max, min)


def card(
    generator: str, views: Mapping[int, ViewFile], recipe: Mapping[str, object], reach: np.ndarray,
    command: str,
) -> str:  # fmt: skip
    """Markdown: what the views are, how they were made, and how they score."""
    facts = {
        "files": f"`{generator}-NN.safetensors`, NN the number of the view; float16",
        "kind": "(valence, arousal) -> classes and z of the generator; one of its views each",
        "data": "the generator's own pictures, rated by livesing's image estimator; no one's ratings beside",
        "terms": "those of livesing: GPL-3.0-or-later",
        "recipe": ", ".join(f"{name} {value}" for name, value in recipe.items()),
        "made by": f"`{command}` (extra `[train]`)",
        "date": date.today().isoformat(),
    }
    columns = np.array([[view.scores[key] for key in KEYS] for view in views.values()])
    rows = [
        f"| {seed} | {_row(view.scores[key] for key in KEYS)} | {', '.join(view.names)} |"
        for seed, view in views.items()
    ]
    rows += [
        f"| worst | {_row(worst(column) for worst, column in zip(WORST, columns.T, strict=True))} | |",
        f"| median | {_row(np.median(columns, axis=0))} | |",
    ]
    head = "| view | r valence | r arousal | distance | used | movement | steady | classes |"
    parts = [
        f"# Model card: views of the {generator} generator",
        "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {fact} |" for name, fact in facts.items())]),
        HOW.strip(),
        f"All of z along an axis brings {reach[0]:.2f} deviations of valence, {reach[1]:.2f} of arousal.",
        "## Scores",
        MEASURES.strip(),
        "\n".join([head, "| --- " * 8 + "|", *rows]),
    ]
    return "\n\n".join(parts) + "\n"


def _row(values: Iterable[float]) -> str:
    return " | ".join(f"{value:.2f}" for value in values)
