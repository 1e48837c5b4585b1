"""Key and mode from a chroma, by key profiles.

A profile says how much each pitch class belongs to a key, tonic first. The key is the one whose profile
correlates best with the pitch classes heard (Krumhansl 1990); the mode is how much more likely all major keys
together are than all minor ones. Those of Albrecht & Shanahan (2013) are counted in hundreds of pieces, those
of Krumhansl & Kessler (1982) are what listeners told. On 650 composed pieces of fourteen textures and ten
modes the mode so found correlates .68 with the mode that was meant by the former, .61 by the latter, so the
former are the ones that are used unless others are named.

The profiles tell minor from major by small differences, so what they are given matters: overtones
make everything sound major, and one loud note hides a chord. LeakyChroma takes care of the first, the
square root here of the second.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ALBRECHT_SHANAHAN = (
    (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
    (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
)
"""Major, minor: shares of the pitch classes in scores."""
KRUMHANSL_KESSLER = (
    (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
)
"""Major, minor: listeners' ratings, 1..7, of how well a tone fits after a cadence."""
PROFILES = {"albrecht-shanahan": ALBRECHT_SHANAHAN, "krumhansl-kessler": KRUMHANSL_KESSLER}
USUAL_PROFILES = "albrecht-shanahan"

KEY_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

TEMPERATURE = 0.06
"""Of the softmax over the 24 correlations: a difference of this much is a ratio of e."""
FLAT, UNEVEN = 0.09, 0.16
"""Contrast of the chroma (its spread over its length) of noise, and of the densest music."""
UNPITCHED, PITCHED = 0.11, 0.18
"""Tonal share of drums alone, and of a band with drums."""


class Key(NamedTuple):
    """What key the music is in.

    tonic       0..11  C = 0, of the best of all major and minor keys
    mode        -1..1  minor .. major: probability of all major keys minus that of all minor ones,
                       times the confidence; 0 undecided
    confidence  0..1   correlation of the best key, less where hardly anything has a pitch
    pitched     0..1   0 where nothing has a pitch, 1 for music with tones
    """

    tonic: int
    mode: float
    confidence: float
    pitched: float


def _templates(profiles: tuple[tuple[float, ...], ...]) -> NDArray[np.float64]:
    """[24, 12]: the profile of each major key from C up, then of each minor key, centred and of
    unit length, so that a product with a chroma of the same form is their correlation."""
    rolled = np.array([np.roll(profile, tonic) for profile in profiles for tonic in range(12)])
    centred = rolled - rolled.mean(axis=1, keepdims=True)
    templates: NDArray[np.float64] = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    return templates


_TEMPLATES = {name: _templates(profiles) for name, profiles in PROFILES.items()}


def find_key(chroma: NDArray[np.float64], tonal_share: float = 1.0, profiles: str = USUAL_PROFILES) -> Key:
    """chroma: [12] not negative, C first, any scale; tonal_share: 0..1, see LeakyChroma; profiles: a name
    of PROFILES, else KeyError.

    An empty or flat chroma, or one of noise or drums alone, has confidence 0 and mode 0.
    """
    even = np.sqrt(chroma)
    length = float(np.linalg.norm(even))
    centred = even - even.mean()
    spread = float(np.linalg.norm(centred))
    contrast = _ramp(spread / length, FLAT, UNEVEN) if length > 1e-12 else 0.0
    pitched = contrast * _ramp(tonal_share, UNPITCHED, PITCHED)
    if pitched == 0.0:
        return Key(0, 0.0, 0.0, 0.0)
    correlation = _TEMPLATES[profiles] @ (centred / spread)
    best = float(correlation.max())
    likelihood = np.exp((correlation - best) / TEMPERATURE)
    major = float(likelihood[:12].sum() / likelihood.sum())
    confidence = min(max(best, 0.0), 1.0) * pitched
    return Key(int(np.argmax(correlation)) % 12, (2.0 * major - 1.0) * confidence, confidence, pitched)


def _ramp(value: float, low: float, high: float) -> float:
    return min(max((value - low) / (high - low), 0.0), 1.0)
