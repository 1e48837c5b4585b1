"""`livesing doctor`: what this machine has, what the show will use, and how to get what is missing."""

import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
from collections.abc import Callable
from typing import Any

from livesing import __version__, assets
from livesing.errors import LivesingError

PACKAGES = (
    "numpy",
    "sounddevice",
    "soundfile",
    "soxr",
    "aubio-ledfx",
    "onnxruntime",
    "glfw",
    "moderngl",
    "av",
)
EXTRAS = {
    "torch": "BigGAN and training: pip install 'livesing[gan]'",
    "pytorch-pretrained-biggan": "BigGAN: pip install 'livesing[gan]'",
    "openvino": "an engine for processors with bfloat16: pip install 'livesing[openvino]'",
    "python-rtmidi": "the beat from a MIDI clock: pip install 'livesing[midi]'",
    "LinkPython-extern": "the beat from Ableton Link: pip install 'livesing[link]'",
    "torch-tensorrt": "the fastest engine on NVIDIA GPUs: pip install 'livesing[tensorrt]'",
}


def doctor(*, as_json: bool) -> None:
    """Print what was found; every look is safe to fail."""
    found = examine()
    if as_json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:<10} {_words(value)}")


def examine() -> dict[str, Any]:
    """Every look of the doctor, by name."""
    looks: dict[str, Callable[[], Any]] = {
        "livesing": lambda: __version__,
        "system": lambda: (
            f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores"
        ),
        "sound": _sound,
        "midi": _midi,
        "monitors": _monitors,
        "gl": _gl,
        "headless": _headless,
        "gpu": _gpu,
        "generator": _generator,
        "engines": _engines,
        "weights": _weights,
        "presets": _presets,
        "packages": lambda: {name: _version(name) or "missing" for name in PACKAGES},
        "extras": lambda: {name: _version(name) or f"not installed; {gain}" for name, gain in EXTRAS.items()},
    }
    return {name: _try(look) for name, look in looks.items()}


def _try(look: Callable[[], Any]) -> Any:
    try:
        return look()
    except LivesingError as error:
        return f"none: {error}"


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _sound() -> Any:
    from livesing.audio.device import inputs, portaudio

    portaudio()
    devices = inputs()
    if not devices:
        return "no input device: the show plays the demo piece"
    return [f"{device.name} ({device.inputs} channels{', default' * device.default})" for device in devices]


def _midi() -> Any:
    from livesing.control.midi_port import inputs

    return inputs() or "no input"


def _monitors() -> Any:
    from livesing.stage.monitors import connected
    from livesing.stage.window import start_glfw

    start_glfw()
    try:
        return [
            f"{monitor.name} {monitor.width}x{monitor.height}@{monitor.refresh:g}" for monitor in connected()
        ]
    finally:
        import glfw

        glfw.terminate()


def _gl() -> str:
    from livesing.stage.window import WindowSurface

    surface = WindowSurface(64, 64)
    try:
        info = surface.ctx.info
        return f"{info['GL_RENDERER']}, {info['GL_VERSION']}"
    finally:
        surface.close()


def _headless() -> str:
    from livesing.stage.headless import HeadlessSurface

    surface = HeadlessSurface(64, 64)
    try:
        return str(surface.ctx.info["GL_RENDERER"])
    finally:
        surface.close()


def _gpu() -> str:
    if shutil.which("nvidia-smi") is None:
        return "no NVIDIA GPU found: the embedded generator runs on the processor"
    import subprocess

    query = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=False)
    return answer.stdout.strip() or f"nvidia-smi fails: {answer.stderr.strip()}"


def _generator() -> str:
    if importlib.util.find_spec("onnxruntime") is None:
        return "none: onnxruntime is missing; the shader scene goes on alone"
    from livesing.generation.engine import Source
    from livesing.generation.large_frames import LargeFrames

    kinds = " or ".join(LargeFrames().here(Source("embedded"), ()))
    large = f"embedded, on the GPU by {kinds}, as large as comes in time; " if kinds else ""
    return f"{large}embedded, by onnxruntime on the processor; then the shader scene, then the last frame"


def _engines() -> Any:
    """Which run BigGAN and StyleGAN2 here, or what they lack; and what is built."""
    from livesing.generation.engine import Source
    from livesing.generation.engine_cache import EngineCache
    from livesing.generation.engine_kinds import KINDS
    from livesing.generation.engine_open import lacking

    lacks = lacking(Source("stylegan2", seed=0))
    entries = EngineCache().entries()
    bad = sum(bool(entry.trouble) for entry in entries)
    built = f"{len(entries)}, {sum(entry.megabytes for entry in entries):.0f} MB" + (
        f"; {bad} to be built anew" if bad else ""
    )
    return {name: lacks.get(name, "runs here") for name in KINDS} | {"built": built}


def _weights() -> Any:
    from livesing.generation.weights_known import KNOWN, fetched

    return {
        known.name: str(fetched(known.name) or f"not here; {known.megabytes} MB by `livesing weights get`")
        for known in KNOWN.values()
    }


def _presets() -> Any:
    from livesing.preset import PresetFolder

    folder = PresetFolder(assets.folder("presets"))
    _, messages = folder.poll()
    return [preset.name for preset in folder.presets] + messages


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(f"\n           {name}: {text}" for name, text in value.items())
    if isinstance(value, list):
        return "; ".join(value) or "none"
    return str(value)
