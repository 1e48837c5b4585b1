"""What a file of weights is: read whole, every name and shape compared."""

from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from livesing.errors import WeightsError
from livesing.generation.biggan_config import CONFIGS, state_shapes
from livesing.generation.biggan_fold import check_state
from livesing.generation.biggan_layouts import package_state
from livesing.generation.stylegan2_weights import is_stylegan2, network
from livesing.generation.weights_file import damaged_part, read


class Checked(NamedTuple):
    """A file that holds a generator's weights."""

    generator: str
    """As `--generator` takes it."""
    words: str


def check_file(path: Path) -> Checked:
    """Which generator's weights a file holds. Raises WeightsError when it is of none known, or not whole."""
    content = read(path)
    damaged = damaged_part(path)
    if damaged:
        raise WeightsError(f"{path.name} is damaged: the checksum of {damaged} does not hold")
    if is_stylegan2(content):
        size = network(content).resolution
        return Checked("stylegan2", f"StyleGAN2, {size}x{size}, {len(content)} entries")
    state = package_state(content, path.name)
    # the nearest of the three, so that the message tells what is amiss with the one that was meant
    nearest = max(CONFIGS.values(), key=lambda config: _alike(state, state_shapes(config)))
    if not _alike(state, state_shapes(nearest)):
        raise WeightsError(f"{path.name} holds {len(state)} tensors, of no generator that is known here")
    check_state(state, nearest)
    count = sum(tensor.numel() for tensor in state.values())
    return Checked(nearest.name, f"{nearest.name}, {len(state)} tensors, {count / 1e6:.1f} million numbers")


def _alike(state: dict[str, Tensor], shapes: dict[str, tuple[int, ...]]) -> int:
    """How much they have in common."""
    same = sum(tuple(state[name].shape) == shape for name, shape in shapes.items() if name in state)
    return 0 if same < len(shapes) // 4 else same - len(shapes.keys() ^ state.keys())
