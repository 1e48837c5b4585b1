"""Training of the models, each from data on disk: a subcommand a model.

To add one, write a function like `_add_image` and put it into MODELS.
"""

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from livesing import words
from livesing.commands import options as shared
from livesing.commands.parser import Commands, Parser
from livesing.errors import UsageError

IN_DATA = Path()
"""--deam-features without a file."""
DEAM_ROWS = "deam/deam_opensmile_2hz_dev.npz"


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    train = commands.add_parser(
        "train",
        help="training of the models",
        description="Trains a model from data on disk: with progress, going on where it was stopped, and "
        "with a report. All but cues and personal need the extra [train].",
    )
    models = train.add_subparsers(dest="model", required=True, metavar="MODEL", parser_class=Parser)
    for model in MODELS:
        model(models, common)


def _add_image(models: Commands, common: argparse.ArgumentParser) -> None:
    image = models.add_parser(
        "image",
        parents=[common],
        help="valence and arousal of pictures",
        description="With --teacher the small network that ships (image.onnx), without it MobileNetV2 as "
        "in the paper. Both are scored on themes that they were not trained on.",
    )
    image.add_argument(
        "--oasis", metavar="DIR", type=Path,
        help="rated photographs: OASIS.csv or labels.csv (Theme or file, Valence_mean, Arousal_mean), and "
        "the pictures; else oasis_dev in the folder LIVESING_DATA",
    )  # fmt: skip
    image.add_argument(
        "-o", "--output", metavar="DIR", type=Path, default=Path("image-model"), help="(image-model)"
    )
    image.add_argument(
        "--teacher", metavar="DIR", type=Path, help="MobileNetV2 as int8 tflite, and its labels"
    )
    image.add_argument(
        "--pictures", metavar="DIR", type=Path, action="append", default=[],
        help="more pictures, without ratings, to learn to see from; as often as you like; with --teacher",
    )  # fmt: skip
    image.add_argument(
        "--steps", metavar="N", type=int, help="of distillation by gradient (200); with --teacher"
    )
    image.add_argument(
        "--backbone",
        metavar="FILE",
        type=Path,
        help="weights of MobileNetV2 in torchvision's layout; without --teacher",
    )
    image.add_argument("--epochs", metavar="N", type=int, help="over the photographs (20); without --teacher")
    shared.add_training(image, folds=10, seed=0, threads=1)
    image.set_defaults(run=_image)


def _image(options: argparse.Namespace) -> None:
    if options.teacher is not None and (options.backbone is not None or options.epochs is not None):
        raise UsageError("--backbone and --epochs belong to MobileNetV2: leave --teacher out")
    if options.teacher is None and (options.steps is not None or options.pictures):
        raise UsageError("--steps and --pictures belong to distillation: name a --teacher")
    shared.check_least(options, steps=0, epochs=1, folds=2, threads=1, seed=0)
    oasis = shared.rated(options.oasis, "--oasis", "oasis_dev")
    _need_torch()
    how = _how(options)
    if options.teacher is not None:
        from livesing.train.image import train_student

        train_student(
            oasis, options.teacher, options.output, pictures=options.pictures,
            steps=200 if options.steps is None else options.steps, **how
        )  # fmt: skip
    else:
        from livesing.train.image_mobilenet import train_mobilenet

        train_mobilenet(
            oasis, options.backbone, options.output, epochs=options.epochs or 20, **how
        )  # fmt: skip


def _add_audio(models: Commands, common: argparse.ArgumentParser) -> None:
    audio = models.add_parser(
        "audio",
        parents=[common],
        help="valence and arousal of sound",
        description="With --corpus or --deam the paper's network over its 9156 features, with "
        "--deam-features a head over openSMILE's columns. Both are scored "
        "on songs that they were not trained on.",
    )
    source = audio.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--corpus", metavar="DIR", type=Path, help="music rendered by `python -m livesing.train.corpus DIR`"
    )
    source.add_argument(
        "--deam", metavar="DIR", type=Path, help="DEAM: MEMD_audio/<song_id>.mp3 and its annotations folder"
    )
    source.add_argument(
        "--deam-features", metavar="FILE", type=Path, nargs="?", const=IN_DATA,
        help="DEAM's openSMILE rows as one .npz; without FILE those in the folder LIVESING_DATA",
    )  # fmt: skip
    audio.add_argument(
        "-o", "--output", metavar="DIR", type=Path, default=Path("audio-model"), help="(audio-model)"
    )
    audio.add_argument(
        "--epochs", metavar="N", type=int, help="of each network (50; with --deam-features 12)"
    )
    shared.add_training(audio, folds=5, seed=0, threads=1)
    audio.set_defaults(run=_audio)


def _audio(options: argparse.Namespace) -> None:
    shared.check_least(options, epochs=2, folds=2, threads=1, seed=0)
    _need_torch()
    how = _how(options)
    if options.deam_features is not None:
        from livesing.train.audio_deam_head import train_deam_head

        named = None if options.deam_features is IN_DATA else options.deam_features
        features = shared.rated(named, "--deam-features FILE", DEAM_ROWS)
        train_deam_head(features, options.output, epochs=options.epochs or 12, **how)
        return
    from livesing.train.audio_network import Recipe
    from livesing.train.audio_paper import corpus_source, deam_source, train_paper

    source = corpus_source(options.corpus) if options.corpus is not None else deam_source(options.deam)
    train_paper(source, options.output, recipe=Recipe.of(options.epochs or 50), **how)


def _add_cues(models: Commands, common: argparse.ArgumentParser) -> None:
    cues = models.add_parser(
        "cues",
        parents=[common],
        help="the weights of the musical cues, from which valence and arousal are felt by default",
        description="Refines published effects on music that livesing composes and renders itself; scores "
        "are of textures that were left out. Needs no extra; the same music gives the same weights.",
    )
    cues.add_argument(
        "--corpus", metavar="DIR", type=Path, required=True,
        help="music rendered by `python -m livesing.train.corpus DIR`",
    )  # fmt: skip
    cues.add_argument(
        "-o", "--output", metavar="DIR", type=Path, default=Path("cue-model"), help="(cue-model)"
    )
    shared.add_training(cues)
    cues.set_defaults(run=_cues)


def _cues(options: argparse.Namespace) -> None:
    from livesing.train.audio_cues import train_cues

    if options.output.exists():
        words.check_is_folder(options.output)
    train_cues(options.corpus, options.output, fresh=options.fresh)


def _how(options: argparse.Namespace) -> dict[str, Any]:
    """What all that train a network with folds are told in the same words."""
    return {name: getattr(options, name) for name in ("folds", "seed", "threads", "fresh")}


def _need_torch() -> None:
    if find_spec("torch") is None:
        raise UsageError("training needs torch: install livesing[train]")


def _add_styles(models: Commands, common: argparse.ArgumentParser) -> None:
    from livesing.train.styles.__main__ import arguments, run

    styles = models.add_parser(
        "styles", parents=[common], help="the paintings that ship as styles, painted anew"
    )
    arguments(styles)
    styles.set_defaults(run=run)


def _add_personal(models: Commands, common: argparse.ArgumentParser) -> None:
    personal = models.add_parser(
        "personal",
        parents=[common],
        help="a translator of one's own",
        description="From pairs of music and picture, picked with 'livesing label', to a file that a preset "
        "may name as its translator. Takes seconds; the embedded generator needs no extra for it.",
    )
    personal.add_argument("folder", metavar="DIR", type=Path, help="of the labels")
    personal.add_argument(
        "-o", "--output", metavar="FILE", type=Path, required=True, help="like mine.safetensors"
    )
    personal.add_argument(
        "--loss", choices=("likelihood", "l1"), default="likelihood",
        help="of classes: cross-entropy, or as in the paper L1 in the generator's latent space (likelihood; "
        "StyleGAN2's w is always fitted by L1)",
    )  # fmt: skip
    personal.add_argument(
        "--weights", metavar="W", type=Path, help="of the generator that was labelled, unless embedded"
    )
    personal.add_argument("--engine", metavar="E", help="what draws, to tell moods; else the fastest ready")
    shared.add_training(personal, seed=0, fresh=False)
    personal.set_defaults(run=_personal)


def _personal(options: argparse.Namespace) -> None:
    from livesing.closed_loop import SIZE
    from livesing.errors import EngineError
    from livesing.generation.engine_open import ServedGenerator, source_for
    from livesing.train.personal import labels_of, train_personal

    shared.check_least(options, seed=0)
    if options.output.suffix != ".safetensors":
        raise UsageError(f"{options.output.name} must end with .safetensors, so that presets can name it")
    words.check_folder(options.output)
    options.generator = labels_of(options.folder)[1]
    if options.generator != "embedded":
        _need_torch()
    source = source_for(options.generator, options.weights)

    def draws() -> ServedGenerator | None:
        try:
            return shared.open_generator(options, SIZE)
        except EngineError as error:
            print(f"moods are not told: {error}", file=sys.stderr)
            return None

    train_personal(options.folder, options.output, source, draws, loss=options.loss, seed=options.seed)


def _add_style(models: Commands, common: argparse.ArgumentParser) -> None:
    style = models.add_parser(
        "style",
        parents=[common],
        help="the deep tier's auto-encoder",
        description="Learns from the embedded generator's frames, the paintings that ship, and any "
        "folders of pictures.",
    )
    style.add_argument("folders", metavar="DIR", type=Path, nargs="*", help="more pictures to learn from")
    style.add_argument(
        "-o", "--output", metavar="DIR", type=Path, default=Path("style-model"), help="(style-model)"
    )
    style.add_argument("--steps", metavar="N", type=int, default=1600, help="(1600)")
    shared.add_training(style, seed=0, threads=1)
    style.set_defaults(run=_style)


def _style(options: argparse.Namespace) -> None:
    shared.check_least(options, steps=10, threads=1, seed=0)
    _need_torch()
    from livesing.train.style import train_style

    train_style(
        options.folders, options.output, steps=options.steps, seed=options.seed, threads=options.threads,
        fresh=options.fresh,
    )  # fmt: skip


def _add_translator(models: Commands, common: argparse.ArgumentParser) -> None:
    translator = models.add_parser(
        "translator",
        parents=[common],
        help="views: from valence and arousal to a generator's classes and latents",
        description="Samples the generator, has the image estimator feel the pictures, and fits the "
        "translator's network by deepsing's Algorithm 1 and the closed loop. A view in "
        "the folder of livesing's data is what the show plays for that generator.",
    )
    shared.add_generator(translator)
    translator.add_argument(
        "-o", "--output", metavar="DIR", type=Path, help="else where the show looks for them"
    )
    translator.add_argument(
        "--work", metavar="DIR", type=Path, help="where samples are kept; else in livesing's cache folder"
    )
    shared.add_classes(
        translator, "like 1,5,200-210: these, instead of those that the first clustering finds"
    )
    for name, default, told in (
        ("samples", 4000, "pictures with random latents, and as many that lean to a feeling"),
        ("clusters", 10, "of feelings, for each of which a class is drawn"),
        ("subclusters", 10, "of each class"),
        ("more", 40, "further pictures of each class of a view"),
        ("seed", 0, "number of the first view"),
        ("views", 1, "how many"),
        ("threads", 1, "of the generator's engine"),
    ):
        translator.add_argument(
            f"--{name}", metavar="N", type=int, default=default, help=f"{told} ({default})"
        )
    translator.add_argument(
        "--within-cluster", action="store_true", help="keep a class's samples of its own cluster alone"
    )
    translator.add_argument(
        "--paper", action="store_true", help="random latents and their means, without refinement"
    )
    shared.add_training(translator)
    translator.set_defaults(run=_translator)


def _translator(options: argparse.Namespace) -> None:
    from livesing.closed_loop import SIZE
    from livesing.generation.engine_open import check_generator
    from livesing.translation.view_file import own_folder

    shared.check_least(options, samples=40, clusters=1, subclusters=1, more=2, seed=0, views=1, threads=1)
    if options.seed + options.views > 100:
        raise UsageError("views are numbered 0 to 99")
    check_generator(options.generator)
    _need_torch()
    from livesing.train.translator import Recipe, samples_folder, train_translators

    names = Recipe._fields
    recipe = Recipe(**{name: getattr(options, name) for name in names})
    generator = shared.open_generator(options, SIZE, options.threads)
    seeds = range(options.seed, options.seed + options.views)
    train_translators(
        generator, options.output or own_folder(), options.work or samples_folder(generator.name),
        recipe, seeds=seeds, command=_command(options), fresh=options.fresh,
    )  # fmt: skip


def _command(options: argparse.Namespace) -> str:
    """The words with which these views are made anew."""
    words = f"livesing train translator --generator {options.generator}"
    usual = {"samples": 4000, "clusters": 10, "subclusters": 10, "more": 40, "seed": 0, "views": 1}
    for name, value in usual.items():
        if getattr(options, name) != value:
            words += f" --{name} {getattr(options, name)}"
    words += f" --classes {','.join(map(str, options.classes))}" if options.classes else ""
    words += " --within-cluster" if options.within_cluster else ""
    return words + (" --paper" if options.paper else "")


MODELS = (_add_audio, _add_cues, _add_image, _add_personal, _add_style, _add_styles, _add_translator)
