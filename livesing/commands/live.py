"""The show."""

import argparse
from pathlib import Path

from livesing import words
from livesing.commands.parser import Commands
from livesing.errors import UsageError
from livesing.sentiment.sound_check import LONGEST_S, SHORTEST_S, USUAL_S


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    live = commands.add_parser(
        "live",
        parents=[common],
        help="the show",
        description="The show. Keys: F full screen, "
        "M next monitor, 1-9 and arrows presets, Space freeze, H hold, B blackout, P panic, "
        "T tap the beat, R the bar begins here, S sound check, F1 figures, Esc end.",
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
    live.add_argument(
        "--sound-check",
        metavar="SECONDS",
        type=_check_seconds,
        nargs="?",
        const=USUAL_S,
        help="listen for 20 to 60 s (default 30) for what is usual here; saved under --venue's name",
    )
    live.add_argument("--venue", metavar="NAME", help="begin with what a sound check saved under this name")
    live.add_argument(
        "--feeling", metavar="NAME", default="cues", help="who feels: cues (default), paper, deam"
    )
    clock = live.add_mutually_exclusive_group()
    clock.add_argument(
        "--midi-clock",
        metavar="PORT",
        help="take the beat from the MIDI clock of the input whose name holds PORT",
    )
    clock.add_argument("--link", action="store_true", help="take the beat from the Ableton Link session")
    live.add_argument("--generator", metavar="G", default="embedded", help="embedded, biggan-deep-512 ...")
    live.add_argument(
        "--weights", metavar="W", type=Path, help="file or folder; else those of 'livesing weights get'"
    )
    live.add_argument("--engine", metavar="E", help="what runs the generator; else the fastest there is")
    live.add_argument(
        "--style-weights",
        metavar="DIR",
        type=Path,
        help="VGG-19 or 16x-distilled encoders and decoders for looks with a deep style",
    )
    live.add_argument("--seed", metavar="N", type=words.seed, default=0, help="of the dream's wandering")
    live.set_defaults(run=_run)


def _check_seconds(text: str) -> float:
    seconds = words.positive(text)
    if not SHORTEST_S <= seconds <= LONGEST_S:
        raise argparse.ArgumentTypeError(f"a sound check takes {SHORTEST_S:g} to {LONGEST_S:g} s, not {text}")
    return seconds


def _run(options: argparse.Namespace) -> None:
    from livesing.engine_room import DreamChoice
    from livesing.generation.engine_open import kind_named, source_for
    from livesing.show import ShowOptions, run

    if options.output is not None and not options.headless:
        raise UsageError("-o names the film of a headless show: add --headless")
    for path in (options.report, options.output):
        words.check_folder(path)
    words.check_apart(options.report, options.output)
    if options.engine is not None:
        kind_named(options.engine)
    source = source_for(options.generator, options.weights)
    words.check_is_folder(options.style_weights)
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
            dream=DreamChoice(source, options.engine),
            style_weights=options.style_weights,
            venue=options.venue,
            feeling=options.feeling,
            sound_check=options.sound_check,
            midi_clock=options.midi_clock,
            link=options.link,
        )
    )
