"""FieldNet: the embedded generator as a torch module, BigGAN's interface without its weights.

(z, classes) -> picture, where every number in the network comes from a fixed seed: there is nothing
to train and nothing to download. Three layers are conditioned separately, as in BigGAN:

    coarse   where the plane is looked at: zoom, turn, focus, warp, symmetry and its number of folds
    middle   what stands there: one of six worlds (or a mixture), its frequency, relief and detail
    fine     how it is lit and coloured: palette in OKLab, key light, gloss, filaments, glow

The way of a picture: coordinates on a coarse grid are moved, warped and folded; a small network of
sines turns them into smooth scalar fields; the fields are up-sampled (plane.py) and become one
height map a pixel, made of the reliefs of the worlds (worlds.py); the height map is lit like a
surface, coloured in OKLab, given bloom, and tone mapped. Every step is continuous in z and classes.

torch is needed only to define and export this; the show runs the exported graph (embedded.py).
"""

import math
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from livesing.generation.fieldnet_planes import (
    fraction,
    gradient,
    grid_gradient,
    grow,
    shrink,
    unbeaded,
    upsample,
    weighed,
)
from livesing.generation.fieldnet_style import (
    COOL,
    LAB_TO_LMS,
    LMS_TO_RGB,
    Style,
    high_key,
    palette,
    spread,
)
from livesing.generation.plane import View
from livesing.generation.worlds import (
    CLASSES,
    COARSE,
    FINE,
    MATERIAL,
    MIDDLE,
    SEED,
    WORLDS,
    class_tables,
    material_table,
)

Z_DIM = 128
LAYERS = 3
EMBEDDING = 20  # free coordinates of a class beside its named style: they shape the fields
HIDDEN = 24  # width of the sine network
FOLDS = (2, 3, 4, 5, 6, 8)  # rotational symmetries
WAVES = 6  # plane waves whose sum makes the cells of the organic world
MIRRORS = (2.1, 1.1, 0.55, 0.3)  # offsets of the successive mirror folds that make facets

EDDY_STEEPEST = 30.0  # how soon fine eddies fade: this times the square of the field's rise a grid step
STARS = 7.0  # cells of the starry sky a plane unit

EXPOSURE = 1.35  # of linear light before the tone curve


@dataclass(frozen=True)
class Fields:
    """Smooth fields, each [B, gw, gh] on the coarse grid and [B, H, W] after up-sampling."""

    fold: Tensor  # phase of the folds
    vein: Tensor  # phase of the veins: ripples, and filaments at its zeros
    fineness: Tensor  # 1 / (gradient of that phase x width of a filament)
    gate: Tensor  # where filaments may shine
    base: Tensor  # height of cells and clouds
    hue: Tensor  # where the second colour takes over
    p: Tensor  # coordinates under the mirrors
    q: Tensor
    pool: Tensor  # the pool of light round the focus

    def tensors(self) -> list[Tensor]:
        return [getattr(self, field.name) for field in fields(self)]


class FieldNet(nn.Module):
    """z [B, 3, 128], classes [B, 3, 1000], the arrays of a View -> image [B, 3, H, W] in [-1, 1].

    z [B, 128] and classes [B, 1000] mean the same condition for the three layers. Rows of `classes`
    are mixtures that sum to 1. The same seed gives the same network, bit by bit.
    """

    def __init__(self, seed: int = SEED) -> None:
        super().__init__()
        rng = np.random.RandomState(seed)  # its stream is frozen by numpy's policy
        for layer, table in class_tables(rng).items():
            nudge = rng.randn(Z_DIM, table.shape[1]) * 0.26 / math.sqrt(Z_DIM)
            if layer == "middle":
                nudge[:, : len(WORLDS)] *= 0.4  # z hardly moves a class to another world
            self._fix(f"{layer}_table", table)
            self._fix(f"{layer}_nudge", nudge)
        condition = Z_DIM + EMBEDDING
        self._fix("embedding", rng.randn(CLASSES, EMBEDDING))
        self._fix("coarse_phase", rng.randn(condition, 9) * 0.085)
        # of u, v, u v, radius, harmonic, harmonic v
        reach = np.array([1.0, 1.0, 0.35, 0.8, 0.45, 0.45]) * 1.05
        self._fix("hidden_weight", rng.randn(HIDDEN, 6) * reach)
        self._fix("hidden_bias", rng.randn(condition, HIDDEN) * 0.16)
        self._fix("second_weight", rng.randn(HIDDEN, HIDDEN) * 1.9 / math.sqrt(HIDDEN))
        self._fix("second_gain", rng.randn(condition, HIDDEN) * 0.06)
        self._fix("second_bias", rng.randn(condition, HIDDEN) * 0.08)
        self._fix("first_field", rng.randn(5, HIDDEN) * 1.2 / math.sqrt(HIDDEN))
        self._fix("second_field", rng.randn(5, HIDDEN) * 1.2 / math.sqrt(HIDDEN))
        angle = (np.arange(WAVES) + 0.35 * rng.rand(WAVES)) * math.pi / WAVES
        self._fix("wave_direction", np.stack([np.cos(angle), np.sin(angle)], 1))
        self._fix("wave_phase", rng.randn(condition, WAVES) * 0.3)
        self._fix("material", material_table())
        self._fix("cool", np.array(COOL))
        self._fix("lab_to_lms", np.array(LAB_TO_LMS))
        self._fix("lms_to_rgb", np.array(LMS_TO_RGB) * EXPOSURE)

    def _fix(self, name: str, values: NDArray[np.float64]) -> None:
        self.register_buffer(name, torch.from_numpy(values.astype(np.float32)))

    def forward(self, z: Tensor, classes: Tensor, *arrays: Tensor) -> Tensor:
        """`arrays`: those of a View, in its order."""
        return self.bytes(z, classes, *arrays) / 127.5 - 1

    def bytes(self, z: Tensor, classes: Tensor, *arrays: Tensor) -> Tensor:
        """The picture as [B, 3, H, W] in [0, 255], gamma coded, not rounded."""
        if z.dim() == 2:
            z = z[:, None].expand(-1, LAYERS, -1)
        if classes.dim() == 2:
            classes = classes[:, None].expand(-1, LAYERS, -1)
        classes = spread(classes)
        coarse = self._style("coarse", COARSE, z[:, 0], classes[:, 0])
        middle = self._style("middle", MIDDLE, z[:, 1], classes[:, 1])
        fine = self._style("fine", FINE, z[:, 2], classes[:, 2])
        worlds = torch.softmax(4 * torch.stack([middle.flat(world) for world in WORLDS], 1), 1)
        mix = Style(tuple(MATERIAL), worlds @ self.material)
        place = torch.cat([z[:, 0], classes[:, 0] @ self.embedding], 1)
        matter = torch.cat([z[:, 1], classes[:, 1] @ self.embedding], 1)
        grid_x, grid_y, texel = arrays[0], arrays[1], arrays[10]
        u, v, radius, harmonic, focus = self._coordinates(coarse, mix, place, grid_x, grid_y)
        step = grid_y[0, 1] - grid_y[0, 0]
        grid = self._fields(u, v, radius, harmonic, focus, middle, fine, mix, matter, texel, step)
        planes = upsample(torch.stack(grid.tensors(), 1), *arrays[2:6])
        stars = self._stars(coarse, middle, mix, place, arrays)
        return self._shade(Fields(*planes), stars, middle, fine, mix, arrays[6:10], texel)

    def _style(self, layer: str, names: tuple[str, ...], z: Tensor, classes: Tensor) -> Style:
        raw = classes @ getattr(self, f"{layer}_table") + z @ getattr(self, f"{layer}_nudge")
        return Style(names, torch.tanh(1.2 * raw) * 1.15)

    def _coordinates(
        self, coarse: Style, mix: Style, place: Tensor, grid_x: Tensor, grid_y: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """u, v, radius, harmonic and focus on the coarse grid, each [B, gw, gh].

        Symmetry replaces u and v by combinations of the radius and cos(n angle), which do not
        change under a turn by an n-th of the circle: all that follows inherits the symmetry.
        """
        phase = (place @ self.coarse_phase)[:, :, None, None].unbind(1)
        x = grid_x[None] - 0.62 * coarse["focus_x"]
        y = grid_y[None] - 0.34 * coarse["focus_y"]
        size = 0.85 + 0.3 * coarse["focus_size"]
        focus = torch.exp((x * x + y * y) * (-1 / (size * size)))
        symmetry = torch.sigmoid(7 * coarse["symmetry"] - 2.2)
        zoom = torch.exp(0.70 * coarse["zoom"])
        turn = 0.9 * phase[0]
        cos, sin = torch.cos(turn) * zoom, torch.sin(turn) * zoom
        drift = 0.7 * (1 - symmetry)
        u = cos * x - sin * y + drift * phase[1]
        v = sin * x + cos * y + drift * phase[2]
        strength = (0.26 + 0.14 * coarse["warp"]) * mix["warp"] * (1 - 0.6 * symmetry)
        scale = torch.exp(0.25 * coarse["warp_scale"])
        for octave in range(3):
            k = scale * 2.0**octave * 1.9
            amount = strength * 0.62**octave
            u = u + amount * torch.sin(k * v + 2 * phase[3 + 2 * octave])
            v = v + amount * torch.sin(1.13 * k * u + 2 * phase[4 + 2 * octave])
        square = u * u + v * v + 0.10  # never 0: no cone and no pinwheel at the centre
        radius = torch.sqrt(square)
        harmonic = self._harmonic(u / radius, v / radius, radius, coarse)
        depth = torch.sigmoid(5 * coarse["depth"] - 1.5)  # log(r): rings repeat toward the centre
        deep = radius + depth * (0.45 * torch.log(square) + 0.4 - radius)
        ring = 1.25 * deep + 0.22 * harmonic * radius
        petal = harmonic * (0.24 + 0.48 * radius)
        u = u + symmetry * (ring - u)
        v = v + symmetry * (petal - v)
        return u, v, radius, symmetry * harmonic, focus

    def _harmonic(self, cos: Tensor, sin: Tensor, radius: Tensor, coarse: Style) -> Tensor:
        """cos(n angle), by powers of the complex number (cos, sin), which is 0 at the centre.

        Between two fold numbers the harmonics are mixed; the swirl turns them with the radius.
        """
        position = 2.5 + 2.6 * coarse["folds"]
        powers = {1: (cos, sin)}
        for n in range(2, max(FOLDS) + 1):
            (a, b), (c, d) = powers[n // 2], powers[n - n // 2]
            powers[n] = (a * c - b * d, a * d + b * c)
        index = torch.arange(len(FOLDS), dtype=torch.float32)
        near = torch.softmax(-6 * (position - index) ** 2, 2)
        real, imaginary = torch.zeros_like(cos), torch.zeros_like(cos)
        for i, n in enumerate(FOLDS):
            weight = near[:, :, i : i + 1]
            real = real + weight * powers[n][0]
            imaginary = imaginary + weight * powers[n][1]
        swirl = 0.8 * coarse["swirl"] ** 3 * radius
        return real * torch.cos(swirl) - imaginary * torch.sin(swirl)

    def _fields(
        self, u: Tensor, v: Tensor, radius: Tensor, harmonic: Tensor, focus: Tensor,
        middle: Style, fine: Style, mix: Style, matter: Tensor, texel: Tensor, step: Tensor,
    ) -> Fields:  # fmt: skip
        """The network of sines, and what of the picture is smooth enough for the coarse grid."""
        frequency = mix["frequency"] * torch.exp(0.23 + 0.62 * middle["frequency"])
        features = [u, v, u * v, radius, harmonic, harmonic * v, torch.ones_like(u)]
        bias = (matter @ self.hidden_bias)[:, :, None]
        weight = torch.cat([frequency * self.hidden_weight, bias], 2)
        first = torch.sin(torch.matmul(weight, torch.stack(features, 1).flatten(2)))
        gain = 1 + 0.4 * torch.tanh(matter @ self.second_gain)[:, :, None]
        shift = (matter @ self.second_bias)[:, :, None]
        second = torch.tanh(torch.matmul(gain * self.second_weight, first) + shift)
        smooth = torch.matmul(self.first_field, first) + torch.matmul(self.second_field, second)
        a, b, m, n, s = unbeaded(smooth.unflatten(2, u.shape[1:])).unbind(1)

        # each octave is bent by the one before, as gas by the eddies in it; where the field is so steep that
        # the grid could not hold its waves, the fine ones fade
        along, down = grid_gradient(b, step)
        held = 1 / (1 + (EDDY_STEEPEST * step * step) * (along * along + down * down))
        eddy = torch.sin(2.6 * b + 2.2 * s)
        eddy = 0.5 * eddy + (0.34 * held) * torch.sin(5.3 * a + 2.4 * eddy + 1.7 * n)
        eddy = eddy + (0.2 * held * held) * torch.sin(8.7 * b + 2.7 * eddy + 2.9 * m)

        calm = 0.35 + 0.65 * focus  # detail gathers round the focus, the rest is calm
        k = 10.5 * torch.exp(0.6 * middle["frequency"])
        bent = torch.stack([u + 0.10 * a, v + 0.10 * b], 1).flatten(2)
        phase = (matter @ self.wave_phase)[:, :, None]
        waves = torch.sin(torch.matmul(k * self.wave_direction, bent) + phase)
        cell = torch.tanh(waves.sum(1).unflatten(1, u.shape[1:]) + 0.8 * middle["threshold"])

        vein = 4.2 * torch.exp(0.75 * middle["detail"]) * b + 1.2 * n
        along, down = grid_gradient(vein, step)
        width = 0.0028 * mix["wisp"] + texel  # of a filament: never under a pixel
        fineness = torch.rsqrt((along * along + down * down + 0.5) * (width * width))
        amount = (0.5 + 0.5 * fine["filament"]) * mix["line"]
        right = mix["right_angle"]
        scale = mix["mirror"] * torch.exp(0.75 * middle["facet_scale"])
        bend = 0.16 * (1 - 0.7 * right)
        key = high_key(fine)
        return Fields(
            fold=(mix["pleat"] * (2.1 + 1.2 * middle["pleat"])) * a + 1.1 * b,
            vein=vein,
            fineness=fineness,
            gate=torch.sigmoid(3.2 * n - 0.4) * calm * amount,
            base=mix["cell"] * (cell * calm) + mix["cloud"] * s + mix["eddy"] * eddy,
            hue=2.2 * m + (1.4 * mix["cell"]) * cell,
            p=scale * u + bend * a,
            q=scale * v + bend * b,
            pool=(0.66 + 0.24 * key) + (0.54 - 0.34 * key) * focus,
        )

    def _shade(
        self, f: Fields, stars: Tensor, middle: Style, fine: Style, mix: Style,
        blur: tuple[Tensor, ...], texel: Tensor,
    ) -> Tensor:  # fmt: skip
        vein = torch.sin(f.vein)
        facet, crease, jewel = self._facets(f, middle, mix, texel)
        height = f.base + mix["silk"] * torch.sin(f.fold) + mix["ripple"] * vein
        height = height + mix["facet"] * facet

        slope_x, slope_y = gradient(height)
        relief = mix["relief"] * torch.exp(0.10 + 0.70 * middle["relief"]) / -texel
        nx, ny = slope_x * relief, slope_y * relief
        up = torch.rsqrt(nx * nx + ny * ny + 1)
        lambert = (nx * (0.6 * fine["light_x"]) + ny * (0.25 * fine["light_y"] - 0.5) + 0.72) * up
        gloss = torch.relu(lambert)
        for _ in range(4):
            gloss = gloss * gloss
        half = 0.5 + 0.5 * lambert  # half-Lambert: shadows keep their form
        half = half * (0.5 + 0.65 * half)
        wide = shrink(height, blur)
        hollow = torch.tanh(height - grow(wide, blur))  # ambient light: ridges get more
        ambient = mix["ambient"]
        # a factor on cube roots of LMS is a factor of light that leaves the hue untouched
        light = half * (1 - ambient) + 0.8 * ambient
        light = (light + (0.14 * mix["shade"] * (1 + 0.4 * fine["shade"])) * hollow) * f.pool

        sharp = mix["sharp"] * torch.exp(0.5 * middle["threshold"])
        level = 0.65 * wide.mean((1, 2), keepdim=True)  # or a picture could lie wholly in the dark
        tone = torch.sigmoid(sharp * height - sharp * level)
        light = light * (1 - mix["void"] * (1 - tone))  # gas shines by itself, and between it nothing does
        other = torch.sigmoid(f.hue + (0.9 * mix["facet"]) * facet)
        thin = vein * f.fineness
        line = f.gate / (1 + thin * thin)
        line = line + (mix["facet"] * (0.25 + 0.25 * fine["filament"])) * crease
        line = line + mix["jewel"] * jewel
        gleam = mix["gloss"] * (0.28 + 0.22 * fine["gloss"])
        spark = gleam * gloss + (0.22 * mix["gloss"]) * (1 - up) + stars * (1.1 - tone)
        bloom = grow(shrink(line + spark * spark, blur), blur)

        matrix = palette(fine, mix, self.cool, self.lab_to_lms)
        planes = torch.stack([light, light * tone, light * other, line, spark, bloom], 1)
        lms = torch.matmul(matrix, planes.flatten(2))
        linear = torch.relu(torch.matmul(self.lms_to_rgb, lms * lms * lms))
        # tanh of the square root: a gamma of 2 with a soft shoulder toward white
        coded = 255 * torch.tanh(torch.sqrt(linear))
        return coded.unflatten(2, height.shape[1:])

    def _stars(
        self, coarse: Style, middle: Style, mix: Style, place: Tensor, arrays: tuple[Tensor, ...]
    ) -> Tensor:
        """Points of light [B, H, W] on the plane as it is before the warp: rows of them that are shifted,
        each at a height in its row and of a magnitude that are drawn from its numbers."""
        x = weighed(arrays[0][:, 0], arrays[2], arrays[3])[None, None]
        y = weighed(arrays[1][0], arrays[4], arrays[5])[None, :, None]
        _, across, down, *_ = (place @ self.coarse_phase)[:, :, None, None].unbind(1)
        zoom = STARS * torch.exp(0.2 * coarse["zoom"] + 0.35 * middle["detail"])
        v = zoom * y + 4 * down
        row = torch.floor(v)
        u = (zoom * x + 4 * across) + 9 * fraction(0.7548 * row * row)
        column = torch.round(u)
        number = 0.6180 * column + (0.5698 * row + 0.1)
        drawn = fraction(number * number)
        magnitude = fraction(57.3 * drawn)
        magnitude = magnitude * magnitude
        away_x, away_y = u - column, (v - row - 0.18) - 0.64 * drawn
        near = away_x * away_x + away_y * away_y
        near = near * (zoom * (0.0024 + 0.8 * arrays[10])) ** -2.0
        return (magnitude * magnitude + 0.06) * mix["star"] / (near * near + 1)

    def _facets(self, f: Fields, middle: Style, mix: Style, texel: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Folded mirrors: a piecewise flat height, its bright creases, and jewels in the corners.

        Each fold mirrors both axes and turns them, so four folds make up to 256 copies.
        """
        scale = mix["mirror"] * torch.exp(0.75 * middle["facet_scale"])
        free = 1.05 + 0.5 * middle["facet_turn"]
        angle = free + mix["right_angle"] * (math.pi / 4 - free)
        cos, sin = torch.cos(angle), torch.sin(angle)
        soft = (1.6 * texel * scale) ** 2  # mirrors are rounded over a pixel or two: no aliasing
        p, q = f.p, f.q
        for offset in MIRRORS:
            p = torch.sqrt(p * p + soft)
            q = torch.sqrt(q * q + soft)
            p, q = (
                cos * p - (sin * q + (cos - 0.7 * sin) * offset),
                sin * p + (cos * q - (sin + 0.7 * cos) * offset),
            )
        near = p * p
        crease = 1 / (1 + 2500 * near)
        corner = q - 0.2
        jewel = 1 / (1 + 3000 * (near + corner * corner))
        facet = (torch.sqrt(near + soft) + (0.6 * q - 0.3)) * (2.2 / scale)
        return facet, crease, jewel


def view_tensors(view: View) -> tuple[Tensor, ...]:
    """The arrays of a View as tensors, in the order forward() takes them."""
    return tuple(torch.from_numpy(array) for array in view.arrays().values())
