"""A strict decoder of OSC 1.0 packets: bytes from anyone in, messages or one short reason out.

It stands in front of everything that listens to the network, so for any bytes at all it returns a list or
raises OscError, in time linear in the packet's length. It takes less than the standard allows: no address
patterns (matching them can take for ever), no blobs, no arrays, no NaN, no bundle in a bundle in a bundle.
Time tags are read over and the messages are meant at once, because senders such as TouchDesigner stamp
everything, by clocks of their own.

Format: https://opensoundcontrol.stanford.edu/spec-1_0.html
"""

import math
from struct import Struct
from typing import NamedTuple

MAX_PACKET = 8192
"""Bytes. More than any fader bank sends, and small enough to be read over in a moment."""
MAX_DEPTH = 2
"""A bundle may hold bundles, and these messages only."""
MAX_MESSAGES = 256
"""In one packet: several times the number of all controls."""
MAX_ARGUMENTS = 32
"""Of one message."""

Argument = float | int | bool | str | None


class Message(NamedTuple):
    """One OSC message."""

    address: str
    """Printable ASCII, starts with `/`."""
    args: tuple[Argument, ...]
    """Finite floats (f, d), ints (i, h), bools (T, F), strings (s), None (N). An impulse (I) is True."""


class OscError(ValueError):
    """Why a packet or a message is refused, in a few words."""


_BUNDLE = b"#bundle\0"
_BUNDLE_HEAD = len(_BUNDLE) + 8  # and the time tag
_SIZE = Struct(">i")
_ZEROS = b"\0\0\0\0"
_NUMBERS = {"f": Struct(">f"), "d": Struct(">d"), "i": Struct(">i"), "h": Struct(">q")}
_CONSTANTS: dict[str, bool | None] = {"T": True, "F": False, "I": True, "N": None}
# What a part of an address may be made of; `/` joins the parts.
_ADDRESS_CHARACTERS = bytes(set(range(0x21, 0x7F)) - set(b"#*,?[]{}"))


def decode(packet: bytes) -> list[Message]:
    """The messages of a packet in their order, those of bundles included; an empty bundle has none.

    Raises OscError with a short reason, and nothing else, for whatever is not a whole and proper packet of
    at most MAX_PACKET bytes: a packet is taken as a whole or not at all.
    """
    if len(packet) > MAX_PACKET:
        raise OscError(f"packet of more than {MAX_PACKET} bytes")
    messages: list[Message] = []
    _element(packet, 1, messages)
    return messages


def _element(data: bytes, depth: int, messages: list[Message]) -> None:
    """Append what a message or a bundle holds; `depth` is the one it would have as a bundle, from 1."""
    if len(data) % 4:
        raise OscError("length is not a multiple of 4")
    if data.startswith(b"/"):
        if len(messages) >= MAX_MESSAGES:
            raise OscError(f"more than {MAX_MESSAGES} messages in a packet")
        messages.append(_message(data))
    elif data.startswith(_BUNDLE):
        if depth > MAX_DEPTH:
            raise OscError(f"bundles nested deeper than {MAX_DEPTH}")
        _bundle(data, depth, messages)
    else:
        raise OscError("neither a message nor a bundle")


def _bundle(data: bytes, depth: int, messages: list[Message]) -> None:
    if len(data) < _BUNDLE_HEAD:
        raise OscError("bundle without a time tag")
    place = _BUNDLE_HEAD
    while place < len(data):
        (size,) = _SIZE.unpack_from(data, place)  # lengths are multiples of 4, so 4 bytes are there
        place += 4
        if size <= 0 or size > len(data) - place:
            raise OscError("size of a bundle's element does not fit")
        _element(data[place : place + size], depth + 1, messages)
        place += size


def _message(data: bytes) -> Message:
    raw, place = _string(data, 0)
    address = _address(raw)
    if place == len(data):  # old senders leave the type tags out where there is no argument
        return Message(address, ())
    raw, place = _string(data, place)
    if not raw.startswith(b","):
        raise OscError("type tags do not start with a comma")
    if len(raw) - 1 > MAX_ARGUMENTS:
        raise OscError(f"more than {MAX_ARGUMENTS} arguments")
    args: list[Argument] = []
    for tag in raw[1:].decode("latin-1"):
        if tag in _NUMBERS:
            number, place = _number(data, place, tag)
            args.append(number)
        elif tag in _CONSTANTS:
            args.append(_CONSTANTS[tag])
        elif tag == "s":
            raw, place = _string(data, place)
            args.append(_text(raw))
        else:
            raise OscError(f"type tag {tag!a} is not taken")
    if place != len(data):
        raise OscError("bytes left over after the arguments")
    return Message(address, tuple(args))


def _string(data: bytes, start: int) -> tuple[bytes, int]:
    """The string at `start` (a multiple of 4), and where the next thing begins."""
    end = data.find(0, start)
    if end < 0:
        raise OscError("string without an end")
    after = end // 4 * 4 + 4
    if data[end:after] != _ZEROS[: after - end]:
        raise OscError("padding of a string is not zero")
    return data[start:end], after


def _address(raw: bytes) -> str:
    if raw.translate(None, _ADDRESS_CHARACTERS):
        raise OscError("address with a pattern or a character that names have not")
    if b"//" in raw or (raw.endswith(b"/") and raw != b"/"):
        raise OscError("address with an empty part")
    return raw.decode("ascii")


def _number(data: bytes, place: int, tag: str) -> tuple[float | int, int]:
    form = _NUMBERS[tag]
    if place + form.size > len(data):
        raise OscError("argument cut off")
    number: float | int = form.unpack_from(data, place)[0]
    if not math.isfinite(number):
        raise OscError("number is not finite")
    return number, place + form.size


def _text(raw: bytes) -> str:
    # The standard says ASCII; names of presets are sent as UTF-8 by everyone, of which it is a part.
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise OscError("string is not UTF-8") from None
