"""Meters: from a band's power to what a performer calls its level, its time and its presence."""

from __future__ import annotations

import math

from livesing.audio.pulse import SILENCE_DB


def to_db(power: float) -> float:
    """10 log10, never under SILENCE_DB. power: mean square re full scale."""
    return 10.0 * math.log10(power) if power > 1e-12 else SILENCE_DB


class Meter:
    """A band's level, 0..1: the top of a slow automatic range is 1, SPAN_DB below it is 0.

    The ceiling rises to the peaks within a second and sinks slowly, so that a quiet set and a
    loud one both use the range, while a calm passage of a minute still reads as calm. In the
    first seconds it sinks faster, to find the set's level. It stands still in silence, and never
    sinks under FLOOR_DB, so that a noise floor is not blown up. HEADROOM_DB over the ceiling and
    a power law leave steady music at about 0.8 and room for what stands out.

    level     0..1
    time      s, a clock that runs by the level: 1 s per second at level 1; never backwards
    presence  0..1, whether the band has been there over the last seconds: rises within one, falls
              within four, so that the gaps between the beats do not count and a break does
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
    ABSENT, PRESENT = 0.05, 0.30
    """Levels."""
    APPEAR_S, VANISH_S = 1.0, 4.0

    def __init__(self, hop_s: float) -> None:
        self._hop_s = hop_s
        self._rise = 1.0 - math.exp(-hop_s / self.RISE_S)
        self._attack = 1.0 - math.exp(-hop_s / self.ATTACK_S)
        self._release = 1.0 - math.exp(-hop_s / self.RELEASE_S)
        self._sink = self.SINK_DB_PER_S * hop_s
        self._first_sink = self.FIRST_SINK_DB_PER_S * hop_s
        self._first = 1.0
        self._appear = 1.0 - math.exp(-hop_s / self.APPEAR_S)
        self._vanish = 1.0 - math.exp(-hop_s / self.VANISH_S)
        self.ceiling_db = self.START_DB
        self.level = 0.0
        self.time = 0.0
        self.presence = 0.0

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
        self.time += self.level * self._hop_s
        there = min(max((self.level - self.ABSENT) / (self.PRESENT - self.ABSENT), 0.0), 1.0)
        change = there - self.presence
        self.presence += change * (self._appear if change > 0.0 else self._vanish)
        return self.level
