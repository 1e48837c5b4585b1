"""Mood: the feeling of the music at a moment, as valence and arousal."""

from __future__ import annotations

from typing import NamedTuple

MOOD_LIMIT = 3.0
"""Valence and arousal stay within +-3 standard deviations."""


class Mood(NamedTuple):
    """Valence and arousal in that order, in standard units.

    time        s       clock of the caller
    valence     -3..3   z-score: 0 is the usual piece of music, + is happy, - is sad
    arousal     -3..3   z-score: + is energetic, - is calm
    confidence  0..1    0 on silence or before anything was heard

    Four plain floats: `np.array(mood)` is a float64 row, `Mood(*row)` reads it back.
    """

    time: float
    valence: float
    arousal: float
    confidence: float

    @classmethod
    def neutral(cls, time: float) -> Mood:
        """The mood before anything was heard: the centre of the plane. `time` in s."""
        return cls(float(time), 0.0, 0.0, 0.0)


MOOD_SIZE = len(Mood._fields)
"""Numbers in a Mood: the length of its row."""
