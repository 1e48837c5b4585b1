"""Masking: how strong strokes may be where a picture is flat, so that the whole stays itself.

Detail hides strokes, a flat sky shows them all. So in every place their variance of lightness may be MASKED
times the sum of the picture's own variance there and a `room`. The room is the largest one with which the
picture keeps a structural similarity of ALIKE to itself, by what strokes take from that in windows of a
texel of the low-pass (Wang et al. 2004, its term of structure): (2 v + C) / (2 v + strokes + C). A picture of
much detail has room for the strongest strokes, a large sky for gentle ones. Variances are shares of the
picture's whole; colours are not held back.
"""

import numpy as np

MASKED = 0.5
"""As in `paint.frag`."""
ALIKE = 0.72
C = 0.0225
"""(.03 / .2)^2: the similarity's own constant, for lightness of a deviation of .2."""
ROOMS = np.geomspace(1e-4, 1.0, 17)
WINDOWS = 400
"""That are looked at, at most."""


def room(variances: np.ndarray) -> float:
    """Of windows' variances [n], shares of the picture's whole -> ROOMS[0] to ROOMS[-1]."""
    own = variances[:: len(variances) // WINDOWS | 1, None]
    alike = ((2 * own + C) / ((2 + MASKED) * own + MASKED * ROOMS + C)).mean(axis=0)
    return float(np.interp(-ALIKE, -alike, ROOMS))
