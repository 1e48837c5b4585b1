"""The deep tier's network in torch, for training and for a GPU, and what runs any encoders and decoders.

The own network has three levels of 16, 32 and 64 channels at scales 1, 1/2 and 1/4. Encoders are not trained
but found by k-means (Coates & Ng 2012, "Learning Feature Representations with K-means"). Pictures are made
smaller by a binomial filter and larger bilinearly: maximum pooling and nearest neighbours would make a moving
picture flicker.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from livesing.style.deep import OWN_MOST_GAIN, OWN_SHARES, Result, working_size
from livesing.style.feature_transform import FeatureMap, FeatureStatistics

CHANNELS = (16, 32, 64)
"""Of levels 1, 2 and 3."""
DECODERS = (((16, 3),), ((32, 16), (16, 3)), ((64, 32), (32, 16), (16, 3)))
"""Channels into and out of the convolutions of decoders 1, 2 and 3; the picture doubles between them."""
BLUR = (1 / 8, 3 / 8, 3 / 8, 1 / 8)
PAD = 24
"""Pixels added around the working picture: what convolutions see beyond its edge is the edge."""


def blur_pool(x: Tensor) -> Tensor:
    """[N, C, h, w], even sides -> [N, C, h / 2, w / 2], smoothed by BLUR along both axes."""
    taps = x.new_tensor(BLUR)
    kernel = (taps[:, None] * taps[None, :]).expand(x.shape[1], 1, 4, 4)
    return F.conv2d(x, kernel, stride=2, padding=1, groups=x.shape[1])


class DeepNet(nn.Module):
    """Encoders and decoders of levels 1 to 3; weights by name as in `deep.safetensors`."""

    def __init__(self) -> None:
        super().__init__()
        shapes: dict[str, tuple[int, ...]] = {}
        wide = (3, *CHANNELS)
        for level in (1, 2, 3):
            shapes[f"encoder{level}"] = wide[level], wide[level - 1]
            for number, (into, out) in enumerate(DECODERS[level - 1]):
                shapes[f"decoder{level}_{number}"] = out, into
        for name, (out, into) in shapes.items():
            self.register_parameter(f"{name}_weight", nn.Parameter(torch.zeros(out, into, 3, 3)))
            self.register_parameter(f"{name}_bias", nn.Parameter(torch.zeros(out)))

    def layer(self, name: str, x: Tensor) -> Tensor:
        """A convolution by its name."""
        return F.conv2d(x, getattr(self, f"{name}_weight"), getattr(self, f"{name}_bias"), padding=1)

    def encode(self, picture: Tensor, level: int) -> Tensor:
        """[N, 3, h, w] in 0..1, sides that divide by 4 -> the features of a level."""
        x = F.relu(self.layer("encoder1", picture))
        for deeper in range(2, level + 1):
            x = F.relu(self.layer(f"encoder{deeper}", blur_pool(x)))
        return x

    def decode(self, features: Tensor, level: int) -> Tensor:
        """The picture that has these features."""
        x = features
        for number in range(level):
            if number:
                x = F.interpolate(F.relu(x), scale_factor=2, mode="bilinear", align_corners=False)
            x = self.layer(f"decoder{level}_{number}", x)
        return x


class TorchCascade:
    """Implements Cascade for any encoders and decoders of pictures, on a GPU where there is one."""

    def __init__(
        self,
        levels: Sequence[nn.Module],
        channels: Sequence[int],
        multiple: int,
        device: str | None = None,
        shares: Sequence[float] = (),
        most_gain: float = math.inf,
    ) -> None:
        """`levels`: modules with `encode` and `decode`, from the coarsest to the finest; `multiple`: of what
        a picture's sides are made; `shares` of the strength, all of it by default."""
        self.device = device or ("cuda" if has_gpu() else "cpu")
        if self.device == "cpu":
            torch.set_num_threads(1)  # of the whole process; with more, busy ones wait for one another
        self.channels = tuple(channels)
        self.most_gain = most_gain
        self.shares = tuple(shares) if shares else (1.0,) * len(self.channels)
        self.note = f"torch, {self.device}"
        self._levels = [level.to(self.device).eval() for level in levels]
        self._multiple = multiple

    def run(self, pixels: np.ndarray, rows: int, maps: Sequence[FeatureMap], loose: float) -> Result:
        height, width = pixels.shape[:2]
        with torch.inference_mode():
            frame = torch.from_numpy(np.ascontiguousarray(pixels[..., :3])).to(self.device)
            frame = frame.permute(2, 0, 1)[None].float() / 255
            size = working_size(height, width, rows, self._multiple)
            low = F.interpolate(frame, size, mode="bilinear", align_corners=False, antialias=True)
            # the edge is held once, around the whole: holding it at each convolution costs as much as these
            padded = F.pad(low, (PAD, PAD, PAD, PAD), mode="replicate")
            x, seen = padded, []
            for level, change in zip(self._levels, maps, strict=True):
                features = level.encode(x)
                edge = PAD * features.shape[-2] // x.shape[-2]
                seen.append(_statistics(features[0, :, edge:-edge, edge:-edge]))
                matrix, offset = (
                    torch.tensor(part, dtype=torch.float32, device=self.device) for part in change
                )
                changed = torch.einsum("ij,njhw->nihw", matrix, features) + offset[:, None, None]
                y, own = level.decode(changed), level.decode(features)
                x = x + (y - own) + loose * (own - x)
            change = (x - padded)[..., PAD:-PAD, PAD:-PAD]
            y, base = (
                F.interpolate(part, (height, width), mode="bilinear", align_corners=False)
                for part in (change, low)
            )
            out = frame + y + loose * (base - frame)
            painted = (out[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
        return Result(np.concatenate([painted, pixels[..., 3:]], 2), tuple(seen))


class Level(nn.Module):
    """One level of DeepNet, as TorchCascade wants it."""

    def __init__(self, net: DeepNet, level: int) -> None:
        super().__init__()
        self.net, self.level = net, level

    def encode(self, picture: Tensor) -> Tensor:
        return self.net.encode(picture, self.level)

    def decode(self, features: Tensor) -> Tensor:
        return self.net.decode(features, self.level)


def own_cascade(weights: Mapping[str, np.ndarray], device: str | None = None) -> TorchCascade:
    """livesing's own network; `weights` are the arrays of `deep.safetensors`."""
    net = DeepNet()
    net.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in weights.items()})
    return TorchCascade(
        [Level(net, level) for level in (3, 2, 1)], CHANNELS[::-1], 4, device, OWN_SHARES, OWN_MOST_GAIN
    )


def has_gpu() -> bool:
    """Whether torch has a GPU to run on."""
    return bool(torch.cuda.is_available())


def _statistics(features: Tensor) -> FeatureStatistics:
    flat = features.flatten(1)
    mean = flat.mean(1)
    centred = flat - mean[:, None]
    covariance = centred @ centred.T / flat.shape[1]
    return FeatureStatistics(mean.double().cpu().numpy(), covariance.double().cpu().numpy())
