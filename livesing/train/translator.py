"""`livesing train translator`: views, trained for a generator by deepsing's Algorithm 1 and the closed loop.

1. Random samples tell how the generator's pictures feel of themselves, which classes are worth showing, and
   on which directions of z feeling depends.
2. The same classes anew, with latents that lean to a feeling; Algorithm 1 clusters what they feel like and
   draws a view's classes.
3. More samples of these classes; Algorithm 1 clusters each class's and puts means in their place.
4. The network is fitted, and its z refined: what it reaches is measured over the plane, and z leans further
   where it falls short.

A network that is fitted to the random samples as they are, without all this, is kept beside the views: they
are measured against it.
"""

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import platformdirs
import torch

from livesing.closed_loop import USUAL, WALK, ClosedLoop, agreement, grid
from livesing.errors import TranslatorError, UsageError
from livesing.generation.engine_open import ServedGenerator
from livesing.sentiment.image import ImageEstimator
from livesing.train.algorithm1 import Treated, choose_classes, k_means, kept, standardised, treat
from livesing.train.image_report import show_progress, write_text
from livesing.train.translator_card import card
from livesing.train.translator_fit import crisp, fit
from livesing.train.translator_lean import Lean, across, lean_of, places_of
from livesing.train.translator_samples import Sampler, Samples, worth_showing
from livesing.translation.class_table import load, shipped
from livesing.translation.network import NetworkTranslator, TranslatorWeights, hidden
from livesing.translation.translator import CLASSES, LATENT
from livesing.translation.view_file import REACH, ViewFile, file_name, read_view, untreated_name, write_view

PER_CLASS = 4
"""Random samples of each class, if so many are drawn that all classes have their turn."""
ABOUT = 0.6
"""Deviation of the feelings to which samples lean about their class's place, z-scores."""
OWN = 0.3
"""How much samples of a view differ in what of z leans to no feeling."""
UNTREATED_BATCH = 256
GAINS = (0.9, 0.6, 0.4)
"""Of what is missing at a node, what is added to its z, round by round."""
NEAR = 1.1
"""z-scores over which what is missing is averaged: nodes must not learn the noise of one picture."""


FAITHFUL, STEADY = 0.87, 3.0
"""r of both axes on the grid, and times as steady as the untreated network, with which a view is good
enough."""


class Recipe(NamedTuple):
    """What the command line says."""

    samples: int = 4000
    """Random ones, and as many that lean."""
    clusters: int = 10
    subclusters: int = 10
    within_cluster: bool = False
    more: int = 40
    """Samples of each class of a view."""
    classes: tuple[int, ...] = ()
    """Those of the user, instead of the first clustering."""
    paper: bool = False
    """As the paper has it: random latents and their means, no leaning and no refinement."""


class Effort(NamedTuple):
    """How much is spent on a view; less is for trying things out."""

    steps: int = 1500
    """Of each fit, treated and not."""
    nodes: int = 11
    """Places along an axis at which z is refined."""
    side: int = 13
    """Targets along an axis in the final measurement."""
    walks: int = 16
    """On which the picture's movement is measured."""
    attempts: int = 8
    """At a view that is good enough."""


USUAL_EFFORT = Effort()


class Ground(NamedTuple):
    """What all views of a generator share."""

    random: Samples
    random_felt: np.ndarray  # [N, 2] z-scores
    statistics: np.ndarray  # [2, 2] mean and deviation of raw feelings
    lean: Lean
    places: np.ndarray  # [1000, 2], NaN for classes without samples
    leaning: Samples
    leaning_felt: np.ndarray  # [M, 2] z-scores


class Trainer:
    """One run: a generator, a recipe, and the folder where samples are kept."""

    def __init__(
        self, generator: ServedGenerator, work: Path, recipe: Recipe, effort: Effort = USUAL_EFFORT
    ) -> None:
        self.loop = ClosedLoop(generator, ImageEstimator())
        self.recipe = recipe
        self.effort = effort
        self.names = _names(generator.name)
        self.sampler = Sampler(self.loop, work, show_progress)

    def announce(self, views: int) -> None:
        """Say beforehand how long it will take."""
        recipe, walked = self.recipe, (WALK + 1) * self.effort.walks
        shared = (1 if recipe.paper else 2) * recipe.samples + walked
        each = recipe.more * (len(recipe.classes) or recipe.clusters) + self.effort.side**2 + walked
        each += 0 if recipe.paper else self.effort.nodes**2 * len(GAINS)
        picture = self.sampler.seconds_each()

        def time(attempts: int) -> str:
            fits = 1 + views * attempts
            return _spoken(picture * (shared + views * attempts * each) + 5.0 * fits + 10.0)

        words = f"{shared + views * each} pictures, {time(1)}"
        if self._attempts > 1:
            words += f", and up to {time(self._attempts)} where classes have to be drawn again"
        print(f"{words}; less, where some are there", file=sys.stderr)

    @property
    def _attempts(self) -> int:
        """At a view: the classes of a recipe may be what they are."""
        return 1 if self.recipe.paper or self.recipe.classes else self.effort.attempts

    def ground(self) -> Ground:
        """The samples that all views share."""
        recipe, rng = self.recipe, np.random.default_rng(1912_05654)
        if recipe.classes:
            classes = np.resize(np.array(sorted(recipe.classes)), recipe.samples)
        else:
            count = min(CLASSES, max(2 * recipe.clusters, recipe.samples // PER_CLASS))
            classes = np.resize(rng.permutation(CLASSES)[:count], recipe.samples)
        random = self.sampler.draw("random", classes, rng.normal(size=(recipe.samples, LATENT)))
        felt, statistics = standardised(random.felt)
        lean = lean_of(random, felt)
        if recipe.paper:
            return Ground(random, felt, statistics, lean, np.full((CLASSES, 2), np.nan), random, felt)
        places = places_of(random, felt, lean.share)
        worthy = np.unique(classes) if recipe.classes else worth_showing(random)
        inside = worthy[(np.abs(places[worthy]) < REACH).all(axis=1)]
        if not recipe.classes and len(inside) >= recipe.clusters:
            worthy = inside
        again = np.resize(worthy, recipe.samples)
        toward = places[again] + rng.normal(0, ABOUT, (len(again), 2))
        z = lean.z(lean.share * toward, rng.normal(size=(len(again), LATENT)))
        leaning = self.sampler.draw("leaning", again, z)
        within = (np.abs((leaning.felt - statistics[0]) / statistics[1]) < REACH).all(axis=1) & leaning.fit
        if not recipe.classes and len(np.unique(leaning.classes[within])) >= recipe.clusters:
            leaning = leaning.of(within)
        return Ground(
            random, felt, statistics, lean, places, leaning, (leaning.felt - statistics[0]) / statistics[1]
        )

    def origin(self, ground: Ground) -> str:
        """Another for views of another recipe, other samples or another g."""
        digest = hashlib.sha256(repr(self.recipe).encode())
        for array in (ground.random.z, ground.random.felt, ground.leaning.felt):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:16]

    def best_view(self, seed: int, ground: Ground, untreated: float) -> ViewFile:
        """Train one view; where the classes that were drawn do not make a good one, draw others.

        `untreated`: how far the picture of the network without Algorithm 1 moves. The classes of a view are
        drawn by chance, and now and then they lie so that borders are all over the plane.
        """
        best: ViewFile | None = None
        for attempt in range(self._attempts):
            if best is not None:
                r = "{r_valence:.2f} / {r_arousal:.2f}".format(**best.scores)
                words = f"view {seed}: r {r}, {best.scores['stability_ratio']:.1f} x steadier"
                print(f"{words}: other classes are tried ({attempt + 1}/{self._attempts})", file=sys.stderr)
            view = self.view(seed, ground, attempt)
            ratio = untreated / max(view.scores["movement"], 1e-6)
            view = replace(view, scores={**view.scores, "stability_ratio": ratio})
            if best is None or _merit(view) > _merit(best):
                best = view
            if _merit(best) >= 1:
                break
        assert best is not None
        return best

    def view(self, seed: int, ground: Ground, attempt: int = 0) -> ViewFile:
        """Train one view and measure it."""
        rng = np.random.default_rng((1912_05654, seed, attempt) if attempt else (1912_05654, seed))
        treated = self._pairs(f"{seed:02d}{f'-{attempt}' if attempt else ''}", ground, rng)
        weights = fit(treated.felt, treated.classes, treated.z, steps=self.effort.steps, seed=seed)
        if not self.recipe.paper:
            weights = crisp(weights, grid(self.effort.nodes, REACH), USUAL)
            weights = self._refined(weights, treated, ground, seed)
        names = tuple(self.names[number] for number in weights.which.tolist())
        view = ViewFile(_halved(weights), ground.statistics, self.loop.generator.name, names)
        return replace(view, scores=self._scores(view))

    def untreated(self, ground: Ground) -> ViewFile:
        """The network fitted to the random samples, and how far its picture moves."""
        samples = ground.random
        weights = fit(
            ground.random_felt, samples.classes, _long(samples.z), steps=self.effort.steps, seed=0,
            batch=UNTREATED_BATCH, tremble=0.0,
        )  # fmt: skip
        names = tuple(self.names[number] for number in weights.which.tolist())
        file = ViewFile(_halved(weights), ground.statistics, self.loop.generator.name, names)
        moved = self.loop.movement(file.translator(), self.effort.walks)
        return replace(file, scores={"movement": float(moved.mean())})

    def _pairs(self, name: str, ground: Ground, rng: np.random.Generator) -> Treated:
        """What the network learns."""
        recipe, lean = self.recipe, ground.lean
        base = across(rng.normal(size=LATENT), lean.axes)
        if recipe.classes:
            chosen, centres = np.array(sorted(recipe.classes)), np.zeros((0, 2))
        else:
            labels, centres = k_means(ground.leaning_felt, recipe.clusters, rng)
            chosen = choose_classes(labels, ground.leaning.classes, rng)
        numbers = np.repeat(chosen[chosen >= 0], recipe.more)
        bases = base + OWN * rng.normal(size=(len(numbers), LATENT))
        if recipe.paper:
            z = rng.normal(size=(len(numbers), LATENT))
        else:
            toward = np.clip(ground.places[numbers], -REACH, REACH)
            toward = toward + rng.normal(0, ABOUT, (len(numbers), 2))
            z = lean.z(lean.share * toward, bases)
        more = self.sampler.draw(f"{'paper' if recipe.paper else 'view'}-{name}", numbers, z)
        every = Samples(*(np.concatenate(pair) for pair in zip(ground.leaning, more, strict=True)))
        felt = (every.felt - ground.statistics[0]) / ground.statistics[1]
        if recipe.within_cluster and len(centres):
            labels = ((felt[:, None] - centres[None]) ** 2).sum(-1).argmin(axis=1)
            mask = kept(labels, every.classes, chosen, within_cluster=True)
        else:
            mask = np.isin(every.classes, chosen)
        every, felt = every.of(mask), felt[mask]
        return treat(felt, every.classes, _long(every.z), recipe.subclusters, rng)

    def _refined(
        self, weights: TranslatorWeights, treated: Treated, ground: Ground, seed: int
    ) -> TranslatorWeights:
        """The same network with a z that turns smoothly, and reaches what is asked for, where z can."""
        lean, nodes = ground.lean, grid(self.effort.nodes, REACH)
        features = np.c_[hidden(nodes, weights), np.ones(len(nodes))]
        # How the pairs' z turns over the plane, without what is each pair's own.
        turning, *_ = np.linalg.lstsq(np.c_[treated.felt, np.ones(len(treated.z))], treated.z, rcond=None)
        z = _long(np.c_[nodes, np.ones(len(nodes))] @ turning)
        blur = _near(nodes, nodes, NEAR)
        solve = np.linalg.solve(
            features.T @ features + 1e-3 * len(nodes) * np.eye(features.shape[1]), features.T
        )
        weights = _with_z(weights, solve @ z)
        for number, gain in enumerate(GAINS):
            reached = self.loop.reach(NetworkTranslator(weights), nodes, ground.statistics)
            missing = np.clip(nodes - reached.felt, -1.5, 1.5)
            step = gain * (blur @ missing) / lean.reach
            z = _long(z + np.sqrt(LATENT) * step @ lean.axes)
            weights = _with_z(weights, solve @ z)
            show_progress(number + 1, len(GAINS), f"rounds of refinement (view {seed})")
        return weights

    def _scores(self, view: ViewFile) -> dict[str, float]:
        """The closed loop on a grid, and how far the picture moves for a small step."""
        reached = self.loop.reach(view.translator(), grid(self.effort.side), view.statistics)
        return {
            **agreement(reached.target, reached.felt)._asdict(),
            "classes_used": len(np.unique(reached.top)) / len(view.weights.which),
            "movement": float(self.loop.movement(view.translator(), self.effort.walks).mean()),
        }


def _merit(view: ViewFile) -> float:
    """1 or more for a view that is good enough; 0 to 1 for how near it comes."""
    follows = min(view.scores["r_valence"], view.scores["r_arousal"]) / FAITHFUL
    return min(follows, view.scores["stability_ratio"] / STEADY)


def _spoken(seconds: float) -> str:
    """A time as one says it."""
    if seconds < 5400:
        minutes = max(1, round(seconds / 60))
        return f"about {minutes} minute{'s' if minutes > 1 else ''}"
    return f"about {seconds / 3600:.1f} hours"


def samples_folder(generator: str) -> Path:
    """Where samples of a generator are kept if nobody says where."""
    return platformdirs.user_cache_path("livesing") / "translator" / generator


def _made(path: Path, origin: str) -> bool:
    """Whether this very view is there already."""
    try:
        return read_view(path).origin == origin
    except TranslatorError:
        return False


def _names(generator: str) -> list[str]:
    """What the classes of a generator are called."""
    names = [f"class {number}" for number in range(CLASSES)]
    table = shipped(generator)
    if table is not None:
        known = load(table)
        for number, name in zip(known.numbers.tolist(), known.names, strict=True):
            names[number] = name
    return names


def _near(places: np.ndarray, others: np.ndarray, width: float) -> np.ndarray:
    """Gaussian weights [P, Q] of others [Q, 2] for places [P, 2]; each row sums to 1."""
    far = ((places[:, None] - others[None]) ** 2).sum(-1) / (2 * width**2)
    weights = np.exp(far.min(axis=1, keepdims=True) - far)
    return weights / weights.sum(axis=1, keepdims=True)


def _long(z: np.ndarray) -> np.ndarray:
    """Latents [..., 128] at the length of a normal one."""
    return z * (np.sqrt(LATENT) / np.maximum(np.linalg.norm(z, axis=-1, keepdims=True), 1e-9))


def _with_z(weights: TranslatorWeights, head: np.ndarray) -> TranslatorWeights:
    """Another last layer of z, [257, 128], the offsets last."""
    return replace(weights, w_z=head[:-1].astype(np.float32), b_z=head[-1].astype(np.float32))


def _halved(weights: TranslatorWeights) -> TranslatorWeights:
    """As they will be read from the file."""
    parts = {
        name: value.astype(np.float16).astype(np.float32) if name != "which" else value
        for name, value in vars(weights).items()
    }
    return TranslatorWeights(**parts)


def train_translators(
    generator: ServedGenerator, output: Path, work: Path, recipe: Recipe, *, seeds: Sequence[int],
    command: str, fresh: bool = False, effort: Effort = USUAL_EFFORT,
) -> None:  # fmt: skip
    """Writes GENERATOR-NN.safetensors for each seed, translator.md and translator.json into `output`; samples
    are kept in `work`. Views that are there already, of the same samples and recipe, are not made again."""
    torch.set_num_threads(1)
    if recipe.samples < 4 * recipe.clusters:
        raise UsageError(f"{recipe.samples} samples are too few for {recipe.clusters} clusters")
    trainer = Trainer(generator, work, recipe, effort)
    for folder in (output, work):
        folder.mkdir(parents=True, exist_ok=True)
    if fresh:
        for leftover in (
            *work.glob("*.safetensors"),
            *(output / file_name(generator.name, seed) for seed in seeds),
            output / untreated_name(generator.name),
        ):
            leftover.unlink(missing_ok=True)
    trainer.announce(len(seeds))
    ground = trainer.ground()
    origin = trainer.origin(ground)
    raw = output / untreated_name(generator.name)
    if not _made(raw, origin):
        write_view(raw, replace(trainer.untreated(ground), origin=origin))
    movement = read_view(raw).scores["movement"]
    views = {}
    for done, seed in enumerate(seeds, 1):
        path = output / file_name(generator.name, seed)
        if not _made(path, origin):
            write_view(path, replace(trainer.best_view(seed, ground, movement), origin=origin))
        views[seed] = read_view(path)
        scores = views[seed].scores
        print(
            f"view {seed}: r {scores['r_valence']:.3f} / {scores['r_arousal']:.3f}, "
            f"{scores['stability_ratio']:.1f} x steadier than untreated; {', '.join(views[seed].names)}"
        )
        show_progress(done, len(seeds), "views")
    report = {"generator": generator.name, "recipe": recipe._asdict(), "reach": ground.lean.reach.tolist()}
    report |= {"views": {str(seed): dict(view.scores) for seed, view in views.items()}}
    write_text(output / "translator.json", json.dumps(report, indent=2) + "\n")
    write_text(
        output / "translator.md", card(generator.name, views, recipe._asdict(), ground.lean.reach, command)
    )
