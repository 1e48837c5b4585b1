"""Where the files are that travel with the code: shaders, presets and styles.

In the tree they stand at the top level, where people look for them; in an installed package they lie
inside it, beside its modules.
"""

from pathlib import Path

from livesing.errors import LivesingError

PACKAGE = Path(__file__).resolve().parent


def folder(name: str, package: Path = PACKAGE) -> Path:
    """The folder `name` ("shaders", "presets", "styles") of the installed package, or of the tree it runs
    from.

    `package` is the folder that holds livesing's modules. Raises LivesingError when there is none: the
    installation is broken.
    """
    inside = package / name
    if inside.is_dir():
        return inside
    tree = package.parent
    beside = tree / name
    # Only a tree of ours: beside an installed package stand other people's.
    if beside.is_dir() and (tree / "run_live.py").is_file():
        return beside
    raise LivesingError(f"the folder {name!r} of livesing is missing (looked at {inside}); install it again")
