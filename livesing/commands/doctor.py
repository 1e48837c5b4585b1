"""What this machine has, and what is missing."""

import argparse

from livesing.commands.parser import Commands


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    doctor = commands.add_parser("doctor", parents=[common], help="what this machine has and what is missing")
    doctor.add_argument("--json", action="store_true")
    doctor.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from livesing.doctor import doctor

    doctor(as_json=options.json)
