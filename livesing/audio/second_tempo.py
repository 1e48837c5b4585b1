"""A second opinion on the tempo, by aubio."""

from __future__ import annotations

import numpy as np

from livesing.audio.framing import Floats, Framer

LEAST_RATE = 10_000
"""Hz that are left when the sound is averaged down: beats are heard below 5 kHz, at a quarter of the cost."""
HOP_S = 0.0116
"""What aubio is at its best with: 512 samples at 44.1 kHz."""


class SecondTempo:
    """aubio's tempo of a stream, for who doubts the tracker's. Owned by one thread.

    bpm  beats per minute, 0 while unknown
    """

    def __init__(self, rate: float) -> None:
        """rate: samples per second, 8000..192000."""
        import aubio  # here, so that importing this module stays cheap

        self._thinned = max(1, int(rate // LEAST_RATE))
        hop = 2 ** round(np.log2(rate / self._thinned * HOP_S))
        self._tempo = aubio.tempo("default", 2 * hop, hop, round(rate / self._thinned))
        self._framer = Framer(hop * self._thinned, hop * self._thinned)

    def push(self, block: Floats) -> None:
        """block: [n] float32, clean."""
        for frame in self._framer.push(block):
            thin = np.add.reduce(frame.reshape(-1, self._thinned), axis=1)
            thin *= np.float32(1.0 / self._thinned)
            self._tempo(thin)

    @property
    def bpm(self) -> float:
        return float(self._tempo.get_bpm())
