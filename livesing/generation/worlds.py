"""The classes of the embedded generator: named style coordinates, worlds and their materials.

Every class is a row of style coordinates in about (-1, 1), one table a layer, all from a fixed
seed. Each column is stratified over the classes, so that every range is used evenly. A class lives
in one of six worlds with a touch of a second one; a world is a row of material constants, and a
mixture of worlds mixes the rows.
"""

import math

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float64]

CLASSES = 1000
SEED = 7
"""Of the embedded generator's numbers."""

WORLDS = ("silk", "crystal", "organic", "nebula", "ink", "architecture")

# coarse: where one looks
COARSE = (
    "zoom", "focus_x", "focus_y", "focus_size", "warp", "warp_scale", "symmetry", "folds", "swirl",
    "depth",
)  # fmt: skip
# middle: what stands there
MIDDLE = (
    *WORLDS, "frequency", "pleat", "threshold", "relief", "detail", "facet_turn", "facet_scale",
)  # fmt: skip
# fine: how it is lit and coloured
FINE = (
    "hue_cos", "hue_sin", "harmony", "lightness", "contrast", "chroma", "accent", "light_x",
    "light_y", "gloss", "filament", "glow", "shade", "key",
)  # fmt: skip

# Material constants, a column for each of WORLDS.
MATERIAL: dict[str, tuple[float, ...]] = {
    # how much of each relief the height map holds
    "silk": (1.00, 0.03, 0.12, 0.00, 1.00, 0.06),
    "facet": (0.00, 1.00, 0.00, 0.00, 0.00, 0.95),
    "cell": (0.00, 0.00, 1.10, 0.12, 0.05, 0.22),
    "cloud": (0.25, 0.04, 0.30, 0.90, 0.20, 0.05),
    "eddy": (0.00, 0.00, 0.00, 1.10, 0.00, 0.00),
    "ripple": (0.24, 0.00, 0.06, 0.00, 0.24, 0.00),
    # the form
    "warp": (0.65, 0.12, 0.50, 1.00, 1.12, 0.05),
    "frequency": (0.95, 0.70, 0.85, 1.12, 1.05, 0.65),
    "pleat": (1.0, 1.0, 1.0, 1.5, 1.9, 1.0),
    "mirror": (1.7, 2.5, 1.7, 1.7, 1.7, 2.0),
    "right_angle": (0.0, 0.0, 0.0, 0.2, 0.2, 1.0),
    # how it takes light
    "relief": (0.44, 0.48, 0.46, 0.08, 0.06, 0.44),
    "gloss": (0.80, 0.95, 0.60, 0.00, 0.05, 0.45),
    "shade": (0.50, 0.40, 0.90, 0.90, 0.25, 0.80),
    "ambient": (0.00, 0.10, 0.05, 0.80, 0.75, 0.10),
    "void": (0.00, 0.00, 0.00, 0.64, 0.00, 0.00),
    "sharp": (1.4, 1.6, 1.6, 2.2, 5.5, 2.0),
    # luminous parts
    "line": (0.45, 0.15, 0.12, 0.55, 0.70, 0.50),
    "wisp": (1.0, 1.0, 2.0, 14.0, 1.0, 1.0),
    "jewel": (0.00, 0.25, 0.00, 0.00, 0.00, 0.50),
    "star": (0.00, 0.00, 0.00, 1.30, 0.00, 0.00),
}

GREEN_HUE = math.radians(125)  # in the OKLab plane
GREEN_THINNING = 0.7  # classes stand this much sparser there

# Some worlds are more symmetric than others (added to the coarse coordinate).
WORLD_SYMMETRY = (-0.5, -0.1, -0.2, -0.6, -0.7, 0.9)


def class_tables(rng: np.random.RandomState) -> dict[str, Table]:
    """Style coordinates [1000, names] of the layers "coarse", "middle" and "fine"."""
    tables = {
        layer: np.stack([(rng.permutation(CLASSES) + 0.5) / CLASSES * 2 - 1 for _ in names], axis=1)
        for layer, names in (("coarse", COARSE), ("middle", MIDDLE), ("fine", FINE))
    }
    every = np.arange(CLASSES)
    world = rng.permutation(CLASSES) % len(WORLDS)
    second = rng.randint(0, len(WORLDS), CLASSES)
    middle, coarse, fine = tables["middle"], tables["coarse"], tables["fine"]
    middle[:, : len(WORLDS)] *= 0.08
    middle[every, world] += 1.0
    middle[every, second] += 0.25
    coarse[:, COARSE.index("symmetry")] += np.array(WORLD_SYMMETRY)[world]
    # a hue is a unit vector: a mixture of hues has no seam; greens (of which OKLab has many) are
    # thinned out
    hue = fine[:, 0] * math.pi
    hue += GREEN_THINNING * np.sin(hue - GREEN_HUE)
    fine[:, 0], fine[:, 1] = np.cos(hue), np.sin(hue)
    return tables


def class_vectors() -> Table:
    """[1000, 37] the style coordinates of every class of the embedded generator, coarse, middle and fine."""
    tables = class_tables(np.random.RandomState(SEED))
    return np.concatenate([tables[layer] for layer in ("coarse", "middle", "fine")], axis=1)


def material_table() -> Table:
    """[worlds, materials], in the order of WORLDS and MATERIAL."""
    return np.array(list(MATERIAL.values())).T
