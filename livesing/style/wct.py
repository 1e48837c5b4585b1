"""Whitening and colouring of a picture's bands: the maps that the style pass applies, and between which
styles."""

from typing import NamedTuple

import numpy as np

from livesing.style.bands import LEVELS, Statistics
from livesing.style.style_image import StyleImage
from livesing.style.tones import IDENTITY, curves, pieces
from livesing.style.transport import monge, ridged

BAND_RIDGE = 3e-2
LOW_RIDGE = 1e-3
"""Shares of the mean variance added to a frame's covariances."""
MOST_BAND_GAIN = 2.5
MOST_LOW_GAIN = 8.0
"""Largest 2-norms of the maps: a band holds noise as well, which a picture with little detail would show."""
EDGE = 0.25
"""Of a band's mean energy: what is stronger belongs to an edge. Larger ones make halos: with 1, a light rim
beside a dark shape has up to .17 of the step."""
FAINTEST = 1e-5
"""Energy of a band, at least."""


class StyleMaps(NamedTuple):
    """What the style pass does to a frame."""

    maps: np.ndarray
    """[5, 3, 3], for b_0 to b_3 and L_4: y = curve(maps[4] (L_4 - mean) + style_mean + sum of maps[k] b_k) +
    maps[f] b_f, where f is the finest band that the frame has; edges are mapped otherwise, see `edges`."""
    mean: np.ndarray
    """[3], of the frame's low-pass."""
    style_mean: np.ndarray
    """[3]"""
    energies: np.ndarray
    """[4], of the style's bands, see StyleImage."""
    edges: np.ndarray
    """[4], energies of the frame's bands above which they are mapped as the low-pass is, maps[4] b_k."""
    finest: int
    """The level of the frame's own pyramid that serves as L_0, see Statistics."""
    style: StyleImage
    """Whose brush is laid."""
    before: StyleImage | None = None
    """Whose brush it takes over from."""
    arrived: float = 1.0
    """0 the style before, 1 this one."""
    curve: np.ndarray = IDENTITY
    """[LAYERS, len(TURNS), STEPS, 3], see `tones`."""
    room: float = 1.0
    """Energy of strokes where the picture is flat, see `masking`."""

    def pieces(self) -> np.ndarray:
        """The curve as the shaders look it up, see `tones.pieces`."""
        return pieces(self.curve)


def style_maps(
    frame: Statistics, style: StyleImage, before: StyleImage | None = None, arrived: float = 1.0
) -> StyleMaps:
    """The maps from a frame to a style, or to what lies between two of them; always finite."""
    leaving = before if arrived < 1.0 else None
    target, energies, wanted = style.statistics, style.energies, style.tones
    if leaving is not None:
        old = leaving.statistics
        covariances = old.covariances + (target.covariances - old.covariances) * arrived
        target = Statistics(old.mean + (target.mean - old.mean) * arrived, covariances)
        energies = leaving.energies + (energies - leaving.energies) * arrived
        wanted = leaving.tones + (wanted - leaving.tones) * arrived
    ridges = np.array([BAND_RIDGE] * (LEVELS - 1) + [LOW_RIDGE])
    gains = np.array([MOST_BAND_GAIN] * (LEVELS - 1) + [MOST_LOW_GAIN])
    maps = monge(ridged(frame.covariances, ridges), target.covariances, gains)
    curve = IDENTITY
    if len(frame.low):
        curve = curves((frame.low - frame.mean) @ maps[-1].T + target.mean, wanted)
    return StyleMaps(
        maps=maps,
        mean=frame.mean,
        style_mean=target.mean,
        energies=energies,
        edges=EDGE * (np.trace(frame.covariances[:-1], axis1=1, axis2=2) + FAINTEST),
        finest=frame.finest,
        style=style,
        before=leaving,
        arrived=arrived,
        curve=curve,
        room=frame.room * float(np.trace(target.covariances[-1])),
    )
