"""The rules of the house that can be read from the source: who imports whom, and what a module may be."""

import ast
import os
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import livesing

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "livesing"

STAGES = ("audio", "sentiment", "translation", "generation", "style", "stage", "control")
"""In the order of the data."""

FLOORS = {
    **dict.fromkeys(("", "errors", "clock", "assets", "whole_file", "array_file"), 0),
    **dict.fromkeys(("ring", "mailbox", "params", "preset", "wishes"), 1),
    **dict.fromkeys(STAGES, 2),
    **dict.fromkeys(
        (
            "listener",
            "hearing",
            "beat_desk",
            "deep_tier",
            "device_dream",
            "dreamer",
            "engine_room",
            "supervisor",
            "translators",
        ),
        3,
    ),
    "deep_tier": 3,
    **dict.fromkeys(("cli", "commands"), 5),
    "__main__": 6,
}
"""Where a module or folder of the package stands; one imports its own floor or a lower one. "" is the package
itself. What is not named is a program that joins the loops or does without them: show, offline, train."""
PROGRAMS = 4

LONGEST = 400
SAY_NOTHING = {"util", "utils", "helper", "helpers", "common", "misc", "manager"}
WITH_TORCH = (
    "livesing.bench_generator",
    "livesing.generation.biggan",
    "livesing.generation.device_path",
    "livesing.generation.engine_cuda",
    "livesing.generation.engine_export",
    "livesing.generation.engine_graph",
    "livesing.generation.engine_tensorrt",
    "livesing.generation.engine_torch",
    "livesing.generation.engine_work",
    "livesing.generation.fieldnet",
    "livesing.generation.stylegan2",
    "livesing.generation.weights_check",
    "livesing.generation.weights_file",
    "livesing.style.deep_torch",
    "livesing.style.deep_vgg",
    "livesing.train",
)


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
STATEMENTS = ast.stmt | ast.excepthandler | ast.match_case


@cache
def statements(path: Path) -> tuple[ast.AST, ...]:
    """All of a file, wherever they stand, without their expressions: most of a file are those."""
    found: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    for node in found:
        found += [child for child in ast.iter_child_nodes(node) if isinstance(child, STATEMENTS)]
    return tuple(found)


@cache  # not at once: every process of a run collects this file, and one runs it
def imports_of(module: str) -> set[str]:
    """The modules that `module` imports, wherever in it; of our own package as full module names."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found: set[str] = set()
    for node in statements(MODULES[module]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            up = package.rsplit(".", node.level - 1)[0] if node.level else ""
            base = ".".join(part for part in (up, node.module) if part)
            # `from livesing.audio import pulse` imports the module livesing.audio.pulse
            inner = {f"{base}.{alias.name}" for alias in node.names}
            found |= (inner & MODULES.keys()) or {base}
    return found


def ours(module: str) -> set[str]:
    return {name for name in imports_of(module) if name.split(".")[0] == "livesing"}


def room(module: str) -> str:
    """The folder or top-level module of the package that `module` belongs to."""
    return [*module.split("."), ""][1]


def floor(module: str) -> int:
    return FLOORS.get(room(module), PROGRAMS)


def plain_names(module: str) -> set[str]:
    """What of a module may cross to a later stage: constants, NamedTuple, dataclass, Protocol and Enum."""
    names: set[str] = set()
    tree = statements(MODULES[module])[0]
    assert isinstance(tree, ast.Module)
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            marks = {ast.unparse(mark).split("(")[0] for mark in node.bases + node.decorator_list}
            if marks & {"NamedTuple", "dataclass", "Protocol", "Enum", "IntEnum", "StrEnum"}:
                names.add(node.name)
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def taken_names(module: str, other: str) -> set[str]:
    """The names that `module` takes out of the module `other`; "*" for the module as a whole."""
    names: set[str] = set()
    for node in statements(MODULES[module]):
        if isinstance(node, ast.ImportFrom) and node.module == other:
            names |= {alias.name for alias in node.names}
    return names or {"*"}


def test_the_package_is_found() -> None:
    assert {
        "livesing.cli",
        "livesing.ring",
        "livesing.audio.pulse",
        "livesing.sentiment.mood",
    } <= MODULES.keys()
    assert "livesing.errors" in ours("livesing.params")


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    up = {name for name in ours(module) if floor(name) > floor(module)}
    assert not up, f"{module} imports from a floor above its own"


@pytest.mark.parametrize("module", [module for module in MODULES if room(module) in STAGES])
def test_a_stage_takes_plain_types_alone_from_an_earlier_one(module: str) -> None:
    own = room(module)
    for name in sorted(ours(module)):
        other = room(name)
        if other == own or other not in STAGES:
            continue
        assert STAGES.index(other) < STAGES.index(own), f"{module} imports the later {name}"
        parts = taken_names(module, name) - plain_names(name)
        assert not parts, f"{module} imports {parts} of {name}, which is more than plain types"


def test_no_module_imports_itself_in_a_circle() -> None:
    try:
        tuple(TopologicalSorter({module: ours(module) for module in MODULES}).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_torch_stays_in_its_rooms() -> None:
    guests = {
        module
        for module in MODULES
        if any(
            name.split(".")[0] in ("torch", "torchvision", "torch_tensorrt") for name in imports_of(module)
        )
    }
    assert not {module for module in guests if not module.startswith(WITH_TORCH)}


def test_the_show_starts_without_its_heavy_parts() -> None:
    code = "import sys, livesing.cli, livesing.show; print(*sys.modules)"
    child = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert child.returncode == 0, child.stderr
    loaded = set(child.stdout.split())
    assert "livesing.show" in loaded
    assert not loaded & {"torch", "onnxruntime", "onnx", "scipy", "tensorrt"}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_read_in_one_sitting(module: str) -> None:
    lines = MODULES[module].read_text(encoding="utf-8").count("\n")
    assert lines <= LONGEST, f"{module} has {lines} lines"


def test_names_say_something() -> None:
    assert not {module for module in MODULES if SAY_NOTHING & set(module.split("."))}


def test_every_folder_is_a_package() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert not {folder for folder in folders if not (folder / "__init__.py").is_file()}


def test_numpy_multiplies_on_one_thread() -> None:
    """Set by the package before numpy is imported; more threads stall each other wherever cores are busy."""
    import numpy  # noqa: F401  # so that its BLAS is there
    from threadpoolctl import threadpool_info

    blas = [each for each in threadpool_info() if "numpy" in each["filepath"] and each["user_api"] == "blas"]
    if not blas:
        pytest.skip("numpy's BLAS is none that tells its threads")
    assert {each["num_threads"] for each in blas} == {int(os.environ[livesing.BLAS_THREADS])}
