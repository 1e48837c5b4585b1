"""Training of the models, each from data on disk: a subcommand a model.

To add one, write a function like `_add_image` and put it into MODELS.
"""

import argparse
from importlib.util import find_spec
from pathlib import Path

from livesing import words
from livesing.commands.parser import Commands, Parser
from livesing.errors import UsageError


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    train = commands.add_parser(
        "train",
        help="training of the models",
        description="Trains a model from data on disk: with progress, going on where it was stopped, and "
        "with a report. All but personal need the extra [train].",
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
        "--oasis", metavar="DIR", type=Path, required=True,
        help="rated photographs: OASIS.csv or labels.csv (Theme or file, Valence_mean, Arousal_mean), and "
        "the pictures",
    )  # fmt: skip
    image.add_argument(
        "-o", "--output", metavar="DIR", type=Path, default=Path("image-model"), help="(image-model)"
    )
    image.add_argument(
        "--teacher", metavar="DIR", type=Path, help="MobileNetV2 as int8 tflite, and its labels"
    )
    image.add_argument("--steps", metavar="N", type=int, help="of distillation (6000); with --teacher")
    image.add_argument(
        "--backbone",
        metavar="FILE",
        type=Path,
        help="weights of MobileNetV2 in torchvision's layout; without --teacher",
    )
    image.add_argument("--epochs", metavar="N", type=int, help="over the photographs (20); without --teacher")
    image.add_argument(
        "--folds", metavar="N", type=int, default=10, help="parts of the cross-validation (10)"
    )
    image.add_argument("--seed", metavar="N", type=int, default=0)
    image.add_argument("--threads", metavar="N", type=int, default=1)
    image.add_argument("--fresh", action="store_true", help="do not go on where an earlier run was stopped")
    image.set_defaults(run=_image)


def _image(options: argparse.Namespace) -> None:
    if options.teacher is not None and (options.backbone is not None or options.epochs is not None):
        raise UsageError("--backbone and --epochs belong to MobileNetV2: leave --teacher out")
    if options.teacher is None and options.steps is not None:
        raise UsageError("--steps belongs to distillation: name a --teacher")
    for name, least in (("steps", 10), ("epochs", 1), ("folds", 2), ("threads", 1), ("seed", 0)):
        value = getattr(options, name)
        if value is not None and value < least:
            raise UsageError(f"--{name} takes {least} or more, not {value}")
    _need_torch()
    if options.teacher is not None:
        from livesing.train.image import train_student

        train_student(
            options.oasis, options.teacher, options.output, steps=options.steps or 6000, folds=options.folds,
            seed=options.seed, threads=options.threads, fresh=options.fresh,
        )  # fmt: skip
    else:
        from livesing.train.image_mobilenet import train_mobilenet

        train_mobilenet(
            options.oasis, options.backbone, options.output, epochs=options.epochs or 20, folds=options.folds,
            seed=options.seed, threads=options.threads, fresh=options.fresh,
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
        "--deam-features", metavar="FILE", type=Path, help="DEAM's openSMILE rows as one .npz"
    )
    audio.add_argument(
        "-o", "--output", metavar="DIR", type=Path, default=Path("audio-model"), help="(audio-model)"
    )
    audio.add_argument(
        "--epochs", metavar="N", type=int, help="of each network (50; with --deam-features 12)"
    )
    audio.add_argument("--folds", metavar="N", type=int, default=5, help="parts of the cross-validation (5)")
    audio.add_argument("--seed", metavar="N", type=int, default=0)
    audio.add_argument("--threads", metavar="N", type=int, default=1)
    audio.add_argument("--fresh", action="store_true", help="do not go on where an earlier run was stopped")
    audio.set_defaults(run=_audio)


def _audio(options: argparse.Namespace) -> None:
    _check_numbers(options, (("epochs", 2), ("folds", 2), ("threads", 1), ("seed", 0)))
    _need_torch()
    how = {name: getattr(options, name) for name in ("folds", "seed", "threads", "fresh")}
    if options.deam_features is not None:
        from livesing.train.audio_deam_head import train_deam_head

        train_deam_head(options.deam_features, options.output, epochs=options.epochs or 12, **how)
        return
    from livesing.train.audio_network import Recipe
    from livesing.train.audio_paper import corpus_source, deam_source, train_paper

    source = corpus_source(options.corpus) if options.corpus is not None else deam_source(options.deam)
    train_paper(source, options.output, recipe=Recipe.of(options.epochs or 50), **how)


def _check_numbers(options: argparse.Namespace, least: tuple[tuple[str, int], ...]) -> None:
    for name, lowest in least:
        value = getattr(options, name)
        if value is not None and value < lowest:
            raise UsageError(f"--{name} takes {lowest} or more, not {value}")


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
        "may name as its translator. Takes seconds, and needs no extra.",
    )
    personal.add_argument("folder", metavar="DIR", type=Path, help="of the labels")
    personal.add_argument(
        "-o", "--output", metavar="FILE", type=Path, required=True, help="like mine.safetensors"
    )
    personal.add_argument("--seed", metavar="N", type=int, default=0)
    personal.set_defaults(run=_personal)


def _personal(options: argparse.Namespace) -> None:
    from livesing.train.personal import train_personal

    _check_numbers(options, (("seed", 0),))
    if options.output.suffix != ".safetensors":
        raise UsageError(f"{options.output.name} must end with .safetensors, so that presets can name it")
    words.check_folder(options.output)
    train_personal(options.folder, options.output, seed=options.seed)


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
    style.add_argument("--seed", metavar="N", type=int, default=0)
    style.add_argument("--threads", metavar="N", type=int, default=1)
    style.add_argument("--fresh", action="store_true", help="do not go on where an earlier run was stopped")
    style.set_defaults(run=_style)


def _style(options: argparse.Namespace) -> None:
    _check_numbers(options, (("steps", 10), ("threads", 1), ("seed", 0)))
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
    translator.add_argument("--generator", metavar="G", default="embedded", help="(embedded)")
    translator.add_argument("--weights", metavar="W", type=Path, help="of the generator: a file or folder")
    translator.add_argument("--engine", metavar="E", help="what runs it; else the fastest that is ready")
    translator.add_argument(
        "-o", "--output", metavar="DIR", type=Path, help="else where the show looks for them"
    )
    translator.add_argument(
        "--work", metavar="DIR", type=Path, help="where samples are kept; else in livesing's cache folder"
    )
    translator.add_argument(
        "--classes", metavar="LIST", type=words.numbers, default=(),
        help="numbers as 1,5,207: these, instead of those that the first clustering finds",
    )  # fmt: skip
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
    translator.add_argument("--fresh", action="store_true", help="do not go on where it was stopped")
    translator.set_defaults(run=_translator)


def _translator(options: argparse.Namespace) -> None:
    import logging

    from livesing.closed_loop import SIZE
    from livesing.generation.engine_cache import EngineCache
    from livesing.generation.engine_open import open_ready, source_for
    from livesing.translation.view_file import own_folder

    least = (("samples", 40), ("clusters", 1), ("subclusters", 1), ("more", 2), ("seed", 0), ("views", 1))
    _check_numbers(options, (*least, ("threads", 1)))
    if options.seed + options.views > 100:
        raise UsageError("views are numbered 0 to 99")
    source = source_for(options.generator, options.weights, SIZE if options.generator == "embedded" else None)
    _need_torch()
    from livesing.train.translator import Recipe, samples_folder, train_translators

    names = Recipe._fields
    recipe = Recipe(**{name: getattr(options, name) for name in names})
    log = logging.getLogger(__name__)
    generator = open_ready(source, options.engine, EngineCache(), options.threads, log.info)
    seeds = range(options.seed, options.seed + options.views)
    train_translators(
        generator, options.output or own_folder(), options.work or samples_folder(source.generator),
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


MODELS = (_add_audio, _add_image, _add_personal, _add_style, _add_styles, _add_translator)
