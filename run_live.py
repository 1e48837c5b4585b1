"""The show, for people who have just cloned the repository: `python run_live.py [OPTIONS]`."""

import sys


def main() -> int:
    try:
        from livesing.cli import main as livesing

        return livesing(["live", *sys.argv[1:]])
    except ModuleNotFoundError as error:
        if not error.name or error.name.startswith("livesing"):
            raise
        missing = f"{sys.executable} has no {error.name!r}, which livesing needs"
        print(f"{missing}: run `make live`, which sets everything up", file=sys.stderr)
        return 2


# The generator process starts by importing this file anew: only the first one may open the show.
if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036 # whoever starts this file may not have installed anything
        raise SystemExit(
            f"livesing needs Python 3.11 or newer, not {sys.version.split()[0]}: run `make live`"
        )
    raise SystemExit(main())
