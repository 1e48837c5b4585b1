"""The style pass in numpy, float64, as the shaders are meant to work: what they are tested against."""

import numpy as np

from livesing.stage.carry import Carry
from livesing.style.bands import LEVELS, finest, halve
from livesing.style.masking import MASKED
from livesing.style.rung import Rung
from livesing.style.tones import SIDE, toned
from livesing.style.wct import StyleMaps

ANGLES = 8
SKEW = np.array([[1.0, -0.57735027], [0.0, 1.15470054]])
UNSKEW = np.array([[1.0, 0.5], [0.0, 0.86602540]])


def sample(texture: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Bilinear, edges held. texture: [h, w, c]; uv: [..., 2] -> [..., c]."""
    height, width = texture.shape[:2]
    x = np.clip(uv[..., 0] * width - 0.5, 0, width - 1)
    y = np.clip(uv[..., 1] * height - 0.5, 0, height - 1)
    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    x1, y1 = np.minimum(x0 + 1, width - 1), np.minimum(y0 + 1, height - 1)
    fx, fy = (x - x0)[..., None], (y - y0)[..., None]
    upper = texture[y0, x0] * (1 - fx) + texture[y0, x1] * fx
    lower = texture[y1, x0] * (1 - fx) + texture[y1, x1] * fx
    return upper * (1 - fy) + lower * fy


def centres(width: int, height: int) -> np.ndarray:
    """uv of every pixel, [h, w, 2]."""
    x, y = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
    return np.stack(np.meshgrid(x, y), -1)


def style(
    picture: np.ndarray,
    work: StyleMaps,
    rung: Rung,
    *,
    strength: float = 1.0,
    paint: float,
    grain: float = 64.0,
    follow: float = 1.0,
    carry: Carry | None = None,
    size: tuple[int, int] | None = None,
) -> np.ndarray:
    """[h, w, 3] in 0..1 -> the painted picture of `size` (width, height), not clipped."""
    carry = carry or Carry()
    picture = picture.astype(np.float64)
    height, width = picture.shape[:2]
    begin = finest(height)
    pyramid = [picture]
    for _ in range(max(begin, 0) + LEVELS):
        pyramid.append(halve(pyramid[-1]))

    def level(k: int, uv: np.ndarray) -> np.ndarray:
        return sample(pyramid[max(begin + k, 0)], uv)

    def mapped(k: int, detail: np.ndarray, slope: np.ndarray | float = 1.0) -> np.ndarray:
        energy = (detail**2).sum(-1, keepdims=True)
        edge = detail @ work.maps[-1].T * slope
        y = edge + (detail @ work.maps[k].T - edge) * work.edges[k] / (work.edges[k] + energy)
        return y * seen(detail)

    def seen(detail: np.ndarray) -> np.ndarray:
        energy = (detail**2).sum(-1, keepdims=True)
        return energy / (energy + 3.8e-4)

    def parted(k: int, detail: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        even = detail @ work.maps[-1].T * seen(detail)
        return even, mapped(k, detail) - even

    def detail(uv: np.ndarray) -> list[np.ndarray]:
        levels = [level(k, uv) for k in range(LEVELS)]
        return [mapped(k, levels[k] - levels[k + 1]) for k in range(LEVELS - 1)]

    base = max(begin, 0)
    half = centres(max(width >> base + 1, 1), max(height >> base + 1, 1))
    energy = halve(np.stack([(band**2).sum(-1) for band in detail(half)], -1))
    quarter = centres(max(width >> base + 2, 1), max(height >> base + 2, 1))
    d = 2.0 ** (begin + 2) / np.array([width, height])

    def slope(axis: int) -> np.ndarray:
        step = np.zeros(2)
        step[axis] = d[axis]
        return level(2, quarter + step) - level(2, quarter - step)

    gx, gy = slope(0), slope(1)
    tensor = np.stack([(gx * gx - gy * gy).sum(-1), 2 * (gx * gy).sum(-1), (gx * gx + gy * gy).sum(-1)], -1)
    tensor = halve(halve(tensor))

    first = max(-begin, 0)
    rest: np.ndarray | None = None
    more = np.zeros((1, 1, 3))
    for k in range(LEVELS - 2, first, -1):
        own = pyramid[begin + k]
        places = centres(own.shape[1], own.shape[0])
        if rest is None:
            below = (level(k + 1, places) - work.mean) @ work.maps[-1].T + work.style_mean
        else:
            below = sample(rest, places)
        even, added = parted(k, own - level(k + 1, places))
        rest, more = even + below, added + sample(more, places)
    assert rest is not None
    table = _look_up(rest, work.curve)
    rest, slope = table[..., :3] + more, table[..., 3:]
    uv = centres(*(size or (width, height)))
    y = mapped(first, level(first, uv) - level(first + 1, uv), sample(slope, uv)) + sample(rest, uv)
    here, base = sample(picture, uv), level(0, uv)
    if rung >= Rung.BRUSH:
        own = sample(energy, uv)
        bare = np.clip(1 - own / np.maximum(work.energies, 1e-9), 0, 1)
        most = np.sqrt(MASKED * (work.room + own.sum(-1)) / np.maximum(bare @ work.energies, 1e-9))
        strokes = _strokes(uv, width / height, work, rung, grain, follow, carry, tensor)
        laid = paint * np.einsum("...k,k...c->...c", np.sqrt(bare), strokes)
        light = laid @ np.array([0.299, 0.587, 0.114])
        y = y + laid + (np.minimum(most / paint - 1, 0) * light)[..., None]
    return here + (y + here - base - here) * strength


def _look_up(colours: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """[..., 3] -> [..., 4]: colours as the table has them, and by how much light grows."""
    side = np.linspace(-0.25, 1.25, SIDE)
    table = np.concatenate(
        [
            part.reshape(SIDE, SIDE, SIDE, -1)
            for part in toned(np.stack(np.meshgrid(side, side, side, indexing="ij"), -1), curve)
        ],
        axis=-1,
    )
    at = np.clip((colours + 0.25) * (SIDE - 1) / 1.5, 0, SIDE - 1)
    low = np.minimum(at.astype(int), SIDE - 2)
    found = np.zeros((*colours.shape[:-1], 4))
    for corner in np.ndindex(2, 2, 2):
        weight = np.prod(np.where(np.array(corner) == 1, at - low, 1 - at + low), axis=-1, keepdims=True)
        found += weight * table[tuple(np.moveaxis(low + corner, -1, 0))]
    return found


def _strokes(
    uv: np.ndarray,
    aspect: float,
    work: StyleMaps,
    rung: Rung,
    grain: float,
    follow: float,
    carry: Carry,
    tensor: np.ndarray,
) -> np.ndarray:
    """[4, h, w, 3]: the brush on its lattice."""
    extent = np.array([512 * aspect, 512.0])
    from_centre = (uv - 0.5) * extent
    z = (from_centre[..., 0] + 1j * from_centre[..., 1]) * carry.turn + carry.shift
    place = np.stack([z.real, z.imag], -1)
    skewed = place / grain @ SKEW.T
    corner = np.floor(skewed)
    f = skewed - corner
    rest = 1 - f[..., 0] - f[..., 1]
    s = (rest <= 0).astype(float)
    over = s > 0
    cells = [
        (np.stack([s, s], -1), np.where(over, -rest, rest)),
        (np.stack([s, 1 - s], -1), np.where(over, 1 - f[..., 0], f[..., 1])),
        (np.stack([1 - s, s], -1), np.where(over, 1 - f[..., 1], f[..., 0])),
    ]
    brushes = [(work.style.brush, np.sqrt(work.arrived))]
    if work.before is not None:
        brushes.append((work.before.brush, np.sqrt(1 - work.arrived)))
    total, squares = np.zeros((4, *uv.shape[:2], 3)), np.zeros(uv.shape[:2])
    for shift, weight in cells:
        vertex = corner + shift
        centre = vertex @ UNSKEW.T * grain
        for angle, seed, share in _angles(vertex, centre, extent, work, rung, follow, carry, tensor):
            c, s_ = np.cos(angle)[..., None], np.sin(angle)[..., None]
            offset = place - centre
            turned = np.concatenate(
                [c * offset[..., :1] + s_ * offset[..., 1:], -s_ * offset[..., :1] + c * offset[..., 1:]], -1
            )
            room = max(1 - 1.9 * grain / 224, 0.0)
            at = turned / 224 + 0.5 + (_hash(vertex + seed[..., None]) - 0.5) * room
            for brush, root in brushes:
                for k in range(4):
                    total[k] += (weight * share)[..., None] * root * sample(brush[k].astype(np.float64), at)
            squares += (weight * share) ** 2
    return total / np.sqrt(squares)[..., None]


def _angles(vertex, centre, extent, work, rung, follow, carry, tensor):  # type: ignore[no-untyped-def]
    """Angle, seed and weight of the patches of a cell."""
    if rung < Rung.FOLLOW:
        yield np.zeros(vertex.shape[:2]), np.zeros(vertex.shape[:2]), np.ones(vertex.shape[:2])
        return
    z = (centre[..., 0] + 1j * centre[..., 1] - carry.shift) / carry.turn
    found = sample(tensor, np.stack([z.real, z.imag], -1) / extent + 0.5)
    length = np.hypot(found[..., 0], found[..., 1])
    coherence = length / (found[..., 2] + 1e-3)
    t = np.clip((coherence - 0.05) / 0.3, 0, 1)
    part = t * t * (3 - 2 * t) * follow
    turn = carry.turn**2 / abs(carry.turn) ** 2
    turned = (found[..., 0] + 1j * found[..., 1]) / (length + 1e-9) * turn
    own = complex(*work.style.direction)
    direction = own + (turned - own) * part
    angle = 0.5 * (np.angle(direction) - np.angle(own))
    x = np.mod(angle / np.pi, 1.0) * ANGLES
    first = np.floor(x)
    for q in range(2):
        number = np.mod(first + q, ANGLES)
        yield number * np.pi / ANGLES, 17 * number, (1 - (x - first)) if q == 0 else x - first


def _hash(point: np.ndarray) -> np.ndarray:
    p = point.astype(np.int64).astype(np.uint32)
    h = p[..., 0] * np.uint32(0x9E3779B9) ^ p[..., 1] * np.uint32(0x85EBCA6B)
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x7FEB352D)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x846CA68B)
    h ^= h >> np.uint32(16)
    return np.stack([h & np.uint32(0xFFFF), h >> np.uint32(16)], -1) / 65535.0
