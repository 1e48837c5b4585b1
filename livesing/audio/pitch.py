"""Pitch of one voice, by aubio."""

from __future__ import annotations

import math

from livesing.audio.framing import Floats, Framer


class VoicePitch:
    """The pitch of a voice or an instrument alone, told some 40 ms after it sounded.

    aubio's yinfft finds the pitch; its confidence comes back as 0 from the library. So yinfast, which
    tells how periodic the sound is, has to find the same one: on chords, bands and drums the two differ,
    and the confidence is low.

    hz          50..2000, 0 where there is no pitch
    confidence  0..1
    """

    LOW_HZ, HIGH_HZ = 50.0, 2000.0
    SILENCE_DB = -60.0
    AGREE = 0.06
    """A semitone."""
    DISPUTED = 0.3
    """Most that the confidence is worth when the two differ."""

    def __init__(self, rate: float) -> None:
        import aubio  # here, so that importing this module stays cheap

        # A power of two near 43 ms holds two periods of 50 Hz.
        window = 2 ** round(math.log2(rate * 0.043))
        hop = window // 2
        self._pitch, self._period = (
            aubio.pitch(method, window, hop, int(rate)) for method in ("yinfft", "yinfast")
        )
        for each in (self._pitch, self._period):
            each.set_unit("Hz")
            each.set_silence(self.SILENCE_DB)
        self._framer = Framer(hop, hop)
        self.hz = 0.0
        self.confidence = 0.0

    def push(self, block: Floats) -> None:
        """block: [n] float32, clean."""
        for frame in self._framer.push(block):
            self.hz, self.confidence = self._hear(float(self._pitch(frame)[0]), float(self._period(frame)[0]))

    def _hear(self, hz: float, other_hz: float) -> tuple[float, float]:
        if not self.LOW_HZ <= hz <= self.HIGH_HZ:
            return 0.0, 0.0
        periodic = float(self._period.get_confidence())
        periodic = min(max(periodic, 0.0), 1.0) if math.isfinite(periodic) else 0.0
        agree = abs(other_hz / hz - 1.0) < self.AGREE
        return hz, periodic if agree else min(periodic, self.DISPUTED)
