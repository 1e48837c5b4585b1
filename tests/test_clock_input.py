"""Clocks from outside through their real libraries: a Link session on the loopback, a MIDI port made in
software."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import _end

from livesing.audio.beat_clock import SOURCES, ClockLine
from livesing.cli import main
from livesing.clock import now as clock_now
from livesing.clock_input import ClockInput
from livesing.control import link_peer, midi_port
from livesing.errors import ClockError

PATIENCE_S = 30.0


def soon(true: Callable[[], Any]) -> bool:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.01)
    return False


def newest(clock: ClockInput) -> ClockLine:
    letter = clock.box.get()
    assert letter is not None
    return ClockLine(*letter.value.tolist())


def test_without_a_clock_there_is_nothing_to_watch() -> None:
    clock = ClockInput()
    clock.open()
    assert not clock.wanted
    assert clock.row() is None
    clock.close()


@pytest.mark.parametrize(
    ("package", "words", "extra"),
    [("rtmidi", ["--midi-clock", "Deck"], "livesing[midi]"), ("link", ["--link"], "livesing[link]")],
)
def test_without_the_package_one_line_says_what_to_install(
    package: str,
    words: list[str],
    extra: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert main(["live", "--headless", "--audio", "demo", *words]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 1
    assert f"pip install '{extra}'" in told.err


def test_midi_and_link_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["live", "--link", "--midi-clock", "Deck"]) == 2
    assert "not allowed with argument" in capsys.readouterr().err


# -------------------------------------------------------------------------------------------- Link


def test_link_follows_the_others_of_the_session_and_says_nothing_alone() -> None:
    link = pytest.importorskip("link", reason="LinkPython-extern is not installed")
    other, clock = link.Link(133.0), ClockInput(link=True)
    other.enabled = True
    time.sleep(2.0)  # the tempo is that of who was there first, by more than half a second on a busy machine
    clock.open()
    try:
        if not soon(lambda: clock.box.newest > 2):
            pytest.skip("there is no network on which Link's peers find each other")
        assert soon(lambda: abs(newest(clock).bpm - 133.0) < 0.01)
        line = newest(clock)
        assert SOURCES[int(line.source)] == "link"
        assert (line.beats_per_bar, line.anchored) == (4.0, 1.0)
        here, micros = clock_now(), other.clock().micros()
        theirs = other.captureSessionState().phaseAtTime(micros, 4.0)
        ours = line.beat + (here - line.time) * line.bpm / 60.0
        assert abs((ours - theirs + 2.0) % 4.0 - 2.0) < 0.05
        assert clock.row() == ("clock", "133.0 bpm, Link, 1 other")
        state = other.captureSessionState()
        state.setTempo(97.0, other.clock().micros())
        other.commitSessionState(state)
        assert soon(lambda: abs(newest(clock).bpm - 97.0) < 0.01), "a new tempo is followed"
        other.enabled = False
        assert soon(lambda: clock._peer is not None and clock._peer.peers == 0)
        told = clock.box.newest
        time.sleep(4 * link_peer.PERIOD)
        assert clock.box.newest == told, "alone, it has nothing to say"
        assert clock.alive(clock_now())
    finally:
        other.enabled = False
        clock.close()
    assert not clock.alive(clock_now())
    assert clock.reopen().startswith("Link, 0 others")
    assert clock.alive(clock_now())
    clock.close()


# -------------------------------------------------------------------------------------------- MIDI


@pytest.fixture
def midi(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """`midi(name)` -> a MIDI output in software by that name: by ALSA's sequencer, or by a JACK server of
    our own where the kernel has none."""
    rtmidi = pytest.importorskip("rtmidi", reason="python-rtmidi is not installed")
    server = None
    api = rtmidi.API_UNSPECIFIED
    if sys.platform == "linux" and not os.path.exists("/dev/snd/seq"):
        if shutil.which("jackd") is None or shutil.which("jack_wait") is None:
            pytest.skip("there is neither ALSA's sequencer nor jackd to make a MIDI port in software")
        api = rtmidi.API_UNIX_JACK
        name = f"livesing-{os.getpid()}"
        monkeypatch.setenv("JACK_DEFAULT_SERVER", name)
        command = ["jackd", "-S", "-n", name, "-r", "-d", "dummy", "-r", "48000", "-p", "256"]
        server = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, text=True
        )
        there = subprocess.run(["jack_wait", "-s", name, "-w", "-t", "15"], capture_output=True, check=False)
        if there.returncode:
            _end(server)
            pytest.skip("jackd does not start")
    elif sys.platform == "win32":
        pytest.skip("Windows has no MIDI ports in software")
    made: list[Any] = []

    def make(client: str) -> Any:
        made.append(rtmidi.MidiOut(api, name=client))
        made[-1].open_virtual_port("clock")
        return made[-1]

    yield make
    for output in made:
        output.delete()
    if server is not None:
        _end(server)


def send_clock(output: Any, bpm: float, until: Callable[[], bool]) -> bool:
    """Start, and ticks until `until` holds -> whether it did, within PATIENCE_S."""
    output.send_message([0xFA])
    began = time.perf_counter()
    for tick in range(round(PATIENCE_S * bpm / 60.0 * 24)):
        time.sleep(max(began + tick * 60.0 / bpm / 24 - time.perf_counter(), 0.0))
        output.send_message([0xF8])
        if until():
            return True
    return False


def test_a_midi_clock_through_a_real_port(midi: Callable[[str], Any]) -> None:
    deck = midi("Deck A")
    with pytest.raises(ClockError, match=r"no MIDI input 'nobody'; there are: .*Deck A"):
        ClockInput("nobody").open()
    assert any("Deck A" in name for name in midi_port.inputs())
    clock = ClockInput("deck a")
    clock.open()
    try:
        assert clock.alive(clock_now())
        right = lambda: clock.box.newest >= 4 and newest(clock).bpm == pytest.approx(150.0, rel=0.03)  # noqa: E731
        assert send_clock(deck, 150.0, right)
        line = newest(clock)
        assert SOURCES[int(line.source)] == "midi"
        assert line.beat > 1.5
        assert "Deck A" in clock.row()[1]  # type: ignore[index]
        deck.close_port()
        assert soon(lambda: not clock.alive(clock_now())), "it is noticed that the port has gone"
        with pytest.raises(ClockError, match="no MIDI input 'deck a'"):
            clock.reopen()
        again = midi("Deck A")
        assert "there again" in clock.reopen()
        told = clock.box.newest
        assert send_clock(again, 150.0, lambda: clock.box.newest > told)
    finally:
        clock.close()
