"""The OSC decoder against python-osc as the oracle, and against bytes that mean no good."""

import contextlib
import random
import statistics
import struct
import time

import pytest
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from livesing.control.osc_packet import (
    MAX_ARGUMENTS,
    MAX_DEPTH,
    MAX_MESSAGES,
    MAX_PACKET,
    Message,
    OscError,
    decode,
)

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.+:;<=>@!$%&'()\\^`|~\""


def built(address: str, *args: tuple[str, object]) -> OscMessage:
    """A message of (type tag, value) pairs, made by python-osc."""
    builder = OscMessageBuilder(address)
    for tag, value in args:
        builder.add_arg(value, tag)  # type: ignore[arg-type]
    return builder.build()


def bundled(contents: list[OscMessage | OscBundle], when: float = IMMEDIATELY) -> OscBundle:
    builder = OscBundleBuilder(when)  # type: ignore[arg-type]
    for content in contents:
        builder.add_content(content)
    return builder.build()


def random_message(rng: random.Random) -> tuple[OscMessage, Message]:
    """The same message by python-osc and as the decoder should see it."""
    parts = ["".join(rng.choices(LETTERS, k=rng.randint(1, 9))) for _ in range(rng.randint(1, 4))]
    address = "/" + "/".join(parts)
    single = struct.Struct(">f")
    arguments: list[tuple[str, object]] = []
    expected: list[object] = []
    for tag in rng.choices("ifdhTFNs", k=rng.randint(0, 6)):
        value: object = {
            "i": rng.randint(-(2**31), 2**31 - 1),
            "h": rng.randint(-(2**63), 2**63 - 1),
            "f": rng.uniform(-1, 1) * 10.0 ** rng.randint(-20, 30),
            "d": rng.uniform(-1, 1) * 10.0 ** rng.randint(-200, 300),
            "s": "".join(rng.choices(LETTERS + " #*,?[]{}/äλ🎵", k=rng.randint(0, 12))),
            "T": True,
            "F": False,
            "N": None,
        }[tag]
        arguments.append((tag, value))
        expected.append(single.unpack(single.pack(value))[0] if tag == "f" else value)
    return built(address, *arguments), Message(address, tuple(expected))  # type: ignore[arg-type]


def string(raw: bytes) -> bytes:
    return raw + b"\0" * (4 - len(raw) % 4)


def raw_bundle(*elements: bytes, tag: bytes = b"\0\0\0\0\0\0\0\1") -> bytes:
    return b"#bundle\0" + tag + b"".join(struct.pack(">i", len(each)) + each for each in elements)


FADER = built("/livesing/light/brightness", ("f", 0.5)).dgram


def test_reads_what_python_osc_writes() -> None:
    rng = random.Random(1)
    for _ in range(2000):
        theirs, expected = random_message(rng)
        (message,) = decode(theirs.dgram)
        assert message == expected
        assert [type(value) for value in message.args] == [type(value) for value in expected.args]
        assert (message.address, list(message.args)) == (theirs.address, theirs.params)


def test_reads_bundles_in_their_order() -> None:
    rng = random.Random(2)
    for _ in range(300):
        contents: list[OscMessage | OscBundle] = []
        expected: list[Message] = []
        for _ in range(rng.randint(0, 5)):
            pairs = [random_message(rng) for _ in range(rng.randint(0, 4))]
            expected += [ours for _, ours in pairs]
            inner = [theirs for theirs, _ in pairs]
            contents += inner if rng.random() < 0.5 else [bundled(list(inner))]
        assert decode(bundled(contents).dgram) == expected


@pytest.mark.parametrize("tag", [b"\0" * 8, b"\xff" * 8, b"\xff\xff\xff\xff\0\0\0\0", b"\0" * 7 + b"\1"])
def test_a_time_tag_changes_nothing(tag: bytes) -> None:
    assert decode(raw_bundle(FADER, tag=tag)) == decode(FADER)


def test_a_bundle_dated_years_ahead_is_read_at_once() -> None:
    stamped = bundled([OscMessage(FADER)], when=2_080_000_000.0)
    assert decode(stamped.dgram) == [Message("/livesing/light/brightness", (0.5,))]


def test_an_impulse_is_true_and_missing_type_tags_are_no_arguments() -> None:
    assert decode(string(b"/next") + string(b",I")) == [Message("/next", (True,))]
    assert decode(string(b"/next") + string(b",")) == [Message("/next", ())]
    assert decode(string(b"/next")) == [Message("/next", ())]


def test_empty_bundles_hold_nothing() -> None:
    assert decode(raw_bundle()) == []
    assert decode(raw_bundle(raw_bundle(), raw_bundle())) == []


def nested(depth: int) -> bytes:
    packet = FADER
    for _ in range(depth):
        packet = raw_bundle(packet)
    return packet


HOSTILE = {
    "nothing": b"",
    "one byte": b"/",
    "not aligned": FADER[:-1],
    "neither": b"abcd",
    "address without end": b"/abc",
    "address without end, long": b"/" + b"a" * (MAX_PACKET - 1),
    "padding not zero": b"/a\0x" + string(b",f") + b"\0" * 4,
    "padding of the tags not zero": string(b"/a") + b",f\0\1" + b"\0" * 4,
    "no comma": string(b"/a") + string(b"f") + b"\0" * 4,
    "tag string without end": string(b"/a") + b",fff",
    "argument missing": string(b"/a") + string(b",f"),
    "double cut off": string(b"/a") + string(b",d") + b"\0" * 4,
    "string cut off": string(b"/a") + string(b",s") + b"abcd",
    "string missing": string(b"/a") + string(b",s"),
    "string of no encoding": string(b"/a") + string(b",s") + string(b"\xff\xfe"),
    "left over": FADER + b"\0\0\0\0",
    "blob": built("/a", ("b", b"abc")).dgram,
    "colour": built("/a", ("r", 7)).dgram,
    "array": built("/a", (["i", "i"], [1, 2])).dgram,  # type: ignore[arg-type]
    "time tag argument": string(b"/a") + string(b",t") + b"\0" * 8,
    "unknown type": string(b"/a") + string(b",\xe9"),
    "NaN": string(b"/a") + string(b",f") + struct.pack(">f", float("nan")),
    "infinity": string(b"/a") + string(b",f") + struct.pack(">f", float("inf")),
    "minus infinity": string(b"/a") + string(b",d") + struct.pack(">d", float("-inf")),
    "NaN, double": string(b"/a") + string(b",d") + struct.pack(">d", float("nan")),
    "not ASCII": string("/livesing/lüght".encode()) + string(b",f") + b"\0" * 4,
    "a space": string(b"/live sing") + string(b",f") + b"\0" * 4,
    "control character": string(b"/a\x1b[2J") + string(b",f") + b"\0" * 4,
    "any depth": string(b"//brightness") + string(b",f") + b"\0" * 4,
    "empty last part": string(b"/livesing/") + string(b",f") + b"\0" * 4,
    "ten stars": string(b"/" + b"*a" * 10 + b"*b") + string(b",f") + b"\0" * 4,
    "nothing but stars": string(b"/" + b"*" * 8000) + string(b",f") + b"\0" * 4,
    "bundle without tag": b"#bundle\0",
    "bundle cut off in the tag": b"#bundle\0\0\0\0\0",
    "bundle of another name": b"#bundlf\0" + b"\0" * 8,
    "element of size 0": b"#bundle\0" + b"\0" * 8 + b"\0\0\0\0",
    "element of size -4": b"#bundle\0" + b"\0" * 8 + b"\xff\xff\xff\xfc" + FADER,
    "element too long": b"#bundle\0" + b"\0" * 8 + struct.pack(">i", len(FADER) + 4) + FADER,
    "element of 2 GB": b"#bundle\0" + b"\0" * 8 + struct.pack(">i", 2**31 - 4) + FADER,
    "element not aligned": b"#bundle\0" + b"\0" * 8 + struct.pack(">i", 6) + b"/abcde\0\0",
    "size without element": raw_bundle(FADER) + b"\0\0\0\x08",
    "bundles three deep": nested(MAX_DEPTH + 1),
    "bundles four hundred deep": nested(400),
    "giant": b"/a\0\0" + b"\0" * 65000,
    "giant, of bundles": nested(3000),
    "four bytes over": string(b"/a") + string(b",s") + b"x" * (MAX_PACKET - 8) + b"\0" * 4,
    "too many messages": raw_bundle(*[string(b"/a")] * (MAX_MESSAGES + 1)),
    "too many arguments": string(b"/a") + string(b"," + b"T" * (MAX_ARGUMENTS + 1)),
    "a good message, then a bad one": raw_bundle(FADER, FADER[:-4]),
}


@pytest.mark.parametrize("packet", HOSTILE.values(), ids=HOSTILE.keys())
def test_refuses_with_a_short_reason(packet: bytes) -> None:
    with pytest.raises(OscError) as refusal:
        decode(packet)
    reason = str(refusal.value)
    assert 0 < len(reason) < 80
    assert reason.isprintable()


@pytest.mark.parametrize("sign", list("?*[]{}#, "))
def test_an_address_holds_no_pattern(sign: str) -> None:
    with pytest.raises(OscError):
        decode(string(f"/livesing/light/bright{sign}ness".encode()) + string(b",f") + b"\0" * 4)


def test_limits_are_reached_and_not_passed() -> None:
    largest = string(b"/a") + string(b",s") + string(b"x" * (MAX_PACKET - 9))
    assert len(largest) == MAX_PACKET
    assert decode(largest) == [Message("/a", ("x" * (MAX_PACKET - 9),))]
    assert len(decode(raw_bundle(*[string(b"/a")] * MAX_MESSAGES))) == MAX_MESSAGES
    assert len(decode(string(b"/a") + string(b"," + b"T" * MAX_ARGUMENTS))[0].args) == MAX_ARGUMENTS
    assert decode(nested(MAX_DEPTH)) == decode(FADER)


def mutants(rng: random.Random, count: int) -> list[bytes]:
    """Packets near to good ones: bits flipped, bytes cut, doubled, swapped and spliced."""
    seeds = [random_message(rng)[0].dgram for _ in range(40)]
    seeds += [raw_bundle(*rng.sample(seeds, rng.randint(0, 3))) for _ in range(15)]
    seeds += [raw_bundle(raw_bundle(*rng.sample(seeds, 2)), FADER) for _ in range(5)]
    seeds += [packet for packet in HOSTILE.values() if 0 < len(packet) < 400] + [FADER] * 10
    packets = []
    for _ in range(count):
        packet = bytearray(rng.choice(seeds))
        for _ in range(rng.randint(1, 3)):
            at = int(rng.random() * len(packet))
            how = rng.random()
            if how < 0.4:
                packet[at : at + 1] = bytes([rng.choice(b"\0\1\x7f\x80\xff,/#*fsdihTFNI") & 0xFF])
            elif how < 0.6 and packet:
                packet[at % len(packet)] ^= 1 << rng.randrange(8)
            elif how < 0.7:
                del packet[at // 4 * 4 :]
            elif how < 0.8:
                del packet[at : at + 4]
            elif how < 0.9:
                packet[at // 4 * 4 : at // 4 * 4] = packet[: rng.randrange(0, 24, 4)]
            else:
                packet[at // 4 * 4 :] = rng.choice(seeds)[at // 4 * 4 :]
        packets.append(bytes(packet))
    return packets


def cost(packet: bytes) -> int:
    """Nanoseconds of this thread's processor time that decoding takes."""
    begin = time.thread_time_ns()
    with contextlib.suppress(OscError):
        decode(packet)
    return time.thread_time_ns() - begin


def test_only_refusals_escape_from_a_hundred_thousand_mutants_and_none_is_slow() -> None:
    packets = mutants(random.Random(3), 100_000)
    costs = [cost(packet) for packet in packets]
    usual = statistics.median(costs)
    # A packet may have met the collector or an interrupt: what was slow once is asked again.
    slow = [packet for packet, once in zip(packets, costs, strict=True) if once > 50 * usual]
    assert all(min(cost(packet) for _ in range(5)) < 50 * usual for packet in slow)


def test_the_mutation_is_worth_its_name() -> None:
    read, reasons = 0, set()
    for packet in mutants(random.Random(4), 5000):
        try:
            read += bool(decode(packet))
        except OscError as refusal:
            reasons.add(str(refusal))
    assert 250 < read < 4750
    assert len(reasons) >= 15


def test_time_grows_with_length_and_no_faster() -> None:
    """The worst that fits into a full packet costs no more than as many bytes of ordinary messages."""
    room = MAX_PACKET - 100
    shapes = {
        "slashes": lambda n: b"/a" * (n // 2) + b"\0\0\0\0",
        "stars": lambda n: string(b"/" + b"*a" * (n // 2)),
        "strings": lambda n: string(b"/a") + string(b",ssss") + string(b"x" * (n // 4)) * 4,
        "no end": lambda n: b"/" + b"a" * (n // 4 * 4 - 1),
        "bundles": lambda n: raw_bundle(*[raw_bundle()] * (n // 20)),
        "messages": lambda n: raw_bundle(*[string(b"/a")] * min(n // 8, MAX_MESSAGES)),
    }
    ordinary = min(cost(raw_bundle(*[FADER] * (room // (len(FADER) + 4)))) for _ in range(20))
    for name, shape in shapes.items():
        packet = shape(room)
        assert len(packet) <= MAX_PACKET, name
        assert min(cost(packet) for _ in range(20)) < 10 * ordinary, name
