"""A sound and its six octaves below: halved in rate again and again, as librosa's constant-Q transform does.

soxr halves in blocks and hands samples out late: by 86 ms for the octave below, by 5 s for the lowest. Until
then they are worked out anew at each step, as if the sound ended there.
"""

from __future__ import annotations

import numpy as np
import soxr

from livesing.audio.framing import Floats
from livesing.audio.recent import Recent

OCTAVES = 7
MARGIN = 1024
"""Samples; longer than half the response of soxr's filter that halves a rate. Even."""
_ROOT_HALF = np.sqrt(0.5)


def _at_full_energy(samples: Floats) -> Floats:
    """Halving the rate halves the energy; this brings it back."""
    return (samples / _ROOT_HALF).astype(np.float32)


class Octaves:
    """The newest samples of octaves o = 0..6, at rate / 2**o, by absolute index.

    Before its beginning and after its present end the sound is silent. Owned by one thread.
    """

    def __init__(self, keep: int) -> None:
        """keep: samples of octave 0 to remember; of the others as much time."""
        self._settled = [Recent((keep >> octave) + 8 * MARGIN) for octave in range(OCTAVES)]
        self._halving = [
            soxr.ResampleStream(2, 1, 1, dtype="float32", quality="HQ") for _ in range(OCTAVES - 1)
        ]
        self._tails: list[Floats] | None = None
        self._leads = [0] * (OCTAVES - 1)
        """Samples that an octave had settled when it had MARGIN for the first time: whole blocks of soxr."""

    def push(self, samples: Floats, *, last: bool = False) -> None:
        """samples: [n] of octave 0. `last` ends the sound."""
        self._tails = None
        for octave, settled in enumerate(self._settled):
            settled.push(samples)
            if octave > 0 and self._leads[octave - 1] < MARGIN:
                self._leads[octave - 1] = settled.end
            if octave < OCTAVES - 1:
                halved = self._halving[octave].resample_chunk(samples, last=last)
                samples = _at_full_energy(halved)

    def settled(self, octave: int) -> int:
        """How many samples of an octave will not change any more."""
        return self._settled[octave].end

    def span(self, octave: int, first: int, last: int) -> Floats:
        """Samples first..last-1 of an octave."""
        settled = self._settled[octave]
        parts = [settled.span(min(first, settled.end), min(last, settled.end))]
        if last > settled.end:
            if self._tails is None:
                self._tails = self._tails_now()
            tail = self._tails[octave][max(0, first - settled.end) : last - settled.end]
            silent = last - max(first, settled.end) - tail.size
            parts += [tail, np.zeros(silent, dtype=np.float32)]
        return np.concatenate(parts)

    def _tails_now(self) -> list[Floats]:
        """Of each octave what is not settled yet, if silence followed the present end.

        Worked out from whole blocks back, so that soxr rounds as it will when they settle: in digital silence
        there is nothing but that rounding.
        """
        tails = [np.zeros(0, dtype=np.float32)]
        for above, settled, lead in zip(self._settled, self._settled[1:], self._leads, strict=False):
            begin = 2 * (settled.end - lead)
            sound = np.concatenate((above.span(begin, above.end), tails[-1]))
            missing = (sound.size + 1) // 2 - lead
            halved = soxr.resample(sound, 2, 1, quality="HQ")[lead:]
            tails.append(_at_full_energy(halved[:missing]))
        return tails
