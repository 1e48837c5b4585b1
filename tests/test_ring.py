"""Ring: what was written is what is read, or the loss is counted."""

import threading
import time

import numpy as np
import pytest

from livesing.ring import Ring


def ramp(first: int, count: int, channels: int = 1) -> np.ndarray:
    """Sample i of channel c is i + c / 8: every sample says where it belongs (exact below 2**20)."""
    return (np.arange(first, first + count)[:, None] + np.arange(channels) / 8).astype(np.float32)


@pytest.mark.parametrize("capacity", [-8, 0, 1, 3, 1000, (1 << 17) - 1])
def test_the_capacity_is_a_power_of_two(capacity: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        Ring(capacity)


def test_at_least_one_channel() -> None:
    with pytest.raises(ValueError, match="channels"):
        Ring(16, 0)


@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize("seed", range(4))
def test_blocks_of_any_size_come_back_across_the_wrap(seed: int, channels: int) -> None:
    rng = np.random.default_rng(seed)
    ring = Ring(256, channels)
    reader = ring.reader()
    written, heard = 0, []
    while written < 20_000:
        count = int(rng.integers(0, 200))
        ring.write(ramp(written, count, channels))
        written += count
        assert ring.written == written
        while True:
            first, block = reader.read(int(rng.integers(1, 100)))
            if not len(block):
                break
            assert first == sum(map(len, heard))
            heard.append(block)
        newest = ring.read(max(0, written - 256), min(written, 256))
        assert newest is not None
        np.testing.assert_array_equal(newest, ramp(max(0, written - 256), min(written, 256), channels))
    np.testing.assert_array_equal(np.concatenate(heard), ramp(0, written, channels))
    assert ring.overruns == 0


def test_a_block_larger_than_the_ring_leaves_its_end() -> None:
    ring = Ring(64)
    ring.write(ramp(0, 10))
    ring.write(ramp(10, 1000))
    assert ring.written == 1010
    block = ring.read(1010 - 64, 64)
    assert block is not None
    np.testing.assert_array_equal(block, ramp(1010 - 64, 64))
    assert ring.read(1010 - 65, 65) is None


def test_mono_blocks_may_be_flat() -> None:
    ring = Ring(64)
    ring.write(np.arange(5, dtype=np.float32))
    block = ring.read(0, 5)
    assert block is not None
    assert block.shape == (5, 1)


def test_what_is_read_is_a_copy() -> None:
    ring = Ring(16)
    ring.write(ramp(0, 16))
    block = ring.read(0, 16)
    ring.write(ramp(16, 16))
    assert block is not None
    np.testing.assert_array_equal(block, ramp(0, 16))


def test_sound_to_come_cannot_be_read() -> None:
    ring = Ring(16)
    ring.write(ramp(0, 4))
    for start, count in ((0, 5), (4, 1), (-1, 2), (2, -1)):
        with pytest.raises(ValueError, match="not there yet"):
            ring.read(start, count)
    assert ring.reader().read(10)[1].shape == (0, 1)


def test_an_overrun_is_counted_and_reading_goes_on() -> None:
    ring = Ring(256)
    slow, quick = ring.reader(), ring.reader()
    for first in range(0, 2000, 100):
        ring.write(ramp(first, 100))
        quick.read(1000)
    assert ring.overruns == 0
    first, block = slow.read(1000)
    assert ring.overruns == 1
    assert len(block) == 128  # the newest half: room before the writer is here again
    np.testing.assert_array_equal(block, ramp(first, len(block)))
    assert first + len(block) == 2000
    ring.write(ramp(2000, 50))
    first, block = slow.read(1000)
    np.testing.assert_array_equal(block, ramp(2000, 50))
    assert ring.overruns == 1


def test_a_new_reader_begins_with_what_comes() -> None:
    ring = Ring(64)
    ring.write(ramp(0, 40))
    reader = ring.reader()
    assert len(reader.read(100)[1]) == 0
    ring.write(ramp(40, 3))
    assert reader.read(100)[0] == 40


def test_a_giant_first_block_in_flight_is_an_overrun_and_no_error() -> None:
    """What a reader meets when the very first block is larger than the ring and only announced yet."""
    ring = Ring(64)
    reader = ring.reader()
    ring._announced = 1000
    threading.Timer(0.05, lambda: ring.write(ramp(0, 1000))).start()
    while not len((read := reader.read(100))[1]):
        pass
    np.testing.assert_array_equal(read[1], ramp(read[0], len(read[1])))


@pytest.mark.parametrize("pause", [0.0, 2e-4])
def test_a_writer_thread_never_tears_a_sample(pause: float) -> None:
    """Small ring, hard writer: with no pause the reader is overrun time and again, and never wrong."""
    ring = Ring(1 << 10, 2)
    reader = ring.reader()
    done = threading.Event()

    def write() -> None:
        rng = np.random.default_rng(1)
        written, patience = 0, time.perf_counter() + 30  # on a machine that is busy with other things
        while written < 1 << 17 and time.perf_counter() < patience:
            count = int(rng.integers(1, 400))
            ring.write(ramp(written, count, 2))
            written += count
            if pause:
                time.sleep(pause)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    heard, last = 0, 0
    while not done.is_set() or last < ring.written:
        first, block = reader.read(700)
        assert first >= last
        last = first + len(block)
        np.testing.assert_array_equal(block, ramp(first, len(block), 2))
        heard += len(block)
    writer.join()
    assert last == ring.written > 1 << 14
    assert heard == ring.written or ring.overruns > 0


def test_the_stamp_follows_writes() -> None:
    ring = Ring(16)
    before = ring.stamp
    time.sleep(0.002)
    ring.write(ramp(0, 1))
    assert ring.stamp > before


# ------------------------------------------------------------------------------------------------- waiting


def test_a_reader_waits_for_the_writer() -> None:
    ring = Ring(64)
    reader, other = ring.reader(), ring.reader()
    assert not reader.wait(0.01), "nothing comes"
    writer = threading.Timer(0.05, lambda: ring.write(np.ones(4, np.float32)))
    began = time.perf_counter()
    writer.start()
    assert reader.wait(20)
    assert other.wait(20)
    assert time.perf_counter() - began < 10, "it is woken, and does not wait its time out"
    assert reader.wait(20), "what was not read yet is still new"
    assert reader.read(10)[0] == 0
    assert not reader.wait(0.01)
    writer.join()


def test_no_write_is_slept_through() -> None:
    """Every write wakes: a reader and a writer take turns, thousands of times."""
    ring, back = Ring(64), Ring(64)
    reader, answers = ring.reader(), back.reader()

    def echo() -> None:
        for _ in range(2000):
            assert reader.wait(20)
            back.write(reader.read(64)[1])

    thread = threading.Thread(target=echo)
    thread.start()
    for number in range(2000):
        ring.write(np.full(1, number, np.float32))
        assert answers.wait(20)
        assert answers.read(64)[1].tolist() == [[number]]
    thread.join()
