"""Makes the embedded generator's dictionary: `python -m livesing.train.class_dictionary`.

    translation/embedded.tsv       what each class is called and what it feels like
    translation/embedded_axes.npy  float32 [2, 128], the directions in which z brings valence, and arousal

All by g, the image estimator, on frames that the generator draws. First every class with random z: the mean
and deviation of all these frames are 0 and 1 of the z-scores, the class's own mean is its bare place, and
what is left within the classes, regressed on z, is what z brings whatever the class. Of that the axes are the
dual basis: along the first valence rises and arousal stays, along the second the reverse.

In the show a class is never met with random z: z leans to the feeling for which the class is looked up
(dictionary.py). So each class is drawn once more with z as it leans at the class's own place, its place is
set to what g feels then, and so on until it stays. The music's feeling then finds the class that, with this
z, brings it.

Names tell what one sees: the mean colour in OKLab, and the world that the class is made of.

Takes about three minutes on one core, and goes on where it was stopped, from what lies in the folder --work.
"""

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from livesing.generation.embedded import Z_DIM, EmbeddedGenerator
from livesing.generation.latent_path import NORM
from livesing.generation.worlds import CLASSES, WORLDS, class_tables
from livesing.sentiment.image import ImageEstimator
from livesing.train.styles.colour import lab
from livesing.translation.dictionary import AXES, latent_frame, lean
from livesing.whole_file import whole_file

TABLE = AXES.with_name("embedded.tsv")
SIZE = (128, 72)
RANDOM_FRAMES = 8
"""Of each class, with random z."""
VIEWS, ROUNDS = 2, 2
RIDGE = 30.0
"""Of the regression on z, whose 8,000 rows are latents of length NORM."""
SEED = 5

HUES = (
    (15, "rose"), (42, "red"), (78, "amber"), (115, "golden"), (163, "green"), (215, "teal"), (250, "azure"),
    (282, "blue"), (315, "violet"), (345, "magenta"), (360, "rose"),
)  # fmt: skip
"""Up to this angle in OKLab's plane, degrees."""
DARK, PALE = 0.37, 0.57
"""Mean OKLab lightness."""
GREY_CHROMA = 0.03
ONE_HUE = 0.35
"""A class whose colours' sum is shorter than this share of their lengths' has no one hue."""
NOUNS = dict(zip(WORLDS, ("silk", "crystal", "growth", "nebula", "ink", "hall"), strict=True))


class Drawn(NamedTuple):
    """What was felt and seen in F frames of each class."""

    z: np.ndarray  # [CLASSES, F, 128], of length NORM
    felt: np.ndarray  # [CLASSES, F, 2] raw (valence, arousal) of g
    colour: np.ndarray  # [CLASSES, F, 4]: mean OKLab (L, a, b) and mean chroma


class Studio:
    """Draws classes and has g feel them."""

    def __init__(self, work: Path | None) -> None:
        """`work`: a folder that keeps what is drawn, to go on from there."""
        self._generator = EmbeddedGenerator(*SIZE)
        self._g = ImageEstimator()
        self._one = np.eye(CLASSES, dtype=np.float32)
        self._work = work

    def draw(self, z: np.ndarray, words: str) -> Drawn:
        """z [CLASSES, F, 128]: directions; frames are drawn on the latent path's shell."""
        z = (z * (NORM / np.linalg.norm(z, axis=-1, keepdims=True))).astype(np.float32)
        felt, colour = np.zeros((*z.shape[:2], 2)), np.zeros((*z.shape[:2], 4))
        kept = self._work / f"{words.replace(' ', '-')}.npz" if self._work else None
        first = 0
        if kept is not None and kept.is_file():
            with np.load(kept, allow_pickle=False) as file:
                if np.array_equal(file["z"], z):
                    felt, colour, first = file["felt"], file["colour"], int(file["done"])
        for number in range(first, CLASSES):
            frames = [
                self._generator.render_rgba(one[None], self._one[number : number + 1], None)[..., :3].copy()
                for one in z[number]
            ]
            felt[number] = self._g.rate(frames)
            seen = lab(np.stack(frames).reshape(len(frames), -1, 3) / 255.0)
            chroma = np.hypot(seen[..., 1], seen[..., 2]).mean(axis=1)
            colour[number] = np.c_[seen.mean(axis=1), chroma]
            if number % 100 == 99:
                print(f"{words}: class {number + 1} of {CLASSES}", file=sys.stderr, flush=True)
                if kept is not None:
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    with whole_file(kept) as partial:
                        np.savez(partial, z=z, felt=felt, colour=colour, done=number + 1)
        return Drawn(z, felt, colour)


def axes_of(drawn: Drawn, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What z brings -> (axes [2, 128], unit vectors; z-scores that all of z along each brings, [2])."""
    z = drawn.z - drawn.z.mean(axis=1, keepdims=True)
    felt = (drawn.felt - drawn.felt.mean(axis=1, keepdims=True)) / unit
    rows, brought = z.reshape(-1, Z_DIM).astype(np.float64), felt.reshape(-1, 2)
    slopes = np.linalg.solve(rows.T @ rows + RIDGE * np.eye(Z_DIM), rows.T @ brought)
    dual = slopes @ np.linalg.inv(slopes.T @ slopes)
    axes = (dual / np.linalg.norm(dual, axis=0)).T
    return axes.astype(np.float32), NORM * (axes * slopes.T).sum(axis=1)


def names_of(colour: np.ndarray) -> list[str]:
    """What classes look like, from their mean colours [CLASSES, 4]."""
    worlds = class_tables(np.random.RandomState(7))["middle"][:, : len(WORLDS)].argmax(axis=1)
    names = []
    for (lightness, a, b, chroma), world in zip(colour, worlds, strict=True):
        angle = np.rad2deg(np.arctan2(b, a)) % 360
        hue = next(word for limit, word in HUES if angle <= limit)
        if chroma < GREY_CHROMA:
            hue = "grey"
        elif np.hypot(a, b) < ONE_HUE * chroma:
            hue = "iridescent"
        tone = "dark" if lightness < DARK else "pale" if lightness > PALE else ""
        names.append(" ".join(word for word in (tone, hue, NOUNS[WORLDS[world]]) if word))
    return names


def settle(
    studio: Studio, bare: np.ndarray, axes: np.ndarray, zero: np.ndarray, unit: np.ndarray
) -> np.ndarray:
    """Places [CLASSES, 2] at which g feels what the place says, when z leans as it does there."""
    frames = [latent_frame(view, axes) for view in range(VIEWS)]
    places = bare * 1.8
    for turn in range(ROUNDS):
        z = np.stack([lean(places, frame) for frame in frames], axis=1)
        felt = (studio.draw(z, f"round {turn + 1} of {ROUNDS}").felt - zero) / unit
        moved = felt.mean(axis=1) - places
        places = places + moved
        print(
            f"round {turn + 1}: places moved by {np.hypot(*moved.T).mean():.3f} on average", file=sys.stderr
        )
    return places


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m livesing.train.class_dictionary",
        description="Makes the table of classes of the embedded generator, and the axes of its z.",
    )
    parser.add_argument("--work", metavar="DIR", type=Path, help="keeps what was drawn there, to go on from")
    arguments = parser.parse_args()
    studio = Studio(arguments.work)
    drawn = studio.draw(np.random.RandomState(SEED).randn(CLASSES, RANDOM_FRAMES, Z_DIM), "random z")
    zero, unit = drawn.felt.mean(axis=(0, 1)), drawn.felt.std(axis=(0, 1))
    axes, reach = axes_of(drawn, unit)
    bare = (drawn.felt.mean(axis=1) - zero) / unit
    places = settle(studio, bare, axes, zero, unit)
    write(places, names_of(drawn.colour.mean(axis=1)), zero, unit)
    with whole_file(AXES) as partial:
        np.save(partial, axes)
    print(f"all of z along an axis brings {reach[0]:.2f} sd of valence, {reach[1]:.2f} of arousal")
    print(f"classes alone: sd {bare.std(axis=0).round(2)}; with z: {places.std(axis=0).round(2)}")


def write(places: np.ndarray, names: list[str], zero: np.ndarray, unit: np.ndarray) -> None:
    """The table, as text."""
    lines = [
        "# What the 1000 classes of the embedded generator feel like to g, livesing's image estimator.",
        "#",
        "# Written by `python -m livesing.train.class_dictionary`, which tells how: the means over frames",
        "# whose z leans to the same feeling, as the dictionary translator has it. In z-scores over frames",
        f"# of all classes with random z: valence = (g {-zero[0]:+.3f}) / {unit[0]:.3f}, "
        f"arousal = (g {-zero[1]:+.3f}) / {unit[1]:.3f}.",
        "# Names: the mean colour, and the world that the class is made of.",
        "#",
        "# class\tname\tvalence\tarousal",
        *(
            f"{number}\t{name}\t{valence:.2f}\t{arousal:.2f}"
            for number, (name, (valence, arousal)) in enumerate(zip(names, places, strict=True))
        ),
    ]
    with whole_file(TABLE) as partial:
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
