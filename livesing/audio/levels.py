"""Meters: from a band's power to what a performer calls its level, its time and its presence."""

from __future__ import annotations

import math
from collections.abc import Sequence

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

    def push(self, powers: Sequence[float], heard: Sequence[bool], floors_db: Sequence[float]) -> list[float]:
        """Some hops: of each the mean square re full scale, and whether there is sound, since in silence the
        ceiling does not sink. Returns the ceilings, in dB.

        floors_db: the ceiling does not sink under them. A band gets one tied to the whole sound, so that what
        leaks into an empty band is not taken for music.
        """
        ceiling, level, presence, ceilings = self.ceiling_db, self.level, self.presence, []
        for power, sounds, floor_db in zip(powers, heard, floors_db, strict=True):
            above = to_db(power) - ceiling
            if above > 0.0:
                ceiling += above * self._rise
            elif sounds:
                ceiling -= self._sink
                if self._first > 0.0:
                    ceiling -= self._first_sink * self._first
                    self._first -= self._hop_s / self.FIRST_S
            ceiling = max(ceiling, floor_db, self.FLOOR_DB)
            ceilings.append(ceiling)
            share = 1.0 + (above - self.HEADROOM_DB) / self.SPAN_DB
            target = min(max(share, 0.0), 1.0) ** self.CURVE
            level += (target - level) * (self._attack if target > level else self._release)
            self.time += level * self._hop_s
            there = min(max((level - self.ABSENT) / (self.PRESENT - self.ABSENT), 0.0), 1.0)
            presence += (there - presence) * (self._appear if there > presence else self._vanish)
        self.ceiling_db, self.level, self.presence = ceiling, level, presence
        return ceilings
