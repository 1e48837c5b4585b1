"""What every engine runs, as one torch module: latents in, a float picture and packed pixels out."""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn

from livesing.errors import EngineError, WeightsError
from livesing.generation.biggan import BigGAN
from livesing.generation.biggan_config import CONFIGS, BigGANConfig
from livesing.generation.biggan_layouts import package_state
from livesing.generation.biggan_reference import random_state
from livesing.generation.engine import Floats, Latents, Precision, Source, probe
from livesing.generation.fieldnet import FieldNet, view_tensors
from livesing.generation.plane import view
from livesing.generation.stylegan2_weights import network as stylegan2_network
from livesing.generation.stylegan2_weights import random_network
from livesing.generation.weights_file import read


class Graph(nn.Module):
    """z [1, 3, 128], classes [1, 3, 1000], truncation [1] -> image float32 [1, 3, H, W] in [-1, 1], and rgba
    int32 [1, H, W]: red, green, blue and 255 from the lowest byte up, so that on a little-endian machine its
    memory is the picture as uint8 [H, W, 4]."""

    def __init__(self, net: nn.Module, size: tuple[int, int]) -> None:
        super().__init__()
        self.net = net
        self.size = size

    def lower(self, precision: Precision) -> "Graph":
        """In this precision from here on, in place -> itself."""
        if precision == "float16":
            self.net.halve()
        return self

    def forward(self, z: Tensor, classes: Tensor, truncation: Tensor) -> tuple[Tensor, Tensor]:
        image = self.net(z, classes, truncation).float().clamp(-1, 1)
        byte = torch.floor(image * 127.5 + 128.0)
        packed = byte[:, 0] + 256.0 * byte[:, 1] + 65536.0 * byte[:, 2]  # exact below 2^24
        return image, packed.to(torch.int32) - 0x1000000


class Framed(nn.Module):
    """FieldNet with the view of one picture size inside; the embedded generator has no truncation."""

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self.field = FieldNet()
        for number, tensor in enumerate(view_tensors(view(*size))):
            self.register_buffer(f"view_{number}", tensor)

    def forward(self, z: Tensor, classes: Tensor, truncation: Tensor) -> Tensor:
        arrays = [buffer for name, buffer in self.named_buffers(recurse=False) if name.startswith("view_")]
        with torch.device(z.device):  # FieldNet makes a constant on its way, which belongs there too
            picture: Tensor = self.field(z, classes, *arrays)
        return picture


def graph(source: Source) -> Graph:
    """The network of a source in float32 on the processor. Raises WeightsError or EngineError."""
    if source.generator == "embedded":
        size = source.size or (512, 288)
        return Graph(Framed(size), size).eval()
    if source.generator in CONFIGS:
        config = CONFIGS[source.generator]
        net = BigGAN.from_state(biggan_state(source), config)
        return Graph(net, (config.resolution, config.resolution)).eval()
    if source.generator == "stylegan2":
        if source.seed is not None:
            style = random_network(source.seed)
        else:
            style = stylegan2_network(_content(source))
        return Graph(style, (style.resolution, style.resolution)).eval()
    raise EngineError(f"there is no generator {source.generator!r}")


def _content(source: Source) -> dict[str, object]:
    if source.weights is None:
        raise WeightsError(f"{source.generator} needs weights: `livesing weights list` tells where from")
    return read(source.weights)


def biggan_state(source: Source) -> dict[str, Tensor]:
    """The weights of a BigGAN under the package's names, whichever the file has. Raises WeightsError."""
    if source.seed is not None:
        return dict(_random(CONFIGS[source.generator], source.seed))
    return package_state(_content(source), str(source.weights))


@lru_cache(maxsize=1)
def _random(config: BigGANConfig, seed: int) -> dict[str, Tensor]:
    """Made once for a run of measurements, which asks for them ten times; to be read alone."""
    with torch.inference_mode(False):  # who asks first may be in it, who asks later not
        return random_state(config, seed)


def to_tensors(latents: Latents, device: str = "cpu") -> tuple[Tensor, ...]:
    return tuple(torch.from_numpy(array).to(device) for array in latents)


@torch.inference_mode()
def reference(source: Source, device: str = "cpu") -> Floats:
    """The picture of the self-test's latents in float32, [1, 3, H, W] in [-1, 1]."""
    net = graph(source).to(device)
    rounded = torch.backends.cudnn.allow_tf32  # the usual: convolutions with ten bits of mantissa
    torch.backends.cudnn.allow_tf32 = False
    try:
        image, _ = net(*to_tensors(probe(), device))
        picture: Floats = image.cpu().numpy().astype(np.float32)
    finally:
        torch.backends.cudnn.allow_tf32 = rounded
    return picture
