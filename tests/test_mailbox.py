"""Mailbox: the latest value wins and is never torn, between threads and between processes."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess

import numpy as np
import pytest

from livesing.mailbox import SLOTS, Mailbox

WIDE = np.dtype([("number", "i8"), ("noise", "u1", (40_001,)), ("tail", "i8", (5000,))])
"""Large enough that a copy takes a while, and of a size that leaves the slots unaligned."""


def fill(room: np.ndarray, number: int) -> None:
    room["number"] = number
    room["noise"][...] = number % 251
    room["tail"][...] = number


def whole(value: np.ndarray) -> bool:
    number = int(value["number"])
    return bool((value["noise"] == number % 251).all() and (value["tail"] == number).all())


def write_for_ever(box: Mailbox) -> None:
    number = box.newest
    while True:
        number += 1
        with box.slot(float(number)) as room:
            fill(room, number)


@contextmanager
def writer_process(box: Mailbox) -> Iterator[BaseProcess]:
    process = multiprocessing.get_context("spawn").Process(target=write_for_ever, args=(box,), daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def test_empty() -> None:
    box = Mailbox("f8")
    assert box.newest == 0
    assert box.get() is None
    assert box.peek() is None


@pytest.mark.parametrize("shared", [False, True])
def test_the_latest_wins(shared: bool) -> None:
    box = Mailbox(np.dtype(("f8", 3)), shared=shared)
    for number in range(1, 50):
        assert box.put([number, -number, 0.5], stamp=number / 7) == number
        letter = box.get()
        assert letter is not None
        assert (letter.sequence, letter.stamp) == (number, number / 7)
        assert letter.value.tolist() == [number, -number, 0.5]
    again = box.get()
    assert again is not None
    assert again.sequence == 49  # reading takes nothing away


def test_newer_than() -> None:
    box = Mailbox("f8")
    box.put(1.0, 0.0)
    box.put(2.0, 0.0)
    first = box.get(newer_than=1)
    assert first is not None
    assert first.value == 2.0
    assert box.get(newer_than=2) is None
    box.put(3.0, 0.0)
    assert box.get(newer_than=2) is not None


def test_a_letter_is_a_copy() -> None:
    box = Mailbox(np.dtype(("f8", 2)))
    box.put([1, 2], 0.0)
    letter = box.get()
    assert letter is not None
    for _ in range(SLOTS):
        box.put([9, 9], 0.0)
    assert letter.value.tolist() == [1, 2]


def test_structured_values() -> None:
    box = Mailbox(np.dtype([("width", "i4"), ("seconds", "f8"), ("pixels", "u1", (7,))]))
    with box.slot(1.5) as room:
        room["width"], room["seconds"] = 7, 0.25
        room["pixels"][:3] = [1, 2, 3]
    letter = box.get()
    assert letter is not None
    assert int(letter.value["width"]) == 7
    assert letter.value["pixels"][:3].tolist() == [1, 2, 3]


def test_an_exception_in_the_slot_publishes_nothing() -> None:
    box = Mailbox("f8")
    box.put(1.0, 0.1)
    for _ in range(2 * SLOTS):  # wherever it happens, the value before stays readable
        with pytest.raises(ZeroDivisionError), box.slot(0.2) as room:  # noqa: PT012
            room[...] = 99.0
            raise ZeroDivisionError
        letter = box.get()
        assert letter is not None
        assert (letter.sequence, letter.stamp, float(letter.value)) == (1, 0.1, 1.0)
    assert box.put(2.0, 0.3) == 2
    letter = box.get()
    assert letter is not None
    assert float(letter.value) == 2.0


def test_a_value_that_does_not_fit_publishes_nothing() -> None:
    box = Mailbox(np.dtype(("f8", 3)))
    with pytest.raises(ValueError):
        box.put([1.0, 2.0], 0.0)
    assert box.get() is None


def test_holds_tells_when_the_writer_came_round() -> None:
    box = Mailbox("f8")
    box.put(1.0, 0.0)
    letter = box.peek()
    assert letter is not None
    for number in range(2, SLOTS + 1):
        box.put(float(number), 0.0)
        assert box.holds(letter)
        assert float(letter.value) == 1.0
    with box.slot(0.0) as room:  # into the slot that is being looked at
        assert not box.holds(letter)
        room[...] = 4.0
    assert not box.holds(letter)


def test_a_writer_thread_never_tears_a_value() -> None:
    box = Mailbox(WIDE)
    done = threading.Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            number += 1
            with box.slot(float(number)) as room:
                fill(room, number)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        last, reads, patience = 0, 0, time.perf_counter() + 30  # on a machine that is busy with other things
        while reads < 300 and time.perf_counter() < patience:
            letter = box.get(last)
            if letter is None:
                time.sleep(0)
                continue
            assert letter.sequence > last
            assert int(letter.value["number"]) == letter.sequence == letter.stamp
            assert whole(letter.value)
            last, reads = letter.sequence, reads + 1
    finally:
        done.set()
        thread.join()
    assert reads == 300


def test_a_writer_process_never_tears_a_value_and_may_be_killed() -> None:
    """Two writers one after the other, each killed wherever it happens to be."""
    box = Mailbox(WIDE, shared=True)
    last = 0
    for _ in range(2):
        with writer_process(box) as process:
            reads = looks = 0
            deadline = time.perf_counter() + 30.0
            while reads < 300:
                assert time.perf_counter() < deadline, f"{reads} values came"
                letter = box.get(last)
                if letter is None:
                    time.sleep(0.0005)
                    continue
                assert letter.sequence > last
                assert int(letter.value["number"]) == letter.sequence == letter.stamp
                assert whole(letter.value)
                last, reads = letter.sequence, reads + 1
                # And by looking into the slot, as the window does.
                peeked = box.peek()
                assert peeked is not None
                fine = whole(peeked.value)
                if box.holds(peeked):
                    assert fine
                    looks += 1
            assert looks > 0
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
            process.join()
        letter = box.get()
        assert letter is not None
        assert whole(letter.value)
        last = letter.sequence
    # A third writer, here, goes on where the dead ones stopped.
    with box.slot(0.0) as room:
        fill(room, last + 1)
    letter = box.get(last)
    assert letter is not None
    assert letter.sequence == last + 1
    assert whole(letter.value)
