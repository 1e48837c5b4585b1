"""The command line. Every command exits 0 on success and 2 on bad use or bad input, with one clear line.

Commands import what they need when they run, so that `livesing --help` and a refused word are instant.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from livesing import __version__, words
from livesing.errors import LivesingError, UsageError

LATER = {
    "story": "a figure of a piece's feeling and its key frames",
    "features": "the paper's audio features",
    "feel": "valence and arousal of images",
    "style": "the style pass on a still",
    "train": "training of the models",
    "label": "picking pictures that suit the music",
    "engine": "engines for this GPU",
    "looks": "checks of ISF looks",
    "osc": "the OSC reference page and a TouchOSC layout",
    "weights": "other people's weights",
}
"""Commands that are planned and not in this version; they say so plainly."""
LATER_BENCHES = ("generator", "features", "loop", "latency", "osc")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command -> its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = _parser()
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in ("-h", "--help", "--version")):
        arguments.insert(0, "live")  # a bare `livesing` is the show
    try:
        if arguments[0] in LATER:
            raise UsageError(f"'{arguments[0]}' ({LATER[arguments[0]]}) is not in version {__version__} yet")
        options = parser.parse_args(_join_moods(arguments))
        _log(options.verbose)
        options.run(options)
    except LivesingError as error:
        print(f"livesing: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has gone: `livesing analyse ... | head`
        sys.stderr.close()
        return 0
    return 0


Commands = Any  # argparse's own class for them is private


def _join_moods(arguments: list[str]) -> list[str]:
    """`--mood -1,0` as `--mood=-1,0`: argparse takes what begins with a dash for an option."""
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] == "--mood":
            joined[-1] += "=" + argument
        else:
            joined.append(argument)
    return joined


class _Parser(argparse.ArgumentParser):
    """argparse prints its usage above an error; one line is enough."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise UsageError(f"{message} (see '{self.prog} --help')")


class _Stderr(logging.Handler):
    """Writes to what is stderr at the time, also when that was exchanged since."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr, flush=True)


def _log(verbose: bool) -> None:
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="livesing: %(message)s",
        handlers=[_Stderr()],
        force=True,
    )
    for chatty in ("PIL", "libav"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="livesing", description="Live music becomes moving pictures that carry its feeling."
    )
    parser.add_argument("--version", action="version", version=f"livesing {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--verbose", action="store_true", help="say more")
    for add in (_add_live, _add_render, _add_analyse, _add_dream, _add_presets, _add_bench, _add_doctor):
        add(commands, common)
    return parser


def _add_live(commands: Commands, common: argparse.ArgumentParser) -> None:
    live = commands.add_parser(
        "live",
        parents=[common],
        help="the show",
        description="The show. Keys: F full screen, "
        "M next monitor, 1-9 and arrows presets, Space freeze, H hold, B blackout, P panic, "
        "F1 figures, Esc end.",
    )
    live.add_argument(
        "--audio",
        metavar="WHAT",
        help="part of a device's name, NAME:3,4 for its channels, a sound "
        "file, or 'demo'; without it the microphone, or the demo piece where there is none",
    )
    live.add_argument("--preset", metavar="P", help="name or number of the first look")
    live.add_argument(
        "--presets", metavar="DIR", type=Path, help="folder of looks instead of the built-in ones"
    )
    live.add_argument("--monitor", metavar="P", help="full screen on the monitor whose name holds P")
    live.add_argument(
        "--windowed",
        metavar="WxH",
        type=words.size,
        help="a window of this size; the size of the film when headless",
    )
    live.add_argument("--headless", action="store_true", help="no window: write an MP4 (Linux)")
    live.add_argument("-o", "--output", metavar="FILE", type=Path, help="where the headless show's MP4 goes")
    live.add_argument("--fps", metavar="N", type=words.rate, help="frames a second; else the display's rate")
    live.add_argument("--seconds", metavar="S", type=words.positive, help="end after S seconds")
    live.add_argument("--report", metavar="FILE", type=Path, help="write the run's figures as JSON")
    live.add_argument(
        "--mute", action="store_true", help="do not play the file or demo through the loudspeakers"
    )
    live.add_argument(
        "--osc",
        metavar="[HOST:]PORT",
        type=words.address,
        default=("127.0.0.1", 7770),
        help="where to listen for OSC (default 127.0.0.1:7770)",
    )
    live.add_argument(
        "--osc-out",
        metavar="HOST:PORT",
        type=words.address,
        action="append",
        default=[],
        help="send state there; may be given more than once",
    )
    for word, kind in (("--sound-check", "store_true"), ("--venue", "store")):
        live.add_argument(word, action=kind, help=argparse.SUPPRESS)
    live.add_argument("--seed", metavar="N", type=int, default=0, help="of the dream's wandering")
    live.set_defaults(run=_live)


def _live(options: argparse.Namespace) -> None:
    from livesing.show import ShowOptions, run

    if options.sound_check or options.venue:
        raise UsageError(f"sound checks and venues are not in version {__version__} yet")
    if options.output is not None and not options.headless:
        raise UsageError("-o names the film of a headless show: add --headless")
    for path in (options.report, options.output):
        words.check_folder(path)
    run(
        ShowOptions(
            audio=options.audio,
            preset=options.preset,
            presets_folder=options.presets,
            monitor=options.monitor,
            windowed=options.windowed,
            headless=options.headless,
            output=options.output,
            fps=options.fps,
            seconds=options.seconds,
            report=options.report,
            mute=options.mute,
            osc_host=options.osc[0],
            osc_port=options.osc[1],
            osc_outputs=tuple(options.osc_out),
            seed=options.seed,
        )
    )


def _add_render(commands: Commands, common: argparse.ArgumentParser) -> None:
    render = commands.add_parser(
        "render", parents=[common], help="the show of a sound file as a film, frame-exact (Linux)"
    )
    render.add_argument("audio", metavar="AUDIO", type=Path)
    render.add_argument("-o", "--output", metavar="OUT.mp4", type=Path, required=True)
    render.add_argument("--size", metavar="WxH", type=words.size, default=(1280, 720))
    render.add_argument("--fps", metavar="N", type=words.rate, default=30.0)
    render.add_argument("--preset", metavar="P", help="name or number of the look")
    render.add_argument("--seed", metavar="N", type=int, default=0, help="of the dream's wandering")
    render.set_defaults(run=_render)


def _render(options: argparse.Namespace) -> None:
    from livesing.offline import OfflineShow, render

    words.check_folder(options.output)
    if options.output.suffix.lower() != ".mp4":
        raise UsageError(f"{options.output.name}: a film is written as .mp4")
    size = options.size[0] - options.size[0] % 2, options.size[1] - options.size[1] % 2
    show = OfflineShow(options.audio, size=size, fps=options.fps, preset=options.preset, seed=options.seed)
    try:
        render(show, options.output)
    finally:
        show.close()


def _add_analyse(commands: Commands, common: argparse.ArgumentParser) -> None:
    analyse = commands.add_parser(
        "analyse",
        parents=[common],
        help="valence and arousal of a sound file, as CSV",
        description="A row per 500 ms; valence and arousal are z-scores.",
    )
    analyse.add_argument("audio", metavar="AUDIO", type=Path)
    analyse.add_argument(
        "-o", "--output", metavar="OUT.csv", type=Path, help="a file instead of the terminal"
    )
    analyse.add_argument("--stream", action="store_true", help="run the live code block by block")
    analyse.add_argument(
        "--beats", metavar="FILE", type=Path, help="write the beats, a time in seconds a line"
    )
    analyse.set_defaults(run=_analyse)


def _analyse(options: argparse.Namespace) -> None:
    from livesing.analyse import analyse

    for path in (options.output, options.beats):
        words.check_folder(path)
    analyse(options.audio, options.output, stream=options.stream, beats=options.beats)


def _add_dream(commands: Commands, common: argparse.ArgumentParser) -> None:
    dream = commands.add_parser(
        "dream",
        parents=[common],
        help="one generated frame, or a walk",
        description="One frame as PNG, or with --walk a film through latent space.",
    )
    dream.add_argument("-o", "--output", metavar="OUT", type=Path, required=True)
    dream.add_argument("--generator", metavar="G", default="embedded", help="'embedded'")
    dream.add_argument("--weights", metavar="W", type=Path, help="weights of a generator that needs some")
    what = dream.add_mutually_exclusive_group()
    what.add_argument("--class", dest="number", metavar="N", type=int, help="one class, 0 to 999")
    what.add_argument(
        "--mood", metavar="V,A", type=words.mood, help="through the translator: valence,arousal in z-scores"
    )
    dream.add_argument("--seed", metavar="N", type=int, default=0)
    dream.add_argument("--size", metavar="WxH", type=words.size, default=(1024, 576))
    dream.add_argument("--walk", metavar="SECONDS", type=words.positive, help="a film of this length")
    dream.add_argument("--fps", metavar="N", type=words.rate, default=30.0, help="of the film (default 30)")
    dream.set_defaults(run=_dream)


def _dream(options: argparse.Namespace) -> None:
    from livesing.dream import film, still, wish

    if options.generator != "embedded":
        raise UsageError(f"there is no generator {options.generator!r}; there is: embedded")
    if options.weights is not None:
        raise UsageError("the embedded generator takes no weights")
    if options.number is not None and not 0 <= options.number < 1000:
        raise UsageError(f"--class goes from 0 to 999, not {options.number}")
    words.check_folder(options.output)
    asked = wish(options.number, options.mood, options.seed)
    if options.walk is not None:
        film(options.output, asked, options.seed, options.size, options.walk, options.fps)
    else:
        still(options.output, asked, options.seed, options.size)


def _add_presets(commands: Commands, common: argparse.ArgumentParser) -> None:
    presets = commands.add_parser("presets", help="list or check looks")
    actions = presets.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=_Parser)
    listing = actions.add_parser("list", parents=[common], help="the looks there are")
    listing.add_argument("--presets", metavar="DIR", type=Path, help="of this folder")
    listing.set_defaults(run=_presets_list)
    checking = actions.add_parser("check", parents=[common], help="whether a file is a good preset")
    checking.add_argument("file", metavar="FILE", type=Path)
    checking.set_defaults(run=_presets_check)


def _presets_list(options: argparse.Namespace) -> None:
    from livesing import assets
    from livesing.preset import PresetFolder

    folder = PresetFolder(options.presets or assets.folder("presets"))
    if not folder.folder.is_dir():
        raise UsageError(f"there is no folder {str(folder.folder)!r}")
    _, messages = folder.poll()
    for number, preset in enumerate(folder.presets, 1):
        print(f"{number}  {preset.name:<12} {preset.about or preset.title}")
    for message in messages:
        print(message, file=sys.stderr)


def _presets_check(options: argparse.Namespace) -> None:
    from livesing.preset import load

    preset = load(options.file)
    for warning in preset.warnings:
        print(warning, file=sys.stderr)
    print(f"{options.file.name}: {preset.title!r} is a good preset")


def _add_bench(commands: Commands, common: argparse.ArgumentParser) -> None:
    bench = commands.add_parser("bench", help="measure, as ratios within one run")
    actions = bench.add_subparsers(dest="what", required=True, metavar="WHAT", parser_class=_Parser)
    render = actions.add_parser(
        "render", parents=[common], help="the passes of the picture against clear + swap"
    )
    render.add_argument("--size", metavar="WxH", type=words.size, default=(640, 360))
    render.add_argument("--frames", metavar="N", type=int, default=60, help="a pass (default 60)")
    render.add_argument("--headless", action="store_true", help="without a window")
    render.add_argument("--json", action="store_true")
    render.set_defaults(run=_bench_render)

    for name in LATER_BENCHES:
        later = actions.add_parser(name, parents=[common], help="not in this version yet")
        later.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
        later.add_argument("--json", action="store_true", help=argparse.SUPPRESS)
        later.set_defaults(run=_bench_later)


def _bench_later(options: argparse.Namespace) -> None:
    raise UsageError(f"'bench {options.what}' is not in version {__version__} yet")


def _bench_render(options: argparse.Namespace) -> None:
    from livesing.bench_render import bench_render

    if options.frames < 1:
        raise UsageError(f"--frames takes 1 or more, not {options.frames}")
    bench_render(options.size, options.frames, headless=options.headless, as_json=options.json)


def _add_doctor(commands: Commands, common: argparse.ArgumentParser) -> None:
    doctor = commands.add_parser("doctor", parents=[common], help="what this machine has and what is missing")
    doctor.add_argument("--json", action="store_true")
    doctor.set_defaults(run=_doctor)


def _doctor(options: argparse.Namespace) -> None:
    from livesing.doctor import doctor

    doctor(as_json=options.json)
