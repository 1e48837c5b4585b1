"""Levels: from power to 0..1 as a performer means it, with a slow automatic range."""

from __future__ import annotations

import math

from livesing.audio.pulse import SILENCE_DB


def to_db(power: float) -> float:
    """10 log10, never under SILENCE_DB. power: mean square re full scale."""
    return 10.0 * math.log10(power) if power > 1e-12 else SILENCE_DB


class AutoRange:
    """Maps a band's power to 0..1: the top of a slow range is 1, SPAN_DB below it is 0.

    The ceiling rises to the peaks within a second and sinks slowly, so that a quiet set and a
    loud one both use the range, while a calm passage of a minute still reads as calm. In the
    first seconds it sinks faster, to find the set's level. It stands still in silence, and never
    sinks under FLOOR_DB, so that a noise floor is not blown up. HEADROOM_DB over the ceiling and
    a power law leave steady music at about 0.8 and room for what stands out.
    """

    SPAN_DB = 33.0
    HEADROOM_DB = 3.0
    CURVE = 1.5
    FLOOR_DB = -48.0
    START_DB = -26.0
    RISE_S = 0.25
    SINK_DB_PER_S = 0.20
    FIRST_SINK_DB_PER_S = 6.0
    FIRST_S = 6.0
    ATTACK_S = 0.008
    RELEASE_S = 0.160

    def __init__(self, hop_s: float) -> None:
        self._hop_s = hop_s
        self._rise = 1.0 - math.exp(-hop_s / self.RISE_S)
        self._attack = 1.0 - math.exp(-hop_s / self.ATTACK_S)
        self._release = 1.0 - math.exp(-hop_s / self.RELEASE_S)
        self._sink = self.SINK_DB_PER_S * hop_s
        self._first_sink = self.FIRST_SINK_DB_PER_S * hop_s
        self._first = 1.0
        self.ceiling_db = self.START_DB
        self.level = 0.0

    def push(self, power: float, heard: bool, floor_db: float = FLOOR_DB) -> float:
        """One hop. power: mean square re full scale. Returns the level, 0..1.

        heard: False in silence, where the ceiling does not sink.
        floor_db: the ceiling does not sink under it. A band gets one tied to the whole sound, so
        that what leaks into an empty band is not taken for music.
        """
        above = to_db(power) - self.ceiling_db
        if above > 0.0:
            self.ceiling_db += above * self._rise
        elif heard:
            self.ceiling_db -= self._sink
            if self._first > 0.0:
                self.ceiling_db -= self._first_sink * self._first
                self._first -= self._hop_s / self.FIRST_S
        self.ceiling_db = max(self.ceiling_db, floor_db, self.FLOOR_DB)
        share = 1.0 + (above - self.HEADROOM_DB) / self.SPAN_DB
        target = min(max(share, 0.0), 1.0) ** self.CURVE
        self.level += (target - self.level) * (self._attack if target > self.level else self._release)
        return self.level
