"""Key and mode from a chroma, by key profiles.

The key is the one whose profile correlates best with the pitch classes heard (Krumhansl 1990). A
profile says how much each pitch class belongs to a key, tonic first:

- Krumhansl & Kessler (1982): how well listeners found that a probe tone fits.
- Temperley (2007), Music and Probability: how often it sounds, in the excerpts of Kostka and Payne's
  textbook. Its minor knows the raised seventh, so a minor piece's dominant does not read as major;
  on major and minor twins of the same music it is symmetrical where the other leans to major.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Profile = tuple[float, ...]

KRUMHANSL_KESSLER: tuple[Profile, Profile] = (
    (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
)
TEMPERLEY: tuple[Profile, Profile] = (
    (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400),
    (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330),
)
"""Major, minor."""

KEY_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

MODE_SCALE = 0.25
"""Difference of the best major and the best minor correlation that counts as fully major."""


class Key(NamedTuple):
    """What key the music is in.

    tonic       0..11  C = 0, of the better of the best major and the best minor key
    mode        -1..1  clearly minor .. clearly major, 0 undecided
    confidence  0..1   correlation of the best key (0 when nothing tonal was heard)
    """

    tonic: int
    mode: float
    confidence: float


def key_templates(profiles: tuple[Profile, Profile]) -> NDArray[np.float64]:
    """[24, 12]: the profile of each major key from C up, then of each minor key, centred and of
    unit length, so that a product with a chroma of the same form is their correlation."""
    rolled = np.array([np.roll(profile, tonic) for profile in profiles for tonic in range(12)])
    centred = rolled - rolled.mean(axis=1, keepdims=True)
    templates: NDArray[np.float64] = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    return templates


_TEMPLATES = key_templates(TEMPERLEY)


def find_key(chroma: NDArray[np.float64], templates: NDArray[np.float64] = _TEMPLATES) -> Key:
    """chroma: [12] not negative, C first, any scale. An empty or flat one has confidence 0."""
    centred = chroma - chroma.mean()
    norm = float(np.linalg.norm(centred))
    if norm <= 1e-6 * float(np.linalg.norm(chroma)) or norm <= 1e-12:
        return Key(0, 0.0, 0.0)
    correlation = templates @ (centred / norm)
    major, minor = float(correlation[:12].max()), float(correlation[12:].max())
    mode = min(max((major - minor) / MODE_SCALE, -1.0), 1.0)
    # Where no key fits, the difference of the two means nothing either.
    confidence = min(max(major, minor, 0.0), 1.0)
    return Key(int(np.argmax(correlation)) % 12, mode * confidence, confidence)
