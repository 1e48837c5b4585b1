"""aubio's tempo, as a second opinion: asked for, or not heard at all."""

import time

import numpy as np
import pytest
from sounds import cut, drum_loop
from wire import Wire

from livesing.audio.second_tempo import SecondTempo
from livesing.listener import Listener, mood_box, pulse_box


@pytest.mark.parametrize("rate", [8_000, 44_100, 192_000])
def test_it_finds_the_tempo_of_a_loop_at_some_level(rate: int) -> None:
    second = SecondTempo(rate)
    assert second.bpm == 0.0
    for block in cut(drum_loop(rate, 10.0, 126.0)[0], 2048):
        second.push(block)
    assert min(abs(second.bpm / 126.0 / level - 1.0) for level in (0.5, 1.0, 2.0)) < 0.04


def test_it_is_heard_as_long_as_somebody_wants_to_know() -> None:
    source = Wire(8_000)
    listener = Listener(source, pulse_box(), mood_box())

    def play(sound: np.ndarray, *, asking: bool) -> list[float]:
        told = []
        for block in cut(sound, 2048):
            if asking:
                told.append(listener.second_bpm())
            source.ring.write(block[:, None])
            end = time.perf_counter() + 20.0
            while listener.pulse is None or listener.pulse.sample + 1 != source.ring.written:
                assert time.perf_counter() < end, "the listener does not hear"
                time.sleep(0.001)
        return told

    sound = drum_loop(source.rate, 9.0, 126.0)[0]
    listener.start()
    try:
        play(sound, asking=False)
        told = play(sound, asking=True)
    finally:
        listener.stop()
        listener.join()
    assert told[0] == 0.0  # what came before it was asked is not known
    assert told[-1] > 0.0
