"""The supervisor and the generator process: what dies comes back, and nothing is tried too often."""

import os
import signal
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from livesing.clock import now as clock_now
from livesing.dream_process import SILENT_AFTER, START_GRACE, DreamProcess
from livesing.dreamer import SIZES, DreamBoxes
from livesing.supervisor import FIRST_DELAY, LONGEST_DELAY, MOST_FAULTS, PERIOD, SETTLED, Supervisor, Watch


class Part:
    """Something that can die, and whose restart can fail."""

    def __init__(self, mends: bool = True) -> None:
        self.lives = True
        self.mends = mends
        self.refuses = ""
        self.tries = 0

    def restart(self) -> str:
        self.tries += 1
        if self.refuses:
            raise OSError(self.refuses)
        self.lives = self.mends
        return "started anew"


def watch(part: Part) -> Watch:
    return Watch("part", lambda now: part.lives, part.restart)


def tries(part: Part, over: Watch, start: float, seconds: float) -> list[float]:
    """Look every PERIOD -> the times at which a restart was tried."""
    times = []
    for step in range(int(seconds / PERIOD)):
        now = start + step * PERIOD
        before = part.tries
        over.look(now)
        times += [now] * (part.tries - before)
    return times


# ------------------------------------------------------------------------------------------- one watch


def test_what_lives_is_left_alone() -> None:
    part = Part()
    over = watch(part)
    assert tries(part, over, 0.0, 30.0) == []
    assert over.restarts == 0


@pytest.mark.parametrize("start", [0.0, 1e6])
def test_the_first_failure_is_mended_at_once(start: float) -> None:
    part = Part()
    over = watch(part)
    part.lives = False
    assert over.look(start) == "started anew"
    assert over.look(start + PERIOD) is None
    assert (part.tries, over.restarts) == (1, 1)


def test_each_try_doubles_the_wait_up_to_a_limit() -> None:
    part = Part(mends=False)
    part.lives = False
    waits = np.diff(tries(part, watch(part), 0.0, 60.0))
    expected = [2 * FIRST_DELAY]
    while len(expected) < len(waits):
        expected.append(min(2 * expected[-1], LONGEST_DELAY))
    assert waits.tolist() == expected
    assert waits[-1] == LONGEST_DELAY


def test_what_dies_again_soon_waits_longer_and_what_settled_does_not() -> None:
    part = Part()
    over = watch(part)
    now = 0.0
    for _ in range(4):  # dies one second after each restart
        part.lives = False
        while not part.lives:
            over.look(now)
            now += PERIOD
        now += 1.0
        over.look(now)
    assert over.delay > 2 * FIRST_DELAY
    now += SETTLED + PERIOD
    assert over.look(now) is None
    part.lives = False
    assert over.look(now + PERIOD) == "started anew"
    assert over.delay == 2 * FIRST_DELAY


def test_a_restart_that_fails_is_told_once_and_tried_again() -> None:
    part = Part()
    over = watch(part)
    part.lives, part.refuses = False, "unplugged"
    told = [over.look(step * PERIOD) for step in range(100)]
    assert [text for text in told if text] == ["cannot be restarted yet: unplugged"]
    assert over.restarts == 0
    part.refuses = "busy"
    told = [over.look(25.0 + step * PERIOD) for step in range(40)]
    assert [text for text in told if text] == ["cannot be restarted yet: busy"]
    part.refuses = ""
    told = [over.look(35.0 + step * PERIOD) for step in range(40)]
    assert [text for text in told if text] == ["started anew"]
    assert over.restarts == 1


# --------------------------------------------------------------------------------------- the supervisor


def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> bool:
    until = clock_now() + seconds
    while not condition():
        if clock_now() > until:
            return False
        time.sleep(0.01)
    return True


def test_it_watches_until_stopped_and_keeps_a_log() -> None:
    part = Part()
    supervisor = Supervisor([watch(part)], began=clock_now())
    supervisor.start()
    part.lives = False
    assert wait_for(lambda: supervisor.faults)
    fault = supervisor.faults[0]
    assert (fault.name, fault.action) == ("part", "started anew")
    assert fault.time_s >= 0
    supervisor.stop()
    supervisor.join(20 * PERIOD)
    assert not supervisor.is_alive()


def test_a_question_that_fails_counts_as_dead_and_the_others_are_still_watched() -> None:
    """A device that vanished may raise where it is asked whether it lives."""
    part, broken = Part(), Part()

    def ask(now: float) -> bool:
        if not broken.tries:
            raise RuntimeError("no such device")
        return True

    supervisor = Supervisor([Watch("broken", ask, broken.restart), watch(part)], began=clock_now())
    threading.excepthook, kept = lambda args: None, threading.excepthook
    try:
        supervisor.start()
        part.lives = False
        assert wait_for(lambda: part.tries and broken.tries, 5.0)
        assert supervisor.is_alive()
    finally:
        supervisor.stop()
        supervisor.join()
        threading.excepthook = kept


def test_the_log_is_bounded() -> None:
    supervisor = Supervisor([], began=0.0)
    for number in range(3 * MOST_FAULTS):
        supervisor.note("part", str(number), float(number))
    assert len(supervisor.faults) == MOST_FAULTS
    assert supervisor.faults[-1].action == str(3 * MOST_FAULTS - 1)


# --------------------------------------------------------------------------------- the generator process


def test_a_new_process_has_time_until_its_first_heartbeat() -> None:
    boxes = DreamBoxes()
    dream = DreamProcess(boxes)
    assert not dream.alive(clock_now())
    assert dream.pid is None
    dream.start()
    try:
        now = clock_now()
        boxes.heartbeat.put(now - 100, now - 100)  # the last one's
        assert dream.alive(now + START_GRACE - 1)
        assert not dream.alive(now + START_GRACE + 1)
        later = now + 1000  # beyond whatever the process itself says meanwhile
        boxes.heartbeat.put(later, later)
        assert dream.alive(later + SILENT_AFTER - 1)
    finally:
        dream.close()
    assert dream.alive(now + 2000), "what was closed on purpose is not to be restarted"


def test_killed_it_comes_back_with_frames() -> None:
    boxes = DreamBoxes()
    dream = DreamProcess(boxes, seed=1)
    over = Watch("generator", dream.alive, dream.restart)
    supervisor = Supervisor([over], began=clock_now())

    def wait_for_frame(after: int, size: tuple[int, int]) -> int:
        assert wait_for(lambda: (letter := boxes.frames.peek(after)) and letter.value["width"] == size[0])
        letter = boxes.frames.get(after)
        assert letter is not None
        assert (int(letter.value["width"]), int(letter.value["height"])) == size
        pixels = letter.value["pixels"][: size[0] * size[1] * 4].reshape(size[1], size[0], 4)
        assert (pixels[..., 3] == 255).all()
        assert pixels[..., :3].std() > 5, "a picture"
        return letter.sequence

    dream.start()
    try:
        first = wait_for_frame(0, SIZES[0])
        dream.order(*SIZES[-1], 20.0)
        second = wait_for_frame(first, SIZES[-1])
        assert dream.alive(clock_now())
        killed = dream.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        assert wait_for(lambda: not dream.alive(clock_now()))
        supervisor.start()
        last = boxes.frames.newest
        assert last >= second
        wait_for_frame(last, SIZES[-1])  # and it keeps to its orders
        assert dream.pid != killed
        assert over.restarts == 1
        assert "signal 9" in supervisor.faults[0].action
        # One that hangs is ended and replaced as well.
        hung = dream.pid
        assert hung is not None
        os.kill(hung, signal.SIGSTOP)
        supervisor.stop()
        supervisor.join()
        beat = boxes.heartbeat.get()
        assert beat is not None
        assert not dream.alive(beat.stamp + SILENT_AFTER + 1)
        assert "hung" in dream.restart()
        assert dream.pid != hung
        with pytest.raises(ProcessLookupError):
            os.kill(hung, 0)
    finally:
        supervisor.stop()
        dream.close()
    assert dream.pid is None


def test_it_ends_when_told_to() -> None:
    boxes = DreamBoxes()
    dream = DreamProcess(boxes)
    dream.start()
    assert wait_for(lambda: boxes.heartbeat.newest > 0)
    process = dream._process
    assert process is not None
    dream.close()
    assert process.exitcode == 0, "it ended by itself and was not killed"
