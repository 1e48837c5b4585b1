"""MobileNetV2 that answers (valence, arousal), as in deepsing: our own module with torchvision's layout of
weights.

The layers are those of Sandler et al. 2018, table 2. Names and shapes of the weights are torchvision's
(`mobilenet_v2`: features.0.0.weight ... features.18.1.running_var), so a backbone that was trained on
ImageNet can be loaded; its `classifier.*`, the names of a thousand things, gives way to two numbers.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from livesing.errors import UsageError

SETTINGS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""Widening, channels, repeats and stride of the first repeat."""
STEM, LAST = 32, 1280
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pictures in 0..1: what torchvision's weights expect."""


def _layer(inner: int, outer: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Filter, norm and ReLU6; the names of its weights are 0.* and 1.*."""
    return nn.Sequential(
        nn.Conv2d(inner, outer, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outer),
        nn.ReLU6(),
    )


class InvertedResidual(nn.Module):
    """Widen, filter each channel, narrow again; with a shortcut where the size stays."""

    def __init__(self, inner: int, outer: int, stride: int, widening: int) -> None:
        super().__init__()
        wide = inner * widening
        layers: list[nn.Module] = [] if widening == 1 else [_layer(inner, wide, 1)]
        layers += [
            _layer(wide, wide, 3, stride, wide),
            nn.Conv2d(wide, outer, 1, bias=False),
            nn.BatchNorm2d(outer),
        ]
        self.conv = nn.Sequential(*layers)
        self.shortcut = stride == 1 and inner == outer

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.conv(x)
        return x + result if self.shortcut else result


class MobileNetV2(nn.Module):
    """Pictures float [N, 3, H, W] in 0..1 (sRGB; 224 x 224 in the paper) -> [N, 2] (valence, arousal)."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(1, 3, 1, 1), persistent=False)
        layers: list[nn.Module] = [_layer(3, STEM, 3, 2)]
        width = STEM
        for widening, channels, repeats, stride in SETTINGS:
            for repeat in range(repeats):
                layers.append(InvertedResidual(width, channels, stride if repeat == 0 else 1, widening))
                width = channels
        layers.append(_layer(width, LAST, 1))
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(LAST, 2))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
        nn.init.zeros_(self.head[1].bias)
        nn.init.normal_(self.head[1].weight, 0, 0.01)

    def pooled(self, pictures: Tensor) -> Tensor:
        """The 1280 features of each picture, [N, 1280]."""
        return self.features((pictures - self.mean) / self.deviation).mean((2, 3))

    def forward(self, pictures: Tensor) -> Tensor:
        answer: Tensor = self.head(self.pooled(pictures))
        return answer

    def load_backbone(self, weights: Mapping[str, Tensor], source: str = "the backbone") -> None:
        """Take `features.*` from a state dict in torchvision's layout, or from one of our own.

        Raises UsageError that names the first tensor that is missing, too many, or of another shape; nothing
        is loaded then.
        """
        own = {f"features.{name}": tensor for name, tensor in self.features.state_dict().items()}
        given = {
            name: tensor for name, tensor in weights.items() if not name.startswith(("classifier.", "head."))
        }
        for name in own:
            if name.endswith("num_batches_tracked"):
                given.setdefault(name, own[name])  # absent from old files
        for name, tensor in own.items():
            if name not in given:
                raise UsageError(f"{source} is no MobileNetV2: it has no {name}")
            if given[name].shape != tensor.shape:
                shapes = f"{list(given[name].shape)} instead of {list(tensor.shape)}"
                raise UsageError(f"{source} is another MobileNetV2: {name} is {shapes}")
            if not torch.isfinite(given[name].float()).all():
                raise UsageError(f"{source} has numbers in {name} that are not finite")
        if strange := sorted(given.keys() - own.keys()):
            raise UsageError(f"{source} is no MobileNetV2: it has {strange[0]}")
        self.features.load_state_dict(
            {name.removeprefix("features."): tensor for name, tensor in given.items()}
        )
