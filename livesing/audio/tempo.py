"""Tempo, beat and bar of a stream at its newest sample."""

from __future__ import annotations

import math

from livesing.audio.beat_tracker import BeatTracker, Weights
from livesing.audio.framing import Floats


class Rhythm:
    """The beat tracker (beat_tracker.py), run on from its last step to the newest sample.

    So the phase is smooth at any block size and depends only on the samples heard.
    """

    def __init__(self, rate: float, weights: Weights | None = None) -> None:
        """rate: samples per second, 8000..192000. weights: the network's; without them those that ship."""
        self._tracker = BeatTracker(rate, weights)

    def push(self, block: Floats) -> None:
        """block: [n] float32, clean."""
        self._tracker.push(block)

    def told_at(self, time_s: float) -> tuple[float, float]:
        """(bpm, confidence) at a time of the stream, s, at most beat_tracker.KEPT_S ago."""
        period_s, confidence = self._tracker.told_at(time_s)
        return 60.0 / period_s if period_s > 0.0 else 0.0, confidence

    @property
    def bpm(self) -> float:
        """Beats per minute, 48..218; 0 while unknown."""
        period_s = self._tracker.period_s
        return 60.0 / period_s if period_s > 0.0 else 0.0

    @property
    def turns(self) -> float:
        """Beats so far, with fraction, at the newest sample; never runs backwards."""
        return self._tracker.turns + self._tracker.pending_s * self._tracker.pace

    @property
    def confidence(self) -> float:
        """0..1, how far tempo and phase can be trusted."""
        return self._tracker.confidence

    @property
    def next_beat_s(self) -> float:
        """s from the newest sample to the next beat; 0 while the tempo is unknown."""
        turns = self.turns
        return (math.floor(turns) + 1.0 - turns) * self._tracker.period_s

    @property
    def bar_phase(self) -> float:
        """0..1 place in the bar, 0 on the downbeat."""
        return self._tracker.bar_phase(self.turns) if self.bpm > 0.0 else 0.0

    @property
    def beats_per_bar(self) -> int:
        """0 while unknown."""
        return self._tracker.beats_per_bar if self.bpm > 0.0 else 0

    @property
    def bar_confidence(self) -> float:
        """0..1, how far bar_phase can be trusted."""
        return self._tracker.bar_confidence
